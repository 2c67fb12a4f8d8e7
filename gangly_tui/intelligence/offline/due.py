"""Which day a sentence gives: the due date of a step, the day a deal closes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from gangly_tui.domain.draft import ReadingContext
from gangly_tui.intelligence.offline.modality import correction_at, excluded

_HINT = re.compile(
    r"\d|day\b|\b(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|tomorrow|tmrw|tmr|tonight|today|"
    r"weeks?|months?|quarters?|years?|days?|eod|eow|eom|eoq|eoy|cob|"
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|"
    r"august|september|october|november|december|"
    r"fortnight|weekend|now|away|immediately|hour|call|momentarily|christmas|thanksgiving|easter|"
    r"afternoon|morning|evening|noon|lunch|after this|when we hang up|"
    r"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|\w+teenth|tenth|eleventh|twelfth|\w+tieth|"
    r"spring|summer|fall|autumn|winter|q[1-4])\b",
    re.I,
)
_NOW = re.compile(
    r"\b(?:right (?:now|away|after (?:this|the|our) (?:call|meeting))|immediately|(?:right )?after (?:this|"
    r"our|the) (?:call|meeting|chat)|(?:right|straight|directly) after (?:this|we hang up|we're done|we finish)|"
    r"(?:as soon as|when|once|after) we hang up|(?:with)?in the (?:next )?(?:half )?(?:an )?hour|momentarily|"
    r"later today|"
    r"straight ?away|this minute)\b"
)
_BEHIND = re.compile(r"(?:(?:in|over|for|of) )?(?:the |our |their |these )?(?:last|past|previous)\b")
"""A stretch that only ends today."""
_CLOCK_ONLY = re.compile(
    r"^(?:at |around |by )?\d{1,2}(?::\d{2})?\s?(?:[ap]\.?m\.?|o'clock)?(?: ?(?:-|to) ?\d{1,2}"
    r"(?::\d{2})?\s?(?:[ap]\.?m\.?)?)?$|^noon$|^midnight$"
)
_WEEKDAY = re.compile(r"\b(?:on\s)?(mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b")
_NEW_CLAUSE = re.compile(r"\b(?:i|we|you|he|she|they|will|is|are|can|to)\b|'ll\b")
_NEXT_WEEK = re.compile(r"\b(?:next week|the following week|week after next)\b")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_WIDE = 31
_DAYS = "mon tue wed thu fri sat sun".split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A day and the words that gave it; `start` and `end` index the text it was read from."""

    start: int
    end: int
    day: date
    first: date
    last: date
    words: str
    alternative: date | None = None
    wide: bool = False
    """the words gave a stretch of more than a month: a plan, not a day"""


def shown(day: date) -> str:
    """`23 Sep 2026`, whatever the locale."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def read_dues(text: str, context: ReadingContext) -> list[Due]:
    """Every day a text gives that is not before the call, in order. A corrected day replaces what it corrects."""
    if not _HINT.search(text):
        return []
    from gangly_tui.intelligence.offline.dates import find_dates

    low = text.lower() if len(text.lower()) == len(text) else text
    anchor = context.anchor.date()
    found: list[Due] = []
    for hit in find_dates(text, context.anchor, fiscal_year_start=context.fiscal_year_start):
        words = text[hit.start : hit.end].rstrip(" .,;:")
        no_day = bool(_CLOCK_ONLY.match(words.strip().lower())) or words.lower() == "now"
        no_day = no_day or (bool(_BEHIND.match(words.lower())) and hit.first < anchor)
        if no_day or hit.last < anchor or excluded(low, hit.start):
            continue
        found.append(
            Due(
                start=hit.start,
                end=hit.start + len(words),
                day=_day(words.lower(), low[max(0, hit.start - 12) : hit.start], hit.first, hit.last, anchor),
                first=hit.first,
                last=hit.last,
                words=words,
                alternative=_other(hit.alternative, hit.first, anchor),
                wide=(hit.last - hit.first).days > _WIDE,
            )
        )
    for spoken in _NOW.finditer(low):
        if not any(each.start < spoken.end() and spoken.start() < each.end for each in found):
            found.append(
                Due(
                    start=spoken.start(),
                    end=spoken.end(),
                    day=anchor,
                    first=anchor,
                    last=anchor,
                    words=text[spoken.start() : spoken.end()],
                )
            )
    found.sort(key=lambda each: each.start)
    found = _shared_week(low, found, anchor)
    fresh = correction_at(low)
    if fresh is not None and any(each.start >= fresh for each in found):
        found = [each for each in found if each.start >= fresh]
    return found


def _other(stretch: tuple[date, date] | None, first: date, anchor: date) -> date | None:
    """The first day of the other reading, unless it lies before the call."""
    return stretch[0] if stretch and stretch[0] != first and stretch[1] >= anchor else None


def _day(words: str, before: str, first: date, last: date, anchor: date) -> date:
    """The one day a stretch stands for: its middle for "mid-November", Friday for a week, else its last day."""
    length = (last - first).days
    if length > _WIDE and not re.search(r"\b(?:by|before|end|until|latest)\b", words + before):
        return max(first, anchor)  # "next spring": from its beginning on
    if length <= 0:
        return max(first, anchor) if last >= anchor else first
    if re.search(r"\bmid\b|\bmid-|\bmiddle\b", words + before):
        return date(first.year, first.month, 15) if first.month == last.month else first + timedelta(days=length // 2)
    if "before" in before:
        return max(anchor, first - timedelta(days=1))
    if length == 6 and first.weekday() == 0:
        return first + timedelta(days=4)
    return last


def _shared_week(low: str, found: list[Due], anchor: date) -> list[Due]:
    """In "Tuesday at 3 or Wednesday at 11 next week" both days are of next week."""
    week = _NEXT_WEEK.search(low)
    if not week or not found:
        return found
    away = 14 if "after next" in week.group() else 7
    monday = anchor - timedelta(days=anchor.weekday()) + timedelta(days=away)
    result = []
    shared = False
    for slot in found:
        each = slot
        name = _WEEKDAY.fullmatch(
            re.sub(r"\s*(?:at|@|around)?\s*\d{1,2}(?::\d\d)?\s*(?:[ap]\.?m\.?)?$", "", each.words.lower()).strip(" ,")
        )
        lone = (
            _WEEKDAY.match(each.words.lower()) if "week" not in each.words.lower() and each.first == each.last else None
        )
        hit = name or lone
        between = low[each.end : week.start()] if each.end <= week.start() else low[week.end() : each.start]
        if (
            hit
            and len(between) < 60
            and "." not in between
            and not _NEW_CLAUSE.search(between)
            and not re.search(r"\bthis\b", low[max(0, each.start - 6) : each.start])
        ):
            day = monday + timedelta(days=_DAYS.index(hit.group(1)[:3]))
            each = Due(start=each.start, end=each.end, day=day, first=day, last=day, words=each.words)
            shared = True
        result.append(each)
    if shared:
        result = [each for each in result if each.words.lower().strip() not in ("next week", "the following week")]
    return result


def weekday_of(due: Due) -> str:
    """The weekday's first three letters when the words name one, else empty."""
    found = _WEEKDAY.search(due.words.lower())
    return found.group(1)[:3] if found else ""
