"""What is loaded equals what was saved, types and digests included."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gangly_tui.domain.draft import Draft, Notes
from gangly_tui.domain.errors import StoreError
from gangly_tui.domain.proposal import Approval, Proposal, Rejection
from gangly_tui.domain.records import Kind, Meeting, ObjectSchema, Record
from gangly_tui.store import codec, decisions, engagement, mirror
from gangly_tui.store.database import Connection, open_database
from tests.store import made

_SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def _typed(value: object) -> object:
    """The value with its type: 1, True, 1.0 and Decimal(1) are equal in Python and must not be swapped here."""
    if isinstance(value, Decimal):
        return "Decimal", str(value)
    return [(type(each), each) for each in value] if isinstance(value, tuple) else (type(value), value)


@pytest.fixture(scope="module")
def kept() -> Iterator[Connection]:
    with TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "gangly.db", key=made.KEY)
        yield db
        db.close()


@contextmanager
def _undone(db: Connection) -> Iterator[None]:
    """Every example starts from an empty store."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


@_SETTINGS
@given(records=st.lists(made.records, min_size=1, max_size=4, unique_by=lambda each: each.ref))
def test_any_record_comes_back_exactly(kept: Connection, records: list[Record]) -> None:
    with _undone(kept):
        assert mirror.save_records(kept, records) == len(records)
        for each in records:
            back = mirror.get_record(kept, each.ref)
            assert back == each
            assert {name: _typed(value) for name, value in back.fields.items()} == {
                name: _typed(value) for name, value in each.fields.items()
            }
        assert mirror.save_records(kept, records) == 0
        mirror.remove_records(kept, [each.ref for each in records])
        for table in ("record", "link", "words"):
            assert kept.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


@_SETTINGS
@given(card=made.cards)
def test_any_card_comes_back_with_its_digest(kept: Connection, card: Proposal) -> None:
    with _undone(kept):
        decisions.save_proposals(kept, [card])
        back = decisions.get_proposal(kept, card.id)
        assert back == card
        assert back.digest() == card.digest()
        assert back.payload_sha256() == card.payload_sha256()
        for ours, theirs in zip(back.changes, card.changes, strict=True):
            assert _typed(ours.after) == _typed(theirs.after)
            assert _typed(ours.before) == _typed(theirs.before)


@_SETTINGS
@given(draft=made.drafts)
def test_any_draft_comes_back_exactly(kept: Connection, draft: Draft) -> None:
    with _undone(kept):
        engagement.save_draft(kept, "n1", "m1", draft, made.NOW)
        back = engagement.draft_of(kept, "m1")
        assert back == draft
        assert [_typed(each.value) for each in back.fields] == [_typed(each.value) for each in draft.fields]


@_SETTINGS
@given(meetings=st.lists(made.meetings, max_size=3, unique_by=lambda each: each.id), text=made.any_text)
def test_any_meeting_and_any_text_come_back_exactly(kept: Connection, meetings: list[Meeting], text: str) -> None:
    with _undone(kept):
        engagement.save_meetings(kept, meetings)
        assert [engagement.get_meeting(kept, each.id) for each in meetings] == meetings
        notes = Notes(id="n1", meeting_id="m1", text=text, updated_at=made.NOW)
        engagement.save_notes(kept, notes)
        assert engagement.get_notes(kept, "n1") == notes
        engagement.save_transcript(kept, "m1", text, made.NOW)
        assert engagement.transcript_of(kept, "m1") == text


@_SETTINGS
@given(schema=made.schemas)
def test_any_field_list_comes_back_exactly(kept: Connection, schema: ObjectSchema) -> None:
    with _undone(kept):
        mirror.save_schema(kept, "sandbox", schema, made.NOW)
        assert mirror.schemas(kept, "sandbox") == {schema.kind: schema}


@pytest.mark.parametrize("text", made.HOSTILE, ids=lambda text: ascii(text)[:20])
def test_hostile_text_is_kept_as_it_came_and_is_searchable_without_harm(db: Connection, text: str) -> None:
    record = made.record(
        Kind.CONTACT, "c1", first_name=text, email=f"{text}@acme.com", account="a1", title=text, role=text
    )
    mirror.save_records(db, [record, made.record(Kind.ACTIVITY, "x1", type=text, status=text, contacts=(text,))])
    assert mirror.get_record(db, record.ref) == record
    meeting = made.meeting(title=text, description=text, location=text)
    engagement.save_meetings(db, [meeting])
    assert engagement.get_meeting(db, "m1") == meeting
    decisions.save_proposals(db, [made.card(target_name=text, rule=text, changes=(made.change(after=text),))])
    assert decisions.get_proposal(db, "p1").changes[0].after == text
    assert decisions.acceptance(db, text) == (0, 0)
    decisions.save_rejection(db, Rejection(proposal_id="p1", by=text, at=made.NOW, reason=text))


def test_a_key_that_is_no_unicode_is_refused_in_words(db: Connection) -> None:
    with pytest.raises(StoreError, match="valid Unicode"):
        mirror.save_records(db, [made.record(Kind.CONTACT, "\ud800")])
    assert not db.in_transaction
    assert mirror.get_record(db, made.ref(Kind.CONTACT, "c1")) is None


def test_types_that_compare_equal_are_not_swapped(db: Connection) -> None:
    fields: dict[str, Any] = {
        "a": 1,
        "b": True,
        "c": Decimal("1.00"),
        "d": "1",
        "e": date(2026, 1, 1),
        "f": "2026-01-01",
    }
    mirror.save_records(db, [made.record(Kind.ACCOUNT, "a1", **fields)])
    back = mirror.get_record(db, made.ref(Kind.ACCOUNT, "a1")).fields
    assert [(type(each), str(each)) for each in back.values()] == [(type(each), str(each)) for each in fields.values()]


def test_a_field_added_later_takes_its_default_and_an_unknown_one_is_left_out() -> None:
    approval = Approval(proposal_id="p1", digest="d", by="me", at=made.NOW)
    notes = codec.load(
        Notes, '{"id":"n","meeting_id":"m","text":"t","updated_at":"2026-11-24T09:30:00+00:00","later":1}'
    )
    assert notes == Notes(id="n", meeting_id="m", text="t", updated_at=made.NOW)
    assert codec.load(Approval, codec.dump(approval)) == approval


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"proposal_id": 1}', "null"])
def test_a_body_that_is_damaged_is_a_store_error(text: str) -> None:
    with pytest.raises(StoreError, match="Approval cannot be read"):
        codec.load(Approval, text)
