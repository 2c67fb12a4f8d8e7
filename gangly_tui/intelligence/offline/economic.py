"""Who holds the purse: the person somebody says approves or signs."""

from __future__ import annotations

import re

from gangly_tui.domain.draft import ContactMention, Evidence, Side
from gangly_tui.intelligence.offline import field_cues as cue
from gangly_tui.intelligence.offline.lexicon import FIRST_NAME, NOT_A_NAME, PERSON, TITLE_PHRASE, names_in
from gangly_tui.intelligence.offline.modality import Mood, asks, in_order, mood
from gangly_tui.intelligence.offline.passages import Block, Sentence, span
from gangly_tui.intelligence.offline.reading import Reading

_TITLE = re.compile(
    rf"\b(?:my|our|the|their|his|her)\s(?P<title>{TITLE_PHRASE}|boss|manager|board|cfo|ceo|vp|cto|"
    rf"coo|cio|president|owner|finance director)\b",
    re.I,
)
_ASKED = re.compile(
    r"\bwho (?:else )?(?:needs to |has to |would |will |ultimately )?(?:sign|approve|decide|make "
    r"the (?:final )?(?:decision|call)|hold|own|control)s?\b|\bwho else needs to (?:approve|"
    r"sign)\b|\bwho(?:'s| is) the (?:decision[- ]maker|economic buyer|budget (?:owner|holder)|"
    r"signer)\b"
)
_SELF = re.compile(
    r"\b(?:i|i'm|i am)\b(?!.{0,24}(?:n't|\bnot|never)).{0,24}\b(?:final (?:say|decision)|sign off|"
    r"the decision[- ]maker|hold "
    r"the budget|own the budget|can sign|comfortable approving|approve (?:it|this)|decide (?:it|that|this)? "
    r"?(?:myself|alone))"
    r"\b|\bi sign (?:for|it|the|that|this|off|everything|anything|all|contracts?|these)\b|\b(?:it's|that's|is|are) "
    r"(?:my (?:call|decision|budget)|mine to (?:sign|decide|approve))\b"
)
_SIGNS = re.compile(rf"(?P<name>{PERSON}|{FIRST_NAME})\s(?:signs|approves|decides|has (?:the )?final)\b")
_SEVERAL = re.compile(r"^[\s:=-]*(?:[\w.]+\s){0,3}?[\w.]+\s?(?:\+|&|\band\b)")
_PRONOUN = re.compile(r"(?:^|[,;.]\s|\band\s)(?:she|he)\b[^,;]{0,20}$")


def economic_buyer(reading: Reading, contacts: list[ContactMention]) -> tuple[str, Evidence, float, str] | None:
    """(name or title, evidence, confidence, reading) of the one person who approves; None when several compete."""
    found: list[tuple[str, Evidence, float, str]] = []
    for sentence in reading.live():
        if not sentence.buyer_fact or sentence.block is Block.OUTCOME:
            continue
        hit = cue.ECONOMIC.search(sentence.low)
        mine = _SELF.search(sentence.low)
        if mine and sentence.block is Block.SPEECH and mood(sentence, mine.start(), mine.end()) is Mood.ASSERTED:
            name = reading.cast.full_name(sentence.speaker)
            others = re.search(r"\bif you are\b", sentence.low)
            found.append((name, _with_label(reading, sentence), 0.62 if others else 0.7, "says so of themselves"))
        elif hit and _stated(sentence, mood(sentence, hit.start(), hit.end())):
            who = _subject(sentence, hit.start(), hit.end(), contacts)
            back = _spoken_of(reading, sentence, hit.start(), contacts)
            if back:
                found.append(back)
            elif who:
                found.append((who[0], sentence.evidence(reading.text), who[1], "said to approve or sign"))
        question = _question(reading, sentence)
        if question and not hit:
            who = _subject(sentence, len(sentence.text), len(sentence.text), contacts)
            if who and mood(sentence) is Mood.ASSERTED:
                found.append(
                    (who[0], span(reading.text, question, sentence), min(0.6, who[1]), "the answer to who approves")
                )
    if not found:
        return None
    names = {each[0].lower() for each in found}
    best = max(found, key=lambda each: each[2])
    if len(names) > 1:
        people = {name for name in names if any(contact.name.lower() == name for contact in contacts)}
        if best[0].lower() not in people or len(people) > 1:
            return None
    return best


