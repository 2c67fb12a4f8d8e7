"""Small, readable records and cards for the domain's tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path

import gangly_tui
from gangly_tui.domain.cards import Table
from gangly_tui.domain.draft import Draft, Evidence, Mention, Side, Summary, SummaryLine
from gangly_tui.domain.hierarchy import Hierarchy
from gangly_tui.domain.hierarchy_page import parse_hierarchy
from gangly_tui.domain.proposal import Action, FieldChange, Proposal
from gangly_tui.domain.records import (
    FIELDS,
    Attendee,
    FieldSchema,
    FieldStamp,
    FieldType,
    Kind,
    Meeting,
    ObjectSchema,
    Record,
    RecordRef,
    Value,
)

CALL = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
BEFORE_CALL = datetime(2026, 6, 12, 9, 0, tzinfo=UTC)
STAGES = ("Discovery", "Demo", "Proposal", "Negotiation", "Closed Won", "Closed Lost")


def page() -> Hierarchy:
    """The hierarchy page that ships."""
    return parse_hierarchy((Path(gangly_tui.__file__).parent / "hierarchy.toml").read_text())


def ref(kind: Kind, identifier: str) -> RecordRef:
    return RecordRef(system="sandbox", kind=kind, id=identifier)


def record(kind: Kind, identifier: str, *, changed: Mapping[str, FieldStamp] | None = None, **fields: Value) -> Record:
    return Record(
        ref=ref(kind, identifier),
        version="1",
        fields=fields,
        updated_at=BEFORE_CALL,
        updated_by="Kim",
        changed=changed or {},
    )


def deal(identifier: str = "d1", **fields: Value) -> Record:
    plain: dict[str, Value] = {
        "name": "Platform 2026", "account": "a1", "contacts": ("c1",), "stage": "Demo", "amount": Decimal(30000),
        "currency": "EUR", "close_date": date(2026, 9, 30), "next_step": None, "competitor": None, "budget": None,
        "pain": None, "decision_process": None, "decision_criteria": None, "economic_buyer": None,
        "stage_since": date(2026, 8, 1),
    }  # fmt: skip
    stamps = {"close_date": FieldStamp(by="Kim", at=BEFORE_CALL)}
    return record(Kind.OPPORTUNITY, identifier, changed=stamps, **{**plain, **fields})


def account() -> Record:
    return record(Kind.ACCOUNT, "a1", name="Acme GmbH", domain="acme.de", industry="Retail", employees=1200, city="Ulm")


def contact(identifier: str = "c1", **fields: Value) -> Record:
    plain: dict[str, Value] = {
        "first_name": "Ada", "last_name": "Lind", "email": "ada@acme.de", "title": None, "phone": None, "account": "a1",
    }  # fmt: skip
    return record(Kind.CONTACT, identifier, **{**plain, **fields})


def schemas() -> dict[Kind, ObjectSchema]:
    def described(kind: Kind, name: str, type_: FieldType) -> FieldSchema:
        return FieldSchema(
            name=name,
            label=name.replace("_", " ").capitalize(),
            type=type_,
            options=STAGES if name == "stage" else (),
            max_length=120 if type_ is FieldType.TEXT else None,
            read_only=name == "stage_since",
            required=name in ("name", "last_name", "subject"),
        )

    return {
        kind: ObjectSchema(kind=kind, fields=tuple(described(kind, name, each) for name, each in fields.items()))
        for kind, fields in FIELDS.items()
    }


def meeting() -> Meeting:
    return Meeting(
        id="m1",
        system="sandbox",
        title="Acme: platform call",
        start=CALL,
        end=CALL.replace(hour=15),
        attendees=(
            Attendee(name="Robin", email="robin@seller.com", organizer=True),
            Attendee(name="Ada Lind", email="ada@acme.de"),
        ),
    )


def evidence(text: str = "We can sign mid-November.", side: Side = Side.BUYER) -> Evidence:
    return Evidence(text=text, start=0, end=len(text), speaker="Ada", side=side, at="00:14:22")


def mention(field: str, value: Value, **changes: object) -> Mention:
    made = Mention(object=Kind.OPPORTUNITY, field=field, value=value, evidence=evidence(), confidence=0.9)
    return replace(made, **changes)  # type: ignore[arg-type]


def draft(**parts: object) -> Draft:
    line = SummaryLine(text="They can sign in November.", evidence=evidence(), topic="decision")
    made = Draft(engine="test", text_sha256="0" * 64, summary=Summary(title="Acme: signing in November", lines=(line,)))
    return replace(made, **parts)  # type: ignore[arg-type]


def table(**parts: object) -> Table:
    numbers = count(1)
    made = Table(
        meeting=meeting(),
        system="sandbox",
        account=account(),
        deals=(deal(),),
        contacts=(contact(),),
        attendees=(contact(),),
        lookups={},
        schemas=schemas(),
        hierarchy=page(),
        user="robin@seller.com",
        source="notes of 2026-09-23",
        now=CALL,
        new_id=lambda: f"op-{next(numbers)}",
    )
    return replace(made, **parts)  # type: ignore[arg-type]


def change(**parts: object) -> FieldChange:
    made = FieldChange(
        field="close_date",
        label="Close date",
        type=FieldType.DATE,
        before=date(2026, 9, 30),
        after=date(2026, 11, 15),
        before_by="Kim",
        before_at=BEFORE_CALL,
    )
    return replace(made, **parts)  # type: ignore[arg-type]


def card(**parts: object) -> Proposal:
    made = Proposal(
        id="op-1",
        meeting_id="m1",
        action=Action.UPDATE,
        kind=Kind.OPPORTUNITY,
        target=ref(Kind.OPPORTUNITY, "d1"),
        target_name="Platform 2026",
        changes=(change(),),
        drafted_at=CALL,
        source="notes of 2026-09-23",
        base_version="1",
        evidence=evidence(),
        rule="newest customer statement wins",
        group="field",
    )
    return replace(made, **parts)  # type: ignore[arg-type]
