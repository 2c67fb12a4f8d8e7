"""The Brief: what the rep reads before the call. Built from facts already read; it never writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from gangly_tui.domain.consent import unrecorded, wants_no_mail
from gangly_tui.domain.identity import domain_candidates, mailbox
from gangly_tui.domain.mail import Mail, Unanswered, last_of_threads, unanswered
from gangly_tui.domain.records import Attendee, Kind, Meeting, Record, RecordRef
from gangly_tui.domain.relations import Relation, works_at

RECENT_TOUCHES = 12
PRIOR_NOTES = 3
MAILS = 5
WAITING = 3
QUESTIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a line comes from: a tag for the eye, and the record or the page `o` opens."""

    tag: str
    ref: RecordRef | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the brief, raw text."""

    text: str
    source: Source
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """The company across the table."""

    name: str
    detail: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeLine:
    """Somebody in the meeting. `known` is False when the CRM has nobody with this mailbox."""

    name: str
    email: str
    title: str
    role: str
    known: bool
    ours: bool
    source: Source
    last_touch: Line | None = None
    declined: bool = False
    relation: Line | None = None
    """how the rep knows them, by their own network"""
    no_mail: bool = False
    no_recording: bool = False
    """they have not agreed to one: the meeting is not processed"""
    """they asked for none"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DealLine:
    """An open deal in one line. Amounts are in `currency`, `days_in_stage` in whole days (None: not known)."""

    name: str
    stage: str
    amount: Decimal | None
    currency: str
    close_date: date | None
    overdue: bool
    days_in_stage: int | None
    next_step: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Something somebody owes: ours or theirs."""

    text: str
    due: date | None
    overdue: bool
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One past contact, for the timeline picture."""

    at: datetime
    type: str
    subject: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLine:
    """The last word of a thread with somebody in the meeting. `waits` says whose turn it is."""

    at: datetime
    who: str
    subject: str
    snippet: str
    outgoing: bool
    waits: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A field of the deal that is empty or stale, and the question that would close it."""

    field: str
    label: str
    question: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One screen, top-down. Every line names its source. `deal` is None while `deal_choices` has several."""

    meeting: Meeting
    internal: bool
    account: AccountLine | None
    why: tuple[Line, ...]
    attendees: tuple[AttendeeLine, ...]
    deal: DealLine | None
    deal_choices: tuple[DealLine, ...]
    ours: tuple[Promise, ...]
    theirs: tuple[Promise, ...]
    touches: tuple[Touch, ...]
    prior: tuple[Line, ...]
    gaps: tuple[Gap, ...]
    questions: tuple[str, ...]
    prepared_at: datetime
    mails: tuple[MailLine, ...] = ()
    writes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefFacts:
    """What the store knows about one meeting. Activities are newest first; `contacts` is keyed by mailbox."""

    account: Record | None = None
    contacts: Mapping[str, Record] = field(default_factory=dict)
    deals: tuple[Record, ...] = ()
    """the open deals that fit, one when the series' choice is known"""
    activities: tuple[Record, ...] = ()
    tasks: tuple[Record, ...] = ()
    """open tasks of the account, by due date"""
    last_touches: Mapping[str, Record] = field(default_factory=dict)
    """by contact id"""
    our_domains: frozenset[str] = frozenset()
    mails: tuple[Mail, ...] = ()
    """with those of the other side who are in the meeting"""
    relations: Mapping[Attendee, Relation] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    """questions that the rep put into this account's next brief"""
    recording_agreed: tuple[str, ...] = ()
    """the organisation's own words for an agreement to a recording"""


_QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("next_step", "Next step", "What has to happen next, and by when?"),
    ("amount", "Amount", "Which scope are we pricing: how many people, which modules?"),
    ("close_date", "Close date", "When do you need this live, and what has to be signed before?"),
    ("economic_buyer", "Economic buyer", "Who signs for a purchase of this size?"),
    ("decision_process", "Decision process", "Who has to say yes, in which order?"),
    ("budget", "Budget", "Is there a budget for this, and for which period?"),
    ("pain", "Pain", "What happens if you leave things as they are?"),
    ("competitor", "Competitor", "What else are you looking at?"),
    ("decision_criteria", "Decision criteria", "What will the options be compared on?"),
)
"""Most useful first: forecast fields, then MEDDPICC."""


