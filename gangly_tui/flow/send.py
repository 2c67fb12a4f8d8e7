"""Send: a draft that an approved card made leaves, after a second look at the mail as it lies in the mailbox."""

from __future__ import annotations

from gangly_tui.domain.errors import DecisionError, NotFound
from gangly_tui.domain.mail import MAIL_FILES
from gangly_tui.domain.outbox import Delivery, DeliveryState
from gangly_tui.domain.proposal import Action, FieldChange, Proposal, Risk
from gangly_tui.domain.reach import named_in
from gangly_tui.domain.records import FIELDS, Kind, Record, RecordRef
from gangly_tui.flow import decide
from gangly_tui.flow.consent import NOT_PROCESSED, gate_of, left_alone_since
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions
from gangly_tui.store.database import transaction

_LABELS = {"to": "To", "cc": "Cc", "subject": "Subject", "answers": "Answers", "body": "Text", "status": "Goes into"}
_GONE = "it lies in your mailbox no more"


def can_send(card: Proposal) -> bool:
    """Whether `S` is for this card: it puts a mail into a mailbox that can send it."""
    return card.kind is Kind.MAIL and card.action is Action.CREATE and card.home not in ("", MAIL_FILES)


def draft_of(desk: Desk, card: Proposal) -> RecordRef:
    """The draft that a card made. Raises DecisionError where there is none to send."""
    if card.kind is not Kind.MAIL or card.action is not Action.CREATE:
        raise DecisionError(f"{card.heading} is no mail", fix="a follow-up can be sent, once it lies in your drafts")
    if not can_send(card):
        raise DecisionError("a file is not sent from here", fix="open it in your mail program and send it there")
    delivery = decisions.get_delivery(desk.db, card.id)
    if delivery is None or delivery.state is not DeliveryState.SENT or not delivery.result:
        where = f"it is {delivery.state}" if delivery else "it was not approved"
        raise DecisionError(f"this mail does not lie in your drafts: {where}", fix="approve it first: a in Review")
    if decide.is_sent(desk, delivery):
        raise DecisionError("this mail was sent, or is on its way", fix="5 shows what became of it")
    return RecordRef.parse(delivery.result)


def unsent(desk: Desk) -> list[Proposal]:
    """The cards of today whose drafts can still be sent, the newest first."""
    midnight = desk.now().replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    for delivery in reversed(decisions.deliveries(desk.db, states=(DeliveryState.SENT,), since=midnight)):
        card = decisions.get_proposal(desk.db, delivery.op_id)
        if card is not None and can_send(card) and not decide.is_sent(desk, delivery):
            found.append(card)
    return found


async def look(desk: Desk, card: Proposal) -> Proposal:
    """The card that would send a draft, with the whole mail as it lies in the mailbox now. It is kept nowhere yet.

    Raises DecisionError, also for somebody who may get no mail; NotFound, Unreachable, SignInNeeded.
    """
    ref = draft_of(desk, card)
    try:
        stands = await desk.look_at(ref)
    except NotFound as error:
        raise NotFound(_GONE, fix="it was deleted there, or sent") from error
    except TimeoutError as error:
        raise DecisionError(f"{ref.system} gave no answer in time", fix="S tries again") from error
    if stands.fields.get("status") == "sent":
        raise DecisionError("this mail was sent from your mailbox", fix="it lies among your sent mails")
    if left_alone_since(desk.db, card):
        raise DecisionError(
            NOT_PROCESSED, fix="delete the draft in your mailbox, or process the call again: X on Today"
        )
    if why := await gate_of(desk).asked(named_in(stands.fields)):
        raise DecisionError(why, fix="take them out of the draft in your mailbox, then S looks again")
    return _sending(desk, card, stands)


def _sending(desk: Desk, card: Proposal, stands: Record) -> Proposal:
    """Bound to every field as it was read: a draft that is changed until it leaves is not sent."""
    types = FIELDS[Kind.MAIL]
    changes = tuple(
        FieldChange(
            field=name,
            label=label,
            type=types[name],
            before=stands.fields.get(name),
            after="sent" if name == "status" else stands.fields.get(name),
        )
        for name, label in _LABELS.items()
        if stands.fields.get(name) is not None
    )
    return Proposal(
        id=desk.new_id(),
        meeting_id=card.meeting_id,
        action=Action.UPDATE,
        kind=Kind.MAIL,
        target=stands.ref,
        target_name=card.target_name,
        changes=changes,
        drafted_at=desk.now(),
        source=card.source,
        base_version=stands.version,
        rule="sends the mail as it lies among your drafts; it cannot be taken back",
        risk=Risk.IN_YOUR_NAME,
        group="follow-up",
        home=stands.ref.system,
    )


def send(desk: Desk, draft: Proposal, card: Proposal, *, view: str) -> Delivery:
    """A person, having read the whole mail of `card`, sends it: approved and due in one step.

    `draft` is the card that made it. Raises DecisionError where it was sent meanwhile.
    """
    with transaction(desk.db):
        if draft_of(desk, draft) != card.target:
            raise DecisionError("that is another mail", fix="look at it again")
        decisions.save_proposals(desk.db, [card])
        return decide.approve(desk, card.id, card.digest(), view=view, at_once=True)
