"""Keeps a page while it is typed on: at every pause, at the latest within the second, again when the store refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.timer import Timer

from gangly_tui.domain.draft import Notes
from gangly_tui.domain.errors import GanglyError
from gangly_tui.flow import capture
from gangly_tui.tui.app import app_of

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk
    from gangly_tui.tui.widgets.page_text import PageText

PAUSE = 0.3
"""Seconds without a key after which the page is kept."""
LATEST = 0.8
"""Seconds after which it is kept although the rep types on: a kill costs less than the last second."""
_RETRY = 1.0
_PATIENCE = 0.15
"""Seconds to wait for another window's write before the keys are let go on."""


class PageKeeper:
    """`notes` is the text that is open, `kept` what of it is in the store, `failed` why the newest words are not.

    `changed` is called whenever one of them did.
    """

    def __init__(self, desk: Desk, screen: Screen[None], page: PageText, changed: Callable[[], None]) -> None:
        self._desk = desk
        self._screen = screen
        self._page = page
        self._changed = changed
        self._pause: Timer | None = None
        self._latest: Timer | None = None
        self.notes: Notes
        self.kept = ""
        self.failed = ""

    def open(self, notes: Notes) -> None:
        """Another text is on the page."""
        self.notes, self.kept, self.failed = notes, notes.text, ""

    @property
    def waits(self) -> bool:
        """Whether something was typed since the page was kept."""
        return self._latest is not None

    def typed(self) -> None:
        """A key changed the page."""
        if self._pause:
            self._pause.stop()
        self._pause = self._screen.set_timer(PAUSE, self.keep)
        if self._latest is None:
            self._latest = self._screen.set_timer(LATEST, self.keep)

    def keep(self) -> bool:
        """Keep the page. False when the store cannot: it is said, and tried again a second later."""
        for each in (self._pause, self._latest):
            if each:
                each.stop()
        self._pause = self._latest = None
        text = self._page.text
        if text == self.kept:
            return True
        try:
            kept = capture.keep_page(self._desk, replace(self.notes, text=text), before=self.kept, patience=_PATIENCE)
        except GanglyError as error:
            self.failed = str(error)
            app_of(self._screen).say(f"not saved: {error}", fix=error.fix or "tried again every second", tone="bad")
            if self._screen.is_attached:
                self._latest = self._screen.set_timer(_RETRY, self.keep)
            self._changed()
            return False
        if kept.source != self.notes.source:
            app_of(self._screen).say(
                f"another window has changed this page: yours is kept beside it as {kept.source}", tone="bad"
            )
        elif self.failed:
            app_of(self._screen).say("saved", tone="good")
        self.notes, self.kept, self.failed = kept, text, ""
        self._changed()
        return True
