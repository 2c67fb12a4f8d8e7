"""config.toml and where things live on this machine.

`GANGLY_HOME` moves configuration, data and log under one folder; otherwise the platform's own places are used.
Reading needs the standard library only; `tomlkit` is loaded to write, so that a person's comments survive.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gangly_tui.domain.errors import ConfigError

_MAX_GRACE = 60.0
_CRMS = ("sandbox", "salesforce", "hubspot", "pipedrive", "dynamics")
_YEAR = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The folders. None of them is created before something is written there."""

    config: Path
    data: Path
    log: Path

    @property
    def config_file(self) -> Path:
        """The one configuration file."""
        return self.config / "config.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a person set. An empty `crm` means that nothing is connected yet.

    `calendars` are .ics files; with one, the CRM beside it starts empty instead of with the fictional company.
    `timezone` is an IANA name, empty for the machine's own. `fiscal_year_start` is a month, 1 to 12.
    `grace_seconds` is how long an approved write can still be withdrawn before it leaves.
    `keymap` maps binding ids to keys. `trail` names the `witness`, a file or a folder under git that heads are left
    with, and how many days the trail is kept at least: nothing prunes it, and less than a year is refused.
    `connections` holds what `gangly connect` was told of each system, secrets never. `network` names a `proxy` and a
    `ca_file`, a company's own certificates. `model` names the `base_url` and the `model` of a second reader, off
    without them, and whether to `mask` addresses; its key is in the vault.
    """

    crm: str = ""
    calendars: tuple[str, ...] = ()
    user_name: str = ""
    user_email: str = ""
    our_company: str = ""
    our_domains: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()
    timezone: str = ""
    fiscal_year_start: int = 1
    currency: str = "USD"
    grace_seconds: float = 4.0
    theme: str = ""
    keymap: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    trail: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    network: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    model: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_set_up(self) -> bool:
        """Whether anything is connected."""
        return bool(self.crm)

    @property
    def witness(self) -> Path | None:
        """Where signed heads of the trail are left; None when the team names no place."""
        named = self.trail.get("witness", "")
        return Path(named).expanduser() if named else None


def paths() -> Paths:
    """Where configuration, data and log live."""
    home = os.environ.get("GANGLY_HOME", "")
    if home:
        root = Path(home).expanduser().absolute()
        return Paths(config=root, data=root / "data", log=root / "log")
    from platformdirs import PlatformDirs

    places = PlatformDirs("gangly", appauthor=False)
    return Paths(config=Path(places.user_config_dir), data=Path(places.user_data_dir), log=Path(places.user_log_dir))


def private_folder(path: Path) -> Path:
    """Create the folder for its owner only, its parents included. Raises ConfigError when that is not possible."""
    try:
        for folder in reversed([path, *(each for each in path.parents if not each.exists())]):
            folder.mkdir(mode=0o700, exist_ok=True)  # `parents=True` would open those to others
        if os.name == "posix":
            path.chmod(0o700)
    except OSError as error:
        raise ConfigError(
            f"the folder {path} cannot be used: {error.strerror}", fix="set GANGLY_HOME to a folder you can write to"
        ) from error
    return path


def load_config(path: Path | None = None) -> Config:
    """Read config.toml; a missing file gives the defaults. Raises ConfigError with the line and what to do."""
    path = path or paths().config_file
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{path} cannot be read: {reason}", fix="repair or remove the file") from error
    return parse_config(text, path)


def parse_config(text: str, path: Path) -> Config:
    """Read the text of a configuration file; `path` is named in errors. Raises ConfigError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}", fix="correct that line") from error
    found: dict[str, Any] = {}
    for key, value in table.items():
        where = f"{path}, line {_line_of(text, key)}"
        check = _KEYS.get(key)
        if check is None:
            raise ConfigError(f"{where}: there is no setting {key!r}", fix=_near(key, _KEYS))
        problem = check(value)
        if problem:
            at = f"{path}, line {_line_of(text, *problem.where)}" if problem.where else where
            raise ConfigError(f"{at}: {key} {problem.text}", fix=problem.fix)
        found[key] = _settle(value)
    return Config(**found)


