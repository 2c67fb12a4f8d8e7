"""Days that count from another day: "next Friday", "in two weeks", "three days after Easter", "last month"."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from gangly_tui.intelligence.offline import calendar_math as cal
from gangly_tui.intelligence.offline import calendar_words as words
from gangly_tui.intelligence.offline.date_reading import (
    Found,
    Line,
    Read,
    day_of_month,
    full_year,
    of_day,
    of_stretch,
    ordinal,
    skip,
    small_number,
)
from gangly_tui.intelligence.offline.date_tokens import CARD, END, MARK, MONTH, NUM, WEEKDAY
from gangly_tui.intelligence.offline.date_units import HOURS, amount, duration, moved, shift, unit_at, unit_stretch

_MEALS = ("lunch", "dinner", "breakfast", "noon")
_BEHIND_A_MONTH = {
    "to",
    "until",
    "till",
    "through",
    "and",
    "or",
    "at",
    "for",
    "in",
    "with",
    "we",
    "i",
    "so",
    "if",
    "but",
    "on",
}


def weekday(line: Line, index: int, relative_word: str = "") -> Found:
    """A weekday with what follows it: "Tuesday", "Friday next week", "Tue 13th", "Monday two weeks from now"."""
    tokens = line.tokens
    name = tokens[index].value
    at = index + 1
    if tokens[at].word == "." and tokens[at].glued and tokens[index].word not in words.UNITS:
        at += 1
    numbered = _numbered(line, at, name)
    if numbered:
        return numbered
    following = skip(tokens, at, ",", "of", "from", "in", "the")
    following = skip(tokens, following, "the", "of")
    day_part = tokens[following].word in words.DAY_PARTS
    following = skip(tokens, following + 1, "of") if day_part else following
    if tokens[following].word in words.RELATIVE and tokens[following + 1].word in ("week", "wk"):
        offset = words.RELATIVE[tokens[following].word]
        return of_day(cal.plus_days(unit_stretch(line, "week", offset)[0], name)), following + 2
    if tokens[at].word == "after" and tokens[at + 1].word == "next":
        return of_day(cal.plus_days(cal.weekday_after(line.today, name), 7)), at + 2
    if tokens[at].word == "before" and tokens[at + 1].word == "last":
        return of_day(cal.plus_days(cal.weekday_before(line.today, name), -7)), at + 2
    if tokens[at].word == "week" and line.before(index) in ("", "on", "by", "until", "this", "next"):
        return of_day(cal.plus_days(cal.weekday_after(line.today, name), 7)), at + 1
    apart = duration(line, skip(tokens, at, ",", "in"))
    if apart and tokens[apart[1]].word == "from" and tokens[apart[1] + 1].word in ("now", "today"):
        day = moved(line.anchor, apart[0], 1)[0]
        return of_day(cal.plus_days(cal.week(day)[0], name)), apart[1] + 2
    return plain_weekday(line, name, relative_word), at


def plain_weekday(line: Line, name: int, relative_word: str = "") -> Read:
    """The day a weekday means: the next one, or with "next"/"last" the one of the next or last week."""
    upcoming = cal.weekday_after(line.today, name)
    if relative_word == "next":
        found = cal.plus_days(cal.week(line.today)[0], 7 + name)
        return of_day(found, other=upcoming)
    if relative_word in ("last", "previous", "prior"):
        found = cal.plus_days(cal.week(line.today)[0], name - 7)
        return of_day(found, other=cal.weekday_before(line.today, name))
    if relative_word in ("past", "this past"):
        return of_day(cal.weekday_before(line.today, name))
    if relative_word in ("this", "current"):
        return of_day(cal.weekday_after(line.today, name, same=True))
    today = line.today if line.today.weekday() == name else None
    return of_day(upcoming, left="weekday", number=name, other=today or cal.weekday_before(line.today, name))


def _numbered(line: Line, at: int, name: int) -> Found:
    """ "Friday the 26th", "Mon 21": the nearest month in which that day is that weekday."""
    tokens = line.tokens
    begin = skip(tokens, skip(tokens, at, ","), "the")
    day = day_of_month(tokens, begin)
    if not day or (not day[2] and tokens[begin].kind != NUM):
        return None
    if tokens[day[1]].kind == MONTH or (tokens[day[1]].word == "of" and tokens[day[1] + 1].kind == MONTH):
        return None
    weak = not day[2]
    following = tokens[day[1]]
    timed = following.word == "." and tokens[day[1] + 1].kind == NUM and tokens[day[1] + 1].glued
    closed = following.kind in (END, MARK) and following.word not in (":", "-", "/", "%") and not timed
    if weak and not closed and following.word not in ("at", "between", "from"):
        return None
    for ahead in range(15):
        base = cal.plus_months(line.today.replace(day=1), ahead)
        found = cal.make(base.year, base.month, day[0])
        if found and found.weekday() == name and (found >= line.today or (not weak and ahead == 0)):
            if weak and ahead > 11:
                return None
            return of_day(found), day[1]
    return None


def relative(line: Line, index: int) -> Found:
    """ "next Friday", "this quarter", "the last two weeks", "3 next weeks", "next week's Sunday", "this past
    weekend"."""
    tokens = line.tokens
    at = index
    count = None
    if tokens[at].kind in (NUM, CARD):
        count = small_number(tokens, at)
        if not count or tokens[count[1]].word not in words.RELATIVE:
            return None
        at = count[1]
    word = tokens[at].word
    if word not in words.RELATIVE:
        return None
    offset = words.RELATIVE[word]
    at += 1
    if word == "this" and tokens[at].word in ("past", "last", "coming", "upcoming", "next"):
        word = "this past" if tokens[at].word == "past" else tokens[at].word
        offset = -1 if word == "this past" else words.RELATIVE[word]
        at += 1
    at = skip(tokens, at, "working") if tokens[at + 1].word in ("week", "days", "day") else at
    token = tokens[at]
    if token.kind == WEEKDAY:
        return weekday(line, at, word) if count is None else None
    if token.kind == MONTH:
        return _relative_month(line, at, word, offset)
    if (count is None and token.word in ("few", "couple")) or token.kind in (NUM, CARD):
        many = amount(line, at)
        if many:
            return _counted(line, many[1], many[0], offset, working=tokens[at - 1].word == "working" and at > index)
    if count:
        return _counted(line, at, count[0], offset, working=tokens[at - 1].word == "working" and at > index)
    return _relative_unit(line, at, word, offset, working=tokens[at - 1].word == "working" and at > index)


