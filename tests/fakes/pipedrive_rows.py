"""What stands in the fake Pipedrive account: what is made, changed and removed by its rules; the changelog."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes import pipedrive_seed as seed

LISTS = ("organizations", "persons", "deals", "activities")
REFERS = {"org_id": "organizations", "person_id": "persons", "deal_id": "deals", "stage_id": "stages"}


class No(Exception):
    """The fake refuses."""

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(error)
        self.status, self.more = status, more


@dataclass
class Rows:
    """The account's records. `marked`: an administrator made the audit fields; `campaigns`: that product is on."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    marked: bool = True
    campaigns: bool = True
    changelog: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows: dict[str, dict[int, dict[str, Any]]] = {each: {} for each in (*LISTS, "notes")}
        self.rows["stages"] = {each["id"]: each for each in seed.stages()}
        self.rows["pipelines"] = {each["id"]: each for each in seed.pipelines()}
        self.users = [dict(each) for each in seed.USERS]
        self.fields = seed.fields(marked=self.marked, campaigns=self.campaigns)
        self._number = 0

    def make(self, name: str, data: Mapping[str, Any], by: int = 1) -> dict[str, Any]:
        """Create a row, as this user. Nothing keeps the same one from being made twice."""
        needed = {"deals": "title", "notes": "content", "activities": "subject"}.get(name, "name")
        if not data.get(needed):
            raise No(400, f"{needed} is required", code="ERR_SCHEMA_VALIDATION_FAILED")
        self._number += 1
        at = stamp(self.now())
        row: dict[str, Any] = {"id": self._number, "add_time": at, "update_time": at, **seed.fresh(name, by)}
        if name == "notes":
            if not any(data.get(each) for each in ("deal_id", "person_id", "org_id", "lead_id")):
                raise No(400, "One of the following fields is required: deal_id, person_id, org_id, lead_id")
            row |= {"add_time": old_stamp(self.now()), "update_time": old_stamp(self.now())}
        else:
            row["is_deleted"] = False
        if name == "deals" and "stage_id" not in data:
            row |= {"stage_id": 1, "pipeline_id": 1}
        self._put(name, row, data)
        self.rows[name][row["id"]] = row
        return row

    def change(self, name: str, identifier: int, data: Mapping[str, Any], by: int = 1) -> dict[str, Any]:
        """Change a row, as this user; the changelog remembers what became different."""
        row = self.rows[name][identifier]
        before = json.loads(json.dumps(row))
        self._put(name, row, data)
        row["update_time"] = old_stamp(self.now()) if name == "notes" else stamp(self.now())
        flat = [(key, before.get(key), row.get(key)) for key in data if key != "custom_fields"]
        custom = data.get("custom_fields") or {}
        flat += [(key, before["custom_fields"].get(key), row["custom_fields"].get(key)) for key in custom]
        for key, old, new in flat:
            if old != new:
                self.changelog.append(
                    {
                        "of": (name, identifier),
                        "field_key": key,
                        "old_value": None if old is None else str(old),
                        "new_value": None if new is None else str(new),
                        "actor_user_id": by,
                        "time": old_stamp(self.now()),
                        "change_source": "api",
                        "is_bulk_update_flag": False,
                    }
                )
        return row

    def _put(self, name: str, row: dict[str, Any], data: Mapping[str, Any]) -> None:
        for key, value in data.items():
            if key in REFERS and value is not None:
                known = self.rows[REFERS[key]].get(value)
                if known is None or known.get("is_deleted"):
                    raise No(400, f"{key} {value} not found", code="ERR_SCHEMA_VALIDATION_FAILED")
            if key == "participants" and any(each["person_id"] not in self.rows["persons"] for each in value):
                raise No(400, "participants: person_id not found", code="ERR_SCHEMA_VALIDATION_FAILED")
            if key == "owner_id" and value not in {each["id"] for each in self.users}:
                raise No(400, "owner_id not found", code="ERR_SCHEMA_VALIDATION_FAILED")
            if key == "type" and value not in {each["key_string"] for each in seed.types()}:
                raise No(400, f"type {value} is not an activity type", code="ERR_SCHEMA_VALIDATION_FAILED")
        custom = {**row.get("custom_fields", {}), **(data.get("custom_fields") or {})}
        known_codes = {each["field_code"] for each in self.fields.get(f"{name[:-1]}Fields", ())}
        if unknown := set(custom) - known_codes:
            raise No(400, f"custom field {sorted(unknown)[0]} is unknown", code="ERR_SCHEMA_VALIDATION_FAILED")
        row |= data
        if name in ("organizations", "persons", "deals"):
            row["custom_fields"] = {key: value for key, value in custom.items() if value not in (None, "")}
        if name == "persons" and "name" in data:
            row["first_name"], _, row["last_name"] = str(data["name"]).partition(" ")
        if name == "deals" and "stage_id" in data:
            row["pipeline_id"] = self.rows["stages"][data["stage_id"]]["pipeline_id"]
            row["stage_change_time"] = stamp(self.now())

    def remove(self, name: str, row: dict[str, Any]) -> None:
        """It is gone for lists and reads; /v1/recents goes on naming it."""
        row |= {"active_flag": False} if name == "notes" else {"is_deleted": True}
        row["update_time"] = old_stamp(self.now()) if name == "notes" else stamp(self.now())


def stamp(at: datetime) -> str:
    """A moment as version 2 writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def old_stamp(at: datetime) -> str:
    """A moment as version 1 writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def moment(text: str) -> datetime:
    """A moment in either form."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
