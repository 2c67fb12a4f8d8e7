"""Stretches of days and days inside them: "end of Q3", "the third week of October", "last Friday in May",
"mid-June"."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from gangly_tui.intelligence.offline import calendar_math as cal
from gangly_tui.intelligence.offline import calendar_words as words
from gangly_tui.intelligence.offline.date_distance import Rule
from gangly_tui.intelligence.offline.date_months import month_first
from gangly_tui.intelligence.offline.date_reading import (
    Found,
    Line,
    Read,
    full_year,
    of_day,
    of_stretch,
    ordinal,
    skip,
    two_digit_year,
)
from gangly_tui.intelligence.offline.date_relative import relative, season
from gangly_tui.intelligence.offline.date_tokens import END, MARK, MONTH, NUM, UNIT, WORD
from gangly_tui.intelligence.offline.date_units import unit_at, unit_stretch
from gangly_tui.intelligence.offline.holidays import holiday

_YEAR_CUES = {"in", "of", "by", "since", "until", "till", "before", "after", "during", "from", "to", "through", "year",
              "for", "between", "than", "=", "and", "or", "late", "early", "mid", "throughout", "into",
              "around"}  # fmt: skip
_NOT_A_YEAR = {"dollars", "usd", "eur", "euros", "users", "people", "seats", "employees", "licenses", "units", "%",
               "percent", "k", "m", "hours", "items", "rows", "records", "customers", "am", "pm", ":"}  # fmt: skip


def period(line: Line, index: int) -> Found:
    """A stretch that something can be inside of: "March", "next month", "the year", "2026", "Q3 2026", "summer"."""
    tokens = line.tokens
    at = skip(tokens, index, "the")
    token = tokens[at]
    if token.kind == MONTH:
        found = month_first(line, at)
        if found and found[0].grain == "month":
            return found
        year = line.today.year + (token.value < line.today.month)
        return of_stretch(cal.month(year, token.value), "month", left="year"), at + 1
    year_found = full_year(tokens, at)
    if year_found:
        return _quarter_behind(line, year_found) or _whole_year(line, year_found)
    return (
        quarter(line, at)
        or fiscal_year(line, at)
        or relative(line, at)
        or _own_unit(line, at, has_article=at > index)
        or _season(line, at)
        or holiday(line, at)
    )


def _whole_year(line: Line, found: tuple[int, int]) -> Found:
    first = date(min(9998, max(1, found[0])), 1, 1)
    return of_stretch(cal.months_from(first, 12), "year"), found[1]


def _own_unit(line: Line, at: int, *, has_article: bool) -> Found:
    unit = unit_at(line, at)
    if not unit or unit[0] in ("hour", "minute", "second") or unit[0] == "half":
        return None
    if not has_article and line.before(at) not in ("of", "in", "by", "this"):
        return None
    return of_stretch(unit_stretch(line, unit[0], 0), unit[0]), unit[1]


def _season(line: Line, at: int) -> Found:
    token = line.tokens[at]
    if token.word not in words.SEASONS:
        return None
    year = full_year(line.tokens, skip(line.tokens, at + 1, "of"))
    if year:
        begin = date(min(9998, max(1, year[0])), *words.SEASONS[token.word])
        return of_stretch((begin, cal.plus_days(cal.plus_months(begin, 3), -1)), "season"), year[1]
    if line.before(at) in ("the", "this", "in", "by", "until", "early", "late", "mid"):
        return season(line, at, 0), at + 1
    return None


def quarter(line: Line, index: int) -> Found:
    """ "Q3", "Q1 of 2027", "q1-2019", "H2", "third quarter of next year", "4th qtr 2018", "second half of March"."""
    tokens = line.tokens
    token = tokens[index]
    if token.word in ("q", "h") and tokens[index + 1].glued and tokens[index + 1].kind == NUM:
        number = tokens[index + 1].value
        if not 1 <= number <= (4 if token.word == "q" else 2) or tokens[index + 1].digits != 1:
            return None
        return _part_of_year(line, token.word, number, index + 2)
    nth = ordinal(tokens, index)
    last = (0, index + 1) if token.word in ("last", "final") else None
    found = nth or last
    unit = unit_at(line, found[1]) if found else None
    if not found or not unit or unit[0] not in ("quarter", "half"):
        return None
    if last and tokens[unit[1]].word != "of":
        return None
    parts = 4 if unit[0] == "quarter" else 2
    number = found[0] or parts
    return _part_of_year(line, unit[0][0], number, unit[1]) if number <= parts else None


def _part_of_year(line: Line, kind: str, number: int, at: int) -> Found:
    """Quarter or half `number` of the year, month or stretch named behind it, or of the next one to end."""
    tokens = line.tokens
    behind = skip(tokens, skip(tokens, at, ",", "of", "in", "-", "/"), "the")
    start = line.fiscal_year_start
    year = full_year(tokens, behind)
    stretch: cal.Stretch | None = None
    if year:
        stretch, at = cal.year(min(9990, max(2, year[0])), start), year[1]
    elif (
        behind > at and tokens[behind].kind == NUM and tokens[behind].digits == 2 and tokens[at].word in ("'", "-", "/")
    ):
        stretch, at = cal.year(two_digit_year(tokens[behind].value), start), behind + 1
    elif behind > at:
        whole = (
            fiscal_year(line, behind)
            or relative(line, behind)
            or period(line, behind - (tokens[behind - 1].word == "the"))
        )
        if whole and whole[0].grain in ("year", "month", "fiscal year", "week"):
            stretch, at = (whole[0].first, whole[0].last), whole[1]
    else:
        whole = relative(line, behind) or fiscal_year(line, behind)
        if whole and whole[0].grain == "year":
            stretch, at = (whole[0].first, whole[0].last), whole[1]
    left = ""
    if stretch is None:
        stretch = cal.fiscal_year_at(line.today, start)
        left = "year"
        if _cut(stretch, kind, number)[1] < line.today:
            stretch = cal.fiscal_year_at(line.today, start, 1)
    return of_stretch(_cut(stretch, kind, number), "quarter" if kind == "q" else "half", left=left), at


def _cut(stretch: cal.Stretch, kind: str, number: int) -> cal.Stretch:
    if kind == "q":
        return cal.months_from(cal.plus_months(stretch[0], 3 * (number - 1)), 3)
    return cal.halves(stretch, number)


def _quarter_behind(line: Line, year: tuple[int, int]) -> Found:
    """ "2019 Q3", "2019-H2"."""
    at = skip(line.tokens, year[1], "-", "/")
    token, number = line.tokens[at], line.tokens[at + 1]
    if token.word not in ("q", "h") or not number.glued or not 1 <= number.value <= (4 if token.word == "q" else 2):
        return None
    stretch = _cut(cal.year(min(9990, max(2, year[0])), line.fiscal_year_start), token.word, number.value)
    return of_stretch(stretch, "quarter" if token.word == "q" else "half"), at + 2


def fiscal_year(line: Line, index: int) -> Found:
    """ "FY26", "FY 2026", "fiscal year 2026", "cy18"; a fiscal year is named after the year in which it ends."""
    tokens = line.tokens
    word = tokens[index].word
    at = index + 1
    if (
        word in ("fiscal", "financial", "calendar")
        and tokens[at].kind == UNIT
        and words.UNITS[tokens[at].word] == "year"
    ):
        at += 1
    elif word not in ("fy", "cy"):
        return None
    start = 1 if word in ("cy", "calendar") else line.fiscal_year_start
    at = skip(tokens, at, "'")
    year = full_year(tokens, at)
    if not year and tokens[at].kind == NUM and tokens[at].digits == 2:
        year = two_digit_year(tokens[at].value), at + 1
    if year:
        behind = _quarter_behind(line, year)
        return behind or (of_stretch(cal.year(min(9990, max(2, year[0])), start), "year"), year[1])
    if word in ("fiscal", "financial"):
        return of_stretch(cal.fiscal_year_at(line.today, start), "year"), at
    return None


def edge(line: Line, index: int) -> Found:
    """ "end of Q3", "early next week", "mid-November", "beginning of the month", "later this year", "rest of the
    week", "EOM"."""
    word = line.tokens[index].word
    if word in words.DEADLINES:
        return _deadline(line, index, word)
    if word in ("later", "earlier", "rest", "remainder"):
        return _rest(line, index, word)
    return _edge_word(line, index, word) if word in words.EDGES else None


