"""The other text of a call: what was typed stands beside what was recorded, and cards are made of both."""

from __future__ import annotations

import asyncio
import hashlib

from gangly_tui.domain.draft import Draft, Notes
from gangly_tui.flow import capture
from gangly_tui.flow.desk import Desk
from gangly_tui.store import engagement

_LONG = 20_000
"""Characters from which on a text is read beside the event loop."""


def other_text(desk: Desk, notes: Notes) -> Notes | None:
    """The recording beside the rep's own words, or the rep's own page beside a recording; None without one."""
    speech = capture.is_speech(notes.source)
    found = capture.sources(desk, notes.meeting_id)
    fitting = (each for each in found if capture.is_speech(each.source) is not speech and each.text.strip())
    return next((each for each in fitting if speech is False or each.source == capture.OWN), None)


async def reading_of(desk: Desk, notes: Notes) -> Draft:
    """The draft of a text: the kept one when it is of exactly this text, else it is read now."""
    kept = engagement.draft_of_text(desk.db, notes.id)
    if kept is not None and kept.text_sha256 == digest_of(notes.text):
        return kept
    context = capture.context_for(desk, notes.meeting_id)
    if len(notes.text) < _LONG:
        return capture.read(desk.drafter, notes.text, context)
    return await asyncio.to_thread(capture.read, desk.drafter, notes.text, context)


def digest_of(text: str) -> str:
    """How a draft names the text it is of."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


async def redraft(desk: Desk, meeting_ids: tuple[str, ...]) -> int:
    """Read transcripts that were delivered anew, and lay their cards out again. Returns how many meetings.

    What was decided stays decided; a meeting without cards has not been drafted yet, and stays so.
    """
    done = 0
    for meeting_id in meeting_ids:
        notes = engagement.get_notes(desk.db, f"{meeting_id}/{capture.TRANSCRIPT}")
        if notes is not None and engagement.draft_of(desk.db, meeting_id) is not None:
            await capture.propose(desk, notes, await reading_of(desk, notes))
            done += 1
    return done
