"""The day's meetings in time order, with what each waits for and where now is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from gangly_tui.tui.text import cell, content, join
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView

if TYPE_CHECKING:
    from gangly_tui.flow.prepare import MeetingRow

_GLYPHS = {
    "cancelled": ("×", "$quiet"),
    "internal": ("·", "$quiet"),
    "brief ready": ("○", "$lead"),
    "transcript ready": ("◑", "$warn"),
    "notes pending": ("◔", "$warn"),
    "drafted": ("◕", "$lead"),
    "to review": ("●", "$warn"),
    "done": ("✓", "$good"),
    "not processed": ("⊘", "$quiet"),
}
_TWO_LINES_BELOW = 56


class Agenda(RowView):
    """`rows` are the day's; the highlighted one is what the brief is about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left,less_than_sign", "day(-1)", "Day", key_display="←→", id="agenda.before", tooltip="The day before"
        ),
        Binding("right,greater_than_sign", "day(1)", "Day", show=False, id="agenda.after", tooltip="The day after"),
        Binding("t", "day(0)", "To today", show=False, id="agenda.today", tooltip="Back to today"),
    ]

    class DayWanted(Message):
        """Another day: one earlier (-1), one later (1), today (0)."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self) -> None:
        super().__init__(marked_always=True)

    def show_day(self, rows: Sequence[MeetingRow], now: datetime, *, cursor: int) -> None:
        """Show a day's rows. `now` is aware, in the rep's zone; its line appears on its own day only."""
        self.show(lambda width: _lay_out(rows, now, width), cursor=cursor)

    def show_empty(self, words: str, ahead: str) -> None:
        """Show a day without meetings; `ahead` names the next one that has some and can be chosen, raw text."""

        def rows(width: int) -> list[Row]:
            room = max(width - MARGIN, 8)
            found = [Row(left=Content("")), Row(left=cell(words, room, style="$quiet"))]
            if ahead:
                found += [Row(left=Content("")), Row(left=cell(ahead, room), item=0)]
            return found

        self.show(rows, cursor=0)

    def action_day(self, by: int) -> None:
        """Ask for another day."""
        self.post_message(self.DayWanted(by))


def _lay_out(rows: Sequence[MeetingRow], now: datetime, width: int) -> list[Row]:
    room = width - MARGIN
    found: list[Row] = []
    marked = not any(each.meeting.start.astimezone(now.tzinfo).date() == now.date() for each in rows)
    for item, each in enumerate(rows):
        if not marked and each.meeting.end > now:
            running = each.meeting.start <= now
            found.append(_now(now, room, running and not each.meeting.all_day))
            marked = True
        found += _meeting(each, item, now, room)
    if not marked:
        found.append(_now(now, room, running=False))
    return found


def _now(now: datetime, room: int, running: bool) -> Row:
    words = f"{now:%H:%M} now" + (", in it" if running else "") + " "
    return Row(left=Content.assemble((words, "$lead"), ("─" * max(room - len(words), 0), "$faint")))


def _meeting(each: MeetingRow, item: int, now: datetime, room: int) -> list[Row]:
    meeting = each.meeting
    start, end = meeting.start.astimezone(now.tzinfo), meeting.end.astimezone(now.tzinfo)
    first = "all day" if meeting.all_day else f"{start:%H:%M}"
    glyph, style = _GLYPHS[each.state.value]
    words = f"{each.to_review} to review" if each.state.value == "to review" else each.state.value
    state = join(content(glyph, style=style), " ", content(words, style="$quiet" if style == "$quiet" else ""))
    quiet = meeting.cancelled or each.state.value == "internal"
    title_style = "$quiet strike" if meeting.cancelled else "$quiet" if quiet else "bold"
    title = meeting.title or "(no title)"
    if room >= _TWO_LINES_BELOW:
        gap = max(room - 9 - 20, 8)
        left = join(cell(first, 9, style="$quiet"), cell(title, gap - 2, style=title_style), "  ", state)
        return [Row(left=left, item=item)]
    top = join(cell(first, 8), cell(title, max(room - 8, 8), style=title_style))
    below = join(
        cell("" if meeting.all_day else f"{end:%H:%M}", 8, style="$quiet"),
        cell(each.account_name, max(room - 8 - state.cell_length - 2, 0), style="$quiet"),
        "  ",
        state,
    )
    return [Row(left=top, item=item), Row(left=below, item=item)]
