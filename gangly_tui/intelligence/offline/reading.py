"""One text, read once: sentences with sides, what was taken back, and who is who. Every rule works on this."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from gangly_tui.domain.draft import ReadingContext, Side
from gangly_tui.intelligence.offline.languages import unread
from gangly_tui.intelligence.offline.lexicon import names_in
from gangly_tui.intelligence.offline.modality import planted, retractions
from gangly_tui.intelligence.offline.passages import Block, Sentence
from gangly_tui.intelligence.offline.sides import Cast, first_name, read_cast, with_sides
from gangly_tui.intelligence.offline.sources import Source, read_source

_CALLED = (
    r"(?:^|[.!?] )(?:(?:and|so|okay|ok|thanks|thank you|perfect|great|sure|yes|hi|hey|well|right|but|then),? "
    r")*{name}(?:,| -|:)"
    r"|,\s{name}\s?[?.!]?$|\b{name},? (?:can|could|would|will|please|do) (?:you\b|send|share)"
)
"""A name as people call somebody by it, not as they speak of them."""

_WAKE = 2
"""Sentences behind an instruction to software that belong to it, in the same turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A source with its people. `gone` were taken back; `amended` maps a sentence to the one that corrects it."""

    source: Source
    cast: Cast
    context: ReadingContext
    gone: frozenset[int]
    amended: dict[int, int]
    alive: tuple[Sentence, ...]
    unread: dict[int, str]
    """index of each sentence in another language, and that language"""
    dictated: bool = False
    """no capital anywhere: names cannot be told by theirs"""
    says_send: bool = False
    """"send" stands somewhere in the text, so that a step may be worded with it"""

    @property
    def text(self) -> str:
        """The original text."""
        return self.source.text

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Every sentence, in order."""
        return self.source.sentences

    def context_at(self, sentence: Sentence) -> ReadingContext:
        """What relative days count from: in a thread, the day each message was sent."""
        if self.source.form != "thread" or not sentence.at:
            return self.context
        sent = _sent_on(sentence.at, self.context.anchor)
        return (
            replace(self.context, anchor=datetime.combine(sent, self.context.anchor.timetz())) if sent else self.context
        )

    def initials(self, letters: str) -> str:
        """The one name in the text with these initials, empty when there is none or several; "J" is the one "J..."."""
        found = {name for each in self.sentences for name in names_in(each.text) if " " in name}
        found |= {each.name for each in self.cast.people if " " in each.name}
        if len(letters) == 1:
            by_first = {name.split()[0] for name in found if name.startswith(letters.upper())}
            fits = {name for name in found if name.split()[0] in by_first} if len(by_first) == 1 else set()
            return max(fits, key=len, default="")
        fits = {name for name in found if "".join(word[0] for word in name.split()).upper() == letters.upper()}
        return fits.pop() if len(fits) == 1 else ""

    def live(self) -> Iterator[Sentence]:
        """The sentences that count: not taken back, not planted, not the rep's preparation, not a signature."""
        return iter(self.alive)

    def before(self, sentence: Sentence, count: int) -> Iterable[Sentence]:
        """The sentences before this one, nearest first."""
        return (self.sentences[at] for at in range(sentence.index - 1, max(-1, sentence.index - 1 - count), -1))

    def after(self, sentence: Sentence, count: int) -> Iterable[Sentence]:
        """The sentences after this one."""
        return self.sentences[sentence.index + 1 : sentence.index + 1 + count]

    def reply(self, sentence: Sentence, turns: int = 2) -> list[Sentence]:
        """What the next other speaker answers: the first sentences of their turn."""
        answer: list[Sentence] = []
        if self.source.form == "thread":
            return answer  # what stands below in a thread was written before
        for each in self.after(sentence, 14):
            if each.turn - sentence.turn > turns + 1 or (answer and each.turn != answer[0].turn):
                break
            if each.speaker != sentence.speaker and each.block is Block.SPEECH:
                answer.append(each)
        return answer[:3]

    def addressee(self, sentence: Sentence) -> str:
        """The speaker's label this sentence most likely addresses: named in it, who answers, or who spoke before."""
        others = [label for label in self.source.speakers if label != sentence.speaker]
        for label in others:
            if re.search(_CALLED.format(name=re.escape(first_name(label))), sentence.low):
                return label
        side = sentence.side
        near = [*self.after(sentence, 6), *self.before(sentence, 12)]
        return next(
            (
                each.speaker
                for each in near
                if each.speaker and each.speaker != sentence.speaker and (each.side is not side or side is Side.UNKNOWN)
            ),
            "",
        )


@lru_cache(maxsize=256)
def _sent_on(words: str, anchor: datetime) -> date | None:
    from gangly_tui.intelligence.offline.dates import find_dates

    return next((hit.first for hit in find_dates(words, anchor) if hit.first == hit.last), None)


def read(text: str, context: ReadingContext) -> Reading:
    """Read a text once."""
    names = [context.rep_name, *(each.name for each in context.attendees), *context.known_contacts]
    source = read_source(text, [name for name in names if name])
    cast = read_cast(source, context)
    source = with_sides(source, cast)
    gone, amended = retractions(source.sentences)
    foreign = unread(source.sentences)
    steered = _steered(source.sentences)
    alive = tuple(
        each
        for each in source.sentences
        if each.index not in gone
        and each.index not in foreign
        and each.block not in (Block.PREP, Block.SIGNATURE)
        and each.index not in steered
    )
    return Reading(
        source=source,
        cast=cast,
        context=context,
        gone=gone,
        amended=amended,
        alive=alive,
        unread=foreign,
        dictated=text.islower(),
        says_send=bool(re.search(r"\bsend\b", text, re.IGNORECASE)),
    )


def _steered(sentences: tuple[Sentence, ...]) -> set[int]:
    """Sentences that read like an instruction to software, and what the same turn goes on to say right behind one."""
    found: set[int] = set()
    for each in sentences:
        if planted(each.low):
            found |= {one.index for one in sentences[each.index : each.index + _WAKE + 1] if one.turn == each.turn}
    return found
