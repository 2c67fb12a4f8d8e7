"""The keys of the screen that is open, in words."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from gangly_tui.tui.text import cell, join
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView

Keys = list[tuple[str, str, str]]
"""(keys, what they do, in a sentence)"""


def keys_of(screen: Screen[object]) -> Keys:
    """Every key that works on a screen now, the nearest first. A binding without an id is Textual's own plumbing."""
    found: dict[str, tuple[list[str], str, str]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not (binding.id and active.enabled):
            continue
        display = screen.app.get_key_display(binding)
        keys, _, _ = found.setdefault(binding.action, ([], binding.description, binding.tooltip))
        if display not in keys:
            keys.append(display)
    return [(" ".join(keys), what, sentence) for keys, what, sentence in found.values()]


class HelpScreen(ModalScreen[None]):
    """Lists keys; any of Esc, ? and q closes it."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "Back", key_display="Esc", id="help.back", tooltip="Close"),
    ]

    def __init__(self, keys: Keys) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static("Keys of this screen", classes="title", markup=False)
            yield RowView()
            yield Static("The mouse works everywhere. Esc back", classes="keys", markup=False)

    def on_mount(self) -> None:
        view = self.query_one(RowView)
        view.show(self._lay_out, cursor=0)
        view.focus()

    def _lay_out(self, width: int) -> list[Row]:
        keys = max((cell_len(each[0]) for each in self._keys), default=0) + 2
        rows = []
        for item, (key, what, sentence) in enumerate(self._keys):
            text = sentence or what
            room = max(width - MARGIN - keys, 8)
            rows.append(Row(left=join(cell(key, keys, style="bold $lead"), cell(text, room)), item=item))
        return rows or [Row(left=Content("no keys here"))]

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss()