def save_config(config: Config, path: Path | None = None) -> Path:
    """Write what differs from the file, keeping its comments and order. Returns the file's path.

    The file is replaced in one step: a crash leaves the old one or the new one.
    """
    import tomlkit

    path = path or paths().config_file
    private_folder(path.parent)
    now = load_config(path)
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
    for each in fields(Config):
        value = getattr(config, each.name)
        if value != getattr(now, each.name):
            document[each.name] = _plain(value)
    fresh = path.with_suffix(".new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(tomlkit.dumps(document))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}", fix="check the disk and the folder") from error
    return path


def zone(name: str) -> tzinfo:
    """The time zone by its IANA name; the machine's own for an empty one. Raises ConfigError."""
    from zoneinfo import ZoneInfo

    if not name:
        from gangly_tui.machine_zone import machine_zone

        return machine_zone()
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        from zoneinfo import available_timezones

        raise ConfigError(f"there is no time zone {name!r}", fix=_near(name, available_timezones())) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """Why a value cannot be used; `where` names the key to point at when it is not the setting itself."""

    text: str
    fix: str
    where: tuple[str, ...] = ()


_Check = Callable[[Any], _Problem | None]


def _is_text(value: Any) -> _Problem | None:
    return (
        None if isinstance(value, str) else _Problem(text=f"must be text, not {_type(value)}", fix='put it in "quotes"')
    )


def _is_texts(value: Any) -> _Problem | None:
    fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return (
        None
        if fits
        else _Problem(text=f"must be a list of texts, not {_type(value)}", fix='write it as ["one", "two"]')
    )


def _is_crm(value: Any) -> _Problem | None:
    if value in ("", *_CRMS):
        return None
    from gangly_tui.connectors.registry import names  # a connector that a team installed beside gangly

    if value in names():
        return None
    return _is_text(value) or _Problem(text=f"{value!r} is not a CRM that is built", fix=_near(value, _CRMS))


def _is_month(value: Any) -> _Problem | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 12
    return None if fits else _Problem(text="must be a month from 1 to 12", fix="1 is January")


def _is_grace(value: Any) -> _Problem | None:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _MAX_GRACE
    return None if fits else _Problem(text=f"must be 0 to {_MAX_GRACE:.0f} seconds", fix="4 is the default")


def _is_currency(value: Any) -> _Problem | None:
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha() and value.isupper():
        return None
    return _is_text(value) or _Problem(text=f"{value!r} is not a currency code", fix='use three capitals, as in "EUR"')


def _is_zone(value: Any) -> _Problem | None:
    problem = _is_text(value)
    if problem:
        return problem
    try:
        zone(value)
    except ConfigError as error:
        return _Problem(text=f"{value!r} is not a time zone", fix=error.fix)
    return None


def _is_keymap(value: Any) -> _Problem | None:
    if not isinstance(value, dict):
        return _Problem(
            text=f"must be a table, not {_type(value)}", fix='write [keymap] and below it "review.approve" = "y"'
        )
    for name, key in value.items():
        if not isinstance(key, str) or not key:
            return _Problem(text=f"gives {name!r} no key", fix='write it as "id" = "key"', where=("keymap", name))
    return None


def _is_trail(value: Any) -> _Problem | None:
    if not isinstance(value, dict):
        return _Problem(text=f"must be a table, not {_type(value)}", fix="write [trail] and below it its settings")
    for name, each in value.items():
        where = ("trail", name)
        if name == "witness":
            if not isinstance(each, str) or not Path(each).expanduser().is_absolute():
                return _Problem(text="names a witness by no full path", fix='witness = "~/team/heads"', where=where)
        elif name == "retention_days":
            if not isinstance(each, int) or isinstance(each, bool) or each < _YEAR:
                return _Problem(text=f"must be kept for {_YEAR} days at least", fix="leave it out", where=where)
        else:
            return _Problem(
                text=f"has no setting {name!r}", fix=_near(name, ("witness", "retention_days")), where=where
            )
    return None


