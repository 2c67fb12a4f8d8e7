"""Steps said from the receiver's end: "you'll have the report by Friday", "we need the offer by the 16th"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gangly_tui.domain.draft import Side
from gangly_tui.intelligence.offline import step_cues as cue
from gangly_tui.intelligence.offline.due import Due, read_dues
from gangly_tui.intelligence.offline.lexicon import DELIVERABLE
from gangly_tui.intelligence.offline.modality import asks
from gangly_tui.intelligence.offline.passages import Sentence
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.self_named import is_numbered
from gangly_tui.intelligence.offline.step_candidates import Candidate
from gangly_tui.intelligence.offline.step_requests import answer
from gangly_tui.intelligence.offline.step_words import actions, names_thing, wording

_THING = (
    r"(?P<thing>(?:(?:the|a|an|our|my|your|that|those|some|everything|all)\s)?(?!it\b|them\b|to\b|"
    r"been\b)[\w][\w' -]{2,70}?)"
)
_HANDS_OVER = (
    re.compile(
        rf"\byou(?:'ll| will)\s(?:all\s)?(?:get|have|receive|see)\s{_THING}"
        r"(?=\s(?:from (?:me|us)|in your inbox|by|on|before|tomorrow|today|tonight|this|next|in the|within|first thing|"
        r"at the latest|no later)\b)",
        re.I,
    ),
    re.compile(
        rf"\b(?:i|we)(?:'ll| will)\s(?:have|get)\s{_THING}\s(?:with|to|over to|across to|in front of)\s(?:you|"
        rf"both of you)\b",
        re.I,
    ),
)
_NEEDS = re.compile(
    r"\b(?:we|i)(?:'d| would|'ll| will)?\s(?:also\s|just\s|really\s|then\s)?(?:need|want|require|expect|"
    r"like to (?:have|see|get)|"
    rf"need to (?:have|see|get))\s(?P<what>(?:the|a|an|your|that|those|some)\s(?:(?!to\b|for\b|and\b|"
    rf"of\b)[\w-]+\s){{0,3}}?(?:{DELIVERABLE}|offer|terms|names|dates|answers?)\b)",
    re.I,
)


def from_the_other_end(reading: Reading, sentence: Sentence) -> Iterator[Candidate]:
    """What the listener is told they will have, and what the speaker says they need; both with a day or a yes."""
    dues = read_dues(sentence.text, reading.context_at(sentence))
    if asks(sentence) or sentence.side is Side.UNKNOWN:
        return
    if dues:
        yield from _handed_over(reading, sentence, dues)
        yield from _asked_to_have(reading, sentence, dues)
    yield from _needed(reading, sentence, dues)


def _handed_over(reading: Reading, sentence: Sentence, dues: list[Due]) -> Iterator[Candidate]:
    for pattern in _HANDS_OVER:
        for found in pattern.finditer(sentence.text):
            thing = found.group("thing").strip()
            before = sentence.low[max(0, found.start() - 60) : found.start()]
            due = next((each for each in dues if each.start >= found.end("thing")), None)
            if due is None or not names_thing(thing) or cue.CONDITION.search(before) or cue.HABIT.search(sentence.low):
                continue
            label = reading.addressee(sentence)
            whom = reading.cast.full_name(label).split()[0] if label and not is_numbered(label) else ""
            thing = re.sub(r"^(?:my|our)\s", "the ", thing, flags=re.I)
            yield _candidate(
                reading, sentence, f"Get {whom} {thing}" if whom else f"Get {thing}", due, side=sentence.side
            )


_ASKS_TO_HAVE = re.compile(
    r"\b(?:can|could|may) (?:i|we) (?:please |maybe |also )?(?:have|get|see) (?P<thing>(?!to\b|the chance|"
    r"a (?:look|word|"
    r"moment|second)\b)[^?.,;]{3,80})",
    re.I,
)
_WILL_HAVE = re.compile(r"\byou(?:'ll| will) (?:have|get) (?:it|that|them|'em|those)\b", re.I)


def _asked_to_have(reading: Reading, sentence: Sentence, dues: list[Due]) -> Iterator[Candidate]:
    """ "Can I have that in writing?" "You'll have it tomorrow.": ours to send."""
    found = _WILL_HAVE.search(sentence.text)
    asked = next((each for each in reading.before(sentence, 3) if each.turn != sentence.turn), None)
    wish = _ASKS_TO_HAVE.search(asked.text) if found and asked is not None and asks(asked) else None
    if found is None or asked is None or wish is None or asked.side is sentence.side:
        return
    due = next((each for each in dues if each.start >= found.end()), None)
    thing = re.sub(r"\byour\s", "the ", wish.group("thing"))
    candidate = _candidate(reading, sentence, wording(f"send {thing}", None, 0), due, side=sentence.side)
    candidate.marks.insert(0, asked)
    yield candidate


def _needed(reading: Reading, sentence: Sentence, dues: list[Due]) -> Iterator[Candidate]:
    """The other side's need is ours to meet, when they name a day or we say yes."""
    found = _NEEDS.search(sentence.text)
    if not found or cue.CONDITION.search(sentence.low[: found.start()]):
        return
    yes, no = answer(reading.reply(sentence))
    due = next((each for each in dues if each.start >= found.end()), None)
    if no or (yes is None and due is None) or (yes is not None and cue.PROMISE.search(yes.text)):
        return
    begin = found.start("what")
    start, end = actions(sentence, begin)[0] if actions(sentence, begin) else (begin, found.end())
    prefix = "send "
    action = wording(prefix + sentence.text[start:end], due, start - len(prefix))
    side = Side.REP if sentence.side is Side.BUYER else Side.BUYER
    yield _candidate(reading, sentence, re.sub(r"\byour\s", "the ", action), due, side=side, yes=yes)


def _candidate(
    reading: Reading, sentence: Sentence, action: str, due: Due | None, *, side: Side, yes: Sentence | None = None
) -> Candidate:
    own = side is sentence.side
    label = sentence.speaker if own else reading.addressee(sentence)
    return Candidate(
        action=action,
        owner=reading.cast.full_name(label) if label else reading.cast.rep if side is Side.REP else "",
        ours=side is Side.REP,
        rule="promise" if own else "request",
        confidence=0.74 if own else 0.64,
        marks=[sentence, yes] if yes else [sentence],
        due=due,
        due_mark=sentence if due else None,
    )
