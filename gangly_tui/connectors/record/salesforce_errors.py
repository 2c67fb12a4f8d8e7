"""What Salesforce's refusals mean, in the rep's words with the fix; and what its headers say of the limit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx

from gangly_tui.connectors.pace import Quota
from gangly_tui.connectors.record.refusals import Sayings, body_of, said
from gangly_tui.connectors.record.salesforce_map import FIELD_MAP, KINDS, PREFIXES, SYSTEM
from gangly_tui.connectors.transport import retry_after
from gangly_tui.domain.errors import (
    ConnectorError,
    DuplicateFound,
    NotFound,
    RateLimited,
    Refused,
    SignInNeeded,
    Unreachable,
)
from gangly_tui.domain.records import RecordRef


class Stale(ConnectorError):
    """412: the record was changed after the moment that the guard names. Nothing was applied."""


class Unshown(Refused):
    """A field that `describe` told of is not shown (any more): an administrator has changed something."""


_ADMIN = "ask the Salesforce administrator"
_WAITS = {"UNABLE_TO_LOCK_ROW": 5.0, "REQUEST_LIMIT_EXCEEDED": 3600.0}
"""The limit is over the last 24 hours: something of it comes back every hour."""
_VALUE = (Refused, "Salesforce does not take this value: {message}", "correct it")
_MAY_NOT = (Refused, "you may not change this record", f"{_ADMIN} or the record's owner")
_NO_SUCH = (Refused, "the record that {fields} refers to does not exist", "it may have been removed")
_AUTOMATION = (Refused, "an automation in Salesforce stopped it: {message}", _ADMIN)
_API_OFF = (Refused, "the API is off for this user or edition", f"{_ADMIN} for 'API Enabled'")
_SIGN_IN = (SignInNeeded, "Salesforce does not accept the sign-in any more", "gangly connect salesforce")
_ASLEEP = (Unreachable, "the organisation is asleep or locked", f"open it in a browser, or {_ADMIN}")
_GONE = (NotFound, "Salesforce has no such record (any more)", "pull again: ctrl+r")
_SAID: Sayings = {
    "REQUIRED_FIELD_MISSING": (Refused, "Salesforce requires {fields}", "fill it, then approve again"),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION":
        (Refused, "a validation rule says: {message}", "change the value as the rule asks"),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST":
        (Refused, "{fields} does not have this value", "pull, then choose from the list"),
    "STRING_TOO_LONG": (Refused, "the text is too long for {fields}", "shorten it"),
    "INVALID_EMAIL_ADDRESS": (Refused, "Salesforce does not take this e-mail address", "correct it"),
    "NUMBER_OUTSIDE_VALID_RANGE": (Refused, "the number is too large for {fields}", "correct it"),
    "FIELD_INTEGRITY_EXCEPTION": _VALUE, "JSON_PARSER_ERROR": _VALUE,
    "INSUFFICIENT_ACCESS_OR_READONLY": _MAY_NOT, "INSUFFICIENT_ACCESS": _MAY_NOT,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": (Refused, "you may not use the record it refers to", _ADMIN),
    "INVALID_CROSS_REFERENCE_KEY": _NO_SUCH, "MALFORMED_ID": _NO_SUCH,
    "INVALID_FIELD_FOR_INSERT_UPDATE": (Refused, "you may not set {fields}", f"{_ADMIN} for edit access to the field"),
    "INVALID_FIELD":
        (Unshown, "Salesforce does not show you a field: {message}", f"{_ADMIN} for access to the field"),
    "INVALID_TYPE": (Unshown, "Salesforce does not show you a kind of record: {message}", _ADMIN),
    "ENTITY_IS_LOCKED":
        (Refused, "the record is locked: it waits for somebody's approval", "wait, or ask the approver"),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": _AUTOMATION, "CANNOT_EXECUTE_FLOW_TRIGGER": _AUTOMATION,
    "DELETE_FAILED": (Refused, "Salesforce does not remove it: {message}", _ADMIN),
    "STORAGE_LIMIT_EXCEEDED": (Refused, "the organisation's storage is full", _ADMIN),
    "API_DISABLED_FOR_ORG": _API_OFF, "API_CURRENTLY_DISABLED": _API_OFF,
    "INVALID_QUERY_LOCATOR": (Refused, "the list was kept only for a while, and is gone", "pull again"),
    "UNABLE_TO_LOCK_ROW":
        (RateLimited, "somebody is saving this record right now", "it is tried again by itself"),
    "REQUEST_LIMIT_EXCEEDED": (RateLimited, "the organisation's API calls of 24 hours are used up ({message})",
        "a part of it comes back every hour; the administrator can see who uses it"),
    "INVALID_SESSION_ID": _SIGN_IN, "INVALID_AUTH_HEADER": _SIGN_IN,
    "inactive_org": _ASLEEP, "INACTIVE_ORG": _ASLEEP, "ORG_LOCKED": _ASLEEP,
    "NOT_FOUND": _GONE, "ENTITY_IS_DELETED": _GONE,
    "other": (Refused, "Salesforce refused it: {message}", f"correct it, or {_ADMIN}"),
}  # fmt: skip
_ID = re.compile(rf"\b(?:{'|'.join(PREFIXES)})[A-Za-z0-9]{{12}}(?:[A-Za-z0-9]{{3}})?\b")
_PAIRS = [(theirs, ours) for names in FIELD_MAP.values() for ours, candidates in names.items() for theirs in candidates]
_OURS = dict(reversed(_PAIRS))  # the first of them counts
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


def quota(headers: Mapping[str, str]) -> Quota | None:
    """`Sforce-Limit-Info: api-usage=10018/100000`: the organisation's calls of the last 24 hours."""
    found = _USAGE.search(headers.get("sforce-limit-info", ""))
    if not found:
        return None
    used, limit = int(found[1]), int(found[2])
    return Quota(left=max(limit - used, 0), limit=limit, name="API calls, 24 h")


