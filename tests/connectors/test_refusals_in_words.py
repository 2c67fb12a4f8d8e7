"""What each vendor refuses, as the rep reads it: every case has a sentence that says what happened, and what to do.

The bodies are the vendors' own. What reads as theirs (a validation rule's text) is the customer's own wording.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import httpx
import pytest

from gangly_tui.connectors.transport import verdict
from gangly_tui.domain.errors import ConnectorError, DuplicateFound, RateLimited, Refused
from tests.connectors.hubspot_rig import quick, site_of  # noqa: F401 - the fixture
from tests.fakes.salesforce import Trouble


def said(vendor: str, status: int, body: Any, headers: Mapping[str, str] | None = None, path: str = "/x") -> Any:
    """The error that a vendor's answer to a write becomes."""
    asked = httpx.Request("PATCH", f"https://vendor.example{path}")
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = httpx.Response(status, headers=dict(headers or {}), content=content, request=asked)
    explain = import_module(f"gangly_tui.connectors.record.{vendor}_errors").explain
    return explain(answer, True) or verdict(answer, vendor, True)


def sf(code: str, message: str = "", **more: Any) -> Any:
    return [{"errorCode": code, "message": message, **more}]


def hs(message: str, **more: Any) -> Any:
    return {"status": "error", "message": message, "category": "VALIDATION_ERROR", **more}


def hs_fault(code: str, message: str, of: str) -> Any:
    return hs("Property values were not valid", errors=[{"message": message, "code": code, "name": of}])


def pd(message: str) -> Any:
    return {"success": False, "error": message, "error_info": ""}


def dy(code: str, message: str) -> Any:
    return {"error": {"code": code, "message": message}}


