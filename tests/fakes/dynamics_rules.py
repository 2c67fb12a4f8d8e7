"""What the fake Dataverse takes in a write, and what it says when it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.fakes.dynamics_tables import COLUMNS, TABLES, USERS, of_set

Rows = Mapping[str, Mapping[str, Mapping[str, Any]]]
_BIND = re.compile(r"/?(?P<set>\w+)\((?P<id>[^)]+)\)")


class Problem(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})


def checked(rows: Rows, table: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a write, as they will stand. Raises what Dataverse would say."""
    fresh: dict[str, Any] = {}
    for name, value in given.items():
        if name.endswith("@odata.bind"):
            fresh |= _bound(rows, table, name.removesuffix("@odata.bind"), value)
            continue
        if name == TABLES[table].parties:
            fresh[name] = [_party(rows, each) for each in value]
            continue
        column = COLUMNS[table].get(name)
        if column is None or column.get("read_only"):
            raise Problem(400, "0x80048d19", f"The property '{name}' does not exist on type '{table}'.")
        length = column.get("length")
        if isinstance(value, str) and length and len(value) > length:
            said = f"The length of the '{name}' attribute of the '{table}' entity exceeded the maximum of '{length}'."
            raise Problem(400, "0x80044331", said)
        if column["type"] == "Picklist" and value is not None and value not in column["options"].values():
            raise Problem(400, "0x8004431a", f"The value '{value}' of '{name}' is outside the valid range.")
        if column["type"] == "Money" and not isinstance(value, (int, float, type(None))):
            raise Problem(
                400, "0x80048d19", f"Cannot convert the literal '{value}' of '{name}' to the type Edm.Decimal."
            )
        fresh[name] = value
    return fresh


def _bound(rows: Rows, table: str, name: str, value: str | None) -> dict[str, Any]:
    """A lookup: `regardingobjectid_opportunity_task` sets `_regardingobjectid_value`."""
    column = next(each for each in COLUMNS[table] if name == each or name.startswith(f"{each}_"))
    read_as = f"_{column}_value"
    if value is None:
        return {read_as: None}
    found = _BIND.fullmatch(value)
    if not found:
        raise Problem(400, "0x80048d19", f"'{value}' is no reference")
    if found["set"] == "systemusers":
        who = next((each for each in USERS if each["systemuserid"] == found["id"]), None)
        if who is None:
            raise Problem(404, "0x80040217", f"systemuser With Id = {found['id']} Does Not Exist")
        return lookup(read_as, found["id"], "systemuser", who["fullname"])
    target = of_set(found["set"])
    row = rows[target].get(found["id"].lower())
    if row is None:
        raise Problem(404, "0x80040217", f"{target} With Id = {found['id']} Does Not Exist")
    return lookup(read_as, found["id"].lower(), target, row.get("name") or row.get("lastname") or "")


def lookup(read_as: str, identifier: str, table: str, name: str) -> dict[str, Any]:
    return {
        read_as: identifier,
        f"{read_as}@OData.Community.Display.V1.FormattedValue": name,
        f"{read_as}@Microsoft.Dynamics.CRM.lookuplogicalname": table,
    }


def _party(rows: Rows, given: Mapping[str, Any]) -> dict[str, Any]:
    found = _BIND.fullmatch(given["partyid_contact@odata.bind"])
    if not found or found["id"].lower() not in rows["contact"]:
        raise Problem(404, "0x80040217", "contact With Id = ? Does Not Exist")
    name = rows["contact"][found["id"].lower()].get("lastname") or ""
    return {
        "participationtypemask": given["participationtypemask"],
        **lookup("_partyid_value", found["id"].lower(), "contact", name),
    }
