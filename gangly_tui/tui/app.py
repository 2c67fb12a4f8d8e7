"""The app: owns the desk, the courier's worker and the pull; moves between screens; quits without losing a write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.reactive import Reactive, reactive
from textual.screen import Screen

from gangly_tui.domain.errors import GanglyError, HeldByAnother
from gangly_tui.domain.safe import clean
from gangly_tui.store.card_counts import in_transit
from gangly_tui.tui import opening
from gangly_tui.tui.first_sight import COLUMNS, LINES, ready
from gangly_tui.tui.hands import CountingApp
from gangly_tui.tui.last_line import NothingActs
from gangly_tui.tui.messages import Delivered, Pulled, Status, Tone
from gangly_tui.tui.theme import DARK, DEFAULTS, LIGHT
from gangly_tui.tui.typed_ahead import PatientApp

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.theme import Theme

    from gangly_tui.domain.brief import Source
    from gangly_tui.domain.records import RecordRef
    from gangly_tui.flow.desk import Desk
    from gangly_tui.flow.pull import PullProgress
    from gangly_tui.store.hits import Hit
    from gangly_tui.tui.doorway import Doorway
    from gangly_tui.tui.screens.today import TodayScreen

QUIET_PULL = 0.5
"""Seconds a pull may take before the status line speaks of it."""
_SHORTEST_REST, _LONGEST_REST = 0.5, 300.0
_AFTER_TROUBLE, _WHILE_ANOTHER_SENDS = 5.0, 1.0

_NEED_A_DESK = frozenset({"go", "notes", "find", "pull", "back"})


def _commands() -> type[Provider]:
    from gangly_tui.tui.commands import GanglyCommands

    return GanglyCommands


class GanglyApp(CountingApp, PatientApp):
    """`desk` is None on a fresh machine: the first screen then asks, and `open_desk` opens what was chosen.

    `open_desk` takes "sandbox" or "calendar:PATH" and raises GanglyError. `start` is today, review, trail or health.
    """

    TITLE = "gangly"
    CSS_PATH = ["gangly.tcss"]  # noqa: RUF012 - Textual types it so
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "go('today')", "Today", id="app.today", tooltip="The day's meetings and the brief", show=False),
        Binding("2", "go('review')", "Review", id="app.review", tooltip="The cards that wait for you", show=False),
        Binding("3", "go('pipeline')", "Pipeline", id="app.pipeline", tooltip="Deals and their gaps", show=False),
        Binding("4", "go('signals')", "Signals", id="app.signals", tooltip="What asks for a next step", show=False),
        Binding("5", "go('trail')", "Trail", id="app.trail", tooltip="Every decision and every write", show=False),
        Binding("6", "go('health')", "Health", id="app.health", tooltip="How each system answers", show=False),
        Binding("n", "notes", "Notes", id="app.notes", tooltip="Notes of the highlighted meeting"),
        Binding("slash", "find", "Find", key_display="/", id="app.find", tooltip="Find a record, call, note or mail"),
        Binding("ctrl+r", "pull", "Pull", key_display="^r", id="app.pull", tooltip="Read the systems again now"),
        Binding(
            "ctrl+p", "command_palette", "Palette", key_display="^p", id="app.palette", tooltip="Every verb by name"
        ),
        Binding("ctrl+o", "connect", "Connect", id="app.connect", tooltip="Connect a CRM or sign in again", show=False),
        Binding("question_mark", "help", "Help", key_display="?", id="app.help", tooltip="The keys of this screen"),
        Binding("escape", "back", "Back", key_display="Esc", id="app.back", tooltip="Back", show=False),
        Binding("q", "quit", "Quit", id="app.quit", tooltip="Leave; approved writes stay safe"),
    ]

    theme = Reactive(DARK.name)
    status: reactive[Status] = reactive(Status())
    """what the status line of every screen says"""

    def __init__(
        self,
        desk: Desk | None,
        open_desk: Callable[[str], Desk] | None = None,
        start: str = "today",
        *,
        log_path: Path | None = None,
    ) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = COLUMNS
        self.VERTICAL_BREAKPOINTS = LINES
        self.desk = desk
        self.log_path = log_path
        self.doorway: Doorway | None = None
        self.open_again = False
        self._open_desk = open_desk
        self._start_at = start
        self._wake = asyncio.Event()
        self._in_flight = False
        self._leaving = False
        self._pulling = False
        self.sign_in_wanted = ""
        self._filters.append(NothingActs())

    # -- opening ------------------------------------------------------------------------------------------------

    @property
    def available_themes(self) -> dict[str, Theme]:
        """With ours from the first moment: a theme set later has every style sheet parsed a second time."""
        return {**super().available_themes, DARK.name: DARK, LIGHT.name: LIGHT}

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULTS

    def get_default_screen(self) -> Screen[None]:
        screen: Screen[None]
        if self.desk is None:
            from gangly_tui.tui.screens.connect import ConnectScreen

            screen = ConnectScreen()
        else:
            from gangly_tui.tui.screens.today import TodayScreen

            screen = TodayScreen(self.desk)
        self._load_screen_css(screen)  # Textual does for every screen but the first
        return screen

    def _load_screen_css(self, screen: Screen[Any]) -> None:
        ready(self, screen)
        super()._load_screen_css(screen)

    def on_mount(self) -> None:
        if self.desk is not None:
            self.call_after_refresh(self._begin)

    def choose_desk(self, choice: str) -> None:
        """Open what the first-run screen's answer names and go to Today. Raises GanglyError when it cannot be."""
        if self._open_desk is None:
            raise GanglyError("nothing can be opened from here", fix="quit, and run: gangly demo")
        from gangly_tui.tui.screens.today import TodayScreen

        opened = self._open_desk(choice)
        if self.desk is not None:  # the courier of this one finishes first
            opened.close()
            self.open_again = True
            self.call_later(self.action_quit)
            return
        self.desk = opened
        self.push_screen(TodayScreen(self.desk))
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        assert self.desk is not None
        self.run_worker(self._carry(self.desk), name="courier", group="courier")
        self.action_pull()
        opening.look_out(self, self.desk)
        if self._start_at != "today":
            self.action_go(self._start_at)

    # -- saying things ------------------------------------------------------------------------------------------

    def say(self, text: str, *, fix: str = "", tone: Tone = "plain") -> None:
        """Show one sentence in the status line of whatever screen is open. Raw text is welcome: it is cleaned there."""
        self.status = Status(text=text, fix=fix, tone=tone)

    def complain(self, error: GanglyError) -> None:
        """Show what went wrong and the next thing to do."""
        self.say(str(error), fix=error.fix, tone="bad")

    def _tell(self, make: Callable[[], Delivered | Pulled]) -> None:
        for screen in self.screen_stack:
            screen.post_message(make())

    # -- the courier --------------------------------------------------------------------------------------------

    def wake_courier(self) -> None:
        """Look at the outbox now: something was approved or taken back."""
        self._wake.set()

    async def _carry(self, desk: Desk) -> None:
        """Deliver what is due, rest until the next write is, for as long as the app lives."""
        while True:
            self._wake.clear()
            rest = await self._round(desk)
            if self._leaving:
                from gangly_tui.tui.waiting import due_soon

                if not due_soon(desk):
                    self._leave(desk)
                    return
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._wake.wait()

    async def _round(self, desk: Desk) -> float:
        """One delivery round. Returns the seconds to rest afterwards."""
        self._in_flight = True
        try:
            outcomes = await desk.courier.deliver_due()
        except HeldByAnother as other:
            self.say(str(other), tone="busy")
            return _WHILE_ANOTHER_SENDS
        except GanglyError as error:
            self.complain(error)
            return _AFTER_TROUBLE
        finally:
            self._in_flight = False
        if "is handled by" in self.status.text:
            self.status = Status()
        if outcomes:
            self._tell(partial(Delivered, outcomes))
        if outcomes and desk.courier.trouble:
            self.say(desk.courier.trouble, tone="bad")
        if not in_transit(desk.db):
            return _LONGEST_REST
        from gangly_tui.tui.waiting import on_its_way

        if on_its_way(desk):
            return _WHILE_ANOTHER_SENDS
        due = desk.courier.next_due()
        if due is None:
            return _LONGEST_REST
        return min(max((due - desk.now()).total_seconds(), _SHORTEST_REST), _LONGEST_REST)

    # -- the pull -----------------------------------------------------------------------------------------------

    def action_pull(self, whole: bool = True) -> None:
        """Read the connected systems again, behind the screen; without the CRM when it is not the `whole`."""
        if self.desk is None or self._pulling:
            return
        self._pulling = True
        self.run_worker(self._pull(self.desk, whole), name="pull", group="pull")

    async def _pull(self, desk: Desk, whole: bool) -> None:
        from gangly_tui.flow.keep_up import keep_up
        from gangly_tui.flow.pull import pull

        began = monotonic()

        def progress(step: PullProgress) -> None:
            if monotonic() - began > QUIET_PULL:
                of = f" of {step.total:,}" if step.total else ""
                self.say(f"reading {step.what} {step.done:,}{of}", tone="busy")

        try:
            report = await (pull(desk, progress) if whole else keep_up(desk))
        except GanglyError as error:
            self.complain(error)
            return
        finally:
            self._pulling = False
        self.sign_in_wanted = report.sign_in or ("" if whole else self.sign_in_wanted)
        if report.problems and (whole or report.sign_in):
            more = len(report.problems) - 1
            fix = "ctrl+o signs in again" if report.sign_in and self.doorway else "ctrl+r tries again"
            self.say(report.problems[0] + (f" (and {more} more)" if more else ""), fix=fix, tone="bad")
        elif report.asks:
            self.say(report.asks[0])
        elif whole and self.status.tone in ("busy", "bad"):
            self.say(f"up to date, {report.records:,} records read", tone="good")
        self._tell(partial(Pulled, report))

    # -- moving about -------------------------------------------------------------------------------------------

    @property
    def today(self) -> TodayScreen | None:
        """The screen underneath all others, once a desk is open. Only the first run lies beneath it."""
        if self.desk is None:
            return None
        from gangly_tui.tui.screens.today import TodayScreen

        return next((each for each in self.screen_stack if isinstance(each, TodayScreen)), None)

    def action_go(self, name: str) -> None:
        """Open one of the numbered screens on top of Today."""
        if self.desk is None:
            return
        self._home()
        if screen := opening.numbered(self.desk, name):
            self.push_screen(screen)

    def _home(self) -> None:
        today = self.today
        while today and self.screen is not today:
            self.pop_screen()

    def action_notes(self) -> None:
        """Notes of the meeting that is highlighted on Today."""
        if self.desk is None or self.today is None:
            return
        meeting_id = self.today.meeting_id
        if not meeting_id:
            self.say("no meeting is highlighted", fix="choose one on Today (1)")
            return
        self.open_notes(meeting_id)

    def open_notes(self, meeting_id: str) -> None:
        """Open the notes of one meeting."""
        from gangly_tui.tui.screens.notes import NotesScreen

        assert self.desk is not None
        self._home()
        self.push_screen(NotesScreen(self.desk, meeting_id))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a desk there is nothing to find, to pull or to go to."""
        return not (self.desk is None and action in _NEED_A_DESK)

    async def action_back(self) -> None:
        """One screen back; on Today, call off a quit that waits."""
        self._leaving = False
        if self.today and self.screen is not self.today:
            self.pop_screen()

    def action_find(self) -> None:
        """Find a record, a meeting, a note, a mail or a signal."""
        if self.desk is None:
            return
        from gangly_tui.tui.screens.find import FindScreen

        self.push_screen(FindScreen(self.desk), self._found)

    def _found(self, hit: Hit | None) -> None:
        if hit is None:
            return
        if hit.meeting_id and self.today:
            self._home()
            self.today.show_meeting(hit.meeting_id)
        else:
            opening.open_hit(self, hit)

    def open_source(self, ref: RecordRef) -> None:
        """Show the record a line comes from."""
        opening.open_source(self, ref)

    def open_line(self, source: Source, meeting_id: str) -> None:
        """Show where a line of the brief comes from."""
        opening.open_line(self, source, meeting_id)

    def action_connect(self) -> None:
        """Sign in again to the CRM that is connected; without one, choose what to connect."""
        opening.open_connect(self)

    def action_help(self) -> None:
        """The keys of the screen that is open."""
        from gangly_tui.tui.screens.help import HelpScreen, keys_of

        self.push_screen(HelpScreen(keys_of(self.screen)))

    def action_theme(self) -> None:
        """Switch between the dark and the light theme."""
        self.theme = LIGHT.name if self.theme == DARK.name else DARK.name

    # -- leaving ------------------------------------------------------------------------------------------------

    async def action_quit(self) -> None:
        """Leave. A request that is out is waited for; writes about to leave are, unless asked a second time."""
        if self.desk is None:
            self.exit()
            return
        from gangly_tui.tui.waiting import due_soon, unsent

        asked_before, self._leaving = self._leaving, True
        if self._in_flight and unsent(self.desk):
            self.say("finishing the write that is on its way", tone="busy")
            return
        soon = due_soon(self.desk)
        if soon and not asked_before:
            self.say(f"sending {soon} approved, then leaving", fix="q again leaves now, Esc stays", tone="busy")
            self.wake_courier()
            return
        self._leave(self.desk)

    def _leave(self, desk: Desk) -> None:
        from gangly_tui.tui.waiting import last_words

        self.exit(message=last_words(desk))

    def _fatal_error(self) -> None:
        """Say that it happened and where the details are; never print the values of variables."""
        from rich.text import Text

        from gangly_tui.tui.crash import keep

        self.bell()
        self._exit_renderables.append(Text(clean(keep(self._exception, self.log_path))))
        self._close_messages_no_wait()


def app_of(node: DOMNode) -> GanglyApp:
    """The app a widget or screen lives in, with its own type."""
    return cast(GanglyApp, node.app)
