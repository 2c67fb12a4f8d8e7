"""The cards that wait, grouped by call, and which one comes after which. Reads the store; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.outbox import SETTLED, Delivery, DeliveryState
from gangly_tui.domain.proposal import Action, Proposal, ProposalState, Risk
from gangly_tui.domain.records import FieldType, Kind, RecordRef
from gangly_tui.flow.prepare import MeetingState, day
from gangly_tui.store import decisions, engagement, mirror, trail
from gangly_tui.store.card_counts import counts_by_meeting
from gangly_tui.store.mail import subject_of
from gangly_tui.store.signals import call_title
from gangly_tui.tui.messages import Tone
from gangly_tui.tui.widgets.card_rows import Face
from gangly_tui.tui.widgets.change_diff import Eyes

if TYPE_CHECKING:
    from gangly_tui.flow.deliver import Outcome
    from gangly_tui.flow.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One meeting's cards. `title` is raw; `start` is None when the calendar no longer has the meeting."""

    meeting_id: str
    title: str
    start: datetime | None
    cards: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Everything that waits, as calls in the order they are decided."""

    calls: tuple[Call, ...] = ()
    later: frozenset[str] = frozenset()
    """ids of the cards that were put off"""

    @property
    def cards(self) -> tuple[Proposal, ...]:
        """All cards, call after call."""
        return tuple(card for call in self.calls for card in call.cards)

    def get(self, card_id: str) -> Proposal | None:
        """The card, when it still waits."""
        return next((each for each in self.cards if each.id == card_id), None)

    def call_of(self, card_id: str) -> Call | None:
        """The call a card belongs to."""
        return next((call for call in self.calls if any(card.id == card_id for card in call.cards)), None)

    def without(self, card_id: str) -> Waiting:
        """The same without one card, and without its call when that was the last."""
        calls = (replace(call, cards=tuple(card for card in call.cards if card.id != card_id)) for call in self.calls)
        return replace(self, calls=tuple(call for call in calls if call.cards), later=self.later - {card_id})

    def following(self, before: Waiting, card_id: str) -> str:
        """Which card to show when `card_id`, which stood in `before`, was decided or put off.

        The rest of its call first (what came back to an earlier place included), then the calls below, then above;
        a card that was put off only when nothing else is left. "" when nothing waits.
        """
        order = [each.id for each in before.cards]
        at = order.index(card_id) if card_id in order else -1
        behind = {each: number for number, each in enumerate(order)}
        old_call = before.call_of(card_id)
        same_call = old_call.meeting_id if old_call else ""
        calls = [each.meeting_id for each in self.calls]
        from_call = calls.index(same_call) if same_call in calls else 0

        def rank(card: Proposal) -> tuple[bool, bool, int, bool, int]:
            distance = (calls.index(card.meeting_id) - from_call) % max(len(calls), 1)
            place = behind.get(card.id, -1)
            passed = card.meeting_id == same_call and place < at
            return (card.id == card_id, card.id in self.later, distance, passed, place)

        found = sorted((each for each in self.cards if each.id != card_id or each.id in self.later), key=rank)
        return found[0].id if found else ""

    def beside(self, card_id: str, by: int) -> str:
        """The card `by` places on; the ends are ends."""
        order = [each.id for each in self.cards]
        if card_id not in order:
            return order[0] if order else ""
        return order[max(min(order.index(card_id) + by, len(order) - 1), 0)]


def load(desk: Desk, first_meeting: str = "") -> Waiting:
    """What waits now: calls by time, `first_meeting` before all.

    In a call what came back stands first and what was put off last.
    """
    opened = decisions.proposals(desk.db, states=(ProposalState.OPEN,))
    put_off = decisions.proposals(desk.db, states=(ProposalState.LATER,))
    later = frozenset(each.id for each in put_off)
    groups: dict[str, list[Proposal]] = {}
    for card in [*opened, *put_off]:
        groups.setdefault(card.meeting_id, []).append(card)
    calls = [_call(desk, meeting_id, cards, later) for meeting_id, cards in groups.items()]
    calls.sort(
        key=lambda each: (each.meeting_id != first_meeting, each.start.timestamp() if each.start else float("inf"))
    )
    return Waiting(calls=tuple(calls), later=later)


def _call(desk: Desk, meeting_id: str, cards: list[Proposal], later: frozenset[str]) -> Call:
    meeting = engagement.get_meeting(desk.db, meeting_id)
    cards.sort(key=lambda each: (each.id in later, not came_back(each)))
    return Call(
        meeting_id=meeting_id,
        title=(meeting.title or "(no title)")
        if meeting
        else call_title(desk.db, meeting_id)
        or subject_of(desk.db, meeting_id)
        or "a meeting that is no longer in the calendar",
        start=meeting.start if meeting else None,
        cards=tuple(cards),
    )


def came_back(card: Proposal) -> bool:
    """Whether the card returned from the CRM, or takes something back: it wants an answer before the others."""
    return bool(card.conflict or card.replaces or card.undoes)


def short_name(card: Proposal) -> str:
    """The card in a list, raw: the field, or what is new."""
    if card.sends:
        return f"Send the mail to {card.target_name}"
    if card.action is Action.UPDATE:
        fields = ", ".join(each.label for each in card.changes)
        return fields if card.kind is Kind.OPPORTUNITY else f"{card.target_name}: {fields}"
    verb = "Remove " if card.action is Action.REMOVE else ""
    if card.group == "next step":
        subject = next((str(each.after or each.before) for each in card.changes if each.field == "subject"), "")
        return f"{verb}Task: {subject}"
    if card.group == "contact":
        return f"{verb}Contact: {card.target_name}"
    if card.group == "outreach":
        return f"{verb}Mail to {card.target_name}"
    name = card.group or card.kind.label
    return f"{verb}{name}" if verb else name.capitalize()


def mark(card: Proposal) -> tuple[str, str]:
    """The card's sign in a list and its style: shape first, colour second."""
    if card.conflict:
        return "≠", "bold $warn"
    if card.undoes:
        return "↶", "$warn"
    if card.needs_choice:
        return "?", "bold $warn"
    if card.note:
        return "!", "$warn"
    return {Risk.FORECAST: ("▲", "$warn"), Risk.NEW_RECORD: ("+", "$warn")}.get(card.risk, ("·", "$quiet"))


