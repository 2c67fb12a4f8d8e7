"""How a decision or a write is put into the trail: always the same facts, from the card itself, and about whom.

The rule of subjects: an entry about a contact is that person's; one about an activity is that of the contacts on it;
any other is its deal's or account's. A quote is its speaker's where the speaker is a contact who was in the meeting,
otherwise that of all contacts who were. To erase a person later destroys what is theirs alone and what is theirs too.
"""

from __future__ import annotations

from datetime import datetime

from gangly_tui.domain.audit import AuditChange, AuditEntry, AuditKind
from gangly_tui.domain.errors import InputError
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.reach import named_in
from gangly_tui.domain.records import Kind, Record, RecordRef, encode
from gangly_tui.store import engagement, mirror, trail
from gangly_tui.store.database import Connection


def remember(
    db: Connection,
    kind: AuditKind,
    card: Proposal,
    *,
    at: datetime,
    user: str,
    system: str,
    detail: str = "",
    target: str = "",
    view: str = "",
) -> AuditEntry:
    """Append one entry about a card. Call it inside the transaction that changes the state it tells of."""
    quote = card.evidence.text if card.evidence else ""
    subjects = _subjects(db, card, system, target)
    return trail.append(
        db,
        at=at,
        kind=kind,
        user=user,
        source=card.source,
        system=system,
        target=target or (str(card.target) if card.target else f"new {card.kind.value}"),
        target_name=card.target_name,
        changes=tuple(
            AuditChange(field=each.field, before=encode(each.before), after=encode(each.after)) for each in card.changes
        ),
        quote=quote,
        op_id=card.id,
        payload_sha256=card.payload_sha256(),
        view_sha256=view,
        detail=detail,
        subjects=subjects,
        speakers=_speakers(db, card, subjects) if quote else (),
    )


def subjects_of(contact: Record) -> tuple[str, ...]:
    """Every name under which the trail may know a contact: what to hand to `trail.erase`."""
    email = mailbox(contact.text("email"))
    return (str(contact.ref), *((_mailbox_subject(email),) if email else ()))


def _mailbox_subject(email: str) -> str:
    return f"mailbox:{email}"


def _subjects(db: Connection, card: Proposal, system: str, target: str) -> tuple[str, ...]:
    ref = _parsed(target) or card.target
    after = {each.field: each.after for each in card.changes}
    if card.kind in (Kind.MAIL, Kind.INVITATION):
        named = named_in(after)
        return tuple(sorted(map(_mailbox_subject, named))) or (trail.card_subject(card.id),)
    if card.kind is Kind.CONTACT and ref is None:
        email = after.get("email")
        person = mailbox(email) if isinstance(email, str) else ""
        return (_mailbox_subject(person) if person else trail.card_subject(card.id),)
    if card.kind is Kind.ACTIVITY:
        stands = mirror.get_record(db, ref) if ref else None
        for name, kind in (("contacts", Kind.CONTACT), ("opportunity", Kind.OPPORTUNITY), ("account", Kind.ACCOUNT)):
            value = after.get(name)
            ids = value if isinstance(value, tuple) else (value,) if isinstance(value, str) and value else ()
            ids = ids or (stands.ids(name) if stands else ())
            if ids:
                return tuple(str(RecordRef(system=system, kind=kind, id=each)) for each in ids)
    return (str(ref) if ref else trail.card_subject(card.id),)


def _parsed(target: str) -> RecordRef | None:
    try:
        return RecordRef.parse(target) if target else None
    except InputError:
        return None


def _speakers(db: Connection, card: Proposal, subjects: tuple[str, ...]) -> tuple[str, ...]:
    """The contacts whose words the quote may be; the subjects when none of the meeting's guests is a contact."""
    meeting = engagement.get_meeting(db, card.meeting_id)
    if meeting is None:
        return subjects
    addresses = {mailbox(each.email) for each in meeting.attendees if each.email}
    present = mirror.contacts_by_mailbox(db, addresses - {""}).values()
    speaker = " ".join((card.evidence.speaker if card.evidence else "").casefold().split())
    named = [each for each in present if speaker in (each.title.casefold(), each.text("first_name").casefold())]
    found = named if len(named) == 1 else present
    return tuple(str(each.ref) for each in found) or subjects
