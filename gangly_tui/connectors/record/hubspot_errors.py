"""What HubSpot's refusals and limit headers mean. Names its properties; the writer puts our field in their place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import httpx

from gangly_tui.connectors.pace import LOW, Quota
from gangly_tui.connectors.record.hubspot_map import OBJECTS, SYSTEM
from gangly_tui.connectors.transport import retry_after
from gangly_tui.domain.errors import ConnectorError, DuplicateFound, RateLimited, Refused, SignInNeeded
from gangly_tui.domain.records import Kind, RecordRef

_EXISTING = re.compile(r"Existing ID:\s*(\d+)")
_LISTED = re.compile(r"\[\{.*\}\]", re.DOTALL)
_DAY: Final = 3_600.0
"""A daily limit ends at midnight of the account's own zone, which no answer tells: it is looked at every hour."""
_WAITS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0, "DAILY": _DAY}
_CORRECT = "correct it, or ask the HubSpot administrator which rule wants it so"
_FIXES = {
    "INVALID_OPTION": "choose a value that HubSpot offers; gangly pull brings the list anew",
    "REQUIRED_PROPERTY": "fill it: a rule of your HubSpot account wants it",
    "REQUIRED_FIELD": "fill it: a rule of your HubSpot account wants it",
    "INVALID_EMAIL": "correct the address",
    "PROPERTY_DOESNT_EXIST": "ask the HubSpot administrator: the property was removed or renamed",
    "READ_ONLY_VALUE": "HubSpot sets this by itself",
    "INVALID_OWNER": "choose a HubSpot user who is an owner",
    "CONFLICTING_UNIQUE_VALUE": "another record has this value: use that one",
}


def quota(headers: Mapping[str, str]) -> Quota | None:
    """The limit that is nearest: the ten seconds when they run short, else the day where it is told."""
    window = _pair(headers, "x-hubspot-ratelimit-remaining", "x-hubspot-ratelimit-max")
    day = _pair(headers, "x-hubspot-ratelimit-daily-remaining", "x-hubspot-ratelimit-daily")
    if window and (day is None or window[0] <= LOW * window[1]):
        seconds = int(headers.get("x-hubspot-ratelimit-interval-milliseconds") or 10_000) / 1000
        return Quota(left=window[0], limit=window[1], resets_in=seconds, name=f"requests in {seconds:g} s")
    return Quota(left=day[0], limit=day[1], name="requests today") if day else None


def _pair(headers: Mapping[str, str], left: str, most: str) -> tuple[int, int] | None:
    try:
        return int(headers[left]), int(headers[most])
    except (KeyError, ValueError):
        return None


def explain(response: httpx.Response, write: bool) -> ConnectorError | None:
    """The error an answer is, or None to leave it to the common rules."""
    body = _body(response)
    said = _plain(str(body.get("message") or ""))
    match response.status_code:
        case 429:
            return _limited(response, body)
        case 423 | 477:
            wait = retry_after(response.headers) or 2.0
            return RateLimited("HubSpot has locked this for the moment", retry_after=wait, fix="it is tried again")
        case 401:
            return SignInNeeded("HubSpot does not accept the sign-in any more", fix="gangly connect hubspot")
        case 403:
            scopes = _context(body, "requiredGranularScopes") or _context(body, "requiredScopes")
            missing = f": it lacks {', '.join(scopes)}" if scopes else f": {said}" if said else ""
            return Refused(
                f"this sign-in may not do that in HubSpot{missing}",
                fix="ask the HubSpot administrator for this permission, then gangly connect hubspot",
            )
        case 409 if write and (known := _EXISTING.search(said)):
            existing = RecordRef(system=SYSTEM, kind=_kind_in(response.url.path), id=known[1])
            return DuplicateFound("HubSpot already has this record", existing=existing, fix="use that one")
        case 400:
            return _invalid(body, said)
    return None


def _limited(response: httpx.Response, body: Mapping[str, Any]) -> RateLimited:
    policy = str(body.get("policyName") or "").upper()
    wait = retry_after(response.headers) or _WAITS.get(policy, 10.0)
    if policy == "DAILY":
        return RateLimited(
            "HubSpot's limit of the day is used up",
            retry_after=max(wait, _DAY),
            fix="it resets at midnight in the account's time zone; a larger plan has more",
        )
    return RateLimited(f"HubSpot asks to wait {wait:g} s", retry_after=wait, fix="it is tried again by itself")


def _invalid(body: Mapping[str, Any], said: str) -> Refused:
    """The first property that HubSpot names, in its words; they stand in `errors` or inside the message."""
    name, code, words = "", "", said
    for each in [*_dicts(body.get("errors")), *_inside(said)]:
        context = each.get("context")
        names = context.get("propertyName") if isinstance(context, dict) else None
        name = str((names[0] if isinstance(names, list) and names else None) or each.get("name") or "")
        code = str(each.get("code") or each.get("error") or "")
        words = _plain(str(each.get("message") or said))
        if name:
            break
    return Refused(
        f"HubSpot: {words[:300] or 'it did not take the values'}", field=name, fix=_FIXES.get(code, _CORRECT)
    )


def _inside(said: str) -> list[Mapping[str, Any]]:
    """The list of faults that HubSpot puts into the message itself."""
    found = _LISTED.search(said)
    try:
        return _dicts(json.loads(found[0])) if found else []
    except ValueError:
        return []


def _body(response: httpx.Response) -> Mapping[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _dicts(found: Any) -> list[Mapping[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _context(body: Mapping[str, Any], name: str) -> list[str]:
    contexts = [body.get("context"), *(each.get("context") for each in _dicts(body.get("errors")))]
    return [str(scope) for each in contexts if isinstance(each, dict) for scope in each.get(name) or ()]


def _kind_in(path: str) -> Kind:
    return next((kind for kind, names in OBJECTS.items() if any(f"/{each}" in path for each in names)), Kind.CONTACT)


def _plain(text: str) -> str:
    return " ".join(text.split())
