"""Steps in the rep's own notes: arrows, "Name to ...", lists of next steps, short imperatives."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
_ARROW = re.compile(rf"^(?P<who>{_WHO})\s?(?:-+>|=>|>|:)\s?(?:to\s)?(?P<what>\S.*)$", re.I)
_TO = re.compile(
    rf"^(?:so |then |and )?(?P<who>{_WHO})(?:\s(?:to|will|is going to|are going to|agreed to|promised to|"
    rf"offered to|shall|gonna)|'ll|(?<=\b(?:we|me))\s(?:need to|have to|should)|"
    rf"(?<=\bi)\s(?:need to|have to|should))\s(?:also\s|then\s)?"
    rf"(?P<what>{ACTION_VERB}\b.*)$",
    re.I,
)
_LABEL = re.compile(
    r"^(?:to-?do|ai|action(?: item)?s?|next(?: steps?)?|ns|f/?u|follow[- ]?up|task|asks?)\s?"
    r"(?:[:>-]+|->)\s?(?P<what>\S.*)$",
    re.I,
)
_WANTS = re.compile(
    rf"^(?:(?P<who>{_WHO})\s)?(?:wants?|needs?|asked (?:me |us )?for|requested|would like|expects?|"
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
    rf"confirmed)\b.{{0,20}}\b{MEETING_NOUN}\b",
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
            yield from _clause(reading, sentence, clause, begin, bool(label), at_line_start=begin == 0 or bool(label))


def _clause(
    reading: Reading, sentence: Sentence, clause: str, begin: int, labelled: bool, *, at_line_start: bool
) -> Iterator[Candidate]:
    low = clause.lower()
    if (
        re.search(r"\b(?:if|unless|might|maybe|would|could|perhaps|hopefully)\b", low)
        or (_PAST_DONE.match(low) and not _ASKED_TO.match(clause) and not _WANTS.match(clause))
        or denied(low, 0, min(12, len(low)))
    ):
        return
    arrow, to = _ARROW.match(clause), _TO.match(clause)
    asked, wants = _ASKED_TO.match(clause), _WANTS.match(clause)
    if arrow and re.match(rf"{ACTION_VERB}\b", arrow.group("what"), re.I):
        yield from _made(
            reading,
            sentence,
            (begin + arrow.start("what"), begin + len(clause)),
            arrow.group("who"),
            0.86,
            quote_from=begin,
        )
    elif to:
        yield from _made(
            reading, sentence, (begin + to.start("what"), begin + len(clause)), to.group("who"), 0.8, quote_from=begin
        )
    elif asked:
        yield from _made(
            reading, sentence, (begin + asked.start("what"), begin + len(clause)), "me", 0.78, quote_from=begin
        )
    elif wants and not re.match(r"to\b|\w+\s+to\b", wants.group("what")):
        send = "send " if re.search(r"\bsend\b", reading.text, re.I) else ""
        yield from _made(
            reading,
            sentence,
            (begin + wants.start("what"), begin + len(clause)),
            "me",
            0.56,
            quote_from=begin,
            prefix=send,
        )
    elif _MEET.search(clause) and (dues := read_dues(sentence.text, reading.context)):
        near = [due for due in dues if begin - 2 <= due.start <= begin + len(clause) + 40]
        if near:
            yield from _made(
                reading, sentence, (begin, begin + len(clause)), "me", 0.8, quote_from=begin, rule="meeting"
            )
    elif bare := _BARE.match(clause):
        known = re.match(
            r"(?:send|resend|share|e-?mail|forward|schedule|book|set up|prep|draft|follow|f/u|call|ping|"
            r"loop|get back|circle|reach out|check|confirm|intro|introduce|prepare|put together|invite|"
            r"chase|remind|update|ask|look into|review|find out|connect)",
            low[bare.start("what") :],
        )
        if (
            labelled or (known and (at_line_start or read_dues(clause, reading.context) or len(clause.split()) <= 8))
        ) and not re.match(
            r"(?:call|plan|process|order|review|demo|test|issue|price|quote|set|pilot|draft|text|sync|"
            r"update)s?\s(?:with\b|w/|was\b|went\b|is\b|for\b|on\b|of\b|at\b|by\b|in\b)",
            low,
        ):
            yield from _made(
                reading,
                sentence,
                (begin + bare.start("what"), begin + len(clause)),
                "me",
                0.72 if labelled else 0.6,
                quote_from=begin,
            )
    elif labelled and len(clause.split()) > 1:
        yield from _made(reading, sentence, (begin, begin + len(clause)), "me", 0.6, quote_from=begin)


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
) -> Iterator[Candidate]:
    begin, end = part
    dues = read_dues(sentence.text, reading.context)
    inside = [due for due in dues if quote_from <= due.start < max(end + 2, begin + 1)] or (
        [due for due in dues if due.start >= end] if sentence.block is Block.TASK else []
    )
    due = inside[-1] if inside else None
    action = wording(prefix + sentence.text[begin:end], due, begin - len(prefix))
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
        places=[sentence.place(quote_from, min(finish, len(sentence.text)))],
    )


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
