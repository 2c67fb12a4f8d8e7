"""Who took on what, by when: promises, accepted requests and offers, meetings agreed on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gangly_tui.domain.draft import Dropped, NextStep, Side
from gangly_tui.intelligence.offline import step_cues as cue
from gangly_tui.intelligence.offline.commitments import score_commitments
from gangly_tui.intelligence.offline.due import read_dues
from gangly_tui.intelligence.offline.lexicon import ACTION_VERB, NOT_A_NAME
from gangly_tui.intelligence.offline.modality import asks
from gangly_tui.intelligence.offline.passages import Block, Sentence
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.step_build import built
from gangly_tui.intelligence.offline.step_candidates import Candidate, finished, merged
from gangly_tui.intelligence.offline.step_meetings import agreed_slot
from gangly_tui.intelligence.offline.step_needs import from_the_other_end
from gangly_tui.intelligence.offline.step_notes import note_steps
from gangly_tui.intelligence.offline.step_requests import offered, requested
from gangly_tui.intelligence.offline.step_words import is_vague, names_thing, only_does_it, words

_DEMONSTRATES = re.compile(
    r"(?:show|get (?:to|into|right|straight)|return to|look at|pass|read|take (?:you|a (?:look|step))|bring (?:up|you)|"
    r"open (?:up|with)|make sure (?:it|that|they)(?:'s| is| are)|put (?:it|that|this)\b(?! in)|tell (?:you|me|us|"
    r"them|him|her|the)\b|push back|"
    r"be|let you (?:go|get))\b"
)
_NO_ACTION = re.compile(r"be\b|let\b(?! \w+ know)|have (?:it|that|them|those)\b")
_BY_WHEN = re.compile(
    r"(?:(?:please|and|but|ok|okay|yes|just|so),? )*(?:(?:can you |could you |please )?do (?:that|it|this|both),? )?"
    r"(?:by|before|no later than|not later than|until)\s"
)
_HAVE_IT = re.compile(
    r"\b(?:(?:should|will|'ll|can|could) (?:have|get|expect|see|receive) (?:it|that|them|'em|those)|"
    r"(?:you'll|you will|you should) hear (?:back )?from (?:me|us)|(?:have|get) "
    r"(?:it|that|"
    r"them) (?:to you|back|done|over|ready)|(?:it|that|they)(?:'ll| will) (?:be (?:there|ready|done|with you|in "
    r"your inbox)|"
    r"take))\b"
)
_SHORT = 18
"""Words of a sentence that only says by when."""
_TALK = 0.3
"""Likelihood below which a promise that names neither a thing nor a day is not taken for a step."""


def find_next_steps(reading: Reading) -> tuple[list[NextStep], list[Dropped]]:
    """Every step somebody took on, merged and worded, and the candidates that were refused."""
    kept, refused = candidates(reading)
    steps = sorted((finished(reading, each) for each in kept), key=lambda step: step.evidence.start)
    dropped = [
        Dropped(what="next step", value=each.action, quote=finished(reading, each).evidence.text, reason=each.refused)
        for each in refused
        if not any(words(each.action) <= words(other.action) for other in kept)
    ]
    return steps, dropped


def candidates(reading: Reading) -> tuple[list[Candidate], list[Candidate]]:
    """(the steps, the refused ones), each with the rule that found it."""
    found: list[Candidate] = []
    for sentence in reading.live():
        if sentence.block is Block.SPEECH:
            found.extend(_speech(reading, sentence))
            found.extend(_other_end(reading, sentence, found))
            _cancel(sentence, found)
        elif sentence.account:
            found.extend(note_steps(reading, sentence))
    found.sort(key=lambda each: each.at)
    for each in found:
        _dated_behind(reading, each)
        _amend(reading, each)
    kept = merged([each for each in found if not each.refused])
    for each in kept:
        if only_does_it(each.action) or (
            is_vague(each.action) and not each.due and not words(each.action) - words(each.action.split()[0])
        ):
            each.refused = "nobody can tell what is to be done"
    return [each for each in kept if not each.refused], [each for each in (*found, *kept) if each.refused]


def _speech(reading: Reading, sentence: Sentence) -> Iterator[Candidate]:
    slot = agreed_slot(reading, sentence)
    if slot:
        yield slot
    taken: set[int] = set()
    question = asks(sentence)
    imperative = cue.IMPERATIVE.match(sentence.text)
    for found in cue.REQUEST.finditer(sentence.text):
        if not _idle(sentence.low, found.start()):
            taken.add(found.start("what"))
            yield from requested(reading, sentence, found.start("what"), question)
    if imperative and not question and imperative.start("what") not in taken:
        taken.add(imperative.start("what"))
        yield from requested(reading, sentence, imperative.start("what"), False, imperative=True)
    stop = _asks_from(sentence.low) if question else len(sentence.text)
    for pattern, step in _TAKEN_ON if stop else ():
        for found in pattern.finditer(sentence.text, 0, stop):
            if found.start("what") not in taken:
                taken.add(found.start("what"))
                yield from step(reading, sentence, found)
    for found in _ANY_PROMISE.finditer(sentence.text, 0, stop) if not question else ():
        if found.start("what") not in taken and _meant(reading, sentence, found):
            taken.add(found.start("what"))
            yield from _promised(reading, sentence, found)
    for found in cue.OFFER.finditer(sentence.text):
        if found.start("what") not in taken:
            yield from offered(reading, sentence, found)


_THEN_ASKS = re.compile(
    r"[,;] (?:and |but |so )?(?:what|what's|when|where|who|how|which|would|could|can|will|shall|should|do|does|"
    r"is|are|ok|okay|right)\b"
)


def _asks_from(low: str) -> int:
    """Where the question begins in "I'll mail you the docs, what's your address?"; 0 where it is one from the start."""
    tails = [found.start() for found in _THEN_ASKS.finditer(low)]
    return tails[-1] if tails and not _ASKS_FIRST.match(low) else 0


_ASKS_FIRST = re.compile(
    r"(?:(?:so|and|but|okay|ok|well|great|perfect|sure|right),? )*(?:can|could|would|will|shall|should|do|does|"
    r"did|is|are|"
    r"what|when|where|who|how|which|why|have|has|if)\b"
)


def _other_end(reading: Reading, sentence: Sentence, found: list[Candidate]) -> list[Candidate]:
    """Steps told from the receiver's end, unless the sentence already backs a step."""
    near = [each for each in found[-8:] if not each.refused]
    if any(sentence in each.marks for each in near):
        return []
    return list(from_the_other_end(reading, sentence))


