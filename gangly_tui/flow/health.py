"""Health: what the store knows of every system, judged; and trying again now what failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.health import Facts, Figure, Health, Outbox, SignIn, Verdict
from gangly_tui.domain.health_judge import health
from gangly_tui.domain.outbox import PATIENCE, SETTLED, Delivery, DeliveryState
from gangly_tui.domain.proposal_state import ProposalState
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, mirror, trail
from gangly_tui.store import health as kept
from gangly_tui.store.database import transaction
from gangly_tui.store.encrypt import is_in_clear
from gangly_tui.store.room import room_file

_WEEK = timedelta(days=7)
_ASK = (DeliveryState.NEEDS_HUMAN, DeliveryState.CONFLICT)
_IN_TRANSIT = frozenset(DeliveryState) - SETTLED


def look(desk: Desk, sign_in: SignIn | None = None, beside: Mapping[str, SignIn] | None = None) -> Health:
    """How everything is, from the store alone: no system is asked, and nothing is decrypted but the store.

    `sign_in` is what is known of the one to the system of record, `beside` of those to the others, by name.
    """
    return health(_facts(desk, sign_in, beside or {}), _machine(desk), desk.now())


def _facts(desk: Desk, sign_in: SignIn | None, beside: Mapping[str, SignIn]) -> Iterator[Facts]:
    """The system of record first, then calendars and whatever else was asked in the week."""
    now, record = desk.now(), desk.reader.system
    days = kept.days(desk.db, (now - _WEEK).date().isoformat())
    limits, tokens = kept.limits(desk.db), kept.tokens(desk.db, (now - _WEEK).date().isoformat())
    asked = {each.system for each in days} | {each.system for each in limits}
    calendars = [each.system for each in desk.calendars]
    for system in dict.fromkeys((record, *calendars, *beside, *sorted(asked))):
        yield Facts(
            system=system,
            title=_title(desk, system),
            latest=kept.latest(desk.db, system),
            days=[each for each in days if each.system == system],
            limits=[each for each in limits if each.system == system],
            tokens=[each for each in tokens if each.system == system],
            pulled_at=mirror.pulled_at(desk.db, system),
            sign_in=sign_in if system == record else beside.get(system),
            outbox=_outbox(desk) if system == record else None,
            scope=desk.hierarchy.scopes.get(system),
        )


def _title(desk: Desk, system: str) -> str:
    """A calendar file is named by what it is: the name of a file alone says little."""
    is_file = system != desk.reader.system and "#" in system
    return f"calendar {system.rpartition('#')[0]}" if is_file else system


def _outbox(desk: Desk) -> Outbox:
    """All that waits, however old; of what has settled, the week's."""
    waiting = decisions.deliveries(desk.db, states=_IN_TRANSIT)
    settled = [
        each
        for each in decisions.deliveries(desk.db, states=SETTLED, since=desk.now() - 2 * _WEEK)
        if (each.changed_at or each.approved_at) >= desk.now() - _WEEK
    ]
    asked: set[str] = set()
    if any(each.state in _ASK for each in settled):
        cards = decisions.proposals(desk.db, states=(ProposalState.OPEN, ProposalState.LATER))
        asked = {each.replaces for each in cards if each.replaces}
    return Outbox(deliveries=[*waiting, *settled], asked=asked)


def _machine(desk: Desk) -> list[Figure]:
    """The store and the trail of this machine."""
    return [*_store(desk), _trail(desk)]


def _store(desk: Desk) -> Iterator[Figure]:
    path = desk.db.path
    fiction = path.parent.name == "sandbox"
    bare = is_in_clear(path)
    words = "encrypted (SQLCipher)" if not bare else "not encrypted: fiction" if fiction else "NOT encrypted"
    verdict = Verdict.BAD if bare and not fiction else Verdict.OK
    fix = "quit, and start gangly anew: it encrypts the store" if verdict is Verdict.BAD else ""
    yield Figure(name="store_encrypted", label="store", words=words, value=float(not bare), verdict=verdict, fix=fix)
    if desk.db.read_only:
        words, fix = "READ ONLY: a newer gangly wrote the store", "update gangly"
        yield Figure(name="store_read_only", label="writing", words=words, value=1.0, verdict=Verdict.LOOK, fix=fix)
    if desk.db.room and not room_file(path).exists():
        words, fix = "the disk is full: approving has stopped", "free some space"
        yield Figure(name="disk_full", label="disk", words=words, value=1.0, verdict=Verdict.BAD, fix=fix)


def _trail(desk: Desk) -> Figure:
    try:
        count, root = trail.head(desk.db)
    except GanglyError as error:
        return Figure(name="trail_entries", label="trail", words=str(error), verdict=Verdict.BAD, fix=error.fix)
    entries = "1 entry" if count == 1 else f"{count:,} entries"
    words = f"{entries}, head {root[:16]}" if count else "no entry yet"
    return Figure(name="trail_entries", label="trail", words=words, value=count)


def retry_failed(desk: Desk) -> int:
    """Make every waiting write that failed before due now. Returns how many; wake the courier then.

    A write of unknown outcome rests until its horizon, whoever asks: read back too early it would be sent twice.
    """
    now, ready = desk.now(), 0
    with transaction(desk.db):
        for each in decisions.deliveries(desk.db, states=(DeliveryState.APPROVED, DeliveryState.UNKNOWN)):
            if each.error and each.due_at > now and _may_go(desk, each):
                decisions.bring_forward(desk.db, each.op_id, now)
                ready += 1
    return ready


def _may_go(desk: Desk, delivery: Delivery) -> bool:
    since = delivery.changed_at or delivery.approved_at
    return delivery.state is DeliveryState.APPROVED or desk.now() - since >= PATIENCE.horizon
