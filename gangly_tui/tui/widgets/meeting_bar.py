"""Above the page: which meeting it belongs to, and which of its texts is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from gangly_tui.domain.draft import Notes
from gangly_tui.domain.records import Meeting
from gangly_tui.tui.text import content, join, line, short_day


class MeetingBar(Widget):
    """Title, time and who takes part, in one line."""

    def __init__(self) -> None:
        super().__init__()
        self._content = Content("")

    def show_meeting(self, meeting: Meeting, now: datetime, ours: frozenset[str]) -> None:
        """Name the meeting. `ours` are our own mail domains: the other side is named first."""
        start, end = meeting.start.astimezone(now.tzinfo), meeting.end.astimezone(now.tzinfo)
        when = "all day" if meeting.all_day else f"{start:%H:%M}–{end:%H:%M}"
        if start.date() != now.date():
            when = f"{short_day(start.date(), now.date())} {when}"
        people = [each for each in meeting.attendees if not each.resource]
        theirs = [each for each in people if each.email.rpartition("@")[2].lower() not in ours] or people
        who = ", ".join(each.name or each.email for each in theirs)
        self._content = join(
            line(meeting.title or "(no title)", limit=200, style="bold"),
            content(f"  {when}  ", style="$lead"),
            line(who, limit=400, style="$quiet"),
        )
        self.refresh()

    def render(self) -> Content:
        return self._content.truncate(self.content_size.width, ellipsis=True)


class SourceBar(Widget):
    """The texts of a meeting, when there is more than one; each a button."""

    class Wanted(Message):
        """Somebody wants to see another text."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    def __init__(self) -> None:
        super().__init__()
        self._names: Sequence[str] = ()
        self._open = 0
        self._spots: list[tuple[int, int]] = []

    def show_sources(self, sources: Sequence[Notes], at: int) -> None:
        """List the texts; `at` is the one that is open."""
        self._names = [words(each.source) for each in sources]
        self._open = at
        self.display = len(sources) > 1
        self.refresh()

    def render(self) -> Content:
        parts: list[Content] = []
        self._spots = []
        at = 0
        for number, name in enumerate(self._names):
            shown = line(name, limit=60, style="bold" if number == self._open else "$quiet")
            mark = Content.styled("▸ " if number == self._open else "  ", "$lead")
            parts += [mark, shown, Content("  ")]
            self._spots.append((at, at + 2 + shown.cell_length))
            at += 4 + shown.cell_length
        hint = Content.styled("^t", "$lead")
        return Content("").join([*parts, hint]).truncate(self.content_size.width, ellipsis=True)

    def on_click(self, event: events.Click) -> None:
        x = event.x - self.gutter.left
        for number, (start, end) in enumerate(self._spots):
            if start <= x < end and number != self._open:
                self.post_message(self.Wanted(number))


def words(source: str) -> str:
    """How a text is called: `your notes`, `transcript`, `call.md`. Raw."""
    return f"your {source}" if source.startswith("notes") else source.removeprefix("import:")
