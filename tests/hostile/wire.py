"""The bytes that reach a terminal: the app on a real pty, walked by keys, every byte it paints looked at."""

from __future__ import annotations

import os
import re
import select
import sys
from pathlib import Path
from time import monotonic

from tests.benchmarks.terminal import Terminal
from tests.hostile.oracle import raw_in
from tests.hostile.strings import ESCAPES

ROOT = Path(__file__).resolve().parents[2]
DOWN, ESC, TAB = b"\x1b[B", b"\x1b", b"\t"
KEYS = (
    *(DOWN, DOWN, DOWN, TAB, *(DOWN,) * 6, b"o", ESC),
    *(b"2", *(DOWN, b" ", b"G") * 4, b"e", ESC, b"x", ESC),
    *(b"1", b"n", ESC, b"5", *(DOWN,) * 8),
    *(b"1", b"/", b"needle", DOWN, ESC, b"\x10", b"brief", ESC, b"?", ESC),
)
"""Today and its brief, Source, Review card by card, edit, reject, Notes, Trail, Find, palette, help."""

_OURS = re.compile(
    "\x1b\\[[0-9;]*[mHJKABCDGd]"  # colour and cursor
    "|\x1b\\[[?>=<][0-9;]*\\$?[hlupcm]"  # modes: mouse, paste, alternate screen, synchronised output, keyboard
    "|\x1b\\]22;[a-z-]*\x07"  # the shape of the pointer
    "|\x1b\\[<u|\x1b\\[[0-9]* ?[qt]|\x1b\\[14t|\x1b\\[16t"
)
"""What Textual's driver sends by itself. What the strings hold that looks alike is looked for by name."""
_QUIET, _PATIENCE = 0.12, 8.0


def painted(folder: Path, count: int, seed: int) -> bytes:
    """All bytes of one walk."""
    command = [sys.executable, "-m", "tests.hostile.process", str(folder), str(count), str(seed)]
    home = {"HOME": str(folder), "GANGLY_HOME": str(folder / "home"), "XDG_STATE_HOME": str(folder / "state")}
    env = {**os.environ, **home, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
    with Terminal(command, env, (120, 50)) as terminal:
        seen = _read(terminal, _PATIENCE * 4, b"Today")
        for key in KEYS:
            terminal.press(key)
            seen += _read(terminal, _PATIENCE)
    return seen


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
