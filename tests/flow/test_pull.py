"""What a pull keeps, and when: pages together, all that was read before the line went dead, nothing by halves."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gangly_tui.domain.errors import StoreError, Unreachable
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import Kind, Record
from gangly_tui.flow import pull as pulling
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import PullProgress, pull
from gangly_tui.store import mirror
from tests.patience import until
from tests.tui.desks import PaperReader, paper_desk, record

FOREVER = 3_600.0


class Feed(PaperReader):
    """A CRM whose feed a test writes: pages, errors to raise, and seconds to wait."""

    def __init__(self, *steps: ChangePage | Exception | float) -> None:
        super().__init__([], [])
        self.steps = steps
        self.asked: list[str] = []
        self.waits = False

    async def changes(self, since: str) -> AsyncIterator[ChangePage]:
        self.asked.append(since)
        for step in self.steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, ChangePage):
                yield step
            else:
                self.waits = True
                await asyncio.sleep(step)


def people(*numbers: int, name: str = "Lind") -> tuple[Record, ...]:
    return tuple(record(Kind.CONTACT, f"c{each}", last_name=name) for each in numbers)


def page(cursor: str, *records: Record, gone: tuple[Record, ...] = ()) -> ChangePage:
    return ChangePage(records=records, deleted=tuple(each.ref for each in gone), cursor=cursor, total=9)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = paper_desk(tmp_path)
    yield replace(made, calendars=())
    made.close()


def kept(desk: Desk) -> tuple[int, str]:
    return mirror.count(desk.db, Kind.CONTACT), mirror.cursor(desk.db, "sandbox")


@pytest.fixture
def before(desk: Desk) -> int:
    return mirror.count(desk.db, Kind.CONTACT)


async def test_pages_are_kept_together_and_told_of_once(desk: Desk, before: int) -> None:
    told: list[PullProgress] = []
    reader = Feed(page("1", *people(1, 2)), page("2", *people(3)), page("3", *people(4)))
    report = await pull(replace(desk, reader=reader), told.append)
    assert report.records == 4 and not report.problems
    assert kept(desk) == (before + 4, "3")
    assert [(each.done, each.total) for each in told if each.what == "records"] == [(4, 9)]


async def test_a_full_lot_does_not_wait_for_the_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "KEPT_AT_ONCE", 2)
    told: list[PullProgress] = []
    reader = Feed(page("1", *people(1)), page("2", *people(2)), page("3", *people(3)))
    await pull(replace(desk, reader=reader), told.append)
    assert [each.done for each in told if each.what == "records"] == [2, 3]


async def test_what_was_read_does_not_wait_for_a_page_that_takes_its_time(
    desk: Desk, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "KEPT_WITHIN", 0.01)
    there = asyncio.Event()
    pulled = asyncio.create_task(
        pull(replace(desk, reader=Feed(page("1", *people(1)), FOREVER)), lambda _: there.set())
    )
    await there.wait()
    assert kept(desk) == (before + 1, "1")
    pulled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pulled


async def test_a_line_that_goes_dead_costs_nothing_that_was_read(desk: Desk, before: int) -> None:
    reader = Feed(page("1", *people(1)), page("2", *people(2)), Unreachable("gone", fix="wait"))
    report = await pull(replace(desk, reader=reader))
    assert report.problems == ("sandbox: gone (wait)",)
    assert kept(desk) == (before + 2, "2")
    assert mirror.pulled_at(desk.db, "sandbox") is None
    again = Feed(page("3", *people(3)))
    await pull(replace(desk, reader=again))
    assert again.asked == ["2"] and kept(desk) == (before + 3, "3")


async def test_a_pull_that_is_called_off_keeps_what_it_read(desk: Desk, before: int) -> None:
    feed = Feed(page("1", *people(1)), FOREVER)
    pulled = asyncio.create_task(pull(replace(desk, reader=feed)))
    await until(lambda: feed.waits)
    assert kept(desk) == (before, "")
    pulled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pulled
    assert kept(desk) == (before + 1, "1")
    assert desk.db.in_transaction is False


async def test_what_cannot_be_kept_is_not_kept_by_halves_and_nothing_after_it(
    desk: Desk, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(point: str) -> None:
        if point == "pull.before-commit":
            raise StoreError("no more", fix="wait")

    monkeypatch.setattr(pulling, "KEPT_AT_ONCE", 1)
    reader = Feed(page("1", *people(1)), page("2", *people(2)), page("3", *people(3)))
    report = await pull(replace(desk, reader=reader, at_point=die))
    assert report.problems == ("sandbox: no more (wait)",) and report.records == 0
    assert kept(desk) == (before, "")


async def test_reading_goes_on_while_a_lot_is_kept_but_no_further_than_the_next(
    desk: Desk, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "KEPT_AT_ONCE", 2)
    inside, go_on, given = threading.Event(), threading.Event(), []

    class Counted(Feed):
        async def changes(self, since: str) -> AsyncIterator[ChangePage]:
            async for each in super().changes(since):
                given.append(each.cursor)
                yield each

    def stand_still(point: str) -> None:
        if point == "pull.before-commit":
            inside.set()
            assert go_on.wait(30)

    reader = Counted(*(page(str(each), *people(each)) for each in range(1, 9)))
    pulled = asyncio.create_task(pull(replace(desk, reader=reader, at_point=stand_still)))
    assert await asyncio.to_thread(inside.wait, 30)
    for _ in range(200):  # two are being kept, two wait, and one more was asked for
        await asyncio.sleep(0)
    assert len(given) == 5 and kept(desk) == (before, "")
    desk.db.execute("PRAGMA busy_timeout = 0")
    with pytest.raises(StoreError, match="busy"):
        mirror.save_records(desk.db, people(20))
    go_on.set()
    assert (await pulled).records == 8
    assert kept(desk) == (before + 8, "8")


async def test_removals_and_returns_keep_their_order(desk: Desk, before: int) -> None:
    one, two = people(1, 2)
    reader = Feed(
        page("1", one, two), page("2", gone=(one, two)), page("3", *people(1, name="Back")), page("4", gone=(two,))
    )
    report = await pull(replace(desk, reader=reader))
    assert report.removed == 3
    found = mirror.get_record(desk.db, one.ref)
    assert kept(desk) == (before + 1, "4") and found is not None and found.text("last_name") == "Back"


async def test_the_collector_is_as_it_was_afterwards(desk: Desk) -> None:
    before, during = gc.get_threshold(), []
    reader = Feed(page("1", *people(1)), Unreachable("gone"))
    await pull(replace(desk, reader=reader), lambda _: during.append(gc.get_threshold()))
    assert gc.get_threshold() == before and during == [(pulling.COLLECTED_AFTER, *before[1:])]
