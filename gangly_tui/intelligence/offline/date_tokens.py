"""Words of a line as the date reader sees them: what each could mean, and where it stands."""

from __future__ import annotations

import re
from typing import NamedTuple

from gangly_tui.intelligence.offline import calendar_words as words
from gangly_tui.intelligence.offline.numbers import CARDINALS, ORDINALS

NUM, NTH, ORD, CARD, MONTH, WEEKDAY, UNIT, WORD, MARK, END = (
    "number",
    "nth",
    "ordinal",
    "cardinal",
    "month",
    "weekday",
    "unit",
    "word",
    "mark",
    "end",
)


class Token(NamedTuple):
    """One word, number or mark. `value` is a number (`NUM`, `NTH`, `ORD`, `CARD`, `MONTH`, `WEEKDAY`) or 0."""

    kind: str
    value: int
    word: str
    start: int
    end: int
    glued: bool
    """no space before it"""
    digits: int
    """how many digits the number was written with"""
    capital: bool


STOP = Token(END, 0, "", 0, 0, False, 0, False)

_TOKEN = re.compile(r"(\d++)(?:(st|nd|rd|th)(?![^\W\d_]))?|([^\W\d_]+(?:['’][^\W\d_]+)?)|([^\w\s]|_)", re.IGNORECASE)
_ALSO_STARTERS = {
    "christmas", "xmas", "easter", "halloween", "thanksgiving", "at this time", "nineteen", "two thousand", "thirty",
    "forty",
    "fifteen", "twelve", "eleven", "a m", "p m", "morning", "afternoon", "evening", "night", "[ap]m", r"[ap]\.\s?m",
    "zero", "twenty",
    "(?:on|by|until|till|to|from|before|after|of) the (?:" + "|".join(ORDINALS) + ")",
}  # fmt: skip
_WORTH = re.compile(
    r"\d|\b(?:" + "|".join(sorted(words.STARTERS | _ALSO_STARTERS)) + r")",
    re.IGNORECASE,
)
_HOLIDAY = re.compile(r"\b(?:eve|new year|valentine|patrick|good friday|boxing|juneteenth|memorial)", re.IGNORECASE)
_KINDS: dict[str, tuple[str, int]] = (
    {word: (CARD, value) for word, value in CARDINALS.items()}
    | {word: (ORD, value) for word, value in ORDINALS.items()}
    | {word: (UNIT, 0) for word in words.UNITS if word != "second"}
    | {word: (MONTH, value) for word, value in words.MONTHS.items()}
    | {word: (WEEKDAY, value) for word, value in words.WEEKDAYS.items()}
)
_LONGEST_NUMBER = 8


def worth_reading(line: str) -> bool:
    """Whether the line can hold a date or a time at all; a quick no saves the work on most lines."""
    return bool(_WORTH.search(line) or _HOLIDAY.search(line))


def tokens(line: str) -> list[Token]:
    """The line's tokens with four stops behind the last, so that a rule may look ahead without checking."""
    found: list[Token] = []
    behind = -1
    for match in _TOKEN.finditer(line):
        start, end = match.span()
        glued = start == behind
        behind = end
        digits = match.group(1)
        if digits:
            if len(digits) > _LONGEST_NUMBER:
                found.append(Token(WORD, 0, "#", start, end, glued, len(digits), False))
            elif match.group(2):
                found.append(Token(NTH, int(digits), digits, start, end, glued, len(digits), False))
            else:
                found.append(Token(NUM, int(digits), digits, start, end, glued, len(digits), False))
            continue
        raw = match.group(3)
        if raw is None:
            found.append(Token(MARK, 0, match.group(), start, end, glued, 0, False))
            continue
        word = raw.lower().replace("’", "'")
        if word.endswith("'s"):
            word = word[:-2]
        kind, value = _KINDS.get(word, (WORD, 0))
        found.append(Token(kind, value, word, start, end, glued, 0, raw[0].isupper()))
    found.extend([STOP] * 4)
    return found
