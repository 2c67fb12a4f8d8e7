"""Prepare: the day's list and the brief, from the store alone. Nothing here can write to a CRM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from gangly_tui.domain.brief import Brief, BriefFacts, is_internal, prepare_brief
from gangly_tui.domain.errors import NotFound
from gangly_tui.domain.hierarchy import Hierarchy, in_scope
from gangly_tui.domain.identity import domain_candidates, mailbox, of_one_company
from gangly_tui.domain.mail import MAIL_DAYS
from gangly_tui.domain.proposal_state import ProposalState as State
from gangly_tui.domain.records import Attendee, Kind, Meeting, Record, RecordRef
from gangly_tui.domain.relations import Relation, find_relation, name_key, people_of
from gangly_tui.flow.desk import Desk
from gangly_tui.store import engagement, mirror, relations
from gangly_tui.store import mail as mails
from gangly_tui.store.card_counts import counts_by_meeting
from gangly_tui.store.database import Connection
from gangly_tui.store.left_alone import is_left_alone
from gangly_tui.store.marks import asked_of

if TYPE_CHECKING:
    from gangly_tui.domain.mail import Mail
    from gangly_tui.domain.ports import RecordReader

_ACTIVITIES = 40
_MAILS = 60


class MeetingState(StrEnum):
    """What a meeting waits for."""

    CANCELLED = "cancelled"
    INTERNAL = "internal"
    BRIEF_READY = "brief ready"
    TRANSCRIPT_READY = "transcript ready"
    NOTES_PENDING = "notes pending"
    DRAFTED = "drafted"
    REVIEW = "to review"
    DONE = "done"
    LEFT_ALONE = "not processed"
    """the rep has said that its recording is neither kept nor read"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingRow:
    """One row of the agenda. `to_review` counts undecided cards."""

    meeting: Meeting
    state: MeetingState
    to_review: int
    account_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a meeting is about: by attendees' mailboxes and company domains, and by what the rep chose before."""

    account: Record | None
    contacts: dict[str, Record]
    deals: tuple[Record, ...]


def series_key(meeting: Meeting) -> str:
    """What a choice of deal is remembered under: the series, or the meeting itself."""
    return meeting.series_id or meeting.id


def match(
    db: Connection, meeting: Meeting, our_domains: frozenset[str], aliases: Mapping[str, str] | None = None
) -> Match:
    """Find account, contacts and fitting open deals. A private meeting and a free-mail domain match no account."""
    if meeting.private or is_internal(meeting, our_domains):
        return Match(account=None, contacts={}, deals=())
    theirs = [each for each in meeting.attendees if each.email and not each.resource]
    boxes = [box for each in theirs if (box := mailbox(each.email))]
    contacts = mirror.contacts_by_mailbox(db, boxes)
    domains = {each for person in theirs for each in domain_candidates(person.email)}
    account = _account(db, contacts, of_one_company(domains, aliases or {}) - our_domains)
    if account is None:
        return Match(account=None, contacts=contacts, deals=())
    deals = mirror.open_deals(db, account.ref)
    chosen = engagement.series_choice(db, series_key(meeting))
    if chosen is not None and any(each.ref == chosen for each in deals):
        deals = [each for each in deals if each.ref == chosen]
    return Match(account=account, contacts=contacts, deals=tuple(_fitting(deals, contacts)))


def _account(db: Connection, contacts: dict[str, Record], domains: set[str]) -> Record | None:
    """The account most attendees belong to, else the one that owns an attendee's domain."""
    votes: dict[str, int] = {}
    for contact in contacts.values():
        for identifier in contact.ids("account"):
            votes[identifier] = votes.get(identifier, 0) + 1
    if votes:
        system = next(iter(contacts.values())).ref.system
        best = max(sorted(votes), key=lambda each: votes[each])
        found = mirror.get_record(db, RecordRef(system=system, kind=Kind.ACCOUNT, id=best))
        if found is not None:
            return found
    owned = mirror.accounts_by_domain(db, sorted(domains))
    return owned[0] if len(owned) == 1 else None


def _fitting(deals: list[Record], contacts: dict[str, Record]) -> list[Record]:
    """Of several open deals those that name somebody in the room; all of them when none or all do."""
    if len(deals) < 2:
        return deals
    people = {each.ref.id for each in contacts.values()}
    named = [each for each in deals if people & set(each.ids("contacts"))]
    return named or deals


def prepare(desk: Desk, meeting: Meeting) -> Brief:
    """The brief of one meeting, from the store."""
    return prepare_brief(meeting, _facts(desk, meeting), now=desk.now())


def _facts(desk: Desk, meeting: Meeting) -> BriefFacts:
    domains = desk.settings.our_domains
    found = match(desk.db, meeting, domains)
    activities: list[Record] = []
    tasks: list[Record] = []
    if found.account is not None:
        activities = mirror.linked(desk.db, found.account.ref, Kind.ACTIVITY, limit=_ACTIVITIES)
        tasks = mirror.open_tasks(desk.db, [found.account.ref, *(each.ref for each in found.deals)])
    people = [each.ref for each in found.contacts.values()]
    return BriefFacts(
        account=found.account,
        contacts=found.contacts,
        deals=found.deals,
        activities=tuple(activities),
        tasks=tuple(tasks),
        last_touches=mirror.last_touches(desk.db, people, desk.now()) if people else {},
        our_domains=domains,
        mails=_mails(desk, meeting),
        relations=_relations(desk, meeting, found.account),
        asked=_asked(desk, found.account),
        recording_agreed=desk.settings.recording_agreed,
    )


