"""Signals: what happened beside the calls and asks for a next step. Nothing here leaves the machine before Review."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.flow import signals
from gangly_tui.flow.work_signal import advise, work
from gangly_tui.store.signals import count_put_off
from gangly_tui.tui.app import app_of
from gangly_tui.tui.messages import Delivered, Pulled
from gangly_tui.tui.screens.reason import ReasonScreen
from gangly_tui.tui.screens.source import SourceScreen
from gangly_tui.tui.signal_sheet import signal_sheet
from gangly_tui.tui.text import day, line
from gangly_tui.tui.widgets.footer import KeyFooter, StatusLine
from gangly_tui.tui.widgets.rows import RowView
from gangly_tui.tui.widgets.signal_rows import Shown, lay_out
from gangly_tui.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from gangly_tui.domain.plays import Play
    from gangly_tui.domain.signals import Signal
    from gangly_tui.flow.desk import Desk

EVERY = 5.0
"""Seconds between two looks at the store: a listener in another window may bring something."""
_TOMORROW, _NEXT_WEEK = 1, 7


class DismissScreen(ReasonScreen):
    """Why a signal is dismissed."""

    VERB, KEPT = "Dismiss", "with it on this machine"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "submit",
            "Dismiss",
            priority=True,
            key_display="Enter",
            id="signals.reason-dismiss",
            tooltip="Dismiss the signal; the reason is optional",
        ),
        Binding("escape", "cancel", "Back", key_display="Esc", id="signals.reason-back", tooltip="Keep the signal"),
    ]


class SignalsScreen(Screen[None]):
    """The open signals, newest first, each with the step its play asks for."""

    CSS_PATH = "signals.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "work", "Work", id="signals.work", tooltip="Lay out this play's cards for Review"),
        Binding("x", "put_away", "Dismiss", id="signals.dismiss", tooltip="Want none of it, with a reason"),
        Binding("z", f"snooze({_TOMORROW})", "Tomorrow", id="signals.snooze", tooltip="Put it off until tomorrow"),
        Binding("Z", f"snooze({_NEXT_WEEK})", "Next week", id="signals.snooze-week", tooltip="Put it off for a week"),
        Binding("o", "open", "Open", id="signals.open", tooltip="Where it comes from: meeting, mail, profile, deal"),
        Binding("u", "undo", "Undo", id="signals.undo", tooltip="Take the last dismissal or putting off back"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._last: list[str] = []
        self._trouble = ""
        self.found: list[Shown] | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("signals")
        with Container(id="body"):
            yield RowView(id="signals")
            yield Static(id="empty", markup=False)
        yield StatusLine(f"signals · {self._desk.label}")
        yield KeyFooter()

    def on_mount(self) -> None:
        self.set_focus(self._view)
        self.set_interval(EVERY, self._tick)

    def on_screen_resume(self) -> None:
        self.reload()

    def on_delivered(self, _: Delivered) -> None:
        self.reload()

    def on_pulled(self, _: Pulled) -> None:
        self.reload()

    def _tick(self) -> None:
        if self.is_current:
            self.reload()

    @property
    def _view(self) -> RowView:
        return self.query_one("#signals", RowView)

    @property
    def selected(self) -> Shown | None:
        """The signal under the cursor."""
        at = self._view.cursor
        return self.found[at] if self.found and at < len(self.found) else None

    # -- what it shows ------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the store; the selected signal stays selected, else the one in its place is."""
        desk = self._desk
        kept = self.selected.signal.id if self.selected else ""
        try:
            waiting = signals.waiting(desk)
            plays = self._plays()
            found = [Shown(signal=each, advice=advise(desk, each, plays)) for each in waiting]
        except GanglyError as error:
            app_of(self).complain(error)
            return
        self.query_one(TopBar).recount()
        if found == self.found:
            return
        first, self.found = self.found is None, found
        self.set_class(not found, "-empty")
        today, zone = desk.now().date(), desk.settings.timezone
        self._view.show(lambda width: lay_out(found, width, today, zone), cursor=0 if first else None)
        at = next((at for at, each in enumerate(found) if each.signal.id == kept), None)
        if at is not None and not first:
            self._view.cursor = at
        if not found:
            self.query_one("#empty", Static).update(self._nothing())
        put_off = count_put_off(desk.db, desk.now())
        later = f", {put_off} put off" if put_off else ""
        self.query_one(StatusLine).reword(f"signals: {len(found)} open{later} · {desk.label}")

    def _plays(self) -> tuple[Play, ...]:
        """The plays; none while their page is broken, which is said once."""
        try:
            plays = self._desk.plays()
        except GanglyError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                app_of(self).complain(error)
            return ()
        self._trouble = ""
        return plays

    def _nothing(self) -> Content:
        """What the empty list says: what would stand here, and how more comes in."""
        desk = self._desk
        sources = [f"{len(desk.calendars)} calendar" + "s" * (len(desk.calendars) != 1)] if desk.calendars else []
        sources += [f"{len(desk.mailboxes)} mailbox" + "es" * (len(desk.mailboxes) != 1)] if desk.mailboxes else []
        watched = (
            " and ".join([desk.reader.system, *sources][-2:])
            if len(sources) < 2
            else ", ".join([desk.reader.system, *sources])
        )
        put_off = count_put_off(desk.db, desk.now())
        sentences = [
            "",
            "Here stands what happens between your calls: a meeting booked, moved or cancelled, a reply after silence,",
            "somebody new on their side, a contact's new job, a stage moved by others, a stalled deal, a date passed.",
            f"Looked through with every pull: {watched}. ctrl+r pulls now.",
            "",
            "gangly linkedin import FILE   who has changed the job, from your own export",
            "gangly signals import FILE    usage or intent, from a CSV or JSON file",
            "gangly signals listen         the same, from a program on this machine",
            "gangly signals plays --own    which signal asks for which step: yours to change",
            *(["", f"{put_off} put off: they come back by themselves."] if put_off else []),
        ]
        body = Content("\n").join(line(each, style="$quiet") for each in sentences)
        return Content.styled("No signal waits.", "bold") + body

    # -- what the keys do ---------------------------------------------------------------------------------------

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        shown = self.selected
        if shown is not None:
            self.app.push_screen(SourceScreen(signal_sheet(self._desk, shown.signal, shown.advice)))

    def action_work(self) -> None:
        """The play's cards, for Review."""
        shown = self.selected
        if shown is None:
            return
        try:
            cards = work(self._desk, shown.signal.id)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        told = "1 card waits in Review" if len(cards) == 1 else f"{len(cards)} cards wait in Review"
        app_of(self).say(told, fix="2 shows them", tone="good")
        self.reload()

    def action_put_away(self) -> None:
        """Want none of it; a reason is asked for and may be empty."""
        shown = self.selected
        if shown is not None:
            signal = shown.signal
            self.app.push_screen(DismissScreen(signal.title), lambda reason: self._dismiss(signal, reason))

    def _dismiss(self, signal: Signal, reason: str | None) -> None:
        if reason is None:
            return
        try:
            signals.dismiss(self._desk, signal.id, reason)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        self._last.append(signal.id)
        app_of(self).say(f"dismissed: {signal.title}", fix="u takes it back")
        self.reload()

    def action_snooze(self, days: int) -> None:
        """Put it off until the morning of that day."""
        shown = self.selected
        if shown is None:
            return
        try:
            until = signals.snooze(self._desk, shown.signal.id, days)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        self._last.append(shown.signal.id)
        app_of(self).say(f"back on {day(until.date())}: {shown.signal.title}", fix="u takes it back")
        self.reload()

    def action_undo(self) -> None:
        """The last dismissal or putting off of this sitting, taken back."""
        if not self._last:
            app_of(self).say("nothing was dismissed or put off here since this screen was opened")
            return
        try:
            signal = signals.reopen(self._desk, self._last.pop())
        except GanglyError as error:
            app_of(self).complain(error)
            return
        app_of(self).say(f"back: {signal.title}")
        self.reload()
        at = next((at for at, each in enumerate(self.found or ()) if each.signal.id == signal.id), None)
        if at is not None:
            self._view.cursor = at

    def action_open(self) -> None:
        """Where it comes from, else the deal, the contact or the account it is about."""
        from gangly_tui.domain.brief import Source

        shown = self.selected
        if shown is None:
            return
        app, signal = app_of(self), shown.signal
        kind, _, rest = signal.source.partition(":")
        if kind == "meeting":
            app.open_line(Source(tag=""), rest)
        elif kind == "mail":
            system, _, identifier = rest.partition(":")
            app.open_source(RecordRef(system=system, kind=Kind.MAIL, id=identifier))
        elif signal.source.startswith("https://"):
            app.open_line(Source(tag="", url=signal.source), "")
        elif ref := signal.deal or signal.contact or signal.account:
            app.open_source(ref)