def _is_connections(value: Any) -> _Problem | None:
    if not isinstance(value, dict):
        return _Problem(text=f"must be tables, not {_type(value)}", fix="write [connections.salesforce], for example")
    for name, table in value.items():
        if not isinstance(table, dict):
            return _Problem(text=f"gives {name!r} no table", fix=f"gangly connect {name}", where=("connections", name))
        for key, each in table.items():
            texts = isinstance(each, list) and all(isinstance(one, str) for one in each)
            if not (isinstance(each, str) or texts):
                where = ("connections", name, key)
                return _Problem(text=f"has {key!r} as {_type(each)}, not text", fix='put it in "quotes"', where=where)
    return None


def _is_network(value: Any) -> _Problem | None:
    known = ("proxy", "ca_file")
    if not isinstance(value, dict):
        return _Problem(text=f"must be a table, not {_type(value)}", fix="write [network] and below it its settings")
    for name, each in value.items():
        where = ("network", name)
        if name not in known:
            return _Problem(text=f"has no setting {name!r}", fix=_near(name, known), where=where)
        if not isinstance(each, str):
            return _Problem(text=f"has {name!r} as {_type(each)}, not text", fix='put it in "quotes"', where=where)
    return None


def _is_model(value: Any) -> _Problem | None:
    types = {"base_url": str, "model": str, "mask": bool}
    if not isinstance(value, dict):
        return _Problem(text=f"must be a table, not {_type(value)}", fix="gangly model set writes it")
    for name, each in value.items():
        where = ("model", name)
        if name not in types:
            fix = "its key is kept by gangly model set, never here" if "key" in name else _near(name, types)
            return _Problem(text=f"has no setting {name!r}", fix=fix, where=where)
        if not isinstance(each, types[name]):
            return _Problem(text=f"has {name!r} as {_type(each)}", fix="gangly model set writes it", where=where)
    return None


_KEYS: Mapping[str, _Check] = MappingProxyType(
    {
        "crm": _is_crm,
        "calendars": _is_texts,
        "user_name": _is_text,
        "user_email": _is_text,
        "our_company": _is_text,
        "our_domains": _is_texts,
        "competitors": _is_texts,
        "timezone": _is_zone,
        "fiscal_year_start": _is_month,
        "currency": _is_currency,
        "grace_seconds": _is_grace,
        "theme": _is_text,
        "keymap": _is_keymap,
        "trail": _is_trail,
        "connections": _is_connections,
        "network": _is_network,
        "model": _is_model,
    }
)


def _settle(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return MappingProxyType(value) if isinstance(value, dict) else value


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return list(value)
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, Mapping) else value


def _type(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table"}
    return names.get(type(value), "a date")


def _near(name: str, known: Any) -> str:
    from difflib import get_close_matches

    near = get_close_matches(str(name), list(known), n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return "use one of: " + ", ".join(sorted(known)) if len(known) <= 20 else "see `gangly doctor` for what is in use"


def _line_of(text: str, *keys: str) -> int:
    """The line, from 1, that sets a key: `tomllib` does not tell."""
    table = keys[:-1]
    inside: tuple[str, ...] = ()
    import re

    heading = re.compile(r"\s*\[+\s*(?P<name>[^\]]*?)\s*\]+\s*(#.*)?$")
    wanted = re.compile(rf"""\s*["']?{re.escape(keys[-1])}["']?\s*[=.]""")
    for number, line in enumerate(text.splitlines(), start=1):
        header = heading.match(line)
        if header:
            inside = tuple(part.strip("\"' ") for part in header["name"].split("."))
            if inside == keys:
                return number
        elif inside == table and wanted.match(line):
            return number
    return _line_of(text, *keys[:-1]) if len(keys) > 1 else 1
