"""Signals of the engagement layer: kept by their deduplication key, so that what was seen is not news again.

One that was dismissed, worked or has aged keeps its row, without its words once they have aged out.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from gangly_tui.domain.person import Person
from gangly_tui.domain.records import Kind, Record, RecordRef
from gangly_tui.domain.signals import CALLS, Signal, SignalKind, SignalState
from gangly_tui.store.codec import dump, instant, load, load_record, well_formed
from gangly_tui.store.database import Connection, transaction
from gangly_tui.store.index import Entry, reindex, signal_entry

AFTER_OPEN_DAYS = 7
"""How long a signal that was put off stays open at least, once it is back."""
_OPEN = "state = 'open' AND until <= ?1 AND expires_at > ?1"


def save_signals(db: Connection, signals: Iterable[Signal]) -> int:
    """Keep what is new; returns how many were. One that is here and open is brought up to date, any other is left."""
    new = 0
    with transaction(db):
        for each in signals:
            topic = well_formed(each.topic)
            there = db.execute("SELECT state, rid, body FROM signal WHERE id = ?", (each.id,)).fetchone()
            if there is None:
                if topic:
                    db.execute(
                        "UPDATE signal SET state = 'aged' WHERE topic = ? AND topic <> '' AND state = 'open'", (topic,)
                    )
                (rid,) = db.execute(
                    """INSERT INTO signal (id, kind, state, topic, at, expires_at, until, card, reason, body)
                       VALUES (?, ?, 'open', ?, ?, ?, 0, '', '', ?) RETURNING rid""",
                    (each.id, each.kind.value, topic, instant(each.at), instant(each.expires_at), dump(each)),
                ).fetchall()[0]
                reindex(db, (), [signal_entry(rid, each)])
                new += 1
            elif there[0] == SignalState.OPEN.value:
                db.execute(
                    "UPDATE signal SET expires_at = max(expires_at, ?), body = ? WHERE id = ?",
                    (instant(each.expires_at), dump(each), each.id),
                )
                reindex(db, _entries([there[1:]]), [signal_entry(there[1], each)])
    return new


def _entries(rows: Iterable[tuple[int, str]]) -> list[Entry]:
    """The words of signals in the index, by rid and body; one without words has none there."""
    return [signal_entry(rid, load(Signal, body)) for rid, body in rows if body]


def open_signals(db: Connection, now: datetime) -> list[Signal]:
    """What waits for the rep, newest first."""
    rows = db.execute(f"SELECT body FROM signal WHERE {_OPEN} ORDER BY at DESC, id", (instant(now),))
    return [load(Signal, body) for (body,) in rows]


def count_open(db: Connection, now: datetime) -> int:
    """How many wait for the rep."""
    return int(db.execute(f"SELECT count(*) FROM signal WHERE {_OPEN}", (instant(now),)).fetchone()[0])


def count_put_off(db: Connection, now: datetime) -> int:
    """How many come back later."""
    row = db.execute("SELECT count(*) FROM signal WHERE state = 'open' AND until > ?", (instant(now),)).fetchone()
    return int(row[0])


def find_signals(db: Connection, beginning: str) -> list[tuple[Signal, SignalState]]:
    """The signals whose id begins so, with where each stands; those without words are left out."""
    if not beginning.isalnum():
        return []
    rows = db.execute("SELECT body, state FROM signal WHERE id GLOB ? AND body <> '' ORDER BY id", (f"{beginning}*",))
    return [(load(Signal, body), SignalState(state)) for body, state in rows]


def call_title(db: Connection, call_id: str) -> str:
    """What Review calls the cards of a signal, raw; "" for what is no signal's."""
    if not call_id.startswith(CALLS):
        return ""
    found = find_signals(db, call_id.removeprefix(CALLS))
    return f"signal, {found[0][0].kind}: {found[0][0].title}" if found else "a signal that has aged out"


def set_worked(db: Connection, identifier: str, card_id: str) -> None:
    """The rep has turned it into cards; `card_id` is the task among them."""
    _move(db, identifier, SignalState.WORKED, card=card_id)


def set_dismissed(db: Connection, identifier: str, reason: str) -> None:
    """The rep wants none of it."""
    _move(db, identifier, SignalState.DISMISSED, reason=reason)


def set_open(db: Connection, identifier: str) -> None:
    """It waits for the rep again, from now on."""
    _move(db, identifier, SignalState.OPEN)
    db.execute("UPDATE signal SET until = 0 WHERE id = ?", (identifier,))


