"""One phrase about days: tries every rule that can begin with the word and keeps the longest reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gangly_tui.intelligence.offline import calendar_math as cal
from gangly_tui.intelligence.offline import calendar_words as words
from gangly_tui.intelligence.offline.date_days import (
    century,
    closest,
    day_alone,
    day_beside,
    in_year,
    moment,
    named_day,
    short_year_quarter,
    this_date,
)
from gangly_tui.intelligence.offline.date_distance import Rule, distance
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
    of_day,
    of_stretch,
    skip,
)
from gangly_tui.intelligence.offline.date_relative import relative, weekday
from gangly_tui.intelligence.offline.date_tokens import CARD, END, MARK, MONTH, NTH, NUM, ORD, UNIT, WEEKDAY
from gangly_tui.intelligence.offline.holidays import holiday, weekend_around

_HABITS = ("every", "each", "per", "everyday", "alternate", "any", "other")
_DEEPEST = 3


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
    for rule in _RULES.get(kind, _OTHER):
        for found in rule(line, index, deeper):
            if found and (best is None or found[1] > best[1]):
                best = found
    return best


_Candidates = Callable[[Line, int, Rule], Iterable[Found]]


def _plain(rule: Rule) -> _Candidates:
    return lambda line, index, _deeper: (rule(line, index),)


def _deep(rule: Callable[[Line, int, Rule], Found]) -> _Candidates:
    return lambda line, index, deeper: (rule(line, index, deeper),)


def _by_unit(line: Line, index: int, deeper: Rule) -> Iterable[Found]:
    word = line.tokens[index].word
    yield week_named(line, index, deeper)
    yield inside(line, index, deeper)
    if word in ("half", "quarter"):
        yield distance(line, index, deeper)
    if word in ("day", "days"):
        yield day_beside(line, index, deeper)
    if word == "minute":
        yield moment(line, index)


def _by_mark(line: Line, index: int, deeper: Rule) -> Iterable[Found]:
    word = line.tokens[index].word
    if word in ("'", "’"):
        yield year_alone(line, index)
    elif word in "½¼¾" or (word == "+" and line.tokens[index + 1].glued):
        yield distance(line, index, deeper)


def _month(line: Line, index: int) -> Found:
    """A month and, behind it, the weekday of its day: "Jul 18, Fri"."""
    found = month_first(line, index)
    if not found or found[0].open != "year" or found[0].grain != "day":
        return found
    if line.tokens[found[1]].word == "weekend":
        return of_stretch(weekend_around(found[0].first), "weekend"), found[1] + 1
    at = skip(line.tokens, found[1], ",", "(")
    if line.tokens[at].kind == WEEKDAY and at > found[1] and line.tokens[at + 1].kind in (END, MARK, NUM):
        return in_year(line, found[0], line.tokens[at].value), skip(line.tokens, at + 1, ")")
    return found


def _by_word(line: Line, index: int, deeper: Rule) -> Iterable[Found]:
    word = line.tokens[index].word
    if word in words.RELATIVE:
        rules: tuple[_Candidates, ...] = _AFTER_RELATIVE
    elif word in words.EDGES or word in words.DEADLINES:
        rules = _AT_EDGE
    elif word in words.DAYS:
        rules = (_plain(named_day),)
    elif word in words.SEASONS:
        rules = (_plain(period),)
    else:
        rules = _WORDS.get(word, (_plain(holiday),))
    for rule in rules:
        yield from rule(line, index, deeper)


def _weekday(line: Line, index: int, deeper: Rule) -> Found:
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
                return in_year(line, date_found[0], token.value), skip(tokens, end, ")") if tokens[
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


def by_name(line: Line, month: int, day: int, year: int | None) -> Found:
    """A day of a month that a range has put together from two places."""
    read = settle(line, month, day, year)
    return (read, 0) if read else None


_OTHER: tuple[_Candidates, ...] = (_by_word,)
_AFTER_RELATIVE: tuple[_Candidates, ...] = (
    _plain(relative),
    _deep(inside),
    _plain(holiday),
    _plain(quarter),
    _plain(this_date),
)
_AT_EDGE: tuple[_Candidates, ...] = (_plain(edge), _plain(relative))
_WORDS: dict[str, tuple[_Candidates, ...]] = {
    **dict.fromkeys(("in", "within", "after", "a", "an", "couple", "few", "several", "half"), (_deep(distance),)),
    **dict.fromkeys(("later", "earlier", "rest", "remainder"), _AT_EDGE),
    **dict.fromkeys(("q", "h"), (_plain(quarter),)),
    **dict.fromkeys(("fy", "cy", "fiscal", "financial", "calendar"), (_plain(fiscal_year),)),
    **dict.fromkeys(("now", "moment", "date", "asap"), (_plain(moment),)),
    **dict.fromkeys(("final", "closest", "nearest"), (_deep(inside), _deep(closest))),
}
_COUNTED: tuple[_Candidates, ...] = (
    _plain(day_first),
    _deep(inside),
    _deep(distance),
    _plain(relative),
    _plain(year_alone),
    _plain(day_alone),
)
_NTH: tuple[_Candidates, ...] = (_plain(day_first), _deep(inside), _plain(quarter), _plain(day_alone), _plain(century))
_RULES: dict[str, tuple[_Candidates, ...]] = {
    MONTH: (_plain(_month),),
    WEEKDAY: (_deep(_weekday),),
    NUM: (_plain(numeric), *_COUNTED, _plain(short_year_quarter)),
    NTH: _NTH,
    ORD: _NTH,
    CARD: _COUNTED,
    UNIT: (_by_unit,),
    MARK: (_by_mark,),
}
"""What may begin with a token of each kind."""
