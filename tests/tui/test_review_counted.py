"""The keys and clicks a call's cards take, counted while the rep works in Review."""

from __future__ import annotations

from textual import events

from gangly_tui.flow.decide import reject
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.report import week
from gangly_tui.store.effort import Effort, effort_of
from gangly_tui.tui.screens.reason import ReasonScreen
from gangly_tui.tui.widgets.footer import KeyFooter
from tests.patience import until
from tests.tui.desks import Clock
from tests.tui.reviewing import Rep, drafted, meeting_of, reviewing

CALL = meeting_of("kestrel")


async def _from_today(rep: Rep) -> None:
    await rep.press("1")  # it is a key at these cards, too
    rep.desk.meter.waiting.clear()
    rep.presses = 0
    await rep.pilot.press("2")
    await rep.pilot.pause()


def _taken(desk: Desk) -> Effort:
    return effort_of(desk.db, [CALL]).get(CALL, Effort())


async def test_a_usual_call_is_counted_as_its_seven_keys(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "kestrel")
    for each in cards[6:]:
        reject(demo_desk, each.id)
    async with reviewing(demo_desk, clock, size=(120, 44)) as rep:
        await _from_today(rep)
        while rep.screen.card:
            await rep.read_to_the_end()
            await rep.press("a")
        pressed = 1 + rep.presses
        assert _taken(demo_desk).keys == pressed
        await rep.pilot.press("1", "down", "up")
    assert _taken(demo_desk) == Effort(keys=pressed, seconds=_taken(demo_desk).seconds)
    found = week(demo_desk)
    assert found.keys_per_call == pressed >= 7
    assert found.seconds_at_cards is not None and 0 < found.seconds_at_cards < 1


async def test_what_is_typed_into_a_sheet_counts_for_its_call(demo_desk: Desk, clock: Clock) -> None:
    await drafted(demo_desk, clock, "kestrel", "moravia")
    async with reviewing(demo_desk, clock, size=(120, 44)) as rep:
        await _from_today(rep)
        first = rep.card.meeting_id
        await rep.press("x")
        assert isinstance(rep.app.screen, ReasonScreen)
        await rep.press(*"vague", "enter")
        assert effort_of(demo_desk.db, [first])[first].keys == 8
        await rep.press("right")
        second = rep.card.meeting_id
        assert second != first
        await rep.press("s")
    assert {name: each.keys for name, each in effort_of(demo_desk.db, [first, second]).items()} == {first: 9, second: 1}


async def test_a_click_counts_as_an_action(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "kestrel")
    async with reviewing(demo_desk, clock, size=(120, 44)) as rep:
        await _from_today(rep)
        foot = rep.app.screen.query_one(KeyFooter).region
        for kind in (events.MouseDown, events.MouseUp):  # a pilot's click goes past the app
            rep.app.post_message(
                kind(None, foot.x + 1, foot.y, 0, 0, 1, False, False, False, screen_x=foot.x + 1, screen_y=foot.y)
            )
        await until(lambda: demo_desk.meter.waiting[CALL].clicks)
        await rep.press("s")
        assert (_taken(demo_desk).keys, _taken(demo_desk).clicks) == (2, 1)
    assert cards
