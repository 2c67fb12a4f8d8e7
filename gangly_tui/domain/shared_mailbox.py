"""One address, several people: whether whoever has the mailbox of a contact may be somebody else all the same."""

from __future__ import annotations

from gangly_tui.domain.dedupe_people import Known, names_apart
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.records import Kind, Record, RecordRef

_NEW = RecordRef(system="", kind=Kind.CONTACT, id="")
_SHARED = frozenset(
    """info hello hi contact contacts office sales support team admin reception frontdesk mail post service services hr
    jobs careers press welcome enquiries inquiries enquiry procurement purchasing orders billing invoice invoices
    accounting accounts finance legal marketing events it kontakt buero einkauf vertrieb verwaltung hallo contacto
    ventas compras contatto ufficio commerciale accueil achats family familie""".split()
)
"""What stands before the @ of an address that is nobody's alone."""


def somebody_else(first: str, last: str, email: str, there: Record) -> bool:
    """Whether the record that has this mailbox bears another name: a shared desk, or an address of a whole house.

    Of an address that may be one person's, a family name in common is enough to be that person.
    """
    new = Known(ref=_NEW, name=f"{first} {last}".strip(), first=first, last=last)
    old = Known(ref=there.ref, name=there.title, first=there.text("first_name"), last=there.text("last_name"))
    first_apart, last_apart = names_apart(new, old)
    return first_apart and (last_apart or mailbox(email).partition("@")[0] in _SHARED)


def shared_words(email: str, there: Record) -> str:
    """What the card of somebody else says: whose mailbox it is already."""
    return f"{email} is the address of {there.title} already: shared, or the same person?"
