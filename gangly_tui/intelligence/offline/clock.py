"""Times of day: "5 pm", "17:30", "half past three", "quarter to noon", "ten thirty", "at 5", "9-11am"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import time
from typing import Any

from gangly_tui.intelligence.offline.numbers import CARDINALS, SMALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A time of day in a line. `sure` when the words alone make it one ("5 pm"), not only its place ("at 5").
    `exact` when morning or afternoon was said or the hour is above twelve."""

    start: int
    end: int
    at: time
    sure: bool
    exact: bool


_HOURS = {word: value for word, value in SMALL.items() if 1 <= value <= 12}
_WORD_HOUR = "|".join(_HOURS)
_TENS = "twenty|thirty|forty|fifty"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_WORD_MINUTE = rf"(?:{_TENS})(?:[\s-](?:{_ONES}))?|ten|eleven|twelve|\w{{3,5}}teen|(?:oh|o|zero)[\s-](?:{_ONES})"
_HALF_DAY = (
    r"(?P<half>[ap]\s?\.?\s?m\b\.?|[ap]\b(?!['’-])|in\s(?:the\s)?(?:early\s)?(?:morning|afternoon|evening|night|am|"
    r"pm)\b"
    r"|(?:this\s)?(?:morning|afternoon|evening)\b|at\snight\b)"
)
_NOT_INSIDE = r"(?<![\w.:/$€£#,+-])"
_LEAD = r"(?:(?P<lead>at|@|around|about|by|from|before|after|until|till|since|between|for|to|than|past)\s{0,2})?"

