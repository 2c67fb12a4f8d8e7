"""An independent check of the evidence: does every value of a draft follow from its own quote?

None of the engine's code is used. Days, figures and words are read here a second time, by simple and generous rules:
this reader may accept too much of what a quote could mean, but a value that stands on nothing cannot pass it.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from gangly_tui.domain.draft import Draft, Evidence

_MONTHS = {name.lower()[:3]: at for at, name in enumerate(calendar.month_name) if name}
_DAYS = {name.lower()[:3]: at for at, name in enumerate(calendar.day_name)}
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
)
_SMALL = {word: at for at, word in enumerate((_UNITS + "eighteen nineteen").split())}
_TENS = {word: 10 * (at + 2) for at, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split())}
_ORDINALS = {
    word: at + 1
    for at, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
        "fourteenth fifteenth "
        "sixteenth seventeenth eighteenth nineteenth twentieth".split()
    )
} | {"thirtieth": 30}
_TODAY = re.compile(
    r"\b(?:today|tonight|now|right away|immediately|straight away|after (?:this|we|our|the)|this (?:afternoon|"
    r"morning|evening)|"
    r"eod|cob|end of (?:the )?day|hour|hang up|momentarily|minutes?|by (?:five|noon|\d))\b"
)
_SEASONS = {"spring": (3, 20), "summer": (6, 21), "fall": (9, 23), "autumn": (9, 23), "winter": (12, 21)}
_STAGE_WORDS = {
    "discovery": r"discovery|demo|call|meeting|tell me|what|how|walk me|struggl|currently|challenge|qualif|intro|"
    r"referred|reached out",
    "demo": r"demo|screen|see (?:here|on)|walk-?through|presentation|dashboard|click",
    "proposal": r"proposal|quot|offer|pricing",
    "negotiation": r"contract|agreement|order form|msa|redlin|legal|procurement|negotiat|sign|terms|verbal|price|deal|"
    r"forward|mark(?:ing|ed)? up|preferred|liability",
    "closed_won": r"sign|closed|won|purchase order|\bpo\b|welcome|onboarding|renewed",
    "closed_lost": r"lost|another|competitor|not|no longer|pass|with [A-Z]|disqualif|cancel|reject|dead|list|fit",
}
_FREE = frozenset("meet hold get send a an the to for by with and on of in at it we they next".split())

_FRAME = frozenset("us them".split())
_SMALL_WORDS = _FREE - {"meet", "hold", "get", "send", "next"} | frozenset(
    "this that these those is are was be its as from our their us them".split()
)
_NO = re.compile(r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot|\w+n't)\b")


def failures(draft: Draft, text: str, day: str = "") -> list[str]:
    """What does not follow from its quote. `day` is the call's date where the text has none."""
    return list(_check(draft, text, date.fromisoformat(day) if day else _anchor(text)))


