"""A model's items as a Draft for the gate: quotes found in the call, values read by our own readers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from gangly_tui.domain.draft import (
    ContactMention,
    Draft,
    Dropped,
    Evidence,
    Mention,
    NextStep,
    Side,
    Summary,
    SummaryLine,
)
from gangly_tui.domain.records import FIELDS, FieldType, Kind, Value
from gangly_tui.intelligence.grounding import ground_reading
from gangly_tui.intelligence.model_answer import Item
from gangly_tui.intelligence.model_mask import Mask
from gangly_tui.intelligence.model_prompt import CONTACT, LINE, OUR_STEP, THEIR_STEP, Turn
from gangly_tui.intelligence.model_quote import locate
from gangly_tui.intelligence.model_sense import about_field, action_of, is_line, is_person, is_signer, is_vendor
from gangly_tui.intelligence.offline.commitments import score_commitments
from gangly_tui.intelligence.offline.confidence import LEAST
from gangly_tui.intelligence.offline.due import read_dues, shown
from gangly_tui.intelligence.offline.modality import Mood, asks, mood, planted
from gangly_tui.intelligence.offline.money import find_money
from gangly_tui.intelligence.offline.passages import Sentence, one_space, plain
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.sources import READ_LIMIT
from gangly_tui.intelligence.offline.stage import generic_of
from gangly_tui.intelligence.offline.step_cues import NAMED, PROMISE
from gangly_tui.intelligence.offline.typed import schema_of

MOST_SURE = 0.65
"""What only a model found is "look closer", however sure it says it is."""
_BESIDE = 2
"""Sentences on either side in which an instruction to software makes a quote suspect."""
_TAKES_ON = 0.3
_VERBATIM = frozenset("budget pain decision_process decision_criteria".split())
_CLOSED = frozenset({"closed_won", "closed_lost"})


@dataclass(slots=True)
class _Found:
    engine: str
    fields: list[Mention] = field(default_factory=list)
    steps: list[NextStep] = field(default_factory=list)
    contacts: list[ContactMention] = field(default_factory=list)
    lines: list[SummaryLine] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def grounded(items: Sequence[Item], turns: Sequence[Turn], reading: Reading, mask: Mask, engine: str) -> Draft:
    """What stands of a model's items after the gate that both engines pass; the rest is dropped with its reason."""
    found = _Found(engine=engine)
    for item in items:
        value = one_space(mask.show(item.value or ""))
        quote = mask.show(item.quote)
        evidence = locate(quote, item.turn, turns, reading.text)
        reason = "its quote is not in the call" if evidence is None else _suspect(evidence, reading)
        if evidence is not None and not reason:
            reason = _place(item, value, evidence, reading, found)
        if reason:
            found.dropped.append(Dropped(what=_named(item.field), value=value[:200], quote=quote[:400], reason=reason))
    draft = Draft(
        engine=engine,
        text_sha256="",
        summary=Summary(title="", lines=tuple(found.lines)),
        next_steps=tuple(found.steps),
        fields=tuple(found.fields),
        contacts=tuple(found.contacts),
        dropped=tuple(found.dropped),
    )
    return ground_reading(draft, reading)


def steered(reading: Reading) -> bool:
    """Whether anything in the text, its header and captions included, reads like an instruction to software."""
    if any(planted(each.low) for each in reading.sentences):
        return True
    return any(planted(plain(line, 0)[0].lower()) for line in reading.text[:READ_LIMIT].splitlines())


def _named(name: str) -> str:
    return {OUR_STEP: "next step", THEIR_STEP: "next step", LINE: "summary"}.get(name, name)


def _touched(evidence: Evidence, reading: Reading) -> list[Sentence]:
    return [each for each in reading.sentences if each.start < evidence.end and evidence.start < each.end]


def _suspect(evidence: Evidence, reading: Reading) -> str:
    """Why a quote that does stand in the call proves nothing, or ""."""
    said = _touched(evidence, reading)
    live = {each.index for each in reading.live()}
    if any(each.index not in live for each in said):
        return "it was taken back, or is not part of the conversation"
    for each in said:
        near = reading.sentences[max(0, each.index - _BESIDE) : each.index + _BESIDE + 1]
        same = (one for one in reading.sentences if one.turn == each.turn)
        if any(planted(one.low) for one in (*near, *same)):
            return "it stands beside an instruction to software"
    return ""


