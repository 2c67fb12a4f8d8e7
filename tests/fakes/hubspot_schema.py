"""The properties, pipelines and owners of the fake HubSpot account."""

from __future__ import annotations

from typing import Any

MADE_AT = "2026-01-05T08:00:00Z"
Property = tuple[str, str, str, str]
"""Name, type, field type, and marks: r read-only, u unique, or the options as "value=Label,..."."""

STAMPS: tuple[Property, ...] = (
    ("hs_object_id", "number", "number", "r"),
    ("createdate", "datetime", "date", "r"),
    ("hs_lastmodifieddate", "datetime", "date", "r"),
    ("hs_updated_by_user_id", "number", "number", "r"),
    ("hubspot_owner_id", "enumeration", "select", ""),
)
PROPERTIES: dict[str, tuple[Property, ...]] = {
    "companies": (
        ("name", "string", "text", ""),
        ("domain", "string", "text", ""),
        ("industry", "enumeration", "select", "COMPUTER_SOFTWARE=Computer Software,BANKING=Banking"),
        ("numberofemployees", "number", "number", ""),
        ("phone", "string", "phonenumber", ""),
        ("city", "string", "text", ""),
        ("country", "string", "text", ""),
        ("description", "string", "textarea", ""),
        ("hs_merged_object_ids", "enumeration", "checkbox", "r"),
    ),
    "contacts": (
        ("firstname", "string", "text", ""),
        ("lastname", "string", "text", ""),
        ("jobtitle", "string", "text", ""),
        ("email", "string", "text", ""),
        ("hs_additional_emails", "string", "text", ""),
        ("phone", "string", "phonenumber", ""),
        ("hs_buying_role", "enumeration", "checkbox", "DECISION_MAKER=Decision Maker,CHAMPION=Champion"),
        ("associatedcompanyid", "number", "number", ""),
        ("hs_email_optout", "bool", "booleancheckbox", "true=Yes,false=No"),
        ("data_region", "string", "text", ""),
        ("lastmodifieddate", "datetime", "date", "r"),
        ("hs_merged_object_ids", "enumeration", "checkbox", "r"),
    ),
    "deals": (
        ("dealname", "string", "text", ""),
        ("dealstage", "enumeration", "radio", ""),
        ("pipeline", "enumeration", "select", ""),
        ("hs_v2_date_entered_current_stage", "datetime", "date", "r"),
        ("amount", "number", "number", ""),
        ("deal_currency_code", "enumeration", "select", "EUR=EUR,USD=USD"),
        ("closedate", "datetime", "date", ""),
        ("hs_next_step", "string", "text", ""),
        ("competitor", "string", "text", ""),
        ("budget_range", "enumeration", "select", "small=Up to 50k,large=More"),
        ("pain_points", "string", "textarea", ""),
        ("hs_merged_object_ids", "enumeration", "checkbox", "r"),
    ),
    "notes": (("hs_note_body", "string", "html", ""), ("hs_timestamp", "datetime", "date", "")),
    "calls": (
        ("hs_call_title", "string", "text", ""),
        ("hs_call_body", "string", "html", ""),
        ("hs_call_status", "enumeration", "select", "COMPLETED=Completed,QUEUED=Queued,NO_ANSWER=No answer"),
        ("hs_timestamp", "datetime", "date", ""),
    ),
    "meetings": (
        ("hs_meeting_title", "string", "text", ""),
        ("hs_meeting_body", "string", "html", ""),
        ("hs_meeting_outcome", "enumeration", "select", "SCHEDULED=Scheduled,COMPLETED=Completed,NO_SHOW=No show"),
        ("hs_timestamp", "datetime", "date", ""),
    ),
    "tasks": (
        ("hs_task_subject", "string", "text", ""),
        ("hs_task_body", "string", "html", ""),
        ("hs_task_status", "enumeration", "select", "NOT_STARTED=Not started,COMPLETED=Completed,WAITING=Waiting"),
        ("hs_task_type", "enumeration", "select", "TODO=To-do,CALL=Call,EMAIL=Email"),
        ("hs_timestamp", "datetime", "date", ""),
    ),
    "emails": (
        ("hs_email_subject", "string", "text", ""),
        ("hs_email_html", "string", "html", ""),
        ("hs_email_status", "enumeration", "select", "SENT=Sent,SCHEDULED=Scheduled"),
        ("hs_email_direction", "enumeration", "select", "EMAIL=Email,INCOMING_EMAIL=Incoming"),
        ("hs_timestamp", "datetime", "date", ""),
    ),
}
AUDIT: tuple[Property, ...] = (
    ("gangly_created_op", "string", "text", "u"),
    *((f"gangly_{each}", "string", "text", "") for each in ("source", "approved_by", "op_id", "trail_head")),
    ("gangly_approved_at", "string", "text", ""),
)
_TIMED = ("notes", "calls", "meetings", "tasks", "emails")
REQUIRED = {"deals": ("dealname", "dealstage"), **dict.fromkeys(_TIMED, ("hs_timestamp",))}
PIPELINES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("default", "Sales", (("101", "Demo"), ("102", "Proposal"), ("103", "Negotiation"), ("109", "Closed won"))),
    ("777", "Partners", (("201", "First talk"), ("209", "Closed won"))),
)
OWNERS: tuple[tuple[str, str, int, bool], ...] = (
    ("51", "robin@seller.com", 501, False),
    ("52", "priya@seller.com", 502, False),
    ("53", "gone@seller.com", 503, True),
)
LINK_TYPES = {
    ("contacts", "companies"): {1, 279},
    ("deals", "companies"): {5, 341}, ("deals", "contacts"): {3},
    ("calls", "contacts"): {194}, ("calls", "companies"): {182}, ("calls", "deals"): {206},
    ("meetings", "contacts"): {200}, ("meetings", "companies"): {188}, ("meetings", "deals"): {212},
    ("notes", "contacts"): {202}, ("notes", "companies"): {190}, ("notes", "deals"): {214},
    ("tasks", "contacts"): {204}, ("tasks", "companies"): {192}, ("tasks", "deals"): {216},
    ("emails", "contacts"): {198}, ("emails", "companies"): {186}, ("emails", "deals"): {210},
}  # fmt: skip
ONE = {"companies": "company", "contacts": "contact", "deals": "deal", "notes": "note", "calls": "call",
       "meetings": "meeting", "tasks": "task", "emails": "email"}  # fmt: skip


