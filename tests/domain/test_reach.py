"""Whom a mail would reach, and who of them says no: read so that no way of writing an address slips through."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain.proposal import Action, FieldChange, Proposal
from gangly_tui.domain.reach import addressees, barred, mailboxes_in
from gangly_tui.domain.records import FIELDS, Kind
from tests.domain.made import card, contact

BO = contact("c2", first_name="Bo", last_name="Ek", email="bo@acme.de")


def mail(kind: Kind = Kind.MAIL, action: Action = Action.CREATE, **fields: str) -> Proposal:
    changes = tuple(
        FieldChange(field=name, label=name, type=FIELDS[Kind.MAIL][name], before=None, after=value)
        for name, value in fields.items()
    )
    return replace(card(), kind=kind, action=action, changes=changes)


@pytest.mark.parametrize(
    ("header", "boxes"),
    [
        ("Ada+calls@Acme.de", {"ada@acme.de"}),
        ('"Lind, Ada" <ada@acme.de>, bo@acme.de', {"ada@acme.de", "bo@acme.de"}),
        ("Ada <ada@acme.de", {"ada@acme.de"}),
        ("bo@acme.de <ada@acme.de>", {"ada@acme.de", "bo@acme.de"}),
        ("ada@acme.de;bo@acme.de", {"ada@acme.de", "bo@acme.de"}),
        ("team: ada@acme.de, bo@acme.de;", {"ada@acme.de", "bo@acme.de"}),
        ("ada@acme.de\nbo@acme.de", {"ada@acme.de", "bo@acme.de"}),
        ("nobody", set()),
        ("", set()),
    ],
)
def test_every_mailbox_of_a_header_is_seen(header: str, boxes: set[str]) -> None:
    assert mailboxes_in([header]) == boxes


@given(st.text(max_size=200))
def test_any_header_can_be_read(header: str) -> None:
    assert "ada@acme.de" in mailboxes_in([f"{header}, <ada@acme.de>"])


def test_only_what_reaches_somebody_has_addressees() -> None:
    both = {"to": "ada@acme.de", "cc": "bo@acme.de", "body": "cy@acme.de"}
    assert addressees(mail(**both)) == {"ada@acme.de", "bo@acme.de"}
    assert addressees(mail(Kind.INVITATION, to="ada@acme.de")) == {"ada@acme.de"}
    assert addressees(mail(action=Action.UPDATE, **both)) == {"ada@acme.de", "bo@acme.de"}, "what sends a draft"
    assert addressees(mail(action=Action.REMOVE, **both)) == frozenset(), "what takes a draft back"
    assert addressees(mail(Kind.ACTIVITY, **both)) == frozenset()


@pytest.mark.parametrize(
    ("ada", "bo", "regions", "words"),
    [
        ({}, {}, (), ""),
        ({"mail_opt_out": False}, {"residency": "US"}, (), ""),
        ({"mail_opt_out": True}, {}, (), "Ada Lind asked for no mail"),
        ({"mail_opt_out": True}, {"mail_opt_out": True}, ("EU",), "Ada Lind, Bo Ek asked for no mail"),
        (
            {"mail_opt_out": True, "residency": "US"},
            {"residency": "CH"},
            ("EU",),
            "Ada Lind asked for no mail; "
            "Bo Ek may have no mail: their data stays in CH, [processing] mail names others",
        ),
        ({"residency": " eu "}, {"residency": None}, ("EU",), ""),
    ],
)
def test_who_says_no_is_named_with_the_reason(
    ada: dict[str, object], bo: dict[str, object], regions: tuple[str, ...], words: str
) -> None:
    people = [contact(**ada), replace(BO, fields={**BO.fields, **bo})]  # type: ignore[arg-type]
    assert barred({"ada@acme.de", "bo@acme.de"}, people, regions) == words
    assert barred({"cy@acme.de"}, people, regions) == "", "of others nothing is said"
    assert barred(frozenset(), people, regions) == ""


def test_of_two_contacts_with_one_mailbox_either_says_no_and_hostile_names_are_plain() -> None:
    twice = contact("c3", first_name="\x1b[2J", last_name="A\nda", email="ADA+x@acme.de", mail_opt_out=True)
    said = barred({"ada@acme.de"}, [twice, contact()], ())
    assert said == "␛[2J A ⏎ da asked for no mail"
    many = [contact(f"c{n}", last_name=f"L{n}", email=f"p{n}@acme.de", mail_opt_out=True) for n in range(5)]
    assert barred({f"p{n}@acme.de" for n in range(5)}, many, ()).endswith("Ada L2 and 2 more asked for no mail")
