"""Arrive: take the transcripts that came into the watched folder, each once, to the meeting it is of."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from gangly_tui.domain.arrival import LONG_AGO, Arrival, Fit, fit
from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.safe import one_line
from gangly_tui.flow.desk import Desk
from gangly_tui.store import arrivals, engagement
from gangly_tui.store.database import transaction
from gangly_tui.store.left_alone import is_left_alone

if TYPE_CHECKING:
    from gangly_tui.domain.records import Meeting

_BACK = timedelta(days=90)
_NAMED = 3


@dataclass(slots=True, kw_only=True)
class Arrived:
    """What was taken. `asks` are sentences about files that a person has to give to a meeting."""

    taken: int = 0
    asks: list[str] = field(default_factory=list)


async def arrive(desk: Desk) -> Arrived:
    """Look into the folder and take what can be told. Files are neither moved nor removed. Raises InputError."""
    found = Arrived()
    folder = desk.watched
    if folder is None:
        return found
    fresh = await asyncio.to_thread(folder.arrivals)
    if not fresh:
        return found
    now = desk.now()
    meetings = engagement.meetings_between(desk.db, now - _BACK, now + timedelta(days=1))
    have = set(engagement.transcript_versions(desk.db, [each.id for each in meetings]))
    settled = []
    for each in fresh:
        if each.problem:
            found.asks.append(each.problem)
            settled.append(each.stamp)
        elif arrivals.is_taken(desk.db, each.digest):
            settled.append(each.stamp)
        elif arrivals.is_kept(desk.db, each.text):  # opened by hand meanwhile
            arrivals.taken(desk.db, each.digest, each.name, "", now)
            settled.append(each.stamp)
        else:
            fits = fit(each.name, each.at, meetings, desk.settings.timezone, have=have, ours=desk.settings.user_email)
            if meeting := fits.meeting:
                if is_left_alone(desk.db, meeting.id):
                    found.asks.append(
                        f"{one_line(each.name, limit=80)}: its meeting is not processed, so it is not read"
                    )
                    settled.append(each.stamp)
                    continue
                try:
                    _take(desk, each, meeting)
                except GanglyError as error:
                    found.asks.append(f"{one_line(each.name, limit=80)}: {error}")
                    continue
                have.add(meeting.id)
                found.taken += 1
                settled.append(each.stamp)
            elif fits.meetings or now - each.at < LONG_AGO:
                found.asks.append(_ask(desk, each, fits))
    folder.settle(settled)
    return found


def _take(desk: Desk, arrival: Arrival, meeting: Meeting) -> None:
    """The transcript of a meeting that has none; else a text of its own beside what is there."""
    from gangly_tui.flow.capture import keep_file

    with transaction(desk.db):
        if engagement.transcript_of(desk.db, meeting.id) is None:
            engagement.save_transcript(desk.db, meeting.id, arrival.text, desk.now(), version=arrival.digest)
        else:
            keep_file(desk, meeting.id, arrival.name, arrival.text)
        arrivals.taken(desk.db, arrival.digest, arrival.name, meeting.id, desk.now())
        desk.at_point("arrive.before-commit")
    desk.at_point("arrive.committed")


def _ask(desk: Desk, arrival: Arrival, fits: Fit) -> str:
    """Which meetings it may be of, and how to say which."""
    name = one_line(arrival.name, limit=80)
    how = "open it there: n, then ^o"
    if not fits.meetings:
        return f"{name} fits no meeting ({how})"
    zone = desk.settings.timezone
    said = [
        f"“{one_line(each.title, limit=40)}” {each.start.astimezone(zone):%H:%M}" for each in fits.meetings[:_NAMED]
    ]
    more = f" or {len(fits.meetings) - _NAMED} more" if len(fits.meetings) > _NAMED else ""
    return f"{name} may be of {' or '.join(said)}{more} ({how})"