def _idle(low: str, begin: int) -> bool:
    head = low[max(0, begin - 60) : begin]
    return bool(cue.NOW_TALK.search(low[begin : begin + 60])) or bool(
        re.search(r"\b(?:i'd say|tell me|you tell)\b", head)
    )


_HANDED = re.compile(
    rf"(?:get|have)\s(?:our|my|the)\s(?:[\w-]+\s){{0,3}}?[\w-]+,\s(?P<who>[A-Z]\w+),?\s(?:to\s)?(?P<what>(?:{ACTION_VERB})\b)"
)
""" "get our engineer, Pippa, to set up a login": hers to do."""
_OWN_WILL = re.compile(r"(?:[a-z ]+,?\s)?will\b")


def _promised(reading: Reading, sentence: Sentence, found: re.Match[str]) -> Iterator[Candidate]:
    low, at = sentence.low, found.start()
    what = sentence.text[found.start("what") :]
    if handed := _HANDED.match(what):
        begin = found.start("what") + handed.start("what")
        yield from built(
            reading, sentence, begin, handed.group("who"), side=sentence.side, rule="assigned", confidence=0.7
        )
        return
    if cue.NOW_TALK.search(low[at : at + 70]) or _NO_ACTION.match(what.lower()):
        return
    has_due = bool(read_dues(sentence.text, reading.context)) or _due_next(reading, sentence)
    team = not low.startswith(("i", "let me", "will"), at) and not _OWN_WILL.match(low, at)
    if (team and not cue.STRONG.match(what)) or (_DEMONSTRATES.match(what.lower()) and not has_due):
        return
    reason, loose = "", not names_thing(what) and not has_due and not cue.CLEAR.match(what)
    if cue.CONDITION.search(low[max(0, at - 60) : at]) or re.search(r"\b(?:if|unless)\b", low[found.end() :][:80]):
        reason = "conditional: it depends on something that has not happened"
    elif cue.HABIT.search(low[max(0, at - 12) :]) and not has_due:
        reason = "says how they usually work, not what somebody took on"
    elif re.search(r"\b(?:maybe|might|perhaps|not sure)\b", low[max(0, at - 30) : at]):
        reason = "hypothetical"
    elif not names_thing(what) and not has_due and team and sentence.side is Side.REP and cue.PITCH_WE.match(low[at:]):
        reason = "describes the service, not a step"
    elif loose and _likelihood(reading, sentence) < _TALK:
        reason = "sounds like talk, not like a step"
    needs = low.startswith(("i need", "i have", "we need", "we have", "i'd need", "i'd have"), at)
    yield from built(
        reading,
        sentence,
        found.start("what"),
        reading.cast.full_name(sentence.speaker),
        side=sentence.side,
        rule="loose promise" if loose else "promise",
        confidence=0.5 if loose else 0.66 if team or needs else 0.76,
        reason=reason,
    )


