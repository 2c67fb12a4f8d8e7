"""The invitation to the next meeting: to the people of this one, at the day that was said. Only the rep asks for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from gangly_tui.domain.cards import Table, new_card
from gangly_tui.domain.draft import NextStep
from gangly_tui.domain.follow_up import address, recipients, wanting
from gangly_tui.domain.proposal import FieldChange, Proposal, Risk
from gangly_tui.domain.records import FIELDS, Kind, Value
from gangly_tui.domain.safe import one_line

MINUTES = 30
_LATER = timedelta(days=7)
"""Where nobody said a day, the card stands on the same time a week on, and says so."""
_MEETS = re.compile(
    r"\b(meet|meeting|call|demo|workshop|session|visit|appointment|review|walk.?through|speak|talk)\b", re.IGNORECASE
)
_CLOCK = re.compile(r"\b(?:at|um)?\s*(\d{1,2})(?::(\d{2}))?\s*(am|pm|uhr)\b|\b(\d{1,2}):(\d{2})\b", re.IGNORECASE)
_RULE = "you asked for it; those invited get the calendar's mail as soon as it is approved"
_LABELS = {"to": "To", "subject": "Subject", "at": "When", "minutes": "Minutes", "body": "Text"}


def meeting_step(steps: Sequence[NextStep], now: datetime) -> NextStep | None:
    """The next step that is a meeting on a day to come, if one was agreed."""
    return next((each for each in steps if each.due and each.due > now.date() and _MEETS.search(each.action)), None)


def invitation(
    table: Table,
    *,
    home: str,
    rep: str,
    our_domains: frozenset[str],
    step: NextStep | None = None,
    at: datetime | None = None,
    minutes: int = MINUTES,
) -> Proposal | None:
    """The card into the calendar `home`; None when there is nobody to invite. `at` is what the rep says.

    Who asked for no mail is not invited: the calendar would write to them.

    What was not said stands on the card as a note: the day, or the time of it.
    """
    people, without = wanting(recipients(table, our_domains), table)
    if not people:
        return None
    when, note = (at, "") if at else _when(table, step)
    values: dict[str, Value] = {
        "to": ", ".join(address(each) for each in people),
        "subject": one_line(f"{table.meeting.title}: next meeting", limit=120),
        "at": when,
        "minutes": minutes,
        "body": _body(table, step, rep),
    }
    return new_card(
        table,
        kind=Kind.INVITATION,
        target_name=one_line(people[0].name or people[0].email, limit=80)
        + f" and {len(people) - 1} more" * (len(people) > 1),
        changes=tuple(
            FieldChange(field=name, label=_LABELS[name], type=FIELDS[Kind.INVITATION][name], before=None, after=value)
            for name, value in values.items()
        ),
        evidence=step.evidence if step else None,
        rule="; ".join(filter(None, (_RULE, without))),
        note=note,
        risk=Risk.IN_YOUR_NAME,
        group="invitation",
        home=home,
    )


def _when(table: Table, step: NextStep | None) -> tuple[datetime, str]:
    """The moment on the card, and what of it nobody said."""
    start = table.meeting.start.astimezone(table.now.tzinfo)
    if step is None or step.due is None:
        return max(start, table.now) + _LATER, "no day was said: e puts the right one in"
    said = clock_in(step.evidence.text)
    on = datetime.combine(step.due, said or start.time(), tzinfo=table.now.tzinfo)
    return on, "" if said else "no time was said, this is the time of the call: e puts the right one in"


def clock_in(text: str) -> time | None:
    """The one time of day in a line; None without one, or with two."""
    found = set()
    for hour, minute, half, bare, bare_minute in _CLOCK.findall(text):
        number = int(hour or bare)
        if half.lower() in ("am", "pm"):
            number = number % 12 + 12 * (half.lower() == "pm")
        if number < 24 and int(minute or bare_minute or 0) < 60:
            found.add(time(number, int(minute or bare_minute or 0)))
    return found.pop() if len(found) == 1 else None


def _body(table: Table, step: NextStep | None, rep: str) -> str:
    about = f"After our call on {table.meeting.start:%A} {table.meeting.start.day} {table.meeting.start:%B}"
    what = f": {step.action.strip().rstrip(' .,')}." if step else "."
    return f"{about}{what}\n\n{rep}"
