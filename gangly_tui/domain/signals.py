"""Signals: what happened beside the calls and asks for a next step. They never leave this machine.

Pure detectors over facts that `flow.signals` gathers; a signal's words are raw: clean them before showing them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeGuard

from gangly_tui.domain.mail import Mail
from gangly_tui.domain.records import Kind, Meeting, Record, RecordRef
from gangly_tui.domain.relations import JobChange


class SignalKind(StrEnum):
    """What happened."""

    BOOKED = "meeting booked"
    MOVED = "meeting moved"
    CANCELLED = "meeting cancelled"
    REPLY = "reply after silence"
    STAKEHOLDER = "new stakeholder"
    JOB = "job change"
    STAGE = "stage moved"
    STALLED = "deal stalled"
    PAST = "close date passed"
    USAGE = "usage"
    INTENT = "intent"


FROM_OUTSIDE = (SignalKind.USAGE, SignalKind.INTENT)
"""The kinds that a file or another program may bring."""
STANDING = (SignalKind.STALLED, SignalKind.PAST)
"""The kinds that hold for as long as the deal stands so, and are over when it does not."""


class SignalState(StrEnum):
    """Where a signal stands with the rep."""

    OPEN = "open"
    WORKED = "worked"
    DONE = "done"
    DISMISSED = "dismissed"
    AGED = "aged"


SILENCE_DAYS = 14
"""Somebody who has not written for this long was silent."""
STAGE_DAYS, QUIET_DAYS = 35, 21
"""A deal is stalled when it has stood in its stage for the first and nothing was done for the second."""
_LASTS = {
    SignalKind.CANCELLED: 7, SignalKind.REPLY: 14, SignalKind.STAKEHOLDER: 30, SignalKind.JOB: 60,
    SignalKind.STAGE: 14, SignalKind.STALLED: 30, SignalKind.PAST: 30, SignalKind.USAGE: 30, SignalKind.INTENT: 30,
}  # fmt: skip
_MACHINES = frozenset(
    """noreply no-reply donotreply do-not-reply notifications notification newsletter news mailer-daemon postmaster
    bounce bounces billing invoice invoices accounting calendar alerts marketing updates""".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing that happened. `id` is its deduplication key: the same thing seen again is the same signal.

    Of several open signals of one `topic` only the newest stands. `source` is where it comes from: "meeting:ID",
    "mail:SYSTEM:ID", an address on the web, "" for what its deal or contact tells. `days` counts a silence or a stall.
    """

    id: str
    kind: SignalKind
    title: str
    at: datetime
    expires_at: datetime
    detail: str = ""
    who: str = ""
    email: str = ""
    account: RecordRef | None = None
    contact: RecordRef | None = None
    deal: RecordRef | None = None
    topic: str = ""
    source: str = ""
    days: int = 0

    @property
    def call_id(self) -> str:
        """What stands in place of the meeting on this signal's cards."""
        return f"{CALLS}{self.id}"


CALLS = "signal:"
"""Begins the place of the meeting on a card that a signal led to."""


def signal_id(kind: SignalKind, *parts: str) -> str:
    """The same for the same thing, short enough to type, and it tells nothing of what it is about."""
    return hashlib.sha256(json.dumps([kind.value, *parts]).encode()).hexdigest()[:12]


def lasts_until(kind: SignalKind, at: datetime) -> datetime:
    """When such a signal of that moment has aged out."""
    return at + timedelta(days=_LASTS.get(kind, 14))


# -- meetings -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingChange:
    """A meeting that was booked, moved or cancelled; `was` is its start before."""

    kind: SignalKind
    meeting: Meeting
    was: datetime | None = None