def _due_next(reading: Reading, sentence: Sentence) -> bool:
    """Whether the speaker goes on to say by when: "you'll have them by Thursday"."""
    behind = next(iter(reading.after(sentence, 1)), None)
    return (
        behind is not None
        and behind.turn == sentence.turn
        and bool(_HAVE_IT.search(behind.low) and read_dues(behind.text, reading.context))
    )


def _likelihood(reading: Reading, sentence: Sentence) -> float:
    """How likely somebody takes on an action here, by the linear model, with a sentence of context on either side."""
    near = reading.sentences[max(0, sentence.index - 2) : sentence.index + 3]
    scores = score_commitments([each.text for each in near], [each.speaker for each in near])
    return scores[near.index(sentence)]


def _assigned(reading: Reading, sentence: Sentence, found: re.Match[str]) -> Iterator[Candidate]:
    """ "Priya will send the redlines", "our project manager, Tim, will contact you"."""
    at = found.start("what")
    if cue.CONDITION.search(sentence.low[: found.start()]) or not cue.STRONG.match(sentence.text[at:]):
        return
    person = reading.cast.named(found.group("who"))
    own = (found.groupdict().get("own") or "").lower() in ("our", "my")
    told = person is None and sentence.side is Side.BUYER and found.group("who").lower() not in NOT_A_NAME
    told = told and bool(read_dues(sentence.text, reading.context))
    if (person is None and not own and not told) or (
        " can " in found.group() and not read_dues(sentence.text, reading.context)
    ):
        return
    side = person.side if person is not None and person.side is not Side.UNKNOWN else sentence.side
    owner = person.name if person else found.group("who")
    yield from built(reading, sentence, at, owner, side=side, rule="assigned", confidence=0.7)


def _reported(reading: Reading, sentence: Sentence, found: re.Match[str]) -> Iterator[Candidate]:
    """ "She says she will send the list tomorrow": somebody of the speaker's own side takes it on."""
    what = sentence.text[found.start("what") :]
    if (
        not cue.STRONG.match(what)
        or cue.CONDITION.search(sentence.low[: found.start()])
        or cue.HABIT.search(sentence.low)
    ):
        return
    if not names_thing(what) and not read_dues(sentence.text, reading.context):
        return
    yield from built(reading, sentence, found.start("what"), "", side=sentence.side, rule="reported", confidence=0.6)


_ANY_PROMISE = re.compile(
    rf"\b(?:i'll|i will|i'm going to|i'm gonna)\s{cue.FILL}(?P<what>(?!(?:{ACTION_VERB})\b)[a-z]{{3,14}}\b)", re.I
)
_NO_WORK = frozenset(
    "see have know think guess mean want like need believe hope suppose assume understand remember say wait stay leave "
    "love feel use stop come try keep miss admit pass still never not always probably start continue happen live "
    "manage "
    "appreciate stick agree disagree head travel drive fly catch jump rush grab eat join let also just then definitely "
    "certainly actually personally quickly happily".split()
)
"""Behind "I'll": what one thinks, or where one will be."""


def _meant(reading: Reading, sentence: Sentence, found: re.Match[str]) -> bool:
    """Whether "I'll switch it on tonight", with a verb of no list, is a promise: a day, and the model's word for it."""
    if found.group("what").lower() in _NO_WORK:
        return False
    dated = any(due.start > found.end("what") for due in read_dues(sentence.text, reading.context))
    return dated and _likelihood(reading, sentence) >= _TALK


_TAKEN_ON = ((cue.PROMISE, _promised), (cue.NAMED, _assigned), (cue.THIRD, _reported))


def _dated_behind(reading: Reading, each: Candidate) -> None:
    """ "I need to request the summary. I should have it by Friday": the day stands in the speaker's next sentence."""
    if each.due or each.places or each.rule == "meeting":
        return
    last = each.marks[-1]
    for behind in reading.after(last, 2):
        dues = read_dues(behind.text, reading.context) if _BY_WHEN.match(behind.low) else []
        if len(dues) == 1 and len(behind.low.split()) <= _SHORT and each.fits(behind):
            each.marks.append(behind)
            each.due, each.due_mark = dues[0], behind
            return
    for behind in reading.after(last, 6 if each.rule == "request" else 4):
        if behind.side is not last.side and behind.turn != last.turn and each.rule != "request":
            continue
        dues = read_dues(behind.text, reading.context) if _HAVE_IT.search(behind.low) else []
        if dues and each.fits(behind):
            each.marks.append(behind)
            each.due, each.due_mark = dues[-1], behind
            return
        promised = cue.PROMISE.search(behind.text)
        if promised and (each.rule != "request" or names_thing(behind.text[promised.start() :])):
            return


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
