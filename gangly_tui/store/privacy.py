"""Everything about one person, wherever the store keeps it: found, handed out, or erased."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from gangly_tui.domain.draft import Notes
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.mail import Mail
from gangly_tui.domain.person import GONE, Person
from gangly_tui.domain.records import Attendee, Meeting, Record
from gangly_tui.store import engagement
from gangly_tui.store import mail as mails
from gangly_tui.store.card_counts import IN_TRANSIT
from gangly_tui.store.codec import from_bytes, instant, load, load_record, to_bytes
from gangly_tui.store.database import Connection, transaction
from gangly_tui.store.mirror import cursor, remove_records, set_cursor
from gangly_tui.store.signals import forget_person

_SALT = "erased salt"
_JSON_TABLES = (
    ("proposal", "id"),
    ("delivery", "op_id"),
    ("rejection", "proposal_id"),
    ("relation", "key"),
    ("job_change", "key"),
)
_DRAFTS = "DELETE FROM draft WHERE meeting_id IN (SELECT value FROM json_each(?))"
_TRANSCRIPTS = """UPDATE transcript SET text = x'' WHERE length(text) > 0
    AND meeting_id IN (SELECT value FROM json_each(?))"""


def meetings_with(db: Connection, person: Person) -> list[Meeting]:
    """The meetings that name this person, as a guest or in a text."""
    rows = db.execute("SELECT body FROM meeting ORDER BY start_at, id")
    return [load(Meeting, body) for (body,) in rows if person.is_in_json(body)]


def notes_with(db: Connection, person: Person, meeting_ids: Collection[str]) -> list[Notes]:
    """The texts that name this person, and every speech of a meeting they were in."""
    found = []
    for (meeting_id,) in db.execute("SELECT DISTINCT meeting_id FROM notes ORDER BY meeting_id").fetchall():
        for each in engagement.notes_of(db, meeting_id):
            if (each.source.startswith("transcript") and meeting_id in meeting_ids) or person.is_in(each.text):
                found.append(each)
    return found


def mails_with(db: Connection, person: Person) -> list[Mail]:
    """The mails to and from this person, and those whose subject or snippet names them."""
    rows = db.execute("SELECT body FROM mail ORDER BY at, rid")
    return [load(Mail, body) for (body,) in rows if person.is_in_json(body)]


def written_to(db: Connection, person: Person) -> list[Record]:
    """The mails and invitations that were made here and are to this person, or name them."""
    rows = db.execute("SELECT system, kind, id, body FROM record WHERE kind IN ('mail', 'invitation') ORDER BY at")
    return [load_record(*row) for row in rows if person.is_in_json(row[-1])]


def rows_with(db: Connection, person: Person) -> dict[str, list[dict[str, Any]]]:
    """By table, the rows kept as JSON that name this person: cards, writes, reasons, LinkedIn relations."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, key in (*_JSON_TABLES, ("signal", "id")):
        for name, body in db.execute(f"SELECT {key}, body FROM {table} WHERE body <> '' ORDER BY {key}"):
            if person.is_in_json(body) or person.is_in(name):
                found.setdefault(table, []).append({key: name, **json.loads(body)})
    return found


def in_transit(db: Connection, person: Person) -> list[str]:
    """The cards about this person that are approved and have not settled."""
    rows = db.execute(f"""SELECT id, body FROM proposal WHERE id IN (SELECT op_id FROM delivery WHERE {IN_TRANSIT})""")
    return [name for name, body in rows if person.is_in_json(body)]


def erase(db: Connection, person: Person, meetings: Iterable[Meeting]) -> dict[str, int]:
    """Take the person out of meetings, notes, transcripts, drafts, mails, cards and relations. Returns counts.

    A transcript of a meeting they were in goes whole: who spoke which words cannot be told apart for certain. What is
    pulled again later stays out by `is_erased`.
    """
    counts: dict[str, int] = {}
    meetings = list(meetings)
    ids = {each.id for each in meetings}
    with transaction(db):
        engagement.save_meetings(db, [_without(person, each) for each in meetings])
        counts["meetings"] = len(meetings)
        texts = notes_with(db, person, ids)
        for each in texts:
            speech = each.source.startswith("transcript")
            here = person.in_their_calls() if each.meeting_id in ids else person
            engagement.save_notes(db, replace(each, text="" if speech else here.without(each.text)))
        counts["notes and transcripts"] = len(texts) + _blank_transcripts(db, person, ids)
        touched = ids | {each.meeting_id for each in texts}
        counts["drafts"] = _delete(db, _DRAFTS, touched)
        gone = mails_with(db, person)
        for system in {each.system for each in gone}:
            mails.remove_mails(db, system, [each.id for each in gone if each.system == system])
        written = written_to(db, person)
        remove_records(db, [each.ref for each in written])
        counts["mails"] = len(gone) + len(written)
        for table, key in _JSON_TABLES:
            counts[table] = _scrub(db, person, table, key, _cards_of(db, ids))
        counts["signals"] = forget_person(db, person)
        _delete(db, "DELETE FROM relation WHERE key IN (SELECT value FROM json_each(?))", _named(db, person))
        if person.box:
            _remember(db, person.box)
    return {name: count for name, count in counts.items() if count}


