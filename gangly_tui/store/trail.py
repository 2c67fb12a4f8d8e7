"""The trail in the store: entries are only ever appended, each sealed with the hash of the one before.

A row keeps the RFC 8785 bytes that its hash covers, so any changed byte of it shows. Triggers refuse every other
change; who goes around them (or cuts the end off) is found by `verify_trail`, except an attacker who rewrites the
whole chain and its head: against that, the head travels with every CRM write.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from gangly_tui.domain.audit import GENESIS, AuditChange, AuditEntry, AuditKind
from gangly_tui.domain.errors import StoreError, TrailBroken
from gangly_tui.domain.safe import clean
from gangly_tui.store.codec import well_formed
from gangly_tui.store.database import Connection

__all__ = ["GENESIS", "append", "count", "entries", "entries_at", "export_csv", "export_jsonl", "head", "verify_trail"]

_BATCH = 1_000
_FORMULA = ("=", "+", "-", "@")
_CSV_COLUMNS = (
    "seq at kind user source system target target_name field before after quote op_id payload_sha256 detail prev hash"
).split()
_SEARCHED = "user source system target target_name quote detail op_id".split()


def append(
    db: Connection,
    *,
    at: datetime,
    kind: AuditKind,
    user: str,
    source: str,
    system: str,
    target: str,
    target_name: str,
    changes: Sequence[AuditChange],
    quote: str,
    op_id: str,
    payload_sha256: str,
    detail: str = "",
) -> AuditEntry:
    """Seal and keep one entry, inside the transaction that does what it tells of.

    A lone surrogate has no UTF-8 form to hash; it is kept as U+FFFD. Raises StoreError outside a transaction.
    """
    if not db.in_transaction:
        raise StoreError("the trail is written only together with what it tells of")
    seq, prev = head(db)
    entry = AuditEntry(
        seq=seq + 1,
        at=at,
        kind=kind,
        user=well_formed(user),
        source=well_formed(source),
        system=well_formed(system),
        target=well_formed(target),
        target_name=well_formed(target_name),
        changes=tuple(
            AuditChange(field=well_formed(each.field), before=_sealable(each.before), after=_sealable(each.after))
            for each in changes
        ),
        quote=well_formed(quote),
        op_id=well_formed(op_id),
        payload_sha256=payload_sha256,
        detail=well_formed(detail),
        prev=prev,
    )
    body = entry.body()
    sealed = hashlib.sha256(body).hexdigest()
    db.execute("INSERT INTO trail (seq, body, hash) VALUES (?, ?, ?)", (entry.seq, body.decode(), sealed))
    return replace(entry, hash=sealed)


def _sealable(value: str | bool | int | list[str] | None) -> str | bool | int | list[str] | None:
    if isinstance(value, str):
        return well_formed(value)
    return [well_formed(each) for each in value] if isinstance(value, list) else value


def head(db: Connection) -> tuple[int, str]:
    """The number and the hash of the last entry; (0, GENESIS) before the first."""
    row = db.execute("SELECT seq, hash FROM trail_head").fetchone()
    if row is None:
        raise TrailBroken("the trail has lost its head", seq=0, fix="restore a backup; tell your administrator")
    return row[0], row[1]


def _entry(seq: int, body: bytes, sealed: bytes) -> AuditEntry:
    """One row as an entry. Raises TrailBroken when the row cannot be read."""
    try:
        plain: dict[str, Any] = json.loads(body)
        plain["changes"] = tuple(AuditChange(**each) for each in plain["changes"])
        plain["at"] = datetime.fromisoformat(plain["at"])
        plain["kind"] = AuditKind(plain["kind"])
        return AuditEntry(**plain, hash=sealed.decode("ascii"))
    except (ValueError, TypeError, KeyError) as error:
        raise _broken(f"entry {seq} was altered", seq) from error


def _broken(message: str, seq: int) -> TrailBroken:
    return TrailBroken(message, seq=seq, fix="keep the file as it is, and compare it with the newest backup")


_ROW = "seq, CAST(body AS BLOB), CAST(hash AS BLOB)"  # as bytes: an altered row may hold no text at all


def _where(text: str, kind: AuditKind | None, op_id: str) -> tuple[str, list[object]]:
    """The filter as SQL. `text` is looked for in the values of an entry, case-insensitive for ASCII."""
    parts = ["1"]
    values: list[object] = []
    if kind is not None:
        parts.append("kind = ?")
        values.append(kind.value)
    if op_id:
        parts.append("op_id = ?")
        values.append(well_formed(op_id))
    if text:
        needle = well_formed(text)
        plain = _like(needle)
        exact = " OR ".join(f"json_extract(body, '$.{name}') LIKE ? ESCAPE '!'" for name in _SEARCHED)
        changed = "EXISTS (SELECT 1 FROM json_tree(body, '$.changes') WHERE atom LIKE ? ESCAPE '!')"
        parts.append(f"body LIKE ? ESCAPE '!' AND json_valid(body) AND ({exact} OR {changed})")
        values += [_like(json.dumps(needle, ensure_ascii=False)[1:-1]), *(plain for _ in _SEARCHED), plain]
    return " AND ".join(parts), values


def _like(text: str) -> str:
    return "%" + text.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"


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
    where, values = _where(text, kind, op_id)
    order = "DESC" if newest_first else "ASC"
    rows = db.execute(
        f"SELECT {_ROW} FROM trail WHERE seq > ? AND {where} ORDER BY seq {order} LIMIT ?", (after, *values, limit)
    )
    return [_entry(*each) for each in rows]


def entries_at(
    db: Connection, offset: int, limit: int, text: str = "", kind: AuditKind | None = None
) -> list[AuditEntry]:
    """A window for a list, newest first. Raises TrailBroken when an entry cannot be read."""
    where, values = _where(text, kind, "")
    rows = db.execute(
        f"SELECT {_ROW} FROM trail WHERE {where} ORDER BY seq DESC LIMIT ? OFFSET ?", (*values, limit, offset)
    )
    return [_entry(*each) for each in rows]


def count(db: Connection, *, text: str = "", kind: AuditKind | None = None) -> int:
    """How many entries `entries_at` walks through."""
    where, values = _where(text, kind, "")
    return int(db.execute(f"SELECT count(*) FROM trail WHERE {where}", values).fetchone()[0])


def verify_trail(db: Connection) -> tuple[int, str]:
    """Walk the whole chain over the kept bytes, and compare its end with the head. Returns (last seq, head hash).

    The rule is `audit.verify`'s; it is applied to the bytes themselves, which is faster and sees every one of them.
    Raises TrailBroken at the first entry that is missing, altered, or detached from the one before.
    """
    seq, prev = 0, GENESIS
    while rows := db.execute(f"SELECT {_ROW} FROM trail WHERE seq > ? ORDER BY seq LIMIT ?", (seq, _BATCH)).fetchall():
        for number, body, sealed in rows:
            if number != seq + 1:
                raise _broken(f"entry {seq + 1} is missing", seq + 1)
            if hashlib.sha256(body).hexdigest().encode() != sealed:
                raise _broken(f"entry {number} was altered", number)
            entry = _entry(number, body, sealed)
            if entry.seq != number or entry.prev != prev:
                raise _broken(f"entry {number} does not follow the one before it", number)
            seq, prev = number, sealed.decode()
    if head(db) != (seq, prev):
        raise _broken(f"the trail ends at entry {seq}, but its head is another", seq + 1)
    return seq, prev


def _rows(db: Connection) -> Iterator[tuple[int, bytes, bytes]]:
    """All rows, read in batches, so that a write in between is not held up."""
    seq = 0
    while rows := db.execute(f"SELECT {_ROW} FROM trail WHERE seq > ? ORDER BY seq LIMIT ?", (seq, _BATCH)).fetchall():
        yield from rows
        seq = rows[-1][0]


def export_jsonl(db: Connection) -> Iterator[str]:
    """One JSON object a line: the sealed body and its `hash`. Without `hash`, in RFC 8785 form, it hashes to it."""
    for _, body, sealed in _rows(db):
        yield f'{body.decode()[:-1]},"hash":"{sealed.decode()}"}}\n'


def export_csv(db: Connection) -> Iterator[str]:
    """A header, then a row for each changed field. Every cell is cleaned, and none is a spreadsheet's formula."""
    yield _csv_line(_CSV_COLUMNS)
    for row in _rows(db):
        entry = _entry(*row)
        for change in entry.changes or (AuditChange(field="", before=None, after=None),):
            yield _csv_line(
                [
                    entry.seq,
                    entry.at.isoformat(),
                    entry.kind.value,
                    entry.user,
                    entry.source,
                    entry.system,
                    entry.target,
                    entry.target_name,
                    change.field,
                    _cell(change.before),
                    _cell(change.after),
                    entry.quote,
                    entry.op_id,
                    entry.payload_sha256,
                    entry.detail,
                    entry.prev,
                    entry.hash,
                ]
            )


def _cell(value: str | bool | int | list[str] | None) -> str:
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, list) else str(value)


def _csv_line(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([_inert(str(each)) for each in cells])
    return out.getvalue()


def _inert(text: str) -> str:
    """The cleaned text (tabs and carriage returns are gone), with an apostrophe before what a spreadsheet would run."""
    shown = str(clean(text))
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
