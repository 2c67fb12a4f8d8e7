"""Where the deal stands after the call: a ladder of evidence, forward only unless the loss is explicit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gangly_tui.domain.draft import Evidence, Side
from gangly_tui.domain.records import FieldSchema
from gangly_tui.intelligence.offline.modality import asks, denied, planted
from gangly_tui.intelligence.offline.passages import Block, Sentence, plain
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.stage_outcome import early, ending, failed, kind

_DOC = r"(?:contract|agreement|order form|msa|sow|paperwork|purchase order|po\b|deal|documents?|docusign)"
_WON = re.compile(
    rf"\b(?:(?:we|they|he|she|i|customer|client|both sides)(?:'ve| have| has)? (?:just |already |"
    rf"now )?(?:counter)?signed(?! (?:up |on )?with (?!you\b|us\b))(?: (?:the|it|off on the|your|our))?(?: "
    rf"\w+)? ?{_DOC}?|{_DOC} (?:is "
    rf"|has been |was |came back |all )?(?:fully |now |already )?(?:counter-?)?signed|signed "
    rf"(?:the |our |your )?{_DOC}|"
    rf"(?:deal|opp|opportunity)(?:'s| is| has been| was)? (?:closed|done and signed|won)\b(?!')|closed[- ]won|"
    rf"(?:po|purchase order) (?:is |was |has been )?(?:issued|received|sent|in hand|attached)|"
    rf"(?:sent|issued|attached is|received) (?:the |a |our |your )?(?:po|purchase order)\b|"
    rf"countersigned|verbal and signed|welcome aboard|"
    rf"signed,? sealed)\b"
)
_WON_WEAK = re.compile(
    r"\b(?:signed off|signed up for|signed in|signed (?:the |an )?nda|nda (?:is |was )?signed|not "
    r"signed|unsigned|to be signed|get(?:s|ting)? (?:it|this|the \w+) signed|be signed|once "
    r"(?:it's|its|it is|we've|you've|they've)? ?signed|when signed|until signed|before "
    r".{0,20}signed)\b"
)
_LOST = re.compile(
    r"\b(?:(?:we|they)(?:'ve| have|'re| are)? (?:decided|chosen|chose|opted|elected|going|gone) "
    r"(?:to go|to stay|to move|with|in)? ?(?:with |in )?(?:another|a different|someone else|the "
    r"other|a competitor|your competitor|other direction|in another direction)|(?:went|gone|going|"
    r"go) (?:with|in) (?:another|a different|someone else|the other vendor|a competitor)|"
    r"(?:went|going|decided to go|chose to go) with [a-z]\w+ instead|"
    r"(?:we|they)(?:'ve| have)? (?:just |already )?(?:signed(?: up)?|went|gone|decided to go|chose to go) with "
    r"(?!you\b|us\b|"
    r"the (?:plan|idea|\w+ (?:plan|package|option)))[a-z]\w*|not (?:going to be )?moving "
    r"forward|(?:won't|will not|not going to|decided not to|can't) (?:be )?(?:moving|move|go|"
    r"going|proceed|proceeding)(?: forward| ahead)?(?: with (?:this|you|it))?|(?:we|they)(?:'re| "
    r"are|'ll| will| have decided to| decided to) (?:going to )?pass(?:ing)?(?: on (?:this|it|"
    r"the))?\b(?! it| that| this along)|"
    r"(?:deal|opportunity|opp|it)(?:'s| is| was)? (?:lost|dead)\b|closed[- ]lost|lost (?:to|the "
    r"deal)|chose (?:another|a different|the other) (?:vendor|provider|solution)|(?:cancel|kill)"
    r"(?:led|ing)? the (?:project|evaluation|initiative)|no longer (?:interested|pursuing|a fit)|"
    r"we're not interested|i'm not interested|not interested at all|take (?:me|us) off your "
    r"list)\b"
)
_NEGOTIATION = re.compile(
    r"\b(?:red-?lin\w+|mark(?:ing|ed)? up (?:your|the|our) (?:\w+ )?(?:draft|contract|agreement|terms)|"
    r"preferred (?:supplier|vendor|bidder)|(?:limitation of|cap on) liability|liability cap|mark-?ups? (?:on|"
    r"of) the|negotiat\w+|(?:contract|agreement|msa|order form|"
    r"paperwork) (?:is |was |has been )?(?:sent|out|with (?:legal|procurement)|in (?:legal|"
    r"review))|(?:sent|sending|send) (?:\w+ )?(?:me |us |them |you |him |her |over )?(?:over )?"
    r"(?:the |an? |our |your |updated |final )*(?:contract|agreement|msa|order form|paperwork|"
    r"docusign)|"
    r"legal (?:is|are|has|team is) (?:reviewing|looking|going through)|(?:in|with) (?:legal|"
    r"procurement)(?: review| now| right now)?\b(?! team)|review(?:ing|ed)? the (?:contract|msa|"
    r"agreement|terms)|payment terms|final (?:approval|terms|pricing)|verbal(?:ly)? (?:commit\w*|"
    r"yes|agree\w*|ok)|"
    r"ready to (?:move forward|sign|buy|go ahead)|(?:we have|ok|okay),? (?:a )?deal\b|"
    r"finali[sz]e the (?:contract|terms|deal)|"
    r"contract terms|get (?:it|this|the contract) signed|commercial terms|send (?:it|the "
    r"contract) over and we'll sign)\b"
)
_PROPOSAL = re.compile(
    r"\b(?:(?:got|received|reviewed|read|saw|looked at|going through|gone through|went through|"
    r"reviewing|thanks for|regarding|about|discuss\w*|liked|your|walk\w* (?:you )?through|"
    r"presented|sent|shared|submitted)(?: \w+){0,3} (?:the|your|our|a|that|this|my)? ?(?:\w+ )?"
    r"(?:proposal|quote|quotation|offer|pricing proposal)|"
    r"(?:proposal|quote) (?:is |was |has been )?(?:sent|out|submitted|delivered|presented|"
    r"reviewed|in hand|on the table|shows|says|looks)|(?:proposal|quote|quotation) (?:that )?(?:i|we|you) "
    r"(?:sent|shared|"
    r"gave|made|presented|e-?mailed|submitted)|(?:price|pricing) (?:that )?(?:i|we) (?:sent|quoted)|we quoted|"
    r"quoted (?:them|him|her|at)|quoted "
    r"\$?\d|proposal call|proposal review)\b"
)
_DEMO = re.compile(
    r"\b(?:(?:thanks|thank you) for the (?:demo|walk-?through|presentation)|(?:saw|seen|watched|"
    r"liked|loved|after|during|in|from|since|as (?:you|we) saw in|gave|did|ran|showed|had|"
    r"finished|completed|held|demoed)(?: (?:them|him|her|us|you|a|an|the|your|our|great|good|full|"
    r"live|product|quick|custom|last|this|that)){0,4} demo\b|demo(?:ed| (?:went|call|done|"
    r"completed|held|was|today went))|"
    r"(?:let me |i'll |i'm going to |i'm )?(?:share|sharing) my screen|(?:can you|do you|"
    r"everyone) see my screen|as you can see (?:here|on)|on (?:the|my|your) screen|here on the "
    r"(?:left|right|dashboard)|i'll click|if i click|product demo(?:nstration)?)\b"
)
_DEMO_AHEAD = re.compile(
    r"\b(?:schedule|book|set up|next|before|for|after|prep|want|see|do|watch|arrange|upcoming|"
    r"scheduled|booked|tomorrow|would like|like)\b[^.]{0,20}\bdemo|\bdemo (?:is )?(?:scheduled|"
    r"booked|set|on|next|tomorrow|for|this)\b"
)
_DISCOVERY = re.compile(
    r"\b(?:discovery|intro(?:ductory)? call|qualif\w+ call|first call|tell me (?:more |a bit |a "
    r"little )?about|what are you (?:using|looking|hoping)|how are you (?:currently|handling|"
    r"doing|managing)|what(?:'s| is| are) (?:the|your) (?:biggest|main|current|impact|"
    r"challenge\w*|pain\w*|goal\w*|process)|what made you|what prompted|"
    r"walk me through|reached out|we're struggling|biggest (?:challenge|problem|pain)|currently "
    r"(?:using|use)|cold call|demo (?:is )?(?:scheduled|booked|set)|(?:schedule|book|set up|do) "
    r"(?:a|the|an) (?:\w+ )?demo|custom demo)\b"
)
_SENT_PROPOSAL_AHEAD = re.compile(
    r"\b(?:i'll|we'll|will|can you|could you|please|to|need|want|would like|waiting (?:for|on)|"
    r"expect\w*|i can|let me)\b[^.]{0,24}\b(?:send|share|put together|get|prepare|draft|"
    r"write)\w*\b[^.]{0,30}(?:proposal|quote)"
)
_LATER = re.compile(
    r"\b(?:until|till|yet|for now|right now|just now|this (?:year|quarter|month)|before|at (?:the|this) moment|today|"
    r"(?:so|that|as) (?:fast|quickly|soon))\b"
)
_ASKED_PROPOSAL = re.compile(
    r"\b(?:look(?:ed)? (?:over|at|through)|review(?:ed)?|read|got|get|see|seen|receive[d]?|go(?:ne)? (?:through|"
    r"over)|think of|"
    r"thoughts on|with|on) (?:the|our|my|that) (?:\w+ )?(?:proposal|quote|quotation|offer)\b"
)
_WITH_OTHER = re.compile(
    r"(?:we|they)(?:'ve| have)? (?:just |already )?(?:signed|went|gone|decided|chose)\b.* with [a-z]\w*"
)
_LONG_AGO = re.compile(r"\b(?:years? ago|in 20[01]\d|last year|back (?:then|in)|originally|at the time)\b")
_SURE = 0.75
ORDER = ("discovery", "demo", "proposal", "negotiation", "closed_won", "closed_lost")
_TABLE = (
    ("closed_lost", _LOST),
    ("closed_won", _WON),
    ("negotiation", _NEGOTIATION),
    ("proposal", _PROPOSAL),
    ("demo", _DEMO),
    ("discovery", _DISCOVERY),
)
_OPTION_WORDS = {
    "discovery": ("discovery", "needs analysis", "qualification", "qualified", "qualify", "connect", "appointment"),
    "demo": ("demo", "demonstration", "presentation", "evaluation", "solution", "technical"),
    "proposal": ("proposal", "quote", "proposal made", "pricing", "value proposition"),
    "negotiation": ("negotiation", "negotiations", "contract", "contract sent", "commit", "legal", "procurement"),
    "closed_won": ("closed won", "closedwon", "won"),
    "closed_lost": ("closed lost", "closedlost", "lost"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReading:
    """The stage, what backs it, and why nothing is said when nothing is."""

    stage: str | None
    evidence: Evidence | None = None
    confidence: float = 0.0
    reason: str = ""


_REGRETS = re.compile(
    r"\b(?:sorry|disappoint\w*|hear that|thought we|what (?:tipped|made|could|drove)|feedback|oh|ah|too bad|"
    r"unfortunate)\b"
)
_LEAST = {"discovery": 0.5}
_EARLY_LEAST = 0.8
"""On a first call, talk of contracts and proposals is mostly about somebody else's."""


