"""The last line of defence: no control or override leaves for the terminal, whatever widget let it through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.filter import LineFilter

from gangly_tui.domain.safe import in_place

if TYPE_CHECKING:
    from textual.color import Color


class NothingActs(LineFilter):
    """Looks at each line as it is drawn. Text of ours was cleaned long before; this is for widgets we did not write."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments, with what could act on a terminal made visible; no copy where nothing does."""
        if all(text.isascii() and text.isprintable() for text, _, _ in segments):
            return segments
        return [Segment(in_place(text).replace("\t", " "), style, control) for text, style, control in segments]
