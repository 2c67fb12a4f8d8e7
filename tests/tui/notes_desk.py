"""What the pilots of Notes share: opening it, typing, pasting, waiting until it is at rest."""

from __future__ import annotations

from time import monotonic

from textual import events
from textual.pilot import Pilot

from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.screens.notes import NotesScreen
from gangly_tui.tui.widgets.page_text import PageText

KEYS = {" ": "space", "\n": "enter"}


async def open_notes(pilot: Pilot[None], meeting_id: str) -> NotesScreen:
    """The notes of a meeting, once the app has read its calendar."""
    app = pilot.app
    assert isinstance(app, GanglyApp)
    await until(pilot, lambda: app.today is not None and bool(app.today.titles()))
    app.open_notes(meeting_id)
    await pilot.pause()
    assert isinstance(app.screen, NotesScreen)
    return app.screen


async def type_in(pilot: Pilot[None], text: str) -> None:
    """Type, key by key."""
    await pilot.press(*(KEYS.get(each, each) for each in text))


async def paste(pilot: Pilot[None], text: str) -> None:
    """A bracketed paste."""
    assert pilot.app.focused is not None
    pilot.app.focused.post_message(events.Paste(text))
    await pilot.pause()


async def settled(pilot: Pilot[None], screen: NotesScreen) -> None:
    """Wait until what is on the page is kept and read."""
    page = screen.query_one(PageText)
    await until(
        pilot, lambda: screen.keeper.kept == page.text and screen._reading_since is None and not screen._reading_soon
    )
    await pilot.pause()


async def until(pilot: Pilot[None], holds: object, seconds: float = 60) -> None:
    """Wait until something holds; fails when it does not in time."""
    assert callable(holds)
    end = monotonic() + seconds
    while not holds():
        assert monotonic() < end, "waited in vain"
        await pilot.pause(0.02)
