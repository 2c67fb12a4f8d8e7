"""The line above the trail: the words to look for, the kind, how many entries that leaves."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from gangly_tui.tui.widgets.line_input import LineInput
from gangly_tui.tui.widgets.trail_rows import TrailPages, what


class FilterInput(LineInput):
    """Esc empties it and goes back to the list; Enter and the arrow down keep the words and go there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Clear", key_display="Esc", id="filter.clear", tooltip="No filter; to the list"),
        Binding("down", "submit", "List", show=False, id="filter.list", tooltip="To the list, with the filter kept"),
    ]

    class Left(Message):
        """The rep is done with the filter."""

    def __init__(self) -> None:
        super().__init__(placeholder="f filters by any words", select_on_focus=False)

    def action_leave(self) -> None:
        """Empty it and leave."""
        self.value = ""
        self.post_message(self.Left())


class Tally(Widget):
    """How many entries are shown, of which kind. A click shows the next kind."""

    class Clicked(Message):
        """The next kind is wanted."""

    def __init__(self) -> None:
        super().__init__()
        self._said = Content("")
        self.tooltip = "c or a click: only one kind of entry"

    def tell(self, pages: TrailPages) -> None:
        """Say what the filter leaves of all entries."""
        kind = what(pages.kind) if pages.kind else Content.styled("all kinds", "$quiet")
        count = f"{pages.total:,}" if pages.counted else f"{pages.total:,} so far"
        if pages.kind or pages.text:
            count = f"{count} of {pages.newest:,}"
        noun = "entry" if count == "1" else "entries"
        self._said = kind + Content.styled(f"   {count} {noun}", "$quiet")
        self.refresh(layout=True)

    def render(self) -> Content:
        return self._said

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Clicked())
