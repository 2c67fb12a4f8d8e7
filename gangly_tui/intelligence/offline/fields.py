"""Facts for the deal's fields, by cue, side, polarity and tense. Two readings that compete give none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from gangly_tui.domain.draft import ContactMention, Dropped, Evidence, Mention, NextStep, Side
from gangly_tui.domain.records import Kind, Value
from gangly_tui.intelligence.offline import field_cues as cue
from gangly_tui.intelligence.offline.competitors import competitor
from gangly_tui.intelligence.offline.due import read_dues, shown
from gangly_tui.intelligence.offline.economic import economic_buyer
from gangly_tui.intelligence.offline.modality import Mood, asks, mood
from gangly_tui.intelligence.offline.passages import Block, Sentence, span
from gangly_tui.intelligence.offline.price import amount
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.typed import fit

LEAST = 0.35
"""Confidence below which a value is not proposed."""

Cues = tuple[tuple[float, re.Pattern[str]], ...]
_TEXT_FIELDS: tuple[tuple[str, Cues, float], ...] = (
    ("pain", cue.PAIN, 0.78),
    ("decision_process", cue.PROCESS, 0.74),
    ("decision_criteria", cue.CRITERIA, 0.72),
    ("budget", cue.BUDGET, 0.8),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A candidate for one field."""

    field: str
    value: Value
    evidence: Evidence
    confidence: float
    reading: str = ""
    index: int = 0
    against: Evidence | None = None


def find_fields(
    reading: Reading, contacts: list[ContactMention], steps: list[NextStep]
) -> tuple[list[Mention], list[Dropped]]:
    """The deal's fields as somebody said them, typed for the CRM when its schemas are known."""
    dropped: list[Dropped] = []
    chosen: list[Found] = []
    answers = list(_answers(reading))
    for name, cues, base in _TEXT_FIELDS:
        best = _best_text(reading, name, cues, base, answers, dropped)
        if best:
            chosen.append(best)
    close = _close_date(reading, answers, dropped)
    if close:
        chosen.append(close)
    price = amount(reading, dropped)
    if price:
        chosen.append(
            Found(
                field="amount",
                value=price.value,
                evidence=price.evidence,
                confidence=price.confidence,
                reading=price.reading,
                against=price.against,
            )
        )
    rival = competitor(reading, [each.name for each in contacts], dropped)
    if rival:
        chosen.append(
            Found(
                field="competitor",
                value=rival[0],
                evidence=rival[1],
                confidence=rival[2],
                reading="named as an alternative",
            )
        )
    buyer = economic_buyer(reading, contacts)
    if buyer:
        chosen.append(
            Found(field="economic_buyer", value=buyer[0], evidence=buyer[1], confidence=buyer[2], reading=buyer[3])
        )
    step = _next_step(steps)
    if step:
        chosen.append(step)
    order = (
        "amount",
        "close_date",
        "next_step",
        "stage",
        "competitor",
        "budget",
        "pain",
        "decision_process",
        "decision_criteria",
        "economic_buyer",
    )
    mentions = []
    for each in sorted(chosen, key=lambda found: order.index(found.field)):
        value, reason = fit(each.value, Kind.OPPORTUNITY, each.field, reading.context.schemas)
        if reason and each.field == "budget":
            value, reason = _typed_budget(reading, each)
        if not reason and each.confidence < LEAST:
            reason = "too unsure"
        if reason:
            dropped.append(_drop(each.field, each.value, each.evidence.text, reason))
            continue
        mentions.append(
            Mention(
                object=Kind.OPPORTUNITY,
                field=each.field,
                value=value,
                evidence=each.evidence,
                confidence=round(each.confidence, 2),
                reading=each.reading,
                against=each.against,
            )
        )
    return mentions, dropped


def _drop(field: str, value: object, quote: str, reason: str) -> Dropped:
    return Dropped(what=field, value=str(value), quote=quote, reason=reason)


def _typed_budget(reading: Reading, found: Found) -> tuple[Value, str]:
    from gangly_tui.intelligence.offline.money import find_money

    money = find_money(str(found.value))
    if len(money) == 1 and money[0].low == money[0].high:
        return fit(Decimal(money[0].high), Kind.OPPORTUNITY, "budget", reading.context.schemas)
    return None, "no single figure for a field that holds a number"


