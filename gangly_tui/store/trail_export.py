"""The trail for somebody else: JSON lines that verify with the public key alone, CSV for a spreadsheet, one proof."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from gangly_tui.domain import merkle
from gangly_tui.domain.audit import AuditChange, AuditEntry, Plain, salts
from gangly_tui.domain.checkpoint import proof_text, to_base64
from gangly_tui.domain.errors import InputError
from gangly_tui.domain.export_check import EXPORT_FORMAT
from gangly_tui.domain.safe import clean
from gangly_tui.store.database import Connection
from gangly_tui.store.trail_read import Opened, open_all
from gangly_tui.store.trail_tree import Log, Seed, base_of, key_of, logs, sign_head, stored_nodes

_FORMULA = ("=", "+", "-", "@")
_CSV_COLUMNS = (
    "seq at kind user source system target target_name field before after quote op_id payload_sha256 view_sha256 "
    "detail refers hash"
).split()


def export_jsonl(db: Connection, *, sealed: bool = False, seed: Seed | None = None) -> Iterator[str]:
    """One JSON object a line: a first one with the public key and the newest signed head of each log, then the entries.

    Each entry has its body, its proof against that head, and, unless `sealed`, its values with the salts that tie
    them to the body's commitments. The head is signed first when entries came since.
    """
    if not base_of(db):
        return
    if not db.read_only:
        sign_head(db, seed)
    signed = _signed(db)
    yield _line(
        {
            "format": EXPORT_FORMAT,
            "origin": base_of(db),
            "key": key_of(db).text(),
            "checkpoints": [note for _, _, note in signed],
        }
    )
    for log, size, _ in signed:
        leaves = db.execute(
            "SELECT leaf FROM trail WHERE seq > ? AND seq <= ? ORDER BY seq", (log.starts, log.starts + size)
        ).fetchall()
        levels = merkle.full_levels([each[0] for each in leaves])

        def node(level: int, index: int, levels: Sequence[Sequence[bytes]] = levels) -> bytes:
            return levels[level][index]

        for each, index in zip(open_all(db, log.starts), range(size), strict=False):
            proof = merkle.inclusion_proof(index, size, node)
            yield _line(_entry_object(each, log, index, proof, sealed=sealed))


def _signed(db: Connection) -> list[tuple[Log, int, str]]:
    """Each log with the size and note of its newest signed head."""
    found = []
    for log in logs(db):
        row = db.execute(
            "SELECT seq, note FROM trail_checkpoint WHERE seq > ? AND seq <= ? ORDER BY number DESC LIMIT 1",
            (log.starts, log.starts + log.size),
        ).fetchone()
        if row is not None:
            found.append((log, row[0] - log.starts, row[1]))
    return found


def _entry_object(opened: Opened, log: Log, index: int, proof: Sequence[bytes], *, sealed: bool) -> dict[str, Any]:
    seq, body, leaf, *_ = opened.row
    told: dict[str, Any] = {
        "seq": seq,
        "log": log.origin,
        "index": index,
        "leaf": to_base64(leaf),
        "proof": [to_base64(each) for each in proof],
        "body": body.decode(),
    }
    if not sealed:
        told["values"] = _values(opened)
    return told


def _values(opened: Opened) -> dict[str, Any]:
    """Each value beside its salt, named and nested as in the body; what was erased is left out."""
    told: dict[str, Any] = {}
    if opened.record is not None:
        target, name, source, detail, *pairs = _salted(*opened.record)
        told = {"target": target, "target_name": name, "source": source, "detail": detail}
        told["changes"] = [
            {"field": each["field"], "before": before, "after": after}
            for each, before, after in zip(opened.plain["changes"], pairs[::2], pairs[1::2], strict=True)
        ]
    if opened.quote is not None and opened.plain["speakers"]:
        told["quote"] = _salted(*opened.quote)[0]
    return told


def _salted(salt: bytes, values: Sequence[Plain]) -> list[list[Plain]]:
    return [[to_base64(each), value] for each, value in zip(salts(salt, len(values)), values, strict=True)]


def prove(db: Connection, seq: int) -> tuple[str, AuditEntry]:
    """A C2SP tlog-proof of one entry against the newest signed head of its log, and the entry.

    The body of the entry is in the proof's extra line. Raises InputError when there is no such entry.
    """
    for log, size, note in _signed(db):
        index = seq - log.starts - 1
        if 0 <= index < size:
            opened = next(open_all(db, seq - 1))
            hashes = merkle.inclusion_proof(index, size, stored_nodes(db, log))
            return proof_text(index, hashes, note, extra=opened.row[1]), opened.entry()
    raise InputError(f"there is no signed entry {seq}", fix="gangly audit show lists them by number")


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


def export_csv(db: Connection) -> Iterator[str]:
    """A header, then a row for each changed field. Every cell is cleaned, and none is a spreadsheet's formula."""
    yield csv_line(_CSV_COLUMNS)
    for each in open_all(db):
        entry = each.entry()
        for change in entry.changes or (AuditChange(field="", before=None, after=None),):
            yield csv_line(
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
                    entry.view_sha256,
                    entry.detail,
                    entry.refers,
                    entry.hash,
                ]
            )


def _cell(value: Plain) -> str:
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, list) else str(value)


def csv_line(cells: Sequence[object]) -> str:
    """One line of a file that a spreadsheet may open."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([_inert(str(each)) for each in cells])
    return out.getvalue()


def _inert(text: str) -> str:
    """The cleaned text (tabs and carriage returns are gone), with an apostrophe before what a spreadsheet would run."""
    shown = str(clean(text))
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
