"""The sandbox CRM: the contract of every system of record, its switches, and what happens to its file."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gangly_tui.connectors.record import sandbox, sandbox_db
from gangly_tui.connectors.record.sandbox import SandboxReader, SandboxWriter, set_switch
from gangly_tui.domain.errors import InputError, OutcomeUnknown, RateLimited, Refused, Unreachable
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.ports import RecordReader
from gangly_tui.domain.records import Kind, RecordRef, Value
from tests.connectors.contract import RecordContract, Rig
from tests.patience import LONG


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "crm.db"


@pytest.fixture
def rig(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(sandbox, "PAGE", 3)  # small pages, so that a feed has several
    opened: list[SandboxReader] = []

    def reader_for(scope: Scope | None) -> RecordReader:
        opened.append(SandboxReader(path, scope))
        return opened[-1]

    async def colleague(ref: RecordRef, field: str, value: Value) -> None:
        db = sandbox_db.open_crm(path)
        sandbox_db.update(db, ref, {field: value}, by="Priya", at=datetime.now(UTC))
        db.close()

    writer = SandboxWriter(path)
    yield Rig(reader=reader_for(None), writer=writer, reader_for=reader_for, colleague=colleague)
    for each in (*opened, writer):
        each.close()


class TestSandbox(RecordContract):
    """The contract, on the sandbox."""


async def test_slow_makes_each_request_take_that_long(rig: Rig, path: Path) -> None:
    deal = await rig.deal()
    set_switch(path, "slow", "0.15")
    begun = time.monotonic()
    await rig.reader.read(deal.ref)
    assert time.monotonic() - begun >= 0.15
    set_switch(path, "slow", "600")
    set_switch(path, "slow", None)
    async with asyncio.timeout(LONG):
        await rig.reader.read(deal.ref)


async def test_offline_reaches_nothing_and_applies_nothing(rig: Rig, path: Path) -> None:
    deal = await rig.deal()
    set_switch(path, "offline", "1")
    with pytest.raises(Unreachable) as away:
        await rig.writer.update(deal.ref, {"stage": "Proposal"}, expect=deal.version, meta=rig.meta())
    assert away.value.fix == "gangly sandbox online"
    with pytest.raises(Unreachable):
        await rig.reader.read(deal.ref)
    with pytest.raises(Unreachable):
        await rig.feed()
    set_switch(path, "offline", None)
    assert await rig.reader.read(deal.ref) == deal


async def test_a_rate_limit_is_told_once_with_how_long(rig: Rig, path: Path) -> None:
    deal = await rig.deal()
    set_switch(path, "rate_limit", "7.5")
    with pytest.raises(RateLimited) as wait:
        await rig.reader.read(deal.ref)
    assert wait.value.retry_after == 7.5
    assert await rig.reader.read(deal.ref) == deal


async def test_a_lost_answer_leaves_the_write_applied(rig: Rig, path: Path) -> None:
    deal = await rig.deal()
    set_switch(path, "lose_answer", "1")
    await rig.reader.read(deal.ref)  # reads do not use the switch up
    with pytest.raises(OutcomeUnknown):
        await rig.writer.update(deal.ref, {"stage": "Proposal"}, expect=deal.version, meta=rig.meta())
    assert (await rig.reader.read(deal.ref)).fields["stage"] == "Proposal"
    again = await rig.reader.read(deal.ref)
    await rig.writer.update(deal.ref, {"stage": "Demo"}, expect=again.version, meta=rig.meta())


@pytest.mark.parametrize(("name", "value"), [("gravity", "1"), ("slow", "very"), ("rate_limit", "")])
def test_a_switch_that_is_none_is_refused(path: Path, name: str, value: str) -> None:
    with pytest.raises(InputError):
        set_switch(path, name, value)


async def test_a_colleague_types_as_a_person_does(rig: Rig, path: Path) -> None:
    deal = await rig.deal()
    assert sandbox.edit(path, deal.ref, "amount", "45k").fields["amount"] == 45_000
    changed = sandbox.edit(path, deal.ref, "close_date", "15 Nov 2026", by="Kim")
    assert str(changed.fields["close_date"]) == "2026-11-15" and changed.updated_by == "Kim"
    assert sandbox.edit(path, deal.ref, "stage", "negotiation").fields["stage"] == "Negotiation"
    for field, text in (("close_date", "soon"), ("stage", "Nearly"), ("colour", "red"), ("amount", "1e"), ("name", "")):
        with pytest.raises((InputError, Refused)):
            sandbox.edit(path, deal.ref, field, text)
    with pytest.raises(Refused, match="read-only"):
        sandbox.edit(path, deal.ref, "stage_since", "2026-01-01")


async def test_the_stage_date_follows_the_stage(rig: Rig) -> None:
    deal = await rig.deal()
    sooner = datetime.now(UTC).date()
    after = await rig.writer.update(deal.ref, {"stage": "Proposal"}, expect=deal.version, meta=rig.meta())
    assert sooner <= after.fields["stage_since"] <= datetime.now(UTC).date()


async def test_a_cursor_from_elsewhere_is_refused(rig: Rig) -> None:
    for cursor in ("not a number", "-1", "²", "1; DROP TABLE record"):
        with pytest.raises(Refused, match="change feed"):
            await rig.feed(cursor)


async def test_a_file_that_another_program_holds_is_a_crm_out_of_reach(rig: Rig, path: Path) -> None:
    deal = await rig.deal()
    held = sandbox_db.open_crm(path)
    held.execute("BEGIN EXCLUSIVE")
    impatient = SandboxWriter(path)
    impatient._line.open().execute("PRAGMA busy_timeout = 50")
    with pytest.raises(Unreachable, match="locked"):
        await impatient.update(deal.ref, {"stage": "Proposal"}, expect=deal.version, meta=rig.meta())
    held.execute("ROLLBACK")
    held.close()
    after = await impatient.update(deal.ref, {"stage": "Proposal"}, expect=deal.version, meta=rig.meta())
    assert after.fields["stage"] == "Proposal", "the connection is usable again"
    impatient.close()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + bytes(2000)])
def test_a_file_that_is_no_database_is_said_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    reader = SandboxReader(path)
    with pytest.raises(Unreachable) as broken:
        asyncio.run(reader.describe(Kind.CONTACT))
    assert "reset" in broken.value.fix
    assert path.read_bytes() == content
    with pytest.raises(Unreachable):
        set_switch(path, "offline", "1")


@pytest.mark.skipif(os.name != "posix", reason="permissions are the system's own elsewhere")
async def test_the_file_is_its_owners_alone(rig: Rig, path: Path) -> None:
    await rig.deal()
    assert {each.name: each.stat().st_mode & 0o077 for each in path.parent.glob("crm.db*")} == dict.fromkeys(
        (each.name for each in path.parent.glob("crm.db*")), 0
    )


async def test_provenance_is_kept_beside_the_record(rig: Rig, path: Path) -> None:
    deal = await rig.deal()
    await rig.writer.update(deal.ref, {"stage": "Proposal"}, expect=deal.version, meta=rig.meta("op-p"))
    db = sandbox_db.open_crm(path)
    assert db.execute("SELECT approved_by, source, trail_head FROM provenance WHERE op_id = 'op-p'").fetchall() == [
        ("robin@seller.com", "notes of 2026-09-23", "ab" * 32)
    ]
    db.close()
