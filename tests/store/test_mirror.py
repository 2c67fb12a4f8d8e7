"""The mirror answers what a brief asks, and a second pull of the same rows writes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gangly_tui.domain.records import FieldSchema, FieldType, Kind, ObjectSchema, Record
from gangly_tui.store import mirror
from gangly_tui.store.database import Connection, transaction
from tests.store import made

ACCOUNT = made.ref(Kind.ACCOUNT, "a1")
DAY = timedelta(days=1)


def activity(identifier: str, sort: str = "call", *, at: datetime | None = made.NOW, **fields: object) -> Record:
    return made.record(Kind.ACTIVITY, identifier, type=sort, at=at, **fields)  # type: ignore[arg-type]


def ids(records: list[Record]) -> list[str]:
    return [each.ref.id for each in records]


def test_only_what_differs_is_written(db: Connection) -> None:
    records = [made.record(Kind.ACCOUNT, f"a{number}", name="x") for number in range(5)]
    assert mirror.save_records(db, iter(records)) == 5
    before = db.execute("SELECT total_changes()").fetchone()
    assert mirror.save_records(db, records) == 0
    assert db.execute("SELECT total_changes()").fetchone() == before
    assert mirror.save_records(db, [*records[:4], made.record(Kind.ACCOUNT, "a4", name="y")]) == 1
    assert mirror.count(db, Kind.ACCOUNT) == 5


def test_of_one_record_twice_in_a_page_the_last_counts(db: Connection) -> None:
    mirror.save_records(db, [made.record(Kind.ACCOUNT, "a1", name=name) for name in ("old", "new")])
    assert mirror.get_record(db, ACCOUNT).title == "new"


def test_more_than_a_batch_comes_in_whole(db: Connection) -> None:
    records = [made.record(Kind.CONTACT, f"c{number:05d}", account="a1") for number in range(mirror.BATCH + 5)]
    assert mirror.save_records(db, records) == len(records)
    assert mirror.all_records(db, Kind.CONTACT, limit=3, offset=mirror.BATCH + 3) == records[-2:]
    assert len(mirror.linked(db, ACCOUNT, Kind.CONTACT, limit=5000)) == len(records)


def test_the_same_id_in_two_systems_and_kinds_is_four_records(db: Connection) -> None:
    refs = [made.ref(kind, "1", system) for system in ("sandbox", "other") for kind in (Kind.ACCOUNT, Kind.CONTACT)]
    records = [Record(ref=each, version="1", fields={"name": str(each)}, updated_at=made.NOW) for each in refs]
    mirror.save_records(db, records)
    assert [mirror.get_record(db, each) for each in refs] == records
    mirror.remove_records(db, [refs[0], made.ref(Kind.ACCOUNT, "unknown")])
    assert [mirror.get_record(db, each) for each in refs] == [None, *records[1:]]


def test_records_come_in_the_order_asked_for(db: Connection) -> None:
    mirror.save_records(db, [made.record(Kind.CONTACT, each) for each in "abc"])
    assert ids(mirror.get_records(db, "sandbox", Kind.CONTACT, ["c", "missing", "a"])) == ["c", "a"]


def test_identity_finds_people_and_companies(db: Connection) -> None:
    mirror.save_records(
        db,
        [
            made.record(Kind.CONTACT, "c1", email="Jane+news@ACME.co.uk"),
            made.record(Kind.CONTACT, "c2", email="jane@acme.co.uk", updated=made.NOW + DAY),
            made.record(Kind.CONTACT, "c3", email="no address"),
            made.record(Kind.CONTACT, "c4", email=None),
            made.record(Kind.ACCOUNT, "a1", domain="https://www.acme.co.uk/about"),
            made.record(Kind.ACCOUNT, "a2", domain=""),
        ],
    )
    assert {box: each.ref.id for box, each in mirror.contacts_by_mailbox(db, ["jane@acme.co.uk", "", "x"]).items()} == {
        "jane@acme.co.uk": "c2"
    }
    assert ids(mirror.accounts_by_domain(db, ["acme.co.uk", ""])) == ["a1"]
    mirror.save_records(db, [made.record(Kind.CONTACT, "c2", email="new@acme.co.uk", updated=made.NOW + DAY)])
    assert mirror.contacts_by_mailbox(db, ["jane@acme.co.uk"])["jane@acme.co.uk"].ref.id == "c1"
    assert "new@acme.co.uk" in mirror.contacts_by_mailbox(db, ["new@acme.co.uk"])


def test_of_several_contacts_with_one_mailbox_the_latest_change_counts(db: Connection) -> None:
    mirror.save_records(
        db,
        [
            made.record(Kind.CONTACT, "new", updated=made.NOW, email="j@acme.com"),
            made.record(Kind.CONTACT, "old", updated=made.NOW - DAY, email="j+x@acme.com"),
        ],
    )
    assert mirror.contacts_by_mailbox(db, ["j@acme.com"])["j@acme.com"].ref.id == "new"


def test_links_go_by_time_whatever_the_zone(db: Connection) -> None:
    east = timezone(timedelta(hours=9))
    mirror.save_records(
        db,
        [
            activity("later", at=datetime(2026, 1, 1, 12, tzinfo=UTC), account="a1"),
            activity("earlier", at=datetime(2026, 1, 1, 20, 59, tzinfo=east), account="a1"),
            activity("without", at=None, account="a1"),
            activity("elsewhere", account="a2"),
        ],
    )
    assert ids(mirror.linked(db, ACCOUNT, Kind.ACTIVITY, limit=9)) == ["without", "later", "earlier"]
    assert ids(mirror.linked(db, ACCOUNT, Kind.ACTIVITY, limit=1, newest_first=False)) == ["earlier"]
    assert mirror.linked(db, ACCOUNT, Kind.CONTACT, limit=9) == []


def test_links_follow_a_record_that_changes_or_goes(db: Connection) -> None:
    mirror.save_records(db, [activity("x", account="a1", contacts=("c1", "c2", "c1"), opportunity="o1")])
    for target in (ACCOUNT, made.ref(Kind.CONTACT, "c1"), made.ref(Kind.OPPORTUNITY, "o1")):
        assert ids(mirror.linked(db, target, Kind.ACTIVITY, limit=9)) == ["x"]
    mirror.save_records(db, [activity("x", account="a2", contacts=("c2",))])
    assert mirror.linked(db, ACCOUNT, Kind.ACTIVITY, limit=9) == []
    assert mirror.linked(db, made.ref(Kind.CONTACT, "c1"), Kind.ACTIVITY, limit=9) == []
    assert ids(mirror.linked(db, made.ref(Kind.CONTACT, "c2"), Kind.ACTIVITY, limit=9)) == ["x"]
    mirror.remove_records(db, [made.ref(Kind.ACTIVITY, "x")])
    assert db.execute("SELECT count(*) FROM link").fetchone() == (0,)


def test_a_deal_is_open_until_its_stage_is_closed(db: Connection) -> None:
    stages = {"o1": "Demo", "o2": "Closed Won", "o3": "closed_lost", "o4": None, "o5": "Disclosed"}
    mirror.save_records(
        db,
        [made.record(Kind.OPPORTUNITY, each, stage=stage, account="a1") for each, stage in stages.items()],
    )
    assert sorted(ids(mirror.open_deals(db, ACCOUNT))) == ["o1", "o4", "o5"]
    mirror.save_records(db, [made.record(Kind.OPPORTUNITY, "o1", stage="Closed Won", account="a1")])
    assert sorted(ids(mirror.open_deals(db, ACCOUNT))) == ["o4", "o5"]


def test_open_tasks_go_by_due_date_and_each_is_told_once(db: Connection) -> None:
    def task(identifier: str, due: date | None, status: str = "open", **more: object) -> Record:
        return activity(identifier, "task", due=due, status=status, **more)

    mirror.save_records(
        db,
        [
            task("none", None, account="a1"),
            task("late", date(2026, 12, 1), account="a1", opportunity="o1"),
            task("soon", date(2026, 11, 1), opportunity="o1"),
            task("done", date(2026, 10, 1), "done", account="a1"),
            task("other", date(2026, 10, 1), account="a2"),
            activity("call", status="open", account="a1"),
        ],
    )
    both = [ACCOUNT, made.ref(Kind.OPPORTUNITY, "o1")]
    assert ids(mirror.open_tasks(db, both)) == ["soon", "late", "none"]
    assert ids(mirror.open_tasks(db, both, limit=1)) == ["soon"]
    assert mirror.open_tasks(db, []) == []
    mirror.save_records(db, [task("late", date(2026, 12, 1), "done", account="a1", opportunity="o1")])
    assert ids(mirror.open_tasks(db, both)) == ["soon", "none"]


def test_the_last_touch_is_no_task_and_lies_before_the_moment(db: Connection) -> None:
    person = made.ref(Kind.CONTACT, "c1")
    mirror.save_records(
        db,
        [
            activity("old", at=made.NOW - 3 * DAY, contacts=("c1",)),
            activity("touch", "email", at=made.NOW - 2 * DAY, contacts=("c1", "c2")),
            activity("task", "task", at=made.NOW - DAY, contacts=("c1",)),
            activity("now", at=made.NOW, contacts=("c1",)),
        ],
    )
    found = mirror.last_touches(db, [person, made.ref(Kind.CONTACT, "c2"), made.ref(Kind.CONTACT, "c3")], made.NOW)
    assert {who: each.ref.id for who, each in found.items()} == {"c1": "touch", "c2": "touch"}


def test_field_lists_and_cursors_are_kept_by_name(db: Connection) -> None:
    stage = FieldSchema(name="stage", label="Stage", type=FieldType.PICKLIST, options=("Demo", "Won"))
    for options in ((), ("Demo",)):
        schema = ObjectSchema(kind=Kind.OPPORTUNITY, fields=(stage,) if options else ())
        mirror.save_schema(db, "sandbox", schema, made.NOW)
    assert mirror.schemas(db, "sandbox") == {Kind.OPPORTUNITY: schema}
    assert mirror.schemas(db, "other") == {}
    assert mirror.cursor(db, "sandbox") == ""
    mirror.set_cursor(db, "sandbox", "page 2")
    mirror.set_cursor(db, "sandbox", "page 3")
    assert mirror.cursor(db, "sandbox") == "page 3"


def test_a_page_that_fails_half_way_leaves_nothing_behind(db: Connection) -> None:
    def page():  # type: ignore[no-untyped-def]
        yield from (made.record(Kind.ACCOUNT, f"a{number}") for number in range(mirror.BATCH + 1))
        raise RuntimeError("the connection broke")

    with pytest.raises(RuntimeError), transaction(db):
        mirror.save_records(db, page())
    assert mirror.count(db, Kind.ACCOUNT) == 0
    assert db.execute("SELECT count(*) FROM words").fetchone() == (0,)


_PEOPLE = st.sampled_from(["c1", "c2", "c3"])
_ACTIVITIES = st.builds(
    lambda identifier, sort, status, people, account, minutes, due: activity(
        identifier,
        sort,
        status=status,
        contacts=tuple(people),
        account=account,
        at=made.NOW + timedelta(minutes=minutes),
        due=due,
    ),
    st.sampled_from(["x1", "x2", "x3", "x4"]),
    st.sampled_from(["call", "task"]),
    st.sampled_from(["open", "done"]),
    st.lists(_PEOPLE, max_size=3),
    st.sampled_from([None, "a1", "a2"]),
    st.integers(-3, 3),
    st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 3)),
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(pages=st.lists(st.lists(_ACTIVITIES, max_size=4), max_size=5), gone=st.sets(st.sampled_from(["x1", "x2"])))
def test_after_any_pulls_the_links_are_those_of_the_records(
    db: Connection, pages: list[list[Record]], gone: set[str]
) -> None:
    """Compared with what the answers are by definition, worked out from the records that stand."""
    standing: dict[str, Record] = {}
    db.execute("BEGIN IMMEDIATE")
    try:
        for page in pages:
            mirror.save_records(db, page)
            standing.update({each.ref.id: each for each in page})
        mirror.remove_records(db, [made.ref(Kind.ACTIVITY, each) for each in gone])
        left = [each for each in standing.values() if each.ref.id not in gone]
        for person in ("c1", "c2", "c3"):
            theirs = [each for each in left if person in each.ids("contacts")]
            ref = made.ref(Kind.CONTACT, person)
            found = mirror.linked(db, ref, Kind.ACTIVITY, limit=99)
            assert sorted(ids(found)) == sorted(ids(theirs))
            times = [each.fields["at"] for each in found]
            assert times == sorted(times, reverse=True)  # type: ignore[type-var]
            touches = [
                each.fields["at"] for each in theirs if each.text("type") != "task" and each.fields["at"] < made.NOW
            ]  # type: ignore[operator]
            last = mirror.last_touches(db, [ref], made.NOW).get(person)
            assert (last.fields["at"] if last else None) == max(touches, default=None)  # type: ignore[type-var]
        tasks = [each for each in left if (each.text("type"), each.text("status")) == ("task", "open")]
        mine = [each for each in tasks if each.text("account") == "a1"]
        found = mirror.open_tasks(db, [ACCOUNT])
        assert sorted(ids(found)) == sorted(ids(mine))
        due = [each.fields["due"] or date.max for each in found]
        assert due == sorted(due)  # type: ignore[type-var]
    finally:
        db.execute("ROLLBACK")
