"""Dates in what people say and write: "by Friday", "end of Q3", "from 13 to 15 July", "two weeks after Easter".

Relative words count from an anchor, the moment of the call. A month, weekday or day without its year means the next
one; the reading the other way is the mention's `alternative`. Nothing here knows the clock, the locale or the network.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from gangly_tui.intelligence.offline import calendar_math as cal
from gangly_tui.intelligence.offline.clock import Clock, clocks
from gangly_tui.intelligence.offline.date_points import by_name, point
from gangly_tui.intelligence.offline.date_reading import Found, Line, Read, day_of_month, full_year, of_stretch, skip
from gangly_tui.intelligence.offline.date_tokens import CARD, END, MARK, MONTH, NTH, NUM, ORD, tokens, worth_reading


@dataclass(frozen=True, slots=True, kw_only=True)
class DateMention:
    """A stretch of text that names days: `text[start:end]`.

    `first` and `last` are both included and equal for one day. `grain` says how finely the words speak: "day", "week",
    "month", "quarter", "half", "year", "season", "weekend", "range" (from one day to another), "hour", "minute" (a
    distance from the anchor), "now" ("right now"), or "time" (a time of day without a day: `first` is the anchor's
    day or the next). `alternative` is the second reading of an ambiguous phrase: "next Friday", 03/04, a month
    without its year. `time` is the time of day when one was said.
    """

    start: int
    end: int
    first: date
    last: date
    grain: str
    alternative: tuple[date, date] | None = None
    time: time | None = None


_TO = ("to", "-", "–", "—", "~", "until", "till", "til", "through", "thru")
_STARTING = frozenset((NUM, NTH, ORD, CARD, MONTH, "weekday", "unit"))
_LINE = re.compile(r"[^\n\r\u2028\u2029]+")
_BETWEEN = re.compile(
    r"[\s,(@-]*(?:(?:at|on|of|from|by|around|about|between|for|in|the|before|after|or|until|[ecmp][sd]?t|eastern|"
    r"pacific|central|mountain|gmt|utc)[\s,]+)*\Z",
    re.IGNORECASE,
)


_HABIT = re.compile(r"\b(?:every|each|(?:mon|tues|wednes|thurs|fri|satur|sun)days|daily|weekly)\b", re.IGNORECASE)
_LATE = re.compile(r"\b(?:tonight|tonite|evening|night|afternoon)\b", re.IGNORECASE)
_PAST = re.compile(
    r"\b(?:was|were|did|had|met|spoke|talked|sent|said|told|went|came|got|gave|saw|called|signed|since|ago|discussed|"
    r"started|"
    r"ended|happened|launched|held|took|left|began|bought|visited|reviewed|agreed|closed|received|asked|wrote)\b",
    re.IGNORECASE,
)


def find_dates(text: str, anchor: datetime, *, fiscal_year_start: int = 1) -> list[DateMention]:
    """The dates in the text, from left to right and not overlapping.

    `fiscal_year_start` is the month (1 to 12) in which quarters and fiscal years begin.
    """
    found: list[DateMention] = []
    for match in _LINE.finditer(text):
        line_text = match.group()
        if worth_reading(line_text):
            line = Line(text=line_text, tokens=tokens(line_text), anchor=anchor, fiscal_year_start=fiscal_year_start)
            found.extend(_in_line(line, match.start()))
    return found


def _in_line(line: Line, offset: int) -> list[DateMention]:
    days: list[tuple[int, int, Read]] = []
    index, end = 0, len(line.tokens) - 4
    while index < end:
        token = line.tokens[index]
        found = _range(line, index) if token.kind in _STARTING or token.word in _OPENERS else None
        if found and found[1] > index:
            behind = min(found[1], end)
            read = _looking_back(line, index, found[0])
            _place(line, days, (token.start, line.tokens[behind - 1].end, read))
            index = _listed_days(line, behind, days)
        else:
            index += 1
    return [
        DateMention(
            start=offset + start,
            end=offset + stop,
            first=read.first,
            last=read.last,
            grain=read.grain,
            alternative=_second_reading(line, start, read),
            time=read.at,
        )
        for start, stop, read in _with_clocks(line, days)
    ]


def _listed_days(line: Line, index: int, days: list[tuple[int, int, Read]]) -> int:
    """ "Oct 3rd, 4th and 5th", "Nov 10 or 11": more days of the month just named. Returns the index behind them."""
    read = days[-1][2]
    while read.grain == "day" and read.first == read.last:
        at = skip(line.tokens, skip(line.tokens, index, ","), "and", "or", "&", "/")
        at = skip(line.tokens, at, "the") if at > index else at
        token = line.tokens[at]
        behind = line.tokens[at + 1]
        strong = token.kind == NTH and behind.kind != MONTH and behind.word != "of"
        weak = token.kind == NUM and token.digits <= 2 and line.before(at) != "," and read.open in ("year", "")
        if at == index or not (
            strong or (weak and behind.kind in (END, MARK) and behind.word not in (":", "%", "-", "/"))
        ):
            break
        found = _later_day(line, read, token.value, at + 1)
        if not found:
            break
        read = found[0]
        days.append((token.start, token.end, read))
        index = at + 1
    return index


def _looking_back(line: Line, index: int, read: Read) -> Read:
    """ "since January" is the last January, not the next one."""
    past = read.alternative
    if line.before(index) != "since" or not read.open or not past or past[0] > line.today or past[0] > read.first:
        return read
    return replace(read, first=past[0], last=past[1], alternative=None, open="")


def _second_reading(line: Line, start: int, read: Read) -> cal.Stretch | None:
    """The other reading; a past one only where the words before it speak of the past."""
    other = read.alternative
    if other and read.open in ("year", "weekday", "day of month") and other[1] < line.today:
        return other if _PAST.search(line.text, max(0, start - 80), start) else None
    return other


def _place(line: Line, days: list[tuple[int, int, Read]], new: tuple[int, int, Read]) -> None:
    """Adds a reading; "end of day" beside a day belongs to that day."""
    if days and "end of day" in (days[-1][2].open, new[2].open) and _touches(line, days[-1][1], new[0]):
        start, _, last = days[-1]
        kept = new[2] if last.open == "end of day" else last
        days[-1] = (start, new[1], kept)
    else:
        days.append(new)


_OPENERS = frozenset(
    "this current same next coming upcoming following last past previous prior preceding in within after a an couple "
    "few "
    "several half end close ending late beginning start early first middle mid later earlier rest remainder q h fy cy "
    "fiscal financial calendar spring summer fall autumn winter now moment date asap final closest nearest from "
    "between "
    "today tonight tonite tomorrow tomorrows tmrw tmr tmw tomorow tommorow tommorrow yesterday eod eob cob eow eom "
    "eoq eoy "
    "eofy bom boy boq christmas xmas boxing new valentine valentines st saint earth juneteenth independence halloween "
    "veterans veteran armistice mlk martin presidents president washington mother mothers father fathers memorial "
    "labor "
    "labour columbus indigenous thanksgiving turkey black cyber easter good palm ash maundy ascension pentecost whit "
    "' ’ ½ ¼ ¾ +".split()
)


def _range(line: Line, index: int) -> Found:
    """A range when one is said, else a single point."""
    tokens_ = line.tokens
    word = tokens_[index].word
    if word in ("from", "between"):
        begin = skip(tokens_, index + 1, "the")
        return _joined(line, begin, ("and", *_TO) if word == "between" else _TO)
    joined = _joined(line, index, _TO)
    return joined or point(line, index)


def _joined(line: Line, index: int, joints: tuple[str, ...]) -> Found:
    tokens_ = line.tokens
    short = _days_then_month(line, index, joints)
    if short:
        return short
    left = point(line, index)
    if not left:
        return None
    at = skip(tokens_, left[1], ",")
    if tokens_[at].word not in joints or left[0].grain in ("hour", "minute", "second"):
        return None
    begin = skip(tokens_, skip(tokens_, at + 1, "the", "from"), "the")
    right = _right_side(line, begin, left[0])
    if not right:
        right = _right_side(line, skip(tokens_, at + 1, "the"), left[0])
    if not right:
        return None
    first, second = _agree(left[0], right[0], line)
    if second.last < first.first:
        return None
    return of_stretch((first.first, second.last), "range"), right[1]


def _days_then_month(line: Line, index: int, joints: tuple[str, ...]) -> Found:
    """ "10 to 22 August 2012", "3 and 12 of Sept", "the ninth and the seventeenth of April"."""
    tokens_ = line.tokens
    day = day_of_month(tokens_, index)
    if not day or tokens_[day[1]].word not in joints:
        return None
    begin = skip(tokens_, day[1] + 1, "the")
    other = day_of_month(tokens_, begin)
    if not other or tokens_[skip(tokens_, skip(tokens_, other[1], "of"), "the")].kind != MONTH:
        return None
    right = point(line, begin)
    if not right or right[0].grain != "day" or right[0].first.day != other[0]:
        return None
    base = right[0].first
    first = cal.make(base.year, base.month, day[0])
    if not first or first > base:
        return None
    return of_stretch((first, base), "range"), right[1]


def _right_side(line: Line, index: int, left: Read) -> Found:
    right = point(line, index)
    token = line.tokens[index]
    if right and right[0].grain not in ("hour", "minute", "second"):
        if token.kind == NUM and right[0].grain == "year" and left.grain != "year":
            return right if left.open == "" or left.grain == "month" else None
        return right
    if left.grain != "day":
        return None
    day = day_of_month(line.tokens, index)
    if not day:
        return None
    value, at, strong = day
    following = line.tokens[at]
    if following.word in ("am", "pm", ":", "a", "p", "%", "/") or (not strong and left.open not in ("year", "")):
        return None
    if not strong and following.kind not in (END, MARK) and following.word not in ("at", "in", "for"):
        return None
    return _later_day(line, left, value, at)


def _later_day(line: Line, left: Read, value: int, at: int) -> Found:
    base = left.first
    year = full_year(line.tokens, skip(line.tokens, at, ","))
    if year and line.tokens[at].word == ",":
        found = by_name(line, base.month, value, year[0])
        return (found[0], year[1]) if found else None
    day = cal.next_day_of_month(cal.plus_days(base, 1), value)
    return (Read(first=day, last=day, grain="day"), at) if day else None


def _agree(left: Read, right: Read, line: Line) -> tuple[Read, Read]:
    """Settles what one side left open by what the other side says."""
    if right.open == "weekday":
        day = cal.weekday_after(left.first, right.number)
        return left, replace(right, first=day, last=day)
    if right.open == "day of month":
        day = cal.next_day_of_month(left.first, right.number) or right.first
        return left, replace(right, first=day, last=day)
    if left.open == "year" and not right.open:
        for years in (0, 1, -1, 2, -2, 3, 4, 5, 6, 8, 10, 15, 20, 25, 30):
            moved = _years_back(left, left.first.year - right.last.year + years if years >= 0 else 0)
            if moved.first <= right.last:
                return moved, right
    if right.open == "year" and left.open == "year" and left.grain == right.grain == "month":
        return (_years_back(left, 1), right) if left.first > right.last else (left, right)
    if right.open == "year":
        moved = _years_back(right, right.first.year - left.first.year)
        return left, moved if moved.last >= left.first else _years_back(moved, -1)
    return left, right


def _years_back(read: Read, years: int) -> Read:
    if read.grain == "month":
        return replace(
            read,
            first=cal.plus_months(read.first, -12 * years),
            last=cal.months_from(cal.plus_months(read.first, -12 * years), 1)[1],
        )
    return replace(read, first=cal.plus_months(read.first, -12 * years), last=cal.plus_months(read.last, -12 * years))


def _with_clocks(line: Line, days: list[tuple[int, int, Read]]) -> list[tuple[int, int, Read]]:
    """Gives each day the time said beside it. A sure time in a line that names no day becomes a mention of its own."""
    starts = [start for start, _, _ in days]
    placed = list(days)
    alone: list[tuple[int, int, Read]] = []
    for clock in clocks(line.text):
        near = bisect_right(starts, clock.start) - 1
        if (near >= 0 and days[near][1] > clock.start) or (near + 1 < len(days) and days[near + 1][0] < clock.end):
            continue
        if not days:
            if clock.sure or not _HABIT.search(line.text):
                alone.append((clock.start, clock.end, _clock_read(line.anchor, clock)))
            continue
        behind, ahead = near, near + 1
        chosen, apart = -1, False
        if behind >= 0 and placed[behind][2].at is None and _touches(line, days[behind][1], clock.start):
            chosen = behind
        elif ahead < len(days) and placed[ahead][2].at is None and _touches(line, clock.end, days[ahead][0]):
            chosen = ahead
        elif clock.sure and (behind >= 0 or ahead == 0):
            # said elsewhere in the line: the day takes the time, its words stay its own
            chosen = max(behind, 0)
            if placed[chosen][2].at is not None:
                continue
            apart = True
        if chosen >= 0 and placed[chosen][2].grain != "now":
            start, stop, read = placed[chosen]
            if not apart:
                start, stop = min(start, clock.start), max(stop, clock.end)
            placed[chosen] = (start, stop, replace(read, at=_at(line, start, stop, clock)))
    return placed if days else alone


def _touches(line: Line, left: int, right: int) -> bool:
    return right - left <= 24 and bool(_BETWEEN.match(line.text[left:right]))


def _at(line: Line, start: int, stop: int, clock: Clock) -> time:
    """The time, moved to the evening when the words around it say so: "tonight at 8", "Friday evening at 7"."""
    if clock.exact or clock.at.hour >= 12:
        return clock.at
    late = _LATE.search(line.text, start, stop) is not None
    return clock.at.replace(hour=clock.at.hour + 12) if late else clock.at


def _clock_read(anchor: datetime, clock: Clock) -> Read:
    """A time alone: today, or tomorrow when that time has passed."""
    at = clock.at
    day = anchor.date()
    if at < anchor.time() and (clock.exact or at.hour >= 12):
        day = cal.plus_days(day, 1)
    return Read(first=day, last=day, grain="time", at=at)


__all__ = ["DateMention", "find_dates"]
