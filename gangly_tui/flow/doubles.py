"""Doubles: is a new contact in the CRM already, right before it is made; was another made meanwhile, right after."""

from __future__ import annotations

from gangly_tui.domain.errors import NotFound
from gangly_tui.domain.identity import mailbox, person_key
from gangly_tui.domain.ports import RecordReader
from gangly_tui.domain.proposal import Action, Proposal
from gangly_tui.domain.records import Kind, Record
from gangly_tui.store import mirror
from gangly_tui.store.database import Connection


async def there_already(db: Connection, reader: RecordReader, card: Proposal) -> Record | None:
    """Who has the mailbox of the contact that a card would make: by the CRM's own search, then by what is known here.

    A vendor's search may be minutes behind, a read by id is not: what this store knows of the mailbox is read anew. A
    record that has gone since, or whose address is another by now, is nobody's double; nor is one that a person has
    said is somebody else.
    """
    email = next((each.after for each in card.changes if each.field == "email"), None)
    if card.kind is not Kind.CONTACT or not isinstance(email, str):
        return None
    found = await reader.find(card.kind, person_key(email))
    if others := [each for each in found if str(each.ref) not in card.suspects]:
        return others[0]
    box = mailbox(email)
    known = mirror.contacts_by_mailbox(db, [box]).get(box) if box else None
    if known is None or known.ref.system != reader.system or str(known.ref) in card.suspects:
        return None
    try:
        current = await reader.read(known.ref)
    except NotFound:
        return None
    return current if mailbox(current.text("email")) == box else None


async def made_twice(db: Connection, reader: RecordReader, card: Proposal, made: Record | None) -> str:
    """What to say when somebody made the same contact between our look and our write; "" when nobody did.

    Where the system refuses a second one this cannot be. The others come into the mirror, so that an audit names the
    pair before the next pull.
    """
    if made is None or card.action is not Action.CREATE or card.kind is not Kind.CONTACT:
        return ""
    box = mailbox(made.text("email"))
    if not box:
        return ""
    found = await reader.find(card.kind, person_key(box))
    looked_at = {str(made.ref), *card.suspects}
    others = [each for each in found if str(each.ref) not in looked_at and mailbox(each.text("email")) == box]
    if not others:
        return ""
    mirror.save_records(db, others)
    named = ", ".join(str(each.ref) for each in others)
    return f"there twice now: {named} was made at the same moment; merge them in {reader.system}"
