"""Notes with a model on: the built-in draft at once, the model's findings behind it, and Esc."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from gangly_tui.domain.proposal import Proposal, ProposalState
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.screens.notes import NotesScreen
from gangly_tui.tui.screens.review import ReviewScreen
from tests.intelligence.model.calls import reader_of
from tests.intelligence.model.server import ModelServer, Told, items, serving
from tests.tui.desks import Clock, nordwind, paper_desk, screen_text
from tests.tui.notes_desk import open_notes, paste, settled, until
from tests.tui.resting import at_rest

CALL = """Ana Silva: Thanks for the time. For three sites the platform is 48,000 EUR a year.
Jana Weiss: That works for us. We can sign on December 15, after the board meets.
Jana Weiss: Noor Haddad runs dispatch and she would join next time.
Ana Silva: I'll send the order form by Friday.
"""
NOOR = {"field": "contact", "value": "Noor Haddad", "quote": "Noor Haddad runs dispatch", "turn": 3}
SIGN = {"field": "close_date", "value": "2026-12-15", "quote": "We can sign on December 15", "turn": 2}


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    made = paper_desk(tmp_path, *nordwind(), clock=clock)
    yield made
    made.close()


def with_model(desk: Desk, server: ModelServer) -> Desk:
    return replace(desk, model=reader_of(server))


def cards(desk: Desk) -> dict[str, Proposal]:
    return {each.id: each for each in decisions.proposals(desk.db, states=[ProposalState.OPEN])}


async def pasted(pilot: Pilot[None]) -> NotesScreen:
    screen = await open_notes(pilot, "m2")
    await paste(pilot, CALL)
    await settled(pilot, screen)
    return screen


async def test_a_model_is_named_and_not_asked_while_somebody_types(desk: Desk) -> None:
    async with serving(items(NOOR)) as server:
        app = GanglyApp(with_model(desk, server))
        async with app.run_test(size=(140, 40)) as pilot:
            await pasted(pilot)
            await at_rest(pilot)
            assert "model on: 127.0.0.1" in screen_text(app)
            assert server.asked == []


async def test_cards_come_at_once_and_the_models_join_them(desk: Desk) -> None:
    async with serving(Told(text=items(NOOR, SIGN).text, hang=0.8)) as server:
        app = GanglyApp(with_model(desk, server))
        async with app.run_test(size=(140, 40)) as pilot:
            screen = await pasted(pilot)
            await pilot.press("ctrl+s")
            await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
            assert screen.second.busy
            first = cards(desk)
            assert first
            review = app.screen
            assert isinstance(review, ReviewScreen)
            await until(pilot, lambda: review.card is not None)
            shown = review.card
            await until(pilot, lambda: not screen.second.busy)
            await pilot.pause()
            after = cards(desk)
            assert len(after) == len(first) + 1
            assert {each.target_name for at, each in after.items() if at not in first} == {"Noor Haddad"}
            for at, card in first.items():  # nothing is replaced: at most its confidence is another
                assert after[at].changes == card.changes
                assert after[at].evidence == card.evidence
            (close,) = [at for at, card in first.items() if any(each.field == "close_date" for each in card.changes)]
            assert after[close].confidence > first[close].confidence
            assert review.card is not None and shown is not None
            assert review.card.id == shown.id
            assert "127.0.0.1: 1 more card, 1 confirmed, 0 contradicted" in screen_text(app)
            assert len(server.readings) == 1


async def test_escape_stops_the_question_and_keeps_what_was_read(desk: Desk) -> None:
    async with serving(Told(text=items(NOOR).text, hang=30)) as server:
        app = GanglyApp(with_model(desk, server))
        async with app.run_test(size=(140, 40)) as pilot:
            screen = await pasted(pilot)
            await pilot.press("ctrl+s")
            await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
            first = cards(desk)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is screen)
            await until(pilot, lambda: "Esc stops" in screen_text(app))
            assert "asking 127.0.0.1" in screen_text(app)
            await pilot.press("escape")
            await pilot.pause()
            assert app.screen is screen
            assert not screen.second.busy
            assert "called off" in screen_text(app)
            assert cards(desk) == first


async def test_a_model_that_fails_says_why_and_the_cards_stand(desk: Desk) -> None:
    async with serving(Told(status=401, text="bad key")) as server:
        app = GanglyApp(with_model(desk, server))
        async with app.run_test(size=(140, 40)) as pilot:
            screen = await pasted(pilot)
            await pilot.press("ctrl+s")
            await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
            await until(pilot, lambda: not screen.second.busy)
            await pilot.pause()
            assert "does not accept the key (401); what was read here stands" in screen_text(app)
            assert cards(desk)


async def test_a_contradiction_marks_the_card_that_waits(desk: Desk) -> None:
    text = CALL.replace(
        "Jana Weiss: Noor", "Jana Weiss: Maria Brandt, our finance director, signs everything.\nJana Weiss: Noor"
    )
    row = {"field": "economic_buyer", "value": "Maria Brandt", "quote": "Maria Brandt, our finance director, signs"}
    async with serving(Told(text=items(row).text, hang=0.5)) as server:
        app = GanglyApp(with_model(desk, server))
        async with app.run_test(size=(140, 40)) as pilot:
            screen = await open_notes(pilot, "m2")
            await paste(pilot, text)
            await settled(pilot, screen)
            await pilot.press("ctrl+s")
            await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
            (before,) = [each for each in cards(desk).values() if each.changes[0].field == "economic_buyer"]
            await until(pilot, lambda: not screen.second.busy)
            after = cards(desk)[before.id]
            assert after.changes == before.changes
            if before.changes[0].after == "Maria Brandt":
                assert after.confidence > before.confidence
            else:
                assert after.against is not None
                assert "Maria Brandt" in after.reading
                assert after.digest() != before.digest()


async def test_the_same_text_is_asked_about_once(desk: Desk) -> None:
    async with serving(items(NOOR)) as server:
        app = GanglyApp(with_model(desk, server))
        async with app.run_test(size=(80, 24)) as pilot:
            screen = await pasted(pilot)
            for _ in range(2):
                await pilot.press("ctrl+s")
                await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
                await until(pilot, lambda: not screen.second.busy)
                await pilot.press("escape")
                await until(pilot, lambda: app.screen is screen)
            assert len(server.readings) == 1
            assert sum(each.target_name == "Noor Haddad" for each in cards(desk).values()) == 1


async def test_a_line_of_the_model_stands_in_the_draft_with_its_name_and_on_no_card(desk: Desk) -> None:
    text = CALL + "Jana Weiss: Our dispatch team works from Rotterdam and Ghent.\n"
    said = "dispatch team works from Rotterdam and Ghent"
    row = {"field": "summary_line", "value": "Their dispatch team works from Ghent", "quote": said}
    async with serving(Told(text=items(row).text, hang=0.5)) as server:
        app = GanglyApp(with_model(desk, server))
        async with app.run_test(size=(140, 40)) as pilot:
            screen = await open_notes(pilot, "m2")
            await paste(pilot, text)
            await settled(pilot, screen)
            await pilot.press("ctrl+s")
            await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
            first = cards(desk)
            await until(pilot, lambda: not screen.second.busy)
            await pilot.pause()
            assert cards(desk) == first
            assert "no more cards, 1 in the summary here" in screen_text(app)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is screen)
            await until(pilot, lambda: "worded by m" in screen_text(app))
            assert "Their dispatch team works from Ghent" in screen_text(app)
            await pilot.press("ctrl+s")  # laid out anew, the line known: still none of it on a card
            await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
            bodies = [str(each.after) for card in cards(desk).values() for each in card.changes]
            assert not any("works from Ghent" in each and "Their" in each for each in bodies)