def _relative_month(line: Line, at: int, word: str, offset: int) -> Found:
    tokens = line.tokens
    number = tokens[at].value
    if word in ("past", "same"):
        return None
    behind = tokens[at + 1]
    verb = tokens[at].word in ("may", "march", "mar") and not tokens[at].capital
    if verb and behind.kind not in (END, MARK, NUM) and behind.word not in _BEHIND_A_MONTH:
        return None
    year = full_year(tokens, at + 1)
    if year:
        return of_stretch(cal.month(max(1, year[0]), number), "month"), year[1]
    today = line.today
    day = day_of_month(tokens, at + 1)
    if day and (day[2] or offset == 0):
        return None
    if offset == 0:
        value = today.year
    elif offset > 0:
        value = today.year + (number <= today.month)
    else:
        value = today.year - (number >= today.month)
    return of_stretch(cal.month(value, number), "month"), at + 1


def _counted(line: Line, at: int, count: float, offset: int, *, working: bool) -> Found:
    """ "the last two weeks", "3 next weeks": how many units behind a relative word."""
    unit = _unit_behind(line, at, working=working)
    return _stretch_of(line, int(count) or 1, unit[0], offset, unit[1]) if unit else None


def _unit_behind(line: Line, at: int, *, working: bool) -> tuple[str, int] | None:
    found = unit_at(line, at)
    if found and working:
        return {"day": "workday", "week": "workweek"}.get(found[0], found[0]), found[1]
    return found


