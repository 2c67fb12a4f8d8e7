"""What hygiene reads and keeps: the open deals with what hangs on them, a picture a day, and the rep's marks on gaps.

Every question is one statement over the deals that are shown, never one a deal. A mark names a deal and a gap, no
person and no words: when the gap is closed, or the person erased, it says nothing any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from gangly_tui.domain.hygiene import DealFacts, StageSum
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.mail import MAIL_DAYS, Mail
from gangly_tui.domain.records import Kind, Record
from gangly_tui.store import mirror
from gangly_tui.store.codec import dump, instant, load, load_record
from gangly_tui.store.database import Connection, transaction
from gangly_tui.store.marks import marks_of

MOST = 500
"""Deals that are looked at in one go: the largest open ones."""
_KEPT_DAYS = 800
_STAYS = "stays kept up to"
_OVERLAP = timedelta(days=1)
"""What the CRM told late is looked at again: a stay is kept once."""
_OPEN = """system = ?1 AND kind = 'opportunity'
    AND substr(lower(coalesce(json_extract(body, '$[3].stage'), '')), 1, 6) <> 'closed'"""
"""As the index over them has it; so are the two below."""
_OWNED = "lower(json_extract(body, '$[3].owner')) IN (SELECT value FROM json_each(?2))"
_AMOUNT = "CAST(json_extract(body, '$[3].amount.n') AS REAL)"


def open_deals(
    db: Connection, system: str, owners: Sequence[str] = (), *, limit: int = MOST
) -> tuple[list[Record], int]:
    """The largest open deals of a system, and how many open ones there are; `owners` leaves only theirs."""
    where, values = (_OPEN, [system])
    if owners:
        where, values = f"{_OPEN} AND {_OWNED}", [system, json.dumps([each.lower() for each in owners])]
    (total,) = db.execute(f"SELECT count(*) FROM record INDEXED BY record_open_deal WHERE {where}", values).fetchone()
    rows = db.execute(
        f"""SELECT system, kind, id, body FROM record WHERE rid IN (
                SELECT rid FROM record INDEXED BY record_open_deal WHERE {where}
                ORDER BY {_AMOUNT} DESC, rid LIMIT {int(limit)})
            ORDER BY {_AMOUNT} DESC, rid""",
        values,
    )
    return [load_record(*row) for row in rows], total


def facts(db: Connection, deals: Sequence[Record], now: datetime) -> list[DealFacts]:
    """What hangs on these deals, of one system: people, the last touch, open tasks, bounces, the rep's marks."""
    if not deals:
        return []
    system = deals[0].ref.system
    ids = list(dict.fromkeys(each for deal in deals for each in deal.ids("contacts")))
    people = {each.ref.id: each for each in mirror.get_records(db, system, Kind.CONTACT, ids)}
    targets = [str(deal.ref) for deal in deals] + [f"{system}:contact:{each}" for each in ids]
    touched = _touched(db, targets, now)
    boxes = {each: mailbox(person.text("email")) for each, person in people.items()}
    mailed = _mailed(db, set(boxes.values()) - {""}, now)
    bounced = _bounced(db, now, mailed)
    tasks = _open_tasks(db, [str(deal.ref) for deal in deals])
    marks = marks_of(db, [str(deal.ref) for deal in deals], now.date())
    found = []
    for deal in deals:
        on = [each for each in deal.ids("contacts") if each in people]
        touches = [touched.get(str(deal.ref)), *(touched.get(f"{system}:contact:{each}") for each in on)]
        touches += [mailed.get(boxes[each], (None, None))[0] for each in on]
        newest = max((each for each in touches if each is not None), default=None)
        found.append(
            DealFacts(
                deal=deal,
                contacts=tuple(people[each] for each in on),
                touched=_moment(newest).astimezone(now.tzinfo) if newest is not None else None,
                open_tasks=tasks.get(str(deal.ref), 0),
                bounced=frozenset(boxes[each] for each in on) & bounced,
                paused=frozenset(gap for gap, mark in marks.get(str(deal.ref), ()) if mark == "paused"),
                asked=frozenset(gap for gap, mark in marks.get(str(deal.ref), ()) if mark == "asked"),
            )
        )
    return found


def _touched(db: Connection, targets: Sequence[str], now: datetime) -> dict[str, int]:
    """By target: when the newest activity was that is no task and not ahead."""
    rows = db.execute(
        """SELECT each.value, (
               SELECT link.at FROM link CROSS JOIN record USING (rid)
               WHERE link.target = each.value AND link.role = 'activity' AND link.at <= ?2 AND record.type <> 'task'
               ORDER BY link.at DESC LIMIT 1) FROM json_each(?1) AS each""",
        (json.dumps(targets), instant(now)),
    )
    return {target: at for target, at in rows if at is not None}


def _mailed(db: Connection, boxes: Iterable[str], now: datetime) -> dict[str, tuple[int | None, int]]:
    """By mailbox: when the newest mail that arrived was, and the newest one that it wrote (0: none)."""
    rows = db.execute(
        """SELECT mailbox, max(mail_box.at) FILTER (WHERE NOT json_extract(body, '$.bounced')),
                  coalesce(max(mail_box.at) FILTER (WHERE NOT json_extract(body, '$.outgoing')
                      AND NOT json_extract(body, '$.bounced')), 0)
           FROM mail_box JOIN mail USING (rid)
           WHERE mailbox IN (SELECT value FROM json_each(?)) AND mail_box.at BETWEEN ? AND ? GROUP BY mailbox""",
        (json.dumps(sorted(boxes)), instant(now - timedelta(days=MAIL_DAYS)), instant(now)),
    )
    return {box: (newest, theirs) for box, newest, theirs in rows}


