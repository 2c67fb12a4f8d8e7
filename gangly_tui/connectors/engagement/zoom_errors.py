"""What Zoom's refusals and limit headers mean, in the rep's words with the fix."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from gangly_tui.connectors.pace import Quota
from gangly_tui.connectors.transport import retry_after
from gangly_tui.domain.errors import ConnectorError, NotFound, RateLimited, Refused, SignInNeeded

SYSTEM = "zoom"
_NO_SCOPE = (4711, 104)
_NO_RIGHT = 200
_NO_RECORDING = 3301
_AGAIN = "gangly connect zoom"


def quota(headers: Mapping[str, str]) -> Quota | None:
    """What is left of the limit that this answer speaks of: per second, or for the day."""
    try:
        left, limit = int(headers["x-ratelimit-remaining"]), int(headers["x-ratelimit-limit"])
    except (KeyError, ValueError):
        return None
    if "daily" in headers.get("x-ratelimit-type", "").lower():
        return Quota(left=left, limit=limit, name="requests today")  # no reset: a pull must not sleep until tomorrow
    category = headers.get("x-ratelimit-category", "").lower()
    return Quota(left=left, limit=limit, resets_in=_resets(headers), name=f"{category} requests in 1 s".strip())


def _resets(headers: Mapping[str, str]) -> float:
    """Seconds to the reset, which is a time, a number of seconds or absent; a second's limit ends with the second."""
    return min(retry_after({"retry-after": headers.get("x-ratelimit-reset", "")}) or 1.0, 60.0)


def explain(response: httpx.Response, write: bool) -> ConnectorError | None:
    """A refusal as the error it is; None leaves it to the common rules."""
    data = _decoded(response)
    code = data.get("code")
    said = " ".join(str(data.get("message") or "no reason given").split())[:200]
    status = response.status_code
    if status == 429:
        return _limited(response.headers)
    if status == 401:
        return SignInNeeded("zoom does not accept the sign-in any more", fix=_AGAIN)
    if code in _NO_SCOPE or (status in (400, 403) and "scope" in said.lower()):
        return Refused(f"this sign-in may not do that in Zoom: {said}", fix=f"{_AGAIN}, and agree to all it asks")
    if code == _NO_RECORDING or status == 404:
        return NotFound("Zoom has no such recording (any more)")
    if code == _NO_RIGHT:
        return Refused(f"Zoom does not permit this: {said}", fix="ask the Zoom administrator for cloud recording")
    if status in (400, 403):
        return Refused(f"Zoom does not take this: {said}")
    return None


def _limited(headers: Mapping[str, str]) -> RateLimited:
    wait = max(retry_after(headers), 1.0)
    if "daily" not in headers.get("x-ratelimit-type", "").lower():
        return RateLimited(f"Zoom asks to wait {wait:.0f} s", retry_after=wait, fix="it is tried again by itself")
    until = datetime.now(UTC) + timedelta(seconds=wait)
    return RateLimited(
        f"Zoom's limit of the day is used up; there is more at {until:%H:%M} UTC",
        retry_after=wait,
        fix="other apps share it; it is tried again by itself",
    )


def _decoded(response: httpx.Response) -> Mapping[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
