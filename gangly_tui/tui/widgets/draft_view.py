"""The live draft beside the page: every item selectable, each leads to the words it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from textual.binding import Binding, BindingType

from gangly_tui.domain.draft import Draft
from gangly_tui.flow.capture import Backdrop
from gangly_tui.tui.widgets.draft_rows import Place, lay_out, places, teaching
from gangly_tui.tui.widgets.page_text import Span
from gangly_tui.tui.widgets.rows import Row, RowView


class DraftView(RowView):
    """Shows a Draft, or how to get one. RowView's Moved and Chosen name an item of `spans`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "fold", "Left out", id="draft.dropped", tooltip="Show or hide what was refused, with the reason"),
    ]

    def __init__(self) -> None:
        super().__init__(marked_always=True)
        self._draft: Draft | None = None
        self._backdrop: Backdrop | None = None
        self._today = date.min
        self._places: Sequence[Place] = ()
        self._unfolded = False

    def show_draft(self, draft: Draft, text: str, backdrop: Backdrop, today: date, *, keep: bool) -> None:
        """Show the reading of `text`; `keep` stays at the selected item."""
        self._draft, self._backdrop, self._today = draft, backdrop, today
        self._places = places(draft, text)
        self.show(self._rows_of_draft, cursor=None if keep else 0)

    def show_teaching(self, *, speech: bool = False) -> None:
        """Show how it works, while there is nothing to read."""
        self._draft, self._places = None, ()
        self.show(lambda width: teaching(width, speech=speech), cursor=0)

    def _rows_of_draft(self, width: int) -> list[Row]:
        if self._draft is None or self._backdrop is None:
            return []
        return lay_out(self._draft, self._backdrop, width, self._today, unfolded=self._unfolded)

    @property
    def draft(self) -> Draft | None:
        """The draft that is shown."""
        return self._draft

    @property
    def spans(self) -> list[Span]:
        """What is to be underlined: everything that was found. What was left out is lit only when it is looked at."""
        if self._draft is None:
            return []
        found = len(self._places) - len(self._draft.dropped)
        shown = self._places if self._unfolded else self._places[:found]
        return [
            Span(start=each.start, end=each.end, item=item, faint=item >= found)
            for item, each in enumerate(shown)
            if each.start >= 0
        ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to unfold when nothing was left out."""
        return action != "fold" or bool(self._draft and self._draft.dropped)

    def action_fold(self) -> None:
        """Show or hide what was refused."""
        self.unfold(not self._unfolded)
        if self._unfolded and self._draft:
            self.cursor = len(self._places) - len(self._draft.dropped)

    def unfold(self, unfolded: bool) -> None:
        """Show what was left out, or hide it."""
        self._unfolded = unfolded
        self.show(self._rows_of_draft)
        self.post_message(self.Moved(self, self.cursor))
