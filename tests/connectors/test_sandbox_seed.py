"""The fiction of the sandbox: as large and as varied as it says, tied together, and fresh on any day."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gangly_tui.connectors.demo import demo_day, demo_folder
from gangly_tui.connectors.engagement.sandbox import SandboxCalendar
from gangly_tui.connectors.record import sandbox_db
from gangly_tui.connectors.record.rules import REFERS_TO, validate
from gangly_tui.connectors.record.sandbox_schema import STAGES
from gangly_tui.connectors.record.sandbox_seed import seed, seeded_on
from gangly_tui.domain.identity import mailbox, registrable_domain
from gangly_tui.domain.records import Kind, Meeting, Record

TODAY = date(2026, 3, 2)
ZONE = ZoneInfo("Europe/Berlin")
CALLS = {
    "harbor-pine.vtt", "kestrel-shorthand.txt", "bluewater-two-deals.md", "moravia-alias.txt",
    "fenwick-retraction.txt", "solace-nothing.txt",
}  # fmt: skip


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seed") / "crm.db"
    seed(path, TODAY, ZONE)
    return path


@pytest.fixture(scope="module")
def held(crm: Path) -> Iterator[list[Record]]:
    db = sandbox_db.open_crm(crm)
    found, gone, _ = sandbox_db.page_after(db, 0, 10_000)
    assert gone == []
    yield found
    db.close()


def of(held: list[Record], kind: Kind) -> list[Record]:
    return [each for each in held if each.ref.kind is kind]


def test_it_is_as_large_as_a_company(held: list[Record]) -> None:
    counts = Counter(each.ref.kind for each in held)
    assert counts[Kind.ACCOUNT] == 40
    assert counts[Kind.CONTACT] == 153
    assert counts[Kind.OPPORTUNITY] == 60
    assert counts[Kind.ACTIVITY] > 400


def test_its_deals_are_in_all_stages_and_most_are_open(held: list[Record]) -> None:
    stages = Counter(str(each.fields["stage"]) for each in of(held, Kind.OPPORTUNITY))
    assert set(stages) == set(STAGES)
    assert sum(count for stage, count in stages.items() if not stage.startswith("Closed")) > 30


def test_its_activities_cover_a_year_and_none_is_from_tomorrow(held: list[Record]) -> None:
    moments = [each.fields["at"] for each in of(held, Kind.ACTIVITY)]
    days = sorted(each.date() for each in moments if isinstance(each, datetime))
    assert (TODAY - days[0]).days > 330
    assert days[-1] <= TODAY
    months = {(each.year, each.month) for each in days}
    assert len(months) >= 12, "no month without a touch"


def test_each_record_would_pass_the_crms_own_checks(crm: Path, held: list[Record]) -> None:
    db = sandbox_db.open_crm(crm)
    there = {(each.ref.kind, each.ref.id) for each in held}
    for each in held:
        schema = sandbox_db.describe(db, each.ref.kind)
        writable = {name: value for name, value in each.fields.items() if not schema.field(name).read_only}  # type: ignore[union-attr]
        validate(schema, writable, each.fields, lambda kind, identifier: (kind, identifier) in there)
    db.close()


def test_everything_it_links_to_is_there(held: list[Record]) -> None:
    there = {(each.ref.kind, each.ref.id) for each in held}
    for each in held:
        for name, kind in REFERS_TO.items():
            assert {(kind, identifier) for identifier in each.ids(name)} <= there, each.ref


def test_people_work_where_their_address_says(held: list[Record]) -> None:
    domains = {each.ref.id: str(each.fields["domain"]) for each in of(held, Kind.ACCOUNT)}
    people = [each for each in of(held, Kind.CONTACT) if each.text("email")]
    elsewhere = [
        each.title
        for each in people
        if registrable_domain(each.text("email")) != registrable_domain(domains[each.ids("account")[0]])
    ]
    assert elsewhere == []
    boxes = [mailbox(each.text("email")) for each in people]
    assert len(set(boxes)) == len(people) and all(boxes)
    assert 130 < len(people) < 153, "as in any CRM, some have no address"


def test_no_address_or_domain_can_belong_to_anybody(held: list[Record]) -> None:
    """RFC 2606: names below .example are nobody's."""
    domains = {each.text("domain") for each in of(held, Kind.ACCOUNT)}
    assert [each for each in domains if not each.endswith(".example")] == []


