"""What Pipedrive's refusals mean, in the rep's words with the fix; and what its headers say of the limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from gangly_tui.connectors.pace import Quota
from gangly_tui.connectors.record.refusals import Sayings, body_of, number_in, said
from gangly_tui.connectors.transport import retry_after
from gangly_tui.domain.errors import ConnectorError, NotFound, OutcomeUnknown, RateLimited, Refused

_DAY_LOW = 1_500
"""Below so many tokens for the rest of the day Health shows the company's daily budget instead of the short limit."""
_DAY_LEAST = 30_000
"""The smallest daily budget of a company; how large this one is no header says."""
_BLOCKED_FOR = 60.0
_FIELDS: Mapping[str, str] = {
    "stage_id": "stage", "pipeline_id": "stage", "expected_close_date": "close_date", "value": "amount",
    "currency": "currency", "title": "name", "org_id": "account", "person_id": "contacts", "participants": "contacts",
    "deal_id": "opportunity", "owner_id": "owner", "user_id": "owner", "emails": "email", "phones": "phone",
    "job_title": "title", "website": "domain", "employee_count": "employees", "due_date": "due", "due_time": "at",
    "note": "body", "content": "body", "name": "name", "subject": "subject", "type": "type", "industry": "industry",
}  # fmt: skip
_NAMED = re.compile(r"\b(" + "|".join(_FIELDS) + r")\b")
_GONE = (NotFound, "Pipedrive has no such record (any more)", "pull again: ctrl+r")
_INVALID = (Refused, "Pipedrive does not take this: {said}", "correct it, then approve again")
_SAID: Sayings = {
    "needs": (Refused, "Pipedrive requires {label}: {said}", "fill it, then approve again"),
    "needs more": (Refused, "Pipedrive requires more: {said}", "fill the field in Pipedrive, then approve again"),
    "refers": (Refused, "what {label} refers to is not in Pipedrive: {said}", "it may have been removed; pull"),
    **dict.fromkeys(("400", "422"), _INVALID),
    "402": (Refused, "the company's Pipedrive plan has ended or is not paid", "its owner renews it; approve again"),
    "403": (Refused, "you may not do this in Pipedrive: {said}", "ask the Pipedrive administrator for the permission, "
            "or the record's owner to share it with you"),
    "scope": (Refused, "the sign-in does not include this: {said}", "gangly connect pipedrive, and agree to it all"),
    **dict.fromkeys(("404", "410"), _GONE),
    "409 write": (OutcomeUnknown, "Pipedrive says that another change of this record is under way", ""),
    "429": (RateLimited, "Pipedrive asks to wait {wait}", ""),
    "429 today": (RateLimited, "the company's Pipedrive budget for today is used up; there is more at {until} UTC",
                  "colleagues and other apps share it; an administrator sees who uses it, and can buy more"),
}  # fmt: skip
_PAGES: Sayings = {
    "403": (RateLimited, "Pipedrive has blocked this machine for a while: too many requests", ""),
    "404": (ConnectorError, "this address is not Pipedrive's API", "check the address of your company: "
            "gangly connect pipedrive"),
}  # fmt: skip
"""No JSON does not come from the API itself: its edge answers for it after too many requests."""


def explain(response: httpx.Response, write: bool) -> ConnectorError | None:
    """A refusal as the error it is; None leaves it to the common rules."""
    status, data, headers = response.status_code, body_of(response), response.headers
    if status == 429:
        return _limited(headers)
    if not isinstance(data, dict):
        return said(_PAGES, status, wait=_BLOCKED_FOR)
    told = _sentence(data)
    named = _NAMED.search(told)
    ours = _FIELDS[named[1]] if named and status != 402 else ""
    keys = [_reason(told.lower(), ours)] if status in (400, 422) else []
    keys += ["scope"] if status == 403 and "scope" in told.lower() else []
    keys += [f"{status} write" if status == 409 and write else str(status)]
    return said(_SAID, *keys, field=ours, label=ours.replace("_", " "), said=told)


def _reason(told: str, ours: str) -> str:
    if "required" in told or (ours and "mandatory" in told):
        return "needs" if ours else "needs more"
    missing = any(each in told for each in ("not found", "does not exist", "cannot be found"))
    return "refers" if ours and missing else ""


def _sentence(data: Mapping[str, Any]) -> str:
    told = str(data.get("error") or data.get("message") or "no reason given")
    more = str(data.get("error_info") or "")
    if more and "developers.pipedrive.com" not in more:
        told += f" ({more})"
    return told[:300]


def _limited(headers: Mapping[str, str]) -> ConnectorError | None:
    wait = max(retry_after(headers), number_in(headers, "x-ratelimit-reset") or 0, 1.0)
    if number_in(headers, "x-daily-requests-left") != 0:
        return said(_SAID, "429", wait=wait)
    try:
        now = parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        now = datetime.now(UTC)
    reset = datetime.combine(now.date() + timedelta(days=1), time(), UTC)  # the budget is for a day in UTC
    seconds = max(wait, (reset - now).total_seconds())
    return said(_SAID, "429 today", wait=seconds, until=f"{now + timedelta(seconds=seconds):%H:%M}")


def quota(headers: Mapping[str, str]) -> Quota | None:
    """The budget of tokens: the short one, or the company's for the day when that runs out first."""
    day = number_in(headers, "x-daily-requests-left")
    if day is not None and day < _DAY_LOW:  # without a reset: a pull must not sleep until tomorrow
        return Quota(left=int(day), limit=_DAY_LEAST, name="tokens today")
    left, limit = number_in(headers, "x-ratelimit-remaining"), number_in(headers, "x-ratelimit-limit")
    if left is None or limit is None:
        return None
    resets = number_in(headers, "x-ratelimit-reset") or 0
    return Quota(left=int(left), limit=int(limit), resets_in=resets, name="tokens, 2 s")
