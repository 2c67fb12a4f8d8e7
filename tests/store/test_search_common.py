"""Search where a word is too common to gather all its hits: the newest candidates are looked through instead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gangly_tui.domain.records import Kind
from gangly_tui.store import mirror, search
from gangly_tui.store.database import Connection
from gangly_tui.store.index import SPACE, SPACES, first_rowid
from tests.store import made

ALL = len(SPACES) * SPACE


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes too long is what a test says, not what a busy machine does."""
    monkeypatch.setattr(search, "_LIMIT", 5.0)


@pytest.fixture
def many(db: Connection) -> Connection:
    """Two thousand calls that hold `meeting`, every tenth `Prïcing` and `person3@works7.com`; one contact."""
    calls = [
        made.record(
            Kind.ACTIVITY,
            f"t{n}",
            updated=made.NOW + timedelta(minutes=n),
            type="call",
            subject=f"Call {n}",
            at=made.NOW + timedelta(minutes=n),
            body="A good meeting" + (" on Prïcing with person3@works7.com" if n % 10 == 0 else " on rollout"),
        )
        for n in range(2_000)
    ]
    contact = made.record(Kind.CONTACT, "c1", first_name="Mia", last_name="Meetinger", email="mia@works7.com")
    mirror.save_records(db, [*calls, contact])
    return db


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every query for the beginning of a word that the index has no beginnings for takes too long."""
    real = search._matches

    def matches(db: Connection, query: str, top: int, limit: int) -> tuple[list[int], bool]:
        last = query.split('"')[-2]
        gathers = query.rstrip(")").endswith("*") and not 2 <= len(search._pieces(last)[-1]) <= search._INDEXED
        return ([], False) if gathers else real(db, query, top, limit)

    monkeypatch.setattr(search, "_matches", matches)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("typed", "newest"),
    [
        ("meeti", "t1999"),
        ("meeting", "t1999"),
        ("good meeti", "t1999"),
        ("m", "t1999"),
        ("meeting on pric", "t1990"),
        ("pricing", "t1990"),
        ("PRÏCI", "t1990"),
        ("person3@work", "t1990"),
        ("meeting p", "t1990"),
        ("good meeting x", "t1999"),
    ],
)
def test_the_newest_of_a_common_beginning_are_found(many: Connection, typed: str, newest: str) -> None:
    hits = search.find(many, typed, limit=60)
    calls = [each.ref.id for each in hits if each.ref and each.ref.kind is Kind.ACTIVITY]
    assert calls[0] == newest
    assert calls == sorted(calls, key=lambda each: -int(each[1:]))


@pytest.mark.usefixtures("impatient")
def test_what_is_rare_beside_it_is_found_too(many: Connection) -> None:
    found = [each.ref.id for each in search.find(many, "meeti", limit=200) if each.ref]
    assert "c1" in found
    assert search.find(many, "meetzzzz") == []
    assert [each.ref.id for each in search.find(many, "meetinger") if each.ref] == ["c1"]


def test_a_query_that_computes_too_long_is_ended_and_the_store_goes_on(
    many: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = search._matches(many, '"meeti"*', ALL, 5_000)
    assert (len(whole[0]), whole[1]) == (2_001, True)
    with monkeypatch.context() as hasty:
        hasty.setattr(search, "_LIMIT", 0.0)
        hasty.setattr(search, "_STEPS", 1)
        found, ended = search._matches(many, '"meeti"*', ALL, 5_000)
        assert len(found) < 2_000 and not ended
    assert search._matches(many, '"meeti"*', ALL, 5_000) == whole


def test_a_title_below_a_space_that_takes_too_long_comes_first_all_the_same(
    many: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.save_records(many, [made.record(Kind.ACCOUNT, "a1", name="Meeting Works")])
    mirror.save_records(many, [made.record(Kind.OPPORTUNITY, "o1", name="Works", next_step="meeting")])
    real, below = search._matches, first_rowid("activity")

    def matches(db: Connection, query: str, top: int, limit: int) -> tuple[list[int], bool]:
        return ([], False) if query.startswith("{title}") and top >= below else real(db, query, top, limit)

    monkeypatch.setattr(search, "_matches", matches)
    found = [each.ref.id for each in search.find(many, "meeting", limit=30) if each.ref]
    assert found[:2] == ["a1", "c1"] and set(found) == {"a1", "c1", *(f"t{n}" for n in range(1_999, 1_971, -1))}


def test_each_space_gives_its_newest_where_another_is_full(many: Connection) -> None:
    found, cut = search._sweep(many, '"meet"*', 40)
    assert ({space: len(each) for space, each in found.items()}, cut) == ({"activity": 40, "contact": 1}, frozenset())
    newest = [f"t{n}" for n in range(1_999, 1_959, -1)]
    assert [each.ref.id for each in search.hits_of(many, found["activity"], ["meet"]) if each.ref] == newest


def test_no_limit_stays_behind_on_the_connection(many: Connection) -> None:
    search.find(many, "meeting")
    (total,) = many.execute("SELECT count(*) FROM record a, record b").fetchone()
    assert total == 2_001**2