def _answers(reading: Reading) -> Iterator[tuple[str, Sentence, Sentence]]:
    """(field, the rep's question, the buyer's answer)."""
    for sentence in reading.live():
        if sentence.side is Side.BUYER or sentence.block is not Block.SPEECH or not asks(sentence):
            continue
        low = sentence.low
        names = [name for name, pattern in cue.ASKS_FOR.items() if pattern.search(low)]
        if not names:
            continue
        reply = reading.reply(sentence, turns=1)
        if (
            not reply
            or reply[0].side is not Side.BUYER
            or any(each.turn == sentence.turn and asks(each) for each in reading.after(sentence, 3))
        ):
            continue
        first = reply[0]
        if (
            len(first.low.split()) <= 3
            and len(reply) > 1
            and re.match(r"(?:yes|yeah|sure|honestly|well|so|okay|right|good question|exactly)\b", first.low)
        ):
            first = reply[1]
        if asks(first) or cue.NON_ANSWER.match(first.low) or first.index in reading.gone:
            continue
        for name in names:
            yield name, sentence, first


def _clip(sentence: Sentence) -> tuple[int, int]:
    """The clause worth keeping of a sentence: without fillers at its start and its closing mark."""
    lead = re.match(
        r"(?:(?:yeah|yes|so|well|um|uh|honestly|okay|ok|right|plus|and|but|look|i mean|you know|that's right|to be honest)[,.?]?\s)+",
        sentence.low,
    )
    begin = lead.end() if lead and len(sentence.text) - lead.end() > 12 else 0
    return begin, len(sentence.text.rstrip(" .,;"))


def _best_text(
    reading: Reading,
    name: str,
    cues: Cues,
    base: float,
    answers: list[tuple[str, Sentence, Sentence]],
    dropped: list[Dropped],
) -> Found | None:
    scored: list[tuple[float, Sentence, Sentence | None]] = []
    for sentence in reading.live():
        if not sentence.buyer_fact or sentence.block is Block.OUTCOME:
            continue
        weight, hit = _score(sentence.low, cues)
        if not hit:
            continue
        how = mood(sentence, hit.start(), hit.end())
        clean = (
            name == "pain"
            and how is Mood.NEGATED
            and not re.search(r"\b(?:no|not an?|without|never)\b.{0,12}$", sentence.low[: hit.start()])
        )
        if how is not Mood.ASSERTED and not clean:
            if weight >= 0.7 and how not in (Mood.PREP, Mood.QUESTION):
                dropped.append(_drop(name, sentence.text[:160], sentence.text, str(how.value)))
            continue
        length = len(sentence.text.split())
        if length < 3 and not sentence.account:
            continue
        bonus = (
            min(length, 20) / 200
            + (0.1 if sum(bool(pattern.search(sentence.low)) for _, pattern in cues) > 1 else 0)
            - (0.12 if length < 6 and not sentence.account else 0)
        )
        bonus += 0.12 if name == "budget" and re.search(r"\d|approved|thousand|ok'd", sentence.low) else 0.0
        scored.append((weight + bonus, sentence, None))
    for field, question, answer in answers:
        if field == name:
            how = mood(answer)
            if how in (Mood.ASSERTED, Mood.NEGATED) and (
                name != "budget" or re.search(r"\d|thousand|hundred|million|approved", answer.low)
            ):
                already = next((row for row in scored if row[1].index == answer.index), None)
                if already:
                    scored.remove(already)
                scored.append(((already[0] if already else 0.75) + 0.25, answer, question))
    if name in ("pain",):
        scored = [row for row in scored if row[0] >= 0.6]
    if not scored:
        return None
    top, best, asked = max(
        scored, key=lambda row: (round(row[0], 2), -row[1].index if name == "pain" else row[1].index)
    )
    if best.account and (
        label := re.match(r"(?:budget|pain|decision process|decision criteria|criteria|process)s?\s?[:-]\s?", best.low)
    ):
        begin, finish = label.end(), len(best.text.rstrip(" .,;"))
    elif best.account and "," in best.text:
        begin, finish = _note_clause(best, cues)
    else:
        begin, finish = _clip(best)
    evidence = span(reading.text, asked, best) if asked else best.evidence(reading.text, begin, finish)
    value = best.text[begin:finish]
    if name == "budget" and len(best.text) > 120:
        begin, finish = _note_clause(best, cues)
        value = best.text[begin:finish]
        evidence = evidence if asked else best.evidence(reading.text, begin, finish)
    return Found(
        field=name,
        value=value,
        evidence=evidence,
        confidence=min(0.9, base * min(1.1, top)),
        reading="in their own words" if not best.account else "as the notes have it",
        index=best.index,
    )


