"""Two readings of one text become one draft: the first keeps every value, the second confirms, contradicts or adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gangly_tui.domain.draft import ContactMention, Draft, Dropped, Evidence, Mention, NextStep, SummaryLine
from gangly_tui.domain.records import FIELDS, FieldType, encode
from gangly_tui.domain.safe import one_line
from gangly_tui.domain.values import show
from gangly_tui.intelligence.offline.money import find_money
from gangly_tui.intelligence.offline.step_words import words

HIGHEST = 0.97
DISPUTED = 0.5
"""A value that the second reading contradicts is "look closer"."""
MOST_LINES = 3
"""Of a model's, behind those of the summary."""
_TEXTS = (FieldType.LONG_TEXT,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The draft, and what the second reading did to it."""

    draft: Draft
    added: int
    agreed: int
    disputed: int


def merge(first: Draft, seconds: Sequence[Draft], *, name: str, steered: bool = False) -> Merged:
    """Join what a model's readings of the pieces of a text found to the draft that is there. `name` is the model's.

    No value of the first draft is replaced or taken away. A value only the second has is added, unless our own readers
    have refused that field here: their doubt weighs more. In a text that tries to steer its reader the second may only
    confirm.
    """
    if steered:
        seconds = [_only_confirming(first, each) for each in seconds]
    dropped = [each for second in seconds for each in second.dropped]
    found = _one_each([each for second in seconds for each in second.fields])
    fields: list[Mention] = []
    agreed = disputed = added = 0
    for each in first.fields:
        other = found.pop(each.field, None)
        if other is None:
            fields.append(each)
        elif _same(each, other):
            agreed += 1
            fields.append(replace(each, confidence=_surer(each.confidence)))
        else:
            disputed += 1
            fields.append(_contradicted(each, other, name))
    for other in found.values():
        if reason := _refused(other, first):
            dropped.append(Dropped(what=other.field, value=_shown(other), quote=other.evidence.text, reason=reason))
        else:
            added += 1
            fields.append(replace(other, reading=f"read by {name} alone"))
    steps, more, same = _steps(first.next_steps, [each for second in seconds for each in second.next_steps])
    people, new = _people(first.contacts, [each for second in seconds for each in second.contacts])
    lines = _lines(first, [each for second in seconds for each in second.summary.lines], dropped)
    stage, backing = first.stage, first.stage_evidence
    told = next((each for each in fields if each.field == "stage"), None)
    if stage is None and told is not None:
        stage, backing = str(told.value), told.evidence
    draft = replace(
        first,
        engine=f"{first.engine}+{name}",
        summary=replace(first.summary, lines=(*first.summary.lines, *lines)),
        fields=tuple(fields),
        next_steps=steps,
        contacts=people,
        stage=stage,
        stage_evidence=backing,
        dropped=tuple(dict.fromkeys((*first.dropped, *dropped))),
    )
    return Merged(draft=draft, added=added + more + new + len(lines), agreed=agreed + same, disputed=disputed)


_STEERED = "the text holds an instruction to software: here a model may only confirm"


def _only_confirming(first: Draft, second: Draft) -> Draft:
    ours = {each.field: each for each in first.fields}
    fields = [each for each in second.fields if each.field in ours and _same(ours[each.field], each)]
    steps = [each for each in second.next_steps if any(_twins(one, each) for one in first.next_steps)]
    dropped = [
        Dropped(what=each.field, value=_shown(each), quote=each.evidence.text, reason=_STEERED)
        for each in second.fields
        if each not in fields
    ]
    dropped += [
        Dropped(what="next step", value=each.action, quote=each.evidence.text, reason=_STEERED)
        for each in second.next_steps
        if each not in steps
    ]
    dropped += [
        Dropped(what="contact", value=each.name, quote=each.evidence.text, reason=_STEERED) for each in second.contacts
    ]
    dropped += [
        Dropped(what="summary", value=each.text, quote=each.evidence.text, reason=_STEERED)
        for each in second.summary.lines
    ]
    return replace(
        second,
        summary=replace(second.summary, lines=()),
        fields=tuple(fields),
        next_steps=tuple(steps),
        contacts=(),
        dropped=(*second.dropped, *dropped),
    )


def _one_each(mentions: Sequence[Mention]) -> dict[str, Mention]:
    """One value a field: what was said last, buyers before others."""
    best: dict[str, Mention] = {}
    for each in sorted(mentions, key=lambda one: (one.evidence.side == "buyer", one.evidence.start)):
        best[each.field] = each
    return best


def _same(one: Mention, other: Mention) -> bool:
    a, b = encode(one.value), encode(other.value)
    if isinstance(a, str) and isinstance(b, str):
        if FIELDS[one.object][one.field] in _TEXTS or one.field == "budget":
            return _overlap(one.evidence, other.evidence) or _alike(a, b)
        a, b = a.casefold(), b.casefold()
        if one.field in ("economic_buyer", "competitor"):
            return a == b or a in b or b in a
    return a == b


def _alike(one: str, other: str) -> bool:
    a, b = words(one), words(other)
    return bool(a and b) and (a <= b or b <= a)


def _surer(confidence: float) -> float:
    """Two readers that do not know of each other: two fifths of the doubt are gone."""
    return round(max(confidence, min(HIGHEST, 1 - (1 - confidence) * 0.6)), 2)


def _shown(mention: Mention) -> str:
    return show(mention.value, FIELDS[mention.object][mention.field])


def _contradicted(mention: Mention, other: Mention, name: str) -> Mention:
    """The mention with both values and both quotes; a quote that already speaks against it stays beside."""
    if FIELDS[mention.object][mention.field] in _TEXTS:
        return mention  # another sentence about the same thing is no contradiction
    note = f"{name} reads {one_line(_shown(other), limit=120)}"
    if mention.against is not None:
        note += f' from "{one_line(other.evidence.text, limit=200)}"'
    return replace(
        mention,
        confidence=min(mention.confidence, DISPUTED),
        reading=f"{mention.reading}; {note}" if mention.reading else note,
        against=mention.against or other.evidence,
    )


def _refused(mention: Mention, first: Draft) -> str:
    """Why our own readers left this field empty, when they looked at this very value or could not decide."""
    for each in first.dropped:
        if each.what.rpartition(".")[2] != mention.field:
            continue
        undecided = "compete" in each.reason or mention.field == "stage"
        if undecided or each.value.casefold() == str(encode(mention.value)).casefold() or _read(each, mention):
            return f"refused by our own reader: {each.reason}"
    if mention.field == "amount":
        return "our own reader finds no price here"
    return ""


def _read(refused: Dropped, mention: Mention) -> bool:
    if FIELDS[mention.object][mention.field] is not FieldType.CURRENCY:
        return refused.quote in mention.evidence.text or mention.evidence.text in refused.quote
    return any(mention.value in (each.low, each.high) for each in find_money(refused.value))


def _steps(first: Sequence[NextStep], second: Sequence[NextStep]) -> tuple[tuple[NextStep, ...], int, int]:
    kept = list(first)
    sure: set[int] = set()
    added = 0
    for each in sorted(second, key=lambda one: one.evidence.start):
        twin = next((at for at, one in enumerate(kept) if _twins(one, each)), None)
        if twin is None:
            kept.append(each)
            added += 1
        elif twin < len(first) and twin not in sure:
            sure.add(twin)
            kept[twin] = replace(kept[twin], confidence=_surer(kept[twin].confidence))
    return tuple(kept), added, len(sure)


def _twins(one: NextStep, other: NextStep) -> bool:
    near = _overlap(one.evidence, other.evidence)
    shared = words(one.action) & words(other.action)
    return bool(shared) if near else _alike(one.action, other.action)


def _people(
    first: Sequence[ContactMention], second: Sequence[ContactMention]
) -> tuple[tuple[ContactMention, ...], int]:
    kept = list(first)
    for each in second:
        parts = set(each.name.casefold().split())
        if not any(parts <= set(one.name.casefold().split()) or set(one.name.casefold().split()) <= parts
                   for one in kept):  # fmt: skip
            kept.append(each)
    return tuple(kept), len(kept) - len(first)


def _lines(first: Draft, second: Sequence[SummaryLine], dropped: list[Dropped]) -> list[SummaryLine]:
    """What a model's lines tell of words that the summary does not tell of yet; they come behind it."""
    told = [each.evidence for each in first.summary.lines] + [each.evidence for each in first.next_steps]
    room = MOST_LINES - sum(bool(each.by) for each in first.summary.lines)
    kept: list[SummaryLine] = []
    for each in second:
        if any(_overlap(each.evidence, one) for one in told):
            reason = "these words are in the summary already"
        elif len(kept) >= room:
            reason = f"{MOST_LINES} lines of a model are the most"
        else:
            kept.append(each)
            told.append(each.evidence)
            continue
        dropped.append(Dropped(what="summary", value=each.text, quote=each.evidence.text, reason=reason))
    return sorted(kept, key=lambda each: each.evidence.start)


def _overlap(one: Evidence, other: Evidence) -> bool:
    return one.start < other.end and other.start < one.end