_TIME = re.compile(
    rf"""{_LEAD}{_NOT_INSIDE}(?:
      (?P<named>noon|midday|mid\sday|midnight|mid\snight|lunchtime)\b
    | (?P<past>half|(?:a\s)?quarter|(?:\d{{1,2}}|(?:{_TENS})(?:[\s-](?:{_ONES}))?|five|ten|fifteen)
        (?:\smin(?:ute)?s?)?)\s
      (?P<side>past|to|till|before|after|from)\s
      (?:(?P<ph>\d{{1,2}}|{_WORD_HOUR})\b|(?P<pn>noon|midnight)\b)(?P<poc>\so['’]?\s?clock)?
      (?:\s?{_HALF_DAY.replace("half", "phalf")})?
    | half\s(?P<hh>{_WORD_HOUR})\b(?!\s(?:hour|day|month|year|million|dozen|of))
    | (?P<h>\d{{1,2}})(?:(?P<sep>[:.h])(?P<m>[0-5]\d)(?::[0-5]\d)?|(?P<hmark>h)(?![\w]))
      (?![\d%])(?!\s?(?:%|percent|hours|million|k\b))
      (?:\s?{_HALF_DAY.replace("half", "chalf")})?
    | (?P<h3>\d{{1,2}})(?P<m3>[0-5]\d)\s?(?P<half3>[ap]\s?\.?\s?m\b\.?)
    | (?P<h2>\d{{1,2}}|{_WORD_HOUR})(?P<oc>\s?o\s?['’]?\s?clock)(?:\s?{_HALF_DAY.replace("half", "ohalf")})?
    | (?P<h1>\d{{1,2}})(?:\s?(?P<half1>[ap]\s?\.?\s?m\b\.?)|(?P<half1b>[ap])\b(?!['’.-]))
    | (?P<wh>{_WORD_HOUR})[\s-](?P<wm>{_WORD_MINUTE})\b(?:\s?{_HALF_DAY.replace("half", "whalf")})?
    | (?P<wh1>{_WORD_HOUR})\s(?P<whalf1>[ap]\s?\.?\s?m\b\.?)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_WORTH = re.compile(
    r"\d\s?[:.h]\s?\d|\d\s?h\b|\d\s?[ap]\b|\d\s?[ap]\s?\.?\s?m|"
    r"clock|noon|midnight|between|mid\s?day|\bpast\b|\bto\b|lunch|half|quarter|"
                    rf"\b(?:{_WORD_HOUR})\b|(?:at|@|around|about)\s?\d", re.IGNORECASE)  # fmt: skip
_RANGE = re.compile(
    rf"{_NOT_INSIDE}(?:(?P<c>\d{{1,2}}):(?P<cm>[0-5]\d)\s?(?:-|–|to|until|"
    rf"till)\s?\d{{1,2}}:[0-5]\d(?!\d)(?:\s?(?P<chalf>[ap]\s?\.?\s?m\b))?"
    r"|(?P<a>\d{1,2})(?::(?P<am>[0-5]\d))?\s?(?:-|–|to|until|till|and)\s?(?P<b>\d{1,2})(?::(?P<bm>[0-5]\d))?"
    r"\s?(?P<half>[ap]\s?\.?\s?m\b\.?|[ap]\b)"
    r"|(?<=between\s)(?P<w>\d{1,2})(?::(?P<wm>[0-5]\d))?\sand\s\d{1,2}(?::[0-5]\d)?(?![\w%:]))",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"(?:\bat|@|\baround|\babout)\s{{0,2}}(?:(?P<h>\d{{1,2}})(?P<m>[0-5]\d)?|"
    rf"(?P<w>{_WORD_HOUR}))(?:\s?(?P<ish>ish))?\b"
    r"(?![.:,/]\d|\s?[%$€£]|-)(?=(?P<after>\s\w+|\s?[^\w\s]|\s*$))",
    re.IGNORECASE,
)
_MAY_FOLLOW = frozenset(
    "in on this tomorrow today tonight for with and or to so if but works work then next please est pst cst gmt utc "
    "ist "
    "cet et pt ct mst edt pdt until till oclock is would will sharp ish that we i monday tuesday wednesday thursday "
    "friday "
    "saturday sunday mon tue wed thu fri sat sun".split()
)


def clocks(line: str) -> Iterator[Clock]:
    """Times in the line from left to right, not overlapping."""
    if not _WORTH.search(line):
        return
    found: list[Clock] = []
    for match in _RANGE.finditer(line):
        half = match["half"] or match["chalf"] or ""
        if match["a"] and int(match["a"]) > int(match["b"]):
            half = ""
        hour, minute = match["a"] or match["c"] or match["w"], match["am"] or match["cm"] or match["wm"] or "0"
        zero_led = "24" if len(hour) == 2 and hour[0] == "0" else half
        first = _make(int(hour), int(minute), zero_led)
        if first:
            found.append(Clock(start=match.start(), end=match.end(), at=first, sure=not match["w"], exact=bool(half)))
    taken = [(each.start, each.end) for each in found]
    for match in _TIME.finditer(line):
        clock = _of_match(match)
        if clock and not any(start < clock.end and clock.start < end for start, end in taken):
            found.append(clock)
    taken = sorted((each.start, each.end) for each in found)
    for match in _BARE.finditer(line):
        after = match["after"].strip().lower()
        if after and after[0].isalnum() and after not in _MAY_FOLLOW:
            continue
        hour = int(match["h"]) if match["h"] else _HOURS[match["w"].lower()]
        at = _make(hour, int(match["m"] or 0), "")
        if at and hour and not any(start < match.end() and match.start() < end for start, end in taken):
            found.append(
                Clock(
                    start=match.start(),
                    end=match.end("ish" if match["ish"] else "w" if match["w"] else "m" if match["m"] else "h"),
                    at=at,
                    sure=False,
                    exact=False,
                )
            )
    yield from sorted(found, key=lambda each: each.start)


def _hour(text: str) -> int:
    return int(text) if text.isdigit() else _HOURS[text.lower()]


def _minutes(text: str) -> int:
    parts = re.split(r"[\s-]", text.lower())
    if parts[0].isdigit():
        return int(parts[0])
    return sum(CARDINALS.get(part, 0) for part in parts)


def _make(hour: int, minute: int, half: str) -> time | None:
    """The time, with an unsaid half of the day read as working hours: one to six are afternoon."""
    if hour > 24 or minute > 59:
        return None
    half = half.lower().strip()
    after_noon = (
        half.startswith("p") or "afternoon" in half or "evening" in half or "night" in half or half.endswith("pm")
    )
    before_noon = half.startswith("a") or "morning" in half or half.endswith("am")
    if after_noon and hour < 12:
        hour += 12
    elif before_noon and hour == 12:
        hour = 0
    elif not half and 1 <= hour <= 6:
        hour += 12
    return time(hour % 24, minute)


Said = tuple[time | None, str]
"""A time of day and the words that told its half of the day."""
_Groups = dict[str, Any]


def _of_match(match: re.Match[str]) -> Clock | None:
    group = match.groupdict()
    lead = (group["lead"] or "").lower()
    key = next((name for name in _FORMS if group[name]), "")
    said = _FORMS[key](match, group, lead) if key else None
    at, half = said or (None, "")
    if at is None:
        return None
    begin = match.start("lead") if lead == "@" else match.end("lead") if lead else match.start()
    begin += len(match.string[begin : match.end()]) - len(match.string[begin : match.end()].lstrip())
    return Clock(start=begin, end=match.end(), at=at, sure=True, exact=bool(half) or at.hour > 18)


def _noon(_match: re.Match[str], group: _Groups, _lead: str) -> Said | None:
    return time(0 if "night" in group["named"].lower() else 12), "named"


def _past_the_hour(_match: re.Match[str], group: _Groups, lead: str) -> Said | None:
    """ "half past three", "quarter to noon"; "ten to five" needs "at" or "o'clock", or it may be a range."""
    half, past = group["phalf"] or "", group["past"]
    sure = bool(half or group["pn"] or group["poc"] or not past.isdigit()) or lead == "at"
    named = half or group["pn"] or lead == "at" or re.search("quarter|half", past, re.IGNORECASE)
    if not sure or (group["side"].lower() in ("from", "before", "after", "to") and not named):
        return None
    return _beside(group, half), half


def _half_hour(_match: re.Match[str], group: _Groups, _lead: str) -> Said | None:
    """ "half three", as the British say it."""
    return _make(_hour(group["hh"]), 30, ""), ""


def _hour_and_minutes(_match: re.Match[str], group: _Groups, lead: str) -> Said | None:
    """ "17:30", "5.30 pm", "9h"."""
    half, hour = group["chalf"] or "", group["h"]
    if group["sep"] == "." and not half and lead not in ("at", "@"):
        return None
    if group["hmark"] and lead not in ("at", "@", "for", "from", "to") and not half and int(hour) < 13:
        return None
    whole_day = group["sep"] == "h" or group["hmark"] or (len(hour) == 2 and hour[0] == "0")
    return _make(int(hour), int(group["m"] or 0), half or ("24" if whole_day else "")), half


def _run_together(_match: re.Match[str], group: _Groups, _lead: str) -> Said | None:
    """ "530pm"."""
    return _make(int(group["h3"]), int(group["m3"]), group["half3"]), group["half3"]


def _on_the_clock(_match: re.Match[str], group: _Groups, _lead: str) -> Said | None:
    """ "five o'clock"."""
    half = group["ohalf"] or ""
    return _make(_hour(group["h2"]), 0, half), half


def _hour_alone(match: re.Match[str], group: _Groups, lead: str) -> Said | None:
    """ "5 pm", "at 5p"."""
    if group["half1b"] and lead not in ("at", "@", "from", "to", "between", "by") and len(match.string) > 60:
        return None
    half = group["half1"] or group["half1b"]
    return (_make(int(group["h1"]), 0, half) if int(group["h1"]) <= 12 else None), half


def _word_hour(_match: re.Match[str], group: _Groups, _lead: str) -> Said | None:
    """ "five pm"."""
    return _make(_hour(group["wh1"]), 0, group["whalf1"]), group["whalf1"]


def _word_hour_and_minutes(match: re.Match[str], group: _Groups, lead: str) -> Said | None:
    """ "ten thirty": a time when led by "at", told by its half of the day, or the whole of the line."""
    half = group["whalf"] or ""
    alone = not (match.string[: match.start()].strip() or match.string[match.end() :].strip(" .?!"))
    if not (half or lead in ("at", "@", "around", "by", "from", "until") or alone):
        return None
    return _make(_hour(group["wh"]), _minutes(group["wm"]), half), half


_FORMS: dict[str, Callable[[re.Match[str], _Groups, str], Said | None]] = {
    "named": _noon,
    "past": _past_the_hour,
    "hh": _half_hour,
    "h": _hour_and_minutes,
    "h3": _run_together,
    "h2": _on_the_clock,
    "h1": _hour_alone,
    "wh1": _word_hour,
    "wh": _word_hour_and_minutes,
}


def _beside(group: _Groups, half: str) -> time | None:
    if group["pn"]:
        hour = 12 if group["pn"].lower() == "noon" else 0
        base: time | None = time(hour)
    else:
        base = _make(_hour(group["ph"] or "0"), 0, half)
    if base is None:
        return None
    said = re.sub(r"\s?min(?:ute)?s?", "", (group["past"] or "").lower())
    minutes = 30 if said == "half" else 15 if said.endswith("quarter") else _minutes(said)
    forward = (group["side"] or "").lower() in ("past", "after", "from")
    total = (base.hour * 60 + base.minute + (minutes if forward else -minutes)) % 1440
    return time(total // 60, total % 60)
