"""Invite: the rep asks for the next meeting. Lays out a card; nobody is invited before it is approved."""

from __future__ import annotations

from datetime import datetime

from gangly_tui.domain.cards import Table, meeting_source
from gangly_tui.domain.errors import DecisionError, InputError
from gangly_tui.domain.invitation import MINUTES, invitation, meeting_step
from gangly_tui.domain.mail import MAIL_FILES
from gangly_tui.domain.proposal import Proposal, ProposalState
from gangly_tui.domain.records import Kind
from gangly_tui.flow.capture import meeting_of
from gangly_tui.flow.decide import queue
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.prepare import match
from gangly_tui.store import decisions, engagement, mirror
from gangly_tui.store.database import transaction

_LONGEST = 24 * 60


def invite(desk: Desk, meeting_id: str, at: datetime | None = None, minutes: int = MINUTES) -> Proposal:
    """Lay out the invitation to the next meeting with these people, in the place of an earlier one nobody decided.

    Without `at` it stands on the day that was agreed. Raises InputError, DecisionError.
    """
    meeting = meeting_of(desk, meeting_id)
    if desk.drafts in ("", MAIL_FILES):
        raise DecisionError(
            "no calendar is connected that takes invitations", fix="gangly connect google --with drafts"
        )
    if at is not None and at <= desk.now():
        raise InputError(f"{at:%Y-%m-%d %H:%M} is over", fix="name a time to come")
    if not 0 < minutes <= _LONGEST:
        raise InputError("a meeting lasts some minutes, up to a day", fix="--minutes 30")
    if meeting.private:
        raise DecisionError("this appointment is private: nothing is made of it")
    found = match(desk.db, meeting, desk.settings.our_domains)
    known = mirror.linked(desk.db, found.account.ref, Kind.CONTACT, limit=200) if found.account else []
    table = Table(
        meeting=meeting,
        system=desk.reader.system,
        account=found.account,
        deals=(),
        contacts=tuple(known),
        attendees=tuple(found.contacts.values()),
        lookups={},
        schemas={},
        hierarchy=desk.hierarchy,
        user=desk.settings.user,
        source=meeting_source("notes", meeting.start.date()),
        now=desk.now(),
        new_id=desk.new_id,
        mail_regions=desk.settings.mail_regions,
    )
    draft = engagement.draft_of(desk.db, meeting_id)
    step = meeting_step(draft.next_steps, desk.now()) if draft else None
    who = desk.settings
    card = invitation(
        table, home=desk.drafts, rep=who.user_name, our_domains=who.our_domains, step=step, at=at, minutes=minutes
    )
    if card is None:
        raise DecisionError("nobody from outside is in this meeting who takes mail, so there is nobody to invite")
    with transaction(desk.db):
        for old in queue(desk, meeting_id):
            if old.kind is Kind.INVITATION and not (old.undoes or old.conflict or old.replaces):
                decisions.set_proposal_state(desk.db, old.id, ProposalState.SUPERSEDED)
        decisions.save_proposals(desk.db, [card])
    return card


def asks_when(card: Proposal) -> bool:
    """Whether nobody has said yet when the meeting is."""
    return card.kind is Kind.INVITATION and bool(card.note) and not card.edited
