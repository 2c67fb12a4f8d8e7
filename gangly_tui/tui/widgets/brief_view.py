"""The brief beside the agenda: every line selectable, every line with its source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from gangly_tui.domain.brief import Brief, Source
from gangly_tui.tui.messages import DealChosen, SourceWanted
from gangly_tui.tui.text import content
from gangly_tui.tui.widgets.brief_rows import Item, lay_out
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView


class BriefView(RowView):
    """Shows a Brief, or a few sentences when there is none. Posts SourceWanted and DealChosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "source", "Source", id="brief.source", tooltip="Open the record this line comes from"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._items: Sequence[Item] = ()

    def show_brief(self, brief: Brief, now: datetime, *, hint: str = "", keep: bool = False) -> None:
        """Show a brief prepared before; `keep` stays at the selected line."""

        def rows(width: int) -> list[Row]:
            laid_out, self._items = lay_out(brief, width, now, airy=True, hint=hint)
            if len(laid_out) > self.size.height:  # one screen matters more than air
                laid_out, self._items = lay_out(brief, width, now, airy=False, hint=hint)
            return laid_out

        self.show(rows, cursor=None if keep else 0)

    def show_words(self, heading: str, sentences: Sequence[str]) -> None:
        """Show plain sentences instead of a brief."""

        def rows(width: int) -> list[Row]:
            self._items = ()
            room = max(width - MARGIN - 2, 10)
            found = [Row(left=Content("")), Row(left=content(heading, limit=300, style="bold"))]
            for each in sentences:
                found.append(Row(left=Content("")))
                found += [Row(left=part) for part in content(each, limit=1_000, style="$quiet").wrap(room)]
            return found

        self.show(rows, cursor=0)

    @property
    def source(self) -> Source | None:
        """Where the selected line comes from."""
        return self._items[self.cursor].source if self._items else None

    def action_source(self) -> None:
        """Ask for the source of the selected line."""
        if self.source:
            self.post_message(SourceWanted(self.source))

    def on_row_view_tag_clicked(self, event: RowView.TagClicked) -> None:
        event.stop()
        self.post_message(SourceWanted(self._items[event.item].source))

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        item = self._items[event.item]
        self.post_message(DealChosen(item.deal) if item.deal else SourceWanted(item.source))
