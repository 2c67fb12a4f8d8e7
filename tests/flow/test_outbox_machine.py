"""Any order of decisions, answers, edits and waits: the outbox over the real store, against a CRM in memory."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.errors import DecisionError, NotFound, OutcomeUnknown, RateLimited, Refused, StaleApproval
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.outbox import ARROWS, SETTLED, Delivery, DeliveryState
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.proposal import Action, Proposal, ProposalState, WriteMeta
from gangly_tui.domain.records import FieldEdit, Kind, ObjectSchema, Record, RecordRef, Value
from gangly_tui.flow import decide
from gangly_tui.flow.deliver import Courier
from gangly_tui.flow.desk import Desk, Settings
from gangly_tui.store import decisions, trail
from gangly_tui.store.database import open_database
from tests.domain.made import CALL, card, change, deal, page
from tests.faults.defects import DEFECTS

DAYS = [date(2026, 9, 30), date(2026, 10, 10), date(2026, 11, 15), date(2026, 12, 1)]
DEAL = deal().ref
SETTLES = timedelta(seconds=60)


class MemoryCrm:
    """Both doors to one deal and the activities that are made. `mood` is how the next writes go."""

    system = "sandbox"

    def __init__(self, now: object) -> None:
        self.now = now
        self.records: dict[RecordRef, Record] = {DEAL: deal(close_date=DAYS[0])}
        self.marked: dict[str, RecordRef] = {}
        self.edits: list[FieldEdit] = []
        self.effects: list[tuple[str, Mapping[str, Value]]] = []
        self.over: list[tuple[str, Value]] = []
        self.mood = "well"

    def _now(self) -> datetime:
        return self.now()  # type: ignore[operator,no-any-return]

    def set(self, ref: RecordRef, fields: Mapping[str, Value], by: str) -> Record:
        before = self.records[ref]
        for name, value in fields.items():
            if before.fields.get(name) != value:
                self.edits.insert(
                    0, FieldEdit(before=before.fields.get(name), after=value, by=f"{by}:{name}", at=self._now())
                )
        after = replace(
            before,
            version=str(int(before.version) + 1),
            fields={**before.fields, **fields},
            updated_at=self._now(),
            updated_by=by,
            changed={},
        )
        self.records[ref] = after
        return after

    async def read(self, ref: RecordRef) -> Record:
        if self.mood == "silent":
            raise RateLimited("busy", retry_after=1)
        if ref not in self.records:
            raise NotFound("gone")
        return self.records[ref]

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit]:
        return [each for each in self.edits if each.by.endswith(f":{field}")]

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        return ()

    async def describe(self, kind: Kind) -> ObjectSchema:
        raise NotImplementedError

    def changes(self, since: str) -> AsyncIterator[ChangePage]:
        raise NotImplementedError

    def url(self, ref: RecordRef) -> str:
        return ""

    def _before(self) -> None:
        match self.mood:
            case "busy":
                raise RateLimited("busy", retry_after=1)
            case "lost before":
                raise OutcomeUnknown("reset")
            case "refuses":
                raise Refused("no")

    def _after(self) -> None:
        if self.mood == "lost after":
            raise OutcomeUnknown("reset")

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        self._before()
        self.over.append((meta.op_id, self.records[ref].fields["close_date"]))
        written = self.set(ref, fields, "robin")
        self.effects.append((meta.op_id, dict(fields)))
        self._after()
        return written

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        self._before()
        ref = RecordRef(system=self.system, kind=kind, id=f"n{len(self.effects)}")
        self.records[ref] = Record(ref=ref, version="1", fields=dict(fields), updated_at=self._now())
        self.marked[meta.op_id] = ref
        self.effects.append((meta.op_id, dict(fields)))
        self._after()
        return self.records[ref]

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        self._before()
        if self.records.pop(ref, None) is None:
            raise NotFound("gone")
        self.effects.append((meta.op_id, {}))
        self._after()

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        if self.mood == "silent":
            raise RateLimited("busy", retry_after=1)
        return self.records.get(self.marked[op_id]) if op_id in self.marked else None


class Outbox(RuleBasedStateMachine):
    """Its model is small: what was approved, by digest, and what a person changed behind the program's back."""

    cards = Bundle("cards")
    courier: Callable[..., Courier] = Courier

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="outbox."))
        self.at = CALL
        self.db = open_database(self.folder / "store.db")
        self.crm = MemoryCrm(self.now)
        self.numbers = count(1)
        self.said_yes: dict[str, dict[str, Value]] = {}
        self.states: dict[str, DeliveryState] = {}
        hierarchy = page()
        courier = type(self).courier(
            db=self.db,
            reader=self.crm,
            writer=self.crm,
            scope=hierarchy.scope("sandbox"),
            now=self.now,
            new_id=self.new_id,
            at_point=self.arrow,
        )
        self.desk = Desk(
            db=self.db,
            reader=self.crm,
            courier=courier,
            calendars=(),
            drafter=None,  # type: ignore[arg-type]  # nothing is drafted here
            hierarchy=hierarchy,
            settings=Settings(user_name="Robin", user_email="robin@seller.com"),
            now=self.now,
            label="memory",
            new_id=self.new_id,
        )

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()
            shutil.rmtree(self.folder)

    def now(self) -> datetime:
        self.at += timedelta(microseconds=1)
        return self.at

    def new_id(self) -> str:
        return f"op-{next(self.numbers):03}"

    def arrow(self, point: str) -> None:
        """Every committed state follows from the one before by a drawn arrow."""
        if point.endswith(".committed"):
            now = {each.op_id: each.state for each in decisions.deliveries(self.db)}
            for op, state in now.items():
                before = self.states.get(op, DeliveryState.APPROVED)
                assert state is before or state in ARROWS[before], f"{op}: {before} became {state}"
            self.states = now

    def known(self) -> None:
        """What decisions moved: approvals and withdrawals."""
        self.states = {each.op_id: each.state for each in decisions.deliveries(self.db)}

    @rule(target=cards, after=st.sampled_from(DAYS[1:]))
    def draft_a_change(self, after: date) -> str:
        stands = self.crm.records[DEAL]
        made = card(
            id=self.new_id(),
            changes=(change(before=stands.fields["close_date"], after=after),),
            base_version=stands.version,
        )
        decisions.save_proposals(self.db, [made])
        return made.id

    @rule(target=cards)
    def draft_a_note(self) -> str:
        changes = (change(field="body", before=None, after="They can sign."),)
        made = card(id=self.new_id(), action=Action.CREATE, kind=Kind.ACTIVITY, target=None, changes=changes)
        decisions.save_proposals(self.db, [made])
        return made.id

    @rule(target=cards)
    def look_at_what_came_back(self) -> object:
        return multiple(*(each.id for each in decide.queue(self.desk) if each.replaces or each.undoes))

    @rule(name=cards)
    def approve(self, name: str) -> None:
        shown = decisions.get_proposal(self.db, name)
        assert shown
        try:
            if shown.conflict:
                kept = decide.settle(self.desk, name, "mine")
                assert kept
                shown = kept
            decide.approve(self.desk, name, shown.digest())
        except DecisionError:
            return
        self.said_yes[name] = {each.field: each.after for each in shown.changes}
        self.known()

    @rule(name=cards, after=st.sampled_from(DAYS))
    def approve_what_changed_since(self, name: str, after: date) -> None:
        """Another window puts in another value after the rep looked."""
        shown = decisions.get_proposal(self.db, name)
        if shown is None or shown.conflict or shown.changes[0].field != "close_date":
            return
        try:
            decide.edit(self.desk, name, "close_date", after.isoformat())
            changed = decisions.get_proposal(self.db, name)
            if changed == shown:
                return
            with pytest.raises(StaleApproval):
                decide.approve(self.desk, name, shown.digest())
        except DecisionError:
            return

    @rule(name=consumes(cards))
    def reject(self, name: str) -> None:
        try:
            decide.reject(self.desk, name)
        except DecisionError:
            return

    @rule(name=cards, after=st.sampled_from(DAYS))
    def forge(self, name: str, after: date) -> None:
        """The store is changed behind the program: the card is another one, still marked as approved."""
        stands = decisions.get_proposal(self.db, name)
        if stands and decisions.proposal_state(self.db, name) is ProposalState.APPROVED:
            forged = stands.with_after(stands.changes[0].field, after)
            decisions.save_proposals(self.db, [forged], state=ProposalState.APPROVED)

    @rule(name=cards)
    def lose_the_approval(self, name: str) -> None:
        self.db.execute("DELETE FROM approval WHERE proposal_id = ?", (name,))

    @rule(mood=st.sampled_from(["well", "busy", "lost before", "lost after", "refuses", "silent"]))
    def deliver(self, mood: str) -> None:
        self.crm.mood = mood
        self.at += timedelta(seconds=5)
        asyncio.run(self.desk.courier.deliver_due())

    @rule(after=st.sampled_from(DAYS))
    def a_colleague_edits(self, after: date) -> None:
        self.crm.set(DEAL, {"close_date": after}, "priya")

    @rule(seconds=st.sampled_from([1, 15, 60]))
    def time_passes(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    @rule()
    def undo(self) -> None:
        try:
            decide.undo(self.desk)
        except DecisionError:
            return
        self.known()

    @rule()
    def come_to_rest(self) -> None:
        """With a CRM that answers and time enough, nothing stays in transit."""
        self.crm.mood = "well"
        for _ in range(12):
            self.at += SETTLES
            asyncio.run(self.desk.courier.deliver_due())
        assert {each.state for each in decisions.deliveries(self.db)} <= SETTLED

    @invariant()
    def only_what_was_approved_was_written_and_once(self) -> None:
        if not hasattr(self, "crm"):
            return
        times = Counter(op for op, _ in self.crm.effects)
        assert all(number == 1 for number in times.values()), times
        for op, fields in self.crm.effects:
            assert fields in ({}, self.said_yes.get(op)), f"{op}: {fields} is not what was approved"
        for op, value in self.crm.over:
            assert value == self._card(op).changes[0].before, f"{op} went over {value}"

    @invariant()
    def what_ended_without_a_write_wrote_nothing_and_what_is_sent_is_there(self) -> None:
        if not hasattr(self, "crm"):
            return
        written = {op for op, _ in self.crm.effects}
        for each in decisions.deliveries(self.db):
            if each.state in (DeliveryState.CONFLICT, DeliveryState.REJECTED, DeliveryState.WITHDRAWN):
                assert each.op_id not in written, f"{each.op_id} is {each.state}"
            if each.state is DeliveryState.SENT and each.op_id not in written:
                assert self._stood_there_already(each)

    def _stood_there_already(self, delivery: Delivery) -> bool:
        sent = self._card(delivery.op_id)
        if sent.action is not Action.UPDATE:
            return sent.action is Action.REMOVE
        now = {each.field: each.after for each in sent.changes}  # it may be forged since
        approved = self.said_yes.get(sent.id, now)
        stood = {DAYS[0], *(each.after for each in self.crm.edits)}
        return any(each in stood for each in approved.values())

    def _card(self, op: str) -> Proposal:
        found = decisions.get_proposal(self.db, op)
        assert found
        return found

    @invariant()
    def the_trail_is_whole_and_tells_of_every_write(self) -> None:
        if not hasattr(self, "crm"):
            return
        trail.verify_trail(self.db)
        told = {(each.op_id, each.kind) for each in trail.entries(self.db, limit=10_000)}
        for op, _ in self.crm.effects:
            assert {(op, AuditKind.APPROVED), (op, AuditKind.ATTEMPTED)} <= told


QUICK = settings(max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TestOutbox = Outbox.TestCase
TestOutbox.settings = QUICK


@pytest.mark.parametrize("defect", ["unchecked-card", "no-reconcile", "no-compare"])
def test_the_machine_finds_a_broken_courier(defect: str) -> None:
    class Broken(Outbox):
        courier = DEFECTS[defect].make.courier

    long = settings(QUICK, max_examples=400, derandomize=True, database=None, phases=[Phase.generate])
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(Broken, settings=long)
