"""config.toml and where things live on this machine.

`GANGLY_HOME` moves configuration, data and log under one folder; otherwise the platform's own places are used.
Reading needs the standard library only; `tomlkit` is loaded to write, so that a person's comments survive.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.toml_lines import line_of
from gangly_tui.settings_checks import KEYS, near


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The folders. None of them is created before something is written there."""

    config: Path
    data: Path
    log: Path
    drafts: Path
    """mails that were approved while no mailbox is connected, as files"""

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
    without them, and whether to `mask` addresses; its key is in the vault. `mail` says what of a mailbox is never kept
    (`exclude_folders`, `block_domains`) and for how many days a body is that was fetched (`body_days`).
    `retention` says for how many days after a call its `notes_days`,
    `transcript_days` and `draft_days` stay; without it they stay. Signals that are over stay `signals_days`.
    `processing` names in `allow` the countries and regions whose people's words a model may read, and in `mail` those
    whose people may get mail from here; in `recording` words by which a contact agrees to one. `watch` is
    a folder: transcripts, calendars and mails that arrive in it are taken; nothing in it is moved or removed.
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
    mail: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    retention: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    identity: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    processing: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    watch: str = ""

    @property
    def is_set_up(self) -> bool:
        """Whether anything is connected."""
        return bool(self.crm)

    @property
    def aliases(self) -> Mapping[str, str]:
        """The one domain that a company is known by, for each of its others."""
        named: Mapping[str, str] = self.identity.get("aliases", {})
        return {other.lower(): known.lower() for other, known in named.items()}

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
        return Paths(config=root, data=root / "data", log=root / "log", drafts=root / "drafts")
    from platformdirs import PlatformDirs

    places = PlatformDirs("gangly", appauthor=False)
    return Paths(
        config=Path(places.user_config_dir),
        data=Path(places.user_data_dir),
        log=Path(places.user_log_dir),
        drafts=Path(places.user_documents_dir) / "gangly drafts",
    )


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
        where = f"{path}, line {line_of(text, key)}"
        check = KEYS.get(key)
        if check is None:
            raise ConfigError(f"{where}: there is no setting {key!r}", fix=near(key, KEYS))
        problem = check(value)
        if problem:
            at = f"{path}, line {line_of(text, *problem.where)}" if problem.where else where
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


def _settle(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return MappingProxyType(value) if isinstance(value, dict) else value


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return list(value)
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, Mapping) else value
