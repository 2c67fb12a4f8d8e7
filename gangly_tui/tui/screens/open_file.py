"""Ask for a file of notes, speech or mail: type a path, the folder's files complete it, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from os import DirEntry, scandir
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from gangly_tui.tui.text import cell, join, line
from gangly_tui.tui.widgets.line_input import LineInput
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView

SUFFIXES = (".txt", ".md", ".vtt", ".srt", ".eml")
LIMIT = 300
_HINT = "↑↓ choose   Tab completes   Enter opens   Esc back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A folder or a file that fits what was typed."""

    path: Path
    folder: bool
    changed: float


class OpenFileScreen(ModalScreen[Path | None]):
    """Dismissed with a path, or None. It looks into folders; it reads no file."""

    CSS_PATH = "open_file.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", key_display="Esc", id="file.back", tooltip="Back without opening"),
        Binding("tab", "complete", "Complete", id="file.complete", tooltip="Put the marked name into the path"),
        Binding("up", "move(-1)", "Up", show=False, id="file.up", tooltip="The name above"),
        Binding("down", "move(1)", "Down", show=False, id="file.down", tooltip="The name below"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="file.page-up", tooltip="One page up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="file.page-down", tooltip="One page down"),
    ]

    _folder: ClassVar[Path | None] = None
    """where the last file was opened from"""

    def __init__(self) -> None:
        super().__init__()
        self._found: Sequence[Found] = ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield LineInput(value=_typed(type(self)._folder or Path.cwd()), select_on_focus=False)
            yield RowView(marked_always=True)
            yield Static(_HINT, classes="said", markup=False)

    def on_mount(self) -> None:
        self.query_one(RowView).can_focus = False
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        said = self.query_one(".said", Static)
        try:
            self._found = look(event.value)
        except OSError as error:
            self._found = ()
            said.update(line(f"this folder cannot be read: {(error.strerror or 'no such folder').lower()}", limit=200))
        else:
            empty = f"no {' '.join(SUFFIXES)} here that begins so"
            said.update(Content(_HINT if self._found else empty))
        self.query_one(RowView).show(self._lay_out, cursor=0)

    def _lay_out(self, width: int) -> list[Row]:
        rows = []
        for item, each in enumerate(self._found):
            when = "" if each.folder else f"{datetime.fromtimestamp(each.changed):%d %b %Y %H:%M}"
            room = max(width - MARGIN - 20, 10)
            name = cell(each.path.name + ("/" if each.folder else ""), room, style="$quiet" if each.folder else "bold")
            rows.append(Row(left=join(name), tag=cell(when, 18, style="$quiet", right=True), item=item))
        return rows

    def action_move(self, by: int) -> None:
        """Move through the names while the path stays in the input."""
        self.query_one(RowView).action_move(by)

    def action_page(self, by: int) -> None:
        """A page of names on or back."""
        self.query_one(RowView).action_page(by)

    def action_complete(self) -> None:
        """Put the marked name into the path."""
        if self._found:
            self._put(self._found[self.query_one(RowView).cursor])

    def _put(self, found: Found) -> None:
        box = self.query_one(Input)
        box.value = _typed(found.path) if found.folder else str(found.path)
        box.cursor_position = len(box.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        path = _path(event.value)
        if path and path.is_file():
            self._choose(path)
        elif self._found:
            self._take(self._found[self.query_one(RowView).cursor])
        else:
            self.query_one(".said", Static).update(line(f"there is no file {event.value.strip()}", limit=200))

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        self._take(self._found[event.item])

    def on_row_view_tag_clicked(self, event: RowView.TagClicked) -> None:
        event.stop()
        self._take(self._found[event.item])

    def _take(self, found: Found) -> None:
        if found.folder:
            self._put(found)
        else:
            self._choose(found.path)

    def _choose(self, path: Path) -> None:
        type(self)._folder = path.parent
        self.dismiss(path)

    def action_cancel(self) -> None:
        """Back without opening."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)


def look(typed: str) -> list[Found]:
    """What a path typed so far may become: files by age, the newest first, then folders. Raises OSError."""
    path = _path(typed)
    if path is None:
        return []
    whole = not typed.strip() or typed.rstrip().endswith(("/", "\\"))
    folder, begin = (path, "") if whole else (path.parent, path.name.casefold())
    found = []
    with scandir(folder) as entries:
        for each in entries:
            if not each.name.casefold().startswith(begin) or (each.name.startswith(".") and not begin.startswith(".")):
                continue
            made = _fitting(each, folder)
            if made:
                found.append(made)
    return nsmallest(LIMIT, found, key=lambda each: (each.folder, -each.changed, each.path.name.casefold()))


def _fitting(entry: DirEntry[str], folder: Path) -> Found | None:
    try:
        if entry.is_dir():
            return Found(path=folder / entry.name, folder=True, changed=0)
        if entry.name.lower().endswith(SUFFIXES) and entry.is_file():
            return Found(path=folder / entry.name, folder=False, changed=entry.stat().st_mtime)
    except OSError:
        return None  # it vanished while we looked
    return None


def _path(typed: str) -> Path | None:
    try:
        return Path(typed.strip() or ".").expanduser()
    except (RuntimeError, ValueError):  # ~nobody
        return None


def _typed(folder: Path) -> str:
    """A folder as it is typed, ready for the next name."""
    home = Path.home()
    shown = f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) and folder != home else str(folder)
    return shown.rstrip("/") + "/"
