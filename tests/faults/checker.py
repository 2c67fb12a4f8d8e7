"""The invariants: what must hold when a schedule has ended, in the store, the CRM and the rep's memory."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from gangly_tui.domain.audit import AuditEntry, AuditKind
from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.outbox import SETTLED, Delivery, DeliveryState
from gangly_tui.domain.proposal import Action, Proposal
from gangly_tui.store import decisions, trail
from gangly_tui.store.database import Connection, open_database
from gangly_tui.store.trail_check import compare_notes, verify_trail
from gangly_tui.store.witness import read_heads
from tests.faults.bringing import check_brought
from tests.faults.schedule import Schedule
from tests.faults.sign_in import check_sign_in
from tests.faults.window import KEY, Notebook

_NEVER = {DeliveryState.CONFLICT, DeliveryState.REJECTED, DeliveryState.WITHDRAWN}
"""States that say nothing of ours was written."""
THERE_ALREADY = "it is there already: nothing was sent"


def check(folder: Path, schedule: Schedule, crm: dict[str, Any], lost: int) -> tuple[list[str], list[str]]:
    """What is wrong, and the trace of what happened. `lost`: the kills before a token could be kept."""
    db = open_database(folder / "store" / "store.db", key=KEY)
    try:
        checked = _Check(db, schedule, crm, folder)
        checked.run()
        if schedule.sign_in:
            checked.wrong += check_sign_in(folder, crm["tokens"], lost)
        if schedule.brings:
            found = [each["found"] for each in checked.notebook if "found" in each]
            checked.wrong += check_brought(db, folder, found)
        return checked.wrong, checked.trace()
    finally:
        db.close()


class _Check:
    def __init__(self, db: Connection, schedule: Schedule, crm: dict[str, Any], folder: Path) -> None:
        self.db, self.schedule, self.crm = db, schedule, crm
        self.notebook = Notebook(folder / "notebook").lines()
        self.witness = folder / "witness"
        self.wrong: list[str] = []
        self.entries: list[AuditEntry] = trail.entries(db, limit=10_000)
        self.effects = Counter(each["op"] for each in crm["effects"])
        self.deliveries = {each.op_id: each for each in decisions.deliveries(db)}

    def run(self) -> None:
        self._store_is_sound()
        acked = {each["acked"] for each in self.notebook if "acked" in each}
        for op in sorted(acked - set(self.deliveries)):
            self._say("I1", f"{op} was approved and is gone")
        for op in sorted(set(self.effects) - set(self.deliveries)):
            self._say("I4", f"{op} was written without an approval")
        for op, delivery in self.deliveries.items():
            card = decisions.get_proposal(self.db, op)
            assert card is not None
            self._counts(op, delivery)
            self._audited(op, delivery)
            self._sent_what_was_seen(op)
            self._nothing_lost_under_it(op, card, delivery)

    def _say(self, rule: str, what: str) -> None:
        self.wrong.append(f"{rule}: {what}")

    def _store_is_sound(self) -> None:
        try:
            verify_trail(self.db, values=True)
            if self.witness.exists():
                compare_notes(self.db, read_heads(self.witness), "the witness")
        except GanglyError as error:
            self._say("I7", str(error))
        if self.db.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            self._say("I7", "the store is damaged")

    def _counts(self, op: str, delivery: Delivery) -> None:
        count = self.effects[op]
        if delivery.state not in SETTLED:
            self._say("I1", f"{op} never comes to an end: {delivery.state}")
        if count > 1:
            self._say("I2", f"{op} was written {count} times")
        if delivery.state is DeliveryState.SENT and count != 1 and not self._others_did(op):
            self._say("I3", f"{op} is sent, and was written {count} times")
        if delivery.state in _NEVER and count:
            self._say("I5", f"{op} is {delivery.state}, and was written")

    def _others_did(self, op: str) -> bool:
        """Whether nothing had to be sent: a colleague had put the very values there."""
        card = decisions.get_proposal(self.db, op)
        if self.effects[op] or card is None:
            return False
        if any(each.detail == THERE_ALREADY for each in self._told(op, AuditKind.SENT)):
            return True
        theirs = {(each["field"], each["after"]) for each in self.crm["history"] if each["by"] == "Priya"}
        return card.action is Action.UPDATE and all((e.field, _plain(e.after)) in theirs for e in card.changes)

    def _told(self, op: str, kind: AuditKind) -> list[AuditEntry]:
        return [each for each in self.entries if each.op_id == op and each.kind is kind]

    def _audited(self, op: str, delivery: Delivery) -> None:
        """Every request was in the trail before it left; every end is there once."""
        approved, attempted = self._told(op, AuditKind.APPROVED), self._told(op, AuditKind.ATTEMPTED)
        requests = [each["at"] for each in self.crm["requests"] if each["op"] == op]
        if not approved:
            self._say("I4", f"{op} has no approval in the trail")
        if len(attempted) < len(requests):
            self._say("I4", f"{op}: {len(requests)} requests, {len(attempted)} attempts in the trail")
        for entry, arrived in zip(attempted, requests, strict=False):
            if entry.at.isoformat() >= arrived:
                self._say("I4", f"{op}: a request was there before its entry")
        ends = {
            DeliveryState.SENT: AuditKind.SENT,
            DeliveryState.CONFLICT: AuditKind.CONFLICT,
            DeliveryState.REJECTED: AuditKind.REFUSED,
            DeliveryState.NEEDS_HUMAN: AuditKind.NEEDS_HUMAN,
        }
        for state, kind in ends.items():
            if len(self._told(op, kind)) != (delivery.state is state):
                self._say(
                    "I4", f"{op} is {delivery.state}, and the trail says {kind} {len(self._told(op, kind))} times"
                )
            for entry in self._told(op, kind):
                if any(each["op"] == op and each["at"] > entry.at.isoformat() for each in self.crm["effects"]):
                    self._say("I3", f"{op} was written after the trail said {kind}")

    def _sent_what_was_seen(self, op: str) -> None:
        """What the CRM got is what the rep had on screen, whatever the store holds by now."""
        seen = next((each for each in reversed(self.notebook) if each.get("saw") == op), {})
        approved = {each.payload_sha256 for each in self._told(op, AuditKind.APPROVED)}
        for effect in (each for each in self.crm["effects"] if each["op"] == op):
            if approved != {seen.get("payload")}:
                self._say("I8", f"{op}: what was approved is not what the rep saw")
            sent = {name: value for name, value in effect["fields"].items() if value is not None}
            if effect["action"] != "remove" and sent != seen.get("fields"):
                self._say("I8", f"{op}: what was sent is not what the rep saw")

    def _nothing_lost_under_it(self, op: str, card: Proposal, delivery: Delivery) -> None:
        """A write over a value nobody approved is only ever a race after the last look, and then it is flagged."""
        for effect in (each for each in self.crm["effects"] if each["op"] == op):
            for change in card.changes:
                before, by, at = effect["over"].get(change.field, [None, "", ""])
                if not effect["over"] or before == _plain(change.before) or before == effect["fields"][change.field]:
                    continue
                if effect["read_at"] > at and not self._came_late(op):
                    self._say("I6", f"{op} went over {before!r} of {by}, which a read had shown")
                elif self.schedule.keeps_history and delivery.state is DeliveryState.SENT:
                    flagged = [e for e in self._told(op, AuditKind.OVERWROTE) if _names(e, change.field, before)]
                    offered = [e for e in decisions.proposals(self.db) if e.undoes == op]
                    if not flagged or not offered:
                        self._say("I6", f"{op} went over {before!r} of {by}, and nobody was told")

    def _came_late(self, op: str) -> bool:
        """Whether the commit came after reads of a later round: the read that counts is the one before its attempt."""
        return any(fault == "late" for _, fault in self.schedule.write_faults)

    def trace(self) -> list[str]:
        """What happened, for I9."""
        tokens = [f"{what} {count}" for what, count in self.crm["tokens"].items() if self.schedule.sign_in]
        found = [f"found {each['found']}" for each in self.notebook if "found" in each]
        told = [f"{each.kind} {each.op_id} {each.detail}" for each in self.entries]
        done = [f"{each['action']} {each['op']} {each['id']} {each['fields']}" for each in self.crm["effects"]]
        return [*tokens, *found, *told, *done, *(f"{op} {each.state}" for op, each in sorted(self.deliveries.items()))]


def _plain(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _names(entry: AuditEntry, field: str, before: object) -> bool:
    return any(each.field == field and each.before == before for each in entry.changes)
