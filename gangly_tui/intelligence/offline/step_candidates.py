"""A step before it is proposed: where it was said, by whom, for whom; and how duplicates become one."""

from __future__ import annotations

from dataclasses import dataclass, field

from gangly_tui.domain.draft import NextStep
from gangly_tui.intelligence.offline.confidence import calibrated
from gangly_tui.intelligence.offline.due import Due, shown, weekday_of
from gangly_tui.intelligence.offline.passages import Sentence, span
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.step_words import (
    asks_only,
    is_vague,
    names_thing,
    only_does_it,
    starts_it,
    verb_class,
    words,
)

SPAN_LIMIT = 900
"""Characters of evidence for one step; wider apart, two sentences are not one quote."""


@dataclass(slots=True, kw_only=True)
class Candidate:
    """A possible step. `marks` are the sentences that back it; together they are its quote."""

    action: str
    owner: str
    ours: bool
    rule: str
    confidence: float
    marks: list[Sentence]
    due: Due | None = None
    due_mark: Sentence | None = None
    refused: str = ""
    resolved: tuple[str, Sentence] | None = None
    """what "it" stands for when no other step names it, and the sentence that says so"""
    places: list[tuple[int, int]] = field(default_factory=list)
    """a narrower quote than whole sentences, for lines of notes that hold several steps"""

    @property
    def at(self) -> int:
        """Index of the first sentence."""
        return min(mark.index for mark in self.marks)

    def fits(self, other: Sentence) -> bool:
        """Whether this sentence can join the quote."""
        every = [*self.marks, other]
        return max(mark.end for mark in every) - min(mark.start for mark in every) <= SPAN_LIMIT


def merged(candidates: list[Candidate]) -> list[Candidate]:
    """One candidate for each step: the clearest wording, the latest day."""
    result: list[Candidate] = []
    for each in candidates:
        twin = next((old for old in reversed(result) if _same(old, each)), None)
        if twin is None:
            result.append(_spelt_out(each))
        else:
            _join(twin, each)
    return result


def _spelt_out(each: Candidate) -> Candidate:
    """A step on "it" that is no other step's echo, with the thing named."""
    if each.resolved:
        action, where = each.resolved
        each.action = action[:1].upper() + action[1:]
        if where not in each.marks:
            each.marks.insert(0, where)
    return each


_NEAR, _FAR = 12, 20
"""Sentences between two wordings of one step."""


def _same(old: Candidate, new: Candidate) -> bool:
    """Whether two candidates are one step, said twice."""
    if old.ours != new.ours:
        return _meeting_of_both(old, new)
    if old.rule == new.rule == "meeting":
        return _same_meeting(old, new)
    kind, other, apart = verb_class(old.action), verb_class(new.action), new.at - old.at
    answered = kind == "check" and other == "answer" and apart <= 2
    echoes = (starts_it(new.action) and apart <= 3) or (only_does_it(new.action) and apart <= _ECHO)
    if old.owner == new.owner and (answered or echoes or _the_way_to(old, new)):
        return True
    other_kind = other if old.rule == "meeting" else kind
    meets = "meeting" in (old.rule, new.rule) and other_kind == "meet"
    other_owner = bool(old.owner and new.owner and old.owner != new.owner)
    if other_owner and not meets and apart > _NEAR // 2:
        return False
    mine, its = words(old.action), words(new.action)
    if mine == its:
        return True
    if old.due and new.due and old.due.day != new.due.day and apart > _NEAR:
        return False
    if meets and (is_vague(new.action) or is_vague(old.action) or (mine & its) - {"schedule", "book", "set", "meet"}):
        return True
    made_and_sent = {kind, other} == {"make", "send"} and apart <= _FAR and not other_owner
    if made_and_sent:
        vague = (is_vague(new.action) and apart <= 3) or (
            _guessed(old) and new.at - max(mark.index for mark in old.marks) <= 2
        )
        return vague or bool((mine - _verb(old)) & (its - _verb(new)))
    return kind == other and _same_thing(old, new)


_ECHO = 6
"""Sentences within which "I'll do that" is about what was just taken on."""


def _the_way_to(old: Candidate, new: Candidate) -> bool:
    """Whether the second only says how the first, asked for just before, will be done: "could you find out whether they
    have network?" "I can ask Greta", "could you get me the list?" "I'll check with Bruno"."""
    asked = old.rule in ("request", "offer") and new.rule in ("promise", "loose promise", "offer", "request")
    return asked and 0 < new.at - old.at <= 3 and asks_only(new.action) and not starts_it(old.action)


def _guessed(each: Candidate) -> bool:
    """Whether the thing stands only for an "it"."""
    return is_vague(each.action) or each.resolved is not None


