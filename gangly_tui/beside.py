"""What is connected beside the CRM: calendars, meeting systems and mailboxes, each opened when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gangly_tui.config import Config, paths
from gangly_tui.domain.hierarchy import Hierarchy, Layer, Scope
from gangly_tui.domain.mail import MAIL_FILES
from gangly_tui.domain.records import FIELDS, Kind
from gangly_tui.on_demand import CalendarOnDemand, FolderOnDemand, MailOnDemand, TranscriptsOnDemand
from gangly_tui.profiles import engaged
from gangly_tui.store.database import Connection

if TYPE_CHECKING:
    from gangly_tui.connectors.engagement.watched import WatchedFolder
    from gangly_tui.domain.ports import EngagementReader, MailReader, TranscriptReader
    from gangly_tui.flow.deliver import Door
    from gangly_tui.linking import Linked
    from gangly_tui.store.health import Recorder

CALENDAR, TRANSCRIPTS, MAIL, DRAFTS = "calendar", "transcripts", "mail", "drafts"
"""The parts that a connector of the engagement layer may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The doors that are there. `drafts` has, by system, the connections that take approved mails and invitations."""

    calendars: tuple[EngagementReader, ...] = ()
    recorders: tuple[TranscriptReader, ...] = ()
    mailboxes: tuple[MailReader, ...] = ()
    drafts: Mapping[str, Callable[[], Linked]] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None


def open_beside(
    config: Config, db: Connection, hierarchy: Hierarchy, clock: Callable[[], datetime], here: tzinfo
) -> Beside:
    """Lay out the doors of everything that is connected beside the CRM. Opens and imports none of it yet."""
    names = engaged(config)

    @cache
    def recorder() -> Recorder:
        from gangly_tui.store.health import Recorder

        return Recorder(db)

    opened = {each: cache(partial(_link, each, config, hierarchy, recorder, clock)) for each in names}
    parts = {each: frozenset(config.connections[each].get("parts", ())) for each in names}

    def door(name: str, opens: str) -> Callable[[], Any]:
        def load() -> Any:
            linked = opened[name]()
            return getattr(linked.module, opens)(linked.link)

        return load

    def close() -> None:
        if recorder.cache_info().currsize:
            recorder().flush()

    return Beside(
        calendars=(
            *(_calendar(each, here, config.network, recorder) for each in config.calendars),
            *(CalendarOnDemand(n, door(n, "open_calendar")) for n in names if CALENDAR in parts[n]),
        ),
        recorders=tuple(TranscriptsOnDemand(n, door(n, "open_transcripts")) for n in names if TRANSCRIPTS in parts[n]),
        mailboxes=tuple(MailOnDemand(n, door(n, "open_mail")) for n in names if MAIL in parts[n]),
        drafts={n: opened[n] for n in names if DRAFTS in parts[n]},
        close=close,
    )


def _link(
    name: str, config: Config, hierarchy: Hierarchy, recorder: Callable[[], Recorder], clock: Callable[[], datetime]
) -> Linked:
    from gangly_tui.keys import keys_of
    from gangly_tui.linking import open_link

    vault = keys_of(paths().data).vault()
    return open_link(
        name,
        config,
        vault,
        scope=hierarchy.scope(name),
        recorder=recorder(),
        user_email=config.user_email,
        now=clock,
    )


def doors_of(beside: Beside, sender: str, hierarchy: Hierarchy) -> dict[str, Callable[[], Door]]:
    """What opens each system that takes approved mails and invitations, by its name."""
    return {
        **{name: partial(_drafts_door, linked) for name, linked in beside.drafts.items()},
        MAIL_FILES: partial(_mail_files, sender, hierarchy.scopes.get(MAIL_FILES)),
    }


def _drafts_door(linked: Callable[[], Linked]) -> Door:
    from gangly_tui.flow.deliver import Door

    found = linked()
    module, link = found.module, found.link
    return Door(reader=module.open_reader(link), writer=module.open_writer(link), scope=link.scope)


def _mail_files(sender: str, scope: Scope | None) -> Door:
    from gangly_tui.connectors.engagement.eml import MailFiles
    from gangly_tui.flow.deliver import Door

    files = MailFiles(paths().drafts, sender)
    everything = {Kind.MAIL: frozenset(FIELDS[Kind.MAIL])}
    own = Scope(
        system=MAIL_FILES,
        layer=Layer.ENGAGEMENT,
        owner=sender,
        backup="",
        runbook="",
        read=everything,
        write=everything,
    )
    return Door(reader=files, writer=files, scope=scope or own)


def _calendar(
    where: str, here: tzinfo, network: Mapping[str, str], recorder: Callable[[], Recorder]
) -> EngagementReader:
    """A calendar file, or one at an address. Their libraries are loaded when they are read."""
    from gangly_tui.connectors.engagement.calendar_address import is_address, system_of

    if not is_address(where):
        from gangly_tui.connectors.engagement.files import CalendarFile

        return CalendarFile(Path(where), here)

    def load() -> EngagementReader:
        from gangly_tui.connectors.engagement.calendar_url import CalendarFeed
        from gangly_tui.linking import observe

        return CalendarFeed(
            where,
            here,
            proxy=network.get("proxy", ""),
            ca_file=network.get("ca_file", ""),
            observe=lambda call: observe(recorder(), None, call),
        )

    return CalendarOnDemand(system_of(where), load)


def watched(config: Config, here: tzinfo) -> tuple[FolderOnDemand, ...]:
    """The folder that texts arrive in, where one is named."""

    def load() -> WatchedFolder:
        from gangly_tui.connectors.engagement.watched import WatchedFolder

        return WatchedFolder(Path(config.watch).expanduser(), here, user_email=config.user_email)

    return (FolderOnDemand("watched", load),) if config.watch else ()
