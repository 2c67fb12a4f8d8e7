"""A Draft as the JSON that `gangly draft --json` promises, and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gangly_tui.commands.console import short
from gangly_tui.domain.draft import spoken
from gangly_tui.domain.records import encode
from gangly_tui.domain.values import show

if TYPE_CHECKING:
    from gangly_tui.domain.draft import Draft, Evidence, Mention, SummaryLine

SCHEMA = """\
{
  "file":       the name as given
  "summary":    {"title": text, "lines": [{"text", "quote", "by": a model's name or ""}]}
  "next_steps": [{"action", "owner": name or "", "due": "2026-09-30" or null, "ours": true or false, "quote"}]
  "fields":     [{"object": "opportunity" ..., "field", "value", "quote", "confidence": 0 to 1}]
  "contacts":   [{"name", "title", "company", "email", "phone", "quote",    people of the other side; "quotes" has,
                  "quotes": {"phone": quote}}]                              by field, what "quote" itself does not say
  "company":    text or null
  "stage":      discovery | demo | proposal | negotiation | closed_won | closed_lost, or null when unsure
  "dropped":    [{"what", "value", "quote": text, "reason"}]                what was refused, and why
}
quote: {"text", "start", "end", "speaker"}; start and end are character offsets into the file's text
(line breaks counted as one character, a byte order mark not counted; an .eml file's text is its decoded mail:
From, To, Cc, Date, Subject, then the body as text). Confidence: from 0.7 on ready, below it worth a closer look;
below 0.35 nothing is given. The people of "contacts" and "ours": false are the other side.
Dates and amounts of money are text: "2026-11-15", "40000".
"""


def draft_json(draft: Draft, file: str) -> dict[str, Any]:
    """The documented object."""
    return {
        "file": file,
        "summary": {
            "title": draft.summary.title,
            "lines": [
                {"text": each.text, "quote": quote(each.evidence), "by": each.by} for each in draft.summary.lines
            ],
        },
        "next_steps": [
            {
                "action": each.action,
                "owner": each.owner,
                "due": each.due.isoformat() if each.due else None,
                "ours": each.ours,
                "quote": quote(each.evidence),
            }
            for each in draft.next_steps
        ],
        "fields": [
            {
                "object": each.object.value,
                "field": each.field,
                "value": encode(each.value),
                "quote": quote(each.evidence),
                "confidence": each.confidence,
            }
            for each in draft.fields
        ],
        "contacts": [
            {
                "name": each.name,
                "title": each.title,
                "company": each.company,
                "email": each.email,
                "phone": each.phone,
                "quote": quote(each.evidence),
                "quotes": {place.field: quote(place.evidence) for place in each.places},
            }
            for each in draft.contacts
        ],
        "company": draft.company,
        "stage": draft.stage,
        "dropped": [
            {"what": each.what, "value": each.value, "quote": each.quote, "reason": each.reason}
            for each in draft.dropped
        ],
    }


def quote(evidence: Evidence) -> dict[str, Any]:
    """The span as JSON."""
    return {"text": evidence.text, "start": evidence.start, "end": evidence.end, "speaker": evidence.speaker}


def draft_text(draft: Draft, *, explain: bool = False) -> str:
    """The draft for a person. `explain` adds how each value was read, what speaks against it, and what was refused."""
    lines = [short(draft.summary.title), ""]
    lines += [each for told in draft.summary.lines for each in _told(told)]
    if draft.company or draft.stage:
        lines += ["", f"company: {short(draft.company or 'not named')}   stage: {short(draft.stage or 'unsure')}"]
        if explain and draft.stage_evidence:
            lines.append(_said(draft.stage_evidence))
    if draft.next_steps:
        lines += ["", "NEXT STEPS"]
    for step in draft.next_steps:
        due = f", due {step.due}" if step.due else ""
        lines.append(
            f"  {'ours  ' if step.ours else 'theirs'}  {short(step.owner or '?', 30)}: {short(step.action)}{due}"
        )
        lines += [_said(step.evidence)] if explain else []
        if explain:
            lines.append(f"      read as {short(step.due_text, 160)}" if step.due_text else "      no day was said")
    if draft.fields:
        lines += ["", "FIELDS"]
    for mention in draft.fields:
        lines += _field(mention, explain=explain)
    if draft.contacts:
        lines += ["", "CONTACTS"]
    for person in draft.contacts:
        facts = (person.name, person.title, person.company, person.email, person.phone)
        lines.append("  " + ", ".join(short(each, 60) for each in facts if each))
        lines += [_said(person.evidence)] if explain else []
    if draft.dropped and explain:
        lines += ["", "NOT PROPOSED"]
        for each in draft.dropped:
            lines.append(f"  {short(each.what, 40)} {short(each.value, 60)}: {short(each.reason, 120)}")
            lines += [f"      “{short(spoken(each.quote), 160)}”"] if each.quote else []
    elif draft.dropped:
        lines += ["", f"{len(draft.dropped)} more were refused; --explain says why"]
    return "\n".join(lines)


def _told(line: SummaryLine) -> list[str]:
    """A line of the summary; one that a model worded says so, with the words that were said."""
    text = f"  · {short(line.text, 200)}"
    return [f"{text}   (worded by {short(line.by, 60)})", _said(line.evidence)] if line.by else [text]


def _field(mention: Mention, *, explain: bool) -> list[str]:
    value = short(show(mention.value, _type(mention)), 120)
    lines = [f"  {mention.object.label}.{mention.field}: {value}   ({mention.confidence:.0%})", _said(mention.evidence)]
    if explain and mention.reading:
        lines.append(f"      read as {short(mention.reading, 160)}")
    if explain:
        lines.append(f"      against {short(mention.against.text, 160) if mention.against else 'none found'}")
    return lines


def _type(mention: Mention) -> Any:
    from gangly_tui.domain.records import FIELDS, FieldType

    return FIELDS[mention.object].get(mention.field, FieldType.TEXT)


def _said(evidence: Evidence) -> str:
    place = " ".join(filter(None, (evidence.speaker, evidence.at)))
    return f"      {short(place, 40)} “{short(spoken(evidence.text), 200)}”".replace("       “", "      “")
