"""Signals: what came in is looked through for what asks for a next step; the rep works, puts off or dismisses each.

Looking reads the store alone. Working lays out cards from a play's words and the names of records; of the signal
itself nothing goes into a card.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, time, timedelta, tzinfo
from itertools import chain

from gangly_tui.domain.errors import DecisionError, InputError
from gangly_tui.domain.identity import domain_candidates, mailbox, of_one_company
from gangly_tui.domain.records import Kind, Meeting, Record, RecordRef
from gangly_tui.domain.signal_import import Given, Refused
from gangly_tui.domain.signals import (
    Signal,
    SignalKind,
    SignalState,
    is_person,
    job_signal,
    lasts_until,
    meeting_changes,
    meeting_signal,
    reply_signal,
    signal_id,
    silence_before,
    stakeholder_signal,
)
from gangly_tui.flow.breath import in_steps
from gangly_tui.flow.deal_signals import OVERLAP, looked, of_deals
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.prepare import match
from gangly_tui.store import engagement, mirror, privacy, relations
from gangly_tui.store import mail as mails
from gangly_tui.store import signals as kept
from gangly_tui.store.database import transaction

_HORIZON = "signals horizon of "
_LOOKED = "signals looked at "
_FIRST_LOOK = timedelta(days=2)
"""How far back a first look goes."""
_MAIL_MEMORY = timedelta(days=180)
_JOB_MEMORY = timedelta(days=30)
_AHEAD = timedelta(days=14)
_AT_ONCE = 10
"""Signals that one transaction keeps, while somebody may be pressing keys."""
KEPT_DAYS = 180
"""For how long the words of a signal that is over stay, where `[retention]` says nothing of signals_days."""


# -- what a pull brought --------------------------------------------------------------------------------------------


def of_calendar(
    desk: Desk,
    system: str,
    after: Sequence[Meeting],
    gone: Collection[str],
    window: tuple[datetime, datetime],
    *,
    whole: bool,
) -> list[Signal]:
    """What is about to change in a calendar, against what the store still holds. Keeps how far it was looked.

    Call it in the transaction that keeps the meetings, before they are kept. `whole`: `after` is all there is.
    """
    now, (start, end) = desk.now(), window
    before = {each.id: each for each in engagement.meetings_between(desk.db, start, end) if each.system == system}
    for each in after:
        if each.id not in before and (old := engagement.get_meeting(desk.db, each.id)):
            before[each.id] = old
    for name in gone:
        if name not in before and (old := engagement.get_meeting(desk.db, name)):
            before[name] = old
    here = {each.id for each in after}
    missing = [each for each in before if each not in here] if whole else gone
    said = mirror.cursor(desk.db, _HORIZON + system)
    horizon = datetime.fromisoformat(said) if said else None
    mirror.set_cursor(desk.db, _HORIZON + system, max(end, horizon or end).isoformat())
    changes = meeting_changes(
        before, after, missing, horizon=horizon, now=now, me={desk.settings.user_email.lower()} - {""}
    )
    found = []
    for change in changes:
        about = match(desk.db, change.meeting, desk.settings.our_domains, desk.settings.aliases)
        if about.account is None and not about.contacts:
            continue
        zone = desk.settings.timezone
        say = {"is": _said(change.meeting.start, zone), **({"was": _said(change.was, zone)} if change.was else {})}
        found.append(
            meeting_signal(
                change,
                account=about.account,
                contact=next(iter(about.contacts.values()), None),
                deal=about.deals[0] if len(about.deals) == 1 else None,
                now=now,
                say=say,
            )
        )
    return found


def _said(at: datetime, zone: tzinfo) -> str:
    here = at.astimezone(zone)
    return f"{here:%a} {here.day} {here:%b} {here:%H:%M}"


async def notice(desk: Desk) -> int:
    """Look through what the store holds now, after a pull. Returns how many signals are new.

    In steps, so that no key waits for it: what is cut short is looked at again, and a signal is kept once.
    """
    now = desk.now()
    said = mirror.cursor(desk.db, _LOOKED)
    since = datetime.fromisoformat(said) - OVERLAP if said else now - _FIRST_LOOK
    found = await in_steps(chain(_of_mails(desk, since), _of_meetings(desk), _of_jobs(desk)))
    deals = await of_deals(desk, datetime.fromisoformat(said) if said else None)
    new = sum(await in_steps(_saved(desk, [*found, *(deals.worth_keeping if deals else ())])))
    with transaction(desk.db):
        if deals:
            looked(desk, deals)
        new += take_in(desk, desk.brings())[0]
        kept.settle(desk.db)
        _known_by_now(desk)
        days = desk.settings.retention.get("signals_days", KEPT_DAYS)
        kept.age_out(desk.db, now, kept=timedelta(days=days))
        mirror.set_cursor(desk.db, _LOOKED, now.isoformat())
    return new


def _saved(desk: Desk, found: Sequence[Signal]) -> Iterator[int]:
    """How many of a few at a time are new; kept."""
    for at in range(0, len(found), _AT_ONCE):
        yield kept.save_signals(desk.db, found[at : at + _AT_ONCE])


def _of_mails(desk: Desk, since: datetime) -> Iterator[Signal | None]:
    """Who wrote after a silence, and who wrote from an account without being a contact."""
    new = [
        each
        for each in mails.mails_since(desk.db, since)
        if not (each.outgoing or each.bounced) and mailbox(each.sender.email) and not _is_ours(desk, each.sender.email)
    ]
    contacts = mirror.contacts_by_mailbox(desk.db, {mailbox(each.sender.email) for each in new})
    for each in new:
        yield None
        box = mailbox(each.sender.email)
        contact = contacts.get(box)
        if contact is None:
            account = _account_of(desk, each.sender.email)
            if account is not None and is_person(each.sender.email):
                source = f"mail:{each.system}:{each.id}"
                yield _stakeholder(
                    desk, each.sender.name, each.sender.email, account, where="wrote to you", source=source
                )
            continue
        earlier = mails.mails_with(desk.db, [box], since=each.at - _MAIL_MEMORY, limit=60)
        if days := silence_before(each, earlier):
            account, deal = _of_contact(desk, contact)
            yield reply_signal(each, days, contact, account, deal)


def _of_meetings(desk: Desk) -> Iterator[Signal | None]:
    """Guests of the coming meetings, and of the last day's, who are no contacts of their company's account."""
    now = desk.now()
    coming = engagement.meetings_between(desk.db, now - OVERLAP, now + _AHEAD)
    guests = {
        box: (guest, meeting)
        for meeting in reversed(coming)
        if not (meeting.private or meeting.cancelled)
        for guest in meeting.attendees
        if (box := mailbox(guest.email)) and not guest.resource and not _is_ours(desk, guest.email)
    }
    known = mirror.contacts_by_mailbox(desk.db, guests)
    for box, (guest, meeting) in guests.items():
        yield None
        if box in known or not is_person(guest.email):
            continue
        if (account := _account_of(desk, guest.email)) is not None:
            where = f"invited to {meeting.title or 'a meeting'}, {_said(meeting.start, desk.settings.timezone)}"
            yield _stakeholder(desk, guest.name, guest.email, account, where=where, source=f"meeting:{meeting.id}")


def _stakeholder(desk: Desk, name: str, email: str, account: Record, *, where: str, source: str) -> Signal:
    deal = _only(mirror.open_deals(desk.db, account.ref))
    return stakeholder_signal(name, email, mailbox(email), account, deal, where=where, source=source, at=desk.now())


def _of_jobs(desk: Desk) -> Iterator[Signal | None]:
    """Contacts who work elsewhere, by the LinkedIn export."""
    now = desk.now()
    for change in relations.job_changes(desk.db, now - _JOB_MEMORY):
        yield None
        if not change.moved:
            continue
        box = mailbox(change.email)
        contact = mirror.contacts_by_mailbox(desk.db, [box]).get(box) if box else None
        contact = contact or _named(desk, change.name, change.company_before)
        if contact is not None:
            at = datetime.combine(change.seen_on, time(), tzinfo=desk.settings.timezone)
            yield job_signal(change, contact, _of_contact(desk, contact)[1], min(at, now))


def _named(desk: Desk, name: str, company: str) -> Record | None:
    """The one contact of this name whose account may be this company."""
    from gangly_tui.domain.relations import name_key, works_at

    fitting = []
    for each in mirror.contacts_named(desk.db, name) if name.strip() else ():
        account, _ = _of_contact(desk, each)
        if account and name_key(each.title) == name_key(name) and works_at(company, account.title):
            fitting.append(each)
    return fitting[0] if len(fitting) == 1 else None


def _known_by_now(desk: Desk) -> None:
    """Whoever has become a contact is new no more."""
    waiting = {each.id: mailbox(each.email) for each in kept.open_of(desk.db, SignalKind.STAKEHOLDER)}
    if waiting:
        known = mirror.contacts_by_mailbox(desk.db, waiting.values())
        kept.set_done(desk.db, [name for name, box in waiting.items() if box in known])


def _is_ours(desk: Desk, email: str) -> bool:
    return email.lower() == desk.settings.user_email.lower() or any(
        each in desk.settings.our_domains for each in domain_candidates(email)
    )


def _account_of(desk: Desk, email: str) -> Record | None:
    domains = of_one_company(domain_candidates(email), desk.settings.aliases)
    return _only(mirror.accounts_by_domain(desk.db, sorted(domains)))


def _of_contact(desk: Desk, contact: Record) -> tuple[Record | None, Record | None]:
    """The contact's account and the one open deal that is theirs."""
    account = _only(mirror.get_records(desk.db, contact.ref.system, Kind.ACCOUNT, contact.ids("account")))
    deals = mirror.open_deals(desk.db, account.ref) if account else []
    named = [each for each in deals if contact.ref.id in each.ids("contacts")]
    return account, _only(named or deals)