def meeting_changes(
    before: Mapping[str, Meeting],
    after: Sequence[Meeting],
    gone: Iterable[str],
    *,
    horizon: datetime | None,
    now: datetime,
    me: Collection[str],
) -> list[MeetingChange]:
    """What changed in a calendar between two looks, by start; of a series one change of a kind, its first.

    `horizon` is how far the last look went, None when there was none: what lies beyond it only came into view. What
    the rep organizes they have changed themselves. `me` are the rep's addresses, lower case.
    """
    found: list[MeetingChange] = []
    series = {each.series_id for each in before.values() if each.series_id}
    for each in after:
        old = before.get(each.id)
        if each.start <= now and not (old and old.start > now):
            continue
        if old is None:
            if horizon and each.start < horizon and not each.cancelled and each.series_id not in series:
                found.append(MeetingChange(kind=SignalKind.BOOKED, meeting=each))
        elif each.cancelled and not old.cancelled:
            found.append(MeetingChange(kind=SignalKind.CANCELLED, meeting=each, was=old.start))
        elif old.start != each.start and not each.cancelled:
            found.append(MeetingChange(kind=SignalKind.MOVED, meeting=each, was=old.start))
    for name in gone:
        old = before.get(name)
        if old and old.start > now and not old.cancelled:
            found.append(MeetingChange(kind=SignalKind.CANCELLED, meeting=old, was=old.start))
    found.sort(key=lambda change: change.meeting.start)
    once: dict[tuple[SignalKind, str], MeetingChange] = {}
    for change in found:
        if not (change.meeting.private or _organized_by(change.meeting, me)):
            once.setdefault((change.kind, change.meeting.series_id or change.meeting.id), change)
    return list(once.values())


def _organized_by(meeting: Meeting, me: Collection[str]) -> bool:
    return any(each.organizer and each.email.lower() in me for each in meeting.attendees)


def meeting_signal(
    change: MeetingChange,
    *,
    account: Record | None,
    contact: Record | None,
    deal: Record | None,
    now: datetime,
    say: Mapping[str, str],
) -> Signal:
    """The signal of a change. `say` has its moments in words: "is" and, where it was elsewhere, "was"."""
    meeting, kind = change.meeting, change.kind
    where = account.title if account else contact.title if contact else ""
    detail = {
        SignalKind.BOOKED: f"{say['is']}, with {where}",
        SignalKind.MOVED: f"{where}: was {say.get('was', '')}, now {say['is']}",
        SignalKind.CANCELLED: f"{where}: was {say.get('was', '')}; cancelled, or no longer in the calendar",
    }[kind]
    return Signal(
        id=signal_id(kind, meeting.system, meeting.series_id or meeting.id, meeting.start.isoformat()),
        kind=kind,
        title=meeting.title or "(no title)",
        detail=detail,
        at=now,
        expires_at=lasts_until(kind, now) if kind is SignalKind.CANCELLED else meeting.start,
        who=contact.title if contact else "",
        email=contact.text("email") if contact else "",
        account=account.ref if account else None,
        contact=contact.ref if contact else None,
        deal=deal.ref if deal else None,
        topic=f"meeting {meeting.system} {meeting.series_id or meeting.id}",
        source="" if kind is SignalKind.CANCELLED else f"meeting:{meeting.id}",
    )


# -- people ---------------------------------------------------------------------------------------------------------


def is_person(email: str) -> bool:
    """Whether an address may be a person's, not a machine's that writes to everybody."""
    return email.lower().partition("@")[0].partition("+")[0] not in _MACHINES


def silence_before(mail: Mail, earlier: Iterable[Mail]) -> int:
    """How many days the writer of a mail was silent before it; 0 when they were not, or had never been in touch."""
    before = [each for each in earlier if each.at < mail.at and not each.bounced]
    theirs = [each.at for each in before if each.sender.email.lower() == mail.sender.email.lower()]
    last = max(theirs) if theirs else min((each.at for each in before), default=None)
    days = (mail.at - last).days if last else 0
    return days if days >= SILENCE_DAYS else 0


def reply_signal(mail: Mail, days: int, contact: Record, account: Record | None, deal: Record | None) -> Signal:
    """Somebody wrote again."""
    kind = SignalKind.REPLY
    return Signal(
        id=signal_id(kind, mail.system, mail.message_id or mail.id),
        kind=kind,
        title=f"{contact.title} wrote after {days} days",
        detail=mail.subject,
        at=mail.at,
        expires_at=lasts_until(kind, mail.at),
        who=contact.title,
        email=contact.text("email"),
        account=account.ref if account else None,
        contact=contact.ref,
        deal=deal.ref if deal else None,
        topic=f"reply {contact.ref}",
        source=f"mail:{mail.system}:{mail.id}",
        days=days,
    )


