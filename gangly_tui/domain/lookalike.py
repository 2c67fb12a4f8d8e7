"""Letters that look like others: what a person should be told before approving a name they cannot tell apart.

Scripts are read from the names of characters; the lookalikes are the single letters of Unicode's confusables (UTS 39)
that common fonts draw alike. It warns and never changes a value: a mixed word may be somebody's real name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.safe import one_line

_TWINS = (
    ("аеорсухіјѕԁԛԝһӏѵ", "aeopcyxijsdqwhlv"),  # Cyrillic
    ("АВЕКМНОРСТУХІЈЅԚԜӀ", "ABEKMHOPCTYXIJSQWl"),
    ("αογνρυικχη", "aoyvpuikxn"),  # Greek
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
    ("օսհոցզ", "ouhngq"),  # Armenian
    ("ᎪᎠᎬᎻᎫᏦᏞᎷᏢᏚᎢᏙᎳᏃ", "ADEHJKLMPSTVWZ"),  # Cherokee
    ("ıɑɡǀ01I|", "iagloll" + "l"),  # Latin letters and digits that pass for others
)
_ALIKE = str.maketrans({twin: plain for twins, plains in _TWINS for twin, plain in zip(twins, plains, strict=True)})
_FOREIGN = frozenset("".join(twins for twins, _ in _TWINS[:-1]))

_ALPHABETS = frozenset(
    "LATIN CYRILLIC GREEK ARMENIAN HEBREW ARABIC CHEROKEE GEORGIAN COPTIC DEVANAGARI BENGALI TAMIL THAI LAO ETHIOPIC "
    "MATHEMATICAL FULLWIDTH CJK HIRAGANA KATAKANA HANGUL BOPOMOFO".split()
)
_WRITTEN_TOGETHER = frozenset("LATIN FULLWIDTH CJK HIRAGANA KATAKANA HANGUL BOPOMOFO".split())
_WORD = re.compile(r"\w+")
_MOST = 3
"""Words that one warning names."""


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    if not char.isalpha():
        return ""
    first = unicodedata.name(char, "").partition(" ")[0]
    return first if first in _ALPHABETS else ""


def mixed_words(text: str) -> list[str]:
    """The words in which letters of several scripts stand side by side, as no language writes them."""
    if text.isascii():
        return []
    found = []
    for word in _WORD.findall(text):
        scripts = {_script(each) for each in word} - {""}
        if "GREEK" in scripts and not any(each in _FOREIGN for each in word):  # a formula: ΔT, βx
            scripts.discard("GREEK")
        if len(scripts) > 1 and not scripts <= _WRITTEN_TOGETHER:
            found.append(word)
    return list(dict.fromkeys(found))


def skeleton(text: str) -> str:
    """The text with every letter replaced by the plainest one that looks like it: equal for texts that look alike."""
    return unicodedata.normalize("NFKC", text).translate(_ALIKE).casefold().replace("rn", "m")


def looks_like(text: str, other: str) -> bool:
    """Whether two texts look the same and are not: more than case and spaces differ."""
    return _told_apart(text) != _told_apart(other) and "".join(skeleton(text).split()) == "".join(
        skeleton(other).split()
    )


def _told_apart(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


def warnings(card: Proposal) -> tuple[str, ...]:
    """What the card must say about its letters, a sentence each; empty for nearly every card."""
    said = [_mixed(place, words) for place, text in _texts(card) if (words := mixed_words(text))]
    for change in card.changes:
        after = change.after
        if not isinstance(after, str) or not after:
            continue
        others = [card.target_name]
        others += [each.before for each in card.changes if isinstance(each.before, str)]
        others += [each.after for each in card.changes if each is not change and isinstance(each.after, str)]
        twin = next((each for each in others if each and looks_like(after, each)), None)
        if twin is not None:
            alike = f"“{one_line(twin, limit=60)}” looks the same and is another text"
            said.append(f"{one_line(change.label, limit=60)}: {alike}: compare letter by letter")
    return tuple(dict.fromkeys(said))


def _mixed(place: str, words: list[str]) -> str:
    named = ", ".join(one_line(each, limit=40) for each in words[:_MOST])
    more = f" and {len(words) - _MOST} more" if len(words) > _MOST else ""
    scripts = sorted({_script(each).capitalize() for word in words for each in word} - {""})
    return f"{one_line(place, limit=60)}: letters of {' and '.join(scripts)} inside one word: {named}{more}"


def _texts(card: Proposal) -> Iterator[tuple[str, str]]:
    yield "record", card.target_name
    for choice in card.choices:
        yield "deal", choice.label
    for change in card.changes:
        values = change.after if isinstance(change.after, tuple) else (change.after,)
        for each in values:
            if isinstance(each, str):
                yield change.label, each