def says_so(low: str) -> bool:
    """Whether words say that somebody approves, signs or decides."""
    return bool(cue.ECONOMIC.search(low) or _SELF.search(low) or re.search(r"\bwho\b|\bapprov|\bsign", low))


def _stated(sentence: Sentence, how: Mood) -> bool:
    return how is Mood.ASSERTED or in_order(sentence, how)


def _with_label(reading: Reading, sentence: Sentence) -> Evidence:
    """The sentence with the label that names its speaker, when that stands right before it."""
    start = reading.source.passages[sentence.turn].start
    label = sentence.speaker.split()[0]
    at = reading.text.rfind(label, max(0, start - len(sentence.speaker) - 30), start)
    begin = at if at >= 0 else sentence.start
    return Evidence(
        text=reading.text[begin : sentence.end],
        start=begin,
        end=sentence.end,
        speaker=sentence.speaker,
        side=sentence.side,
        at=sentence.at,
    )


def _spoken_of(
    reading: Reading, sentence: Sentence, begin: int, contacts: list[ContactMention]
) -> tuple[str, Evidence, float, str] | None:
    """Whom "she" stands for: the one contact named last, in this sentence or the one before."""
    if not _PRONOUN.search(sentence.low[:begin]):
        return None
    before = reading.sentences[sentence.index - 1] if sentence.index else sentence
    lines = (sentence, before) if before.turn == sentence.turn else (sentence,)
    for each in lines:
        text = each.text[:begin] if each is sentence else each.text
        for name in reversed(names_in(text)):
            first = name.split()[0].lower()
            hits = [one for one in contacts if first in one.name.lower().split() and _agree(name, one.name)]
            if len(hits) == 1:
                return hits[0].name, span(reading.text, each, sentence), 0.74, "said to approve or sign"
    return None


_OTHER_PAPER = re.compile(
    r"\s(?:the |your |that |an? )?(?:\w+ )?(?:data processing|dpa\b|nda\b|non-?disclosure|confidentiality|privacy|"
    r"security|avv\b|minutes\b|timesheets?\b)"
)
"""Who signs these holds no purse."""


def _asks_who_decides(low: str) -> bool:
    found = _ASKED.search(low)
    return bool(found) and not _OTHER_PAPER.match(low, found.end() if found else 0)


def _question(reading: Reading, sentence: Sentence) -> Sentence | None:
    for each in reading.before(sentence, 3):
        if each.turn == sentence.turn:
            return None
        return each if each.side is Side.REP and asks(each) and _asks_who_decides(each.low) else None
    return None


def _subject(sentence: Sentence, begin: int, end: int, contacts: list[ContactMention]) -> tuple[str, float] | None:
    """The person nearest before the cue, else behind it: a known contact, else a title."""
    text = sentence.text
    passive = text[begin:end].lower().endswith(" by")
    behind = text[end:] if passive or re.match(r"\s?(?:is\b|will be\b|would be\b|[:=-])", text[end:]) else ""
    if _SEVERAL.match(behind):
        return None
    for area, sure in ((text[:begin], 0.78), (behind, 0.66)):
        names = names_in(area)
        title = max((hit.end() for hit in _TITLE.finditer(area)), default=-1) if sure > 0.7 else -1
        for name in reversed(names) if sure > 0.7 else names:
            if title > area.rfind(name):
                break
            first = name.split()[0].lower()
            hits = [each for each in contacts if first == each.name.lower().split()[0] and _agree(name, each.name)]
            if len(hits) == 1:
                return hits[0].name, sure
    for area, sure in ((text[:begin], 0.56), (behind, 0.5)):
        titles = list(_TITLE.finditer(area))
        if titles:
            return titles[-1 if area is not behind else 0].group("title").strip(), sure
    signing = _SIGNS.search(text) if begin < len(text) else None
    if signing and signing.group("name").lower() not in NOT_A_NAME:
        return signing.group("name"), 0.62
    bare = re.search(r"\b(?:CFO|CEO|CTO|COO|CIO|CRO|VP|[Bb]oard)\b", text[:begin] or behind)
    return (bare.group(), 0.5) if bare else None


def _agree(one: str, other: str) -> bool:
    """Whether two names can be one person's: equal, or one of them only a first name."""
    mine, its = one.lower().split(), other.lower().split()
    return mine == its or 1 in (len(mine), len(its))
