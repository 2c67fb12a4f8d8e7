"""A desk on which every text is hostile: records, meetings, cards, notes, a draft and the trail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from pathlib import Path

from gangly_tui.domain.audit import AuditChange, AuditKind
from gangly_tui.domain.connection import Ask, AuditField, Permission, Plan, PlanWay
from gangly_tui.domain.draft import ContactMention, Draft, Dropped, Evidence, Mention, NextStep, Summary, SummaryLine
from gangly_tui.domain.proposal import Action, Choice, Conflict, FieldChange, Proposal
from gangly_tui.domain.records import Attendee, FieldType, Kind, Meeting, Record, RecordRef
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, engagement, mirror, trail
from gangly_tui.store.database import transaction
from tests.tui.desks import ANA, NOW, Clock, at, meeting, paper_desk, record

DEAL = RecordRef(system="sandbox", kind=Kind.OPPORTUNITY, id="d1")
REFS = (
    DEAL,
    RecordRef(system="sandbox", kind=Kind.ACCOUNT, id="a1"),
    RecordRef(system="sandbox", kind=Kind.CONTACT, id="c1"),
    RecordRef(system="sandbox", kind=Kind.ACTIVITY, id="t1"),
)
NEEDLE = "needle"
ENTRIES = 12


@dataclass
class Poison:
    """Hands out the strings of one batch, round and round."""

    texts: Sequence[str]

    def __post_init__(self) -> None:
        self._next = cycle(self.texts)

    def __call__(self) -> str:
        return next(self._next)

    def stored(self) -> str:
        """One that a database takes: a lone surrogate has no UTF-8."""
        return next(self._next).encode("utf-8", "replace").decode("utf-8")


def empty_desk(folder: Path) -> Desk:
    """A desk that reads nothing by itself."""
    return paper_desk(folder, clock=Clock())


def fill(desk: Desk, give: Poison, *, times: int = 1) -> None:
    """Put one batch into the store, over the batch before; `times` as many meetings, activities and entries."""
    with transaction(desk.db):
        mirror.save_records(desk.db, _records(give, 5 * times))
        engagement.save_meetings(desk.db, list(_meetings(give, 6 * times)))
        decisions.save_proposals(desk.db, cards(give))
        for kind in (AuditKind.APPROVED, AuditKind.REJECTED, AuditKind.SENT, AuditKind.CONFLICT) * (
            ENTRIES * times // 4
        ):
            trail.append(
                desk.db, at=NOW, kind=kind, user=give.stored(), source=give.stored(), system=give.stored(),
                target=str(DEAL), target_name=give.stored(), quote=give.stored(), op_id="p1", payload_sha256="1" * 64,
                detail=give.stored(),
                changes=[AuditChange(field=give.stored(), before=give.stored(), after=give.stored())],
            )  # fmt: skip


def _records(give: Poison, activities: int) -> Iterator[Record]:
    link = {"account": "a1", "opportunity": "d1"}
    yield record(
        Kind.ACCOUNT, "a1", name=f"{NEEDLE} {give.stored()}", domain="nordwind-demo.com", industry=give.stored(),
        city=give.stored(), country=give.stored(), description=give.stored(), owner=give.stored(), phone=give.stored(),
    )  # fmt: skip
    yield record(
        Kind.CONTACT, "c1", first_name=give.stored(), last_name=f"{NEEDLE} {give.stored()}", title=give.stored(),
        role=give.stored(), email="jana@nordwind-demo.com", account="a1", phone=give.stored(), owner=give.stored(),
    )  # fmt: skip
    yield record(
        Kind.OPPORTUNITY, "d1", name=f"{NEEDLE} {give.stored()}", account="a1", contacts=("c1",), stage=give.stored(),
        next_step=give.stored(), pain=give.stored(), competitor=give.stored(), budget=give.stored(),
        economic_buyer=give.stored(), decision_process=give.stored(), currency=give.stored(), owner=give.stored(),
    )  # fmt: skip
    for number in range(activities):
        yield record(
            Kind.ACTIVITY, f"t{number}", type=("call", "email", "task", "note", give.stored())[number % 5],
            subject=f"{NEEDLE} {give.stored()}", at=NOW - timedelta(days=6 + number), body=give.stored(),
            contacts=("c1",), status="open", ours=number % 2 == 0, owner=give.stored(), **link,
        )  # fmt: skip


def _meetings(give: Poison, count: int) -> Iterator[Meeting]:
    for number in range(count):
        people = (ANA, Attendee(name=give.stored(), email="jana@nordwind-demo.com"), Attendee(name=give.stored()))
        yield meeting(
            f"m{number}", f"{NEEDLE} {give.stored()}", at(10 + number % 6, number // 6), attendees=people,
            location=give.stored(), description=give.stored(), link=give.stored(), cancelled=number == 5,
        )  # fmt: skip


def quoted(give: Poison) -> Evidence:
    """A quote with a hostile speaker and place."""
    text = give.stored()
    return Evidence(text=text, start=0, end=len(text), speaker=give.stored(), at=give.stored()[:20])


def cards(give: Poison) -> list[Proposal]:
    """A field, a conflict, a choice, a contact, a task and a removal."""

    def change(field: str, kind: FieldType = FieldType.TEXT) -> FieldChange:
        return FieldChange(
            field=field, label=give.stored(), type=kind, before=give.stored(), after=give.stored(),
            before_by=give.stored(), before_at=NOW, options=(give.stored(), give.stored()),
        )  # fmt: skip

    def card(identifier: str, *changes: FieldChange, **more: object) -> Proposal:
        note = give.stored()
        usual = {"action": Action.UPDATE, "kind": Kind.OPPORTUNITY, "target": DEAL, "group": "field"}
        return Proposal(
            id=identifier, meeting_id="m0", changes=changes, drafted_at=NOW, source=give.stored(),
            evidence=quoted(give), reading=give.stored(), against=quoted(give), rule=give.stored(),
            target_name=give.stored(),
            **{**usual, "note": note, **more},  # type: ignore[arg-type]
        )  # fmt: skip

    fight = Conflict(
        field="pain", base=give.stored(), theirs=give.stored(), mine=give.stored(), by=give.stored(), at=NOW
    )
    choices = (Choice(ref=DEAL, label=give.stored()), Choice(ref=DEAL, label=give.stored()))
    many = [change(each) for each in ("first_name", "last_name", "title", "owner")]
    return [
        card("p1", change("next_step")),
        card("p2", change("pain", FieldType.LONG_TEXT), conflict=fight),
        card("p3", change("competitor"), target=None, choices=choices),
        card("p4", *many, action=Action.CREATE, kind=Kind.CONTACT, target=None, group="contact"),
        card("p5", change("body", FieldType.LONG_TEXT), change("subject"), kind=Kind.ACTIVITY, note=""),
        card("p6", change("stage", FieldType.PICKLIST), action=Action.REMOVE, note=""),
    ]


def draft(give: Poison) -> Draft:
    """A draft as a model that was led astray could give it."""
    steps = tuple(
        NextStep(
            action=give(), owner=give(), due=None, ours=ours, evidence=quoted(give), confidence=0.5, due_text=give()
        )
        for ours in (True, False)
    )
    mentions = tuple(
        Mention(
            object=Kind.OPPORTUNITY, field=name, value=give(), evidence=quoted(give), confidence=0.6, reading=give()
        )
        for name in ("next_step", "pain", "competitor")
    )
    person = ContactMention(
        name=give(), evidence=quoted(give), title=give(), company=give(), email=give(), phone=give()
    )
    return Draft(
        engine="offline", text_sha256="0" * 64,
        summary=Summary(title=give(), lines=(SummaryLine(text=give(), evidence=quoted(give)),)), next_steps=steps,
        fields=mentions, contacts=(person,), company=give(), stage=give(),
        dropped=(Dropped(what=give(), value=give(), quote=give(), reason=give()),),
    )  # fmt: skip


def plan(give: Poison) -> Plan:
    """What a vendor's module could ask for, every word of it hostile."""
    ask = Ask(name="host", label=give(), why=give(), example=give())
    ways = tuple(
        PlanWay(name=name, title=give(), means=give(), asks=(ask,), browser=name == "web", device=False)
        for name in ("web", "token")
    )
    return Plan(
        name="x", title=give(), ways=ways, permissions=(Permission(name=give(), why=give()),), admin=(give(), give()),
        audit_fields=(AuditField(of=give(), name=give(), type="text", meta="source"),), guards=give(),
        known={"host": give()},
    )  # fmt: skip


