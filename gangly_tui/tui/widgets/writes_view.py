"""Today's writes, newest first: what each is doing right now, with a tick once it was read back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gangly_tui.domain.outbox import Delivery, DeliveryState
from gangly_tui.tui.review_queue import Write
from gangly_tui.tui.text import cell, content, join, line
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView

_STANDS: dict[DeliveryState, tuple[str, str, str]] = {
    DeliveryState.ATTEMPTED: ("→", "$lead", "sending"),
    DeliveryState.SENT: ("✓", "$good", "saved, read back"),
    DeliveryState.CONFLICT: ("≠", "bold $warn", "conflict: its card is back"),
    DeliveryState.REJECTED: ("!", "bold $bad", "refused: its card is back"),
    DeliveryState.UNKNOWN: ("?", "$warn", "not sure it arrived: reading back"),
    DeliveryState.SHADOWED: ("◌", "$quiet", "shadow mode: not sent"),
    DeliveryState.WITHDRAWN: ("↶", "$quiet", "taken back before it left"),
}


class WritesView(RowView, can_focus=False):
    """Only looked at; what can be done with a write is `u`."""

    def show_writes(self, writes: Sequence[Write], now: datetime) -> None:
        """Show the writes as they stand now."""
        self.display = bool(writes)
        self.show(lambda width: [_row(each, now, width) for each in writes])


def stands(delivery: Delivery, now: datetime) -> tuple[str, str, str]:
    """Sign, style and words for where a write stands. Raw text."""
    if delivery.state is not DeliveryState.APPROVED:
        return _STANDS[delivery.state]
    left = (delivery.due_at - now).total_seconds()
    seconds = f"{max(round(left), 1)} s"
    if delivery.error:
        return "…", "$warn", f"waits: {delivery.error}" + (f", again in {seconds}" if left > 0 else "")
    return "…", "$lead", f"leaves in {seconds}" if left > 0 else "on its way"


def _row(write: Write, now: datetime, width: int) -> Row:
    sign, style, said = stands(write.delivery, now)
    room = max(width - MARGIN - 2, 8)
    state = line(said, limit=200, style="$quiet").truncate(max(room * 3 // 5, 8), ellipsis=True)
    name = cell(write.name, max(room - state.cell_length - 2, 4))
    return Row(left=join(content(f"{sign} ", style=style), name, "  ", state))
