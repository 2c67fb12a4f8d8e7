"""Microsoft Graph as one rep's mailbox: calendar and mail with their change feeds, drafts, sending, invitations.

By hand: `python -m tests.fakes.graph [PORT]`, then `gangly connect microsoft --host http://127.0.0.1:PORT
--insecure-loopback --set client_id=x --with mail --with drafts`. Its day is the sandbox's, around today.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from tests.fakes.front_door import FrontDoor
from tests.fakes.graph_box import Box, No, Row, pack, unpack
from tests.fakes.graph_post import Post
from tests.fakes.serve import Dropped, Reply, run_by_hand

ROOT = "/v1.0"
JSON = {"content-type": "application/json"}


@dataclass(kw_only=True)
class Asked:
    """One request as it came, its path without the version."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any

    @property
    def asks(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass
class Weather:
    """What happens to the next request of a method below a path: `reply` instead of the answer, or no answer."""

    method: str
    path: str
    reply: Reply | None = None
    apply: bool = False
    """it is carried out first"""


def throttled(seconds: int = 2) -> Reply:
    said = {"error": {"code": "ApplicationThrottled", "message": "Application is over its MailboxConcurrency limit."}}
    return 429, {**JSON, "retry-after": str(seconds)}, json.dumps(said).encode()


@dataclass
class GraphFake(Box, Post):
    """The mailbox on the wire. `repeat` makes each feed's second page point to itself."""

    token: str = "g-good"
    refresh: str = "gr-0"
    asked: list[Asked] = field(default_factory=list)
    weather: list[Weather] = field(default_factory=list)
    watch: Callable[[Asked, int, Any], None] = lambda *_: None
    between: Callable[[int], None] = lambda _: None
    """called before each page of a feed, with the number of requests so far"""
    repeat: bool = False

    def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request: authorised, weathered, answered."""
        if path.endswith("/oauth2/v2.0/token"):
            return self._renewed(dict(parse_qsl(body.decode())))
        asked = Asked(
            method=method,
            path=unquote(path).removeprefix(ROOT),
            query=query,
            headers=headers,
            body=json.loads(body) if body else None,
        )
        self.asked.append(asked)
        found = (each for each in self.weather if each.method == method and asked.path.startswith(each.path))
        weather = next(found, None)
        if weather is None:
            return self._answer(asked)
        self.weather.remove(weather)
        if weather.apply:
            self._answer(asked)
        if weather.reply is None:
            raise Dropped
        return weather.reply

    def _renewed(self, form: Mapping[str, str]) -> Reply:
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != self.refresh:
            return 400, JSON, b'{"error": "invalid_grant"}'
        told = {"access_token": self.token, "refresh_token": self.refresh, "expires_in": 3600, "token_type": "Bearer"}
        return 200, JSON, json.dumps(told).encode()

    def _answer(self, asked: Asked) -> Reply:
        try:
            if asked.headers.get("authorization") != f"Bearer {self.token}":
                raise No(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
            if 'IdType="ImmutableId"' not in asked.headers.get("prefer", ""):
                raise No(400, "NotOfUs", "gangly asks for immutable ids, always")
            status, told = self._route(asked)
            headers: dict[str, str] = dict(JSON)
        except No as no:
            status, told = no.status, {"error": {"code": no.code, "message": str(no)}}
            headers = {**JSON, **{name.replace("_", "-"): value for name, value in no.headers.items()}}
        self.watch(asked, status, told)
        return status, headers, b"" if told is None else json.dumps(told).encode()

    # -- routes

    def _route(self, asked: Asked) -> tuple[int, Any]:
        asks = asked.asks
        match [asked.method, *asked.path.strip("/").split("/")]:
            case ["GET", "me"]:
                return 200, _selected(self.me, asks)
            case ["GET", "me", "calendar"]:
                return 200, _selected({"id": "calendar-1", "name": "Kalender"}, asks)
            case ["GET", "me", "calendarView", "delta"]:
                return 200, self._events_feed(asked)
            case ["GET", "me", "mailFolders", *rest]:
                return 200, self._folder_answer(rest, asked)
            case ["GET", "me", ("messages" | "events") as of]:
                return 200, self._list(self._of(of), asked)
            case ["GET", "me", ("messages" | "events") as of, identifier]:
                return 200, self._shown(self._one(self._of(of), identifier), asked)
            case [_, "me", ("messages" | "events") as of, *rest]:
                return self.write(asked.method, of, rest, asked.body, asked.headers)
        raise No(404, "ResourceNotFound", f"no such address: {asked.path}")

    def _folder_answer(self, rest: list[str], asked: Asked) -> Any:
        match rest:
            case []:
                return self._folders("msgfolderroot", asked)
            case [name]:
                return _selected(self._folder(name), asked.asks)
            case [name, "childFolders"]:
                return self._folders(self._folder(name)["id"], asked)
            case [name, "messages", "delta"]:
                return self._messages_feed(self._folder(name)["id"], asked)
        raise No(404, "ResourceNotFound", f"no such address: {asked.path}")

    def _of(self, name: str) -> dict[str, Row]:
        return self.messages if name == "messages" else self.events

    def _one(self, of: Mapping[str, Row], identifier: str) -> Row:
        if identifier not in of:
            raise No(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        return of[identifier]

    def _folder(self, name: str) -> Row:
        found = self.folders.get(name) or self.folders.get(f"folder-{name}")
        if found is None:
            raise No(404, "ErrorItemNotFound", "The specified folder could not be found in the store.")
        below = sum(each["parentFolderId"] == found["id"] for each in self.folders.values())
        return {**found, "childFolderCount": below}

    def _folders(self, parent: str, asked: Asked) -> Any:
        rows = [self._folder(key) for key, each in self.folders.items() if each["parentFolderId"] == parent]
        size, skip = int(asked.asks.get("$top", 10)), int(asked.asks.get("$skip", 0))
        told: dict[str, Any] = {"value": [_selected(each, asked.asks) for each in rows[skip : skip + size]]}
        if len(rows) > skip + size:
            told["@odata.nextLink"] = self._link(asked, {**asked.asks, "$skip": str(skip + size)})
        return told

    def _list(self, of: Mapping[str, Row], asked: Asked) -> Any:
        wanted = asked.asks.get("$filter", "")
        if found := re.fullmatch(r"(internetMessageId|conversationId) eq '((?:[^']|'')*)'", wanted):
            rows = [each for each in of.values() if each.get(found[1]) == found[2].replace("''", "'")]
        elif found := re.fullmatch(
            r"singleValueExtendedProperties/Any\(ep: ep/id eq '([^']+)' and ep/value eq '((?:[^']|'')*)'\)", wanted
        ):
            value = found[2].replace("''", "'")
            rows = [each for key, each in of.items() if self.marks.get(key, {}).get(found[1]) == value]
        else:
            raise No(400, "ErrorInvalidUrlQueryFilter", f"the filter is not understood: {wanted}")
        return {"value": [self._shown(each, asked) for each in rows[: int(asked.asks.get("$top", 10))]]}

    def _shown(self, row: Row, asked: Asked) -> Row:
        """An item as it is asked for: selected, its body as text or HTML, its extended properties when expanded."""
        shown = _selected({**row, "@odata.etag": f'W/"{row["changeKey"]}"'}, asked.asks)
        shown["@odata.etag"] = f'W/"{row["changeKey"]}"'
        if body := shown.get("body"):
            shown["body"] = rendered(body, asked.headers)
        wanted = re.findall(r"id eq '([^']+)'", asked.asks.get("$expand", ""))
        marks = self.marks.get(row["id"], {})
        if found := [{"id": each, "value": marks[each]} for each in wanted if each in marks]:
            shown["singleValueExtendedProperties"] = found
        return shown

    # -- change feeds

    def _events_feed(self, asked: Asked) -> Any:
        asks, state = asked.asks, _state(asked.asks)
        start, end = str(state.get("from") or asks["startDateTime"]), str(state.get("to") or asks["endDateTime"])

        def within(row: Row) -> bool:
            first, last = (datetime.fromisoformat(f"{row[each]['dateTime'][:19]}+00:00") for each in ("start", "end"))
            return first < datetime.fromisoformat(end) and last > datetime.fromisoformat(start)

        def shown(row: Row) -> Row:
            row = {key: value for key, value in row.items() if key not in ("lastModifiedDateTime", "changeKey")}
            return {**row, "body": rendered(row["body"], asked.headers)} if "body" in row else row

        return self._feed(asked, self.events, within, shown, keep={"from": start, "to": end})

    def _messages_feed(self, folder: str, asked: Asked) -> Any:
        state = _state(asked.asks)
        keys = str(state.get("select") or asked.asks.get("$select", ""))
        oldest = str(state.get("oldest") or asked.asks.get("$filter", "")).removeprefix("receivedDateTime ge ")

        def within(row: Row) -> bool:
            return row["parentFolderId"] == folder and row["receivedDateTime"] >= oldest

        def shown(row: Row) -> Row:
            return _selected(row, {"$select": keys})

        newest_first = dict(sorted(self.messages.items(), key=lambda each: each[1]["receivedDateTime"], reverse=True))
        keep = {"select": keys, "oldest": oldest}
        return self._feed(asked, newest_first, within, shown, keep=keep, place=folder)

    def _feed(
        self,
        asked: Asked,
        of: dict[str, Row],
        within: Callable[[Row], bool],
        shown: Callable[[Row], Row],
        *,
        keep: Mapping[str, str],
        place: str = "calendar",
    ) -> Any:
        self.between(len(self.asked))
        state = _state(asked.asks)
        since = state.get("since")
        walk = state.get("walk") or self.walk(of, within, since)
        size = int((re.search(r"maxpagesize=(\d+)", asked.headers.get("prefer", "")) or [0, 10])[1])
        ids, upto = self.step(walk, size)
        rows = []
        for each in ids:
            row = of.get(each)
            if row is not None and within(row):
                rows.append({**shown(row), "id": each})
            elif since is None or place == "calendar" or self.was_in(each, place, since):
                rows.append({"id": each, "@removed": {"reason": "deleted" if row is None else "changed"}})
        told: dict[str, Any] = {"value": rows}
        onward = {**keep, "since": since, "walk": walk if self.repeat else f"{walk}+"}
        if upto is None:
            told["@odata.nextLink"] = self._link(asked, {"$skiptoken": pack(**onward)})
        else:
            told["@odata.deltaLink"] = self._link(asked, {"$deltatoken": pack(**keep, since=upto)})
        return told

    def _link(self, asked: Asked, query: Mapping[str, str]) -> str:
        host = asked.headers["host"]
        scheme = "http" if host.startswith("127.0.0.1") else "https"
        return f"{scheme}://{host}{ROOT}{quote(asked.path)}?{urlencode(query)}"


def _state(asks: Mapping[str, str]) -> dict[str, Any]:
    token = asks.get("$skiptoken") or asks.get("$deltatoken")
    return unpack(token) if token else {}


def _selected(row: Row, asks: Mapping[str, str]) -> Row:
    keys = [each for each in asks.get("$select", "").split(",") if each]
    return {key: value for key, value in row.items() if key in (*keys, "id")} if keys else dict(row)


def rendered(body: Row, headers: Mapping[str, str]) -> Row:
    """A body as Exchange gives it: lines end in CR LF; HTML unless text is preferred."""
    wanted = "text" if 'body-content-type="text"' in headers.get("prefer", "") else "html"
    content = str(body["content"])
    if wanted == "text" and body["contentType"] == "html":
        content = re.sub(r"<[^>]*>", "", content)
    elif wanted == "html" and body["contentType"] == "text":
        content = f"<html><body><div class=PlainText>{content.replace('<', '&lt;')}</div></body></html>"
    return {"contentType": wanted, "content": re.sub(r"\r?\n", "\r\n", content)}


if __name__ == "__main__":
    from tests.fakes.graph_seed import story, zoom_calls

    fake = GraphFake()
    story(fake)
    zoom_calls(fake)
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 4109
    run_by_hand(FrontDoor(fake), port, told="parts: calendar, mail, drafts")
