"""Where in the original a model's quote stands: in its turn, else anywhere, else the real words it comes close to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gangly_tui.domain.draft import Evidence
from gangly_tui.intelligence.model_prompt import Turn
from gangly_tui.intelligence.offline.passages import Sentence, one_space

LEAST_TOKENS = 3
"""A shorter quote is taken only from the turn it names: elsewhere it would be found by chance."""
_NEAR = 92.0
"""How alike, of 100, a quote must be to be set right. Only the real words are kept; the value must follow from them."""
_EDGES = " \"'`.,;:!?-*_()[]"


def locate(quote: str, number: int, turns: Sequence[Turn], text: str) -> Evidence | None:
    """The verbatim span of the text behind a quote; None when the call does not say it."""
    wanted = one_space(quote).lower().strip(_EDGES)
    if not wanted:
        return None
    named = [each for each in turns if each.number == number]
    for turn in named:
        if (found := _exact(wanted, turn, text)) is not None:
            return found
    if len(wanted.split()) < LEAST_TOKENS:
        return None
    for turn in turns:
        if (found := _exact(wanted, turn, text)) is not None:
            return found
    return next((found for turn in named or turns if (found := _near(wanted, turn, text)) is not None), None)


def _joined(turn: Turn) -> tuple[str, list[tuple[int, Sentence]]]:
    """The turn's words in lower case, and where each sentence begins in them."""
    parts: list[str] = []
    begins: list[tuple[int, Sentence]] = []
    at = 0
    for sentence in turn.sentences:
        begins.append((at, sentence))
        parts.append(sentence.low)
        at += len(sentence.low) + 1
    return " ".join(parts), begins


def _exact(wanted: str, turn: Turn, text: str) -> Evidence | None:
    low, begins = _joined(turn)
    at = next((hit.start() for hit in re.finditer(re.escape(wanted), low) if _whole(low, hit.start(), hit.end())), -1)
    return _evidence(at, at + len(wanted), begins, text) if at >= 0 else None


def _near(wanted: str, turn: Turn, text: str) -> Evidence | None:
    from rapidfuzz import fuzz

    low, begins = _joined(turn)
    if len(low) < len(wanted) * 0.8:
        return None
    near = fuzz.partial_ratio_alignment(wanted, low, score_cutoff=_NEAR)
    if near is None:
        return None
    start, end = near.dest_start, near.dest_end
    while start > 0 and low[start - 1].isalnum():
        start -= 1
    while end < len(low) and low[end].isalnum():
        end += 1
    while end > start and not low[end - 1].isalnum():
        end -= 1
    return _evidence(start, end, begins, text)


def _whole(low: str, start: int, end: int) -> bool:
    """Whether the words are not a part of longer ones: "40" is not in "140"."""
    before, behind = low[start - 1 : start], low[end : end + 1]
    return not ((before.isalnum() and low[start].isalnum()) or (behind.isalnum() and low[end - 1].isalnum()))


def _evidence(start: int, end: int, begins: Sequence[tuple[int, Sentence]], text: str) -> Evidence | None:
    touched = [(at, each) for at, each in begins if at < end and start < at + len(each.low)]
    if not touched:
        return None
    (first_at, first), (last_at, last) = touched[0], touched[-1]
    begin = first.place(max(0, start - first_at), len(first.text))[0]
    finish = last.place(0, min(len(last.text), end - last_at))[1]
    if begin >= finish:
        return None
    return Evidence(text=text[begin:finish], start=begin, end=finish, speaker=last.speaker, side=last.side, at=last.at)
