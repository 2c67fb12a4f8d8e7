"""Text from outside, made fit for a screen.

A string that came from a CRM, a calendar, a mail, a transcript or a model may hold terminal escapes, bidirectional
overrides or invisible characters. `clean` replaces each by a visible stand-in; a widget takes only `Safe`.
What is sent to a CRM or kept as evidence is always the raw text, never the cleaned one.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NewType

Safe = NewType("Safe", str)
"""Text that passed `clean`: no control, no override, no invisible character; still never markup."""

_KEPT = {"\n", "\u200d"}  # a line break is laid out by us; the joiner holds emoji together
_SPACES = {"\t": "    ", "\r\n": "\n", "\u2028": "\n", "\u2029": "\n", "\u00a0": " "}
_EMOJI_STYLE = "\ufe0f"


@lru_cache(maxsize=4096)
def _stand_in(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    category = unicodedata.category(char)
    if category in ("Cc", "Cf", "Cs", "Co") or 0xFE00 <= code <= 0xFE0E or 0xE0100 <= code <= 0xE01EF:
        return f"⟨U+{code:04X}⟩"
    return char


def clean(text: str, *, limit: int | None = None) -> Safe:
    """The text with everything that could act on a terminal made visible; newlines and tabs stay layout.

    `limit` is a number of characters; a longer text ends in an ellipsis that says how much is left out.
    """
    for raw, shown in _SPACES.items():
        text = text.replace(raw, shown)
    rest = 0
    if limit is not None and len(text) > limit:
        rest, text = len(text) - limit, text[:limit]
    if not text.isascii() or not text.isprintable():
        text = "".join(char if char in _KEPT or char == _EMOJI_STYLE else _stand_in(char) for char in text)
    return Safe(f"{text}… ({rest:,} more characters)" if rest else text)


def one_line(text: str, *, limit: int | None = None) -> Safe:
    """`clean` for a place of one line: each line break becomes a visible mark."""
    return Safe(clean(text.strip(), limit=limit).replace("\n", " ⏎ "))