def _without(person: Person, meeting: Meeting) -> Meeting:
    def guest(each: Attendee) -> Attendee:
        mine = person.is_in(each.email) or person.is_in(each.name)
        return replace(each, name=GONE, email="") if mine else each

    return replace(
        meeting,
        title=person.without(meeting.title),
        description=person.without(meeting.description),
        location=person.without(meeting.location),
        attendees=tuple(guest(each) for each in meeting.attendees),
    )


def _blank_transcripts(db: Connection, person: Person, ids: Collection[str]) -> int:
    rows = db.execute("SELECT meeting_id, text FROM transcript WHERE length(text) > 0").fetchall()
    wanted = [name for name, text in rows if name in ids or person.is_in(from_bytes(text))]
    db.executemany("UPDATE transcript SET text = ? WHERE meeting_id = ?", [(to_bytes(""), each) for each in wanted])
    return len(wanted)


def _cards_of(db: Connection, meeting_ids: Collection[str]) -> set[str]:
    rows = db.execute(
        "SELECT id FROM proposal WHERE meeting_id IN (SELECT value FROM json_each(?))", (json.dumps([*meeting_ids]),)
    )
    return {name for (name,) in rows}


def _scrub(db: Connection, person: Person, table: str, key: str, of_calls: Collection[str]) -> int:
    """Rewrite the JSON of rows that name the person; an undecided card is withdrawn from Review."""
    close, count = person.in_their_calls(), 0
    for name, body in db.execute(f"SELECT {key}, body FROM {table}").fetchall():
        who = close if name in of_calls else person
        before = json.loads(body)
        after = who.scrubbed(before)
        if after == before:
            continue
        count += 1
        db.execute(f"UPDATE {table} SET body = ? WHERE {key} = ?", (json.dumps(after, separators=(",", ":")), name))
        if table == "proposal":
            (rule,) = db.execute("SELECT rule FROM proposal WHERE id = ?", (name,)).fetchone()
            db.execute("UPDATE proposal SET rule = ? WHERE id = ?", (who.without(rule), name))
            db.execute("UPDATE proposal SET state = 'superseded' WHERE id = ? AND state IN ('open', 'later')", (name,))
    return count


def _named(db: Connection, person: Person) -> list[str]:
    rows = db.execute("SELECT key, body, mailbox FROM relation").fetchall()
    return [key for key, body, box in rows if GONE in body or (person.box and box == person.box)]


def _delete(db: Connection, statement: str, names: Collection[str]) -> int:
    return int(db.execute(statement, (json.dumps(sorted(names)),)).rowcount)


def _remember(db: Connection, box: str) -> None:
    """Keep that a mailbox was erased, without keeping the mailbox."""
    if not cursor(db, _SALT):
        set_cursor(db, _SALT, secrets.token_hex(16))
    set_cursor(db, _mark(db, box), "yes")


def _mark(db: Connection, box: str) -> str:
    return "erased " + hashlib.sha256(f"{cursor(db, _SALT)} {box}".encode()).hexdigest()


def erased_in(db: Connection) -> Callable[[str], bool]:
    """Whether a mailbox was erased: what comes in again is then left out."""
    if not cursor(db, _SALT):
        return lambda _box: False
    return lambda box: bool(box) and bool(cursor(db, _mark(db, box)))


def without_erased(db: Connection, meetings: Iterable[Meeting]) -> list[Meeting]:
    """The meetings as a calendar gives them again, without the guests who were erased."""
    is_erased = erased_in(db)
    found = []
    for each in meetings:
        guests = tuple(
            replace(one, name=GONE, email="") if is_erased(mailbox(one.email)) else one for one in each.attendees
        )
        found.append(replace(each, attendees=guests) if guests != each.attendees else each)
    return found


def forget_texts_before(db: Connection, kind: str, at: datetime) -> int:
    """Forget texts of one kind (`notes`, `transcript`, `draft`) of meetings that ended before a moment."""
    old = [name for (name,) in db.execute("SELECT id FROM meeting WHERE end_at < ?", (instant(at),))]
    if kind == "transcript":
        return _delete(db, _TRANSCRIPTS, old)
    if kind == "draft":
        return _delete(db, _DRAFTS, old)
    forgotten = 0
    for meeting_id in old:
        for each in engagement.notes_of(db, meeting_id):
            if each.text:
                engagement.save_notes(db, replace(each, text=""))
                forgotten += 1
    return forgotten
