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

_PACKAGES = (
    "gangly-tui textual click sqlcipher3 sqlite-utils keyring cryptography icalendar tldextract phonenumbers"
).split()
_PRIVATE = ("vault.json", "vault*.lock", "*/*.db", "*/*.db-wal", "*/*.db-shm", "*/*.db.*")
"""What must be its owner's alone below the data folder."""
_NEAR_END = 2
"""Days before a sign-in that ends by itself is a problem."""
_OF_A_CONNECTION = {
    "since": "since",
    "scopes": "scopes:",
    "access_ends": "access ends",
    "rotate_by": "static credential, rotate by",
    "ends": "the sign-in ends",
    "trial_on": "TRIAL on",
}
_NO_KEY_YET = "none needed yet: the sandbox is fiction and not encrypted"


@click.command()
@as_json
def doctor(as_json: bool) -> None:
    """Print versions, where files are, who may read them, how they are encrypted. Opens no CRM, prints no secret.

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
            between = f"\n{'':<{width}}  " if name == "connections" else "; "
            shown = between.join(map(_shown, value)) if isinstance(value, list) else str(value)
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
    files += sorted({each for pattern in _PRIVATE for each in places.data.glob(pattern)})
    stores = [each for each in files if each.suffix == ".db"]
    problems += [
        f"{each} can be read by others: chmod {_wanted(each)} {each}" for each in files if _open_to_others(each)
    ]
    return {
        "python": f"{sys.version.split()[0]} ({sys.executable})",
        "sqlite": _sqlite(problems),
        "packages": packages,
        "configuration": _place(places.config_file),
        "data": _place(places.data),
        "stores": [f"{_place(each)} {_state(each)}" for each in stores],
        "backups": [f"{_place(each)} {_state(each)}" for each in files if ".db.backup-" in each.name],
        "log": _place(places.log),
        "connected": _connected(config),
        "connections": _connections(config, places.data, problems),
        "cipher": _cipher(),
        "keys": _keys(places.data, problems),
        "witness": str(config.witness or "none: the trail's newest head is on this machine alone"),
        "room": _room(stores, problems),
        "terminal": _terminal(),
        "problems": problems,
    }


def _shown(value: Any) -> str:
    """One of several facts in words."""
    if not isinstance(value, dict):
        return str(value)
    words = [f"{value['title']}: {value['account']}", value["way"]]
    words += [f"{word} {value[key]}" for key, word in _OF_A_CONNECTION.items() if value[key]]
    return ", ".join(filter(None, words))


def _connections(config: Any, data: Path, problems: list[str]) -> list[dict[str, Any]]:
    """Each CRM that was connected: as whom, how, with which scopes, how long what was given lasts. Asks nothing."""
    from datetime import UTC, datetime

    from gangly_tui.sign_in_facts import access_ends

    found = []
    for name, table in config.connections.items():
        rotate_by = str(table.get("rotate_by", ""))
        if rotate_by and rotate_by <= datetime.now(UTC).date().isoformat():
            problems.append(f"the token of {name} was to be replaced by {rotate_by}: gangly connect {name}")
        found.append(
            {
                "name": name,
                "title": str(table.get("title", name)),
                "account": str(table.get("account", "")),
                "way": str(table.get("way", "")),
                "since": str(table.get("since", "")),
                "scopes": str(table.get("scopes", "")),
                "access_ends": access_ends(name, data)[1],
                "rotate_by": rotate_by,
                "ends": _countdown(name, str(table.get("ends", "")), problems),
                "trial_on": str(table.get("loopback", "")),
            }
        )
    return found


def _countdown(name: str, ends: str, problems: list[str]) -> str:
    """When a sign-in ends by itself, and in how many days; a problem when that is near."""
    from datetime import UTC, date, datetime

    try:
        left = (date.fromisoformat(ends) - datetime.now(UTC).date()).days
    except ValueError:
        return ""
    words = f"{ends}, in {left} day{'s' * (left != 1)}" if left > 0 else f"{ends}: it is over, or will be today"
    if left <= _NEAR_END:
        problems.append(f"the sign-in of {name} ends on {words}: gangly connect {name}")
    return words


def _connected(config: Any) -> list[str]:
    if not config.is_set_up:
        return ["nothing yet"]
    if config.crm != "sandbox":
        return [str(config.connections.get(config.crm, {}).get("title", config.crm)), *_calendars(config)]
    if config.calendars or config.watch:
        return ["empty sandbox CRM", *_calendars(config)]
    return ["sandbox CRM, fiction", "sandbox calendar, fiction"]


def _calendars(config: Any) -> list[str]:
    """Files by their path. An address is often a secret: its host is enough."""
    from gangly_tui.connectors.engagement.calendar_address import is_address, system_of

    named = [system_of(each) if is_address(each) else each for each in config.calendars]
    return [*named, *([f"watched folder {config.watch}"] if config.watch else [])]


def _sqlite(problems: list[str]) -> str:
    try:
        from sqlcipher3 import dbapi2
    except ImportError as error:
        problems.append(f"sqlcipher3 cannot be loaded: {error}")
        return "missing"
    return f"{dbapi2.sqlite_version} (sqlcipher3 {dbapi2.version})"


def _cipher() -> str:
    """What encrypts a store, in the words of the library itself."""
    from sqlcipher3 import dbapi2

    db = dbapi2.connect(":memory:")
    try:
        db.execute("PRAGMA key = 'no secret, only to ask'")
        told = {name: db.execute(f"PRAGMA {name}").fetchone() for name in ("cipher_version", "cipher_provider")}
        return "SQLCipher " + ", ".join(row[0] for row in told.values() if row) + ", AES-256 with HMAC-SHA512, raw key"
    finally:
        db.close()


def _keys(data: Path, problems: list[str]) -> str:
    """Where the keys are, or would be."""
    from gangly_tui.connectors.vault import described
    from gangly_tui.connectors.vault_keyring import safe_keyring

    try:
        backend = described(data)
    except GanglyError as error:
        problems.append(f"{error} ({error.fix})")
        return "unreadable"
    if backend.startswith("passphrase"):
        return f"in {backend}"
    try:
        _, offered = safe_keyring()
    except GanglyError as error:
        if backend:
            problems.append(f"the keys are in {backend}, and {error} ({error.fix})")
            return f"in {backend}, which is away"
        return f"{_NO_KEY_YET}; {error}, so a passphrase would be asked for"
    if backend and backend != offered:
        problems.append(f"the keys are in {backend}, but {offered} answers (start {backend})")
    return f"in {backend}" if backend else f"{_NO_KEY_YET}; they would be in {offered}"


def _state(path: Path) -> str:
    from gangly_tui.store.encrypt import is_in_clear

    if not is_in_clear(path):
        return "encrypted"
    return "not encrypted: fiction" if path.parent.name == "sandbox" else "not encrypted: it will be at the next start"


def _room(stores: list[Path], problems: list[str]) -> str:
    """Whether something is held back for a full disk."""
    from gangly_tui.store.room import room_file

    ours = [each for each in stores if each.name == "store.db"]
    missing = [each for each in ours if not room_file(each).exists()]
    problems += [f"the disk is full: approving has stopped in {each.parent} (free some space)" for each in missing]
    return f"{sum(room_file(each).stat().st_size for each in ours if each not in missing) >> 20} MiB kept free"


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
