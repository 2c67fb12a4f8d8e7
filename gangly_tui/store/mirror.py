"""What the CRM held when we last looked: records, who references whom, field lists, and how far the pull is.

A row's `body` is the exact record; `identity`, `type`, `at` and the links are derived from it and may be rebuilt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import islice

from gangly_tui.domain.identity import mailbox, registrable_domain
from gangly_tui.domain.records import Kind, ObjectSchema, Record, RecordRef
from gangly_tui.store.bulk import insert
from gangly_tui.store.codec import dump, dump_record, instant, load, load_record, well_formed
from gangly_tui.store.database import Connection, transaction
from gangly_tui.store.index import Entry, record_entry, reindex

BATCH = 2_000
"""Records written at a time: bounds the memory of a first pull."""

_OPEN_DEAL = "open deal"
_OPEN_TASK = "open task"
_NO_DUE_DATE = date.max.toordinal() + 1
_NAMES = {each: each.value for each in Kind}
_REFERENCES = {
    "account": Kind.ACCOUNT.value, "opportunity": Kind.OPPORTUNITY.value, "contacts": Kind.CONTACT.value,
}  # fmt: skip
_COLUMNS = "record.system, record.kind, record.id, record.body"

_Link = tuple[str, str, int, int]  # target, role, at, rid


Written = dict[RecordRef, tuple[Record, str]]
"""Records with their bodies; of several with one ref the last."""


def written_out(records: Iterable[Record]) -> Written:
    """The bodies of records, made before the transaction that keeps them: nobody waits for it meanwhile."""
    return {each.ref: (each, dump_record(each)) for each in records}


def save_records(db: Connection, records: Iterable[Record]) -> int:
    """Insert or update by (system, kind, id). Returns how many rows differed and were written."""
    written = 0
    rest = iter(records)
    with transaction(db):
        while batch := written_out(islice(rest, BATCH)):
            written += save_written(db, batch)
    return written


def save_written(db: Connection, batch: Written) -> int:
    """`save_records` of a batch that is written out."""
    with transaction(db):
        known = _rows(db, batch)
        free = db.execute("SELECT coalesce(max(rid), 0) + 1 FROM record").fetchone()[0]
        inserts: list[tuple[object, ...]] = []
        updates: list[tuple[object, ...]] = []
        old_links: set[_Link] = set()
        new_links: list[_Link] = []
        old_words: list[Entry] = []
        new_words: list[Entry] = []
        for ref, (record, body) in batch.items():
            row = known.get(ref) if known else None
            if row is None:
                rid = free
                free += 1
                at = _moment(record)
                inserts.append((rid, ref.system, _NAMES[ref.kind], ref.id, *_derived(record), at, body))
                new_words.append(record_entry(rid, record))
            elif row[1] == body:
                continue
            else:
                rid, at = row[0], _moment(record)
                before = load_record(ref.system, ref.kind.value, ref.id, row[1])
                updates.append((*_derived(record), at, body, rid))
                old_links.update(_links(rid, before, _moment(before)))
                words, words_before = record_entry(rid, record), record_entry(rid, before)
                if words != words_before:
                    old_words.append(words_before)
                    new_words.append(words)
            new_links += _links(rid, record, at)
        insert(db, "record", inserts)
        db.executemany("UPDATE record SET identity = ?, type = ?, at = ?, body = ? WHERE rid = ?", updates)
        _relink(db, old_links, new_links)
        reindex(db, old_words, new_words)
    return len(inserts) + len(updates)


def _rows(db: Connection, refs: Iterable[RecordRef]) -> dict[RecordRef, tuple[int, str]]:
    """The rid and body of each record that is here."""
    groups: dict[tuple[str, Kind], list[str]] = {}
    for each in refs:
        groups.setdefault((each.system, each.kind), []).append(each.id)
    found = {}
    for (system, kind), ids in groups.items():
        rows = db.execute(
            "SELECT id, rid, body FROM record WHERE kind = ? AND system = ? AND id IN (SELECT value FROM json_each(?))",
            (kind.value, system, json.dumps(ids)),
        )
        for identifier, rid, body in rows:
            found[RecordRef(system=system, kind=kind, id=identifier)] = (rid, body)
    return found


def _derived(record: Record) -> tuple[str, str]:
    """identity and type."""
    identity = ""
    if record.ref.kind is Kind.CONTACT:
        identity = mailbox(record.text("email"))
    elif record.ref.kind is Kind.ACCOUNT and record.text("domain"):
        identity = registrable_domain(record.text("domain"))
    return well_formed(identity), well_formed(record.text("type"))


def _moment(record: Record) -> int:
    at = record.fields.get("at")
    return instant(at if isinstance(at, datetime) else record.updated_at)


def _links(rid: int, record: Record, moment: int) -> list[_Link]:
    kind, fields = record.ref.kind, record.fields
    roles = [(_NAMES[kind], moment)]
    if kind is Kind.OPPORTUNITY and not record.text("stage").lower().startswith("closed"):
        roles.append((_OPEN_DEAL, moment))
    if kind is Kind.ACTIVITY and fields.get("type") == "task" and fields.get("status") == "open":
        due = fields.get("due")
        roles.append((_OPEN_TASK, due.toordinal() if isinstance(due, date) else _NO_DUE_DATE))
    system, found = record.ref.system, []
    for name, referenced in _REFERENCES.items():
        if fields.get(name):
            for identifier in record.ids(name):
                target = f"{system}:{referenced}:{well_formed(identifier)}"
                found += [(target, role, at, rid) for role, at in roles]
    return found


def _relink(db: Connection, old: set[_Link], new: Iterable[_Link]) -> None:
    """Put the new links in the place of the old ones; neighbours together, they share pages."""
    wanted = set(new)
    db.executemany("DELETE FROM link WHERE target = ? AND role = ? AND at = ? AND rid = ?", old - wanted)
    insert(db, "link", sorted(wanted - old if old else wanted))


def remove_records(db: Connection, refs: Iterable[RecordRef]) -> None:
    """Forget these records; those that are not here are left out."""
    with transaction(db):
        gone = _rows(db, refs)
        before = {rid: load_record(ref.system, ref.kind.value, ref.id, body) for ref, (rid, body) in gone.items()}
        _relink(db, {link for rid, record in before.items() for link in _links(rid, record, _moment(record))}, ())
        reindex(db, [record_entry(rid, record) for rid, record in before.items()], ())
        db.executemany("DELETE FROM record WHERE rid = ?", [(rid,) for rid in before])


def get_record(db: Connection, ref: RecordRef) -> Record | None:
    """The record, or None when the mirror has none."""
    row = db.execute(
        "SELECT body FROM record WHERE kind = ? AND system = ? AND id = ?", (ref.kind.value, ref.system, ref.id)
    ).fetchone()
    return load_record(ref.system, ref.kind.value, ref.id, row[0]) if row else None


def get_records(db: Connection, system: str, kind: Kind, ids: Sequence[str]) -> list[Record]:
    """The records with these ids in the order of the ids; those that are not here are left out."""
    wanted = [RecordRef(system=system, kind=kind, id=each) for each in ids]
    rows = _rows(db, wanted)
    return [load_record(system, kind.value, each.id, rows[each][1]) for each in wanted if each in rows]


def contacts_by_mailbox(db: Connection, mailboxes: Iterable[str]) -> dict[str, Record]:
    """The contacts with these mailboxes (`identity.mailbox`); of several the one that changed last."""
    return dict(_with_mailboxes(db, mailboxes))


def contacts_of(db: Connection, mailboxes: Iterable[str]) -> list[Record]:
    """Every contact with one of these mailboxes: what somebody said about their data may stand on any of them."""
    return [each for _, each in _with_mailboxes(db, mailboxes)]


def _with_mailboxes(db: Connection, mailboxes: Iterable[str]) -> list[tuple[str, Record]]:
    rows = db.execute(
        f"""SELECT identity, {_COLUMNS} FROM record
            WHERE kind = 'contact' AND identity IN (SELECT value FROM json_each(?)) AND identity <> ''
            ORDER BY at, system, id""",
        (json.dumps(list(mailboxes)),),
    )
    return [(identity, load_record(*columns)) for identity, *columns in rows]


def namesakes(db: Connection, contact: Record) -> int:
    """How many other contacts of its system have the mailbox of this one."""
    row = db.execute(
        """SELECT count(*) FROM record WHERE kind = 'contact' AND identity = ? AND identity <> ''
           AND system = ? AND id <> ?""",
        (mailbox(contact.text("email")), contact.ref.system, contact.ref.id),
    ).fetchone()
    return int(row[0])


def contacts_named(db: Connection, name: str) -> list[Record]:
    """The contacts whose last name is the last word of a name, whatever its case."""
    rows = db.execute(
        """SELECT system, kind, id, body FROM record
           WHERE kind = 'contact' AND lower(json_extract(body, '$[3].last_name')) = ?""",
        (name.casefold().rpartition(" ")[2],),
    )
    return [load_record(*row) for row in rows]


def accounts_by_domain(db: Connection, domains: Iterable[str]) -> list[Record]:
    """The accounts with these registrable domains, by name of the domain, then the one that changed last first."""
    rows = db.execute(
        f"""SELECT {_COLUMNS} FROM record
            WHERE kind = 'account' AND identity IN (SELECT value FROM json_each(?)) AND identity <> ''
            ORDER BY identity, at DESC, system, id""",
        (json.dumps(list(domains)),),
    )
    return [load_record(*each) for each in rows]


def linked(db: Connection, ref: RecordRef, kind: Kind, *, limit: int, newest_first: bool = True) -> list[Record]:
    """The records of a kind that reference this one, by time: an activity's `at`, else when it changed."""
    return _linked(db, ref, kind.value, limit=limit, newest_first=newest_first)


