"""A HubSpot account on this machine: it remembers, and it says no where HubSpot does.

By hand: `python -m tests.fakes.hubspot [PORT]`. It has no conditional write, like the real one; it blocks a second
contact of an address, enforces the account's rules, counts requests, lags in its search index, keeps a recycle bin.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.fakes import hubspot_schema as schema
from tests.fakes.hubspot_things import Account, HubSpotError, Thing, comparable, emails_of, not_found, told_time
from tests.fakes.salesforce import Asked, Trouble
from tests.fakes.serve import Dropped, Reply

VERSION = "2026-09"
WINDOW = 10_000


class FakeHubSpot(Account):
    """The account. `watch` sees each request and each answer; `before_write` runs right before a write is done."""

    def __init__(self, *, now: Callable[[], datetime] | None = None, audit: bool = True, page: int = 0) -> None:
        super().__init__(now=now, audit=audit)
        self.page = page
        """the most rows of a page, whatever was asked for; 0: HubSpot's own limits"""
        self.token, self.refresh = "token-1", "refresh-1"
        self.scopes_missing: tuple[str, ...] = ()
        self.emails_hidden = False
        self.left, self.limit = 1_000_000, 1_000_000
        self.asked: list[Asked] = []
        self.troubles: list[Trouble] = []
        self.before_write: Callable[[], None] = lambda: None
        self.watch: Callable[[Asked, int, Any], None] = lambda _asked, _status, _told: None

    def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request."""
        trouble = next((each for each in self.troubles if each.at in f"{method} {path} "), None)
        if trouble:
            self.troubles.remove(trouble)
        form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        told = None if not body else body.decode() if form else json.loads(body)
        asked = Asked(method, unquote(path), query, headers, told)
        self.asked.append(asked)
        self.left -= 1
        if trouble and trouble.status:
            return trouble.status, {"content-type": "application/json", **trouble.headers}, trouble.body
        try:
            status, answer = self._answer(asked, path)
        except HubSpotError as error:
            status, answer = error.status, error.body
        self.watch(asked, status, answer)
        if trouble and trouble.dropped:
            raise Dropped
        return status, self._headers(path), b"" if answer is None else json.dumps(answer).encode()

    def _headers(self, path: str) -> dict[str, str]:
        found = {"content-type": "application/json", "date": format_datetime(self._now().astimezone(UTC), usegmt=True)}
        if path.endswith("/search"):
            return found
        return found | {
            "x-hubspot-ratelimit-max": str(self.limit),
            "x-hubspot-ratelimit-remaining": str(max(self.left, 0)),
            "x-hubspot-ratelimit-interval-milliseconds": "10000",
        }

    def _answer(self, asked: Asked, path: str) -> tuple[int, Any]:  # noqa: PLR0911 - one return a route
        if path.startswith(f"/oauth/{VERSION}/token"):
            return self._tokens(asked)
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            raise HubSpotError(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired")
        if self.left < 0:
            message = "You have reached your ten_secondly_rolling limit."
            raise HubSpotError(429, "RATE_LIMITS", message, policyName="TEN_SECONDLY_ROLLING")
        emails = ("sales-email-read",) if self.emails_hidden and "/emails" in path else ()
        if missing := self.scopes_missing or emails:
            context = {"requiredGranularScopes": list(missing)}
            message = "This app hasn't been granted all required scopes to make this call."
            raise HubSpotError(403, "MISSING_SCOPES", message, {"message": message, "context": context})
        parts = [unquote(each) for each in path.strip("/").split("/")]
        params = {key: values[-1] for key, values in parse_qs(asked.query, keep_blank_values=True).items()}
        match (asked.method, *parts):
            case ("GET", "crm", "properties", "2026-09", name) if name in self.things:
                return 200, {"results": [schema.told_property(each) for each in self.properties[name]]}
            case ("GET", "crm", "pipelines", "2026-09", "deals"):
                return 200, {"results": [schema.told_pipeline(each) for each in range(len(schema.PIPELINES))]}
            case ("GET", "crm", "owners", "2026-09"):
                return 200, self._owners(params)
            case ("POST", "crm", "associations", "2026-09", name, to, "batch", "read"):
                return 200, self._associations(name, to, asked.body)
            case ("GET", "crm", "objects", "2026-09", name) if name in self.things:
                return 200, self._list(name, params)
            case ("POST", "crm", "objects", "2026-09", name) if name in self.things:
                self._before()
                return 201, self._told(self.put(name, asked.body["properties"], _links(name, asked.body)), {})
            case ("POST", "crm", "objects", "2026-09", name, "search") if name in self.things:
                return 200, self._search(name, asked.body)
            case ("GET", "crm", "objects", "2026-09", name, identifier) if name in self.things:
                return 200, self._told(self._one(name, identifier, params), params)
            case ("PATCH", "crm", "objects", "2026-09", name, identifier) if name in self.things:
                self._before()
                thing = self.change(name, identifier, asked.body["properties"], ("INTEGRATION", "gangly", None))
                return 200, self._told(thing, {"properties": ",".join(asked.body["properties"])})
            case ("DELETE", "crm", "objects", "2026-09", name, identifier) if name in self.things:
                self._before()
                self.archive(name, identifier)
                return 204, None
        raise HubSpotError(404, "OBJECT_NOT_FOUND", "No path matches")

    def _before(self) -> None:
        once, self.before_write = self.before_write, lambda: None
        once()

    def _one(self, name: str, identifier: str, params: Mapping[str, str]) -> Thing:
        by, binned = params.get("idProperty"), params.get("archived") == "true"
        known = {each[0]: each for each in self.properties[name]}
        if by and by != "email" and known.get(by, ("", "", "", ""))[3] != "u":
            raise HubSpotError(400, "VALIDATION_ERROR", f"{by} is not a unique property")
        for thing in self.things[name].values():
            is_it = (
                thing.id == identifier if not by
                else identifier.lower() in emails_of(thing) if by == "email"
                else thing.properties.get(by) == identifier
            )  # fmt: skip
            if is_it and bool(thing.archived) is binned:
                return thing
        raise not_found()

    def _told(self, thing: Thing, params: Mapping[str, str]) -> dict[str, Any]:
        own = ("hs_object_id", "createdate", "lastmodifieddate" if thing.name == "contacts" else "hs_lastmodifieddate")
        wanted = params["properties"].split(",") if params.get("properties") else []
        found: dict[str, Any] = {
            "id": thing.id,
            "archived": bool(thing.archived),
            "createdAt": told_time(thing.created),
            "updatedAt": told_time(thing.updated),
            "properties": {each: value for each in (*own, *wanted) if (value := self.value(thing, each))},
        }
        if thing.archived:
            found["archivedAt"] = told_time(thing.archived)
        if params.get("propertiesWithHistory"):
            asked = params["propertiesWithHistory"].split(",")
            found["propertiesWithHistory"] = {each: thing.history[each] for each in asked if each in thing.history}
        if params.get("associations"):
            listed = {to: thing.links.get(to) for to in params["associations"].split(",")}
            found["associations"] = {to: {"results": _typed(thing.name, to, ids)} for to, ids in listed.items() if ids}
        return found

    def _list(self, name: str, params: Mapping[str, str]) -> dict[str, Any]:
        limit = min(int(params.get("limit", 10)), self.page or 100)
        if int(params.get("limit", 10)) > 100:
            raise HubSpotError(400, "VALIDATION_ERROR", "limit may be 100 at most")
        binned, after = params.get("archived") == "true", int(params.get("after", 0))
        rows = [each for each in self.things[name].values() if bool(each.archived) is binned and int(each.id) > after]
        rows.sort(key=lambda each: int(each.id))
        found: dict[str, Any] = {"results": [self._told(each, params) for each in rows[:limit]]}
        if len(rows) > limit:
            found["paging"] = {"next": {"after": rows[limit - 1].id}}
        return found

    def _search(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        asked, start = int(body.get("limit", 10)), int(body.get("after", 0))
        if asked > 200 or start + asked > WINDOW:
            raise HubSpotError(400, "VALIDATION_ERROR", "a search ends at 10000 results and has pages of 200")
        limit = min(asked, self.page or 200)
        groups = body.get("filterGroups") or [{"filters": []}]
        known = self._now() - self.lag
        rows = [
            each for each in self.things[name].values()
            if not each.archived and (not self.lag or each.created <= known)
            and any(all(self.matches(each, one) for one in group["filters"]) for group in groups)
        ]  # fmt: skip
        order = (body.get("sorts") or ["createdate"])[0]
        rows.sort(key=lambda each: comparable(self.value(each, order.removeprefix("-"))), reverse=order.startswith("-"))
        params = {"properties": ",".join(body.get("properties", ()))}
        found: dict[str, Any] = {
            "total": len(rows),
            "results": [self._told(each, params) for each in rows[start : start + limit]],
        }
        if len(rows) > start + limit:
            found["paging"] = {"next": {"after": str(start + limit)}}
        return found

    def _owners(self, params: Mapping[str, str]) -> dict[str, Any]:
        binned, email = params.get("archived") == "true", params.get("email", "").lower()
        rows = [each for each in schema.OWNERS if each[3] is binned and email in ("", each[1])]
        return {"results": [schema.told_owner(each) for each in rows]}

    def _associations(self, name: str, to: str, body: Mapping[str, Any]) -> dict[str, Any]:
        results = []
        for each in body["inputs"]:
            thing = self.things[name].get(each["id"])
            ids = thing.links.get(to, {}) if thing else {}
            ends = [{"toObjectId": one, "associationTypes": _labels(kind)} for one, kind in ids.items()]
            results += [{"from": {"id": each["id"]}, "to": ends}] if ends else []
        at = told_time(self.clock())
        return {"status": "COMPLETE", "startedAt": at, "completedAt": at, "results": results}

    def _tokens(self, asked: Asked) -> tuple[int, Any]:
        form = {key: values[-1] for key, values in parse_qs(str(asked.body)).items()}
        if asked.path.endswith("/revoke"):
            return 200, {}
        if form.get("grant_type") == "refresh_token" and form.get("refresh_token") != self.refresh:
            raise HubSpotError(400, "BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        self.token = f"token-{int(re.sub(r'[^0-9]', '', self.token) or 0) + 1}"
        return 200, {
            "access_token": self.token, "refresh_token": self.refresh, "expires_in": 1800, "token_type": "bearer",
            "token_use": "access_token", "hub_id": 12345678, "user_id": 501,
        }  # fmt: skip


def _links(name: str, body: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """The associations of a create, by the object that each type leads to."""
    found: dict[str, dict[str, int]] = {}
    for each in body.get("associations", ()):
        for kind in each["types"]:
            number = kind["associationTypeId"]
            to = next(
                (end for (start, end), known in schema.LINK_TYPES.items() if start == name and number in known), ""
            )
            if not to:
                raise HubSpotError(400, "VALIDATION_ERROR", f"{number} is not an association type of {name}")
            found.setdefault(to, {})[each["to"]["id"]] = number
    return found


def _typed(name: str, to: str, ids: Mapping[str, int]) -> list[dict[str, str]]:
    pair = f"{schema.ONE[name]}_to_{schema.ONE[to]}"
    primary = [{"id": each, "type": pair} for each, kind in ids.items() if kind in (1, 5)]
    return [{"id": each, "type": f"{pair}_unlabeled"} for each in ids] + primary


def _labels(kind: int) -> list[dict[str, Any]]:
    plain: list[dict[str, Any]] = [{"category": "HUBSPOT_DEFINED", "typeId": kind}]
    return [{"category": "HUBSPOT_DEFINED", "typeId": kind, "label": "Primary"}] if kind in (1, 5) else plain


def seeded() -> FakeHubSpot:
    """An account with somebody in it, for trying things by hand."""
    fake = FakeHubSpot()
    acme = fake.put("companies", {"name": "Acme GmbH", "domain": "acme.de", "hubspot_owner_id": "51"})
    ada = fake.put(
        "contacts",
        {"firstname": "Ada", "lastname": "Lind", "email": "ada@acme.de", "associatedcompanyid": acme.id},
    )
    deal = {
        "dealname": "Platform 2026", "dealstage": "101", "amount": "30000", "deal_currency_code": "EUR",
        "closedate": "2026-12-31T11:00:00Z", "hubspot_owner_id": "51",
    }  # fmt: skip
    fake.put("deals", deal, {"companies": {acme.id: 5}, "contacts": {ada.id: 3}})
    return fake


if __name__ == "__main__":
    from tests.fakes.serve import run_by_hand

    run_by_hand(seeded(), int(sys.argv[1]) if len(sys.argv) > 1 else 8643, told="the access token is token-1")
