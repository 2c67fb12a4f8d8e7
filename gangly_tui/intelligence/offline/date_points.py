"""One phrase about days: tries every rule that can begin with the word and keeps the longest reading."""

from __future__ import annotations

from dataclasses import replace

from gangly_tui.intelligence.offline import calendar_math as cal
from gangly_tui.intelligence.offline import calendar_words as words
from gangly_tui.intelligence.offline.date_distance import distance
from gangly_tui.intelligence.offline.date_inside import inside
from gangly_tui.intelligence.offline.date_months import day_first, month_first, settle
from gangly_tui.intelligence.offline.date_numeric import numeric
from gangly_tui.intelligence.offline.date_periods import (
    edge,
    fiscal_year,
    period,
    quarter,
    week_named,
    year_alone,
)
from gangly_tui.intelligence.offline.date_reading import (
    Found,
    Line,
    Read,
    day_of_month,
    of_day,
    of_stretch,
    skip,
)
from gangly_tui.intelligence.offline.date_relative import relative, weekday
from gangly_tui.intelligence.offline.date_tokens import CARD, END, MARK, MONTH, NTH, NUM, ORD, UNIT, WEEKDAY
from gangly_tui.intelligence.offline.holidays import holiday, weekend_around

_HABITS = ("every", "each", "per", "everyday", "alternate", "any", "other")
_DEEPEST = 3
_NEAR_PAST = 60
"""Days: a dated weekday this far back is meant as past."""


def point(line: Line, index: int, depth: int = 0) -> Found:
    """The longest reading that starts at the token, or None."""
    key = (index, depth)
    if key not in line.seen:
        line.seen[key] = _longest(line, index, depth)
    return line.seen[key]


def _longest(line: Line, index: int, depth: int = 0) -> Found:
    token = line.tokens[index]
    kind = token.kind
    if kind == END or depth > _DEEPEST:
        return None

    def deeper(inner: Line, at: int) -> Found:
        return point(inner, at, depth + 1)

    best: Found = None
    candidates: list[Found] = []
    if kind == MONTH:
        candidates = [_month(line, index)]
    elif kind == WEEKDAY:
        candidates = [_weekday(line, index, deeper)]
    elif kind == NUM:
        candidates = [
            numeric(line, index),
            day_first(line, index),
            inside(line, index, deeper),
            distance(line, index, deeper),
            relative(line, index),
            year_alone(line, index),
            _day_alone(line, index),
            _short_year_quarter(line, index),
        ]
    elif kind in (NTH, ORD):
        candidates = [
            day_first(line, index),
            inside(line, index, deeper),
            quarter(line, index),
            _day_alone(line, index),
            _century(line, index),
        ]
    elif kind == CARD:
        candidates = [
            day_first(line, index),
            inside(line, index, deeper),
            distance(line, index, deeper),
            relative(line, index),
            year_alone(line, index),
            _day_alone(line, index),
        ]
    elif kind == UNIT:
        candidates = [week_named(line, index, deeper), inside(line, index, deeper)]
        if token.word in ("half", "quarter"):
            candidates.append(distance(line, index, deeper))
        if token.word in ("day", "days"):
            candidates.append(_day_beside(line, index, deeper))
        if token.word == "minute":
            candidates.append(_moment(line, index))
    elif kind == MARK:
        if token.word in ("'", "’"):
            candidates = [year_alone(line, index)]
        elif token.word in "½¼¾" or (token.word == "+" and line.tokens[index + 1].glued):
            candidates = [distance(line, index, deeper)]
    else:
        candidates = _by_word(line, index, deeper)
    for found in candidates:
        if found and (best is None or found[1] > best[1]):
            best = found
    return best


def _month(line: Line, index: int) -> Found:
    """A month and, behind it, the weekday of its day: "Jul 18, Fri"."""
    found = month_first(line, index)
    if not found or found[0].open != "year" or found[0].grain != "day":
        return found
    if line.tokens[found[1]].word == "weekend":
        return of_stretch(weekend_around(found[0].first), "weekend"), found[1] + 1
    at = skip(line.tokens, found[1], ",", "(")
    if line.tokens[at].kind == WEEKDAY and at > found[1] and line.tokens[at + 1].kind in (END, MARK, NUM):
        return _in_year(line, found[0], line.tokens[at].value), skip(line.tokens, at + 1, ")")
    return found


def _by_word(line: Line, index: int, deeper) -> list[Found]:  # type: ignore[no-untyped-def]
    word = line.tokens[index].word
    if word in words.RELATIVE:
        return [relative(line, index), inside(line, index, deeper), holiday(line, index), quarter(line, index),
                _this_date(line, index)]  # fmt: skip
    if word in words.DAYS:
        return [_named_day(line, index)]
    if word in ("in", "within", "after"):
        return [distance(line, index, deeper)]
    if word in ("a", "an", "couple", "few", "several", "half"):
        return [distance(line, index, deeper)]
    if word in words.EDGES or word in words.DEADLINES or word in ("later", "earlier", "rest", "remainder"):
        return [edge(line, index), relative(line, index)]
    if word in ("q", "h"):
        return [quarter(line, index)]
    if word in ("fy", "cy", "fiscal", "financial", "calendar"):
        return [fiscal_year(line, index)]
    if word in words.SEASONS:
        found = period(line, index)
        return [found]
    if word in ("now", "moment", "date", "asap"):
        return [_moment(line, index)]
    if word in ("final", "closest", "nearest"):
        return [inside(line, index, deeper), _closest(line, index, deeper)]
    return [holiday(line, index)]


