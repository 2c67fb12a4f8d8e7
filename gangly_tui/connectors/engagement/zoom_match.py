"""Which recording belongs to which meeting, whatever calendar the meeting is in: by the number and by the time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from gangly_tui.domain.records import Meeting

EARLY = timedelta(hours=1)
"""A call begins this long before or after its place in the calendar, and it is still this one."""
_HOST = r"https://(?:[a-z0-9-]{1,63}\.){0,3}zoom(?:gov)?\.(?:us|com)"
_NUMBER = re.compile(rf"{_HOST}/(?:j|w|s|wc|wc/join)/(\d{{9,12}})\b", re.IGNORECASE)
_NAME = re.compile(rf"{_HOST}/my/([\w.-]{{3,60}})", re.IGNORECASE)
_SPOKEN = re.compile(r"\bmeeting id\s{0,3}:\s{0,3}(\d{3,4}[ -]?\d{3,4}[ -]?\d{3,4})\b", re.IGNORECASE)
_LONGEST = 20_000
"""How much of a description is looked through."""
_CUE = re.compile(r"^(\d{2,3}:)?(\d\d):(\d\d)[.,](\d{3}) --> (\d{2,3}:)?(\d\d):(\d\d)[.,](\d{3})", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One transcript of a recording. Everything is as Zoom tells it."""

    id: str
    url: str
    start: datetime
    end: datetime
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One instance of a meeting that was recorded, with its transcripts."""

    number: str
    uuid: str
    start: datetime
    end: datetime
    files: tuple[File, ...]


def number_of(meeting: Meeting, numbers: Callable[[str], str] = lambda _: "") -> str:
    """The meeting number in the join link, else in the place or the words of the invitation; "" for no Zoom meeting.

    `numbers` knows the number behind a personal link ("robin" in zoom.us/my/robin).
    """
    texts = (meeting.link, meeting.location, meeting.description[:_LONGEST])
    for text in texts:
        if found := _NUMBER.search(text):
            return found[1]
    for text in texts:
        if (found := _NAME.search(text)) and (number := numbers(found[1])):
            return number
    for text in texts[1:]:
        if "zoom" in text.lower() and (found := _SPOKEN.search(text)):
            return re.sub(r"\D", "", found[1])
    return ""


def personal_names(meetings: Iterable[Meeting]) -> bool:
    """Whether one of them has a personal link and no number: only then its owner's number is asked for."""
    return any(
        not number_of(each) and _NAME.search(f"{each.link} {each.location} {each.description[:_LONGEST]}")
        for each in meetings
    )


def matched(
    meetings: Sequence[Meeting], recordings: Iterable[Recording], number: Callable[[Meeting], str]
) -> dict[str, list[Recording]]:
    """The recordings of each meeting, by its id, the earliest first.

    A number may be used again and again: a recording belongs to the meeting it shares most time with, else to the one
    that begins nearest. The same meeting in two calendars gets it twice.
    """
    by_number: dict[str, list[Meeting]] = {}
    for each in meetings:
        if found := number(each):
            by_number.setdefault(found, []).append(each)
    belongs: dict[str, list[Recording]] = {}
    for recording in sorted(recordings, key=lambda each: each.start):
        near = [each for each in by_number.get(recording.number, ()) if _is_near(each, recording)]
        best = max((_fit(each, recording) for each in near), default=None)
        for each in near:
            if _fit(each, recording) == best:
                belongs.setdefault(each.id, []).append(recording)
    return belongs


def _is_near(meeting: Meeting, recording: Recording) -> bool:
    return meeting.start - EARLY <= recording.start <= meeting.end + EARLY


def _fit(meeting: Meeting, recording: Recording) -> tuple[timedelta, timedelta]:
    """The time both share, then how near they begin."""
    shared = min(meeting.end, recording.end) - max(meeting.start, recording.start)
    return max(shared, timedelta()), -abs(meeting.start - recording.start)


def joined(parts: Sequence[tuple[datetime, str]]) -> str:
    """One transcript of several, for a call that was recorded in pieces: all times count from the first."""
    first = parts[0][0]
    texts = [parts[0][1].rstrip("\n")]
    for at, text in parts[1:]:
        seconds = max(round((at - first) / timedelta(seconds=1)), 0)
        body = text.partition("\n\n")[2] if text.lstrip("\ufeff").startswith("WEBVTT") else text
        texts.append(_CUE.sub(partial(_moved, seconds), body).strip())
    return "\n\n".join(texts) + "\n"


def _moved(seconds: int, cue: re.Match[str]) -> str:
    return f"{_later(cue, 1, seconds)} --> {_later(cue, 5, seconds)}"


def _later(cue: re.Match[str], group: int, seconds: int) -> str:
    hours = int((cue[group] or "0:")[:-1])
    total = hours * 3600 + int(cue[group + 1]) * 60 + int(cue[group + 2]) + seconds
    return f"{total // 3600:02}:{total % 3600 // 60:02}:{total % 60:02}.{cue[group + 3]}"
