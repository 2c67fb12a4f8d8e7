"""Today: the day's meetings, the brief of the highlighted one. Reads the store; changes nothing in a CRM."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen

from gangly_tui.domain.brief import Brief
from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.records import Kind
from gangly_tui.flow.prepare import MeetingRow, MeetingState, day, next_meeting, prepare
from gangly_tui.store import engagement, mirror
from gangly_tui.tui.app import app_of
from gangly_tui.tui.messages import DealChosen, Delivered, Pulled, SourceWanted
from gangly_tui.tui.text import day as day_words
from gangly_tui.tui.widgets.agenda import Agenda
from gangly_tui.tui.widgets.brief_view import BriefView
from gangly_tui.tui.widgets.day_bar import DayBar
from gangly_tui.tui.widgets.footer import KeyFooter, StatusLine
from gangly_tui.tui.widgets.rows import RowView
from gangly_tui.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk

LOOK_AHEAD = timedelta(days=30)
_TICK = 20.0
_WAITING = (MeetingState.REVIEW, MeetingState.TRANSCRIPT_READY, MeetingState.NOTES_PENDING, MeetingState.DRAFTED)


class TodayScreen(Screen[None]):
    """The screen underneath all others. `meeting_id` is the highlighted meeting, "" when there is none."""

    CSS_PATH = "today.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "X",
            "leave_alone",
            "Not processed",
            show=False,
            id="today.leave-alone",
            tooltip="Do not process this meeting's recording (again: process it)",
        ),
        Binding("tab", "app.focus_next", "Pane", id="today.pane", tooltip="The other pane"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._on = desk.now().date()
        self._rows: list[MeetingRow] = []
        self._ahead: date | None = None
        self.meeting_id = ""

    def compose(self) -> ComposeResult:
        yield TopBar("today")
        with Container(id="body"):
            with Vertical(id="day"):
                yield DayBar()
                yield Agenda()
            yield BriefView()
        yield StatusLine()
        yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one(Agenda).focus()
        self.set_interval(_TICK, self._tick)

    def on_screen_resume(self) -> None:
        self.reload()

    def on_pulled(self, _: Pulled) -> None:
        self.reload()

    def on_delivered(self, _: Delivered) -> None:
        self.reload()

    # -- the day ------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the day and the brief from the store again, staying where the rep is."""
        try:
            self._rows = day(self._desk, self._on)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        now = self._desk.now()
        agenda = self.query_one(Agenda)
        self.query_one(TopBar).retitle(f"{day_words(now.date())}  {now:%H:%M}")
        self.query_one(DayBar).show_day(self._on, now.date(), self._summary())
        if not self._rows:
            self._show_empty(agenda)
            return
        ids = [each.meeting.id for each in self._rows]
        same = self.meeting_id in ids
        if not same:
            self.meeting_id = self._first_wanted(ids)
        at = ids.index(self.meeting_id)
        agenda.show_day(self._rows, now, cursor=at)
        self._show_brief(at, keep=same)

    def _first_wanted(self, ids: list[str]) -> str:
        """The meeting that is next; when the day is over, the first one that still waits for the rep."""
        ahead = next_meeting(self._desk)
        if ahead and ahead.id in ids:
            return ahead.id
        return next((each.meeting.id for each in self._rows if each.state in _WAITING), ids[0])

    def _summary(self) -> str:
        waiting = sum(each.to_review for each in self._rows)
        meetings = "1 meeting" if len(self._rows) == 1 else f"{len(self._rows)} meetings"
        return f"{meetings}, {waiting} to review" if waiting else meetings

    def _show_empty(self, agenda: Agenda) -> None:
        self.meeting_id = ""
        self._ahead, count = self._next_day()
        ahead = ""
        if self._ahead:
            ahead = f"Enter: {day_words(self._ahead)}, {count} meeting{'s' if count > 1 else ''}"
        agenda.show_empty("No meetings.", ahead)
        sentences = ["Arrow keys left and right turn the days; t comes back to today; / finds any account or person."]
        if not self._ahead:
            sentences.insert(0, "No calendar here knows of a meeting in the next 30 days.")
            sentences.append(
                "ctrl+o connects your calendar: Google, Microsoft, CalDAV, or an .ics file exported from any other."
            )
        self.query_one(BriefView).show_words(f"Nothing on {day_words(self._on)}", sentences)
        self._say_where(writes=0)

    def _next_day(self) -> tuple[date | None, int]:
        """The next day with a meeting that takes place, and how many it has."""
        zone = self._desk.settings.timezone
        start = datetime.combine(self._on + timedelta(days=1), time(), tzinfo=zone)
        coming = engagement.meetings_between(self._desk.db, start, start + LOOK_AHEAD)
        days = [each.start.astimezone(zone).date() for each in coming if not each.cancelled]
        days = [each for each in days if each > self._on]
        return (min(days), days.count(min(days))) if days else (None, 0)

    def on_agenda_day_wanted(self, event: Agenda.DayWanted) -> None:
        event.stop()
        self._turn_to(self._desk.now().date() if event.by == 0 else self._on + timedelta(days=event.by))

    def _turn_to(self, on: date) -> None:
        self._on = on
        self.meeting_id = ""
        self.reload()

    def titles(self) -> list[tuple[str, str]]:
        """Id and raw title of each meeting of the day that is shown."""
        return [(each.meeting.id, each.meeting.title) for each in self._rows]

    def show_meeting(self, meeting_id: str) -> None:
        """Turn to the day of a meeting and highlight it."""
        meeting = engagement.get_meeting(self._desk.db, meeting_id)
        if meeting is None:
            app_of(self).say("that meeting is not in the calendar any more", fix="ctrl+r reads it again", tone="bad")
            return
        self._on = meeting.start.astimezone(self._desk.settings.timezone).date()
        self.meeting_id = meeting_id
        self.reload()
        self.query_one(Agenda).focus()

    def _tick(self) -> None:
        """The line of now moves on while the rep reads."""
        if self.is_current and self._rows:
            now = self._desk.now()
            self.query_one(TopBar).retitle(f"{day_words(now.date())}  {now:%H:%M}")
            self.query_one(Agenda).show_day(self._rows, now, cursor=self.query_one(Agenda).cursor)

    # -- the brief ----------------------------------------------------------------------------------------------

    def on_row_view_moved(self, event: RowView.Moved) -> None:
        if isinstance(event.view, Agenda) and self._rows:
            self._show_brief(event.item, keep=False)

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        if not isinstance(event.view, Agenda):
            return
        if self._rows:
            self.query_one(BriefView).focus()
        elif self._ahead:
            self._turn_to(self._ahead)

    def _show_brief(self, at: int, *, keep: bool) -> None:
        row = self._rows[min(at, len(self._rows) - 1)]
        self.meeting_id = row.meeting.id
        view = self.query_one(BriefView)
        try:
            brief = prepare(self._desk, row.meeting)
        except GanglyError as error:
            view.show_words(str(error), [error.fix] if error.fix else [])
            return
        view.show_brief(brief, self._desk.now(), hint=self._hint(brief), keep=keep)
        self._say_where(brief.writes)

    def _hint(self, brief: Brief) -> str:
        """What to say and do when the brief has nothing to tell about a company."""
        if brief.meeting.cancelled:
            return "Cancelled. Nothing to prepare."
        if brief.meeting.private:
            return "Private: only the time is kept, and nothing is looked up."
        if brief.internal:
            return "Internal: nobody from outside is invited."
        if brief.account:
            return ""
        if not mirror.count(self._desk.db, Kind.ACCOUNT):
            return "No CRM records are here yet. ctrl+r reads them."
        return (
            "No account fits: nobody here is a contact in the CRM, and no account has one of these mail domains. "
            "Notes work all the same; a new contact is proposed as a card of its own."
        )

    def action_leave_alone(self) -> None:
        """Neither keep nor read the recording of the highlighted meeting, or process it again."""
        from gangly_tui.flow.recording import leave_alone, process_again
        from gangly_tui.store.left_alone import is_left_alone

        if not self.meeting_id:
            return
        try:
            if is_left_alone(self._desk.db, self.meeting_id):
                process_again(self._desk, self.meeting_id)
                app_of(self).say("processed again: the next pull brings its recording", fix="ctrl+r pulls now")
            else:
                leave_alone(self._desk, self.meeting_id)
                app_of(self).say("its recording is neither kept nor read; your notes stay", fix="X takes that back")
        except GanglyError as error:
            app_of(self).complain(error)
        self.reload()

    def _say_where(self, writes: int) -> None:
        self.query_one(StatusLine).reword(f"read-only, {writes} writes · {self._desk.label}")

    def on_source_wanted(self, event: SourceWanted) -> None:
        event.stop()
        app_of(self).open_line(event.source, self.meeting_id)

    async def on_deal_chosen(self, event: DealChosen) -> None:
        """Remember which deal the meeting's series is about, and aim the waiting cards at it."""
        event.stop()
        from gangly_tui.flow.decide import choose

        try:
            await choose(self._desk, self.meeting_id, event.ref)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        app_of(self).say("kept for this series", tone="good")
        self.reload()