def _only(records: Sequence[Record]) -> Record | None:
    return records[0] if len(records) == 1 else None


# -- what is brought from elsewhere ---------------------------------------------------------------------------------


def take_in(desk: Desk, given: Sequence[Given], source: str = "") -> tuple[int, list[Refused]]:
    """Keep usage and intent that a file or a program brought. Returns how many are new, and what fits no account."""
    found: list[Signal] = []
    refused: list[Refused] = []
    is_erased = privacy.erased_in(desk.db)
    for each in given:
        box = mailbox(each.email)
        if is_erased(box):
            refused.append(Refused(line=each.line, why="this person was erased"))
            continue
        contact = mirror.contacts_by_mailbox(desk.db, [box]).get(box) if box else None
        account, deal = _of_contact(desk, contact) if contact else (None, None)
        if account is None:
            about = each.account or each.email
            account = _account_of(desk, about if "@" in about else f"x@{_host(about)}")
            deal = deal or (_only(mirror.open_deals(desk.db, account.ref)) if account else None)
        if account is None and contact is None:
            refused.append(Refused(line=each.line, why=f"no account has the domain of {each.account or each.email}"))
            continue
        named = account or contact
        assert named is not None  # refused above
        found.append(
            Signal(
                id=signal_id(each.kind, str(named.ref), box, each.title.casefold(), each.at.isoformat()),
                kind=each.kind,
                title=f"{named.title}: {each.title}",
                detail=each.detail,
                at=each.at,
                expires_at=lasts_until(each.kind, each.at),
                who=contact.title if contact else "",
                email=contact.text("email") if contact else "",
                account=account.ref if account else None,
                contact=contact.ref if contact else None,
                deal=deal.ref if deal else None,
                source=f"from:{source}" if source else "",
            )
        )
    return kept.save_signals(desk.db, found), refused


