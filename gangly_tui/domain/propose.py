"""A Draft becomes Proposals: one card a write, each through the gate. Pure: the records were read before."""

from __future__ import annotations

from dataclasses import replace

from gangly_tui.domain.cards import (
    Table,
    account_name,
    anchors,
    created_fields,
    deal_choices,
    dropped_mention,
    field_card,
    new_card,
    waiting_card,
)
from gangly_tui.domain.dedupe_people import Known, perhaps
from gangly_tui.domain.draft import ContactMention, Draft, Dropped, Evidence, Mention, NextStep
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.proposal import Action, Proposal, Risk
from gangly_tui.domain.records import Kind, Record, RecordRef, Value
from gangly_tui.domain.shared_mailbox import shared_words, somebody_else

_ORDER = ("stage", "amount", "close_date", "next_step")
"""Forecast fields come first in Review; the others follow in the draft's order."""


_NOBODY = RecordRef(system="", kind=Kind.CONTACT, id="")


def propose(draft: Draft, table: Table) -> tuple[tuple[Proposal, ...], tuple[Dropped, ...]]:
    """The cards of a draft in the order a rep decides them, and what was left out with the reason."""
    cards: list[Proposal] = []
    dropped: list[Dropped] = []
    mentions = [each for each in draft.fields if each.object is Kind.OPPORTUNITY]
    if draft.stage and draft.stage_evidence and not any(each.field == "stage" for each in mentions):
        mentions.append(
            Mention(
                object=Kind.OPPORTUNITY,
                field="stage",
                value=draft.stage,
                evidence=draft.stage_evidence,
                confidence=1.0,
            )
        )
    mentions.sort(key=lambda each: _ORDER.index(each.field) if each.field in _ORDER else len(_ORDER))
    for mention in mentions:
        if not table.deals:
            dropped.append(dropped_mention(mention, "no open deal fits this meeting"))
        elif len(table.deals) == 1:
            _collect(field_card(mention, table.deals[0], table), cards, dropped)
        else:
            cards.append(waiting_card(mention, table))
    cards.extend(_summary_cards(draft, table))
    cards.extend(_task_card(each, table) for each in draft.next_steps)
    for contact in draft.contacts:
        cards.extend(_contact_cards(contact, table, dropped))
    return tuple(cards), tuple(dropped)


def aim(card: Proposal, deal: Record, table: Table) -> Proposal | Dropped:
    """The waiting card once the rep has picked the deal: real before and verdict. Dropped when the gate says no."""
    change = card.changes[0]
    if card.action is Action.CREATE:
        changes = tuple(
            replace(each, after=deal.ref.id)
            if each.field == "opportunity"
            else replace(each, after=deal.text("account") or None)
            if each.field == "account"
            else each
            for each in card.changes
        )
        return replace(card, target_name=deal.title, changes=changes, choices=())
    mention = Mention(
        object=card.kind,
        field=change.field,
        value=change.after,
        evidence=_evidence(card),
        confidence=card.confidence,
        reading=card.reading,
        against=card.against,
    )
    aimed = field_card(mention, deal, table)
    return aimed if isinstance(aimed, Dropped) else replace(aimed, id=card.id, drafted_at=card.drafted_at)


def _evidence(card: Proposal) -> Evidence:
    assert card.evidence is not None  # only drafted cards wait for a choice, and every drafted card has evidence
    return card.evidence


def _collect(made: Proposal | Dropped, cards: list[Proposal], dropped: list[Dropped]) -> None:
    if isinstance(made, Dropped):
        dropped.append(made)
    else:
        cards.append(made)


def _summary_cards(draft: Draft, table: Table) -> list[Proposal]:
    lines = draft.summary.own
    if not lines or table.account is None:
        return []
    # the lines are the approved summary; the raw notes stay in the engagement layer
    body = "\n".join(f"- {line.text}" for line in lines)
    values: dict[str, Value] = {
        "type": "meeting",
        "subject": draft.summary.title,
        "body": body,
        "at": table.meeting.start,
        "status": "done",
        "owner": table.user,
        **anchors(table),
    }
    return [
        new_card(
            table,
            target_name=_activity_home(table),
            changes=created_fields(table, Kind.ACTIVITY, values),
            evidence=lines[0].evidence,
            rule="each line is backed by the words it sums up",
            choices=deal_choices(table) if len(table.deals) > 1 else (),
            group="summary",
        )
    ]


def _activity_home(table: Table) -> str:
    return table.deals[0].title if len(table.deals) == 1 else account_name(table)