def plural(count: int, one: str) -> str:
    """`1 card`, `3 cards`."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One approved write of today. `name` is raw."""

    name: str
    delivery: Delivery


def writes_today(desk: Desk) -> list[Write]:
    """What was approved since midnight, newest first, however it was approved."""
    midnight = desk.now().replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    for delivery in reversed(decisions.deliveries(desk.db, since=midnight)):
        card = decisions.get_proposal(desk.db, delivery.op_id)
        if card is not None:
            found.append(Write(name=short_name(card), delivery=delivery))
    return found


def rejected_today(desk: Desk) -> int:
    """How many cards the rep turned down since midnight."""
    midnight = desk.now().replace(hour=0, minute=0, second=0, microsecond=0)
    newest = trail.entries(desk.db, limit=500, newest_first=True, kind=AuditKind.REJECTED)
    return sum(1 for each in newest if each.at >= midnight)


def face_of(desk: Desk, waiting: Waiting, card: Proposal) -> Face:
    """The card with what it needs to be read: its number, names of records, and what the rep did with such cards."""
    call = waiting.call_of(card.id)
    cards = call.cards if call else (card,)
    counts = counts_by_meeting(desk.db).get(card.meeting_id, {})
    done = counts.get(ProposalState.APPROVED, 0) + counts.get(ProposalState.REJECTED, 0)
    about = card.changes[0].field if len(card.changes) == 1 else card.rule
    accepted, decided = decisions.acceptance(desk.db, about)
    target = mirror.get_record(desk.db, card.target) if card.target else None
    return Face(
        card=card,
        eyes=Eyes(now=desk.now(), names=_names(desk, card), currency=target.text("currency") if target else ""),
        number=done + [each.id for each in cards].index(card.id) + 1,
        total=done + len(cards),
        put_off=card.id in waiting.later,
        accepted=accepted,
        decided=decided,
        window=desk.window(),
    )


_POINTS_TO = {"account": Kind.ACCOUNT, "opportunity": Kind.OPPORTUNITY, "contacts": Kind.CONTACT}


