"""Whether a model's value is of the kind its field holds, and its quote about that: verbatim nonsense is nonsense too.

Each check answers the reason a value falls, or "".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gangly_tui.domain.identity import company_name
from gangly_tui.intelligence.offline import field_cues as cue
from gangly_tui.intelligence.offline.lexicon import ACTION_START, PERSON, TITLE_PHRASE, names_in
from gangly_tui.intelligence.offline.modality import asks
from gangly_tui.intelligence.offline.passages import Sentence
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.step_cues import PROMISE
from gangly_tui.intelligence.offline.step_words import is_vague, words
from gangly_tui.intelligence.offline.text_fields import TEXT_FIELDS, score

_TEXTS = {name: cues for name, cues, _ in TEXT_FIELDS}
_LONGEST_NAME = 60
_LONGEST_LINE = 160
_SIGNS = re.compile(r"\b(?:signs?|approves?|decides?|sign[- ]?off|final say|has the last word|budget holder)\b")
_HEAD = re.compile(r"(?:(?:and|so|then|also|ok(?:ay)?|yes|sure|great)[,.]? )+", re.IGNORECASE)


def about_field(name: str, said: Sequence[Sentence], reading: Reading) -> str:
    """These words, those beside them in the turn, or the question they answer have to do with a field of text."""
    cues = _TEXTS.get(name)
    if cues is None:
        return ""
    for each in said:
        near = [one for one in reading.sentences[max(0, each.index - 1) : each.index + 2] if one.turn == each.turn]
        if any(score(one.low, cues)[1] for one in near) or _answers(name, each, reading):
            return ""
    return "nothing in its quote, or before it, is about this"


def _answers(name: str, sentence: Sentence, reading: Reading) -> bool:
    asked = next((one for one in reading.before(sentence, 4) if one.turn != sentence.turn), None)
    return asked is not None and asks(asked) and bool(cue.ASKS_FOR[name].search(asked.low))


def is_vendor(value: str, said: Sequence[Sentence], reading: Reading) -> str:
    """A vendor's name, said where alternatives are spoken of; nobody's name on the call, not our company or theirs."""
    if value.casefold() in {each.casefold() for each in reading.context.competitors}:
        return ""
    hit = cue.VENDOR_NAME.fullmatch(value)
    if hit is None or len(value) > _LONGEST_NAME or value not in names_in(value):
        return "no name of a vendor"
    people = {part.casefold() for each in reading.cast.people for part in each.name.split()}
    ours = {company_name(each) for each in (reading.context.our_company, reading.context.account_name) if each}
    ours |= {company_name(each.company) for each in reading.cast.people if each.company}
    if company_name(value) in ours or people & {each.casefold() for each in value.split()}:
        return "somebody of this call, not an alternative"
    for each in said:
        if cue.COMPETITOR.search(each.text) or cue.COMPETITOR_SAID.search(each.text):
            return ""
        if _answers("competitor", each, reading):
            return ""
    return "its quote speaks of no alternative"


def is_signer(value: str, said: Sequence[Sentence], reading: Reading) -> str:
    """A person's name or a title, said to sign, approve or decide."""
    named = reading.cast.named(value) is not None or value in names_in(value)
    titled = re.fullmatch(rf"(?:(?:our|the|my|their) )?{TITLE_PHRASE}", value, re.IGNORECASE)
    if len(value) > _LONGEST_NAME or not (named or titled):
        return "no name of a person"
    told = any(cue.ECONOMIC.search(each.low) or _SIGNS.search(each.low) for each in said)
    return "" if told else "its quote does not say that they decide"


def is_person(value: str, quote: str, reading: Reading) -> str:
    """First and last name as they stand in the quote: what a new contact needs; no company of the call."""
    if not re.fullmatch(PERSON, value) or len(value) > _LONGEST_NAME or value not in names_in(value):
        return "no name of a person"
    if value not in names_in(quote):
        return "its quote does not name them"
    companies = {company_name(each.company) for each in reading.cast.people if each.company}
    companies |= {company_name(each) for each in (reading.context.our_company, reading.context.account_name)}
    companies |= {company_name(each) for each in reading.context.competitors}
    return "a company, not a person" if company_name(value) in companies else ""


def action_of(value: str) -> str:
    """The action as an imperative, without "I'll"; "" when it names nothing one could do."""
    value = _HEAD.sub("", value.strip(), count=1) if _HEAD.match(value.strip()) else value.strip()
    promise = PROMISE.match(value)
    action = (value[promise.start("what") :] if promise else value).strip(" .,;")
    if not ACTION_START.match(action) or len(words(action)) < 2 or is_vague(action):
        return ""
    if re.search(r"[.!?;] |^[\w ]{1,30}:", action):
        return ""
    return action[:1].upper() + action[1:]


def is_line(value: str) -> str:
    """One line of a summary: a few words, and no address that somebody could be led to."""
    if len(value) > _LONGEST_LINE or len(value.split()) < 3:
        return "no short line"
    return "it has a web address" if re.search(r"://|\bwww\.", value, re.IGNORECASE) else ""
