"""Notes with a model on, where somebody's data has to stay home: the cards come, the model is not asked, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gangly_tui.domain.records import Kind
from gangly_tui.store import decisions, mirror
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.screens.review import ReviewScreen
from tests.intelligence.model.calls import reader_of
from tests.intelligence.model.server import items, serving
from tests.tui.desks import Clock, nordwind, paper_desk, screen_text
from tests.tui.notes_desk import open_notes, paste, settled, until
from tests.tui.resting import at_rest
from tests.tui.test_notes_model import CALL


async def test_the_model_is_not_asked_and_the_screen_says_why(tmp_path: Path, clock: Clock) -> None:
    desk = paper_desk(tmp_path, *nordwind(), clock=clock)
    async with serving(items()) as server:
        settings = replace(desk.settings, processing=("EU",))
        app = GanglyApp(replace(desk, model=reader_of(server), settings=settings))
        async with app.run_test(size=(140, 40)) as pilot:
            screen = await open_notes(pilot, "m2")
            guests = {each.email.lower() for each in screen._backdrop.context.attendees if each.email}
            known = mirror.contacts_by_mailbox(desk.db, guests)
            assert known, "somebody of this call is a contact"
            who = next(iter(known.values()))
            assert who.ref.kind is Kind.CONTACT
            mirror.save_records(desk.db, [replace(who, fields={**who.fields, "residency": "US"})])
            await paste(pilot, CALL)
            await settled(pilot, screen)
            await pilot.press("ctrl+s")
            await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
            assert decisions.proposals(desk.db), "the offline engine reads all the same"
            assert f"is not asked: the data of {who.title} stays in US" in " ".join(screen_text(app).split())
            await at_rest(pilot)
            assert not screen.second.busy and server.asked == []
            assert screen.second.words == "model not asked"
    desk.close()
