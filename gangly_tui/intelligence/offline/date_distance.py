"""Days at a distance: "in two weeks", "5 days ago", "three days after Easter", "2 sundays from now"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time

from gangly_tui.intelligence.offline import calendar_math as cal
from gangly_tui.intelligence.offline import calendar_words as words
from gangly_tui.intelligence.offline.date_reading import Found, Line, of_day, of_stretch, skip, small_number
from gangly_tui.intelligence.offline.date_tokens import END, MARK, WEEKDAY
from gangly_tui.intelligence.offline.date_units import HOURS, amount, duration, moved, shift

Rule = Callable[[Line, int], Found]


def _grain(parts: list[tuple[float, str]]) -> str:
    unit = parts[-1][1]
    return "day" if unit == "workday" else unit


def distance(line: Line, index: int, point: Rule) -> Found:
    """ "in 2 weeks", "5 days ago", "a week after tomorrow", "2 weeks starting May 20th", "2 sundays from now"."""
    tokens = line.tokens
    lead = tokens[index].word
    ahead = lead in ("in", "within", "after", "+")
    begin = (
        skip(tokens, index + 1, "about", "around", "another", "roughly", "maybe", "the", "approximately")
        if ahead
        else index
    )
    begin = skip(tokens, begin, "next") if ahead and lead == "within" else begin
    found = duration(line, begin)
    if not found:
        spread = _spread(line, begin, ahead=ahead)
        return spread or (None if ahead else _count_of_weekdays(line, index))
    parts, at = found
    word = tokens[at].word
    bare = word == "earlier" or (word == "before" and tokens[at + 1].kind in (END, MARK))
    if word in ("ago", "back") or (bare and not ahead):
        return _land(line, parts, -1, at + 1)
    if word == "on" and tokens[at + 1].kind == WEEKDAY and parts[-1][1] in ("week", "fortnight") and not ahead:
        base = cal.weekday_after(line.today, tokens[at + 1].value)
        return of_day(moved(datetime.combine(base, time()), parts, 1)[0]), at + 2
    if word in ("hence", "later", "out") or (word == "from" and tokens[at + 1].word in ("now", "today")):
        return _land(line, parts, 1, at + (2 if word == "from" else 1))
    if word in (
        "from",
        "after",
        "before",
        "prior",
        "following",
        "past",
        "since",
        "starting",
        "beginning",
        "commencing",
    ):
        behind = skip(tokens, at + 1, "to", "the", "on")
        other = point(line, behind) or point(line, at + 1)
        if other:
            sign = -1 if word in ("before", "prior") else 1
            closing = tokens[behind].word in ("end", "close") or tokens[behind].word in words.DEADLINES
            base = other[0].first if sign < 0 and not closing else other[0].last
            if word in ("starting", "beginning", "commencing"):
                end = cal.plus_days(moved(datetime.combine(base, time()), parts, 1)[0], -1)
                return of_stretch((base, max(base, end)), "range"), other[1]
            day, at_time = moved(datetime.combine(base, line.anchor.time()), parts, sign)
            return replace(of_day(day, _grain(parts)), at=at_time), other[1]
    if ahead and lead != "after" and not _follows_as_noun(line, at):
        return _land(line, parts, 1, at, through=lead == "within")
    if ahead and tokens[at].kind in (END, MARK) and parts[-1][1] in HOURS:
        return None
    return None


def _spread(line: Line, index: int, *, ahead: bool) -> Found:
    """ "in six to eight weeks", "2-3 days from now": both ends of the wait."""
    tokens = line.tokens
    low = small_number(tokens, index)
    if not low or tokens[low[1]].word not in ("to", "-", "–", "or"):
        return None
    high = duration(line, low[1] + 1)
    if not high or len(high[0]) != 1 or high[0][0][1] in HOURS:
        return None
    at = high[1]
    back = tokens[at].word in ("ago", "back")
    if not (ahead or back or (tokens[at].word == "from" and tokens[at + 1].word in ("now", "today"))):
        return None
    at += 1 if back else 2 * (tokens[at].word == "from")
    count, unit = high[0][0]
    sign = -1 if back else 1
    near, far = shift(line.today, sign * low[0], unit), shift(line.today, sign * count, unit)
    return of_stretch((min(near, far), max(near, far)), unit if unit != "workday" else "day"), at


def _follows_as_noun(line: Line, at: int) -> bool:
    """ "in a month's time" is a distance, "in 3 day increments" is not."""
    return line.tokens[at].word in ("increments", "increment", "intervals", "row", "window", "windows", "chunks")


def _land(line: Line, parts: list[tuple[float, str]], sign: int, at: int, *, through: bool = False) -> Found:
    at = skip(line.tokens, at, "time") if through is False else at
    day, clock = moved(line.anchor, parts, sign)
    read = replace(of_day(day, _grain(parts)), at=clock)
    if through:
        read = replace(read, first=line.today if sign > 0 else day, grain=_grain(parts))
    behind = skip(line.tokens, at, "on", ",")
    if clock is None and line.tokens[behind].kind == WEEKDAY and not through:
        named = cal.plus_days(cal.week(day)[0], line.tokens[behind].value)
        if abs((named - day).days) <= 6:
            return replace(read, first=named, last=named, grain="day"), behind + 1
    return read, at


def _count_of_weekdays(line: Line, index: int) -> Found:
    """ "2 sundays from now", "2 thursdays back"."""
    tokens = line.tokens
    count = amount(line, index)
    if not count or not tokens[count[1]].word.rstrip("s"):
        return None
    at = count[1]
    name = tokens[at].word
    weekday = words.WEEKDAYS.get(name, words.WEEKDAYS.get(name.removesuffix("s"), -1))
    if weekday < 0 or count[0] > 60:
        return None
    steps = int(count[0]) - 1
    if tokens[at + 1].word in ("back", "ago"):
        return of_day(cal.plus_days(cal.weekday_before(line.today, weekday), -7 * steps)), at + 2
    if tokens[at + 1].word in ("from", "hence", "later"):
        behind = skip(tokens, at + 2, "now", "today") if tokens[at + 1].word == "from" else at + 2
        return of_day(cal.plus_days(cal.weekday_after(line.today, weekday), 7 * steps)), behind
    return None
