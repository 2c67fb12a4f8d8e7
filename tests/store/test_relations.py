"""Relations: the newest export stands, what changed since the one before is a fact, and who an attendee is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gangly_tui.domain.person import Person
from gangly_tui.domain.relations import Relation, find_relation, job_change, name_key, people_of
from gangly_tui.store.database import Connection
from gangly_tui.store.privacy import erase
from gangly_tui.store.relations import count_relations, forget_relations, job_changes, relations_of, save_export

AT = datetime(2026, 9, 23, 10, 0, tzinfo=UTC)
ADA = Relation(
    name="Ada Lind", company="Acme, Inc.", position="Buyer", url="https://www.linkedin.com/in/ada", year=2021
)
BEN = Relation(name="Ben Okoro", email="ben@globex.example", company="Globex", position="CFO", year=2019)


def test_the_newest_export_stands_and_job_changes_are_told_and_kept(db: Connection) -> None:
    assert save_export(db, [ADA, BEN], AT) == [] and count_relations(db) == 2
    moved = replace(ADA, company="Initech", position="VP Ops", name="Ada Lind-Berg")
    (change,) = save_export(db, [moved], AT + timedelta(days=30))
    assert (change.company_before, change.company, change.position, change.moved) == (
        "Acme, Inc.",
        "Initech",
        "VP Ops",
        True,
    )
    assert change.seen_on == date(2026, 10, 23) and count_relations(db) == 1
    assert job_changes(db, AT) == [change] and job_changes(db, AT + timedelta(days=31)) == []
    assert save_export(db, [moved], AT + timedelta(days=60)) == []
    forget_relations(db)
    assert (count_relations(db), job_changes(db, AT)) == (0, [])


def test_what_an_export_leaves_out_stays(db: Connection) -> None:
    save_export(db, [replace(ADA, last_message=date(2024, 5, 1), snippet="Thanks")], AT)
    save_export(db, [ADA], AT)
    (found,) = relations_of(db, (), ["ada lind"])
    assert (found.last_message, found.snippet) == (date(2024, 5, 1), "Thanks")


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"company": "ACME"}, False),
        ({"company": "Acme GmbH", "position": "buyer "}, False),
        ({"company": ""}, False),
        ({"position": ""}, False),
        ({"position": "Head of Buying"}, True),
        ({"company": "Initech"}, True),
        ({"invited": "sent", "company": "Initech"}, False),
    ],
)
def test_what_is_a_job_change(now: dict[str, str], told: bool) -> None:
    assert (job_change(ADA, replace(ADA, **now), AT.date()) is not None) is told  # type: ignore[arg-type]


def test_whoever_was_erased_is_in_nothing_and_stays_out(db: Connection) -> None:
    save_export(db, [ADA, BEN], AT)
    save_export(db, [ADA, replace(BEN, company="Initech")], AT + timedelta(days=1))
    assert [each.name for each in job_changes(db, AT)] == ["Ben Okoro"]
    erase(db, Person(box="ben@globex.example", names=("Ben Okoro",)), ())
    assert "Ben" not in repr([*relations_of(db, ["ben@globex.example"], ["ben okoro"]), *job_changes(db, AT)])
    save_export(db, [ADA, BEN], AT + timedelta(days=2))
    assert count_relations(db) == 1


def test_odd_texts_are_kept_as_they_are(db: Connection) -> None:
    odd = Relation(name="\ud800 Zoë\x00", company="[/]", url="")
    save_export(db, [odd], AT)
    assert relations_of(db, (), [odd.named]) == [odd]


@pytest.mark.parametrize(
    ("name", "email", "company", "who"),
    [
        ("Someone Else", "Ben+x@globex.example", "", "Ben Okoro"),
        ("ada LIND", "ada@acme.example", "", "Ada Lind"),
        ("Dr. Ada Lind, MBA", "al@mail.acme-europe.example", "Acme Europe", "Ada Lind"),
        ("Ada Lind", "ada@gmail.com", "", None),
        ("Ada Lind", "ada@initech.example", "Initech", None),
        ("Ada", "ada@acme.example", "Acme", None),
        ("", "", "Acme", None),
    ],
)
def test_a_name_alone_is_nobody(name: str, email: str, company: str, who: str | None) -> None:
    by_mailbox, by_name = people_of([ADA, BEN])
    found = find_relation(name, email, company, by_mailbox=by_mailbox, by_name=by_name)
    assert (found.name if found else None) == who


def test_two_of_a_name_in_one_company_are_nobody() -> None:
    twin = replace(ADA, url="https://www.linkedin.com/in/ada2")
    by_mailbox, by_name = people_of([ADA, twin])
    assert find_relation("Ada Lind", "", "Acme", by_mailbox=by_mailbox, by_name=by_name) is None


def test_names_to_look_up() -> None:
    assert name_key("Dr. Zoë Ångström, MBA") == "zoe angstrom" == name_key("ZOE  ANGSTROM (she)")
