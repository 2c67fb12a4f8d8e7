"""How something was said: asserted, denied, supposed, asked, of the past, taken back; or planted to steer a reader."""

from __future__ import annotations

import re
from enum import StrEnum

from gangly_tui.intelligence.offline.passages import Block, Sentence


class Mood(StrEnum):
    """The mood of a cue in its sentence. Only ASSERTED fills a field."""

    ASSERTED = "asserted"
    NEGATED = "negated"
    HYPOTHETICAL = "hypothetical"
    QUESTION = "a question"
    PAST = "of the past"
    PREP = "the rep's own preparation"
    PLANTED = "reads like an instruction to software"


_ASKS = re.compile(
    r"^(?:(?:so|and|but|okay|ok|well|now|great|got it|perfect|sure|right|um|uh)[,.]?\s)*"
    r"(?:do|does|did|is|are|was|were|can|could|would|will|should|shall|have|has|what|what's|who|who's|whose|when|where|why|which|how|any)\s"
    r"(?!i\b|think|matters|helps|about)",
)
_PREP = re.compile(
    r"^(?:q\d?|question)\s*[:.-]|^(?:ask|check|confirm|find out|clarify|probe|need to (?:ask|know|find out)|remember to ask|figure out)"
    r"\s(?:(?:them|him|her|\w+)\s)?(?:about|if|whether|who|what|when|how|why|which)\b|\?\s*\)?$|^(?:ask|asking)[: ]",
)
_SUPPOSED = re.compile(
    r"\b(?:if|unless|what if|suppose|supposing|imagine|let's say|say we|hypothetically|in theory|theoretically|might|maybe|perhaps|"
    r"would have|could have|would be|would need|would want|could be|could see|possibly|wish|were to|would|ideally|in a perfect world|"
    r"i (?:think|guess|suspect|hope|assume|doubt)|my (?:guess|gut|hunch)|gut feel(?:ing)?|hopefully|hoping|not sure|unclear|unsure|tbd|tbc|don't know|no idea|for example|e\.g\.|say,)\b"
)
_NOT = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|can't|cant|don't|dont|doesn't|doesnt|didn't|didnt|isn't|isnt|aren't|arent|wasn't|weren't|"
    r"won't|wont|wouldn't|shouldn't|couldn't|haven't|havent|hasn't|hasnt|hadn't|ain't|nobody|nothing|no one|n't|hardly|far from|instead of|rather than|stopped|"
    r"refus\w+|declin\w+|reject\w+|ruled out|cancell?ed|yet to)\b"
)
_NOT_BUT = re.compile(r"\bnot (?:only|just|to mention)\b|\bno (?:problem|worries|doubt|question|longer than|more than|later than|brainer|kidding)\b|\bwhy not\b|\bno,|\bnot a problem\b|\bcan't wait\b|\bif not\b")  # fmt: skip
_PAST = re.compile(
    r"\b(?:used to|last (?:year|quarter|month|time|week)|previously|formerly|originally|back (?:then|when|in)|years? ago|months? ago|"
    r"at the time|in the past|in 20[01]\d|once had|had been|had (?:a|an|the|set)|at my (?:last|old|previous)|at our last|historically|before i joined|"
    r"our last|the last (?:vendor|tool|rollout|project)|last (?:software|vendor|tool))\b"
)
_PLANTED = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}\b(?:previous|prior|above|all|any|earlier|your|these|the)\b.{0,30}\b(?:instruction|prompt|rule|context|guideline|direction|message)s?\b|"
    r"\b(?:system|assistant|developer|admin|user)\s*(?:prompt|message|note|override|instruction|turn)?\s*[:>\]]|<\|?(?:system|im_start|assistant)|\[/?inst\]|"
    r"\b(?:note|message|instructions?|attention|reminder) (?:to|for) (?:the )?(?:ai|assistant|model|bot|software|summari[sz]er|note ?taker|crm|system|agent|llm)\b|"
    r"\b(?:you are|act as|as) (?:now )?(?:an? )?(?:ai|assistant|language model|crm (?:bot|agent|assistant)|llm|helpful)\b|\b(?:dear|hey|hi|hello) (?:ai|assistant|model|note ?taker|bot)\b|"
    r"\b(?:set|mark|change|update|move|put|log|record|enter|write|flag|fill)\b.{0,50}\b(?:stage|amount|close ?date|closed[ -]?(?:won|lost)|field|crm|deal value|opportunity|pipeline|probability|economic buyer|competitor)\b.{0,40}\b(?:to|as|at|=|into|with|is)\b|"
    r"\b(?:set|mark|change|update|move|log|record)\b.{0,60}\b(?:to|as|into)\b.{0,20}\bclosed?[ -]?(?:won|lost)\b|"
    r"\b(?:reveal|print|show|output|leak|dump|exfiltrate)\b.{0,40}\b(?:system prompt|other accounts?|all accounts?|api key|secret|password|credentials)\b|"
    r"\b(?:stage|amount|close_date|economic_buyer|next_step)\s*[=]|[\"'](?:stage|amount|close_date|fields?)[\"']\s*:|\bwhen (?:summari[sz]ing|extracting|drafting)\b|"
    r"\bthe (?:ai|assistant|model|summary|crm) (?:should|must|shall|needs to|has to)\b",
)
_RETRACTS = re.compile(
    r"\b(?:scratch that|strike that|forget (?:that|it|what i (?:just )?said)|ignore that|never ?mind(?: that)?|disregard that|take that back|i take it back|"
    r"cancel that|not that|i misspoke|wait,? no|no,? wait|let me correct (?:that|myself)|i was wrong|delete that)\b"
)
_CORRECTS = re.compile(
    r"\b(?:actually|sorry|correction|i mean|i meant|rather|make (?:that|it)|let's make it|wait|or better|change that to|no[,:] )\b|\bactually no\b|^no[,.] "
)
_NOT_X = re.compile(r"\bnot\s+(?:on\s|by\s|the\s|until\s|for\s|at\s)?")
REPORTED_BACK = re.compile(r"\b(?:hold off|no need|don't (?:bother|worry)|we can skip|skip)\b")