def _host(address: str) -> str:
    from gangly_tui.domain.identity import registrable_domain

    return registrable_domain(address)


# -- what the rep does with one -------------------------------------------------------------------------------------


def waiting(desk: Desk) -> list[Signal]:
    """What waits for the rep, newest first; what has been worked to its end is settled before."""
    kept.settle(desk.db)
    return kept.open_signals(desk.db, desk.now())


def the_signal(desk: Desk, beginning: str) -> tuple[Signal, SignalState]:
    """The signal whose id begins so. Raises InputError for none and for several."""
    found = kept.find_signals(desk.db, beginning.strip().lower())
    if len(found) != 1:
        what = f"{len(found)} signals begin with" if found else "there is no signal"
        raise InputError(f"{what} {beginning!r}", fix="gangly signals lists them")
    return found[0]


def dismiss(desk: Desk, signal_id: str, reason: str) -> Signal:
    """The rep wants none of it; the reason is kept with it. Raises InputError, DecisionError."""
    signal = still_open(desk, signal_id)
    kept.set_dismissed(desk.db, signal.id, reason.strip())
    return signal


def snooze(desk: Desk, signal_id: str, days: int) -> datetime:
    """Show it again in the morning in so many days. Returns when. Raises InputError, DecisionError."""
    if not 1 <= days <= 90:
        raise InputError(f"{days} days cannot be", fix="from 1 to 90")
    signal = still_open(desk, signal_id)
    on = desk.now().astimezone(desk.settings.timezone).date() + timedelta(days=days)
    until = datetime.combine(on, time(6), tzinfo=desk.settings.timezone)
    kept.put_off(desk.db, signal.id, until)
    return until


def reopen(desk: Desk, signal_id: str) -> Signal:
    """Take back a dismissal or a putting off. Raises InputError, DecisionError when it has cards or is over."""
    signal, state = the_signal(desk, signal_id)
    if state not in (SignalState.OPEN, SignalState.DISMISSED):
        raise DecisionError(f"this signal is {state}")
    kept.set_open(desk.db, signal.id)
    return signal


def still_open(desk: Desk, beginning: str) -> Signal:
    """The signal whose id begins so, which nobody has decided. Raises InputError, DecisionError."""
    signal, state = the_signal(desk, beginning)
    if state is SignalState.WORKED:
        raise DecisionError("this signal has its cards already", fix="2 shows them, or: gangly review")
    if state is not SignalState.OPEN:
        raise DecisionError(f"this signal is {state}", fix="gangly signals lists those that are open")
    return signal


def record_of(desk: Desk, ref: RecordRef | None) -> Record | None:
    """A record that a signal names, as it was last read."""
    return mirror.get_record(desk.db, ref) if ref else None