def _bounced(db: Connection, now: datetime, mailed: dict[str, tuple[int | None, int]]) -> frozenset[str]:
    """The mailboxes that a mail came back from, and that have not written since."""
    rows = db.execute(
        "SELECT body FROM mail WHERE json_extract(body, '$.bounced') AND at >= ? ORDER BY at",
        (instant(now - timedelta(days=MAIL_DAYS)),),
    )
    came_back: dict[str, int] = {}
    for (body,) in rows:
        mail = load(Mail, body)
        came_back |= {mailbox(each.email): instant(mail.at) for each in mail.to}
    return frozenset(box for box, at in came_back.items() if box and mailed.get(box, (0, 0))[1] <= at)


def _open_tasks(db: Connection, targets: Sequence[str]) -> dict[str, int]:
    rows = db.execute(
        """SELECT target, count(*) FROM link
           WHERE target IN (SELECT value FROM json_each(?)) AND role = 'open task' GROUP BY target""",
        (json.dumps(targets),),
    )
    return dict(rows.fetchall())


# -- a picture a day ------------------------------------------------------------------------------------------------


def has_day(db: Connection, day: date) -> bool:
    """Whether the picture of this day was taken."""
    return db.execute("SELECT 1 FROM hygiene_day WHERE day = ? LIMIT 1", (day.isoformat(),)).fetchone() is not None


def save_day(db: Connection, day: date, sums: Iterable[StageSum]) -> None:
    """Keep the day's picture, in place of one that was taken before. Those of years ago are forgotten."""
    with transaction(db):
        db.execute("DELETE FROM hygiene_day WHERE day = ?", (day.isoformat(),))
        db.executemany(
            "INSERT INTO hygiene_day VALUES (?, ?, ?, ?)",
            [(day.isoformat(), each.stage, each.currency, dump(each)) for each in sums],
        )
        db.execute("DELETE FROM hygiene_day WHERE day < ?", ((day - timedelta(days=_KEPT_DAYS)).isoformat(),))


def days(db: Connection, since: date) -> list[tuple[date, list[StageSum]]]:
    """The pictures from a day on, oldest first."""
    found: dict[str, list[StageSum]] = {}
    rows = db.execute("SELECT day, body FROM hygiene_day WHERE day >= ? ORDER BY day", (since.isoformat(),))
    for day, body in rows:
        found.setdefault(day, []).append(load(StageSum, body))
    return [(date.fromisoformat(day), sums) for day, sums in found.items()]


def deals_to_keep(db: Connection, most: int = 10_000) -> Iterator[list[int]]:
    """The rows of the deals that changed or came in since `stays_kept`, all the first time; so many at a time."""
    highest, _, said = mirror.cursor(db, _STAYS).partition(" ")
    since = instant(datetime.fromisoformat(said) - _OVERLAP) if said else 0
    at = rid = -1
    while True:
        rows = db.execute(
            """SELECT at, rid FROM record INDEXED BY record_deal_at WHERE kind = 'opportunity'
               AND (at, rid) > (?, ?) AND (at >= ? OR rid > ?) ORDER BY at, rid LIMIT ?""",
            (at, rid, since, int(highest or 0), most),
        ).fetchall()
        if rows:
            yield sorted(each for _, each in rows)
            at, rid = rows[-1]
        if len(rows) < most:
            return


def keep_stays(db: Connection, system: str, rids: Sequence[int]) -> None:
    """Note since when each of these deals is in its stage; the one it was in before it has left by then.

    Of the closed ones only those are looked at that were seen open.
    """
    with transaction(db):
        db.execute(
            """INSERT OR IGNORE INTO stage_stay SELECT deal, stage, since, NULL FROM (
                   SELECT system || ':opportunity:' || id AS deal, json_extract(body, '$[3].stage') AS stage,
                       json_extract(body, '$[3].stage_since.d') AS since FROM record
                   WHERE rid IN (SELECT value FROM json_each(?)) AND +kind = 'opportunity' AND +system = ?) AS seen
               WHERE stage <> '' AND since IS NOT NULL AND (substr(lower(stage), 1, 6) <> 'closed' OR EXISTS (
                   SELECT 1 FROM stage_stay AS here WHERE here.deal = seen.deal AND here.until IS NULL))""",
            (json.dumps(rids), system),
        )
        db.execute(
            """UPDATE stage_stay SET until = later.since FROM stage_stay AS later
               WHERE stage_stay.deal IN (
                   SELECT system || ':opportunity:' || id FROM record WHERE rid IN (SELECT value FROM json_each(?)))
                 AND stage_stay.until IS NULL AND later.deal = stage_stay.deal AND later.stage <> stage_stay.stage
                 AND later.since >= stage_stay.since
                 AND later.since = (SELECT min(next.since) FROM stage_stay AS next WHERE next.deal = stage_stay.deal
                     AND next.stage <> stage_stay.stage AND next.since >= stage_stay.since)""",
            (json.dumps(rids),),
        )


def stays_kept(db: Connection, now: datetime) -> None:
    """All deals that are here now were looked at."""
    (highest,) = db.execute("SELECT coalesce(max(rid), 0) FROM record").fetchone()
    mirror.set_cursor(db, _STAYS, f"{highest} {now.isoformat()}")


def stays(db: Connection) -> dict[str, list[int]]:
    """By stage, the days that deals stayed before they left it."""
    found: dict[str, list[int]] = {}
    rows = db.execute(
        "SELECT stage, CAST(julianday(until) - julianday(since) AS INTEGER) FROM stage_stay WHERE until IS NOT NULL"
    )
    for stage, count in rows:
        found.setdefault(stage, []).append(count)
    return found


def _moment(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
