"""Whether a line says only what its quote says: for `grounding`, which asks it of a line that a model worded."""

from __future__ import annotations

import re

from gangly_tui.intelligence.offline.money import find_money
from gangly_tui.intelligence.offline.numbers import CARDINALS, ORDINALS, SCALES

_GLUE = frozenset("a an the this that these those and of in on at by to for with from as is are was be it its".split())
"""What may be added to the words of a quote: small words that carry no fact, and none that denies."""
_DENIES = re.compile(
    r"\b(?:no|not|nor|never|none|nobody|nothing|neither|without|cannot|hardly)\b|n['\u2019]t\b|"
    r"\b(?:do|does|did|is|are|was|were|wo|ca|could|should|would|have|has|had)nt\b"
)
_LIMITS = frozenset(
    "can could would should may might must if unless until before after maybe perhaps probably only almost about "
    "around roughly under below above over least most up between".split()
)
"""What may not be left out: "up to 40k, after the board meets" is not "40k"."""
_SPELT = "|".join(sorted({*CARDINALS, *ORDINALS, *SCALES, "hundred", "half", "dozen"}, key=len, reverse=True))


def beyond(text: str, quote: str, whole: str, more: frozenset[str]) -> str:
    """The reason when the line says what the quote does not, or leaves out what limits it; "" when it stands.

    `whole` are the sentences the quote is cut from; `more` are words that may stand beside those of the quote.
    """
    low, quote, whole = text.lower(), quote.lower(), whole.lower()
    if bool(_DENIES.search(low)) != bool(_DENIES.search(whole)):
        return "it says yes where its quote says no, or the other way round"
    words, told = set(_tokens(quote)), set(_tokens(low))
    for word in _tokens(text):
        small = word.lower()
        # a plural or a verb's ending may differ; a name's or a figure's may not
        forms = {small, f"{small}s", small.removesuffix("s")} if word.islower() and len(word) > 3 else {small}
        if not forms & words and small not in _GLUE | more:
            return f"its quote does not say {small!r}"
    if left_out := sorted((_LIMITS & set(_tokens(whole))) - told):
        return f"it leaves out {left_out[0]!r} of its quote"
    said = _numbers(quote)
    if extra := [each for each in _numbers(low) if each not in said]:
        return f"its quote does not give {extra[0]!r}"
    spoken = {(each.low, each.high, each.currency) for each in find_money(quote)}
    alike = all((each.low, each.high, each.currency) in spoken for each in find_money(low))
    return "" if alike else "its quote does not give this figure"


def _numbers(low: str) -> list[str]:
    """Every number as a whole, with its sign and unit: "$48,000", "40k", "3.5%"; spoken ones with all their words."""
    written = [each.rstrip(".,:/-") for each in re.findall(r"[$€£¥₹+-]?\d[\d.,:/-]*[^\W\d_]*%?", low)]
    return written + re.findall(rf"\b(?:{_SPELT})(?:(?:[ -]and)?[ -](?:{_SPELT}))*\b", low)


def _tokens(words: str) -> list[str]:
    return re.findall(r"[^\W_]+", words)