def _check(draft: Draft, text: str, anchor: date) -> Iterator[str]:
    whole = _plain(text) + " " + " ".join(text.lower().split())
    for step in draft.next_steps:
        yield from _verbatim("step", step.evidence, text)
        said = _plain(step.evidence.text)
        for word in re.findall(r"[a-z0-9]+", _plain(step.action)):
            if word not in _FREE and not _stands(word, said) and not _stands(word, _names(step.owner, whole)):
                yield f"step {step.action!r}: {word!r} is not in {said!r}"
        if step.due and step.due not in days(said, anchor) | days(said, _sent(text, step.evidence.start, anchor)):
            yield f"step {step.action!r}: {step.due} is not in {said!r}"
        if step.owner and step.owner.lower() not in whole and not draft_knows(step.owner, whole):
            yield f"step {step.action!r}: nobody is called {step.owner!r}"
    for each in draft.fields:
        yield from _verbatim(each.field, each.evidence, text)
        said = _plain(each.evidence.text)
        if isinstance(each.value, date):
            if each.value not in days(said, anchor):
                yield f"{each.field}: {each.value} is not in {said!r}"
        elif isinstance(each.value, (int, Decimal)):
            if Decimal(each.value) not in figures(said):
                yield f"{each.field}: {each.value} is not in {said!r}"
        elif each.field == "stage":
            if not re.search(_STAGE_WORDS[str(each.value)], each.evidence.text, re.IGNORECASE):
                yield f"stage {each.value}: {said!r} is no sign of it"
        elif each.field == "economic_buyer":
            if _plain(str(each.value)).split(maxsplit=1)[0] not in said:
                yield f"{each.field}: {each.value!r} is not in {said!r}"
        elif each.field != "next_step" and _plain(str(each.value)) not in said:
            yield f"{each.field}: {each.value!r} is not in {said!r}"
    for person in draft.contacts:
        yield from _verbatim("contact", person.evidence, text)
        if _plain(person.name).split()[-1] not in _plain(person.evidence.text) and _plain(person.name) not in whole:
            yield f"contact {person.name!r} is not in {person.evidence.text!r}"
        for place in person.places:
            yield from _verbatim(f"contact's {place.field}", place.evidence, text)
        digits = re.sub(r"\D", "", person.phone)
        if digits and digits[-7:] not in re.sub(r"\D", "", person.place("phone").text):
            yield f"contact {person.name!r}: {person.phone!r} is not in {person.place('phone').text!r}"
        if person.title and _plain(person.title) not in whole:
            yield f"contact {person.name!r}: nobody is called {person.title!r}"
    names = _people(draft, text)
    for line in draft.summary.lines:
        yield from _verbatim("summary", line.evidence, text)
        said = _plain(line.evidence.text)
        last = re.search(r" (?:by|on) (\d{1,2} [A-Z][a-z]{2} \d{4})$", line.text)
        for word in re.findall(r"[a-z0-9]+", _plain(line.text[: last.start()] if last else line.text)):
            if word not in _FREE | _FRAME and not _stands(word, said) and word not in names:
                yield f"summary {line.text!r}: {word!r} is not in {said!r}"
        if line.by:
            continue  # its day has to stand in the quote: see worded_failures
        if last and not any(line.evidence == step.evidence and step.due for step in draft.next_steps):
            yield f"summary {line.text!r}: no step gives its day"
    if draft.company and _plain(draft.company) not in whole:
        yield f"company {draft.company!r} is not in the text"


def worded_failures(draft: Draft, text: str) -> list[str]:
    """What a line that a model worded says beyond its quote. Stricter than for ours: no name from elsewhere."""
    found = []
    for line in draft.summary.lines:
        if not line.by:
            continue
        found += list(_verbatim("a model's line", line.evidence, text))
        said = set(re.findall(r"[^\W_]+", _plain(line.evidence.text) + " " + line.evidence.speaker.lower()))
        for word in re.findall(r"[^\W_]+", line.text):
            low = word.lower()
            small = not word[0].isupper() and any(one in said for one in (low + "s", low.rstrip("s")))
            if low not in said | _SMALL_WORDS and not small:
                found.append(f"{line.text!r}: {word!r} is not in {line.evidence.text!r}")
        if figures(_plain(line.text)) - figures(_plain(line.evidence.text)):
            found.append(f"{line.text!r}: another figure than in {line.evidence.text!r}")
        if bool(_NO.search(_plain(line.text))) < bool(_NO.search(_plain(line.evidence.text))):
            found.append(f"{line.text!r} leaves out the no of {line.evidence.text!r}")
    return found


def draft_knows(owner: str, whole: str) -> bool:
    """Whether at least the owner's first name stands in the text; the rep's own name may come from the profile."""
    return owner.split(maxsplit=1)[0].lower() in whole or owner == "Sam Ortiz"


