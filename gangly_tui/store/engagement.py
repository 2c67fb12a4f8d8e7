"""What happened between people: meetings, the rep's notes, transcripts, drafts, and which deal a series is about."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from gangly_tui.domain.records import Meeting, RecordRef
from gangly_tui.store.codec import dump, from_bytes, instant, load, to_bytes
from gangly_tui.store.database import Connection, transaction
from gangly_tui.store.index import Entry, meeting_entry, notes_entry, reindex

if TYPE_CHECKING:  # a brief reads neither notes nor drafts
    from gangly_tui.domain.draft import Draft, Notes

_NOTES = "id, meeting_id, source, updated_at, text"

# a meeting touches [start, end); one without length touches it when it begins inside
_TOUCHES = "start_at < ? AND (end_at > ? OR start_at >= ?)"


def save_meetings(db: Connection, meetings: Iterable[Meeting]) -> None:
    """Insert or update by id; what did not change is left alone."""
    wanted = {each.id: each for each in meetings}
    with transaction(db):
        rows = db.execute(
            "SELECT id, rid, body FROM meeting WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(wanted)),),
        )
        known = {identifier: (rid, body) for identifier, rid, body in rows}
        old: list[Entry] = []
        new: list[Entry] = []
        for meeting in wanted.values():
            body = dump(meeting)
            rid, before = known.get(meeting.id, (None, ""))
            if body == before:
                continue
            if rid is not None:
                old.append(meeting_entry(rid, load(Meeting, before)))
            (rid,) = db.execute(
                """INSERT INTO meeting (id, system, start_at, end_at, body) VALUES (?, ?, ?, ?, ?)
                   ON CONFLICT (id) DO UPDATE SET system = excluded.system, start_at = excluded.start_at,
                       end_at = excluded.end_at, body = excluded.body
                   RETURNING rid""",
                (meeting.id, meeting.system, instant(meeting.start), instant(meeting.end), body),
            ).fetchall()[0]
            new.append(meeting_entry(rid, meeting))
        reindex(db, old, new)


def meetings_between(db: Connection, start: datetime, end: datetime) -> list[Meeting]:
    """The meetings that touch [start, end), in time order."""
    rows = db.execute(
        f"SELECT body FROM meeting WHERE {_TOUCHES} ORDER BY start_at, end_at, id",
        (instant(end), instant(start), instant(start)),
    )
    return [load(Meeting, body) for (body,) in rows]


def get_meeting(db: Connection, id: str) -> Meeting | None:  # noqa: A002  # the word for it
    """The meeting, or None when there is none."""
    row = db.execute("SELECT body FROM meeting WHERE id = ?", (id,)).fetchone()
    return load(Meeting, row[0]) if row else None


def meetings_of(
    db: Connection, mailboxes: Collection[str], *, since: datetime, before: datetime, limit: int
) -> list[Meeting]:
    """The meetings that began between two moments with somebody of these mailboxes, newest first.

    Looks through them from the newest until there are enough: a deal's calls are near the end.
    """
    from gangly_tui.domain.identity import mailbox

    found: list[Meeting] = []
    if not mailboxes:
        return found
    hosts = {each.rpartition("@")[2] for each in mailboxes}
    rows = db.execute(
        "SELECT body FROM meeting WHERE start_at >= ? AND start_at <= ? ORDER BY start_at DESC, id",
        (instant(since), instant(before)),
    )
    for (body,) in rows:
        plain = body.lower()
        if any(each in plain for each in hosts):  # before anything is decoded
            meeting = load(Meeting, body)
            if any(mailbox(each.email) in mailboxes for each in meeting.attendees):
                found.append(meeting)
                if len(found) == limit:
                    break
    return found


# what has notes, a transcript or cards: the rep's work must not lose its meeting
_UNUSED = """id NOT IN (SELECT meeting_id FROM notes) AND id NOT IN (SELECT meeting_id FROM transcript)
    AND id NOT IN (SELECT meeting_id FROM proposal)"""


def remove_meetings(db: Connection, system: str, ids: Collection[str]) -> None:
    """Forget a calendar's meetings by id, but for those the rep has worked on."""
    _forget(db, f"system = ? AND id IN (SELECT value FROM json_each(?)) AND {_UNUSED}", (system, json.dumps([*ids])))


def remove_meetings_missing(
    db: Connection, system: str, start: datetime, end: datetime, kept_ids: Collection[str]
) -> None:
    """Forget a calendar's meetings that touch [start, end) and are no longer in it, but for those worked on."""
    _forget(
        db,
        f"system = ? AND {_TOUCHES} AND id NOT IN (SELECT value FROM json_each(?)) AND {_UNUSED}",
        (system, instant(end), instant(start), instant(start), json.dumps([*kept_ids])),
    )


def _forget(db: Connection, where: str, values: tuple[str | int, ...]) -> None:
    with transaction(db):
        rows = db.execute(f"SELECT rid, body FROM meeting WHERE {where}", values).fetchall()
        reindex(db, [meeting_entry(rid, load(Meeting, body)) for rid, body in rows], ())
        db.executemany("DELETE FROM meeting WHERE rid = ?", [(rid,) for rid, _ in rows])


def calendars_in(db: Connection) -> set[str]:
    """The systems that meetings came from."""
    return {system for (system,) in db.execute("SELECT DISTINCT system FROM meeting")}


