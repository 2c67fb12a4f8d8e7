"""Units of time: the stretch around a day, a day moved by some of them, and how many are said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from gangly_tui.intelligence.offline import calendar_math as cal
from gangly_tui.intelligence.offline import calendar_words as words
from gangly_tui.intelligence.offline.date_reading import Line, skip, small_number
from gangly_tui.intelligence.offline.date_tokens import NUM, UNIT

HOURS = ("hour", "minute", "second")
_MOST_PARTS = 4


def _workweek(line: Line, day: date, offset: int) -> cal.Stretch:
    monday = cal.week(cal.plus_days(day, 7 * offset))[0]
    return monday, cal.plus_days(monday, 4)


def _fortnight(line: Line, day: date, offset: int) -> cal.Stretch:
    monday = cal.week(cal.plus_days(day, 14 * offset))[0]
    return monday, cal.plus_days(monday, 13)


def _half_year(line: Line, day: date, offset: int) -> cal.Stretch:
    return cal.months_from(cal.plus_months(day.replace(month=1 if day.month < 7 else 7), 6 * offset), 6)


def _years(day: date, offset: int, span: int) -> cal.Stretch:
    begin = day.replace(year=max(1, day.year - day.year % span), month=1, day=1)
    return cal.months_from(cal.plus_months(begin, 12 * span * offset), 12 * span)


_STRETCHES: dict[str, Callable[[Line, date, int], cal.Stretch]] = {
    "week": lambda line, day, offset: cal.week(cal.plus_days(day, 7 * offset)),
    "workweek": _workweek,
    "weekend": lambda line, day, offset: cal.weekend(cal.plus_days(day, 7 * offset)),
    "fortnight": _fortnight,
    "month": lambda line, day, offset: cal.months_from(cal.plus_months(day, offset), 1),
    "quarter": lambda line, day, offset: cal.quarter_at(day, line.fiscal_year_start, offset),
    "half": _half_year,
    "year": lambda line, day, offset: cal.months_from(cal.plus_months(day.replace(month=1), 12 * offset), 12),
    "fiscal year": lambda line, day, offset: cal.fiscal_year_at(day, line.fiscal_year_start, offset),
    "decade": lambda line, day, offset: _years(day, offset, 10),
    "century": lambda line, day, offset: _years(day, offset, 100),
}


def unit_stretch(line: Line, unit: str, offset: int, base: date | None = None) -> cal.Stretch:
    """The week, month, quarter, ... around `base`, moved by `offset` of them."""
    day = base or line.today
    if unit in _STRETCHES:
        return _STRETCHES[unit](line, day, offset)
    moved = cal.plus_days(day, offset)
    return moved, moved


def shift(day: date, count: float, unit: str) -> date:
    """`day` moved by `count` units of at least a day."""
    if unit == "day":
        return cal.plus_days(day, round(count))
    if unit == "workday":
        return cal.plus_workdays(day, round(count))
    weeks = {"week": 7, "workweek": 7, "weekend": 7, "fortnight": 14}.get(unit)
    if weeks:
        return cal.plus_days(day, round(count * weeks))
    months = {"month": 1, "quarter": 3, "half": 6, "year": 12, "decade": 120, "century": 1200}.get(unit, 0)
    whole = cal.plus_months(day, int(count * months))
    return cal.plus_days(whole, round((count * months - int(count * months)) * 30))


def unit_at(line: Line, index: int) -> tuple[str, int] | None:
    """A unit of time and the index behind it: "weeks", "business days", "fiscal year"."""
    token = line.tokens[index]
    if token.kind == UNIT or token.word == "second":
        return words.UNITS[token.word], index + 1
    if token.glued and token.word in words.SHORT_UNITS:
        return words.SHORT_UNITS[token.word], index + 1
    following = line.tokens[index + 1]
    if following.kind == UNIT and token.word in ("business", "working", "work", "calendar", "full", "whole", "fiscal"):
        unit = words.UNITS[following.word]
        if token.word in ("business", "working", "work"):
            named = {"day": "workday", "week": "workweek"}.get(unit)
            return (named, index + 2) if named else None
        if token.word == "fiscal":
            return ("fiscal year" if unit == "year" else unit), index + 2
        return unit, index + 2
    return None


def amount(line: Line, index: int) -> tuple[float, int] | None:
    """How many: "3", "1.5", "two", "a", "a couple of", "half a", "2 and a half"."""
    tokens = line.tokens
    token = tokens[index]
    if token.word == "half":
        return 0.5, skip(tokens, index + 1, "a", "an")
    if token.word in ("a", "an", "the") and tokens[index + 1].word in ("couple", "few"):
        return words.QUANTITIES[tokens[index + 1].word], skip(tokens, index + 2, "of")
    if token.word in words.QUANTITIES and token.word not in ("dozen",):
        return words.QUANTITIES[token.word], skip(tokens, index + 1, "of")
    if token.word in ("¼", "½", "¾"):
        return {"¼": 0.25, "½": 0.5, "¾": 0.75}[token.word], index + 1
    number = small_number(tokens, index)
    if not number:
        return None
    value, at = float(number[0]), number[1]
    if token.kind == NUM and tokens[at].word in (".", "/") and tokens[at].glued and tokens[at + 1].kind == NUM:
        right = tokens[at + 1]
        if tokens[at].word == ".":
            return value + right.value / 10**right.digits, at + 2
        return (value / right.value, at + 2) if right.value else None
    if tokens[at].word == "and" and tokens[at + 1].word in ("a", "an", "1") and tokens[at + 2].word == "half":
        return value + 0.5, at + 3
    return value, skip(tokens, at, "-", "more", "full", "whole", "to") if tokens[at].word != "to" else at


def duration(line: Line, index: int) -> tuple[list[tuple[float, str]], int] | None:
    """Parts such as "2 years 1 month and 21 days", "1d 2hr", "half an hour", "three-quarters of an hour"."""
    tokens = line.tokens
    parts: list[tuple[float, str]] = []
    at = index
    while len(parts) < _MOST_PARTS:
        begin = skip(tokens, skip(tokens, at, ","), "and") if parts else at
        if tokens[begin].word in ("three", "3") and tokens[begin + 2].word in ("quarters", "quarter") and not parts:
            behind = skip(tokens, skip(tokens, begin + 3, "of"), "an", "a")
            unit = unit_at(line, behind)
            return ([(0.75, unit[0])], unit[1]) if unit else None
        if tokens[begin].word in ("a", "quarter") and tokens[begin + (tokens[begin].word == "a")].word == "quarter":
            behind = skip(tokens, skip(tokens, begin + 1 + (tokens[begin].word == "a"), "of"), "an", "a")
            unit = unit_at(line, behind)
            if unit and unit[0] in HOURS:
                return [(0.25, unit[0])], unit[1]
        count = amount(line, begin)
        unit = unit_at(line, count[1]) if count else None
        if not count or not unit or (parts and tokens[begin].word in ("a", "an")):
            break
        value, at = count[0], unit[1]
        if tokens[at].word == "and" and tokens[at + 1].word in ("a", "an") and tokens[at + 2].word == "half":
            value, at = value + 0.5, at + 3
        parts.append((value, unit[0]))
    return (parts, at) if parts else None


def moved(start: datetime, parts: list[tuple[float, str]], sign: int) -> tuple[date, time | None]:
    """`start` moved by all parts; the time of day is kept only when hours or less were named."""
    day = start.date()
    clock = timedelta()
    fine = False
    for count, unit in parts:
        if unit in HOURS:
            fine = True
            clock += timedelta(**{unit + "s": min(count, 1e6) * sign})
        else:
            day = shift(day, count * sign, unit)
    if not fine:
        return day, None
    try:
        instant = datetime.combine(day, start.time()) + clock
    except OverflowError:
        return day, None
    return instant.date(), instant.time().replace(microsecond=0)