def _place(item: Item, value: str, evidence: Evidence, reading: Reading, found: _Found) -> str:
    """Put the item where it belongs; the reason when it belongs nowhere."""
    confidence = round(max(LEAST, min(MOST_SURE, item.confidence)), 2)
    said = _touched(evidence, reading)
    if item.field in (OUR_STEP, THEIR_STEP):
        return _step(value, evidence, said, reading, found, confidence=confidence, ours=item.field == OUR_STEP)
    if item.field == CONTACT:
        if reason := is_person(value, one_space(evidence.text), reading):
            return reason
        found.contacts.append(ContactMention(name=value, evidence=evidence, confidence=confidence))
        return ""
    if item.field == LINE:
        if reason := is_line(value):
            return reason
        found.lines.append(SummaryLine(text=value, evidence=evidence, topic="other", by=found.engine))
        return ""
    typed = _typed(item.field, value, evidence, said, reading)
    if isinstance(typed, _Misfit):
        return typed.reason
    found.fields.append(
        Mention(
            object=Kind.OPPORTUNITY,
            field=item.field,
            value=typed,
            evidence=evidence,
            confidence=confidence,
            reading="read by the model",
        )
    )
    return ""


@dataclass(frozen=True, slots=True)
class _Misfit:
    reason: str


def _typed(name: str, value: str, evidence: Evidence, said: Sequence[Sentence], reading: Reading) -> Value | _Misfit:
    kind = FIELDS[Kind.OPPORTUNITY][name]
    if name == "stage":
        return _stage(value, said, reading)
    if kind is FieldType.DATE:
        return _day(value, reading)
    if kind is FieldType.CURRENCY:
        figure = _figure(value)
        return _Misfit("no figure") if figure is None else figure
    checks = {"competitor": is_vendor, "economic_buyer": is_signer}
    reason = checks[name](value, said, reading) if name in checks else about_field(name, said, reading)
    if reason:
        return _Misfit(reason)
    if name in _VERBATIM and value.lower() not in one_space(evidence.text).lower():
        return one_space(evidence.text).strip(" .,;")  # told in other words: theirs count
    return value or _Misfit("no value")


def _stage(value: str, said: Sequence[Sentence], reading: Reading) -> Value | _Misfit:
    schema = schema_of(Kind.OPPORTUNITY, "stage", reading.context.schemas)
    options = schema.options if schema else ()
    stage = next((each for each in options if each.lower() == value.lower()), value if not options else None)
    generic = generic_of(stage, schema) if stage else None
    if stage is None or generic is None:
        return _Misfit("not one of the deal's stages")
    if generic in _CLOSED:
        return _Misfit("a deal is closed on our own reading only")
    if not any(mood(each) is Mood.ASSERTED for each in said):
        return _Misfit("nobody asserted it")
    return stage


def _day(value: str, reading: Reading) -> Value | _Misfit:
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        days = {each.day for each in read_dues(value, reading.context)}
        return days.pop() if len(days) == 1 else _Misfit("no day")


def _figure(value: str) -> Decimal | None:
    bare = re.fullmatch(r"[^\d-]{0,4}(\d[\d,]{0,18}(?:\.\d{1,4})?)(?: ?[A-Za-z]{3})?", value.strip())
    if bare:
        return Decimal(bare[1].replace(",", ""))
    found = {Decimal(each.low) for each in find_money(value) if each.low == each.high}
    return found.pop() if len(found) == 1 else None


def _step(
    action: str,
    evidence: Evidence,
    said: Sequence[Sentence],
    reading: Reading,
    found: _Found,
    *,
    confidence: float,
    ours: bool,
) -> str:
    """A step needs words by which somebody takes it on; whose it is follows from who says them, not from the model."""
    action = action_of(action)
    if not action:
        return "no action one could take"
    line = next((each for each in said if _takes_on(each)), None)
    if line is None:
        return "nobody takes it on in its quote"
    if mood(line) not in (Mood.ASSERTED, Mood.HEDGED) or asks(line):
        return mood(line).value
    owner = ""
    if not line.account and not NAMED.search(line.text):
        if line.side is Side.UNKNOWN:
            return "nobody can tell which side took it on"
        ours, owner = line.side is Side.REP, reading.cast.full_name(line.speaker)
    elif ours:
        owner = reading.context.rep_name
    dues = read_dues(one_space(evidence.text), reading.context)
    due = dues[0] if len(dues) == 1 and not dues[0].wide else None
    found.steps.append(
        NextStep(
            action=action,
            owner=owner,
            due=due.day if due else None,
            ours=ours,
            evidence=evidence,
            confidence=confidence,
            due_text=f'"{due.words}", anchored on {shown(reading.context.anchor.date())}' if due else "",
        )
    )
    return ""


def _takes_on(line: Sentence) -> bool:
    if line.account:
        return score_commitments([line.text], [None])[0] >= _TAKES_ON
    return bool(PROMISE.search(line.text) or NAMED.search(line.text))
