"""A calendar file (.ics) as a source of meetings, exported or kept up to date by any calendar program."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from pathlib import Path

from gangly_tui.connectors.engagement.calendar_read import MAX_INSTANCES, PRIVATE_TITLE, CalendarText
from gangly_tui.connectors.engagement.text_file import read_bytes, shown_name
from gangly_tui.connectors.registry import About
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.ports import MeetingFeed
from gangly_tui.domain.records import Meeting

__all__ = ["ABOUT", "MAX_INSTANCES", "PRIVATE_TITLE", "CalendarFile"]

ABOUT = About(label="Calendar file", layer=Layer.ENGAGEMENT, brings="meetings from an .ics file")
_Seen = tuple[object, datetime, datetime, tuple[Meeting, ...]]


class CalendarFile:
    """Satisfies the engagement reader's protocol. `zone` is the rep's: floating times and all-day events lie in it."""

    def __init__(self, path: Path, zone: tzinfo = UTC) -> None:
        self._path = path
        self._seen: _Seen | None = None
        where = sha256(str(path.absolute()).encode("utf-8", "replace")).hexdigest()[:4]
        shown = shown_name(path.name)
        self._text = CalendarText(shown=shown, system=f"{shown}#{where}", zone=zone)

    @property
    def system(self) -> str:
        """The file's name, and four digits that tell it from one of the same name elsewhere."""
        return self._text.system

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        """The meetings that touch [start, end). Raises InputError for what is no calendar, PartlyRead for some of it.

        The work is done beside the event loop. A file that did not change is not read again.
        """
        state = self._state()
        if self._seen and self._seen[:3] == (state, start, end):
            return MeetingFeed(meetings=self._seen[3])
        found = tuple(await asyncio.to_thread(self._look, start, end))
        self._seen = (state, start, end, found)
        return MeetingFeed(meetings=found)

    def check(self) -> int:
        """How many events the file holds, the series counted once. Raises InputError when it is no calendar."""
        return sum(len(each.events) for each in self._text.cut(read_bytes(self._path))[0])

    def _state(self) -> object:
        """What tells one content of the file from the next without reading it; a new object when it cannot be had."""
        try:
            found = self._path.stat()
        except (OSError, ValueError):
            return object()
        return (found.st_ino, found.st_size, found.st_mtime_ns)

    def _look(self, start: datetime, end: datetime) -> list[Meeting]:
        return self._text.meetings(read_bytes(self._path), start, end)
