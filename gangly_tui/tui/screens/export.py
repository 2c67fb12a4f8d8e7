"""Where the exported trail goes: a name the rep types; a file that exists is never written over."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from datetime import date
from itertools import islice
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from gangly_tui.domain.errors import InputError
from gangly_tui.tui.text import content, line
from gangly_tui.tui.widgets.line_input import LineInput

FORMS = (".csv", ".jsonl")
_LINES_A_STEP = 200


def default_file(on: date, form: str = FORMS[0]) -> Path:
    """A free name with the date, among the downloads where there is such a folder, else at home."""
    home = Path.home()
    folder = home / "Downloads" if (home / "Downloads").is_dir() else home
    names = (f"gangly-trail-{on.isoformat()}{more}{form}" for more in ("", *(f"-{n}" for n in range(2, 1_000))))
    return next((folder / each for each in names if not (folder / each).exists()), folder / f"gangly-trail{form}")


def parse_file(text: str) -> Path:
    """The file as typed. Raises InputError when nothing can or must be written there."""
    path = Path(text.strip())
    try:
        path = path.expanduser().absolute()
        if not text.strip() or "\0" in text or path.is_dir():
            raise InputError("this names no file", fix="end it in a name such as trail.csv")
        if path.suffix.lower() not in FORMS:
            raise InputError("the form is not known", fix="end the name in .csv or .jsonl")
        if path.exists() or path.is_symlink():
            raise InputError(f"{path.name} exists already, and is left as it is", fix="choose another name")
        if not path.parent.is_dir():
            raise InputError(f"there is no folder {path.parent}", fix="choose one that exists")
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, a user without a home
        raise InputError("this cannot be a file's name", fix="choose another name") from error
    return path


def write(path: Path, lines: Iterable[str]) -> Generator[int, None, None]:
    """Write a new file, for its owner alone, some lines a step; yields how many so far. A file half written is removed.

    Raises InputError when it cannot be written, and whatever `lines` raises.
    """
    rest, done, whole = iter(lines), 0, False
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with open(handle, "w", encoding="utf-8", newline="") as out:  # noqa: PTH123 - a descriptor, not a path
            while some := list(islice(rest, _LINES_A_STEP)):
                out.writelines(some)
                done += len(some)
                yield done
            out.flush()
            os.fsync(handle)
        whole = True
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if not whole:
            path.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be written: {error.strerror}", fix="choose another place with E")


class ExportScreen(ModalScreen[Path | None]):
    """Dismissed with the path to write, or None. Tab changes the form, which is the end of the name."""

    CSS_PATH = "export.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", key_display="Esc", id="export.back", tooltip="Back, nothing is written"),
        Binding("tab", "form", "CSV or JSONL", id="export.form", tooltip="The other form: CSV or JSONL"),
    ]

    def __init__(self, on: date, entries: int) -> None:
        super().__init__()
        self._on = on
        self._entries = entries

    def compose(self) -> ComposeResult:
        entries = "1 entry" if self._entries == 1 else f"{self._entries:,} entries"
        with Vertical(classes="sheet"):
            yield Static("Export the trail", classes="title", markup=False)
            yield Static(
                line(f"The whole trail, {entries}, oldest first. The filter does not narrow it."), classes="kind"
            )
            yield LineInput(value=str(default_file(self._on)), select_on_focus=False)
            yield Static(classes="form", markup=False)
            yield Static(classes="said", markup=False)
            yield Static("Enter writes   Tab CSV or JSONL   Esc back", classes="keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one(".said", Static).update("")
        csv = not event.value.lower().rstrip().endswith(".jsonl")
        self.query_one(".form", Static).update(
            "CSV: a row for each changed field; no cell can start a formula in a spreadsheet."
            if csv
            else "JSONL: one entry a line, exactly the bytes that its hash covers."
        )

    def action_form(self) -> None:
        """The other form: the end of the name."""
        box = self.query_one(Input)
        path = Path(box.value)
        form = FORMS[1 - FORMS.index(path.suffix)] if path.suffix in FORMS else FORMS[0]
        was_default = path.with_suffix("") == default_file(self._on, path.suffix or form).with_suffix("")
        box.value = str(default_file(self._on, form) if was_default else path.with_suffix(form) if path.name else path)
        box.cursor_position = len(box.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.dismiss(parse_file(event.value))
        except InputError as error:
            self.query_one(".said", Static).update(content(f"! {error}; {error.fix}", limit=400, style="$bad"))

    def action_cancel(self) -> None:
        """Back, nothing is written."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)
        elif event.widget and event.widget.has_class("form"):
            self.action_form()
