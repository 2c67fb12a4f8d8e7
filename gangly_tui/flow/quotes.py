"""Quotes: what somebody said that would close a gap, found in calls, notes and mails; and the card that asks for it.

The texts are read as for a draft, so that the rules of evidence and the gate are the same. Nothing is kept but the
card that a person asks for; a mail's body is fetched only when they ask.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from gangly_tui.domain.cards import Table, field_card, meeting_source
from gangly_tui.domain.draft import Draft, Mention, ReadingContext
from gangly_tui.domain.errors import DecisionError, GanglyError, NotFound, Unreachable
from gangly_tui.domain.hierarchy import in_scope
from gangly_tui.domain.hygiene import DealHealth, Gap, GapKind
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.mail import MAIL_DAYS, Mail
from gangly_tui.domain.proposal import Proposal, ProposalState
from gangly_tui.domain.records import Attendee, Kind, Meeting, Record, RecordRef, encode
from gangly_tui.domain.safe import one_line
from gangly_tui.flow import capture
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.prepare import match
from gangly_tui.flow.read_mail import read_mail
from gangly_tui.store import decisions, engagement, mirror
from gangly_tui.store import mail as mails

CALLS, MAILS = 4, 3
"""The newest texts of a deal that are read: so many calls, and so many mails of each person."""
_SINCE = timedelta(days=MAIL_DAYS)
_MAIL = "mail"
_WAITING = (ProposalState.OPEN, ProposalState.LATER)
_DECIDED = (ProposalState.APPROVED, ProposalState.REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One text as the drafter read it. `sure`: its call is about exactly this deal."""

    meeting: Meeting
    source: str
    draft: Draft
    sure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What would close a gap. `card` stands on the store; `waits` when it lies in Review already."""

    card: Proposal
    mention: Mention
    reading: Reading
    waits: bool


async def readings(desk: Desk, deal: DealHealth, memory: dict[str, Draft], *, fetch: bool = False) -> list[Reading]:
    """The newest texts about a deal, newest first, each read once; `memory` keeps what was read. Thinks in a thread.

    `fetch` lets bodies of mails be fetched; a mailbox that cannot be reached is left out.
    """
    found: list[Reading] = []
    for meeting in _calls(desk, deal):
        about = match(desk.db, meeting, desk.settings.our_domains, desk.settings.aliases).deals
        sure = len(about) == 1 and about[0].ref == deal.deal.ref
        context = capture.context_for(desk, meeting.id)
        for notes in capture.sources(desk, meeting.id):
            if notes.text.strip():
                kept = engagement.draft_of_text(desk.db, notes.id)
                draft = await _read(desk, notes.text, context, memory, kept)
                source = meeting_source(notes.source, meeting.start.date())
                found.append(Reading(meeting=meeting, source=source, draft=draft, sure=sure))
    for person in _people(desk, deal):
        for mail in _mails(desk, person):
            text = mails.text_of(desk.db, mail)
            if text is None and fetch:
                try:
                    text = await read_mail(desk, RecordRef(system=mail.system, kind=Kind.MAIL, id=mail.id))
                except GanglyError:  # the next text may be at hand
                    continue
            if text:
                text = mail_page(mail, text)
                draft = await _read(desk, text, _mail_context(desk, mail, person), memory, None)
                source = meeting_source("mail", mail.at.date())
                found.append(Reading(meeting=_as_meeting(mail), source=source, draft=draft, sure=False))
    return sorted(found, key=lambda each: each.meeting.start, reverse=True)


async def _read(desk: Desk, text: str, context: ReadingContext, memory: dict[str, Draft], kept: Draft | None) -> Draft:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    if kept is not None and kept.text_sha256 == digest:
        return kept
    key = f"{digest} {context.anchor.isoformat()}"
    if key not in memory:
        memory[key] = await asyncio.to_thread(capture.read, desk.drafter, text, context)
    return memory[key]


def _calls(desk: Desk, deal: DealHealth) -> list[Meeting]:
    """The newest calls with somebody of the deal, a private one never."""
    boxes = {mailbox(each.text("email")) for each in _people(desk, deal)} - {""}
    now = desk.now()
    found = engagement.meetings_of(desk.db, boxes, since=now - _SINCE, before=now + timedelta(days=1), limit=CALLS)
    return [each for each in found if not (each.private or each.cancelled)]


def _people(desk: Desk, deal: DealHealth) -> list[Record]:
    return mirror.get_records(desk.db, deal.deal.ref.system, Kind.CONTACT, deal.deal.ids("contacts"))


def _mails(desk: Desk, person: Record) -> list[Mail]:
    """The newest mails that this person wrote: below them stands who they are."""
    box = mailbox(person.text("email"))
    if not box:
        return []
    found = mails.mails_with(desk.db, [box], since=desk.now() - _SINCE, limit=30)
    return [each for each in found if mailbox(each.sender.email) == box and not each.bounced][:MAILS]


def _mail_context(desk: Desk, mail: Mail, person: Record) -> ReadingContext:
    who = desk.settings
    return ReadingContext(
        anchor=mail.at,
        rep_name=who.user_name,
        rep_email=who.user_email,
        our_company=who.our_company,
        attendees=(Attendee(name=person.title, email=mail.sender.email),),
        known_contacts=(person.title,),
        schemas=mirror.schemas(desk.db, desk.reader.system),
        fiscal_year_start=who.fiscal_year_start,
        currency=who.currency,
    )


def mail_page(mail: Mail, text: str) -> str:
    """The mail as a page: with the lines above its body that say who wrote it to whom."""
    head = [("From", f"{mail.sender.name} <{mail.sender.email}>"), ("To", ", ".join(each.shown for each in mail.to))]
    head.append(("Subject", mail.subject))
    return "".join(f"{name}: {one_line(value)}\n" for name, value in head) + "\n" + text


def mail_of_card(meeting_id: str) -> RecordRef | None:
    """The mail a card's words come from; None when they come from a meeting."""
    kind, _, rest = meeting_id.partition(":")
    system, _, name = rest.partition(":")
    return RecordRef(system=system, kind=Kind.MAIL, id=name) if kind == _MAIL and system and name else None


