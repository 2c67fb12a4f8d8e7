"""What Salesforce's refusals mean, in the rep's words with the fix; and what its headers say of the limit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from gangly_tui.connectors.pace import Quota
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

_LOCKED_FOR = 5.0
_LIMIT_FOR = 3600.0
"""The limit is over the last 24 hours: something of it comes back every hour."""
_ID = re.compile(r"\b(?:001|003|006|00T|00U)[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?\b")
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_ASK_ADMIN = "ask the Salesforce administrator"
_AGAIN = "it is tried again by itself"

_SAID: Mapping[str, tuple[str, str]] = {
    "REQUIRED_FIELD_MISSING": ("Salesforce requires {fields}", "fill it, then approve again"),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": ("a validation rule says: {message}", "change the value as the rule asks"),
    "FIELD_INTEGRITY_EXCEPTION": ("Salesforce does not take this value: {message}", "correct it"),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": ("{fields} does not have this value", "pull, then choose from the list"),
    "STRING_TOO_LONG": ("the text is too long for {fields}", "shorten it"),
    "INVALID_EMAIL_ADDRESS": ("Salesforce does not take this e-mail address", "correct it"),
    "NUMBER_OUTSIDE_VALID_RANGE": ("the number is too large for {fields}", "correct it"),
    "JSON_PARSER_ERROR": ("Salesforce does not take this value: {message}", "correct it"),
    "INSUFFICIENT_ACCESS_OR_READONLY": ("you may not change this record", f"{_ASK_ADMIN} or the record's owner"),
    "INSUFFICIENT_ACCESS": ("you may not change this record", f"{_ASK_ADMIN} or the record's owner"),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": ("you may not use the record it refers to", _ASK_ADMIN),
    "INVALID_CROSS_REFERENCE_KEY": ("the record that {fields} refers to does not exist", "it may have been removed"),
    "MALFORMED_ID": ("the record that {fields} refers to does not exist", "it may have been removed"),
    "INVALID_FIELD_FOR_INSERT_UPDATE": ("you may not set {fields}", f"{_ASK_ADMIN} for edit access to the field"),
    "INVALID_FIELD": ("Salesforce does not show you a field: {message}", f"{_ASK_ADMIN} for access to the field"),
    "INVALID_TYPE": ("Salesforce does not show you a kind of record: {message}", _ASK_ADMIN),
    "ENTITY_IS_LOCKED": ("the record is locked: it waits for somebody's approval", "wait, or ask the approver"),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": ("an automation in Salesforce stopped it: {message}", _ASK_ADMIN),
    "CANNOT_EXECUTE_FLOW_TRIGGER": ("an automation in Salesforce stopped it: {message}", _ASK_ADMIN),
    "DELETE_FAILED": ("Salesforce does not remove it: {message}", _ASK_ADMIN),
    "STORAGE_LIMIT_EXCEEDED": ("the organisation's storage is full", _ASK_ADMIN),
    "API_DISABLED_FOR_ORG": ("the API is off for this user or edition", f"{_ASK_ADMIN} for 'API Enabled'"),
    "API_CURRENTLY_DISABLED": ("the API is off for this user or edition", f"{_ASK_ADMIN} for 'API Enabled'"),
    "INVALID_QUERY_LOCATOR": ("the list was kept only for a while, and is gone", "pull again"),
}  # fmt: skip


class Stale(ConnectorError):
    """412: the record was changed after the moment that the guard names. Nothing was applied."""


class Unshown(Refused):
    """A field that `describe` told of is not shown (any more): an administrator has changed something."""


def quota(headers: Mapping[str, str]) -> Quota | None:
    """`Sforce-Limit-Info: api-usage=10018/100000`: the organisation's calls of the last 24 hours."""
    found = _USAGE.search(headers.get("sforce-limit-info", ""))
    if not found:
        return None
    used, limit = int(found[1]), int(found[2])
    return Quota(left=max(limit - used, 0), limit=limit, name="API calls, 24 h")


def explain(response: httpx.Response, write: bool) -> ConnectorError | None:
    """An answer of the API that is no success. None leaves it to the rules that all vendors share."""
    try:
        told = response.json()
    except ValueError:
        return _not_the_api(response, write)
    return meaning(response.status_code, told, write=write, wait=retry_after(response.headers))


