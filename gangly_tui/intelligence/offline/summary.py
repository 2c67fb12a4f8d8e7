"""A named summary: what a colleague who missed the call must know, each line with the words that back it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gangly_tui.domain.draft import Evidence, Mention, NextStep, Summary, SummaryLine
from gangly_tui.domain.identity import company_name
from gangly_tui.intelligence.offline import field_cues as cue
from gangly_tui.intelligence.offline.amounts import Role, figures
from gangly_tui.intelligence.offline.due import shown
from gangly_tui.intelligence.offline.modality import Mood, asks, mood
from gangly_tui.intelligence.offline.passages import Block, Sentence, plain
from gangly_tui.intelligence.offline.reading import Reading

MOST_LINES = 8
_TITLE_LIMIT = 110
_TOPICS = ("need", "price", "decision", "objection", "next")
_KIND = {"closed_won": "closing", "closed_lost": "lost deal"}


def summarise(
    reading: Reading, steps: list[NextStep], fields: list[Mention], company: str | None, stage: str | None
) -> Summary:
    """The summary; without anything worth a line it has a title and no lines."""
    room = 4 if len(reading.sentences) < 6 else MOST_LINES
    lines: list[SummaryLine] = []
    taken: list[Evidence] = []
    by_field = {each.field: each for each in fields}
    step_lines = [_step_line(each) for each in _ranked(steps)]
    quota = {"need": 2, "price": 1, "decision": 2, "objection": 1}
    for topic, least in quota.items():
        for line in _topic_lines(reading, topic, by_field):
            if sum(each.topic == topic for each in lines) >= least or _overlaps(line.evidence, taken):
                continue
            lines.append(line)
            taken.append(line.evidence)
    spare = max(2, room - len(lines))
    lines.extend(step_lines[:spare] if len(lines) + spare <= room else step_lines[: max(1, room - len(lines))])
    order = {topic: at for at, topic in enumerate(_TOPICS)}
    lines.sort(key=lambda each: (order[each.topic], each.evidence.start))
    while len(lines) > room:
        lines.remove(next((each for each in reversed(lines) if each.topic == "need"), lines[-1]))
    return Summary(title=_title(reading, steps, by_field, company, stage), lines=tuple(lines))


def _overlaps(evidence: Evidence, taken: Iterable[Evidence]) -> bool:
    return any(evidence.start < each.end and each.start < evidence.end for each in taken)


def _ranked(steps: list[NextStep]) -> list[NextStep]:
    best = sorted(steps, key=lambda each: (each.due is None, -each.confidence, each.evidence.start))[:4]
    return sorted(best, key=lambda each: each.evidence.start)


def _step_line(step: NextStep) -> SummaryLine:
    who = step.owner or ("We" if step.ours else "They")
    due = f" by {shown(step.due)}" if step.due else ""
    return SummaryLine(text=f"Next: {who} - {step.action}{due}", evidence=step.evidence, topic="next")


def _topic_lines(reading: Reading, topic: str, fields: dict[str, Mention]) -> list[SummaryLine]:
    """Lines of a topic, the strongest first: the field's own quote, then the sentences that speak of it."""
    wanted = {
        "need": ("pain", "decision_criteria"),
        "price": ("amount", "budget"),
        "decision": ("decision_process", "economic_buyer", "close_date"),
        "objection": (),
    }
    lines: list[SummaryLine] = []
    for name in wanted[topic]:
        mention = fields.get(name)
        if mention and mention.evidence.end - mention.evidence.start <= 420:
            lines.append(_quoted(reading, mention.evidence, topic))
    scored: list[tuple[float, Sentence]] = []
    for sentence in reading.live():
        if sentence.block in (Block.OUTCOME, Block.TASK):
            continue
        weight = _weight(topic, sentence)
        if weight > 0:
            scored.append((weight + min(len(sentence.text.split()), 24) / 100, sentence))
    scored.sort(key=lambda each: (-round(each[0], 3), each[1].index))
    lines.extend(_quoted(reading, sentence.evidence(reading.text), topic) for _, sentence in scored[:4])
    return lines


