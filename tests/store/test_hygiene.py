"""What hygiene reads in one go and keeps: touches, tasks, bounces, marks, a picture a day, how long stages last."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from gangly_tui.domain.hygiene import DealFacts, StageSum
from gangly_tui.domain.mail import Address, Mail
from gangly_tui.domain.records import Kind, Record, RecordRef, Value
from gangly_tui.store import hygiene, marks, mirror
from gangly_tui.store import mail as mails
from gangly_tui.store.database import Connection

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)


def put(db: Connection, kind: Kind, identifier: str, **fields: Value) -> Record:
    ref = RecordRef(system="sandbox", kind=kind, id=identifier)
    record = Record(ref=ref, version="1", fields=fields, updated_at=NOW - timedelta(days=300))
    mirror.save_records(db, [record])
    return record


def deal(db: Connection, identifier: str = "d1", **fields: Value) -> Record:
    usual: dict[str, Value] = {"stage": "Demo", "amount": Decimal(100), "owner": "Robin@x.example", "contacts": ("c1",)}
    return put(db, Kind.OPPORTUNITY, identifier, **{**usual, **fields})


def touch(db: Connection, identifier: str, days: int, **fields: Value) -> None:
    at = NOW - timedelta(days=days)
    usual: dict[str, Value] = {"type": "call", "at": at, "status": "done"}
    put(db, Kind.ACTIVITY, identifier, **{**usual, **fields})


def write(db: Connection, identifier: str, days: int, sender: str, to: str, **fields: bool) -> None:
    mail = Mail(
        id=identifier, system="google", thread_id="t", message_id=f"<{identifier}>", at=NOW - timedelta(days=days),
        sender=Address(email=sender), to=(Address(email=to),), **fields,
    )  # fmt: skip
    mails.save_mails(db, [mail])


def only(db: Connection, record: Record) -> DealFacts:
    (found,) = hygiene.facts(db, [record], NOW)
    return found


def test_open_deals_are_the_largest_first_of_one_owner_and_counted(db: Connection) -> None:
    deal(db, "small", amount=Decimal("9.5"))
    deal(db, "none", amount=None)
    deal(db, "big", amount=Decimal("1000000"))
    deal(db, "won", stage="Closed Won")
    deal(db, "hers", owner="kim@x.example")
    found, total = hygiene.open_deals(db, "sandbox", ["robin@x.example"])
    assert ([each.ref.id for each in found], total) == (["big", "small", "none"], 3)
    found, total = hygiene.open_deals(db, "sandbox", limit=2)
    assert ([each.ref.id for each in found], total) == (["big", "hers"], 4)
    assert hygiene.open_deals(db, "other") == ([], 0)


def test_the_last_touch_is_of_the_deal_its_people_or_a_mail_and_never_a_task_or_ahead(db: Connection) -> None:
    put(db, Kind.CONTACT, "c1", last_name="Lind", email="ada@acme.example")
    record = deal(db)
    assert only(db, record).touched is None
    touch(db, "a1", 40, opportunity="d1")
    touch(db, "task", 3, type="task", opportunity="d1")
    touch(db, "ahead", -3, opportunity="d1")
    assert only(db, record).touched == NOW - timedelta(days=40)
    touch(db, "a2", 30, contacts=("c1",))
    assert only(db, record).touched == NOW - timedelta(days=30)
    write(db, "m1", 20, "robin@x.example", "ada@acme.example", outgoing=True)
    assert only(db, record).touched == NOW - timedelta(days=20)
    write(db, "m2", 2, "daemon@x.example", "ada@acme.example", bounced=True)
    assert only(db, record).touched == NOW - timedelta(days=20), "what came back touched nobody"


def test_an_open_task_counts_and_a_done_one_does_not(db: Connection) -> None:
    record = deal(db)
    touch(db, "t1", 1, type="task", status="open", opportunity="d1", due=date(2026, 12, 1))
    touch(db, "t2", 1, type="task", status="done", opportunity="d1")
    assert only(db, record).open_tasks == 1


def test_a_bounce_holds_until_they_write_again(db: Connection) -> None:
    put(db, Kind.CONTACT, "c1", last_name="Lind", email="Ada@acme.example")
    record = deal(db)
    write(db, "m0", 9, "ada@acme.example", "robin@x.example")
    write(db, "m1", 8, "daemon@x.example", "ada@acme.example", bounced=True)
    assert only(db, record).bounced == {"ada@acme.example"}
    write(db, "m2", 7, "ada@acme.example", "robin@x.example")
    assert only(db, record).bounced == frozenset()


def test_marks_are_of_one_deal_and_a_pause_ends(db: Connection) -> None:
    one, other = deal(db, "d1", account="a1"), deal(db, "d2", account="a1")
    marks.mark(db, one, "no next step", "paused", NOW.date() + timedelta(days=1))
    marks.mark(db, one, "field:pain", "asked")
    found = hygiene.facts(db, [one, other], NOW)
    assert [(each.paused, each.asked) for each in found] == [
        ({"no next step"}, {"field:pain"}),
        (frozenset(), frozenset()),
    ]
    assert hygiene.facts(db, [one], NOW + timedelta(days=1))[0].paused == frozenset()
    assert marks.asked_of(db, "sandbox:account:a1") == [("sandbox:opportunity:d1", "field:pain")]
    marks.unmark(db, one, "field:pain", "asked")
    assert marks.asked_of(db, "sandbox:account:a1") == []


def test_old_marks_are_forgotten_with_their_deal_or_their_time(db: Connection) -> None:
    one, gone = deal(db, "d1"), deal(db, "d2")
    marks.mark(db, one, "over", "paused", NOW.date())
    marks.mark(db, one, "waits", "paused", NOW.date() + timedelta(days=1))
    marks.mark(db, gone, "asked", "asked")
    mirror.remove_records(db, [gone.ref])
    marks.forget_old(db, NOW.date())
    assert db.execute("SELECT gap FROM gap_mark").fetchall() == [("waits",)]


def test_a_day_is_kept_once_and_read_back(db: Connection) -> None:
    one = StageSum(
        stage="Demo", currency="EUR", deals=3, with_gaps=2, gaps=5, amount=Decimal("10.50"), at_risk=Decimal(4)
    )
    today = NOW.date()
    assert not hygiene.has_day(db, today)
    hygiene.save_day(db, today - timedelta(days=900), [one])
    hygiene.save_day(db, today, [one])
    hygiene.save_day(db, today, [one])
    assert hygiene.days(db, today - timedelta(days=1000)) == [(today, [one])], "what is years old is forgotten"


def _look(db: Connection, now: datetime) -> int:
    """As a day's picture does it; how many deals it looked at."""
    looked = 0
    for rids in hygiene.deals_to_keep(db, most=2):
        hygiene.keep_stays(db, "sandbox", rids)
        looked += len(rids)
    hygiene.stays_kept(db, now)
    return looked


