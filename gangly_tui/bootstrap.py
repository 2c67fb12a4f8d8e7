"""Puts a Desk together: the only module that names every concrete class."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gangly_tui.config import Config, load_config, paths, private_folder, zone
from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.hierarchy import Hierarchy, parse_hierarchy
from gangly_tui.flow.desk import Desk, Settings
from gangly_tui.on_demand import CalendarOnDemand, CourierOnDemand, DrafterOnDemand, ReaderOnDemand
from gangly_tui.store.database import Connection, open_database
from gangly_tui.store.room import ROOM

if TYPE_CHECKING:
    from gangly_tui.connectors.record.sandbox_db import CrmFile
    from gangly_tui.domain.ports import Drafter, EngagementReader, RecordReader, RecordWriter
    from gangly_tui.domain.secret import Secret
    from gangly_tui.flow.deliver import Courier

DEMO = "demo"
"""The sandbox CRM with its fictional company and a working day of calls."""
CALENDAR = "calendar"
"""Your own calendar file beside a sandbox CRM that starts empty."""

SYSTEM = "sandbox"
_FOLDERS = {DEMO: "sandbox", CALENDAR: "calendar"}
_LABELS = {
    DEMO: "sandbox CRM · fiction · store not encrypted",
    CALENDAR: "own calendar · sandbox CRM · store encrypted",
}
_OP_BYTES = 10


def profile_of(config: Config) -> str:
    """Which of the profiles the configuration asks for. Raises ConfigError when nothing is set up."""
    if not config.is_set_up:
        raise ConfigError("nothing is connected yet", fix="gangly demo, or: gangly connect")
    return CALENDAR if config.calendars else DEMO


def folder(profile: str) -> Path:
    """Where a profile's files are."""
    return paths().data / _FOLDERS[profile]


def crm_file(profile: str) -> Path:
    """The sandbox CRM's own database of a profile."""
    return folder(profile) / "crm.db"


def store_file(profile: str) -> Path:
    """The store of a profile."""
    return folder(profile) / "store.db"


def open_store(profile: str) -> Connection:
    """Open the profile's store alone: the fiction as it is, everything else under its key.

    Raises StoreError, VaultError, ConfigError.
    """
    private_folder(paths().data)
    private_folder(folder(profile))
    return open_database(store_file(profile), key=_key(profile), room=ROOM)


def _key(profile: str) -> Secret[bytes] | None:
    """The key of the profile's store, which an earlier gangly may have left in clear. The fiction has none."""
    if profile == DEMO:
        return None
    from gangly_tui.keys import keys_of
    from gangly_tui.store.encrypt import encrypt

    store = store_file(profile)
    key = keys_of(paths().data).of_store(f"store {profile}", store)
    encrypt(store, key)
    return key


def open_desk(config: Config, *, profile: str = "", now: Callable[[], datetime] | None = None) -> Desk:
    """Open everything that one sitting works with; close it with `desk.close()`.

    `profile` overrides what the configuration asks for. `now` is the clock, aware; the machine's by default.
    Raises ConfigError, StoreError, InputError.
    """
    profile = profile or profile_of(config)
    here = zone(config.timezone)
    clock = now or (lambda: datetime.now(here))
    hierarchy = _hierarchy()
    scope = hierarchy.scope(SYSTEM)
    db = open_store(profile)
    try:
        crm = _crm(profile, clock)
    except BaseException:
        db.close()
        raise
    opened: list[Callable[[], None]] = []

    def load_reader() -> RecordReader:
        from gangly_tui.connectors.record.sandbox import SandboxReader

        reader = SandboxReader(crm, scope)
        opened.append(reader.close)
        return reader

    def load_writer() -> RecordWriter:
        from gangly_tui.connectors.record.sandbox import SandboxWriter

        writer = SandboxWriter(crm)
        opened.append(writer.close)
        return writer

    def load_courier() -> Courier:
        from gangly_tui.flow.deliver import Courier

        return Courier(
            db=db,
            reader=reader,
            writer=load_writer(),
            scope=scope,
            now=clock,
            new_id=new_id,
            close_round=leave_head,
        )

    async def leave_head() -> str:
        from gangly_tui.flow.witness import leave_head

        return await leave_head(db, at=clock(), user=settings.user, witness=config.witness)

    def close_session() -> None:
        from gangly_tui.flow.witness import close_round

        if db.total_changes and (trouble := close_round(db, at=clock(), user=settings.user, witness=config.witness)):
            sys.stderr.write(f"gangly: {trouble}\n")

    settings = _settings(config, profile)
    reader = ReaderOnDemand(SYSTEM, load_reader)
    return Desk(
        db=db,
        reader=reader,
        courier=cast("Courier", CourierOnDemand(db, load_courier)),
        calendars=_calendars(config, profile, clock),
        drafter=DrafterOnDemand(_engine),
        hierarchy=hierarchy,
        settings=settings,
        now=clock,
        label=_LABELS[profile] + (" · READ ONLY: a newer gangly wrote the store" if db.read_only else ""),
        new_id=new_id,
        read_file=_read_file,
        on_close=(close_session, lambda: _close_all(opened)),
    )


