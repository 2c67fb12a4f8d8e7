"""Puts a Desk together: the only module that names every concrete class."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gangly_tui.beside import Beside, doors_of, open_beside, watched
from gangly_tui.config import Config, load_config, paths
from gangly_tui.demo_past import remember_past
from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.hierarchy import Mode, Scope
from gangly_tui.domain.identity import name_in
from gangly_tui.domain.mail import MAIL_FILES, MailRules
from gangly_tui.flow.desk import Desk, Settings
from gangly_tui.model_on_demand import model_of
from gangly_tui.on_demand import (
    CalendarOnDemand,
    CourierOnDemand,
    DrafterOnDemand,
    FolderOnDemand,
    MailOnDemand,
    ReaderOnDemand,
    TranscriptsOnDemand,
)
from gangly_tui.profiles import (
    CALENDAR,
    DEMO,
    SANDBOX,
    crm_file,
    demo_brings,
    domain_of,
    folder,
    hierarchy_page,
    login,
    open_store,
    plays_page,
    profile_of,
    sandbox_crm,
    signing_key,
    store_file,
    system_of,
)
from gangly_tui.settings_checks import zone
from gangly_tui.store.database import Connection

if TYPE_CHECKING:
    from gangly_tui.connectors.engagement.sandbox import SandboxCalendar, SandboxMailbox
    from gangly_tui.connectors.record.sandbox_db import CrmFile
    from gangly_tui.domain.health import SignIn
    from gangly_tui.domain.ports import Drafter, EngagementReader, RecordReader, RecordWriter, TranscriptReader
    from gangly_tui.flow.deliver import Courier
    from gangly_tui.linking import Linked
    from gangly_tui.store.health import Recorder

__all__ = [
    "CALENDAR",
    "DEMO",
    "crm_at_hand",
    "crm_file",
    "desk_at_hand",
    "folder",
    "new_id",
    "open_desk",
    "open_store",
    "profile_of",
    "sandbox_profile",
    "store_at_hand",
    "store_file",
]

_LABELS = {
    DEMO: "sandbox CRM · fiction · store not encrypted",
    CALENDAR: "own calendar · sandbox CRM · store encrypted",
}
_READ_ONLY = " · READ ONLY: a newer gangly wrote the store"
_SHADOW = " · SHADOW MODE: nothing is sent"
_OP_BYTES = 10


def open_desk(config: Config, *, profile: str = "", now: Callable[[], datetime] | None = None) -> Desk:
    """Open everything that one sitting works with; close it with `desk.close()`.

    `profile` overrides what the configuration asks for. `now` is the clock, aware; the machine's by default.
    Raises ConfigError, StoreError, InputError.
    """
    profile = profile or profile_of(config)
    system = system_of(profile)
    here = zone(config.timezone)
    clock = now or (lambda: datetime.now(here))
    hierarchy = hierarchy_page()
    scope = hierarchy.scope(system)
    db = open_store(profile)
    try:
        doors: _Sandbox | _VendorDoors = (
            _VendorDoors(config, system, db, scope, clock)
            if system != SANDBOX
            else _Sandbox(sandbox_crm(profile, clock), scope)
        )
    except BaseException:
        db.close()
        raise

    def load_courier() -> Courier:
        from gangly_tui.flow.deliver import Courier

        return Courier(
            db=db,
            reader=reader,
            writer=doors.writer(),
            scope=scope,
            now=clock,
            new_id=new_id,
            close_round=leave_head,
            beside=doors_of(beside, settings.user_email, hierarchy),
            sends=hierarchy.mode is Mode.LIVE,
            mail_regions=settings.mail_regions,
        )

    async def leave_head() -> str:
        from gangly_tui.flow.witness import leave_head

        return await leave_head(db, at=clock(), user=settings.user, witness=config.witness, seed=seed)

    def close_session() -> None:
        if not db.total_changes:
            return
        from gangly_tui.flow.witness import close_round

        if trouble := close_round(db, at=clock(), user=settings.user, witness=config.witness, seed=seed):
            sys.stderr.write(f"gangly: {trouble}\n")

    def sign_in() -> SignIn | None:
        from gangly_tui.sign_in_facts import sign_in_of

        return sign_in_of(load_config(), system) if system != SANDBOX else None  # anew: one may sign in again

    def sign_ins_beside() -> dict[str, SignIn]:
        from gangly_tui.sign_in_facts import sign_ins_beside

        return sign_ins_beside(load_config()) if profile != DEMO else {}

    calendars: tuple[EngagementReader, ...]
    recorders: tuple[TranscriptReader, ...] = ()
    folders: tuple[FolderOnDemand, ...]
    if profile == DEMO:
        fiction = _demo_calendar(config, clock)
        calendars, recorders = (CalendarOnDemand(SANDBOX, fiction),), (TranscriptsOnDemand(SANDBOX, fiction),)
        beside, folders = Beside(mailboxes=(MailOnDemand(SANDBOX, _demo_mailbox(config, clock)),)), ()
        remember_past(db, clock().date())
    else:
        beside = open_beside(config, db, hierarchy, clock, here)
        folders = watched(config, here)
        calendars, recorders = (*beside.calendars, *folders), beside.recorders
    seed = signing_key(profile, db)
    settings = _settings(config, profile)
    reader = ReaderOnDemand(system, doors.reader)
    return Desk(
        db=db,
        reader=reader,
        courier=cast("Courier", CourierOnDemand(db, load_courier)),
        calendars=calendars,
        recorders=recorders,
        mailboxes=(*beside.mailboxes, *folders),
        watched=next(iter(folders), None),
        drafts=next(iter(beside.drafts), MAIL_FILES),
        drafter=DrafterOnDemand(_engine),
        hierarchy=hierarchy,
        settings=settings,
        now=clock,
        label=_label(config, profile, clock().date())
        + (_READ_ONLY if db.read_only else "")
        + (_SHADOW if hierarchy.mode is Mode.SHADOW else ""),
        new_id=new_id,
        read_file=_read_file,
        plays=plays_page,
        brings=partial(demo_brings, here) if profile == DEMO else tuple,
        model=model_of(config, scope, db, clock),
        signing_key=seed,
        sign_in=sign_in,
        sign_ins_beside=sign_ins_beside,
        window=doors.window,
        on_close=(close_session, doors.close, beside.close),
    )


class _Sandbox:
    """The doors of the sandbox CRM, each opened when it is first needed."""

    def __init__(self, crm: CrmFile, scope: Scope) -> None:
        self._crm = crm
        self._scope = scope
        self._opened: list[Callable[[], None]] = []

    def reader(self) -> RecordReader:
        from gangly_tui.connectors.record.sandbox import SandboxReader

        reader = SandboxReader(self._crm, self._scope)
        self._opened.append(reader.close)
        return reader

    def writer(self) -> RecordWriter:
        from gangly_tui.connectors.record.sandbox import SandboxWriter

        writer = SandboxWriter(self._crm)
        self._opened.append(writer.close)
        return writer

    def window(self) -> str:
        """Its writes are guarded by versions."""
        return ""

    def close(self) -> None:
        while self._opened:
            self._opened.pop()()


class _VendorDoors:
    """The doors of a connected vendor, over one connection that is opened with the first of them."""

    def __init__(
        self, config: Config, system: str, db: Connection, scope: Scope, clock: Callable[[], datetime]
    ) -> None:
        self._config = config
        self._system = system
        self._db = db
        self._scope = scope
        self._clock = clock

    @cached_property
    def _recorder(self) -> Recorder:
        from gangly_tui.store.health import Recorder

        return Recorder(self._db)

    @cached_property
    def _linked(self) -> Linked:
        from gangly_tui.keys import keys_of
        from gangly_tui.linking import open_link

        return open_link(
            self._system,
            self._config,
            keys_of(paths().data).vault(),
            scope=self._scope,
            recorder=self._recorder,
            user_email=self._config.user_email,
            now=self._clock,
        )

    def reader(self) -> RecordReader:
        reader: RecordReader = self._linked.module.open_reader(self._linked.link)
        return reader

    def writer(self) -> RecordWriter:
        writer: RecordWriter = self._linked.module.open_writer(self._linked.link)
        return writer

    def window(self) -> str:
        """What the vendor's module says of a window that stays, if it has one."""
        return str(getattr(self._linked.module, "WINDOW", ""))

    def close(self) -> None:
        """Keep what was noted of the last exchanges. Connections end with their event loop."""
        if "_recorder" in self.__dict__:
            self._recorder.flush()


