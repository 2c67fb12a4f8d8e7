"""The write side of the search index: which words stand for which row. `search` is the read side.

The index is contentless: it holds words, not texts, so a row's old words must be handed in to take them out. Every
`save_*` and `remove_*` does, in its own transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gangly_tui.domain.records import Kind, Meeting, Record
from gangly_tui.store.bulk import insert_words
from gangly_tui.store.codec import well_formed
from gangly_tui.store.database import Connection

if TYPE_CHECKING:
    from gangly_tui.domain.draft import Notes
    from gangly_tui.domain.mail import Mail
    from gangly_tui.domain.signals import Signal

Entry = tuple[int, str, str]
"""Rowid in the index, title words, body words."""

MEETING = "meeting"
NOTES = "notes"
RECEIVED = "received"
SIGNAL = "signal"
SPACES = (*(each.value for each in Kind), MEETING, NOTES, RECEIVED, SIGNAL)
"""What the index holds. Each has a stretch of rowids of its own, in which a later row has a higher rowid."""

SPACE = 1 << 40

_BODY_FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.ACCOUNT: ("domain", "industry", "city", "country", "description"),
    Kind.CONTACT: ("email", "title", "phone"),
    Kind.OPPORTUNITY: ("next_step", "competitor", "budget", "pain", "decision_process", "decision_criteria"),
    Kind.ACTIVITY: ("body",),
    Kind.MAIL: ("to",),
    Kind.INVITATION: ("to",),
}


_FIRST = {space: number * SPACE for number, space in enumerate(SPACES)}


def first_rowid(space: str) -> int:
    """Where a space begins; it ends before the next one."""
    return _FIRST[space]


def record_entry(rid: int, record: Record) -> Entry:
    """A record's words: its title, its address and its texts."""
    kind = record.ref.kind
    body = "\n".join(filter(None, map(record.text, _BODY_FIELDS[kind])))
    return _FIRST[kind] + rid, well_formed(record.title), well_formed(body)


def meeting_entry(rid: int, meeting: Meeting) -> Entry:
    """A meeting's words: title, place, description and who is invited."""
    people = (f"{each.name} {each.email}" for each in meeting.attendees)
    body = "\n".join((meeting.location, meeting.description, *people))
    return first_rowid(MEETING) + rid, well_formed(meeting.title), well_formed(body)


def notes_entry(rid: int, notes: Notes) -> Entry:
    """The words of the rep's text."""
    return first_rowid(NOTES) + rid, "", well_formed(notes.text)


def mail_entry(rid: int, mail: Mail) -> Entry:
    """A mail's words: its subject, the people in its header and its one line. Never its text, which soon goes."""
    people = (f"{each.name} {each.email}" for each in mail.people)
    return first_rowid(RECEIVED) + rid, well_formed(mail.subject), well_formed("\n".join((mail.snippet, *people)))


def signal_entry(rid: int, signal: Signal) -> Entry:
    """A signal's words: what happened, and who it is about."""
    body = "\n".join((signal.detail, f"{signal.who} {signal.email}"))
    return first_rowid(SIGNAL) + rid, well_formed(signal.title), well_formed(body)


def reindex(db: Connection, old: Iterable[Entry], new: Iterable[Entry]) -> None:
    """Take the old words out and put the new ones in. Call it inside the transaction that changes the rows.

    In the order of the rowids: the index writes out all it has gathered whenever one is not higher than the last.
    """
    db.executemany("INSERT INTO words (words, rowid, title, body) VALUES ('delete', ?, ?, ?)", sorted(old))
    insert_words(db, sorted(new))
