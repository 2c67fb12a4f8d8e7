"""The gaps of one deal as a list that goes on into the next deal."""

from __future__ import annotations

from textual.message import Message

from gangly_tui.tui.widgets.rows import RowView


class GapView(RowView):
    """The gaps of one deal; going past an end is going to the next deal."""

    class Past(Message):
        """The cursor was sent beyond the first or the last gap."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def action_move(self, by: int) -> None:
        """To the next gap, or past the end."""
        if 0 <= self.cursor + by < self.items:
            super().action_move(by)
        else:
            self.post_message(self.Past(by))
