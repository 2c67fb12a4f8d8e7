"""Days and stretches inside a stretch: "third week of October", "last Friday in May", "20th of next month"."""

from __future__ import annotations

from gangly_tui.intelligence.offline import calendar_math as cal
from gangly_tui.intelligence.offline import calendar_words as words
from gangly_tui.intelligence.offline.date_distance import Rule
from gangly_tui.intelligence.offline.date_periods import period
from gangly_tui.intelligence.offline.date_reading import Found, Line, of_day, of_stretch, ordinal, skip, small_number
from gangly_tui.intelligence.offline.date_relative import relative
from gangly_tui.intelligence.offline.date_tokens import NUM, UNIT, WEEKDAY
from gangly_tui.intelligence.offline.date_units import unit_at


def inside(line: Line, index: int, point: Rule) -> Found:
    """ "third week of October", "last Friday in May", "2nd last week of 2018", "20th of next month", "first 2 weeks
    of Q1"."""
    tokens = line.tokens
    at = skip(tokens, index, "the")
    nth = ordinal(tokens, at)
    if nth:
        number, at = nth
        if tokens[at].word == "last":
            number, at = -number, at + 1
    elif tokens[at].word in ("last", "final"):
        number, at = -1, at + 1
    elif tokens[at].kind == NUM and tokens[at].digits <= 2:
        number, at = tokens[at].value, at + 1
    else:
        return None
    if number == 0:
        return None
    plain = nth is None and tokens[index].kind == NUM
    count = small_number(tokens, at) if not plain and abs(number) == 1 else None
    if count and count[0] < 100 and tokens[count[1]].kind == UNIT:
        return _first_few(line, number, count)
    if (plain or nth) and number > 0:
        found = _day_of(line, number, at)
        if found or plain:
            return found
    if tokens[at].kind == WEEKDAY:
        return _weekday_of(line, number, tokens[at].value, at + 1, point)
    unit = unit_at(line, at)
    return _unit_of(line, number, unit) if unit else None


def _day_of(line: Line, number: int, at: int) -> Found:
    """ "20th of next month", "the 21st this month", "20th day of the month"."""
    tokens = line.tokens
    at = skip(tokens, at, "day")
    linked = skip(tokens, at, "of", "in", ",")
    found = relative(line, skip(tokens, linked, "the"))
    if not found and linked > at and tokens[linked].word == "the" and tokens[linked + 1].word == "month":
        upcoming = cal.next_day_of_month(line.today, number)
        return (of_day(upcoming, left="day of month", number=number), linked + 2) if upcoming else None
    if not found or found[0].grain != "month" or found[0].first.month != found[0].last.month:
        return None
    day = cal.make(found[0].first.year, found[0].first.month, number)
    return (of_day(day), found[1]) if day else None


def _first_few(line: Line, number: int, count: tuple[int, int]) -> Found:
    unit = unit_at(line, count[1])
    if not unit or line.tokens[unit[1]].word not in ("of", "in"):
        return None
    whole = period(line, unit[1] + 1)
    if not whole or unit[0] not in ("day", "week", "month", "quarter"):
        return None
    read = whole[0]
    base = cal.week(cal.plus_days(read.first, 3))[0] if unit[0] == "week" else read.first
    size = {"day": 1, "week": 7}.get(unit[0])
    if number > 0:
        end = (
            cal.plus_days(base, size * count[0] - 1)
            if size
            else cal.months_from(base, count[0] * (3 if unit[0] == "quarter" else 1))[1]
        )
        return of_stretch((base, end), unit[0]), whole[1]
    begin = (
        cal.plus_days(read.last, 1 - size * count[0])
        if size
        else cal.plus_months(cal.plus_days(read.last, 1), -count[0])
    )
    return of_stretch((begin, read.last), unit[0]), whole[1]


def _weekday_of(line: Line, number: int, name: int, at: int, point: Rule) -> Found:
    tokens = line.tokens
    at = at + 1 if tokens[at].word in words.DAY_PARTS else at
    if tokens[at].word == "after":
        other = point(line, skip(tokens, at + 1, "the"))
        if other and number > 0:
            return of_day(cal.plus_days(cal.weekday_after(other[0].last, name), 7 * (number - 1))), other[1]
        return None
    linked = skip(tokens, at, "of", "in")
    whole = period(line, linked) if linked > at or tokens[at].word in words.RELATIVE else None
    if not whole or whole[0].grain == "day":
        return None
    read = whole[0]
    if number > 0:
        found = cal.plus_days(cal.weekday_after(read.first, name, same=True), 7 * (number - 1))
    else:
        found = cal.plus_days(cal.weekday_before(cal.plus_days(read.last, 1), name), 7 * (number + 1))
    if not read.first <= found <= read.last:
        return None
    return of_day(found, left=read.open, number=found.day), whole[1]


def _unit_of(line: Line, number: int, unit: tuple[str, int]) -> Found:
    """The nth day, week, month, quarter or weekend of a stretch; weeks as ISO counts them (the one with the
    Thursday)."""
    tokens = line.tokens
    if tokens[unit[1]].word not in ("of", "in", "after"):
        return None
    whole = period(line, unit[1] + 1)
    if not whole or whole[0].grain == "day":
        return None
    name, read = unit[0], whole[0]
    stretch: cal.Stretch | None = None
    if name in ("day", "workday"):
        step = cal.plus_days if name == "day" else cal.plus_workdays
        base = cal.plus_days(read.first, -1) if number > 0 else cal.plus_days(read.last, 1)
        day = step(base, number)
        return (of_day(day), whole[1]) if read.first <= day <= read.last else None
    if name in ("week", "weekend"):
        first = cal.week(cal.plus_days(cal.week(cal.plus_days(read.first, 3))[0], 3))[0]
        final = cal.week(cal.plus_days(read.last, -3))[0] if read.grain != "month" else cal.week(read.last)[0]
        monday = cal.plus_days(first, 7 * (number - 1)) if number > 0 else cal.plus_days(final, 7 * (number + 1))
        if name == "weekend":
            friday = [cal.weekend(cal.plus_days(read.first, 7 * each))[0] for each in range(6)]
            inside_days = [day for day in friday if read.first <= day <= read.last]
            saturday = inside_days[number if number < 0 else number - 1] if abs(number) <= len(inside_days) else None
            return (of_stretch(cal.weekend(saturday), "weekend"), whole[1]) if saturday else None
        stretch = (monday, cal.plus_days(monday, 6))
    elif name in ("month", "quarter"):
        size = 1 if name == "month" else 3
        begin = (
            cal.plus_months(read.first, size * (number - 1))
            if number > 0
            else cal.plus_months(cal.plus_days(read.last, 1), size * number)
        )
        stretch = cal.months_from(begin, size)
    if not stretch or stretch[0] > read.last or stretch[1] < read.first:
        return None
    return of_stretch(stretch, name), whole[1]
