"""HubSpot: activities, stages, owners, own names, the scope on the wire, the check, the description."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from gangly_tui.connectors.record import hubspot
from gangly_tui.domain.errors import (
    ConfigError,
    ConnectorError,
    Refused,
)
from gangly_tui.domain.records import Kind, RecordRef
from tests.connectors.contract import Rig, scope_of
from tests.connectors.hubspot_rig import Site, Watch, contract, quick, site_of  # noqa: F401 - the fixture
from tests.fakes.salesforce import Asked


@pytest.fixture
def site() -> Site:
    return site_of()


@pytest.fixture
def rig(site: Site) -> Rig:
    return site.rig()


async def test_activities_belong_to_deal_contacts_and_account_and_carry_owner_and_day(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de", account=deal.text("account"))
    assert site.fake.things["contacts"][ada.ref.id].links == {"companies": {deal.text("account"): 1}}
    whom: dict[str, Any] = {
        "account": deal.fields["account"],
        "opportunity": deal.ref.id,
        "contacts": (ada.ref.id,),
        "owner": "robin@seller.com",
    }
    at = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
    for fields in (
        {"type": "meeting", "subject": "Platform", "body": "- They will sign.", "at": at, "status": "done"},
        {"type": "task", "subject": "Send it", "due": date(2026, 9, 25), "at": at, "status": "open", "ours": False},
        {"type": "task", "subject": "Some day", "status": "open", "ours": True},
        {"type": "note", "subject": "A < B & C", "body": "x\n  y"},
        {"type": "call", "subject": "Ring", "body": "z", "at": at, "status": "done"},
        {"type": "email", "subject": "Re: it", "body": "z", "at": at, "status": "done"},
    ):
        made = await rig.make(Kind.ACTIVITY, **{**fields, **whom})
        again = await rig.reader.read(made.ref)
        for name, value in {**fields, **whom}.items():
            held = again.fields[name]
            assert held == value or (name == "body" and str(held).startswith(f"{value}\n\n-- gangly")), (name, held)
        if fields["subject"] == "Some day":
            assert again.fields["due"] is None and again.fields["at"] is None
    assert {each.id for each in site.fake.things["notes"].values()}
    note = next(iter(site.fake.things["notes"].values()))
    assert note.properties["hs_note_body"].startswith("<strong>A &lt; B &amp; C</strong><br>x<br>  y<br><br>-- gangly:")
    assert note.links == {
        "companies": {deal.text("account"): 190}, "deals": {deal.ref.id: 214}, "contacts": {ada.ref.id: 202},
    }  # fmt: skip


async def test_what_a_person_wrote_in_hubspot_reads_as_plain_text(rig: Rig, site: Site) -> None:
    thing = site.fake.put(
        "notes",
        {"hs_note_body": "<div><p>Budget &amp; team</p><p>Call <b>Ada</b></p></div>", "hs_timestamp": "1790000000000"},
    )
    note = await rig.reader.read(RecordRef(system="hubspot", kind=Kind.ACTIVITY, id=f"notes-{thing.id}"))
    assert note.text("body").split() == ["Budget", "&", "team", "Call", "Ada"]
    assert note.text("subject").startswith("Budget & team") and note.fields["ours"] is None


async def test_without_the_permission_for_emails_all_else_is_read_and_written(rig: Rig, site: Site) -> None:
    site.fake.emails_hidden = True
    deal = await rig.deal()
    task = await rig.make(Kind.ACTIVITY, "op-task", type="task", subject="Send it")
    assert {deal.ref, task.ref} <= set((await rig.feed())[0])
    found = await rig.writer.find_op(Kind.ACTIVITY, "op-task")
    assert found and found.ref == task.ref and await rig.writer.find_op(Kind.ACTIVITY, "op-none") is None
    with pytest.raises(Refused, match="sales-email-read"):
        await rig.make(Kind.ACTIVITY, type="email", subject="Re: it")


async def test_what_nobody_can_read_stops_no_pull(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.watch = lambda _asked, _status, _told: None  # the description would not let these through
    site.fake.things["deals"][deal.ref.id].properties["closedate"] = "20226-01-01T00:00:00Z"
    broken = {"hs_note_body": "<p>half \ud83e a <b>character</p>", "hs_timestamp": "1790000000000"}
    thing = site.fake.put("notes", broken)
    note = RecordRef(system="hubspot", kind=Kind.ACTIVITY, id=f"notes-{thing.id}")
    standing, _, _ = await rig.feed()
    assert "close_date" not in standing[deal.ref].fields and standing[deal.ref].fields["name"] == "Platform 2026"
    assert standing[note].text("body").split() == ["half", "\ud83e", "a", "character"]


async def test_a_notes_text_can_be_changed_without_losing_the_rest(rig: Rig) -> None:
    task = await rig.make(Kind.ACTIVITY, type="task", subject="Send", body="first", ours=False, due=date(2026, 10, 1))
    after = await rig.writer.update(task.ref, {"body": "second"}, expect=task.version, meta=rig.meta("op-second"))
    assert after.text("body").startswith("second\n\n-- gangly holds:") and "op op-second;" in after.text("body")
    assert (after.fields["ours"], after.fields["due"]) == (False, date(2026, 10, 1))
    done = await rig.writer.update(after.ref, {"status": "done"}, expect=after.version, meta=rig.meta())
    assert (done.fields["status"], done.text("body")) == ("done", after.text("body"))
    note = await rig.make(Kind.ACTIVITY, type="note", subject="Call", body="text")
    renamed = await rig.writer.update(note.ref, {"subject": "Talk"}, expect=note.version, meta=rig.meta())
    assert renamed.text("subject") == "Talk" and renamed.text("body").startswith("text\n\n-- gangly: ")
    assert renamed.text("body").count("-- gangly: ") == 1


async def test_text_that_hubspot_cannot_keep_is_refused_in_words_and_not_cut(rig: Rig, site: Site) -> None:
    with pytest.raises(Refused, match="characters"):
        await rig.make(Kind.ACTIVITY, type="note", subject="x", body="a" * 65_000)
    with pytest.raises(Refused, match="formatted text") as refused:
        await rig.make(Kind.ACTIVITY, type="note", subject="x", body="&" * 30_000)
    assert refused.value.field == "body" and site.writes() == []


async def test_stages_of_the_same_name_are_told_apart_and_keep_their_pipeline(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    assert site.fake.things["deals"][deal.ref.id].properties["pipeline"] == "default"
    stage = (await rig.reader.describe(Kind.OPPORTUNITY)).field("stage")
    assert stage and stage.options == (
        "Demo", "Proposal", "Negotiation", "Closed won (Sales)", "First talk", "Closed won (Partners)",
    )  # fmt: skip
    with pytest.raises(Refused, match="Partners") as refused:
        await rig.writer.update(deal.ref, {"stage": "First talk"}, expect=deal.version, meta=rig.meta())
    assert refused.value.field == "stage" and refused.value.fix
    won = await rig.writer.update(deal.ref, {"stage": "Closed won (Sales)"}, expect=deal.version, meta=rig.meta())
    assert site.fake.things["deals"][deal.ref.id].properties["dealstage"] == "109"
    assert won.fields["stage"] == "Closed won (Sales)" and won.fields["stage_since"] is not None


async def test_owners_and_own_names_and_labels(site: Site) -> None:
    rig = site.rig(fields="opportunity.budget=budget_range, opportunity.pain=pain_points")
    deal = await rig.deal(owner="robin@seller.com", budget="Up to 50k", pain="slow")
    raw = site.fake.things["deals"][deal.ref.id].properties
    assert (raw["hubspot_owner_id"], raw["budget_range"]) == ("51", "small")
    assert (deal.fields["owner"], deal.fields["budget"]) == ("robin@seller.com", "Up to 50k")
    with pytest.raises(Refused) as refused:
        await rig.writer.update(deal.ref, {"owner": "gone@seller.com"}, expect=deal.version, meta=rig.meta())
    assert refused.value.field == "owner"
    raw["hubspot_owner_id"] = "53"
    assert (await rig.reader.read(deal.ref)).fields["owner"] == "gone@seller.com", "who left is still known by name"
    with pytest.raises(ConfigError):
        hubspot.open_reader(site.link(fields="opportunity.colour=x"))


async def test_only_the_fields_in_scope_go_over_the_wire(site: Site) -> None:
    rig = site.rig()
    deal = await rig.deal(next_step="secret")
    narrow = scope_of("hubspot", {Kind.OPPORTUNITY: {"name", "amount"}})
    reader = hubspot.open_reader(site.link(narrow))
    site.fake.asked.clear()
    await reader.read(deal.ref)
    async for _ in reader.changes(""):
        pass
    for each in site.fake.asked:
        said = f"{each.query} {each.body}"
        assert "associations" not in said and "contacts" not in each.path
        for name in ("hs_next_step", "closedate", "dealstage", "competitor"):
            assert name not in said, each
    assert any("dealname" in each.query for each in site.fake.asked)
    writer = hubspot.open_writer(site.link(narrow))
    with pytest.raises(Refused, match="hierarchy page"):
        await writer.update(deal.ref, {"amount": Decimal(1)}, expect=deal.version, meta=rig.meta())
    assert [each.method for each in site.writes()] == []
    with pytest.raises(Refused, match="association"):
        await rig.writer.update(deal.ref, {"account": "1"}, expect=deal.version, meta=rig.meta())


async def test_a_record_that_was_merged_is_not_taken_for_the_other(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    thing = site.fake.things["deals"].pop(deal.ref.id)
    thing.id = "9999"
    site.fake.things["deals"][deal.ref.id] = thing
    original = site.fake._one
    site.fake._one = lambda name, identifier, params: (
        thing if identifier == deal.ref.id else original(name, identifier, params)
    )  # type: ignore[method-assign]
    with pytest.raises(ConnectorError, match="merged"):
        await rig.reader.read(deal.ref)


async def test_the_check_says_who_and_what_is_missing(site: Site) -> None:
    standing = await hubspot.check(site.link(hub_id="123"))
    assert standing.account == "robin@seller.com at HubSpot account 123"
    assert {"deals.gangly_created_op", "deals.gangly_trail_head", "notes.gangly_created_op"} <= standing.found
    assert standing.missing == () and standing.warnings == ()
    bare = await hubspot.check(site_of(audit=False).link())
    assert bare.found == frozenset() and [each.partition(":")[0] for each in bare.missing] == [
        "contacts, deals",
        "notes, tasks, meetings, calls",
    ]
    assert [("marker" in each, "account number" in each) for each in bare.warnings] == [(True, False), (False, True)]
    assert (standing.organisation, bare.organisation) == ("123", "")
    assert all(each.method == "GET" for each in site.fake.asked)


def test_a_record_has_a_page_where_the_account_is_known(site: Site) -> None:
    ref = RecordRef(system="hubspot", kind=Kind.ACTIVITY, id="notes-77")
    assert (
        hubspot.open_reader(site.link(hub_id="123")).url(ref) == "https://app.hubspot.com/contacts/123/record/0-46/77"
    )
    assert hubspot.open_reader(site.link()).url(ref) == ""


@pytest.mark.shared
def test_the_description_bites() -> None:
    """One wrong request for each operation that is used, and wrong answers: each is found."""
    watch = Watch(contract())
    headers = {"authorization": "Bearer t", "content-type": "application/json"}
    at = "/crm/objects/2026-09"
    right = [
        ("GET", f"{at}/deals", "limit=100&properties=dealname", None),
        ("GET", f"{at}/deals/1", "properties=dealname&propertiesWithHistory=amount&associations=companies", None),
        ("POST", f"{at}/contacts", "", {"properties": {"email": "a@b.de"}}),
        ("PATCH", f"{at}/contacts/1", "", {"properties": {"email": ""}}),
        ("DELETE", f"{at}/notes/1", "", None),
        ("POST", f"{at}/notes/search", "", {"limit": 1, "properties": []}),
        ("POST", "/crm/associations/2026-09/deals/contacts/batch/read", "", {"inputs": [{"id": "1"}]}),
        ("GET", "/crm/owners/2026-09", "email=a@b.de", None),
        ("GET", "/crm/properties/2026-09/deals", "", None),
        ("GET", "/crm/pipelines/2026-09/deals", "", None),
    ]
    wrong = [
        ("GET", f"{at}/deals", "limit=all", None),
        ("GET", f"{at}/deals/1", "fields=dealname", None),
        ("POST", f"{at}/contacts", "", {"properties": {"numberofemployees": 5}}),
        ("PATCH", f"{at}/contacts/1", "", {"fields": {"email": ""}}),
        ("DELETE", f"{at}/notes/1", "force=true", None),
        (
            "POST",
            f"{at}/notes/search",
            "",
            {"filterGroups": [{"filters": [{"propertyName": "x", "operator": "GREATER"}]}]},
        ),
        ("POST", "/crm/associations/2026-09/deals/contacts/batch/read", "", {"ids": ["1"]}),
        ("GET", "/crm/owners/2026-09", "mail=a@b.de", None),
        ("GET", "/crm/properties/2026-09/deals", "archived=perhaps", None),
        ("GET", "/crm/pipelines/2026-08/deals", "", None),
    ]
    for method, path, query, body in right:
        assert watch.request(Asked(method, path, query, headers, body)) == []
    for method, path, query, body in wrong:
        assert watch.request(Asked(method, path, query, headers, body)), (method, path)
    assert watch.request(Asked("GET", f"{at}/deals", "", {}, None)), "without a token"
    list_of, one = Asked("GET", f"{at}/deals", "", headers, None), Asked("GET", f"{at}/deals/1", "", headers, None)
    assert watch.answer(one, 200, {"id": 5, "properties": {}}) and watch.answer(one, 404, {"message": "x"})
    assert watch.answer(list_of, 200, {"result": []})
    for path, told_wrong in (
        ("/crm/owners/2026-09", {"results": [{"id": "1"}]}),
        ("/crm/properties/2026-09/deals", {"results": [{"name": "x"}]}),
        ("/crm/pipelines/2026-09/deals", {"results": [{"id": "x"}]}),
    ):
        assert watch.answer(Asked("GET", path, "", headers, None), 200, told_wrong)
    search = Asked("POST", f"{at}/deals/search", "", headers, {})
    assert watch.answer(search, 200, {"results": []}), "a search says how many there are"