def read_stage(reading: Reading) -> StageReading:
    """The stage the evidence supports, or None with the reason. How the call ended outranks what was said in it."""
    hits: dict[str, list[tuple[float, Sentence]]] = {}
    for sentence in reading.live():
        for stage, found in cues(sentence):
            lost_to = stage == "closed_lost" and found < _SURE and _regretted(reading, sentence)
            hits.setdefault(stage, []).append((_SURE if lost_to else found, sentence))
    ended = next((stage for stage, rows in hits.items() if any(row[1].block is Block.OUTCOME for row in rows)), None)
    strength = {stage: _sum(weights) for stage, weights in hits.items()}
    if strength.get("closed_won", 0.0) >= 0.6 and strength.get("closed_lost", 0.0) >= 0.6 and not ended:
        return StageReading(stage=None, reason="the text speaks of a deal won and of a deal lost")
    named, heading = _named(reading)
    title = heading.text.lower() if heading else ""
    late = named not in (None, "discovery") or _LATER_CALL.search(title) or (failed(title) and ended != "discovery")
    if ended and not (ended == "discovery" and late):
        return _backed(reading, ended, hits[ended], strength[ended])
    for stage in ("closed_lost", "closed_won", "negotiation", "proposal", "demo", "discovery"):
        if stage == "demo" and failed(title):
            continue
        least = _EARLY_LEAST if early(title) and stage in ("negotiation", "proposal", "demo") else 0.6
        if strength.get(stage, 0.0) >= _LEAST.get(stage, least) and not (stage == "discovery" and late):
            return _backed(reading, stage, hits[stage], strength[stage])
    if named and heading:
        return StageReading(stage=named, evidence=heading, confidence=0.66)
    return StageReading(
        stage=None, reason="nothing says where the deal stands" if not hits else "the signs are too weak"
    )


