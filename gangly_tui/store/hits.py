"""What a row of the search index stands for: its words once more, and the line that is shown of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gangly_tui.domain.mail import Mail
from gangly_tui.domain.records import Kind, Meeting, Record, RecordRef
from gangly_tui.domain.signals import Signal
from gangly_tui.store.codec import from_bytes, load, load_record
from gangly_tui.store.database import Connection
from gangly_tui.store.index import (
    MEETING,
    NOTES,
    RECEIVED,
    SIGNAL,
    SPACE,
    SPACES,
    first_rowid,
    mail_entry,
    meeting_entry,
    record_entry,
    signal_entry,
)

_AROUND = 60
_NAMED = 3
_THESE = "IN (SELECT value FROM json_each(?))"
_RECORD = f"SELECT rid, system, kind, id, body FROM record WHERE rid {_THESE}"
_ROWS = {
    MEETING: f"SELECT rid, body FROM meeting WHERE rid {_THESE}",
    NOTES: f"""SELECT notes.rid, notes.text, notes.meeting_id, notes.updated_at, meeting.body
               FROM notes LEFT JOIN meeting ON meeting.id = notes.meeting_id WHERE notes.rid {_THESE}""",
    RECEIVED: f"SELECT rid, body FROM mail WHERE rid {_THESE}",
    SIGNAL: f"SELECT rid, body FROM signal WHERE body <> '' AND rid {_THESE}",
}
_TIMES = {
    MEETING: "SELECT rid, start_at FROM meeting",
    NOTES: "SELECT rid, at FROM notes",
    RECEIVED: "SELECT rid, at FROM mail",
    SIGNAL: "SELECT rid, at FROM signal",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing found. Raw text: clean it before showing it. `at` is when it took place, or when it changed.

    `ref` names a record or a mail, `meeting_id` is of a meeting or notes, `signal_id` of a signal; of the three one is
    there. `kind` is a Kind's value, "meeting", "notes" or "signal". `who`: whom a mail is from or to.
    """

    title: str
    snippet: str
    kind: str
    at: datetime | None
    ref: RecordRef | None = None
    meeting_id: str | None = None
    signal_id: str | None = None
    who: str = ""


def newest(db: Connection, space: str, rowids: Iterable[int]) -> list[tuple[int, int]]:
    """(rowid, time in microseconds since 1970), newest first."""
    start = first_rowid(space)
    rows = db.execute(
        f"{_TIMES.get(space, 'SELECT rid, at FROM record')} WHERE rid {_THESE}",
        (json.dumps([each - start for each in rowids]),),
    )
    return sorted(((start + rid, at) for rid, at in rows), key=lambda each: (-each[1], each[0]))


def texts_of(db: Connection, rowids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """By rowid, in their order: title and body of each row as the index was given them, without those gone by now."""
    return {rowid: _texts(rowid, row) for rowid, row in _rows(db, rowids).items()}


def _texts(rowid: int, row: tuple[Any, ...]) -> tuple[str, ...]:
    space, rid = SPACES[rowid // SPACE], rowid % SPACE
    if space == NOTES:
        return (from_bytes(row[0]),)
    if space == MEETING:
        return meeting_entry(rid, load(Meeting, row[0]))[1:]
    if space == RECEIVED:
        return mail_entry(rid, load(Mail, row[0]))[1:]
    if space == SIGNAL:
        return signal_entry(rid, load(Signal, row[0]))[1:]
    return record_entry(rid, load_record(*row))[1:]


def hits_of(db: Connection, rowids: Sequence[int], words: list[str]) -> list[Hit]:
    """What is shown of rows that hold these words, in their order. What another window removed just now is left out."""
    found = re.compile("|".join(rf"\b{re.escape(each)}" for each in words), re.IGNORECASE)
    return [_hit(SPACES[rowid // SPACE], row, found) for rowid, row in _rows(db, rowids).items()]


def _hit(space: str, row: tuple[Any, ...], words: re.Pattern[str]) -> Hit:
    if space == NOTES:
        return _notes_hit(row, words)
    if space == MEETING:
        return _meeting_hit(load(Meeting, row[0]), words)
    if space == RECEIVED:
        return _mail_hit(load(Mail, row[0]), words)
    if space == SIGNAL:
        return _signal_hit(load(Signal, row[0]), words)
    return _record_hit(load_record(*row), words)


def _rows(db: Connection, rowids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """By rowid, in their order: the columns that a row is shown by."""
    spaces: dict[str, list[int]] = {}
    for rowid in rowids:
        spaces.setdefault(SPACES[rowid // SPACE], []).append(rowid % SPACE)
    found = {
        first_rowid(space) + rid: tuple(columns)
        for space, rids in spaces.items()
        for rid, *columns in db.execute(_ROWS.get(space, _RECORD), (json.dumps(rids),))
    }
    return {rowid: found[rowid] for rowid in rowids if rowid in found}


def _record_hit(record: Record, words: re.Pattern[str]) -> Hit:
    at = record.fields.get("at")
    return Hit(
        ref=record.ref,
        title=record.title,
        snippet=_snippet(record_entry(0, record)[2], words),
        kind=record.ref.kind.value,
        at=at if isinstance(at, datetime) and record.ref.kind is Kind.ACTIVITY else record.updated_at,
    )


def _meeting_hit(meeting: Meeting, words: re.Pattern[str]) -> Hit:
    people = ", ".join(each.name or each.email for each in meeting.attendees)
    return Hit(
        meeting_id=meeting.id,
        title=meeting.title,
        snippet=_snippet("\n".join(filter(None, (meeting.description, people, meeting.location))), words),
        kind=MEETING,
        at=meeting.start,
    )


def _notes_hit(row: tuple[Any, ...], words: re.Pattern[str]) -> Hit:
    text, meeting_id, updated_at, meeting = row
    return Hit(
        meeting_id=meeting_id,
        title=load(Meeting, meeting).title if meeting else "",
        snippet=_snippet(from_bytes(text), words),
        kind=NOTES,
        at=datetime.fromisoformat(updated_at),
    )


def _mail_hit(mail: Mail, words: re.Pattern[str]) -> Hit:
    shown = [each.shown for each in (*mail.to, *mail.cc)]
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return Hit(
        ref=RecordRef(system=mail.system, kind=Kind.MAIL, id=mail.id),
        title=mail.subject,
        snippet=_snippet(mail.snippet, words),
        kind=Kind.MAIL.value,
        at=mail.at,
        who=f"to {', '.join(shown[:_NAMED])}{more}" if mail.outgoing else mail.sender.shown,
    )


def _signal_hit(signal: Signal, words: re.Pattern[str]) -> Hit:
    return Hit(
        signal_id=signal.id,
        title=signal.title,
        snippet=_snippet(signal.detail, words),
        kind=SIGNAL,
        at=signal.at,
        who=signal.who or signal.email,
    )


def _snippet(text: str, words: re.Pattern[str]) -> str:
    """The text around the first word that stands in it as typed, on one line; else its beginning."""
    found = words.search(text)
    start = max(found.start() - _AROUND, 0) if found else 0
    stop = (found.end() if found else 0) + _AROUND
    cut = " ".join(text[start:stop].split())
    return ("…" if start else "") + cut + ("…" if stop < len(text) else "")