def _asked(desk: Desk, account: Record | None) -> tuple[str, ...]:
    """What the rep wants to ask this account. It is rare, so what answers it is imported only when there is such."""
    if account is None or not asked_of(desk.db, str(account.ref)):
        return ()
    from gangly_tui.flow.hygiene import questions_for

    return tuple(questions_for(desk, account.ref))


def _relations(desk: Desk, meeting: Meeting, account: Record | None) -> dict[Attendee, Relation]:
    """Who of the other side is in the rep's own network. A private meeting has none."""
    if meeting.private or is_internal(meeting, desk.settings.our_domains):
        return {}
    theirs = [each for each in meeting.attendees if not each.resource]
    known = relations.relations_of(
        desk.db, [mailbox(each.email) for each in theirs], [name_key(each.name) for each in theirs]
    )
    if not known:
        return {}
    by_mailbox, by_name = people_of(known)
    company = account.title if account else ""
    found = {
        each: find_relation(each.name, each.email, company, by_mailbox=by_mailbox, by_name=by_name) for each in theirs
    }
    return {each: relation for each, relation in found.items() if relation}


def _mails(desk: Desk, meeting: Meeting) -> tuple[Mail, ...]:
    """The mails with those of the other side who are invited, newest first. A private meeting has none."""
    if meeting.private or is_internal(meeting, desk.settings.our_domains):
        return ()
    ours = desk.settings.our_domains
    theirs = [each.email for each in meeting.attendees if each.email and not each.resource]
    boxes = {mailbox(each) for each in theirs if not ours & set(domain_candidates(each))} - {
        "",
        mailbox(desk.settings.user_email),
    }
    if not boxes:
        return ()
    return tuple(mails.mails_with(desk.db, boxes, since=desk.now() - timedelta(days=MAIL_DAYS), limit=_MAILS))


def day(desk: Desk, on: date) -> list[MeetingRow]:
    """The meetings of one day in time order, each with what it waits for."""
    start = datetime.combine(on, time(), tzinfo=desk.settings.timezone)
    meetings = engagement.meetings_between(desk.db, start, start + timedelta(days=1))
    ready = engagement.transcripts_ready(desk.db, [each.id for each in meetings])
    counts = counts_by_meeting(desk.db)

    def cards(meeting: Meeting, *states: State) -> int:
        return sum(counts.get(meeting.id, {}).get(each, 0) for each in states)

    return [
        _row(
            desk,
            each,
            ready,
            waiting=cards(each, State.OPEN, State.LATER),
            decided=cards(each, State.APPROVED, State.REJECTED),
        )
        for each in meetings
    ]


def _row(desk: Desk, meeting: Meeting, ready: set[str], *, waiting: int, decided: int) -> MeetingRow:
    account = match(desk.db, meeting, desk.settings.our_domains, desk.settings.aliases).account
    return MeetingRow(
        meeting=meeting,
        state=_state(desk, meeting, ready, waiting, decided),
        to_review=waiting,
        account_name=account.title if account else "",
    )


def _state(desk: Desk, meeting: Meeting, ready: set[str], waiting: int, decided: int) -> MeetingState:
    if meeting.cancelled:
        return MeetingState.CANCELLED
    if waiting:
        return MeetingState.REVIEW
    if decided:
        return MeetingState.DONE
    if any(each.text.strip() for each in engagement.notes_of(desk.db, meeting.id)):
        return MeetingState.DRAFTED
    if is_internal(meeting, desk.settings.our_domains):
        return MeetingState.INTERNAL
    if is_left_alone(desk.db, meeting.id):
        return MeetingState.LEFT_ALONE
    if meeting.id in ready:
        return MeetingState.TRANSCRIPT_READY
    return MeetingState.NOTES_PENDING if meeting.end <= desk.now() else MeetingState.BRIEF_READY


def next_meeting(desk: Desk) -> Meeting | None:
    """The meeting that runs now, or the next one within the two weeks that are pulled; None when there is none."""
    now = desk.now()
    coming = engagement.meetings_between(desk.db, now, now + timedelta(days=14))
    people = [each for each in coming if not (each.cancelled or each.all_day)]
    return next((each for each in people if not is_internal(each, desk.settings.our_domains)), None)


async def refresh(
    reader: RecordReader, db: Connection, meeting: Meeting, hierarchy: Hierarchy, ours: frozenset[str]
) -> None:
    """Read the meeting's account, deals and contacts again through the read door: the brief is of this minute."""
    found = match(db, meeting, ours)
    scope = hierarchy.scope(reader.system)
    records = [*found.deals, *found.contacts.values(), *([found.account] if found.account else [])]
    for record in records:
        try:
            mirror.save_records(db, [in_scope(await reader.read(record.ref), scope)])
        except NotFound:
            mirror.remove_records(db, [record.ref])
