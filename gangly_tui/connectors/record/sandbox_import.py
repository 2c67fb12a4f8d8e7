"""Bring accounts, contacts and deals from a CSV file into the sandbox, and say which rows were refused and why."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from itertools import islice

from gangly_tui.connectors.record import sandbox_db as crm
from gangly_tui.connectors.record.sandbox_values import typed
from gangly_tui.domain.errors import ConnectorError, InputError
from gangly_tui.domain.identity import company_name, registrable_domain
from gangly_tui.domain.records import FIELDS, FieldType, Kind, ObjectSchema, Record, RecordRef, Value

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 20_000
"""What is looked up and written row by row stays a matter of a second or two."""

MAX_LINES = 250_000
"""Of a file: rows beyond the limit are counted, but not for ever."""

MAX_ROW = 400_000
"""Characters of one row: its cells are all in memory at once."""
_BATCH = 500

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
    """A line of the file (counted from 1, the header included) that was not taken, why, and what to do about it."""

    line: int
    reason: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did. `ignored` names columns that fit no field."""

    imported: int
    updated: int
    unchanged: int
    refused: tuple[RefusedRow, ...]
    ignored: tuple[str, ...]


def import_csv(
    path: crm.CrmFile,
    kind: Kind,
    text: str,
    *,
    by: str,
    at: datetime,
    progress: Callable[[int, int], None] = lambda done, total: None,
    at_point: Callable[[str], None] = lambda _: None,
) -> ImportReport:
    """Import a CSV text into the sandbox at `path`. Each row stands alone: a bad one is refused, the others go in.

    A row that is already there (same mailbox, same domain, same name in the account) updates it, so that an import
    that was cut off is simply done again. `progress` is told how many rows are done, and of how many; `at_point` is
    called with the name of each step a crash may hit.
    Raises InputError when the file as a whole is no table of this kind: nothing was imported then.
    """
    if kind is Kind.ACTIVITY:
        raise InputError("activities cannot be imported", fix="import accounts, contacts or deals")
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise InputError("the file is larger than 10 MiB", fix="split it")
    if text.count("\n") > MAX_LINES:
        raise InputError(f"the file has more than {MAX_LINES:,} lines", fix="split it")
    text, form = _form(text)
    total, beyond = -1, 0
    for line, _ in _rows(text, form):  # to the end before anything is imported, and again for the cells: less memory
        total += 1
        beyond = line if total == MAX_ROWS + 1 else beyond
    if total < 0:
        raise InputError("the file is empty", fix="export it again with a header line")
    rows = _rows(text, form)
    _, header = next(rows)
    with crm.answering():
        db = crm.open_crm(path)
        try:
            schema = crm.describe(db, kind)
            columns, ignored = _columns(kind, header, schema)
            importer = _Importer(db=db, schema=schema, by=by, at=at)
            for start in range(0, min(total, MAX_ROWS), _BATCH):
                with crm.writing(db):  # one wait for the disk a batch, and a running app waits no longer than that
                    for line, cells in islice(rows, min(_BATCH, MAX_ROWS - start)):
                        importer.take(line, columns, cells)
                    at_point("import.before-commit")
                at_point("import.committed")
                progress(min(start + _BATCH, total), total)
        finally:
            db.close()
    if total > MAX_ROWS:
        importer.refuse(beyond, f"this and the lines below: more than {MAX_ROWS:,} rows", "split the file")
    return ImportReport(**importer.counts, refused=tuple(importer.refused), ignored=ignored)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How a table is written: what parts its cells, where it begins, and how many lines stand above that."""

    delimiter: str
    begins: int
    above: int


def _form(text: str) -> tuple[str, _Form]:
    """The text as it is read, and its form. The delimiter is the one that parts the header most often.

    A spreadsheet may name it in a first line, `sep=;`.
    """
    text = text.lstrip("\ufeff")
    end = text.find("\n") + 1 or len(text)
    named = re.fullmatch(r"sep=(.)\s*", text[:end], re.IGNORECASE)
    if named:
        return text, _Form(delimiter=named[1], begins=end, above=1)
    return text, _Form(delimiter=max(",;\t|", key=lambda each: text.count(each, 0, end)), begins=0, above=0)


def _rows(text: str, form: _Form) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row that has any, made as they are asked for. Raises InputError for what is no CSV."""
    at = began = form.begins

    def lines() -> Iterator[str]:
        nonlocal at
        while at < len(text):
            start, at = at, text.find("\n", at) + 1 or len(text)
            if at - began > MAX_ROW:
                raise InputError(f"a row has more than {MAX_ROW:,} characters", fix="export the file again")
            yield text[start:at].replace("\0", "").encode("utf-8", "replace").decode()

    reader = csv.reader(lines(), delimiter=form.delimiter)
    while True:
        line = reader.line_num + 1 + form.above
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"line {line} cannot be read as CSV: {error}", fix="export the file again") from error
        began = at
        if any(cell.strip() for cell in cells):
            yield line, cells


