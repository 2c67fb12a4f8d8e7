"""A named summary: what a colleague who missed the call must know, each line with the words that back it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gangly_tui.domain.draft import Evidence, Mention, NextStep, Side, Summary, SummaryLine
from gangly_tui.domain.identity import company_name
from gangly_tui.intelligence.offline import field_cues as cue
from gangly_tui.intelligence.offline.amounts import Role, figures
from gangly_tui.intelligence.offline.due import shown
from gangly_tui.intelligence.offline.lexicon import MEETING_NOUN
from gangly_tui.intelligence.offline.modality import Mood, asks, mood
from gangly_tui.intelligence.offline.passages import Block, Sentence, plain, span
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.self_named import is_numbered

MOST_LINES = 8
_TITLE_LIMIT = 100
_ROOM_FOR_RIVAL = 5
"""With more lines than this, the competitor stays a field."""
_TOPICS = ("need", "price", "decision", "objection", "next")
_KIND = {"closed_won": "deal won", "closed_lost": "deal lost"}


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
        for line in _topic_lines(reading, topic, by_field, steps):
            if sum(each.topic == topic for each in lines) >= least or _overlaps(line.evidence, taken):
                continue
            lines.append(line)
            taken.append(line.evidence)
    rival = by_field.get("competitor")
    if rival and len(lines) <= _ROOM_FOR_RIVAL and not _overlaps(rival.evidence, taken):
        lines.append(_quoted(reading, rival.evidence, "objection"))
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
    """ "Next: Maria to send the contract by 15 Feb 2024"; a meeting's name stands by itself."""
    event = bool(_EVENT.match(step.action))
    due = f" {'on' if event or _MEETS.match(step.action) else 'by'} {shown(step.due)}" if step.due else ""
    if not step.owner:
        what = f"Next for {'us' if step.ours else 'them'}: {_lower_first(step.action)}"
    elif event:
        what = f"Next: {step.owner} - {step.action}"
    else:
        what = f"Next: {step.owner} to {_lower_first(step.action)}"
    return SummaryLine(text=what + due, evidence=step.evidence, topic="next")


_EVENT = re.compile(
    r"(?!(?:do|hold|book|schedule|set|have|run|arrange|host|plan|join|attend|prep|prepare|send|meet|invite|"
    r"call (?!with|for|on|at))\b)"
    rf"(?:(?:a|an|the|another)\s)?(?:[\w-]+\s){{0,3}}?{MEETING_NOUN}(?:$|\s(?:for|with|w/|on|at)\b)",
    re.I,
)
"""Something that takes place, not something one does."""
_MEETS = re.compile(r"(?:hold|meet|talk|speak|catch up|do (?:a|the)|call|join|look at .* together)\b", re.I)


def _lower_first(words: str) -> str:
    """Ready to stand inside a sentence; names and abbreviations keep their capitals."""
    first = words.split(maxsplit=1)[0] if words else ""
    return words if first[1:2].isupper() or first == "I" else words[:1].lower() + words[1:]


def _topic_lines(
    reading: Reading, topic: str, fields: dict[str, Mention], planned: list[NextStep]
) -> list[SummaryLine]:
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
    steps = [each.evidence for each in planned]
    scored: list[tuple[float, Sentence]] = []
    for sentence in reading.live():
        if sentence.block in (Block.OUTCOME, Block.TASK) or (
            topic == "decision" and _overlaps(sentence.evidence(reading.text), steps)
        ):
            continue
        weight = _weight(topic, sentence)
        if weight > 0:
            scored.append((weight + min(len(sentence.text.split()), 24) / 100, sentence))
    scored.sort(key=lambda each: (-round(each[0], 3), each[1].index))
    lines.extend(_quoted(reading, _whole(reading, sentence), topic) for _, sentence in scored[:4])
    return lines


def _whole(reading: Reading, sentence: Sentence) -> Evidence:
    """The sentence, with what the speaker goes on to say when it is too short to stand alone ("What's the catch?")."""
    last = sentence
    for each in reading.after(sentence, 2):
        if each.turn != sentence.turn or last.end - sentence.start > _SHORT:
            break
        last = each
    return span(reading.text, sentence, last) if last is not sentence else sentence.evidence(reading.text)


_SHORT = 30
"""Characters of a quote that says little by itself."""


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
        if hit and not (topic == "objection" and _SETTLED.search(sentence.low)):
            how = mood(sentence, hit.start(), hit.end())
            fine = how is Mood.ASSERTED or (
                topic == "objection"
                and how in (Mood.QUESTION, Mood.PAST, Mood.NEGATED, Mood.HYPOTHETICAL)
                and (weight >= 1.0 or asks(sentence))
            )
            return weight if fine and weight >= 0.55 and len(sentence.text.split()) > 2 else 0.0
    return 0.0


_SETTLED = re.compile(
    r"\b(?:address(?:es|ed)|resolv(?:es|ed)|solv(?:es|ed)|answers|no (?:more )?(?:concerns?|objections?))\b"
)


