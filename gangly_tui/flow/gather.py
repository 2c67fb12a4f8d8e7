"""Gather: bring what changed in the calendars, recordings and mailboxes into the store. Reads only; a part of pull."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from gangly_tui.domain.errors import GanglyError, PartlyRead, SignInNeeded
from gangly_tui.domain.mail import MAIL_DAYS
from gangly_tui.domain.ports import EngagementReader, MailReader, Transcript, TranscriptReader
from gangly_tui.flow import signals
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.other_text import redraft
from gangly_tui.flow.privacy import age_out
from gangly_tui.flow.recording import heed
from gangly_tui.store import engagement, mirror, privacy
from gangly_tui.store import mail as mails
from gangly_tui.store import signals as signs
from gangly_tui.store.database import transaction
from gangly_tui.store.left_alone import left_alone

_MEETINGS = "meetings of "
_MAILS = "mails of "
_ANEW = "mails anew of "
"""Set while a mailbox is looked through again from the beginning."""
_RULES = "mail rules"
"""The rules that what is here was held against, as a digest: which domains are kept out is itself confidential."""


@dataclass(slots=True, kw_only=True)
class Gathered:
    """What came in. `problems` are sentences for a person; what could be read is here all the same."""

    meetings: int = 0
    transcripts: int = 0
    mails: int = 0
    asks: list[str] = field(default_factory=list)
    """what a person has to say of what arrived: no fault"""
    redelivered: list[str] = field(default_factory=list)
    """the meetings whose transcript came anew and stands in the place of the earlier one"""
    problems: list[str] = field(default_factory=list)
    sign_in: str = ""
    """the first system that asks for a new sign-in"""

    def note(self, system: str, error: GanglyError) -> None:
        """What went wrong with a system."""
        self.problems.append(sentence(system, error))
        if isinstance(error, SignInNeeded):
            self.sign_in = self.sign_in or system


Tell = Callable[[str, int], None]
"""Told what is read, and how many of it have come in."""


async def gather(desk: Desk, tell: Tell, *, days: int) -> Gathered:
    """Bring in the meetings of the next `days` days and of the last one, and the transcripts of those."""
    found = Gathered()
    start = datetime.combine(desk.now().date() - timedelta(days=1), time(), tzinfo=desk.settings.timezone)
    end = start + timedelta(days=days + 1)
    for calendar in desk.calendars:
        try:
            found.meetings += await _meetings(desk, calendar, start, end, found.problems)
            tell("meetings", found.meetings)
            if calendar.system != desk.reader.system:  # which says it of itself
                mirror.pulled(desk.db, calendar.system, desk.now())
        except GanglyError as error:
            found.note(calendar.system, error)
    for gone in engagement.calendars_in(desk.db) - {each.system for each in desk.calendars}:  # disconnected since
        engagement.remove_meetings_missing(desk.db, gone, start, end, ())
        mirror.set_cursor(desk.db, _MEETINGS + gone, "")
    found.asks += heed(desk)
    for recorder in desk.recorders:
        try:
            found.transcripts += await _transcripts(desk, recorder, start, end, found)
        except GanglyError as error:
            found.note(recorder.system, error)
    if desk.watched:
        from gangly_tui.flow.arrive import arrive

        try:
            arrived = await arrive(desk)
            found.transcripts += arrived.taken
            found.asks += arrived.asks
        except GanglyError as error:
            found.problems.append(sentence("watched", error))
    await redraft(desk, tuple(found.redelivered))
    _keep_to_the_rules(desk)
    for box in desk.mailboxes:
        try:
            found.mails += await _mails(desk, box, lambda done: tell("mails", done))
        except GanglyError as error:
            found.note(box.system, error)
    for gone in mails.mailboxes_in(desk.db) - {each.system for each in desk.mailboxes}:
        mails.remove_mails_missing(desk.db, gone, ())
        mirror.set_cursor(desk.db, _MAILS + gone, "")
    mails.remove_mails_before(desk.db, desk.now() - timedelta(days=MAIL_DAYS))
    mails.forget_texts(desk.db, desk.now(), desk.settings.mail.body_days)
    age_out(desk)
    await signals.notice(desk)
    return found


def sentence(system: str, error: GanglyError) -> str:
    """What went wrong with a system, for the list that a pull ends with."""
    return f"{system}: {error}" + (f" ({error.fix})" if error.fix else "")


async def _meetings(desk: Desk, calendar: EngagementReader, start: datetime, end: datetime, problems: list[str]) -> int:
    """How many meetings came in. A cursor is kept with what it stands for, in one transaction."""
    name = _MEETINGS + calendar.system
    try:
        feed = await calendar.meetings(start, end, mirror.cursor(desk.db, name))
    except PartlyRead as error:  # what can be read comes in; what was there and cannot be read now is not "gone"
        problems.append(sentence(calendar.system, error))
        engagement.save_meetings(desk.db, privacy.without_erased(desk.db, error.meetings))
        return len(error.meetings)
    with transaction(desk.db):
        brought = privacy.without_erased(desk.db, feed.meetings)
        news = signals.of_calendar(desk, calendar.system, brought, feed.gone, (start, end), whole=feed.whole)
        signs.save_signals(desk.db, news)
        engagement.save_meetings(desk.db, brought)
        if feed.whole:
            kept = {each.id for each in feed.meetings}
            engagement.remove_meetings_missing(desk.db, calendar.system, start, end, kept)
        else:
            engagement.remove_meetings(desk.db, calendar.system, feed.gone)
        mirror.set_cursor(desk.db, name, feed.cursor)
        desk.at_point("meetings.before-commit")
    desk.at_point("meetings.committed")
    return len(feed.meetings)


async def _transcripts(desk: Desk, recorder: TranscriptReader, start: datetime, end: datetime, found: Gathered) -> int:
    """How many transcripts came in, those that were delivered anew included."""
    meetings = [
        each
        for each in engagement.meetings_between(desk.db, start, min(end, desk.now() + timedelta(days=1)))
        if not (each.cancelled or each.private)
    ]
    alone = left_alone(desk.db, [each.id for each in meetings])
    meetings = [each for each in meetings if each.id not in alone]
    known = engagement.transcript_versions(desk.db, [each.id for each in meetings])
    brought = await recorder.transcripts(meetings, known)
    asked = {each.id for each in meetings}
    for each in brought:
        if each.meeting_id not in asked:
            continue
        with transaction(desk.db):
            if _takes_the_place(desk, each):
                found.redelivered.append(each.meeting_id)
            engagement.save_transcript(desk.db, each.meeting_id, each.text, desk.now(), version=each.version)
    return len(brought)


def _takes_the_place(desk: Desk, new: Transcript) -> bool:
    """Whether the rep's meeting stands on an earlier delivery of this transcript: that page then holds the new one."""
    before = engagement.transcript_of(desk.db, new.meeting_id)
    kept = engagement.get_notes(desk.db, f"{new.meeting_id}/transcript")
    if kept is None or not before or kept.text != before or before == new.text:
        return False
    engagement.save_notes(desk.db, replace(kept, text=new.text, updated_at=desk.now()))
    return True


