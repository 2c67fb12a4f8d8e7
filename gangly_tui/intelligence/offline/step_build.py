"""From "here begins an action" to candidates: where each action ends, what "it" and "then" stand for, and its day."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gangly_tui.domain.draft import Side
from gangly_tui.intelligence.offline.due import Due, read_dues
from gangly_tui.intelligence.offline.lexicon import ACTION_VERB
from gangly_tui.intelligence.offline.passages import Sentence
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.self_named import is_numbered
from gangly_tui.intelligence.offline.step_candidates import SPAN_LIMIT, Candidate
from gangly_tui.intelligence.offline.step_words import actions, fronted, is_vague, resolve, wording, words

_BARE = re.compile(
    rf"{ACTION_VERB}(?: (?:to|on|in|at|it|that|you|of|for|out|up|back|with|them|me|us|and|so|something|what))*", re.I
)
_DELEGATES = re.compile(r"^(?:get|have|ask)\s(?-i:[A-Z])\w+\sto\s(?:\w+\s)(?:it|them|that|those)$", re.I)
_THEN = re.compile(
    r"\b(?:then(?! (?:you|we|i|they|he|she|it)\b)|that day|that morning|that afternoon|at that time|same day)\b"
)
_ARRIVES = re.compile(r"\s(?:so )?you(?:'d|'ll| will) (?:have|get|see)\b")
"""Behind it stands the day something arrives: the step's own day only where no other is said."""
_HOLDS = re.compile(
    r"\b(?:valid|hold(?:s|ing)?|held|binding|good|open|guaranteed|fixed|frozen|runs?|running)(?: \w+)? (?:until|"
    r"till|through|to)\s(?:the\s)?$"
)
"""How long something stands, not by when it is done: "valid until 30 September"."""
_NAMES_A_DAY = re.compile(r"day\b|\d|th\b|tomorrow|tonight|week|month", re.I)


def built(
    reading: Reading,
    sentence: Sentence,
    at: int,
    owner: str,
    *,
    side: Side,
    rule: str,
    confidence: float,
    reason: str = "",
) -> Iterator[Candidate]:
    """Candidates for the actions that begin at `at`, with their day and with what "it" stands for."""
    dues = read_dues(sentence.text, reading.context_at(sentence))
    label = reading.addressee(sentence) if rule in ("promise", "offer") else ""
    you = label.split()[0] if label and not is_numbered(label) else ""
    pieces = actions(sentence, at)
    for number, (begin, finish) in enumerate(pieces):
        behind = pieces[number + 1][0] if number + 1 < len(pieces) else len(sentence.text) + 1
        arrives = _ARRIVES.search(sentence.low, begin)
        due = _due(sentence, dues, begin, min(behind, arrives.start()), first=number == 0) if arrives else None
        due = due or _due(sentence, dues, begin, behind, first=number == 0)
        action = wording(sentence.text[begin:finish], due, begin, you)
        if number == 0 and (thing := fronted(sentence, begin)):
            action = _with_object(action, thing)
        marks = [sentence]
        due_mark = sentence if due else None
        then = _THEN.search(sentence.low, begin)
        if due is None and then and then.start() < finish + 8 and (said := _that_day(reading, sentence)):
            due, due_mark = said
            marks = [due_mark, sentence]
        named = resolve(reading, sentence, action, begin)
        if _empty(action, due) or _DELEGATES.match(action):
            continue
        candidate = Candidate(
            action=action,
            owner=owner,
            ours=side is Side.REP,
            rule=rule,
            confidence=min(0.95, confidence + (0.09 if due else 0.0) - (0.1 if is_vague(action) else 0.0)),
            marks=marks,
            due=due,
            due_mark=due_mark,
            refused=reason or ("nobody can tell which side took it on" if side is Side.UNKNOWN and not owner else ""),
        )
        if named and max(sentence.end, named[1].end) - min(sentence.start, named[1].start) <= SPAN_LIMIT:
            candidate.resolved = named
        yield candidate


def _due(sentence: Sentence, dues: list[Due], begin: int, behind: int, *, first: bool) -> Due | None:
    """The day inside the action's own words, else the one day said right before its first verb."""
    inside = [due for due in dues if begin <= due.start < behind and not _HOLDS.search(sentence.low, 0, due.start)]
    if inside:
        if len(inside) > 1 and " or " in sentence.low:
            return None
        deadlines = [due for due in inside if re.search(r"\b(?:by|until|before|no later than)\s(?:the\s)?$",
                                                        sentence.low[max(0, due.start - 16) : due.start])]  # fmt: skip
        return deadlines[0] if deadlines and len(inside) > 1 else inside[0]
    if first and len(dues) == 1 and dues[0].start < begin:
        return dues[0]
    return None


def _that_day(reading: Reading, sentence: Sentence) -> tuple[Due, Sentence] | None:
    """The day "then" stands for: the last one named in the two sentences before."""
    for each in reading.before(sentence, 2):
        days = [due for due in read_dues(each.text, reading.context) if _NAMES_A_DAY.search(due.words) and not due.wide]
        if days:
            return days[-1], each
    return None


def _with_object(action: str, thing: str) -> str:
    """ "Send under the NDA" + "the SOC 2 report" is "Send the SOC 2 report"."""
    verb = re.match(rf"{ACTION_VERB}", action, re.I)
    if verb is None:
        return action
    rest = action[verb.end() :]
    kept = re.match(r"\s(?:from|with|to)\s.*", rest)
    return f"{verb.group()} {thing}{kept.group() if kept else ''}"


def _empty(action: str, due: Due | None) -> bool:
    """Whether nothing is left that one could do."""
    return not words(action) or len(action) < 4 or (bool(_BARE.fullmatch(action)) and not due)
