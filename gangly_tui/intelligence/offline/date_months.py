"""Days and months by name: "March 8th", "the 15th of February", "twenty third of September 2020", "Dec '26", "in
May"."""

from __future__ import annotations

from gangly_tui.intelligence.offline import calendar_math as cal
from gangly_tui.intelligence.offline import calendar_words as words
from gangly_tui.intelligence.offline.date_reading import (
    Found,
    Line,
    Read,
    day_of_month,
    full_year,
    is_mark,
    of_day,
    of_stretch,
    skip,
    two_digit_year,
)
from gangly_tui.intelligence.offline.date_tokens import END, MARK, MONTH, NUM, WEEKDAY, WORD

_MONEY_SIGNS = ("$", "€", "£", "¥", "₹", "#")
_NAMES_A_THING = {
    "people",
    "users",
    "seats",
    "licenses",
    "reps",
    "days",
    "weeks",
    "months",
    "years",
    "percent",
    "hours",
}


def settle(line: Line, month: int, day: int, year: int | None) -> Read | None:
    """The day of that month; without a year the next one, with last year's as the second reading."""
    if year is not None:
        found = cal.make(year, month, day)
        return of_day(found) if found else None
    upcoming = cal.next_month_day(line.today, month, day)
    if not upcoming:
        return None
    return of_day(upcoming, left="year", number=day, other=cal.make(upcoming.year - 1, month, day))


def month_first(line: Line, index: int) -> Found:
    """ "March 8th", "Dec. 21", "june the 28th 2020", "August, 2012", "April of 87", "May"."""
    tokens = line.tokens
    month = tokens[index].value
    at = index + 1
    if tokens[at].word == "." and tokens[at].glued:
        at += 1
    whole = _month_and_year(line, index, at)
    if whole:
        return whole
    behind_mark = skip(tokens, at, ",", "-", "/")
    for begin in dict.fromkeys((skip(tokens, behind_mark, "the"), at)):
        day = day_of_month(tokens, begin)
        if day and _is_day(line, index, begin, day):
            return _with_year(line, month, day[0], day[1])
    if is_month_here(line, index):
        short = len(tokens[index].word) <= 4 and tokens[index].word not in ("may", "june", "july")
        return _bare_month(line, month), at if short else index + 1
    return None


def _is_day(line: Line, index: int, begin: int, day: tuple[int, int, bool]) -> bool:
    token = line.tokens[begin]
    following = line.tokens[day[1]]
    if day[2]:
        return True
    if following.word in (":", "%") or following.word in ("am", "pm") or following.word in _NAMES_A_THING:
        return False
    if is_mark(line.tokens[index + 1], "-/") and not token.glued and token.kind != NUM:
        return False
    lower_verb = line.tokens[index].word in ("may", "march", "mar") and not line.tokens[index].capital
    return (
        not lower_verb or line.before(index) in words.LEADS or following.kind in (END, MARK) or _is_year(line, day[1])
    )


def _is_year(line: Line, at: int) -> bool:
    return full_year(line.tokens, at) is not None


def _month_and_year(line: Line, index: int, at: int) -> Found:
    tokens = line.tokens
    begin = skip(tokens, at, ",", "of", "-", "/", "in")
    year = full_year(tokens, begin)
    month = tokens[index].value
    if year and not (tokens[begin].word in ("'", "’") and begin != at):
        if is_mark(tokens[year[1]], "-/") and tokens[year[1]].glued:
            day = day_of_month(tokens, year[1] + 1)
            found = cal.make(year[0], month, day[0]) if day and tokens[year[1] + 1].digits else None
            if day and found:
                return of_day(found), day[1]
        return _whole_month(month, year[0]), year[1]
    if tokens[begin].word in words.RELATIVE and words.UNITS.get(tokens[begin + 1].word) == "year":
        return _whole_month(month, line.today.year + words.RELATIVE[tokens[begin].word]), begin + 2
    if tokens[begin - 1].word == "of" and tokens[begin].kind == NUM and tokens[begin].digits == 2:
        return _whole_month(month, two_digit_year(tokens[begin].value)), begin + 1
    return None


def _whole_month(month: int, year: int) -> Read:
    return of_stretch(cal.month(max(1, year), month), "month")


def _bare_month(line: Line, month: int) -> Read:
    year = line.today.year + (month < line.today.month)
    read = of_stretch(cal.month(year, month), "month", left="year")
    return Read(
        first=read.first, last=read.last, grain="month", open="year", number=0, alternative=cal.month(year - 1, month)
    )


