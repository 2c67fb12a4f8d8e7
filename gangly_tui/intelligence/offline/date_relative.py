"""Days that count from another day: "next Friday", "in two weeks", "three days after Easter", "last month"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

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
from gangly_tui.intelligence.offline.date_tokens import CARD, END, MARK, MONTH, NUM, UNIT, WEEKDAY

Rule = Callable[[Line, int], Found]
_HOURS = ("hour", "minute", "second")
_MOST_PARTS = 4
_MEALS = ("lunch", "dinner", "breakfast", "noon")
_BEHIND_A_MONTH = {"to", "until", "till", "through", "and", "or", "at", "for", "in", "with", "we", "i", "so", "if", "but", "on"}


def unit_stretch(line: Line, unit: str, offset: int, base: date | None = None) -> cal.Stretch:
    """The week, month, quarter, ... around `base`, moved by `offset` of them."""
    day = base or line.today
    if unit == "week":
        return cal.week(cal.plus_days(day, 7 * offset))
    if unit == "workweek":
        monday = cal.week(cal.plus_days(day, 7 * offset))[0]
        return monday, cal.plus_days(monday, 4)
    if unit == "weekend":
        return cal.weekend(cal.plus_days(day, 7 * offset))
    if unit == "fortnight":
        monday = cal.week(cal.plus_days(day, 14 * offset))[0]
        return monday, cal.plus_days(monday, 13)
    if unit == "month":
        return cal.months_from(cal.plus_months(day, offset), 1)
    if unit == "quarter":
        return cal.quarter_at(day, line.fiscal_year_start, offset)
    if unit == "half":
        return cal.months_from(cal.plus_months(day.replace(month=1 if day.month < 7 else 7), 6 * offset), 6)
    if unit == "year":
        return cal.months_from(cal.plus_months(day.replace(month=1), 12 * offset), 12)
    if unit == "fiscal year":
        return cal.fiscal_year_at(day, line.fiscal_year_start, offset)
    if unit in ("decade", "century"):
        span = 10 if unit == "decade" else 100
        begin = day.replace(year=max(1, day.year - day.year % span), month=1, day=1)
        return cal.months_from(cal.plus_months(begin, 12 * span * offset), 12 * span)
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
            if unit and unit[0] in _HOURS:
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
        if unit in _HOURS:
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
    if word in ("hence", "later", "out") or word == "from" and tokens[at + 1].word in ("now", "today"):
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
    if ahead and tokens[at].kind in (END, MARK) and parts[-1][1] in _HOURS:
        return None
    return None


def _spread(line: Line, index: int, *, ahead: bool) -> Found:
    """ "in six to eight weeks", "2-3 days from now": both ends of the wait."""
    tokens = line.tokens
    low = small_number(tokens, index)
    if not low or tokens[low[1]].word not in ("to", "-", "–", "or"):
        return None
    high = duration(line, low[1] + 1)
    if not high or len(high[0]) != 1 or high[0][0][1] in _HOURS:
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


def weekday(line: Line, index: int, relative_word: str = "") -> Found:
    """A weekday with what follows it: "Tuesday", "Friday next week", "Tue 13th", "Monday two weeks from now"."""
    tokens = line.tokens
    name = tokens[index].value
    at = index + 1
    if tokens[at].word == "." and tokens[at].glued and tokens[index].word not in words.UNITS:
        at += tokens[at + 1].kind != END or True
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
    """ "next Friday", "this quarter", "the last two weeks", "3 next weeks", "next week's Sunday", "this past weekend"."""
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
    if count is None and token.word in ("few", "couple") or token.kind in (NUM, CARD):
        count = amount(line, at)
        at = count[1] if count else at
    return _relative_unit(line, index, at, word, offset, count)


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
        value = today.year + (number <= today.month or (word == "next" and False))
    else:
        value = today.year - (number >= today.month)
    return of_stretch(cal.month(value, number), "month"), at + 1


def _relative_unit(line: Line, index: int, at: int, word: str, offset: int, count: tuple[float, int] | None) -> Found:
    tokens = line.tokens
    if tokens[at].word in words.SEASONS and count is None:
        return season(line, at, offset), at + 1
    working = tokens[at - 1].word == "working" and at > index
    if tokens[at].word in words.DAY_PARTS and tokens[at].word not in _MEALS and count is None:
        return of_day(cal.plus_days(line.today, offset)), at + 1
    unit_found = unit_at(line, at)
    if not unit_found:
        return None
    unit, behind = unit_found
    if working:
        unit = {"day": "workday", "week": "workweek"}.get(unit, unit)
    if count is not None:
        return _stretch_of(line, int(count[0]) or 1, unit, offset, behind)
    if unit in _HOURS or (unit == "day" and (word in ("this", "current", "same", "past", "prior") or offset < 0)):
        return None
    if unit in ("day", "workday"):
        day = cal.plus_workdays(line.today, offset) if unit == "workday" else cal.plus_days(line.today, offset)
        return of_day(day), behind
    read = of_stretch(unit_stretch(line, unit, offset), unit)
    if unit == "week":
        named = skip(tokens, behind, "on", ",", "-")
        if tokens[named].kind == WEEKDAY:
            return of_day(cal.plus_days(read.first, tokens[named].value)), named + 1
    if unit == "month":
        nth = ordinal(tokens, skip(tokens, skip(tokens, behind, "on", ","), "the"))
        found = (
            cal.make(read.first.year, read.first.month, nth[0]) if nth and tokens[nth[1]].kind in (END, MARK) else None
        )
        if nth and found:
            return of_day(found), nth[1]
    if tokens[behind].word == "after" and tokens[behind + 1].word == "next" and offset == 0:
        return of_stretch(unit_stretch(line, unit, 2), unit), behind + 2
    return read, behind


def _stretch_of(line: Line, count: int, unit: str, offset: int, at: int) -> Found:
    """ "the next 3 weeks" begins tomorrow, "the last 2 months" ends today; quarters and decades are whole ones."""
    count = min(count, 1000)
    today = line.today
    if unit in _HOURS:
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
    elif offset > 0 and begin <= line.today or offset == 0 and cal.plus_months(begin, 3) <= line.today:
        begin = cal.plus_months(begin, 12)
    elif offset < 0 and cal.plus_months(begin, 3) > line.today:
        begin = cal.plus_months(begin, -12)
    return of_stretch((begin, cal.plus_days(cal.plus_months(begin, 3), -1)), "season")
