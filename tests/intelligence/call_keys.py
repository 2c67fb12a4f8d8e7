"""Whole calls with what a careful colleague would have written down, and how a draft is held against it.

`calls/NAME.json` beside `calls/NAME.md|vtt|txt`: company, stage (a list where several readings are fair), contacts, actions
(whose, words the action must hold, day; `optional` ones may be missing), amount, competitor, economic buyer, close date.
The files named `unseen-*`, `fresh-*` and `late-*` were written after the rules and first read without a change to them.
First reading: `unseen-*` 16 of 18 steps with 5 false, stage 7 of 10 with one wrong; `fresh-*` 13 of 16 with 3 false, stage
7 of 8 with none wrong; `late-*` 11 of 15 with 3 false, stage 8 of 8. People: 40 of 45 in all three, one false.
`wide-*` are of kinds no rule was written for (chat exports, voice memos, minutes with a table, numbered speakers): 25 of 49
steps with 8 false, 11 of 18 days, 22 wrong facts at first reading. `blind-*` came after those were mended: 9 of 23 steps,
one false, 4 of 5 days, 8 wrong facts. `rough-*` (a voice note, pasted chats, answers inside a quoted mail, captions, minutes
without the rep's company) came after those: 25 of 44 steps with 8 false, 15 of 17 days, 18 wrong facts. What each confidence was worth then is in `evaluation/first_readings.json`. A contact marked
`optional` may be missing; `figures` are amounts that are no price, with words of the reason each is listed under.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gangly_tui.domain.draft import Draft, NextStep, ReadingContext
from gangly_tui.intelligence.offline.drafter import OfflineDrafter, read_context

FOLDER = Path(__file__).parent / "calls"
NAMES = sorted(each.stem for each in FOLDER.glob("*.json"))


@dataclass(slots=True)
class Marks:
    """What one draft got right and wrong."""

    wrong: list[str] = field(default_factory=list)
    steps: int = 0
    found: int = 0
    false: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    days: int = 0
    days_right: int = 0


def read_call(name: str) -> tuple[dict[str, Any], str, Draft]:
    """(the key, the text, the draft) of one call."""
    key: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    file = next(each for each in FOLDER.glob(f"{name}.*") if each.suffix != ".json")
    text = file.read_text("utf-8")
    today = datetime(2026, 9, 23, 10, tzinfo=UTC)
    context = read_context(text, ReadingContext(anchor=today, rep_name=key.get("rep", "")))
    if "date" in key:
        context = replace(context, anchor=datetime.fromisoformat(key["date"]).replace(hour=12, tzinfo=UTC))
    return key, text, OfflineDrafter().draft(text, context)


def mark(key: dict[str, Any], draft: Draft) -> Marks:
    """Hold a draft against its key."""
    marks = Marks()
    marks.wrong.extend(_facts(key, draft))
    marks.wrong.extend(_people(key, draft))
    left = list(draft.next_steps)
    for action in key["actions"]:
        fits = [step for step in left if _fits(action, step)]
        fits.sort(key=lambda step: str(step.due) != action.get("due"))
        wanted = not action.get("optional")
        marks.steps += wanted
        if not fits:
            marks.missed.extend([" ".join(action["words"])] if wanted else [])
            continue
        marks.found += wanted
        left.remove(fits[0])
        if "due" in action:
            marks.days += 1
            marks.days_right += str(fits[0].due) == action["due"]
    marks.false = [f"{step.owner}: {step.action}" for step in left]
    return marks


def _fits(action: dict[str, Any], step: NextStep) -> bool:
    low = step.action.lower()
    said = all(word in low for word in action["words"]) or any(word in low for word in action.get("alt", []))
    return bool(step.ours == action["ours"] and said)


def _facts(key: dict[str, Any], draft: Draft) -> Iterator[str]:
    fields = {each.field: each.value for each in draft.fields}
    amount = fields.get("amount")
    said = {
        "company": draft.company,
        "stage": draft.stage,
        "amount": int(str(amount)) if amount is not None else None,
        "competitor": fields.get("competitor"),
        "economic_buyer": fields.get("economic_buyer"),
        "close_date": str(fields.get("close_date")),
    }
    for name, value in said.items():
        if name in key:
            wanted = key[name] if isinstance(key[name], list) else [key[name]]
            if value not in wanted:
                yield f"{name} is {value!r}, not {wanted}"
    for words, role in key.get("figures", {}).items():
        reasons = [each.reason for each in draft.dropped if each.what == "amount" and words in each.value]
        if not any(role in each for each in reasons):
            yield f"the figure {words} is {reasons or 'unread'}, not {role or 'listed'}"


def _people(key: dict[str, Any], draft: Draft) -> Iterator[str]:
    left = {each.name.lower(): each for each in draft.contacts}
    for person in key["contacts"]:
        found = left.pop(person["name"].lower(), None)
        if found is None:
            yield from [] if person.get("optional") else [f"{person['name']} is missing"]
            continue
        for name in ("title", "email", "phone"):
            if name in person and getattr(found, name).lower() != person[name].lower():
                yield f"{person['name']}'s {name} is {getattr(found, name)!r}"
    yield from (f"{name} is nobody" for name in left)
