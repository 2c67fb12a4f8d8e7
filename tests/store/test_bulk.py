"""Many rows at once: each of them is there, in its order, whatever their number."""

from __future__ import annotations

import pytest

from gangly_tui.domain.records import Kind
from gangly_tui.store import bulk, mirror, search
from gangly_tui.store.database import Connection, beside, transaction
from tests.store import made


@pytest.mark.parametrize("number", [0, 1, 31, 32, 36, 255, 256, 257, 599])
def test_every_row_is_there_in_its_order(db: Connection, number: int) -> None:
    db.execute("CREATE TABLE told (position INTEGER PRIMARY KEY, name TEXT, more BLOB)")
    rows = [(f"n{each}", b"\0" * each) for each in range(number)]
    bulk.insert(db, "told (name, more)", rows)
    assert db.execute("SELECT name, more FROM told ORDER BY position").fetchall() == rows


@pytest.mark.parametrize("number", [1, 40, 700])
def test_every_word_is_found(db: Connection, number: int) -> None:
    people = [made.record(Kind.CONTACT, f"c{each}", last_name=f"Lind{each}\0behind") for each in range(number)]
    mirror.save_records(db, people)
    mirror.save_records(db, [made.record(Kind.CONTACT, "c0", last_name="Other")])
    for each in range(1, number):
        (hit,) = search.find(db, f"lind{each} behind")
        assert hit.ref == people[each].ref
    assert [hit.title for hit in search.find(db, "other")] == ["Other"] and not search.find(db, "lind0")
    db.execute("INSERT INTO words (words) VALUES ('integrity-check')")


def test_what_another_thread_writes_is_seen_here_once_it_is_whole(db: Connection) -> None:
    other = beside(db)
    try:
        assert other.path == db.path
        with transaction(other):
            mirror.save_records(other, [made.record(Kind.CONTACT, str(each), last_name="Lind") for each in range(50)])
            assert mirror.count(db, Kind.CONTACT) == 0 and not search.find(db, "lind")
        assert mirror.count(db, Kind.CONTACT) == 50 and len(search.find(db, "lind")) == 50
    finally:
        other.close()
