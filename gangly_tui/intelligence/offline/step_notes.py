"""Steps in the rep's own notes: arrows, "Name to ...", lists of next steps, short imperatives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gangly_tui.domain.draft import Side
from gangly_tui.intelligence.offline import note_cues as cue
from gangly_tui.intelligence.offline.due import read_dues
from gangly_tui.intelligence.offline.lexicon import ACTION_VERB, MEETING_NOUN, NOT_A_NAME
from gangly_tui.intelligence.offline.modality import denied, prep
from gangly_tui.intelligence.offline.passages import Block, Sentence
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.step_candidates import Candidate
from gangly_tui.intelligence.offline.step_words import held, wording, words
from gangly_tui.intelligence.offline.tables import cells


def note_steps(reading: Reading, sentence: Sentence) -> Iterator[Candidate]:
    """The steps one line of notes holds."""
    if prep(sentence) or sentence.low.rstrip().endswith("?"):
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
    yield from _made(
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


def _by_name_now(clause: _Clause) -> _Task | None:
    """ "Mei sends the store list by 10 Sept": with a day, or in a list of steps, a plan and not a habit."""
    found = cue.DOES.match(clause.text)
    if not found or found.group("who").lower() in NOT_A_NAME:
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
    who = ""
    head = cue.OWNER_HEAD.match(text)
    if head:
        name = head.group("square") or head.group("at") or head.group("name")
        if name.lower() in cue.FIRST | cue.THIRD or name.split()[0].lower() not in NOT_A_NAME:
            who, begin = name, head.end()
    to = cue.TO.match(text[begin:]) or cue.DOES.match(text[begin:])
    if to and not who and to.group("who").lower() not in NOT_A_NAME:
        who, begin = to.group("who"), begin + to.start("what")
    tail = cue.OWNER_TAIL.search(text, begin)
    if tail and not who:
        who, end = next(part for part in tail.groups() if part), tail.start()
        end = len(text) if tail.end() < len(text) - 2 and end < begin + 6 else end
    lead = re.match(r"(?:please|need to|we should|we need to|to)\s", text[begin:], re.I)
    begin += lead.end() if lead else 0
    yield from _made(reading, sentence, (begin, end), who or "me", 0.85 if who else 0.72, quote_from=0)


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
        yield from _made(
            reading, sentence, what, text[who[0] : who[1]] if who else "me", 0.85 if who else 0.72, quote_from=0
        )


def _is_somebody(reading: Reading, words: str) -> bool:
    low = words.lower()
    return low in cue.FIRST | cue.THIRD or reading.cast.named(words) is not None or bool(cue.NAME_ONLY.fullmatch(words))


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
    if cut := cue.NO_PART.search(sentence.text, begin + 4, end):
        end = cut.start()
    action = wording(prefix + sentence.text[begin:end], due, begin - len(prefix))
    start = quote_from
    if named := _it_in_line(sentence, action, quote_from):
        action, start = named
        due = due or next((each for each in dues if start <= each.start < begin), None)
    action = re.sub(r"\s*\([^)]*$", "", re.sub(r"^(?:we|i|they|then)\s", "", action, flags=re.I))
    action = held(action) if rule == "meeting" else action[:1].upper() + action[1:]
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
    found = cue.ON_IT.match(action)
    things = list(cue.SENT.finditer(sentence.text, 0, begin)) if found else []
    if not found or not things:
        return None
    thing = things[-1].group()
    if re.search(r"\b(?:the|a|an)\s$", sentence.low[: things[-1].start()]):
        thing = f"the {thing}"
    rest = re.sub(r"^\sto\s(?:her|him|them|me|us)$", "", action[found.end() :])
    return f"{found.group('verb')} {thing}{rest}", things[-1].start()


def _owner(reading: Reading, who: str) -> tuple[str, bool]:
    """The owner's name and whether that is us."""
    low = who.lower().strip()
    if low in cue.FIRST:
        return reading.cast.rep, True
    if low in cue.THIRD or low.startswith(("the ", "their ", "his ", "her ", "team")):
        return "", False
    if low.startswith("our "):
        return "", True
    if who.isupper() and 1 < len(who) < 4:
        who = reading.initials(who) or who
    person = reading.cast.named(who)
    if person:
        return person.name, person.side is Side.REP
    rep = reading.context.rep_name.lower().split()
    if rep and low.split()[0] == rep[0]:
        return reading.context.rep_name, True
    return who, False
