"""What Pipedrive's refusals mean, in the rep's words with the fix; and what its headers say of the limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from gangly_tui.connectors.pace import Quota
from gangly_tui.connectors.transport import retry_after
from gangly_tui.domain.errors import ConnectorError, NotFound, OutcomeUnknown, RateLimited, Refused

DAY_LOW = 1_500
"""Below so many tokens for the rest of the day Health shows the company's daily budget instead of the short limit."""
DAY_LEAST = 30_000
"""The smallest daily budget of a company; how large this one is no header says."""
_BLOCKED_FOR = 60.0
_FIELDS: Mapping[str, str] = {
    "stage_id": "stage",
    "pipeline_id": "stage",
    "expected_close_date": "close_date",
    "value": "amount",
    "currency": "currency",
    "title": "name",
    "org_id": "account",
    "person_id": "contacts",
    "participants": "contacts",
    "deal_id": "opportunity",
    "owner_id": "owner",
    "user_id": "owner",
    "emails": "email",
    "phones": "phone",
    "job_title": "title",
    "website": "domain",
    "employee_count": "employees",
    "due_date": "due",
    "due_time": "at",
    "note": "body",
    "content": "body",
}
_NAMED = re.compile(r"\b(" + "|".join(_FIELDS) + r"|name|subject|type|industry)\b")
_ASK_ADMIN = "ask the Pipedrive administrator"


def explain(response: httpx.Response, write: bool) -> ConnectorError | None:
    """A refusal as the error it is; None leaves it to the common rules."""
    status, data = response.status_code, _decoded(response)
    if status == 429:
        return _limited(response.headers)
    if data is None:
        return _no_api(status)
    said = _sentence(data)
    match status:
        case 400 | 422:
            return _refused(said)
        case 402:
            return Refused(
                "the company's Pipedrive plan has ended or is not paid", fix="its owner renews it; then approve again"
            )
        case 403:
            return _forbidden(said)
        case 404 | 410:
            return NotFound("Pipedrive has no such record (any more)", fix="pull again: ctrl+r")
        case 409 if write:
            return OutcomeUnknown("Pipedrive says that another change of this record is under way")
        case _:
            return None


def _no_api(status: int) -> ConnectorError | None:
    """A refusal that is no JSON does not come from the API itself."""
    if status == 403:  # its edge answers for it after too many requests
        return RateLimited(
            "Pipedrive has blocked this machine for a while: too many requests", retry_after=_BLOCKED_FOR
        )
    if status == 404:
        return ConnectorError(
            "this address is not Pipedrive's API", fix="check the address of your company: gangly connect pipedrive"
        )
    return None


def _forbidden(said: str) -> Refused:
    if "scope" in said.lower():
        return Refused(
            f"the sign-in does not include this: {said}", fix="gangly connect pipedrive, and agree to all it asks"
        )
    return Refused(
        f"you may not do this in Pipedrive: {said}",
        field=_field(said),
        fix=f"{_ASK_ADMIN} for the permission, or the record's owner to share it with you",
    )


def quota(headers: Mapping[str, str]) -> Quota | None:
    """The budget of tokens: the short one, or the company's for the day when that runs out first."""
    day = _number(headers.get("x-daily-requests-left"))
    if day is not None and day < DAY_LOW:
        return Quota(
            left=day, limit=DAY_LEAST, name="tokens today"
        )  # without a reset: a pull must not sleep until tomorrow
    left, limit = _number(headers.get("x-ratelimit-remaining")), _number(headers.get("x-ratelimit-limit"))
    if left is None or limit is None:
        return None
    return Quota(
        left=left, limit=limit, resets_in=float(_number(headers.get("x-ratelimit-reset")) or 0), name="tokens, 2 s"
    )


def _limited(headers: Mapping[str, str]) -> RateLimited:
    wait = max(retry_after(headers), float(_number(headers.get("x-ratelimit-reset")) or 0), 1.0)
    if _number(headers.get("x-daily-requests-left")) != 0:
        return RateLimited(f"Pipedrive asks to wait {wait:.0f} s", retry_after=wait)
    now = _now(headers)
    reset = datetime.combine(now.date() + timedelta(days=1), time(), UTC)  # the budget is for a day in UTC
    seconds = max(wait, (reset - now).total_seconds())
    until = now + timedelta(seconds=seconds)
    return RateLimited(
        f"the company's Pipedrive budget for today is used up; there is more at {until:%H:%M} UTC",
        retry_after=seconds,
        fix="colleagues and other apps share it; an administrator sees who uses it, and can buy more",
    )


def _refused(said: str) -> Refused:
    ours, lower = _field(said), said.lower()
    label = ours.replace("_", " ")
    if ours and ("required" in lower or "mandatory" in lower):
        return Refused(f"Pipedrive requires {label}: {said}", field=ours, fix="fill it, then approve again")
    if ours and ("not found" in lower or "does not exist" in lower or "cannot be found" in lower):
        return Refused(
            f"what {label} refers to is not in Pipedrive: {said}", field=ours, fix="it may have been removed; pull"
        )
    if "required" in lower:
        return Refused(f"Pipedrive requires more: {said}", fix="fill the field in Pipedrive, then approve again")
    return Refused(f"Pipedrive does not take this: {said}", field=ours, fix="correct it, then approve again")


def _field(said: str) -> str:
    found = _NAMED.search(said)
    return _FIELDS.get(found[1], found[1]) if found else ""


def _sentence(data: Mapping[str, Any]) -> str:
    said = str(data.get("error") or data.get("message") or "no reason given")
    more = str(data.get("error_info") or "")
    if more and "developers.pipedrive.com" not in more:
        said += f" ({more})"
    return said[:300]


def _decoded(response: httpx.Response) -> Mapping[str, Any] | None:
    try:
        data = response.json()
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _number(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def _now(headers: Mapping[str, str]) -> datetime:
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return datetime.now(UTC)
