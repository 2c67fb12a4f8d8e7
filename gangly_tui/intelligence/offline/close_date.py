"""The day the deal is to close: a day said with signing, deciding or buying."""

from __future__ import annotations

import re

from gangly_tui.domain.draft import Dropped, Evidence
from gangly_tui.intelligence.offline import field_cues as cue
from gangly_tui.intelligence.offline.due import Due, read_dues, shown
from gangly_tui.intelligence.offline.modality import Mood, mood
from gangly_tui.intelligence.offline.passages import Block, Sentence, span
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.text_fields import Answer, Found, drop

_ASKS_CLOSE = re.compile(r"\b(?:sign|decid|decision|clos|purchas|buy|contract|commit|in place)")
_CHANGED = re.compile(r"\b(?:actually|instead|now|pushed|moved|slipp?ed|delayed|changed|correction|rather|not)\b")


def close_date(reading: Reading, asked: list[Answer], dropped: list[Dropped]) -> Found | None:
    """The close date as the buyer said it last; None when two days compete."""
    found = [each for sentence in reading.live() if (each := _said(reading, sentence, dropped))]
    seen = {each.index for each in found}
    for pair in asked:
        if pair.field == "close_date" and pair.answer.index not in seen and _ASKS_CLOSE.search(pair.question.low):
            dues = [due for due in read_dues(pair.answer.text, reading.context) if not due.wide]
            how = mood(pair.answer)
            if len(dues) == 1 and how in (Mood.ASSERTED, Mood.HEDGED):
                quote = span(reading.text, pair.question, pair.answer)
                found.append(_dated(reading, dues[0], quote, 0.72 - _doubt(how), pair.answer.index))
    if not found:
        return None
    latest = max(found, key=lambda each: each.index)
    rivals = [each for each in found if each.value != latest.value]
    if rivals and not _CHANGED.search(latest.evidence.text.lower()):
        dropped.extend(drop("close_date", each.value, each.evidence.text, "two readings compete") for each in found)
        return None
    dropped.extend(
        drop("close_date", each.value, each.evidence.text, "a later statement changed it") for each in rivals
    )
    return latest


def _said(reading: Reading, sentence: Sentence, dropped: list[Dropped]) -> Found | None:
    hit = cue.CLOSE.search(sentence.low)
    if not hit or not sentence.buyer_fact or sentence.block is Block.TASK or cue.NOT_CLOSE.search(sentence.low):
        return None
    later = reading.amended.get(sentence.index)
    fix = reading.sentences[later] if later is not None else None
    fixed = [due for due in read_dues(fix.text, reading.context) if not due.wide] if fix else []
    dues = fixed or [due for due in read_dues(sentence.text, reading.context) if not due.wide]
    if not dues:
        return None
    near = dues[-1] if fixed else min(dues, key=lambda due: abs(due.start - hit.end()))
    how = mood(sentence, hit.start(), hit.end())
    if how not in (Mood.ASSERTED, Mood.HEDGED):
        dropped.append(drop("close_date", near.day, sentence.text, how.value))
        return None
    quote = span(reading.text, sentence, fix) if fix and fixed else sentence.evidence(reading.text)
    sure = 0.8 if near.first == near.last else 0.72
    return _dated(reading, near, quote, sure - _doubt(how), sentence.index)


def _doubt(how: Mood) -> float:
    return 0.2 if how is Mood.HEDGED else 0.0


def _dated(reading: Reading, due: Due, quote: Evidence, confidence: float, index: int) -> Found:
    note = f'"{due.words}", anchored on {shown(reading.context.anchor.date())}'
    if due.alternative is not None:
        note += f"; could also be {shown(due.alternative)}"
        confidence -= 0.2
    return Found(field="close_date", value=due.day, evidence=quote, confidence=confidence, reading=note, index=index)
