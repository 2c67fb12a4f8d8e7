"""The pipeline from a store of 100,000 contacts, 30,000 deals (10,000 open) and a million activities.

Goals: the screen's whole look at it well under a second; the marks that every brief asks about at most 1 ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.flow import hygiene
from gangly_tui.store import hygiene as kept
from gangly_tui.store import marks
from gangly_tui.store.database import Connection, open_database
from tests.benchmarks.big_store import KEY, big_store
from tests.benchmarks.timing import interleaved, report
from tests.tui.desks import Clock, paper_desk


@pytest.fixture(scope="module")
def big() -> Iterator[Connection]:
    """100,000 contacts, a million activities."""
    found = open_database(big_store(), key=KEY)
    yield found
    found.close()


def test_a_look_at_the_pipeline(big: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paper = paper_desk(tmp_path, clock=Clock())
    desk = replace(paper, db=big)
    deals, total = kept.open_deals(big, "sandbox")
    assert total == 10_000
    first = deals[0]
    account = RecordRef(system="sandbox", kind=Kind.ACCOUNT, id=first.ids("account")[0])
    rules = hygiene.Rules()
    assert len(kept.facts(big, deals, desk.now())) == kept.MOST
    times = interleaved(
        {
            "the largest 500 of 10,000 open deals": lambda: kept.open_deals(big, "sandbox"),
            "what hangs on those 500": lambda: kept.facts(big, deals, desk.now()),
            "one deal anew": lambda: hygiene.deal_now(desk, first.ref, rules),
            "the questions of an account": lambda: marks.asked_of(big, str(account)),
            "how long each deal stayed in its stage": lambda: [
                kept.keep_stays(big, "sandbox", each) for each in kept.deals_to_keep(big)
            ],
        },
        rounds=7,
    )
    report(capsys, "the pipeline at 100,000 contacts", "one deal anew", times, goal="well under 1 s")
    paper.close()
