"""Find anything while it is typed: records, meetings and notes by their words.

No ranking by frequency: on a million texts that reads every hit of a common word, a tenth of a second a key. The
newest hits of each kind are taken instead; those whose title matches come first.

Two kinds of query cost a look at every hit all the same: the beginning of a common word that is longer than what the
index holds beginnings of, and a common word that titles do not hold. Each query therefore has a limit of computing
time. One that reaches it has met more hits than anybody reads, so the newest candidates are looked through instead.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from time import thread_time
from typing import Any

from sqlcipher3 import dbapi2

from gangly_tui.domain.errors import StoreError
from gangly_tui.domain.records import Kind, Meeting, Record, RecordRef
from gangly_tui.store.codec import from_bytes, load, load_record, well_formed
from gangly_tui.store.database import Connection
from gangly_tui.store.index import MEETING, NOTES, SPACE, SPACES, first_rowid, meeting_entry, record_entry

_MOST_WORDS = 12
_AROUND = 60
_LIMIT = 0.002
"""Seconds one query may compute; on a million texts that is some fifty thousand hits."""
_STEPS = 20
"""Steps of the database between two looks at the clock."""
_LOOKED_AT = 90
"""Candidates that are read where a query would have looked at all of them."""
_INDEXED = 3
"""The longest beginning of a word that the index holds by itself."""


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
    common = False
    for space in sorted(SPACES, key=lambda each: each != Kind.ACTIVITY.value):  # the fullest first: it tells
        by_title: list[int] = []
        found: list[int] = []
        whole = False
        if not common:
            found, whole = _matches(db, query, space, limit)
            common = not (whole or found)  # gathering what begins like this took too long, and it is gathered for all
        if whole:
            by_title, _ = _matches(db, f"{{title}} : ({query})", space, limit)
        else:
            found = [*found, *_among_newest(db, words, space, limit)]
        titles += _newest(db, space, by_title)[:share]
        others += _newest(db, space, {*by_title, *found})
    others.sort(key=lambda each: each[1], reverse=True)
    chosen = list(dict.fromkeys(rowid for rowid, _ in [*titles, *others]))[:limit]
    return [hit for rowid in chosen if (hit := _hit(db, rowid, words))]


def _among_newest(db: Connection, words: list[str], space: str, limit: int) -> list[int]:
    """What holds all the words as they are typed, and what begins like the last one among the newest that may.

    For beginnings of words so common that some of the newest candidates must be hits. Of a last word that is one
    letter so far and begins nothing there, the words before it are answer enough until the next key.
    """
    *before, last = words
    pieces = _pieces(last)
    parts = [f'"{each}"' for each in before]
    if len(pieces) > 1:
        parts.append('"' + " ".join(pieces[:-1]) + '"')
    if pieces and len(pieces[-1]) > 1:
        parts.append(f'"{pieces[-1][:_INDEXED]}"*')
    typed, _ = _matches(db, " ".join(f'"{each}"' for each in words), space, limit)
    candidates = _matches(db, " ".join(parts), space, _LOOKED_AT)[0] if parts else _latest(db, space)
    wanted = " " + " ".join(pieces)
    begun = [rowid for rowid in candidates if any(wanted in each for each in _spoken(db, rowid))]
    if parts and not begun and len(last) == 1:
        begun = candidates
    return list(dict.fromkeys([*typed, *begun]))[:limit]


def _latest(db: Connection, space: str) -> list[int]:
    """The newest few of a space, whatever they hold."""
    start = first_rowid(space)
    rows = db.execute(
        "SELECT rowid FROM words WHERE rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?",
        (start, start + SPACE - 1, _LOOKED_AT // 3),
    )
    return [rowid for (rowid,) in rows]


def _spoken(db: Connection, rowid: int) -> Iterable[str]:
    """The words of a row's title and of its body, as the index has them: a space before each."""
    space, rid = SPACES[rowid // SPACE], rowid % SPACE
    if space == MEETING:
        (body,) = db.execute("SELECT body FROM meeting WHERE rid = ?", (rid,)).fetchone()
        entry = meeting_entry(rid, load(Meeting, body))
    elif space == NOTES:
        (text,) = db.execute("SELECT text FROM notes WHERE rid = ?", (rid,)).fetchone()
        return [" " + " ".join(_pieces(from_bytes(text)))]
    else:
        row = db.execute("SELECT system, kind, id, body FROM record WHERE rid = ?", (rid,)).fetchone()
        entry = record_entry(rid, load_record(*row))
    return [" " + " ".join(_pieces(each)) for each in entry[1:]]


def _pieces(text: str) -> list[str]:
    """A text cut into words the way the index cuts it: letters and digits, no case, no accents."""
    if text.isascii():
        return re.findall(r"[^\W_]+", text.lower())
    plain = "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")
    return re.findall(r"[^\W_]+", plain.lower())


def _words(text: str) -> list[str]:
    """The typed words that hold a letter or a digit, fit to stand between quotes in an FTS5 query."""
    plain = well_formed(text).replace("\0", " ").replace('"', " ")
    words = [each for each in plain.split() if any(unicodedata.category(char)[0] in "LN" for char in each)]
    return words[:_MOST_WORDS]


def _matches(db: Connection, query: str, space: str, limit: int) -> tuple[list[int], bool]:
    """The newest hits, and whether they are all that was asked for: False when the query computed for too long."""
    start, began, late = first_rowid(space), thread_time(), False

    def look_at_the_clock() -> bool:
        nonlocal late
        late = thread_time() - began > _LIMIT
        return late

    found: list[int] = []
    db.set_progress_handler(look_at_the_clock, _STEPS)
    try:
        rows = db.execute(
            "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?",
            (query, start, start + SPACE - 1, limit),
        )
        for (rowid,) in rows:
            found.append(rowid)
    except (StoreError, dbapi2.OperationalError):
        if not late:
            raise
        return found, False
    finally:
        db.set_progress_handler(None, 0)
    return found, True


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
