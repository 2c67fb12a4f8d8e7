"""The profiles: what is worked on, where its files are, and how its store is opened.

A profile is a folder below the data folder. The fiction's is the only one that is not encrypted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from gangly_tui.config import Config, paths, private_folder
from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.hierarchy import Hierarchy
from gangly_tui.domain.hierarchy_page import parse_hierarchy
from gangly_tui.store.database import Connection, open_database
from gangly_tui.store.room import ROOM

if TYPE_CHECKING:
    from gangly_tui.connectors.record.sandbox_db import CrmFile
    from gangly_tui.domain.plays import Play
    from gangly_tui.domain.secret import Secret
    from gangly_tui.domain.signal_import import Given

DEMO = "demo"
"""The sandbox CRM with its fictional company and a working day of calls."""
CALENDAR = "calendar"
"""Your own calendar, from a file or an account, beside a sandbox CRM that starts empty."""
SANDBOX = "sandbox"

_FOLDERS = {DEMO: "sandbox", CALENDAR: "calendar"}


def profile_of(config: Config) -> str:
    """Which of the profiles the configuration asks for: one of the two above, or a vendor's, "NAME@ORGANISATION".

    Raises ConfigError when nothing is set up.
    """
    if not config.is_set_up:
        raise ConfigError("nothing is connected yet", fix="gangly demo, or: gangly connect")
    if config.crm != SANDBOX:
        return str(config.connections.get(config.crm, {}).get("store", config.crm))
    return CALENDAR if config.calendars or config.watch or engaged(config) else DEMO


def engaged(config: Config) -> tuple[str, ...]:
    """The calendars, mailboxes and meeting systems that are connected, by name."""
    return tuple(name for name, table in config.connections.items() if table.get("layer") == "engagement")


def system_of(profile: str) -> str:
    """The system of record of a profile, as RecordRefs and the hierarchy name it."""
    return SANDBOX if profile in _FOLDERS else profile.partition("@")[0]


def vendor_profile(system: str, organisation: str) -> str:
    """The profile of one organisation in a vendor's system: what was read from another never mixes with it."""
    return f"{system}@" + re.sub(r"[^a-z0-9.-]+", "-", organisation.casefold()).strip("-.")[:80]


def folder(profile: str) -> Path:
    """Where a profile's files are."""
    if profile in _FOLDERS:
        return paths().data / _FOLDERS[profile]
    if not re.fullmatch(r"[a-z][a-z0-9_-]*(@[a-z0-9.-]+)?", profile):  # it becomes a folder's name
        raise ConfigError(f"{profile!r} is no name of a connector", fix="small letters, digits, - and _ only")
    return paths().data / f"crm-{profile}"


def crm_file(profile: str) -> Path:
    """The sandbox CRM's own database of a profile."""
    return folder(profile) / "crm.db"


def store_file(profile: str) -> Path:
    """The store of a profile."""
    return folder(profile) / "store.db"


