"""The follow-up: a mail with what was heard and what each side does by when. Nothing in it that was not said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from email.headerregistry import Address

from gangly_tui.domain.cards import Table, new_card
from gangly_tui.domain.consent import left_out, opted_out, stay_elsewhere
from gangly_tui.domain.draft import Draft, NextStep, Side, SummaryLine
from gangly_tui.domain.identity import domain_candidates, mailbox
from gangly_tui.domain.mail import MAIL_FILES
from gangly_tui.domain.proposal import FieldChange, Proposal, Risk
from gangly_tui.domain.records import FIELDS, Attendee, Kind, Value
from gangly_tui.domain.safe import one_line

_HEARD = ("need", "decision", "price")
"""Topics of the summary that belong to the other side. What they object to, and what we think of it, stays home."""
_GOES = {MAIL_FILES: "it becomes a file in clear, for your mail program"}
_LABELS = {"to": "To", "cc": "Cc", "subject": "Subject", "body": "Text", "answers": "Answers", "status": "Goes into"}


def follow_up(draft: Draft, table: Table, *, home: str, rep: str, our_domains: frozenset[str]) -> Proposal | None:
    """The card of the follow-up mail, into the mailbox `home`; None when there is nobody to write to or nothing to say.

    Who asked for no mail gets none, and the card says so.

    Only what was said goes in: lines of the summary that are not the rep's own words, and next steps. `rep` signs it.
    """
    people, note = wanting(recipients(table, our_domains), table)
    heard = [each for each in draft.summary.own if each.topic in _HEARD and each.evidence.side is not Side.REP]
    backing = [*(each.evidence for each in heard), *(each.evidence for each in draft.next_steps)]
    if not (people and backing):
        return None
    values: dict[str, Value] = {
        "to": ", ".join(address(each) for each in people),
        "subject": one_line(f"Follow-up: {table.meeting.title}", limit=120),
        "body": _body(people, heard, draft.next_steps, table.meeting.start.date(), rep),
        "status": "draft",
    }
    where = _GOES.get(home, "it goes into your drafts")
    scope = table.hierarchy.scopes.get(home)
    if scope is not None and not all(scope.may_write(Kind.MAIL, each) for each in values):
        return None
    return new_card(
        table,
        kind=Kind.MAIL,
        target_name=one_line(people[0].name or people[0].email, limit=80)
        + f" and {len(people) - 1} more" * (len(people) > 1),
        changes=tuple(
            FieldChange(field=name, label=_LABELS[name], type=FIELDS[Kind.MAIL][name], before=None, after=value)
            for name, value in values.items()
        ),
        evidence=backing[0],
        more=tuple(dict.fromkeys(backing[1:])),
        rule=f"what was said, and what each side took on; {where}, nothing is sent",
        note=note,
        risk=Risk.IN_YOUR_NAME,
        group="follow-up",
        home=home,
    )


def address(person: Attendee) -> str:
    """As RFC 5322 writes it, the name in plain letters."""
    name = one_line(person.name, limit=80)
    return str(Address(display_name=name, addr_spec=person.email)) if name else person.email


def recipients(table: Table, our_domains: frozenset[str]) -> list[Attendee]:
    """Those of the other side who were invited and did not decline, each once."""
    names = {mailbox(each.text("email")): each.title for each in (*table.contacts, *table.attendees)}
    found: dict[str, Attendee] = {}
    for each in table.meeting.attendees:
        ours = each.email.lower() == table.user.lower() or any(
            one in our_domains for one in domain_candidates(each.email)
        )
        if mailbox(each.email) and not (each.resource or ours or each.response == "declined"):
            found.setdefault(each.email.lower(), replace(each, name=each.name or names.get(mailbox(each.email), "")))
    return list(found.values())


def wanting(people: Sequence[Attendee], table: Table) -> tuple[list[Attendee], str]:
    """Who of them may get a mail, and for the card who may not: who asked for none, whose data stays elsewhere."""
    known = (*table.contacts, *table.attendees, *table.lookups.values())
    silent, away = opted_out(known), stay_elsewhere(known, table.mail_regions)
    without = [each.name or each.email for each in people if mailbox(each.email) in silent]
    elsewhere = [
        f"{each.name or each.email} ({away[mailbox(each.email)]})"
        for each in people
        if mailbox(each.email) in away.keys() - silent
    ]
    told = filter(None, (left_out(without), left_out(elsewhere, "their data stays elsewhere")))
    return [each for each in people if mailbox(each.email) not in silent | away.keys()], "; ".join(told)


def _body(
    people: Sequence[Attendee], heard: Sequence[SummaryLine], steps: Sequence[NextStep], on: date, rep: str
) -> str:
    first = [one_line(each.name, limit=60).split(" ")[0] for each in people if each.name]
    hello = f"Hello {_listed(first)}," if first and len(first) <= 3 else "Hello all,"
    parts = [hello, f"thank you for the call on {_day(on)}."]
    if heard:
        parts.append("What we heard:\n" + "\n".join(f"- {each.text}" for each in heard))
    ours, theirs = [each for each in steps if each.ours], [each for each in steps if not each.ours]
    if ours:
        parts.append("What we do next:\n" + "\n".join(_step(each, named=False) for each in ours))
    if theirs:
        parts.append("What you do next:\n" + "\n".join(_step(each, named=True) for each in theirs))
    parts.append("If something is missing or wrong, please tell me.")
    parts.append(f"Best regards,\n{rep}")
    return "\n\n".join(parts)


def _step(step: NextStep, *, named: bool) -> str:
    who = f"{step.owner}: " if named and step.owner else ""
    due = f", by {_day(step.due)}" if step.due else ""
    return f"- {who}{step.action.strip().rstrip(' .,')}{due}"


def _day(on: date) -> str:
    return f"{on:%A} {on.day} {on:%B}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" and {names[-1]}"
