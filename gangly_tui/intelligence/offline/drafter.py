"""The offline drafter: text in, Draft out. No network, no key, no clock; equal input gives an equal draft."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from gangly_tui.domain.draft import Draft, Dropped, Mention, ReadingContext, Side
from gangly_tui.domain.records import Attendee, Kind
from gangly_tui.intelligence.offline.company import with_company
from gangly_tui.intelligence.offline.confidence import LEAST, calibrated
from gangly_tui.intelligence.offline.fields import find_fields
from gangly_tui.intelligence.offline.next_steps import find_next_steps
from gangly_tui.intelligence.offline.people import find_contacts
from gangly_tui.intelligence.offline.reading import Reading, read
from gangly_tui.intelligence.offline.sides import read_cast
from gangly_tui.intelligence.offline.sources import read_source
from gangly_tui.intelligence.offline.stage import StageReading, live_option, read_stage
from gangly_tui.intelligence.offline.summary import summarise
from gangly_tui.intelligence.offline.typed import schema_of

ENGINE = "offline-1"


class OfflineDrafter:
    """Implements `domain.ports.Drafter` by rules. `progress` is called with 0.0 to 1.0 from the calling thread."""

    def __init__(self, progress: Callable[[float], None] | None = None) -> None:
        self._progress = progress

    def draft(self, text: str, context: ReadingContext) -> Draft:
        """Read the text. Never raises on any text; what cannot be read yields an empty draft."""
        self._tell(0.0)
        reading = read(text, context)
        self._tell(0.25)
        steps, refused_steps = find_next_steps(reading)
        self._tell(0.5)
        contacts, refused_people, company = find_contacts(reading)
        contacts = with_company(contacts, company)
        self._tell(0.65)
        fields, refused_fields = find_fields(reading, contacts, [each for each in steps if each.confidence >= LEAST])
        self._tell(0.8)
        stage, stage_field, refused_stage = _stage(reading)
        fields.extend(stage_field)
        weak = [
            Dropped(what="next step", value=each.action, quote=each.evidence.text, reason="too unsure")
            for each in steps
            if each.confidence < LEAST
        ]
        steps = [each for each in steps if each.confidence >= LEAST]
        summary = summarise(reading, steps, fields, company, stage.stage)
        self._tell(0.9)
        dropped = [*refused_fields, *refused_steps, *weak, *refused_people, *refused_stage, *_unread(reading)]
        draft = Draft(
            engine=ENGINE,
            text_sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            summary=summary,
            next_steps=tuple(steps),
            fields=tuple(fields),
            contacts=tuple(contacts),
            company=company,
            stage=str(stage_field[0].value) if stage_field else None,
            stage_evidence=stage.evidence if stage_field else None,
            dropped=tuple(dict.fromkeys(dropped)),
        )
        from gangly_tui.intelligence.grounding import ground_reading  # it imports this package's readers

        grounded = ground_reading(draft, reading)
        self._tell(1.0)
        return grounded

    def _tell(self, share: float) -> None:
        if self._progress:
            self._progress(share)


def _stage(reading: Reading) -> tuple[StageReading, list[Mention], list[Dropped]]:
    found = read_stage(reading)
    if found.stage is None or found.evidence is None:
        return found, [], [Dropped(what="stage", value="", quote="", reason=found.reason)] if found.reason else []
    value: str | None = found.stage
    if reading.context.schemas:
        value = live_option(found.stage, schema_of(Kind.OPPORTUNITY, "stage", reading.context.schemas))
        if value is None:
            return (
                found,
                [],
                [
                    Dropped(
                        what="stage",
                        value=found.stage,
                        quote=found.evidence.text,
                        reason="not one of the CRM's stages, or more than one fits",
                    )
                ],
            )
    mention = Mention(
        object=Kind.OPPORTUNITY,
        field="stage",
        value=value,
        evidence=found.evidence,
        confidence=calibrated("field.stage", found.confidence),
        reading=f"a sign of {found.stage.replace('_', ' ')}",
    )
    return found, [mention], []


def _unread(reading: Reading) -> list[Dropped]:
    """What was kept but not read, so that nobody takes silence for "nothing was said"."""
    found = []
    if left := reading.source.unread:
        reason = "beyond what is read in one go: split the file"
        found.append(Dropped(what="text", value=f"{left:,} characters", quote="", reason=reason))
    for language in dict.fromkeys(reading.unread.values()):
        lines = [reading.sentences[at] for at, name in reading.unread.items() if name == language]
        count = f"{len(lines)} sentence{'s' if len(lines) > 1 else ''}"
        quote = lines[0].evidence(reading.text).text
        found.append(Dropped(what="text", value=count, quote=quote, reason=f"in {language}: kept, but not read"))
    return found


def read_context(text: str, context: ReadingContext) -> ReadingContext:
    """The context with what the text's own header says: its date as the anchor, the rep, the people who took part.

    What the context already knows of the rep and the attendees stays. The header's date always becomes the anchor, so
    a date the caller insists on is to be set afterwards.
    """
    source = read_source(text)
    cast = read_cast(source, context)
    rep = next((each for each in cast.people if each.side is Side.REP), None)
    attendees = context.attendees or tuple(
        Attendee(name=each.name, email=each.email)
        for each in cast.people
        if each.start >= 0 and each.side is not Side.REP and "@" not in each.name
    )
    return replace(
        context,
        anchor=_header_date(source.header.text(source.text, "date"), context)
        or _title_date(source.text, context)
        or context.anchor,
        rep_name=context.rep_name or (rep.name if rep else ""),
        rep_email=context.rep_email or (rep.email if rep else ""),
        our_company=context.our_company or (rep.company if rep else ""),
        attendees=attendees,
    )


_TITLE_LINES, _TITLE_LENGTH = 3, 110
_NAMES_THE_CALL = re.compile(
    r"\b(?:call|meeting|minutes|visit|notes?|memo|demo|check-?in|sync|intro|discovery|review|workshop|kick-?off|recap|"
    r"debrief|pitch|handover|session|catch-?up|qbr|renewal|follow-?up|lunch|coffee)\b",
    re.I,
)
_PLANS = re.compile(
    r"\b(?:by|until|due|ends?|expires?|starts?|before|next|deadline|sign\w*|clos\w+|go-?live|to)\b", re.I
)


def _title_date(text: str, context: ReadingContext) -> datetime | None:
    """The day in the lines that name the call ("Site visit at Ferrum, 5 November 2026"), with its year."""
    top = [re.split(r"\.\s", line.strip(" \t#*_"))[0] for line in text[:2000].splitlines() if line.strip()][
        :_TITLE_LINES
    ]
    for line in top:
        dated = re.search(r"\b20\d\d\b|\d[/.-]\d{1,2}[/.-]\d", line)
        if not dated or len(line) > _TITLE_LENGTH or line.endswith((".", "?", "!")) or _PLANS.search(line):
            continue
        whole = not re.search(r"[^\W\d_]{4,}", re.sub(_DAY_WORDS, "", line))
        if (whole or _NAMES_THE_CALL.search(line)) and (said := _header_date(line, context)):
            return said
    return None


_DAY_WORDS = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:january|february|march|april|may|june|july|august|september|"
    r"october|november|december)\b|\bdate\b",
    re.I,
)


def _header_date(words: str, context: ReadingContext) -> datetime | None:
    from gangly_tui.intelligence.offline.dates import find_dates

    if not words or not re.search(r"\d{4}|\d[/.-]\d", words):
        return None
    hit = next((each for each in find_dates(words, context.anchor) if each.first == each.last), None)
    if hit is None:
        return None
    at = hit.time or (context.anchor.timetz().replace(tzinfo=None))
    return datetime.combine(hit.first, at, tzinfo=context.anchor.tzinfo)
