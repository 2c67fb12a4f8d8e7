"""The bytes that reach a terminal: the app on a real pty, walked by keys, every byte it paints looked at.

Each text carries a mark of letters, so that it is known which of them were painted; those that were not are given
again, in other places, until they were.
"""

from __future__ import annotations

import json
import os
import re
import select
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from tests.benchmarks.terminal import Terminal
from tests.hostile.oracle import raw_in
from tests.hostile.process import FELL
from tests.hostile.strings import ESCAPES

ROOT = Path(__file__).resolve().parents[2]
SIZE = (180, 100)
"""A large screen: as much as possible in one frame."""
DOWN, ESC, TAB, PULL = b"\x1b[B", b"\x1b", b"\t", b"\x12"
KEYS = (
    *(PULL, DOWN, DOWN, DOWN, TAB, *(DOWN,) * 6, b"o", ESC),
    *(b"2", *(DOWN, b" ", b"G") * 4, b"e", ESC, b"x", ESC),
    *(b"1", b"n", ESC, b"5", *(DOWN,) * 8),
    *(b"1", b"/", b"needle", DOWN, ESC, b"\x10", b"brief", ESC, b"?", ESC),
)
"""Today and its brief, Source, Review card by card, edit, reject, Notes, Trail, Find, palette, help."""
WALKS_A_SHARE = 100
"""Walks for one share at most: what has not been painted by then has no place."""

_OURS = re.compile(
    "\x1b\\[[0-9;]*[mHJKABCDGd]"  # colour and cursor
    "|\x1b\\[[?>=<][0-9;]*\\$?[hlupcm]"  # modes: mouse, paste, alternate screen, synchronised output, keyboard
    "|\x1b\\]22;[a-z-]*\x07"  # the shape of the pointer
    "|\x1b\\[<u|\x1b\\[[0-9]* ?[qt]|\x1b\\[14t|\x1b\\[16t"
)
"""What Textual's driver sends by itself. What the strings hold that looks alike is looked for by name."""
_MARK = re.compile("qz([0-9a-f]{4})zq")
_TAKEN = 250
_QUIET, _PATIENCE = 0.06, 8.0
_ALONE = 0.2
"""Seconds after an escape until it is no longer the beginning of another key: Textual waits 0.1."""


class Fell(Exception):
    """The app is gone in the middle of a walk."""


@dataclass(slots=True)
class Wire:
    """An open app on a terminal."""

    folder: Path
    terminal: Terminal

    def walk(self, texts: Sequence[str]) -> bytes:
        """All bytes of one walk over all screens, with these texts in every place they have."""
        (self.folder / "batch.json").write_text(json.dumps(list(texts)), encoding="ascii")
        seen = b""
        for key in KEYS:
            try:
                self.terminal.press(key)
                if key == ESC:
                    sleep(_ALONE)
                seen += _read(self.terminal, _PATIENCE)
            except OSError as error:  # nobody holds the other end any more
                raise Fell(self.last_words(key, seen)) from error
        return seen

    def last_words(self, key: bytes, seen: bytes) -> str:
        """What it said of its end."""
        log = self.folder / FELL
        told = log.read_text(encoding="utf-8")[-1_500:] if log.exists() else repr(seen[-300:])
        return f"the app ended after {key!r}: {told}"


@contextmanager
def opened(folder: Path) -> Iterator[Wire]:
    """The app in a process of its own, at Today."""
    (folder / "batch.json").write_text('["first"]', encoding="ascii")
    command = [sys.executable, "-m", "tests.hostile.process", str(folder)]
    home = {"HOME": str(folder), "GANGLY_HOME": str(folder / "home"), "XDG_STATE_HOME": str(folder / "state")}
    env = {**os.environ, **home, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
    with Terminal(command, env, SIZE) as terminal:
        wire = Wire(folder=folder, terminal=terminal)
        try:
            _read(terminal, _PATIENCE * 4, b"Today")
        except OSError as error:
            raise Fell(wire.last_words(b"", b"")) from error
        yield wire


def marked(number: int, text: str) -> str:
    """The text with its number at the beginning: in letters that nothing else on a screen has."""
    return f"qz{number:04x}zq{text}"


def painted(seen: bytes) -> set[int]:
    """The numbers of the texts that are on it."""
    text = _OURS.sub("", seen.decode("utf-8", "replace"))
    return {int(each, 16) for each in _MARK.findall(text)}


def share(folder: Path, texts: Sequence[str]) -> tuple[int, int, int, list[str]]:
    """Walk until every text was painted: how many were, bytes, walks, and what was raw."""
    waiting = {number: marked(number, text) for number, text in enumerate(texts)}
    octets = walks = 0
    raw: list[str] = []
    with opened(folder) as wire:
        while waiting and walks < WALKS_A_SHARE:
            numbers = list(waiting)[:_TAKEN]
            seen = wire.walk([waiting[each] for each in numbers])
            raw += raw_on_the_wire(seen)
            octets, walks = octets + len(seen), walks + 1
            for each in painted(seen):
                waiting.pop(each, None)
            for each in numbers:  # those that were not on screen come after the others, in other places
                if each in waiting:
                    waiting[each] = waiting.pop(each)
    return len(texts) - len(waiting), octets, walks, raw


def _read(terminal: Terminal, patience: float, mark: bytes = b"") -> bytes:
    """What is painted until it rests; with a mark, not before the mark came."""
    seen, last = b"", monotonic() + patience
    while monotonic() < last:
        wait = _QUIET if mark in seen else last - monotonic()
        if not select.select([terminal._end], [], [], wait)[0]:
            break
        seen += os.read(terminal._end, 65_536)
    return seen


def raw_on_the_wire(seen: bytes) -> list[str]:
    """What is left after Textual's own sequences are taken out and should not be: controls, overrides, blanks."""
    text = seen.decode("utf-8", "surrogateescape")
    smuggled = [f"{each!r} as it was sent" for each in ESCAPES if len(each) > 2 and each in text]
    return smuggled + [
        f"{each} near {part.strip()[:50]!r}"
        for part in _OURS.sub("\n", text).replace("\r", "\n").split("\n")
        for each in raw_in(part)
    ]
