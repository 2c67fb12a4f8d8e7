"""What waits, beside the card: calls with their cards; where there is only one line, the call the card belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual import events
from textual.content import Content
from textual.message import Message

from gangly_tui.tui.review_queue import Call, Waiting, mark, plural, short_name
from gangly_tui.tui.text import cell, content, join, line, short_day
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView


class QueueView(RowView, can_focus=False):
    """Items are the cards, in the order of `Waiting.cards`. Posts Moved when one is clicked."""

    class CallWanted(Message):
        """Another call: the one before (-1), the next one (1)."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self) -> None:
        super().__init__(marked_always=True)

    def show_queue(self, waiting: Waiting, current: str, now: datetime) -> None:
        """Show what waits with the current card marked."""
        ids = [each.id for each in waiting.cards]
        at = ids.index(current) if current in ids else 0

        def rows(width: int) -> Sequence[Row]:
            if self.size.height <= 1:
                return _strip(waiting, current, now, width)
            return _list(waiting, now, width)

        self.show(rows, cursor=at)

    def on_click(self, event: events.Click) -> None:
        if self.size.height > 1:
            return
        event.prevent_default()
        width = self.scrollable_content_region.width
        tag = self._rows[0].tag.cell_length if self._rows else 0
        if event.x >= width - tag:
            self.post_message(self.CallWanted(1 if event.x >= width - tag // 2 else -1))

    def _reveal(self) -> None:
        if self.size.height > 1:
            super()._reveal()


def _when(call: Call, now: datetime) -> str:
    if call.start is None:
        return ""
    start = call.start.astimezone(now.tzinfo)
    return f"{start:%H:%M}" if start.date() == now.date() else short_day(start.date(), now.date())


def _list(waiting: Waiting, now: datetime, width: int) -> list[Row]:
    room = width - MARGIN
    rows: list[Row] = []
    item = 0
    if not waiting.calls:
        rows.append(Row(left=Content.styled("no cards wait", "$quiet")))
    for call in waiting.calls:
        if rows:
            rows.append(Row(left=Content("")))
        count = Content.styled(f" {len(call.cards)}", "$lead")
        when = _when(call, now)
        head = cell(call.title, max(room - count.cell_length - len(when) - 1, 6), style="bold")
        rows.append(Row(left=join(head, content(f" {when}", style="$quiet"), count)))
        for card in call.cards:
            sign, style = mark(card)
            put_off = card.id in waiting.later
            tail = "later" if put_off else ""
            name = cell(short_name(card), max(room - 3 - len(tail), 6), style="$quiet" if put_off else "")
            rows.append(Row(left=join(content(f"{sign} ", style=style), name, tail), item=item))
            item += 1
    return rows


def _strip(waiting: Waiting, current: str, now: datetime, width: int) -> list[Row]:
    call = waiting.call_of(current)
    if call is None:
        return [Row(left=Content.styled("no cards wait", "$quiet"))]
    where = waiting.calls.index(call) + 1
    said = plural(len(waiting.cards), "card")
    if len(waiting.calls) > 1:
        said = f"‹ call {where} of {len(waiting.calls)}, {said} ›"
    tag = line(said, style="$quiet")
    when = _when(call, now)
    room = max(width - MARGIN - tag.cell_length - len(when) - 4, 6)
    title = line(call.title, limit=300, style="bold").truncate(room, ellipsis=True)
    return [Row(left=join(content(f"{when}  ", style="$quiet"), title), tag=tag)]
