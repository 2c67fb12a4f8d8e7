"""The Desk: everything one sitting works with, put together once by `bootstrap.open_desk`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gangly_tui.domain.errors import GanglyError, InputError
from gangly_tui.domain.mail import MailRules
from gangly_tui.flow.meter import Meter

if TYPE_CHECKING:  # a desk is laid before anything on it is used
    from gangly_tui.domain.arrival import Arrival
    from gangly_tui.domain.health import SignIn
    from gangly_tui.domain.hierarchy import Hierarchy
    from gangly_tui.domain.plays import Play
    from gangly_tui.domain.ports import (
        Drafter,
        EngagementReader,
        MailReader,
        RecordReader,
        SecondReader,
        TranscriptReader,
    )
    from gangly_tui.domain.records import Record, RecordRef
    from gangly_tui.domain.signal_import import Given
    from gangly_tui.flow.deliver import Courier
    from gangly_tui.store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Who sits here and how they count. `grace_seconds`: how long an approved write waits, so that `u` can stop it."""

    user_name: str
    user_email: str
    our_company: str = ""
    our_domains: frozenset[str] = frozenset()
    competitors: tuple[str, ...] = ()
    timezone: tzinfo = UTC
    fiscal_year_start: int = 1
    currency: str = "USD"
    grace_seconds: float = 4.0
    mail: MailRules = field(default_factory=MailRules)
    retention: Mapping[str, int] = field(default_factory=dict)
    """for how many days after a call its texts stay, by kind; without an entry they stay"""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """the one domain that a company is known by, for each of its others"""

    processing: tuple[str, ...] = ()
    """the countries and regions whose people's words may be sent to a model; empty restricts nothing"""
    mail_regions: tuple[str, ...] = ()
    """the countries and regions whose people may get mail from here; empty restricts nothing"""
    recording_agreed: tuple[str, ...] = ()
    """words by which somebody agrees to a recording in the CRM, beside those everybody knows"""

    @property
    def user(self) -> str:
        """How the trail and the CRM name this person."""
        return self.user_email or self.user_name


class Watched(Protocol):
    """A folder that is watched. Its files are read, never moved or removed."""

    def stirred(self) -> bool:
        """Whether something arrived or changed since this was last asked."""
        ...

    def arrivals(self) -> list[Arrival]:
        """The texts that were not settled. Raises InputError; may run in a thread."""
        ...

    def settle(self, stamps: Iterable[str]) -> None:
        """These need not be given again."""
        ...


def _no_files(path: Path) -> str:
    raise InputError(f"{path.name} cannot be opened from here", fix="paste its text instead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the verbs need. Prep gets `reader`, a type with no write method; only the courier can write.

    `now` is the one clock: aware, in the rep's time zone. `label` says on screen what is connected.
    `read_file` gives the text of a file of notes, speech or mail; it raises InputError and may run in a thread.
    """

    db: Connection
    reader: RecordReader
    courier: Courier
    calendars: tuple[EngagementReader, ...]
    drafter: Drafter
    hierarchy: Hierarchy
    settings: Settings
    now: Callable[[], datetime]
    label: str
    new_id: Callable[[], str]
    recorders: tuple[TranscriptReader, ...] = ()
    mailboxes: tuple[MailReader, ...] = ()
    drafts: str = ""
    """the system that takes approved mails and invitations; "" where none is connected"""
    read_file: Callable[[Path], str] = _no_files
    watched: Watched | None = None
    """the folder that texts arrive in, where the configuration names one"""
    plays: Callable[[], tuple[Play, ...]] = lambda: ()
    """the plays as they stand on their page now; raises ConfigError"""
    brings: Callable[[], tuple[Given, ...]] = lambda: ()
    """usage and intent that come by themselves with a pull"""
    model: SecondReader | None = None
    """reads a text behind the drafter, where the configuration names one; it goes where `model.host` says"""
    signing_key: Callable[[], bytes] | None = None
    """gives the key that signs the trail, where it does not lie in the store"""
    sign_ins_beside: Callable[[], Mapping[str, SignIn]] = dict
    """the same of the calendars, mailboxes and meeting systems, by name"""
    sign_in: Callable[[], SignIn | None] = lambda: None
    """what is known of the sign-in to the system of record: may ask the vault, never the system"""
    window: Callable[[], str] = lambda: ""
    """what a card says where the system of record has no conditional write; "" where it guards a write itself"""
    meter: Meter = field(default_factory=Meter)
    """what the cards take of the rep, until it is kept with a decision"""
    at_point: Callable[[str], None] = lambda _: None
    """called with the name of each step a crash may hit; the fault tests die here"""
    on_close: tuple[Callable[[], None], ...] = field(default=())

    async def look_at(self, ref: RecordRef) -> Record:
        """What lies in the CRM, the mailbox or the calendar now, through the read door of its system.

        Raises NotFound, Unreachable, SignInNeeded, TimeoutError.
        """
        return await self.courier.look(ref)

    def close(self) -> None:
        """Close the store and what the connectors hold open."""
        with suppress(GanglyError):  # counts alone
            self.meter.keep(self)
        for each in self.on_close:
            each()
        self.db.close()
