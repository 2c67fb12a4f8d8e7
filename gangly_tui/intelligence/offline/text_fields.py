"""Fields that hold somebody's own words: pain, decision process and criteria, budget."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gangly_tui.domain.draft import Dropped, Evidence, Side
from gangly_tui.domain.records import Value
from gangly_tui.intelligence.offline import field_cues as cue
from gangly_tui.intelligence.offline.modality import Mood, admits, asks, mood
from gangly_tui.intelligence.offline.passages import Block, Sentence, span
from gangly_tui.intelligence.offline.reading import Reading

Cues = tuple[tuple[float, re.Pattern[str]], ...]
TEXT_FIELDS: tuple[tuple[str, Cues, float], ...] = (
    ("pain", cue.PAIN, 0.78),
    ("decision_process", cue.PROCESS, 0.74),
    ("decision_criteria", cue.CRITERIA, 0.72),
    ("budget", cue.BUDGET, 0.8),
)
"""(field, its cues, confidence of a full match)"""

_RELIEF = re.compile(
    r"\b(?:address(?:es|ed)|resolv(?:es|ed)|solv(?:es|ed)|fix(?:es|ed)|no longer|not anymore|used to)\b(?!.*\bnow\b)"
)
_GOES_ON = re.compile(
    r"^(?:now (?:it|we|they)(?:'s|'re)?|it(?:'s| is| was)|that(?:'s| is)|this is|they(?:'re| are)|"
    r"and (?:it|that)(?:'s| is))\b"
)
_LEAD = re.compile(
    r"(?:(?:yeah|yes|so|well|um|uh|honestly|okay|ok|right|plus|and|but|look|i mean|you know|i think|i guess|we think|"
    r"i feel like|that's right|to be honest)[,.?]?\s)+"
)
_SAYS_THAT = re.compile(
    r"^(?:[a-z]+, )?(?:the (?:other|one|main|first|big) thing|one (?:more |other )?thing|what|"
    r"something)\s[^.;\u2014-]{0,60}?"
    r"\b(?:know|say|mention|tell you|point out|add|flag|understand)(?:\s?[\u2014:-]+\s?|,\s|\sis(?: that)?\s|\sthat\s)"
)
"""Only leads to what is said: "the other thing I want to make sure you know - we lose ..."."""
_LABEL = re.compile(r"(?:budget|pain|decision process|decision criteria|criteria|process)s?\s?[:-]\s?")
_GRANTED = re.compile(r"\bapproved (?:a|the|our|this) .{0,20}budget|\bbudget (?:is|was|has been) approved")
_THEN = re.compile(r",? (?:and )?then |; then |>")
_FIGURE = re.compile(r"\d|thousand|hundred|million|approved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A candidate for one field."""

    field: str
    value: Value
    evidence: Evidence
    confidence: float
    reading: str = ""
    index: int = 0
    against: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A question of the rep's that asks for a field, and the buyer's answer."""

    field: str
    question: Sentence
    answer: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    score: float
    sentence: Sentence
    asked: Sentence | None = None


def drop(field: str, value: object, quote: str, reason: str) -> Dropped:
    """A refused candidate."""
    return Dropped(what=field, value=str(value), quote=quote, reason=reason)


def answers(reading: Reading) -> Iterator[Answer]:
    """Every question of the rep's that asks for a field and got an answer."""
    for sentence in reading.live():
        if sentence.side is Side.BUYER or sentence.block is not Block.SPEECH or not asks(sentence):
            continue
        names = [name for name, pattern in cue.ASKS_FOR.items() if pattern.search(sentence.low)]
        reply = reading.reply(sentence, turns=1) if names else []
        asked_again = any(each.turn == sentence.turn and asks(each) for each in reading.after(sentence, 3))
        if not reply or reply[0].side is not Side.BUYER or asked_again:
            continue
        first = reply[0]
        if len(reply) > 1 and len(first.low.split()) <= 3 and _LEAD.match(f"{first.low} "):
            first = reply[1]
        if asks(first) or cue.NON_ANSWER.match(first.low) or first.index in reading.gone:
            continue
        for name in names:
            yield Answer(field=name, question=sentence, answer=first)