SPENT = {"x-daily-requests-left": "0", "date": "Wed, 25 Nov 2026 01:00:00 GMT"}
RULE = "Close date must be in the quarter"
CASES: list[tuple[str, int, Any, str, str]] = [
    (
        "salesforce",
        400,
        sf("FIELD_CUSTOM_VALIDATION_EXCEPTION", RULE),
        f"a validation rule says: {RULE}",
        "as the rule",
    ),
    (
        "salesforce",
        400,
        sf("REQUIRED_FIELD_MISSING", fields=["CloseDate"]),
        "Salesforce requires close date",
        "fill it",
    ),
    (
        "salesforce",
        400,
        sf("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", fields=["StageName"]),
        "stage does not have this value",
        "choose from the list",
    ),
    ("salesforce", 400, sf("ENTITY_IS_LOCKED"), "the record is locked", "ask the approver"),
    ("salesforce", 400, sf("UNABLE_TO_LOCK_ROW"), "somebody is saving this record right now", "tried again by itself"),
    (
        "salesforce",
        400,
        sf("INVALID_FIELD_FOR_INSERT_UPDATE", fields=["Amount"]),
        "you may not set amount",
        "edit access",
    ),
    (
        "salesforce",
        403,
        sf("REQUEST_LIMIT_EXCEEDED", "m"),
        "API calls of 24 hours are used up",
        "comes back every hour",
    ),
    ("salesforce", 403, sf("ORG_LOCKED"), "the organisation is asleep or locked", "open it in a browser"),
    (
        "salesforce",
        404,
        b"<html>",
        "this address is not your organisation's API",
        "acme--NAME.sandbox.my.salesforce.com",
    ),
    ("hubspot", 400, hs_fault("RULE", RULE, "closedate"), f"HubSpot: {RULE}", "correct it"),
    ("hubspot", 400, hs_fault("REQUIRED_PROPERTY", "dealname is required", "dealname"), "is required", "fill it"),
    (
        "hubspot",
        400,
        hs_fault("INVALID_OPTION", "Zzz was not one of A, B", "dealstage"),
        "not one of A, B",
        "choose a value",
    ),
    ("hubspot", 423, hs("locked"), "HubSpot has locked this for the moment", "tried again"),
    (
        "hubspot",
        403,
        hs("no", errors=[{"context": {"requiredGranularScopes": ["crm.objects.deals.write"]}}]),
        "it lacks crm.objects.deals.write",
        "gangly connect hubspot",
    ),
    ("hubspot", 409, hs("Contact already exists. Existing ID: 512"), "HubSpot already has this record", "use that one"),
    ("hubspot", 429, {"policyName": "DAILY"}, "limit of the day is used up", "resets at midnight"),
    (
        "pipedrive",
        400,
        pd(f"expected_close_date: {RULE}"),
        f"does not take this: expected_close_date: {RULE}",
        "correct it",
    ),
    ("pipedrive", 422, pd("title: field is required"), "Pipedrive requires name", "fill it"),
    ("pipedrive", 400, pd("stage_id 99 not found"), "what stage refers to is not in Pipedrive", "pull"),
    ("pipedrive", 403, pd("You do not have permissions to edit value"), "you may not do this", "for the permission"),
    ("pipedrive", 429, pd("limit"), "used up; there is more at 00:00 UTC", "an administrator sees who uses it"),
    ("pipedrive", 402, pd("payment"), "plan has ended or is not paid", "its owner renews it"),
    ("pipedrive", 404, b"<html>", "this address is not Pipedrive's API", "check the address of your company"),
    ("dynamics", 400, dy("0x80040265", RULE), f"a rule of your organisation says: {RULE}", "what the rule asks for"),
    (
        "dynamics",
        400,
        dy("0x80048d19", "'name' is required"),
        "does not take this value: 'name' is required",
        "correct it",
    ),
    ("dynamics", 400, dy("0x8004431a", "7 of 'budgetstatus'"), "does not have this value", "choose from the list"),
    ("dynamics", 400, dy("0x80044407", "closed"), "the record is closed and takes no changes", "reopen it"),
    (
        "dynamics",
        403,
        dy("0x80040220", "user is missing prvWriteOpportunity privilege"),
        "you may not change this kind of record (opportunity)",
        "for the privilege prvWriteOpportunity",
    ),
    ("dynamics", 412, dy("0x80040333", "duplicates"), "a duplicate rule of your organisation stopped it", "look for"),
    ("dynamics", 429, dy("0x80072322", "limit"), "the limit of five minutes is reached: in 12 s", "goes on by itself"),
    ("dynamics", 500, dy("0x8004a112", "off"), "switched off or under maintenance", "ask the Dynamics administrator"),
    ("dynamics", 404, b"<html>", "this address is not your organisation's API", "acme.crm.dynamics.com"),
]


@pytest.mark.parametrize(("vendor", "status", "body", "words", "fix"), CASES, ids=lambda value: str(value)[:30])
def test_the_sentence_says_what_happened_and_what_to_do(
    vendor: str, status: int, body: Any, words: str, fix: str
) -> None:
    headers = {"pipedrive": SPENT, "dynamics": {"retry-after": "12"}}.get(vendor, {}) if status == 429 else {}
    found = said(vendor, status, body, headers, "/crm/objects/2026-03/contacts")
    assert isinstance(found, ConnectorError)
    assert words in str(found), str(found)
    assert fix in found.fix, found.fix
    if status == 429:
        assert isinstance(found, RateLimited) and found.retry_after > 0
    if "Existing ID" in str(body):
        assert isinstance(found, DuplicateFound) and found.existing.id == "512"


async def test_a_property_is_called_what_the_card_calls_it() -> None:
    """HubSpot names its property inside the sentence; the rep knows it by the card's word."""
    site = site_of()
    rig = site.rig()
    deal = await rig.deal()
    fault = hs_fault("RULE", "closedate must be in the quarter", "closedate")
    site.fake.troubles.append(Trouble("PATCH", status=400, body=json.dumps(fault).encode()))
    with pytest.raises(Refused, match="HubSpot: close date must be in the quarter") as refused:
        await rig.writer.update(deal.ref, {"close_date": None}, expect=deal.version, meta=rig.meta())
    assert refused.value.field == "close_date"
