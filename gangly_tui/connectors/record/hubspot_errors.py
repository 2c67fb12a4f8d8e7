"""What HubSpot's refusals and limit headers mean. Names its properties; the writer puts our field in their place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import httpx

from gangly_tui.connectors.pace import LOW, Quota
from gangly_tui.connectors.record.hubspot_map import OBJECTS, SYSTEM
from gangly_tui.connectors.record.refusals import Sayings, body_of, number_in, said
from gangly_tui.connectors.transport import retry_after
from gangly_tui.domain.errors import ConnectorError, DuplicateFound, RateLimited, Refused, SignInNeeded
from gangly_tui.domain.records import Kind, RecordRef

_EXISTING = re.compile(r"Existing ID:\s*(\d+)")
_LISTED = re.compile(r"\[\{.*\}\]", re.DOTALL)
_WAITS: Final = {"423": 2.0, "477": 2.0, "429 SECONDLY": 1.0, "429 DAILY": 3_600.0}
"""A daily limit ends at midnight of the account's own zone, which no answer tells: it is looked at every hour."""
_AGAIN = "it is tried again by itself"
_LOCKED = (RateLimited, "HubSpot has locked this for the moment", _AGAIN)
_RULE = (Refused, "HubSpot: {words}", "fill it: a rule of your HubSpot account wants it")
_SAID: Sayings = {
    "423": _LOCKED, "477": _LOCKED,
    "429 DAILY": (RateLimited, "HubSpot's limit of the day is used up",
        "it resets at midnight in the account's time zone; a larger plan has more"),
    "429": (RateLimited, "HubSpot asks to wait {wait}", _AGAIN),
    "401": (SignInNeeded, "HubSpot does not accept the sign-in any more", "gangly connect hubspot"),
    "403": (Refused, "this sign-in may not do that in HubSpot{lacks}",
        "ask the HubSpot administrator for this permission, then gangly connect hubspot"),
    "INVALID_OPTION":
        (Refused, "HubSpot: {words}", "choose a value that HubSpot offers; gangly pull brings the list anew"),
    "REQUIRED_PROPERTY": _RULE, "REQUIRED_FIELD": _RULE,
    "INVALID_EMAIL": (Refused, "HubSpot: {words}", "correct the address"),
    "PROPERTY_DOESNT_EXIST":
        (Refused, "HubSpot: {words}", "ask the HubSpot administrator: the property was removed or renamed"),
    "READ_ONLY_VALUE": (Refused, "HubSpot: {words}", "HubSpot sets this by itself"),
    "INVALID_OWNER": (Refused, "HubSpot: {words}", "choose a HubSpot user who is an owner"),
    "CONFLICTING_UNIQUE_VALUE": (Refused, "HubSpot: {words}", "another record has this value: use that one"),
    "400": (Refused, "HubSpot: {words}", "correct it, or ask the HubSpot administrator which rule wants it so"),
}  # fmt: skip


def explain(response: httpx.Response, write: bool) -> ConnectorError | None:
    """The error an answer is, or None to leave it to the common rules."""
    body = body_of(response)
    body = body if isinstance(body, dict) else {}
    key, told, name, lacks = str(response.status_code), _plain(str(body.get("message") or "")), "", ""
    if key == "409" and write and (known := _EXISTING.search(told)):
        existing = RecordRef(system=SYSTEM, kind=_kind_in(response.url.path), id=known[1])
        return DuplicateFound("HubSpot already has this record", existing=existing, fix="use that one")
    if key == "429":
        key = f"429 {body.get('policyName') or ''}".upper()
    if key == "400":
        name, key, told = _fault(body, told)
    if key == "403":
        scopes = _context(body, "requiredGranularScopes") or _context(body, "requiredScopes")
        lacks = f": it lacks {', '.join(scopes)}" if scopes else f": {told}" if told else ""
    least = _WAITS.get(key, 10.0)
    wait = max(retry_after(response.headers), least if key == "429 DAILY" else 0.0) or least
    words = told[:300] or "it did not take the values"
    return said(_SAID, key, str(response.status_code), field=name, wait=wait, words=words, lacks=lacks)


def _fault(body: Mapping[str, Any], told: str) -> tuple[str, str, str]:
    """The first property that HubSpot names, its code and words; they stand in `errors` or inside the message."""
    name, code, words = "", "", told
    listed, inside = _LISTED.search(told), None
    with suppress(ValueError):
        inside = json.loads(listed[0]) if listed else None
    for each in [*_dicts(body.get("errors")), *_dicts(inside)]:
        context = each.get("context")
        names = context.get("propertyName") if isinstance(context, dict) else None
        name = str((names[0] if isinstance(names, list) and names else None) or each.get("name") or "")
        code = str(each.get("code") or each.get("error") or "")
        words = _plain(str(each.get("message") or told))
        if name:
            break
    return name, code, words


def quota(headers: Mapping[str, str]) -> Quota | None:
    """The limit that is nearest: the ten seconds when they run short, else the day where it is told."""
    names = ("remaining", "max", "daily-remaining", "daily", "interval-milliseconds")
    left, most, left_today, most_today, length = (number_in(headers, f"x-hubspot-ratelimit-{each}") for each in names)
    day = left_today is not None and most_today is not None
    if left is not None and most is not None and (not day or left <= LOW * most):
        seconds = (length or 10_000) / 1000
        return Quota(left=int(left), limit=int(most), resets_in=seconds, name=f"requests in {seconds:g} s")
    return Quota(left=int(left_today or 0), limit=int(most_today or 0), name="requests today") if day else None


def _dicts(found: Any) -> list[Mapping[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _context(body: Mapping[str, Any], name: str) -> list[str]:
    contexts = [body.get("context"), *(each.get("context") for each in _dicts(body.get("errors")))]
    return [str(scope) for each in contexts if isinstance(each, dict) for scope in each.get(name) or ()]


def _kind_in(path: str) -> Kind:
    return next((kind for kind, names in OBJECTS.items() if any(f"/{each}" in path for each in names)), Kind.CONTACT)


def _plain(text: str) -> str:
    return " ".join(text.split())
