"""Meetings both sides settled: a day was offered and taken."""

from __future__ import annotations

import re

from gangly_tui.domain.draft import Side
from gangly_tui.intelligence.offline import step_cues as cue
from gangly_tui.intelligence.offline.due import Due, read_dues, weekday_of
from gangly_tui.intelligence.offline.lexicon import MEETING_NOUN
from gangly_tui.intelligence.offline.modality import asks
from gangly_tui.intelligence.offline.passages import Sentence
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.step_candidates import Candidate
from gangly_tui.intelligence.offline.step_requests import answer
from gangly_tui.intelligence.offline.step_words import held, meeting, verb_class

_NO_SLOT = re.compile(r"\b(?:now|today|hours?|minutes?)\b")
_FREE = re.compile(r"\bi'm (?:free|available|open)|\bi can do\b|\bi've got\b")
_NEGATED = re.compile(r"\b(?:doesn't|don't|won't|can't|not|impossible)\b")
_DAY_OF_MONTH = re.compile(r"\d{1,2}(?:st|nd|rd|th)\b|\b(?:first|second|third|\w+th)\b")
_IF_IT_WORKS = re.compile(r"\bif that (?:still )?(?:works|suits|is (?:ok|okay|fine|good))")
_NO_NEWS = re.compile(r"\b(?:if|unless) (?:you|i) (?:don't )?hear\b[^,]*,?")
_GREETS = re.compile(r"\b(?:see you|talk|speak|meet|call|chat)\b")
_BEFORE_OTHER = re.compile(r"\bnext\b|\bweek\b|\d{1,2}(?:st|nd|rd|th)\b")


def agreed_slot(reading: Reading, sentence: Sentence) -> Candidate | None:
    """A meeting whose day both sides settled in this sentence, or in the answer to it."""
    low = sentence.low
    if not (cue.AGREES.search(low) or cue.ASKS_SLOT.search(low) or _IF_IT_WORKS.search(low)):
        return None
    dues = [
        due
        for due in read_dues(sentence.text, reading.context)
        if due.first == due.last and not _NO_SLOT.search(due.words.lower())
    ]
    if not dues or (len(dues) > 1 and " or " in low):
        return None
    settled = _settled(reading, sentence, dues)
    if settled is None:
        return None
    due, marks = dues[-1], [sentence] if settled is sentence else [sentence, settled]
    due_mark: Sentence | None = None
    offer = _offered_slot(reading, sentence, due)
    if (offer and _is_work(offer[1])) or (not offer and _is_work(sentence)):
        return None
    if offer:
        own, (due, where) = due, offer
        if due is own:
            due_mark = sentence
        marks.insert(0, where)
    name = meeting(reading, sentence)
    if name is None and not _GREETS.search(low) and not offer:
        return None
    action = "Meet"
    if name:
        action, where = name
        action = held(action)
        if where not in marks and max(where.end, sentence.end) - min(where.start, sentence.start) <= 900:
            marks.append(where)
        elif where not in marks:
            action = "Meet"
    hosts = [each.speaker for each in marks if each.side is Side.REP and each.speaker]
    return Candidate(
        action=action,
        owner=reading.cast.full_name(hosts[0]) if hosts else reading.cast.rep,
        ours=True,
        rule="meeting",
        confidence=0.88,
        marks=marks,
        due=due,
        due_mark=due_mark or marks[0],
    )


def _settled(reading: Reading, sentence: Sentence, dues: list[Due]) -> Sentence | None:
    """The sentence that says yes: this one, or the answer to its question."""
    low = sentence.low
    if _IF_IT_WORKS.search(low):
        return answer(reading.reply(sentence))[0]
    if asks(sentence):
        if not cue.ASKS_SLOT.search(low):
            return None
        yes, _ = answer(reading.reply(sentence))
        return None if yes and read_dues(yes.text, reading.context) else yes
    several = bool(_FREE.search(low)) and len(dues) > 1
    unless = cue.CONDITION.search(_NO_NEWS.sub("", low))
    if not cue.AGREES.search(low) or unless or _NEGATED.search(low) or several:
        return None
    return sentence


def _is_work(sentence: Sentence) -> bool:
    """Whether the day belongs to something somebody does alone ("I'll sign it on Monday", "send them by Thursday"),
    not to a meeting."""
    if re.search(rf"\b{MEETING_NOUN}\b", sentence.low):
        return False
    for pattern in (cue.PROMISE, cue.REQUEST):
        found = pattern.search(sentence.text)
        if found and verb_class(sentence.text[found.start("what") :]) != "meet":
            return True
    return False


def _offered_slot(reading: Reading, sentence: Sentence, due: Due) -> tuple[Due, Sentence] | None:
    """The day as it was offered: "Tuesday at 3 works" means the Tuesday somebody named just before."""
    day = weekday_of(due)
    if not day and not _DAY_OF_MONTH.search(due.words.lower()):
        return None
    dated = _BEFORE_OTHER.search(due.words.lower())
    for each in reading.before(sentence, 8):
        if each.speaker == sentence.speaker and each.turn == sentence.turn:
            continue
        for slot in read_dues(each.text, reading.context):
            if (day and weekday_of(slot) == day) or slot.day == due.day:
                return (due if dated else slot), each
    return None
