"""Who took on what, by when: promises, accepted requests and offers, meetings agreed on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gangly_tui.domain.draft import Dropped, NextStep, Side
from gangly_tui.intelligence.offline import step_cues as cue
from gangly_tui.intelligence.offline.commitments import score_commitments
from gangly_tui.intelligence.offline.due import Due, read_dues, weekday_of
from gangly_tui.intelligence.offline.lexicon import ACTION_VERB
from gangly_tui.intelligence.offline.modality import asks
from gangly_tui.intelligence.offline.passages import Block, Sentence
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.step_candidates import Candidate, finished, merged
from gangly_tui.intelligence.offline.step_notes import note_steps
from gangly_tui.intelligence.offline.step_words import (
    actions,
    is_vague,
    meeting,
    names_thing,
    resolve,
    verb_class,
    wording,
    words,
)

_DEMONSTRATES = re.compile(r"(?:show|get (?:to|into)|return to|look at|pass|read)\b")
_TALK = 0.3
"""Likelihood below which a promise that names neither a thing nor a day is not taken for a step."""


def find_next_steps(reading: Reading) -> tuple[list[NextStep], list[Dropped]]:
    """Every step somebody took on, merged and worded, and the candidates that were refused."""
    found: list[Candidate] = []
    for sentence in reading.live():
        if sentence.block is Block.SPEECH:
            found.extend(_speech(reading, sentence))
            _cancel(sentence, found)
        elif sentence.account:
            found.extend(note_steps(reading, sentence))
    found.sort(key=lambda each: each.at)
    for each in found:
        _amend(reading, each)
    kept = merged([each for each in found if not each.refused])
    steps = [finished(reading, each) for each in kept]
    dropped = [
        Dropped(what="next step", value=each.action, quote=finished(reading, each).evidence.text, reason=each.refused)
        for each in found
        if each.refused and not any(words(each.action) <= words(other.action) for other in kept)
    ]
    steps.sort(key=lambda step: step.evidence.start)
    return steps, dropped


def _speech(reading: Reading, sentence: Sentence) -> Iterator[Candidate]:
    slot = _agreed_slot(reading, sentence)
    if slot:
        yield slot
    taken: list[int] = []
    question = asks(sentence)
    for found in cue.REQUEST.finditer(sentence.text):
        if not _idle(sentence.low, found.start()):
            taken.append(found.start("what"))
            yield from _requested(reading, sentence, found.start("what"), question)
    imperative = cue.IMPERATIVE.match(sentence.text)
    if imperative and not question and imperative.start("what") not in taken:
        taken.append(imperative.start("what"))
        yield from _requested(reading, sentence, imperative.start("what"), False, imperative=True)
    if not question:
        for found in cue.PROMISE.finditer(sentence.text):
            if found.start("what") not in taken:
                taken.append(found.start("what"))
                yield from _promised(reading, sentence, found)
        for found in cue.NAMED.finditer(sentence.text):
            if found.start("what") not in taken:
                yield from _assigned(reading, sentence, found)
    for found in cue.OFFER.finditer(sentence.text):
        if found.start("what") not in taken:
            yield from _offered(reading, sentence, found)


def _idle(low: str, begin: int) -> bool:
    head = low[max(0, begin - 60) : begin]
    return bool(cue.NOW_TALK.search(low[begin : begin + 60])) or bool(
        re.search(r"\b(?:i'd say|tell me|you tell)\b", head)
    )


def _promised(reading: Reading, sentence: Sentence, found: re.Match[str]) -> Iterator[Candidate]:
    low, at = sentence.low, found.start()
    what = sentence.text[found.start("what") :]
    if cue.NOW_TALK.search(low[at : at + 70]) or what.lower().startswith(("be ", "let ")):
        return
    team = not low.startswith(("i", "let me"), at)
    if team and not cue.STRONG.match(what):
        return
    if _DEMONSTRATES.match(what.lower()) and not read_dues(what, reading.context):
        return
    reason = ""
    if cue.CONDITION.search(low[max(0, at - 60) : at]) or re.search(r"\b(?:if|unless)\b", low[found.end() :][:80]):
        reason = "conditional: it depends on something that has not happened"
    elif cue.HABIT.search(low[max(0, at - 12) :]) and not read_dues(sentence.text, reading.context):
        reason = "says how they usually work, not what somebody took on"
    elif re.search(r"\b(?:maybe|might|perhaps|not sure)\b", low[max(0, at - 30) : at]):
        reason = "hypothetical"
    elif not names_thing(what) and not read_dues(sentence.text, reading.context):
        if team and sentence.side is Side.REP and cue.PITCH_WE.match(low[at:]):
            reason = "describes the service, not a step"
        elif not cue.CLEAR.match(what) and _likelihood(reading, sentence) < _TALK:
            reason = "sounds like talk, not like a step"
    confidence = 0.66 if team or low.startswith(("i need", "i have", "we need", "we have"), at) else 0.76
    owner = reading.cast.full_name(sentence.speaker)
    yield from _built(
        reading,
        sentence,
        found.start("what"),
        owner,
        side=sentence.side,
        rule="promise",
        confidence=confidence,
        reason=reason,
    )


def _likelihood(reading: Reading, sentence: Sentence) -> float:
    """How likely somebody takes on an action here, by the linear model, with a sentence of context on either side."""
    near = reading.sentences[max(0, sentence.index - 2) : sentence.index + 3]
    scores = score_commitments([each.text for each in near], [each.speaker for each in near])
    return scores[near.index(sentence)]


def _assigned(reading: Reading, sentence: Sentence, found: re.Match[str]) -> Iterator[Candidate]:
    person = reading.cast.named(found.group("who"))
    low = sentence.low
    if (
        not person
        or cue.CONDITION.search(low[: found.start()])
        or not cue.STRONG.match(sentence.text[found.start("what") :])
    ):
        return
    side = person.side if person.side is not Side.UNKNOWN else sentence.side
    yield from _built(reading, sentence, found.start("what"), person.name, side=side, rule="assigned", confidence=0.7)


def _requested(
    reading: Reading, sentence: Sentence, at: int, question: bool, *, imperative: bool = False
) -> Iterator[Candidate]:
    label = reading.addressee(sentence)
    side = reading.cast.side(label)
    if side is Side.UNKNOWN and sentence.side is not Side.UNKNOWN:
        side = Side.REP if sentence.side is Side.BUYER else Side.BUYER
    reply = reading.reply(sentence)
    accepted, declined = _answer(reply)
    low = sentence.low
    if re.match(
        r"(?:tell|explain|give me (?:a|an) (?:sense|idea|example|overview|rough)|walk|run|talk|help|"
        r"say|show|check my|read)\b",
        low[at:],
    ) and not read_dues(sentence.text, reading.context):
        return
    reason = ""
    if declined:
        reason = "declined"
    elif question and not accepted and reading.source.form != "thread":
        reason = "asked, but nobody said yes"
    elif re.search(r"\bif\b", low[max(0, at - 40) : at]) and not accepted:
        reason = "conditional"
    confidence = 0.8 if accepted else 0.62 if imperative or not question or reading.source.form == "thread" else 0.3
    owner = reading.cast.full_name(label) if label else ""
    if accepted and _says_it_themselves(reading, sentence, at, accepted):
        return
    for each in _built(reading, sentence, at, owner, side=side, rule="request", confidence=confidence, reason=reason):
        if accepted:
            _accept(reading, each, accepted)
        yield each


def _says_it_themselves(reading: Reading, sentence: Sentence, at: int, accepted: Sentence) -> bool:
    """Whether the answer names the thing itself ("Sure, I'll send you a couple of opportunities"): then that counts."""
    for each in reading.reply(sentence)[:2]:
        found = cue.PROMISE.search(each.text)
        if found and verb_class(each.text[found.start("what") :]) == verb_class(sentence.text[at:]):
            action = wording(each.text[found.start("what") :], None, found.start("what"))
            return not is_vague(action) and len(words(action)) >= 2
    return False


def _offered(reading: Reading, sentence: Sentence, found: re.Match[str]) -> Iterator[Candidate]:
    at, low = found.start("what"), sentence.low
    what = sentence.text[at:]
    has_due = bool(read_dues(sentence.text, reading.context))
    if cue.NOW_TALK.search(low[found.start() : found.start() + 60]) and not has_due:
        return
    if not names_thing(what) and not has_due:
        return
    ask = re.match(r"(?:can|could) we\b", low[found.start() :])
    if (
        re.match(r"(?:do|have|get|show|demo|run|make|test)\b", what.lower())
        and not has_due
        and (ask or not names_thing(what[:70]))
    ):
        return
    accepted, declined = _answer(reading.reply(sentence))
    taker = sentence.side
    owner = reading.cast.full_name(sentence.speaker)
    reason = "declined" if declined else "" if accepted else "offered, but nobody said yes"
    for each in _built(reading, sentence, at, owner, side=taker, rule="offer", confidence=0.72, reason=reason):
        if accepted:
            _accept(reading, each, accepted)
        yield each


def _answer(reply: list[Sentence]) -> tuple[Sentence | None, bool]:
    for each in reply[:2]:
        low = each.low
        if cue.DECLINES.search(low):
            return None, True
        if cue.ACCEPTS.match(low) or cue.AGREES.search(low) or cue.PROMISE.search(each.text):
            return each, False
        if asks(each):
            break
    return None, False


def _accept(reading: Reading, each: Candidate, reply: Sentence) -> None:
    """The accepting sentence joins the quote when it brings the day."""
    dues = read_dues(reply.text, reading.context)
    if dues and each.fits(reply):
        each.marks.append(reply)
        each.due, each.due_mark = dues[-1], reply


def _built(
    reading: Reading,
    sentence: Sentence,
    at: int,
    owner: str,
    *,
    side: Side,
    rule: str,
    confidence: float,
    reason: str = "",
) -> Iterator[Candidate]:
    """Candidates for the actions that begin at `at`, with their day and with what "it" stands for."""
    dues = read_dues(sentence.text, reading.context)
    you = ""
    label = reading.addressee(sentence) if rule in ("promise", "offer") else ""
    if label:
        you = label.split()[0]
    pieces = actions(sentence, at)
    for number, (begin, finish) in enumerate(pieces):
        inside = [
            due
            for due in dues
            if begin <= due.start < (pieces[number + 1][0] if number + 1 < len(pieces) else len(sentence.text) + 1)
        ]
        due = (
            inside[0]
            if inside and not (len(inside) > 1 and " or " in sentence.low)
            else dues[0]
            if dues and number == 0 and len(dues) == 1 and dues[0].start < begin
            else None
        )
        action = wording(sentence.text[begin:finish], due, begin, you)
        marks = [sentence]
        named = resolve(reading, sentence, action, begin)
        if named:
            text, where = named
            if max(sentence.end, where.end) - min(sentence.start, where.start) <= 700:
                action = text[:1].upper() + text[1:]
                marks = [where, sentence] if where is not sentence else [sentence]
        if (
            not words(action)
            or len(action) < 4
            or (
                re.fullmatch(rf"{ACTION_VERB}(?: (?:to|on|in|at|it|that|you|of|for|out|up|back|with))?", action, re.I)
                and not due
            )
        ):
            continue
        weak = 0.1 if is_vague(action) else 0.0
        bonus = 0.09 if due else 0.0
        yield Candidate(
            action=action,
            owner=owner,
            ours=side is Side.REP,
            rule=rule,
            confidence=min(0.95, confidence + bonus - weak),
            marks=marks,
            due=due,
            due_mark=sentence if due else None,
            refused=reason or ("nobody can tell which side took it on" if side is Side.UNKNOWN and not owner else ""),
        )


def _agreed_slot(reading: Reading, sentence: Sentence) -> Candidate | None:
    """A meeting whose day both sides settled in this sentence, or in the answer to it."""
    low = sentence.low
    if not (cue.AGREES.search(low) or cue.ASKS_SLOT.search(low)):
        return None
    dues = [
        due
        for due in read_dues(sentence.text, reading.context)
        if due.first == due.last and not re.search(r"\b(?:now|today|hours?|minutes?)\b", due.words.lower())
    ]
    if not dues:
        return None
    question = asks(sentence)
    settled: Sentence | None = sentence
    if question:
        settled, _ = _answer(reading.reply(sentence)) if cue.ASKS_SLOT.search(low) else (None, True)
        if settled and read_dues(settled.text, reading.context):
            return None
    elif (
        not cue.AGREES.search(low)
        or cue.CONDITION.search(low)
        or re.search(r"\b(?:doesn't|don't|won't|can't|not)\b", low)
        or (re.search(r"\bi'm (?:free|available|open)|\bi can do\b|\bi've got\b", low) and len(dues) > 1)
    ):
        return None
    if settled is None or (len(dues) > 1 and " or " in low):
        return None
    due, marks = dues[-1], [sentence] if settled is sentence else [sentence, settled]
    offered = _offered_slot(reading, sentence, due)
    if offered:
        due, where = offered
        marks.insert(0, where)
    name = meeting(reading, sentence)
    if name is None and not re.search(r"\b(?:see you|talk|speak|meet|call|chat)\b", low) and not offered:
        return None
    action = "Meet"
    if name:
        action, where = name
        action = action[:1].upper() + action[1:]
        if where not in marks and max(where.end, sentence.end) - min(where.start, sentence.start) <= 900:
            marks.append(where)
        elif where not in marks:
            action = "Meet"
    owner = reading.cast.rep
    return Candidate(
        action=action, owner=owner, ours=True, rule="meeting", confidence=0.88, marks=marks, due=due, due_mark=marks[0]
    )


def _offered_slot(reading: Reading, sentence: Sentence, due: Due) -> tuple[Due, Sentence] | None:
    """The day as it was offered: "Tuesday at 3 works" means the Tuesday somebody named just before."""
    day = weekday_of(due)
    if not day or re.search(r"\bnext\b|\bweek\b|\d{1,2}(?:st|nd|rd|th)\b", due.words.lower()):
        return None
    for each in reading.before(sentence, 8):
        if each.speaker == sentence.speaker and each.turn == sentence.turn:
            continue
        for slot in read_dues(each.text, reading.context):
            if weekday_of(slot) == day:
                return slot, each
    return None


def _amend(reading: Reading, each: Candidate) -> None:
    """A day the speaker corrected in their next sentence replaces the first one."""
    for mark in list(each.marks):
        later = reading.amended.get(mark.index)
        if later is None:
            continue
        fix = reading.sentences[later]
        dues = read_dues(fix.text, reading.context)
        if dues and each.fits(fix):
            each.marks.append(fix)
            each.due, each.due_mark = dues[-1], fix


def _cancel(sentence: Sentence, found: list[Candidate]) -> None:
    """ "Forget the DPA" takes back the step that is about it."""
    hit = cue.CANCEL.search(sentence.low)
    if not hit or asks(sentence):
        return
    about = words(hit.group("what"))
    for each in found:
        if each.marks[-1].index < sentence.index and about & (words(each.action) - words(each.action.split()[0])):
            each.refused = "taken back later"
