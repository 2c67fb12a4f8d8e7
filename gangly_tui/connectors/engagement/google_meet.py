"""The transcripts of Google Meet calls, matched by the code in a meeting's link and by the time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from gangly_tui.connectors.engagement.google_client import SYSTEM, Google, table, tables, text
from gangly_tui.connectors.engagement.text_file import MAX_BYTES
from gangly_tui.connectors.engagement.zoom_match import EARLY, Recording, joined, matched
from gangly_tui.domain.errors import GanglyError, InputError, RateLimited, SignInNeeded
from gangly_tui.domain.ports import Transcript
from gangly_tui.domain.records import Meeting

PAGE: Final = 100
MOST_CALLS: Final = 200
"""Calls of one code that are looked at."""
_DONE: Final = ("ENDED", "FILE_GENERATED")
_CODE = re.compile(r"https://meet\.google\.com/([a-z]{3,10}-[a-z]{3,10}-[a-z]{3,10})(?![a-z-])", re.IGNORECASE)
_LONGEST_WORDS: Final = 100_000
_KINDS: Final = ("signedinUser", "anonymousUser", "phoneUser")
_NOBODY: Final = "Unknown speaker"
_Part = tuple[str, datetime]
"""One transcript of a call: its name at Google, and when it ended."""


class MeetTranscripts:
    """Satisfies the transcript reader's protocol. Asks nothing when no meeting is held in Meet."""

    def __init__(self, google: Google) -> None:
        self._google = google

    @property
    def system(self) -> str:
        """`google`."""
        return SYSTEM

    async def transcripts(self, meetings: Sequence[Meeting], known: Mapping[str, str]) -> Sequence[Transcript]:
        """The transcripts there are of these meetings and that are not here in the same version.

        One that cannot be had takes no other along: it is told of when it is the only one left, at the next look.
        """
        now = self._google.link.now()
        ours = [each for each in meetings if each.start <= now and code_of(each)]
        calls = [call for code in dict.fromkeys(map(code_of, ours)) for call in await self._calls(code, ours)]
        found: list[Transcript] = []
        trouble: GanglyError | None = None
        texts: dict[str, str] = {}
        for identifier, belong in matched(ours, calls, code_of).items():
            try:
                parts = [(call, part) for call in belong for part in await self._parts(call)]
                version = _version([part for _, part in parts])
                if not parts or known.get(identifier) == version:
                    continue
                if version not in texts:
                    first = belong[0].start
                    texts[version] = joined([(first, await self._words(call, part, first)) for call, part in parts])
            except (SignInNeeded, RateLimited) as error:
                trouble = error
                break
            except GanglyError as error:
                trouble = error
                continue
            found.append(Transcript(meeting_id=identifier, text=texts[version], version=version))
        if trouble and not found:
            raise trouble
        return found

    async def _calls(self, code: str, meetings: Sequence[Meeting]) -> list[Recording]:
        """The calls that were held under a code while these meetings were on. Google forgets them after 30 days."""
        mine = [each for each in meetings if code_of(each) == code]
        first = min(each.start for each in mine) - EARLY
        last = max(each.end for each in mine) + EARLY
        asked = f'space.meeting_code = "{code}" AND start_time >= "{_stamp(first)}" AND start_time <= "{_stamp(last)}"'
        records = (await self._google.api("meet")).conferenceRecords()
        found: list[Recording] = []
        async for page in self._google.pages(records.list, filter=asked, pageSize=PAGE):
            for each in tables(page, "conferenceRecords"):
                start, end = _moment(each, "startTime"), _moment(each, "endTime")
                if start is not None:
                    name = text(each, "name", 300)
                    found.append(Recording(number=code, uuid=name, start=start, end=end or start, files=()))
            if len(found) > MOST_CALLS:
                break
        return found

    async def _parts(self, call: Recording) -> list[_Part]:
        """The transcripts of a call that are done, the earliest first: one each time it was switched on."""
        transcripts = (await self._google.api("meet")).conferenceRecords().transcripts()
        found = []
        async for page in self._google.pages(transcripts.list, parent=call.uuid, pageSize=PAGE):
            for each in tables(page, "transcripts"):
                start, end = _moment(each, "startTime"), _moment(each, "endTime")
                if text(each, "state") in _DONE and end is not None:
                    found.append((start or end, text(each, "name", 400), end))
        return [(name, end) for _, name, end in sorted(found)]

    async def _words(self, call: Recording, part: _Part, first: datetime) -> str:
        """What was said, as captions with the names of those who spoke; times count from the first call's begin."""
        names = await self._people(call)
        entries = (await self._google.api("meet")).conferenceRecords().transcripts().entries()
        lines, size = ["WEBVTT", ""], 0
        async for page in self._google.pages(entries.list, parent=part[0], pageSize=PAGE):
            for each in tables(page, "transcriptEntries"):
                start = _moment(each, "startTime") or call.start
                end = max(_moment(each, "endTime") or start, start)
                words = _one_line(text(each, "text", _LONGEST_WORDS))
                speaker = names.get(text(each, "participant", 400)) or _NOBODY
                cue = f"{_clock(start - first)} --> {_clock(end - first)}"
                lines += [cue, f"<v {speaker}>{words}", ""]
                size += len(words)
            if size > MAX_BYTES:
                raise InputError("a transcript at Google is larger than 10 MiB", fix="open it in Google Docs")
        return "\n".join(lines)

    async def _people(self, call: Recording) -> dict[str, str]:
        """The names of those who were in a call, as Meet showed them."""
        participants = (await self._google.api("meet")).conferenceRecords().participants()
        names = {}
        async for page in self._google.pages(participants.list, parent=call.uuid, pageSize=PAGE):
            for each in tables(page, "participants"):
                shown = (text(table(each, kind), "displayName", 200) for kind in _KINDS)
                names[text(each, "name", 400)] = _one_line(next(filter(None, shown), "")).replace(":", " ")
        return names


def code_of(meeting: Meeting) -> str:
    """The code of a Meet call in the link, the place or the words of the invitation, "" for none."""
    for each in (meeting.link, meeting.location, meeting.description[:20_000]):
        if found := _CODE.search(each):
            return found[1].lower()
    return ""


def _version(parts: Sequence[_Part]) -> str:
    """What changes when another piece of the call has its transcript."""
    said = "\n".join(f"{name} {end.isoformat()}" for name, end in parts)
    return sha256(said.encode()).hexdigest()[:16] if parts else ""


def _one_line(words: str) -> str:
    """Words that can stand in a caption: on one line, and no caption's own signs."""
    return " ".join(words.replace("-->", "->").replace("<", "(").replace(">", ")").split())


def _clock(after: timedelta) -> str:
    milliseconds = max(round(after / timedelta(milliseconds=1)), 0)
    seconds, rest = divmod(milliseconds, 1_000)
    return f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(data: Mapping[str, Any], name: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text(data, name, 60))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