def test_only_what_changed_or_came_in_is_looked_at_again(db: Connection) -> None:
    for name in ("d1", "d2", "d3"):
        deal(db, name, stage="Demo", stage_since=date(2026, 9, 1))
    assert _look(db, NOW + timedelta(days=30)) == 3
    assert _look(db, NOW + timedelta(days=31)) == 0
    deal(db, "d4", stage="Demo", stage_since=date(2026, 9, 1))  # from long ago, by a first pull that went on
    assert _look(db, NOW + timedelta(days=31)) == 1
    changed = mirror.get_record(db, RecordRef(system="sandbox", kind=Kind.OPPORTUNITY, id="d2"))
    assert changed is not None
    fields = {**changed.fields, "stage": "Proposal", "stage_since": date(2026, 9, 5)}
    mirror.save_records(db, [replace(changed, version="9", fields=fields, updated_at=NOW + timedelta(days=31))])
    assert _look(db, NOW + timedelta(days=32)) == 1
    assert hygiene.stays(db) == {"Demo": [4]}


def test_a_stay_ends_when_the_deal_is_seen_in_the_next_stage(db: Connection) -> None:
    deal(db, stage="Demo", stage_since=date(2026, 9, 1))
    _look(db, LONG_AGO)
    _look(db, LONG_AGO)
    assert hygiene.stays(db) == {}, "it has not left yet"
    deal(db, stage="Proposal", stage_since=date(2026, 9, 15))
    _look(db, LONG_AGO)
    deal(db, stage="Closed Won", stage_since=date(2026, 10, 1))
    _look(db, LONG_AGO)
    assert hygiene.stays(db) == {"Demo": [14], "Proposal": [16]}
