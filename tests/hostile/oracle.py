"""What a screen may show, said a second time: shares nothing with the code that cleans."""

from __future__ import annotations

import re
import unicodedata

NEVER = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
BLANK = frozenset("\u034f\u115f\u1160\u3164\uffa0\u2800\ufe00\ufe0e\u180b")
_PICTURE = re.compile("[\u00a9\u00ae\u203c-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff\ufe0f]")
_OURS = "⏎·␍↵"
"""Marks that a screen puts at line ends and edges; they may be in the data too, so they are looked for in neither."""
_CONTROLS = "\x0b\x0c\x1c\x1d\x1e\x1f\x85"
"""Python counts these among spaces; a terminal acts on them."""


def raw_in(text: str) -> list[str]:
    """The characters of a painted line that act on a terminal or are not drawn, each named."""
    found = []
    for at, char in enumerate(text):
        if char == "\u200d":
            before, after = text[at - 1 : at], text[at + 1 : at + 2]
            if unicodedata.combining(before or "x") == 9 or _PICTURE.match(before) or _PICTURE.match(after):
                continue  # a picture in parts; where a box cuts it, half of one
        if unicodedata.category(char) in NEVER or char in BLANK or 0xE0000 <= ord(char) <= 0xE0FFF:
            found.append(f"U+{ord(char):04X}")
    return found


def _bare(text: str) -> str:
    return "".join(each for each in text if each not in _OURS and (each in _CONTROLS or not each.isspace()))


def _piece(char: str) -> str:
    code = ord(char)
    category = unicodedata.category(char)
    named = f"⟨U\\+{code:04X}⟩"
    stand_in = f"(?:{named}|\ufffd)"
    if char in "\u200d\ufe0f" or category in ("Mn", "Me"):
        return f"(?:{char}|{stand_in})"
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if (
        category in NEVER
        or char in BLANK
        or 0xFE00 <= code <= 0xFE0F
        or 0xE0000 <= code <= 0xE0FFF
        or 0xFFF0 <= code <= 0xFFF8
    ):
        return stand_in
    return re.escape(char)


def hidden(text: str, painted: str, *, first: int | None = None) -> bool:
    """Whether the raw text cannot be found in what was painted: each character, or its stand-in, in order.

    Spaces, line ends and our own marks count for nothing. `first` asks only for so many characters of it.
    """
    bare = _bare(text.replace("\r\n", "\n"))
    wanted = bare if first is None else bare[:first]
    return re.search("".join(map(_piece, wanted)), _bare(painted)) is None