def _quoted(reading: Reading, evidence: Evidence, topic: str) -> SummaryLine:
    said = [
        each
        for each in reading.sentences
        if each.start < evidence.end and evidence.start < each.end and each.block is not Block.OUTCOME
    ]
    own = [each for each in said if each.speaker == evidence.speaker]
    if own and (own[0].start > evidence.start or own[-1].end < evidence.end):
        words = " ".join(each.text for each in own)
    else:
        words = plain(reading.source.masked[evidence.start : evidence.end], 0)[0].strip(" -")
    if not evidence.speaker:
        words = _LEADS.sub("", words)
        return SummaryLine(text=words[:1].upper() + words[1:], evidence=evidence, topic=topic)
    asked = [each for each in said if each.speaker and each.speaker != evidence.speaker and asks(each)]
    question = ""
    if asked and len(words) < _SHORT:
        question = f'{reading.cast.full_name(asked[-1].speaker)}: "{asked[-1].text}" '
    text = f'{question}{reading.cast.full_name(evidence.speaker)}: "{words}"'
    return SummaryLine(text=text, evidence=evidence, topic=topic)


_LEADS = re.compile(r"^(?:(?:and|so|but|then|also|uh|um|oh|yeah|okay|ok|anyway)[, ]+)+", re.I)
"""How a dictated line begins."""


def _title(
    reading: Reading, steps: list[NextStep], fields: dict[str, Mention], company: str | None, stage: str | None
) -> str:
    """`TechFlow discovery: longer cycles and more deals stalling; demo, 30 Jan 2024`, from the source's own words."""
    name = _short(company) if company else ""
    kind = _KIND.get(stage or "", stage or "call")
    head = f"{name} {kind}".strip()
    head = head[:1].upper() + head[1:]
    if not name and (met := next((each for each in reading.cast.people if each.side is Side.BUYER), None)):
        called = "" if kind in ("call", *_KIND.values()) else " call"
        head += "" if "@" in met.name or is_numbered(met.name) else f"{called} with {met.name}"
    point = _point(fields)
    step = str(fields["next_step"].value) if "next_step" in fields else steps[0].action if steps else ""
    step = _lower_first(step)
    brief = _briefly(step)
    for parts in ((point, step), (point, brief), (point, re.sub(r", \d.*$", "", brief)), ("", brief), (point,)):
        tail = "; ".join(part for part in parts if part)
        title = f"{head}: {tail}" if tail else head
        if len(title) <= _TITLE_LIMIT:
            return title
    return head


def _point(fields: dict[str, Mention]) -> str:
    """What the call was about: the price, else the pain, else the budget, in a few words."""
    if "amount" in fields:
        return _figure(fields["amount"])
    return next((_core(str(fields[name].value)) for name in ("pain", "budget") if name in fields), "")


def _briefly(step: str) -> str:
    """A step without what hangs on it, its day kept: "send the staffing example, 26 Nov 2026"."""
    words, comma, day = step.rpartition(", ")
    words = words if comma and day[:1].isdigit() else step
    short = re.split(r"\s(?:from|for|with|using|to|in|of|incl\.|including|that|which|and)\s", words[12:], maxsplit=1)[0]
    return words[:12] + short + (f", {day}" if comma and day[:1].isdigit() else "")


def _short(company: str) -> str:
    words = company.replace(",", " ").split()
    kept = len(company_name(company).split())
    return " ".join(words[:kept]) if kept else company


def _figure(mention: Mention) -> str:
    hit = re.search(r'"([^"]+)"', mention.reading)
    return hit.group(1) if hit else str(mention.value)


_WORDS = 9
_DANGLES = frozenset(
    "a an the of to and or for in on at with by is are was be it that this our your their we they i so".split()
)
_OPENERS = re.compile(
    r"^(?:(?:so|and|but|well|now|honestly|because|since),?\s)*(?:(?:we|they|she|he|i)(?:'ve| have| has|"
    r"'s)(?: got)?\s(?!to\b)|"
    r"there(?:'s| is| are)\s|(?:it|that|this|they)(?:'s|'re| is| are)\s(?=the\b|our\b|an?\b))",
    re.I,
)


def _core(text: str) -> str:
    """The few words around the cue: enough to recognise the point; nothing where they lean on what was said before."""
    low = text.lower()
    begin, finish, at = 0, len(text), 0
    for _, pattern in (*cue.PAIN, *cue.BUDGET):
        hit = pattern.search(low)
        if hit:
            marks = (", ", "; ", ". ", " - ", " but ", " and ", "\u2014")
            begin = max(
                (low.rfind(mark, 0, hit.start()) + len(mark) for mark in marks if mark in low[: hit.start()]), default=0
            )
            ends = (", ", "; ", ". ", " because ", " - ", "\u2014")
            finish = min((found for mark in ends if (found := low.find(mark, hit.end())) >= 0), default=len(text))
            at = len(text[begin : hit.start()].split())
            break
    words = text[begin:finish].strip(" .,;").split()
    if len(words) > _WORDS:
        start = max(0, min(at - 3, len(words) - _WORDS))
        words = words[start : start + _WORDS]
    while words and words[-1].lower() in _DANGLES:
        words.pop()
    said = _OPENERS.sub("", " ".join(words))
    return "" if len(said.split()) < _FEW or _LEANS.match(said) else _lower_first(said)


_FEW = 2
_LEANS = re.compile(r"(?:(?:and|so|but|now) )?(?:it|that|this|he|she|they)(?:'s|'re)?\b", re.I)
