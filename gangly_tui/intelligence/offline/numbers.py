"""Spoken numbers: "forty five thousand", "one point two million", "two hundred and fifty".

Everything here works on a list of lower-case words and an index, and answers with a value and the index behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

SMALL = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
TENS = {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
} | {"fourty": 40}
CARDINALS = SMALL | TENS
ORDINALS = {
    word: value
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        start=1,
    )
} | {"twelveth": 12, "thirtieth": 30}
SCALES = {
    "thousand": 1_000,
    "grand": 1_000,
    "lakh": 100_000,
    "lakhs": 100_000,
    "lac": 100_000,
    "million": 1_000_000,
    "millions": 1_000_000,
    "crore": 10_000_000,
    "crores": 10_000_000,
    "billion": 1_000_000_000,
    "billions": 1_000_000_000,
    "trillion": 1_000_000_000_000,
}
_LONGEST = 14


def spoken(words: Sequence[str], at: int) -> tuple[Decimal, int] | None:
    """The number that starts at `words[at]` and the index behind it; None when no number starts there.

    "and" joins parts only behind a hundred or a scale ("two hundred and five"), "-" joins tens and ones.
    "a" and "an" count as one before "hundred" or a scale. Reads at most 14 words.
    """
    fraction = _fraction(words, at)
    if fraction:
        return fraction
    total = group = Decimal(0)
    index = at
    last = "start"
    stop = min(len(words), at + _LONGEST)
    while index < stop:
        word = words[index]
        if word in SMALL and last in ("start", "hundred", "scale", "tens") and (last != "tens" or 0 < SMALL[word] < 10):
            group += SMALL[word]
            last = "ones"
        elif word in TENS and last in ("start", "hundred", "scale"):
            group += TENS[word]
            last = "tens"
        elif word == "hundred" and 0 < group < 100 and last in ("ones", "tens"):
            group *= 100
            last = "hundred"
        elif word in SCALES and last != "start" and group:
            total += group * SCALES[word]
            group = Decimal(0)
            last = "scale"
        elif word in ("a", "an") and last == "start" and _scale_follows(words, index + 1):
            group = Decimal(1)
            last = "ones"
        elif (
            word == "and" and last in ("hundred", "scale") and index + 1 < stop and words[index + 1] in CARDINALS
        ) or (word == "-" and last in ("tens", "ones") and index + 1 < stop and _joins(words[index + 1], last)):
            pass
        elif last in ("ones", "tens") and (more := _part(words, index)):
            group += more[0]
            index += more[1]
            last = "ones"
            continue
        else:
            break
        index += 1
    if last == "start":
        return None
    return total + group, index


def _joins(word: str, last: str) -> bool:
    return (last == "tens" and 0 < SMALL.get(word, 0) < 10) or word in SCALES or word == "hundred"


def _part(words: Sequence[str], at: int) -> tuple[Decimal, int] | None:
    """(what it adds, how many words): "point five", and before a scale "and a half" and "-odd" ("eighty-odd grand")."""
    if words[at] == "point":
        decimals, behind = _digits_after_point(words, at + 1)
        return (decimals, behind - at) if behind > at + 1 else None
    part = {"and a half": Decimal("0.5"), "and a quarter": Decimal("0.25")}.get(" ".join(words[at : at + 3]))
    if part is not None and at + 3 < len(words) and words[at + 3] in SCALES:
        return part, 3
    lead = 1 if words[at] == "-" else 0
    scale = words[at + lead + 1] if at + lead + 1 < len(words) and words[at + lead] == "odd" else ""
    return (Decimal(0), lead + 1) if scale in SCALES or scale == "hundred" else None


def _scale_follows(words: Sequence[str], at: int) -> bool:
    return at < len(words) and (words[at] == "hundred" or words[at] in SCALES)


def _digits_after_point(words: Sequence[str], at: int) -> tuple[Decimal, int]:
    digits = ""
    index = at
    while index < min(len(words), at + 6) and words[index] in CARDINALS:
        digits += str(CARDINALS[words[index]])
        index += 1
    return (Decimal(f"0.{digits}") if digits else Decimal(0)), index


def _fraction(words: Sequence[str], at: int) -> tuple[Decimal, int] | None:
    """ "half a million", "a quarter million", "three quarters of a billion": a fraction of a scale, never alone."""
    index = at
    count = Decimal(1)
    if index < len(words) and words[index] in ("a", "an", "one", "three"):
        count = Decimal(3) if words[index] == "three" else Decimal(1)
        index += 1
        if index < len(words) and words[index] == "-":
            index += 1
    if index >= len(words) or words[index] not in ("half", "quarter", "quarters"):
        return None
    part = count * (Decimal("0.5") if words[index] == "half" else Decimal("0.25"))
    index += 1
    while index < len(words) and words[index] in ("of", "a", "an", "-"):
        index += 1
    if index < len(words) and words[index] in SCALES:
        return part * SCALES[words[index]], index + 1
    return None
