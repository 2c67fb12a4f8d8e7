"""Asking for the next meeting: a card at the day that was said, into the calendar once, taken back by undo."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from gangly_tui.domain.errors import DecisionError, InputError
from gangly_tui.domain.invitation import clock_in
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import ProposalState
from gangly_tui.domain.records import Kind, Value
from gangly_tui.flow import decide
from gangly_tui.flow.invite import asks_when, invite
from gangly_tui.store import decisions
from tests.flow.conftest import CALL, House
from tests.flow.posts import invited, with_account
from tests.flow.steps import cards, land

AGREED = "Ada: Let us meet again for a demo on September 30 at 3 pm.\nRobin: I'll set up the demo on September 30.\n"
WHEN = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", ["google", "microsoft"])
async def test_it_goes_into_the_calendar_is_read_back_and_undo_takes_it_out(house: House, name: str) -> None:
    site = with_account(house, name)
    before = invited(site)
    card = invite(house.desk, "m1", WHEN, 45)
    fields: dict[str, Value] = {each.field: each.after for each in card.changes}
    assert (fields["at"], fields["minutes"], card.note) == (WHEN, 45, "") and "ada@acme.de" in str(fields["to"])
    assert "robin@seller.com" not in str(fields["to"])
    decide.approve(house.desk, card.id, card.digest())
    assert await land(house) == ["saved, read back"] and invited(site) == before + 1
    inverse = decide.undo(house.desk, card.id).inverse
    assert inverse is not None
    decide.approve(house.desk, inverse.id, inverse.digest())
    assert await land(house) == ["saved, read back"] and invited(site) == before


async def test_it_stands_on_the_day_that_was_agreed_and_says_what_nobody_said(house: House) -> None:
    with_account(house, "google")
    await cards(house, AGREED)
    card = invite(house.desk, "m1")
    when = next(each.after for each in card.changes if each.field == "at")
    assert isinstance(when, datetime) and (when.month, when.day) == (9, 30)
    assert card.evidence is not None and "September 30" in card.evidence.text
    assert asks_when(card) is bool(card.note) and ("no time was said" in card.note or when.hour == 15)


async def test_without_a_day_it_asks_and_an_edit_settles_that(house: House) -> None:
    with_account(house, "google")
    card = invite(house.desk, "m1")
    assert asks_when(card) and "no day was said" in card.note
    edited = decide.edit(house.desk, card.id, "at", "2026-10-02 11:00+00:00")
    assert not asks_when(edited) and edited.note == ""


async def test_a_second_wish_takes_the_place_of_the_first_and_new_cards_leave_it(house: House) -> None:
    with_account(house, "google")
    first, second = invite(house.desk, "m1", WHEN), invite(house.desk, "m1", WHEN + timedelta(days=1))
    assert decisions.proposal_state(house.desk.db, first.id) is ProposalState.SUPERSEDED
    await cards(house)
    assert [each.id for each in decide.queue(house.desk) if each.kind is Kind.INVITATION] == [second.id]


async def test_what_cannot_be_an_invitation_says_why(house: House) -> None:
    with pytest.raises(DecisionError, match="no calendar is connected"):
        invite(house.desk, "m1", WHEN)
    with_account(house, "google")
    with pytest.raises(InputError, match="is over"):
        invite(house.desk, "m1", CALL - timedelta(days=1))
    with pytest.raises(InputError, match="lasts some minutes"):
        invite(house.desk, "m1", WHEN, 0)
    card = invite(house.desk, "m1", WHEN)
    decide.approve(house.desk, card.id, card.digest())
    assert decisions.get_delivery(house.desk.db, card.id).state is DeliveryState.APPROVED  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("said", "clock"),
    [
        ("on Tuesday at 3 pm", time(15)),
        ("at 14:30 then", time(14, 30)),
        ("12 am", time(0)),
        ("12 pm", time(12)),
        ("um 9 Uhr", time(9)),
        ("at 3 pm or 4 pm", None),
        ("40 stores on the 30th", None),
        ("25:99", None),
    ],
)
def test_a_time_is_read_only_where_one_was_said(said: str, clock: time | None) -> None:
    assert clock_in(said) == clock
