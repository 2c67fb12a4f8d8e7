"""Capture: texts side by side, never over one another; drafting offline; the same notes twice."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from gangly_tui.connectors.record import sandbox_db
from gangly_tui.domain.draft import Notes
from gangly_tui.domain.errors import InputError, StoreError, Unreachable
from gangly_tui.domain.proposal import Proposal, ProposalState
from gangly_tui.domain.records import RecordRef
from gangly_tui.flow.capture import (
    MAX_CHARACTERS,
    autosave,
    backdrop,
    is_speech,
    keep_file,
    keep_page,
    open_notes,
    outcome,
    propose,
    sources,
)
from gangly_tui.flow.decide import approve, edit, reject
from gangly_tui.store import decisions, engagement
from gangly_tui.store.database import open_database
from tests.flow.conftest import CALL, House
from tests.patience import LONG

SHORTHAND = """acme call
- wants to sign by 15 November
- comparing w/ Globex
- me -> send the security whitepaper by friday
"""


def names(house: House) -> list[str]:
    return [each.source for each in sources(house.desk, "m1")]


def typed(house: House, text: str) -> Notes:
    notes = replace(sources(house.desk, "m1")[0], text=text)
    autosave(house.desk, notes)
    return notes


def of(cards: list[Proposal], field: str) -> Proposal:
    return next(each for each in cards if each.group == "field" and each.changes[0].field == field)


def step(cards: list[Proposal]) -> Proposal:
    return next(each for each in cards if each.group == "next step")


def open_cards(house: House) -> list[Proposal]:
    return list(decisions.proposals(house.desk.db, states=(ProposalState.OPEN,), meeting_id="m1"))


# -- texts -----------------------------------------------------------------------------------------------------------


async def test_a_meeting_without_texts_has_one_empty_page(house: House) -> None:
    assert names(house) == ["notes"]
    assert open_notes(house.desk, "m1").text == ""
    assert engagement.notes_of(house.desk.db, "m1") == [], "looking writes nothing"


async def test_files_are_kept_beside_the_page_and_beside_one_another(house: House) -> None:
    typed(house, "my own words")
    assert keep_file(house.desk, "m1", "/some/where/call.vtt", "WEBVTT one").source == "transcript"
    assert keep_file(house.desk, "m1", "call.vtt", "WEBVTT two").source == "import:call.vtt"
    assert keep_file(house.desk, "m1", "recap.md", "one").source == "import:recap.md"
    assert keep_file(house.desk, "m1", "recap.md", "two").source == "import:recap.md (2)"
    assert keep_file(house.desk, "m1", "recap.md", "one").source == "import:recap.md", (
        "the same text is the same source"
    )
    assert names(house) == ["notes", "transcript", "import:call.vtt", "import:recap.md", "import:recap.md (2)"]
    kept = {each.source: each.text for each in engagement.notes_of(house.desk.db, "m1")}
    assert kept["notes"] == "my own words"
    assert kept["transcript"] == "WEBVTT one"


async def test_a_transcript_from_the_meeting_system_stands_beside_a_dropped_one(house: House) -> None:
    keep_file(house.desk, "m1", "call.vtt", "WEBVTT dropped")
    engagement.save_transcript(house.desk.db, "m1", "WEBVTT pulled", house.desk.now())
    found = sources(house.desk, "m1")
    assert [(each.source, each.text) for each in found[1:]] == [
        ("transcript", "WEBVTT dropped"),
        ("transcript:sandbox", "WEBVTT pulled"),
    ]
    assert all(is_speech(each.source) for each in found[1:])
    assert not is_speech("notes") and not is_speech("import:transcript.md")


async def test_a_transcript_that_is_ready_is_opened_first_until_the_rep_writes(house: House) -> None:
    engagement.save_transcript(house.desk.db, "m1", "WEBVTT pulled", house.desk.now())
    assert open_notes(house.desk, "m1").source == "transcript"
    typed(house, "mine")
    assert open_notes(house.desk, "m1").source == "notes"
    assert names(house) == ["notes", "transcript"]


async def test_a_name_that_is_free_is_taken_before_another_window_can_take_it(house: House) -> None:
    open_ = []
    desk = replace(house.desk, at_point=lambda point: open_.append((point, house.desk.db.in_transaction)))
    keep_file(desk, "m1", "recap.md", "one")
    assert open_ == [("file.before-commit", True), ("file.committed", False)]


@pytest.mark.parametrize("name", ["\x1b[2Jx\u202e.md", "..", "/", "", "a\nb.md", "x" * 5_000])
async def test_a_hostile_file_name_is_a_tame_source(house: House, name: str) -> None:
    source = keep_file(house.desk, "m1", name, f"text of {name!r}").source
    assert source.startswith("import:")
    assert len(source) < 140
    assert source.isprintable()


async def test_too_long_a_text_is_refused_and_nothing_is_kept(house: House) -> None:
    with pytest.raises(InputError, match="characters") as refused:
        typed(house, "x" * (MAX_CHARACTERS + 1))
    assert refused.value.fix
    assert engagement.notes_of(house.desk.db, "m1") == []


async def test_an_impatient_save_gives_up_at_once_where_another_window_writes(house: House, tmp_path: Path) -> None:
    other = open_database(tmp_path / "store" / "store.db")
    other.execute("BEGIN IMMEDIATE")
    notes = replace(open_notes(house.desk, "m1"), text="words")
    house.desk.db.execute("PRAGMA busy_timeout = 600000")
    began = time.monotonic()
    with pytest.raises(StoreError):
        keep_page(house.desk, notes, before="", patience=0.1)
    assert time.monotonic() - began < LONG
    other.execute("ROLLBACK")
    other.close()
    keep_page(house.desk, notes, before="", patience=0.1)
    assert open_notes(house.desk, "m1").text == "words"
    assert house.desk.db.execute("PRAGMA busy_timeout").fetchone()[0] == 600_000


async def test_a_page_that_another_window_changed_gets_a_place_of_its_own(house: House) -> None:
    page = open_notes(house.desk, "m1")
    mine = keep_page(house.desk, replace(page, text="mine"), before="", patience=1)
    keep_page(house.desk, replace(page, text="theirs"), before="mine", patience=1)
    again = keep_page(house.desk, replace(mine, text="mine, longer"), before="mine", patience=1)
    assert again.source == "notes (2)"
    assert keep_page(house.desk, replace(again, text="longest"), before="mine, longer", patience=1).id == again.id
    third = keep_page(house.desk, replace(page, text="third"), before="mine", patience=1)
    assert {each.source: each.text for each in sources(house.desk, "m1")} == {
        "notes": "theirs",
        "notes (2)": "longest",
        third.source: "third",
    }


async def test_what_stands_behind_a_meeting_is_read_from_the_store_alone(house: House) -> None:
    house.desk.reader.close()  # type: ignore[attr-defined]  # nothing here may ask the CRM
    behind = backdrop(house.desk, "m1")
    assert [each.title for each in behind.deals] == ["Platform 2026"]
    assert [each.title for each in behind.contacts] == ["Ada Lind"]
    assert behind.context.account_name == "Acme GmbH"
    with pytest.raises(InputError, match="no meeting"):
        backdrop(house.desk, "gone")


# -- offline ---------------------------------------------------------------------------------------------------------


class Counting:
    """The read door of a CRM that is away; counts who knocks."""

    def __init__(self, system: str) -> None:
        self.system = system
        self.asked = 0

    async def read(self, ref: RecordRef) -> None:
        self.asked += 1
        raise Unreachable("the CRM cannot be reached")

    async def find(self, kind: object, key: object) -> None:
        self.asked += 1
        raise Unreachable("the CRM cannot be reached")


async def test_without_the_crm_cards_stand_on_the_store_and_only_one_call_is_tried(house: House) -> None:
    door = Counting(house.desk.reader.system)
    desk = replace(house.desk, reader=door)  # type: ignore[arg-type]
    said: list[Unreachable] = []
    cards = await propose(desk, typed(house, SHORTHAND), away=said.append)
    assert of(cards, "close_date").changes[0].before == date(2026, 9, 30)
    assert len(said) == 1
    assert door.asked == 1


async def test_with_the_crm_nobody_is_told_anything(house: House) -> None:
    said: list[Unreachable] = []
    assert await propose(house.desk, typed(house, SHORTHAND), away=said.append)
    assert said == []


# -- again -----------------------------------------------------------------------------------------------------------


async def test_the_same_notes_twice_ask_everything_once(house: House) -> None:
    first = await propose(house.desk, typed(house, SHORTHAND))
    second = await propose(house.desk, typed(house, SHORTHAND))
    assert [each.heading for each in second] == [each.heading for each in first]
    assert [each.id for each in open_cards(house)] == [each.id for each in second]


async def test_edited_notes_do_not_ask_again_what_was_decided(house: House) -> None:
    first = await propose(house.desk, typed(house, SHORTHAND))
    close, competitor, task = of(first, "close_date"), of(first, "competitor"), step(first)
    approve(house.desk, close.id, close.digest())
    reject(house.desk, competitor.id, "not them")
    approve(house.desk, task.id, task.digest())
    second = await propose(house.desk, typed(house, SHORTHAND + "- their CFO signs\n- Ada -> send us the org chart\n"))
    again = {(each.group, *(change.field for change in each.changes)) for each in second if each.group == "field"}
    assert ("field", "close_date") not in again
    assert ("field", "competitor") not in again
    subjects = [str(each.changes[1].after) for each in second if each.group == "next step"]
    assert len(subjects) == 1 and "org chart" in subjects[0]
    states = {each: decisions.proposal_state(house.desk.db, each) for each in (close.id, competitor.id, task.id)}
    assert list(states.values()) == [ProposalState.APPROVED, ProposalState.REJECTED, ProposalState.APPROVED]
    assert decisions.get_proposal(house.desk.db, close.id) == close


async def test_a_value_that_the_rep_corrected_is_not_proposed_again(house: House) -> None:
    first = await propose(house.desk, typed(house, SHORTHAND))
    card = edit(house.desk, of(first, "close_date").id, "close_date", "2026-12-01")
    approve(house.desk, card.id, card.digest())
    task = edit(house.desk, step(first).id, "subject", "Send the whitepaper and the SOC 2 report")
    approve(house.desk, task.id, task.digest())
    second = await propose(house.desk, typed(house, SHORTHAND + "\nnothing more\n"))
    assert not [each for each in second if each.group == "next step"]
    assert not [each for each in second if each.group == "field" and each.changes[0].field == "close_date"]
    assert [each for each in second if each.group == "field" and each.changes[0].field == "competitor"]


async def test_a_card_that_was_edited_and_waits_stays_as_edited(house: House) -> None:
    first = await propose(house.desk, typed(house, SHORTHAND))
    card = edit(house.desk, of(first, "close_date").id, "close_date", "2026-12-01")
    second = await propose(house.desk, typed(house, SHORTHAND + "\nmore\n"))
    assert of(second, "close_date").id == card.id
    assert [each for each in open_cards(house) if each.group == "field" and each.changes[0].field == "close_date"] == [
        card
    ]


async def test_notes_that_propose_nothing_say_what_was_left_out(house: House) -> None:
    notes = typed(house, "Maybe they could sign in December, who knows.")
    assert await propose(house.desk, notes) == []
    left = outcome(house.desk, notes)
    assert left.decided == 0
    assert left.draft is not None and left.draft.dropped


async def test_the_before_on_a_card_is_the_crm_s_value_of_now_not_the_mirror_s(house: House) -> None:
    db = house.crm
    sandbox_db.update(db, house.deal.ref, {"close_date": date(2026, 10, 10)}, by="Kim", at=CALL - timedelta(days=1))
    db.close()
    cards = await propose(house.desk, typed(house, SHORTHAND))
    assert of(cards, "close_date").changes[0].before == date(2026, 10, 10)
