from __future__ import annotations

from dataclasses import replace
from datetime import date

from gangly_tui.domain.landing import Standing, compare, conflict_card, duplicate_card, holds, landed, returned_card
from gangly_tui.domain.proposal import Action
from gangly_tui.domain.records import FieldStamp, FieldType, Kind
from tests.domain.made import CALL, card, change, contact, deal


def test_a_record_stands_clear_landed_or_moved() -> None:
    assert compare(card(), deal()) is Standing.CLEAR
    assert compare(card(), deal(close_date=date(2026, 11, 15))) is Standing.LANDED
    assert compare(card(), deal(close_date=date(2026, 10, 1))) is Standing.MOVED


def test_an_edit_of_another_field_merges_silently() -> None:
    assert compare(card(), replace(deal(amount=None), version="9")) is Standing.CLEAR


def test_a_removal_is_clear_only_while_the_record_is_as_we_left_it() -> None:
    made = card(action=Action.REMOVE, changes=(change(before=date(2026, 9, 30), after=None),))
    assert compare(made, deal()) is Standing.CLEAR
    assert compare(made, deal(close_date=None)) is Standing.MOVED


def test_an_activity_body_may_go_on_with_the_footer_and_nothing_else_may() -> None:
    assert holds(Kind.ACTIVITY, "body", "- line\n\n-- gangly: op 1", "- line")
    assert not holds(Kind.ACTIVITY, "body", "- lines", "- line")
    assert not holds(Kind.OPPORTUNITY, "pain", "slow\nand more", "slow")


def test_a_conflict_shows_base_theirs_and_mine() -> None:
    stamp = {"close_date": FieldStamp(by="Priya", at=CALL)}
    current = replace(deal(close_date=date(2026, 10, 1)), version="2", changed=stamp)
    back = conflict_card(card(), current, "op-2")
    assert back.conflict is not None
    assert (back.conflict.base, back.conflict.theirs, back.conflict.mine) == (
        date(2026, 9, 30), date(2026, 10, 1), date(2026, 11, 15),
    )  # fmt: skip
    assert back.conflict.by == "Priya" and back.id == "op-2" and back.replaces == "op-1"
    assert back.changes[0].before == date(2026, 10, 1) and back.base_version == "2"
    assert compare(back, current) is Standing.CLEAR and not landed(back, current)


def test_a_duplicate_fills_only_the_gaps_of_the_record_that_is_there() -> None:
    new = card(
        action=Action.CREATE,
        kind=Kind.CONTACT,
        target=None,
        changes=(
            change(field="email", type=FieldType.EMAIL, before=None, after="ada+x@acme.de"),
            change(field="title", type=FieldType.TEXT, before=None, after="CFO"),
        ),
    )
    back = duplicate_card(new, contact(), "sandbox", "op-2")
    assert back.action is Action.UPDATE and back.target == contact().ref
    assert [(each.field, each.before, each.after) for each in back.changes] == [("title", None, "CFO")]


def test_a_refused_card_comes_back_with_the_reason_under_a_new_operation() -> None:
    back = returned_card(card(), "too long", "op-2")
    assert (back.id, back.replaces, back.note) == ("op-2", "op-1", "too long")
