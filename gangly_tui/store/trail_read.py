"""Reading the trail: entries with their values opened, narrowed down, in pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from gangly_tui.domain.audit import AuditEntry, AuditKind, Plain, entry_of, fixed_values
from gangly_tui.domain.errors import TrailBroken
from gangly_tui.store.codec import well_formed
from gangly_tui.store.database import Connection
from gangly_tui.store.trail_keys import Opener, keys_of

Row = tuple[int, bytes, bytes, bytes, bytes]
"""seq, body, leaf, sealed, quoted"""

COLUMNS = "seq, CAST(body AS BLOB), leaf, sealed, quoted"  # the body as bytes: an altered one may be no text at all
_PAGE = 1_000
_NO_QUOTE: tuple[bytes, list[Plain]] = (b"", [""])
_FIX = "keep the file as it is, and compare it with the newest backup"


def broken(message: str, seq: int) -> TrailBroken:
    """The error of an entry that does not fit."""
    return TrailBroken(message, seq=seq, fix=_FIX)


@dataclass(frozen=True, slots=True)
class Opened:
    """A row with its body read and its values opened: salt and values, None for what was erased."""

    row: Row
    plain: dict[str, Any]
    record: tuple[bytes, list[Plain]] | None
    quote: tuple[bytes, list[Plain]] | None
    subjects: tuple[str, ...]
    speakers: tuple[str, ...]

    def entry(self) -> AuditEntry:
        """As every screen reads it. Raises TrailBroken."""
        try:
            return entry_of(
                self.plain,
                self.row[2].hex(),
                values=self.record[1] if self.record else None,
                quote=str(self.quote[1][0]) if self.quote else None,
                subjects=self.subjects,
                speakers=self.speakers,
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise broken(f"entry {self.row[0]} was altered", self.row[0]) from error

    def holds(self, needle: str) -> bool:
        """Whether a value of the entry holds the text, whatever the case. What was erased holds nothing."""
        plain = self.plain
        told: list[Any] = [plain["user"], plain["system"], plain["op_id"]]
        told += [each["field"] for each in plain["changes"]]
        for part in (self.record, self.quote):
            for value in part[1] if part else ():
                told += value if isinstance(value, list) else (value,)
        return any(needle in str(each).casefold() for each in told if each is not None)


def open_rows(db: Connection, rows: Sequence[Row]) -> Iterator[Opened]:
    """Rows with their values. Raises TrailBroken when one cannot be read."""
    plains = [_plain(seq, body) for seq, body, *_ in rows]
    opener = Opener(keys_of(db, {ref for each in plains for ref in (*each["subjects"], *each["speakers"])}))
    for row, plain in zip(rows, plains, strict=True):
        subjects, speakers = plain["subjects"], plain["speakers"]
        try:
            record = opener.open(subjects, row[3], len(fixed_values(plain)))
            quote = opener.open(speakers, row[4], 1) if speakers else _NO_QUOTE
        except TrailBroken as error:
            raise broken(f"entry {row[0]} was altered: {error}", row[0]) from error
        except (TypeError, KeyError) as error:
            raise broken(f"entry {row[0]} was altered", row[0]) from error
        yield Opened(
            row,
            plain,
            record,
            quote,
            opener.names(subjects) if record else (),
            opener.names(speakers) if quote else (),
        )


def opened(db: Connection, rows: Sequence[Row]) -> list[AuditEntry]:
    """Rows as entries. Raises TrailBroken when one cannot be read."""
    return [each.entry() for each in open_rows(db, rows)] if rows else []


def _plain(seq: int, body: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(body.decode())
        if all(isinstance(each, str) for each in (*plain["subjects"], *plain["speakers"])):
            return plain  # type: ignore[no-any-return]  # a body is an object
    except (ValueError, TypeError, KeyError) as error:
        raise broken(f"entry {seq} was altered", seq) from error
    raise broken(f"entry {seq} was altered", seq)


def _where(kind: AuditKind | None, op_id: str) -> tuple[str, list[object]]:
    parts = ["1"]
    values: list[object] = []
    if kind is not None:
        parts.append("op_id >= '' AND kind = ?")  # a range of the index that both are in
        values.append(kind.value)
    if op_id:
        parts.append("op_id = ?")
        values.append(well_formed(op_id))
    return " AND ".join(parts), values


def _walk(
    db: Connection, text: str, kind: AuditKind | None, op_id: str, *, after: int = 0, newest_first: bool
) -> Iterator[Opened]:
    """The entries that hold the text, in pages: values are sealed, so it is looked for here and not in SQL."""
    where, values = _where(kind, op_id)
    needle = well_formed(text).casefold()
    order, side = ("DESC", "<") if newest_first else ("ASC", ">")
    seq = (1 << 62) if newest_first else after
    while rows := db.execute(
        f"SELECT {COLUMNS} FROM trail WHERE seq {side} ? AND seq > ? AND {where} ORDER BY seq {order} LIMIT ?",
        (seq, after, *values, _PAGE),
    ).fetchall():
        yield from (each for each in open_rows(db, rows) if each.holds(needle))
        seq = rows[-1][0]


def entries(
    db: Connection,
    *,
    after: int = 0,
    limit: int = 200,
    newest_first: bool = False,
    text: str = "",
    kind: AuditKind | None = None,
    op_id: str = "",
) -> list[AuditEntry]:
    """Entries with a number above `after`, narrowed down. Raises TrailBroken when one cannot be read."""
    if text:
        walk = _walk(db, text, kind, op_id, after=after, newest_first=newest_first)
        return [each.entry() for each in islice(walk, limit)]
    where, values = _where(kind, op_id)
    order = "DESC" if newest_first else "ASC"
    rows = db.execute(
        f"SELECT {COLUMNS} FROM trail WHERE seq > ? AND {where} ORDER BY seq {order} LIMIT ?",
        (after, *values, limit),
    ).fetchall()
    return opened(db, rows)


def entries_at(
    db: Connection, offset: int, limit: int, text: str = "", kind: AuditKind | None = None
) -> list[AuditEntry]:
    """A window for a list, newest first. Raises TrailBroken when an entry cannot be read."""
    if text:
        walk = _walk(db, text, kind, "", newest_first=True)
        return [each.entry() for each in islice(walk, offset, offset + limit)]
    where, values = _where(kind, "")
    rows = db.execute(
        f"""SELECT {COLUMNS} FROM trail WHERE seq IN (
              SELECT seq FROM trail WHERE {where} ORDER BY seq DESC LIMIT ? OFFSET ?) ORDER BY seq DESC""",
        (*values, limit, offset),
    ).fetchall()
    return opened(db, rows)


def count(db: Connection, *, text: str = "", kind: AuditKind | None = None) -> int:
    """How many entries `entries_at` walks through. Raises TrailBroken when one has to be read and cannot be."""
    if text:
        return sum(1 for _ in _walk(db, text, kind, "", newest_first=True))
    where, values = _where(kind, "")
    return int(db.execute(f"SELECT count(*) FROM trail WHERE {where}", values).fetchone()[0])


def open_all(db: Connection, after: int = 0) -> Iterator[Opened]:
    """All entries after one, oldest first, read in pages, so that a write in between is not held up."""
    while rows := db.execute(
        f"SELECT {COLUMNS} FROM trail WHERE seq > ? ORDER BY seq LIMIT ?", (after, _PAGE)
    ).fetchall():
        yield from open_rows(db, rows)
        after = rows[-1][0]
