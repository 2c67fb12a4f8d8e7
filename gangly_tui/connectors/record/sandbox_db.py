"""The sandbox CRM's database: versions, unique keys, validation, history, a change feed."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from gangly_tui.connectors.record.rules import validate
from gangly_tui.connectors.record.sandbox_schema import TABLES, default_fields
from gangly_tui.connectors.record.sandbox_values import field_of, typed
from gangly_tui.domain.errors import DuplicateFound, NotFound, RecordMoved, Refused, Unreachable
from gangly_tui.domain.identity import mailbox, registrable_domain
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import (
    FIELDS,
    FieldEdit,
    FieldSchema,
    FieldStamp,
    FieldType,
    Kind,
    ObjectSchema,
    Record,
    RecordRef,
    Value,
    decode,
    encode,
)
from gangly_tui.domain.secret import Secret

SYSTEM = "sandbox"
Connection = Any
_PREFIX = {Kind.ACCOUNT: "acc", Kind.CONTACT: "con", Kind.OPPORTUNITY: "deal", Kind.ACTIVITY: "act"}
_COLUMNS = "kind, id, version, fields, stamps, updated_at, updated_by"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedFile:
    """A sandbox CRM that only its raw 32-byte key opens: one that holds somebody's own words."""

    path: Path
    key: Secret[bytes]

    def __str__(self) -> str:
        return str(self.path)


CrmFile = Path | KeyedFile
"""Where a sandbox CRM is. The fiction has no key."""


def open_crm(file: CrmFile) -> Connection:
    """Open (or create, empty) a sandbox CRM, readable by its owner alone."""
    with answering():
        return _open(file)


def _open(file: CrmFile) -> Connection:
    path = file.path if isinstance(file, KeyedFile) else file
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    db = dbapi2.connect(str(path), isolation_level=None, timeout=5.0)
    db.execute("PRAGMA cipher_log_level = NONE")  # SQLCipher would print over the screen
    if isinstance(file, KeyedFile):
        db.execute(f"PRAGMA key = \"x'{file.key.reveal().hex()}'\"")
        db.execute("PRAGMA secure_delete = ON").fetchone()
    db.execute("PRAGMA journal_mode = WAL").fetchone()
    db.execute("PRAGMA synchronous = FULL")
    if db.execute("PRAGMA user_version").fetchone()[0] == 0:
        db.executescript(f"BEGIN IMMEDIATE;\n{TABLES}\nPRAGMA user_version = 1;\nCOMMIT;")
        db.executemany(
            "INSERT OR IGNORE INTO field VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    kind.value, position, each.name, each.label, each.type.value, each.required, each.read_only,
                    each.max_length, json.dumps(each.options), each.unique,
                )
                for kind, position, each in default_fields()
            ],
        )  # fmt: skip
    return db


@contextmanager
def answering() -> Iterator[None]:
    """A file that is locked, on a full disk or no database is a CRM that cannot be reached: nothing was applied."""
    try:
        yield
    except (dbapi2.DatabaseError, OSError) as error:
        raise Unreachable(
            f"the sandbox CRM does not answer: {error}", fix="try again; if it stays so: gangly sandbox reset"
        ) from error


@contextmanager
def writing(db: Connection) -> Iterator[int]:
    """One transaction of the CRM, or a part of the one that is open; yields the number of the change it makes."""
    inner = db.in_transaction
    db.execute("SAVEPOINT part" if inner else "BEGIN IMMEDIATE")
    try:
        yield db.execute("SELECT coalesce(max(change), 0) + 1 FROM record").fetchone()[0]
        db.execute("RELEASE part" if inner else "COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK TO part" if inner else "ROLLBACK")
        if inner and db.in_transaction:
            db.execute("RELEASE part")
        raise


def describe(db: Connection, kind: Kind) -> ObjectSchema:
    """The live field list of a kind."""
    rows = db.execute(
        """SELECT name, label, type, required, read_only, max_length, options, is_unique FROM field
        WHERE kind = ? ORDER BY position""",
        (kind.value,),
    )
    return ObjectSchema(
        kind=kind,
        fields=tuple(
            FieldSchema(
                name=name,
                label=label,
                type=FieldType(field_type),
                required=bool(required),
                read_only=bool(read_only),
                max_length=max_length,
                options=tuple(json.loads(options)),
                unique=bool(unique),
            )
            for name, label, field_type, required, read_only, max_length, options, unique in rows
        ),
    )


