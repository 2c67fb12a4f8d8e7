"""The day above the agenda, with arrows for the mouse."""

from __future__ import annotations

from datetime import date

from textual import events
from textual.content import Content
from textual.widget import Widget

from gangly_tui.tui.text import ago, day, line
from gangly_tui.tui.widgets.agenda import Agenda


class DayBar(Widget):
    """Posts Agenda.DayWanted when an arrow is clicked."""

    def __init__(self) -> None:
        super().__init__()
        self._content = Content("")
        self._summary = Content("")

    def show_day(self, on: date, today: date, summary: str) -> None:
        """Name the day. `summary` is ours, a few words."""
        near = ago(on, today)
        self._content = Content.assemble(("‹ ", "$lead"), (day(on), "bold"), (" ›", "$lead"), (f"  {near}", "$quiet"))
        self._summary = line(summary, style="$quiet")
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        if self.content_size.height > 1:
            return Content("\n  ").join([self._content.truncate(width, ellipsis=True), self._summary])
        return Content("  ").join([self._content, self._summary]).truncate(width, ellipsis=True)

    def on_click(self, event: events.Click) -> None:
        x = event.x - self.gutter.left
        forward = self._content.plain.find("›")
        if x <= 1:
            self.post_message(Agenda.DayWanted(-1))
        elif forward - 1 <= x <= forward + 1:
            self.post_message(Agenda.DayWanted(1))
