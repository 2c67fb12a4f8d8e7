"""What Dataverse's refusals mean, in the rep's words with the fix; and what its headers say of the limit."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx

from gangly_tui.connectors.pace import Quota
from gangly_tui.connectors.record.dynamics_map import TABLES
from gangly_tui.connectors.transport import retry_after
from gangly_tui.domain.errors import ConnectorError, NotFound, RateLimited, Refused, SignInNeeded, Unreachable

_ASK_ADMIN = "ask the Dynamics administrator"
_REQUESTS, _SECONDS, _WINDOW = 6_000, 1_200.0, 300.0
"""What a user has in five minutes: requests, and seconds of the server's time."""
_SLIDES = 30.0
"""The window slides: after a tenth of it enough has come back to go on."""
_PRIVILEGE = re.compile(r"\bprv(Read|Write|Create|Delete|Append|AppendTo|Assign|Share)(\w+)")
_VERBS = {"Read": "see", "Write": "change", "Create": "create", "Delete": "remove", "Assign": "give away"}
_QUOTED = re.compile(r"['\"]?\b([a-z][a-z0-9_]+)\b['\"]?")

_SAID: Mapping[str, tuple[str, str]] = {
    "0x80044331": ("the text is too long: {message}", "shorten it"),
    "0x8004431a": ("Dynamics does not have this value: {message}", "pull, then choose from the list"),
    "0x80040265": ("a rule of your organisation says: {message}", "change what the rule asks for"),
    "0x80048d19": ("Dynamics does not take this value: {message}", "correct it"),
    "0x80040203": ("Dynamics does not take this value: {message}", "correct it"),
    "0x80060893": ("this table has no guard against overwriting others: {message}", _ASK_ADMIN),
    "0x80044407": ("the record is closed and takes no changes", "reopen it in Dynamics first"),
    "0x80040225": ("your user is disabled in this organisation", _ASK_ADMIN),
    "0x80072560": ("you are no user of this organisation", "check the address, or ask its administrator"),
}  # fmt: skip
_LIMITS = frozenset({"0x80072321", "0x80072322", "0x80072326"})
_EXPIRED = frozenset({"0x80044352"})
_ASLEEP = frozenset({"0x8004a106", "0x8004a112", "0x8004a113"})


class Stale(ConnectorError):
    """412 to a version that was named: the row was changed since. Nothing was applied."""


class Exists(ConnectorError):
    """412 to a create with an id of ours: the row is there already. Nothing was applied."""


class RuleDuplicate(Refused):
    """A duplicate rule of the organisation stopped the write. Which row it found it does not say."""


class FeedLost(ConnectorError):
    """The place in the change feed is too old, or not known any more."""


def quota(headers: Mapping[str, str]) -> Quota | None:
    """The tighter of the two limits of five minutes: requests, or seconds of the server's time."""
    found = []
    for header, limit, name in (
        ("x-ms-ratelimit-burst-remaining-xrm-requests", float(_REQUESTS), "requests, 5 min"),
        ("x-ms-ratelimit-time-remaining-xrm-requests", _SECONDS, "seconds, 5 min"),
    ):
        try:
            left = float(headers[header].replace(",", ""))
        except (KeyError, ValueError):
            continue
        found.append(Quota(left=int(left), limit=int(max(limit, left)), resets_in=_SLIDES, name=name))
    return min(found, key=lambda each: each.share, default=None)


def explain(response: httpx.Response, write: bool) -> ConnectorError | None:
    """An answer of the API that is no success. None leaves it to the rules that all vendors share."""
    status = response.status_code
    try:
        told = response.json()["error"]
        code, message = str(told.get("code") or "").lower(), str(told.get("message") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return _not_the_api(status)
    if code == "0x80040333":  # its status is 412 or 500, as the page one reads says
        return RuleDuplicate("a duplicate rule of your organisation stopped it", fix="look for the record in Dynamics")
    if code in _LIMITS or status == 429:
        wait = retry_after(response.headers)
        return RateLimited(
            "the limit of five minutes is reached" + (f": in {wait:.0f} s it goes on" if wait else ""),
            retry_after=wait or _WINDOW,
            fix="it goes on by itself",
        )
    if code in _EXPIRED or (status == 410 and not write):
        return FeedLost("the place in the change feed is too old")
    if code in _ASLEEP:
        return Unreachable("the organisation is switched off or under maintenance", fix=_ASK_ADMIN)
    return _by_status(response, code, message)


def _by_status(response: httpx.Response, code: str, message: str) -> ConnectorError | None:
    match response.status_code:
        case 412:
            create = response.request.headers.get("if-none-match") == "*"
            return Exists("the record is there already") if create else Stale("the record was changed")
        case 401:
            return None
        case 404:
            return NotFound("Dynamics has no such record (any more)", fix="pull again: ctrl+r")
        case _ if code in _SAID:
            said, fix = _SAID[code]
            return Refused(said.format(message=message), field=ours_of(message), fix=fix)
        case 403:
            return _not_permitted(message)
        case 413:
            return Refused("it is too large for Dynamics", fix="shorten the text")
        case 400:
            return Refused(
                f"Dynamics refused it: {message}", field=ours_of(message), fix=f"correct it, or {_ASK_ADMIN}"
            )
    return None


def _not_permitted(message: str) -> Refused:
    found = _PRIVILEGE.search(message)
    if not found:
        return Refused("Dynamics does not permit this", fix=f"{_ASK_ADMIN} for the permission")
    verb, table = _VERBS.get(found[1], "relate something to"), found[2].lower()
    return Refused(
        f"you may not {verb} this kind of record ({table})", fix=f"{_ASK_ADMIN} for the privilege {found[0]}"
    )


def _not_the_api(status: int) -> ConnectorError | None:
    """A page for people instead of an answer."""
    if status == 503:
        return RateLimited("Dynamics is under maintenance", retry_after=300.0, fix="see the service health page")
    if status == 404 or 300 <= status < 400:
        return SignInNeeded(
            "this address is not your organisation's API", fix="use its own address: acme.crm.dynamics.com"
        )
    return None


def ours_of(message: str) -> str:
    """Our name of the first column that an error names, "" when it is none of ours."""
    for word in _QUOTED.findall(message):
        for table in TABLES.values():
            for ours, candidates in table.fields.items():
                if any(word == each or (each[0] == "*" and word.endswith(each[1:])) for each in candidates):
                    return ours if word not in ("name", "description", "subject") or f"'{word}'" in message else ""
    return ""
