"""Dates written in digits: 2026-11-24, 11/24/2026, 24.11.2026, 11/24, 20261124, 24/Nov/2026, 04/2026."""

from __future__ import annotations

import re
from datetime import date

from gangly_tui.intelligence.offline import calendar_math as cal
from gangly_tui.intelligence.offline import calendar_words as words
from gangly_tui.intelligence.offline.date_reading import Found, Line, of_day, of_stretch, two_digit_year

_NAME = "(" + "|".join(sorted(words.MONTHS, key=len, reverse=True)) + r")(?![^\W\d_])\.?"
_NOT_BEHIND = r"(?!\d)(?![/.]\d)(?!-\d++(?![/.]))"
_YMD = re.compile(r"(\d{4})\s?([-/. ])\s?(\d{1,2})\s?\2\s?(\d{1,2})(?=T\d\d|" + _NOT_BEHIND + ")")
_DMY = re.compile(r"(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})" + _NOT_BEHIND)
_COMPACT = re.compile(r"(19[5-9]\d|20[0-4]\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")
_NAMED_MIDDLE = re.compile(r"(\d{1,4})([-/. ])" + _NAME + r"[-/. ](\d{1,4})(?!\d)", re.IGNORECASE)
_NAMED_LAST = re.compile(r"(\d{1,4})([-/])(\d{1,4})[-/]" + _NAME, re.IGNORECASE)
_MONTH_YEAR = re.compile(r"(\d{1,2})[/](\d{4})" + _NOT_BEHIND)
_YEAR_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})" + _NOT_BEHIND)
_PAIR = re.compile(
    r"(\d{1,2})(\s?[-/.]\s?)(\d{1,2})(?![\d%])(?!\s?[/.:]\d\d)(?!-\d++(?!/))(?!\s?(?:st|nd|rd|th|am|pm|a\.m|p\.m)\b)"
)
_DATE_BEFORE = re.compile(r"\d/\d{1,4}-\Z")
_CUES = {"on", "by", "until", "till", "due", "from", "before", "after", "since", "this", "next", "last", "is", "for",
         "starting", "between", "beginning", "ending", "date", "dated", "of", "to", ","}  # fmt: skip
_FRACTIONS = {(1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (1, 5), (1, 8), (24, 7), (9, 11), (7, 24)}


def numeric(line: Line, index: int) -> Found:
    """A date in digits that starts at this number."""
    token = line.tokens[index]
    text, start = line.text, token.start
    previous = text[start - 1] if start else ""
    joined = (
        previous in "-/."
        and start > 1
        and text[start - 2].isdigit()
        and not _DATE_BEFORE.search(text, max(0, start - 8), start)
    )
    if (previous in "$€£¥₹#&+" and previous) or joined:
        return None
    if token.digits == 8:
        match = _COMPACT.match(text, start)
        return _settle(line, match, _day(*(int(part) for part in match.groups()))) if match else None
    if token.digits == 4:
        return _year_first(line, text, start)
    if token.digits <= 2:
        return _year_last(line, text, start, index)
    return None


def _year_first(line: Line, text: str, start: int) -> Found:
    match = _YMD.match(text, start)
    if match:
        year, second, third = int(match[1]), int(match[3]), int(match[4])
        spaced = match[2] == " " and not 1900 <= year <= 2100
        found = None if spaced else _day(year, second, third) or _day(year, third, second)
        if found:
            return _settle(line, match, found)
        return None
    named = _named(line, text, start)
    if named:
        return named
    match = _YEAR_MONTH.match(text, start)
    if match and 1 <= int(match[2]) <= 12 and 1900 <= int(match[1]) <= 2100:
        return of_stretch(cal.month(int(match[1]), int(match[2])), "month"), _behind(line, match.end())
    return None


def _named(line: Line, text: str, start: int) -> Found:
    match = _NAMED_MIDDLE.match(text, start)
    if match and (match[2] != " " or len(match[1]) == 4):
        number = words.MONTHS[match[3].lower()]
        left, right = match[1], match[4]
    else:
        match = _NAMED_LAST.match(text, start)
        if not match:
            return None
        number = words.MONTHS[match[4].lower()]
        left, right = match[1], match[3]
    if len(left) == 4 or (len(left) <= len(right) and int(left) > 31):
        year, day = left, right
    else:
        year, day = right, left
    if len(year) not in (2, 4) or len(day) > 2:
        return None
    value = int(year) if len(year) == 4 else two_digit_year(int(year))
    return _settle(line, match, _day(value, number, int(day)))


def _year_last(line: Line, text: str, start: int, index: int) -> Found:
    match = _DMY.match(text, start)
    if match:
        year = int(match[4]) if len(match[4]) == 4 else two_digit_year(int(match[4]))
        return _settle(line, match, *_both(year, int(match[1]), int(match[3])))
    named = _named(line, text, start)
    if named:
        return named
    match = _MONTH_YEAR.match(text, start)
    if match and 1 <= int(match[1]) <= 12 and 1900 <= int(match[2]) <= 2100:
        return of_stretch(cal.month(int(match[2]), int(match[1])), "month"), _behind(line, match.end())
    return _pair(line, text, start, index)


def _pair(line: Line, text: str, start: int, index: int) -> Found:
    match = _PAIR.match(text, start)
    if not match:
        return None
    left, right, mark = int(match[1]), int(match[3]), match[2].strip()
    before = line.before(index)
    cued = before in _CUES or before in words.WEEKDAYS or not line.text[:start].strip()
    alone = not line.text[:start].strip() and not line.text[match.end() :].strip(" .!?,")
    if mark == "/":
        timed = text[match.end() : match.end() + 4] in (" at ", " @ ")
        if (left, right) in _FRACTIONS and not (
            alone or timed or before in ("on", "by", "due", "until", "before", "after")
        ):
            return None
    elif mark == "-":
        if not alone and not (before in ("on", "due", "dated") and _ends(text, match.end())):
            return None
    elif not (before in ("on", "due", "dated", "by") or before in words.WEEKDAYS) or not cued:
        return None
    first, second = _upcoming(line, left, right), _upcoming(line, right, left)
    found = first or second
    if not found:
        return None
    behind = _behind(line, match.end())
    return of_day(found, left="year", other=second if first else None), behind


def _ends(text: str, at: int) -> bool:
    return not text[at : at + 2].strip(" .!?,;)\n")


def _upcoming(line: Line, month: int, day: int) -> date | None:
    return cal.next_month_day(line.today, month, day) if 1 <= month <= 12 else None


def _both(year: int, left: int, right: int) -> tuple[date | None, date | None]:
    month_first, day_first = _day(year, left, right), _day(year, right, left)
    return (month_first, day_first) if month_first else (day_first, None)


def _day(year: int, month: int, day: int) -> date | None:
    return cal.make(year, month, day)


def _settle(line: Line, match: re.Match[str], found: date | None, other: date | None = None) -> Found:
    return (of_day(found, other=other), _behind(line, match.end())) if found else None


def _behind(line: Line, end: int) -> int:
    """The index of the first token that starts at or behind the character `end`."""
    low, high = 0, len(line.tokens) - 4
    while low < high:
        middle = (low + high) // 2
        if line.tokens[middle].start < end:
            low = middle + 1
        else:
            high = middle
    return low
