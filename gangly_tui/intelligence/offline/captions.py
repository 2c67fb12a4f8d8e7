"""WebVTT and SubRip: cues with speakers. Broken timings are tolerated; nothing is read from a NOTE or STYLE block.

Syntax: https://www.w3.org/TR/webvtt1/ (cue block, voice span `<v Name>`); SubRip has the same arrow with a comma.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gangly_tui.intelligence.offline.passages import Block, Passage

Line = tuple[int, int]
_TIME = re.compile(r"\d{1,3}:\d{2}(?::\d{2})?")
_VOICE = re.compile(r"<v(?:\.[\w.-]{0,40})?[ \t]+([^<>]{1,120})>")
_TAG = re.compile(r"</?[a-zA-Z0-9][^<>\n]{0,120}>")
_MERGE_LIMIT = 1200


def is_captions(source: str, lines: list[Line]) -> bool:
    """Whether this is a caption file: its signature, or timing arrows."""
    if source[:16].lstrip("\ufeff \t\r\n").startswith("WEBVTT"):
        return True
    return sum("-->" in source[start:end] for start, end in lines[:200]) >= 2


def read_captions(
    source: str, lines: list[Line], speaker_line: Callable[[str], tuple[str, int] | None]
) -> tuple[list[Passage], list[tuple[int, int]]]:
    """The cues as passages, and the stretches of markup to blank out.

    `speaker_line` reads `Name: text` and answers the name and where the text begins. Cues of one speaker that follow
    each other in the middle of a sentence become one passage.
    """
    passages: list[Passage] = []
    blanks: list[tuple[int, int]] = []
    skipping = False
    at = speaker = ""
    for index, (start, end) in enumerate(lines):
        line = source[start:end]
        word = line.strip("\ufeff \t\r")
        if not word:
            skipping = False
            continue
        if "-->" in line:
            found = _TIME.search(line)
            at = found.group() if found else ""
            blanks.append((start, end))
            skipping = False
            continue
        if skipping or word.startswith(("WEBVTT", "NOTE", "STYLE", "REGION", "Kind:", "Language:")):
            skipping = True
            blanks.append((start, end))
            continue
        after = lines[index + 1] if index + 1 < len(lines) else (end, end)
        if "-->" in source[after[0] : after[1]]:
            blanks.append((start, end))
            continue
        voice = _VOICE.search(line)
        begin = start
        if voice:
            speaker, begin = voice.group(1).strip(), start + voice.end()
        elif named := speaker_line(line):
            speaker, begin = named[0], start + named[1]
        blanks.extend((start + tag.start(), start + tag.end()) for tag in _TAG.finditer(line))
        last = passages[-1] if passages else None
        fresh = bool(voice or begin != start)
        joins = last is not None and last.speaker == speaker and last.end - last.start < _MERGE_LIMIT
        if last is not None and joins and (not fresh or not _ended(source, last, blanks)):
            if fresh:
                blanks.append((start, begin))
            passages[-1] = Passage(start=last.start, end=end, block=Block.SPEECH, speaker=speaker, at=last.at)
        else:
            passages.append(Passage(start=begin, end=end, block=Block.SPEECH, speaker=speaker, at=at))
    return passages, blanks


def _ended(source: str, passage: Passage, blanks: list[tuple[int, int]]) -> bool:
    tail = _TAG.sub("", source[max(passage.start, passage.end - 60) : passage.end]).rstrip()
    return tail.endswith((".", "!", "?"))
