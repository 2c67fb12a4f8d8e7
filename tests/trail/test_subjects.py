"""Whom an entry is about: the rule by which erasing a person finds what is theirs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.draft import Evidence, Side
from gangly_tui.domain.proposal import Action, FieldChange, Proposal
from gangly_tui.domain.records import Attendee, FieldType, Kind
from gangly_tui.flow.entries import remember, subjects_of
from gangly_tui.store import engagement, mirror, trail
from gangly_tui.store.database import Connection, transaction
from tests.store import made

ADA = made.record(Kind.CONTACT, "ada", first_name="Ada", last_name="Lind", email="ada@acme.de")
BEN = made.record(Kind.CONTACT, "ben", first_name="Ben", last_name="Okafor", email="ben@acme.de")
BYSTANDER = made.record(Kind.CONTACT, "kim", first_name="Kim", email="kim@acme.de")


@pytest.fixture(autouse=True)
def call(db: Connection) -> None:
    """A meeting with two contacts; a third one was not there."""
    mirror.save_records(db, [ADA, BEN, BYSTANDER])
    guests = tuple(Attendee(name=each.title, email=each.text("email")) for each in (ADA, BEN))
    engagement.save_meetings(db, [made.meeting(attendees=(*guests, Attendee(email="robin@seller.com")))])


def told(db: Connection, card: Proposal, *, target: str = "") -> tuple[tuple[str, ...], tuple[str, ...]]:
    with transaction(db):
        entry = remember(db, AuditKind.SENT, card, at=made.NOW, user="rep", system="sandbox", target=target)
    assert entry.view_sha256 == "" and entry.payload_sha256 == card.payload_sha256()
    return entry.subjects, entry.speakers


def said(speaker: str) -> Evidence:
    return Evidence(text="We sign in May", start=0, end=14, speaker=speaker, side=Side.BUYER, at="")


def change(name: str, after: object, kind: FieldType = FieldType.TEXT) -> FieldChange:
    return made.change(name, after, type=kind)  # type: ignore[arg-type]


DEAL = "sandbox:opportunity:o1"


@pytest.mark.parametrize(
    ("speaker", "speakers"),
    [
        ("Ada Lind", (str(ADA.ref),)),
        ("ada", (str(ADA.ref),)),
        ("Ben", (str(BEN.ref),)),
        ("", (str(ADA.ref), str(BEN.ref))),
        ("Kim", (str(ADA.ref), str(BEN.ref))),
    ],
)
def test_a_deals_values_are_the_deals_and_a_quote_is_its_speakers(
    db: Connection, speaker: str, speakers: tuple[str, ...]
) -> None:
    assert told(db, made.card(evidence=said(speaker))) == ((DEAL,), speakers)


def test_without_a_meeting_or_a_contact_in_it_a_quote_is_the_records(db: Connection) -> None:
    assert told(db, made.card(meeting_id="none", evidence=said("Ada"))) == ((DEAL,), (DEAL,))
    engagement.save_meetings(db, [made.meeting("m2", attendees=(Attendee(email="x@else.com"),))])
    assert told(db, made.card(meeting_id="m2", evidence=said("Ada"))) == ((DEAL,), (DEAL,))
    assert told(db, made.card()) == ((DEAL,), ())


def test_a_contacts_entry_is_the_contacts(db: Connection) -> None:
    card = replace(made.card(), kind=Kind.CONTACT, target=ADA.ref)
    assert told(db, card)[0] == (str(ADA.ref),)


def test_a_new_contact_is_known_by_the_mailbox_until_it_has_a_record(db: Connection) -> None:
    card = replace(
        made.card("op-9", changes=(change("email", "New@Acme.de", FieldType.EMAIL),)),
        kind=Kind.CONTACT,
        action=Action.CREATE,
        target=None,
    )
    assert told(db, card)[0] == ("mailbox:new@acme.de",)
    assert told(db, card, target="sandbox:contact:new")[0] == ("sandbox:contact:new",)
    nameless = replace(card, changes=(change("last_name", "New"),))
    assert told(db, nameless)[0] == ("card:op-9",)
    landed = made.record(Kind.CONTACT, "new", email="new@acme.de")
    assert trail.erase(db, subjects_of(landed), at=made.NOW, user="rep") == 3
    assert all(each.erased for each in trail.entries(db)[:3])
    assert trail.verify_trail(db, values=True)[0] == 6


def test_an_activity_is_all_its_contacts_else_its_deals_else_its_accounts(db: Connection) -> None:
    card = replace(made.card(changes=()), kind=Kind.ACTIVITY, action=Action.CREATE, target=None)
    everybody = (
        change("contacts", ("ada", "ben"), FieldType.REFERENCES),
        change("opportunity", "o1", FieldType.REFERENCE),
        change("account", "a1", FieldType.REFERENCE),
    )
    assert told(db, replace(card, changes=everybody))[0] == (str(ADA.ref), str(BEN.ref))
    assert told(db, replace(card, changes=everybody[1:]))[0] == (DEAL,)
    assert told(db, replace(card, changes=everybody[2:]))[0] == ("sandbox:account:a1",)
    assert told(db, card)[0] == ("card:p1",)
    standing = made.record(Kind.ACTIVITY, "t1", subject="Send it", contacts=("ada",))
    mirror.save_records(db, [standing])
    assert told(db, replace(card, action=Action.UPDATE, target=standing.ref))[0] == (str(ADA.ref),)


def test_a_result_that_names_no_record_is_passed_over(db: Connection) -> None:
    assert told(db, made.card(), target="somewhere else")[0] == (DEAL,)
