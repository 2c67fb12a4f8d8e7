"""A step of notes as a candidate: its words, its day, its owner, and what "it" stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gangly_tui.domain.draft import Side
from gangly_tui.intelligence.offline import note_cues as cue
from gangly_tui.intelligence.offline.due import read_dues
from gangly_tui.intelligence.offline.passages import Block, Sentence
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.step_candidates import Candidate
from gangly_tui.intelligence.offline.step_words import held, wording, words

INITIALS = 3
"""The most capitals that stand for a name: "J", "RA"."""


def made(
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
    if cut := cue.NO_PART.search(sentence.text, begin + 4, end):
        end = cut.start()
    action = wording(prefix + sentence.text[begin:end], due, begin - len(prefix))
    start = quote_from
    before: list[tuple[int, int]] = []
    if named := _it_in_line(sentence, action, quote_from):
        action, start = named
        due = due or next((each for each in dues if start <= each.start < begin), None)
    elif reading.dictated and (told := _it_before(reading, sentence, action)):
        action, before = told
    action = re.sub(r"\s*\([^)]*$", "", re.sub(r"^(?:we|i|they|then)\s", "", action, flags=re.I))
    action = held(action) if rule == "meeting" else action[:1].upper() + action[1:]
    if not words(action):
        return
    owner, ours = owner_of(reading, who)
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
        places=[*before, sentence.place(start, min(finish, len(sentence.text)))],
    )


def _it_before(reading: Reading, sentence: Sentence, action: str) -> tuple[str, list[tuple[int, int]]] | None:
    """What "it" stands for in a dictated note: the thing named just before, and where that stands."""
    for each in reading.before(sentence, 2):
        named = _it_in_line(each, action, len(each.text)) if each.turn == sentence.turn else None
        if named:
            return named[0], [each.place(named[1], len(each.text))]
    return None


def _it_in_line(sentence: Sentence, action: str, begin: int) -> tuple[str, int] | None:
    """ "wants SOC2 report by fri, me -> send it + DPA": "it" is the thing named just before, in the same line."""
    found = cue.ON_IT.match(action)
    things = list(cue.SENT.finditer(sentence.text, 0, begin)) if found else []
    if not found or not things:
        return None
    thing = things[-1].group()
    if re.search(r"\b(?:the|a|an)\s$", sentence.low[: things[-1].start()]):
        thing = f"the {thing}"
    rest = re.sub(r"^\sto\s(?:her|him|them|me|us)$", "", action[found.end() :])
    return f"{found.group('verb')} {thing}{rest}", things[-1].start()


def owner_of(reading: Reading, who: str) -> tuple[str, bool]:
    """The owner's name and whether that is us."""
    low = who.lower().strip()
    if low in cue.FIRST:
        return reading.cast.rep, True
    if low in cue.THIRD or low.startswith(("the ", "their ", "his ", "her ", "team")):
        return "", False
    if low.startswith("our "):
        return "", True
    if who.isupper() and who != "I" and len(who) <= INITIALS:
        who = reading.initials(who) or who
    person = reading.cast.named(who)
    if person:
        return person.name, person.side is Side.REP
    rep = reading.context.rep_name.lower().split()
    if rep and low.split()[0] == rep[0]:
        return reading.context.rep_name, True
    return who, False