def _weekday(line: Line, index: int, deeper) -> Found:  # type: ignore[no-untyped-def]
    """A weekday and, right behind it, the date it belongs to; the date decides, the weekday is a courtesy."""
    tokens = line.tokens
    token = tokens[index]
    found = weekday(line, index)
    if not found:
        return None
    behind = index + 1
    if tokens[behind].word == "." and tokens[behind].glued:
        behind += 1
    behind = skip(tokens, behind, ",", "-", "(")
    for begin in dict.fromkeys((behind, skip(tokens, behind, "the"), skip(tokens, behind, "on"))):
        if tokens[begin].kind in (NUM, NTH, ORD, MONTH, CARD) and not (tokens[begin].kind == NUM and found[1] > begin):
            date_found = (
                deeper(line, begin)
                if tokens[begin].kind != MONTH
                or tokens[begin + 1].kind in (NUM, NTH, ORD, CARD)
                or tokens[begin + 1].glued
                else None
            )
            if (
                date_found
                and date_found[0].grain == "day"
                and date_found[1] > found[1] - 1
                and date_found[0].open in ("year", "")
            ):
                end = date_found[1]
                return _in_year(line, date_found[0], token.value), skip(tokens, end, ")") if tokens[
                    behind - 1
                ].word == "(" else end
    if line.before(index) in _HABITS or line.before(index) == "all":
        return None
    if tokens[index + 1].word in ("of", "in") and tokens[index + 2].word in _HABITS:
        return None
    if tokens[behind].word in ("before", "after", "following") and found[1] == index + 1:
        other = deeper(line, behind + 1) or deeper(line, skip(tokens, behind + 1, "the"))
        if other and other[0].grain in ("day", "weekend") and not other[0].at:
            earlier = tokens[behind].word == "before"
            near = (
                cal.weekday_before(other[0].first, token.value)
                if earlier
                else cal.weekday_after(other[0].last, token.value)
            )
            return of_day(near), other[1]
    if token.word in words.AMBIGUOUS_WEEKDAYS and found[1] <= index + 1 and not _is_weekday_here(line, index):
        return None
    return found


def _is_weekday_here(line: Line, index: int) -> bool:
    tokens = line.tokens
    before, after = line.before(index), tokens[index + 1]
    if before in words.LEADS - {"the", "is", "was", "as"} or after.kind in (NUM, NTH) or before == "-":
        return True
    if tokens[index].word in ("sat", "sun", "wed"):
        short_text = len(tokens) <= 7
        return short_text or (
            tokens[index].capital
            and before in ("", ",", ".", "/", "-", "on", "or", "and")
            and after.kind in (MARK, END)
        )
    return tokens[index].capital or len(tokens) <= 7 or after.word in words.DAY_PARTS or after.kind in (MARK, END)


def _day_alone(line: Line, index: int) -> Found:
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
    elif not (
        before == "the"
        and second in ("on", "by", "until", "to", "between", "and", "through", "before", "after")
        and tokens[at].kind in (END, MARK)
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
    following = {"at", "of", "in", "for", "to", "and", "or", "is", "was", "works", "between", "from", "until",
    "through",
                 "with", "if", "so", "but", "would", "will", "around", "please", "then", "as", "before", "after",
                 "by", "on",
                 "it", "i", "we", "you", "instead", "that", "this", "when", "because", "should", "too", "also", "a",
                 "the",
                 "are", "not", "does", "do", "due", "via", "there", "here", "thanks", "since", "till", "til",
                 "thru"}  # fmt: skip
    return token.word not in following and not token.word.endswith("ly")


def _named_day(line: Line, index: int) -> Found:
    """ "today", "tomorrow", and the day beside it: "tomorrow week"."""
    tokens = line.tokens
    offset = words.DAYS[tokens[index].word]
    at = index + 1
    if tokens[at].word == "week" and offset >= 0 and tokens[index].word != "tonight":
        return of_day(cal.plus_days(line.today, offset + 7)), at + 1
    return of_day(cal.plus_days(line.today, offset)), at


def _day_beside(line: Line, index: int, deeper) -> Found:  # type: ignore[no-untyped-def]
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


def _moment(line: Line, index: int) -> Found:
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


def _this_date(line: Line, index: int) -> Found:
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
            return _in_year(line, found[0], named, this=word == "this"), skip(tokens, found[1], ")")
    return None


def _in_year(line: Line, read: Read, name: int | None, *, this: bool = False) -> Read:
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


def _closest(line: Line, index: int, deeper) -> Found:  # type: ignore[no-untyped-def]
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


def _short_year_quarter(line: Line, index: int) -> Found:
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


def _century(line: Line, index: int) -> Found:
    """ "the 15th century"."""
    token = line.tokens[index]
    if line.tokens[index + 1].word != "century" or not 2 <= token.value <= 30:
        return None
    first = cal.month(token.value * 100 - 100, 1)[0]
    return of_stretch(cal.months_from(first, 1200), "century"), index + 2


def by_name(line: Line, month: int, day: int, year: int | None) -> Found:
    """A day of a month that a range has put together from two places."""
    read = settle(line, month, day, year)
    return (read, 0) if read else None