LABELS = {"closedate": "Close Date", "dealname": "Deal Name", "dealstage": "Deal Stage", "jobtitle": "Job Title",
          "firstname": "First Name", "lastname": "Last Name", "associatedcompanyid": "Primary Company"}  # fmt: skip


def options_of(marks: str) -> dict[str, str]:
    """Label by value."""
    return dict(each.split("=") for each in marks.split(",")) if "=" in marks else {}


def told_property(one: Property) -> dict[str, Any]:
    """A property as the API tells of it."""
    name, kind, look, marks = one
    return {
        "name": name,
        "label": LABELS.get(name) or name.removeprefix("hs_").replace("_", " ").capitalize(),
        "type": kind,
        "fieldType": look,
        "description": "",
        "groupName": "information",
        "options": [
            {"label": label, "value": value, "hidden": False, "displayOrder": number}
            for number, (value, label) in enumerate(options_of(marks).items())
        ],
        "hasUniqueValue": marks == "u",
        "calculated": False,
        "modificationMetadata": {"archivable": True, "readOnlyDefinition": True, "readOnlyValue": marks == "r"},
    }


def told_pipeline(number: int) -> dict[str, Any]:
    """A pipeline as the API tells of it."""
    identifier, label, stages = PIPELINES[number]
    common = {"archived": False, "createdAt": MADE_AT, "updatedAt": MADE_AT}
    return {
        **common,
        "id": identifier,
        "label": label,
        "displayOrder": number,
        "stages": [
            {
                **common,
                "id": each,
                "label": name,
                "displayOrder": order,
                "metadata": {"probability": "0.5"},
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            }
            for order, (each, name) in enumerate(stages)
        ],
    }


def told_owner(one: tuple[str, str, int, bool]) -> dict[str, Any]:
    """An owner as the API tells of one."""
    identifier, email, user, archived = one
    known = {"userIdIncludingInactive": user} if archived else {"userId": user, "userIdIncludingInactive": user}
    return {
        "id": identifier, "email": email, "archived": archived, "type": "PERSON", "createdAt": MADE_AT,
        "updatedAt": MADE_AT, **known,
    }  # fmt: skip