def _keep_to_the_rules(desk: Desk) -> None:
    """Rules that changed count for what is here too: it goes where it may not be kept, with the signals it led to.

    The mailboxes are looked through anew, for what a rule kept out that is one no more.
    """
    rules = desk.settings.mail
    said = json.dumps([sorted(rules.folders), sorted(rules.domains)])
    now, before = hashlib.sha256(said.encode()).hexdigest(), mirror.cursor(desk.db, _RULES)
    if now == before:
        return
    with transaction(desk.db):
        unfit = [each for each in mails.mails_since(desk.db, datetime.min.replace(tzinfo=UTC)) if not rules.keeps(each)]
        for system in {each.system for each in unfit}:
            mails.remove_mails(desk.db, system, [each.id for each in unfit if each.system == system])
        signs.forget_signals_from(desk.db, [f"mail:{each.system}:{each.id}" for each in unfit])
        for system in mails.mailboxes_in(desk.db) if before else ():
            mirror.set_cursor(desk.db, _MAILS + system, "")
        mirror.set_cursor(desk.db, _RULES, now)


async def _mails(desk: Desk, box: MailReader, tell: Callable[[int], None]) -> int:
    """How many mails came in. What the rules exclude is not kept for a moment; each page is kept with its cursor."""
    name, anew, rules = _MAILS + box.system, _ANEW + box.system, desk.settings.mail
    since = "" if mirror.cursor(desk.db, anew) else mirror.cursor(desk.db, name)  # cut short: only a whole one can tell
    is_erased = privacy.erased_in(desk.db)
    kept: set[str] | None = None
    brought = 0
    async for page in box.mails(since, desk.now() - timedelta(days=MAIL_DAYS)):
        if page.whole:
            kept = set()
            mirror.set_cursor(desk.db, anew, "yes" if box.system in mails.mailboxes_in(desk.db) else "")
        fitting = [each for each in page.mails if rules.keeps(each) and not any(map(is_erased, each.boxes))]
        kept_now = {each.id for each in fitting}
        unfit = [each.id for each in page.mails if each.id not in kept_now]  # moved into an excluded folder since
        with transaction(desk.db):
            brought += mails.save_mails(desk.db, fitting)
            mails.remove_mails(desk.db, box.system, [*page.gone, *unfit])
            signs.forget_signals_from(desk.db, [f"mail:{box.system}:{each}" for each in unfit])
            mirror.set_cursor(desk.db, name, page.cursor)
        if kept is not None:
            kept |= kept_now
        tell(brought)
    if kept is not None:
        with transaction(desk.db):
            mails.remove_mails_missing(desk.db, box.system, kept)
            mirror.set_cursor(desk.db, anew, "")
    return brought
