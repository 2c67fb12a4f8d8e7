"""Fill an empty sandbox with a believable company: dates in the files are days from today."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path

from gangly_tui.connectors.demo import demo_folder
from gangly_tui.connectors.record import sandbox_db as crm
from gangly_tui.domain.records import Kind, Value, encode

_LONG_AGO = 400
_Row = tuple[Kind, str, Mapping[str, Value], str, datetime]
"""kind, id, fields, who set them, when"""


def seed(path: Path, today: date, zone: tzinfo) -> int:
    """Put the demo company into the sandbox at `path`; returns how many records. One that holds any stays as it is."""
    db = crm.open_crm(path)
    try:
        if db.execute("SELECT EXISTS (SELECT 1 FROM record)").fetchone()[0]:
            return 0
        rows = list(_rows(demo_folder(), today, zone))
        with crm.writing(db) as first:
            db.executemany(
                """INSERT INTO record (kind, id, version, change, fields, stamps, updated_at, updated_by, identity)
                VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?)""",
                [_stored(row, first + number) for number, row in enumerate(rows)],
            )
            db.execute("INSERT INTO fact VALUES ('seeded', ?)", (today.isoformat(),))
        return len(rows)
    finally:
        db.close()


def seeded_on(path: Path) -> date | None:
    """The day the demo company was put in, or None for a sandbox that holds something else."""
    db = crm.open_crm(path)
    try:
        row = db.execute("SELECT value FROM fact WHERE name = 'seeded'").fetchone()
        return date.fromisoformat(row[0]) if row else None
    finally:
        db.close()


def _stored(row: _Row, change: int) -> tuple[object, ...]:
    kind, identifier, fields, by, at = row
    plain = {name: encode(value) for name, value in fields.items()}
    stamps = {name: [by, at.isoformat()] for name, value in fields.items() if value not in (None, "", ())}
    return (
        kind.value, identifier, change, json.dumps(plain, ensure_ascii=False), json.dumps(stamps), at.isoformat(), by,
        crm.identity_of(kind, fields),
    )  # fmt: skip


def _rows(folder: Path, today: date, zone: tzinfo) -> Iterator[_Row]:
    def moment(days_ago: int, hour: int = 9, minute: int = 0) -> datetime:
        return datetime.combine(today - timedelta(days=days_ago), time(hour, minute), tzinfo=zone)

    owners: dict[str, str] = {}
    for line in _lines(folder / "accounts.csv"):
        owners[line["key"]] = line["owner"]
        fields: dict[str, Value] = {
            name: line[name] or None
            for name in ("name", "domain", "industry", "phone", "city", "country", "description", "owner")
        }
        fields["employees"] = int(line["employees"])
        yield Kind.ACCOUNT, _account(line["key"]), fields, line["owner"], moment(_LONG_AGO)
    contacts = {}
    for number, line in enumerate(_lines(folder / "contacts.csv"), start=1):
        identifier = f"con-{number:04}"
        contacts[line["email"]] = identifier
        fields = {name: line[name] or None for name in ("first_name", "last_name", "title", "email", "phone", "role")}
        fields |= {"account": _account(line["account"]), "owner": owners[line["account"]]}
        fields |= {"mail_opt_out": line["mail_opt_out"] == "yes", "residency": line["residency"] or None}
        fields["recording_consent"] = line["recording_consent"] or None
        yield Kind.CONTACT, identifier, fields, owners[line["account"]], moment(_LONG_AGO - number)
    for line in _lines(folder / "deals.csv"):
        since = int(line["in_stage_days"])
        fields = {
            name: line[name] or None
            for name in (
                "name", "stage", "currency", "next_step", "competitor", "budget", "pain", "decision_process",
                "economic_buyer",
            )
        }  # fmt: skip
        fields |= {
            "account": _account(line["account"]),
            "contacts": tuple(contacts[each] for each in line["contacts"].split(";") if each),
            "amount": Decimal(line["amount"]) if line["amount"] else None,
            "close_date": today + timedelta(days=int(line["close_in_days"])),
            "stage_since": today - timedelta(days=since),
            "decision_criteria": None,
            "owner": owners[line["account"]],
        }
        yield Kind.OPPORTUNITY, f"deal-{line['key']}", fields, owners[line["account"]], moment(since, 16, 20)
    for number, line in enumerate(_lines(folder / "activities.csv"), start=1):
        at = moment(int(line["days_ago"]), 8 + number % 10, 5 * (number % 12))
        fields = _links(line, contacts) | {
            "type": line["type"],
            "subject": line["subject"],
            "body": line["body"] or None,
            "at": at,
            "status": "done",
            "owner": owners[line["account"]],
        }
        yield Kind.ACTIVITY, f"act-{number:04}", fields, owners[line["account"]], at
    for number, line in enumerate(_lines(folder / "tasks.csv"), start=1):
        fields = _links(line, contacts) | {
            "type": "task",
            "subject": line["subject"],
            "at": moment(max(3 - int(line["due_in_days"]), 1)),
            "due": today + timedelta(days=int(line["due_in_days"])),
            "status": line["status"],
            "ours": line["ours"] == "yes",
            "owner": owners[line["account"]],
        }
        yield Kind.ACTIVITY, f"task-{number:04}", fields, owners[line["account"]], moment(3)


def _links(line: Mapping[str, str], contacts: Mapping[str, str]) -> dict[str, Value]:
    return {
        "account": _account(line["account"]),
        "opportunity": f"deal-{line['deal']}" if line["deal"] else None,
        "contacts": tuple(contacts[each] for each in line["contacts"].split(";") if each),
    }


def _account(key: str) -> str:
    return f"acc-{key}"


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
