"""An Input that may hold text from outside: what it shows is cleaned, what it holds and gives back is raw."""

from __future__ import annotations

from rich.cells import cell_len, get_character_cell_size
from rich.text import Text
from textual.widgets import Input

from gangly_tui.domain.safe import Safe, in_place


class LineInput(Input):
    """Each raw character is drawn as one harmless character, so cursor and selection stand where they seem to."""

    @property
    def _as_seen(self) -> Safe:
        if self.password:
            return Safe("•" * len(self.value))
        return Safe(in_place(self.value).replace("\t", "␉"))

    @property
    def _value(self) -> Text:
        return Text(self._as_seen, no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return cell_len(self._as_seen[:position])

    def _cell_offset_to_index(self, offset: int) -> int:
        at = 0
        wanted = offset + self.scroll_offset.x
        for index, char in enumerate(self._as_seen):
            at += get_character_cell_size(char)
            if wanted < at:
                return index
        return len(self.value)
