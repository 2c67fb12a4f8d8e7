"""Days named without a month: "the 14th", "today", "the day after tomorrow", "closest Monday to"."""

from __future__ import annotations

from dataclasses import replace

from gangly_tui.intelligence.offline import calendar_math as cal
from gangly_tui.intelligence.offline import calendar_words as words
from gangly_tui.intelligence.offline.date_distance import Rule
from gangly_tui.intelligence.offline.date_months import month_first
from gangly_tui.intelligence.offline.date_numeric import numeric
from gangly_tui.intelligence.offline.date_reading import Found, Line, Read, day_of_month, of_day, of_stretch, skip
from gangly_tui.intelligence.offline.date_tokens import CARD, END, MARK, MONTH, NTH, NUM, WEEKDAY

_NEAR_PAST = 60
"""Days: a dated weekday this far back is meant as past."""
_NO_NOUNS = frozenset(
    "at of in for to and or is was works between from until through with if so but would will around please then as "
    "before after by on it i we you instead that this when because should too also a the are not does do due via there "
    "here thanks since till til thru".split()
)


def day_alone(line: Line, index: int) -> Found:
    """ "the 14th", "on the 4th", "On 24th": the next such day of a month."""
    tokens = line.tokens
    day = day_of_month(tokens, index)
    if not day:
        return None
    value, at, strong = day
    before, second = line.before(index), line.before(index, 2)
    if not strong:
        if not (
            before == "the"
            and second == "on"
            and (tokens[at].kind in (END, MARK) or tokens[at].word in ("from", "at", "in", "between"))
        ):
            return None
    elif tokens[index].kind == NTH:
        if before not in (
            "the",
            "on",
            "by",
            "until",
            "till",
            "before",
            "after",
            "since",
            "from",
            "to",
            "and",
            "or",
            "-",
            "through",
            "between",
        ):
            return None
        if _names_something(line, at, second):
            return None
    elif before != "the" or not (
        (
            second in ("on", "by", "until", "to", "between", "and", "through", "before", "after")
            and tokens[at].kind in (END, MARK)
        )
        or (value > 12 and not _names_something(line, at, second))
    ):
        return None
    upcoming = cal.next_day_of_month(line.today, value)
    return (of_day(upcoming, left="day of month", number=value), at) if upcoming else None


def _names_something(line: Line, at: int, second: str) -> bool:
    """ "the 3rd floor", "the 2nd option": an ordinal right before a noun counts things, unless a preposition leads
    it."""
    token = line.tokens[at]
    if token.kind in (END, MARK, NUM, CARD) or token.word in words.DAY_PARTS:
        return False
    return token.word not in _NO_NOUNS and not token.word.endswith("ly")


def named_day(line: Line, index: int) -> Found:
    """ "today", "tomorrow", and the day beside it: "tomorrow week"."""
    tokens = line.tokens
    offset = words.DAYS[tokens[index].word]
    at = index + 1
    if tokens[at].word == "week" and offset >= 0 and tokens[index].word != "tonight":
        return of_day(cal.plus_days(line.today, offset + 7)), at + 1
    return of_day(cal.plus_days(line.today, offset)), at


def day_beside(line: Line, index: int, deeper: Rule) -> Found:
    """ "day after tomorrow", "the day before Thanksgiving"."""
    tokens = line.tokens
    word = tokens[index + 1].word
    if word not in ("after", "before", "following") or tokens[index].word != "day":
        return None
    found = deeper(line, index + 2) or deeper(line, skip(tokens, index + 2, "the"))
    if not found or found[0].grain != "day":
        return None
    step = -1 if word == "before" else 1
    return of_day(cal.plus_days(found[0].last if step > 0 else found[0].first, step)), found[1]


