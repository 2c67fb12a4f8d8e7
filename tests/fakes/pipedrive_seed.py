"""What the fake Pipedrive account is set up with: two pipelines, three users, fields as an administrator made them."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import TYPE_CHECKING, Any

from gangly_tui.connectors.demo import demo_day, demo_folder

if TYPE_CHECKING:
    from tests.fakes.pipedrive import PipedriveFake

USERS = [
    {"id": 1, "name": "Robin Vega", "email": "robin@seller.com"},
    {"id": 2, "name": "Priya Raman", "email": "priya@seller.com"},
    {"id": 3, "name": "Sam Okafor", "email": "sam@seller.com"},
]
COMPANY = {"company_id": 77, "company_name": "Seller Inc", "company_domain": "acme"}
_STAGES = [
    (1, "Discovery", 1), (2, "Demo", 1), (3, "Proposal", 1), (4, "Negotiation", 1),
    (5, "Demo", 2), (6, "Renewal talks", 2),
]  # fmt: skip


def stages() -> list[dict[str, Any]]:
    return [
        {"id": number, "order_nr": number, "name": name, "pipeline_id": pipeline, "is_deleted": False}
        for number, name, pipeline in _STAGES
    ]


def pipelines() -> list[dict[str, Any]]:
    return [
        {"id": 1, "name": "New business", "order_nr": 1, "is_deleted": False},
        {"id": 2, "name": "Renewals", "order_nr": 2, "is_deleted": False},
    ]


def types() -> list[dict[str, Any]]:
    keys = {"call": "Call", "meeting": "Meeting", "task": "To do", "email": "E-mail", "lunch": "Lunch"}
    return [
        {"id": number, "name": name, "key_string": key, "active_flag": True, "order_nr": number}
        for number, (key, name) in enumerate(keys.items(), start=1)
    ]


def code(label: str, of: str) -> str:
    """The key of a custom field: forty characters that say nothing."""
    return sha1(f"{of}.{label}".encode()).hexdigest()


def fields(*, marked: bool, campaigns: bool) -> dict[str, list[dict[str, Any]]]:
    """The lists of fields. `marked`: the audit fields are there; `campaigns`: that product is."""
    custom: dict[str, dict[str, Any]] = {
        "deal": {
            "Next step": "varchar", "Competitor": ["Globex", "Initech", "Umbrella"], "Budget": "varchar",
            "Pain": "text", "Decision process": "text", "Decision criteria": "text", "Economic buyer": "varchar",
        },
        "person": {"Role": ["Champion", "Economic buyer", "User"], "Data region": "varchar"},
        "organization": {"Phone": "phone"},
        "activity": {},
    }  # fmt: skip
    standard = {
        "deal": {"title": "varchar", "value": "monetary", "stage_id": "stage", "expected_close_date": "date"},
        "person": {"name": "varchar", "emails": "varchar", "phones": "phone", "job_title": "varchar"},
        "organization": {"name": "varchar", "website": "varchar", "employee_count": "int", "industry": "enum"},
        "activity": {"subject": "varchar"},
    }
    found = {}
    for of, plain in standard.items():
        rows = [_field(key, key, kind, custom=False) for key, kind in plain.items()]
        if of == "person" and campaigns:
            optional = {"is_optional_response_field": True}
            rows.append(_field("Marketing status", "marketing_status", "enum", custom=False) | optional)
        for row in rows:
            if row["field_code"] == "industry":
                row["options"] = [{"id": 51, "label": "Manufacturing"}, {"id": 52, "label": "Software"}]
        for label, kind in custom[of].items():
            row = _field(label, code(label, of), "enum" if isinstance(kind, list) else kind, custom=True)
            if isinstance(kind, list):
                row["options"] = [{"id": 100 + at, "label": each} for at, each in enumerate(kind)]
            rows.append(row)
        audit = ("op id", "source", "approved by", "approved at", "trail head") if marked and of != "activity" else ()
        rows += [_field(f"gangly {each}", code(each, of), "varchar", custom=True) for each in audit]
        found[f"{of}Fields"] = rows
    return found


def _field(name: str, key: str, kind: str, *, custom: bool) -> dict[str, Any]:
    return {
        "field_name": name,
        "field_code": key,
        "field_type": kind,
        "is_custom_field": custom,
        "is_optional_response_field": False,
    }


def fresh(name: str, by: int) -> dict[str, Any]:
    """What a new row holds before anything is set."""
    match name:
        case "persons":
            return {"owner_id": by, "emails": [], "phones": [], "custom_fields": {}}
        case "deals":
            return {
                "owner_id": by, "value": 0, "currency": "EUR", "status": "open", "custom_fields": {},
                "is_archived": False,
            }  # fmt: skip
        case "activities":
            return {"owner_id": by, "creator_user_id": by, "done": False, "type": "call", "participants": []}
        case "notes":
            return {"user_id": by, "active_flag": True}
        case _:
            return {"owner_id": by, "custom_fields": {}}


def story(fake: PipedriveFake) -> None:
    """A little business, for trying things by hand."""
    acme = fake.make("organizations", {"name": "Acme GmbH", "website": "https://acme.de"})
    ada = fake.make(
        "persons",
        {"name": "Ada Lind", "org_id": acme["id"], "emails": [{"value": "ada@acme.de", "primary": True}]},
    )
    fake.make(
        "deals",
        {
            "title": "Platform 2026", "org_id": acme["id"], "person_id": ada["id"], "stage_id": 2, "value": 30_000,
            "expected_close_date": datetime.now(UTC).date().isoformat(),
        },
    )  # fmt: skip


def demo(fake: PipedriveFake) -> None:
    """The sandbox's companies, people and open deals, owned by its rep: they fit the days of the fake calendars."""
    day = demo_day()
    fake.users[0] |= {"name": day["rep"], "email": day["email"]}
    stage_of = {each["name"]: each["id"] for each in reversed(stages())}
    today = datetime.now(UTC).date()
    made = {
        each["key"]: fake.make("organizations", {"name": each["name"], "website": f"https://{each['domain']}"})["id"]
        for each in _rows("accounts")
    }
    people = {}
    for each in _rows("contacts"):
        person = {
            "name": f"{each['first_name']} {each['last_name']}", "org_id": made[each["account"]],
            "emails": [{"value": each["email"], "primary": True}], "job_title": each["title"],
        }  # fmt: skip
        people[each["email"]] = fake.make("persons", person)["id"]
    for each in _rows("deals"):
        if each["stage"] not in stage_of:
            continue
        deal = {
            "title": each["name"], "org_id": made[each["account"]], "stage_id": stage_of[each["stage"]],
            "person_id": people[each["contacts"].partition(";")[0]], "value": int(each["amount"] or 0),
            "currency": each["currency"],
            "expected_close_date": (today + timedelta(days=int(each["close_in_days"]))).isoformat(),
            "custom_fields": {code("Next step", "deal"): each["next_step"]},
        }  # fmt: skip
        fake.make("deals", deal)


def _rows(name: str) -> list[dict[str, str]]:
    with (demo_folder() / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