def _note_clause(sentence: Sentence, cues: Cues) -> tuple[int, int]:
    _, hit = _score(sentence.low, cues)
    at = hit.start() if hit else 0
    begin = max(
        (
            sentence.low.rfind(mark, 0, at) + len(mark)
            for mark in (", ", "; ", " - ")
            if sentence.low.rfind(mark, 0, at) >= 0
        ),
        default=0,
    )
    ends = [stop for mark in (", ", "; ", " - ") if (stop := sentence.low.find(mark, hit.end() if hit else 0)) >= 0]
    return begin, min(ends, default=len(sentence.text.rstrip(" .,;")))


def _score(low: str, cues: Cues) -> tuple[float, re.Match[str] | None]:
    for weight, pattern in cues:
        hit = pattern.search(low)
        if hit:
            return weight, hit
    return 0.0, None


def _close_date(
    reading: Reading, answers: list[tuple[str, Sentence, Sentence]], dropped: list[Dropped]
) -> Found | None:
    found: list[Found] = []
    for sentence in reading.live():
        hit = cue.CLOSE.search(sentence.low)
        if not hit or not sentence.buyer_fact or cue.NOT_CLOSE.search(sentence.low) or sentence.block is Block.TASK:
            continue
        later = reading.amended.get(sentence.index)
        fix = reading.sentences[later] if later is not None else None
        dues = read_dues(fix.text if fix else sentence.text, reading.context) or (
            read_dues(sentence.text, reading.context) if fix else []
        )
        dues = [due for due in dues if not due.wide]
        if not dues:
            continue
        how = mood(sentence, hit.start(), hit.end())
        near = min(dues, key=lambda due: 0 if fix else abs(due.start - hit.end()))
        if how is not Mood.ASSERTED:
            dropped.append(_drop("close_date", near.day, sentence.text, str(how.value)))
            continue
        if (
            re.search(r"\bget (?:it|this|the contract) signed today\b", sentence.low)
            and near.day == reading.context.anchor.date()
        ):
            confidence = 0.7
        else:
            confidence = 0.8 if near.first == near.last else 0.72
        evidence = span(reading.text, sentence, fix) if fix else sentence.evidence(reading.text)
        found.append(_dated(reading, near.day, near.words, near.alternative, evidence, confidence, sentence.index))
    for name, question, answer in answers:
        if name == "close_date" and re.search(
            r"\b(?:sign|decid|decision|clos|purchas|buy|contract|commit|in place)", question.low
        ):
            dues = [due for due in read_dues(answer.text, reading.context) if not due.wide]
            if (
                len(dues) == 1
                and mood(answer) is Mood.ASSERTED
                and not any(each.index == answer.index for each in found)
            ):
                found.append(
                    _dated(
                        reading,
                        dues[0].day,
                        dues[0].words,
                        dues[0].alternative,
                        span(reading.text, question, answer),
                        0.72,
                        answer.index,
                    )
                )
    if not found:
        return None
    latest = max(found, key=lambda each: each.index)
    rivals = [each for each in found if each.value != latest.value]
    if rivals and not re.search(
        r"\b(?:actually|instead|now|pushed|moved|slipp?ed|delayed|changed|correction|rather|not)\b",
        latest.evidence.text.lower(),
    ):
        for each in found:
            dropped.append(_drop("close_date", each.value, each.evidence.text, "two readings compete"))
        return None
    for each in rivals:
        dropped.append(_drop("close_date", each.value, each.evidence.text, "a later statement changed it"))
    return latest


def _dated(
    reading: Reading, day: Value, words: str, other: object, evidence: Evidence, confidence: float, index: int
) -> Found:
    note = f'"{words}", anchored on {shown(reading.context.anchor.date())}'
    if other is not None:
        note += f"; could also be {other}"
        confidence -= 0.2
    return Found(field="close_date", value=day, evidence=evidence, confidence=confidence, reading=note, index=index)


def _next_step(steps: list[NextStep]) -> Found | None:
    """The step the deal waits for: the first meeting or our first dated step, else our first."""
    ranked = sorted(
        (each for each in steps if each.confidence >= 0.55),
        key=lambda each: (each.due is None, not each.ours, -each.confidence, each.evidence.start),
    )
    if not ranked:
        return None
    best = ranked[0]
    meetings = [
        each
        for each in ranked
        if each.due
        and each.confidence >= 0.88
        and re.search(
            r"\b(?:demo|meet|call|session|workshop|kick-?off|review|walk-?through|poc|pilot)\b", each.action.lower()
        )
    ]
    best = meetings[0] if meetings else best
    value = f"{best.action}, {shown(best.due)}" if best.due else best.action
    return Found(
        field="next_step",
        value=value,
        evidence=best.evidence,
        confidence=best.confidence,
        reading=best.due_text or "the step they agreed on",
    )