def moment(line: Line, index: int) -> Found:
    """ "right now", "at the moment", "to date", "as of now": today."""
    tokens = line.tokens
    word = tokens[index].word
    before = line.before(index)
    said = {
        "now": before in ("right", "until", "by", "and", "of", "meet", "from", "is", "since", "till", "to", "as")
        or (
            (tokens[index + 1].kind == END or tokens[index + 1].word in (".", "?", "!"))
            and before not in ("", ",", ".")
        ),
        "moment": before == "the" and line.before(index, 2) == "at",
        "minute": before == "the" and line.before(index, 2) == "at",
        "date": before == "to" and tokens[index + 1].kind != NUM,
        "asap": True,
    }.get(word, False)
    return (of_day(line.today, "now"), index + 1) if said else None


def this_date(line: Line, index: int) -> Found:
    """ "this 5/12", "next friday 5/12" with the date deciding; "at this time"."""
    tokens = line.tokens
    word = tokens[index].word
    if tokens[index + 1].word == "time" and word == "this" and line.before(index) == "at":
        return of_day(line.today, "now"), index + 2
    at = index + 2 if tokens[index + 1].kind == WEEKDAY else index + 1
    at = skip(tokens, at, "-", "(", ",")
    if (tokens[at].kind == MONTH and tokens[at + 1].kind in (NUM, NTH, MARK)) or tokens[at].kind == NUM:
        found = numeric(line, at) if tokens[at].kind == NUM else month_first(line, at)
        if found and found[0].grain == "day":
            named = tokens[index + 1].value if tokens[index + 1].kind == WEEKDAY else None
            return in_year(line, found[0], named, this=word == "this"), skip(tokens, found[1], ")")
    return None


def in_year(line: Line, read: Read, name: int | None, *, this: bool = False) -> Read:
    """The year of a date without one, when a weekday stands beside it: the near year in which they agree."""
    if read.open != "year":
        return read
    day = read.first
    if name is not None and day.weekday() != name:
        before = cal.make(day.year - 1, day.month, day.day)
        after = cal.make(day.year + 1, day.month, day.day)
        if before and before.weekday() == name and (line.today - before).days <= _NEAR_PAST:
            return replace(read, first=before, last=before, open="")
        if after and after.weekday() == name:
            return replace(read, first=after, last=after, open="")
    this_year = cal.make(line.today.year, day.month, day.day) if this else None
    return replace(read, first=this_year, last=this_year, open="") if this_year else replace(read, open="")


def closest(line: Line, index: int, deeper: Rule) -> Found:
    """ "the closest Monday to Oct 5th"."""
    tokens = line.tokens
    if tokens[index + 1].kind != WEEKDAY or tokens[index + 2].word != "to":
        return None
    found = deeper(line, skip(tokens, index + 3, "the"))
    if not found or found[0].grain != "day":
        return None
    name = tokens[index + 1].value
    later = cal.weekday_after(found[0].first, name, same=True)
    earlier = cal.plus_days(later, -7)
    near = later if (later - found[0].first).days <= (found[0].first - earlier).days else earlier
    return of_day(near), found[1]


def short_year_quarter(line: Line, index: int) -> Found:
    """ "18q4", "4Q26"."""
    tokens = line.tokens
    if tokens[index + 1].word != "q" or not tokens[index + 1].glued or not tokens[index + 2].glued:
        return None
    left, right = tokens[index], tokens[index + 2]
    if left.digits == 1 and 1 <= left.value <= 4 and right.digits in (2, 4):
        year = right.value if right.digits == 4 else 2000 + right.value
        return of_stretch(cal.quarter(max(2, year), left.value, line.fiscal_year_start), "quarter"), index + 3
    if left.digits != 2 or not 1 <= right.value <= 4:
        return None
    return of_stretch(cal.quarter(2000 + left.value, right.value, line.fiscal_year_start), "quarter"), index + 3


def century(line: Line, index: int) -> Found:
    """ "the 15th century"."""
    token = line.tokens[index]
    if line.tokens[index + 1].word != "century" or not 2 <= token.value <= 30:
        return None
    first = cal.month(token.value * 100 - 100, 1)[0]
    return of_stretch(cal.months_from(first, 1200), "century"), index + 2
