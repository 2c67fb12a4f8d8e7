"""The follow-up mail: to whom, what it says, and what stays home."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from gangly_tui.domain.draft import Draft, Evidence, NextStep, Side, Summary, SummaryLine
from gangly_tui.domain.follow_up import follow_up
from gangly_tui.domain.proposal import Proposal, Risk
from gangly_tui.domain.records import Attendee, Kind
from tests.domain.made import table

OURS = frozenset({"seller.com"})


def said(text: str, side: Side = Side.BUYER, at: int = 0) -> Evidence:
    return Evidence(text=text, start=at, end=at + len(text), speaker="Ada", side=side)


def heard(text: str, topic: str, side: Side = Side.BUYER) -> SummaryLine:
    return SummaryLine(text=text, evidence=said(text, side), topic=topic)


def step(action: str, *, ours: bool, owner: str = "", due: date | None = None) -> NextStep:
    return NextStep(action=action, owner=owner, due=due, ours=ours, evidence=said(action, at=100), confidence=0.9)


DRAFT = Draft(
    engine="test",
    text_sha256="",
    summary=Summary(
        title="Acme discovery",
        lines=(
            heard("Planning takes two days", "need"),
            heard("Too expensive for us", "objection"),
            heard("We could offer 10% off", "price", Side.REP),
            heard("Ada and legal sign", "decision"),
        ),
    ),
    next_steps=(
        step("Send the agreement.", ours=True, due=date(2026, 11, 27)),
        step("share the export", ours=False, owner="Ada Lind"),
    ),
)


def card(draft: Draft = DRAFT, *people: Attendee) -> Proposal | None:
    made = table()
    guests = people or (
        Attendee(name="Robin Hale", email="robin@seller.com", organizer=True),
        Attendee(name="Ada Lind", email="ada@acme.de"),
        Attendee(name="Room 4", email="room4@acme.de", resource=True),
        Attendee(name="Cy Dec", email="cy@acme.de", response="declined"),
    )
    made = replace(made, meeting=replace(made.meeting, attendees=guests))
    return follow_up(draft, made, home="post", rep="Robin Hale", our_domains=OURS)


def value(found: Proposal | None, name: str) -> str:
    assert found is not None
    return next(str(each.after) for each in found.changes if each.field == name)


def test_it_goes_to_the_other_side_into_the_drafts_in_the_reps_name() -> None:
    found = card()
    assert found is not None
    assert value(found, "to") == "Ada Lind <ada@acme.de>"
    assert value(found, "status") == "draft"
    assert (found.kind, found.home, found.target, found.risk) == (Kind.MAIL, "post", None, Risk.IN_YOUR_NAME)


def test_it_says_what_was_heard_and_what_each_side_does_by_when() -> None:
    body = value(card(), "body")
    assert body.startswith("Hello Ada,\n\nthank you for the call on ")
    assert "What we heard:\n- Planning takes two days\n- Ada and legal sign" in body
    assert "What we do next:\n- Send the agreement, by Friday 27 November" in body
    assert "What you do next:\n- Ada Lind: share the export" in body
    assert body.endswith("Best regards,\nRobin Hale")


def test_what_they_object_to_and_what_the_rep_said_stays_home() -> None:
    body = value(card(), "body")
    assert "expensive" not in body
    assert "10% off" not in body


def test_every_line_has_its_words() -> None:
    found = card()
    assert found is not None
    assert found.evidence is not None
    quotes = {found.evidence.text, *(each.text for each in found.more)}
    assert quotes == {"Planning takes two days", "Ada and legal sign", "Send the agreement.", "share the export"}


@pytest.mark.parametrize(
    "people",
    [
        (Attendee(name="Robin Hale", email="robin@seller.com"),),
        (Attendee(name="Ada Lind"),),
        (Attendee(name="Ada Lind", email="not an address"),),
    ],
)
def test_with_nobody_to_write_to_there_is_no_card(people: tuple[Attendee, ...]) -> None:
    assert card(DRAFT, *people) is None


def test_with_nothing_to_say_there_is_no_card() -> None:
    empty = replace(DRAFT, summary=Summary(title="x", lines=(heard("Too expensive", "objection"),)), next_steps=())
    assert card(empty) is None


def test_a_name_cannot_smuggle_in_an_address() -> None:
    found = card(DRAFT, Attendee(name='Eve" <eve@evil.example>, "', email="ada@acme.de"))
    from email.utils import getaddresses

    assert [each for _, each in getaddresses([value(found, "to")])] == ["ada@acme.de"]


def test_what_a_model_worded_is_in_no_mail() -> None:
    worded = replace(heard("Planning is two days", "need"), by="m")
    with_model = replace(DRAFT, summary=replace(DRAFT.summary, lines=(*DRAFT.summary.lines, worded)))
    made, plain = card(with_model), card()
    assert made is not None and plain is not None
    assert made.changes == plain.changes and made.more == plain.more
