"""Work: a signal becomes cards in Review, by the first play that fits it.

Only the play's words and the names of records go into a card. The signal's own words, its source and whatever it was
made of stay in the store: a card holds none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from email.headerregistry import Address

from gangly_tui.domain.cards import Table, created_fields, new_card
from gangly_tui.domain.errors import DecisionError
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.plays import Play, filled, play_for
from gangly_tui.domain.proposal import FieldChange, Proposal, Risk
from gangly_tui.domain.reach import barred
from gangly_tui.domain.records import FIELDS, Kind, Meeting, Record, Value
from gangly_tui.domain.safe import one_line
from gangly_tui.domain.signals import Signal
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.signals import record_of, still_open
from gangly_tui.store import decisions, mirror
from gangly_tui.store import signals as kept
from gangly_tui.store.database import transaction

_MAIL = {"to": "To", "subject": "Subject", "body": "Text", "status": "Goes into"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What `work` would lay out: the play, its step in full, the day it is due, and the mail's text, "" for none."""

    play: Play
    step: str
    due: date
    mail: str


def advise(desk: Desk, signal: Signal, plays: Sequence[Play]) -> Advice | None:
    """What the first play that fits would lay out now; None when none fits."""
    about = account, contact, deal = _about(desk, signal)
    play = play_for(plays, signal, deal)
    if play is None:
        return None
    table, names = _table(desk, signal, play, about), _names(signal, account, contact, deal)
    mail = _mail(desk, play, signal, table, names)
    values = {each.field: str(each.after) for each in mail.changes} if mail else {}
    text = f"to {values['to']}\n{values['subject']}\n\n{values['body']}" if values else ""
    return Advice(play=play, step=_step(play, names), due=play.due(desk.now().date()), mail=text)


def _about(desk: Desk, signal: Signal) -> tuple[Record | None, Record | None, Record | None]:
    """Account, contact and deal, as they were last read."""
    return record_of(desk, signal.account), record_of(desk, signal.contact), record_of(desk, signal.deal)


def _step(play: Play, names: dict[str, str]) -> str:
    return one_line(filled(play.step, names), limit=250)


def work(desk: Desk, signal_id: str) -> list[Proposal]:
    """Turn a signal into the cards of the first play that fits: a task, and a mail where there is an address.

    Raises InputError for no such signal, DecisionError when it is not open or no play fits, ConfigError for plays.toml.
    """
    plays = desk.plays()
    with transaction(desk.db):
        signal = still_open(desk, signal_id)
        about = account, contact, deal = _about(desk, signal)
        play = play_for(plays, signal, deal)
        if play is None:
            raise DecisionError(f"no play fits: {signal.kind}", fix="write one: gangly signals plays --own")
        table = _table(desk, signal, play, about)
        names = _names(signal, account, contact, deal)
        reason = _barred(desk, signal, table) if play.body and desk.drafts else ""
        task = _task(play, table, names)
        if reason:
            task = replace(task, note=f"no mail drafted: {reason}")
        mail = _mail(desk, play, signal, table, names)
        cards = [task, *([mail] if mail else [])]
        decisions.save_proposals(desk.db, cards)
        kept.set_worked(desk.db, signal.id, task.id)
        desk.at_point("signal.before-commit")
    desk.at_point("signal.committed")
    return cards


def _table(desk: Desk, signal: Signal, play: Play, about: tuple[Record | None, Record | None, Record | None]) -> Table:
    now, (account, contact, deal) = desk.now(), about
    place = Meeting(id=signal.call_id, system=desk.reader.system, title=play.name, start=now, end=now)
    return Table(
        meeting=place,
        system=desk.reader.system,
        account=account,
        deals=(deal,) if deal else (),
        contacts=(contact,) if contact else (),
        attendees=(contact,) if contact else (),
        lookups={},
        schemas=mirror.schemas(desk.db, desk.reader.system),
        hierarchy=desk.hierarchy,
        user=desk.settings.user,
        source=f"play {one_line(play.name, limit=80)}",
        now=now,
        new_id=desk.new_id,
    )


def _names(signal: Signal, account: Record | None, contact: Record | None, deal: Record | None) -> dict[str, str]:
    """What a play's places stand for; what is not known is said in general words, never in the signal's."""
    company = account.title if account else ""
    return {
        "who": (contact.title if contact else _plain_name(signal) or mailbox(signal.email)) or company or "them",
        "account": company or (contact.title if contact else "them"),
        "deal": deal.title if deal else f"the deal with {company}" if company else "the deal",
    }


def _plain_name(signal: Signal) -> str:
    """The name of somebody who is no contact yet, as they gave it themselves; "" for anything else."""
    return one_line(signal.who, limit=80) if mailbox(signal.email) and signal.contact is None else ""


def _task(play: Play, table: Table, names: dict[str, str]) -> Proposal:
    values: dict[str, Value] = {
        "type": "task",
        "subject": _step(play, names),
        "due": play.due(table.now.date()),
        "at": table.now,
        "status": "open",
        "ours": True,
        "owner": table.user,
        "account": table.account.ref.id if table.account else None,
        "contacts": tuple(each.ref.id for each in table.contacts),
        **({"opportunity": table.deals[0].ref.id} if table.deals else {}),
    }
    return new_card(
        table,
        target_name=_home(table, names),
        changes=created_fields(table, Kind.ACTIVITY, values),
        rule=f"{table.source} on a signal",
        risk=Risk.NEW_RECORD,
        group="next step",
    )


def _mail(desk: Desk, play: Play, signal: Signal, table: Table, names: dict[str, str]) -> Proposal | None:
    """The outreach, into the rep's own drafts; None where the play has none, or nobody to write to."""
    email = table.contacts[0].text("email") if table.contacts else signal.email
    email = "" if signal.contact and not signal.email else email  # an address that is nobody's any more
    if not (play.body and desk.drafts and mailbox(email)) or _barred(desk, signal, table):
        return None
    full = table.contacts[0].title if table.contacts else _plain_name(signal)
    first = table.contacts[0].text("first_name") if table.contacts else full.split(" ")[0]
    try:
        to = str(Address(display_name=one_line(full, limit=80), addr_spec=email)) if full else email
    except ValueError:
        return None
    said = {**names, "who": first or "there"}
    values: dict[str, Value] = {
        "to": to,
        "subject": one_line(filled(play.subject, said), limit=120),
        "body": f"{filled(play.body, said)}\n{desk.settings.user_name}",
        "status": "draft",
    }
    scope = table.hierarchy.scopes.get(desk.drafts)
    if scope is not None and not all(scope.may_write(Kind.MAIL, each) for each in values):
        return None
    return new_card(
        table,
        kind=Kind.MAIL,
        target_name=one_line(full or email, limit=80),
        changes=tuple(
            FieldChange(field=name, label=_MAIL[name], type=FIELDS[Kind.MAIL][name], before=None, after=value)
            for name, value in values.items()
        ),
        rule=f"{table.source} on a signal; it goes into your drafts, nothing is sent",
        risk=Risk.IN_YOUR_NAME,
        group="outreach",
        home=desk.drafts,
    )


def _barred(desk: Desk, signal: Signal, table: Table) -> str:
    """Why they may get no mail, "" where they may."""
    boxes = {mailbox(each) for each in (signal.email, *(each.text("email") for each in table.contacts))} - {""}
    known = (*table.contacts, *mirror.contacts_of(desk.db, boxes))
    return barred(boxes, known, desk.settings.mail_regions)


def _home(table: Table, names: dict[str, str]) -> str:
    return table.deals[0].title if table.deals else table.account.title if table.account else names["who"]