def hierarchy_page() -> Hierarchy:
    """The team's page beside config.toml, else the one that comes with gangly. Raises ConfigError."""
    own = paths().config / "hierarchy.toml"
    page = own if own.exists() else Path(__file__).with_name("hierarchy.toml")
    try:
        return parse_hierarchy(page.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{page} cannot be read", fix="repair or remove the file") from error


def own_page() -> Path:
    """The team's own page, copied from the one that comes with gangly when there is none yet. Raises ConfigError."""
    own = private_folder(paths().config) / "hierarchy.toml"
    if not own.exists():
        shipped = Path(__file__).with_name("hierarchy.toml").read_text(encoding="utf-8")
        own.write_text('mode = "live"   # or "shadow": everything but the sending\n\n' + shipped, encoding="utf-8")
    return own


def plays_page() -> tuple[Play, ...]:
    """The rep's own plays beside config.toml, else those that come with gangly. Raises ConfigError."""
    from gangly_tui.domain.plays import parse_plays

    own = paths().config / "plays.toml"
    page = own if own.exists() else Path(__file__).with_name("plays.toml")
    try:
        return parse_plays(page.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{page} cannot be read", fix="repair or remove the file") from error


def own_plays() -> Path:
    """The rep's own plays, copied from those that come with gangly when there are none yet. Raises ConfigError."""
    own = private_folder(paths().config) / "plays.toml"
    if not own.exists():
        own.write_text(Path(__file__).with_name("plays.toml").read_text(encoding="utf-8"), encoding="utf-8")
    return own


def demo_brings(zone: tzinfo) -> tuple[Given, ...]:
    """What the fiction's product tells of its customers. Raises ConfigError when the installation has lost it."""
    from gangly_tui.connectors.demo import demo_signals
    from gangly_tui.connectors.record.sandbox_seed import seeded_on

    on = seeded_on(crm_file(DEMO))
    return demo_signals(on, zone) if on else ()


def open_store(profile: str) -> Connection:
    """Open the profile's store alone: the fiction as it is, everything else under its key.

    Raises StoreError, VaultError, ConfigError.
    """
    private_folder(paths().data)
    private_folder(folder(profile))
    return open_database(store_file(profile), key=store_key(profile), room=ROOM)


def store_key(profile: str) -> Secret[bytes] | None:
    """The key of the profile's store, which an earlier gangly may have left in clear. The fiction has none."""
    if profile == DEMO:
        return None
    from gangly_tui.keys import keys_of
    from gangly_tui.store.encrypt import encrypt

    store = store_file(profile)
    key = keys_of(paths().data).of_store(f"store {profile}", store)
    encrypt(store, key)
    return key


def signing_key(profile: str, db: Connection) -> Callable[[], bytes] | None:
    """What gives the key that signs the trail: it lies in the vault, moved there from the store when it is first asked.

    Whoever gets hold of the store and the store's key then still cannot sign. None for the fiction, whose store keeps
    its own. What is given raises VaultError when the vault does not have the key.
    """
    if profile == DEMO:
        return None

    def give() -> bytes:
        from gangly_tui.domain.errors import VaultError
        from gangly_tui.domain.secret import Secret
        from gangly_tui.keys import keys_of
        from gangly_tui.store.trail_tree import base_of, move_seed

        vault = keys_of(paths().data).vault()
        name = f"trail {base_of(db)}"
        move_seed(db, lambda seed: vault.put(name, Secret(seed.hex())))
        kept = vault.get(name)
        if kept is None:
            raise VaultError(
                f"the key that signs the trail is not in {vault.backend}",
                fix="restore vault.json and the keyring it had; entries are kept all the same",
            )
        return bytes.fromhex(kept.reveal())

    return give


def login() -> str:
    """This machine's name for the person: the trail never says "nobody"."""
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError):
        return "unnamed user"


def sandbox_crm(profile: str, clock: Callable[[], datetime]) -> CrmFile:
    """The CRM's file; made in one step when it is not there, so that a crash leaves no half-filled company."""
    file = crm_file(profile)
    private_folder(file.parent)
    fresh = file.with_suffix(".new")
    if profile == DEMO:
        if file.exists():
            return file
        fresh.unlink(missing_ok=True)
        from gangly_tui.connectors.record.sandbox_seed import seed

        now = clock()
        seed(fresh, now.date(), now.tzinfo or UTC)
        fresh.replace(file)
        return file
    return _own_crm(file, fresh, store_key(profile))


def _own_crm(file: Path, fresh: Path, key_of_store: Secret[bytes] | None) -> CrmFile:
    """A sandbox CRM that takes in what the rep writes is under a key of its own."""
    from gangly_tui.connectors.record.sandbox import create_empty
    from gangly_tui.connectors.record.sandbox_db import KeyedFile
    from gangly_tui.keys import derived
    from gangly_tui.store.encrypt import encrypt

    assert key_of_store is not None  # only the fiction has none
    key = derived(key_of_store, "sandbox CRM")
    if file.exists():
        encrypt(file, key)
    else:
        fresh.unlink(missing_ok=True)
        create_empty(KeyedFile(path=fresh, key=key))
        fresh.replace(file)
    return KeyedFile(path=file, key=key)


def domain_of(email: str) -> frozenset[str]:
    """The company behind the rep's own address."""
    if not email:
        return frozenset()
    from gangly_tui.domain.identity import company_domain

    return frozenset({company_domain(email)} - {""})