def _columns(kind: Kind, header: list[str], schema: ObjectSchema) -> tuple[list[str], tuple[str, ...]]:
    known = {name.replace("_", " "): name for name in FIELDS[kind]} | dict(_HEADERS[kind])
    columns, ignored = [], []
    for cell in header:
        plain = " ".join(re.sub(r"[\W_]+", " ", cell).lower().split())
        name = known.get(plain, "")
        known_field = schema.field(name)
        if name in columns or (name != "full_name" and (known_field is None or known_field.read_only)):
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
    alike: dict[str, list[str]] | None = None
    """the accounts by name without legal form, read once when a row first asks"""

    counts: dict[str, int] = field(default_factory=lambda: {"imported": 0, "updated": 0, "unchanged": 0})
    refused: list[RefusedRow] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    """which line each record came from"""

    def take(self, line: int, columns: list[str], cells: list[str]) -> None:
        """Take one row, or refuse it with the reason."""
        try:
            if any(cell.strip() for cell in cells[len(columns) :]):
                raise InputError("there are more cells than in the header", fix='put a cell with a comma in "quotes"')
            self.counts[self._landed(line, dict(zip(columns, cells, strict=False)))] += 1
        except (InputError, ConnectorError) as error:
            self.refuse(line, str(error), error.fix)

    def refuse(self, line: int, reason: str, fix: str) -> None:
        """Note a row that was not taken."""
        self.refused.append(RefusedRow(line=line, reason=reason, fix=fix))

    def _landed(self, line: int, cells: Mapping[str, str]) -> str:
        """`imported`, `updated` or `unchanged`. Raises InputError or ConnectorError with the reason."""
        fields = self._fields({name: cell.strip() for name, cell in cells.items() if name and cell.strip()})
        existing = self._existing(fields)
        if existing is None:
            made = crm.insert(self.db, self.schema.kind, fields, by=self.by, at=self.at)
            self.lines[made.ref.id] = line
            return "imported"
        if (before := self.lines.setdefault(existing.ref.id, line)) != line:
            raise InputError(f"the same {self.schema.kind.label} as line {before}", fix="leave one of the two lines")
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
            known = self.schema.field(name)
            if known is None or not cell:
                continue
            if known.type is FieldType.REFERENCE:
                fields[name] = self._account(cell)
            elif known.type is FieldType.REFERENCES:
                fields[name] = tuple(self._contact(each) for each in re.split(r"[;,\s]+", cell) if each)
            else:
                fields[name] = typed(known, cell)
        return fields

    def _existing(self, fields: Mapping[str, Value]) -> Record | None:
        kind = self.schema.kind
        if key := crm.identity_of(kind, fields):
            return crm.by_identity(self.db, kind, key)
        if kind is Kind.CONTACT:
            return self._namesake(fields)
        return crm.by_name(self.db, kind, str(fields.get("name") or ""), str(fields.get("account") or ""))

    def _namesake(self, fields: Mapping[str, Value]) -> Record | None:
        """The contact of this name in the account, for a row without a mailbox: an import done again adds nobody."""
        wanted = {name: str(fields.get(name) or "") for name in ("first_name", "last_name", "account")}
        rows = self.db.execute(
            """SELECT id FROM record WHERE kind = 'contact' AND NOT gone
            AND lower(coalesce(fields ->> 'last_name', '')) = lower(:last_name)
            AND lower(coalesce(fields ->> 'first_name', '')) = lower(:first_name)
            AND coalesce(fields ->> 'account', '') = :account""",
            wanted,
        ).fetchall()
        if len(rows) > 1:
            raise InputError(f"there are {len(rows)} contacts of this name", fix="tell them apart by their e-mail")
        return crm.read(self.db, RecordRef(system=crm.SYSTEM, kind=Kind.CONTACT, id=rows[0][0])) if rows else None

    def _account(self, cell: str) -> str:
        domain = registrable_domain(cell)
        found = crm.by_identity(self.db, Kind.ACCOUNT, domain) if domain else None
        found = found or crm.by_name(self.db, Kind.ACCOUNT, cell, "")
        if found is not None:
            return found.ref.id
        if self.alike is None:
            self.alike = {}
            every = self.db.execute("SELECT id, fields ->> 'name' FROM record WHERE kind = 'account' AND NOT gone")
            for identifier, name in every.fetchall():
                self.alike.setdefault(company_name(name or ""), []).append(str(identifier))
        alike = self.alike.get(company_name(cell), [])
        if len(alike) != 1:
            raise InputError(
                f"{len(alike)} accounts are called {cell!r}" if alike else f"there is no account {cell!r}",
                fix="name the account by its web domain" if alike else "import the accounts first",
            )
        return alike[0]

    def _contact(self, cell: str) -> str:
        key = crm.identity_of(Kind.CONTACT, {"email": cell})
        found = crm.by_identity(self.db, Kind.CONTACT, key) if key else None
        if found is None:
            raise InputError(f"there is no contact {cell!r}", fix="import the contacts first")
        return found.ref.id
