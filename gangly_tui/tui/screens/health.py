"""Health: how each system answers, what waits for it, what is left of it, and who answers for it. Reads the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen

from gangly_tui.domain.errors import GanglyError
from gangly_tui.flow.health import look, retry_failed
from gangly_tui.tui.app import app_of
from gangly_tui.tui.messages import Delivered, Pulled
from gangly_tui.tui.opening import open_system, sign_in_again
from gangly_tui.tui.screens.source import Entry, Sheet, SourceScreen
from gangly_tui.tui.widgets.footer import KeyFooter, StatusLine
from gangly_tui.tui.widgets.health_rows import Line, lay_out, lines_of, told
from gangly_tui.tui.widgets.rows import RowView
from gangly_tui.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gangly_tui.domain.health import Health, SignIn, SystemHealth
    from gangly_tui.flow.desk import Desk

EVERY = 5.0
"""Seconds between two looks at the store while the screen is open."""


class HealthScreen(Screen[None]):
    """A block a system, then this machine's store and trail."""

    CSS_PATH = "health.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "sign_in", "Sign in", id="health.sign-in", tooltip="Sign in to this system again"),
        Binding("R", "retry", "Retry", id="health.retry", tooltip="Send now what waits after a failure"),
        Binding("o", "open", "Runbook", id="health.open", tooltip="This system in full: owner, backup, runbook"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._sign_in: SignIn | None = None
        self._beside: Mapping[str, SignIn] = {}
        self._lines: list[Line] = []
        self.found: Health | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("health")
        with Container(id="body"):
            yield RowView(id="systems")
        yield StatusLine(f"health · {self._desk.label}")
        yield KeyFooter()

    def on_mount(self) -> None:
        self.set_focus(self._view)
        self.set_interval(EVERY, self._tick)

    def on_screen_resume(self) -> None:
        self._ask_vault()
        self.reload()

    def on_delivered(self, _: Delivered) -> None:
        self.reload()

    def on_pulled(self, _: Pulled) -> None:
        self._ask_vault()
        self.reload()

    def _tick(self) -> None:
        if self.is_current:
            self.reload()

    @property
    def _view(self) -> RowView:
        return self.query_one("#systems", RowView)

    def _ask_vault(self) -> None:
        """What is known of the sign-in; not at every look, the vault is slower than the store."""
        try:
            self._sign_in = self._desk.sign_in()
            self._beside = self._desk.sign_ins_beside()
        except GanglyError as error:
            app_of(self).complain(error)

    def reload(self) -> None:
        """Read the store; the selected line stays selected wherever it is now."""
        try:
            found = look(self._desk, self._sign_in, self._beside)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        key, first = self._key, self.found is None
        self.found, self._lines = found, lines_of(found)
        lines = self._lines
        self._view.show(lambda width: lay_out(lines, width), cursor=0 if first else None)
        at = next((at for at, each in enumerate(lines) if each.key == key), None)
        if at is not None and not first:
            self._view.cursor = at
        self.query_one(StatusLine).reword(f"health: {told(found.verdict)} · {self._desk.label}")

    @property
    def _key(self) -> tuple[str, str] | None:
        at = self._view.cursor
        return self._lines[at].key if at < len(self._lines) else None

    @property
    def selected(self) -> SystemHealth | None:
        """The system whose block the cursor is in; None in this machine's."""
        key = self._key
        if key is None or self.found is None:
            return None
        return next((each for each in self.found.systems if each.system == key[0]), None)

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        self.action_open()

    def action_sign_in(self) -> None:
        """The sign-in of the selected system; of this machine's block, the CRM's."""
        app = app_of(self)
        if app.doorway is None:
            app.say("nothing can be connected from here", fix="gangly connect", tone="bad")
            return
        system = self.selected.system if self.selected else ""
        if system in {name for name, _, _ in app.doorway.systems}:
            open_system(app, system)
        else:
            sign_in_again(app)

    def action_retry(self) -> None:
        """What waits after a failure goes now, not when its wait is over."""
        app = app_of(self)
        try:
            count = retry_failed(self._desk)
        except GanglyError as error:
            app.complain(error)
            return
        if not count:
            app.say("nothing waits after a failure")
            return
        app.say("1 write is tried again now" if count == 1 else f"{count} writes are tried again now", tone="busy")
        app.wake_courier()
        self.reload()

    def action_open(self) -> None:
        """The selected system in full."""
        system = self.selected
        if system is None:
            app_of(self).say("this is about this machine: gangly doctor says more")
            return
        people = (("Owner", system.owner), ("Backup", system.backup), ("Runbook", system.runbook))
        figures = [
            Entry(label=each.label, value="\n".join(filter(None, (each.words, each.fix)))) for each in system.figures
        ]
        entries = [Entry(label=label, value=text) for label, text in people]
        self.app.push_screen(
            SourceScreen(Sheet(title=system.title, kind="a connected system", entries=(*entries, *figures)))
        )
