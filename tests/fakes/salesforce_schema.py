"""What the fake organisation has: its objects and fields, as an administrator would have set it up."""

from __future__ import annotations

import re
from typing import Any

OWN = "Create, Update"
_TEXT = {"string", "textarea", "email", "phone", "url", "picklist"}

PICKLISTS: dict[tuple[str, str], list[tuple[str, str]]] = {
    ("Opportunity", "StageName"): [
        (each, each) for each in ("Discovery", "Demo", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
    ],
    ("Opportunity", "CurrencyIsoCode"): [("EUR", "Euro"), ("USD", "U.S. Dollar")],
    ("Account", "Industry"): [(each, each) for each in ("Energy", "Manufacturing", "Software")],
    ("Contact", "Buying_Role__c"): [("CH", "Champion"), ("EB", "Economic buyer"), ("US", "User")],
    ("Task", "Status"): [("Not Started", "Not started"), ("Completed", "Completed")],
    ("Task", "TaskSubtype"): [(each, each) for each in ("Task", "Email", "Call")],
    ("Task", "Type"): [(each, each) for each in ("Call", "Meeting", "Other")],
    ("Event", "EventSubtype"): [("Event", "Event")],
}
"""Values and labels: what the API takes, and what a person sees."""

# name, type, length, marks: r required, - read-only, x external id and unique, c create only
_SYSTEM = [
    ("Id", "id", 18, "-"),
    ("IsDeleted", "boolean", 0, "-"),
    ("OwnerId", "reference", 18, "d"),
    ("CreatedDate", "datetime", 0, "-"),
    ("CreatedById", "reference", 18, "-"),
    ("LastModifiedDate", "datetime", 0, "-"),
    ("LastModifiedById", "reference", 18, "-"),
    ("SystemModstamp", "datetime", 0, "-"),
]
_AUDIT = [
    ("gangly_Source__c", "string", 255, ""),
    ("gangly_Approved_By__c", "string", 255, ""),
    ("gangly_Approved_At__c", "datetime", 0, ""),
    ("gangly_Trail_Head__c", "string", 255, ""),
]
_MARK = [("gangly_Op_Id__c", "string", 80, "x")]
_ACTIVITY = [
    ("WhoId", "reference", 18, ""),
    ("WhatId", "reference", 18, ""),
    ("AccountId", "reference", 18, "-"),
    ("Subject", "string", 255, ""),
    ("Description", "textarea", 32_000, ""),
    ("ActivityDate", "date", 0, ""),
    ("IsReminderSet", "boolean", 0, ""),
    ("gangly_Op_Id__c", "string", 80, ""),  # a custom field of an activity can be no external id
]
TABLES: dict[str, list[tuple[str, str, int, str]]] = {
    "Account": [
        ("Name", "string", 255, "r"),
        ("Website", "url", 255, ""),
        ("Industry", "picklist", 255, ""),
        ("NumberOfEmployees", "int", 0, ""),
        ("Phone", "phone", 40, ""),
        ("BillingCity", "string", 40, ""),
        ("BillingCountry", "string", 80, ""),
        ("Description", "textarea", 32_000, ""),
        *_SYSTEM,
    ],
    "Contact": [
        ("FirstName", "string", 40, ""),
        ("LastName", "string", 80, "r"),
        ("Title", "string", 128, ""),
        ("Email", "email", 80, ""),
        ("Phone", "phone", 40, ""),
        ("Buying_Role__c", "picklist", 255, ""),
        ("AccountId", "reference", 18, ""),
        ("HasOptedOutOfEmail", "boolean", 0, ""),
        ("Data_Region__c", "string", 20, ""),
        *_MARK,
        *_AUDIT,
        *_SYSTEM,
    ],
    "Opportunity": [
        ("Name", "string", 120, "r"),
        ("AccountId", "reference", 18, ""),
        ("StageName", "picklist", 255, "r"),
        ("LastStageChangeDate", "datetime", 0, "-"),
        ("Amount", "currency", 0, ""),
        ("CurrencyIsoCode", "picklist", 255, "d"),  # where several currencies are on
        ("CloseDate", "date", 0, "r"),
        ("NextStep", "string", 255, ""),
        ("MainCompetitors__c", "string", 100, ""),
        ("Budget__c", "string", 255, ""),
        ("Pain__c", "textarea", 32_000, ""),
        *_MARK,
        *_AUDIT,
        *_SYSTEM,
    ],
    "Task": [
        *_ACTIVITY,
        ("TaskSubtype", "picklist", 40, "c"),
        ("Type", "picklist", 40, ""),
        ("Status", "picklist", 40, "d"),
        ("IsClosed", "boolean", 0, "-"),
        ("CompletedDateTime", "datetime", 0, "-"),
        ("TaskWhoIds", "junctionIdList", 0, ""),
        *_AUDIT,
        *_SYSTEM,
    ],
    "Event": [
        *_ACTIVITY,
        ("EventSubtype", "picklist", 40, "-"),
        ("StartDateTime", "datetime", 0, ""),
        ("DurationInMinutes", "int", 0, ""),
        ("ShowAs", "string", 40, ""),
        ("EventWhoIds", "junctionIdList", 0, ""),
        *_AUDIT,
        *_SYSTEM,
    ],
    "OpportunityContactRole": [
        ("OpportunityId", "reference", 18, ""),
        ("ContactId", "reference", 18, ""),
        ("Role", "string", 40, ""),
        *_SYSTEM,
    ],
    "User": [
        ("Name", "string", 121, "-"),
        ("Username", "string", 80, ""),
        ("Email", "email", 128, ""),
        ("IsActive", "boolean", 0, ""),
        *_SYSTEM,
    ],
    "Organization": [("Name", "string", 80, ""), ("IsSandbox", "boolean", 0, "-"), *_SYSTEM],
    "TaskStatus": [
        ("ApiName", "string", 255, ""),
        ("MasterLabel", "string", 255, ""),
        ("IsClosed", "boolean", 0, ""),
        ("IsDefault", "boolean", 0, ""),
        ("SortOrder", "int", 0, ""),
        *_SYSTEM,
    ],
    "OpportunityHistory": [
        ("OpportunityId", "reference", 18, "-"),
        ("StageName", "picklist", 255, "-"),
        ("Amount", "currency", 0, "-"),
        ("CloseDate", "date", 0, "-"),
        *_SYSTEM,
    ],
    "OpportunityFieldHistory": [
        ("OpportunityId", "reference", 18, "-"),
        ("Field", "string", 255, "-"),
        ("OldValue", "anyType", 0, "-"),
        ("NewValue", "anyType", 0, "-"),
        *_SYSTEM,
    ],
    "FieldDefinition": [
        ("QualifiedApiName", "string", 255, "-"),
        ("EntityDefinition.QualifiedApiName", "string", 255, "-"),
        ("IsFieldHistoryTracked", "boolean", 0, "-"),
        *_SYSTEM,
    ],
}
PREFIX = {
    "Account": "001", "Contact": "003", "Opportunity": "006", "Task": "00T", "Event": "00U", "User": "005",
    "Organization": "00D", "OpportunityContactRole": "00K", "TaskStatus": "01J", "OpportunityHistory": "008",
    "OpportunityFieldHistory": "017", "FieldDefinition": "000",
}  # fmt: skip
RELATIONS = {"Owner": "OwnerId", "CreatedBy": "CreatedById", "LastModifiedBy": "LastModifiedById"}
SUBQUERIES = {
    "OpportunityContactRoles": "OpportunityContactRole",
    "TaskWhoRelations": "Task",
    "EventWhoRelations": "Event",
}
TRACKED = {("Opportunity", "NextStep"), ("Opportunity", "MainCompetitors__c")}


def describe(table: str, columns: list[tuple[str, str, int, str]], labels: dict[str, str]) -> dict[str, Any]:
    """The describe answer of an object."""
    return {
        "name": table,
        "label": table,
        "keyPrefix": PREFIX[table],
        "fields": [
            {
                "name": name,
                "label": labels.get(name) or _label(name),
                "type": kind,
                "length": length,
                "nillable": "r" not in marks and "d" not in marks,
                "defaultedOnCreate": "d" in marks,
                "createable": "-" not in marks,
                "updateable": "-" not in marks and "c" not in marks,
                "externalId": "x" in marks,
                "unique": "x" in marks,
                "picklistValues": [
                    {"value": value, "label": label, "active": True, "defaultValue": False}
                    for value, label in PICKLISTS.get((table, name), [])
                ],
            }
            for name, kind, length, marks in columns
        ],
    }


def _label(name: str) -> str:
    """The field CloseDate is "Close Date" to people."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("__c").replace("_", " "))


def wrong(name: str, kind: str, length: int, value: Any) -> tuple[str, str] | None:
    """Why an organisation does not take a value, as error code and message; None when it does."""
    if value is None:
        return None
    fits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "currency": isinstance(value, (int, float)) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "junctionIdList": isinstance(value, list),
    }.get(kind, isinstance(value, str))
    if not fits:
        return "JSON_PARSER_ERROR", f"Cannot deserialize instance of {kind} from {value!r}"
    if kind in _TEXT and length and len(value) > length:
        return "STRING_TOO_LONG", f"{name}: data value too large: {value[:20]} (max length={length})"
    if kind == "email" and "@" not in value:
        return "INVALID_EMAIL_ADDRESS", f"{name}: invalid email address: {value}"
    return None
