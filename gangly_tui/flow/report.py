"""Report: what a week came to, from the trail and the store. What was not recorded is not said, never estimated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from statistics import median

from gangly_tui.domain.audit import AuditEntry, AuditKind
from gangly_tui.domain.proposal import Action, Proposal, ProposalState
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.hygiene import Week, look, week_of
from gangly_tui.flow.shadow import was_blocked
from gangly_tui.store import decisions, engagement, mirror, trail_read
from gangly_tui.store import hygiene as kept
from gangly_tui.store.effort import Effort, effort_of

_PAGE = 500
_DECIDED = (ProposalState.APPROVED, ProposalState.REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTime:
    """One call whose cards were all decided: from its first card to its last decision. `seconds` includes any pause."""

    meeting_id: str
    title: str
    cards: int
    seconds: float
    effort: Effort | None = None
    """what it took at the screen; None where its cards were decided elsewhere"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekReport:
    """Counts of one week. `before` is the last picture of the pipeline before it, `after` the last one in it."""

    start: datetime
    end: datetime
    before: Week | None
    after: Week | None
    approved: int
    edited: int
    rejected: int
    sent: int
    withdrawn: int
    undone: int
    conflicts: int
    refused: int
    duplicates_created: int
    duplicates_blocked: int
    calls: tuple[CallTime, ...]

    @property
    def accepted_unchanged(self) -> float | None:
        """The share of decided cards that were taken as they were; None when none was decided."""
        decided = self.approved + self.rejected
        return (self.approved - self.edited) / decided if decided else None

    @property
    def seconds_per_call(self) -> float | None:
        """The median over the calls; None when none was finished."""
        return median(each.seconds for each in self.calls) if self.calls else None

    @property
    def counted(self) -> tuple[Effort, ...]:
        """What each of the calls took, of those whose cards were decided on the screen."""
        return tuple(each.effort for each in self.calls if each.effort)

    @property
    def keys_per_call(self) -> float | None:
        """The median over the calls that were counted, a click as a key; None when none was."""
        return median(each.actions for each in self.counted) if self.counted else None

    @property
    def seconds_at_cards(self) -> float | None:
        """The median of the time at a call's cards, without long pauses; None when none was counted."""
        return median(each.seconds for each in self.counted) if self.counted else None


def week(desk: Desk, back: int = 0) -> WeekReport:
    """The week that runs, or the one `back` weeks before it. Raises TrailBroken when the trail cannot be read."""
    today = desk.now().date()
    monday = today - timedelta(days=today.weekday(), weeks=back)
    start = datetime.combine(monday, time(), tzinfo=desk.settings.timezone)
    end = min(start + timedelta(days=7), desk.now())
    found = [each for each in _entries(desk, start) if start <= each.at < end or each.at == end]
    cards = {each.op_id: decisions.get_proposal(desk.db, each.op_id) for each in found if each.op_id}
    drafted = [card for card in decisions.proposals_since(desk.db, start - timedelta(days=31)) if not card.undoes]
    before, after = _rates(desk, start, end, running=back == 0)
    counted = _last_decisions(found, cards)
    approved = [card for kind, card in counted if kind is AuditKind.APPROVED]
    sent = [each for each in found if each.kind is AuditKind.SENT]
    return WeekReport(
        start=start,
        end=end,
        before=before,
        after=after,
        approved=len(approved),
        edited=sum(card.edited for card in approved),
        rejected=sum(kind is AuditKind.REJECTED for kind, _ in counted),
        sent=len(sent),
        withdrawn=sum(each.kind is AuditKind.WITHDRAWN for each in found),
        undone=sum(bool(card and card.undoes) for card in (cards.get(each.op_id) for each in sent)),
        conflicts=sum(each.kind is AuditKind.CONFLICT for each in found),
        refused=sum(each.kind is AuditKind.REFUSED for each in found),
        duplicates_created=sum(_doubles(desk, each, cards.get(each.op_id)) for each in sent),
        duplicates_blocked=sum(start <= card.drafted_at <= end and was_blocked(card) for card in drafted),
        calls=tuple(_calls(desk, found, cards)),
    )


def _entries(desk: Desk, since: datetime) -> Iterator[AuditEntry]:
    """The trail from its end back to a moment."""
    offset = 0
    while page := trail_read.entries_at(desk.db, offset, _PAGE):
        yield from page
        if page[-1].at < since:
            return
        offset += len(page)


def _last_decisions(found: list[AuditEntry], cards: dict[str, Proposal | None]) -> list[tuple[AuditKind, Proposal]]:
    """How each card was decided last in these entries, newest first; one that was taken back is not decided."""
    seen: set[str] = set()
    counted: list[tuple[AuditKind, Proposal]] = []
    for each in found:
        if each.op_id in seen or each.kind not in (AuditKind.APPROVED, AuditKind.REJECTED, AuditKind.WITHDRAWN):
            continue
        seen.add(each.op_id)
        card = cards.get(each.op_id)
        if card is not None and not card.undoes and each.kind is not AuditKind.WITHDRAWN:
            counted.append((each.kind, card))
    return counted


def _doubles(desk: Desk, entry: AuditEntry, card: Proposal | None) -> bool:
    """Whether a contact that was created has the mailbox of another one that is there."""
    if card is None or card.action is not Action.CREATE or card.kind is not Kind.CONTACT:
        return False
    made = mirror.get_record(desk.db, RecordRef.parse(entry.target)) if entry.target.count(":") > 1 else None
    return made is not None and mirror.namesakes(desk.db, made) > 0


def _calls(desk: Desk, found: list[AuditEntry], cards: dict[str, Proposal | None]) -> Iterator[CallTime]:
    """The calls whose last decision fell into these entries and that have no card left to decide."""
    last: dict[str, datetime] = {}
    for each in found:
        card = cards.get(each.op_id)
        if card is not None and not card.undoes and each.kind in (AuditKind.APPROVED, AuditKind.REJECTED):
            last[card.meeting_id] = max(last.get(card.meeting_id, each.at), each.at)
    effort = effort_of(desk.db, last)
    for meeting_id, at in last.items():
        meeting = engagement.get_meeting(desk.db, meeting_id)
        open_cards = decisions.proposals(
            desk.db, states=(ProposalState.OPEN, ProposalState.LATER), meeting_id=meeting_id
        )
        done = decisions.proposals(desk.db, states=_DECIDED, meeting_id=meeting_id)
        if meeting is None or open_cards or not done:
            continue
        first = min(each.drafted_at for each in done)
        yield CallTime(
            meeting_id=meeting_id,
            title=meeting.title,
            cards=sum(not each.undoes for each in done),
            seconds=max((at - first).total_seconds(), 0.0),
            effort=effort.get(meeting_id),
        )


def _rates(desk: Desk, start: datetime, end: datetime, *, running: bool) -> tuple[Week | None, Week | None]:
    """The gap rate as it stood when the week began and as it stood at its end, or stands now."""
    before = after = None
    for day, sums in kept.days(desk.db, start.date() - timedelta(days=31)):
        rate = week_of(day, sums)
        if day <= start.date():  # a picture is taken at the first look of its day
            before = rate
        elif day <= end.date():
            before, after = before or rate, rate
    if running:
        found = look(desk)
        now = week_of(end.date(), found.stages)
        after = now if found.deals else after
    return before, after
