"""Defects seeded by the harness: each must be caught, or the harness proves nothing.

They are made of subclasses and settings, here; the product has no switch for any of them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from itertools import count
from typing import Any

import httpx

from gangly_tui.connectors.oauth import SignedIn, Tokens, kept_as, read_tokens
from gangly_tui.connectors.record import sandbox_import
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.errors import ConnectorError, OutcomeUnknown, Refused
from gangly_tui.domain.landing import Standing
from gangly_tui.domain.outbox import Delivery, DeliveryState, Patience
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.records import FieldEdit, RecordRef
from gangly_tui.flow import capture, decide
from gangly_tui.flow.arrows import Arrows
from gangly_tui.flow.deliver import Courier, Outcome, Trip
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import PullReport, pull
from gangly_tui.flow.resolve import read_back
from gangly_tui.store import decisions, mirror
from gangly_tui.store.database import Connection, transaction
from tests.faults.bringing import Bringing
from tests.faults.crm_doors import SYSTEM, LoopbackReader, LoopbackWriter
from tests.faults.sign_in import SignIn
from tests.faults.window import Make


class _RetriesBlindly(LoopbackWriter):
    async def _send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        try:
            return await super()._send(method, path, body)
        except OutcomeUnknown:
            return await super()._send(method, path, body)


class _TakesTroubleForRefusal(LoopbackWriter):
    def _judge(self, answer: httpx.Response) -> Any:
        if answer.status_code in (409, 500):
            raise Refused("the CRM did not want it")
        return super()._judge(answer)


class _SendsWhatIsShown(LoopbackWriter):
    async def _send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        shown = {
            name: each.rstrip(".") if isinstance(each, str) else each for name, each in body.get("fields", {}).items()
        }
        return await super()._send(method, path, {**body, "fields": shown})


class _ReadsNoHistory(LoopbackReader):
    async def history(self, ref: RecordRef, field: str) -> list[FieldEdit] | None:
        return None


class _SureTrip(Trip):
    async def _resolve(self, card: Proposal, delivery: Delivery) -> Outcome:
        target = card.target or RecordRef(system=SYSTEM, kind=card.kind, id="surely")
        return self._arrows.sent(card, replace(delivery, result=str(target)), None, said="surely")


class _NeverReconciles(Courier):
    trip = _SureTrip


class _ResendsAfterACrash(Courier):
    def _take_over(self) -> None:
        for each in decisions.deliveries(self._db, states=(DeliveryState.ATTEMPTED,)):
            card = decisions.get_proposal(self._db, each.op_id)
            assert card is not None
            self._arrows.again(card, each, timedelta(0), "it was interrupted")


class _BlindTrip(Trip):
    async def _look_before(self, card: Proposal) -> Any:
        look = await super()._look_before(card)
        return type(look)(standing=Standing.CLEAR, record=look.record)


class _DoesNotCompare(Courier):
    trip = _BlindTrip


class _TrustingTrip(Trip):
    def _is_approved(self, card: Proposal, delivery: Delivery) -> bool:
        return True


class _ChecksNoApproval(Courier):
    trip = _TrustingTrip


class _HasNoLock(Courier):
    def _only_sender(self) -> AbstractContextManager[None]:
        return nullcontext()


class _HastyTrip(Trip):
    async def _confirm(self, card: Proposal, delivery: Delivery) -> Outcome:
        try:
            await read_back(self._reader, self._writer.find_op, card, delivery)
        except ConnectorError:
            return self._arrows.again(card, delivery, timedelta(0), "could not be reached")
        return await super()._confirm(card, delivery)


class _TakesUnreadForUnapplied(Courier):
    trip = _HastyTrip


class _TellsLater(Arrows):
    """The state in one transaction, what the trail says of it in the next."""

    def tell(self, kind: AuditKind, card: Proposal, delivery: Delivery, detail: str) -> None:
        _untold.append((kind, card, delivery, detail))

    def move(self, *arguments: Any, **more: Any) -> Delivery:
        moved = super().move(*arguments, **more)
        with transaction(self.db):
            for each in _untold:
                super().tell(*each)
        _untold.clear()
        return moved


_untold: list[tuple[AuditKind, Proposal, Delivery, str]] = []


class _TrailApart(Courier):
    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._arrows = _TellsLater(**{each.name: getattr(self._arrows, each.name) for each in fields(Arrows)})


def _approve_whatever_stands(desk: Desk, proposal_id: str, _: str) -> Delivery:
    return decide.approve(desk, proposal_id, decide.undecided(desk, proposal_id).digest())


class _UsesBeforeItKeeps(SignedIn):
    """The new tokens reach the vault with the next request only."""

    _unkept: Tokens | None = None

    def _kept(self) -> Tokens:
        if self._unkept is not None:
            self._vault.put(kept_as(self._provider.system), self._unkept.dump())
        return super()._kept()

    async def _renewed(self, answer: httpx.Response, before: Tokens) -> Tokens:
        await answer.aread()
        self._unkept = read_tokens(answer, self._provider, self._now(), before)
        self._at("refresh.answered")
        self._at("refresh.kept")
        return self._unkept


class _KnowsNobody(sandbox_import._Importer):
    def _existing(self, fields: Any) -> None:
        return None


def _imports_blindly(*arguments: Any, **more: Any) -> Any:
    sandbox_import._Importer = _KnowsNobody  # type: ignore[misc]  # in a window's process
    return sandbox_import.import_csv(*arguments, **more)


async def _pulls_cursor_first(desk: Desk) -> PullReport:
    def set_cursor(db: Connection, name: str, value: str) -> None:
        kept(db, name, value)
        if late:  # the page is not there yet
            stores.append(db)
            db.execute("COMMIT")
            db.execute("BEGIN IMMEDIATE")

    def save_written(db: Connection, records: Any) -> int:
        late.append(records)
        return len(late[-1])

    def at_point(point: str) -> None:
        desk.at_point(point)
        if point == "pull.before-commit":
            saved(stores[-1], late.pop())

    late: list[Any] = []
    stores: list[Connection] = []
    kept, saved = mirror.set_cursor, mirror.save_written
    mirror.set_cursor, mirror.save_written = set_cursor, save_written
    try:
        return await pull(replace(desk, at_point=at_point))
    finally:
        mirror.set_cursor, mirror.save_written = kept, saved


def _keeps_anew(desk: Desk, meeting_id: str, name: str, text: str) -> Any:
    taken = {each.source for each in capture.sources(desk, meeting_id)}
    free = next(each for each in (f"import:{name}{' ' * more}" for more in count()) if each not in taken)
    page = capture._page(desk, meeting_id, free if name.endswith(".md") else capture.TRANSCRIPT, text)
    capture.autosave(desk, page)
    desk.at_point("file.before-commit")
    desk.at_point("file.committed")
    return page


@dataclass(frozen=True, kw_only=True)
class Defect:
    """What is broken, and a window that is broken so."""

    what: str
    make: Make


BEYOND_SCHEDULES = {
    "not-durable": Defect(what="a commit is not on the disk yet", make=Make(setting="PRAGMA synchronous = NORMAL")),
}
"""What a killed process does not show, because the kernel still holds its writes: only the order of its calls does."""

DEFECTS: dict[str, Defect] = {
    "blind-retry": Defect(what="a lost answer is sent again at once", make=Make(writer=_RetriesBlindly)),
    "no-reconcile": Defect(what="an unknown outcome is taken for sent", make=Make(courier=_NeverReconciles)),
    "no-horizon": Defect(what="absent is believed at once", make=Make(patience=Patience(horizon=timedelta(0)))),
    "no-compare": Defect(what="what stands there is not compared", make=Make(courier=_DoesNotCompare)),
    "resend-after-crash": Defect(what="what was in the air is sent again", make=Make(courier=_ResendsAfterACrash)),
    "unbound-approval": Defect(what="an approval fits any card", make=Make(approve=_approve_whatever_stands)),
    "unchecked-card": Defect(what="the courier sends what stands there now", make=Make(courier=_ChecksNoApproval)),
    "no-lock": Defect(what="two windows send at once", make=Make(courier=_HasNoLock)),
    "trail-apart": Defect(what="the entry is in another transaction", make=Make(courier=_TrailApart)),
    "unread-unapplied": Defect(
        what="a failed read-back is a failed write", make=Make(courier=_TakesUnreadForUnapplied)
    ),
    "trouble-refusal": Defect(what="a 500 or 409 counts as refused", make=Make(writer=_TakesTroubleForRefusal)),
    "no-history": Defect(what="the record's history is not read", make=Make(reader=_ReadsNoHistory)),
    "no-refresh-lock": Defect(
        what="two windows refresh at once", make=Make(sign_in=SignIn(lock=lambda _: nullcontext()))
    ),
    "used-before-kept": Defect(
        what="a new token is used before it is kept", make=Make(sign_in=SignIn(auth=_UsesBeforeItKeeps))
    ),
    "blind-import": Defect(
        what="an import does not look who is there", make=Make(bringing=Bringing(rows=_imports_blindly))
    ),
    "cursor-first": Defect(
        what="a page's cursor is kept before the page", make=Make(bringing=Bringing(pull=_pulls_cursor_first))
    ),
    "file-twice": Defect(what="a file opened again is another file", make=Make(bringing=Bringing(keep=_keeps_anew))),
    "other-bytes": Defect(what="a tidied value is sent, not the approved one", make=Make(writer=_SendsWhatIsShown)),
}
