"""A Pipedrive account that remembers: what it takes, keeps, refuses, forgets to tell, and what it costs.

By hand: `python -m tests.fakes.pipedrive [PORT]`, then `gangly connect pipedrive` with the address it prints.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes import pipedrive_seed as seed
from tests.fakes.front_door import FrontDoor
from tests.fakes.pipedrive_rows import LISTS, No, Rows, moment, old_stamp
from tests.fakes.serve import Dropped, Reply, run_by_hand

ITEMS = {
    "organization": "organizations",
    "person": "persons",
    "deal": "deals",
    "activity": "activities",
    "note": "notes",
}
WRITTEN = {"include_fields": "marketing_status"}
"""Where Campaigns is on, the answer to a write tells that without being asked."""
COST = {"GET": 1, "POST": 5, "PATCH": 5, "PUT": 5, "DELETE": 3}


@dataclass(kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class Weather:
    """What happens to the next request of a method below a path: `reply` instead of the answer, or no answer."""

    method: str
    path: str
    reply: Reply | None = None
    apply: bool = False
    """it is carried out first"""


Watcher = Callable[[Asked, str, int, Any], None]
"""Told of each request (with its target), and of the answer to it."""


@dataclass
class PipedriveFake(Rows):
    """The account on the wire. `lag` is how far the search is behind in seconds; `budget` the tokens left for today."""

    token: str = "t-good"
    lag: float = 0
    budget: int = 30_000
    burst: int = 0
    """requests that are taken within two seconds; 0 is no limit"""
    asked: list[Asked] = field(default_factory=list)
    weather: list[Weather] = field(default_factory=list)
    watch: Watcher = lambda *_: None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.access, self.refresh = "a-0", "r-0"
        self._starts: list[datetime] = []

    # -- the wire

    def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request: authorised, priced, weathered, answered."""
        asked = dict(parse_qsl(query, keep_blank_values=True))
        form = "urlencoded" in headers.get("content-type", "")
        data = dict(parse_qsl(body.decode())) if form else json.loads(body) if body else None
        self.asked.append(Asked(method=method, path=path, query=asked, headers=headers, body=data))
        target = f"{path}?{query}" if query else path
        weather = next((each for each in self.weather if each.method == method and path.startswith(each.path)), None)
        if weather is None:
            return self._answer(self.asked[-1], target)
        self.weather.remove(weather)
        if weather.apply:
            self._answer(self.asked[-1], target)
        if weather.reply is None:
            raise Dropped
        return weather.reply

    def _answer(self, asked: Asked, target: str) -> Reply:
        reply = self._said(asked.method, asked.path, asked.query, asked.headers, asked.body)
        self.watch(asked, target, reply[0], json.loads(reply[2]))
        return reply

    def _said(self, method: str, path: str, query: dict[str, str], headers: Mapping[str, str], data: Any) -> Reply:
        try:
            if path.startswith("/oauth/"):
                return self._json(200, self._oauth(path, headers, data))
            good = headers.get("x-api-token") == self.token or headers.get("authorization", "") in (
                f"Bearer {self.access}",
                f"Bearer {self.token}",
            )
            if not good:
                raise No(401, "unauthorized access", errorCode=401)
            self._charge(method, path)
            return self._json(200, self._route(method, path, query, data))
        except No as no:
            return self._json(no.status, {"success": False, "error": str(no), **no.more})

    def _json(self, status: int, data: Any) -> Reply:
        headers = {
            "content-type": "application/json",
            "x-ratelimit-limit": str(self.burst or 80),
            "x-ratelimit-remaining": str(max(self.burst - len(self._starts), 0) if self.burst else 79),
            "x-ratelimit-reset": "2",
            "x-daily-requests-left": str(max(self.budget, 0)),
            "date": self.now().strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }
        return status, headers, json.dumps(data).encode()

    def _charge(self, method: str, path: str) -> None:
        self._starts = [each for each in self._starts if self.now() - each < timedelta(seconds=2)]
        if self.burst and len(self._starts) >= self.burst:
            raise No(429, "request over limit", errorCode=429)
        self._starts.append(self.now())
        single = bool(re.search(r"/\d+$", path))
        cost = COST[method] if method != "GET" or single else 20 if "earch" in path else 10
        if self.budget < cost:
            self.budget = 0
            raise No(429, "request over limit", errorCode=429)
        self.budget -= cost * (2 if path.startswith("/v1") else 1)

    def _oauth(self, path: str, headers: Mapping[str, str], form: Any) -> Any:
        if not headers.get("authorization", "").startswith("Basic "):
            raise No(401, "invalid_client")
        if form.get("grant_type") == "refresh_token" and form.get("refresh_token") != self.refresh:
            raise No(400, "invalid_grant")
        self.access = "a-" + secrets.token_hex(4)
        return {
            "access_token": self.access,
            "token_type": "Bearer",
            "refresh_token": self.refresh,
            "scope": "base deals:full",
            "expires_in": 3600,
            "api_domain": "https://acme.pipedrive.com",
        }

    # -- routes

    def _route(self, method: str, path: str, query: dict[str, str], data: Any) -> Any:
        version, _, rest = path.removeprefix("/api").lstrip("/").partition("/")
        parts = rest.split("/")
        name = parts[0]
        if version == "v1":
            return self._v1(method, parts, query, data)
        if name.endswith("Fields"):
            return self._page([*self.fields[name]], query, key=lambda each: (0, 0), whole=True)
        if name in ("stages", "pipelines"):
            return self._page(list(self.rows[name].values()), query, key=lambda each: ("", each["id"]))
        if name == "itemSearch":
            return self._item_search(query)
        if len(parts) > 1 and parts[1] == "search":
            return self._search(name, query)
        if name not in LISTS:
            raise No(404, "Unknown method .")
        if len(parts) == 1:
            return self._list(name, query) if method == "GET" else self._made(name, data)
        row = self._one(name, parts[1])
        if method == "DELETE":
            self.remove(name, row)
            return {"success": True, "data": {"id": row["id"]}}
        if method == "PATCH":
            self.change(name, row["id"], data)
            query = WRITTEN if self.campaigns else {}
        return {"success": True, "data": self._shown(name, row, query)}

    def _v1(self, method: str, parts: list[str], query: dict[str, str], data: Any) -> Any:
        match [method, *parts]:
            case ["GET", "users", "me"]:
                return {"success": True, "data": self.users[0] | seed.COMPANY}
            case ["GET", "users"]:
                return {"success": True, "data": self.users}
            case ["GET", "activityTypes"]:
                return {"success": True, "data": seed.types()}
            case ["GET", "recents"]:
                return self._recents(query)
            case ["GET", name, identifier, "changelog"]:
                self._one(name, identifier)
                told = [each for each in reversed(self.changelog) if each["of"] == (name, int(identifier))]
                rows = [{key: each[key] for key in each if key != "of"} for each in told]
                return self._page(rows, query, key=lambda each: (0, 0), whole=True)
            case ["GET", "notes"]:
                return self._notes(query)
            case ["POST", "notes"]:
                return self._made("notes", data)
            case [_, "notes", identifier]:
                row = self._one("notes", identifier)
                if method == "DELETE":
                    self.remove("notes", row)
                    return {"success": True, "data": True}
                if method == "PUT":
                    self.change("notes", row["id"], data)
                return {"success": True, "data": self._shown("notes", row, {})}
        raise No(404, "Unknown method .")

    def _one(self, name: str, identifier: str) -> dict[str, Any]:
        row = self.rows[name].get(int(identifier)) if identifier.isdigit() else None
        if row is None or row.get("is_deleted") or row.get("active_flag") is False:
            raise No(404, f"{name} not found", error_info="Please check developers.pipedrive.com", code="NOT_FOUND")
        return row

    def _list(self, name: str, query: dict[str, str]) -> Any:
        rows = [each for each in self.rows[name].values() if not each["is_deleted"]]
        if ids := query.get("ids"):
            rows = [each for each in rows if str(each["id"]) in ids.split(",")]
        for key in ("owner_id", "deal_id", "org_id"):
            if key in query:
                rows = [each for each in rows if str(each.get(key)) == query[key]]
        if "updated_since" in query:
            rows = [each for each in rows if each["update_time"] >= query["updated_since"]]
        if "updated_until" in query:
            rows = [each for each in rows if each["update_time"] < query["updated_until"]]
        by = query.get("sort_by", "id")
        page = self._page(rows, query, key=lambda each: ("" if by == "id" else each[by], each["id"]))
        return {**page, "data": [self._shown(name, each, query) for each in page["data"]]}

    def _page(self, rows: list[Any], query: dict[str, str], *, key: Callable[[Any], Any], whole: bool = False) -> Any:
        """One page; the cursor names the last row of it, so that what changes meanwhile moves to the end."""
        limit = int(query.get("limit", 100))
        if not 1 <= limit <= 500:
            raise No(400, "limit must be between 1 and 500")
        down = query.get("sort_direction") == "desc"
        ordered = rows if whole else sorted(rows, key=key, reverse=down)
        after = _read_cursor(query["cursor"]) if query.get("cursor") else None
        if after is not None:
            ordered = (
                ordered[after[0] :]
                if whole
                else [each for each in ordered if (key(each) < tuple(after) if down else key(each) > tuple(after))]
            )
        page, more = ordered[:limit], len(ordered) > limit
        mark = [(after[0] if after else 0) + limit] if whole else list(key(page[-1])) if page else []
        return {
            "success": True,
            "data": page,
            "additional_data": {"next_cursor": _cursor(mark)} if more else {},
        }

    def _notes(self, query: dict[str, str]) -> Any:
        by, _, direction = query.get("sort", "id ASC").partition(" ")
        rows = [each for each in self.rows["notes"].values() if each["active_flag"]]
        if "updated_since" in query:
            since = datetime.fromisoformat(query["updated_since"]).strftime("%Y-%m-%d %H:%M:%S")
            rows = [each for each in rows if each["update_time"] >= since]
        if "user_id" in query:
            rows = [each for each in rows if str(each["user_id"]) == query["user_id"]]
        rows.sort(key=lambda each: (each[by], each["id"]), reverse=direction == "DESC")
        start, limit = int(query.get("start", 0)), min(int(query.get("limit", 100)), 500)
        more = len(rows) > start + limit
        paging = {"start": start, "limit": limit, "more_items_in_collection": more}
        page = [self._shown("notes", each, {}) for each in rows[start : start + limit]]
        paging |= {"next_start": start + limit} if more else {}
        return {"success": True, "data": page, "additional_data": {"pagination": paging}}

    def _recents(self, query: dict[str, str]) -> Any:
        wanted = query.get("items", "")
        since = datetime.fromisoformat(query["since_timestamp"]).replace(tzinfo=UTC)
        oldest = max(since, self.now() - timedelta(days=30))
        rows = [each for each in self.rows[ITEMS[wanted]].values() if moment(each["update_time"]) >= oldest]
        start, limit = int(query.get("start", 0)), min(int(query.get("limit", 100)), 500)
        told = [{"item": wanted, "id": each["id"], "data": _as_recent(wanted, each)} for each in rows]
        paging = {"start": start, "limit": limit, "more_items_in_collection": len(told) > start + limit}
        return {"success": True, "data": told[start : start + limit], "additional_data": {"pagination": paging}}

    def _indexed(self, name: str) -> list[dict[str, Any]]:
        """What the search knows: it is behind by `lag` seconds."""
        newest = self.now() - timedelta(seconds=self.lag)
        rows = self.rows[name].values()
        return [each for each in rows if not each["is_deleted"] and moment(each["update_time"]) <= newest]

    def _search(self, name: str, query: dict[str, str]) -> Any:
        term, exact = query["term"].lower(), query.get("exact_match") == "true"
        if len(term) < (1 if exact else 2):
            raise No(400, "term must be at least 2 characters long")
        items = []
        for row in self._indexed(name):
            emails = [each["value"] for each in row.get("emails", ())]
            texts = emails if query.get("fields") == "email" else [row["name"]]
            if any(each.lower() == term if exact else term in each.lower() for each in texts):
                item = {"id": row["id"], "type": name[:-1], "name": row["name"]}
                items.append({"result_score": 1.0, "item": item | ({"emails": emails} if emails else {})})
        page = self._page(items, query, key=lambda each: (0, 0), whole=True)
        return {**page, "data": {"items": page["data"]}}

    def _item_search(self, query: dict[str, str]) -> Any:
        name, code, term = ITEMS[query["entity_type"]], query["field"], query["term"]
        rows = []
        for row in self._indexed(name):
            value = str(row.get("custom_fields", {}).get(code) or row.get(code) or "")
            if value == term if query.get("match", "exact") == "exact" else term in value:
                rows.append({"id": row["id"], "name": row.get("name") or row.get("title")})
        return self._page(rows, query, key=lambda each: (0, 0), whole=True)

    def _made(self, name: str, data: Any) -> Any:
        row = self.make(name, data)
        return {"success": True, "data": self._shown(name, row, WRITTEN if self.campaigns else {})}

    def _shown(self, name: str, row: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
        """A row as an answer holds it: what is empty is left out where the description allows no null."""
        shown = {key: value for key, value in row.items() if value is not None}
        if (keys := query.get("custom_fields")) and name != "activities":
            if len(keys.split(",")) > 15:
                raise No(400, "custom_fields takes 15 keys")
            shown["custom_fields"] = {key: row["custom_fields"].get(key) for key in keys.split(",")}
        more = query.get("include_fields", "").split(",")
        if "marketing_status" in more and not self.campaigns:
            raise No(400, "marketing_status needs the Campaigns product", code="ERR_SCHEMA_VALIDATION_FAILED")
        if "marketing_status" not in more:
            shown.pop("marketing_status", None)
        return shown


def _as_recent(item: str, row: Mapping[str, Any]) -> dict[str, Any]:
    alive = not row.get("is_deleted", False) and row.get("active_flag", True)
    base = {"id": row["id"], "update_time": old_stamp(moment(row["update_time"]))}
    return base | ({"deleted": not alive, "title": row["title"]} if item == "deal" else {"active_flag": alive})


def _cursor(mark: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(mark).encode()).decode()


def _read_cursor(text: str) -> list[Any]:
    try:
        found: list[Any] = json.loads(base64.urlsafe_b64decode(text))
    except ValueError:
        raise No(400, "cursor is invalid", code="ERR_SCHEMA_VALIDATION_FAILED") from None
    return found


if __name__ == "__main__":
    fake = PipedriveFake()
    seed.story(fake)
    seed.demo(fake)
    run_by_hand(
        FrontDoor(fake), int(sys.argv[1]) if len(sys.argv) > 1 else 4105, told=f"API token: {fake.token} (way: token)"
    )
