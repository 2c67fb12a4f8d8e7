"""Values on their way to Salesforce and back: exact, in the organisation's own words, or refused and said why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.connectors.record import salesforce
from gangly_tui.connectors.record.salesforce_map import own_names, quoted
from gangly_tui.connectors.vendor import Standing
from gangly_tui.domain.errors import ConfigError, Refused
from gangly_tui.domain.identity import IdentityKey, person_key
from gangly_tui.domain.records import FieldType, Kind, Record, Value
from tests.connectors.contract import HOSTILE, Rig
from tests.connectors.salesforce_rig import Site, watched
from tests.connectors.test_salesforce import AUDIT, MADE_UP
from tests.connectors.test_salesforce_wire import rig_of
from tests.fakes.salesforce import FakeSalesforce
from tests.fakes.salesforce_rows import ME, PRIYA
from tests.fakes.soql import parse

BERLIN = timezone(timedelta(hours=2))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(watched(FakeSalesforce(), tmp_path))


@pytest.fixture
def rig(site: Site) -> Rig:
    return rig_of(site)


def row(site: Site, record: Record) -> dict[str, Any]:
    return site.fake.at(record.ref.id)


async def test_a_picklist_shows_labels_and_sends_what_the_api_calls_them(rig: Rig, site: Site) -> None:
    schema = (await rig.reader.describe(Kind.CONTACT)).field("role")
    assert schema and schema.options == ("Champion", "Economic buyer", "User") and schema.type is FieldType.PICKLIST
    ada = await rig.make(Kind.CONTACT, last_name="Lind", role="Economic buyer")
    assert row(site, ada)["Buying_Role__c"] == "EB" and ada.fields["role"] == "Economic buyer"
    with pytest.raises(Refused) as refused:
        await rig.make(Kind.CONTACT, last_name="Lund", role="EB")
    assert refused.value.field == "role" and "Champion" in refused.value.fix
    site.fake.at(ada.ref.id)["Buying_Role__c"] = "RETIRED"
    assert (await rig.reader.read(ada.ref)).fields["role"] == "RETIRED", "a value that is off the list still stands"


@pytest.mark.parametrize(
    ("amount", "raw"),
    [
        (Decimal("41000.50"), 41000.5), (Decimal(0), 0), (Decimal("-3.10"), -3.1), (Decimal("1E+6"), 1_000_000),
        (Decimal("9999999999999.99"), 9999999999999.99), (Decimal("0.1"), 0.1),
    ],
)  # fmt: skip
async def test_money_arrives_to_the_cent(rig: Rig, site: Site, amount: Decimal, raw: float) -> None:
    deal = await rig.deal(amount=amount)
    assert row(site, deal)["Amount"] == raw and deal.fields["amount"] == amount
    assert isinstance(deal.fields["amount"], Decimal)


async def test_money_that_cannot_be_exact_is_refused(rig: Rig) -> None:
    with pytest.raises(Refused, match="exactly") as refused:
        await rig.deal(amount=Decimal("12345678901234567.89"))
    assert refused.value.field == "amount"


async def test_each_deal_has_its_currency_where_several_are_on(rig: Rig, site: Site) -> None:
    deal = await rig.deal(currency="USD")
    assert (row(site, deal)["CurrencyIsoCode"], deal.fields["currency"]) == ("USD", "USD"), "the code, not its name"
    plain = FakeSalesforce(hidden=("CurrencyIsoCode",))
    other = rig_of(Site(plain))
    assert "currency" not in (await other.deal()).fields
    assert (await other.reader.describe(Kind.OPPORTUNITY)).field("currency") is None


async def test_a_date_time_keeps_its_moment_and_a_date_its_day(rig: Rig, site: Site) -> None:
    at = datetime(2026, 9, 24, 0, 30, tzinfo=BERLIN)
    call = await rig.make(Kind.ACTIVITY, type="meeting", subject="Call", at=at)
    assert row(site, call)["StartDateTime"] == "2026-09-23T22:30:00Z" and call.fields["at"] == at
    task = await rig.make(Kind.ACTIVITY, type="task", subject="Send", due=date(2026, 9, 25))
    assert row(site, task)["ActivityDate"] == "2026-09-25" and task.fields["due"] == date(2026, 9, 25)


async def test_the_stage_date_is_the_day_where_the_rep_is(site: Site) -> None:
    site.now = lambda: datetime(2026, 11, 24, 12, tzinfo=BERLIN)
    site.fake.now = datetime(2026, 9, 23, 22, 29, 59, tzinfo=UTC)
    values = {"Name": "P", "StageName": "Demo", "CloseDate": "2026-09-30"}
    made = site.fake.put("Opportunity", values)
    (deal,) = [each async for page in rig_of(site).reader.changes("") for each in page.records]
    assert (deal.ref.id, deal.fields["stage_since"]) == (made, date(2026, 9, 24))


async def test_empty_is_null_and_reads_as_none(rig: Rig, site: Site) -> None:
    deal = await rig.deal(next_step="Call", amount=None)
    after = await rig.writer.update(deal.ref, {"next_step": ""}, expect=deal.version, meta=rig.meta())
    assert row(site, after)["NextStep"] is None and after.fields["next_step"] is None
    assert after.fields["amount"] is None


async def test_the_owner_is_named_by_address_and_must_be_one_person(rig: Rig, site: Site) -> None:
    deal = await rig.deal(owner="priya@seller.com")
    assert row(site, deal)["OwnerId"] == PRIYA and deal.fields["owner"] == "priya@seller.com"
    assert row(site, await rig.make(Kind.ACTIVITY, type="task", subject="x", owner="Robin Vega"))["OwnerId"] == ME
    for who in ("nobody@seller.com", "x' OR Name LIKE '%", "Robin"):
        with pytest.raises(Refused, match="no active Salesforce user") as refused:
            await rig.make(Kind.ACTIVITY, type="task", subject="x", owner=who)
        assert refused.value.field == "owner"
    twin = {"Name": "Robin V.", "Username": "robin@seller.com.uat", "Email": "robin@seller.com", "IsActive": True}
    site.fake.put("User", twin)
    rig = rig_of(site)  # owners are looked up once a sitting
    made = await rig.make(Kind.ACTIVITY, "op-y", type="task", subject="y", owner="robin@seller.com")
    assert row(site, made)["OwnerId"] == ME
    site.fake.at(ME)["Username"] = "rv@seller.com"
    rig = rig_of(site)
    with pytest.raises(Refused, match="2 users"):
        await rig.make(Kind.ACTIVITY, "op-z", type="task", subject="z", owner="robin@seller.com")


@pytest.mark.parametrize("plain", [False, True], ids=["shared activities", "one contact only"])
async def test_an_activity_of_several_people_reads_back_with_all_of_them(plain: bool) -> None:
    site = Site(FakeSalesforce(hidden=(*AUDIT, *MADE_UP, "Type") if plain else ()))
    rig = rig_of(site)
    deal = await rig.deal()
    people = tuple([(await rig.make(Kind.CONTACT, last_name=f"N{n}")).ref.id for n in range(3)])
    at = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
    given: dict[str, Value] = {
        "opportunity": deal.ref.id, "account": deal.fields["account"], "contacts": people, "ours": False, "at": at,
        "owner": "robin@seller.com",
    }  # fmt: skip
    for kind, status in (("meeting", "done"), ("task", "open"), ("call", "done"), ("note", "done"), ("email", "done")):
        made = await rig.make(Kind.ACTIVITY, type=kind, subject=kind, body="Text", status=status, **given)
        stands = await rig.reader.read(made.ref)
        assert {name: stands.fields[name] for name in given} == given
        assert (stands.fields["type"], stands.fields["status"], stands.fields.get("due")) == (kind, status, None)
        assert stands.text("body").startswith("Text\n")
        assert row(site, made)["WhoId"] == people[0] and row(site, made)["WhatId"] == deal.ref.id
        assert row(site, made)["AccountId"] == deal.fields["account"]
    assert row(site, made)["ActivityDate"] == "2026-09-23"


async def test_what_is_done_by_a_colleague_reads_as_what_it_is(rig: Rig, site: Site) -> None:
    lead = {"WhoId": None, "WhatId": None}
    made = {
        "task": site.fake.put("Task", {"Subject": "a", **lead}),
        "call": site.fake.put("Task", {"Subject": "b", "TaskSubtype": "Call", "Status": "Completed"}),
        "email": site.fake.put("Task", {"Subject": "c", "TaskSubtype": "Email", "Status": "Completed"}),
        "meeting": site.fake.put("Event", {"Subject": "d", "StartDateTime": "2099-01-01T10:00:00.000+0000"}),
    }
    named = site.fake.put(
        "Task", {"Subject": "e", "Type": "Meeting", "Status": "Completed", "ActivityDate": "2026-09-01"}
    )
    found = {each.ref.id: each async for page in rig.reader.changes("") for each in page.records}
    assert {kind: found[made[kind]].text("type") for kind in made} == {kind: kind for kind in made}
    assert found[made["meeting"]].text("status") == "open" and found[made["call"]].text("status") == "done"
    assert found[named].text("type") == "meeting"
    assert found[named].fields["at"] == datetime(2026, 9, 1, tzinfo=UTC)
    assert found[made["task"]].fields["at"] is None
    assert isinstance(found[made["call"]].fields["at"], datetime)


async def test_text_that_does_not_fit_is_refused_whole(rig: Rig, site: Site) -> None:
    most = (await rig.reader.describe(Kind.ACTIVITY)).field("body")
    assert most and most.max_length == 31_000, "gangly's own lines go below it"
    note = await rig.make(Kind.ACTIVITY, type="note", subject="x", body="y" * 31_000)
    assert row(site, note)["Description"].startswith("y" * 31_000)
    with pytest.raises(Refused, match=r"31,000 characters, not 31,001"):
        await rig.make(Kind.ACTIVITY, type="note", subject="x", body="y" * 31_001)
    people = tuple(f"003{n:012d}AAA" for n in range(51))
    with pytest.raises(Refused, match="50 contacts"):
        await rig.make(Kind.ACTIVITY, type="note", subject="x", contacts=people)
    assert len(site.fake.rows["Task"]) == 1


async def test_of_an_activity_only_what_may_change_changes_and_its_audit_line_stays(rig: Rig, site: Site) -> None:
    task = await rig.make(Kind.ACTIVITY, "op-1", type="task", subject="Send", body="Old", due=date(2026, 9, 25))
    after = await rig.writer.update(
        task.ref,
        {"body": "New", "status": "done", "due": date(2026, 9, 26), "owner": "priya@seller.com"},
        expect=task.version,
        meta=rig.meta("op-2"),
    )
    assert after.text("body").startswith("New\n") and "op op-1;" in after.text("body")
    assert (after.fields["status"], after.fields["due"]) == ("done", date(2026, 9, 26))
    assert row(site, after)["gangly_Op_Id__c"] == "op-1", "the mark of the create stays"
    back = await rig.writer.update(after.ref, {"body": task.text("body")}, expect=after.version, meta=rig.meta("op-3"))
    assert back.fields["body"] == task.fields["body"]
    with pytest.raises(Refused) as refused:
        await rig.writer.update(task.ref, {"type": "call"}, expect=back.version, meta=rig.meta())
    assert refused.value.field == "type"


async def test_a_meeting_needs_its_time_and_has_no_due_date(rig: Rig) -> None:
    with pytest.raises(Refused) as refused:
        await rig.make(Kind.ACTIVITY, type="meeting", subject="x")
    assert refused.value.field == "at"
    at = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
    with pytest.raises(Refused) as refused:
        await rig.make(Kind.ACTIVITY, type="meeting", subject="x", at=at, due=date(2026, 9, 25))
    assert refused.value.field == "due"


async def test_an_organisation_without_events_still_pulls_and_writes_tasks(site: Site) -> None:
    del site.fake.tables["Event"]
    site.fake.watch = lambda *_: None
    rig = rig_of(site)
    task = await rig.make(Kind.ACTIVITY, "op-t", type="task", subject="Send")
    assert [each.ref async for page in rig.reader.changes("") for each in page.records] == [task.ref]
    found = await rig.writer.find_op(Kind.ACTIVITY, "op-t")
    assert found is not None and found.ref == task.ref


@pytest.mark.parametrize(
    "line",
    ['{"at": "soon"}', '{"ours": "maybe", "at": 3}', "{", '{"type": ["x"]}', "{}", '{"contacts": [1, null]}', "null"],
)
async def test_a_line_that_somebody_edited_is_not_believed(rig: Rig, site: Site, line: str) -> None:
    made = site.fake.put("Task", {"Subject": "x", "Description": f"Text\n-- gangly holds: {line}"})
    (task,) = [each async for page in rig.reader.changes("") for each in page.records]
    assert (task.ref.id, task.fields["ours"], task.fields["type"]) == (made, None, "task")
    assert task.fields["contacts"] == ()


async def test_history_is_told_for_what_is_tracked_and_for_nothing_else(rig: Rig) -> None:
    deal = await rig.deal(next_step="Call")
    for step, close in (("Meet", date(2026, 10, 1)), ("Sign", date(2026, 11, 1))):
        deal = await rig.writer.update(
            deal.ref, {"next_step": step, "close_date": close}, expect=deal.version, meta=rig.meta()
        )
    steps, closes = await rig.reader.history(deal.ref, "next_step"), await rig.reader.history(deal.ref, "close_date")
    assert steps and [(each.before, each.after) for each in steps] == [("Meet", "Sign"), ("Call", "Meet")]
    assert closes and [each.after for each in closes] == [date(2026, 11, 1), date(2026, 10, 1)]
    assert await rig.reader.history(deal.ref, "budget") is None
    assert await rig.reader.history(deal.ref, "pain") is None
    ada = await rig.make(Kind.CONTACT, last_name="Lind", title="CTO")
    assert await rig.reader.history(ada.ref, "title") is None


async def test_fields_of_the_customers_own_names(tmp_path: Path) -> None:
    fake = FakeSalesforce()
    fake.tables["Opportunity"].append(("Spend__c", "string", 40, ""))
    site = Site(fake)
    reader = salesforce.open_reader(site.link(fields="opportunity.budget=Spend__c, opportunity.pain=Nowhere__c"))
    budget = (await reader.describe(Kind.OPPORTUNITY)).field("budget")
    assert budget and budget.max_length == 40
    assert (await reader.describe(Kind.OPPORTUNITY)).field("pain") is None, "no other field takes its place"
    fake.tables["Opportunity"] = [
        (name, "reference" if name == "Budget__c" else kind, length, marks)
        for name, kind, length, marks in fake.tables["Opportunity"]
    ]
    assert (await salesforce.open_reader(site.link()).describe(Kind.OPPORTUNITY)).field("budget") is None
    for text in ("budget=Spend__c", "opportunity.budget", "opportunity.shoe=X__c", "opportunity.budget=X, Y FROM User"):
        with pytest.raises(ConfigError):
            own_names(text)


async def test_the_field_list_is_asked_once_an_hour(site: Site) -> None:
    now = [datetime(2026, 9, 23, 12, 0, tzinfo=UTC)]
    site.now = lambda: now[0]
    reader = salesforce.open_reader(site.link())
    for minutes, asked in ((0, 1), (30, 1), (31, 2)):
        now[0] += timedelta(minutes=minutes)
        await reader.describe(Kind.CONTACT)
        assert sum(each.path.endswith("Contact/describe") for each in site.fake.asked) == asked


async def test_the_check_says_who_where_and_what_is_missing(site: Site) -> None:
    found = await salesforce.check(site.link())
    assert found.account == "Robin Vega at Acme Sellers, sandbox"
    assert {"Contact.gangly_Op_Id__c", "Event.gangly_Trail_Head__c"} <= found.found and found.missing == ()
    assert [each[:49] for each in found.warnings] == ["the address looks like production, but this is a s"[:49]]
    assert {each.method for each in site.fake.asked} == {"GET"}
    bare = Site(FakeSalesforce(hidden=AUDIT))
    lacking: Standing = await salesforce.check(replace(bare.link(), user_email="rv@seller.com"))
    assert lacking.found == frozenset() and len(lacking.missing) == 1
    assert any('user_email = "robin@seller.com"' in each for each in lacking.warnings)
    del bare.fake.tables["Event"]
    assert any(each.startswith("Event: ") for each in (await salesforce.check(bare.link())).warnings)


async def test_who_is_signed_in_is_known_from_the_sign_in(site: Site) -> None:
    link = replace(site.link(), more={"id": f"https://login.salesforce.com/id/00D000000000001AAA/{ME}"})
    assert (await salesforce.check(link)).account.startswith("Robin Vega")
    assert not [each for each in site.fake.asked if "userinfo" in each.path]
    await salesforce.check(replace(link, more={"id": "https://login.salesforce.com/id/x' OR/y'"}))
    assert [each for each in site.fake.asked if "userinfo" in each.path]


@given(st.text(max_size=40))
def test_no_text_gets_out_of_its_quotes(text: str) -> None:
    query = parse(f"SELECT Id FROM Contact WHERE LastName = {quoted(text)}")
    assert query.where({"LastName": text}, lambda row, name: row[name])
    assert not query.where({"LastName": text + "x"}, lambda row, name: row[name])


@pytest.mark.parametrize("box", ["o'neil@acme.de", "a_b@acme.de", "a%b@acme.de", "a\\b@acme.de", "x' OR '1'='@acme.de"])
async def test_an_odd_address_finds_itself_and_nobody_else(rig: Rig, site: Site, box: str) -> None:
    site.fake.put("Contact", {"LastName": "Other", "Email": "axb@acme.de"})
    made = site.fake.put("Contact", {"LastName": "Odd", "Email": box})
    found = await rig.reader.find(Kind.CONTACT, IdentityKey(mailbox=box))
    assert [each.ref.id for each in found] == ([made] if " " not in box else [])
    assert person_key(box) == IdentityKey() or [
        each.ref.id for each in await rig.reader.find(Kind.CONTACT, person_key(box))
    ] == [made]


async def test_hostile_text_stays_text(rig: Rig, site: Site) -> None:
    deal = await rig.deal(next_step=HOSTILE, name=HOSTILE[:60])
    assert row(site, deal)["NextStep"] == HOSTILE and deal.fields["next_step"] == HOSTILE
    await rig.reader.find(Kind.ACCOUNT, IdentityKey(domain="x%' OR Name LIKE '%"))