def _move(db: Connection, identifier: str, state: SignalState, *, card: str = "", reason: str = "") -> None:
    db.execute(
        "UPDATE signal SET state = ?, card = ?, reason = ? WHERE id = ?",
        (state.value, card, well_formed(reason), identifier),
    )


def put_off(db: Connection, identifier: str, until: datetime) -> None:
    """Show it again from a moment on, and for some days after it."""
    db.execute(
        "UPDATE signal SET until = ?, expires_at = max(expires_at, ?) WHERE id = ?",
        (instant(until), instant(until + timedelta(days=AFTER_OPEN_DAYS)), identifier),
    )


def settle(db: Connection) -> int:
    """Let the worked signals follow their tasks: landed is done, rejected is dismissed. Returns how many moved.

    A card that came back from the CRM has another id and `replaces` the one before: the signal follows it.
    """
    rows = db.execute(
        """SELECT signal.id, signal.card, proposal.state, delivery.state FROM signal
           LEFT JOIN proposal ON proposal.id = signal.card LEFT JOIN delivery ON delivery.op_id = signal.card
           WHERE signal.state = 'worked'"""
    ).fetchall()
    moved = 0
    with transaction(db):
        for identifier, card, decided, carried in rows:
            heir = db.execute(
                "SELECT id FROM proposal WHERE meeting_id = ? AND json_extract(body, '$.replaces') = ?",
                (f"{CALLS}{identifier}", card),
            ).fetchone()
            if heir:
                _move(db, identifier, SignalState.WORKED, card=heir[0])
            elif carried in ("sent", "shadowed"):
                _move(db, identifier, SignalState.DONE)
            elif decided == "rejected":
                _move(db, identifier, SignalState.DISMISSED, reason="its card was rejected")
            elif decided in (None, "superseded"):
                _move(db, identifier, SignalState.OPEN)
            else:
                continue
            moved += 1
    return moved


def over(db: Connection, kinds: Collection[SignalKind], still: Collection[str]) -> None:
    """The open signals of these kinds that do not hold any more are done."""
    db.execute(
        """UPDATE signal SET state = 'done', reason = 'no longer so' WHERE state = 'open'
           AND kind IN (SELECT value FROM json_each(?1)) AND id NOT IN (SELECT value FROM json_each(?2))""",
        (json.dumps([each.value for each in kinds]), json.dumps([*still])),
    )


def open_of(db: Connection, kind: SignalKind) -> list[Signal]:
    """The open signals of a kind, put off or not."""
    rows = db.execute("SELECT body FROM signal WHERE state = 'open' AND kind = ?", (kind.value,))
    return [load(Signal, body) for (body,) in rows]


def set_done(db: Connection, identifiers: Iterable[str]) -> None:
    """These have been seen to."""
    for each in identifiers:
        _move(db, each, SignalState.DONE, reason="no longer so")


def age_out(db: Connection, now: datetime, *, kept: timedelta) -> int:
    """Open signals whose time has passed are aged; whatever passed longer ago than `kept` loses its words."""
    with transaction(db):
        db.execute("UPDATE signal SET state = 'aged' WHERE state = 'open' AND expires_at <= ?", (instant(now),))
        rows = db.execute(
            """SELECT rid, body FROM signal
               WHERE body <> '' AND state IN ('done', 'dismissed', 'aged') AND expires_at <= ?""",
            (instant(now - kept),),
        ).fetchall()
        reindex(db, _entries(rows), ())
        db.executemany(
            "UPDATE signal SET body = '', reason = '', topic = '' WHERE rid = ?", [(rid,) for rid, _ in rows]
        )
    return len(rows)


def signals_with(db: Connection, person: Person) -> list[str]:
    """The ids of the signals that name this person."""
    rows = db.execute("SELECT id, body, reason FROM signal WHERE body <> ''")
    return [name for name, body, reason in rows if person.is_in_json(body) or person.is_in(reason)]


def forget_person(db: Connection, person: Person) -> int:
    """Forget every signal that names this person. Returns how many there were."""
    return forget_signals(db, signals_with(db, person))


def forget_signals(db: Connection, ids: Collection[str]) -> int:
    """Forget signals altogether. Returns how many there were."""
    return _forget(db, "id IN (SELECT value FROM json_each(?))", ids)


