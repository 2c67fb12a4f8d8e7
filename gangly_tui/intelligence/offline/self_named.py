"""Speakers a recorder only numbers, and the name they give themselves: "Speaker 2: hi, this is Jen Wu"."""

from __future__ import annotations

import re

from gangly_tui.intelligence.offline.lexicon import FIRST_NAME, NOT_A_NAME, PERSON, TITLE_WORD
from gangly_tui.intelligence.offline.passages import Block
from gangly_tui.intelligence.offline.sources import Source

_NUMBERED = re.compile(
    r"(?:(?:unknown |unidentified )?speaker|participant|visitor|guest|caller|user|agent|customer|client|prospect|buyer|"
    r"host|lead|them)(?:[ _]?#?(?:\d{1,2}|[a-d]))?",
    re.I,
)
_SAYS = re.compile(
    rf"\b(?:[Ii]t's|[Ii]t is|[Tt]his is|[Ii]'m|[Ii] am|[Mm]y name is|[Mm]y name's)\s(?P<name>{PERSON}|"
    rf"{FIRST_NAME})(?=[\s,.;!?]|$)"
    rf"|^\s*(?P<first>{PERSON})(?:,\s(?:[Ii]|and [Ii]|the|head|from)\b|\shere\b)"
)
_SAYS_LOW = r"\b(?:it's|this is|i'm|i am|my name is)\s(?P<name>{name})\b"
_TURNS, _FAR = 6, 300


def is_numbered(label: str) -> bool:
    """Whether a label stands for a seat in the call, not for a name."""
    return bool(_NUMBERED.fullmatch(label.strip()))


def own_name(source: Source, label: str, rep: str) -> tuple[str, int, int] | None:
    """(the name, its start and end) with which a speaker introduces themselves in their first turns."""
    turns = [each for each in source.passages if each.speaker == label and each.block is Block.SPEECH]
    for each in turns[:_TURNS]:
        words = source.masked[each.start : min(each.end, each.start + _FAR)].replace("\u2019", "'")
        for hit in _SAYS.finditer(words):
            key = "name" if hit.group("name") else "first"
            parts = hit.group(key).split()
            if not any(part.lower().strip(".") in NOT_A_NAME or TITLE_WORD.fullmatch(part) for part in parts):
                return hit.group(key), each.start + hit.start(key), each.start + hit.end(key)
        known = re.search(_SAYS_LOW.format(name=re.escape(rep.lower())), words.lower()) if rep else None
        if known:
            return rep, each.start + known.start("name"), each.start + known.end("name")
    return None
