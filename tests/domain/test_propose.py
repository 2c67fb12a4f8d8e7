from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from gangly_tui.domain.draft import ContactMention, Dropped, NextStep
from gangly_tui.domain.proposal import Action, Proposal, Risk
from gangly_tui.domain.propose import aim, propose
from gangly_tui.domain.records import Kind
from tests.domain.made import contact, deal, draft, evidence, mention, table

CLOSE = mention("close_date", date(2026, 11, 15))
STEP = NextStep(
    action="Send the DPA", owner="Robin", due=date(2026, 9, 25), ours=True, evidence=evidence(), confidence=0.9
)


def by_group(cards: tuple[Proposal, ...]) -> dict[str, Proposal]:
    return {card.group: card for card in cards}


def test_a_field_card_carries_before_after_quote_rule_and_guard() -> None:
    cards, dropped = propose(draft(fields=(CLOSE,)), table())
    card = by_group(cards)["field"]
    assert not dropped
    assert card.action is Action.UPDATE and card.target == deal().ref and card.base_version == "1"
    assert card.changes[0].before == date(2026, 9, 30) and card.changes[0].before_by == "Kim"
    assert card.changes[0].after == date(2026, 11, 15)
    assert card.evidence == CLOSE.evidence and card.rule == "newest customer statement wins"
    assert card.risk is Risk.FORECAST


def test_the_summary_is_an_activity_on_deal_account_and_contacts() -> None:
    summary = by_group(propose(draft(), table())[0])["summary"]
    values = {each.field: each.after for each in summary.changes}
    assert values["opportunity"] == "d1" and values["account"] == "a1" and values["contacts"] == ("c1",)
    assert values["subject"] == "Acme: signing in November" and values["body"] == "- They can sign in November."
    assert summary.risk is Risk.LOW


def test_a_next_step_is_a_task_with_owner_and_due_date() -> None:
    theirs = replace(STEP, ours=False, owner="Ada", action="Share the usage numbers")
    cards = [each for each in propose(draft(next_steps=(STEP, theirs)), table())[0] if each.group == "next step"]
    ours, waiting = ({each.field: each.after for each in card.changes} for card in cards)
    assert ours["subject"] == "Send the DPA" and ours["due"] == date(2026, 9, 25) and ours["ours"] is True
    assert waiting["subject"] == "Waiting for Ada: Share the usage numbers" and waiting["ours"] is False
    assert ours["owner"] == waiting["owner"] == "robin@seller.com"


def test_what_the_gate_refuses_is_dropped_with_the_reason() -> None:
    same_day = replace(CLOSE, value=date(2026, 9, 30))
    cards, dropped = propose(draft(fields=(same_day,)), table())
    assert "field" not in by_group(cards)
    assert dropped == (
        Dropped(
            what="deal.close_date",
            value="2026-09-30",
            quote=CLOSE.evidence.text,
            reason="the CRM already says so",
        ),
    )


def test_without_an_open_deal_no_field_is_proposed_and_the_summary_goes_to_the_account() -> None:
    cards, dropped = propose(draft(fields=(CLOSE,)), table(deals=()))
    assert [each.reason for each in dropped] == ["no open deal fits this meeting"]
    assert "opportunity" not in {each.field for each in by_group(cards)["summary"].changes}


def test_two_deals_make_every_deal_card_wait_and_aiming_gives_it_its_before() -> None:
    both = table(deals=(deal("d1"), deal("d2", name="Renewal", close_date=date(2026, 10, 1))))
    cards, _ = propose(draft(fields=(CLOSE,), next_steps=(STEP,)), both)
    assert all(card.needs_choice for card in cards)
    assert [each.ref.id for each in cards[0].choices] == ["d1", "d2"]
    aimed = [aim(card, both.deals[1], both) for card in cards]
    assert all(isinstance(card, Proposal) and not card.needs_choice for card in aimed)
    field, summary, step = aimed
    assert isinstance(field, Proposal) and isinstance(summary, Proposal) and isinstance(step, Proposal)
    assert field.target == both.deals[1].ref and field.changes[0].before == date(2026, 10, 1)
    assert field.id == cards[0].id and field.digest() != cards[0].digest()
    assert {each.field: each.after for each in step.changes}["opportunity"] == "d2"
    assert summary.target_name == "Renewal"
    refused = aim(cards[0], deal("d2", close_date=date(2026, 11, 15)), both)
    assert isinstance(refused, Dropped)


def test_a_new_person_becomes_a_contact_card_that_A_never_covers() -> None:
    person = ContactMention(name="Jo van Dam", title="COO", email="jo@acme.de", evidence=evidence())
    card = by_group(propose(draft(contacts=(person,)), table())[0])["contact"]
    assert card.action is Action.CREATE and card.kind is Kind.CONTACT and card.risk is Risk.NEW_RECORD
    values = {each.field: each.after for each in card.changes}
    assert values["first_name"] == "Jo van" and values["last_name"] == "Dam" and values["account"] == "a1"


def test_a_plus_alias_of_a_known_mailbox_creates_nobody() -> None:
    person = ContactMention(name="A. Lind", email="ada+news@acme.de", title="CFO", evidence=evidence())
    cards, _ = propose(draft(contacts=(person,)), table(lookups={"ada@acme.de": contact()}))
    (card,) = [each for each in cards if each.kind is Kind.CONTACT]
    assert card.action is Action.UPDATE and card.target == contact().ref
    assert card.changes[0].field == "title" and "same mailbox" in card.note


def test_two_people_of_one_name_are_not_merged() -> None:
    person = ContactMention(name="Ada Lind", title="CFO", evidence=evidence())
    twins = (contact("c1"), contact("c2", email="ada2@acme.de"))
    cards, _ = propose(draft(contacts=(person,)), table(contacts=twins))
    (card,) = [each for each in cards if each.kind is Kind.CONTACT]
    assert card.action is Action.CREATE


def test_a_first_name_alone_is_nobody_to_file() -> None:
    person = ContactMention(name="Jo", evidence=evidence())
    assert "contact" not in by_group(propose(draft(contacts=(person,)), table())[0])


def test_forecast_fields_come_first() -> None:
    fields = (
        mention("pain", "Slow reports"),
        mention("amount", Decimal(45000)),
        CLOSE,
        mention("next_step", "Send the DPA"),
    )
    cards, _ = propose(draft(fields=fields), table())
    assert [card.changes[0].field for card in cards if card.group == "field"] == [
        "amount", "close_date", "next_step", "pain",
    ]  # fmt: skip


def test_what_a_model_worded_is_on_no_card() -> None:
    plain = draft()
    worded = replace(plain.summary.lines[0], text="Signing is in November.", by="m")
    with_model = replace(plain, summary=replace(plain.summary, lines=(*plain.summary.lines, worded)))
    assert (
        by_group(propose(with_model, table())[0])["summary"].changes
        == by_group(propose(plain, table())[0])["summary"].changes
    )
    alone = replace(plain, summary=replace(plain.summary, lines=(worded,)))
    assert "summary" not in by_group(propose(alone, table())[0])