_LATER_CALL = re.compile(r"\b(?:follow[- ]?up|closing|renewal|negotiation|pricing|procurement|check[- ]?in)\b")


def _named(reading: Reading) -> tuple[str | None, Evidence | None]:
    """The stage the call's own name stands for, and the heading that says so."""
    heading = reading.source.header.heading
    if heading is None:
        return None, None
    text = reading.text[heading[0] : heading[1]]
    return kind(text.lower()), Evidence(text=text, start=heading[0], end=heading[1])


def _backed(reading: Reading, stage: str, rows: list[tuple[float, Sentence]], strength: float) -> StageReading:
    _, sentence = max(rows, key=lambda each: (each[0], each[1].index))
    evidence = sentence.evidence(reading.text)
    return StageReading(stage=stage, evidence=evidence, confidence=round(min(0.92, 0.45 + 0.35 * strength), 2))


def _regretted(reading: Reading, sentence: Sentence) -> bool:
    """Whether the rep takes "we signed with X" as the end of the deal."""
    return any(_REGRETS.search(each.low) for each in reading.after(sentence, 3) if each.side is Side.REP)


def _sum(hits: list[tuple[float, Sentence]]) -> float:
    best = max(weight for weight, _ in hits)
    return best + 0.15 * min(2, len(hits) - 1)


