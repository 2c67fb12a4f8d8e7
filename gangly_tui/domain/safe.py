"""Text from outside, made fit for a screen.

A string that came from a CRM, a calendar, a mail, a transcript or a model may hold terminal escapes, bidirectional
overrides or invisible characters. `clean` replaces each by a visible stand-in; a widget takes only `Safe`.
What is sent to a CRM or kept as evidence is always the raw text, never the cleaned one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NewType

Safe = NewType("Safe", str)
"""Text that passed `clean`: no control, no override, no invisible character; still never markup."""

MARKS = 4
"""Combining marks that one letter may carry: more than any language needs, less than hides the line above."""

_SPACES = {"\t": "    ", "\r\n": "\n", "\u2028": "\n", "\u2029": "\n", "\u00a0": " "}
_AROUND = " \t\r\n\u00a0\u2028\u2029"  # what Python strips besides acts on a terminal, and is shown
_JOINER, _EMOJI_STYLE = "\u200d", "\ufe0f"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co"})
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Fillers and selectors that Unicode counts among letters and marks, and that no font draws."""

_PICTURES = "\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_VIRAMA = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
_LONE_JOINER = re.compile(
    f"{_JOINER}(?!(?<=[{_PICTURES}{_EMOJI_STYLE}]{_JOINER})[{_PICTURES}]|(?<=[{_VIRAMA}]{_JOINER})[\u0900-\u0dff])"
)
_LONE_STYLE = re.compile(f"{_EMOJI_STYLE}(?<![#*0-9\u00a9\u00ae\u203c\u2049\u2122\u2139{_PICTURES}].)")


def _hidden(char: str) -> bool:
    """Whether a character acts on a terminal or is not drawn."""
    code = ord(char)
    return (
        char in _BLANK
        or unicodedata.category(char) in _UNSEEN
        or 0xFE00 <= code <= 0xFE0F
        or 0xFFF0 <= code <= 0xFFF8
        or 0xE0000 <= code <= 0xE0FFF
    )


def _named(char: str) -> str:
    return f"⟨U+{ord(char):04X}⟩"


@lru_cache(maxsize=8192)
def _stand_in(char: str) -> str:
    """The character, or what stands for it: a picture of the control, or its number."""
    code = ord(char)
    if char == "\n" or char in (_JOINER, _EMOJI_STYLE):  # laid out by us; looked at where they stand
        return char
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return _named(char) if _hidden(char) else char


@lru_cache(maxsize=8192)
def _in_place(char: str) -> str:
    """`_stand_in` of exactly one character."""
    shown = "↵" if char in "\n\x85\u2028\u2029" else char if char == "\t" else _stand_in(char)
    return shown if len(shown) == 1 else "\ufffd"


@lru_cache(maxsize=8192)
def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me")


def _thinned(text: str, *, in_place: bool) -> str:
    """Joiners and emoji selectors only where they hold a picture together, marks only as many as a letter carries."""

    def said(found: re.Match[str]) -> str:
        return "\ufffd" if in_place else _named(found[0])

    if _EMOJI_STYLE in text:
        text = _LONE_STYLE.sub(said, text)
    if _JOINER in text:
        text = _LONE_JOINER.sub(said, text)
    if not any(map(_is_mark, text)):
        return text
    run = 0
    parts: list[str] = []
    for char in text:
        run = run + 1 if char != _EMOJI_STYLE and _is_mark(char) else 0
        parts.append(char if run <= MARKS else "\ufffd" if in_place else _named(char))
    return "".join(parts)


def clean(text: str, *, limit: int | None = None) -> Safe:
    """The text with everything that could act on a terminal made visible; newlines and tabs stay layout.

    `limit` is a number of characters; a longer text ends in an ellipsis that says how much is left out.
    """
    rest = 0
    if limit is not None and len(text) > limit:
        rest, text = len(text) - limit, text[:limit]
    for raw, shown in _SPACES.items():
        text = text.replace(raw, shown)
    if not text.isascii():
        text = _thinned("".join(map(_stand_in, text)), in_place=False)
    elif not text.isprintable():
        text = "".join(map(_stand_in, text))
    return Safe(f"{text}… ({rest:,} more characters)" if rest else text)


def one_line(text: str, *, limit: int | None = None) -> Safe:
    """`clean` for a place of one line: each line break becomes a visible mark."""
    return Safe(clean(text.strip(_AROUND), limit=limit).replace("\n", " ⏎ "))


def in_place(row: str) -> Safe:
    """One row cleaned one character for one, so that every offset into it is one into the raw text. Tabs stay."""
    if row.isascii():
        return Safe(row if row.isprintable() else "".join(map(_in_place, row)))
    return Safe(_thinned("".join(map(_in_place, row)).replace("\u00a0", " "), in_place=True))
