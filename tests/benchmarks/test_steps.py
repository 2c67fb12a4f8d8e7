"""The looks that follow a pull, at 100,000 deals: how long nobody else has a turn meanwhile, and how long they take.

Goal: no key waits longer than 30 ms for them. The peer is one statement that opens every deal, as they did before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from statistics import median
from time import perf_counter

import pytest

from gangly_tui.domain.records import FieldStamp, Kind, Record, RecordRef
from gangly_tui.flow import hygiene, signals
from gangly_tui.flow.desk import Desk
from gangly_tui.store import mirror
from gangly_tui.store.database import open_database
from tests.benchmarks.big_store import KEY
from tests.benchmarks.timing import say
from tests.tui.desks import NOW, Clock, paper_desk

DEALS = 100_000
LIMIT = 30.0
"""milliseconds"""
_STAGES = ("Discovery", "Demo", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
_EVERY = """SELECT count(*) FROM record WHERE kind = 'opportunity'
    AND lower(json_extract(body, '$[3].stage')) <> 'closed'
    AND (json_extract(body, '$[3].close_date.d') < '2026-11' OR json_extract(body, '$[3].stage_since.d') < '2026-09')"""


def _deals() -> Iterator[Record]:
    for number in range(DEALS):
        at = NOW - timedelta(days=number % 400, minutes=number % 1_440)
        fields = {
            "name": f"Deal {number}",
            "account": f"a{number % 10_000}",
            "stage": _STAGES[number % 6],
            "stage_since": (NOW - timedelta(days=number % 200)).date(),
            "amount": Decimal(1_000 + number * 7 % 90_000),
            "currency": "EUR",
            "close_date": (NOW + timedelta(days=number % 120 - 30)).date(),
            "owner": "ana@lumenworks.com" if number % 100 == 0 else f"rep{number % 97}@lumenworks.com",
        }
        yield Record(
            ref=RecordRef(system="sandbox", kind=Kind.OPPORTUNITY, id=f"d{number}"),
            version="1",
            fields=fields,
            updated_at=at,
            updated_by="Kim",
            changed={"stage": FieldStamp(by="Kim", at=at)},
        )


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Clock]]:
    """A rep with a thousand deals among a hundred thousand, in an encrypted store."""
    folder, clock = tmp_path_factory.mktemp("crowd"), Clock()
    db = open_database(folder / "crowd.db", key=KEY)
    mirror.save_records(db, _deals())
    paper = paper_desk(folder, clock=clock)
    yield replace(paper, db=db), clock
    db.close()
    paper.close()


async def _waits(work: Awaitable[object]) -> list[float]:
    """Milliseconds between two turns of another task while the work goes on."""
    found, over = [0.0], False

    async def other() -> None:
        while not over:
            began = perf_counter()
            await asyncio.sleep(0)
            found.append((perf_counter() - began) * 1_000)

    task = asyncio.ensure_future(other())
    await work
    over = True
    await task
    return found


async def test_no_key_waits_for_the_looks_after_a_pull(
    crowd: tuple[Desk, Clock], capsys: pytest.CaptureFixture[str]
) -> None:
    desk, clock = crowd
    every = []
    for _ in range(5):
        began = perf_counter()
        desk.db.execute(_EVERY).fetchone()
        every.append((perf_counter() - began) * 1_000)
    say(capsys, f"\nthe looks after a pull at {DEALS:,} deals; goal: no wait over {LIMIT:.0f} ms")
    say(capsys, f"  {'one statement that opens every deal':<44} {median(every):8.1f} ms  {median(every) / LIMIT:5.2f}x")
    looks: dict[str, Callable[[Desk], Awaitable[object]]] = {"signals": signals.notice, "the picture": hygiene.snapshot}
    for day in ("first", "second", "third"):
        for name, look in looks.items():
            waits = sorted(await _waits(look(desk)))
            most, usual = waits[-1], waits[int(len(waits) * 0.95)]
            say(
                capsys,
                f"  {f'{name}, {day} day':<44} {most:8.1f} ms  {most / LIMIT:5.2f}x  95 of 100 under {usual:.1f} ms, "
                f"{sum(waits):.0f} ms in all, {most / median(every):.2f}x of the statement",
            )
        assert desk.db.execute("SELECT count(*) FROM signal").fetchone()[0]
        clock.forward(86_400)