def _deadline(line: Line, index: int, word: str) -> Found:
    """ "EOD", "EOW", "BOM"."""
    if word == "boy" and line.before(index) not in ("the", "at", "by"):
        return None
    unit = words.DEADLINES[word]
    if unit == "day":
        return of_day(line.today, left="end of day"), index + 1
    side = "start" if word.startswith("bo") else "end"
    return _edge_of(line, of_stretch(unit_stretch(line, unit, 0), unit), side, index + 1)


def _edge_word(line: Line, index: int, word: str) -> Found:
    tokens = line.tokens
    side = words.EDGES[word]
    at = skip(tokens, index + 1, "-", "to", "of", "in")
    linked = tokens[at - 1].word
    closing = (word == "close" and tokens[at].word in ("business", "play")) or (
        word == "end" and tokens[at].word in ("day", "business", "play") and linked == "of"
    )
    if closing:
        return day_end(line, at + 1)
    if word in ("end", "start", "beginning", "middle", "close", "ending") and linked not in ("of", "in", "-"):
        fits = (word == "end" and tokens[at].kind in (UNIT, MONTH)) or tokens[at].word in words.RELATIVE
        if not fits:
            return None
    at = skip(tokens, at, "around")
    if tokens[at].word in ("afternoon", "morning", "evening") or word == "first":
        return None
    if tokens[at].word in words.DAYS:
        return of_day(cal.plus_days(line.today, words.DAYS[tokens[at].word])), at + 1
    if tokens[at + 1].word in words.DAY_PARTS and tokens[at].word in words.RELATIVE:
        return relative(line, at)
    found = period(line, at)
    if not found or (found[0].grain == "day" and side != "end"):
        return None
    return _edge_of(line, found[0], side, found[1])