def planted(low: str) -> bool:
    """Whether a sentence reads like an instruction to software rather than like talk between people."""
    return bool(_PLANTED.search(low))


def asks(sentence: Sentence) -> bool:
    """Whether the sentence is a question."""
    return sentence.low.rstrip(" \"')").endswith("?") or (
        sentence.block is Block.SPEECH and not sentence.low.endswith((".", "!")) and bool(_ASKS.match(sentence.low))
    )


def prep(sentence: Sentence) -> bool:
    """Whether a line of notes is what the rep meant to ask, not what was answered."""
    return sentence.block is Block.PREP or (sentence.account and bool(_PREP.search(sentence.low)))


def mood(sentence: Sentence, begin: int = 0, finish: int | None = None, *, past_counts: bool = False) -> Mood:
    """The mood of `sentence.text[begin:finish]`. `past_counts` is for what is true because it happened (a signature)."""
    finish = len(sentence.text) if finish is None else finish
    if planted(sentence.low):
        return Mood.PLANTED
    if prep(sentence):
        return Mood.PREP
    if asks(sentence):
        return Mood.QUESTION
    head, tail = _clause(sentence.low, begin, finish)
    clause = sentence.low[head:tail]
    if denied(sentence.low, begin, finish):
        return Mood.NEGATED
    if _SUPPOSED.search(sentence.low[head : max(begin, head + 1)]) or _SUPPOSED.search(clause):
        return Mood.HYPOTHETICAL
    if re.match(r"(?:if|unless|once|when|assuming|provided)\b", sentence.low):
        return Mood.HYPOTHETICAL
    if not past_counts and _PAST.search(clause):
        return Mood.PAST
    return Mood.ASSERTED


def denied(low: str, begin: int, finish: int) -> bool:
    """Whether a negation governs the cue: shortly before it in its clause, or right behind it."""
    head, tail = _clause(low, begin, finish)
    before = _NOT_BUT.sub(lambda found: " " * len(found.group()), low[max(head, begin - 42) : begin])
    behind = _NOT_BUT.sub(lambda found: " " * len(found.group()), low[finish : min(tail, finish + 22)])
    inside = re.sub(r"\bnot (?:only|just)\b", "", low[begin:finish])
    return bool(_NOT.search(before) or _NOT.search(behind) or re.match(r"(?:no|not|never)\b", inside))


def _clause(low: str, begin: int, finish: int) -> tuple[int, int]:
    head = max(
        (
            low.rfind(mark, 0, begin) + len(mark)
            for mark in (", but ", "; ", " but ", ", and ", " - ", ", so ", ": ")
            if low.rfind(mark, 0, begin) >= 0
        ),
        default=0,
    )
    tails = [at for mark in (", but ", "; ", " but ", ", and ", " - ", ", so ") if (at := low.find(mark, finish)) >= 0]
    return head, min(tails, default=len(low))


def excluded(low: str, begin: int) -> bool:
    """Whether what stands at `begin` is the X of "not X, Y"."""
    found = None
    for found in _NOT_X.finditer(low, max(0, begin - 14), begin):
        pass
    return bool(found and low[found.end() : begin].strip() in ("", "next", "this", "on", "until", "by"))


def correction_at(low: str) -> int | None:
    """Where a speaker starts to correct themselves, or None. What stands before is taken back if it is said anew."""
    last = None
    for pattern in (_RETRACTS, _CORRECTS):
        for found in pattern.finditer(low):
            last = found.end() if last is None else max(last, found.end())
    return last


def retractions(items: tuple[Sentence, ...]) -> tuple[frozenset[int], dict[int, int]]:
    """(indexes of sentences that were taken back, index of a sentence -> index of the one that corrects it).

    "Scratch that" alone takes back what the same speaker said last; with new words behind it, those correct it.
    """
    gone: set[int] = set()
    amended: dict[int, int] = {}
    for item in items:
        low = item.low
        if len(low) > 160:
            continue
        pure = _RETRACTS.search(low)
        correcting = pure or re.match(
            r"(?:oh,? |um,? |and )?(?:actually|sorry|correction|no|wait|i mean|i meant|make (?:that|it))\b[,:. -]", low
        )
        if not correcting or (
            pure is None
            and not re.search(
                r"\d|\bnot\b|day\b|week|month|tomorrow|january|february|march|april|june|july|august|september|october|november|december|quarter|\bmake\b|instead|thousand|hundred|million",
                low,
            )
        ):
            continue
        previous = next(
            (
                items[at]
                for at in range(item.index - 1, max(-1, item.index - 6), -1)
                if items[at].speaker == item.speaker and at not in gone and items[at].block is item.block
            ),
            None,
        )
        if previous is None or item.turn - previous.turn > 2:
            continue
        if pure and pure.start() > 30 and item.account:
            continue
        rest = low[correcting.end() :].strip(" .,!-:")
        if pure and len(rest.split()) < 1:
            gone.add(previous.index)
            gone.add(item.index)
        elif pure and not re.search(r"\d|day\b|tomorrow|week|month|quarter|make it|instead", rest):
            gone.add(previous.index)
        else:
            amended[previous.index] = item.index
    return frozenset(gone), amended
