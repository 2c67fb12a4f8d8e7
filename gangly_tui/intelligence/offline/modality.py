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
    HEDGED = "only a guess"
    PAST = "of the past"
    PREP = "the rep's own preparation"
    PLANTED = "reads like an instruction to software"


_ASKS = re.compile(
    r"^(?:(?:so|and|but|okay|ok|well|now|great|got it|perfect|sure|right|um|uh)[,.]?\s)*"
    r"(?:do|does|did|is|are|was|were|can|could|would|will|should|shall|have|has|what|what's|who|"
    r"who's|whose|when|where|why|which|how|any)\s"
    r"(?!i\b|think|matters|helps|about)",
)
_PREP = re.compile(
    r"^(?:q\d?|question)\s*[:.-]|^(?:ask|check|confirm|find out|clarify|probe|need to (?:ask|know|"
    r"find out)|remember to ask|figure out)"
    r"\s(?:(?:them|him|her|\w+)\s)?(?:about|if|whether|who|what|when|how|why|which)\b|\?\s*\)?$|^(?:ask|asking)[: ]",
)
_SUPPOSED = re.compile(
    r"\b(?:if|unless|what if|suppose|supposing|imagine|let's say|say we|hypothetically|in theory|"
    r"theoretically|might|maybe|perhaps|"
    r"would have|could have|would be|would need|would want|could be|could see|possibly|wish|were "
    r"to|would|ideally|in a perfect world|"
    r"i (?:hope|assume|doubt)|my (?:guess|gut|hunch)|gut feel(?:ing)?|"
    r"hopefully|hoping|not sure|unclear|unsure|tbd|tbc|don't know|no idea|for example|e\.g\.|"
    r"say,)\b"
)
_NO_CONDITION = re.compile(
    r"\bif (?:anything|possible|you (?:want|like|will|don't mind|can)|that'?s (?:ok|okay|fine|alright)|not more)\b|"
    r"\bas if\b|\bwhat if\b(?=.*\?)|\bwould (?:like|love|need|want|prefer)\b"
)
_HEDGE = re.compile(r"\b(?:i|we) (?:think|guess|suspect|believe|feel like|reckon)\b|\bi'd (?:say|guess)\b|\bprobably\b")
_NOT = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|can't|cant|don't|dont|doesn't|doesnt|"
    r"didn't|didnt|isn't|isnt|aren't|arent|wasn't|weren't|"
    r"won't|wont|wouldn't|shouldn't|couldn't|haven't|havent|hasn't|hasnt|hadn't|ain't|nobody|"
    r"nothing|no one|n't|hardly|far from|instead of|rather than|stopped|"
    r"refus\w+|declin\w+|reject\w+|ruled out|cancell?ed|yet to)\b"
)
_NOT_BUT = re.compile(
    r"\bnot (?:only|just|to mention)\b|\bno (?:problem(?=[,.!?]|$)|worries|doubt|question|longer than|more "
    r"than|later than|brainer|kidding)\b|\bnot a (?:penny|cent|euro|dollar|pound) more\b|\bwhy not\b|\bno,|"
    r"\bnot a problem\b|\bcan't wait\b|\bif "
    r"not\b"
)
_INSTEAD = re.compile(r"\b(?:instead of|rather than)\b.*")
"""Denies what follows it, not what stands before."""
_PAST = re.compile(
    r"\b(?:used to|last (?:year|quarter|month|time|week)|previously|formerly|originally|back "
    r"(?:then|when|in)|years? ago|months? ago|"
    r"at the time|in the past|in 20[01]\d|once had|had been|had (?:a|an|the|set)|at my (?:last|"
    r"old|previous)|at our last|historically|before i joined|"
    r"our last|the last (?:vendor|tool|rollout|project)|last (?:software|vendor|tool))\b"
)
_PLANTED = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}\b(?:previous|prior|above|all|any|"
    r"earlier|your|these|the)\b.{0,30}\b(?:instruction|prompt|rule|context|guideline|direction|"
    r"message)s?\b|"
    r"\b(?:system|assistant|developer|admin|user)\s*(?:prompt|message|note|override|instruction|"
    r"turn)?\s*[:>\]]|<\|?(?:system|im_start|assistant)|\[/?inst\]|"
    r"\b(?:note|message|instructions?|attention|reminder) (?:to|for) (?:the )?(?:ai|assistant|"
    r"model|bot|software|summari[sz]er|note ?taker|crm|system|agent|llm)\b|"
    r"\b(?:you are|act as|as) (?:now )?(?:an? )?(?:ai|assistant|language model|crm (?:bot|agent|"
    r"assistant)|llm|helpful)\b|\b(?:dear|hey|hi|hello) (?:ai|assistant|model|note ?taker|bot)\b|"
    r"\b(?:set|mark|change|update|move|put|log|record|enter|write|flag|fill)\b.{0,50}\b(?:stage|"
    r"amount|close ?date|closed[ -]?(?:won|lost)|field|crm|deal value|opportunity|pipeline|"
    r"probability|economic buyer|competitor)\b.{0,40}\b(?:to|as|at|=|into|with|is)\b|"
    r"\b(?:set|mark|change|update|move|log|record)\b.{0,60}\b(?:to|as|into)\b.{0,20}\bclosed?[ -]?(?:won|lost)\b|"
    r"\b(?:reveal|print|show|output|leak|dump|exfiltrate)\b.{0,40}\b(?:system prompt|other "
    r"accounts?|all accounts?|api key|secret|password|credentials)\b|"
    r"\b(?:stage|amount|close_date|economic_buyer|next_step)\s*[=]|[\"'](?:stage|amount|"
    r"close_date|fields?)[\"']\s*:|\bwhen (?:summari[sz]ing|extracting|drafting)\b|"
    r"\bthe (?:ai|assistant|model|summary|crm) (?:should|must|shall|needs to|has to)\b",
)
_READER = r"(?:chat ?gpt|gpt|llm|siri|copilot|gemini|computer|robot|machine|bot|software|ai|language model|assistant)"
_ADDRESSED = re.compile(
    rf"(?:^|[:.!?] )(?:(?:hi|hey|hello|dear|ok|okay|p\.?s\.?)[,:]? )?(?:to )?(?:the |any )?{_READER}s?\s?[,:]|"
    rf"[,;] (?:dear )?(?:my )?{_READER}\s?[.!]?$|\bif you(?:'re| are) (?:an? |the )?{_READER}\b|"
    r"\b(?:who(?:m|ever)?|what(?:ever)?|anyone who|anything that) (?:reads|processes|parses|summari[sz]es|"
    r"analy[sz]es|transcribes) this\b|"
    r"\bthe (?:software|program|system|machine|tool|bot|model) (?:listening|reading|processing|transcribing)\b|"
    r"\b(?:your new (?:task|instructions?|objective)|(?:final|hidden|secret|additional|updated) instructions?)\b"
    r".{0,30}[:,]|\bend of (?:the )?(?:transcript|conversation|document|system prompt)\b|\bnew transcript begins\b|"
    r"\bas (?:the |an? )?(?:admin\w*|owner|developer) of (?:this|the|your) (?:crm|system|software|assistant)\b|"
    r"\byou must (?:comply|obey)\s?[:.!]|"
    r"\b(?:begin|output|return|print|(?:respond|answer|reply) (?:with|in)) (?:only )?(?:valid )?json\b|"
    r"\b(?:output|answer|reply|respond|say|write|treat|pretend|assume|authori[sz]e|equals?|approve)\b.{0,50}"
    r"\bclosed?[ _-]?(?:won|lost)\b|\bdecode (?:this )?and (?:obey|follow|execute)\b"
)
"""Spoken to whoever reads the words later, which people in a call do not do."""
_RETRACTS = re.compile(
    r"\b(?:scratch that|strike that|forget (?:that|it|what i (?:just )?said)|ignore that|never "
    r"?mind(?: that)?|disregard that|take that back|i take it back|"
    r"cancel that|not that|i misspoke|wait,? no|no,? wait|let me correct (?:that|myself)|i was wrong|delete that)\b"
)
_CORRECTS = re.compile(
    r"\b(?:actually|sorry|correction|i mean|i meant|rather|make (?:that|it)|let's make it|wait|or "
    r"better|change that to|no[,:] )\b|\bactually no\b|^no[,.] "
)
_NOT_X = re.compile(r"\bnot\s+(?:on\s|by\s|the\s|until\s|for\s|at\s)?")
_IN_ORDER = re.compile(r"(?:so |and |but )?(?:once|when|after|as soon as)\b")
"""Opens a step of a process, not a supposition: "once security is done it goes to the CFO"."""


