"""Facts for the deal's fields, by cue, side, polarity and tense. Two readings that compete give none."""

from __future__ import annotations

import re
from decimal import Decimal

from gangly_tui.domain.draft import ContactMention, Dropped, Mention, NextStep
from gangly_tui.domain.records import Kind, Value
from gangly_tui.intelligence.offline.close_date import close_date
from gangly_tui.intelligence.offline.competitors import competitor
from gangly_tui.intelligence.offline.confidence import LEAST, calibrated
from gangly_tui.intelligence.offline.due import shown
from gangly_tui.intelligence.offline.economic import economic_buyer
from gangly_tui.intelligence.offline.money import find_money
from gangly_tui.intelligence.offline.price import amount
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.text_fields import TEXT_FIELDS, Found, answers, best_text, drop
from gangly_tui.intelligence.offline.typed import fit

_ORDER = (
    "amount close_date next_step stage competitor budget pain decision_process decision_criteria economic_buyer".split()
)
_MEETS = re.compile(r"\b(?:demo|meet|call|session|workshop|kick-?off|review|walk-?through|poc|pilot)\b")


def find_fields(
    reading: Reading, contacts: list[ContactMention], steps: list[NextStep]
) -> tuple[list[Mention], list[Dropped]]:
    """The deal's fields as somebody said them, typed for the CRM when its schemas are known."""
    dropped: list[Dropped] = []
    asked = list(answers(reading))
    found = [
        best_text(reading, name, cues, base=base, asked=asked, dropped=dropped) for name, cues, base in TEXT_FIELDS
    ]
    found.append(close_date(reading, asked, dropped))
    found.append(_amount(reading, dropped))
    found.append(_competitor(reading, contacts, dropped))
    found.append(_economic_buyer(reading, contacts))
    found.append(_next_step(steps))
    mentions = []
    for each in sorted((each for each in found if each), key=lambda each: _ORDER.index(each.field)):
        value, reason = fit(each.value, Kind.OPPORTUNITY, each.field, reading.context.schemas)
        if reason and each.field == "budget":
            value, reason = _typed_budget(reading, str(each.value))
        if not reason and each.confidence < LEAST:
            reason = "too unsure"
        if reason:
            dropped.append(drop(each.field, each.value, each.evidence.text, reason))
            continue
        mentions.append(
            Mention(
                object=Kind.OPPORTUNITY,
                field=each.field,
                value=value,
                evidence=each.evidence,
                confidence=calibrated("field." + each.field, each.confidence),
                reading=each.reading,
                against=each.against,
            )
        )
    return mentions, dropped


def _typed_budget(reading: Reading, words: str) -> tuple[Value, str]:
    """A budget for a CRM that keeps it as a number: the one figure of the words."""
    money = find_money(words)
    if len(money) == 1 and money[0].low == money[0].high:
        return fit(Decimal(money[0].high), Kind.OPPORTUNITY, "budget", reading.context.schemas)
    return None, "no single figure for a field that holds a number"


def _amount(reading: Reading, dropped: list[Dropped]) -> Found | None:
    price = amount(reading, dropped)
    if price is None:
        return None
    return Found(
        field="amount",
        value=price.value,
        evidence=price.evidence,
        confidence=price.confidence,
        reading=price.reading,
        against=price.against,
    )


def _competitor(reading: Reading, contacts: list[ContactMention], dropped: list[Dropped]) -> Found | None:
    rival = competitor(reading, [each.name for each in contacts], dropped)
    if rival is None:
        return None
    name, evidence, confidence = rival
    return Found(
        field="competitor", value=name, evidence=evidence, confidence=confidence, reading="named as an alternative"
    )


def _economic_buyer(reading: Reading, contacts: list[ContactMention]) -> Found | None:
    buyer = economic_buyer(reading, contacts)
    if buyer is None:
        return None
    name, evidence, confidence, note = buyer
    return Found(field="economic_buyer", value=name, evidence=evidence, confidence=confidence, reading=note)


def _next_step(steps: list[NextStep]) -> Found | None:
    """The step the deal waits for: the meeting agreed on, else our first dated step, else our first."""
    ranked = sorted(
        (each for each in steps if each.confidence >= 0.55),
        key=lambda each: (each.due is None, not each.ours, -each.confidence, each.evidence.start),
    )
    if not ranked:
        return None
    meetings = [each for each in ranked if each.due and each.confidence >= 0.8 and _MEETS.search(each.action.lower())]
    best = meetings[0] if meetings else ranked[0]
    return Found(
        field="next_step",
        value=f"{best.action}, {shown(best.due)}" if best.due else best.action,
        evidence=best.evidence,
        confidence=best.confidence,
        reading=best.due_text or "the step they agreed on",
    )
