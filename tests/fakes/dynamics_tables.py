"""What the fake organisation is made of: its tables and columns as the metadata tells of them, its users; filters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gangly_tui.connectors.record.dynamics_map import TABLES as OURS
from gangly_tui.connectors.record.dynamics_map import Table

if TYPE_CHECKING:
    from tests.fakes.dynamics import FakeDynamics

TABLES: Mapping[str, Table] = OURS
"""Names, keys and sets are the vendor's own: the map of the connector is where they stand."""

ME, ROBIN, PRIYA = (f"00000000-0000-0000-0000-00000000000{number}" for number in (1, 2, 3))
USERS: list[dict[str, Any]] = [
    {"systemuserid": ME, "internalemailaddress": "robin@seller.com", "fullname": "Robin Vega", "isdisabled": False},
    {"systemuserid": ROBIN, "internalemailaddress": "gone@seller.com", "fullname": "Robin Gone", "isdisabled": True},
    {"systemuserid": PRIYA, "internalemailaddress": "priya@seller.com", "fullname": "Priya Raman", "isdisabled": False},
]
CURRENCIES = [
    {"transactioncurrencyid": "00000000-0000-0000-0000-0000000000e1", "isocurrencycode": "EUR"},
    {"transactioncurrencyid": "00000000-0000-0000-0000-0000000000e2", "isocurrencycode": "USD"},
]


def _text(label: str, length: int, **more: Any) -> dict[str, Any]:
    return {"type": "String", "label": label, "length": length, **more}


def _column(kind: str, label: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "label": label, **more}


_ALWAYS: dict[str, dict[str, Any]] = {
    "createdon": _column("DateTime", "Created On", read_only=True),
    "modifiedon": _column("DateTime", "Modified On", read_only=True),
    "modifiedby": _column("Lookup", "Modified By", read_only=True),
    "_modifiedby_value": _column("Lookup", "Modified By", read_only=True, hidden=True),
    "ownerid": _column("Owner", "Owner", required=True),
}
_STAGES = {"Discovery": 0, "Demo": 1, "Proposal": 2, "Negotiation": 3}
_ACTIVITY = {
    "activityid": _column("Uniqueidentifier", "Activity", read_only=True),
    "subject": _text("Subject", 200, required=True),
    "regardingobjectid": _column("Lookup", "Regarding"),
    "actualend": _column("DateTime", "Actual End"),
    "scheduledstart": _column("DateTime", "Start"),
    "scheduledend": _column("DateTime", "Due Date"),
    "statecode": _column("State", "Activity Status"),
    "statuscode": _column("Status", "Status Reason"),
    **_ALWAYS,
}
COLUMNS: dict[str, dict[str, dict[str, Any]]] = {
    "account": {
        "accountid": _column("Uniqueidentifier", "Account", read_only=True),
        "name": _text("Account Name", 160, required=True),
        "websiteurl": _text("Website", 200),
        "industrycode": _column("Picklist", "Industry", options={"Accounting": 1, "Consulting": 8, "Wholesale": 33}),
        "numberofemployees": _column("Integer", "Number of Employees"),
        "telephone1": _text("Main Phone", 50),
        "address1_city": _text("City", 80),
        "address1_country": _text("Country", 80),
        "description": _column("Memo", "Description", length=2_000),
        "statecode": _column("State", "Status"),
        **_ALWAYS,
    },
    "contact": {
        "contactid": _column("Uniqueidentifier", "Contact", read_only=True),
        "firstname": _text("First Name", 50),
        "lastname": _text("Last Name", 50, required=True),
        "jobtitle": _text("Job Title", 100),
        "emailaddress1": _text("Email", 100),
        "telephone1": _text("Business Phone", 50),
        "accountrolecode": _column("Picklist", "Role", options={"Decision Maker": 1, "Employee": 2, "Influencer": 3}),
        "parentcustomerid": _column("Customer", "Company Name"),
        "donotemail": _column("Boolean", "Do not allow Emails"),
        "contoso_dataregion": _text("Data Region", 20, custom=True),
        "statecode": _column("State", "Status"),
        **_ALWAYS,
    },
    "opportunity": {
        "opportunityid": _column("Uniqueidentifier", "Opportunity", read_only=True),
        "name": _text("Topic", 300, required=True),
        "parentaccountid": _column("Lookup", "Account"),
        "parentcontactid": _column("Lookup", "Contact"),
        "salesstage": _column("Picklist", "Sales Stage", options=_STAGES, required=True),
        "estimatedvalue": _column("Money", "Est. Revenue", precision=2),
        "isrevenuesystemcalculated": _column("Boolean", "Revenue"),
        "transactioncurrencyid": _column("Lookup", "Currency"),
        "estimatedclosedate": _column("DateTime", "Est. Close Date", day=True),
        "customerpainpoints": _column("Memo", "Customer Pain Points", length=2_000),
        "new_nextstep": _text("Next Step", 250, custom=True),
        "new_competitor": _text("Competitor", 250, custom=True),
        "new_budget": _column("Money", "Budget", custom=True),
        "gangly_opid": _text("gangly operation", 100, custom=True),
        "gangly_approvedby": _text("gangly approved by", 200, custom=True),
        "gangly_approvedat": _column("DateTime", "gangly approved at", custom=True),
        "statecode": _column("State", "Status"),
        **_ALWAYS,
    },
    "task": {"description": _column("Memo", "Description", length=2_000), **_ACTIVITY},
    "appointment": {"description": _column("Memo", "Description", length=1_048_576), **_ACTIVITY},
    "phonecall": {"description": _column("Memo", "Description", length=2_000), **_ACTIVITY},
    "annotation": {
        "annotationid": _column("Uniqueidentifier", "Note", read_only=True),
        "subject": _text("Title", 500),
        "notetext": _column("Memo", "Description", length=1_048_576),
        "objectid": _column("Lookup", "Regarding"),
        **_ALWAYS,
    },
}
for _columns in COLUMNS.values():
    for _name, _told in list(_columns.items()):
        if _told["type"] in ("Lookup", "Customer", "Owner") and not _name.startswith("_"):
            _columns.setdefault(f"_{_name}_value", {**_told, "read_only": True, "hidden": True})