def planted(low: str) -> bool:
    """Whether a sentence reads like an instruction to software rather than like talk between people."""
    return bool(_PLANTED.search(low) or _ADDRESSED.search(low))


def asks(sentence: Sentence) -> bool:
    """Whether the sentence is a question."""
    return sentence.low.rstrip(" \"')").endswith("?") or (
        sentence.block is Block.SPEECH and not sentence.low.endswith((".", "!")) and bool(_ASKS.match(sentence.low))
    )


def prep(sentence: Sentence) -> bool:
    """Whether a line of notes is what the rep meant to ask, not what was answered."""
    return sentence.block is Block.PREP or (sentence.account and bool(_PREP.search(sentence.low)))


def mood(sentence: Sentence, begin: int = 0, finish: int | None = None) -> Mood:
    """The mood of `sentence.text[begin:finish]`, by default of the whole sentence."""
    finish = len(sentence.text) if finish is None else finish
    if planted(sentence.low):
        return Mood.PLANTED
    if prep(sentence):
        return Mood.PREP
    if asks(sentence):
        return Mood.QUESTION
    head, tail = _clause(sentence.low, begin, finish)
    clause = _NO_CONDITION.sub(lambda found: " " * len(found.group()), sentence.low)[head:tail]
    if denied(sentence.low, begin, finish):
        return Mood.NEGATED
    if _SUPPOSED.search(clause) or re.match(r"(?:if|unless|once|when|assuming|provided)\b(?! anything)", sentence.low):
        return Mood.HYPOTHETICAL
    if _quoted(sentence.low, begin, finish):
        return Mood.HYPOTHETICAL
    if _PAST.search(clause):
        return Mood.PAST
    if _HEDGE.search(clause):
        return Mood.HYPOTHETICAL if sentence.account else Mood.HEDGED
    return Mood.ASSERTED