def cues(sentence: Sentence) -> list[tuple[str, float]]:
    """(generic stage, weight) for every sign of a stage in one sentence."""
    low, found = sentence.low, []
    if planted(low) or sentence.block is Block.PREP:
        return []
    if sentence.block is Block.OUTCOME:
        ended = ending(low)
        return [(ended, 0.9)] if ended else []
    question = asks(sentence)
    if question and _ASKED_PROPOSAL.search(low):
        found.append(("proposal", 0.62))
    for stage, pattern in _TABLE:
        hit = pattern.search(low)
        if (
            not hit
            or (low.count('"', 0, hit.start()) % 2 and '"' in low[hit.end() :])
            or (question and stage not in ("discovery", "demo"))
        ):
            continue
        if stage != "closed_lost" and denied(low, hit.start(), hit.end()):
            continue
        if (
            re.search(
                r"\b(?:if|unless|once|when|would|could|might|should|until|whether|hoping|hopefully|expect)\b",
                low[max(0, hit.start() - 45) : hit.start()],
            )
            and stage != "discovery"
        ):
            continue
        weight = _weight(stage, sentence, low, hit)
        if weight > 0:
            found.append((stage, weight))
    return found


def _weight(stage: str, sentence: Sentence, low: str, hit: re.Match[str]) -> float:
    strong = 0.75 if sentence.buyer_fact else 0.55
    before = low[max(0, hit.start() - 40) : hit.start()]
    if stage == "closed_won":
        if _WON_WEAK.search(low) or re.search(
            r"\b(?:they|client|customer)s? (?:of ours )?(?:who|that)\b|\bother (?:customers?|clients?)\b|"
            r"\b(?:will|can|to|get|gets|ready to|about to|going to)\b",
            before,
        ):
            return 0.0
        return 0.8 if sentence.buyer_fact else 0.65
    if stage == "closed_lost":
        later = _LATER.search(low[hit.start() :])
        if _WITH_OTHER.fullmatch(hit.group()):
            name = sentence.text[hit.start() : hit.end()].rsplit(maxsplit=1)[-1][0].isupper()
            return 0.45 if sentence.buyer_fact and name and not _LONG_AGO.search(low) else 0.0
        return 0.75 if sentence.buyer_fact and "?" not in low and not later else 0.0
    if stage == "negotiation":
        ahead = re.search(r"\b(?:once|after|then)\b", before)
        if sentence.side is Side.REP and not re.search(r"\b(?:send|sent|sending|red-?line)", hit.group()):
            return 0.3
        weak = re.search(r"payment terms|contract terms|negotiat|liability", hit.group())
        return 0.0 if ahead else (0.45 if weak else strong if sentence.side is not Side.REP else 0.62)
    if stage == "proposal":
        return 0.0 if _SENT_PROPOSAL_AHEAD.search(low) or _others(low) else strong + 0.05
    if stage == "demo":
        theirs = re.search(r"\b(?:their|they|them|his|her|competitor\w*|vendor)\b", before + hit.group())
        return 0.0 if _DEMO_AHEAD.search(low) or (theirs and sentence.buyer_fact and not sentence.account) else 0.62
    return 0.5


