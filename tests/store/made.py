"""Records, meetings, cards and trail entries for the store's tests, and Hypothesis strategies for them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from gangly_tui.domain import draft as d
from gangly_tui.domain import proposal as p
from gangly_tui.domain.audit import AuditChange, AuditEntry, AuditKind
from gangly_tui.domain.outbox import Delivery, DeliveryState
from gangly_tui.domain.records import (
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
from gangly_tui.domain.secret import Secret
from gangly_tui.store import trail
from gangly_tui.store.database import Connection, transaction

KEY = Secret(bytes(range(32)))
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

HOSTILE = (
    "Acme [/] Corp",
    "\x1b[2J\x1b]52;c;eA==\x07",
    "a\x00b",
    "\u202egro.live",
    "👩\u200d👩\u200d👧 Ünïcode 日本語",
    "lone \ud800 surrogate \udfff",
    "x" * 10_000,
    '"; DROP TABLE record; --',
    "=1+1",
)


def ref(kind: Kind, identifier: str, system: str = "sandbox") -> RecordRef:
    return RecordRef(system=system, kind=kind, id=identifier)


def record(kind: Kind, identifier: str, *, updated: datetime = NOW, version: str = "1", **fields: Value) -> Record:
    return Record(ref=ref(kind, identifier), version=version, fields=fields, updated_at=updated)


def meeting(identifier: str = "m1", *, start: datetime = NOW, minutes: int = 30, **more: Any) -> Meeting:
    end = start + timedelta(minutes=minutes)
    return Meeting(id=identifier, system="files", title=more.pop("title", "Acme demo"), start=start, end=end, **more)


def change(field: str = "close_date", after: Value = date(2026, 11, 15), **more: Any) -> p.FieldChange:
    kind = more.pop("type", FieldType.DATE)
    return p.FieldChange(field=field, label=field, type=kind, before=more.pop("before", None), after=after, **more)


def card(identifier: str = "p1", *, meeting_id: str = "m1", **more: Any) -> p.Proposal:
    more.setdefault("changes", (change(),))
    return p.Proposal(
        id=identifier,
        meeting_id=meeting_id,
        action=p.Action.UPDATE,
        kind=Kind.OPPORTUNITY,
        target=ref(Kind.OPPORTUNITY, "o1"),
        target_name=more.pop("target_name", "Acme - Platform 2026"),
        drafted_at=NOW,
        source="notes of 2026-11-24",
        **more,
    )


def delivery(op_id: str = "p1", state: DeliveryState = DeliveryState.APPROVED, **more: Any) -> Delivery:
    return Delivery(
        op_id=op_id,
        state=state,
        payload_sha256="0" * 64,
        approved_by="rep@ours.com",
        approved_at=more.pop("approved_at", NOW),
        due_at=more.pop("due_at", NOW),
        grace_until=NOW,
        **more,
    )


def append(db: Connection, **more: Any) -> AuditEntry:
    """One entry in a transaction of its own; `more` overrides any part of it."""
    parts: dict[str, Any] = {
        "at": NOW,
        "kind": AuditKind.SENT,
        "user": "rep@ours.com",
        "source": "notes of 2026-11-24",
        "system": "sandbox",
        "target": "sandbox:opportunity:o1",
        "target_name": "Acme - Platform 2026",
        "changes": (AuditChange(field="close_date", before="2026-09-30", after="2026-11-15"),),
        "quote": "We can sign mid-November",
        "op_id": "p1",
        "payload_sha256": "0" * 64,
    }
    with transaction(db):
        return trail.append(db, **(parts | more))


# strategies: any text a CRM may hold (NUL and lone surrogates among it), any value of any type

any_text = st.text(st.characters(), max_size=30)
sealable_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
names = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
keys = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
zones = st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-14 * 60, 14 * 60))
moments = st.datetimes(timezones=zones)
decimals = st.decimals(allow_nan=False, allow_infinity=False)


def values(text: st.SearchStrategy[str] = any_text) -> st.SearchStrategy[Value]:
    whole = st.integers(-(2**70), 2**70)
    return (
        st.none() | text | st.booleans() | whole | decimals | st.dates() | moments | st.tuples() | st.tuples(text, text)
    )


refs = st.builds(RecordRef, system=names, kind=st.sampled_from(Kind), id=keys)
stamps = st.builds(FieldStamp, by=any_text, at=moments)
records = st.builds(
    Record,
    ref=refs,
    version=any_text,
    fields=st.dictionaries(names | st.sampled_from(("account", "contacts", "email", "at", "due", "stage")), values()),
    updated_at=moments,
    updated_by=any_text,
    changed=st.dictionaries(names, stamps, max_size=2),
)
attendees = st.builds(
    Attendee, name=any_text, email=any_text, organizer=st.booleans(), response=any_text, resource=st.booleans()
)
meetings = st.builds(
    Meeting,
    id=keys,
    system=names,
    title=any_text,
    start=moments,
    end=moments,
    attendees=st.lists(attendees, max_size=3).map(tuple),
    series_id=any_text,
    location=any_text,
    description=any_text,
    all_day=st.booleans(),
)
field_schemas = st.builds(
    FieldSchema,
    name=names,
    label=any_text,
    type=st.sampled_from(FieldType),
    required=st.booleans(),
    max_length=st.none() | st.integers(0, 10**6),
    options=st.lists(any_text, max_size=3).map(tuple),
)
schemas = st.builds(ObjectSchema, kind=st.sampled_from(Kind), fields=st.lists(field_schemas, max_size=3).map(tuple))


def _evidence(text: st.SearchStrategy[str]) -> st.SearchStrategy[d.Evidence]:
    offsets = st.integers(0, 10**7)
    sides = st.sampled_from(d.Side)
    return st.builds(d.Evidence, text=text, start=offsets, end=offsets, speaker=text, side=sides, at=text)


evidence = _evidence(any_text)
shares = st.floats(0, 1)
drafts = st.builds(
    d.Draft,
    engine=names,
    text_sha256=names,
    summary=st.builds(
        d.Summary,
        title=any_text,
        lines=st.lists(st.builds(d.SummaryLine, text=any_text, evidence=evidence), max_size=2).map(tuple),
    ),
    next_steps=st.lists(
        st.builds(
            d.NextStep,
            action=any_text,
            owner=any_text,
            due=st.none() | st.dates(),
            ours=st.booleans(),
            evidence=evidence,
            confidence=shares,
        ),
        max_size=2,
    ).map(tuple),
    fields=st.lists(
        st.builds(
            d.Mention,
            object=st.sampled_from(Kind),
            field=names,
            value=values(),
            evidence=evidence,
            confidence=shares,
            against=st.none() | evidence,
        ),
        max_size=2,
    ).map(tuple),
    contacts=st.lists(st.builds(d.ContactMention, name=any_text, evidence=evidence), max_size=2).map(tuple),
    company=st.none() | any_text,
    stage=st.none() | any_text,
    stage_evidence=st.none() | evidence,
    dropped=st.lists(
        st.builds(d.Dropped, what=any_text, value=any_text, quote=any_text, reason=any_text), max_size=2
    ).map(tuple),
)

changes = st.builds(
    p.FieldChange,
    field=names,
    label=sealable_text,
    type=st.sampled_from(FieldType),
    before=values(sealable_text),
    after=values(sealable_text),
    before_by=sealable_text,
    before_at=st.none() | moments,
    options=st.lists(sealable_text, max_size=2).map(tuple),
    max_length=st.none() | st.integers(0, 10**6),
    required=st.booleans(),
)
conflicts = st.builds(
    p.Conflict,
    field=names,
    base=values(sealable_text),
    theirs=values(sealable_text),
    mine=values(sealable_text),
    by=sealable_text,
    at=st.none() | moments,
)
cards = st.builds(
    p.Proposal,
    id=keys,
    meeting_id=keys,
    action=st.sampled_from(p.Action),
    kind=st.sampled_from(Kind),
    target=st.none() | refs,
    target_name=sealable_text,
    changes=st.lists(changes, max_size=3).map(tuple),
    drafted_at=moments,
    source=sealable_text,
    base_version=sealable_text,
    evidence=st.none() | _evidence(sealable_text),
    reading=sealable_text,
    against=st.none() | _evidence(sealable_text),
    rule=sealable_text,
    risk=st.sampled_from(p.Risk),
    confidence=shares,
    choices=st.lists(st.builds(p.Choice, ref=refs, label=sealable_text), max_size=2).map(tuple),
    conflict=st.none() | conflicts,
    edited=st.booleans(),
    undoes=sealable_text,
    group=sealable_text,
)
"""Cards that can be digested: RFC 8785 has no form for a lone surrogate."""

money = Decimal("40000.00")