def _verbatim(what: str, evidence: Evidence, text: str) -> Iterator[str]:
    if not evidence.text or text[evidence.start : evidence.end] != evidence.text:
        yield f"{what}: its quote is not verbatim: {evidence.text!r}"


def _plain(text: str) -> str:
    text = re.sub(r"<[^<>\n]{0,80}>|^[^\n]*-->[^\n]*$|[*_`]", " ", text, flags=re.MULTILINE)
    said = " ".join(text.replace("\u2019", "'").replace("\u2014", " - ").lower().split())
    return " ".join(_STUMBLES.sub(" ", said).split())


_STUMBLES = re.compile(
    r",? (?:u+m+|u+h+|erm?|hmm+|uhm)\b,?|, (?:like|you know|sort of|kind of),|,?\b(\w+), (?:like,? )?(?=\1\b)"
)
"""Sounds between words and a word begun twice: who writes a sentence down leaves them out."""


def _people(draft: Draft, text: str) -> set[str]:
    """The words of everybody's name: who speaks, who is to act, who is a contact."""
    labels = re.findall(
        r"^[^\w\n]*(?:\d[\d:., ]*\W+)?(?:<v )?([A-Z][\w.' -]{1,40}?)[*)\]]*\s?(?:\([^)\n]*\))?\s?(?::|>|\d)", text, re.M
    )
    every = [*labels, *(each.owner for each in draft.next_steps), *(each.name for each in draft.contacts)]
    every += [line.evidence.speaker for line in draft.summary.lines]
    return {word for name in every for word in re.findall(r"[a-z0-9]+", name.lower())}


def _names(owner: str, whole: str) -> str:
    """Names may come from anywhere in the text: "you" is written out as the person spoken to."""
    return owner.lower() + " " + " ".join(re.findall(r"[a-z]{2,}", whole))


def _stands(word: str, said: str) -> bool:
    """Whether a word, or another form of it, stands in what was said."""
    stem = word[: max(3, len(word) - 2)] if len(word) > 4 else word
    return bool(re.search(rf"\b{re.escape(stem)}", said)) or word in ("get", "send", "come", "write")


def _anchor(text: str) -> date:
    """The call's own date from its header."""
    head = text[:600]
    found = re.search(r"(\d{4})-(\d\d)-(\d\d)", head)
    if found:
        return date(int(found[1]), int(found[2]), int(found[3]))
    found = re.search(r"\b([A-Z][a-z]{2,8})\.? (\d{1,2}),? (\d{4})", head)
    if found and found[1].lower()[:3] in _MONTHS:
        return date(int(found[3]), _MONTHS[found[1].lower()[:3]], int(found[2]))
    found = re.search(r"\b(\d{1,2}) ([A-Z][a-z]{2,8}),? (\d{4})", head)
    if found and found[2].lower()[:3] in _MONTHS:
        return date(int(found[3]), _MONTHS[found[2].lower()[:3]], int(found[1]))
    return date(2026, 9, 23)


def _sent(text: str, at: int, anchor: date) -> date:
    """When the message around this place was sent, by the nearest line above it that says so; else the anchor."""
    lines = re.findall(r"^[> ]*(?:On|Date:|Sent:) .*\d{4}.*$", text[:at], re.MULTILINE)
    return _anchor(lines[-1]) if lines else anchor


def days(said: str, anchor: date) -> set[date]:
    """Every day the words could give, generously."""
    found: set[date] = set()
    if _TODAY.search(said):
        found.add(anchor)
    if re.search(r"\b(?:tomorrow|tmrw|tmr)\b", said):
        found.add(anchor + timedelta(days=1))
    for hit in re.finditer(r"\b(mon|tue|wed|thu|fri|sat|sun)[a-z]*\b", said):
        ahead = (_DAYS[hit[1]] - anchor.weekday()) % 7
        found |= {anchor + timedelta(days=ahead + 7 * week) for week in range(4)}
    found |= {day for number in _numbers(said) if 1 <= number <= 31 for day in _days_called(number, anchor)}
    found |= set(_periods(said, anchor))
    return found


