"""Steps in the rep's own notes: arrows, "Name to ...", lists of next steps, short imperatives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gangly_tui.domain.draft import Side
from gangly_tui.intelligence.offline.due import read_dues
from gangly_tui.intelligence.offline.lexicon import ACTION_VERB, DELIVERABLE, MEETING_NOUN, NOT_A_NAME
from gangly_tui.intelligence.offline.modality import denied, prep
from gangly_tui.intelligence.offline.passages import Block, Sentence
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.step_candidates import Candidate
from gangly_tui.intelligence.offline.step_words import wording, words

_CLAUSE = re.compile(
    rf"[,;]\s+|\.\s+|\s-\s(?={ACTION_VERB})|\s(?:and|then|&|\+)\s(?=(?:me|i|i'll|we|we'll|they|"
    rf"they'll|he|she|[A-Z][a-z]+ (?:to|will))\b)|\s(?:and|then|&)\s(?={ACTION_VERB}\s)",
    re.I,
)
_TEAM = "legal|procurement|finance|security|it|ops|champion"
_WHO = (
    r"(?:me|i|we|us|them|they|he|she|rep|ae|customer|client|buyer|prospect|both|team|legal|"
    r"procurement|finance|security|"
    r"champion|(?:the|their|our|his|her) (?:[\w-]+ ){0,2}?[\w-]+|(?-i:[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20})?))"
)
_PLAINLY = re.compile(rf"^(?P<who>i|we)\s(?P<what>{ACTION_VERB}\b.*)$", re.I)
_PROMISED = re.compile(
    rf"^(?:and |so |also )?(?:i|we)\s(?:promised|agreed|committed|offered|said (?:that )?i(?:'d| would)|told "
    rf"\w+ (?:that )?"
    rf"i(?:'d| would|'ll)|have|need|still have)\s(?:to\s)?(?P<what>{ACTION_VERB}\b.*)$",
    re.I,
)
_LOWER_NAME = re.compile(
    rf"^(?:and |so |then |oh and )?(?P<who>[a-z]{{3,20}})\s(?:will|is going to|promised to|agreed "
    rf"to)\s(?P<what>{ACTION_VERB}\b.*)$"
)
_HELD = re.compile(
    rf"(?:(?:a|an|the|another)\s)?(?P<name>(?:(?!for\b|with\b|a\b|the\b|wants?\b|is\b|was\b|"
    rf"at\b)[\w-]+\s){{0,2}}?{MEETING_NOUN}"
    r"(?:\s(?:for|with|w/)\s(?:(?!so\b|on\b|at\b|and\b)[\w/.-]+\s?){1,4})?)",
    re.I,
)
_ON_IT = re.compile(rf"(?P<verb>{ACTION_VERB})\s(?:it|that|them|those)\b", re.I)
_SENT = re.compile(rf"\b(?:(?!wants?|needs?|sends?|asked|for|the|an?|their|our|see)[\w-]+\s)?{DELIVERABLE}\b", re.I)
_ARROW = re.compile(rf"^(?P<who>{_WHO})\s?(?:-+>|=>|>|:)\s?(?:to\s)?(?P<what>\S.*)$", re.I)
_TO = re.compile(
    rf"^(?:so |then |and )?(?P<who>{_WHO})(?:\s(?:to|will|is going to|are going to|agreed to|promised to|"
    rf"offered to|shall|gonna)|'ll|(?<=\b(?:we|me))\s(?:need to|have to|should)|"
    rf"(?<=\bi)\s(?:need to|have to|should))\s(?:also\s|then\s)?"
    rf"(?P<what>{ACTION_VERB}\b.*)$",
    re.I,
)
_LABEL = re.compile(
    r"^(?:to-?do|ai|action(?: item)?s?|next(?: (?:steps?|mtg|meeting|call|demo))?|ns|f/?u|follow[- ]?up|task|asks?)\s?"
    r"(?:[:>-]+|->)\s?(?P<what>\S.*)$",
    re.I,
)
_WANTS = re.compile(
    rf"^(?:(?P<who>{_WHO}|[a-z]{{3,20}})\s)?(?:wants?|needs?|asked (?:me |us )?for|requested|would like|expects?|"
    rf"waiting (?:on|for))\s(?:to (?:see|get|have)\s)?(?P<what>(?:a |an |the |our |some |"
    rf"updated )?(?:[\w-]+\s){{0,3}}?{DELIVERABLE}\b.*)$",
    re.I,
)
_ASKED_TO = re.compile(rf"^(?:(?P<who>{_WHO})\s)?asked (?:me|us) to (?P<what>{ACTION_VERB}\b.*)$", re.I)
_BARE = re.compile(
    rf"^(?:pls |please |must |need to |have to |gotta |should |remember to |i need to |i have to )?"
    rf"(?P<what>{ACTION_VERB}\s\S.*)$",
    re.I,
)
_OWNER_TAIL = re.compile(
    r"\s*(?:\((?P<paren>[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20})?|me|us|them)\)|\s-{1,2}\s?"
    r"(?P<dash>[A-Z][a-z]{1,20}(?: [A-Z][a-z]{1,20})?|me)|\[(?P<square>[A-Z][a-z]{1,20}|me)\])"
    r"(?=\s|$|,)"
)
_OWNER_HEAD = re.compile(
    r"^(?:\[(?P<square>[^\]]{2,40})\]|@(?P<at>[A-Za-z][\w.]{1,30})[,:]?|(?P<name>[A-Z][a-z]{1,20}"
    r"(?: [A-Z][a-z]{1,20})?|me|us|we|them)\s?(?::|-+>|=>|>|\s-\s))\s*(?:to\s)?"
)
_FIRST = frozenset("me i we us i'll we'll rep ae both".split())
_THIRD = frozenset("them they he she customer client buyer prospect they'll".split())
_MEET = re.compile(
    rf"\b(?:{MEETING_NOUN}|next (?:call|meeting|chat))\b.{{0,30}}\b(?:booked|scheduled|set|agreed|"
    rf"confirmed|locked)\b|\b(?:booked|scheduled|set up|agreed|"
    rf"confirmed)\b.{{0,20}}\b{MEETING_NOUN}\b|\b{MEETING_NOUN}\b.{{0,40}}\b(?:we|they|he|she) (?:said|agreed|settled|"
    rf"picked)\b",
    re.I,
)
_PAST_DONE = re.compile(
    r"^(?:sent|shared|emailed|called|booked the room|did|showed|reviewed|discussed|talked|spoke|"
    r"met|asked|covered|demoed|presented|left)\b",
    re.I,
)


def note_steps(reading: Reading, sentence: Sentence) -> Iterator[Candidate]:
    """The steps one line of notes holds."""
    if prep(sentence) or sentence.low.rstrip().endswith("?"):
        return
    if sentence.block is Block.TASK:
        yield from _task(reading, sentence)
        return
    text, at = sentence.text, 0
    for cut in [*_CLAUSE.finditer(text), None]:
        end = cut.start() if cut else len(text)
        clause = text[at:end].strip()
        begin = at + len(text[at:end]) - len(text[at:end].lstrip())
        at = cut.end() if cut else end
        label = _LABEL.match(clause)
        if label:
            begin, clause = begin + label.start("what"), label.group("what")
        if clause:
            labelled = bool(label)
            yield from _clause(
                _Clause(
                    reading=reading,
                    sentence=sentence,
                    text=clause,
                    begin=begin,
                    labelled=labelled,
                    first=begin == 0 or labelled,
                )
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clause:
    """One clause of a line; `begin` is where it stands in the sentence."""

    reading: Reading
    sentence: Sentence
    text: str
    begin: int
    labelled: bool
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """Where the action stands in the clause, and whose it is."""

    start: int
    who: str
    sure: float
    end: int | None = None
    prefix: str = ""
    rule: str = "note"


def _clause(clause: _Clause) -> Iterator[Candidate]:
    low = clause.text.lower()
    if (
        _OPEN.search(low)
        or (_PAST_DONE.match(low) and not _ASKED_TO.match(clause.text) and not _WANTS.match(clause.text))
        or denied(low, 0, min(12, len(low)))
    ):
        return
    task = next((found for read in _READERS if (found := read(clause))), None)
    if task is None:
        return
    end = len(clause.text) if task.end is None else task.end
    yield from _made(
        clause.reading,
        clause.sentence,
        (clause.begin + task.start, clause.begin + end),
        task.who,
        task.sure,
        quote_from=clause.begin,
        prefix=task.prefix,
        rule=task.rule,
        until=clause.begin + len(clause.text) + 2,
    )


def _by_arrow(clause: _Clause) -> _Task | None:
    """ "me -> send DPA"."""
    found = _ARROW.match(clause.text)
    if not found or not re.match(rf"{ACTION_VERB}\b", found.group("what"), re.I):
        return None
    return _Task(start=found.start("what"), who=found.group("who"), sure=0.86)


def _by_name(clause: _Clause) -> _Task | None:
    """ "Priya to send redlines", "they will check"; in dictated notes names have no capitals."""
    found = _TO.match(clause.text)
    if not found and clause.reading.dictated:
        found = _LOWER_NAME.match(clause.text)
        if found and found.group("who") in NOT_A_NAME:
            return None
    return _Task(start=found.start("what"), who=found.group("who"), sure=0.8) if found else None


def _by_me(clause: _Clause) -> _Task | None:
    """ "asked me to send ...", "i promised to send ...", "I set it up"."""
    found = _ASKED_TO.match(clause.text) or _PROMISED.match(clause.text) or _PLAINLY.match(clause.text)
    return _Task(start=found.start("what"), who="me", sure=0.78) if found else None


def _wanted(clause: _Clause) -> _Task | None:
    """ "wants SOC2 report by fri": ours to deliver."""
    found = _WANTS.match(clause.text)
    if not found or re.match(r"to\b|\w+\s+to\b", found.group("what")):
        return None
    if re.match(r"(?:a |an |the )?(?:[\w-]+ )?(?:demo|trial|pilot|poc)\b", found.group("what"), re.I):
        return None
    send = "send " if clause.reading.says_send else ""
    return _Task(start=found.start("what"), who="me", sure=0.56, prefix=send, rule="wanted")


def _meeting_set(clause: _Clause) -> _Task | None:
    """ "demo booked for 3 Oct", "next mtg: 28 Apr workshop w/ field crew"."""
    if not _MEET.search(clause.text) and not (clause.labelled and _HELD.search(clause.text)):
        return None
    end = clause.begin + len(clause.text)
    dues = read_dues(clause.sentence.text, clause.reading.context)
    held = _HELD.search(clause.text)
    if not held or not any(clause.begin - 2 <= due.start <= end + 40 for due in dues):
        return None
    return _Task(start=held.start("name"), end=held.end("name"), who="me", sure=0.8, rule="meeting")


def _imperative(clause: _Clause) -> _Task | None:
    """ "send DPA", "follow up w/ Kim"."""
    found = _BARE.match(clause.text)
    if not found or _NOUN_FIRST.match(clause.text.lower()):
        return None
    known = _FOLLOW_UPS.match(clause.text.lower(), found.start("what"))
    short = clause.first or len(clause.text.split()) <= 8 or read_dues(clause.text, clause.reading.context)
    if not clause.labelled and not (known and short):
        return None
    sure, rule = (0.72, "note") if clause.labelled else (0.6, "bare note")
    return _Task(start=found.start("what"), who="me", sure=sure, rule=rule)


def _labelled(clause: _Clause) -> _Task | None:
    """Whatever stands behind "next:" or "todo:"."""
    return _Task(start=0, who="me", sure=0.6) if clause.labelled and len(clause.text.split()) > 1 else None


_READERS = (_by_arrow, _by_name, _by_me, _wanted, _meeting_set, _imperative, _labelled)
_OPEN = re.compile(r"\b(?:if|unless|might|maybe|would|could|perhaps|hopefully)\b")
_FOLLOW_UPS = re.compile(
    r"(?:send|resend|share|e-?mail|forward|schedule|book|set up|prep|draft|follow|f/u|call|ping|loop|get back|circle|"
    r"reach out|check|confirm|intro|introduce|prepare|put together|invite|chase|remind|update|ask|look into|review|"
    r"find out|connect)"
)
_NOUN_FIRST = re.compile(
    r"(?:call|plan|process|order|review|demo|test|issue|price|quote|set|pilot|draft|text|sync|update)s?\s"
    r"(?:with\b|w/|was\b|went\b|is\b|for\b|on\b|of\b|at\b|by\b|in\b)"
)


def _task(reading: Reading, sentence: Sentence) -> Iterator[Candidate]:
    text, begin, end = sentence.text, 0, len(sentence.text)
    if not re.search(r"[A-Za-z]{3}", text):
        return
    who = ""
    head = _OWNER_HEAD.match(text)
    if head:
        name = head.group("square") or head.group("at") or head.group("name")
        if name.lower() in _FIRST | _THIRD or name.split()[0].lower() not in NOT_A_NAME:
            who, begin = name, head.end()
    to = _TO.match(text[begin:])
    if to and not who:
        who, begin = to.group("who"), begin + to.start("what")
    tail = _OWNER_TAIL.search(text, begin)
    if tail and not who:
        who, end = next(part for part in tail.groups() if part), tail.start()
        end = len(text) if tail.end() < len(text) - 2 and end < begin + 6 else end
    lead = re.match(r"(?:please|need to|we should|we need to|to)\s", text[begin:], re.I)
    begin += lead.end() if lead else 0
    yield from _made(reading, sentence, (begin, end), who or "me", 0.85 if who else 0.72, quote_from=0)


def _made(
    reading: Reading,
    sentence: Sentence,
    part: tuple[int, int],
    who: str,
    confidence: float,
    *,
    quote_from: int,
    prefix: str = "",
    rule: str = "note",
    until: int = 0,
) -> Iterator[Candidate]:
    begin, end = part
    dues = read_dues(sentence.text, reading.context)
    inside = [due for due in dues if quote_from <= due.start < max(end + 2, begin + 1, until)] or (
        [due for due in dues if due.start >= end] if sentence.block is Block.TASK else []
    )
    due = inside[-1] if inside else None
    action = wording(prefix + sentence.text[begin:end], due, begin - len(prefix))
    start = quote_from
    if named := _it_in_line(sentence, action, quote_from):
        action, start = named
        due = due or next((each for each in dues if start <= each.start < begin), None)
    action = re.sub(r"\s*\([^)]*$", "", re.sub(r"^(?:we|i|they|then)\s", "", action, flags=re.I))
    action = action[:1].upper() + action[1:]
    if not words(action):
        return
    owner, ours = _owner(reading, who)
    finish = max(end, due.end if due else end)
    yield Candidate(
        action=action,
        owner=owner,
        ours=ours,
        rule=rule,
        confidence=min(0.95, confidence + (0.06 if due else 0)),
        marks=[sentence],
        due=due,
        due_mark=sentence if due else None,
        places=[sentence.place(start, min(finish, len(sentence.text)))],
    )


def _it_in_line(sentence: Sentence, action: str, begin: int) -> tuple[str, int] | None:
    """ "wants SOC2 report by fri, me -> send it + DPA": "it" is the thing named just before, in the same line."""
    found = _ON_IT.match(action)
    things = list(_SENT.finditer(sentence.text, 0, begin)) if found else []
    if not found or not things:
        return None
    thing = things[-1].group()
    return f"{found.group('verb')} {thing}{action[found.end() :]}", things[-1].start()


def _owner(reading: Reading, who: str) -> tuple[str, bool]:
    """The owner's name and whether that is us."""
    low = who.lower().strip()
    if low in _FIRST:
        return reading.cast.rep, True
    if low in _THIRD or low.startswith(("the ", "their ", "his ", "her ", "team")):
        return "", False
    if low.startswith("our "):
        return "", True
    person = reading.cast.named(who)
    if person:
        return person.name, person.side is Side.REP
    rep = reading.context.rep_name.lower().split()
    if rep and low.split()[0] == rep[0]:
        return reading.context.rep_name, True
    return who, False
