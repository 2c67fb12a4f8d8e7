"""Two texts of one call: the rep's own notes and the recording. Both count; where they contradict, the notes win."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from gangly_tui.domain.draft import spoken
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.safe import one_line
from gangly_tui.domain.values import same, show

_ALIKE = 80
"""From which likeness on (0 to 100, of the words in any order) two next steps are one."""
_SURER = 0.5
"""What is left of the doubt in a value that both texts give."""


def both(own: Sequence[Proposal], speech: Sequence[Proposal]) -> list[Proposal]:
    """The cards of the notes, then what only the recording has. Summary and follow-up are asked once.

    A value that both give is surer. One that the recording contradicts says so on its card, with the words.
    """
    found = list(own)
    for card in speech:
        at = next((at for at, mine in enumerate(found) if _about_the_same(mine, card)), None)
        if at is None:
            found.append(card)
        else:
            found[at] = _with_other(found[at], card)
    order = {name: place for place, name in enumerate(("field", "summary", "next step", "contact", "follow-up"))}
    return sorted(found, key=lambda each: order.get(each.group, len(order)))


def _about_the_same(mine: Proposal, other: Proposal) -> bool:
    if mine.group != other.group or mine.kind != other.kind:
        return False
    match mine.group:
        case "summary" | "follow-up":
            return True
        case "next step":
            return fuzz.token_set_ratio(_value(mine, "subject"), _value(other, "subject")) >= _ALIKE
        case "contact":
            return mine.target_name.casefold() == other.target_name.casefold()
        case _:
            return mine.target == other.target and [e.field for e in mine.changes] == [e.field for e in other.changes]


def _value(card: Proposal, name: str) -> str:
    return next((str(each.after).casefold() for each in card.changes if each.field == name), "")


def _with_other(mine: Proposal, other: Proposal) -> Proposal:
    """The card of the notes, with what the recording says to its value."""
    if mine.group != "field" or other.evidence is None:
        return mine
    change, theirs = mine.changes[0], other.changes[0]
    if same(change.after, theirs.after):
        return replace(mine, confidence=1 - (1 - mine.confidence) * _SURER)
    value = show(theirs.after, theirs.type)
    said = one_line(spoken(other.evidence.text), limit=120)
    words = f"the recording says {value}: “{said}”; your notes win"
    return replace(mine, note="; ".join(filter(None, (mine.note, words))))