def _with_year(line: Line, month: int, day: int, at: int) -> Found:
    """Reads what may follow a month and a day: "(Tue)", a comma, "of", "in", the year."""
    tokens = line.tokens
    behind = at
    if is_mark(tokens[at], "(") and tokens[at + 1].kind == WEEKDAY and is_mark(tokens[at + 2], ")"):
        behind = at + 3
    begin = skip(tokens, behind, ",", "of", "in", "/", "-")
    begin = skip(tokens, begin, "of", "in") if tokens[begin - 1].word == "," else begin
    year = full_year(tokens, begin)
    if year and not is_mark(tokens[year[1]], ":") and tokens[year[1]].word not in ("am", "pm", "hours", "hrs"):
        found = settle(line, month, day, year[0])
        return (found, year[1]) if found else None
    short = tokens[at]
    if short.kind == NUM and short.digits == 2 and not _clock_follows(line, at):
        found = settle(line, month, day, two_digit_year(short.value))
        if found and (short.value > 31 or tokens[at + 1].kind in (END, WORD, MARK)):
            return found, at + 1
    clocked = _year_behind_clock(line, at)
    if clocked:
        found = settle(line, month, day, clocked[0])
        return (found, clocked[1]) if found else None
    found = settle(line, month, day, None)
    return (found, behind) if found else None


def _clock_follows(line: Line, at: int) -> bool:
    following = line.tokens[at + 1]
    return following.word in (":", "am", "pm", "a", "p", "h", ".", "-", "/", "to", "%") or following.kind == NUM


def _year_behind_clock(line: Line, at: int) -> tuple[int, int] | None:
    """ "Oct 26 15:50:06 2016", as computers print it."""
    tokens = line.tokens
    index = at
    while index < at + 5 and ((tokens[index].kind == NUM and tokens[index].digits <= 2) or tokens[index].word == ":"):
        index += 1
    if index >= at + 3 and tokens[index].kind == NUM and tokens[index].digits == 4:
        return full_year(tokens, index)
    return None


def day_first(line: Line, index: int) -> Found:
    """ "8 March", "the 15th of Feb", "2nd day of June 2026", "fifteen August"."""
    tokens = line.tokens
    glued = tokens[index].glued and line.before(index) in ("/", ":", ".") and index > 1 and tokens[index - 2].digits
    if line.before(index) in _MONEY_SIGNS or glued:
        return None
    day = day_of_month(tokens, index)
    if not day:
        return None
    value, at, strong = day
    at = skip(tokens, at, "day") if strong else at
    begin = skip(tokens, at, "of", "-", "/", ",", ".", "in")
    linked = begin > at
    begin = skip(tokens, begin, "the")
    token = tokens[begin]
    if token.kind != MONTH:
        return None
    loose = token.word in ("may", "march", "mar") and not token.capital and not strong and not linked
    if loose and tokens[begin + 1].kind not in (END, MARK, NUM):
        return None
    at = begin + 1
    if tokens[at].word == "." and tokens[at].glued:
        at += 1
    return _with_year(line, token.value, value, at)


def is_month_here(line: Line, index: int) -> bool:
    """Whether a lone month name is meant as a month: "in may", "May to October", not "you may", "march on"."""
    tokens = line.tokens
    token = tokens[index]
    if token.word not in words.AMBIGUOUS_MONTHS:
        return True
    before, after = line.before(index), tokens[index + 1]
    if token.word in ("dec", "jan", "jun", "sept"):
        return before not in _MONEY_SIGNS
    if before in (
        "in",
        "by",
        "until",
        "till",
        "since",
        "during",
        "mid",
        "early",
        "late",
        "of",
        "through",
        "before",
        "after",
    ):
        return after.word not in ("i", "we", "you", "they", "he", "she", "it", "not", "be", "have")
    if not token.capital:
        return before in ("this", "next", "last", "from", "to", "between", "-") and after.kind in (
            END,
            MARK,
            MONTH,
            NUM,
        )
    if before in words.LEADS - {"the", "is", "as", "or", "and", "for", "about"} or before == "-":
        return True
    ranged = after.word in ("to", "-", "through", "until") and tokens[index + 2].kind in (MONTH, NUM)
    return ranged or (before in ("and", "or", "for", "is") and after.kind in (END, MARK))
