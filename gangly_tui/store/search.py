"""Find anything while it is typed: records, meetings and notes by their words.

No ranking by frequency: on a million texts that reads every hit of a common word, a tenth of a second a key. The
newest hits of each kind are taken instead; those whose title matches come first.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gangly_tui.domain.records import Kind, Meeting, Record, RecordRef
from gangly_tui.store.codec import from_bytes, load, load_record, well_formed
from gangly_tui.store.database import Connection
from gangly_tui.store.index import MEETING, NOTES, SPACE, SPACES, first_rowid, record_entry

_MOST_WORDS = 12
_AROUND = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing found. Raw text: clean it before showing it. `at` is when it took place, or when it changed.

    `ref` is None for a meeting or notes, `meeting_id` is None for a record. `kind` is a Kind's value, "meeting" or
    "notes".
    """

    ref: RecordRef | None
    meeting_id: str | None
    title: str
    snippet: str
    kind: str
    at: datetime | None


def find(db: Connection, text: str, *, limit: int = 50) -> list[Hit]:
    """What holds all these words; the last one may be the beginning of a word. Any text is a valid query.

    First the titles that match, an equal share for each kind, then everything else, newest first.
    """
    words = _words(text)
    if not words or limit < 1:
        return []
    query = " ".join(f'"{each}"' for each in words) + "*"
    share = -(-limit // len(SPACES))
    titles: list[tuple[int, int]] = []
    others: list[tuple[int, int]] = []
    for space in SPACES:
        by_title = _matches(db, f"{{title}} : ({query})", space, limit)
        titles += _newest(db, space, by_title)[:share]
        others += _newest(db, space, {*by_title, *_matches(db, query, space, limit)})
    others.sort(key=lambda each: each[1], reverse=True)
    chosen = list(dict.fromkeys(rowid for rowid, _ in [*titles, *others]))[:limit]
    return [hit for rowid in chosen if (hit := _hit(db, rowid, words))]


def _words(text: str) -> list[str]:
    """The typed words that hold a letter or a digit, fit to stand between quotes in an FTS5 query."""
    plain = well_formed(text).replace("\0", " ").replace('"', " ")
    words = [each for each in plain.split() if any(unicodedata.category(char)[0] in "LN" for char in each)]
    return words[:_MOST_WORDS]


def _matches(db: Connection, query: str, space: str, limit: int) -> list[int]:
    start = first_rowid(space)
    rows = db.execute(
        "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?",
        (query, start, start + SPACE - 1, limit),
    )
    return [rowid for (rowid,) in rows]


_TIMES = {MEETING: "SELECT rid, start_at FROM meeting", NOTES: "SELECT rid, at FROM notes"}


def _newest(db: Connection, space: str, rowids: Any) -> list[tuple[int, int]]:
    """(rowid, time in microseconds since 1970), newest first."""
    start = first_rowid(space)
    rows = db.execute(
        f"{_TIMES.get(space, 'SELECT rid, at FROM record')} WHERE rid IN (SELECT value FROM json_each(?))",
        (json.dumps([each - start for each in rowids]),),
    )
    return sorted(((start + rid, at) for rid, at in rows), key=lambda each: (-each[1], each[0]))


def _hit(db: Connection, rowid: int, words: list[str]) -> Hit | None:
    space, rid = SPACES[rowid // SPACE], rowid % SPACE
    if space == MEETING:
        (body,) = db.execute("SELECT body FROM meeting WHERE rid = ?", (rid,)).fetchone()
        return _meeting_hit(load(Meeting, body), words)
    if space == NOTES:
        return _notes_hit(db, rid, words)
    row = db.execute("SELECT system, kind, id, body FROM record WHERE rid = ?", (rid,)).fetchone()
    return _record_hit(load_record(*row), words)


def _record_hit(record: Record, words: list[str]) -> Hit:
    at = record.fields.get("at")
    return Hit(
        ref=record.ref,
        meeting_id=None,
        title=record.title,
        snippet=_snippet(record_entry(0, record)[2], words),
        kind=record.ref.kind.value,
        at=at if isinstance(at, datetime) and record.ref.kind is Kind.ACTIVITY else record.updated_at,
    )


def _meeting_hit(meeting: Meeting, words: list[str]) -> Hit:
    people = ", ".join(each.name or each.email for each in meeting.attendees)
    return Hit(
        ref=None,
        meeting_id=meeting.id,
        title=meeting.title,
        snippet=_snippet("\n".join(filter(None, (meeting.description, people, meeting.location))), words),
        kind=MEETING,
        at=meeting.start,
    )


def _notes_hit(db: Connection, rid: int, words: list[str]) -> Hit:
    meeting_id, updated_at, text, body = db.execute(
        """SELECT notes.meeting_id, notes.updated_at, notes.text, meeting.body
           FROM notes LEFT JOIN meeting ON meeting.id = notes.meeting_id WHERE notes.rid = ?""",
        (rid,),
    ).fetchone()
    return Hit(
        ref=None,
        meeting_id=meeting_id,
        title=load(Meeting, body).title if body else "",
        snippet=_snippet(from_bytes(text), words),
        kind=NOTES,
        at=datetime.fromisoformat(updated_at),
    )


def _snippet(text: str, words: list[str]) -> str:
    """The text around the first word that stands in it as typed, on one line; else its beginning."""
    found = re.search("|".join(rf"\b{re.escape(each)}" for each in words), text, re.IGNORECASE)
    start = max(found.start() - _AROUND, 0) if found else 0
    stop = (found.end() if found else 0) + _AROUND
    cut = " ".join(text[start:stop].split())
    return ("…" if start else "") + cut + ("…" if stop < len(text) else "")