def _as_meeting(mail: Mail) -> Meeting:
    """What a card needs to know of where its words come from; it is in no calendar."""
    title, name = mail.subject or "(no subject)", f"{_MAIL}:{mail.system}:{mail.id}"
    return Meeting(id=name, system=mail.system, title=title, start=mail.at, end=mail.at)


def find(desk: Desk, deal: DealHealth, gap: Gap, texts: Sequence[Reading]) -> Quote | None:
    """The newest words that would close a gap and that the gate lets through; None when nobody said any.

    What the rep has decided before is not asked again.
    """
    record = mirror.get_record(desk.db, gap.ref)
    if record is None or not gap.field:
        return None
    for reading in texts:
        for mention in _mentions(gap, record, reading):
            card = field_card(mention, record, _table(desk, deal.deal, reading))
            if not isinstance(card, Proposal):
                continue
            twins = [(state, each) for state, each in _known(desk, reading) if _same(each, card)]
            if any(state in _DECIDED for state, _ in twins):
                continue
            return Quote(card=twins[0][1] if twins else card, mention=mention, reading=reading, waits=bool(twins))
    return None


def _mentions(gap: Gap, record: Record, reading: Reading) -> Iterator[Mention]:
    draft = reading.draft
    if record.ref.kind is Kind.CONTACT:
        box, name = mailbox(record.text("email")), record.title.casefold()
        for person in draft.contacts:
            theirs = (box and mailbox(person.email) == box) or person.name.casefold() == name
            value = {"title": person.title, "phone": person.phone, "email": person.email}.get(gap.field, "")
            if theirs and value:
                yield Mention(
                    object=Kind.CONTACT,
                    field=gap.field,
                    value=value,
                    evidence=person.place(gap.field),
                    confidence=person.confidence,
                )
        return
    if not reading.sure:
        return
    yield from (each for each in draft.fields if each.object is Kind.OPPORTUNITY and each.field == gap.field)
    if gap.kind is GapKind.STAGE and draft.stage and draft.stage_evidence:
        yield Mention(
            object=Kind.OPPORTUNITY, field="stage", value=draft.stage, evidence=draft.stage_evidence, confidence=1.0
        )
    if gap.kind is GapKind.NEXT_STEP:
        for step in draft.next_steps:
            if step.ours:
                yield Mention(
                    object=Kind.OPPORTUNITY,
                    field="next_step",
                    value=step.action,
                    evidence=step.evidence,
                    confidence=step.confidence,
                    reading=step.due_text,
                )


def _known(desk: Desk, reading: Reading) -> list[tuple[ProposalState, Proposal]]:
    return [
        (state, each)
        for state in (*_DECIDED, *_WAITING)
        for each in decisions.proposals(desk.db, states=(state,), meeting_id=reading.meeting.id)
    ]


def _same(one: Proposal, other: Proposal) -> bool:
    def essence(card: Proposal) -> tuple[object, ...]:
        return card.target, *((each.field, str(encode(each.after)).casefold()) for each in card.changes)

    return not one.undoes and essence(one) == essence(other)


def _table(desk: Desk, deal: Record, reading: Reading) -> Table:
    system = desk.reader.system
    account = next(iter(deal.ids("account")), "")
    ref = RecordRef(system=system, kind=Kind.ACCOUNT, id=account)
    return Table(
        meeting=reading.meeting,
        system=system,
        account=mirror.get_record(desk.db, ref) if account else None,
        deals=(deal,),
        contacts=(),
        attendees=(),
        lookups={},
        schemas=mirror.schemas(desk.db, system),
        hierarchy=desk.hierarchy,
        user=desk.settings.user,
        source=reading.source,
        now=desk.now(),
        new_id=desk.new_id,
    )


async def lay(desk: Desk, deal: DealHealth, quote: Quote) -> Proposal:
    """Put the card into Review, or give the one that waits there. It stands on the record as the CRM holds it now,
    offline as the store does.

    Raises DecisionError when the gate no longer lets it through, NotFound when the record is gone.
    """
    if quote.waits and decisions.proposal_state(desk.db, quote.card.id) in _WAITING:  # or it was taken back since
        return quote.card
    assert quote.card.target is not None  # a quote is always about a record that is there
    record = await _fresh(desk, quote.card.target)
    made = field_card(quote.mention, record, _table(desk, deal.deal, quote.reading))
    if not isinstance(made, Proposal):
        raise DecisionError(f"{quote.card.heading}: {made.reason}", fix="o opens the record")
    decisions.save_proposals(desk.db, [made])
    return made


def unlay(desk: Desk, card: Proposal) -> bool:
    """Take a card out of Review again; False when it was decided meanwhile."""
    if decisions.proposal_state(desk.db, card.id) not in _WAITING:
        return False
    decisions.set_proposal_state(desk.db, card.id, ProposalState.SUPERSEDED)
    return True


async def _fresh(desk: Desk, ref: RecordRef) -> Record:
    try:
        record = in_scope(await desk.reader.read(ref), desk.hierarchy.scope(desk.reader.system))
    except NotFound:
        mirror.remove_records(desk.db, [ref])
        raise
    except Unreachable:
        kept = mirror.get_record(desk.db, ref)
        if kept is None:
            raise
        return kept
    mirror.save_records(desk.db, [record])
    return record
