"""Keep up: between two pulls look at the calendars, recordings and mailboxes again, the CRM left alone. Reads only."""

from __future__ import annotations

from datetime import timedelta

from gangly_tui.flow.desk import Desk
from gangly_tui.flow.gather import gather
from gangly_tui.flow.pull import PullReport, report_of
from gangly_tui.store import engagement
from gangly_tui.store.left_alone import left_alone

USUALLY = timedelta(minutes=10)
AFTER_A_CALL = timedelta(minutes=2)
"""How long a look is good for, and while the recording of a call that is over may come in."""
_MADE_WITHIN = timedelta(hours=2)


def rest(desk: Desk) -> timedelta | None:
    """How long the last look is good for; None where there is nothing but the CRM."""
    if not beside(desk) - {desk.reader.system}:
        return None
    return AFTER_A_CALL if desk.recorders and _is_awaited(desk) else USUALLY


def beside(desk: Desk) -> set[str]:
    """The systems that meetings, recordings and mails come from."""
    calendars, recorders = {each.system for each in desk.calendars}, {each.system for each in desk.recorders}
    return calendars | recorders | {each.system for each in desk.mailboxes}


def _is_awaited(desk: Desk) -> bool:
    """Whether a call has been over for no longer than a recording takes, and its transcript is not here."""
    now = desk.now()
    over = [
        each.id
        for each in engagement.meetings_between(desk.db, now - _MADE_WITHIN, now)
        if each.end <= now and each.link and not (each.cancelled or each.private or each.all_day)
    ]
    return bool(set(over) - set(engagement.transcript_versions(desk.db, over)) - left_alone(desk.db, over))


async def keep_up(desk: Desk, *, days: int = 14) -> PullReport:
    """What came in beside the CRM since the last look; incremental, as a pull is, and without a word on the way."""
    return report_of(await gather(desk, lambda *_: None, days=days))
