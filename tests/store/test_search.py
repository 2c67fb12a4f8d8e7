"""Finding: any typed text is a valid query, and what is gone is not found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gangly_tui.domain.draft import Notes
from gangly_tui.domain.records import Attendee, Kind
from gangly_tui.store import engagement, mirror, search
from gangly_tui.store.database import Connection
from gangly_tui.store.hits import Hit
from gangly_tui.store.search import find
from tests.store import made


def _found(db: Connection, text: str, **more: int) -> list[str]:
    return [each.ref.id if each.ref else f"{each.kind} {each.meeting_id}" for each in find(db, text, **more)]


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found must not hang on how busy the machine is; the limit has its own benchmark."""
    monkeypatch.setattr(search, "_LIMIT", 5.0)


@pytest.fixture
def full(db: Connection) -> Connection:
    mirror.save_records(
        db,
        [
            made.record(Kind.ACCOUNT, "a1", name="Acme GmbH", domain="acme.com"),
            made.record(Kind.CONTACT, "c1", first_name="Zoë", last_name="Müller", email="zoe.muller@acme.com"),
            made.record(Kind.OPPORTUNITY, "o1", name="Acme - Platform 2026", next_step="Security review"),
            made.record(
                Kind.ACTIVITY,
                "x1",
                subject="Discovery call",
                body="They asked for SOC2 before\nthe review.",
                at=made.NOW,
            ),
        ],
    )
    engagement.save_meetings(
        db, [made.meeting(title="Weekly sync", attendees=(Attendee(name="Priya", email="p@globex.com"),))]
    )
    notes = Notes(id="n1", meeting_id="m1", text="budget ok'd 40k, wants SOC2 report by fri", updated_at=made.NOW)
    engagement.save_notes(db, notes)
    return db


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("acme", ["a1", "o1", "c1"]),
        ("ACM", ["a1", "o1", "c1"]),
        ("muller", ["c1"]),
        ("Müller zo", ["c1"]),
        ("Müll zo", []),
        ("zoe.muller@ac", ["c1"]),
        ("soc2", ["notes m1", "x1"]),
        ("soc2 rep", ["notes m1"]),
        ("review asked", ["x1"]),
        ("priya", ["meeting m1"]),
        ("globex.com", ["meeting m1"]),
        ("week", ["meeting m1"]),
        ("acme nothing", []),
        ("", []),
        ('"', []),
        ("  ", []),
    ],
)
def test_words_find_their_rows(full: Connection, typed: str, found: list[str]) -> None:
    assert sorted(_found(full, typed)) == sorted(found)


def test_a_title_comes_before_a_mention(full: Connection) -> None:
    assert _found(full, "acme") == ["a1", "o1", "c1"]
    assert _found(full, "acme", limit=1) == ["a1"]
    assert find(full, "acme", limit=0) == []


def test_a_hit_says_what_it_is_and_shows_the_words(full: Connection) -> None:
    assert find(full, "soc2 asked") == [
        Hit(
            ref=made.ref(Kind.ACTIVITY, "x1"),
            title="Discovery call",
            snippet="They asked for SOC2 before the review.",
            kind="activity",
            at=made.NOW,
        )
    ]
    (hit,) = find(full, "40k")
    assert (hit.ref, hit.meeting_id, hit.title, hit.kind, hit.at) == (None, "m1", "Weekly sync", "notes", made.NOW)
    assert "40k" in hit.snippet


def test_a_long_text_is_cut_around_the_word(db: Connection) -> None:
    mirror.save_records(db, [made.record(Kind.ACTIVITY, "x1", body="a " * 500 + "needle" + " b" * 500)])
    (hit,) = find(db, "need")
    assert hit.snippet.startswith("…a")
    assert hit.snippet.endswith("b …") or hit.snippet.endswith("b…")
    assert "needle" in hit.snippet
    assert len(hit.snippet) < 140


def test_the_newest_mention_comes_first(db: Connection) -> None:
    mirror.save_records(
        db,
        [
            made.record(Kind.ACTIVITY, f"x{number}", body="pricing", at=made.NOW + timedelta(days=number))
            for number in (1, 3, 2)
        ],
    )
    assert _found(db, "pricing") == ["x3", "x2", "x1"]
    assert _found(db, "pricing", limit=2) == ["x3", "x2"]


def test_many_titles_of_one_kind_leave_room_for_the_others(db: Connection) -> None:
    mirror.save_records(db, [made.record(Kind.ACCOUNT, f"a{number}", name="Northwind") for number in range(200)])
    mirror.save_records(db, [made.record(Kind.CONTACT, "c1", last_name="Northwind")])
    mirror.save_records(db, [made.record(Kind.OPPORTUNITY, "o1", name="Northwind renewal")])
    found = _found(db, "northw", limit=12)
    assert {"c1", "o1"} <= set(found)
    assert len(found) == len(set(found)) == 12


def test_words_follow_their_row(full: Connection) -> None:
    mirror.save_records(full, [made.record(Kind.ACCOUNT, "a1", name="Initech", domain="acme.com")])
    assert _found(full, "initech") == ["a1"]
    assert _found(full, "gmbh") == []
    mirror.remove_records(full, [made.ref(Kind.ACCOUNT, "a1")])
    assert _found(full, "initech") == []
    engagement.save_notes(full, Notes(id="n1", meeting_id="m1", text="something else", updated_at=made.NOW))
    assert _found(full, "budget") == []
    assert _found(full, "something") == ["notes m1"]
    engagement.save_notes(full, Notes(id="n2", meeting_id="m1", text="third", updated_at=made.NOW))
    assert _found(full, "something") == []
    engagement.save_meetings(full, [replace(made.meeting("m2"), title="Kickoff")])
    engagement.save_meetings(full, [replace(made.meeting("m2"), title="Retro")])
    assert (_found(full, "kickoff"), _found(full, "retro")) == ([], ["meeting m2"])
    engagement.remove_meetings_missing(full, "files", made.NOW, made.NOW + timedelta(hours=1), ())
    assert _found(full, "retro") == []


def test_a_removed_word_leaves_no_trace_in_the_index(db: Connection) -> None:
    record = made.record(Kind.CONTACT, "c1", last_name="Canaryname")
    mirror.save_records(db, [record, made.record(Kind.CONTACT, "c2", last_name="Other")])
    mirror.remove_records(db, [record.ref])
    blocks = b"".join(block for (block,) in db.execute("SELECT block FROM words_data"))
    assert b"anary" not in blocks
    assert b"ther" in blocks


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text(st.characters()) | st.text('"*()^:-+{}ANDORNEAT \0\ud800acme'))
@example(text='acme" OR "x')
@example(text="NEAR(acme x)")
@example(text="title : acme")
@example(text="acme*")
@example(text="^acme")
@example(text="\0acme")
@example(text="x" * 20_000)
@example(text="word " * 5_000)
def test_any_text_is_a_valid_query(full: Connection, text: str) -> None:
    find(full, text)


@pytest.mark.parametrize("text", made.HOSTILE, ids=lambda text: ascii(text)[:20])
def test_hostile_text_is_found_by_itself(db: Connection, text: str) -> None:
    mirror.save_records(db, [made.record(Kind.ACCOUNT, "a1", name=f"canary {text}")])
    assert _found(db, "canary") == ["a1"]
    find(db, text)
