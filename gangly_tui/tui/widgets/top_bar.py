"""The first line of every screen: where you are, where you can go, how many signals wait, the time."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.widget import Widget

from gangly_tui.domain.errors import GanglyError
from gangly_tui.store.signals import count_open
from gangly_tui.tui.app import app_of
from gangly_tui.tui.text import content, line

TABS = (
    ("1", "today", "Today"),
    ("2", "review", "Review"),
    ("3", "pipeline", "Pipeline"),
    ("4", "signals", "Signals"),
    ("5", "trail", "Trail"),
    ("6", "health", "Health"),
)
_ROOMY, _LEAST = 100, 8
"""Columns from which the tabs stand further apart; fewer cells than that at the right say nothing."""


_EVERY = 2.0
"""Seconds between two counts: a pull, a listener in another window, or a morning may bring signals."""
_MOST = 99


class TopBar(Widget):
    """`active` names the tab that is lit; a screen without a number lights none. Signals says how many are open.

    Where the title does not fit, what stands behind its last two spaces goes before the rest: the time of a day.
    """

    def __init__(self, active: str = "", *, title: str = "") -> None:
        super().__init__()
        self._active = active
        self._title = title
        self._signals = 0
        self._spots: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        self.recount()
        self.set_interval(_EVERY, self._tick)

    def _tick(self) -> None:
        if self.screen.is_current:
            self.recount()

    def recount(self) -> None:
        """Ask the store how many signals are open now."""
        desk = app_of(self).desk
        try:
            count = count_open(desk.db, desk.now()) if desk else 0
        except GanglyError:  # a store that cannot be read is told by who needs it
            return
        if count != self._signals:
            self._signals = count
            self.refresh()

    def retitle(self, title: str) -> None:
        """Change the words at the right, raw text."""
        self._title = title
        self.recount()
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        gap = 3 if width >= _ROOMY else 2
        parts: list[Content | str] = [Content.styled("gangly", "bold $lead"), "   "]
        at = 9
        self._spots = []
        for key, name, label in TABS:
            tab = Content.assemble((key, "$lead"), " ", (label, "bold" if name == self._active else "$quiet"))
            if name == "signals" and self._signals:
                more = "+" if self._signals > _MOST else ""
                tab = Content.assemble(tab, content(f" {min(self._signals, _MOST)}{more}", style="bold"))
            self._spots.append((at, at + tab.cell_length, name))
            parts += [tab, " " * gap]
            at += tab.cell_length + gap
        right, room = line(self._title, style="$quiet"), width - at + gap - 1
        if right.cell_length > room:
            right = line(self._title.rpartition("  ")[2], style="$quiet")
        if right.cell_length > room:
            right = right.truncate(room, ellipsis=True) if room >= _LEAST else Content("")
        parts[-1] = " " * max(width - at + gap - right.cell_length, 0)
        return Content("").join([*parts, right])

    def on_click(self, event: events.Click) -> None:
        x = event.x - self.gutter.left
        for start, end, name in self._spots:
            if start <= x < end:
                app_of(self).action_go(name)
