"""Notes become a Draft: a structured reading of the rep's text in which every value carries its evidence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from gangly_tui.domain.records import Attendee, Kind, ObjectSchema, Value


class Side(StrEnum):
    """Who is speaking. Buyer statements outrank rep statements; the rep's own words fill no buyer fact."""

    REP = "rep"
    BUYER = "buyer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """The rep's text (typed notes or a transcript) for one meeting, exactly as it came."""

    id: str
    meeting_id: str
    text: str
    updated_at: datetime
    source: str = "notes"
    """notes | transcript | import:NAME: where the text came from"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One turn of speech or one line of notes. `start` and `end` are character offsets into `Notes.text`."""

    text: str
    start: int
    end: int
    speaker: str = ""
    side: Side = Side.UNKNOWN
    at: str = ""
    """the timestamp as the source prints it (`00:14:22`), empty when there is none"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A verbatim span of the notes: `notes.text[start:end] == text`, always."""

    text: str
    start: int
    end: int
    speaker: str = ""
    side: Side = Side.UNKNOWN
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryLine:
    """One line of the summary and the words that back it."""

    text: str
    evidence: Evidence
    topic: str = ""
    """need | price | decision | objection | next | other"""
    by: str = ""
    """the model that worded it; "" for the built-in reading"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A named summary: "Acme discovery: budget approved, security review next"."""

    title: str
    lines: tuple[SummaryLine, ...] = ()

    @property
    def own(self) -> tuple[SummaryLine, ...]:
        """The lines of the built-in reading: only these become a card or a mail. What a model words is for the eye."""
        return tuple(each for each in self.lines if not each.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """Something somebody took on. `owner` is a name from the text, empty when nobody was named."""

    action: str
    owner: str
    due: date | None
    ours: bool
    evidence: Evidence
    confidence: float
    due_text: str = ""
    """the words that gave `due`, for the card: "by fri, anchored on 23 Sep 2026\""""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A value for one field of one kind of record, as somebody said it.

    `value` already has the field's type. `reading` says how the words gave the value ("mid-November, after the board
    meets", anchored on 23 Sep 2026). `against` is the strongest line that speaks the other way.
    """

    object: Kind
    field: str
    value: Value
    evidence: Evidence
    confidence: float
    reading: str = ""
    against: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEvidence:
    """Where one field of a person was said, when other words than those that name them say it."""

    field: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactMention:
    """Somebody of the other side whom the text names. `places` holds what `evidence` itself does not say."""

    name: str
    evidence: Evidence
    title: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    confidence: float = 1.0
    places: tuple[FieldEvidence, ...] = ()

    def place(self, field: str) -> Evidence:
        """The words that say this field."""
        return next((each.evidence for each in self.places if each.field == field), self.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A candidate that was refused, and why: shown on demand, never proposed."""

    what: str
    value: str
    quote: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The structured reading of one text. Equal text and context give an equal draft, byte for byte."""

    engine: str
    text_sha256: str
    summary: Summary
    next_steps: tuple[NextStep, ...] = ()
    fields: tuple[Mention, ...] = ()
    contacts: tuple[ContactMention, ...] = ()
    company: str | None = None
    stage: str | None = None
    stage_evidence: Evidence | None = None
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingContext:
    """What a Drafter may know beside the text. Never another account's data, never a secret.

    `anchor` is the call's own date and time: relative dates count from it, never from today.
    `schemas` are the CRM's live field lists; empty means "no CRM": the generic stage ladder applies.
    """

    anchor: datetime
    rep_name: str = ""
    rep_email: str = ""
    our_company: str = ""
    attendees: tuple[Attendee, ...] = ()
    account_name: str = ""
    known_contacts: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()
    schemas: Mapping[Kind, ObjectSchema] | None = None
    fiscal_year_start: int = 1
    currency: str = "USD"


GENERIC_STAGES = ("discovery", "demo", "proposal", "negotiation", "closed_won", "closed_lost")
"""The ladder used without a CRM."""

_CUE = re.compile(
    r"(?<!\s)[^\S\n]*+\n\s*+(?:\d+\s*\n)?(?:\d+:)?\d{1,2}:\d{2}[.,]\d{3}\s*-->[^\n]*\n\s*"
    r"(?:<v(?:\.[^ >]*)? (?P<who>[^>\n]*)>)?"
)
_VOICE = re.compile(r"</?v\b[^<>\n]*>")


def spoken(quote: str) -> str:
    """A quote as a person reads it: numbers, times and voice tags of the captions it runs across are left out.

    For showing only. What is kept and hashed is the quote itself, byte for byte.
    """
    joined = _CUE.sub(lambda cue: f" / {cue['who'].strip()}: " if cue["who"] else " ", quote)
    return _VOICE.sub("", joined).strip()