def is_internal(meeting: Meeting, our_domains: frozenset[str]) -> bool:
    """Whether every person in the meeting is one of us. A meeting without people is ours alone."""
    people = [each for each in meeting.attendees if not each.resource]
    return all(_is_ours(each, our_domains) for each in people)


def _is_ours(attendee: Attendee, our_domains: frozenset[str]) -> bool:
    return any(each in our_domains for each in domain_candidates(attendee.email))


def prepare_brief(meeting: Meeting, facts: BriefFacts, *, now: datetime) -> Brief:
    """Lay the facts out as a Brief. Pure: equal facts give an equal brief."""
    today = now.date()
    internal = is_internal(meeting, facts.our_domains)
    deals = tuple(_deal_line(each, today) for each in facts.deals)
    deal = facts.deals[0] if len(facts.deals) == 1 else None
    gaps = _gaps(deal, today) if deal else ()
    touches = tuple(each for each in facts.activities if each.text("type") != "task" and _at(each) <= now)
    waiting = unanswered(facts.mails, now)[:WAITING]
    return Brief(
        meeting=meeting,
        internal=internal,
        account=_account_line(facts.account) if facts.account else None,
        why=_why(meeting, deal, touches),
        attendees=tuple(_attendee_line(each, facts) for each in meeting.attendees if not each.resource),
        deal=deals[0] if deal else None,
        deal_choices=deals if len(deals) > 1 else (),
        ours=(
            *(_promise(each, today) for each in facts.tasks if each.fields.get("ours") is not False),
            *(_waiting(each.mail, "answer") for each in waiting if each.ours),
        ),
        theirs=(
            *(_promise(each, today) for each in facts.tasks if each.fields.get("ours") is False),
            *(_waiting(each.mail, "an answer from") for each in waiting if not each.ours),
        ),
        touches=tuple(
            Touch(at=_at(each), type=each.text("type"), subject=each.title, source=_source(each))
            for each in touches[:RECENT_TOUCHES]
        ),
        prior=tuple(
            Line(text=each.text("body"), source=_source(each), at=_at(each)) for each in touches if each.text("body")
        )[:PRIOR_NOTES],
        gaps=gaps,
        questions=tuple(dict.fromkeys((*facts.asked, *(gap.question for gap in gaps[:QUESTIONS])))),
        prepared_at=now,
        mails=tuple(_mail_line(each, waiting) for each in last_of_threads(facts.mails)[:MAILS]),
    )


def _at(activity: Record) -> datetime:
    at = activity.fields.get("at")
    return at if isinstance(at, datetime) else activity.updated_at


def _source(record: Record) -> Source:
    label = record.text("type") if record.ref.kind is Kind.ACTIVITY else record.ref.kind.label
    return Source(tag=f"{record.ref.system} {label}", ref=record.ref)


def _account_line(account: Record) -> AccountLine:
    employees = account.fields.get("employees")
    parts = (
        account.text("industry"),
        f"{employees:,} people" if isinstance(employees, int) else "",
        ", ".join(filter(None, (account.text("city"), account.text("country")))),
    )
    return AccountLine(name=account.title, detail=" · ".join(filter(None, parts)), source=_source(account))


def _attendee_line(attendee: Attendee, facts: BriefFacts) -> AttendeeLine:
    contact = facts.contacts.get(mailbox(attendee.email))
    touch = facts.last_touches.get(contact.ref.id) if contact else None
    return AttendeeLine(
        name=attendee.name or (contact.title if contact else "") or attendee.email,
        email=attendee.email,
        title=contact.text("title") if contact else "",
        role=contact.text("role") if contact else "",
        known=contact is not None,
        ours=_is_ours(attendee, facts.our_domains),
        source=_source(contact) if contact else Source(tag="calendar"),
        last_touch=Line(text=touch.title, source=_source(touch), at=_at(touch)) if touch else None,
        declined=attendee.response == "declined",
        no_mail=contact is not None and wants_no_mail(contact),
        no_recording=bool(contact is not None and unrecorded([contact], facts.recording_agreed)),
        relation=_relation_line(facts.relations[attendee], contact, facts.account)
        if attendee in facts.relations
        else None,
    )