def best_text(
    reading: Reading, name: str, cues: Cues, *, base: float, asked: list[Answer], dropped: list[Dropped]
) -> Found | None:
    """The words that say most about a field, or None. `base` is the confidence of a full match."""
    rows = _said(reading, name, cues, dropped)
    for each in asked:
        if each.field == name and _answers_it(name, each.answer):
            already = next((row for row in rows if row.sentence.index == each.answer.index), None)
            rows = [row for row in rows if row is not already]
            score = (already.score if already else 0.75) + 0.25
            rows.append(_Row(score=score, sentence=each.answer, asked=each.question))
    rows = [row for row in rows if name != "pain" or row.score >= 0.6]
    if not rows:
        return None
    first_wins = name == "pain"
    row = max(
        rows, key=lambda each: (round(each.score, 2), -each.sentence.index if first_wins else each.sentence.index)
    )
    value, evidence = _worded(reading, name, cues, row)
    return Found(
        field=name,
        value=value,
        evidence=evidence,
        confidence=min(0.9, base * min(1.1, row.score)),
        reading="as the notes have it" if row.sentence.account else "in their own words",
        index=row.sentence.index,
    )


def _said(reading: Reading, name: str, cues: Cues, dropped: list[Dropped]) -> list[_Row]:
    rows = []
    for sentence in reading.live():
        if not sentence.buyer_fact or sentence.block in (Block.OUTCOME, Block.TASK):
            continue
        weight, hit = score(sentence.low, cues)
        if hit is None or (name == "pain" and _RELIEF.search(sentence.low)):
            continue
        how = mood(sentence, hit.start(), hit.end())
        if not admits(name, sentence, how, hit.start()):
            if weight >= 0.7 and how not in (Mood.PREP, Mood.QUESTION):
                dropped.append(drop(name, sentence.text[:160], sentence.text, how.value))
            continue
        length = len(sentence.text.split())
        if length < 3 and not sentence.account:
            continue
        bonus = min(length, 20) / 200 - (0.12 if length < 6 and not sentence.account else 0)
        bonus += 0.1 if sum(bool(pattern.search(sentence.low)) for _, pattern in cues) > 1 else 0
        bonus -= 0.4 if name == "decision_process" and _GRANTED.search(sentence.low) else 0
        bonus += 0.12 if name == "budget" and _FIGURE.search(sentence.low) else 0
        rows.append(_Row(score=weight + bonus, sentence=sentence))
    return rows


def _answers_it(name: str, answer: Sentence) -> bool:
    told = mood(answer) in (Mood.ASSERTED, Mood.NEGATED, Mood.HEDGED)
    return told and (name != "budget" or bool(_FIGURE.search(answer.low)))


def _worded(reading: Reading, name: str, cues: Cues, row: _Row) -> tuple[str, Evidence]:
    """The value and its quote: the clause that says it, with what it goes on from, or with the question it answers."""
    best = row.sentence
    begin, finish = _part(best, name, cues)
    before = reading.sentences[best.index - 1] if best.index else best
    goes_on = (
        name == "pain"
        and not best.account
        and _GOES_ON.match(best.low)
        and before.turn == best.turn
        and before is not best
    )
    if goes_on and not asks(before):
        return f"{before.text} {best.text}", span(reading.text, before, best)
    if row.asked and len(best.text.split()) < 6:
        return best.text[begin:finish], span(reading.text, row.asked, best)
    return best.text[begin:finish], best.evidence(reading.text, begin, finish)


def _part(sentence: Sentence, name: str, cues: Cues) -> tuple[int, int]:
    if sentence.account and (label := _LABEL.match(sentence.low)):
        return label.end(), len(sentence.text.rstrip(" .,;"))
    if sentence.account and name == "decision_process" and (then := _THEN.search(sentence.low)):
        return _clause(sentence, cues)[0] if _clause(sentence, cues)[0] < then.start() else 0, len(
            sentence.text.rstrip(" .,;")
        )
    if (sentence.account and "," in sentence.text) or (name == "budget" and len(sentence.text) > 120):
        return _clause(sentence, cues)
    lead = _SAYS_THAT.match(sentence.low) or _LEAD.match(sentence.low)
    begin = lead.end() if lead and len(sentence.text) - lead.end() > 12 else 0
    return begin, len(sentence.text.rstrip(" .,;"))


def _clause(sentence: Sentence, cues: Cues) -> tuple[int, int]:
    _, hit = score(sentence.low, cues)
    at, behind = (hit.start(), hit.end()) if hit else (0, 0)
    marks = (", ", "; ", " - ")
    begins = [found + len(mark) for mark in marks if (found := sentence.low.rfind(mark, 0, at)) >= 0]
    ends = [stop for mark in marks if (stop := sentence.low.find(mark, behind)) >= 0]
    return max(begins, default=0), min(ends, default=len(sentence.text.rstrip(" .,;")))


def score(low: str, cues: Cues) -> tuple[float, re.Match[str] | None]:
    """(weight, match) of the strongest cue, (0.0, None) without one."""
    for weight, pattern in cues:
        hit = pattern.search(low)
        if hit:
            return weight, hit
    return 0.0, None
