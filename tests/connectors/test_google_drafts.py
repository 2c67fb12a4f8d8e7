"""Drafts in Gmail, invitations in Calendar: read back as written, made once, sent once, taken back, always found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gangly_tui.connectors.engagement import google
from gangly_tui.connectors.engagement.google_drafts import GoogleReader, GoogleWriter
from gangly_tui.connectors.engagement.google_invitation import event_id
from gangly_tui.domain.errors import DecisionError, DuplicateFound, NotFound, OutcomeUnknown, RecordMoved, Refused
from gangly_tui.domain.proposal import Action, FieldChange, Proposal, Risk, WriteMeta
from gangly_tui.domain.records import FIELDS, Kind, Record, RecordRef, Value
from gangly_tui.flow.decide import approve, undo
from gangly_tui.flow.deliver import Door
from gangly_tui.store import decisions
from tests.connectors.google_rig import NOON, SCOPE, Site, site, watch_of
from tests.domain.made import card
from tests.fakes.google import Asked, Weather
from tests.flow.conftest import House, house  # noqa: F401 - the fixture
from tests.flow.steps import land

DRAFTS, EVENTS = "/gmail/v1/users/me/drafts", "/calendar/v3/calendars/primary/events"
MAIL: Mapping[str, Value] = {
    "to": 'Tomasz Zielinski <tomasz@kestrel.example>, "Bergmann, Anja" <anja@kestrel.example>, Zoë <z@kestrel.example>',
    "cc": "priya@larkspur.example",
    "subject": "Follow-up: Kestrel / Larkspur – Übersicht",
    "body": "Hello Tomasz,\n\n- 40,000 EUR, <b>as said</b> & signed  \n\n.\nFrom here\n\nRobin 🦔 Ünïcode\n",
    "status": "draft",
}
CALL: Mapping[str, Value] = {
    "to": "Tomasz Zielinski <tomasz@kestrel.example>",
    "subject": "Kestrel / Larkspur: security",
    "body": "Agenda:\n1. the questionnaire",
    "at": datetime(2026, 10, 27, 9, 30, tzinfo=UTC),
    "minutes": 45,
    "location": "https://meet.google.com/abc-defg-hij",
}
BOTH = pytest.mark.parametrize("kind", [Kind.MAIL, Kind.INVITATION])


def meta(op_id: str = "op-1") -> WriteMeta:
    return WriteMeta(op_id=op_id, source="notes", approved_by="robin", approved_at=NOON, trail_head="ab" * 32)


def doors(at: Site) -> tuple[GoogleReader, GoogleWriter]:
    link = at.link()
    return google.open_reader(link), google.open_writer(link)


def filled(record: Record) -> dict[str, Value]:
    return {name: value for name, value in record.fields.items() if value is not None}


async def made(at: Site, kind: Kind = Kind.MAIL, op_id: str = "op-1", /, **more: Value) -> Record:
    return await doors(at)[1].create(kind, {**(MAIL if kind is Kind.MAIL else CALL), **more}, meta=meta(op_id))


@pytest.mark.shared
@pytest.mark.parametrize(("kind", "fields"), [(Kind.MAIL, MAIL), (Kind.INVITATION, CALL)], ids=["mail", "invitation"])
async def test_it_is_read_back_exactly_as_it_was_approved(kind: Kind, fields: Mapping[str, Value]) -> None:
    at = site()
    record = await made(at, kind)
    reader, writer = doors(at)
    again, found = await reader.read(record.ref), await writer.find_op(kind, "op-1")
    assert filled(record) == filled(again) == dict(fields)
    assert found is not None and (found.ref, found.version) == (record.ref, record.version)
    assert set(FIELDS[kind]) == set(record.fields)
    assert await writer.find_op(kind, "op-2") is None
    assert watch_of(at.fake).checked == 2 * len(at.fake.asked)


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(body=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=200))
async def test_any_text_comes_back_as_it_was_written(body: str) -> None:
    at = site()
    at.fake.watch = lambda *_: None
    assert ((await made(at, body=body)).fields["body"] or "") == body


async def test_a_draft_lies_among_the_drafts_and_nobody_gets_anything() -> None:
    at = site()
    await made(at)
    (held,) = at.fake.mail.messages.values()
    assert held.labels == ["DRAFT"] and at.fake.mail.sent == []
    assert held.message["Message-ID"] == "<op-1@gangly.invalid>" and held.message["X-Gangly-Op"] == "op-1"
    assert [each.addr_spec for each in held.message["To"].addresses] == [
        "tomasz@kestrel.example", "anja@kestrel.example", "z@kestrel.example",
    ]  # fmt: skip
    with pytest.raises(Refused, match="into your drafts first"):
        await made(at, Kind.MAIL, "op-2", status="sent")


@BOTH
async def test_an_answer_that_is_lost_is_unknown_and_what_was_made_is_found(kind: Kind) -> None:
    at = site()
    at.fake.weather = [Weather("POST", DRAFTS if kind is Kind.MAIL else EVENTS, apply=True)]
    with pytest.raises(OutcomeUnknown):
        await made(at, kind)
    found = await doors(at)[1].find_op(kind, "op-1")
    assert found is not None and found.fields["subject"] == (MAIL if kind is Kind.MAIL else CALL)["subject"]


async def test_what_cannot_be_read_back_right_after_is_unknown_and_not_tried_again() -> None:
    at = site()
    at.fake.weather = [Weather("GET", f"{DRAFTS}/r-") for _ in range(4)]
    with pytest.raises(OutcomeUnknown, match="could not be read back"):
        await made(at)
    assert len(at.fake.mail.drafts) == 1


async def test_it_is_found_before_the_search_has_it_and_under_an_id_that_gmail_gave() -> None:
    at = site(now=NOON)
    at.fake.mail.lag, at.fake.mail.own_ids = timedelta(hours=1), True
    record = await made(at)
    _, writer = doors(at)
    assert (await writer.find_op(Kind.MAIL, "op-1")) is not None
    await writer.update(record.ref, {"status": "sent"}, expect=record.version, meta=meta())
    found = await writer.find_op(Kind.MAIL, "op-1")
    assert found is not None and found.fields["status"] == "sent"
    assert filled(await doors(at)[0].read(record.ref)) == {**MAIL, "status": "sent"}


async def test_an_answer_lies_in_the_thread_of_what_it_answers() -> None:
    at = site()
    theirs = at.fake.mail.put("Ann <ann@acme.example>", at.fake.email, "x", headers={"Message-ID": "<o1@acme.example>"})
    record = await made(at, answers="<o1@acme.example>")
    held = at.fake.mail.messages[record.version.removeprefix("draft:")]
    assert held.thread == theirs.thread and held.message["References"] == "<o1@acme.example>"
    assert filled(record) == {**MAIL, "answers": "<o1@acme.example>"}
    gone = await made(at, Kind.MAIL, "op-2", answers="<gone@acme.example> OR in:sent")
    assert at.fake.mail.messages[gone.version.removeprefix("draft:")].thread != theirs.thread


async def test_a_draft_is_sent_once_and_then_it_is_too_late_to_take_it_back() -> None:
    at = site()
    record = await made(at)
    reader, writer = doors(at)
    sent = await writer.update(record.ref, {"status": "sent"}, expect=record.version, meta=meta("op-2"))
    assert sent.fields["status"] == "sent" and len(at.fake.mail.sent) == 1
    assert filled(await reader.read(record.ref)) == {**MAIL, "status": "sent"}
    again = await writer.update(record.ref, {"status": "sent"}, expect=sent.version, meta=meta("op-2"))
    assert again.version == sent.version and len(at.fake.mail.sent) == 1
    for status in ("draft", "sent"):
        with pytest.raises(Refused, match="cannot be taken back"):
            if status == "sent":
                await writer.remove(record.ref, expect=sent.version, meta=meta("op-3"))
            await writer.update(record.ref, {"status": "draft"}, expect=sent.version, meta=meta("op-3"))


async def test_a_draft_that_somebody_changed_is_neither_sent_nor_removed() -> None:
    at = site()
    record = await made(at)
    (draft,) = at.fake.mail.drafts
    at.fake.mail.edit(draft, Subject="changed in Gmail")
    _, writer = doors(at)
    with pytest.raises(RecordMoved) as moved:
        await writer.update(record.ref, {"status": "sent"}, expect=record.version, meta=meta())
    assert moved.value.current.text("subject") == "changed in Gmail"
    with pytest.raises(RecordMoved):
        await writer.remove(record.ref, expect=record.version, meta=meta())
    assert at.fake.mail.sent == [] and len(at.fake.mail.drafts) == 1


@BOTH
async def test_what_was_taken_back_is_gone(kind: Kind) -> None:
    at = site()
    record = await made(at, kind)
    reader, writer = doors(at)
    await writer.remove(record.ref, expect=record.version, meta=meta("op-9"))
    with pytest.raises(NotFound):
        await reader.read(record.ref)
    assert await writer.find_op(kind, "op-1") is None
    with pytest.raises(NotFound):
        await writer.remove(record.ref, expect=record.version, meta=meta("op-9"))


async def test_an_invitation_has_the_id_of_its_operation_and_a_second_one_is_refused_by_google() -> None:
    at = site()
    record = await made(at, Kind.INVITATION)
    assert record.ref.id == event_id("op-1") and at.fake.calendar.told == [("tomasz@kestrel.example", "invited")]
    with pytest.raises(DuplicateFound) as taken:
        await made(at, Kind.INVITATION)
    assert taken.value.existing == record.ref and len(at.fake.calendar.events) == 1
    with pytest.raises(Refused, match="changed there"):
        await doors(at)[1].update(record.ref, {"minutes": 30}, expect=record.version, meta=meta())


async def test_an_invitation_that_moved_is_not_withdrawn_and_those_invited_are_told_when_it_is() -> None:
    at = site()
    record = await made(at, Kind.INVITATION)
    at.fake.calendar.put(record.ref.id, summary="renamed")
    reader, writer = doors(at)
    with pytest.raises(RecordMoved) as moved:
        await writer.remove(record.ref, expect=record.version, meta=meta())
    assert moved.value.current.text("subject") == "renamed"
    await writer.remove(record.ref, expect=(await reader.read(record.ref)).version, meta=meta())
    assert at.fake.calendar.told[-1] == ("tomasz@kestrel.example", "uninvited")


async def test_google_may_name_guests_its_own_way_and_who_came_since_is_seen() -> None:
    at = site()
    record = await made(at, Kind.INVITATION)
    guests = [{"email": "tomasz@kestrel.example", "displayName": "T. Z.", "responseStatus": "accepted"}]
    at.fake.calendar.put(record.ref.id, attendees=guests)
    reader, _ = doors(at)
    assert filled(await reader.read(record.ref)) == dict(CALL)
    at.fake.calendar.put(record.ref.id, attendees=[*guests, {"email": "bo@kestrel.example"}])
    assert (await reader.read(record.ref)).text("to") == '"T. Z." <tomasz@kestrel.example>, bo@kestrel.example'


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        (Kind.MAIL, {"to": "not an address"}, "to"),
        (Kind.MAIL, {"cc": "a@b.example, nobody"}, "cc"),
        (Kind.MAIL, {"subject": "a\r\nBcc: all@larkspur.example"}, "subject"),
        (Kind.MAIL, {"answers": "<a@b>\nBcc: all@larkspur.example"}, "answers"),
        (Kind.MAIL, {"body": "half \ud83e"}, "body"),
        (Kind.MAIL, {"to": ", ".join(f"p{number}@a.example" for number in range(501))}, "to"),
        (Kind.INVITATION, {"to": None}, "to"),
        (Kind.INVITATION, {"at": None}, "at"),
        (Kind.INVITATION, {"minutes": 0}, "at"),
        (Kind.INVITATION, {"subject": "half \ud83e"}, "subject"),
    ],
    ids=lambda value: str(value)[:30].encode("ascii", "replace").decode(),
)
async def test_what_google_would_not_take_is_said_before_it_is_sent(
    kind: Kind, fields: dict[str, Value], field: str
) -> None:
    at = site()
    with pytest.raises(Refused) as refused:
        await made(at, kind, **fields)
    assert refused.value.field == field and at.fake.asked == []


async def test_the_reader_cannot_write_and_an_id_is_never_a_path() -> None:
    at = site()
    reader, writer = doors(at)
    assert [each for each in ("create", "update", "remove", "find_op") if hasattr(reader, each)] == []
    assert {each.name for each in (await reader.describe(Kind.MAIL)).fields} == set(FIELDS[Kind.MAIL])
    assert (await reader.describe(Kind.CONTACT)).fields == ()
    for kind, name in ((Kind.MAIL, "../me~x"), (Kind.MAIL, ""), (Kind.MAIL, "18f0"), (Kind.INVITATION, "../x")):
        with pytest.raises(NotFound):
            await reader.read(RecordRef(system="google", kind=kind, id=name))
    with pytest.raises(Refused):
        await writer.create(Kind.CONTACT, {"email": "a@b.example"}, meta=meta())


@pytest.mark.shared
async def test_the_contract_would_notice_a_wrong_write() -> None:
    watch = watch_of(site().fake)
    headers = {"authorization": "Bearer t", "content-type": "application/json"}
    event = {"summary": 5, "nothing": 1}
    asked = Asked(method="POST", path=EVENTS, query="sendUpdates=yes", headers=headers, body=event)
    found = " ".join(watch.of(asked.path).request(asked))
    assert "sendUpdates" in found and "summary" in found and "nothing" in found
    asked = Asked(method="POST", path=DRAFTS, query="", headers=headers, body={"message": {"raw": 5}})
    assert "raw" in " ".join(watch.of(asked.path).request(asked))


# -- with the real courier


def card_of(kind: Kind, op_id: str) -> Proposal:
    fields = MAIL if kind is Kind.MAIL else CALL
    return card(
        id=op_id,
        action=Action.CREATE,
        kind=kind,
        target=None,
        target_name="Tomasz Zielinski",
        changes=tuple(
            FieldChange(field=name, label=name, type=FIELDS[kind][name], before=None, after=value)
            for name, value in fields.items()
        ),
        base_version="",
        risk=Risk.IN_YOUR_NAME,
        home="google",
    )


def put(house: House, at: Site, proposal: Proposal) -> None:  # noqa: F811
    reader, writer = doors(at)
    house.desk.courier._beside["google"] = lambda: Door(reader=reader, writer=writer, scope=SCOPE)
    decisions.save_proposals(house.desk.db, [proposal])
    approve(house.desk, proposal.id, proposal.digest())


async def sending(at: Site, op_id: str = "op-mail") -> Proposal:
    draft = await doors(at)[1].find_op(Kind.MAIL, op_id)
    assert draft is not None
    kind = FIELDS[Kind.MAIL]["status"]
    change = FieldChange(field="status", label="Goes into", type=kind, before="draft", after="sent")
    return card(
        id=f"{op_id}-send", kind=Kind.MAIL, target=draft.ref, target_name="Tomasz", changes=(change,),
        base_version=draft.version, risk=Risk.IN_YOUR_NAME, home="google",
    )  # fmt: skip


async def settle(house: House) -> None:  # noqa: F811
    await land(house)
    for _ in range(4):
        house.clock.forward(minutes=5)
        await house.desk.courier.deliver_due()


def state(house: House, op_id: str) -> str:  # noqa: F811
    delivery = decisions.get_delivery(house.desk.db, op_id)
    assert delivery is not None
    return str(delivery.state)


async def test_the_courier_puts_it_into_the_drafts_sends_it_and_says_so(house: House) -> None:  # noqa: F811
    at = site()
    put(house, at, card_of(Kind.MAIL, "op-mail"))
    assert await land(house) == ["saved, read back"]
    put(house, at, await sending(at))
    assert await land(house) == ["sent, read back"]
    assert len(at.fake.mail.sent) == 1 and at.fake.mail.drafts == {}


@BOTH
@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_answer_is_settled_by_looking_and_nothing_is_doubled(
    house: House,  # noqa: F811
    kind: Kind,
    *,
    applied: bool,
) -> None:
    at = site()
    at.fake.weather = [Weather("POST", DRAFTS if kind is Kind.MAIL else EVENTS, apply=applied)]
    put(house, at, card_of(kind, "op-mail"))
    await settle(house)
    assert state(house, "op-mail") == "sent"
    assert len(at.fake.mail.drafts if kind is Kind.MAIL else at.fake.calendar.events) == 1
    if kind is Kind.INVITATION:
        return
    at.fake.weather = [Weather("POST", f"{DRAFTS}/send", apply=applied)]
    put(house, at, await sending(at))
    await settle(house)
    assert state(house, "op-mail-send") == "sent"
    assert len(at.fake.mail.sent) == 1, "sent once, whatever became of the answer"


@BOTH
async def test_undo_takes_it_back(house: House, kind: Kind) -> None:  # noqa: F811
    at = site()
    put(house, at, card_of(kind, "op-mail"))
    await land(house)
    inverse = undo(house.desk, "op-mail").inverse
    assert inverse is not None
    approve(house.desk, inverse.id, inverse.digest())
    assert await land(house) == ["saved, read back"]
    assert at.fake.mail.drafts == {}
    assert [each["status"] for each in at.fake.calendar.events.values()] == ["cancelled"] * (kind is Kind.INVITATION)


async def test_undo_is_refused_once_it_was_sent(house: House) -> None:  # noqa: F811
    at = site()
    put(house, at, card_of(Kind.MAIL, "op-mail"))
    await land(house)
    put(house, at, await sending(at))
    await land(house)
    with pytest.raises(DecisionError, match="cannot be taken back"):
        undo(house.desk, "op-mail")
    assert len(at.fake.mail.sent) == 1


class Killed(BaseException):
    """The process went."""


@BOTH
@pytest.mark.parametrize("point", ["deliver.compared", "deliver.answered", "deliver.read-back"])
async def test_a_kill_at_any_moment_leaves_one(house: House, kind: Kind, point: str) -> None:  # noqa: F811
    at = site()
    put(house, at, card_of(kind, "op-mail"))
    courier = house.desk.courier

    def kill(reached: str) -> None:
        if reached == point:
            raise Killed

    courier._at = kill
    with pytest.raises(Killed):
        await land(house)
    courier._at = lambda _: None
    await settle(house)
    assert len(at.fake.mail.drafts) + len(at.fake.calendar.events) == 1
    assert state(house, "op-mail") == "sent"
