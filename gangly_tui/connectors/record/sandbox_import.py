"""Bring accounts, contacts and deals from a CSV file into the sandbox, and say which rows were refused and why."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from gangly_tui.connectors.record import sandbox_db as crm
from gangly_tui.connectors.record.sandbox_rules import typed
from gangly_tui.domain.errors import ConnectorError, InputError
from gangly_tui.domain.identity import company_name, registrable_domain
from gangly_tui.domain.records import FIELDS, FieldType, Kind, ObjectSchema, Record, Value

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 50_000

_HEADERS: Mapping[Kind, Mapping[str, str]] = {
    Kind.ACCOUNT: {
        "account": "name", "account name": "name", "company": "name", "company name": "name", "organization": "name",
        "website": "domain", "web site": "domain", "url": "domain", "company domain name": "domain",
        "headcount": "employees", "number of employees": "employees", "sector": "industry",
        "billing city": "city", "billing country": "country", "notes": "description",
    },
    Kind.CONTACT: {
        "firstname": "first_name", "given name": "first_name", "surname": "last_name", "lastname": "last_name",
        "family name": "last_name", "name": "full_name", "full name": "full_name", "contact name": "full_name",
        "e mail": "email", "email address": "email", "mail": "email", "job title": "title", "position": "title",
        "phone number": "phone", "mobile": "phone", "company": "account", "company name": "account",
        "account name": "account", "organization": "account", "buying role": "role",
    },
    Kind.OPPORTUNITY: {
        "deal": "name", "deal name": "name", "opportunity": "name", "opportunity name": "name", "title": "name",
        "deal stage": "stage", "value": "amount", "deal value": "amount", "deal amount": "amount",
        "expected close date": "close_date", "close": "close_date", "closing date": "close_date",
        "company": "account", "company name": "account", "account name": "account", "organization": "account",
        "contact": "contacts", "contact email": "contacts", "contact emails": "contacts", "next": "next_step",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A line of the file (counted from 1, the header included) that was not taken, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did. `ignored` names columns that fit no field."""

    imported: int
    updated: int
    unchanged: int
    refused: tuple[RefusedRow, ...]
    ignored: tuple[str, ...]


def import_csv(path: crm.CrmFile, kind: Kind, text: str, *, by: str, at: datetime) -> ImportReport:
    """Import a CSV text into the sandbox at `path`. Each row stands alone: a bad one is refused, the others go in.

    A row that is already there (same mailbox, same domain, same name in the account) updates it.
    Raises InputError when the file as a whole is no table of this kind.
    """
    if kind is Kind.ACTIVITY:
        raise InputError("activities cannot be imported", fix="import accounts, contacts or deals")
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise InputError("the file is larger than 10 MiB", fix="split it")
    rows = _table(text)
    header = next(rows, None)
    if header is None:
        raise InputError("the file is empty", fix="export it again with a header line")
    db = crm.open_crm(path)
    try:
        schema = crm.describe(db, kind)
        columns, ignored = _columns(kind, header[1], schema)
        return _take(_Importer(db=db, schema=schema, by=by, at=at), rows, columns, ignored)
    finally:
        db.close()


def _take(
    importer: _Importer,
    rows: Iterator[tuple[int, list[str]]],
    columns: list[str],
    ignored: tuple[str, ...],
) -> ImportReport:
    counts = {"imported": 0, "updated": 0, "unchanged": 0}
    refused = []
    for number, (line, cells) in enumerate(rows, start=1):
        if number > MAX_ROWS:
            refused.append(RefusedRow(line=line, reason=f"more than {MAX_ROWS:,} rows: split the file"))
            break
        if not any(cell.strip() for cell in cells):
            continue
        try:
            counts[importer.take(dict(zip(columns, cells, strict=False)))] += 1
        except (InputError, ConnectorError) as error:
            refused.append(RefusedRow(line=line, reason=str(error)))
    return ImportReport(**counts, refused=tuple(refused), ignored=ignored)


