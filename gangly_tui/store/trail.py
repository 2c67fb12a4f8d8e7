"""The trail in the store: entries are only ever appended, each a leaf of a tree whose head is signed and leaves.

An entry is written in the transaction that does what it tells of: its values are sealed, its body becomes a leaf, and
the subtrees it completes are stored. Triggers refuse every other change; who goes around them is found by
`verify_trail`, except somebody with the store's key who rewrites everything: against that, heads travel with every
CRM write and into a witness file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gangly_tui.domain import merkle
from gangly_tui.domain.audit import GENESIS, NOTHING, AuditChange, AuditEntry, AuditKind, Plain, body
from gangly_tui.domain.errors import StoreError
from gangly_tui.store.codec import well_formed
from gangly_tui.store.database import Connection, transaction
from gangly_tui.store.trail_keys import ref_of, seal
from gangly_tui.store.trail_read import count, entries, entries_at
from gangly_tui.store.trail_tree import (
    Log,
    Seed,
    checkpoint_of,
    current_log,
    grow,
    head,
    head_line,
    is_signed,
    key_of,
    last_note,
    logs,
    make_signer,
    move_seed,
    origin_of,
    sign_head,
)

if TYPE_CHECKING:
    from gangly_tui.store.trail_check import compare_heads, compare_notes, verify_trail
    from gangly_tui.store.trail_export import export_csv, export_jsonl, prove

__all__ = [
    "GENESIS",
    "THE_LOG",
    "Seed",
    "append",
    "card_subject",
    "compare_heads",
    "compare_notes",
    "count",
    "entries",
    "entries_at",
    "erase",
    "export_csv",
    "export_jsonl",
    "forget_pages",
    "freeze",
    "head",
    "head_line",
    "is_signed",
    "key_of",
    "last_note",
    "logs",
    "move_seed",
    "prove",
    "sign_head",
    "verify_trail",
]

_LATER = {
    "trail_check": ("compare_heads", "compare_notes", "verify_trail"),
    "trail_export": ("export_csv", "export_jsonl", "prove"),
}
"""What no first screen needs: loaded when it is asked for."""


def __getattr__(name: str) -> Any:
    for module, names in _LATER.items():
        if name in names:
            return getattr(import_module(f"gangly_tui.store.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_OURS = frozenset({AuditKind.ERASED, AuditKind.OPENED})
"""Kinds that only `erase` and `freeze` write."""

THE_LOG = "the trail itself"
"""The subject of an entry that is about nobody."""


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
    view_sha256: str = "",
    detail: str = "",
    subjects: Iterable[str] = (),
    speakers: Iterable[str] = (),
) -> AuditEntry:
    """Seal and keep one entry, inside the transaction that does what it tells of.

    `subjects` are whom the values are about (the target when none is named), `speakers` whom the quote is about (the
    subjects when none is named): to erase any of them later makes the values, or the quote, unreadable.
    A lone surrogate has no UTF-8 form to hash; it is kept as U+FFFD. Raises StoreError outside a transaction.
    """
    if kind in _OURS:
        raise StoreError(f"{kind.value} is written by the trail itself")
    about = _names(subjects) or _names([target]) or (THE_LOG,)
    log = _log_now(db)
    entry = AuditEntry(
        seq=log.starts + log.size + 1,
        log=log.origin,
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
        view_sha256=view_sha256,
        detail=well_formed(detail),
        subjects=about,
        speakers=(_names(speakers) or about) if quote else (),
    )
    return _enter(db, log, entry)


def _log_now(db: Connection) -> Log:
    """The log that the next entry goes into."""
    if not db.in_transaction:
        raise StoreError("the trail is written only together with what it tells of")
    log = current_log(db)
    return log if log.origin else make_signer(db)


def _enter(db: Connection, log: Log, entry: AuditEntry) -> AuditEntry:
    sealed, blob = seal(db, entry.subjects, entry.values())
    quoted, quote_blob = seal(db, entry.speakers, [entry.quote]) if entry.quote else (NOTHING, b"")
    content = body(entry, sealed, quoted)
    leaf = merkle.leaf_hash(content)
    db.execute(
        "INSERT INTO trail VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (entry.seq, entry.kind.value, entry.op_id, entry.refers, leaf, content.decode(), blob, quote_blob),
    )
    grow(db, log, log.size, leaf)
    return replace(entry, hash=leaf.hex())


def _names(subjects: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({well_formed(each) for each in subjects if each}))


def _sealable(value: Plain) -> Plain:
    if isinstance(value, str):
        return well_formed(value)
    return [well_formed(each) for each in value] if isinstance(value, list) else value


def _about_itself(log: Log, kind: AuditKind, refers: str, *, at: datetime, user: str) -> AuditEntry:
    return AuditEntry(
        seq=log.starts + log.size + 1,
        log=log.origin,
        at=at,
        kind=kind,
        user=well_formed(user),
        source="",
        system="",
        target="",
        target_name="",
        changes=(),
        quote="",
        op_id="",
        payload_sha256="",
        refers=refers,
        subjects=(THE_LOG,),
    )


def freeze(db: Connection, *, at: datetime, user: str, seed: Seed | None = None) -> AuditEntry:
    """Close the log under a last signed head and open the next one, whose first entry carries that head.

    The closed log stays in the store, readable and verified with the rest. Raises StoreError when the log holds
    nothing but its own opening.
    """
    with transaction(db):
        log = current_log(db)
        if log.size < (1 if log.ordinal == 1 else 2):
            raise StoreError("the log has no entry since it was opened", fix="nothing needs to be frozen")
        sign_head(db, seed)
        number = log.ordinal + 1
        fresh = Log(origin=origin_of(key_of(db).name, number), starts=log.starts + log.size, size=0, ordinal=number)
        line = checkpoint_of(db, log).line()
        return _enter(db, fresh, _about_itself(fresh, AuditKind.OPENED, line, at=at, user=user))


def erase(db: Connection, subjects: Iterable[str], *, at: datetime, user: str) -> int:
    """Destroy the keys of a person: every value and quote about them is gone, the trail still verifies.

    Cards that made the person's record are found by their operation. Returns how many keys were destroyed, each told
    by an entry that does not name the person. Call `forget_pages` once this is committed.
    """
    gone = 0
    with transaction(db):
        refs = {ref for each in _names(subjects) if each != THE_LOG and (ref := ref_of(db, each))}
        for ref in sorted(refs | _made_by_the_same_card(db, refs)):
            log = _log_now(db)
            _enter(db, log, _about_itself(log, AuditKind.ERASED, ref, at=at, user=user))
            db.execute("UPDATE subject_key SET subject = '', dek = NULL WHERE ref = ?", (ref,))
            gone += 1
    return gone


def forget_pages(db: Connection) -> None:
    """Fold the write-ahead log into the file and empty it: until then it still holds the old page of a key."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def card_subject(op_id: str) -> str:
    """The subject of a card that makes a person nobody can name yet."""
    return f"card:{op_id}"


def _made_by_the_same_card(db: Connection, refs: Iterable[str]) -> set[str]:
    """The refs of cards that share an operation with one of these persons."""
    rows = db.execute(
        """SELECT DISTINCT op_id FROM trail, json_each(body, '$.subjects') AS subject
           WHERE op_id <> '' AND subject.value IN (SELECT value FROM json_each(?))""",
        (json.dumps(sorted(refs)),),
    )
    return {ref for (op_id,) in rows.fetchall() if (ref := ref_of(db, card_subject(op_id)))}