def _quoted(low: str, begin: int, finish: int) -> bool:
    """Whether the words stand inside quotation marks: an example or somebody else's words."""
    return low.count('"', 0, begin) % 2 == 1 and '"' in low[finish:]


def admits(field: str, sentence: Sentence, how: Mood, at: int) -> bool:
    """Whether words in this mood may fill a text field. A pain may be put in the negative: "we can't see our stock"."""
    if how is Mood.ASSERTED or (how is Mood.HEDGED and field != "budget"):
        return True
    if field == "decision_process" and how is Mood.HYPOTHETICAL:
        return bool(_IN_ORDER.match(sentence.low)) and not re.search(r"\b(?:would|might|could|maybe)\b", sentence.low)
    if how is not Mood.NEGATED or field == "budget":
        return False
    if field == "pain":
        return not re.search(r"\b(?:no|not an?|without|never|isn't|aren't|not)\b.{0,28}$", sentence.low[:at])
    return field == "decision_process" and bool(
        re.search(
            r"\b(?:can't|cannot|don't|won't|not)\b.*\b(?:without|until|before|unless|final say|authority)\b",
            sentence.low,
        )
    )


def in_order(sentence: Sentence, how: Mood) -> bool:
    """Whether a line that looks supposed only tells what follows what."""
    return how is Mood.HYPOTHETICAL and admits("decision_process", sentence, how, 0)


def denied(low: str, begin: int, finish: int) -> bool:
    """Whether a negation governs the cue: shortly before it in its clause, or right behind it."""
    head, tail = _clause(low, begin, finish)
    before = _NOT_BUT.sub(lambda found: " " * len(found.group()), low[max(head, begin - 42) : begin])
    behind = _NOT_BUT.sub(lambda found: " " * len(found.group()), low[finish : min(tail, finish + 44)])[:22]
    behind = _INSTEAD.sub(lambda found: " " * len(found.group()), behind)
    inside = re.sub(r"\bnot (?:only|just)\b", "", low[begin:finish])
    return bool(
        _NOT.search(before)
        or re.search(r"\bwithout(?: \w+){0,2} $", before)
        or _NOT.search(behind)
        or re.match(r"(?:no|not|never)\b", inside)
    )


_OTHER_DENIES = re.compile(
    r", (?!(?:it|that|this|which|and|but|or|so|is|are|was|were|does|do|did|has|have)\b)[a-z]+ (?:didn't|doesn't|don't|"
    r"wasn't|isn't|aren't|won't|hasn't|haven't)\b"
)
"""Somebody else's clause behind a comma, with a negation of its own."""


def _clause(low: str, begin: int, finish: int) -> tuple[int, int]:
    head = max(
        (
            low.rfind(mark, 0, begin) + len(mark)
            for mark in (", but ", "; ", " but ", ", and ", " - ", ", so ", ": ")
            if low.rfind(mark, 0, begin) >= 0
        ),
        default=0,
    )
    tails = [
        at
        for mark in (", but ", "; ", " but ", ", and ", " - ", ", so ", ", they ", ", we ")
        if (at := low.find(mark, finish)) >= 0
    ]
    if other := _OTHER_DENIES.search(low, finish):
        tails.append(other.start())
    return head, min(tails, default=len(low))


def excluded(low: str, begin: int) -> bool:
    """Whether what stands at `begin` is the X of "not X, Y"."""
    ends = [found.end() for found in _NOT_X.finditer(low, max(0, begin - 14), begin)]
    return bool(ends) and low[ends[-1] : begin].strip() in ("", "next", "this", "on", "until", "by")


def correction_at(low: str) -> int | None:
    """Where a speaker corrects themselves, or None. What stands before is taken back if it is said anew."""
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
            r"(?:oh,? |um,? |and )?(?:actually|sorry|correction|no(?! (?:problem|worries|rush|doubt|need))|wait|"
            r"i mean|i meant|make (?:that|it))\b[,:. -]",
            low,
        )
        if not correcting or (
            pure is None
            and not re.search(
                r"\d|\bnot\b|day\b|week|month|tomorrow|january|february|march|april|june|july|august|"
                r"september|october|november|december|quarter|\bmake\b|instead|thousand|hundred|million",
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
        asked = items[item.index - 1]
        if low.startswith("make ") and asked.speaker != item.speaker and asks(asked):
            continue  # another day than the one the other side asked for
        rest = low[correcting.end() :].strip(" .,!-:")
        if pure and not rest and len(low[: pure.start()].split()) >= 3:
            gone.add(item.index)
        elif pure and len(rest.split()) < 1:
            gone.add(previous.index)
            gone.add(item.index)
        elif pure and not re.search(r"\d|day\b|tomorrow|week|month|quarter|make it|instead", rest):
            gone.add(previous.index)
        else:
            amended[previous.index] = item.index
    return frozenset(gone), amended
