"""One start of the app: a rep who decides every card, and the courier, until nothing is left to do or it is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from gangly_tui.connectors.oauth import kept_as
from gangly_tui.domain.draft import Evidence
from gangly_tui.domain.errors import (
    AlreadyDecided,
    DecisionError,
    HeldByAnother,
    SignInNeeded,
    StaleApproval,
    Unreachable,
)
from gangly_tui.domain.identity import person_key
from gangly_tui.domain.outbox import Patience
from gangly_tui.domain.proposal import Action, FieldChange, Proposal, ProposalState, Risk
from gangly_tui.domain.records import FieldType, Kind, RecordRef, decode, encode
from gangly_tui.domain.secret import Secret
from gangly_tui.flow import decide
from gangly_tui.flow.deliver import Courier
from gangly_tui.flow.desk import Desk, Settings
from gangly_tui.flow.witness import close_round
from gangly_tui.store import decisions
from gangly_tui.store.backups import back_up, backups
from gangly_tui.store.database import Connection, open_database
from tests.domain.made import page
from tests.faults.bringing import Bringing, bring_in, in_crm
from tests.faults.clock import EPOCH, SharedClock
from tests.faults.crm_doors import SYSTEM, LoopbackReader, LoopbackWriter
from tests.faults.crm_state import DEAL, OURS
from tests.faults.schedule import Schedule
from tests.faults.sign_in import SignIn, provider_at, sign_in, vault_of

KEY = Secret(bytes(range(32)))
STUCK, HELD = 3, 4
"""How a window ends that does not come to rest, and one that may not send because another does."""
_ROUNDS = 60
_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Make:
    """What a window is made of. A seeded defect is another Make; the product has no switch for it."""

    courier: Callable[..., Courier] = Courier
    writer: Callable[..., Any] = LoopbackWriter
    reader: Callable[..., Any] = LoopbackReader
    approve: Callable[[Desk, str, str], Any] = decide.approve
    patience: Patience = field(default_factory=Patience)
    sign_in: SignIn = field(default_factory=SignIn)
    bringing: Bringing = field(default_factory=Bringing)
    setting: str = ""
    """said to the store's connection after it was opened"""


