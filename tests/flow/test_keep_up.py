"""Between two pulls: what is beside the CRM is looked at again, sooner while a recording may come in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gangly_tui.domain.errors import SignInNeeded
from gangly_tui.flow.keep_up import AFTER_A_CALL, USUALLY, keep_up, rest
from gangly_tui.flow.pull import pull
from gangly_tui.store import engagement
from gangly_tui.store.left_alone import leave_alone
from tests.flow.conftest import CALL, House

LINK = "https://us06web.zoom.us/j/81234567890"


async def with_zoom(house: House) -> None:
    """The calendar is somebody else's, and the call was held in Zoom."""
    house.calendar.system = "zoom"
    house.calendar.found = [replace(house.calendar.found[0], system="zoom", link=LINK)]
    await pull(house.desk)


async def test_where_there_is_nothing_but_the_crm_nothing_is_looked_at(house: House) -> None:
    assert rest(house.desk) is None


async def test_a_call_that_is_over_is_looked_at_sooner_until_its_transcript_is_there_or_not_to_come(
    house: House,
) -> None:
    await with_zoom(house)
    assert rest(house.desk) == AFTER_A_CALL
    for moment in (CALL + timedelta(minutes=10), CALL + timedelta(hours=3)):
        house.clock.at, before = moment, house.clock.at
        assert rest(house.desk) == USUALLY, "it is not over, or over for long"
        house.clock.at = before
    leave_alone(house.desk.db, "m1")
    assert rest(house.desk) == USUALLY


async def test_a_call_without_a_link_or_a_recorder_is_awaited_by_nobody(house: House) -> None:
    house.calendar.system = "files"
    await pull(house.desk)
    assert rest(house.desk) == USUALLY
    await with_zoom(house)
    assert rest(replace(house.desk, recorders=())) == USUALLY


async def test_what_came_in_is_there_and_the_crm_was_not_asked(house: House) -> None:
    await with_zoom(house)
    house.calendar.texts["m1"] = "WEBVTT"

    class Closed:
        system = "sandbox"

        def __getattr__(self, name: str) -> object:
            raise AssertionError(f"the CRM was asked: {name}")

    report = await keep_up(replace(house.desk, reader=Closed()))  # type: ignore[arg-type]
    assert (report.transcripts, report.problems, report.sign_in) == (1, (), "")
    assert engagement.transcript_of(house.desk.db, "m1") == "WEBVTT"
    assert rest(house.desk) == USUALLY


async def test_the_system_that_asks_for_a_sign_in_is_named(house: House) -> None:
    await with_zoom(house)

    class Ended:
        system = "zoom"

        async def transcripts(self, *_: object) -> None:
            raise SignInNeeded("the session has ended", fix="gangly connect zoom")

    desk = replace(house.desk, recorders=(Ended(),))  # type: ignore[arg-type]
    assert (await keep_up(desk)).sign_in == "zoom"
    whole = await pull(desk)
    assert whole.sign_in == "zoom" and whole.problems == ("zoom: the session has ended (gangly connect zoom)",)