def _not_the_api(response: httpx.Response, write: bool) -> ConnectorError | None:
    """A page for people instead of an answer."""
    if response.status_code == 503 and not write:
        wait = retry_after(response.headers)
        return RateLimited("Salesforce is under maintenance", retry_after=wait, fix="see status.salesforce.com")
    if response.status_code == 404 or 300 <= response.status_code < 400:
        return SignInNeeded(
            "this address is not your organisation's API",
            fix="use its My Domain: acme.my.salesforce.com, or acme--NAME.sandbox.my.salesforce.com for a sandbox",
        )
    return None


def meaning(status: int, told: Any, *, write: bool, wait: float = 0.0) -> ConnectorError | None:
    """What an error body says, of a whole answer or of one part of a composite."""
    first = told[0] if isinstance(told, list) and told else told
    if not isinstance(first, dict):
        return Stale("the record was changed") if status == 412 else None
    code, message = str(first.get("errorCode") or first.get("error") or ""), str(first.get("message") or "")
    fields = [str(each) for each in first.get("fields") or ()]
    if status == 412:
        return Stale("the record was changed")
    match code:
        case "DUPLICATES_DETECTED" | "DUPLICATE_VALUE":
            return _duplicate(first, message)
        case "UNABLE_TO_LOCK_ROW":
            return RateLimited("somebody is saving this record right now", retry_after=wait or _LOCKED_FOR, fix=_AGAIN)
        case "REQUEST_LIMIT_EXCEEDED":
            return RateLimited(
                f"the organisation's API calls of 24 hours are used up ({message})" if message else "limit reached",
                retry_after=wait or _LIMIT_FOR,
                fix="a part of it comes back every hour; the administrator can see who uses it",
            )
        case "INVALID_SESSION_ID" | "INVALID_AUTH_HEADER":
            return SignInNeeded("Salesforce does not accept the sign-in any more", fix="gangly connect salesforce")
        case "inactive_org" | "INACTIVE_ORG" | "ORG_LOCKED":
            return Unreachable("the organisation is asleep or locked", fix=f"open it in a browser, or {_ASK_ADMIN}")
        case "NOT_FOUND" | "ENTITY_IS_DELETED":
            return NotFound("Salesforce has no such record (any more)", fix="pull again: ctrl+r")
    return _refused(code, message, fields) if code in _SAID or (status in (400, 403) and message) else None


def _refused(code: str, message: str, fields: list[str]) -> Refused:
    said, fix = _SAID.get(code, ("Salesforce refused it: {message}", "correct it, or " + _ASK_ADMIN))
    named = ", ".join(ours_of([each]).replace("_", " ") or each for each in fields) or "one of the fields"
    kind = Unshown if code in ("INVALID_FIELD", "INVALID_TYPE") else Refused
    return kind(said.format(message=message, fields=named), field=ours_of(fields), fix=fix)


def ours_of(fields: list[str]) -> str:
    """Our name of the first field that an error names, "" when it is none of ours."""
    for theirs in fields:
        for names in FIELD_MAP.values():
            for ours, candidates in names.items():
                if theirs in candidates:
                    return ours
    return ""


def _duplicate(first: Mapping[str, Any], message: str) -> Refused:
    """The record that is there already, as far as Salesforce names it."""
    result = first.get("duplicateResult") or {}
    for match in result.get("matchResults") or ():
        for each in match.get("matchRecords") or ():
            if existing := _ref(str((each.get("record") or {}).get("Id") or "")):
                return DuplicateFound(
                    result.get("errorMessage") or message, existing=existing, fix="use the record that is there"
                )
    if (found := _ID.search(message)) and (existing := _ref(found[0])):
        return DuplicateFound(
            "Salesforce already has this record", existing=existing, fix="use the record that is there"
        )
    return Refused(
        f"a duplicate rule stopped it: {result.get('errorMessage') or message}",
        fix="look for the record in Salesforce, also among the leads and what you may not see",
    )


def _ref(identifier: str) -> RecordRef | None:
    name = PREFIXES.get(identifier[:3])
    return RecordRef(system=SYSTEM, kind=KINDS[name], id=identifier) if name else None