def _relation_line(relation: Relation, contact: Record | None, account: Record | None) -> Line:
    """Since when, and what they do there, as far as it is not what the CRM says."""
    company = "" if works_at(relation.company, account.title if account else "") else relation.company
    known = (contact.text("title") if contact else "").strip().casefold()
    position = "" if relation.position.strip().casefold() == known else relation.position
    work = " at ".join(filter(None, (position, company)))
    return Line(text="; ".join(filter(None, (relation.words, work))), source=Source(tag="linkedin", url=relation.url))


def _deal_line(deal: Record, today: date) -> DealLine:
    amount, close, since = (deal.fields.get(name) for name in ("amount", "close_date", "stage_since"))
    return DealLine(
        name=deal.title,
        stage=deal.text("stage"),
        amount=amount if isinstance(amount, Decimal) else None,
        currency=deal.text("currency"),
        close_date=close if isinstance(close, date) else None,
        overdue=isinstance(close, date) and close < today,
        days_in_stage=(today - since).days if isinstance(since, date) else None,
        next_step=deal.text("next_step"),
        source=_source(deal),
    )


def _promise(task: Record, today: date) -> Promise:
    due = task.fields.get("due")
    due = due if isinstance(due, date) else None
    return Promise(text=task.title, due=due, overdue=due is not None and due < today, source=_source(task))


def _mail_source(mail: Mail) -> Source:
    return Source(tag=f"{mail.system} mail", ref=RecordRef(system=mail.system, kind=Kind.MAIL, id=mail.id))


def _across(mail: Mail) -> str:
    """Who is at the other end of a mail: who wrote it, or whom the rep wrote to."""
    return (mail.to or mail.cc or (mail.sender,))[0].shown if mail.outgoing else mail.sender.shown


def _waiting(mail: Mail, what: str) -> Promise:
    return Promise(
        text=f"{what} {_across(mail)}: {mail.subject or '(no subject)'}, since {mail.at:%Y-%m-%d}",
        due=None,
        overdue=False,
        source=_mail_source(mail),
    )


def _mail_line(mail: Mail, waiting: Sequence[Unanswered]) -> MailLine:
    whose = next((each for each in waiting if each.mail == mail), None)
    return MailLine(
        at=mail.at,
        who=_across(mail),
        subject=mail.subject or "(no subject)",
        snippet=mail.snippet,
        outgoing=mail.outgoing,
        waits="" if whose is None else "waits for us" if whose.ours else "waits for them",
        source=_mail_source(mail),
    )


def _why(meeting: Meeting, deal: Record | None, touches: tuple[Record, ...]) -> tuple[Line, ...]:
    """Why this call: what the invitation says, what the deal waits for, what the last contact was about."""
    lines = []
    if meeting.description.strip():
        lines.append(Line(text=meeting.description.strip(), source=Source(tag="calendar")))
    if deal and deal.text("next_step"):
        lines.append(Line(text=f"Next step on the deal: {deal.text('next_step')}", source=_source(deal)))
    if touches:
        last = touches[0]
        lines.append(Line(text=f"Last {last.text('type')}: {last.title}", source=_source(last), at=_at(last)))
    return tuple(lines)


def _gaps(deal: Record, today: date) -> tuple[Gap, ...]:
    """Empty fields, and a close date that has passed. A field that was not read is no gap."""
    source = _source(deal)
    close = deal.fields.get("close_date")
    stale = isinstance(close, date) and close < today
    found: list[Gap] = []
    for name, label, question in _QUESTIONS:
        if name == "close_date" and stale:
            found.insert(0, Gap(field=name, label=f"Close date passed ({close})", question=question, source=source))
        elif name in deal.fields and deal.fields[name] in (None, "", ()):
            found.append(Gap(field=name, label=label, question=question, source=source))
    return tuple(found)