def forget_signals_from(db: Connection, sources: Collection[str]) -> int:
    """Forget the signals that come from these (`mail:SYSTEM:ID`). Returns how many there were."""
    return _forget(db, "body <> '' AND json_extract(body, '$.source') IN (SELECT value FROM json_each(?))", sources)


def _forget(db: Connection, where: str, values: Collection[str]) -> int:
    with transaction(db):
        rows = db.execute(f"SELECT rid, body FROM signal WHERE {where}", (json.dumps([*values]),)).fetchall()
        reindex(db, _entries(rows), ())
        db.executemany("DELETE FROM signal WHERE rid = ?", [(rid,) for rid, _ in rows])
    return len(rows)


# -- the deals they are about ---------------------------------------------------------------------------------------

_OPEN_DEAL = """system = ?1 AND kind = 'opportunity'
    AND substr(lower(coalesce(json_extract(body, '$[3].stage'), '')), 1, 6) <> 'closed'"""
"""As the index over the open deals has it, which answers all that is asked here without a record being opened."""
_OWNED = "lower(json_extract(body, '$[3].owner')) IN (SELECT value FROM json_each(?2))"
_AMOUNT = "CAST(json_extract(body, '$[3].amount.n') AS REAL)"
_STANDS = "(json_extract(body, '$[3].close_date.d') < ?3 OR json_extract(body, '$[3].stage_since.d') <= ?4)"


def deals_to_look_at(
    db: Connection, system: str, today: str, stood_since: str, owners: Collection[str], *, limit: int
) -> list[Record]:
    """Open deals whose close date has passed or whose stage has not moved since a day, the largest first.

    Deals of other owners only where none is of these.
    """
    whose = _OWNED if has_deals_of(db, system, owners) else "?2 IS NOT NULL"
    rows = db.execute(
        f"""SELECT system, kind, id, body FROM record WHERE rid IN (
                SELECT rid FROM record INDEXED BY record_open_deal WHERE {_OPEN_DEAL} AND {whose} AND {_STANDS}
                ORDER BY {_AMOUNT} DESC, rid LIMIT ?5)
            ORDER BY {_AMOUNT} DESC, rid""",
        (system, _names(owners), today, stood_since, limit),
    )
    return [load_record(*columns) for columns in rows]


def has_deals_of(db: Connection, system: str, owners: Collection[str]) -> bool:
    """Whether an open deal has one of these owners."""
    found = db.execute(
        f"SELECT EXISTS (SELECT 1 FROM record INDEXED BY record_open_deal WHERE {_OPEN_DEAL} AND {_OWNED})",
        (system, _names(owners)),
    )
    return bool(found.fetchone()[0])


def _names(owners: Collection[str]) -> str:
    return json.dumps([each.casefold() for each in owners if each])


def last_done(db: Connection, deal: RecordRef) -> int | None:
    """When something was last done about a deal, as rows are ordered; None when nothing was."""
    row = db.execute(
        "SELECT at FROM link WHERE target = ? AND role = 'activity' ORDER BY at DESC LIMIT 1", (str(deal),)
    ).fetchone()
    return row[0] if row else None


def deals_changed(db: Connection, since: datetime, most: int = 100) -> Iterator[Record]:
    """The deals that changed in the CRM from a moment on, oldest first; so many are read at a time."""
    at, rid = instant(since), -1
    while True:
        rows = db.execute(
            """SELECT at, rid, system, kind, id, body FROM record INDEXED BY record_deal_at
               WHERE kind = 'opportunity' AND (at, rid) > (?, ?) ORDER BY at, rid LIMIT ?""",
            (at, rid, most),
        ).fetchall()
        for _, _, *columns in rows:
            yield load_record(*columns)
        if len(rows) < most:
            return
        at, rid = rows[-1][:2]


def stages_we_set(db: Connection) -> set[tuple[RecordRef, str]]:
    """The deals and stages of every approved card: a stage that stands so is the rep's own doing."""
    rows = db.execute(
        """SELECT json_extract(body, '$.target.system'), json_extract(body, '$.target.id'),
                  json_extract(body, '$.changes[0].after')
           FROM proposal WHERE field = 'stage' AND state = 'approved'"""
    )
    return {
        (RecordRef(system=system, kind=Kind.OPPORTUNITY, id=identifier), str(stage))
        for system, identifier, stage in rows
        if system and identifier
    }
