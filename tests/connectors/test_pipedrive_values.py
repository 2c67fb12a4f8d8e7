"""Values on their way to Pipedrive and back: stages, amounts, people, addresses, times, texts; and what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.connectors.record import pipedrive_activity as activity
from gangly_tui.connectors.record import pipedrive_map, pipedrive_marks, pipedrive_org
from gangly_tui.connectors.record.formatted import from_html, note_of, to_html
from gangly_tui.connectors.record.held_line import text_of
from gangly_tui.connectors.record.plain_values import number
from gangly_tui.domain.errors import ConfigError, Refused
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import Kind, Record, Value
from tests.connectors.contract import HOSTILE, Rig
from tests.connectors.pipedrive_rig import Site, Watch, watched
from tests.fakes.pipedrive import PipedriveFake
from tests.fakes.pipedrive_seed import code

AT = datetime(2026, 9, 23, 16, 30, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture
def site() -> Site:
    return Site(watched(PipedriveFake()))


@pytest.fixture
def rig(site: Site) -> Rig:
    return site.rig()


async def change(rig: Rig, record: Record, **fields: Value) -> Record:
    return await rig.writer.update(record.ref, fields, expect=record.version, meta=rig.meta())


async def test_a_stage_is_the_one_of_the_deals_own_pipeline(rig: Rig, site: Site) -> None:
    row = site.fake.make("deals", {"title": "Renewal", "stage_id": 6})
    deal = (await rig.feed())[0].popitem()[1]
    assert deal.fields["stage"] == "Renewal talks"
    deal = await change(rig, deal, stage="Demo")
    assert (row["stage_id"], row["pipeline_id"]) == (5, 2), "not the Demo of New business"
    with pytest.raises(Refused, match="a stage of New business, and this deal is in Renewals") as refused:
        await change(rig, deal, stage="Negotiation")
    assert refused.value.field == "stage" and "Pipedrive" in refused.value.fix


async def test_a_deal_is_won_and_opened_again(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    won = await change(rig, deal, stage="Closed Won")
    row = site.fake.rows["deals"][int(deal.ref.id)]
    assert (won.fields["stage"], row["status"], row["stage_id"]) == ("Closed Won", "won", 2)
    back = await change(rig, won, stage="Demo")
    assert (back.fields["stage"], row["status"]) == ("Demo", "open")
    edits = await rig.reader.history(deal.ref, "stage")
    assert edits and edits[-1].after == "Closed Won"
    with pytest.raises(Refused, match="begins in a stage"):
        await rig.make(Kind.OPPORTUNITY, name="x", stage="Closed Won")


async def test_an_amount_keeps_its_currency_and_every_digit(rig: Rig, site: Site) -> None:
    deal = await rig.deal(currency="JPY")
    after = await change(rig, deal, amount=Decimal("41000.50"))
    row = site.fake.rows["deals"][int(deal.ref.id)]
    assert (after.fields["amount"], after.fields["currency"]) == (Decimal("41000.50"), "JPY")
    assert site.asked("PATCH")[-1].body["value"] == 41000.5 and "currency" not in site.asked("PATCH")[-1].body
    with pytest.raises(Refused, match="exactly"):
        await change(rig, after, amount=Decimal("0.12345678901234567890"))
    assert row["value"] == 41000.5


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_any_amount_with_cents_is_exact(amount: Decimal) -> None:
    assert Decimal(str(number(amount, "Amount", "amount"))) == amount


@pytest.mark.parametrize("field", ["amount", "close_date", "account", "currency"])
async def test_what_pipedrive_cannot_empty_is_refused_in_words(rig: Rig, field: str, site: Site) -> None:
    deal = await rig.deal()
    with pytest.raises(Refused, match="no way to empty") as refused:
        await change(rig, deal, **{field: None})
    assert refused.value.field == field and site.asked("PATCH") == []


async def test_an_owner_is_named_by_address_and_must_be_a_user(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    assert deal.fields["owner"] == "robin@seller.com"
    after = await change(rig, deal, owner="Priya@Seller.com")
    assert after.fields["owner"] == "priya@seller.com"
    assert site.fake.rows["deals"][int(deal.ref.id)]["owner_id"] == 2
    with pytest.raises(Refused, match="no user") as refused:
        await change(rig, after, owner="ghost@seller.com")
    assert refused.value.field == "owner"


async def test_a_choice_travels_as_its_id(rig: Rig, site: Site) -> None:
    deal = await rig.deal(competitor="Initech")
    assert site.asked("POST", "/deals")[-1].body["custom_fields"][code("Competitor", "deal")] == 101
    assert deal.fields["competitor"] == "Initech"
    with pytest.raises(Refused, match="not a value"):
        await change(rig, deal, competitor="Hooli")
    assert (await change(rig, deal, competitor=None)).fields["competitor"] is None


async def test_a_field_the_account_lacks_is_named(rig: Rig) -> None:
    with pytest.raises(Refused) as refused:
        await rig.make(Kind.ACCOUNT, name="Acme", description="x")
    assert refused.value.field == "description" and "admin" in refused.value.fix


async def test_a_deal_without_a_known_stage_can_still_be_changed(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.rows["deals"][int(deal.ref.id)]["stage_id"] = 99  # a stage of a pipeline that we may not see
    deal = await rig.reader.read(deal.ref)
    assert deal.fields["stage"] is None
    assert (await change(rig, deal, next_step="Call")).fields["next_step"] == "Call"


async def test_the_other_addresses_of_a_person_stay(rig: Rig, site: Site) -> None:
    two = [
        {"value": "ada@acme.de", "primary": True, "label": "work"},
        {"value": "ada@home.de", "primary": False, "label": "home"},
    ]
    row = site.fake.make("persons", {"name": "Ada Lind", "emails": two})
    ada = (await rig.feed())[0].popitem()[1]
    assert (ada.fields["email"], ada.fields["first_name"], ada.fields["last_name"]) == ("ada@acme.de", "Ada", "Lind")
    ada = await change(rig, ada, email="ada@new.de", last_name="Berg")
    assert [(each["value"], each["primary"], each["label"]) for each in row["emails"]] == [
        ("ada@new.de", True, "work"),
        ("ada@home.de", False, "home"),
    ]
    assert row["name"] == "Ada Berg"
    ada = await change(rig, ada, email="ada@home.de")
    assert [each["primary"] for each in row["emails"]] == [False, True]
    with pytest.raises(Refused, match="take its place"):
        await change(rig, ada, email=None)
    ada = await change(rig, ada, phone="+49 30 1")
    assert (await change(rig, ada, phone=None)).fields["phone"] is None and row["phones"] == []


async def test_a_meeting_stands_at_its_moment_in_utc_with_everyone_on_it(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    ada = await rig.make(Kind.CONTACT, last_name="Lind")
    ida = await rig.make(Kind.CONTACT, last_name="Lund")
    account = str(deal.fields["account"])
    made = await rig.make(
        Kind.ACTIVITY, type="meeting", subject="Demo", body="They liked it.", at=AT, status="done",
        opportunity=deal.ref.id, account=account, contacts=(ida.ref.id, ada.ref.id), owner="sam@seller.com",
    )  # fmt: skip
    sent = site.asked("POST", "/activities")[-1].body
    assert (sent["due_date"], sent["due_time"], sent["done"], sent["busy"]) == ("2026-09-23", "14:30:00", True, False)
    assert sent["participants"] == [
        {"person_id": int(ida.ref.id), "primary": True},
        {"person_id": int(ada.ref.id), "primary": False},
    ]
    assert (sent["deal_id"], sent["org_id"], sent["owner_id"]) == (int(deal.ref.id), int(account), 3)
    assert made.fields["at"] == AT and made.fields["contacts"] == (ida.ref.id, ada.ref.id)
    assert (made.fields["due"], made.fields["status"], made.fields["type"]) == (None, "done", "meeting")
    assert await rig.reader.read(made.ref) == made


async def test_a_task_has_a_day_and_remembers_when_it_was_promised(rig: Rig, site: Site) -> None:
    task = await rig.make(
        Kind.ACTIVITY, type="task", subject="Send the DPA", due=date(2026, 9, 25), at=AT, status="open", ours=False
    )
    row = site.fake.rows["activities"][int(task.ref.id)]
    assert (row["due_date"], row.get("due_time"), row["done"]) == ("2026-09-25", None, False)
    assert (task.fields["due"], task.fields["at"], task.fields["ours"]) == (date(2026, 9, 25), AT, False)
    done = await change(rig, task, status="done", due=date(2026, 9, 28), subject="Sent")
    assert (done.fields["status"], done.fields["due"], done.fields["at"]) == ("done", date(2026, 9, 28), AT)
    with pytest.raises(Refused, match="stays as it is"):
        await change(rig, done, opportunity="1")
    with pytest.raises(Refused, match="only a task"):
        await rig.make(Kind.ACTIVITY, type="call", subject="x", due=date(2026, 9, 25))
    call = await rig.make(Kind.ACTIVITY, type="call", subject="x", at=AT.replace(second=7, microsecond=1))
    assert call.fields["at"] == AT.replace(second=7, microsecond=1)
    assert site.asked("POST", "/activities")[-1].body["due_time"] == "14:30:07"
    with pytest.raises(Refused, match="whole seconds"):
        await change(rig, await rig.make(Kind.ACTIVITY, type="call", subject="y"), at=AT.replace(microsecond=1))


async def test_a_note_hangs_on_deal_account_and_people(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    ada = await rig.make(Kind.CONTACT, last_name="Lind")
    ida = await rig.make(Kind.CONTACT, last_name="Lund")
    note = await rig.make(
        Kind.ACTIVITY, "op-note", type="note", subject="Call & <more>", body=HOSTILE, opportunity=deal.ref.id,
        account=str(deal.fields["account"]), contacts=(ada.ref.id, ida.ref.id), at=AT,
    )  # fmt: skip
    assert note.ref.id.startswith("n") and len(site.fake.rows["activities"]) == 0
    assert note.text("subject") == "Call & <more>" and note.text("body").startswith(HOSTILE + "\n")
    assert "op op-note;" in note.text("body") and note.fields["at"] == AT
    assert note.fields["contacts"] == (ada.ref.id, ida.ref.id)
    row = site.fake.rows["notes"][int(note.ref.id[1:])]
    assert (row["deal_id"], row["person_id"]) == (int(deal.ref.id), int(ada.ref.id))
    assert "<script" not in row["content"] and "<b>&amp;" not in row["content"].partition("<br>")[2]
    after = await change(rig, note, body="Shorter.")
    assert after.text("subject") == "Call & <more>" and after.text("body").startswith("Shorter.\n-- gangly holds: ")
    with pytest.raises(Refused, match="nothing to do"):
        await rig.make(Kind.ACTIVITY, type="note", subject="x", status="open", opportunity=deal.ref.id)
    with pytest.raises(Refused, match="stays as it is"):
        await change(rig, after, owner="sam@seller.com")


async def test_a_colleagues_layout_is_read_as_text(rig: Rig, site: Site) -> None:
    deal = site.fake.make("deals", {"title": "D"})
    html = "<p>First&nbsp;call</p><ul><li>wants <b>SSO</b></li></ul><script>alert(1)</script>"
    site.fake.make("notes", {"content": html, "deal_id": deal["id"]}, by=2)
    site.fake.make(
        "activities", {"subject": "Lunch", "type": "lunch", "note": "<div>nice</div>", "due_date": "2026-09-01"}
    )
    found = {each.text("subject"): each for each in (await rig.feed())[0].values() if each.ref.kind is Kind.ACTIVITY}
    note, lunch = found["First call"], found["Lunch"]
    assert "wants SSO" in note.text("body") and "alert" not in note.text("body") and "<" not in note.text("body")
    assert (lunch.fields["type"], lunch.text("body")) == ("Lunch", "nice")
    assert lunch.fields["at"] == datetime(2026, 9, 1, tzinfo=UTC) and lunch.fields["due"] is None


async def test_a_text_over_the_limit_is_refused_and_never_cut(rig: Rig, site: Site) -> None:
    field = (await rig.reader.describe(Kind.ACTIVITY)).field("body")
    assert field and field.max_length
    made = await rig.make(Kind.ACTIVITY, type="call", subject="x", body="é" * field.max_length)
    assert made.text("body").startswith("é" * field.max_length + "\n")
    with pytest.raises(Refused, match="characters") as refused:
        await rig.make(Kind.ACTIVITY, type="call", subject="x", body="é" * (field.max_length + 1))
    assert refused.value.field == "body" and len(site.fake.rows["activities"]) == 1


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_as_it_went(text: str) -> None:
    assert from_html(to_html(text)) == text
    row: dict[str, Any] = {"content": note_of("s" + text, text), "add_time": "2026-01-01 00:00:00"}
    words = pipedrive_map.Words(stages=(), pipelines={}, users={}, types={})
    values = activity.note_values(row, words)
    assert (values["subject"], values["body"] or "") == ("s" + text, text)


def test_lines_that_somebody_edited_hold_nothing() -> None:
    meta = WriteMeta(op_id="o", source="s", approved_by="a", approved_at=AT, trail_head="t")
    text = text_of("body", {"ours": True}, meta.footer(), 0)
    for body, ours in ((text, True), (text.replace("true", "maybe"), None), ('-- gangly holds: {"ours": 1}', None)):
        row = {"content": note_of("s", body), "add_time": "2026-01-01 00:00:00"}
        words = pipedrive_map.Words(stages=(), pipelines={}, users={}, types={})
        assert activity.note_values(row, words)["ours"] is ours


async def test_the_labels_of_a_customers_own_fields_are_taken(site: Site) -> None:
    from gangly_tui.connectors.record import pipedrive

    link = site.link(fields="opportunity.budget=Economic buyer")
    assert (await pipedrive.open_reader(link).describe(Kind.OPPORTUNITY)).field("budget").label == "Economic buyer"  # type: ignore[union-attr]
    with pytest.raises(ConfigError):
        pipedrive.open_reader(site.link(fields="opportunity.stage=Stage"))


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (Kind.ACCOUNT, "organizations"),
        (Kind.CONTACT, "persons"),
        (Kind.OPPORTUNITY, "deals"),
        (Kind.ACTIVITY, "activities"),
        (Kind.ACTIVITY, "notes"),
    ],
)
async def test_empty_is_null_or_nothing_or_left_out(site: Site, kind: Kind, path: str) -> None:
    """The description allows few nulls; accounts are known to answer with them all the same."""
    org = pipedrive_org.Org(site.link())
    moments = {"id": 7, "add_time": "2026-01-01T00:00:00Z", "update_time": "2026-01-01T00:00:00Z"}
    names = (*pipedrive_map.GUARDED[path], "custom_fields")
    left_out = await org.record(moments, kind, path)
    for empty in (None, ""):
        row = moments | dict.fromkeys(names, empty)
        found = await org.record(row, kind, path)
        assert found == left_out
    telling = {name: value for name, value in left_out.fields.items() if value not in (None, ())}
    assert set(telling) <= {"type", "status", "at"}


async def test_an_operation_is_found_among_very_many_activities_of_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipedrive_marks, "PAGE", 2)
    mine = await site.rig().make(Kind.ACTIVITY, "op-1", type="call", subject="Call")
    site.fake.rows["activities"][int(mine.ref.id)]["add_time"] = "2026-01-01T00:00:00Z"
    for each in range(12):
        site.fake.make("activities", {"subject": f"theirs {each}", "type": "call"}, by=2)
    after = site.rig().writer
    found = await after.find_op(Kind.ACTIVITY, "op-1")
    assert found is not None and found.ref == mine.ref
    assert await after.find_op(Kind.ACTIVITY, "op-12") is None, "not the beginning of another"


# -- the checks themselves: one negative case per description used

REQUESTS = [
    ("POST", "/api/v2/persons", {"name": "x", "org_id": "seven"}),
    ("PATCH", "/api/v2/persons/1", {"emails": "ada@acme.de"}),
    ("POST", "/api/v2/organizations", {"website": "acme.de"}),
    ("PATCH", "/api/v2/organizations/1", {"owner": 1}),
    ("POST", "/api/v2/deals", {"title": "x", "expected_close_date": "soon"}),
    ("PATCH", "/api/v2/deals/1", {"value": "41000"}),
    ("PATCH", "/api/v2/deals/1", {"expected_close_date": None}),
    ("PUT", "/api/v2/deals/1", {"value": 1}),
    ("POST", "/api/v2/activities", {"subject": "x", "participants": [7]}),
    ("PATCH", "/api/v2/activities/1", {"done": "yes"}),
    ("POST", "/v1/notes", {"deal_id": 1}),
    ("PUT", "/v1/notes/1", {"content": 7}),
    ("GET", "/api/v2/deals?sort_by=updated", None),
    ("GET", "/api/v2/persons?limitt=5", None),
    ("GET", "/api/v2/organizations?limit=many", None),
    ("GET", "/api/v2/activities?custom_fields=x", None),
    ("GET", "/api/v2/persons/search?fields=email", None),
    ("GET", "/api/v2/persons/search?term=x&fields=mail", None),
    ("GET", "/api/v2/organizations/search?term=x&fields=website", None),
    ("GET", "/api/v2/itemSearch/field?term=x&entity_type=note&field=y", None),
    ("GET", "/v1/recents?items=deal", None),
    ("GET", "/v1/recents?since_timestamp=x&items=deal,note", None),
    ("GET", "/v1/notes?updated_since=yesterday", None),
    ("GET", "/v1/deals/one/changelog", None),
    ("DELETE", "/api/v2/deals", None),
]


@pytest.mark.shared
@pytest.mark.parametrize(("method", "target", "body"), REQUESTS, ids=lambda each: str(each)[:60])
def test_the_check_of_requests_bites(method: str, target: str, body: Any) -> None:
    headers = {"x-api-token": "t", "content-type": "application/json"}
    assert Watch().request(method, target, headers, body) != []


@pytest.mark.shared
def test_the_check_wants_a_sign_in() -> None:
    assert Watch().request("GET", "/api/v2/deals", {}, None) != []


ANSWERS = [
    ("GET", "/api/v2/deals/1", {"success": True, "data": {"id": "1"}}),
    ("GET", "/api/v2/deals", {"success": True, "data": [{"value": "12"}]}),
    ("PATCH", "/api/v2/deals/1", {"success": True, "data": {"stage_id": "Demo"}}),
    ("DELETE", "/api/v2/deals/1", {"success": True, "data": {"id": "x"}}),
    ("GET", "/api/v2/persons", {"success": True, "data": [{"emails": ["ada@acme.de"]}]}),
    ("POST", "/api/v2/persons", {"success": True, "data": {"org_id": None}}),
    ("GET", "/api/v2/organizations", {"success": True, "data": {"id": 1}}),
    ("GET", "/api/v2/activities/1", {"success": True, "data": {"done": 1}}),
    ("GET", "/api/v2/persons/search?term=x", {"success": True, "data": {"items": [{"item": {"id": "1"}}]}}),
    ("GET", "/api/v2/itemSearch/field?term=x", {"success": True, "data": {"id": 1}}),
    ("GET", "/api/v2/dealFields", {"success": True, "data": [{"field_name": "x"}]}),
    ("GET", "/api/v2/stages", {"success": True, "data": [{"pipeline_id": "1"}]}),
    ("GET", "/api/v2/pipelines", {"success": "yes"}),
    ("GET", "/v1/users", {"success": True, "data": [{"id": "1"}]}),
    ("GET", "/v1/users/me", {"success": True, "data": {"company_domain": 1}}),
    ("GET", "/v1/activityTypes", {"success": True, "data": [{"active_flag": "1"}]}),
    ("GET", "/v1/notes", {"success": True, "data": [{"deal_id": "7"}]}),
    ("DELETE", "/v1/notes/1", {"success": True, "data": {"id": 1}}),
    ("GET", "/v1/recents", {"success": True, "data": [{"item": "deal", "id": "7"}]}),
    ("GET", "/v1/deals/1/changelog", {"success": True, "data": [{"actor_user_id": "1"}]}),
]


@pytest.mark.shared
@pytest.mark.parametrize(("method", "target", "told"), ANSWERS, ids=lambda each: str(each)[:60])
def test_the_check_of_answers_bites(method: str, target: str, told: Any) -> None:
    assert Watch().answer(method, target, 200, told) != []
    assert Watch().answer(method, target, 400, {"success": False}) != [], "a refusal says why"
