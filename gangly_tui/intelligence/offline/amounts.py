"""Every figure of a call and its role. Only an offer or an agreed price may become the deal's amount."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from gangly_tui.domain.draft import Side
from gangly_tui.intelligence.offline.modality import Mood, correction_at, excluded, mood
from gangly_tui.intelligence.offline.money import MoneyMention, find_money
from gangly_tui.intelligence.offline.passages import Sentence


class Role(StrEnum):
    """What a figure is. The order of the table below decides when several cues stand near."""

    OFFER = "an offer"
    AGREED = "an agreed price"
    BALLPARK = "a ballpark, not an offer"
    BUDGET = "a budget, not a price"
    PAIN = "what the problem costs them, not a price"
    DISCOUNT = "a discount, not a price"
    OTHER_VENDOR = "another vendor's price"
    SUPERSEDED = "an earlier offer"
    CURRENT_SPEND = "what they pay today"
    BUSINESS = "a figure about a business, not a price"
    UNCLEAR = "its role is not clear"


_MONEY_HINT = re.compile(r"\d|\b(?:thousand|grand|million|mil|hundred|billion|bucks|dollars?|euros?|pounds?|k)\b")
_CUES: tuple[tuple[Role, re.Pattern[str]], ...] = (
    (
        Role.OTHER_VENDOR,
        re.compile(
            r"\b(?:(?:other|another|current|different|competing|cheaper|incumbent|existing) (?:vendor|"
            r"provider|supplier|option|tool|company|quote|solution)|competitors?|quoted us|(?:their|its) "
            r"(?:price|quote|pricing|proposal)|they (?:charge|quoted|came in|are at|offered)|"
            r"(?!we\b|i\b|you\b|our\b|your\b|it\b|that\b|this\b|price\b|contract\b|deal\b|they\b)\w+ "
            r"(?:quoted|charges?|came in at|is cheaper|offered us|costs?) (?!us))"
        ),
    ),
    (
        Role.DISCOUNT,
        re.compile(
            r"\b(?:discount|off(?! the record| the ground)|knock|rebate|credit|waive|reduc\w+ (?:by|of)|"
            r"come down (?:by )?(?=\$?\d)|cheaper by|save you|incentive|promo)\b"
        ),
    ),
    (
        Role.PAIN,
        re.compile(
            r"\b(?:los(?:e|es|ing|t|s)|cost(?:s|ing)? (?:us|them)|wast\w+|leak\w*|miss(?:ed|ing|es)?|"
            r"wr(?:ite|ote|iting)[- ]?offs?|overruns?|penalt\w+|fines?|bleed\w*|burn(?:ed|ing|s)?|downtime|error|"
            r"chargebacks?|in overtime|damage)\b"
        ),
    ),
    (
        Role.BUDGET,
        re.compile(
            r"\b(?:budget\w*|(?:set|put) aside|(?:gave|given|allowed) (?:me|us|them)|allocated|earmark\w*|"
            r"can spend|able to spend|willing to spend|"
            r"ceiling|cap(?:ped)? (?:of|at|is)|no more than|afford|sign(?:ing)? (?:authority|limit)|spend"
            r"(?:ing)? (?:limit|authority)|approved (?:up to|spend)|(?:ok'?d|okayed|approved|signed off "
            r"on) (?:for |up to )?(?=[$€£]?\d)|comfortable with|pot of)\b|\bok'd\b"
        ),
    ),
    (
        Role.SUPERSEDED,
        re.compile(
            r"\b(?:(?:first|original|initial|previous|old|earlier|last|opening) (?:offer|quote|proposal|price|number|"
            r"figure)|originally|(?:was|were) at|down from|instead of|list price|started at|from(?= "
            r"[$€£]?\d[\d.,]*k? (?:down )?to\b))\b"
        ),
    ),
    (
        Role.CURRENT_SPEND,
        re.compile(
            r"\b(?:currently (?:pay\w*|spend\w*|cost\w*)|we(?:'re| are)? (?:pay|spend|paying|spending)|"
            r"(?:they|he|she)(?:'re| are)? (?:pay|spend|paying|spending)|paying|spending|(?:today|right "
            r"now) (?:we|they) (?:pay|spend)|(?:last|current) renewal|renewed at|last year(?:'s)?|used to pay|previous "
            r"contract)\b"
        ),
    ),
    (
        Role.BUSINESS,
        re.compile(
            r"\b(?:revenue|pipeline|rais(?:ed|ing)|series [a-f]|fund(?:ing|ed|raise)|valuation|arr\b(?! "
            r"of)|mrr|turnover|sales of|savings?|saved?|saves|additional|extra (?:revenue|profit)|"
            r"returns?|roi|quota|(?:average|typical) (?:deal|order|contract)|deal sizes?|acv of their|"
            r"salary|salaries|hire|hiring|per rep|headcount|market cap|aum|transactions?|invoices? (?:of|"
            r"worth)|inventory|orders worth|fees? (?:is|are|of)|early termination|penalty|deposit|down "
            r"payment)\b"
        ),
    ),
    (
        Role.BALLPARK,
        re.compile(
            r"\b(?:typically|usually|normally|ballpark|range|ranges|starts? (?:at|from)|starting (?:at|"
            r"from|price)|list price|anywhere (?:from|between)|somewhere (?:around|between)|(?:teams?|"
            r"companies|customers|clients) (?:like|your size|of your size)|teams your size|roughly|about|"
            r"around|approximately|approx|indicative(?:ly)?|rough|estimate|ish\b|in the neighborhood|"
            r"give or take|for a "
            r"team)\b"
        ),
    ),
    (
        Role.AGREED,
        re.compile(
            r"\b(?:agreed|agree|accept(?:ed|s)?|settled (?:on|at)|signed (?:at|for)|shook (?:hands )?on|"
            r"closed (?:at|for)|po (?:for|of|is|at)|purchase order (?:for|of)|we have a deal|deal (?:at|"
            r"for)|locked in|final price|all-in|happy with|confirmed)\b"
        ),
    ),
    (
        Role.OFFER,
        re.compile(
            r"\b(?:quot(?:e|ed|ing)|propos(?:al|ed|ing)|pric(?:e|ed|ing)(?: (?:is|at|of|comes|would|"
            r"will))?|we(?:'re| are) at|puts (?:us|you|it) at|comes in at|all[- ]in|for the (?:first )?(?:year|"
            r"term)|offer|contract(?: (?:value|is|for|at))?|offer(?:ed|ing)?|annual(?:ly)?|per year|a year|"
            r"yearly|total|comes to|come to|order form|investment|(?:deal|contract|opp) (?:value|size|"
            r"amount)|tcv|acv|amount|license|subscription|package|term|fixed fee|for (?:\d+|all|the) "
            r"(?:seats|users|licenses|locations|sites))\b"
        ),
    ),
)
_LED_BY = 24
"""Characters between "instead of" or "the first offer was" and the figure it is about."""
_BIG = frozenset(
    {Role.SUPERSEDED, Role.OTHER_VENDOR, Role.DISCOUNT, Role.PAIN, Role.BUDGET, Role.CURRENT_SPEND, Role.BUSINESS}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One amount of money in one sentence and what it is."""

    sentence: Sentence
    money: MoneyMention
    role: Role
    mood: Mood

    @property
    def value(self) -> Decimal:
        """The one amount, the upper end of a range."""
        return Decimal(self.money.high)

    @property
    def exact(self) -> bool:
        """One amount, not a range."""
        return self.money.low == self.money.high