def day_end(line: Line, at: int) -> Found:
    """ "end of day", "close of business tomorrow": the day itself, today unless another is named behind."""
    return of_day(line.today, left="end of day"), at


def _edge_of(line: Line, read: Read, side: str, at: int) -> Found:
    if read.grain == "day":
        return replace(read, open=""), at
    if read.grain == "week":
        monday = read.first
        days = {"start": (0, 1), "middle": (2, 2), "end": (4, 4)}[side]
        near = (cal.plus_days(monday, days[0]), cal.plus_days(monday, days[1]))
        late = (near[0], read.last) if side == "end" else None
        return Read(first=near[0], last=near[1], grain="day" if side == "end" else "week", alternative=late), at
    return of_stretch(cal.thirds((read.first, read.last), side), read.grain, left=read.open), at


def _rest(line: Line, index: int, word: str) -> Found:
    """What is left, or what is gone, of the period around today."""
    tokens = line.tokens
    at = skip(tokens, index + 1, "in", "of", "on", "during")
    if tokens[at].word in ("today", "tonight", "tomorrow"):
        return of_day(cal.plus_days(line.today, words.DAYS[tokens[at].word])), at + 1
    if tokens[at].word == "that" and tokens[at + 1].word == "day":
        return None
    found = period(line, at) if tokens[at].word in words.RELATIVE or tokens[at].word == "the" else None
    if not found or found[0].grain == "day":
        return None
    read = found[0]
    if read.first <= line.today <= read.last:
        stretch = (read.first, line.today) if word == "earlier" else (line.today, read.last)
    else:
        stretch = cal.halves((read.first, read.last), 1 if word == "earlier" else 2)
    return of_stretch(stretch, read.grain), found[1]


def week_named(line: Line, index: int, point: Rule) -> Found:
    """ "the week of April 10th", "week beginning Feb 4", "week 31 of last year", "the week after next", "weekend of
    the 4th"."""
    tokens = line.tokens
    unit = unit_at(line, index)
    if not unit or unit[0] not in ("week", "weekend", "month", "quarter", "year", "fortnight"):
        return None
    name, at = unit
    beside = _beside_next(line, name, at)
    if beside:
        return beside
    led = line.before(index) == "the" and line.before(index, 2) in _DURING
    if led and (name != "week" or tokens[at].kind in (END, MARK)):
        return of_stretch(unit_stretch(line, name, 0), name), at
    if name not in ("week", "weekend"):
        return None
    if tokens[at].kind == NUM and name == "week" and 1 <= tokens[at].value <= 53 and tokens[at].digits <= 2:
        return _week_number(line, tokens[at].value, at + 1)
    around = _week_around(line, name, at, point)
    if around or name != "weekend":
        return around
    closes = tokens[at].kind in (END, MARK) and line.before(index) not in _ANY_WEEKEND
    if (tokens[index].word == "weekend" and closes) or line.before(index) in _THE_WEEKEND:
        return of_stretch(cal.weekend(line.today), "weekend"), at
    return None


