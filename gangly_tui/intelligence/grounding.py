"""The evidence rule, one place, for every engine: a value that its own quote does not yield is dropped."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import replace
from datetime import date
from decimal import Decimal

from gangly_tui.domain.draft import ContactMention, Draft, Dropped, Evidence, Mention, NextStep, Side
from gangly_tui.domain.records import FIELDS, Kind, encode
from gangly_tui.intelligence.offline import field_cues as cue
from gangly_tui.intelligence.offline.amounts import Role, figures
from gangly_tui.intelligence.offline.competitors import still_weighed
from gangly_tui.intelligence.offline.confidence import LEAST
from gangly_tui.intelligence.offline.contact_points import find_emails, find_phones
from gangly_tui.intelligence.offline.due import read_dues, shown
from gangly_tui.intelligence.offline.economic import says_so
from gangly_tui.intelligence.offline.modality import Mood, admits, mood, planted
from gangly_tui.intelligence.offline.passages import Block, Sentence, one_space, plain
from gangly_tui.intelligence.offline.price import accepted
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.sides import sound
from gangly_tui.intelligence.offline.stage import generic_of, supports
from gangly_tui.intelligence.offline.step_words import base_of
from gangly_tui.intelligence.offline.typed import fit, schema_of
from gangly_tui.intelligence.wording import beyond

QUOTE_LIMIT = 1200
"""Characters. A longer quote proves nothing: almost anything can be found in it."""

_TEMPLATE = frozenset(
    {"meet", "hold", "send", "get", "the"}
)  # the only words an action may hold that its quote does not
_BUYER_FIELDS = frozenset("close_date competitor budget pain decision_process decision_criteria economic_buyer".split())
_CUES = {
    "close_date": re.compile(rf"{cue.CLOSE.pattern}|{cue.ASKS_FOR['close_date'].pattern}"),
}
_TEXT_CUES = {
    "pain": cue.PAIN,
    "decision_process": cue.PROCESS,
    "decision_criteria": cue.CRITERIA,
    "budget": cue.BUDGET,
}
_OURS, _THEIRS = frozenset("we our us".split()), frozenset("they their them".split())
"""Who the speaker stands for, as the rep would write it."""
_MARKUP = re.compile(r"<[^<>\n]{0,80}>|[*_`]{1,3}|^[^\n]*-->[^\n]*$|^[ \t]*\d+[ \t]*$", re.MULTILINE)


def ground_reading(draft: Draft, reading: Reading) -> Draft:
    """The draft without what its own quotes do not yield; each refused value goes to `dropped` with the reason."""
    dropped: list[Dropped] = []

    def stands(what: str, value: str, quote: str, reason: str) -> bool:
        if reason:
            dropped.append(Dropped(what=what, value=value, quote=quote, reason=reason))
        return not reason

    gate = Gate(reading)
    fields = tuple(
        each
        for each in draft.fields
        if stands(each.field, str(encode(each.value)), each.evidence.text, gate.mention(each))
    )
    steps = tuple(
        each for each in draft.next_steps if stands("next step", each.action, each.evidence.text, gate.step(each))
    )
    people = [each for each in draft.contacts if stands("contact", each.name, each.evidence.text, gate.person(each))]
    contacts = tuple(gate.only_what_was_said(each, dropped) for each in people)
    lines = tuple(
        each
        for each in draft.summary.lines
        if stands(
            "summary",
            each.text,
            each.evidence.text,
            gate.worded(each.text, each.evidence) if each.by else gate.line(each.text, each.evidence),
        )
    )
    company = (
        draft.company if draft.company and stands("company", draft.company, "", gate.company(draft.company)) else None
    )
    stage, backing = draft.stage, draft.stage_evidence
    if stage is None or not stands("stage", stage, backing.text if backing else "", gate.stage(stage, backing)):
        stage = backing = None
    return replace(
        draft,
        summary=replace(draft.summary, lines=lines),
        next_steps=steps,
        fields=fields,
        contacts=contacts,
        company=company,
        stage=stage,
        stage_evidence=backing,
        dropped=(*draft.dropped, *dropped),
    )


class Gate:
    """The checks against one text. Each answers the reason a value falls, or "" when it stands."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.text = reading.text
        self.context = reading.context
        self.all = one_space(reading.source.masked).lower()
        self.raw = reading.text.lower()
        self._starts = [line.start for line in reading.sentences]

    def quote(self, evidence: Evidence | None) -> str:
        """A quote must stand in the text, letter by letter, where it says it does."""
        if evidence is None or not evidence.text.strip():
            return "no quote"
        if (
            not 0 <= evidence.start < evidence.end <= len(self.text)
            or self.text[evidence.start : evidence.end] != evidence.text
        ):
            return "its quote is not in the text"
        if len(evidence.text) > QUOTE_LIMIT:
            return "its quote is too long to prove anything"
        if any(planted(each.low) for each in self._sentences(evidence)):
            return Mood.PLANTED.value
        return ""

    def mention(self, each: Mention) -> str:
        """A field's value must follow from its quote, as somebody of the right side asserted it."""
        reason = self.quote(each.evidence)
        if reason:
            return reason
        if not LEAST <= each.confidence <= 1:
            return "too unsure"
        if each.field not in FIELDS[each.object]:
            return "there is no such field"
        fitted, reason = fit(each.value, each.object, each.field, self.context.schemas)
        if reason or fitted != each.value:
            return reason or "not a value of the field"
        if each.object is not Kind.OPPORTUNITY:
            return (
                ""
                if isinstance(each.value, str) and self._holds(each.evidence, each.value)
                else "its quote does not say it"
            )
        if each.field == "stage":
            return self.stage(str(each.value), each.evidence)
        said = self._sentences(each.evidence)
        if each.field in _BUYER_FIELDS and not any(line.buyer_fact for line in said):
            return "the buyer did not say it"
        if each.field == "next_step":
            return self._worded(str(each.value), each.evidence)
        return self._valued(each, said)

    def _valued(self, each: Mention, said: list[Sentence]) -> str:
        value = each.value
        if isinstance(value, date):
            if value not in self._days(each.evidence):
                return "its quote does not give this day"
            if each.field == "close_date" and not _CUES["close_date"].search(_clean(each.evidence.text).lower()):
                return "its quote does not speak of a decision"
            return "" if any(mood(line) is Mood.ASSERTED for line in said) else "nobody asserted it"
        if isinstance(value, (Decimal, int)) and not isinstance(value, bool):
            roles = {
                figure.role
                for line in said
                for figure in figures(line)
                if value in (figure.money.low, figure.money.high)
                and (figure.mood is Mood.ASSERTED or (figure.mood is Mood.HYPOTHETICAL and accepted(said, figure)))
            }
            wanted = {Role.BUDGET} if each.field == "budget" else {Role.OFFER, Role.AGREED}
            return (
                ""
                if roles & wanted
                else "its quote does not give this figure as a price"
                if roles
                else "its quote does not give this figure"
            )
        if not isinstance(value, str):
            return "its quote cannot yield a value of this type"
        if each.field == "economic_buyer":
            low = _clean(each.evidence.text).lower()
            first = value.split()[0].lower() if value.split() else ""
            if not first or not re.search(rf"\b{re.escape(first)}\b", low) or value.lower() not in self.all:
                return "its quote does not name them"
            return "" if says_so(low) else "its quote does not say that they decide"
        if not self._holds(each.evidence, value):
            return "its quote does not say it"
        words = " ".join(value.lower().split())
        spoken = [line for line in said if words in line.low or line.low.rstrip(" .,;!?") in words]
        return "" if any(_asserted(line, each.field, value) for line in spoken or said) else "nobody asserted it"

    def stage(self, stage: str, evidence: Evidence | None) -> str:
        """The quote alone must hold a sign of this stage."""
        reason = self.quote(evidence)
        if reason or evidence is None:
            return reason
        generic = generic_of(stage, schema_of(Kind.OPPORTUNITY, "stage", self.context.schemas))
        if generic is None:
            return "not one of the deal's stages"
        said = self._sentences(evidence)
        if said and all(line.block is Block.PREP for line in said):
            return Mood.PREP.value
        return "" if supports(_clean(evidence.text), generic) else "its quote is no sign of this stage"

    def step(self, each: NextStep) -> str:
        """The action's words stand in the quote; the day is one the quote gives; the owner is named in the text."""
        reason = self.quote(each.evidence) or self._worded(each.action, each.evidence)
        if reason:
            return reason
        if not LEAST <= each.confidence <= 1:
            return "too unsure"
        if each.due is not None and each.due not in self._days(each.evidence):
            return "its quote does not give this day"
        known = each.owner in (self.context.rep_name, *(person.name for person in self.reading.cast.people))
        if each.owner and not known and each.owner.lower() not in self.all:
            return "the text does not name this owner"
        return ""

    def person(self, each: ContactMention) -> str:
        """The quote holds the name, or its first part where the text or the invitation spells it out; not our side."""
        reason = self.quote(each.evidence)
        if reason:
            return reason
        parts = each.name.lower().split()
        low = _clean(each.evidence.text).lower()
        known = {attendee.name.lower() for attendee in self.context.attendees}
        spelt_out = each.name.lower() in known or each.name.lower() in self.all or each.name.lower() in self.raw
        heard = each.name.lower() in known and [sound(part) for part in parts] == [sound(part) for part in low.split()]
        if not parts or not (
            each.name.lower() in low or heard or (spelt_out and any(part in _tokens(low) for part in parts))
        ):
            return "its quote does not name them"
        person = self.reading.cast.named(each.name)
        return "one of us" if person is not None and person.side is Side.REP else ""

    def only_what_was_said(self, each: ContactMention, dropped: list[Dropped]) -> ContactMention:
        """The contact without a title, company, address or number that the text does not yield."""
        low = _clean(each.evidence.text).lower()
        wrong: dict[str, str] = {}
        if each.title and each.title.lower() not in low and each.title.lower() not in self.all:
            wrong["title"] = each.title
        if each.company and each.company.lower() not in self.all:
            wrong["company"] = each.company
        invited = {attendee.email.lower() for attendee in self.context.attendees}
        mails = {point.value.lower() for point in find_emails(each.place("email").text)}
        if each.email and each.email.lower() not in invited | mails:
            wrong["email"] = each.email
        if each.phone and each.phone not in {point.value for point in find_phones(each.place("phone").text)}:
            wrong["phone"] = each.phone
        places = tuple(place for place in each.places if not self.quote(place.evidence) and place.field not in wrong)
        for name, value in wrong.items():
            dropped.append(
                Dropped(
                    what=f"contact {name}", value=value, quote=each.evidence.text, reason="the text does not say it"
                )
            )
        blank: dict[str, str] = dict.fromkeys(wrong, "")
        return replace(
            each,
            title=blank.get("title", each.title),
            company=blank.get("company", each.company),
            email=blank.get("email", each.email),
            phone=blank.get("phone", each.phone),
            places=places,
        )

    def line(self, text: str, evidence: Evidence) -> str:
        """A summary line says nothing its quote does not: every longer word and every figure stands in it."""
        reason = self.quote(evidence)
        if reason:
            return reason
        frame = {
            "next",
            "by",
            "to",
            "on",
            "for",
            "us",
            "them",
            "we",
            "they",
            *_tokens(evidence.speaker),
            *(part for person in self.reading.cast.people for part in _tokens(person.name)),
        }
        frame |= set(_tokens(self.context.rep_name)) | ({"send"} if self.reading.says_send else set())
        body = re.sub(
            r" (?:by|on) (\d{1,2} [A-Z][a-z]{2} \d{4})$",
            lambda hit: "" if self._gives(hit.group(1), evidence) else hit.group(),
            text,
        )
        quote = set(_tokens(_clean(evidence.text)))
        quote |= {base_of(word) for word in quote}
        loose = [word for word in _tokens(body) if word not in frame and word not in _TEMPLATE and word not in quote]
        return f"its quote does not say {loose[0]!r}" if loose else ""

    def worded(self, text: str, evidence: Evidence) -> str:
        """A line that a model worded: the plain sense of one assertion, in its words, with nothing added or left open.

        Every name, figure and day stands in the quote as in the line; besides only small words and the speaker's name.
        What denies or limits it anywhere in the sentence may not be left out, wherever the quote begins and ends.
        """
        if planted(text.lower()):
            return Mood.PLANTED.value
        if reason := self.quote(evidence):
            return reason
        said = self._sentences(evidence)
        unsure = next((how for each in said if (how := mood(each)) not in (Mood.ASSERTED, Mood.NEGATED)), None)
        if unsure is not None:
            return f"its quote is {unsure.value}" if unsure is not Mood.HYPOTHETICAL else "its quote only supposes it"
        if len({each.speaker for each in said}) > 1:
            return "its quote has several speakers"
        own = _OURS if evidence.side is Side.REP else _THEIRS
        whole = " ".join(each.text for each in said)
        if reason := beyond(text, _clean(evidence.text), whole, own | set(_tokens(evidence.speaker))):
            return reason
        days = {each.day for line in said for each in read_dues(text, self.reading.context_at(line))}
        return "" if days <= self._days(evidence) else "its quote does not give this day"

    def company(self, name: str) -> str:
        """The company stands in the text, or is the account the meeting is about."""
        named = name.lower() in self.all or name.lower() in self.raw or name == self.context.account_name
        return "" if named else "the text does not name it"

    def _worded(self, action: str, evidence: Evidence) -> str:
        quote = set(_tokens(_clean(evidence.text)))
        names = {part for person in self.reading.cast.people for part in _tokens(person.name)}
        dated = re.sub(
            r", (\d{1,2} [A-Z][a-z]{2} \d{4})$",
            lambda hit: "" if self._gives(hit.group(1), evidence) else hit.group(),
            action,
        )
        anywhere = {"send"} if self.reading.says_send else set()
        quote |= {base_of(word) for word in quote}
        loose = [word for word in _tokens(dated) if word not in quote | names | _TEMPLATE | anywhere]
        return f"its quote does not say {loose[0]!r}" if loose else "" if _tokens(action) else "no words"

    def _gives(self, day: str, evidence: Evidence) -> bool:
        return day in {shown(each) for each in self._days(evidence)}

    def _days(self, evidence: Evidence) -> set[date]:
        """Every day the quote gives, read as a whole and sentence by sentence."""
        found = {due.day for due in read_dues(_clean(evidence.text), self.context)}
        for line in self._sentences(evidence):
            start, end = max(line.start, evidence.start), min(line.end, evidence.end)
            words = line.text if (start, end) == (line.start, line.end) else _clean(self.text[start:end])
            found |= {due.day for due in read_dues(words, self.reading.context_at(line))}
        return found

    def _sentences(self, evidence: Evidence) -> list[Sentence]:
        """The sentences the quote touches."""
        lines = self.reading.sentences
        at = bisect_left(self._starts, evidence.start)
        first = max(0, at - 8)
        near = lines[first : bisect_left(self._starts, evidence.end)]
        return [line for line in near if line.start < evidence.end and evidence.start < line.end]

    def _holds(self, evidence: Evidence, value: str) -> bool:
        said = " ".join(value.lower().split())
        return bool(said) and said in _clean(evidence.text).lower()


def _clean(quote: str) -> str:
    """A quote as plain words: no markup, no timing lines, one space."""
    return plain(_MARKUP.sub(" ", quote), 0)[0]


def _tokens(words: str) -> list[str]:
    return re.findall(r"[^\W_]+", words.lower())


def _asserted(line: Sentence, field: str, value: str) -> bool:
    """Whether the line asserts the value: read around the field's cue where there is one, else around the value."""
    hits = [found for _, pattern in _TEXT_CUES.get(field, ()) if (found := pattern.search(line.low))]
    at = line.low.find(" ".join(value.lower().split()))
    begin = hits[0].start() if hits else max(0, at)
    finish = hits[0].end() if hits else len(line.low) if at < 0 else at + len(value)
    if field == "competitor":
        return still_weighed(line, begin, finish)
    return admits(field, line, mood(line, begin, finish), begin)
