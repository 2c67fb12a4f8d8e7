"""Who asked for no mail gets none; whose data has to stay home is not sent away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gangly_tui.domain.brief import BriefFacts, prepare_brief
from gangly_tui.domain.consent import kept_home, left_out, opted_out
from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.follow_up import follow_up
from gangly_tui.domain.hierarchy_page import parse_hierarchy
from gangly_tui.domain.invitation import invitation
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.records import Attendee, Kind, Record
from tests.domain.made import CALL, contact, draft, meeting, page, table

BO = contact("c2", first_name="Bo", last_name="Ek", email="bo@acme.de")
GUESTS = (
    Attendee(name="Robin", email="robin@seller.com", organizer=True),
    Attendee(name="Ada Lind", email="Ada+calls@acme.de"),
    Attendee(name="Bo Ek", email="bo@acme.de"),
)
OURS = frozenset({"seller.com"})


def mail(*contacts: Record, lookups: Sequence[Record] = ()) -> Proposal | None:
    made = table(contacts=contacts, attendees=(), lookups={each.text("email"): each for each in lookups})
    made = replace(made, meeting=replace(made.meeting, attendees=GUESTS))
    return follow_up(draft(), made, home="eml", rep="Robin", our_domains=frozenset({"seller.com"}))


def to(card: Proposal | None) -> str:
    assert card is not None
    return next(str(each.after) for each in card.changes if each.field == "to")


def test_who_asked_for_no_mail_is_left_out_and_the_card_says_why() -> None:
    card = mail(contact(mail_opt_out=True), BO)
    assert card is not None
    assert to(card) == "Bo Ek <bo@acme.de>"
    assert card.note == "1 left out, asked for no mail: Ada Lind"
    body = next(str(each.after) for each in card.changes if each.field == "body")
    assert "Ada" not in body.splitlines()[0]


@pytest.mark.parametrize("said", [{}, {"mail_opt_out": False}, {"mail_opt_out": None}, {"mail_opt_out": "yes"}])
def test_whoever_did_not_ask_gets_it(said: dict[str, object]) -> None:
    card = mail(contact(**said), BO)  # type: ignore[arg-type]
    assert "Ada" in to(card)
    assert card is not None and card.note == ""


def test_with_nobody_left_there_is_no_card() -> None:
    assert mail(contact(mail_opt_out=True), replace(BO, fields={**BO.fields, "mail_opt_out": True})) is None


def test_of_two_contacts_with_one_mailbox_either_says_no() -> None:
    twice = contact("c3", email="ada+x@acme.de", mail_opt_out=True)
    assert "Ada" not in to(mail(contact(mail_opt_out=False), twice, BO))
    assert "Ada" not in to(mail(contact(), BO, lookups=[twice])), "the CRM's own answer counts too"
    assert opted_out([contact(email=None, mail_opt_out=True)]) == frozenset()


def test_whose_data_stays_elsewhere_is_left_out_where_that_is_configured() -> None:
    made = table(contacts=(contact(residency="US"), BO), attendees=())
    made = replace(made, meeting=replace(made.meeting, attendees=GUESTS), mail_regions=("EU",))
    card = follow_up(draft(), made, home="eml", rep="Robin", our_domains=frozenset({"seller.com"}))
    assert to(card) == "Bo Ek <bo@acme.de>"
    assert card is not None and card.note == "1 left out, their data stays elsewhere: Ada Lind (US)"
    assert "Ada" in to(follow_up(draft(), replace(made, mail_regions=()), home="eml", rep="R", our_domains=OURS))


def test_they_are_not_invited_either() -> None:
    made = table(contacts=(contact(mail_opt_out=True), BO))
    made = replace(made, meeting=replace(made.meeting, attendees=GUESTS))
    card = invitation(made, home="google", rep="Robin", our_domains=frozenset({"seller.com"}))
    assert to(card) == "Bo Ek <bo@acme.de>"
    assert card is not None and card.rule.endswith("; 1 left out, asked for no mail: Ada Lind")
    alone = replace(made, meeting=replace(made.meeting, attendees=GUESTS[:2]))
    assert invitation(alone, home="google", rep="Robin", our_domains=frozenset({"seller.com"})) is None


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["A", "B"], "2 left out, asked for no mail: A, B"),
        (["A", "B", "C", "D", "E"], "5 left out, asked for no mail: A, B, C and 2 more"),
        (["\x1b[2JA\nB"], "1 left out, asked for no mail: ␛[2JA ⏎ B"),
    ],
)
def test_how_the_card_says_it(names: list[str], words: str) -> None:
    assert left_out(names) == words


@pytest.mark.parametrize(
    ("regions", "allow", "words"),
    [
        (["US"], (), ""),
        ([], ("EU",), ""),
        ([None, "", "  "], ("EU",), ""),
        (["EU", "de "], ("EU", "DE"), ""),
        (["US"], ("EU", "DE"), "the data of Ada Lind stays in US; [processing] allows EU, DE"),
        (["DE"], ("EU",), "the data of Ada Lind stays in DE; [processing] allows EU"),
        (["EU", "US", "CH"], ("EU",), "the data of Ada Lind (and of 1 more) stays in US; [processing] allows EU"),
    ],
)
def test_where_the_words_of_a_call_may_go(regions: list[str | None], allow: tuple[str, ...], words: str) -> None:
    people = [contact(f"c{at}", residency=each) for at, each in enumerate(regions)]
    assert kept_home(people, allow) == words
    assert kept_home([contact()], allow) == "", "what was not read restricts nothing"


def test_the_brief_says_who_asked_for_no_mail() -> None:
    facts = BriefFacts(contacts={"ada@acme.de": contact(mail_opt_out=True)}, our_domains=frozenset({"seller.com"}))
    brief = prepare_brief(meeting(), facts, now=CALL)
    assert [(each.name, each.no_mail) for each in brief.attendees] == [("Robin", False), ("Ada Lind", True)]


@pytest.mark.parametrize("name", ["mail_opt_out", "residency"])
def test_a_page_cannot_let_them_be_written(name: str) -> None:
    owned = '[connectors.crm]\nlayer = "record"\nowner = "a"\nbackup = "b"\nrunbook = "c"\n'
    with pytest.raises(ConfigError, match=rf"line 7: connectors.crm.write.contact.{name} is only read"):
        parse_hierarchy(f"{owned}[connectors.crm.write]\ncontact = ['title', '{name}']\n")
    whole = parse_hierarchy(f"{owned}[connectors.crm.write]\ncontact = ['*']\n").scope("crm")
    assert whole.may_write(Kind.CONTACT, "title") and not whole.may_write(Kind.CONTACT, name)
    wider = replace(whole, write={Kind.CONTACT: frozenset({name})})
    assert not wider.may_write(Kind.CONTACT, name), "not even a scope that was made otherwise"


@pytest.mark.parametrize("system", ["sandbox", "salesforce", "hubspot", "pipedrive", "dynamics"])
def test_the_page_that_ships_reads_them(system: str) -> None:
    scope = page().scope(system)
    assert all(scope.may_read(Kind.CONTACT, each) for each in ("mail_opt_out", "residency"))
