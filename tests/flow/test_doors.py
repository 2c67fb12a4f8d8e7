"""Reading and writing are different doors: prep cannot write, and only an approval opens the outbox."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from pathlib import Path

import pytest

from gangly_tui.connectors.record.sandbox import SandboxReader
from gangly_tui.domain import ports
from gangly_tui.flow import capture, decide, prepare, pull
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, engagement
from tests.flow.conftest import House
from tests.flow.steps import card_of, cards, land

WRITES = {name for name, _ in inspect.getmembers(ports.RecordWriter, inspect.isfunction) if not name.startswith("_")}


def test_the_read_door_has_no_write_method() -> None:
    assert {"update", "create", "remove"} <= WRITES
    assert not WRITES & set(dir(SandboxReader))
    assert not WRITES & set(dir(ports.RecordReader))


class Tripwire:
    """A writer that raises on any touch."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"prep reached for {name}")


async def morning(house: House) -> None:
    """Everything a rep does before the first approval."""
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


async def test_a_whole_morning_of_prep_never_touches_the_writer(house: House) -> None:
    house.desk.courier._writer = Tripwire()  # type: ignore[assignment]
    before = house.crm.execute("SELECT max(change), count(*) FROM record").fetchall()
    await morning(house)
    assert house.crm.execute("SELECT max(change), count(*) FROM record").fetchall() == before
    assert decisions.deliveries(house.desk.db) == []


async def test_a_prep_that_writes_would_be_caught(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.desk.courier._writer = Tripwire()  # type: ignore[assignment]

    def writes(desk: Desk, *_: object) -> None:
        desk.courier._writer.update  # noqa: B018 - one touch is enough

    monkeypatch.setattr(prepare, "prepare", writes)
    with pytest.raises(AssertionError, match="prep reached for update"):
        await morning(house)


FLOW = Path(capture.__file__).parent
CARRIERS = {"deliver.py", "desk.py"}
"""The courier, and the desk that holds it."""


def _reaches_for_a_writer(source: str) -> bool:
    """Whether a verb names the courier, or anything that writes."""
    words = {
        each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "")
        for each in ast.walk(ast.parse(source))
    }
    return bool(words & {"courier", "Courier", "RecordWriter", "writer", "_writer"})


def test_no_verb_but_the_courier_is_given_a_writer() -> None:
    verbs = [each for each in FLOW.glob("*.py") if each.name not in CARRIERS]
    assert {"pull.py", "prepare.py", "capture.py", "decide.py"} <= {each.name for each in verbs}
    assert [each.name for each in verbs if _reaches_for_a_writer(each.read_text())] == []
    assert _reaches_for_a_writer((FLOW / "deliver.py").read_text())


@pytest.mark.parametrize(
    "code",
    ["await desk.courier.deliver_due()", "from x import y\nasync def f(w: RecordWriter): ...", "self._writer.update()"],
)
def test_the_look_for_writers_bites(code: str) -> None:
    assert _reaches_for_a_writer(f"async def verb(desk):\n    {code.splitlines()[-1]}")


def test_only_an_approval_puts_something_into_the_outbox() -> None:
    """`put_delivery` is called where a person has decided, and where what they decided moves on."""
    callers = {
        each.relative_to(FLOW.parent).as_posix()
        for each in FLOW.parent.rglob("*.py")
        if any(getattr(node, "attr", "") == "put_delivery" for node in ast.walk(ast.parse(each.read_text())))
    }
    assert callers == {"flow/decide.py", "flow/arrows.py"}
    tree = ast.parse((FLOW / "decide.py").read_text())
    verbs = [each for each in tree.body if isinstance(each, ast.FunctionDef)]
    putting = {
        each.name for each in verbs if any(getattr(node, "attr", "") == "put_delivery" for node in ast.walk(each))
    }
    assert putting == {"approve", "undo"}


async def test_what_lies_in_the_outbox_without_an_approval_of_that_card_never_leaves(house: House) -> None:
    """Put there by hand, with the right payload: no approval, or one for another card, sends nothing."""
    card = card_of(await cards(house), "close_date")
    decide.approve(house.desk, card.id, card.digest())
    taken = decisions.get_delivery(house.desk.db, card.id)
    approval = decisions.approval_of(house.desk.db, card.id)
    assert taken and approval
    decisions.save_approval(house.desk.db, replace(approval, digest="0" * 64))
    house.desk.courier._writer = Tripwire()  # type: ignore[assignment]
    assert await land(house) == ["the card is not the one that was approved"]
    house.desk.db.execute("DELETE FROM approval")
    decisions.put_delivery(house.desk.db, taken)
    assert await land(house) == ["the card is not the one that was approved"]


@pytest.mark.parametrize("verb", ["update", "create", "remove"])
def test_the_tripwire_bites(verb: str) -> None:
    with pytest.raises(AssertionError, match=verb):
        getattr(Tripwire(), verb)