def attribute(name: str, column: Mapping[str, Any]) -> dict[str, Any]:
    """One column as EntityDefinitions tells of it."""
    told: dict[str, Any] = {
        "LogicalName": name,
        "AttributeType": column["type"],
        "IsCustomAttribute": bool(column.get("custom")) and not column.get("hidden"),
        "DisplayName": {"UserLocalizedLabel": {"Label": column["label"], "LanguageCode": 1033}},
        "RequiredLevel": {"Value": "ApplicationRequired" if column.get("required") else "None"},
        "IsValidForCreate": not column.get("read_only"),
        "IsValidForUpdate": not column.get("read_only"),
    }
    if "length" in column:
        told["MaxLength"] = column["length"]
    if column["type"] == "DateTime":
        told["Format"] = "DateOnly" if column.get("day") else "DateAndTime"
        told["DateTimeBehavior"] = {"Value": column.get("behaviour", "DateOnly" if column.get("day") else "UserLocal")}
    if "precision" in column:
        told["Precision"] = column["precision"]
    if "options" in column:
        told["OptionSet"] = {
            "Options": [
                {"Value": number, "Label": {"UserLocalizedLabel": {"Label": label}}}
                for label, number in column["options"].items()
            ]
        }
    return told


def of_set(name: str) -> str:
    """The table of a set's name."""
    return next(each.name for each in TABLES.values() if each.set == name)


_WORDS = re.compile(r"\s*('(?:[^']|'')*'|[(),]|[^\s(),']+)")


def matches(text: str, row: Mapping[str, Any]) -> bool:
    """Whether a row fits a $filter, as far as the fake speaks OData: eq, ge, three text functions, and, or."""
    words = _WORDS.findall(text)

    def either() -> bool:
        found = both()
        while words and words[0] == "or":
            words.pop(0)
            found = both() or found
        return found

    def both() -> bool:
        found = one()
        while words and words[0] == "and":
            words.pop(0)
            found = one() and found
        return found

    def one() -> bool:
        word = words.pop(0)
        if word == "(":
            found = either()
            assert words.pop(0) == ")", text
            return found
        if word in ("contains", "startswith", "endswith"):
            _, name, _, wanted, _ = (words.pop(0) for _ in range(5))
            stands = str(row.get(name) or "").lower()
            value = _literal(wanted).lower()
            return {"contains": stands.__contains__, "startswith": stands.startswith, "endswith": stands.endswith}[
                word
            ](value)
        relation, wanted = words.pop(0), words.pop(0)
        stands, value = row.get(word), _literal(wanted)
        if isinstance(stands, bool):
            stands = str(stands).lower()
        left, right = str(stands if stands is not None else "").lower(), value.lower()
        return {"eq": left == right, "ge": left >= right}[relation]

    found = either()
    assert not words, f"{text!r}: {words}"
    return found


def _literal(word: str) -> str:
    return word[1:-1].replace("''", "'") if word.startswith("'") else word


def fill(fake: FakeDynamics) -> None:
    """A small company, for trying things by hand."""
    account, contact, deal = (str(UUID(int=number)) for number in (101, 102, 103))
    fake.put("account", account, {"name": "Acme GmbH", "websiteurl": "https://www.acme.de", "industrycode": 8})
    about = {
        "_parentcustomerid_value": account,
        "_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "account",
    }
    fake.put("contact", contact, {"firstname": "Ada", "lastname": "Lind", "emailaddress1": "ada@acme.de", **about})
    of = {"_parentaccountid_value": account, "_parentcontactid_value": contact}
    money = {"salesstage": 1, "estimatedvalue": 30_000, "estimatedclosedate": "2026-12-15"}
    fake.put("opportunity", deal, {"name": "Platform 2026", **of, **money}, by=PRIYA)