def _linked(db: Connection, ref: RecordRef, role: str, *, limit: int, newest_first: bool = True) -> list[Record]:
    order = "DESC" if newest_first else "ASC"
    rows = db.execute(
        f"""SELECT {_COLUMNS} FROM link CROSS JOIN record USING (rid)
            WHERE link.target = ? AND link.role = ? ORDER BY link.at {order}, link.rid {order} LIMIT ?""",
        (str(ref), role, limit),
    )
    return [load_record(*each) for each in rows]


def open_deals(db: Connection, account: RecordRef) -> list[Record]:
    """The account's deals whose stage does not begin with "closed", the one that changed last first."""
    return _linked(db, account, _OPEN_DEAL, limit=-1)


def open_tasks(db: Connection, refs: Sequence[RecordRef], *, limit: int = 20) -> list[Record]:
    """The open tasks that reference any of these records, by due date; those without one come last."""
    rows = db.execute(
        f"""SELECT {_COLUMNS} FROM (
                SELECT rid, min(at) AS due FROM link
                WHERE target IN (SELECT value FROM json_each(?)) AND role = ? GROUP BY rid ORDER BY due, rid LIMIT ?
            ) CROSS JOIN record USING (rid) ORDER BY due, rid""",
        (json.dumps([str(each) for each in refs]), _OPEN_TASK, limit),
    )
    return [load_record(*each) for each in rows]


