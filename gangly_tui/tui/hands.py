"""Every key and click passes here first, so that those at a call's cards are counted. Which they are is not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import App
from textual.screen import Screen

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk


class AtCards(Screen[None]):
    """A screen that shows the cards of calls."""

    @property
    def call_id(self) -> str:
        """The call whose card is on screen, "" when there is none."""
        raise NotImplementedError


class CountingApp(App[None]):
    """An app that counts for its desk's meter."""

    desk: Desk | None = None

    async def on_event(self, event: events.Event) -> None:
        acts = isinstance(event, (events.Key, events.MouseDown, events.Paste))
        if acts and self.desk is not None and not event.is_forwarded:
            call = next((each.call_id for each in reversed(self.screen_stack) if isinstance(each, AtCards)), "")
            self.desk.meter.press(call, self.desk.now(), click=isinstance(event, events.MouseDown))
        await super().on_event(event)
