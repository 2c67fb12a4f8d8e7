"""Hygiene end to end: a signature becomes a card, the day's picture, and a week counted from the trail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gangly_tui.domain.errors import DecisionError, Unreachable
from gangly_tui.domain.hygiene import DealHealth, Gap
from gangly_tui.domain.mail import Address, Mail
from gangly_tui.domain.proposal import ProposalState
from gangly_tui.flow import decide, hygiene, quotes
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import pull
from gangly_tui.flow.report import week
from gangly_tui.store import decisions
from gangly_tui.store import hygiene as kept
from gangly_tui.store import mail as mails
from gangly_tui.tui.screens.context import find_place
from tests.flow.conftest import House

SIGNED = """Hi Robin,

thanks, Tuesday works.

Best regards
Ada Lind
Chief Financial Officer
Acme GmbH
+49 731 555 0199
"""


class Mailbox:
    """A mailbox that gives one body, and counts how often it is asked."""

    system = "google"

    def __init__(self, *, away: bool = False) -> None:
        self.asked = 0
        self.away = away

    def mails(self, since: str, oldest: object) -> object:
        raise AssertionError("nothing here pulls")

    async def body(self, mail_id: str) -> str:
        self.asked += 1
        if self.away:
            raise Unreachable("no line")
        return SIGNED


@pytest.fixture
def box(house: House) -> Mailbox:
    at = house.clock() - timedelta(days=2)
    ada, robin = Address(email="ada@acme.de", name="Ada Lind"), Address(email="robin@seller.com", name="Robin Hale")
    mail = Mail(
        id="m9", system="google", thread_id="t", message_id="<m9>", at=at, sender=ada, to=(robin,), subject="Tuesday"
    )
    mails.save_mails(house.desk.db, [mail])
    return Mailbox()


def _found(desk: Desk, house: House, key: str) -> tuple[DealHealth, Gap]:
    deal = hygiene.deal_now(desk, house.deal.ref, hygiene.rules_of(desk))
    assert deal is not None
    return deal, next(each for each in deal.gaps if each.key == key)


async def test_a_signature_fills_a_contact_once_somebody_asks_for_the_mail(house: House, box: Mailbox) -> None:
    desk = replace(house.desk, mailboxes=(box,))
    deal, gap = _found(desk, house, f"contact:{house.ada.ref.id}:title")
    texts = await quotes.readings(desk, deal, {})
    assert (quotes.find(desk, deal, gap, texts), box.asked) == (None, 0), "a body is fetched for nobody who did not ask"
    texts = await quotes.readings(desk, deal, {}, fetch=True)
    quote = quotes.find(desk, deal, gap, texts)
    assert quote is not None and box.asked == 1
    card = await quotes.lay(desk, deal, quote)
    assert (card.target, card.changes[0].field, card.changes[0].after) == (
        *(house.ada.ref, "title", "Chief Financial Officer"),
    )
    assert card.evidence is not None and card.evidence.text in SIGNED
    assert card.source == f"mail of {(house.clock() - timedelta(days=2)).date()}"
    place = find_place(desk, card.meeting_id, card.evidence)
    assert place.text[place.start : place.end] == card.evidence.text
    decide.approve(desk, card.id, card.digest())
    house.clock.forward(minutes=1)
    await desk.courier.deliver_due()
    assert house.stands(house.ada.ref, "title") == "Chief Financial Officer"
    assert quotes.find(desk, deal, gap, texts) is None, "what was decided is not asked again"


async def test_a_mailbox_that_cannot_be_reached_leaves_the_rest(house: House, box: Mailbox) -> None:
    box.away = True
    desk = replace(house.desk, mailboxes=(box,))
    deal, gap = _found(desk, house, f"contact:{house.ada.ref.id}:title")
    texts = await quotes.readings(desk, deal, {}, fetch=True)
    assert quotes.find(desk, deal, gap, texts) is None


async def test_a_card_is_built_on_what_the_crm_holds_now(house: House, box: Mailbox) -> None:
    desk = replace(house.desk, mailboxes=(box,))
    deal, gap = _found(desk, house, f"contact:{house.ada.ref.id}:phone")
    texts = await quotes.readings(desk, deal, {}, fetch=True)
    quote = quotes.find(desk, deal, gap, texts)
    assert quote is not None
    from gangly_tui.connectors.record import sandbox_db as crm

    db = house.crm
    stands = crm.read(db, house.ada.ref)
    crm.update(db, house.ada.ref, {"phone": "+49 731 1"}, expect=stands.version, by="Kim", at=house.clock())
    db.close()
    with pytest.raises(DecisionError) as refused:
        await quotes.lay(desk, deal, quote)
    assert "the CRM has a value" in str(refused.value)
    assert decisions.proposals(desk.db, states=[ProposalState.OPEN]) == []


async def test_a_picture_is_taken_once_a_day_by_the_pull(house: House) -> None:
    desk = house.desk
    assert [day for day, _ in kept.days(desk.db, desk.now().date())] == [desk.now().date()]
    assert await hygiene.snapshot(desk) is False
    house.clock.forward(days=8)
    await pull(desk)
    weeks = hygiene.look(desk, everyone=True).weeks
    assert [each.day for each in weeks][-1] == desk.now().date()
    assert len(weeks) == 2 and all(each.deals == 1 for each in weeks)


async def test_a_week_is_counted_from_the_trail(house: House, box: Mailbox) -> None:
    desk = replace(house.desk, mailboxes=(box,))
    before = week(desk)
    assert (before.approved, before.sent, before.accepted_unchanged, before.seconds_per_call) == (0, 0, None, None)
    deal, _ = _found(desk, house, f"contact:{house.ada.ref.id}:title")
    texts = await quotes.readings(desk, deal, {}, fetch=True)
    for field in ("title", "phone"):
        _, gap = _found(desk, house, f"contact:{house.ada.ref.id}:{field}")
        quote = quotes.find(desk, deal, gap, texts)
        assert quote is not None
        card = await quotes.lay(desk, deal, quote)
        if field == "title":
            card = decide.edit(desk, card.id, "title", "CFO")
        decide.approve(desk, card.id, card.digest())
        house.clock.forward(minutes=1)
        await desk.courier.deliver_due()
    undone = decide.undo(desk).inverse
    assert undone is not None
    decide.approve(desk, undone.id, undone.digest())
    house.clock.forward(minutes=1)
    await desk.courier.deliver_due()
    found = week(desk)
    assert (found.approved, found.edited, found.rejected) == (2, 1, 0)
    assert (found.sent, found.undone, found.withdrawn, found.duplicates_created) == (3, 1, 0, 0)
    assert found.accepted_unchanged == 0.5
    assert found.keys_per_call is None, "no card was on a screen"
    assert found.calls == (), "a mail is no call"
    house.clock.forward(days=7)
    assert week(desk).sent == 0
    assert week(desk, 1).sent == 3


async def test_time_per_call_runs_from_the_first_card_to_the_last_decision(house: House) -> None:
    from gangly_tui.domain.draft import Notes
    from gangly_tui.flow.capture import propose

    desk = house.desk
    text = "Ada: we can sign on 15 November 2026.\nAda: I will send the security questionnaire by Friday."
    notes = Notes(id="m1/notes", meeting_id="m1", text=text, updated_at=desk.now())
    cards = await propose(desk, notes)
    assert cards
    house.clock.forward(seconds=30)
    for card in cards[:-1]:
        decide.reject(desk, card.id)
    assert week(desk).calls == (), "a card is left"
    house.clock.forward(seconds=12)
    decide.reject(desk, cards[-1].id)
    (call,) = week(desk).calls
    assert (call.meeting_id, call.cards, call.seconds) == ("m1", len(cards), 42.0)
    assert week(desk).rejected == len(cards)
