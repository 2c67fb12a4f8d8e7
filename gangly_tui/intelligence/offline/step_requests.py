"""Requests and offers: they become steps when somebody says yes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gangly_tui.domain.draft import Side
from gangly_tui.intelligence.offline import step_cues as cue
from gangly_tui.intelligence.offline.due import read_dues
from gangly_tui.intelligence.offline.lexicon import MEETING_NOUN
from gangly_tui.intelligence.offline.modality import asks
from gangly_tui.intelligence.offline.passages import Sentence
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.step_build import built
from gangly_tui.intelligence.offline.step_candidates import Candidate
from gangly_tui.intelligence.offline.step_words import asks_only, is_vague, names_thing, verb_class, wording, words

_TALK_ONLY = re.compile(
    r"(?:tell|explain|give me (?:a|an) (?:sense|idea|example|overview|rough)|walk|run|talk|help|say|show|check my|read|"
    r"put me (?:through|on)|pass me|take (?:me|us)|bring me|do me|keep|hold on|give (?:me|us) (?:a|an|one|two|"
    r"five) (?:second|sec|moment|minute|few)s?|make sure (?:it|that|they|he|she|we)(?:'s| is| are)|"
    r"get (?:my|me(?! (?:the|a|an|some|your|that|those|\w+ (?:or|of)|\d+)\b)))\b"
)
_HAVE_IT = re.compile(r"\b(?:you'll|you will|you can|you should) (?:have|get|expect|see) (?:it|that|them|those)\b")
_AUTHORITY = re.compile(r"hold\b|(?:sign|approve|decide)\b.{0,40}\b(?:myself|alone|under|up to|anything|without)\b")
_SHOWS = re.compile(r"(?:do|have|get|show|demo|run|make|test)\b")
_PUTS_OFF = re.compile(
    r"^(?:(?:well|hmm|um|uh|so|yeah|oh)[, ]+)*(?:let me (?:check|think|see|talk|ask|look|get back|find out|"
    r"confirm|come)|"
    r"i(?:'d| would)? (?:need|have) to (?:check|ask|think|see|talk)|i'll (?:have to )?(?:check|think|see|let you know|"
    r"get back)|we'll see|maybe|possibly|perhaps|not sure|i'm not sure)\b"
)


def requested(
    reading: Reading, sentence: Sentence, at: int, question: bool, *, imperative: bool = False
) -> Iterator[Candidate]:
    """What somebody asked the other to do; the answer decides."""
    low = sentence.low
    if _TALK_ONLY.match(low[at:]) and not read_dues(sentence.text, reading.context):
        return
    label = reading.addressee(sentence)
    side = reading.cast.side(label)
    if side is Side.UNKNOWN and sentence.side is not Side.UNKNOWN:
        side = Side.REP if sentence.side is Side.BUYER else Side.BUYER
    accepted, declined = answer(reading.reply(sentence))
    reason = ""
    if declined:
        reason = "declined"
    elif question and not accepted and reading.source.form != "thread":
        reason = "asked, but nobody said yes"
    elif re.search(r"\bif\b", low[max(0, at - 40) : at]) and not accepted:
        reason = "conditional"
    confidence = 0.8 if accepted else 0.62 if imperative or not question or reading.source.form == "thread" else 0.3
    owner = reading.cast.full_name(label) if label else ""
    if accepted and _says_it_themselves(reading, sentence, at):
        return
    for each in built(reading, sentence, at, owner, side=side, rule="request", confidence=confidence, reason=reason):
        if accepted:
            _accept(reading, each, accepted)
        yield each


def offered(reading: Reading, sentence: Sentence, found: re.Match[str]) -> Iterator[Candidate]:
    """What somebody offered to do; a yes makes it theirs."""
    at, low = found.start("what"), sentence.low
    what = sentence.text[at:]
    has_due = bool(read_dues(sentence.text, reading.context))
    purpose = re.search(r"\w+ so (?:that )?$", low[: found.start()])  # of something else: "just so we can test it"
    if purpose or (cue.NOW_TALK.search(low[found.start() : found.start() + 60]) and not has_due):
        return
    accepted, declined = answer(reading.reply(sentence))
    if not asks(sentence) and verb_class(what) != "meet" and _asks_for_a_day(reading, sentence):
        accepted = None
    sends = verb_class(what) in ("send", "check") and accepted is not None
    if not names_thing(what) and not has_due and not sends:
        return
    ask = re.match(r"(?:can|could) we\b", low[found.start() :])
    if _SHOWS.match(what.lower()) and not has_due and (ask or not names_thing(what[:70])):
        return
    if _AUTHORITY.match(what.lower()):
        return
    if ask and sentence.side is Side.BUYER and re.match(r"(?:have|get|do|add|see|use|start)\b", what.lower()):
        return  # a question about the product or the deal, not an offer to do something
    owner, side = reading.cast.full_name(sentence.speaker), sentence.side
    if _JOINT.match(low[found.start() :]) and re.search(r"\btogether\b|\bmeet\b", low) and has_due:
        side, owner = Side.REP, owner if side is Side.REP else reading.cast.rep or owner
    if not accepted and not declined:
        accepted = _same_day(reading, sentence)
    if not accepted and not declined and (later := _they_will_have_it(reading, sentence)):
        accepted = later
    reason = "declined" if declined else "" if accepted else "offered, but nobody said yes"
    plain = not asks(sentence) and re.match(r"(?:i|we) can\b", low[found.start() :]) and has_due and not declined
    reason = "" if plain else reason
    if cue.CONDITION.search(low[: found.start()]):
        reason = "conditional: it depends on something that has not happened"
    for each in built(reading, sentence, at, owner, side=side, rule="offer", confidence=0.72, reason=reason):
        if accepted:
            _accept(reading, each, accepted)
        yield each


_JOINT = re.compile(r"(?:(?:shall|should|can|could) we|let's|how about we|why don't we)\b")
_THEY_WILL_HAVE = re.compile(r"\byou(?:'ll| will) have (?:it|that|them|access|everything)\b")


def _they_will_have_it(reading: Reading, sentence: Sentence) -> Sentence | None:
    """The same speaker's "you'll have access by Friday" a few sentences on: the offer is no longer a question."""
    return next(
        (
            each
            for each in reading.after(sentence, 5)
            if each.speaker == sentence.speaker
            and _THEY_WILL_HAVE.search(each.low)
            and read_dues(each.text, reading.context)
        ),
        None,
    )


