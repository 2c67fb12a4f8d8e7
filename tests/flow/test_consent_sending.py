"""Consent is asked once more right before something leaves: who asked for no mail meanwhile gets none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gangly_tui.connectors.record import sandbox_db as crm
from gangly_tui.connectors.record.sandbox import SandboxReader
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.errors import DecisionError, InputError, Unreachable
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Proposal, ProposalState
from gangly_tui.domain.records import Kind, Record, RecordRef, Value
from gangly_tui.flow import decide, send
from gangly_tui.flow.capture import open_notes, propose
from gangly_tui.flow.invite import invite
from gangly_tui.flow.pull import pull
from gangly_tui.store import decisions, mirror, trail
from gangly_tui.store.left_alone import leave_alone, process_again
from tests.flow.conftest import House
from tests.flow.posts import drafts, follow_up, in_drafts, invited, sent, with_account, with_files
from tests.flow.steps import NOTES, cards, land

WHEN = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
SILENT = "Ada Lind asked for no mail"


def says(house: House, who: RecordRef, **said: Value) -> None:
    """They say it in the CRM; nobody has pulled yet."""
    db = house.crm
    with crm.writing(db) as change:  # where people say it themselves: no form of the CRM writes these fields
        fields = crm._text({**crm.read(db, who).fields, **said})
        db.execute(
            "UPDATE record SET version = version + 1, change = ?, fields = ? WHERE id = ?", (change, fields, who.id)
        )
    db.close()


def somebody(house: House) -> Record:
    """Another contact in the CRM, of no account, who wants no mail."""
    db = house.crm
    named: dict[str, Value] = {"first_name": "Bo", "last_name": "Ek", "email": "bo@elsewhere.com"}
    made = crm.insert(db, Kind.CONTACT, named, by="Kim", at=house.clock())
    db.close()
    says(house, made.ref, mail_opt_out=True)
    return made


def refused(house: House, card: Proposal) -> list[str]:
    """What the trail says of a card that was kept back."""
    entries = trail.entries(house.desk.db, op_id=card.id)
    assert AuditKind.ATTEMPTED not in {each.kind for each in entries}
    return [each.detail for each in entries if each.kind is AuditKind.REFUSED]


def back(house: House, card: Proposal) -> Proposal:
    """The card that came back to the rep for another."""
    return next(each for each in decide.queue(house.desk) if each.replaces == card.id)


def state(house: House, card: Proposal) -> DeliveryState | None:
    found = decisions.get_delivery(house.desk.db, card.id)
    return found.state if found else None


@dataclass
class Away(SandboxReader):
    """A CRM that cannot be reached."""

    def __init__(self) -> None:
        pass

    async def read(self, ref: RecordRef) -> Record:
        raise Unreachable("no line")

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        raise Unreachable("no line")


@pytest.mark.parametrize("pulled", [True, False])
@pytest.mark.parametrize("home", ["google", "microsoft", "eml"])
async def test_an_opt_out_between_the_key_and_the_sending_is_heeded(
    house: House, home: str, pulled: bool, tmp_path: Path
) -> None:
    post = None
    if home == "eml":
        with_files(house, tmp_path / "drafts")
    else:
        post = with_account(house, home)
    before = drafts(post) if post else 0
    card = await follow_up(house)
    decide.approve(house.desk, card.id, card.digest())
    says(house, house.ada.ref, mail_opt_out=True)
    if pulled:
        await pull(house.desk)
    assert await land(house) == [f"not sent: {SILENT}"]
    assert not list((tmp_path / "drafts").glob("*")) and (drafts(post) if post else 0) == before
    assert refused(house, card) == [SILENT] and state(house, card) is DeliveryState.REJECTED
    again = back(house, card)
    assert again.note == f"not sent: {SILENT}. e takes them out of To, x turns the card down"
    with pytest.raises(DecisionError, match=SILENT):
        decide.approve(house.desk, again.id, again.digest())
    edited = decide.edit(house.desk, again.id, "to", "Cy Dec <cy@acme.de>")
    assert edited.note == ""
    decide.approve(house.desk, edited.id, edited.digest())
    assert await land(house) == ["saved, read back"]


@pytest.mark.parametrize("known", [True, False])
async def test_while_the_crm_is_away_what_was_read_last_counts(house: House, known: bool, tmp_path: Path) -> None:
    with_files(house, tmp_path / "drafts")
    card = await follow_up(house)
    decide.approve(house.desk, card.id, card.digest())
    says(house, house.ada.ref, mail_opt_out=True)
    if known:
        await pull(house.desk)
    courier = house.desk.courier
    courier._gate = replace(courier._gate, crm=Away())
    assert await land(house) == [f"not sent: {SILENT}" if known else "saved, read back"]


async def test_consent_that_is_given_again_lets_it_go(house: House, tmp_path: Path) -> None:
    with_files(house, tmp_path / "drafts")
    card = await follow_up(house)
    decide.approve(house.desk, card.id, card.digest())
    says(house, house.ada.ref, mail_opt_out=True)
    await pull(house.desk)
    says(house, house.ada.ref, mail_opt_out=False)
    assert await land(house) == ["saved, read back"], "the CRM's own word right then, not the last pull's"


@pytest.mark.parametrize("name", ["google", "microsoft"])
async def test_nobody_is_invited_who_asked_for_no_mail_meanwhile(house: House, name: str) -> None:
    post = with_account(house, name)
    before = invited(post)
    card = invite(house.desk, "m1", WHEN)
    decide.approve(house.desk, card.id, card.digest())
    says(house, house.ada.ref, mail_opt_out=True)
    assert await land(house) == [f"not sent: {SILENT}"] and invited(post) == before
    assert refused(house, card) == [SILENT] and back(house, card).kind is Kind.INVITATION


async def test_an_address_that_is_typed_is_held_against_everybody_that_is_known(house: House) -> None:
    with_account(house, "google")
    bo = somebody(house)
    await pull(house.desk)
    card = await follow_up(house)
    for typed in ("ada@acme.de, Bo+x@Elsewhere.com", '"Bo, Ek" <bo@elsewhere.com>', "cy@acme.de <bo@elsewhere.com"):
        with pytest.raises(InputError, match="Bo Ek asked for no mail"):
            decide.edit(house.desk, card.id, "to", typed)
    invitation = invite(house.desk, "m1", WHEN)
    with pytest.raises(InputError, match="Bo Ek asked for no mail"):
        decide.edit(house.desk, invitation.id, "to", "bo@elsewhere.com")
    says(house, bo.ref, mail_opt_out=False)
    await pull(house.desk)
    edited = decide.edit(house.desk, card.id, "to", "ada@acme.de, bo@elsewhere.com")
    decide.approve(house.desk, edited.id, edited.digest())
    says(house, bo.ref, mail_opt_out=True)
    assert await land(house) == ["not sent: Bo Ek asked for no mail"]


async def test_somebody_the_store_has_not_heard_of_is_asked_for_in_the_crm(house: House) -> None:
    with_account(house, "google")
    card = await follow_up(house)
    somebody(house)
    edited = decide.edit(house.desk, card.id, "to", "bo@elsewhere.com")
    decide.approve(house.desk, edited.id, edited.digest())
    assert await land(house) == ["not sent: Bo Ek asked for no mail"]


@pytest.mark.parametrize("name", ["google", "microsoft"])
async def test_a_draft_is_not_sent_to_who_opted_out_since_nor_to_who_was_put_in_there(house: House, name: str) -> None:
    post = with_account(house, name)
    before = sent(post)
    card = await in_drafts(house)
    look = await send.look(house.desk, card)
    says(house, house.ada.ref, mail_opt_out=True)
    send.send(house.desk, card, look, view="")
    assert await land(house) == [f"not sent: {SILENT}"] and sent(post) == before
    assert refused(house, look) == [SILENT]
    with pytest.raises(DecisionError, match=SILENT) as said:
        await send.look(house.desk, card)
    assert "take them out of the draft" in (said.value.fix or "")
    says(house, house.ada.ref, mail_opt_out=False)
    somebody(house)
    if name == "google":
        post.fake.mail.edit(next(iter(post.fake.mail.drafts)), Cc="bo@elsewhere.com")
    else:
        row = next(each for each in post.fake.messages.values() if each.get("isDraft"))
        row["ccRecipients"] = [{"emailAddress": {"address": "bo@elsewhere.com"}}]
    with pytest.raises(DecisionError, match="Bo Ek asked for no mail"):
        await send.look(house.desk, card)


async def test_a_draft_can_be_taken_back_whatever_they_said_since(house: House) -> None:
    post = with_account(house, "google")
    before = drafts(post)
    card = await in_drafts(house)
    says(house, house.ada.ref, mail_opt_out=True)
    await pull(house.desk)
    inverse = decide.undo(house.desk, card.id).inverse
    assert inverse is not None
    decide.approve(house.desk, inverse.id, inverse.digest())
    assert await land(house) == ["saved, read back"] and drafts(post) == before


@pytest.mark.parametrize(
    ("residency", "regions", "goes"),
    [("US", ("EU", "DE"), False), ("de", ("EU", "DE"), True), ("US", (), True), (None, ("EU",), True)],
)
async def test_whose_data_stays_elsewhere_gets_no_mail_where_that_is_configured(
    house: House, residency: str | None, regions: tuple[str, ...], goes: bool, tmp_path: Path
) -> None:
    with_files(house, tmp_path / "drafts")
    courier = house.desk.courier
    courier._gate = replace(courier._gate, regions=regions)
    house.desk = replace(house.desk, settings=replace(house.desk.settings, mail_regions=regions))
    card = await follow_up(house)
    decide.approve(house.desk, card.id, card.digest())
    says(house, house.ada.ref, residency=residency)
    (said,) = await land(house)
    assert said == "saved, read back" if goes else said.startswith("not sent: Ada Lind may have no mail: their data")
    anew = await cards(house, NOTES + "\nAda: one more thing.")
    assert not goes or not [each for each in anew if each.kind is Kind.MAIL], "it was decided"
    if not goes:
        assert not [each for each in decide.queue(house.desk) if each.kind is Kind.MAIL and not each.replaces]


# -- a meeting that is not to be processed --------------------------------------------------------------------------


async def recorded(house: House) -> list[Proposal]:
    """Cards of the recording alone."""
    house.calendar.texts["m1"] = NOTES
    await pull(house.desk)
    return await propose(house.desk, open_notes(house.desk, "m1"))


async def test_what_was_approved_of_a_recording_does_not_leave_once_it_is_not_processed(house: House) -> None:
    post = with_account(house, "google")
    before = drafts(post)
    made = await recorded(house)
    mail = next(each for each in made if each.kind is Kind.MAIL)
    field = next(each for each in made if each.group == "field")
    for each in (mail, field):
        decide.approve(house.desk, each.id, each.digest())
    leave_alone(house.desk.db, "m1")
    assert set(await land(house)) == {
        "not sent: the recording of this call is not processed, and this was made from it"
    }
    assert drafts(post) == before and house.stands(house.deal.ref, field.changes[0].field) == field.changes[0].before
    for each in (mail, field):
        assert len(refused(house, each)) == 1
        assert decisions.proposal_state(house.desk.db, each.id) is ProposalState.SUPERSEDED
    assert decide.queue(house.desk) == [], "the words of a recording that is not processed come back to nobody"
    process_again(house.desk.db, "m1")
    await pull(house.desk)
    anew = await propose(house.desk, open_notes(house.desk, "m1"))
    assert {each.group for each in anew} >= {"follow-up", "field"}, "it is asked again, for it was never sent"


async def test_a_draft_made_of_a_recording_is_not_sent_once_it_is_not_processed(house: House) -> None:
    post = with_account(house, "google")
    made = await recorded(house)
    card = next(each for each in made if each.kind is Kind.MAIL)
    decide.approve(house.desk, card.id, card.digest(), at_once=True)
    await land(house)
    look = await send.look(house.desk, card)
    leave_alone(house.desk.db, "m1")
    with pytest.raises(DecisionError, match="is not processed"):
        await send.look(house.desk, card)
    send.send(house.desk, card, look, view="")
    assert await land(house) == ["not sent: the recording of this call is not processed, and this was made from it"]
    assert sent(post) == 0
    inverse = decide.undo(house.desk, card.id).inverse
    assert inverse is not None
    decide.approve(house.desk, inverse.id, inverse.digest())
    assert await land(house) == ["saved, read back"] and drafts(post) == 0


async def test_what_the_rep_typed_leaves_also_when_the_recording_is_not_processed(house: House) -> None:
    card = next(each for each in await cards(house) if each.group == "field")
    decide.approve(house.desk, card.id, card.digest())
    leave_alone(house.desk.db, "m1")
    assert await land(house) == ["saved, read back"]
    assert mirror.get_record(house.desk.db, house.deal.ref) is not None
