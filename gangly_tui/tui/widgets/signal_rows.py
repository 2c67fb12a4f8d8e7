"""Signals as rows: what happened, its detail, and the step a play asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from textual.content import Content

from gangly_tui.domain.signals import Signal, SignalKind
from gangly_tui.flow.work_signal import Advice
from gangly_tui.tui.text import ago, cell, join, line
from gangly_tui.tui.widgets.rows import MARGIN, Row

_KINDS = 20
"""Cells for the kind."""
_AGE = 10
LOOKS: Mapping[SignalKind, tuple[str, str]] = {
    SignalKind.BOOKED: ("+", "$lead"),
    SignalKind.MOVED: ("→", "$warn"),
    SignalKind.CANCELLED: ("✗", "$bad"),
    SignalKind.REPLY: ("«", "$good"),
    SignalKind.STAKEHOLDER: ("+", "$lead"),
    SignalKind.JOB: ("⇄", "$warn"),
    SignalKind.STAGE: ("▲", "$warn"),
    SignalKind.STALLED: ("‖", "$warn"),
    SignalKind.PAST: ("!", "$bad"),
    SignalKind.USAGE: ("~", "$lead"),
    SignalKind.INTENT: ("?", "$good"),
}
"""Mark and colour. The word stands beside the mark; the colour only helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A signal with what its play asks for; None where no play fits."""

    signal: Signal
    advice: Advice | None


def lay_out(found: Sequence[Shown], width: int, today: date, zone: tzinfo) -> list[Row]:
    """Three rows a signal, with a row of air between two."""
    rows: list[Row] = []
    for item, each in enumerate(found):
        if item:
            rows.append(Row(left=Content("")))
        rows += _item(each, item, width, today, zone)
    return rows


def _item(shown: Shown, item: int, width: int, today: date, zone: tzinfo) -> Iterable[Row]:
    signal = shown.signal
    mark, style = LOOKS[signal.kind]
    room = max(width - MARGIN - 2 - _KINDS - _AGE, 12)
    wide = max(width - MARGIN - 2 - _KINDS, 12)
    title = line(signal.title, limit=300, style="bold").truncate(room, ellipsis=True)
    kind = cell(signal.kind.value, _KINDS, style=style)
    age = line(ago(signal.at.astimezone(zone), today), style="$quiet")
    yield Row(left=join(cell(mark, 1, style=style), " ", kind, title), tag=age, item=item)
    blank = " " * (2 + _KINDS)
    detail = line(signal.detail or "no more is known", limit=400, style="$quiet").truncate(wide, ellipsis=True)
    yield Row(left=join(blank, detail), item=item)
    yield Row(left=join(blank, _asked(shown.advice, wide)), item=item)


def _asked(advice: Advice | None, room: int) -> Content:
    if advice is None:
        return line("no play fits: gangly signals plays --own", style="$quiet").truncate(room, ellipsis=True)
    more = "  + mail" if advice.mail else ""
    step = line(f"w  {advice.step}", limit=400, style="$lead").truncate(max(room - len(more), 4), ellipsis=True)
    return join(step, Content.styled(more, "$quiet"))