class Notebook:
    """What the rep would remember whatever happens to the machine: durable lines in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, **line: Any) -> None:
        """Keep one line."""
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, json.dumps(line).encode() + b"\n")
        os.close(handle)

    def lines(self) -> list[dict[str, Any]]:
        """Everything kept."""
        return [json.loads(each) for each in self.path.read_text().splitlines()] if self.path.exists() else []


def drafted(schedule: Schedule) -> list[Proposal]:
    """The cards of a schedule, as they were drafted before anything moved."""
    return [_card(number, kind) for number, kind in enumerate(schedule.cards)]


def _card(number: int, kind: str) -> Proposal:
    evidence = Evidence(text="We can sign.", start=0, end=12)
    deal = RecordRef(system=SYSTEM, kind=Kind.OPPORTUNITY, id=DEAL)
    common: dict[str, Any] = {
        "id": f"op-{number}", "meeting_id": "m1", "drafted_at": EPOCH, "source": "notes of 2026-09-23",
        "evidence": evidence,
    }  # fmt: skip
    if kind in ("date", "text"):
        name, type_ = ("close_date", FieldType.DATE) if kind == "date" else ("next_step", FieldType.TEXT)
        before = decode("2026-09-30", type_) if kind == "date" else None
        change = FieldChange(field=name, label=name, type=type_, before=before, after=decode(OURS[name], type_))
        return Proposal(
            action=Action.UPDATE, kind=Kind.OPPORTUNITY, target=deal, target_name="Platform", changes=(change,),
            base_version="1", risk=Risk.FORECAST, group="field", **common,
        )  # fmt: skip
    made: dict[str, Any] = {"type": "note", "subject": f"Call {number}", "body": "They can sign.", "opportunity": DEAL}
    if kind == "person":
        made = {"last_name": f"Lind {number}", "email": f"ada{number}@acme.de"}
    record = Kind.CONTACT if kind == "person" else Kind.ACTIVITY
    changes = tuple(
        FieldChange(field=name, label=name, type=FieldType.TEXT, before=None, after=after)
        for name, after in made.items()
    )
    return Proposal(
        action=Action.CREATE, kind=record, target=None, target_name="Acme", changes=changes,
        risk=Risk.NEW_RECORD, group="next step", **common,
    )  # fmt: skip


class Window:
    """The app, without its screens."""

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        schedule: Schedule,
        clock: SharedClock,
        at: Callable[[str], None],
        make: Make,
    ) -> None:
        self.schedule, self.clock, self.make, self.at = schedule, clock, make, at
        self.folder, self.port = folder, port
        self.notebook = Notebook(folder / "notebook")
        store = folder / "store" / "store.db"
        self.db: Connection = open_database(store, key=KEY, at_point=at)
        if make.setting:
            self.db.execute(make.setting)
        if schedule.backup and not backups(store):
            back_up(self.db, store, at)
        # no proxy, and no certificates read: there is no TLS on loopback
        self.client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=None, trust_env=False, verify=False, auth=self._auth()
        )
        reader = make.reader(self.client)
        paper = page()
        hierarchy = replace(paper, scopes={**paper.scopes, SYSTEM: paper.scope("sandbox")})
        self.courier = make.courier(
            db=self.db,
            reader=reader,
            writer=make.writer(self.client, reader, at),
            scope=hierarchy.scope(SYSTEM),
            now=clock,
            new_id=self._new_id,
            patience=make.patience,
            at_point=at,
            close_round=self._leave_head,
        )
        self.desk = Desk(
            db=self.db,
            reader=reader,
            courier=self.courier,
            calendars=(),
            drafter=None,  # type: ignore[arg-type]  # nothing is drafted here
            hierarchy=hierarchy,
            settings=Settings(user_name="Robin", user_email="robin@seller.com"),
            now=clock,
            label="faults",
            new_id=self._new_id,
            at_point=at,
        )

    def _auth(self) -> httpx.Auth | None:
        if not self.schedule.sign_in:
            return None
        how = self.make.sign_in
        return how.auth(
            provider_at(self.port),
            vault_of(self.folder),
            lock=lambda: how.lock(self.folder),
            now=self.clock,
            at_point=self.at,
        )

    async def _leave_head(self) -> str:
        return close_round(
            self.db, at=self.clock(), user="robin@seller.com", witness=self.folder / "witness", at_point=self.at
        )

    def _new_id(self) -> str:
        return f"later-{len(decisions.proposals(self.db))}"

    def sit_down(self) -> None:
        """The cards are there; what was decided before a crash is not decided again."""
        if not decisions.proposals(self.db):
            decisions.save_proposals(self.db, drafted(self.schedule))

    async def work(self) -> int:
        """Decide and carry until nothing is left. Returns the exit code."""
        held = 0
        await self._bring_in()
        for _ in range(_ROUNDS):
            for card in decide.queue(self.desk):
                self._decide(card)
            try:
                await self._look()
                await self.courier.deliver_due()
            except HeldByAnother:
                held += 1
                if held == _TRIES:
                    return HELD
                await asyncio.sleep(0.005)
                continue
            due = self.courier.next_due()
            if due is not None:
                self.clock.forward_to(due)
            elif not decide.queue(self.desk) and not self._take_back():
                await self.client.aclose()
                return 0
        return STUCK

    async def _bring_in(self) -> None:
        """What the rep brings in, once; it is begun again when an earlier window did not get through."""
        if not self.schedule.brings or any("brought" in each for each in self.notebook.lines()):
            return
        self.notebook.write(found=in_crm(self.folder))
        await bring_in(self.desk, self.folder, self.make.bringing, self.at)
        self.notebook.write(brought=True)

    async def _look(self) -> None:
        """Look somebody up, as a screen does while nothing is sent, and sign in where that is needed.

        Raises HeldByAnother when another window, which may stand still, is at the refresh.
        """
        if not self.schedule.sign_in:
            return
        try:
            if vault_of(self.folder).get(kept_as(SYSTEM)) is None:
                await sign_in(self.folder, self.port, self.clock)
            await self.desk.reader.find(Kind.CONTACT, person_key("nobody@acme.de"))
        except SignInNeeded:
            await sign_in(self.folder, self.port, self.clock)
            self.client.auth = self._auth()  # as `gangly connect` opens the connection anew
        except Unreachable:
            pass

    def _decide(self, card: Proposal) -> None:
        try:
            self._answer(card)
        except AlreadyDecided:
            return  # in the other window

    def _answer(self, card: Proposal) -> None:
        """What a careful rep does with a card."""
        mine = self.schedule.keeps == "mine"
        if card.conflict:
            decide.settle(self.desk, card.id, "mine" if mine else "theirs")
        elif card.replaces and card.note:
            decide.reject(self.desk, card.id, "looked at the record")
        elif card.undoes and card.note and mine:
            decide.reject(self.desk, card.id, "ours stands")
        else:
            self._approve(card)

    def _approve(self, card: Proposal) -> None:
        number = int(card.id[3:]) if card.id.startswith("op-") else -1
        shown = card
        if number in self.schedule.redrafted and not card.edited:
            name = card.changes[-1].field
            text = "2026-12-01" if card.changes[-1].type is FieldType.DATE else "changed@acme.de"
            decide.edit(self.desk, card.id, name, text)  # another window, after the rep looked
        self._saw(shown)
        try:
            self.make.approve(self.desk, card.id, shown.digest())
        except StaleApproval:
            return  # the rep looks again in the next round
        self.notebook.write(acked=card.id)
        if number in self.schedule.tampered:
            name = card.changes[-1].field
            after = decode("2027-01-01", card.changes[-1].type)
            now = decisions.get_proposal(self.db, card.id)
            if now is not None:
                decisions.save_proposals(self.db, [now.with_after(name, after)], state=ProposalState.APPROVED)

    def _saw(self, card: Proposal) -> None:
        fields = {each.field: encode(each.after) for each in card.changes if each.after is not None}
        self.notebook.write(saw=card.id, payload=card.payload_sha256(), fields=fields)

    def _take_back(self) -> bool:
        """Undo the last write, once. Says whether there is something new to decide."""
        if not self.schedule.undo or any("undone" in each for each in self.notebook.lines()):
            return False
        try:
            decide.undo(self.desk)
        except DecisionError:
            return False
        finally:
            self.notebook.write(undone=True)
        return True


def patience_of(schedule: Schedule, make: Make) -> Make:
    """Short deadlines only where the schedule has a request that never ends by itself."""
    real = timedelta(seconds=0.25 if schedule.is_slow else 5)
    return replace(make, patience=replace(make.patience, deadline=real))


def start(
    folder: Path,
    port: int,
    schedule: Schedule,
    clock: SharedClock,
    make: Make,
    *,
    kill: tuple[str, int] | None = None,
    stop: str = "",
) -> None:
    """The window's process. Never returns."""
    visits: dict[str, int] = {}

    def at(point: str) -> None:
        for name in (point, "*"):
            visits[name] = visits.get(name, 0) + 1
            if kill == (name, visits[name]):
                (folder / "killed").write_text(point)
                os.kill(os.getpid(), signal.SIGKILL)
        if stop == point and visits[point] == 1:
            os.kill(os.getpid(), signal.SIGSTOP)

    window = Window(folder, port, schedule=schedule, clock=clock, at=at, make=patience_of(schedule, make))
    window.sit_down()
    code = asyncio.run(window.work())
    window.db.close()
    os._exit(code)