def record_of(row: tuple[Any, ...]) -> Record:
    """A row of `record` as the canonical record."""
    kind_name, identifier, version, fields, stamps, updated_at, updated_by = row
    kind = Kind(kind_name)
    return Record(
        ref=RecordRef(system=SYSTEM, kind=kind, id=identifier),
        version=str(version),
        fields={name: decode(value, FIELDS[kind][name]) for name, value in json.loads(fields).items()},
        updated_at=datetime.fromisoformat(updated_at),
        updated_by=updated_by,
        changed={
            name: FieldStamp(by=by, at=datetime.fromisoformat(at)) for name, (by, at) in json.loads(stamps).items()
        },
    )


def read(db: Connection, ref: RecordRef) -> Record:
    """The record as it stands. Raises NotFound."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM record WHERE kind = ? AND id = ? AND NOT gone", (ref.kind.value, ref.id)
    ).fetchone()
    if row is None:
        raise NotFound(f"the sandbox has no {ref.kind.label} {ref.id}", fix="pull again: it was removed")
    return record_of(row)


def history(db: Connection, ref: RecordRef, field: str) -> list[FieldEdit]:
    """The edits of one field, newest first; what a record was created with is none."""
    rows = db.execute(
        "SELECT before, after, by, at FROM history WHERE kind = ? AND id = ? AND field = ? ORDER BY rowid DESC",
        (ref.kind.value, ref.id, field),
    )
    values = [(*(decode(json.loads(each), FIELDS[ref.kind][field]) for each in row[:2]), *row[2:]) for row in rows]
    return [
        FieldEdit(before=before, after=after, by=by, at=datetime.fromisoformat(at)) for before, after, by, at in values
    ]


def identity_of(kind: Kind, fields: Mapping[str, Value]) -> str | None:
    """The unique key of a record: a contact's mailbox, an account's registrable domain."""
    if kind is Kind.CONTACT and isinstance(email := fields.get("email"), str):
        return mailbox(email) or None
    if kind is Kind.ACCOUNT and isinstance(domain := fields.get("domain"), str):
        return registrable_domain(domain) or domain.strip().lower() or None
    return None


def by_identity(db: Connection, kind: Kind, key: str) -> Record | None:
    """The record with this unique key."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM record WHERE kind = ? AND identity = ? AND NOT gone", (kind.value, key)
    ).fetchone()
    return record_of(row) if row else None


def by_name(db: Connection, kind: Kind, name: str, account: str) -> Record | None:
    """The record of this name, whatever the case; a deal's in this account. The oldest of several."""
    row = db.execute(
        f"""SELECT {_COLUMNS} FROM record WHERE kind = ? AND NOT gone AND lower(fields ->> 'name') = lower(?)
        AND (? = '' OR fields ->> 'account' = ?) ORDER BY change LIMIT 1""",
        (kind.value, name, account, account),
    ).fetchone()
    return record_of(row) if row else None


def _exists(db: Connection, kind: Kind, identifier: str) -> bool:
    row = db.execute("SELECT 1 FROM record WHERE kind = ? AND id = ? AND NOT gone", (kind.value, identifier))
    return row.fetchone() is not None


