"""What Salesforce's refusals become: errors of the tree, in the rep's words, with a fix."""

from __future__ import annotations

from typing import Any

import pytest

from gangly_tui.connectors.record.salesforce_errors import Stale, meaning
from gangly_tui.domain.errors import (
    ConnectorError,
    DuplicateFound,
    NotFound,
    RateLimited,
    Refused,
    SignInNeeded,
    Unreachable,
)


def told(code: str, message: str = "m", **more: Any) -> list[dict[str, Any]]:
    return [{"errorCode": code, "message": message, **more}]


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, told("UNABLE_TO_LOCK_ROW"), RateLimited, "somebody is saving"),
        (403, told("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), RateLimited, "used up"),
        (401, told("INVALID_SESSION_ID"), SignInNeeded, "sign-in"),
        (404, told("ENTITY_IS_DELETED"), NotFound, "no such record"),
        (412, None, Stale, "changed"),
        (412, told("PRECONDITION_FAILED"), Stale, "changed"),
        (400, {"error": "inactive_org", "error_description": "x"}, Unreachable, "asleep"),
        (400, told("REQUIRED_FIELD_MISSING", fields=["CloseDate"]), Refused, "requires close date"),
        (400, told("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", fields=["StageName"]), Refused, "stage does not have"),
        (403, told("INSUFFICIENT_ACCESS_OR_READONLY"), Refused, "may not change"),
        (400, told("ENTITY_IS_LOCKED"), Refused, "locked"),
        (400, told("SOMETHING_NEW", "Nobody knows."), Refused, "Nobody knows"),
        (400, told("DUPLICATES_DETECTED", "Use one of these?"), Refused, "duplicate rule"),
        (
            400,
            told("DUPLICATE_VALUE", "duplicate value found: Email duplicates value on record with id: 003000000000001"),
            DuplicateFound,
            "already has",
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_refusals_mean(status: int, body: Any, error: type[ConnectorError], words: str) -> None:
    found = meaning(status, body)
    assert type(found) is error and words in str(found)
    assert error is Stale or found.fix


def test_a_lead_is_no_record_to_use_instead() -> None:
    match = {"matchRecords": [{"record": {"attributes": {"type": "Lead"}, "Id": "00Q000000000001AAA"}}]}
    found = meaning(400, told("DUPLICATES_DETECTED", duplicateResult={"matchResults": [match]}))
    assert type(found) is Refused and "leads" in found.fix