def figures(sentence: Sentence) -> list[Figure]:
    """The amounts of a sentence with their roles; what was corrected in the same breath is left out."""
    if not _MONEY_HINT.search(sentence.low):
        return []
    found = [hit for hit in find_money(sentence.text) if not excluded(sentence.low, hit.start)]
    fresh = correction_at(sentence.low)
    if fresh is not None and any(hit.start >= fresh for hit in found):
        found = [hit for hit in found if hit.start >= fresh]
    return [
        Figure(
            sentence=sentence,
            money=hit,
            role=role_of(sentence.low, hit.start, hit.end, hit.approximate),
            mood=mood(sentence, hit.start, hit.end),
        )
        for hit in found
    ]


def role_of(low: str, start: int, end: int, approximate: bool = False) -> Role:
    """The role of the amount at `low[start:end]` by the cues of its clause; the nearest weighs most."""
    head = max(low.rfind(mark, 0, start) for mark in ("; ", " but ", ". ", ", and ", " whereas ", " versus ", " vs "))
    head = max(head, start - 110, 0)
    tails = [at for mark in ("; ", " but ", ", and ", ". ", " whereas ") if (at := low.find(mark, end)) >= 0]
    tail = min([*tails, end + 70, len(low)])
    best, nearest = Role.UNCLEAR, 1000.0
    seen: dict[Role, float] = {}
    for role, pattern in _CUES:
        for hit in pattern.finditer(low, head, tail):
            led = 0 <= start - hit.end() <= _LED_BY and not re.search(r"\d", low[hit.end() : start])
            if role is Role.SUPERSEDED and not led:
                continue
            gap = start - hit.end() if hit.end() <= start else hit.start() - end if hit.start() >= end else 0
            comma = low.count(", ", min(hit.start(), start), max(hit.end(), end))
            distance = (
                gap
                + 25.0 * comma
                + (8 if hit.start() >= end and role not in (Role.OFFER, Role.DISCOUNT, Role.BUSINESS) else 0)
            )
            seen[role] = min(seen.get(role, 1000.0), distance)
    for role, distance in seen.items():
        weight = distance - (30 if role in _BIG else 0) - (6 if role is Role.AGREED else 0)
        if weight < nearest:
            best, nearest = role, weight
    if best in (Role.OFFER, Role.UNCLEAR) and Role.BALLPARK in seen and seen[Role.BALLPARK] < 45:
        return Role.BALLPARK
    if best is Role.OFFER and approximate:
        return Role.BALLPARK
    return best


def said_by_us(figure: Figure) -> bool:
    """Whether our side stated the figure, or the buyer quoted it back as ours."""
    low = figure.sentence.low
    return (
        figure.sentence.side is Side.REP
        or figure.sentence.account
        or bool(re.search(r"\byour (?:proposal|quote|price|pricing|offer|contract)\b", low))
    )