def stakeholder_signal(
    name: str, email: str, box: str, account: Record, deal: Record | None, *, where: str, source: str, at: datetime
) -> Signal:
    """Somebody of an account's company who is no contact yet; `where` says how they were met."""
    kind = SignalKind.STAKEHOLDER
    return Signal(
        id=signal_id(kind, box, str(account.ref)),
        kind=kind,
        title=f"{name or email} is new at {account.title}",
        detail=where,
        at=at,
        expires_at=lasts_until(kind, at),
        who=name,
        email=email,
        account=account.ref,
        deal=deal.ref if deal else None,
        source=source,
    )


def job_signal(change: JobChange, contact: Record, deal: Record | None, at: datetime) -> Signal:
    """A contact works elsewhere than in the LinkedIn export before."""
    kind = SignalKind.JOB
    now_at = ", ".join(filter(None, (change.position, change.company)))
    account = contact.text("account")
    return Signal(
        id=signal_id(kind, change.url or change.name, change.company, change.seen_on.isoformat()),
        kind=kind,
        title=f"{change.name} left {change.company_before}",
        detail=f"now {now_at}; seen on {change.seen_on.isoformat()}",
        at=at,
        expires_at=lasts_until(kind, at),
        who=contact.title,
        email="",  # the address they had there is nobody's any more
        account=RecordRef(system=contact.ref.system, kind=Kind.ACCOUNT, id=account) if account else None,
        contact=contact.ref,
        deal=deal.ref if deal else None,
        topic=f"job {contact.ref}",
        source=change.url,
    )


# -- deals ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DealFacts:
    """A deal with when anything was last done about it, None when nothing ever was, and the deal's first contact."""

    deal: Record
    last_done: datetime | None
    contact: Record | None = None


def standing_signal(facts: DealFacts, now: datetime) -> Signal | None:
    """A close date that has passed, else a stall, of a deal that is open; None when it is well."""
    deal, today = facts.deal, now.date()
    close, since = deal.fields.get("close_date"), deal.fields.get("stage_since")
    if is_closed(deal.text("stage")):
        return None
    if _is_day(close) and close < today:
        late = (today - close).days
        ago = "1 day ago" if late == 1 else f"{late} days ago"
        detail = f"{deal.text('stage')}, was to close on {close.isoformat()}, {ago}"
        return _of_deal(SignalKind.PAST, facts, now, detail, days=late, part=close.isoformat())
    if not _is_day(since) or (today - since).days < STAGE_DAYS:
        return None
    quiet = (now - facts.last_done).days if facts.last_done else (today - since).days
    if quiet < QUIET_DAYS:
        return None
    detail = f"{deal.text('stage')} for {(today - since).days} days, nothing done for {quiet}"
    return _of_deal(SignalKind.STALLED, facts, now, detail, days=quiet, part=since.isoformat())


def stage_signal(facts: DealFacts, since: datetime, now: datetime, *, me: Collection[str]) -> Signal | None:
    """Somebody else moved the deal's stage after `since`; None when nobody did. `me`: the rep's names, casefolded."""
    stamp = facts.deal.changed.get("stage")
    if stamp is None or not stamp.by or stamp.at <= since or stamp.by.casefold() in me:
        return None
    stage = facts.deal.text("stage")
    return _of_deal(
        SignalKind.STAGE, facts, stamp.at, f"{stamp.by} moved it to {stage}", part=f"{stage} {stamp.at.isoformat()}"
    )


def is_closed(stage: str) -> bool:
    """Whether a stage ends a deal."""
    return stage.lower().startswith("closed")


def _of_deal(kind: SignalKind, facts: DealFacts, at: datetime, detail: str, *, part: str, days: int = 0) -> Signal:
    deal, contact = facts.deal, facts.contact
    account = deal.text("account")
    return Signal(
        id=signal_id(kind, str(deal.ref), part),
        kind=kind,
        title=deal.title,
        detail=detail,
        at=at,
        expires_at=lasts_until(kind, at),
        who=contact.title if contact else "",
        email=contact.text("email") if contact else "",
        account=RecordRef(system=deal.ref.system, kind=Kind.ACCOUNT, id=account) if account else None,
        contact=contact.ref if contact else None,
        deal=deal.ref,
        topic=f"{kind.value} {deal.ref}",
        days=days,
    )


def _is_day(value: object) -> TypeGuard[date]:
    return isinstance(value, date) and not isinstance(value, datetime)