def _names(desk: Desk, card: Proposal) -> dict[str, str]:
    """The names of the records that the card's fields point to, by id, as far as the store knows them."""
    found = {}
    for change in card.changes:
        if change.type not in (FieldType.REFERENCE, FieldType.REFERENCES) or change.field not in _POINTS_TO:
            continue
        for value in (change.before, change.after):
            for each in value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ():
                ref = RecordRef(system=desk.reader.system, kind=_POINTS_TO[change.field], id=each)
                record = mirror.get_record(desk.db, ref)
                if record is not None:
                    found[each] = record.title
    return found


def home_of(card: Proposal, system: str) -> RecordRef | None:
    """The record a card writes to; for a new one, what it hangs on: the deal, else the account."""
    if card.target is not None:
        return card.target
    values = {each.field: each.after for each in card.changes}
    for field in ("opportunity", "account"):
        value = values.get(field)
        if isinstance(value, str) and value:
            return RecordRef(system=system, kind=_POINTS_TO[field], id=value)
    return None


def next_for_notes(desk: Desk) -> str:
    """The first meeting of today that still waits for notes or for its transcript to be read, "" when none does."""
    pending = (MeetingState.NOTES_PENDING, MeetingState.TRANSCRIPT_READY)
    return next((each.meeting.id for each in day(desk, desk.now().date()) if each.state in pending), "")


def notes_for(desk: Desk, card: Proposal | None) -> str:
    """The meeting whose notes `n` opens: the card's own, else the next that has none."""
    if card is not None and engagement.get_meeting(desk.db, card.meeting_id):
        return card.meeting_id
    return next_for_notes(desk)


def nothing_waits(desk: Desk) -> tuple[str, list[str]]:
    """Heading and sentences for the empty list: what was decided today, what became of it, what is next. Raw text."""
    states = [each.delivery.state for each in writes_today(desk)]
    kept = [each for each in states if each is not DeliveryState.WITHDRAWN]
    rejected = rejected_today(desk)
    sentences = []
    if kept or rejected:
        written = sum(1 for each in kept if each is DeliveryState.SENT)
        under_way = sum(1 for each in kept if each not in SETTLED)
        parts = [f"{plural(len(kept), 'card')} approved", f"{written} saved and read back"]
        parts += [f"{under_way} on the way"] if under_way else []
        parts += [f"{rejected} rejected"] if rejected else []
        sentences.append("Today: " + ", ".join(parts) + ".")
    pending = next_for_notes(desk)
    meeting = engagement.get_meeting(desk.db, pending) if pending else None
    if meeting is not None:
        at = meeting.start.astimezone(desk.settings.timezone)
        sentences.append(
            f"n opens the notes of the next call without cards: {meeting.title or '(no title)'}, {at:%H:%M}."
        )
    else:
        sentences.append("Cards come from notes: 1 shows the day, n opens the notes of the highlighted meeting.")
    if kept:
        sentences.append("u takes the last write back. 5 shows every decision with its before, after and quote.")
    return "Nothing waits for you.", sentences


def outcome_words(outcomes: tuple[Outcome, ...]) -> tuple[str, str, Tone]:
    """One sentence, the next thing to do and the tone for a round of deliveries; trouble is told before success."""
    back = [e for e in outcomes if e.delivery.state in (DeliveryState.CONFLICT, DeliveryState.REJECTED)]
    if back:
        more = f" (and {len(back) - 1} more)" if len(back) > 1 else ""
        fix = back[0].delivery.fix or "its card is back in this list"
        return f"{short_name(back[0].proposal)}: {back[0].message}{more}", fix, "bad"
    waiting = [each for each in outcomes if each.delivery.state is not DeliveryState.SENT]
    if waiting:
        return f"{short_name(waiting[0].proposal)}: {waiting[0].message}", "", "busy"
    if len(outcomes) == 1:
        return f"{short_name(outcomes[0].proposal)}: {outcomes[0].message}", "", "good"
    return f"{len(outcomes)} writes saved, read back", "", "good"


def holds_both(card: Proposal) -> bool:
    """Whether theirs and mine of a conflict can stand in one text."""
    conflict = card.conflict
    return conflict is not None and any(
        each.field == conflict.field and each.type in (FieldType.TEXT, FieldType.LONG_TEXT) for each in card.changes
    )
