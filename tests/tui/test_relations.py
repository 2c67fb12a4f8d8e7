"""Whom the rep knows, in the brief: since when, on the row below the attendee, and `o` opens their page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gangly_tui.domain.relations import Relation
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.prepare import prepare
from gangly_tui.store.relations import save_export
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.widgets.brief_view import BriefView
from tests.tui.desks import NOW, nordwind, screen_text
from tests.tui.test_rows import HOSTILE

URL = "https://www.linkedin.com/in/sam-okafor"


def knows(desk: Desk, **how: object) -> None:
    values: dict[str, object] = {
        "name": "Samuel Okafor", "email": "s.okafor@nordwind-demo.com", "company": "Nordwind", "position": "Controller",
        "year": 2021, "url": URL,
    }  # fmt: skip
    save_export(desk.db, [Relation(**(values | how))], NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(80, 24), (140, 44)])
async def test_since_when_and_their_page(desk: Desk, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    knows(desk)
    opened: list[str] = []
    monkeypatch.setattr(GanglyApp, "open_url", lambda _self, url, **_: opened.append(url))
    app = GanglyApp(desk)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        view = app.screen.query_one(BriefView)
        view.focus()
        while view.source is None or view.source.tag != "linkedin":
            await pilot.press("down")
        await pilot.pause()
        assert "connected since 2021" in screen_text(app) and "linkedin" in screen_text(app)
        await pilot.press("o")
        assert opened == [URL]


async def test_a_page_that_is_not_there_opens_the_invitation_and_hostile_words_are_shown_as_words(desk: Desk) -> None:
    for words in HOSTILE:
        knows(desk, url="", position=words, company=words)
        app = GanglyApp(desk)
        async with app.run_test(size=(140, 44)) as pilot:
            await pilot.pause()
            assert "connected since 2021" in screen_text(app)
            assert app.is_running


def test_a_private_meeting_looks_nobody_up(desk: Desk) -> None:
    knows(desk)
    (meeting,) = [each for each in nordwind()[1] if each.id == "m2"]
    assert any(each.relation for each in prepare(desk, meeting).attendees)
    assert not any(each.relation for each in prepare(desk, replace(meeting, private=True)).attendees)