def _label(config: Config, profile: str, today: date) -> str:
    """What is connected, for the top of the screen."""
    if profile in _LABELS:
        return _LABELS[profile]
    system = system_of(profile)
    table = config.connections.get(system, {})
    parts = [str(table.get("title", system)), str(table.get("account", "not connected"))]
    if table.get("loopback"):
        parts.append(f"TRIAL on {table['loopback']}")
    if "" < str(table.get("rotate_by", "")) <= today.isoformat():
        parts.append(f"TOKEN TO BE REPLACED since {table['rotate_by']}")
    return " · ".join([*parts, "store encrypted"])


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


def sandbox_profile(config: Config) -> str:
    """The profile, when it is one of the sandbox's. Raises ConfigError when a real CRM is connected."""
    profile = profile_of(config)
    if system_of(profile) != SANDBOX:
        raise ConfigError(f"{config.crm} is connected, not the sandbox", fix="gangly connect sandbox")
    return profile


def crm_at_hand() -> CrmFile:
    """The sandbox CRM's file of what is configured, created (and filled, in the demo) when it is not there yet."""
    config = load_config()
    here = zone(config.timezone)
    return sandbox_crm(sandbox_profile(config), lambda: datetime.now(here))


def new_id() -> str:
    """A new operation id: 80 random bits. It names the card, and marks the write in the CRM."""
    return os.urandom(_OP_BYTES).hex()