def _relative_unit(line: Line, at: int, word: str, offset: int, *, working: bool) -> Found:
    tokens = line.tokens
    if tokens[at].word in words.SEASONS:
        return season(line, at, offset), at + 1
    if tokens[at].word in words.DAY_PARTS and tokens[at].word not in _MEALS:
        return of_day(cal.plus_days(line.today, offset)), at + 1
    found = _unit_behind(line, at, working=working)
    if not found:
        return None
    unit, behind = found
    if unit in HOURS or (unit == "day" and (word in ("this", "current", "same", "past", "prior") or offset < 0)):
        return None
    if unit in ("day", "workday"):
        day = cal.plus_workdays(line.today, offset) if unit == "workday" else cal.plus_days(line.today, offset)
        return of_day(day), behind
    read = of_stretch(unit_stretch(line, unit, offset), unit)
    inner = _day_inside(line, read, unit, behind)
    if not inner and tokens[behind].word == "after" and tokens[behind + 1].word == "next" and offset == 0:
        return of_stretch(unit_stretch(line, unit, 2), unit), behind + 2
    return inner or (read, behind)


def _day_inside(line: Line, read: Read, unit: str, behind: int) -> Found:
    """The one day named behind the stretch: "next week on Tuesday", "next month, the 4th"."""
    tokens = line.tokens
    if unit == "week":
        named = skip(tokens, behind, "on", ",", "-")
        if tokens[named].kind == WEEKDAY:
            return of_day(cal.plus_days(read.first, tokens[named].value)), named + 1
    if unit == "month":
        nth = ordinal(tokens, skip(tokens, skip(tokens, behind, "on", ","), "the"))
        if nth and tokens[nth[1]].kind in (END, MARK):
            day = cal.make(read.first.year, read.first.month, nth[0])
            return (of_day(day), nth[1]) if day else None
    return None


def _stretch_of(line: Line, count: int, unit: str, offset: int, at: int) -> Found:
    """ "the next 3 weeks" begins tomorrow, "the last 2 months" ends today; quarters and decades are whole ones."""
    count = min(count, 1000)
    today = line.today
    if unit in HOURS:
        day, clock = moved(line.anchor, [(count, unit)], 1 if offset >= 0 else -1)
        return replace(of_stretch((min(day, today), max(day, today)), unit), at=clock), at
    if offset == 0:
        return None
    if unit in ("quarter", "decade", "century", "fiscal year"):
        if unit in ("decade", "century"):
            return of_stretch((unit_stretch(line, unit, 1)[0], unit_stretch(line, unit, count)[1]), unit), at
        near, far = (1, count) if offset > 0 else (-count, -1)
        return of_stretch((unit_stretch(line, unit, near)[0], unit_stretch(line, unit, far)[1]), unit), at
    if offset > 0:
        begin = cal.plus_workdays(today, 1) if unit == "workday" else cal.plus_days(today, 1)
        return of_stretch((begin, shift(today, count, unit)), "day" if unit == "workday" else unit), at
    begin = shift(today, -count, unit)
    return of_stretch((begin, today), "day" if unit == "workday" else unit), at


def season(line: Line, at: int, offset: int) -> Read:
    """A season near today, or of the year that follows its name."""
    month_number, day = words.SEASONS[line.tokens[at].word]
    begin = date(line.today.year, month_number, day)
    if offset == 0 and month_number == 12 and line.today.month <= 3:
        begin = cal.plus_months(begin, -12)
    elif (offset > 0 and begin <= line.today) or (offset == 0 and cal.plus_months(begin, 3) <= line.today):
        begin = cal.plus_months(begin, 12)
    elif offset < 0 and cal.plus_months(begin, 3) > line.today:
        begin = cal.plus_months(begin, -12)
    return of_stretch((begin, cal.plus_days(cal.plus_months(begin, 3), -1)), "season")