def _table(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each row. The delimiter is the one that parts the header most often."""
    head = text.lstrip("\ufeff").split("\n", 1)[0]
    delimiter = max(",;\t|", key=head.count)
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff").replace("\0", "")), delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"line {line} cannot be read as CSV: {error}", fix="export the file again") from error
        yield line, row


def _columns(kind: Kind, header: list[str], schema: ObjectSchema) -> tuple[list[str], tuple[str, ...]]:
    known = {name.replace("_", " "): name for name in FIELDS[kind]} | dict(_HEADERS[kind])
    columns, ignored = [], []
    for cell in header:
        plain = " ".join(re.sub(r"[\W_]+", " ", cell).lower().split())
        name = known.get(plain, "")
        field = schema.field(name)
        if name in columns or (name != "full_name" and (field is None or field.read_only)):
            ignored.append(cell)
            name = ""
        columns.append(name)
    if not any(columns):
        near = get_close_matches(header[0].lower() if header else "", known, n=1)
        raise InputError(
            f"no column of this file belongs to a {kind.label}",
            fix=f"did you mean {near[0]!r}?" if near else "name the columns: " + ", ".join(FIELDS[kind]),
        )
    return columns, tuple(ignored)


@dataclass(slots=True, kw_only=True)
class _Importer:
    """Takes one row after the other into one kind of record."""

    db: crm.Connection
    schema: ObjectSchema
    by: str
    at: datetime

    def take(self, cells: Mapping[str, str]) -> str:
        """`imported`, `updated` or `unchanged`. Raises InputError or ConnectorError with the reason."""
        fields = self._fields({name: cell.strip() for name, cell in cells.items() if name and cell.strip()})
        existing = self._existing(fields)
        if existing is None:
            crm.insert(self.db, self.schema.kind, fields, by=self.by, at=self.at)
            return "imported"
        changed = {name: value for name, value in fields.items() if existing.fields.get(name) != value}
        changed.pop("email", None)  # the mailbox is the same; what stands there stays as it was typed
        if not changed:
            return "unchanged"
        crm.update(self.db, existing.ref, changed, by=self.by, at=self.at)
        return "updated"

    def _fields(self, cells: dict[str, str]) -> dict[str, Value]:
        if full := cells.pop("full_name", ""):
            first, _, last = full.rpartition(" ")
            cells.setdefault("first_name", first)
            cells.setdefault("last_name", last)
        fields: dict[str, Value] = {}
        for name, cell in cells.items():
            field = self.schema.field(name)
            if field is None or not cell:
                continue
            if field.type is FieldType.REFERENCE:
                fields[name] = self._account(cell)
            elif field.type is FieldType.REFERENCES:
                fields[name] = tuple(self._contact(each) for each in re.split(r"[;,\s]+", cell) if each)
            else:
                fields[name] = typed(field, cell)
        return fields

    def _existing(self, fields: Mapping[str, Value]) -> Record | None:
        kind = self.schema.kind
        if key := crm.identity_of(kind, fields):
            return crm.by_identity(self.db, kind, key)
        if kind is Kind.CONTACT:
            return None  # without a mailbox two people of one name are two people
        return crm.by_name(self.db, kind, str(fields.get("name") or ""), str(fields.get("account") or ""))

    def _account(self, cell: str) -> str:
        domain = registrable_domain(cell)
        found = crm.by_identity(self.db, Kind.ACCOUNT, domain) if domain else None
        found = found or crm.by_name(self.db, Kind.ACCOUNT, cell, "")
        if found is None:
            wanted = company_name(cell)
            every = self.db.execute("SELECT id, fields ->> 'name' FROM record WHERE kind = 'account' AND NOT gone")
            alike = [identifier for identifier, name in every if company_name(name or "") == wanted]
            if len(alike) != 1:
                raise InputError(f"there is no account {cell!r}", fix="import the accounts first")
            return str(alike[0])
        return found.ref.id

    def _contact(self, cell: str) -> str:
        key = crm.identity_of(Kind.CONTACT, {"email": cell})
        found = crm.by_identity(self.db, Kind.CONTACT, key) if key else None
        if found is None:
            raise InputError(f"there is no contact {cell!r}", fix="import the contacts first")
        return found.ref.id
