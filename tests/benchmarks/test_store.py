"""The store against the bare database under it: commits, a brief, search as one types, a first pull.

Goals: a brief at most 5 ms at 100,000 contacts and a million activities; search at most 15 ms a key there, common
words included; a first pull within 1.5x of decoding and inserting the same bytes. The trail has a file of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count, cycle, islice
from pathlib import Path
from statistics import median

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from gangly_tui.domain.records import Kind, Meeting, RecordRef
from gangly_tui.flow.decide import approve
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.prepare import prepare
from gangly_tui.store import decisions, mirror
from gangly_tui.store.codec import dump_record, load_record
from gangly_tui.store.database import Connection, open_database, transaction
from gangly_tui.store.index import record_entry
from gangly_tui.store.search import find
from gangly_tui.tui.screens.find import LIMIT
from tests.benchmarks.big_store import FULL, KEY, big_store, meetings, records
from tests.benchmarks.timing import clocked, interleaved, report, say
from tests.domain import made
from tests.tui.desks import paper_desk

COMMITS = 300
PULLED = 20_000
PAGE = 2_000


def _desk(folder: Path, db: Connection) -> Desk:
    return replace(paper_desk(folder), db=db)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    """An empty encrypted store."""
    found = open_database(tmp_path / "fresh.db", key=KEY)
    yield found
    found.close()


@pytest.fixture(scope="module")
def big() -> Iterator[Connection]:
    """100,000 contacts, a million activities, 100,000 entries."""
    found = open_database(big_store(), key=KEY)
    yield found
    found.close()


# -- commits ----------------------------------------------------------------------------------------------------------


def _bare_commits(db: Connection, body: str) -> Callable[[], None]:
    """What durability alone costs: one row of as many bytes, in a transaction of its own, in the same file."""
    db.execute("CREATE TABLE bare (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)")
    numbers = count(1)

    def commit() -> None:
        with transaction(db):
            db.execute("INSERT INTO bare VALUES (?, ?)", (next(numbers), body))

    return commit


def test_approve_to_durable_against_a_bare_commit(
    tmp_path: Path, db: Connection, capsys: pytest.CaptureFixture[str], benchmark: BenchmarkFixture
) -> None:
    desk = _desk(tmp_path, db)
    cards = [made.card(id=f"op{number}") for number in range(2 * COMMITS)]
    decisions.save_proposals(db, cards)
    rest = iter([(card.id, card.digest()) for card in cards])
    bare = _bare_commits(db, "x" * 900)
    times = interleaved({"bare commit": bare, "approve": lambda: approve(desk, *next(rest))}, COMMITS)
    report(capsys, "approve, to durable", "bare commit", times)
    benchmark.pedantic(lambda: approve(desk, *next(rest)), rounds=COMMITS)


# -- the brief --------------------------------------------------------------------------------------------------------


def _bare_brief(db: Connection, meeting: Meeting) -> None:
    """The rows of a brief and no more: the account, its people, its deals, its newest touches, decoded."""
    domain = meeting.attendees[0].email.partition("@")[2]
    (account,) = db.execute(
        "SELECT id FROM record WHERE kind = 'account' AND identity = ? AND identity <> ''", (domain,)
    ).fetchone()
    target = str(RecordRef(system="sandbox", kind=Kind.ACCOUNT, id=account))
    for role, limit in (("contact", 10), ("opportunity", 3), ("activity", 20)):
        rows = db.execute(
            """SELECT record.body FROM link JOIN record ON record.rid = link.rid
               WHERE link.target = ? AND link.role = ? ORDER BY link.at DESC LIMIT ?""",
            (target, role, limit),
        )
        for (body,) in rows:
            json.loads(body)


def test_a_brief_beside_a_million_activities(
    tmp_path: Path, big: Connection, capsys: pytest.CaptureFixture[str], benchmark: BenchmarkFixture
) -> None:
    desk = _desk(tmp_path, big)
    calls = [each for shift in range(12) for each in meetings(FULL, shift=shift * 101)]
    brief = prepare(desk, calls[0])
    assert brief.account is not None and len(brief.attendees) == 10
    bare, ours = cycle(calls), cycle(calls)
    contenders = {
        "its rows, decoded": lambda: _bare_brief(big, next(bare)),
        "prepare": lambda: prepare(desk, next(ours)),
    }
    title = "a brief, 100,000 contacts, 1,000,000 activities"
    report(capsys, title, "its rows, decoded", interleaved(contenders, len(calls)), goal="5 ms p50")
    benchmark.pedantic(contenders["prepare"], rounds=len(calls))


# -- search -----------------------------------------------------------------------------------------------------------

TYPED = (
    *("meeting", "good meeting on pricing", "zephyr", "case 471123", "person3@works4711", "jana weiss", "the", "pla"),
    *("re: security of", "jana@", "logins"),  # what mails and signals hold
)


def test_search_as_one_types_in_a_million_notes(
    big: Connection, capsys: pytest.CaptureFixture[str], benchmark: BenchmarkFixture
) -> None:
    def bare() -> None:
        query = "SELECT rowid FROM words WHERE words MATCH 'meeting' ORDER BY rowid DESC LIMIT 100"
        big.execute(query).fetchall()

    times = {
        text[:end]: [clocked(partial(find, big, text[:end], limit=LIMIT)) for _ in range(5)]
        for text in TYPED
        for end in range(1, len(text) + 1)
    }
    every = [each for found in times.values() for each in found]
    name = "newest hits of a common word, rowids alone"
    both = {name: [clocked(bare) for _ in range(15)], f"find, {LIMIT} hits shown": every}
    report(capsys, f"search, one of {len(times)} keys", name, both, goal="15 ms")
    for typed in sorted(times, key=lambda typed: -median(times[typed]))[:5]:
        say(capsys, f"    among the slowest: {typed!r:<28} {median(times[typed]) * 1_000:6.1f} ms")
    benchmark.pedantic(partial(find, big, "meeting", limit=LIMIT), rounds=30)


# -- the first pull ---------------------------------------------------------------------------------------------------


def test_a_first_pull_against_decoding_and_inserting_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], benchmark: BenchmarkFixture
) -> None:
    made_up = list(islice(records(PULLED // 100), PULLED))
    pages = [
        json.dumps([[each.ref.kind.value, each.ref.id, dump_record(each)] for each in made_up[start : start + PAGE]])
        for start in range(0, PULLED, PAGE)
    ]
    words = [[record_entry(0, each)[1:] for each in made_up[start : start + PAGE]] for start in range(0, PULLED, PAGE)]
    numbers = count(1)

    def fresh() -> Connection:
        return open_database(tmp_path / f"pull{next(numbers)}.db", key=KEY)

    def bare(index: bool = False) -> None:
        db = fresh()
        db.execute("CREATE TABLE bare (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL)")
        for page, said in zip(pages, words, strict=True):
            with transaction(db):
                rows = [(kind, id_, body, json.loads(body)) for kind, id_, body in json.loads(page)]
                db.executemany("INSERT INTO bare VALUES (?, ?, ?)", [row[:3] for row in rows])
                if index:
                    db.executemany("INSERT INTO words (title, body) VALUES (?, ?)", said)
        db.close()

    def pull() -> None:
        db = fresh()
        for page in pages:
            with transaction(db):
                mirror.save_records(db, (load_record("sandbox", *row) for row in json.loads(page)))
        db.close()

    contenders = {"decode and insert": bare, "the same, words indexed": partial(bare, True), "our pull": pull}
    title = f"first pull of {PULLED:,} records"
    report(capsys, title, "decode and insert", interleaved(contenders, 5), goal="1.5x")
    benchmark.pedantic(pull, rounds=3)
