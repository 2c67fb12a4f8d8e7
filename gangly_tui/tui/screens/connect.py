"""What can be connected, and what is: the first run asks it, and later a further system is added here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from gangly_tui.domain.errors import GanglyError, InputError
from gangly_tui.tui.app import app_of
from gangly_tui.tui.opening import open_system
from gangly_tui.tui.text import cell, join, line
from gangly_tui.tui.widgets.footer import KeyFooter, StatusLine
from gangly_tui.tui.widgets.line_input import LineInput
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView

_INTRO = (
    "A calendar event becomes a brief; your notes become cards; one key sends each to the CRM. "
    "Nothing is written without that key, and every write is on the trail."
)
_SANDBOX = (
    "sandbox",
    "Try the sandbox",
    "A fictional company with a CRM, a calendar and a day of calls. No account, no network, all on this machine.",
)
_CALENDAR = (
    "calendar",
    "Import a calendar file",
    "An .ics exported from any calendar. Your meetings, with an empty CRM beside them to fill.",
)
_CRM = "Connect your CRM"
_HOW = "Enter opens the marked one."
_LARGEST = 10 * 1024 * 1024


def check_calendar(text: str) -> Path | str:
    """A calendar as typed: a file's path, or an address. Raises InputError with what is wrong and what to do."""
    text = text.strip().strip("'\"")
    scheme, found, host = text.partition("://")
    if found:
        if scheme.lower() not in ("https", "webcal") or not host:
            raise InputError("a calendar is only asked with encryption", fix="use its https or webcal address")
        return text
    if not text:
        raise InputError("type the path of an .ics file", fix="such as ~/Downloads/calendar.ics")
    try:
        path = Path(text).expanduser()
        if path.is_dir():
            raise InputError("that is a folder", fix="name the .ics file in it")
        if not path.is_file():
            raise InputError("no such file", fix="check the path; ~ is your home folder")
        if path.stat().st_size > _LARGEST:
            raise InputError("that file is larger than 10 MB", fix="export a shorter time span")
        with path.open("rb") as file:
            head = file.read(4096)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError("that path cannot be read", fix=str(error)) from error
    if b"BEGIN:VCALENDAR" not in head.upper():
        raise InputError("that is not a calendar file", fix="export one as .ics (iCalendar) and name it here")
    return path.resolve()


class ConnectScreen(Screen[None]):
    """Asks what to open. `systems` can be connected, as (name, title, what it brings); those that are say so."""

    CSS_PATH = "connect.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "choose", "Choose", key_display="Enter", id="connect.choose", tooltip="Open the marked choice"
        ),
        Binding("escape", "leave_path", "Back", key_display="Esc", id="connect.back", tooltip="Back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._choices: tuple[tuple[str, str, str], ...] = (_SANDBOX, _CALENDAR)

    def compose(self) -> ComposeResult:
        with Center(id="middle"), VerticalScroll(id="page", can_focus=False):
            yield Static(Content.styled("gangly", "bold $lead"), id="name")
            yield Static(Content(_INTRO), id="intro")
            yield RowView(marked_always=True)
            yield LineInput(placeholder="~/Downloads/calendar.ics or https://…", id="path", select_on_focus=False)
            yield Static(Content(_HOW), id="said")
        desk = app_of(self).desk
        yield StatusLine(desk.label if desk else "nothing is connected yet")
        yield KeyFooter()

    def on_mount(self) -> None:
        view = self.query_one(RowView)
        doorway = app_of(self).doorway
        self._choices = (_SANDBOX, *(doorway.systems if doorway else ()), _CALENDAR)
        groups, accounts = doorway.groups if doorway else {}, self._accounts()
        view.show(partial(_lay_out, self._choices, groups, accounts), cursor=_first(self._choices, groups, accounts))
        view.focus()
        self.query_one("#path").display = False

    def _accounts(self) -> Mapping[str, str]:
        """The account of each system that is connected."""
        doorway = app_of(self).doorway
        try:
            return doorway.connected() if doorway else {}
        except GanglyError as error:
            self._refuse(error)
            return {}

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        name = self._choices[event.item][0]
        if name == "sandbox":
            self._say("setting up the sandbox …")
            self.call_after_refresh(self._open, "sandbox")
            return
        if name != "calendar":
            self._say(f"{self._choices[event.item][1]}: looking at what it needs …")
            self.call_after_refresh(self._open_system, name)
            return
        path = self.query_one("#path", Input)
        path.display = True
        path.focus()
        self._say("Enter imports it, Esc goes back")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if not event.value.strip():
            self._say("Enter imports it, Esc goes back")
            return
        try:
            found = check_calendar(event.value)
        except InputError as error:
            self._refuse(error)
        else:
            words = "an address; Enter looks at it" if isinstance(found, str) else "✓ a calendar; Enter imports it"
            self._say(words, style="$good")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            path = check_calendar(event.value)
        except InputError as error:
            self._refuse(error)
            return
        self._say("reading the calendar …")
        self.call_after_refresh(self._open, f"calendar:{path}")

    def action_leave_path(self) -> None:
        """Back from the path to the choices; from the choices to where they were opened."""
        if not self.query_one("#path").display and len(self.app.screen_stack) > 1:
            self.dismiss()
            return
        self.query_one("#path").display = False
        self._say(_HOW)
        self.query_one(RowView).focus()

    def _open_system(self, name: str) -> None:
        open_system(app_of(self), name)
        self._say(_HOW)

    def _open(self, choice: str) -> None:
        try:
            app_of(self).choose_desk(choice)
        except GanglyError as error:
            self._refuse(error)

    def _say(self, text: str, *, style: str = "$quiet") -> None:
        self.query_one("#said", Static).update(line(text, limit=400, style=style))

    def _refuse(self, error: GanglyError) -> None:
        text = join(line(f"! {error}", limit=300, style="$bad"), "  ", line(error.fix, limit=300, style="$quiet"))
        self.query_one("#said", Static).update(text)


def _first(choices: Sequence[tuple[str, str, str]], groups: Mapping[str, str], accounts: Mapping[str, str]) -> int:
    """Where the cursor stands: on the sandbox at first; with something connected, on what could stand beside it."""
    fits = (
        at
        for at, (name, _, _) in enumerate(choices)
        if accounts and name in groups and name not in accounts and groups[name] != groups[choices[1][0]]
    )
    return next(fits, 0)


def _lay_out(
    choices: Sequence[tuple[str, str, str]], groups: Mapping[str, str], accounts: Mapping[str, str], width: int
) -> list[Row]:
    rows: list[Row] = []
    under = ""
    broad = max((cell_len(title) for _, title, _ in choices[1:-1]), default=0) + 2
    for item, (name, title, what) in enumerate(choices):
        if name in ("sandbox", "calendar"):
            if rows:
                rows.append(Row(left=Content("")))
            rows.append(Row(left=line(title, style="bold"), item=item))
            text = line(what, style="$quiet")
            rows += [Row(left=each, item=item) for each in text.wrap(max(width - MARGIN - 1, 10))]
            continue
        heading = groups.get(name, _CRM)
        if heading != under:
            rows += [Row(left=Content("")), Row(left=line(heading, style="$quiet"))]
            under = heading
        said, style = (f"✓ {accounts[name]}", "$good") if name in accounts else (what, "$quiet")
        rest = cell(said, max(width - MARGIN - broad, 0), style=style)
        rows.append(Row(left=join(cell(title, broad, style="bold"), rest), item=item))
    return rows
