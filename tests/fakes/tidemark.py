"""Tidemark, a CRM that gangly does not know: a small server of rows as JSON, for a connector that comes from elsewhere.

Its rules: a change names the revision it was made on (428 without, 412 when it moved), a create names its operation
(the same one never makes two rows), people are unique by mailbox and companies by website, and everybody sees who
changed what. `python -m tests.fakes.tidemark [PORT]` runs it by hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs

from tests.fakes.serve import Reply, run_by_hand

STAGES: Final = ["Discovery", "Demo", "Proposal", "Negotiation", "Closed Won", "Closed Lost"]
TEXT: Final[Mapping[str, Any]] = {"type": "text", "most": 255}
LONG: Final[Mapping[str, Any]] = {"type": "long", "most": 32_000}
OBJECTS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "companies": {
        "title": {**TEXT, "needed": True}, "website": TEXT, "sector": TEXT, "headcount": {"type": "number"},
        "phone": TEXT, "town": TEXT, "country": TEXT, "about": LONG, "owner_email": TEXT,
    },
    "people": {
        "given": TEXT, "family": {**TEXT, "needed": True}, "job": TEXT, "email": {"type": "email", "most": 254},
        "phone": TEXT, "part": TEXT, "company": {"type": "link", "to": "companies"}, "owner_email": TEXT,
    },
    "deals": {
        "title": {**TEXT, "needed": True}, "company": {"type": "link", "to": "companies"},
        "people": {"type": "links", "to": "people"}, "stage": {"type": "choice", "of": STAGES, "needed": True},
        "stage_since": {"type": "date", "fixed": True}, "worth": {"type": "money"}, "currency": TEXT,
        "closes_on": {"type": "date"}, "next": TEXT, "rivals": TEXT, "budget": TEXT, "pain": LONG, "process": LONG,
        "criteria": LONG, "signer": TEXT, "owner_email": TEXT,
    },
    "entries": {
        "sort": {"type": "choice", "of": ["call", "meeting", "email", "note", "task"], "needed": True},
        "title": {**TEXT, "needed": True}, "text": LONG, "happened_at": {"type": "moment"}, "due_on": {"type": "date"},
        "state": {"type": "choice", "of": ["open", "done"]}, "company": {"type": "link", "to": "companies"},
        "deal": {"type": "link", "to": "deals"}, "people": {"type": "links", "to": "people"},
        "promised_by_us": {"type": "flag"}, "owner_email": TEXT,
    },
}  # fmt: skip


class No(Exception):
    """A refusal, as the client sees it."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.told = {"error": {"code": code, "message": message, **more}}