def explain(response: httpx.Response, write: bool) -> ConnectorError | None:
    """An answer of the API that is no success. None leaves it to the rules that all vendors share."""
    status, told, wait = response.status_code, body_of(response), retry_after(response.headers)
    if told is not None:
        return meaning(status, told, wait=wait)
    if status == 503 and not write:
        return RateLimited("Salesforce is under maintenance", retry_after=wait, fix="see status.salesforce.com")
    if status == 404 or 300 <= status < 400:
        return SignInNeeded(
            "this address is not your organisation's API",
            fix="use its My Domain: acme.my.salesforce.com, or acme--NAME.sandbox.my.salesforce.com for a sandbox",
        )
    return None


def meaning(status: int, told: Any, *, wait: float = 0.0) -> ConnectorError | None:
    """What an error body says, of a whole answer or of one part of a composite."""
    first = told[0] if isinstance(told, list) and told else told
    if status == 412:
        return Stale("the record was changed")
    if not isinstance(first, dict):
        return None
    code, message = str(first.get("errorCode") or first.get("error") or ""), str(first.get("message") or "")
    if code in ("DUPLICATES_DETECTED", "DUPLICATE_VALUE"):
        return _duplicate(first, message)
    fields = [str(each) for each in first.get("fields") or ()]
    named = ", ".join(ours_of([each]).replace("_", " ") or each for each in fields) or "one of the fields"
    other = "other" if status in (400, 403) and message else ""
    wait = wait or _WAITS.get(code, 0.0)
    return said(_SAID, code, other, field=ours_of(fields), wait=wait, message=message, fields=named)


def ours_of(fields: Sequence[str]) -> str:
    """Our name of the first field that an error names, "" when it is none of ours."""
    return next((_OURS[each] for each in fields if each in _OURS), "")


def _duplicate(first: Mapping[str, Any], message: str) -> Refused:
    """The record that is there already, as far as Salesforce names it."""
    result = first.get("duplicateResult") or {}
    words = str(result.get("errorMessage") or message)
    for identifier in _named(result, message):
        if name := PREFIXES.get(identifier[:3]):
            existing = RecordRef(system=SYSTEM, kind=KINDS[name], id=identifier)
            words = words if result else "Salesforce already has this record"
            return DuplicateFound(words, existing=existing, fix="use the record that is there")
    return Refused(
        f"a duplicate rule stopped it: {words}",
        fix="look for the record in Salesforce, also among the leads and what you may not see",
    )


def _named(result: Mapping[str, Any], message: str) -> Iterator[str]:
    for match in result.get("matchResults") or ():
        for each in match.get("matchRecords") or ():
            yield str((each.get("record") or {}).get("Id") or "")
    yield from _ID.findall(message)
