"""A mailbox that several people share: whoever bears another name gets a record of their own, for a typed reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gangly_tui.connectors.record import pipedrive
from gangly_tui.connectors.record import sandbox_db as crm
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.draft import ContactMention
from gangly_tui.domain.errors import DecisionError
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Action, Proposal
from gangly_tui.domain.propose import propose
from gangly_tui.domain.records import FieldSchema, FieldType, Kind, ObjectSchema, Record
from gangly_tui.domain.shared_mailbox import somebody_else
from gangly_tui.flow import decide
from gangly_tui.flow.desk import Desk
from gangly_tui.store import trail
from tests.connectors import days, pipedrive_rig
from tests.domain.made import contact, draft, evidence, page, table
from tests.fakes.pipedrive import PipedriveFake
from tests.flow.conftest import CALL, Clock, House
from tests.flow.test_doubles import new_contact


@pytest.mark.parametrize(
    ("there", "new", "email", "apart"),
    [
        (("Front", "Desk"), ("Jo", "Dam"), "info@acme.de", True),
        (("", "Reception"), ("Jo", "Dam"), "info@acme.de", True),
        (("Ada", "Lind"), ("Tom", "Lind"), "family@lind.de", True),
        (("Ada", "Lind"), ("Tom", "Falk"), "ada@acme.de", True),
        (("Ada", "Lind"), ("Addie", "Lind"), "ada@acme.de", False),
        (("Ada", "Lind"), ("Ada", "Berg"), "ada@acme.de", False),
        (("Bob", "Smith"), ("Robert", "Smith"), "info@acme.de", False),
        (("Lind", "Ada"), ("Ada", "Lind"), "info@acme.de", False),
        (("", "Lind"), ("Ada", "Lind"), "info@acme.de", False),
        (("", "van Dam"), ("Jo", "Dam"), "jo@acme.de", False),
        (("A.", "Lind"), ("Ada", "Lind"), "info@acme.de", False),
    ],
)
def test_two_names_at_one_address_are_two_people_and_a_new_surname_is_not(
    there: tuple[str, str], new: tuple[str, str], email: str, apart: bool
) -> None:
    known = contact(first_name=there[0], last_name=there[1], email=email)
    assert somebody_else(*new, email, known) is apart


def _front_desk() -> Record:
    return contact("c7", first_name="Front", last_name="Desk", email="info@acme.de", phone="")


def _drafted(*, once: bool) -> list[Proposal]:
    person = ContactMention(evidence=evidence(), name="Jo Dam", email="info@acme.de", phone="+49 30 1234567")
    laid = table(contacts=(_front_desk(),))
    fields = tuple(
        FieldSchema(name=name, label=name, type=FieldType.TEXT, unique=once and name == "email")
        for name in ("first_name", "last_name", "email", "phone", "account")
    )
    laid = replace(
        laid,
        lookups={"info@acme.de": _front_desk()},
        schemas={**laid.schemas, Kind.CONTACT: ObjectSchema(kind=Kind.CONTACT, fields=fields)},
    )
    return [each for each in propose(draft(contacts=(person,)), laid)[0] if each.kind is Kind.CONTACT]


@pytest.mark.parametrize("once", [False, True])
def test_the_card_is_a_new_contact_that_says_whose_address_it_is_and_fills_nothing_in_theirs(*, once: bool) -> None:
    (card,) = _drafted(once=once)
    assert (card.action, card.suspects) == (Action.CREATE, ("sandbox:contact:c7",))
    assert card.note.startswith("info@acme.de is the address of Front Desk already")
    assert ("takes an address once" in card.note) is once
    assert {each.field for each in card.changes} >= {"first_name", "last_name", "phone"}
    assert ("email" in {each.field for each in card.changes}) is not once
    assert not decide.is_low_risk(card)


async def test_the_look_before_sends_it_back_and_a_reason_makes_it_beside_the_other(tmp_path: Path) -> None:
    """Pipedrive lets two people have one address."""
    clock = Clock()
    fake = PipedriveFake(now=lambda: CALL - timedelta(days=100))
    pipedrive_rig.watched(fake)
    account = fake.make("organizations", {"name": "Acme GmbH", "website": "https://www.acme.de"})["id"]
    address = [{"value": "jo@acme.de", "label": "work", "primary": True}]
    fake.make("persons", {"name": "Front Desk", "first_name": "Front", "last_name": "Desk", "emails": address})
    fake.now = clock
    link = pipedrive_rig.Site(fake, now=clock).link(page().scope("pipedrive"))
    reader, writer = pipedrive.open_reader(link), pipedrive.open_writer(link)
    desk = days.desk_on(link, reader, writer, clock=clock, folder=tmp_path / "one", calendar=days.one_meeting())
    card = new_contact(desk, str(account))
    decide.approve(desk, card.id, card.digest())
    back = await _refused(desk, clock)
    assert back.action is Action.CREATE
    assert back.note == "jo@acme.de is the address of Front Desk already: shared, or the same person?"
    with pytest.raises(DecisionError, match="Front Desk"):
        decide.approve(desk, back.id, back.digest())
    decide.approve(desk, back.id, back.digest(), reason="the desk's shared address")
    clock.forward(seconds=5)
    (outcome,) = await desk.courier.deliver_due()
    assert outcome.delivery.state is DeliveryState.SENT
    assert "there twice" not in outcome.message, "somebody has looked at that"
    assert len([each for each in fake.rows["persons"].values() if not each["is_deleted"]]) == 2
    told = [each.detail for each in trail.entries(desk.db) if each.kind is AuditKind.APPROVED]
    assert told[-1] == "created anyway: the desk's shared address"
    desk.close()


async def _refused(desk: Desk, clock: Clock) -> Proposal:
    clock.forward(seconds=5)
    (outcome,) = await desk.courier.deliver_due()
    assert outcome.delivery.state is DeliveryState.REJECTED
    (back,) = decide.queue(desk)
    return back


async def test_where_the_crm_takes_an_address_once_the_card_says_so_and_goes_through_without_it(house: House) -> None:
    db = house.crm
    crm.insert(db, Kind.CONTACT, {"first_name": "Front", "last_name": "Desk", "email": "jo@acme.de"}, by="Kim", at=CALL)
    db.close()
    desk = house.desk
    card = new_contact(desk, house.account.ref.id)
    decide.approve(desk, card.id, card.digest())
    back = await _refused(desk, house.clock)
    decide.approve(desk, back.id, back.digest(), reason="two people, one desk")
    again = await _refused(desk, house.clock)
    assert "Front Desk is there, and it takes no second one like it" in again.note
    assert "(e)" in again.note and again.suspects == back.suspects
    without = decide.edit(desk, again.id, "email", "")
    decide.approve(desk, without.id, without.digest(), reason="two people, one desk")
    house.clock.forward(seconds=5)
    (outcome,) = await desk.courier.deliver_due()
    assert outcome.delivery.state is DeliveryState.SENT


async def test_one_of_the_same_name_is_still_updated_and_asks_for_no_reason(house: House) -> None:
    db = house.crm
    crm.insert(db, Kind.CONTACT, {"first_name": "Jo", "last_name": "Dam", "email": "jo@acme.de"}, by="Kim", at=CALL)
    db.close()
    desk = house.desk
    card = new_contact(desk, house.account.ref.id, suspects=(str(house.ada.ref),))
    decide.approve(desk, card.id, card.digest(), reason="her brother")
    back = await _refused(desk, house.clock)
    assert (back.action, back.suspects) == (Action.UPDATE, ())
    decide.approve(desk, back.id, back.digest())
