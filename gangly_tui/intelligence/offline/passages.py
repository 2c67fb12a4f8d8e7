"""What a source is made of: passages with their offsets, and the sentences the rules read.

Rules never see the raw text. They see a sentence as plain words (one space, straight quotes, no markup, no invisible
characters) that knows, for each of its characters, where it stands in the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gangly_tui.domain.draft import Evidence, Side

SENTENCE_LIMIT = 420
"""Characters. A longer run without an end is cut at a space, so that no rule ever reads far."""

_STRAIGHT = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u02bc": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2011": "-",
        "\u2192": ">",
        "\u2026": ".",
    }
)
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_FILLER = re.compile(
    r",?\s(?:um+|uh+|erm?|uhm|hmm)\b,?(?=\s)|,\s(?:like|you know|sort of|kind of),(?=\s)"
    r"|(?:,(?=\s))?\b(?P<again>a|an|the|my|our|your|to|is|it|i|we|he|she|they|you|that|of|in|for|and),\s(?:like,?\s|um,?\s|uh,?\s)?(?=(?P=again)\b)",
    re.I,
)
"""Words people say while they look for words."""
_MARKUP = re.compile(
    r"\*\*|__|`|</?[a-z][^<>]{0,60}>|\*[A-Za-z ]{2,24}\*|\[(?:laughs?|laughter|inaudible|crosstalk)[^\]]{0,20}\]"
)
_END = re.compile(r"[.!?]+[\"')\]]*(?=\s|$)|;(?=\s)|\n(?=[ \t]*(?:[-*\u2022]|\d{1,2}[.)])[ \t])")
_SHORT = frozenset(
    "inc corp ltd co mr mrs ms dr prof st vs approx e.g i.e etc no incl excl sr jr dept est fig jan feb "
    "mar apr jun jul aug sep sept oct nov dec "
    "mon tue tues wed thu thur thurs fri a.m p.m u.s".split()
)
_DICTATED = 140  # a longer stretch without any mark was dictated: it is cut where people draw breath
_PAUSE = re.compile(r"[,.;:?!]\s")
_BREAK = re.compile(
    r"\s(?=(?:uh|and then|and so|so then|then|also|but|okay|ok|um|anyway|oh and|oh|basically|so (?:i|we|they|he|"
    r"she|it|that)|"
    r"the (?:big|main|other|only|next) (?:thing|problem|issue|worry|question)|[a-z]+ (?:says|reckons|told me)|"
    r"and they|and she|and he|and i|and we|and \w+ (?:will|said|says|wants|needs|is going|is gonna|thinks|asked|has)|"
    r"i promised|i said|i told|i need to|i have to|i owe|i want to|i'll|i just|we said|we agreed|"
    r"they also|they are|they're|they have|they want|they need|he said|she said|he wants|she wants|he'll|she'll|she's|"
    r"he's going)\s)",
    re.I,
)


class Block(StrEnum):
    """What kind of text a passage is."""

    SPEECH = "speech"
    NOTE = "note"
    TASK = "task"
    """a line of a "next steps" list"""
    PREP = "prep"
    """what the rep meant to ask, or wrote about the call itself: no fact"""
    OUTCOME = "outcome"
    """the header's own line about how the call ended"""
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A turn, a line of notes or a mail's body: `text[start:end]` of the source."""

    start: int
    end: int
    block: Block
    speaker: str = ""
    at: str = ""
    side: Side = Side.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence as the rules read it. `text[i]` stands at `offsets[i]` of the original, or at `start + i`."""

    text: str
    low: str
    start: int
    end: int
    index: int
    turn: int
    block: Block
    speaker: str = ""
    side: Side = Side.UNKNOWN
    at: str = ""
    offsets: tuple[int, ...] | None = None

    def place(self, begin: int, finish: int) -> tuple[int, int]:
        """Offsets in the original of `self.text[begin:finish]`."""
        if self.offsets is None:
            return self.start + begin, self.start + finish
        begin = min(begin, len(self.offsets) - 1)
        return self.offsets[begin], self.offsets[max(begin, finish - 1)] + 1

    def evidence(self, source: str, begin: int = 0, finish: int | None = None) -> Evidence:
        """The verbatim span behind a part of this sentence."""
        start, end = self.place(begin, len(self.text) if finish is None else finish)
        return Evidence(text=source[start:end], start=start, end=end, speaker=self.speaker, side=self.side, at=self.at)

    @property
    def account(self) -> bool:
        """Whether this is the rep's written account of the call, not somebody's speech."""
        return self.block in (Block.NOTE, Block.TASK)

    @property
    def buyer_fact(self) -> bool:
        """Whether this may fill a fact about the buyer: their own words, or the rep's account of them."""
        return (self.side is Side.BUYER and self.block is Block.SPEECH) or (self.account and self.side is not Side.REP)