def _task_card(step: NextStep, table: Table) -> Proposal:
    owner = table.user if step.ours else step.owner
    values: dict[str, Value] = {
        "type": "task",
        "subject": step.action if step.ours else f"Waiting for {step.owner or 'them'}: {step.action}",
        "due": step.due,
        "at": table.meeting.start,
        "status": "open",
        "ours": step.ours,
        "owner": table.user,
        **anchors(table),
    }
    return new_card(
        table,
        target_name=_activity_home(table),
        changes=created_fields(table, Kind.ACTIVITY, values),
        evidence=step.evidence,
        reading=step.due_text,
        rule="somebody took this on" + (f": {owner}" if owner else ""),
        confidence=step.confidence,
        choices=deal_choices(table) if len(table.deals) > 1 else (),
        group="next step",
    )


def _contact_cards(person: ContactMention, table: Table, dropped: list[Dropped]) -> list[Proposal]:
    """A known person gets the gaps filled; an unknown one becomes a new contact, but only with a surname to file."""
    box = mailbox(person.email)
    known = table.lookups.get(box) if box else None
    first, _, last = person.name.strip().rpartition(" ")
    if known is not None and first and table.account and somebody_else(first, last, person.email, known):
        return [_beside_card(person, known, table)]
    note = ""
    if known is not None and known.text("email").lower() != person.email.lower():
        note = f"{person.email} is the same mailbox as {known.text('email')}: already a contact, so no new one"
    elif known is not None:
        note = "already a contact: same mailbox"
    if known is None:
        named = [each for each in table.contacts if each.title.casefold() == person.name.casefold()]
        alone = named[0] if len(named) == 1 else None
        if alone is not None and not (box and alone.text("email")):  # two addresses may be two people of one name
            known, note = alone, "already a contact of this account: same name"
    if known is not None:
        return _gap_cards(person, known, note, table, dropped)
    if not first or table.account is None:
        return []
    suspects = _suspects(person, table)
    note = f"perhaps a contact already: {'; '.join(dict.fromkeys(suspects.values()))}" if suspects else ""
    rule = f"nobody of this {'mailbox' if box else 'name'} at {table.account.title}"
    return [_new_contact(person, table, rule=rule, note=note, suspects=tuple(suspects))]


def _new_contact(
    person: ContactMention, table: Table, *, rule: str, note: str, suspects: tuple[str, ...], email: bool = True
) -> Proposal:
    first, _, last = person.name.strip().rpartition(" ")
    values: dict[str, Value] = {
        "first_name": first,
        "last_name": last,
        "title": person.title,
        "email": person.email if email else "",
        "phone": person.phone,
        "account": table.account.ref.id if table.account else None,
    }
    return new_card(
        table,
        kind=Kind.CONTACT,
        suspects=suspects,
        note=note,
        target_name=person.name,
        changes=created_fields(table, Kind.CONTACT, values),
        evidence=person.evidence,
        more=tuple(dict.fromkeys(each.evidence for each in person.places)),
        rule=rule,
        risk=Risk.NEW_RECORD,
        confidence=person.confidence,
        group="contact",
    )


def _beside_card(person: ContactMention, known: Record, table: Table) -> Proposal:
    """Somebody else at the mailbox of a contact: their own record, for a reason; where an address may stand only once
    in the CRM, without it.
    """
    schema = table.schemas.get(Kind.CONTACT)
    described = schema.field("email") if schema else None
    once = bool(described and described.unique)
    note = shared_words(person.email, known)
    if once:
        note += f" {table.system} takes an address once, so it is left out here"
    return _new_contact(
        person,
        table,
        rule="a mailbox that is shared makes nobody a duplicate: yours to say",
        note=note,
        suspects=(str(known.ref),),
        email=not once,
    )


def _suspects(person: ContactMention, table: Table) -> dict[str, str]:
    """Whom of the people at hand a new contact may be, and why."""
    first, _, last = person.name.strip().rpartition(" ")
    new = Known(ref=_NOBODY, name=person.name, first=first, last=last, email=person.email, phone=person.phone)
    found = {}
    for each in table.contacts:
        there = Known(
            ref=each.ref,
            name=each.title,
            first=each.text("first_name"),
            last=each.text("last_name"),
            email=each.text("email"),
            phone=each.text("phone"),
        )
        if why := perhaps(new, there):
            found[str(each.ref)] = why
    return found


def _gap_cards(
    person: ContactMention, known: Record, note: str, table: Table, dropped: list[Dropped]
) -> list[Proposal]:
    cards: list[Proposal] = []
    for name, value in (("title", person.title), ("phone", person.phone), ("email", person.email)):
        if not value or known.fields.get(name) not in (None, ""):
            continue
        mention = Mention(
            object=Kind.CONTACT, field=name, value=value, evidence=person.place(name), confidence=person.confidence
        )
        made = field_card(mention, known, table)
        _collect(replace(made, note=note) if isinstance(made, Proposal) else made, cards, dropped)
    if not cards and person.email and known.text("email").lower() != person.email.lower():
        dropped.append(Dropped(what="new contact", value=person.email, quote=person.evidence.text, reason=note))
    return cards