def _same_thing(old: Candidate, new: Candidate) -> bool:
    """Whether two steps with one kind of verb are about one thing."""
    apart = new.at - old.at
    mine, its = words(old.action) - _verb(old), words(new.action) - _verb(new)
    if is_vague(new.action) and apart <= 3:
        return True
    if is_vague(new.action) or is_vague(old.action):
        thing = next((words(each.resolved[0]) - _verb(each) for each in (new, old) if each.resolved), frozenset())
        return apart <= _NEAR and (not thing or bool(thing & (its if is_vague(old.action) else mine)))
    if verb_class(new.action) == "contact" and old.owner == new.owner and apart <= _FAR:
        return True
    shared = len(mine & its)
    return bool(shared) and (shared / max(1, min(len(mine), len(its)))) >= 0.6 and shared / len(mine | its) >= 0.3


def _meeting_of_both(old: Candidate, new: Candidate) -> bool:
    """A meeting that one side proposed and the other took: "we can do the kickoff on Monday", "Monday it is"."""
    if not (old.due and new.due and old.due.day == new.due.day) or "meeting" not in (old.rule, new.rule):
        return False
    return bool((words(old.action) & words(new.action)) - {"schedule", "book", "set", "meet"}) or "meet" in (
        *words(old.action),
        *words(new.action),
    )


def _same_meeting(old: Candidate, new: Candidate) -> bool:
    if old.due is None or new.due is None or old.due.day == new.due.day:
        return True
    day = weekday_of(old.due)
    return (bool(day) and day == weekday_of(new.due)) or new.at - old.at < 12


def _verb(each: Candidate) -> frozenset[str]:
    return words(each.action.split()[0]) if each.action else frozenset()


def _join(old: Candidate, new: Candidate) -> None:
    guessed = _guessed(old) and new.resolved is None and names_thing(new.action)
    better = ((guessed or is_vague(old.action)) and not is_vague(new.action)) or words(new.action) > words(old.action)
    clearer = (
        not is_vague(new.action)
        and len(words(new.action)) > len(words(old.action)) + 1
        and new.rule != "meeting"
        and old.rule != "meeting"
    )
    if old.rule == "meeting" or new.rule == "meeting":
        old.rule, old.ours = "meeting", old.ours or new.ours
        old.owner = new.owner if new.rule == "meeting" else old.owner
        better = better or (
            new.rule == "meeting" and len(words(new.action)) >= 2 and len(words(new.action)) > len(words(old.action))
        )
    if _the_way_to(old, new) or only_does_it(new.action):
        better = clearer = False
    if better or clearer:
        old.action = new.action
        if old.fits(new.marks[0]) and old.fits(new.marks[-1]) and not new.places:
            old.marks.extend(new.marks)
        else:
            old.marks, old.places, old.due, old.due_mark = (
                list(new.marks),
                list(new.places),
                new.due or None,
                new.due_mark,
            )
    if (
        new.due
        and (old.due is None or new.at >= old.at)
        and not (old.due and old.rule == "meeting" and old.due.day != new.due.day and new.rule != "meeting")
        and not (old.due and weekday_of(old.due) and weekday_of(old.due) == weekday_of(new.due))
    ):
        if new.due_mark is not None and old.fits(new.due_mark) and not new.places and not old.places:
            old.marks.append(new.due_mark)
            old.due, old.due_mark = new.due, new.due_mark
        elif old.due is None and not is_vague(new.action):
            old.action, old.marks, old.places, old.due, old.due_mark = (
                new.action,
                list(new.marks),
                list(new.places),
                new.due,
                new.due_mark,
            )
    if new.owner and new.owner != old.owner and "meeting" not in (old.rule, new.rule) and new.at > old.at:
        old.owner = new.owner  # handed on: "Mei, can you send them?"
    old.owner = old.owner or new.owner
    old.confidence = min(0.95, max(old.confidence, new.confidence) + 0.03)


def finished(reading: Reading, each: Candidate) -> NextStep:
    """The candidate as the domain's NextStep, with its quote."""
    first = min(each.marks, key=lambda mark: mark.start)
    last = max(each.marks, key=lambda mark: mark.end)
    evidence = span(reading.text, first, last)
    if each.places:
        start, end = min(place[0] for place in each.places), max(place[1] for place in each.places)
        evidence = type(evidence)(
            text=reading.text[start:end], start=start, end=end, speaker=first.speaker, side=first.side, at=first.at
        )
    anchor = shown(reading.context.anchor.date())
    note = f'"{each.due.words}", anchored on {anchor}' if each.due else ""
    if each.due and each.due.alternative:
        note += f"; could also be {shown(each.due.alternative)}"
    return NextStep(
        action=each.action,
        owner=each.owner,
        due=each.due.day if each.due else None,
        ours=each.ours,
        evidence=evidence,
        confidence=calibrated("step." + each.rule, each.confidence),
        due_text=note,
    )