def span(source: str, first: Sentence, last: Sentence) -> Evidence:
    """One stretch of the original from the start of one sentence to the end of another, spoken by the last."""
    start, end = min(first.start, last.start), max(first.end, last.end)
    return Evidence(text=source[start:end], start=start, end=end, speaker=last.speaker, side=last.side, at=last.at)


def blank(text: str, spots: list[tuple[int, int]]) -> str:
    """The text with these stretches replaced by spaces: offsets stay."""
    parts, at = [], 0
    for spot, end in sorted(spots):
        if end <= at:
            continue
        start = max(spot, at)
        parts.append(text[at:start])
        parts.append(" " * (end - start))
        at = end
    parts.append(text[at:])
    return "".join(parts)


def plain(piece: str, base: int) -> tuple[str, tuple[int, ...] | None, int, int]:
    """A piece of text as words: (words, offsets or None when they are `base`, base+1, ..., start, end)."""
    lead = len(piece) - len(piece.lstrip())
    body = piece.strip()
    start = base + lead
    if (
        _PLAIN.fullmatch(body)
        and not _FILLER.search(body)
        and "*" not in body
        and "`" not in body
        and "<" not in body
        and "__" not in body
    ):
        return body, None, start, start + len(body)
    body = _MARKUP.sub(lambda found: " " * len(found.group()), body)
    body = _FILLER.sub(lambda found: " " * len(found.group()), body)
    chars: list[str] = []
    offsets: list[int] = []
    for index, char in enumerate(body.translate(_STRAIGHT)):
        if char.isspace():
            if chars and chars[-1] != " ":
                chars.append(" ")
                offsets.append(start + index)
        elif char.isascii() or unicodedata.category(char) not in ("Cf", "Cc", "Co", "Cs", "Cn"):
            chars.append(char)
            offsets.append(start + index)
    while chars and chars[-1] == " ":
        chars.pop()
        offsets.pop()
    if not chars:
        return "", None, start, start
    return "".join(chars), tuple(offsets), offsets[0], offsets[-1] + 1


def one_space(text: str) -> str:
    """A whole text with straight quotes and one space between words; offsets are lost."""
    return " ".join(text.translate(_STRAIGHT).split())


def split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The sentences of `text[start:end]` as (start, end), none longer than SENTENCE_LIMIT characters."""
    at = start
    for found in _END.finditer(text, start, end):
        finish = found.end()
        if found.group().startswith("."):
            word = text[max(at, found.start() - 12) : found.start()].split()
            if word and (word[-1].lower().lstrip("(") in _SHORT or (len(word[-1]) == 1 and word[-1].isupper())):
                continue
        if finish > at:
            yield from _short(text, at, finish)
        at = finish
    if at < end:
        yield from _short(text, at, end)


def _short(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    if end - start > _DICTATED and not _PAUSE.search(text, start, end - 1):
        for found in _BREAK.finditer(text, start, end):
            if found.start() - start >= 24 and end - found.start() >= 12:
                yield start, found.start()
                start = found.start()
    while end - start > SENTENCE_LIMIT:
        window = text[start : start + SENTENCE_LIMIT]
        breaks = [found.start() for found in _BREAK.finditer(window) if found.start() > 60]
        cut = breaks[0] if breaks else window.rfind(" ")
        cut = cut if cut > 0 else SENTENCE_LIMIT
        yield start, start + cut
        start += cut
    yield start, end


def sentences(text: str, passages: tuple[Passage, ...]) -> tuple[Sentence, ...]:
    """Every sentence of every passage, in order of the passages."""
    result: list[Sentence] = []
    for turn, passage in enumerate(passages):
        for start, end in split(text, passage.start, passage.end):
            words, offsets, begin, finish = plain(text[start:end], start)
            if not words or not any(char.isalnum() for char in words):
                continue
            result.append(
                Sentence(
                    text=words,
                    low=words.lower() if len(words.lower()) == len(words) else _lower(words),
                    start=begin,
                    end=finish,
                    index=len(result),
                    turn=turn,
                    block=passage.block,
                    speaker=passage.speaker,
                    side=passage.side,
                    at=passage.at,
                    offsets=offsets,
                )
            )
    return tuple(result)


def _lower(words: str) -> str:
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in words)
