"""What the faulty CRM holds, and what it remembers for the checker: every request, every effect, every edit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

DEAL, ACCOUNT = "d1", "a1"
THEIRS = {"close_date": "2026-12-24", "next_step": "call the CFO", "budget": "set by a colleague"}
OURS = {"close_date": "2026-11-15", "next_step": "send the paper"}
LAG = timedelta(seconds=8)
"""How far the search behind a body marker lags."""

Answer = tuple[int, Any]


@dataclass
class CrmState:
    """The records and their rules. Not a word about sockets or faults."""

    now: Callable[[], datetime]
    marker: str = "unique"
    guarded: bool = True
    keeps_history: bool = True
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    effects: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    """by record: when it was last read"""
    made: int = 0

    def __post_init__(self) -> None:
        deal = {"name": "Platform", "account": ACCOUNT, "stage": "Demo", "close_date": "2026-09-30"}
        self._put("opportunity", DEAL, deal, "Kim", "")

    def _put(self, kind: str, identifier: str, fields: dict[str, Any], by: str, op: str) -> dict[str, Any]:
        at = self.now().isoformat()
        stamps = {name: [by, at] for name in fields}
        made = {
            "kind": kind, "id": identifier, "version": 1, "fields": fields, "at": at, "by": by, "stamps": stamps,
            "op": op,
        }  # fmt: skip
        self.records[identifier] = made
        return made

    def read(self, identifier: str) -> Answer:
        """A record by id."""
        self.shown[identifier] = self.now().isoformat()
        found = self.records.get(identifier)
        return (200, found) if found else (404, {})

    def by_op(self, op: str) -> Answer:
        """The record with this marker; a search does not see the newest yet."""
        found = next((each for each in self.records.values() if each["op"] == op), None)
        if found and self.marker == "body" and self.now() - datetime.fromisoformat(found["born"]) < LAG:
            found = None
        return 200, found

    def by_mailbox(self, mailbox: str) -> Answer:
        """The contacts with this address."""
        return 200, [each for each in self.records.values() if each["fields"].get("email") == mailbox]

    def edits_of(self, identifier: str, name: str) -> Answer:
        """The history of a field, newest first; null when none is kept."""
        if not self.keeps_history:
            return 200, None
        return 200, [each for each in reversed(self.history) if (each["id"], each["field"]) == (identifier, name)]

    def create(self, body: dict[str, Any]) -> Answer:
        """One record; with a unique marker, one op id never makes two."""
        op = body["meta"]["op_id"]
        if self.marker == "unique":
            known = next((each for each in self.records.values() if each["op"] == op), None)
            if known:
                return 200, known
        self.made += 1
        made = self._put(body["kind"], f"n{self.made}", body["fields"], body["meta"]["approved_by"], op)
        made["born"] = self.now().isoformat()
        self._effect(op, "create", made["id"], body["fields"], {})
        return 200, made

    def update(self, body: dict[str, Any]) -> Answer:
        """Set fields; 412 with the record when the guard does not hold."""
        found = self.records.get(body["id"])
        if found is None:
            return 404, {}
        if self.guarded and str(found["version"]) != body["expect"]:
            return 412, found
        over = {name: [found["fields"].get(name), *found["stamps"].get(name, ["", ""])] for name in body["fields"]}
        self.change(body["id"], body["fields"], body["meta"]["approved_by"])
        self._effect(body["meta"]["op_id"], "update", body["id"], body["fields"], over)
        return 200, found

    def remove(self, body: dict[str, Any]) -> Answer:
        """Take a record out."""
        found = self.records.get(body["id"])
        if found is None:
            return 404, {}
        if self.guarded and str(found["version"]) != body["expect"]:
            return 412, found
        del self.records[body["id"]]
        self._effect(body["meta"]["op_id"], "remove", body["id"], {}, {})
        return 200, {}

    def change(self, identifier: str, fields: dict[str, Any], by: str) -> None:
        """Set fields, whoever does it; what stays the same leaves no trace, as CRMs do."""
        record, at = self.records[identifier], self.now().isoformat()
        moved = {name: each for name, each in fields.items() if record["fields"].get(name) != each}
        for name, value in moved.items():
            before = record["fields"].get(name)
            self.history.append({"id": identifier, "field": name, "before": before, "after": value, "by": by, "at": at})
            record["stamps"][name] = [by, at]
        record["fields"].update(moved)
        record.update(version=record["version"] + 1, at=at, by=by)

    def edit(self, how: str) -> None:
        """A colleague changes the deal."""
        values = {"same": THEIRS, "equal": OURS}.get(how)
        fields = {"budget": f"{len(self.history)} k"} if values is None else dict(values)
        self.change(DEAL, {name: each for name, each in fields.items() if name != "budget" or how == "other"}, "Priya")

    def _effect(self, op: str, action: str, identifier: str, fields: dict[str, Any], over: dict[str, Any]) -> None:
        self.effects.append(
            {
                "op": op, "action": action, "id": identifier, "fields": fields, "over": over,
                "at": self.now().isoformat(), "read_at": self.shown.get(identifier, ""),
            }
        )  # fmt: skip
