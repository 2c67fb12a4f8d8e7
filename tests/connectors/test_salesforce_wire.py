"""Salesforce over the wire: guards, answers that go wrong, limits, duplicates; what is sent, and how often."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.connectors.oauth import SignedIn, Tokens, kept_as
from gangly_tui.connectors.record import salesforce
from gangly_tui.connectors.record.salesforce_errors import quota
from gangly_tui.connectors.transport import Reach, Wire, open_client
from gangly_tui.connectors.vendor import Setup
from gangly_tui.domain.errors import (
    ConnectorError,
    DuplicateFound,
    OutcomeUnknown,
    RateLimited,
    RecordMoved,
    Refused,
    SignInNeeded,
    Unreachable,
)
from gangly_tui.domain.identity import person_key
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.domain.secret import Secret
from tests.connectors.contract import Rig
from tests.connectors.rigs import Bearer, Kept, alone, no_sleep
from tests.connectors.salesforce_rig import Site, watched
from tests.fakes.salesforce import FakeSalesforce, Trouble
from tests.fakes.serve import serving


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(watched(FakeSalesforce(page=3), tmp_path))


def rig_of(site: Site) -> Rig:
    link = site.link()

    async def colleague(ref: RecordRef, field: str, value: Any) -> None:
        site.fake.change(ref.id, {field: value})

    return Rig(
        reader=salesforce.open_reader(link),
        writer=salesforce.open_writer(link),
        reader_for=lambda scope: salesforce.open_reader(site.link(scope)),
        colleague=colleague,
    )


@pytest.fixture
def rig(site: Site) -> Rig:
    return rig_of(site)


def writes(site: Site) -> list[Any]:
    """What was asked to be written, parts of composites as their own."""
    return [each for each in site.fake.asked if each.method in ("PATCH", "POST", "DELETE") and "sobjects" in each.path]


async def test_each_write_carries_its_guards(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
    await rig.writer.update(deal.ref, {"amount": Decimal(1)}, expect=deal.version, meta=rig.meta())
    await rig.writer.update(ada.ref, {"title": "CFO"}, expect=ada.version, meta=rig.meta())
    sent = writes(site)
    assert len(sent) == 5
    for each in sent:
        assert each.headers["sforce-duplicate-rule-header"].startswith("allowSave=false")
        changed = each.method == "PATCH" and "gangly" not in each.path
        assert ("if-unmodified-since" in each.headers) is changed
    stamp = datetime.fromisoformat(deal.version.split()[0]).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert sent[3].headers["if-unmodified-since"] == stamp


async def test_an_edit_between_the_look_and_the_write_is_refused_by_salesforce(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.before_write = lambda: site.fake.change(deal.ref.id, {"Amount": 7})
    with pytest.raises(RecordMoved) as moved:
        await rig.writer.update(deal.ref, {"amount": Decimal(1)}, expect=deal.version, meta=rig.meta())
    assert moved.value.current.fields["amount"] == Decimal(7)
    assert moved.value.current.updated_by == "priya@seller.com"
    assert site.fake.at(deal.ref.id)["Amount"] == 7


async def test_an_edit_within_the_same_second_is_seen_by_the_look(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.at(deal.ref.id)["NextStep"] = "Call Ada"  # no stamp moves: it has whole seconds
    with pytest.raises(RecordMoved):
        await rig.writer.update(deal.ref, {"amount": Decimal(1)}, expect=deal.version, meta=rig.meta())
    assert len(writes(site)) == 2


async def test_a_401_in_mid_flight_renews_the_token_and_keeps_guard_and_body(site: Site) -> None:
    way = salesforce.VENDOR.ways[0]
    assert way.provider is not None
    provider = way.provider(Setup(values={"host": "acme.my.salesforce.com", "client_id": "key"}))
    assert provider.token_url == "https://acme.my.salesforce.com/services/oauth2/token"
    kept = Kept()
    tokens = Tokens(
        access=Secret("token-1"), refresh=Secret("refresh-1"), expires_at=None, scope="", more={},
        since=datetime.now(UTC),
    )  # fmt: skip
    kept.put(kept_as("salesforce"), tokens.dump())
    site.auth = SignedIn(provider, kept, lock=alone)
    rig = rig_of(site)
    deal = await rig.deal()
    await rig.reader.read(deal.ref)
    done = len(site.fake.asked)
    site.fake.before_write = lambda: None
    original = site.fake._answer
    expired = []

    def expire_once(asked: Any) -> Any:
        if asked.path.endswith("/composite") and not expired:
            expired.append(asked)
            site.fake.token = "ended"
        return original(asked)

    site.fake._answer = expire_once  # type: ignore[method-assign]
    after = await rig.writer.update(deal.ref, {"amount": Decimal(5)}, expect=deal.version, meta=rig.meta("op-401"))
    assert after.fields["amount"] == Decimal(5)
    composites = [each for each in site.fake.asked[done:] if each.path.endswith("/composite")]
    assert [each.headers["authorization"] for each in composites] == ["Bearer token-1", f"Bearer {site.fake.token}"]
    assert composites[0].body == composites[1].body
    assert "If-Unmodified-Since" in composites[1].body["compositeRequest"][0]["httpHeaders"]
    held = kept.get(kept_as("salesforce"))
    assert held and Tokens.load(held).access.reveal() == site.fake.token


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Trouble("composite", 429, {"retry-after": "17"}), RateLimited),
        (Trouble("composite", 500, {}, b"[]"), OutcomeUnknown),
        (Trouble("composite", 503, {}, b"<html>maintenance</html>"), OutcomeUnknown),
        (Trouble("composite", 200, {}, b'{"compositeResponse": [{"httpStatus'), OutcomeUnknown),
        (Trouble("composite", 200, {}, b"<html>log in</html>"), OutcomeUnknown),
        (Trouble("composite", 200, {}, b'{"compositeResponse": []}'), OutcomeUnknown),
        (Trouble("composite", 200, {}, b"[1, 2]"), OutcomeUnknown),
        (Trouble("composite", dropped=True), OutcomeUnknown),
        (Trouble("composite", 301, {"location": "https://elsewhere.com"}), SignInNeeded),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_write_is_sent_once_whatever_comes_back(
    rig: Rig, site: Site, trouble: Trouble, error: type[ConnectorError]
) -> None:
    deal = await rig.deal()
    before = sum(each.path.endswith("/composite") for each in site.fake.asked)
    site.fake.troubles.append(trouble)
    with pytest.raises(error) as failed:
        await rig.writer.update(deal.ref, {"amount": Decimal(9)}, expect=deal.version, meta=rig.meta())
    assert sum(each.path.endswith("/composite") for each in site.fake.asked) == before + 1
    assert (site.fake.at(deal.ref.id)["Amount"] == 9) is trouble.dropped
    if isinstance(failed.value, RateLimited):
        assert failed.value.retry_after == 17


@pytest.mark.parametrize("audit", [True, False], ids=["op id field", "journal"])
async def test_a_create_whose_answer_was_lost_is_found_and_not_made_twice(site: Site, audit: bool) -> None:
    site.audit = audit
    rig = rig_of(site)
    for kind, fields in (
        (Kind.CONTACT, {"last_name": "Lind", "email": "ada@acme.de"}),
        (Kind.CONTACT, {"last_name": "Lund"}),
        (Kind.ACTIVITY, {"type": "task", "subject": "Send the DPA"}),
    ):
        op = f"op-{len(site.fake.asked)}"
        site.fake.troubles.append(Trouble("composite", dropped=True))
        with pytest.raises(OutcomeUnknown):
            await rig.writer.create(kind, fields, meta=rig.meta(op))
        found = await rig.writer.find_op(kind, op)
        again = await rig.writer.create(kind, fields, meta=rig.meta(op))
        assert found is not None and again.ref == found.ref
    assert (len(site.fake.rows["Contact"]), len(site.fake.rows["Task"])) == (2, 1)


async def test_an_activity_is_found_by_its_footer_in_another_sitting_too(site: Site) -> None:
    site.audit = False
    rig = rig_of(site)
    made = await rig.make(Kind.ACTIVITY, "op-f", type="note", subject="Call", body="They will sign.")
    for number in range(5):
        await rig.make(Kind.ACTIVITY, type="task", subject=f"No. {number}")
    found = await rig_of(site).writer.find_op(Kind.ACTIVITY, "op-f")
    assert found is not None and found.ref == made.ref
    assert await rig_of(site).writer.find_op(Kind.ACTIVITY, "op-") is None


async def test_a_second_task_costs_few_calls(rig: Rig, site: Site) -> None:
    await rig.make(Kind.ACTIVITY, type="task", subject="One", owner="robin@seller.com")
    asked = len(site.fake.asked)
    await rig.make(Kind.ACTIVITY, type="task", subject="Two", owner="robin@seller.com")
    assert [each.path.rpartition("/")[2] for each in site.fake.asked[asked:]] == [
        "queryAll",
        "composite",
        "Task",
        "query",
    ]


async def test_reads_are_repeated_and_then_give_up(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.troubles += [Trouble("/query", 503), Trouble("/query", 429, {"retry-after": "2"}), Trouble("/query", 500)]
    assert (await rig.reader.read(deal.ref)).ref == deal.ref
    site.fake.troubles += [Trouble("/query", 200, {}, b"<html>")] * 4
    with pytest.raises(Unreachable):
        await rig.reader.read(deal.ref)
    assert site.fake.troubles == []
    for body in (b"[]", b'{"records": [{"Id": 1}], "done": true, "totalSize": 1}', b'{"records": {}, "done": 1}'):
        site.fake.troubles.append(Trouble("/query", 200, {}, body))
        with pytest.raises(Unreachable, match="not understood"):
            await rig.reader.read(deal.ref)


async def test_a_write_whose_read_back_is_refused_is_taken_back_with_it(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    await rig.writer.update(deal.ref, {"amount": Decimal(3)}, expect=deal.version, meta=rig.meta())
    current = await rig.reader.read(deal.ref)
    columns = site.fake.tables["Opportunity"]

    def hide() -> None:  # an administrator takes a field away between the look and the write
        site.fake.tables["Opportunity"] = [each for each in columns if each[0] != "NextStep"]

    site.fake.before_write = hide
    with pytest.raises(Refused, match="does not show you a field"):
        await rig.writer.update(deal.ref, {"amount": Decimal(4)}, expect=current.version, meta=rig.meta())
    assert site.fake.at(deal.ref.id)["Amount"] == 3
    stands = await rig.reader.read(deal.ref)  # asks for the fields anew
    assert "next_step" not in stands.fields
    with pytest.raises(RecordMoved):  # the same road for the next attempt, on what is shown now
        await rig.writer.update(deal.ref, {"amount": Decimal(4)}, expect=current.version, meta=rig.meta())
    after = await rig.writer.update(deal.ref, {"amount": Decimal(4)}, expect=stands.version, meta=rig.meta())
    assert after.fields["amount"] == Decimal(4)


async def test_a_contact_made_in_the_same_moment_is_named_by_the_duplicate_rule(rig: Rig, site: Site) -> None:
    theirs: list[str] = []
    site.fake.before_write = lambda: theirs.append(
        site.fake.put("Contact", {"LastName": "Lind", "Email": "ADA@acme.de"})
    )
    with pytest.raises(DuplicateFound) as twice:
        await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
    assert twice.value.existing == RecordRef(system="salesforce", kind=Kind.CONTACT, id=theirs[0])
    assert len(await rig.reader.find(Kind.CONTACT, person_key("ada@acme.de"))) == 1


async def test_a_validation_rule_and_a_missing_right_speak_the_reps_language(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.rules.append(lambda _, row: "Discounts over 20% need Kim." if row.get("Amount") == 13 else "")
    with pytest.raises(Refused, match=r"a validation rule says: Discounts over 20% need Kim\.") as refused:
        await rig.writer.update(
            deal.ref, {"amount": Decimal(13), "next_step": "x"}, expect=deal.version, meta=rig.meta()
        )
    assert refused.value.fix
    assert site.fake.at(deal.ref.id)["NextStep"] is None
    site.fake.tables["Opportunity"] = [
        (name, kind, length, "-" if name == "NextStep" else marks)
        for name, kind, length, marks in site.fake.tables["Opportunity"]
    ]
    with pytest.raises(Refused, match="you may not set next step") as refused:
        await rig.writer.update(deal.ref, {"next_step": "x"}, expect=deal.version, meta=rig.meta())
    assert refused.value.field == "next_step" and "administrator" in refused.value.fix


@pytest.mark.parametrize("body", [b"", b"null", b"3", b'"x"', b"[]", b"[3]", b"{}", b"<html>", b"\xff\xfe"])
async def test_an_error_page_that_says_nothing_is_an_error_all_the_same(rig: Rig, site: Site, body: bytes) -> None:
    for status in (400, 403, 404, 412, 500):
        site.fake.troubles += [Trouble("describe", status, {}, body)] * 4  # reads are repeated
        with pytest.raises(ConnectorError):
            await rig_of(site).reader.describe(Kind.CONTACT)
        site.fake.troubles.clear()


async def test_the_limit_is_read_from_each_answer_and_said_when_it_is_reached(site: Site) -> None:
    link = site.link()
    reader = salesforce.open_reader(link)
    await reader.describe(Kind.CONTACT)
    assert link.wire.pace.quota is not None
    assert (link.wire.pace.quota.limit - link.wire.pace.quota.left, link.wire.pace.quota.limit) == (101, 100_000)
    assert quota({"sforce-limit-info": "api-usage=10018/100000; api-bursts=1/750"}) == quota(
        {"sforce-limit-info": "api-usage=10018/100000"}
    )
    assert quota({}) is None and quota({"sforce-limit-info": "api-usage=many"}) is None
    site.fake.used = site.fake.limit
    with pytest.raises(RateLimited, match="24 hours") as full:
        await reader.read(RecordRef(system="salesforce", kind=Kind.CONTACT, id="003000000000001AAA"))
    assert full.value.retry_after >= 60 and full.value.fix


async def test_only_the_fields_in_scope_go_over_the_wire(site: Site) -> None:
    rig = rig_of(site)
    ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de", phone="+49 30 1", title="CFO")
    asked = len(site.fake.asked)
    everything = site.link().scope
    read = {Kind.CONTACT: frozenset({"last_name", "email"})}
    narrow = type(everything)(
        system="salesforce", layer=everything.layer, owner="a", backup="b", runbook="c", read=read,
        write={Kind.CONTACT: frozenset({"email"})},
    )  # fmt: skip
    link = site.link(narrow)
    reader, writer = salesforce.open_reader(link), salesforce.open_writer(link)
    cursor = [page.cursor async for page in reader.changes("")][-1]
    assert [page async for page in reader.changes(cursor)] == []
    await reader.find(Kind.CONTACT, person_key("ada@acme.de"))
    seen = await reader.read(ada.ref)
    assert await reader.history(ada.ref, "title") == ()
    after = await writer.update(ada.ref, {"email": "ada@acme.com"}, expect=seen.version, meta=rig.meta())
    assert after.fields == {"last_name": "Lind", "email": "ada@acme.com"}
    with pytest.raises(Refused) as refused:
        await writer.update(ada.ref, {"last_name": "Lund"}, expect=after.version, meta=rig.meta())
    assert refused.value.field == "last_name" and "hierarchy" in str(refused.value)
    wire = " ".join(
        json.dumps([each.path, each.query, each.body if "/composite" not in each.path else ""])
        for each in site.fake.asked[asked:]
    )
    for name in ("FirstName", "Title", "Phone", "AccountId", "OwnerId", "Opportunity", "Task", "Website"):
        assert name not in wire
    assert "Email" in wire
    assert set(writes(site)[-1].body) - {"Email"} == {
        "gangly_Source__c", "gangly_Approved_By__c", "gangly_Approved_At__c", "gangly_Trail_Head__c"
    }  # fmt: skip


async def test_it_is_the_same_over_a_real_connection(site: Site) -> None:
    async with serving(site.fake) as base:
        reach = Reach(hosts=frozenset(), loopback=True)
        wire = Wire(
            system="salesforce",
            base=salesforce.VENDOR.base(Setup(loopback=base), {"instance_url": "https://acme.my.salesforce.com"}),
            client=open_client(reach, auth=Bearer("token-1")),
            reach=reach,
            manners=salesforce.VENDOR.manners,
            sleep=no_sleep,
        )
        link = replace(site.link(), wire=wire)
        rig = Rig(
            reader=salesforce.open_reader(link),
            writer=salesforce.open_writer(link),
            reader_for=lambda _: salesforce.open_reader(link),
            colleague=rig_of(site).colleague,
        )
        deal = await rig.deal(next_step="Ünïcode ‘quotes’ + 100% \\ 'x'")
        after = await rig.writer.update(deal.ref, {"amount": Decimal(7)}, expect=deal.version, meta=rig.meta("op-l"))
        standing, gone, _ = await rig.feed()
        assert (standing[deal.ref], gone) == (after, set())
        site.fake.troubles.append(Trouble("composite", dropped=True))
        with pytest.raises(OutcomeUnknown):
            await rig.writer.update(deal.ref, {"amount": Decimal(8)}, expect=after.version, meta=rig.meta())
        assert (await rig.reader.read(deal.ref)).fields["amount"] == Decimal(8)
        await wire.close()