def last_touches(db: Connection, contacts: Sequence[RecordRef], before: datetime) -> dict[str, Record]:
    """By contact id: the newest activity before that time that is no task. Who was never touched is left out."""
    found = {}
    for contact in contacts:
        row = db.execute(
            f"""SELECT {_COLUMNS} FROM link CROSS JOIN record USING (rid)
                WHERE link.target = ? AND link.role = 'activity' AND link.at < ? AND record.type <> 'task'
                ORDER BY link.at DESC, link.rid DESC LIMIT 1""",
            (str(contact), instant(before)),
        ).fetchone()
        if row:
            found[contact.id] = load_record(*row)
    return found


def all_records(db: Connection, kind: Kind, *, limit: int, offset: int = 0) -> list[Record]:
    """A window over all records of a kind, ordered by system and id."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM record WHERE kind = ? ORDER BY system, id LIMIT ? OFFSET ?",
        (kind.value, limit, offset),
    )
    return [load_record(*each) for each in rows]


def count(db: Connection, kind: Kind) -> int:
    """How many records of a kind the mirror has."""
    return int(db.execute("SELECT count(*) FROM record WHERE kind = ?", (kind.value,)).fetchone()[0])


def fields_with_values(db: Connection, kind: Kind) -> set[str]:
    """The fields that hold something in at least one record of a kind. Looks at every record."""
    rows = db.execute(
        """SELECT DISTINCT each.key FROM record, json_each(record.body, '$[3]') AS each
           WHERE kind = ? AND each.type <> 'null' AND each.value NOT IN ('', '[]')""",
        (kind.value,),
    )
    return {name for (name,) in rows}


def save_schema(db: Connection, system: str, schema: ObjectSchema, at: datetime) -> None:
    """Keep the field list of a kind as the system described it at that time."""
    db.execute(
        "INSERT OR REPLACE INTO object_schema VALUES (?, ?, ?, ?)",
        (system, schema.kind.value, at.isoformat(), dump(schema)),
    )


def schemas(db: Connection, system: str) -> dict[Kind, ObjectSchema]:
    """The field lists of a system that were kept last."""
    rows = db.execute("SELECT kind, body FROM object_schema WHERE system = ?", (system,))
    return {Kind(kind): load(ObjectSchema, body) for kind, body in rows}


def cursor(db: Connection, name: str) -> str:
    """Where the pull of this name goes on; "" at first."""
    row = db.execute("SELECT value FROM cursor WHERE name = ?", (name,)).fetchone()
    return row[0] if row else ""


def set_cursor(db: Connection, name: str, value: str) -> None:
    """Remember where the pull goes on. Call it in the transaction that keeps the page."""
    db.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?)", (name, value))


_PULLED = "pulled "


def pulled(db: Connection, system: str, at: datetime) -> None:
    """Remember that everything a system had to tell was read by then."""
    set_cursor(db, _PULLED + system, at.isoformat())


def pulled_at(db: Connection, system: str) -> datetime | None:
    """When a system was last read to the end; None when it never was."""
    said = cursor(db, _PULLED + system)
    return datetime.fromisoformat(said) if said else None