def _others(low: str) -> bool:
    return bool(
        re.search(r"\b(?:other vendors?|competitors?|another vendor|their (?:quote|proposal)|quoted us)\b", low)
    )


def supports(quote: str, stage: str) -> bool:
    """Whether a quote alone holds a sign of this generic stage: the evidence rule for the stage."""
    body, _, start, end = plain(quote, 0)
    if kind(body.lower()) == stage and len(body) < 120:
        return True
    for block, side in ((Block.SPEECH, Side.BUYER), (Block.OUTCOME, Side.UNKNOWN)):
        line = Sentence(
            text=body,
            low=body.lower() if len(body.lower()) == len(body) else body,
            start=start,
            end=end,
            index=0,
            turn=0,
            block=block,
            side=side,
        )
        if any(name == stage and weight >= 0.45 for name, weight in cues(line)):
            return True
    return False


def live_option(stage: str, schema: FieldSchema | None) -> str | None:
    """The CRM's own value for a generic stage; None when no value, or more than one, fits."""
    if schema is None:
        return None
    options = {re.sub(r"[^a-z0-9]+", " ", each.lower()).strip(): each for each in schema.options}
    generic = stage.replace("_", " ")
    if generic in options:
        return options[generic]
    for word in _OPTION_WORDS[stage]:
        fits = [each for name, each in options.items() if re.search(rf"\b{word}\b", name)]
        if len(fits) == 1:
            return fits[0]
        if len(fits) > 1:
            return None
    return None


def generic_of(option: str, schema: FieldSchema | None) -> str | None:
    """The generic stage a live value stands for, or None."""
    if schema is None:
        return option if option in ORDER else None
    return next((stage for stage in ORDER if live_option(stage, schema) == option), None)