def by_operation(db: Connection, kind: Kind, op_id: str) -> Record | None:
    """The record that this operation created."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM record WHERE kind = ? AND op_id = ? AND NOT gone", (kind.value, op_id)
    ).fetchone()
    return record_of(row) if row else None


def insert(
    db: Connection, kind: Kind, fields: Mapping[str, Value], *, by: str, at: datetime, meta: WriteMeta | None = None
) -> Record:
    """Create a record after validating it. Raises Refused or DuplicateFound. One op id creates one record."""
    identifier = f"{_PREFIX[kind]}-{secrets.token_hex(5)}"
    with writing(db) as change:
        if meta and (known := by_operation(db, kind, meta.op_id)):
            return known
        if meta and db.execute("SELECT EXISTS (SELECT 1 FROM record WHERE op_id = ?)", (meta.op_id,)).fetchone()[0]:
            raise Refused("what this write created was removed again", fix="draft it anew if it is still wanted")
        schema = describe(db, kind)
        complete = {each.name: fields.get(each.name) for each in schema.fields}
        validate(schema, fields, complete, partial(_exists, db))
        _refuse_duplicate(db, kind, complete, except_id="")
        if kind is Kind.OPPORTUNITY and not complete.get("stage_since"):
            complete["stage_since"] = at.date()
        stamps = {name: [by, at.isoformat()] for name, value in complete.items() if value is not None}
        db.execute(
            """INSERT INTO record (kind, id, version, change, fields, stamps, updated_at, updated_by, identity, op_id)
            VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?)""",
            (
                kind.value,
                identifier,
                change,
                _text(complete),
                json.dumps(stamps),
                at.isoformat(),
                by,
                identity_of(kind, complete),
                meta.op_id if meta else None,
            ),
        )
        _remember(db, meta, kind, identifier)
    return read(db, RecordRef(system=SYSTEM, kind=kind, id=identifier))


def update(
    db: Connection,
    ref: RecordRef,
    fields: Mapping[str, Value],
    *,
    by: str,
    at: datetime,
    expect: str | None = None,
    meta: WriteMeta | None = None,
) -> Record:
    """Set fields after validating them. `expect` None skips the guard. Raises RecordMoved, Refused, NotFound."""
    with writing(db) as change:
        current = read(db, ref)
        if expect is not None and current.version != expect:
            raise RecordMoved(f"{current.title} was changed by {current.updated_by}", current=current)
        after = {**current.fields, **fields}
        validate(describe(db, ref.kind), fields, after, partial(_exists, db))
        _refuse_duplicate(db, ref.kind, after, except_id=ref.id)
        if "stage" in fields and fields["stage"] != current.fields.get("stage"):
            after["stage_since"] = at.date()
        moved = [name for name in after if after[name] != current.fields.get(name)]
        stamps = {name: [each.by, each.at.isoformat()] for name, each in current.changed.items()}
        stamps.update({name: [by, at.isoformat()] for name in moved})
        db.execute(
            """UPDATE record SET version = version + 1, change = ?, fields = ?, stamps = ?, updated_at = ?,
            updated_by = ?, identity = ? WHERE kind = ? AND id = ?""",
            (
                change, _text(after), json.dumps(stamps), at.isoformat(), by, identity_of(ref.kind, after),
                ref.kind.value, ref.id,
            ),
        )  # fmt: skip
        db.executemany(
            "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    change, ref.kind.value, ref.id, name, json.dumps(encode(current.fields.get(name))),
                    json.dumps(encode(after[name])), by, at.isoformat(),
                )
                for name in moved
            ],
        )  # fmt: skip
        _remember(db, meta, ref.kind, ref.id)
    return read(db, ref)


def remove(db: Connection, ref: RecordRef, *, expect: str, at: datetime, meta: WriteMeta) -> None:
    """Take a record out; the change feed tells of it. Raises RecordMoved, NotFound."""
    with writing(db) as change:
        current = read(db, ref)
        if current.version != expect:
            raise RecordMoved(f"{current.title} was changed by {current.updated_by}", current=current)
        db.execute(
            """UPDATE record SET gone = 1, version = version + 1, change = ?, fields = '{}', stamps = '{}',
            updated_at = ?, updated_by = ? WHERE kind = ? AND id = ?""",
            (change, at.isoformat(), meta.approved_by, ref.kind.value, ref.id),
        )
        _remember(db, meta, ref.kind, ref.id)


def page_after(db: Connection, change: int, limit: int) -> tuple[list[Record], list[RecordRef], int]:
    """The next records and removals after a change number, and the number of the last of them."""
    rows = db.execute(
        f"SELECT change, gone, {_COLUMNS} FROM record WHERE change > ? ORDER BY change, rowid LIMIT ?", (change, limit)
    ).fetchall()
    if len(rows) == limit:  # a bulk import shares one change number: never stop in the middle of it
        last = rows[-1][0]
        rest = db.execute(
            f"SELECT change, gone, {_COLUMNS} FROM record WHERE change = ? ORDER BY rowid", (last,)
        ).fetchall()
        rows = [row for row in rows if row[0] != last] + rest
    records = [record_of(row[2:]) for row in rows if not row[1]]
    gone = [RecordRef(system=SYSTEM, kind=Kind(row[2]), id=row[3]) for row in rows if row[1]]
    return records, gone, rows[-1][0] if rows else change


def _text(fields: Mapping[str, Value]) -> str:
    plain = {name: encode(value) for name, value in fields.items()}
    return json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


def _remember(db: Connection, meta: WriteMeta | None, kind: Kind, identifier: str) -> None:
    if meta is not None:
        db.execute(
            "INSERT OR IGNORE INTO provenance VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                meta.op_id, kind.value, identifier, meta.source, meta.approved_by, meta.approved_at.isoformat(),
                meta.trail_head,
            ),
        )  # fmt: skip


def _refuse_duplicate(db: Connection, kind: Kind, fields: Mapping[str, Value], *, except_id: str) -> None:
    key = identity_of(kind, fields)
    known = by_identity(db, kind, key) if key else None
    if known is not None and known.ref.id != except_id:
        raise DuplicateFound(
            f"{known.title} already has {key}", existing=known.ref, fix=f"use the {kind.label} that is there"
        )


def parse_text(db: Connection, kind: Kind, field: str, text: str) -> Value:
    """A value typed on a command line, in the field's type. Raises InputError."""
    return typed(field_of(describe(db, kind), field), text)


def utc_now() -> datetime:
    """The CRM's own clock."""
    return datetime.now(UTC)