def _weight(topic: str, sentence: Sentence) -> float:
    if topic == "price":
        found = figures(sentence)
        good = [
            each
            for each in found
            if each.role in (Role.OFFER, Role.AGREED, Role.BALLPARK, Role.BUDGET) and each.mood is not Mood.PREP
        ]
        return (0.9 if any(each.role in (Role.AGREED, Role.OFFER) for each in good) else 0.7) if good else 0.0
    if not sentence.buyer_fact:
        return 0.0
    cues = {"need": cue.PAIN, "decision": cue.PROCESS, "objection": cue.OBJECTION}[topic]
    for weight, pattern in cues:
        hit = pattern.search(sentence.low)
        if hit:
            how = mood(sentence, hit.start(), hit.end())
            fine = how is Mood.ASSERTED or (
                topic == "objection"
                and how in (Mood.QUESTION, Mood.PAST, Mood.NEGATED, Mood.HYPOTHETICAL)
                and (weight >= 1.0 or asks(sentence))
            )
            return weight if fine and weight >= 0.55 and len(sentence.text.split()) > 2 else 0.0
    return 0.0


def _quoted(reading: Reading, evidence: Evidence, topic: str) -> SummaryLine:
    said = [
        each
        for each in reading.sentences
        if each.start < evidence.end and evidence.start < each.end and each.speaker == evidence.speaker
    ]
    if said and (said[0].start > evidence.start or said[-1].end < evidence.end):
        words = " ".join(each.text for each in said)
    else:
        words = plain(reading.source.masked[evidence.start : evidence.end], 0)[0].strip(" -")
    who = f"{reading.cast.full_name(evidence.speaker)}: " if evidence.speaker else ""
    return SummaryLine(
        text=f'{who}"{words}"' if evidence.speaker else words[:1].upper() + words[1:], evidence=evidence, topic=topic
    )


def _title(
    reading: Reading, steps: list[NextStep], fields: dict[str, Mention], company: str | None, stage: str | None
) -> str:
    """`TechFlow discovery: longer cycles and more deals stalling; demo, 30 Jan 2024`, from the source's own words."""
    name = _short(company) if company else ""
    kind = _KIND.get(stage or "", stage or "call")
    head = f"{name} {kind}".strip()
    head = head[:1].upper() + head[1:]
    parts = []
    if "amount" in fields:
        parts.append(_figure(fields["amount"]))
    elif "pain" in fields:
        parts.append(_core(str(fields["pain"].value)))
    elif "budget" in fields:
        parts.append(_core(str(fields["budget"].value)))
    if "next_step" in fields:
        step = str(fields["next_step"].value)
        parts.append(step[:1].lower() + step[1:] if not step[:2].isupper() else step)
    elif steps:
        parts.append(steps[0].action[:1].lower() + steps[0].action[1:])
    tail = "; ".join(part for part in parts if part)
    title = f"{head}: {tail}" if tail else head
    return title if len(title) <= _TITLE_LIMIT else title[:_TITLE_LIMIT].rsplit(" ", 1)[0]


def _short(company: str) -> str:
    words = company.replace(",", " ").split()
    kept = len(company_name(company).split())
    return " ".join(words[:kept]) if kept else company


def _figure(mention: Mention) -> str:
    hit = re.search(r'"([^"]+)"', mention.reading)
    return hit.group(1) if hit else str(mention.value)


def _core(text: str) -> str:
    """The few words around the cue: enough to recognise the point."""
    low = text.lower()
    for _, pattern in (*cue.PAIN, *cue.BUDGET):
        hit = pattern.search(low)
        if hit:
            begin = max(
                (
                    low.rfind(mark, 0, hit.start()) + len(mark)
                    for mark in (", ", "; ", ". ", " - ", " but ", " and ", "\u2014")
                    if low.rfind(mark, 0, hit.start()) >= 0
                ),
                default=0,
            )
            ends = [
                at
                for mark in (", ", "; ", ". ", " because ", " - ", "\u2014")
                if (at := low.find(mark, hit.end())) >= 0
            ]
            words = text[begin : min(ends, default=len(text))].strip(" .,;").split()
            if len(words) > 9:
                position = len(text[begin : hit.start()].split())
                start = max(0, min(position - 3, len(words) - 9))
                words = words[start : start + 9]
            return " ".join(words)
    return " ".join(text.split()[:9])
