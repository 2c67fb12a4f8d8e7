"""Steps in the rep's own notes: arrows, "Name to ...", lists of next steps, short imperatives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gangly_tui.intelligence.offline import note_cues as cue
from gangly_tui.intelligence.offline.due import read_dues
from gangly_tui.intelligence.offline.lexicon import ACTION_VERB, MEETING_NOUN, NOT_A_NAME
from gangly_tui.intelligence.offline.modality import denied, prep
from gangly_tui.intelligence.offline.note_build import INITIALS, made
from gangly_tui.intelligence.offline.passages import Block, Sentence
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.step_candidates import Candidate
from gangly_tui.intelligence.offline.step_words import base_of
from gangly_tui.intelligence.offline.tables import cells


def note_steps(reading: Reading, sentence: Sentence) -> Iterator[Candidate]:
    """The steps one line of notes holds."""
    if (sentence.block is not Block.TASK and prep(sentence)) or sentence.low.rstrip().endswith("?"):
        return
    if meeting := _next_meeting(reading, sentence):
        yield from meeting
        return
    if sentence.block is Block.TASK:
        yield from _task(reading, sentence)
        return
    text, at = sentence.text, 0
    for cut in [*cue.CLAUSE.finditer(text), None]:
        end = cut.start() if cut else len(text)
        clause = text[at:end].strip()
        begin = at + len(text[at:end]) - len(text[at:end].lstrip())
        at = cut.end() if cut else end
        label = cue.LABEL.match(clause)
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
        cue.OPEN.search(cue.ASKS_IF.sub("", low))
        or (cue.PAST_DONE.match(low) and not cue.ASKED_TO.match(clause.text) and not cue.WANTS.match(clause.text))
        or denied(low, 0, min(12, len(low)))
    ):
        return
    task = next((found for read in _READERS if (found := read(clause))), None)
    if task is None:
        return
    end = len(clause.text) if task.end is None else task.end
    yield from made(
        clause.reading,
        clause.sentence,
        (clause.begin + task.start, clause.begin + end),
        task.who,
        task.sure,
        quote_from=clause.begin,
        prefix=task.prefix,
        rule=task.rule,
        until=clause.begin
        + len(clause.text)
        + (_DUE_ROOM if cue.DUE.match(clause.sentence.text, clause.begin + len(clause.text)) else 2),
    )


_DUE_ROOM = 14
"""Characters behind a clause in which ", due on ..." still belongs to it."""


def _by_arrow(clause: _Clause) -> _Task | None:
    """ "me -> send DPA"."""
    found = cue.ARROW.match(clause.text)
    if not found or not re.match(rf"{ACTION_VERB}\b", found.group("what"), re.I):
        return None
    return _Task(start=found.start("what"), who=found.group("who"), sure=0.86)


def _by_name(clause: _Clause) -> _Task | None:
    """ "Priya to send redlines", "they will check"; in dictated notes names have no capitals."""
    found = cue.TO.match(clause.text)
    if not found and clause.reading.dictated:
        found = cue.LOWER_NAME.match(clause.text)
        if found and found.group("who") in NOT_A_NAME:
            return None
    return _Task(start=found.start("what"), who=found.group("who"), sure=0.8) if found else None


def _does(text: str) -> re.Match[str] | None:
    """ "Mei sends the store list": somebody and a verb of work."""
    found = cue.DOES.match(text)
    known = found and found.group("who").split()[0].lower() not in NOT_A_NAME
    return found if found and known and base_of(found.group("verb")) != found.group("verb") else None


def _next_meeting(reading: Reading, sentence: Sentence) -> list[Candidate]:
    """ "Next meeting: 24 September, 15:00": a day, and no other name for what takes place."""
    found = cue.NEXT_MEETING.match(sentence.text)
    dues = read_dues(sentence.text, reading.context) if found else []
    if (
        not found
        or not dues
        or dues[0].start > found.end()
        or re.search(rf"\b{MEETING_NOUN}\b", sentence.low[dues[0].end :])
    ):
        return []
    name = found.span("name")
    return list(made(reading, sentence, name, "me", 0.8, quote_from=0, rule="meeting", until=len(sentence.text)))


def _by_tail(clause: _Clause) -> _Task | None:
    """ "migration of old counts (we do it)"."""
    found = cue.HANDS_ON.match(clause.text)
    return _Task(start=0, end=found.end("what"), who=found.group("who"), sure=0.74) if found else None


def _by_name_now(clause: _Clause) -> _Task | None:
    """ "Mei sends the store list by 10 Sept": with a day, or in a list of steps, a plan and not a habit."""
    found = _does(clause.text)
    if not found:
        return None
    end = clause.begin + len(clause.text)
    dues = read_dues(clause.sentence.text, clause.reading.context)
    if not any(clause.begin <= due.start <= end for due in dues):
        return None
    return _Task(start=found.start("what"), who=found.group("who"), sure=0.74)


def _by_me(clause: _Clause) -> _Task | None:
    """ "asked me to send ...", "i promised to send ...", "I set it up"."""
    found = cue.ASKED_TO.match(clause.text) or cue.PROMISED.match(clause.text) or cue.PLAINLY.match(clause.text)
    return _Task(start=found.start("what"), who="me", sure=0.78) if found else None


def _wanted(clause: _Clause) -> _Task | None:
    """ "wants SOC2 report by fri": ours to deliver."""
    found = cue.WANTS.match(clause.text)
    if not found or re.match(r"to\b|\w+\s+to\b", found.group("what")):
        return None
    if re.match(r"(?:a |an |the )?(?:[\w-]+ )?(?:demo|trial|pilot|poc)\b", found.group("what"), re.I):
        return None
    return _Task(start=found.start("what"), who="me", sure=0.56, prefix="send ", rule="wanted")


def _owed(clause: _Clause) -> _Task | None:
    """ "I promised her the case study", "I owe them a quote": ours to send."""
    found = cue.OWES.match(clause.text)
    return _Task(start=found.start("what"), who="me", sure=0.76, prefix="send ") if found else None


def _meets_again(clause: _Clause) -> _Task | None:
    """ "we said we'd meet again on the 24th"."""
    found = cue.MEETS_AGAIN.match(clause.text)
    end = clause.begin + len(clause.text)
    if not found or not any(
        clause.begin <= due.start <= end for due in read_dues(clause.sentence.text, clause.reading.context)
    ):
        return None
    return _Task(start=found.start("what"), end=found.end("what"), who="me", sure=0.8, rule="meeting")


def _meeting_set(clause: _Clause) -> _Task | None:
    """ "demo booked for 3 Oct", "next mtg: 28 Apr workshop w/ field crew"."""
    if not cue.MEET.search(clause.text) and not (clause.labelled and cue.HELD.search(clause.text)):
        return None
    end = clause.begin + len(clause.text)
    dues = read_dues(clause.sentence.text, clause.reading.context)
    held = cue.HELD.search(clause.text)
    if (
        held
        and clause.labelled
        and re.match(rf"(?:both:\s)?(?!{MEETING_NOUN}\b)(?:agree|{ACTION_VERB})\s", clause.text, re.I)
    ):
        return None
    if not held or not any(clause.begin - 2 <= due.start <= end + 40 for due in dues):
        return None
    return _Task(start=held.start("name"), end=held.end("name"), who="me", sure=0.8, rule="meeting")


def _imperative(clause: _Clause) -> _Task | None:
    """ "send DPA", "follow up w/ Kim"."""
    found = cue.BARE.match(clause.text)
    if not found or cue.NOUN_FIRST.match(clause.text.lower()):
        return None
    known = cue.FOLLOW_UPS.match(clause.text.lower(), found.start("what"))
    short = clause.first or len(clause.text.split()) <= 8 or read_dues(clause.text, clause.reading.context)
    if not clause.labelled and not (known and short):
        return None
    sure, rule = (0.72, "note") if clause.labelled else (0.6, "bare note")
    return _Task(start=found.start("what"), who="me", sure=sure, rule=rule)


def _labelled(clause: _Clause) -> _Task | None:
    """Whatever stands behind "next:" or "todo:"."""
    if not clause.labelled or len(clause.text.split()) < _FEW:
        return None
    head = cue.OWNER_HEAD.match(clause.text)
    if head and (name := head.group("square") or head.group("at") or head.group("name") or ""):
        return _Task(start=head.end(), who=name, sure=0.8)
    return _Task(start=0, who="me", sure=0.6)


_FEW = 2


_READERS = (
    _by_arrow,
    _by_name,
    _by_tail,
    _by_name_now,
    _by_me,
    _owed,
    _meets_again,
    _wanted,
    _meeting_set,
    _imperative,
    _labelled,
)


def _task(reading: Reading, sentence: Sentence) -> Iterator[Candidate]:
    text, begin, end = sentence.text, 0, len(sentence.text)
    if not re.search(r"[A-Za-z]{3}", text):
        return
    if " | " in text:
        yield from _row(reading, sentence)
        return
    who, named_behind = "", False
    head = cue.OWNER_HEAD.match(text)
    if head:
        name = head.group("square") or head.group("at") or head.group("name")
        short = name.isupper() and len(name) <= INITIALS
        if name.lower() in cue.FIRST | cue.THIRD or (
            reading.initials(name) if short else name.split()[0].lower() not in NOT_A_NAME
        ):
            who, begin = name, head.end()
    to = cue.TO.match(text[begin:]) or _does(text[begin:])
    if to and not who and to.group("who").lower() not in NOT_A_NAME:
        who, begin = to.group("who"), begin + to.start("what")
    for tail in cue.OWNER_TAIL.finditer(text, begin) if not who else ():
        name = next(part for part in tail.groups() if part)
        if tail.group("colon") and (tail.start() < begin + 4 or not _is_somebody(reading, name, listed=False)):
            continue
        who, end = name, tail.start()
        end = len(text) if tail.end() < len(text) - 2 and end < begin + 6 else end
        named_behind = True
        break
    lead = re.match(r"(?:please|need to|we should|we need to|to)\s", text[begin:], re.I)
    begin += lead.end() if lead else 0
    for each in made(reading, sentence, (begin, end), who or "me", 0.85 if who else 0.72, quote_from=0):
        each.places = [] if named_behind else each.places  # the quote goes on to the name
        yield each


def _row(reading: Reading, sentence: Sentence) -> Iterator[Candidate]:
    """A row of a table: the cell with a name, the cell with a day, and what is to be done."""
    text = sentence.text
    left = cells(text)
    who = next(
        (at for at in left if len(text[at[0] : at[1]].split()) <= 3 and _is_somebody(reading, text[at[0] : at[1]])),
        None,
    )
    left = [at for at in left if at != who]
    when = next(
        (at for at in reversed(left) if len(left) > 1 and read_dues(text[at[0] : at[1]], reading.context)), None
    )
    left = [at for at in left if at != when]
    if left:
        what = max(left, key=lambda at: at[1] - at[0])
        yield from made(
            reading, sentence, what, text[who[0] : who[1]] if who else "me", 0.85 if who else 0.72, quote_from=0
        )


def _is_somebody(reading: Reading, words: str, *, listed: bool = True) -> bool:
    """Whether words name somebody; in a column of names (`listed`) any name does."""
    low = words.lower()
    known = low in cue.FIRST | cue.THIRD or reading.cast.named(words) is not None
    return known or (listed and bool(cue.NAME_ONLY.fullmatch(words)))
