"""Reading and writing are different doors: prep cannot write, and only an approval opens the outbox."""

from __future__ import annotations

import inspect

import pytest

from gangly_tui.connectors.record.sandbox import SandboxReader
from gangly_tui.domain import ports
from gangly_tui.flow import capture, prepare, pull
from gangly_tui.store import engagement
from tests.flow.conftest import House

WRITES = {name for name, _ in inspect.getmembers(ports.RecordWriter, inspect.isfunction) if not name.startswith("_")}


def test_the_read_door_has_no_write_method() -> None:
    assert {"update", "create", "remove"} <= WRITES
    assert not WRITES & set(dir(SandboxReader))
    assert not WRITES & set(dir(ports.RecordReader))


class Tripwire:
    """A writer that raises on any touch."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"prep reached for {name}")


async def test_a_whole_morning_of_prep_never_touches_the_writer(house: House) -> None:
    house.desk.courier._writer = Tripwire()  # type: ignore[assignment]
    before = house.crm.execute("SELECT max(change), count(*) FROM record").fetchall()
    await pull.pull(house.desk)
    meeting = engagement.get_meeting(house.desk.db, "m1")
    assert meeting
    prepare.prepare(house.desk, meeting)
    await prepare.refresh(house.desk.reader, house.desk.db, meeting, house.desk.hierarchy, frozenset({"seller.com"}))
    prepare.day(house.desk, house.clock().date())
    notes = capture.open_notes(house.desk, "m1")
    text = "Ada: We can sign on November 15.\n"
    await capture.propose(
        house.desk,
        type(notes)(id=notes.id, meeting_id="m1", text=text, updated_at=notes.updated_at, source="notes"),
    )
    assert await house.desk.courier.deliver_due() == []
    assert house.crm.execute("SELECT max(change), count(*) FROM record").fetchall() == before


def test_the_verbs_before_the_approval_are_not_given_a_writer() -> None:
    for module in (pull, prepare, capture):
        source = inspect.getsource(module)
        assert "writer" not in source.lower() or "RecordWriter" not in source
        assert ".courier" not in source


@pytest.mark.parametrize("verb", ["update", "create", "remove"])
def test_the_tripwire_bites(verb: str) -> None:
    with pytest.raises(AssertionError, match=verb):
        getattr(Tripwire(), verb)