def save_notes(db: Connection, notes: Notes) -> None:
    """Keep the text, durably. Updates by id; a meeting has one row per source, and the newest id has it."""
    with transaction(db):
        rows = db.execute(
            f"SELECT rid, {_NOTES} FROM notes WHERE id = ? OR (meeting_id = ? AND source = ?)",
            (notes.id, notes.meeting_id, notes.source),
        ).fetchall()
        old = [notes_entry(rid, _notes(*columns)) for rid, *columns in rows]
        db.executemany("DELETE FROM notes WHERE rid = ? AND id <> ?", [(rid, notes.id) for rid, *_ in rows])
        (rid,) = db.execute(
            """INSERT INTO notes (id, meeting_id, source, at, updated_at, text) VALUES (?, ?, ?, ?, ?, ?)
               ON CONFLICT (id) DO UPDATE SET meeting_id = excluded.meeting_id, source = excluded.source,
                   at = excluded.at, updated_at = excluded.updated_at, text = excluded.text
               RETURNING rid""",
            (
                notes.id,
                notes.meeting_id,
                notes.source,
                instant(notes.updated_at),
                notes.updated_at.isoformat(),
                to_bytes(notes.text),
            ),
        ).fetchall()[0]
        new = notes_entry(rid, notes)
        if old != [new]:
            reindex(db, old, [new])


def _notes(identifier: str, meeting_id: str, source: str, updated_at: str, text: bytes) -> Notes:
    from gangly_tui.domain.draft import Notes

    return Notes(
        id=identifier,
        meeting_id=meeting_id,
        text=from_bytes(text),
        updated_at=datetime.fromisoformat(updated_at),
        source=source,
    )


def notes_of(db: Connection, meeting_id: str) -> list[Notes]:
    """The texts of a meeting, the one that changed last first."""
    rows = db.execute(f"SELECT {_NOTES} FROM notes WHERE meeting_id = ? ORDER BY at DESC, rid DESC", (meeting_id,))
    return [_notes(*each) for each in rows]


def get_notes(db: Connection, id: str) -> Notes | None:  # noqa: A002  # the word for it
    """The text with this id, or None when there is none."""
    row = db.execute(f"SELECT {_NOTES} FROM notes WHERE id = ?", (id,)).fetchone()
    return _notes(*row) if row else None


def save_draft(db: Connection, notes_id: str, meeting_id: str, draft: Draft, at: datetime) -> None:
    """Keep the newest reading of a text."""
    db.execute("INSERT OR REPLACE INTO draft VALUES (?, ?, ?, ?)", (notes_id, meeting_id, instant(at), dump(draft)))


def draft_of(db: Connection, meeting_id: str) -> Draft | None:
    """The newest draft of a meeting, or None when nothing was drafted."""
    from gangly_tui.domain.draft import Draft

    row = db.execute(
        "SELECT body FROM draft WHERE meeting_id = ? ORDER BY at DESC, notes_id LIMIT 1", (meeting_id,)
    ).fetchone()
    return load(Draft, row[0]) if row else None


def draft_of_text(db: Connection, notes_id: str) -> Draft | None:
    """The kept reading of one text, or None when it was not read."""
    from gangly_tui.domain.draft import Draft

    row = db.execute("SELECT body FROM draft WHERE notes_id = ?", (notes_id,)).fetchone()
    return load(Draft, row[0]) if row else None


def set_series_choice(db: Connection, series_key: str, ref: RecordRef, at: datetime) -> None:
    """Remember which deal the rep said a meeting series is about."""
    db.execute("INSERT OR REPLACE INTO series_choice VALUES (?, ?, ?)", (series_key, str(ref), at.isoformat()))


def series_choice(db: Connection, series_key: str) -> RecordRef | None:
    """The deal a meeting series is about, or None when the rep was never asked."""
    row = db.execute("SELECT ref FROM series_choice WHERE series_key = ?", (series_key,)).fetchone()
    return RecordRef.parse(row[0]) if row else None


def save_transcript(db: Connection, meeting_id: str, text: str, at: datetime, *, version: str = "") -> None:
    """Keep the raw transcript of a meeting. It stays in this store."""
    db.execute(
        "INSERT OR REPLACE INTO transcript VALUES (?, ?, ?, ?)", (meeting_id, at.isoformat(), version, to_bytes(text))
    )


def transcript_versions(db: Connection, meeting_ids: Iterable[str]) -> dict[str, str]:
    """Those of the meetings that have a transcript, with the version that is here."""
    rows = db.execute(
        "SELECT meeting_id, version FROM transcript WHERE meeting_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(meeting_ids)),),
    )
    return dict(rows.fetchall())


def transcript_of(db: Connection, meeting_id: str) -> str | None:
    """The raw transcript, or None when there is none (yet)."""
    row = db.execute("SELECT text FROM transcript WHERE meeting_id = ?", (meeting_id,)).fetchone()
    return from_bytes(row[0]) if row else None


def transcripts_ready(db: Connection, meeting_ids: Iterable[str]) -> set[str]:
    """Those of the meetings that have a transcript."""
    rows = db.execute(
        "SELECT meeting_id FROM transcript WHERE length(text) > 0 AND meeting_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(meeting_ids)),),
    )
    return {identifier for (identifier,) in rows}