def one_slot(slot: str, text: str) -> Proposal:
    """A card that holds the text in one place, and our own words in all others."""
    at = {slot: text}

    def said(name: str) -> Evidence | None:
        return Evidence(text=text, start=0, end=len(text)) if name == slot else None

    fight = Conflict(field="pain", base="base", theirs=at.get("theirs", "b"), mine=at.get("mine", "c"), by="", at=NOW)
    change = FieldChange(
        field="pain", label=at.get("label", "Pain"), type=FieldType.LONG_TEXT, before=at.get("before", "old"),
        after=at.get("after", "new"),
    )  # fmt: skip
    choices = (Choice(ref=DEAL, label=text), Choice(ref=DEAL, label="other")) if slot == "choice" else ()
    return Proposal(
        id="p", meeting_id="m0", action=Action.UPDATE, kind=Kind.OPPORTUNITY, target=None if choices else DEAL,
        target_name=at.get("record", "Nordwind"), changes=(change,), drafted_at=NOW, source="", group="field",
        choices=choices,
        conflict=fight if slot in ("theirs", "mine") else None, rule=at.get("rule", ""), note=at.get("note", ""),
        evidence=said("quote") or Evidence(text="quoted", start=0, end=6), against=said("against"),
        reading=at.get("reading", ""),
    )  # fmt: skip
