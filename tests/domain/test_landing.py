from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from gangly_tui.domain.landing import (
    Standing,
    arrived,
    compare,
    conflict_card,
    duplicate_card,
    holds,
    landed,
    moved_since,
    restore_card,
    returned_card,
    unclear_card,
    written_over,
)
from gangly_tui.domain.proposal import Action
from gangly_tui.domain.records import FieldEdit, FieldStamp, FieldType, Kind
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


SEPTEMBER, OCTOBER, NOVEMBER = date(2026, 9, 30), date(2026, 10, 10), date(2026, 11, 15)


def edit(before: date, after: date, by: str, minutes: int) -> FieldEdit:
    return FieldEdit(before=before, after=after, by=by, at=CALL + timedelta(minutes=minutes))


def test_a_history_tells_whether_a_write_arrived() -> None:
    ours, theirs = edit(SEPTEMBER, NOVEMBER, "Robin", 1), edit(NOVEMBER, OCTOBER, "Priya", 2)
    assert arrived(card(), {"close_date": [theirs, ours]}, CALL) is True
    assert arrived(card(), {"close_date": [edit(SEPTEMBER, OCTOBER, "Priya", 2)]}, CALL) is False
    assert arrived(card(), {"close_date": []}, CALL) is False
    assert arrived(card(), {"close_date": None}, CALL) is None
    assert arrived(card(), {}, CALL) is None


def test_the_same_value_from_before_the_last_look_is_not_ours() -> None:
    old = [edit(NOVEMBER, SEPTEMBER, "Kim", -5), edit(OCTOBER, NOVEMBER, "Kim", -9)]
    assert arrived(card(), {"close_date": old}, CALL) is False
    assert arrived(card(), {"close_date": old}, CALL - timedelta(hours=1)) is True


def test_a_change_that_changes_nothing_leaves_no_history_to_ask() -> None:
    assert arrived(card(changes=(change(before=NOVEMBER, after=NOVEMBER),)), {"close_date": []}, CALL) is None


def test_what_a_write_went_over_is_named_with_who_set_it_and_when() -> None:
    theirs, ours = edit(SEPTEMBER, OCTOBER, "Priya", 1), edit(OCTOBER, NOVEMBER, "Robin", 2)
    (over,) = written_over(card(), {"close_date": [ours, theirs]}, CALL)
    assert (over.before, over.after, over.before_by, over.before_at) == (OCTOBER, NOVEMBER, "Priya", theirs.at)
    assert written_over(card(), {"close_date": [edit(SEPTEMBER, NOVEMBER, "Robin", 2)]}, CALL) == ()
    assert written_over(card(), {"close_date": None}, CALL) == ()
    later = edit(NOVEMBER, OCTOBER, "Priya", 3)
    assert written_over(card(), {"close_date": [later, edit(SEPTEMBER, NOVEMBER, "Robin", 2)]}, CALL) == ()


def test_the_card_that_puts_back_has_its_own_id_and_names_whose_value_it_was() -> None:
    theirs, ours = edit(SEPTEMBER, OCTOBER, "Priya", 1), edit(OCTOBER, NOVEMBER, "Robin", 2)
    over = written_over(card(), {"close_date": [ours, theirs]}, CALL)
    stands = replace(deal(close_date=NOVEMBER), version="3")
    offer = restore_card(card(), over, stands, CALL, "op-2")
    assert (offer.changes[0].before, offer.changes[0].after) == (NOVEMBER, OCTOBER)
    assert (offer.id, offer.undoes, offer.base_version, offer.evidence) == ("op-2", "op-1", "3", None)
    assert offer.note == "Priya set Close date to 2026-10-10 while this write was on its way"
    assert compare(offer, stands) is Standing.CLEAR


def test_who_changed_it_since_is_said_only_when_somebody_did() -> None:
    stamps = {"close_date": FieldStamp(by="Priya", at=CALL)}
    assert moved_since(card(), deal(close_date=NOVEMBER)) == ""
    moved = replace(deal(close_date=OCTOBER), changed=stamps)
    assert moved_since(card(), moved) == "Priya has changed Close date to 2026-10-10 since"


def test_an_unclear_card_stands_on_what_is_there_now_and_says_what_to_do() -> None:
    back = unclear_card(card(), deal(close_date=OCTOBER), "nobody can tell", "op-2")
    assert (back.id, back.replaces, back.changes[0].before) == ("op-2", "op-1", OCTOBER)
    assert back.note == ("nobody can tell. Look at the record: reject this if it is there, approve it to send it again")
    assert unclear_card(card(), None, "gone", "op-2").changes == card().changes