def test_it_is_put_in_once_and_never_over_something_else(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    assert seeded_on(path) is None
    assert seed(path, TODAY, ZONE) > 600
    assert seed(path, TODAY + timedelta(days=1), ZONE) == 0
    assert seeded_on(path) == TODAY


def test_the_same_day_gives_the_same_company(tmp_path: Path, held: list[Record]) -> None:
    path = tmp_path / "crm.db"
    seed(path, TODAY, ZONE)
    db = sandbox_db.open_crm(path)
    again, _, _ = sandbox_db.page_after(db, 0, 10_000)
    db.close()
    assert again == held


def on(day: date) -> list[Meeting]:
    calendar = SandboxCalendar(ZONE, lambda: day)
    start = datetime.combine(day, time(), tzinfo=ZONE)
    return list(asyncio.run(calendar.meetings(start, start + timedelta(days=1))).meetings)


@pytest.mark.parametrize("day", [TODAY, date(2026, 3, 29), date(2026, 10, 25), date(2028, 2, 29)])
def test_every_day_is_a_working_day_of_calls(day: date) -> None:
    found = on(day)
    assert len(found) >= 6
    assert all(each.start.date() == day and each.start < each.end for each in found)
    assert len({each.id for each in found}) == len(found)
    assert all(7 <= each.start.hour < 19 for each in found)
    assert on(day + timedelta(days=1))[0].id != found[0].id


def test_the_calls_are_of_different_kinds_and_each_belongs_to_a_meeting(held: list[Record]) -> None:
    files = {each.name for each in (demo_folder() / "calls").iterdir()}
    assert files == CALLS
    assert {entry["call"] for entry in demo_day()["meeting"] if "call" in entry} == CALLS
    calendar = SandboxCalendar(ZONE, lambda: TODAY)
    texts = {each.meeting_id: each.text for each in asyncio.run(calendar.transcripts(on(TODAY), {}))}
    assert len([text for text in texts.values() if text]) == 6
    assert (demo_folder() / "calls" / "harbor-pine.vtt").read_text(encoding="utf-8").startswith("WEBVTT")


def test_an_alias_of_a_known_contact_is_in_a_call(held: list[Record]) -> None:
    text = (demo_folder() / "calls" / "moravia-alias.txt").read_text(encoding="utf-8")
    aliases = [word.strip("<>(),.;:") for word in text.split() if "+" in word and "@" in word]
    assert aliases
    known = {mailbox(each.text("email")) for each in of(held, Kind.CONTACT)}
    assert {mailbox(each) for each in aliases} & known


def test_two_open_deals_fit_the_call_that_says_so(held: list[Record]) -> None:
    entry = next(each for each in demo_day()["meeting"] if each.get("call") == "bluewater-two-deals.md")
    domain = entry["with"][0].rsplit("@", 1)[1].rstrip(">")
    (account,) = [each for each in of(held, Kind.ACCOUNT) if each.text("domain") == domain]
    fits = [
        each
        for each in of(held, Kind.OPPORTUNITY)
        if each.ids("account") == (account.ref.id,) and not each.text("stage").startswith("Closed")
    ]
    assert len(fits) == 2


async def test_an_instant_before_utc_midnight_is_still_the_local_day() -> None:
    calendar = SandboxCalendar(ZoneInfo("Pacific/Auckland"), lambda: TODAY)
    start = datetime(2026, 3, 2, tzinfo=ZoneInfo("Pacific/Auckland")).astimezone(UTC)
    found = (await calendar.meetings(start, start + timedelta(days=1))).meetings
    assert {each.start.date() for each in found} == {TODAY}


async def test_a_meeting_of_the_day_after_is_moved_after_the_first_look() -> None:
    day = TODAY
    calendar = SandboxCalendar(ZONE, lambda: day)
    start = datetime.combine(TODAY, time(), tzinfo=ZONE)

    async def look(since: str) -> tuple[dict[str, datetime], str]:
        feed = await calendar.meetings(start, start + timedelta(days=5), since)
        return {each.id: each.start for each in feed.meetings}, feed.cursor

    first, cursor = await look("")
    later, same = await look(cursor)
    moved = [name for name in first if first[name] != later[name]]
    assert (len(moved), first.keys() == later.keys(), same) == (1, True, cursor)
    assert "hearthstone" in moved[0] and (await look(cursor))[0] == later
    day += timedelta(days=1)
    assert (await look(cursor))[1] != cursor, "another day begins anew"
