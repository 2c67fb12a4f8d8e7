"""Sending a follow-up: a second look at the mail as it lies in the mailbox, then once, bound to what was read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.errors import DecisionError, NotFound
from gangly_tui.domain.hierarchy import Mode
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.records import Kind
from gangly_tui.flow import decide, send
from gangly_tui.store import decisions, trail
from tests.fakes.google import Weather
from tests.flow.conftest import House
from tests.flow.posts import Post, in_drafts, sent, with_account
from tests.flow.steps import cards, land


@pytest.fixture(params=["google", "microsoft"])
def box(request: pytest.FixtureRequest, house: House) -> Post:
    """A mailbox that the house's follow-ups go into, through its real connector."""
    return with_account(house, request.param)


def state(house: House, card: Proposal) -> DeliveryState | None:
    found = decisions.get_delivery(house.desk.db, card.id)
    return found.state if found else None


async def test_the_second_look_shows_the_whole_mail_and_sending_is_a_write_of_its_own(house: House, box: Post) -> None:
    card = await in_drafts(house)
    before = sent(box)
    look = await send.look(house.desk, card)
    told = {each.field: each.before for each in look.changes}
    assert told["body"] == next(each.after for each in card.changes if each.field == "body")
    assert "ada@acme.de" in str(told["to"]) and look.id != card.id
    assert [(each.field, each.after) for each in look.written] == [("status", "sent")]
    assert decisions.get_proposal(house.desk.db, look.id) is None, "a look is kept nowhere"
    assert send.unsent(house.desk) == [card]
    send.send(house.desk, card, look, view="ab" * 32)
    assert [each.message for each in await house.desk.courier.deliver_due()] == ["sent, read back"]
    assert sent(box) == before + 1 and send.unsent(house.desk) == []
    entries = trail.entries(house.desk.db, op_id=look.id)
    assert {AuditKind.APPROVED, AuditKind.ATTEMPTED, AuditKind.SENT} <= {each.kind for each in entries}
    assert next(each for each in entries if each.kind is AuditKind.APPROVED).view_sha256 == "ab" * 32


async def test_what_was_sent_is_not_taken_back_and_not_sent_again(house: House, box: Post) -> None:
    card = await in_drafts(house)
    look = await send.look(house.desk, card)
    send.send(house.desk, card, look, view="")
    with pytest.raises(DecisionError, match="was sent, or is on its way"):
        send.send(house.desk, card, look, view="")
    await house.desk.courier.deliver_due()
    for each in (card, look):
        with pytest.raises(DecisionError, match="cannot be taken back"):
            decide.undo(house.desk, each.id)
    with pytest.raises(DecisionError, match="was sent"):
        await send.look(house.desk, card)


async def test_a_draft_that_is_changed_after_the_look_stays_where_it_is(house: House, box: Post) -> None:
    card = await in_drafts(house)
    before = sent(box)
    look = await send.look(house.desk, card)
    if box.name == "google":
        box.fake.mail.edit(next(iter(box.fake.mail.drafts)), Subject="changed there")
    else:
        row = next(each for each in box.fake.messages.values() if each.get("isDraft"))
        row["subject"] = "changed there"
    send.send(house.desk, card, look, view="")
    (told,) = await house.desk.courier.deliver_due()
    assert told.message == "not sent: the draft was changed since you read it"
    assert sent(box) == before and state(house, look) is DeliveryState.REJECTED
    assert not [each for each in decide.queue(house.desk) if each.sends], "no card comes back: the next look is fresh"
    anew = await send.look(house.desk, card)
    assert {each.field: each.before for each in anew.changes}["subject"] == "changed there"
    send.send(house.desk, card, anew, view="")
    await house.desk.courier.deliver_due()
    assert sent(box) == before + 1


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_answer_to_the_sending_is_settled_by_reading_and_leaves_once(house: House, applied: bool) -> None:
    site = with_account(house, "google")
    card = await in_drafts(house)
    look = await send.look(house.desk, card)
    site.fake.weather = [Weather("POST", "/gmail/v1/users/me/drafts/send", apply=applied)]
    send.send(house.desk, card, look, view="")
    await house.desk.courier.deliver_due()
    for _ in range(4):
        await land(house)
        house.clock.forward(minutes=5)
    assert state(house, look) is DeliveryState.SENT and len(site.fake.mail.sent) == 1


async def test_a_draft_that_was_deleted_there_says_so(house: House, box: Post) -> None:
    card = await in_drafts(house)
    if box.name == "google":
        box.fake.mail.drafts.clear()
    else:
        box.fake.messages = {name: row for name, row in box.fake.messages.items() if not row.get("isDraft")}
    with pytest.raises(NotFound, match="lies in your mailbox no more"):
        await send.look(house.desk, card)


async def test_a_mail_file_and_a_card_that_has_not_landed_cannot_be_sent(house: House, box: Post) -> None:
    card = next(each for each in await cards(house) if each.kind is Kind.MAIL)
    with pytest.raises(DecisionError, match="it was not approved"):
        await send.look(house.desk, card)
    as_file = replace(card, home="eml")
    assert not send.can_send(as_file)
    with pytest.raises(DecisionError, match="a file is not sent from here"):
        await send.look(house.desk, as_file)
    field = next(each for each in decide.queue(house.desk) if each.group == "field")
    with pytest.raises(DecisionError, match="is no mail"):
        await send.look(house.desk, field)
    assert house.desk.hierarchy.mode is Mode.LIVE


class Killed(BaseException):
    """The process went."""


@pytest.mark.parametrize("point", ["deliver.compared", "deliver.answered", "deliver.read-back", "sent.before-commit"])
async def test_a_kill_at_any_moment_of_the_sending_sends_it_once(house: House, box: Post, point: str) -> None:
    card = await in_drafts(house)
    before = sent(box)
    look = await send.look(house.desk, card)
    send.send(house.desk, card, look, view="")
    courier = house.desk.courier

    def kill(reached: str) -> None:
        if reached == point:
            raise Killed

    courier._at = kill
    with pytest.raises(Killed):
        await courier.deliver_due()
    courier._at = lambda _: None
    for _ in range(4):
        house.clock.forward(minutes=5)
        await courier.deliver_due()
    assert state(house, look) is DeliveryState.SENT and sent(box) == before + 1