def _same_day(reading: Reading, sentence: Sentence) -> Sentence | None:
    """The answer that only says the day again: "Thursday at ten.", "15th good"."""
    days = set(_DAY_NAMED.findall(sentence.low))
    for each in reading.reply(sentence)[:1]:
        said = _DAY_NAMED.findall(each.low)
        if len(each.low.split()) <= _SHORT_ANSWER and not asks(each) and said and set(said) <= days:
            return each
    return None


_SHORT_ANSWER = 7
_DAY_NAMED = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b\d{1,2}(?:st|nd|rd|th)\b|\btomorrow\b")


def _asks_for_a_day(reading: Reading, sentence: Sentence) -> bool:
    """Whether the same turn goes on to ask for a meeting's day: then a yes takes that, not what was offered before."""
    return any(
        each.turn == sentence.turn
        and asks(each)
        and cue.ASKS_SLOT.search(each.low)
        and re.search(rf"\b{MEETING_NOUN}\b", each.low)
        for each in reading.after(sentence, 2)
    )


def answer(reply: list[Sentence]) -> tuple[Sentence | None, bool]:
    """(the sentence that says yes, whether one says no)."""
    for each in reply[:2]:
        low = each.low
        if cue.DECLINES.search(low):
            return None, True
        if _PUTS_OFF.match(low):
            return None, False
        if cue.ACCEPTS.match(low) or cue.AGREES.search(low) or cue.PROMISE.search(each.text) or _HAVE_IT.search(low):
            return each, False
        if asks(each):
            break
    return None, False


def _says_it_themselves(reading: Reading, sentence: Sentence, at: int) -> bool:
    """Whether the answer names the thing itself ("Sure, I'll send you a couple of opportunities"): then that counts."""
    reply = reading.reply(sentence)
    for each in reply[: 2 if reply and len(reply[0].low.split()) <= 3 else 1]:
        found = cue.PROMISE.search(each.text)
        if found and verb_class(each.text[found.start("what") :]) == verb_class(sentence.text[at:]):
            action = wording(each.text[found.start("what") :], None, found.start("what"))
            return not is_vague(action) and not asks_only(action) and len(words(action)) >= 2
    return False


def _accept(reading: Reading, each: Candidate, reply: Sentence) -> None:
    """The accepting sentence joins the quote when it brings the day."""
    dues = read_dues(reply.text, reading.context)
    if dues and each.fits(reply) and not cue.PROMISE.search(reply.text[: dues[-1].start]):
        each.marks.append(reply)
        each.due, each.due_mark = dues[-1], reply