@contextmanager
def desk_at_hand() -> Iterator[Desk]:
    """The desk of what is configured, for one verb. Raises ConfigError when nothing is set up."""
    desk = open_desk(load_config())
    try:
        yield desk
    finally:
        desk.close()


@contextmanager
def store_at_hand() -> Iterator[Connection]:
    """The store of what is configured, without any CRM: the trail is readable whatever else is broken."""
    db = open_store(profile_of(load_config()))
    try:
        yield db
    finally:
        db.close()


def crm_at_hand() -> CrmFile:
    """The sandbox CRM's file of what is configured, created (and filled, in the demo) when it is not there yet."""
    config = load_config()
    here = zone(config.timezone)
    return _crm(profile_of(config), lambda: datetime.now(here))


def new_id() -> str:
    """A new operation id: 80 random bits. It names the card, and marks the write in the CRM."""
    return os.urandom(_OP_BYTES).hex()


def _crm(profile: str, clock: Callable[[], datetime]) -> CrmFile:
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
    return _own_crm(file, fresh, _key(profile))


def _own_crm(file: Path, fresh: Path, store_key: Secret[bytes] | None) -> CrmFile:
    """A sandbox CRM that takes in what the rep writes is under a key of its own."""
    from gangly_tui.connectors.record.sandbox import create_empty
    from gangly_tui.connectors.record.sandbox_db import KeyedFile
    from gangly_tui.keys import derived
    from gangly_tui.store.encrypt import encrypt

    assert store_key is not None  # only the fiction has none
    key = derived(store_key, "sandbox CRM")
    if file.exists():
        encrypt(file, key)
    else:
        fresh.unlink(missing_ok=True)
        create_empty(KeyedFile(path=fresh, key=key))
        fresh.replace(file)
    return KeyedFile(path=file, key=key)


def _calendars(config: Config, profile: str, clock: Callable[[], datetime]) -> tuple[EngagementReader, ...]:
    here = zone(config.timezone)
    if profile == DEMO:

        def load_demo() -> EngagementReader:
            from gangly_tui.connectors.engagement.sandbox import SandboxCalendar

            return SandboxCalendar(here, lambda: clock().date())

        return (CalendarOnDemand(SYSTEM, load_demo),)
    return tuple(_calendar_file(Path(each), here) for each in config.calendars)


def _calendar_file(path: Path, here: tzinfo) -> EngagementReader:
    from gangly_tui.connectors.engagement.files import CalendarFile  # its libraries are loaded when it is read

    return CalendarFile(path, here)


def _hierarchy() -> Hierarchy:
    """The team's page beside config.toml, else the one that comes with gangly. Raises ConfigError."""
    own = paths().config / "hierarchy.toml"
    page = own if own.exists() else Path(__file__).with_name("hierarchy.toml")
    try:
        return parse_hierarchy(page.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{page} cannot be read", fix="repair or remove the file") from error


def _settings(config: Config, profile: str) -> Settings:
    """Who sits here. In the demo it is the fiction's own rep, unless the configuration names somebody."""
    day: dict[str, Any] = {}
    if profile == DEMO:
        from gangly_tui.connectors.demo import demo_day

        day = demo_day()
    email = config.user_email or day.get("email", "")
    return Settings(
        user_name=config.user_name or day.get("rep", "") or _login(),
        user_email=email,
        our_company=config.our_company or day.get("company", ""),
        our_domains=frozenset(each.lower() for each in config.our_domains or day.get("domains", ()))
        or _domain_of(email),
        competitors=config.competitors or tuple(day.get("competitors", ())),
        timezone=zone(config.timezone),
        fiscal_year_start=config.fiscal_year_start,
        currency=config.currency,
        grace_seconds=config.grace_seconds,
    )


def _login() -> str:
    """This machine's name for the person: the trail never says "nobody"."""
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError):
        return "unnamed user"


def _domain_of(email: str) -> frozenset[str]:
    """The company behind the rep's own address."""
    if not email:
        return frozenset()
    from gangly_tui.domain.identity import company_domain

    return frozenset({company_domain(email)} - {""})


def _read_file(path: Path) -> str:
    from gangly_tui.connectors.engagement.text_file import read_text_file

    return read_text_file(path)


def _engine() -> Drafter:
    from gangly_tui.intelligence.offline.drafter import OfflineDrafter

    return OfflineDrafter()


def _close_all(opened: list[Callable[[], None]]) -> None:
    while opened:
        opened.pop()()
