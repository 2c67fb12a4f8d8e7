"""Dynamics on a bad day: lost answers, limits, refusals in the rep's words, and guards that stay on the request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from gangly_tui.connectors.record import dynamics
from gangly_tui.connectors.record.dynamics_errors import quota
from gangly_tui.connectors.record.dynamics_write import DynamicsWriter
from gangly_tui.domain.errors import (
    ConfigError,
    DuplicateFound,
    OutcomeUnknown,
    RateLimited,
    RecordMoved,
    Refused,
    SignInNeeded,
    Unreachable,
)
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import Kind, Record, RecordRef, Value
from tests.connectors.contract import AT, Rig
from tests.connectors.dynamics_rig import EVERYTHING, Site, unguarded, watched
from tests.fakes.dynamics_tables import COLUMNS, ME, PRIYA
from tests.fakes.serve import FakeTransport


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = watched(tmp_path)
    yield made
    assert unguarded(made.fake) == []


@pytest.fixture
def rig(site: Site) -> Rig:
    link = site.link()
    reader, writer = dynamics.open_reader(link), dynamics.open_writer(link)

    async def colleague(ref: RecordRef, field: str, value: Value) -> None:
        site.fake.put(ref.kind.value, ref.id, {field: value}, by=PRIYA)

    return Rig(reader=reader, writer=writer, reader_for=lambda _: reader, colleague=colleague)


def patches(site: Site) -> list[str]:
    return [each.path for each in site.fake.asked if each.method == "PATCH"]


async def send(rig: Rig, site: Site, deal: Record, *faults: str, **fields: Value) -> Record:
    """An update, with these faults on the write itself and not on the reads before it."""
    before = site.fake.handle
    left = list(faults)

    def handle(method: str, *rest: object) -> object:
        site.fake.faults = [left.pop(0)] if left and method == "PATCH" else []
        return before(method, *rest)  # type: ignore[arg-type]

    site.fake.handle = handle  # type: ignore[method-assign, assignment]
    try:
        return await rig.writer.update(deal.ref, fields or {"next_step": "Call"}, expect=deal.version, meta=rig.meta())
    finally:
        site.fake.handle = before  # type: ignore[method-assign]


async def test_a_sign_in_that_ends_on_the_way_keeps_the_guard_on_the_request(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    await send(rig, site, deal, "401")
    first, second = (each for each in site.fake.asked if each.method == "PATCH" and each.headers.get("if-match"))
    assert first.headers["authorization"] != second.headers["authorization"]
    for name in ("if-match", "mscrm.suppressduplicatedetection", "odata-version", "prefer"):
        assert first.headers[name] == second.headers[name]
    assert first.body == second.body and second.headers["if-match"] == deal.version


@pytest.mark.parametrize(
    ("fault", "error"),
    [("429", RateLimited), *((each, OutcomeUnknown) for each in ("500", "503", "html", "garbage", "drop", "lost"))],
)
async def test_a_write_is_sent_once_whatever_the_answer(
    rig: Rig, site: Site, fault: str, error: type[Exception]
) -> None:
    deal = await rig.deal()
    sent = len(patches(site))
    with pytest.raises(error) as said:
        await send(rig, site, deal, fault)
    assert len(patches(site)) == sent + 1
    if isinstance(said.value, RateLimited):
        assert said.value.retry_after == 7
    stands = (await rig.reader.read(deal.ref)).fields["next_step"]
    assert stands == ("Call" if fault == "lost" else None)


@pytest.mark.parametrize("fault", ["429", "500", "html", "garbage", "drop"])
async def test_a_read_is_tried_again(rig: Rig, site: Site, fault: str) -> None:
    deal = await rig.deal()
    site.fake.faults = [fault, fault]
    assert (await rig.reader.read(deal.ref)).version == deal.version
    site.fake.faults = [fault] * 4
    with pytest.raises(Unreachable):
        await rig.reader.read(deal.ref)


async def test_a_create_that_was_lost_is_found_by_its_operation_and_never_doubled(rig: Rig, site: Site) -> None:
    before = site.fake.handle

    def handle(method: str, *rest: object) -> object:
        site.fake.faults = ["lost"] if method == "PATCH" and not site.fake.rows["contact"] else []
        return before(method, *rest)  # type: ignore[arg-type]

    site.fake.handle = handle  # type: ignore[method-assign, assignment]
    with pytest.raises(OutcomeUnknown):
        await rig.make(Kind.CONTACT, "op-1", last_name="Lind", email="ada@acme.de")
    found = await rig.writer.find_op(Kind.CONTACT, "op-1")
    assert found is not None and found.text("email") == "ada@acme.de"
    again = await rig.make(Kind.CONTACT, "op-1", last_name="Lind", email="ada@acme.de")
    assert again.ref == found.ref and len(site.fake.rows["contact"]) == 1


async def test_two_senders_of_one_create_make_one_row(rig: Rig, site: Site) -> None:
    """The second comes between the look and the write: `If-None-Match: *` holds it off."""
    other = DynamicsWriter(site.link())
    before = site.fake.handle
    made: list[object] = []

    async def handle(method: str, *rest: object) -> object:
        if method == "PATCH" and not made:
            made.append(None)
            await other.create(Kind.CONTACT, {"last_name": "Lind"}, meta=rig.meta("op-1"))
        return before(method, *rest)  # type: ignore[arg-type]

    site.fake.handle = handle  # type: ignore[method-assign, assignment]
    record = await rig.make(Kind.CONTACT, "op-1", last_name="Lind")
    assert list(site.fake.rows["contact"]) == [record.ref.id]


async def test_a_colleague_between_the_look_and_the_write_is_never_written_over(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    before = site.fake.handle

    def handle(method: str, *rest: object) -> object:
        if method in ("PATCH", "DELETE"):
            site.fake.put("opportunity", deal.ref.id, {"new_nextstep": "Theirs"}, by=PRIYA)
        return before(method, *rest)  # type: ignore[arg-type]

    site.fake.handle = handle  # type: ignore[method-assign, assignment]
    with pytest.raises(RecordMoved) as moved:
        await rig.writer.update(deal.ref, {"next_step": "Mine"}, expect=deal.version, meta=rig.meta())
    assert moved.value.current.fields["next_step"] == "Theirs" and moved.value.current.updated_by == "priya@seller.com"
    with pytest.raises(RecordMoved):
        await rig.writer.remove(deal.ref, expect=moved.value.current.version, meta=rig.meta())
    assert deal.ref.id in site.fake.rows["opportunity"]


async def test_a_duplicate_rule_names_the_record_whatever_the_status(rig: Rig, site: Site) -> None:
    first = await rig.make(Kind.ACCOUNT, name="Acme GmbH")
    with pytest.raises(DuplicateFound) as twice:
        await rig.make(Kind.ACCOUNT, name="acme gmbh")
    assert twice.value.existing == first.ref and twice.value.fix == "use the one that is there"
    site.fake.rules["account"] = "telephone1"
    await rig.make(Kind.ACCOUNT, name="Other", phone="+49 30 1")
    with pytest.raises(Refused) as unnamed:
        await rig.make(Kind.ACCOUNT, name="Third", phone="+49 30 1")
    assert not isinstance(unnamed.value, DuplicateFound) and "duplicate rule" in str(unnamed.value)
    answer = httpx.Response(
        500,
        json={"error": {"code": "0x80040333", "message": "A record was not created"}},
        request=httpx.Request("PATCH", "https://acme.crm.dynamics.com"),
    )
    assert "duplicate" in str(dynamics.VENDOR.manners.explain(answer, True)), "500 or 412: the code tells"


@pytest.mark.parametrize(
    ("bend", "words", "fix"),
    [
        ({"no_privilege": {"prvWriteOpportunity"}}, "you may not change this kind of record", "prvWriteOpportunity"),
        ({"plugin": "A discount needs an approval"}, "A discount needs an approval", "change what the rule asks for"),
    ],
)
async def test_a_refusal_is_said_in_the_reps_words(
    rig: Rig, site: Site, bend: dict[str, object], words: str, fix: str
) -> None:
    deal = await rig.deal()
    for name, value in bend.items():
        setattr(site.fake, name, value)
    with pytest.raises(Refused) as refused:
        await rig.writer.update(deal.ref, {"next_step": "Call"}, expect=deal.version, meta=rig.meta())
    assert words in str(refused.value) and fix in refused.value.fix


async def test_what_dynamics_does_itself_is_not_written(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.put("opportunity", deal.ref.id, {"isrevenuesystemcalculated": True})
    deal = await rig.reader.read(deal.ref)
    for field, value, words in (
        ("amount", Decimal(1), "computes this deal's amount"),
        ("stage", "Won", "won or lost in Dynamics itself"),
        ("amount", Decimal("0.125"), "cannot be kept exactly"),
    ):
        with pytest.raises(Refused, match=words) as refused:
            await rig.writer.update(deal.ref, {field: value}, expect=deal.version, meta=rig.meta())
        assert refused.value.field == field and refused.value.fix
    site.fake.put("opportunity", deal.ref.id, {"statecode": 1})
    assert (await rig.reader.read(deal.ref)).fields["stage"] == "Won"


async def test_a_deal_that_lacks_what_the_form_requires_can_still_be_written_to(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.put("opportunity", deal.ref.id, {"salesstage": None})
    old = await rig.reader.read(deal.ref)
    after = await rig.writer.update(deal.ref, {"next_step": "Call"}, expect=old.version, meta=rig.meta())
    assert (after.fields["stage"], after.fields["next_step"]) == (None, "Call")
    with pytest.raises(Refused, match="required"):
        await rig.writer.update(deal.ref, {"stage": None}, expect=after.version, meta=rig.meta())


async def test_text_that_does_not_fit_is_refused_and_nothing_is_sent(rig: Rig, site: Site) -> None:
    with pytest.raises(Refused, match="2,000 characters"):
        await rig.make(Kind.ACTIVITY, type="task", subject="Send the DPA", body="x" * 1_990)
    assert patches(site) == []


async def test_owners_go_by_e_mail_address(rig: Rig, site: Site) -> None:
    task = await rig.make(Kind.ACTIVITY, type="task", subject="Send", owner="Priya@Seller.com")
    assert site.fake.rows["task"][task.ref.id.partition("-")[2]]["_ownerid_value"] == PRIYA
    assert task.fields["owner"] == "priya@seller.com"
    for nobody in ("gone@seller.com", "who@seller.com"):
        with pytest.raises(Refused, match="no enabled Dynamics user") as refused:
            await rig.make(Kind.ACTIVITY, type="task", subject="Send", owner=nobody)
        assert refused.value.field == "owner"
    contact = await rig.make(Kind.CONTACT, last_name="Lind")
    with pytest.raises(Refused, match="without an owner"):
        await rig.writer.update(contact.ref, {"owner": None}, expect=contact.version, meta=rig.meta())


@pytest.mark.parametrize("behaviour", ["DateOnly", "UserLocal"])
async def test_a_day_stays_the_same_day_east_and_west(
    site: Site, behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    column = {**COLUMNS["opportunity"]["estimatedclosedate"], "behaviour": behaviour}
    monkeypatch.setitem(COLUMNS["opportunity"], "estimatedclosedate", column)
    for zone in ("Pacific/Auckland", "America/Los_Angeles"):
        link = replace(site.link(), now=lambda zone=zone: datetime.now(ZoneInfo(zone)))
        writer = dynamics.open_writer(link)
        meta = WriteMeta(op_id=zone, source="notes", approved_by="r@seller.com", approved_at=AT, trail_head="ab")
        fields: dict[str, Value] = {"name": zone, "stage": "Demo", "close_date": date(2026, 11, 15)}
        made = await writer.create(Kind.OPPORTUNITY, fields, meta=meta)
        assert made.fields["close_date"] == date(2026, 11, 15)
        raw = site.fake.rows["opportunity"][made.ref.id]["estimatedclosedate"]
        assert raw == {"DateOnly": "2026-11-15"}.get(behaviour, raw) and ("T" in raw) == (behaviour == "UserLocal")


async def test_a_meeting_that_took_place_has_its_people_and_one_to_come_invites_nobody(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
    account = deal.text("account")
    for status in ("done", "open"):
        note = await rig.make(
            Kind.ACTIVITY, type="meeting", subject="Call", body="They sign.", at=AT, status=status,
            opportunity=deal.ref.id, account=account, contacts=(ada.ref.id,),
        )  # fmt: skip
        row = site.fake.rows["appointment"][note.ref.id.partition("-")[2]]
        assert bool(row.get("appointment_activity_parties")) == (status == "done")
        assert row["_regardingobjectid_value"] == deal.ref.id and row["statecode"] == (1 if status == "done" else 0)
        stands = await rig.reader.read(note.ref)
        told = ("type", "at", "status", "account", "opportunity", "contacts")
        assert {name: stands.fields[name] for name in told} == {
            "type": "meeting", "at": AT, "status": status, "account": account, "opportunity": deal.ref.id,
            "contacts": (ada.ref.id,),
        }  # fmt: skip
    assert (await rig.feed())[0][note.ref].fields == stands.fields, "the feed brings the people too"


@pytest.mark.parametrize("kind", ["task", "call", "note"])
async def test_each_kind_of_activity_is_read_back_as_it_was_written(rig: Rig, kind: str) -> None:
    deal = await rig.deal()
    ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
    fields: dict[str, Value] = {
        "type": kind, "subject": "Send the DPA", "body": "She asked for it.", "at": AT, "ours": True,
        "opportunity": deal.ref.id, "account": deal.text("account"), "contacts": (ada.ref.id,),
        "owner": "robin@seller.com", "status": "done" if kind != "task" else "open",
        **({"due": date(2026, 9, 25)} if kind == "task" else {}),
    }  # fmt: skip
    made = await rig.make(Kind.ACTIVITY, **fields)
    stands = await rig.reader.read(made.ref)
    assert {name: stands.fields[name] for name in fields if name != "body"} == {
        name: value for name, value in fields.items() if name != "body"
    }
    assert stands.text("body").startswith("She asked for it.\n-- gangly holds: ")
    assert "}\n\n-- gangly: from notes" in stands.text("body")
    after = await rig.writer.update(made.ref, {"body": "Done."}, expect=stands.version, meta=rig.meta())
    kept = await rig.reader.read(after.ref)
    assert kept.text("body").startswith("Done.\n") and kept.fields["account"] == deal.fields["account"]


async def test_where_a_write_came_from_is_in_the_columns_that_were_found_and_no_others(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    row = site.fake.rows["opportunity"][deal.ref.id]
    assert (row["gangly_approvedby"], row["gangly_approvedat"]) == ("robin@seller.com", "2026-09-23T14:00:00Z")
    after = await rig.writer.update(deal.ref, {"next_step": "Call"}, expect=deal.version, meta=rig.meta("op-b"))
    assert site.fake.rows["opportunity"][deal.ref.id]["gangly_opid"] == "op-b", "of the latest write"
    plain = dynamics.open_writer(site.link(audit=False))
    await plain.update(after.ref, {"next_step": "Mail"}, expect=after.version, meta=rig.meta())
    assert not [name for name in site.fake.asked[-1].body if name.startswith("gangly_")]


async def test_the_limit_is_read_and_a_pull_that_meets_it_says_when_it_goes_on(rig: Rig, site: Site) -> None:
    await rig.deal()
    found = quota({"x-ms-ratelimit-burst-remaining-xrm-requests": "600"})
    assert found and (found.left, found.limit, found.resets_in) == (600, 6_000, 30.0)
    slow = quota(
        {
            "x-ms-ratelimit-burst-remaining-xrm-requests": "5999",
            "x-ms-ratelimit-time-remaining-xrm-requests": "60.00",
        }
    )
    assert slow and slow.left == 60 and "seconds" in slow.name
    site.fake.left = 0
    with pytest.raises(RateLimited, match="in 12 s it goes on"):
        await rig.feed()


async def test_the_first_look_says_who_what_is_missing_and_what_the_role_lacks(site: Site) -> None:
    standing = await dynamics.check(site.link())
    assert standing.account == "Robin Vega at acme.crm.dynamics.com" and standing.warnings == ()
    assert standing.found == {f"opportunity.gangly_{each}" for each in ("opid", "approvedby", "approvedat")}
    words = "opportunity: no gangly_source, gangly_trailhead that you may fill"
    assert any(each.startswith(words) for each in standing.missing)
    site.fake.may_track = False
    site.fake.no_privilege = {"prvReadPhonecall"}
    warned = " ".join((await dynamics.check(site.link())).warnings)
    assert "phonecall: you may not see" in warned and "account" in warned and "read by date" in warned


async def test_what_is_no_organisation_is_said(site: Site) -> None:
    link = site.link()
    link.wire.base = "https://www.dynamics.com"
    site.fake.faults = []
    link.wire._client = httpx.AsyncClient(transport=FakeTransport(_Page()))
    with pytest.raises(SignInNeeded, match="not your organisation's API") as wrong:
        await dynamics.check(link)
    assert "crm.dynamics.com" in wrong.value.fix
    with pytest.raises(ConfigError, match="does not name a column"):
        dynamics.open_reader(site.link(EVERYTHING, fields="opportunity.budget"))


class _Page:
    """A web page where the API should be."""

    def handle(self, *_: object) -> tuple[int, dict[str, str], bytes]:
        return 404, {"content-type": "text/html"}, b"<html>Not here</html>"


async def test_columns_of_ones_own_are_found_by_ending_or_by_name(site: Site) -> None:
    plain = await dynamics.open_reader(site.link()).describe(Kind.OPPORTUNITY)
    assert plain.field("next_step") and plain.field("budget") is None, "money under that name is no text"
    own = dynamics.open_reader(site.link(fields="opportunity.budget=new_competitor"))
    assert (await own.describe(Kind.OPPORTUNITY)).field("budget")
    pain = plain.field("pain")
    assert pain and pain.max_length == 2_000
    assert dynamics.open_reader(site.link()).url(RecordRef(system="dynamics", kind=Kind.CONTACT, id=ME)) == (
        f"https://acme.crm.dynamics.com/main.aspx?pagetype=entityrecord&etn=contact&id={ME}"
    )
