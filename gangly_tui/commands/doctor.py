"""What this installation looks like from inside: for a bug report, and for finding one's files."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

import click

from gangly_tui.commands.console import as_json, out, out_json
from gangly_tui.domain.errors import GanglyError

_PACKAGES = ("gangly-tui", "textual", "click", "sqlcipher3", "sqlite-utils", "icalendar", "tldextract", "phonenumbers")


@click.command()
@as_json
def doctor(as_json: bool) -> None:
    """Print versions, where files are, who may read them, what is connected. Opens no CRM and prints no secret.

    \b
    Example:
      gangly doctor
    """
    facts = _facts()
    if as_json:
        out_json(facts)
    else:
        width = max(len(name) for name in facts)
        for name, value in facts.items():
            shown = "; ".join(value) if isinstance(value, list) else str(value)
            out(f"{name:<{width}}  {shown or 'none'}")
    if facts["problems"]:
        raise GanglyError(f"{len(facts['problems'])} to repair: {facts['problems'][0]}")


def _facts() -> dict[str, Any]:
    from importlib.metadata import PackageNotFoundError, version

    from gangly_tui.config import Config, load_config, paths

    places = paths()
    problems: list[str] = []
    try:
        config = load_config()
    except GanglyError as error:
        config = Config()
        problems.append(f"{error} ({error.fix})" if error.fix else str(error))
    packages = []
    for name in _PACKAGES:
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            problems.append(f"{name} is not installed")
    files = [each for each in (places.config, places.config_file, places.data, places.log) if each.exists()]
    files += sorted(places.data.glob("*/*.db")) if places.data.exists() else []
    problems += [
        f"{each} can be read by others: chmod {_wanted(each)} {each}" for each in files if _open_to_others(each)
    ]
    return {
        "python": f"{sys.version.split()[0]} ({sys.executable})",
        "sqlite": _sqlite(problems),
        "packages": packages,
        "configuration": _place(places.config_file),
        "data": _place(places.data),
        "stores": [_place(each) for each in files if each.suffix == ".db"],
        "log": _place(places.log),
        "connected": _connected(config),
        "encryption": "none: the store is not encrypted",
        "terminal": _terminal(),
        "problems": problems,
    }


def _connected(config: Any) -> list[str]:
    if not config.is_set_up:
        return ["nothing yet"]
    if config.calendars:
        return ["empty sandbox CRM", *config.calendars]
    return ["sandbox CRM, fiction", "sandbox calendar, fiction"]


def _sqlite(problems: list[str]) -> str:
    try:
        from sqlcipher3 import dbapi2
    except ImportError as error:
        problems.append(f"sqlcipher3 cannot be loaded: {error}")
        return "missing"
    return f"{dbapi2.sqlite_version} (sqlcipher3 {dbapi2.version})"


def _place(path: Path) -> str:
    if not path.exists():
        return f"{path} (not there yet)"
    return f"{path} ({stat.filemode(path.stat().st_mode)})"


def _open_to_others(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)


def _wanted(path: Path) -> str:
    return "700" if path.is_dir() else "600"


def _terminal() -> str:
    import shutil

    size = shutil.get_terminal_size()
    told = " ".join(f"{name}={os.environ[name]}" for name in ("TERM", "COLORTERM", "NO_COLOR") if name in os.environ)
    here = "a terminal" if sys.stdout.isatty() else "not a terminal"
    return f"{here}, {size.columns}x{size.lines}, {told or 'no TERM'}, {sys.stdout.encoding}"
