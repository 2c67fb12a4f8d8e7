"""Drafts and invitations in Outlook: read back as written, made once, threaded, sent once, taken back, always found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.connectors.engagement import microsoft, microsoft_drafts
from gangly_tui.connectors.engagement.microsoft_items import OP
from gangly_tui.domain.errors import DecisionError, NotFound, OutcomeUnknown, RecordMoved, Refused
from gangly_tui.domain.proposal import Action, FieldChange, Proposal, Risk, WriteMeta
from gangly_tui.domain.records import FIELDS, Kind, Record, RecordRef, Value
from gangly_tui.flow.decide import approve, undo
from gangly_tui.flow.deliver import Door
from gangly_tui.store import decisions
from tests.connectors.graph_rig import SCOPE, Site, watched
from tests.domain.made import card
from tests.fakes.graph import Asked, Weather
from tests.fakes.graph_box import recipient
from tests.flow.conftest import House, house  # noqa: F401 - the fixture
from tests.flow.steps import land

AT = datetime(2026, 10, 20, 12, tzinfo=UTC)
MAIL: Mapping[str, Value] = {
    "to": 'Tomasz Zielinski <tomasz@kestrel.example>, "Bergmann, Anja" <anja@kestrel.example>',
    "cc": "priya@larkspur.example",
    "subject": "Follow-up: Kestrel / Larkspur",
    "body": "Hello Tomasz,\n\n- 40,000 EUR, <b>as said</b> & signed\n\nBest regards,\nRobin 🦔 Ünïcode\n",
    "status": "draft",
}
CALL: Mapping[str, Value] = {
    "to": "Tomasz Zielinski <tomasz@kestrel.example>",
    "subject": "Kestrel / Larkspur: security",
    "body": "Agenda:\n1. the questionnaire",
    "at": datetime(2026, 10, 27, 9, 30, tzinfo=UTC),
    "minutes": 45,
    "location": "Teams",
}


def meta(op_id: str = "op-1") -> WriteMeta:
    return WriteMeta(op_id=op_id, source="notes", approved_by="robin", approved_at=AT, trail_head="ab" * 32)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return watched(tmp_path, now=lambda: AT)


def doors(site: Site) -> tuple[microsoft_drafts.OutlookReader, microsoft_drafts.OutlookWriter]:
    link = site.link()
    return microsoft.open_reader(link), microsoft.open_writer(link)


def filled(record: Record) -> dict[str, Value]:
    return {name: value for name, value in record.fields.items() if value is not None}


async def made(site: Site, kind: Kind = Kind.MAIL, op_id: str = "op-1", **more: Value) -> Record:
    fields = {**(MAIL if kind is Kind.MAIL else CALL), **more}
    return await doors(site)[1].create(kind, fields, meta=meta(op_id))


@pytest.mark.parametrize(("kind", "fields"), [(Kind.MAIL, MAIL), (Kind.INVITATION, CALL)], ids=["mail", "invitation"])
async def test_it_is_read_back_exactly_as_it_was_approved(site: Site, kind: Kind, fields: Mapping[str, Value]) -> None:
    record = await made(site, kind)
    reader, writer = doors(site)
    again, found = await reader.read(record.ref), await writer.find_op(kind, "op-1")
    assert filled(record) == filled(again) == dict(fields)
    assert found is not None and (found.ref, found.version) == (record.ref, record.version)
    assert set(FIELDS[kind]) == set(record.fields)
    assert await writer.find_op(kind, "op-2") is None


async def test_a_draft_lies_among_the_drafts_and_nobody_gets_anything(site: Site) -> None:
    record = await made(site)
    row = site.fake.messages[record.ref.id]
    assert row["parentFolderId"] == "folder-drafts" and row["isDraft"] and site.fake.notices == []
    assert row["internetMessageId"] == "<op-1@gangly.invalid>"
    assert [each["emailAddress"]["address"] for each in row["toRecipients"]] == [
        "tomasz@kestrel.example", "anja@kestrel.example",
    ]  # fmt: skip
    with pytest.raises(Refused, match="a draft first"):
        await made(site, op_id="op-2", status="sent")


@pytest.mark.parametrize("kind", [Kind.MAIL, Kind.INVITATION])
async def test_one_operation_makes_one_also_after_an_answer_that_was_lost(site: Site, kind: Kind) -> None:
    path = "/me/messages" if kind is Kind.MAIL else "/me/events"
    site.fake.weather = [Weather("POST", path, apply=True)]
    with pytest.raises(OutcomeUnknown):
        await made(site, kind)
    found = await doors(site)[1].find_op(kind, "op-1")
    again = await made(site, kind)
    assert found is not None and again.ref == found.ref
    assert len(site.fake.messages) + len(site.fake.events) == 1


async def test_exchange_may_name_people_its_own_way_and_what_a_person_changed_is_seen(site: Site) -> None:
    record = await made(site)
    row = site.fake.messages[record.ref.id]
    row["toRecipients"][0]["emailAddress"]["name"] = "Zielinski, Tomasz (Kestrel)"
    row["body"] = {"contentType": "text", "content": str(MAIL["body"]).strip() + "\r\n"}
    reader, _ = doors(site)
    assert filled(await reader.read(record.ref)) == dict(MAIL)
    row["toRecipients"].append(recipient("bo@kestrel.example", "Bo"))
    row["body"] = {"contentType": "text", "content": "Something else"}
    seen = await reader.read(record.ref)
    assert "bo@kestrel.example" in seen.text("to") and seen.text("body") != MAIL["body"]


async def test_an_answer_lies_in_the_thread_of_what_it_answers(site: Site) -> None:
    ann = {"from": recipient("ann@acme.example")}
    theirs = site.fake.message(internetMessageId="<o'1@acme.example>", conversationId="conv-7", **ann)
    record = await made(site, answers="<o'1@acme.example>")
    row = site.fake.messages[record.ref.id]
    assert row["conversationId"] == theirs["conversationId"]
    assert filled(record) == {**MAIL, "answers": "<o'1@acme.example>"}
    assert "<hr>" not in str(row["body"]), "what is quoted was not approved"
    with pytest.raises(Refused, match="not in the mailbox any more") as said:
        await made(site, op_id="op-2", answers="<gone@acme.example>")
    assert said.value.field == "answers" and len(site.fake.messages) == 2


async def test_an_answer_that_did_not_take_our_marks_gets_them(site: Site) -> None:
    site.fake.message(internetMessageId="<1@acme.example>", **{"from": recipient("ann@acme.example")})
    write = site.fake.write

    def unmarked(method: str, of: str, rest: list[str], data: Any, headers: Mapping[str, str]) -> Any:
        if rest[1:] == ["createReply"]:
            data = {
                "Message": {
                    key: each for key, each in data["Message"].items() if key != "singleValueExtendedProperties"
                }
            }  # type: ignore[index]
        return write(method, of, rest, data, headers)

    site.fake.write = unmarked  # type: ignore[method-assign, assignment]
    record = await made(site, answers="<1@acme.example>")
    assert site.fake.marks[record.ref.id][OP] == "op-1" and record.text("answers") == "<1@acme.example>"


async def test_a_draft_is_sent_once_and_then_it_is_too_late_to_take_it_back(site: Site) -> None:
    record = await made(site)
    reader, writer = doors(site)
    sent = await writer.update(record.ref, {"status": "sent"}, expect=record.version, meta=meta("op-2"))
    assert sent.fields["status"] == "sent" and site.fake.notices == [f"mail: {MAIL['subject']}"]
    assert filled(await reader.read(record.ref)) == {**MAIL, "status": "sent"}
    again = await writer.update(record.ref, {"status": "sent"}, expect=sent.version, meta=meta("op-2"))
    assert again.version == sent.version and len(site.fake.notices) == 1
    with pytest.raises(Refused, match="cannot be taken back"):
        await writer.remove(record.ref, expect=sent.version, meta=meta("op-3"))
    with pytest.raises(Refused, match="sent already"):
        await writer.update(record.ref, {"subject": "x"}, expect=sent.version, meta=meta("op-3"))
    found = await writer.find_op(Kind.MAIL, "op-1")
    assert found is not None and found.ref == record.ref, "in Sent Items as well"


async def test_a_draft_that_somebody_changed_is_neither_sent_nor_binned(site: Site) -> None:
    record = await made(site)
    row = site.fake.messages[record.ref.id]
    row["body"] = {"contentType": "text", "content": "changed in Outlook"}
    site.fake.touch(row)
    _, writer = doors(site)
    with pytest.raises(RecordMoved) as moved:
        await writer.update(record.ref, {"status": "sent"}, expect=record.version, meta=meta())
    assert moved.value.current.text("body").strip() == "changed in Outlook"
    with pytest.raises(RecordMoved):
        await writer.remove(record.ref, expect=record.version, meta=meta())
    assert site.fake.notices == [] and row["parentFolderId"] == "folder-drafts"


async def test_sending_that_takes_a_moment_is_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microsoft_drafts, "_PAUSES", (0.0, 0.0, 0.0))
    record = await made(site)
    row, move, looks = site.fake.messages[record.ref.id], site.fake.move, iter(range(10))
    site.fake.move = lambda *_: row.update(isDraft=True)  # type: ignore[method-assign]  # taken, and not yet done

    def look(asked: Asked, *_: object) -> None:
        if asked.method == "GET" and not row["isDraft"]:
            return
        if asked.method == "GET" and next(looks) == 2:  # the one before it, and two after it
            row["isDraft"] = False
            move(row, "folder-sentitems")

    site.fake.watch = look
    sent = await doors(site)[1].update(record.ref, {"status": "sent"}, expect=record.version, meta=meta())
    assert sent.fields["status"] == "sent" and site.fake.notices == [f"mail: {MAIL['subject']}"]


async def test_a_draft_can_be_changed_while_it_is_one(site: Site) -> None:
    record = await made(site)
    wanted: dict[str, Value] = {"subject": "Kestrel: what we heard", "body": "Short.\n", "cc": None}
    after = await doors(site)[1].update(record.ref, wanted, expect=record.version, meta=meta())
    assert filled(after) == {
        **{key: MAIL[key] for key in ("to", "status")},
        "subject": wanted["subject"],
        "body": "Short.\n",
    }
    with pytest.raises(Refused, match="changed, or sent"):
        await doors(site)[1].update(record.ref, {"status": "sent", "subject": "x"}, expect=after.version, meta=meta())


@pytest.mark.parametrize("kind", [Kind.MAIL, Kind.INVITATION])
async def test_what_was_taken_back_is_gone_and_its_operation_makes_no_second(site: Site, kind: Kind) -> None:
    record = await made(site, kind)
    reader, writer = doors(site)
    await writer.remove(record.ref, expect=record.version, meta=meta("op-9"))
    with pytest.raises(NotFound):
        await reader.read(record.ref)
    assert await writer.find_op(kind, "op-1") is None
    if kind is Kind.MAIL:  # it lies in the bin: Outlook remembers
        with pytest.raises(Refused, match="removed since"):
            await made(site)
    else:
        assert site.fake.notices[-1].startswith("cancelled"), "those who were invited are told"
    with pytest.raises(NotFound):
        await writer.remove(record.ref, expect=record.version, meta=meta("op-9"))


async def test_an_invitation_is_made_with_our_transaction_and_changed_in_outlook(site: Site) -> None:
    record = await made(site, Kind.INVITATION)
    assert site.fake.events[record.ref.id]["transactionId"] == "op-1"
    assert site.fake.notices == [f"invited: {CALL['subject']}"]
    with pytest.raises(Refused, match="in Outlook"):
        await doors(site)[1].update(record.ref, {"minutes": 30}, expect=record.version, meta=meta())


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        (Kind.MAIL, {"to": "not an address"}, "to"),
        (Kind.MAIL, {"cc": "a@b.example, nobody"}, "cc"),
        (Kind.MAIL, {"subject": "x" * 256}, "subject"),
        (Kind.MAIL, {"subject": "a\r\nBcc: all@larkspur.example"}, "subject"),
        (Kind.MAIL, {"body": "half \ud83e"}, "body"),
        (Kind.MAIL, {"to": ", ".join(f"p{n}@a.example" for n in range(501))}, "to"),
        (Kind.INVITATION, {"to": None}, "to"),
        (Kind.INVITATION, {"at": None}, "at"),
        (Kind.INVITATION, {"minutes": 0}, "minutes"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_what_outlook_would_not_take_is_said_before_it_is_sent(
    site: Site, kind: Kind, fields: dict[str, Value], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        await made(site, kind, **fields)
    assert refused.value.field == field and site.fake.asked == []


async def test_the_reader_cannot_write_and_tells_only_what_is_in_scope(site: Site) -> None:
    reader, writer = doors(site)
    assert [each for each in ("create", "update", "remove", "find_op") if hasattr(reader, each)] == []
    assert {each.name for each in (await reader.describe(Kind.MAIL)).fields} == set(FIELDS[Kind.MAIL])
    assert (await reader.describe(Kind.CONTACT)).fields == ()
    for ref in ("../me", "a?b", "", "nobody"):
        with pytest.raises(NotFound):
            await reader.read(RecordRef(system="microsoft", kind=Kind.MAIL, id=ref))
    with pytest.raises(Refused):
        await writer.create(Kind.CONTACT, {"email": "a@b.example"}, meta=meta())


# -- with the real courier


def mail_card(op_id: str, **parts: object) -> Proposal:
    return card(
        id=op_id,
        action=Action.CREATE,
        kind=Kind.MAIL,
        target=None,
        target_name="Tomasz Zielinski",
        changes=tuple(
            FieldChange(field=name, label=name, type=FIELDS[Kind.MAIL][name], before=None, after=value)
            for name, value in MAIL.items()
        ),
        base_version="",
        risk=Risk.IN_YOUR_NAME,
        home="microsoft",
        **parts,
    )


def put(house: House, site: Site, proposal: Proposal) -> None:  # noqa: F811
    reader, writer = doors(site)
    house.desk.courier._beside["microsoft"] = lambda: Door(reader=reader, writer=writer, scope=SCOPE)
    decisions.save_proposals(house.desk.db, [proposal])
    approve(house.desk, proposal.id, proposal.digest())


def sending(draft: RecordRef, version: str) -> Proposal:
    change = FieldChange(
        field="status", label="Goes into", type=FIELDS[Kind.MAIL]["status"], before="draft", after="sent"
    )
    return card(
        id="op-send", kind=Kind.MAIL, target=draft, target_name="Tomasz", changes=(change,), base_version=version,
        risk=Risk.IN_YOUR_NAME, home="microsoft",
    )  # fmt: skip


async def test_the_courier_puts_it_into_the_drafts_sends_it_and_says_so(house: House, site: Site) -> None:  # noqa: F811
    put(house, site, mail_card("op-mail"))
    assert await land(house) == ["saved, read back"]
    (row,) = site.fake.messages.values()
    draft = RecordRef(system="microsoft", kind=Kind.MAIL, id=row["id"])
    put(house, site, sending(draft, row["changeKey"]))
    assert await land(house) == ["sent, read back"]
    assert site.fake.notices == [f"mail: {MAIL['subject']}"]


@pytest.mark.parametrize("applied", [True, False])
async def test_an_answer_that_is_lost_is_settled_by_looking_and_nothing_is_doubled(
    house: House,  # noqa: F811
    site: Site,
    *,
    applied: bool,
) -> None:
    site.fake.weather = [Weather("POST", "/me/messages", apply=applied)]
    put(house, site, mail_card("op-mail"))
    await land(house)
    for _ in range(4):
        house.clock.forward(minutes=5)
        await house.desk.courier.deliver_due()
    (row,) = site.fake.messages.values()
    delivery = decisions.get_delivery(house.desk.db, "op-mail")
    assert delivery is not None and delivery.state == "sent"
    site.fake.weather = [Weather("POST", f"/me/messages/{row['id']}/send", apply=applied)]
    put(house, site, sending(RecordRef(system="microsoft", kind=Kind.MAIL, id=row["id"]), row["changeKey"]))
    await land(house)
    for _ in range(4):
        house.clock.forward(minutes=5)
        await house.desk.courier.deliver_due()
    assert site.fake.notices == [f"mail: {MAIL['subject']}"], "sent once, whatever became of the answer"
    delivery = decisions.get_delivery(house.desk.db, "op-send")
    assert delivery is not None and delivery.state == "sent"


async def test_undo_bins_the_draft_and_is_refused_once_it_was_sent(house: House, site: Site) -> None:  # noqa: F811
    put(house, site, mail_card("op-mail"))
    await land(house)
    inverse = undo(house.desk, "op-mail").inverse
    assert inverse is not None
    approve(house.desk, inverse.id, inverse.digest())
    assert await land(house) == ["saved, read back"]
    assert [each["parentFolderId"] for each in site.fake.messages.values()] == ["folder-deleteditems"]

    put(house, site, mail_card("op-more"))
    await land(house)
    row = list(site.fake.messages.values())[-1]
    put(house, site, sending(RecordRef(system="microsoft", kind=Kind.MAIL, id=row["id"]), row["changeKey"]))
    await land(house)
    with pytest.raises(DecisionError, match="cannot be taken back"):
        undo(house.desk, "op-more")
    assert row["parentFolderId"] == "folder-sentitems"


class Killed(BaseException):
    """The process went."""


@pytest.mark.parametrize("point", ["deliver.compared", "deliver.answered", "deliver.read-back"])
async def test_a_kill_at_any_moment_leaves_one_draft(house: House, site: Site, point: str) -> None:  # noqa: F811
    put(house, site, mail_card("op-mail"))
    courier = house.desk.courier

    def kill(at: str) -> None:
        if at == point:
            raise Killed

    courier._at = kill
    with pytest.raises(Killed):
        await land(house)
    courier._at = lambda _: None
    for _ in range(4):
        house.clock.forward(minutes=5)
        await courier.deliver_due()
    assert len(site.fake.messages) == 1
    delivery = decisions.get_delivery(house.desk.db, "op-mail")
    assert delivery is not None and delivery.state == "sent"