@dataclass
class TidemarkFake:
    """One workspace. `asked` are the requests so far, `weather` what befalls the next ones of a method."""

    token: str = "tide-1"
    me: str = "robin@seller.com"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, str, Any]] = field(default_factory=list)
    weather: list[tuple[str, Reply]] = field(default_factory=list)
    number: int = 0

    def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request."""
        given = json.loads(body) if body else {}
        self.asked.append((method, path, query, given))
        if self.weather and self.weather[0][0] == method:
            return self.weather.pop(0)[1]
        limits = {"content-type": "application/json", "x-limit-left": "580", "x-limit-of": "600"}
        try:
            if headers.get("authorization") != f"Bearer {self.token}":
                raise No(401, "token", "this token is not valid")
            status, told = self._answer(method, path, {k: v[0] for k, v in parse_qs(query).items()}, headers, given)
        except No as no:
            status, told = no.status, no.told
        return status, limits, b"" if told is None else json.dumps(told).encode()

    def _answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], given: Mapping[str, Any]
    ) -> tuple[int, Any]:
        match [method, *path.strip("/").split("/")]:
            case ["GET", "v1", "me"]:
                return 200, {"name": "Robin Vega", "email": self.me, "workspace": "Seller"}
            case ["GET", "v1", "feed"]:
                return 200, self._feed(query)
            case ["GET", "v1", name, "fields"] if name in OBJECTS:
                return 200, {"fields": [{"name": key, **each} for key, each in OBJECTS[name].items()]}
            case ["GET", "v1", name] if name in OBJECTS:
                return 200, {"rows": [self.shown(each, query) for each in self._found(name, query)]}
            case ["GET", "v1", name, id_]:
                return 200, self.shown(self._standing(name, id_), query)
            case ["GET", "v1", name, id_, "changes"]:
                log = self._standing(name, id_)["log"]
                return 200, {"changes": [each for each in reversed(log) if each["field"] == query.get("field")]}
            case ["POST", "v1", name] if name in OBJECTS:
                return 201, self.shown(self._create(name, headers, given), query)
            case ["PATCH", "v1", name, id_]:
                row = self._expected(name, id_, headers)
                self.change(row, given["fields"], by=self.me, because=given.get("because", ""))
                return 200, self.shown(row, query)
            case ["DELETE", "v1", name, id_]:
                row = self._expected(name, id_, headers)
                row |= {"gone": True, "fields": {}, "log": [], "change": self._next()}
                return 204, None
            case _:
                raise No(404, "path", f"there is no {path}")

    def make(self, name: str, fields: Mapping[str, Any], *, operation: str = "", by: str = "") -> dict[str, Any]:
        """A new row."""
        self._check(name, fields, fields, own="")
        row = {"object": name, "id": f"{name[0]}{self._next()}", "operation": operation, "gone": False, "log": []}
        stage = {"stage_since": self.now().date().isoformat()} if name == "deals" else {}
        row |= {"fields": {**fields, **stage}, "set": {}, **self._stamp(by or self.me)}
        self.rows[name, row["id"]] = row
        return row

    def change(self, row: dict[str, Any], fields: Mapping[str, Any], *, by: str, because: str = "") -> None:
        """Set fields of a row, as somebody, who may say why."""
        self._check(row["object"], fields, row["fields"] | fields, own=row["id"])
        at = self.now().isoformat()
        for name, after in fields.items():
            before = row["fields"].get(name)
            if before != after:
                row["log"].append(
                    {"field": name, "before": before, "after": after, "by": by, "at": at, "because": because}
                )
                row["set"][name] = {"by": by, "at": at}
        row["fields"] = row["fields"] | fields
        row |= self._stamp(by)

    def shown(self, row: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
        """A row with the fields that were asked for."""
        wanted = [each for each in query.get("fields", query.get(row["object"], "")).split(",") if each]
        if unknown := [each for each in wanted if each not in OBJECTS[row["object"]]]:
            raise No(400, "field", f"{row['object']} have no {unknown[0]}", field=unknown[0])
        shown = {name: row["fields"].get(name) for name in wanted}
        by = {name: each for name, each in row["set"].items() if name in wanted}
        kept = ("object", "id", "revision", "changed_at", "changed_by")
        return {**{name: row[name] for name in kept}, "fields": shown, "set": by}

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _stamp(self, by: str) -> dict[str, Any]:
        change = self._next()
        return {"change": change, "revision": change, "changed_at": self.now().isoformat(), "changed_by": by}

    def _standing(self, name: str, id_: str) -> dict[str, Any]:
        row = self.rows.get((name, id_))
        if row is None or row["gone"]:
            raise No(404, "row", f"{name} have no {id_}")
        return row

    def _expected(self, name: str, id_: str, headers: Mapping[str, str]) -> dict[str, Any]:
        row = self._standing(name, id_)
        if "if-match" not in headers:
            raise No(428, "revision", "a change names the revision it was made on")
        if headers["if-match"] != f'"{row["revision"]}"':
            raise No(412, "moved", f"it is at revision {row['revision']}")
        return row

    def _create(self, name: str, headers: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
        operation = headers.get("idempotency-key", "")
        if not operation:
            raise No(428, "operation", "a create names its operation")
        before = next((each for each in self.rows.values() if each["operation"] == operation), None)
        if before is not None and before["gone"]:
            raise No(410, "gone", "what this operation made was removed")
        return before or self.make(name, given["fields"], operation=operation)

    def _found(self, name: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        standing = [each for (of, _), each in self.rows.items() if of == name and not each["gone"]]
        if operation := query.get("operation"):
            return [each for each in standing if each["operation"] == operation]
        key, of = ("email", mailbox) if name == "people" else ("website", host)
        wanted = of(query.get(key, ""))
        return [each for each in standing if wanted and of(each["fields"].get(key) or "") == wanted]

    def _feed(self, query: Mapping[str, str]) -> dict[str, Any]:
        after, limit = int(query.get("after", 0)), min(int(query.get("limit", 200)), 200)
        wanted = [each for each in self.rows.values() if each["change"] > after and each["object"] in query]
        page = sorted(wanted, key=lambda each: int(each["change"]))[:limit]
        return {
            "rows": [self.shown(each, query) for each in page if not each["gone"]],
            "gone": [{"object": each["object"], "id": each["id"]} for each in page if each["gone"]],
            "next": page[-1]["change"] if page else after,
            "total": len(wanted),
        }

    def _check(self, name: str, given: Mapping[str, Any], whole: Mapping[str, Any], *, own: str) -> None:
        for key, value in given.items():
            shape = OBJECTS[name].get(key)
            if shape is None or shape.get("fixed"):
                raise No(422, "invalid", f"{key} cannot be set", field=key)
            if isinstance(value, str) and len(value) > shape.get("most", 99_999):
                raise No(422, "invalid", f"{key} takes {shape['most']} characters", field=key)
            if value and value not in shape.get("of", [value]):
                raise No(422, "invalid", f"{value} is not one of {', '.join(shape['of'])}", field=key)
            for each in (value if isinstance(value, list) else [value]) if "to" in shape and value else []:
                if self.rows.get((shape["to"], each), {"gone": True})["gone"]:
                    raise No(422, "invalid", f"{shape['to']} have no {each}", field=key)
        for key, shape in OBJECTS[name].items():
            if shape.get("needed") and not whole.get(key):
                raise No(422, "invalid", f"{key} is required", field=key)
        key = {"people": "email", "companies": "website"}.get(name, "")
        twin = next((each for each in self._found(name, {key: whole.get(key) or ""}) if each["id"] != own), None)
        if key and twin:
            raise No(409, "duplicate", f"{twin['fields'][key]} is there already", existing=twin["id"])


def mailbox(email: str) -> str:
    """Tidemark's own idea of one mailbox: no case, nothing behind a plus, no dots at Gmail."""
    local, _, at = email.lower().partition("@")
    local = local.partition("+")[0]
    return f"{local.replace('.', '')}@gmail.com" if at in ("gmail.com", "googlemail.com") else f"{local}@{at}"


def host(website: str) -> str:
    """The host of a web address."""
    return website.lower().removeprefix("https://").removeprefix("www.").partition("/")[0]


def story(fake: TidemarkFake) -> None:
    """A little business, for trying things."""
    acme = fake.make("companies", {"title": "Acme GmbH", "website": "acme.de"})["id"]
    ada = fake.make("people", {"given": "Ada", "family": "Lind", "email": "ada@acme.de", "company": acme})["id"]
    deal = {"title": "Platform 2026", "company": acme, "people": [ada], "stage": "Demo", "worth": "30000"}
    fake.make("deals", {**deal, "closes_on": "2026-09-30"})


if __name__ == "__main__":
    fake = TidemarkFake()
    story(fake)
    run_by_hand(fake, int(sys.argv[1]) if len(sys.argv) > 1 else 4106, told=f"token: {fake.token}")