def _demo_calendar(config: Config, clock: Callable[[], datetime]) -> Callable[[], SandboxCalendar]:
    """The fiction's calendar, which is its recorder too."""
    here = zone(config.timezone)

    @cache
    def load() -> SandboxCalendar:
        from gangly_tui.connectors.engagement.sandbox import SandboxCalendar

        return SandboxCalendar(here, lambda: clock().date())

    return load


def _demo_mailbox(config: Config, clock: Callable[[], datetime]) -> Callable[[], SandboxMailbox]:
    """The fiction's mails."""

    def load() -> SandboxMailbox:
        from gangly_tui.connectors.engagement.sandbox import SandboxMailbox

        return SandboxMailbox(zone(config.timezone), lambda: clock().date())

    return load


def _settings(config: Config, profile: str) -> Settings:
    """Who sits here. In the demo it is the fiction's own rep, unless the configuration names somebody."""
    day: dict[str, Any] = {}
    if profile == DEMO:
        from gangly_tui.connectors.demo import demo_day

        day = demo_day()
    email = config.user_email or day.get("email", "")
    return Settings(
        user_name=config.user_name or day.get("rep", "") or name_in(email) or login(),
        user_email=email,
        our_company=config.our_company or day.get("company", ""),
        our_domains=frozenset(each.lower() for each in config.our_domains or day.get("domains", ()))
        or domain_of(email),
        competitors=config.competitors or tuple(day.get("competitors", ())),
        timezone=zone(config.timezone),
        fiscal_year_start=config.fiscal_year_start,
        currency=config.currency,
        grace_seconds=config.grace_seconds,
        mail=MailRules(
            folders=frozenset(str(each).casefold() for each in config.mail.get("exclude_folders", ())),
            domains=frozenset(str(each).lower() for each in config.mail.get("block_domains", ())),
            body_days=config.mail.get("body_days", 30),
        ),
        retention=config.retention,
        aliases=config.aliases,
        processing=tuple(config.processing.get("allow", ())),
        mail_regions=tuple(config.processing.get("mail", ())),
        recording_agreed=tuple(config.processing.get("recording", ())),
    )


def _read_file(path: Path) -> str:
    from gangly_tui.connectors.engagement.text_file import read_text_file

    return read_text_file(path)


def _engine() -> Drafter:
    from gangly_tui.intelligence.offline.drafter import OfflineDrafter

    return OfflineDrafter()
