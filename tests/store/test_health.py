"""What the store keeps of exchanges: sums by day, a bounded number of the latest, what limits have left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gangly_tui.domain.errors import StoreFull
from gangly_tui.store import health
from gangly_tui.store.database import Connection, open_database, transaction
from gangly_tui.store.health import Exchange, Limit, Recorder

AT = datetime(2026, 11, 24, 23, 59, tzinfo=UTC)


def exchange(seconds: float = 0.1, *, write: bool = False, result: str = "ok", at: datetime = AT) -> Exchange:
    return Exchange(system="salesforce", at=at, write=write, seconds=seconds, result=result)


@pytest.fixture
def db(tmp_path: Path) -> Connection:
    return open_database(tmp_path / "store.db")


def test_a_day_is_summed_by_direction_and_result(db: Connection) -> None:
    later = AT + timedelta(minutes=2)
    health.record(db, [exchange(0.1), exchange(0.5), exchange(write=True, result="Refused"), exchange(at=later)])
    found = [(each.day, each.write, each.result, each.count, each.slowest) for each in health.days(db)]
    assert found == [
        ("2026-11-24", False, "ok", 2, 0.5),
        ("2026-11-24", True, "Refused", 1, 0.1),
        ("2026-11-25", False, "ok", 1, 0.1),
    ]
    assert health.days(db)[0].seconds == pytest.approx(0.6)
    assert [each.day for each in health.days(db, "2026-11-25")] == ["2026-11-25"]


def test_the_latest_are_bounded_and_newest_first(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LATEST", 10)
    for number in range(25):
        health.record(db, [exchange(number)])
    kept = health.latest(db, "salesforce")
    assert [each.seconds for each in kept] == [float(each) for each in range(24, 14, -1)]
    assert kept[0] == exchange(24.0)
    assert health.days(db)[0].count == 25
    health.record(db, [exchange(at=AT + timedelta(days=health.DAYS + 2))])
    assert len(health.days(db)) == 1, "a day older than that is let go"


def test_a_limit_stands_as_it_was_last_said(db: Connection) -> None:
    said = Limit(system="hubspot", name="10 s", left=80, of=100, resets_at=AT + timedelta(seconds=9), at=AT)
    health.record_limit(db, said)
    newer = Limit(system="hubspot", name="10 s", left=79, of=100, resets_at=None, at=AT + timedelta(seconds=1))
    health.record_limit(db, newer)
    assert health.limits(db) == [newer]


def test_the_recorder_writes_in_batches_a_write_at_once_and_never_in_anothers_transaction(db: Connection) -> None:
    recorder = Recorder(db)
    recorder.note(exchange())
    assert health.latest(db, "salesforce") == []
    with transaction(db):
        recorder.note(exchange(write=True))
        recorder.flush()
    assert health.latest(db, "salesforce") == []
    recorder.note(exchange(write=True))
    assert len(health.latest(db, "salesforce")) == 3
    for _ in range(Recorder.BATCH):
        recorder.note(exchange())
    assert len(health.latest(db, "salesforce")) == 3 + Recorder.BATCH
    recorder.note(exchange(), Limit(system="salesforce", name="day", left=1, of=2, resets_at=None, at=AT))
    recorder.flush()
    assert len(health.limits(db)) == 1


def test_a_store_that_cannot_take_it_costs_counts_only(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreFull("the disk is full")

    recorder = Recorder(db)
    with monkeypatch.context() as patch:
        patch.setattr(health, "record", full)
        recorder.note(exchange(write=True))
    recorder.note(exchange(write=True))
    assert len(health.latest(db, "salesforce")) == 1


def test_tokens_are_summed_by_day_and_model_of_the_answers_that_tell_them(db: Connection) -> None:
    def asked(sent: int, got: int, at: datetime = AT) -> Exchange:
        return Exchange(system="model m at localhost", at=at, write=False, seconds=9.0, result="ok", sent=sent, got=got)

    health.record(db, [asked(1200, 80), asked(0, 0), asked(300, 20), asked(5, 1, AT + timedelta(minutes=2))])
    found = [(each.day, each.system, each.answers, each.sent, each.got) for each in health.tokens(db)]
    assert found == [
        ("2026-11-24", "model m at localhost", 2, 1500, 100),
        ("2026-11-25", "model m at localhost", 1, 5, 1),
    ]
    assert [each.sent for each in health.tokens(db, "2026-11-25")] == [5]
    health.record(db, [exchange(at=AT + timedelta(days=health.DAYS + 2))])
    assert health.tokens(db) == []
