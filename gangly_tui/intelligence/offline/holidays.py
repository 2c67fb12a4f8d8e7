"""Days with names: "Christmas", "Thanksgiving 2026", "the day before Easter Monday", "Labor Day weekend"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from gangly_tui.intelligence.offline import calendar_math as cal
from gangly_tui.intelligence.offline.calendar_words import RELATIVE, WEEKDAYS
from gangly_tui.intelligence.offline.date_reading import Found, Line, full_year, of_day, of_stretch, skip

_Day = Callable[[int], date | None]


def _fixed(month: int, day: int) -> _Day:
    return lambda year: cal.make(year, month, day)


def _nth(month: int, weekday: int, nth: int, then: int = 0) -> _Day:
    def found(year: int) -> date | None:
        day = cal.nth_weekday(year, month, weekday, nth)
        return cal.plus_days(day, then) if day else None

    return found


def _easter(days: int) -> _Day:
    return lambda year: cal.plus_days(cal.easter(year), days)


_MON, _THU, _SUN = WEEKDAYS["monday"], WEEKDAYS["thursday"], WEEKDAYS["sunday"]
HOLIDAYS: dict[tuple[str, ...], _Day] = {
    tuple(name.split()): rule
    for names, rule in {
        "christmas|xmas|christmas day|xmas day": _fixed(12, 25),
        "christmas eve|xmas eve": _fixed(12, 24),
        "boxing day": _fixed(12, 26),
        "new year|new years|new year day|new years day": _fixed(1, 1),
        "new year eve|new years eve": _fixed(12, 31),
        "valentine day|valentines day|valentine": _fixed(2, 14),
        "st patrick day|saint patrick day|st . patrick day|st patrick|saint patrick|st paddy day": _fixed(3, 17),
        "earth day": _fixed(4, 22),
        "juneteenth": _fixed(6, 19),
        "independence day": _fixed(7, 4),
        "halloween": _fixed(10, 31),
        "veterans day|veteran day|armistice day": _fixed(11, 11),
        "mlk day|martin luther king day|martin luther king jr day": _nth(1, _MON, 3),
        "presidents day|president day|washington birthday": _nth(2, _MON, 3),
        "mother day|mothers day": _nth(5, _SUN, 2),
        "father day|fathers day": _nth(6, _SUN, 3),
        "memorial day": _nth(5, _MON, -1),
        "labor day|labour day": _nth(9, _MON, 1),
        "columbus day|indigenous peoples day": _nth(10, _MON, 2),
        "thanksgiving|thanksgiving day|turkey day": _nth(11, _THU, 4),
        "black friday": _nth(11, _THU, 4, 1),
        "cyber monday": _nth(11, _THU, 4, 4),
        "easter|easter sunday|easter day": _easter(0),
        "easter monday": _easter(1),
        "good friday": _easter(-2),
        "palm sunday": _easter(-7),
        "ash wednesday": _easter(-46),
        "maundy thursday": _easter(-3),
        "ascension day": _easter(39),
        "pentecost|whit sunday": _easter(49),
        "whit monday": _easter(50),
    }.items()
    for name in names.split("|")
}
_FIRST_WORDS = frozenset(name[0] for name in HOLIDAYS)
_LONGEST = max(map(len, HOLIDAYS))


def holiday(line: Line, index: int) -> Found:
    """A named day, this or its next year's, or that of the year or "next"/"last" beside it; with "weekend", both
    days."""
    tokens = line.tokens
    begin = index
    word = ""
    if tokens[begin].word in RELATIVE:
        word = tokens[begin].word
        begin += 1
    if tokens[begin].word not in _FIRST_WORDS:
        return None
    for length in range(min(_LONGEST, len(tokens) - 4 - begin), 0, -1):
        rule = HOLIDAYS.get(tuple(token.word.rstrip("'") for token in tokens[begin : begin + length]))
        if rule:
            return _of_year(line, begin + length, rule, word)
    return None


def _of_year(line: Line, at: int, rule: _Day, word: str) -> Found:
    tokens = line.tokens
    span = tokens[at].word if tokens[at].word in ("weekend", "week") else ""
    at += bool(span)
    behind = skip(tokens, at, ",", "of", "in")
    year = full_year(tokens, behind)
    if year:
        day, at = rule(min(9000, year[0])), year[1]
        if tokens[at].word == "weekend":
            span, at = "weekend", at + 1
    elif tokens[behind].word in RELATIVE and tokens[behind + 1].word == "year":
        day, at = rule(line.today.year + RELATIVE[tokens[behind].word]), behind + 2
    else:
        day = _nearest(line.today, rule, word)
    if day is None:
        return None
    if span == "weekend":
        return of_stretch(weekend_around(day), "weekend"), at
    return (of_stretch(cal.week(day), "week") if span else of_day(day)), at


def weekend_around(day: date) -> cal.Stretch:
    """The weekend a holiday makes long: Saturday to Monday when it is a Monday."""
    monday = day.weekday() == 0
    saturday = cal.plus_days(day, -2) if monday else cal.weekend(day)[0]
    return saturday, cal.plus_days(saturday, 2 if monday else 1)


def _nearest(today: date, rule: _Day, word: str) -> date | None:
    past = RELATIVE.get(word, 0) < 0
    for year in (today.year, today.year - 1) if past else (today.year, today.year + 1):
        day = rule(year)
        if day and (day < today if past else day >= today):
            return day
    return None