_DURING = ("in", "for", "during", "within", "throughout", "over")
_ANY_WEEKEND = ("a", "an", "each", "every", "long", "per", "all", "two")
_THE_WEEKEND = ("the", "this", "over", "by", "on", "weekend", "until")


def _beside_next(line: Line, name: str, at: int) -> Found:
    """ "week-end" of a period, "the week after next", "the month before last"."""
    tokens = line.tokens
    close = skip(tokens, at, "-")
    if tokens[close].word == "end" and name in ("week", "month", "quarter", "year") and tokens[close].kind == WORD:
        return _edge_of(line, of_stretch(unit_stretch(line, name, 0), name), "end", close + 1)
    away = {("after", "next"): 2, ("before", "last"): -2}.get((tokens[at].word, tokens[at + 1].word))
    return (of_stretch(unit_stretch(line, name, away), name), at + 2) if away else None


def _week_around(line: Line, name: str, at: int, point: Rule) -> Found:
    """ "of April 10th", "beginning Feb 4": the week or weekend around the day named behind it."""
    tokens = line.tokens
    word = tokens[at].word
    if word not in ("of", "beginning", "starting", "commencing", "ending", "after", "before", "from"):
        return None
    behind = skip(tokens, skip(tokens, at + 1, "on"), "the")
    found = point(line, behind) or point(line, skip(tokens, at + 1, "on"))
    if not found or found[0].grain != "day":
        return None
    day = cal.plus_days(found[0].first, {"after": 7, "before": -7}.get(word, 0))
    return of_stretch(cal.weekend(day) if name == "weekend" else cal.week(day), name), found[1]


def _week_number(line: Line, number: int, at: int) -> Found:
    tokens = line.tokens
    year = line.today.year
    linked = skip(tokens, at, "of", "in", ",")
    named = full_year(tokens, linked)
    if named:
        year, at = min(9990, max(2, named[0])), named[1]
    elif tokens[linked].word in words.RELATIVE and tokens[linked + 1].word == "year":
        year, at = year + words.RELATIVE[tokens[linked].word], linked + 2
    try:
        monday = date.fromisocalendar(year, number, 1)
    except ValueError:
        return None
    return of_stretch((monday, cal.plus_days(monday, 6)), "week"), at


def year_alone(line: Line, index: int) -> Found:
    """ "in 2019", "the 1990s", "by two thousand and thirty", "nineteen ninety six": a year needs a word that makes
    it one."""
    tokens = line.tokens
    found = full_year(tokens, index)
    if not found:
        return None
    year, at = found
    behind = _quarter_behind(line, found)
    if behind:
        return behind
    if (tokens[at].word == "s" or (tokens[at].word == "'" and tokens[at + 1].word == "s")) and year % 10 == 0:
        return of_stretch(cal.months_from(date(year, 1, 1), 120), "decade"), at + 1
    if (
        not 1500 <= year <= 2200
        or tokens[at].word in _NOT_A_YEAR
        or (tokens[index - 1].word in ("$", "€", "£", "#") and index)
    ):
        return None
    spelled = tokens[index].kind != NUM and tokens[index].kind != MARK
    alone = index == 0 and tokens[at].kind == END
    chained = tokens[index].glued and line.before(index) in ("-", "/", "+", ".", "_", "~")
    ranged = (
        not chained and tokens[at].word in ("-", "~", "to", "through", "–") and full_year(tokens, at + 1) is not None
    )
    first_of_pair = index >= 2 and tokens[index - 2].digits == 4 and not (tokens[index - 2].glued and index >= 3)
    if chained and not (first_of_pair and line.before(index) in ("-", "~") and tokens[at].word != "-"):
        return None
    listed = tokens[at].kind in (END, MARK) or at != index + 1 or tokens[at].kind != NUM
    cued = line.before(index) in _YEAR_CUES or line.before(index) in ("-", "~", "–")
    if not (alone or ranged or (cued and listed and not _counts_a_thing(line, at))) and not (spelled and cued):
        return None
    return _whole_year(line, found)


def _counts_a_thing(line: Line, at: int) -> bool:
    """ "in 2000 rows": a plural right behind the number is what it counts."""
    token = line.tokens[at]
    return (
        token.kind not in (END, MARK)
        and token.word.endswith("s")
        and token.word not in ("was", "is", "has", "as", "us", "this", "sales")
    )
