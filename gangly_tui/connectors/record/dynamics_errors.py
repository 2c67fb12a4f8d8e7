"""What Dataverse's refusals mean, in the rep's words with the fix; and what its headers say of the limit."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx

from gangly_tui.connectors.pace import Quota
from gangly_tui.connectors.record.dynamics_map import TABLES
from gangly_tui.connectors.record.refusals import Sayings, body_of, number_in, said
from gangly_tui.connectors.transport import retry_after
from gangly_tui.domain.errors import ConnectorError, NotFound, RateLimited, Refused, SignInNeeded, Unreachable


class Stale(ConnectorError):
    """412 to a version that was named: the row was changed since. Nothing was applied."""


class Exists(ConnectorError):
    """412 to a create with an id of ours: the row is there already. Nothing was applied."""


class RuleDuplicate(Refused):
    """A duplicate rule of the organisation stopped the write. Which row it found it does not say."""


class FeedLost(ConnectorError):
    """The place in the change feed is too old, or not known any more."""


_ADMIN = "ask the Dynamics administrator"
_WINDOW = 300.0
"""The limits are of five minutes, which slide: after a tenth of it enough has come back to go on."""
_LIMIT = (RateLimited, "the limit of five minutes is reached: in {wait} it goes on", "it goes on by itself")
_LOST = (FeedLost, "the place in the change feed is too old", "")
_ASLEEP = (Unreachable, "the organisation is switched off or under maintenance", _ADMIN)
_LACKS = (Refused, "you may not {verb} this kind of record ({table})", _ADMIN + " for the privilege {name}")
_VALUE = (Refused, "Dynamics does not take this value: {message}", "correct it")
_SAID: Sayings = {
    "0x80040333": (RuleDuplicate, "a duplicate rule of your organisation stopped it", "look for it in Dynamics"),
    "0x80044331": (Refused, "the text is too long: {message}", "shorten it"),
    "0x8004431a": (Refused, "Dynamics does not have this value: {message}", "pull, then choose from the list"),
    "0x80040265": (Refused, "a rule of your organisation says: {message}", "change what the rule asks for"),
    "0x80060893": (Refused, "this table has no guard against overwriting others: {message}", _ADMIN),
    "0x80044407": (Refused, "the record is closed and takes no changes", "reopen it in Dynamics first"),
    "0x80040225": (Refused, "your user is disabled in this organisation", _ADMIN),
    "0x80072560": (Refused, "you are no user of this organisation", "check the address, or ask its administrator"),
    **dict.fromkeys(("0x80048d19", "0x80040203"), _VALUE),
    **dict.fromkeys(("0x80072321", "0x80072322", "0x80072326", "429"), _LIMIT),
    **dict.fromkeys(("0x80044352", "410"), _LOST),
    **dict.fromkeys(("0x8004a106", "0x8004a112", "0x8004a113"), _ASLEEP),
    "404": (NotFound, "Dynamics has no such record (any more)", "pull again: ctrl+r"),
    "412": (Stale, "the record was changed", ""),
    "412 create": (Exists, "the record is there already", ""),
    "413": (Refused, "it is too large for Dynamics", "shorten the text"),
    "403": (Refused, "Dynamics does not permit this", f"{_ADMIN} for the permission"),
    "403 privilege": _LACKS,
    "400": (Refused, "Dynamics refused it: {message}", f"correct it, or {_ADMIN}"),
}
_NO_API = (SignInNeeded, "this address is not your organisation's API", "use its own address: acme.crm.dynamics.com")
_PAGES: Sayings = {
    "503": (RateLimited, "Dynamics is under maintenance", "see the service health page"),
    **dict.fromkeys(("404", "300", "301", "302", "303", "307", "308"), _NO_API),
}
"""A page for people instead of an answer."""
_PRIVILEGE = re.compile(r"\bprv(Read|Write|Create|Delete|Append|AppendTo|Assign|Share)(\w+)")
_VERBS = {"Read": "see", "Write": "change", "Create": "create", "Delete": "remove", "Assign": "give away"}
_QUOTED = re.compile(r"['\"]?\b([a-z][a-z0-9_]+)\b['\"]?")
_OURS = {name: ours for table in reversed([*TABLES.values()]) for ours, names in table.fields.items() for name in names}


def explain(response: httpx.Response, write: bool) -> ConnectorError | None:
    """An answer of the API that is no success. None leaves it to the rules that all vendors share."""
    status, told = response.status_code, body_of(response)
    error = told.get("error") if isinstance(told, dict) else None
    if not isinstance(error, dict):
        return said(_PAGES, status, wait=_WINDOW)
    code, message = str(error.get("code") or "").lower(), str(error.get("message") or "")
    words = {"message": message}
    key = str(status)
    if status == 403 and (found := _PRIVILEGE.search(message)):
        key = "403 privilege"
        words |= {"name": found[0], "verb": _VERBS.get(found[1], "relate something to"), "table": found[2].lower()}
    if status == 412 and response.request.headers.get("if-none-match") == "*":
        key = "412 create"
    wait = retry_after(response.headers) or _WINDOW
    return said(_SAID, code, key, field=ours_of(message), wait=wait, **words)


def ours_of(message: str) -> str:
    """Our name of the first column that an error names, "" when it is none of ours."""
    for word in _QUOTED.findall(message):
        for name, ours in _OURS.items():
            if word == name or (name[0] == "*" and word.endswith(name[1:])):
                return ours if word not in ("name", "description", "subject") or f"'{word}'" in message else ""
    return ""


def quota(headers: Mapping[str, str]) -> Quota | None:
    """The tighter of a user's two limits of five minutes: 6,000 requests, or 1,200 seconds of the server's time."""
    found = []
    for header, limit, name in (
        ("x-ms-ratelimit-burst-remaining-xrm-requests", 6_000, "requests, 5 min"),
        ("x-ms-ratelimit-time-remaining-xrm-requests", 1_200, "seconds, 5 min"),
    ):
        if (left := number_in(headers, header)) is not None:
            found.append(Quota(left=int(left), limit=int(max(limit, left)), resets_in=_WINDOW / 10, name=name))
    return min(found, key=lambda each: each.share, default=None)