def _numbers(said: str) -> Iterator[int]:
    for hit in re.finditer(r"\b(\d{1,2})(?:st|nd|rd|th)?\b", said):
        yield int(hit[1])
    words = re.findall(r"[a-z]+", said.replace("-", " "))
    for at, word in enumerate(words):
        if word in _ORDINALS:
            yield _ORDINALS[word] + (_TENS.get(words[at - 1], 0) if at and _ORDINALS[word] < 10 else 0)


def _days_called(number: int, anchor: date) -> Iterator[date]:
    """This day of the month in every month from the one before the anchor to a year and a half on."""
    for ahead in range(-1, 18):
        month = anchor.month - 1 + ahead
        year, month = anchor.year + month // 12, month % 12 + 1
        if number <= calendar.monthrange(year, month)[1]:
            yield date(year, month, number)


def _periods(said: str, anchor: date) -> Iterator[date]:
    """Ends of weeks, months and quarters, and "in two weeks"."""
    monday = anchor - timedelta(days=anchor.weekday())
    if "week" in said:
        for week in range(1 if "next" in said else 0, 6):
            yield from (monday + timedelta(days=7 * week + day) for day in range(7))
    named = {number for name, number in _MONTHS.items() if re.search(rf"\b{name}[a-z]*\b", said)}
    for ahead in range(19):
        month = anchor.month - 1 + ahead
        year, month = anchor.year + month // 12, month % 12 + 1
        last = calendar.monthrange(year, month)[1]
        if (
            month in named
            or ("month" in said and ahead < 13)
            or ("quarter" in said and month % 3 == 0)
            or "year" in said
        ):
            yield from (date(year, month, day) for day in (1, 10, 15, 20, last))
            yield from (date(year, month, day) for day in range(1, 15) if month in named and "week" in said)
    for name, (month, day) in _SEASONS.items():
        if name in said:
            yield from (date(anchor.year + ahead, month, day) for ahead in (0, 1))
    for hit in re.finditer(r"\b(\d+|[a-z]+) (?:(business|working) )?(day|week)s?\b", said):
        count = int(hit[1]) if hit[1].isdigit() else _SMALL.get(hit[1], 0)
        if hit[2]:
            yield _workdays_on(anchor, count)
            continue
        yield anchor + timedelta(days=count * (7 if hit[3] == "week" else 1))


def _workdays_on(day: date, count: int) -> date:
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def figures(said: str) -> set[Decimal]:
    """Every amount the words could give."""
    found = set()
    for hit in re.finditer(r"(\d[\d,]*(?:\.\d+)?)\s?(k|m|thousand|million)?\b", said):
        scale = {"k": 1000, "thousand": 1000, "m": 10**6, "million": 10**6}.get(hit[2] or "", 1)
        value = Decimal(hit[1].replace(",", ""))
        found |= {value * scale, value * 1000}
    words = re.findall(r"[a-z]+", said.replace("-", " "))
    for start in range(len(words)):
        for stop in range(start + 1, min(start + 9, len(words)) + 1):
            value = _spoken(words[start:stop])
            if value:
                found |= {value, value * 1000}
    return found


def _spoken(words: list[str]) -> Decimal | None:
    total = current = Decimal(0)
    for word in words:
        if word in _SMALL or word in _TENS:
            current += _SMALL.get(word, 0) or _TENS.get(word, 0)
        elif word in ("half", "quarter") and current:
            current += Decimal("0.5") if word == "half" else Decimal("0.25")
        elif word == "hundred":
            current = (current or 1) * 100
        elif word in ("thousand", "grand", "million"):
            total += (current or 1) * (10**6 if word == "million" else 1000)
            current = Decimal(0)
        elif word not in ("a", "and", "odd"):
            return None
    return total + current or None
