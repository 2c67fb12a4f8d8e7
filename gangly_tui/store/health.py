"""How the systems have answered: each exchange summed by day, the latest ones one by one, and what is left of limits.

Exchanges are gathered and written a batch at a time: a pull of thousands of pages pays for a few commits. What a crash
loses is a few counts, never a decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from gangly_tui.domain.errors import StoreError
from gangly_tui.domain.health import DayOfExchanges, DayOfTokens, Exchange, Limit
from gangly_tui.store.codec import instant
from gangly_tui.store.database import Connection, transaction

__all__ = [
    "DayOfExchanges",
    "DayOfTokens",
    "Exchange",
    "Limit",
    "Recorder",
    "days",
    "latest",
    "limits",
    "record",
    "record_limit",
    "tokens",
]

LATEST = 2000
"""How many single exchanges are kept: enough for latencies of a day, never more."""
DAYS = 400


def record(db: Connection, exchanges: Sequence[Exchange]) -> None:
    """Keep these exchanges, and let go of what is too old."""
    if not exchanges or db.read_only:
        return
    with transaction(db):
        for each in exchanges:
            db.execute(
                """INSERT INTO exchange_day VALUES (?, ?, ?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET
                    count = count + 1, seconds = seconds + excluded.seconds,
                    slowest = max(slowest, excluded.slowest)""",
                (
                    each.at.astimezone(UTC).date().isoformat(),
                    each.system,
                    int(each.write),
                    each.result,
                    each.seconds,
                    each.seconds,
                ),
            )
            if each.sent or each.got:
                db.execute(
                    """INSERT INTO token_day VALUES (?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET
                        answers = answers + 1, sent = sent + excluded.sent, got = got + excluded.got""",
                    (each.at.astimezone(UTC).date().isoformat(), each.system, each.sent, each.got),
                )
        db.executemany(
            "INSERT INTO exchange (at, system, write, seconds, result) VALUES (?, ?, ?, ?, ?)",
            [(instant(each.at), each.system, int(each.write), each.seconds, each.result) for each in exchanges],
        )
        db.execute("DELETE FROM exchange WHERE rid <= (SELECT max(rid) FROM exchange) - ?", (LATEST,))
        oldest = (exchanges[-1].at.astimezone(UTC).date() - timedelta(days=DAYS)).isoformat()
        db.execute("DELETE FROM exchange_day WHERE day < ?", (oldest,))
        db.execute("DELETE FROM token_day WHERE day < ?", (oldest,))


def record_limit(db: Connection, limit: Limit) -> None:
    """Keep what a system said of its limit, in place of what it said before."""
    if db.read_only:
        return
    resets = instant(limit.resets_at) if limit.resets_at else None
    db.execute(
        """INSERT INTO quota VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
            remaining = excluded.remaining, most = excluded.most, resets_at = excluded.resets_at, at = excluded.at""",
        (limit.system, limit.name, limit.left, limit.of, resets, instant(limit.at)),
    )


def latest(db: Connection, system: str, limit: int = LATEST) -> list[Exchange]:
    """The latest exchanges with a system, newest first."""
    rows = db.execute(
        "SELECT at, write, seconds, result FROM exchange WHERE system = ? ORDER BY rid DESC LIMIT ?", (system, limit)
    )
    return [
        Exchange(system=system, at=_moment(at), write=bool(write), seconds=seconds, result=result)
        for at, write, seconds, result in rows
    ]


def days(db: Connection, since: str = "") -> list[DayOfExchanges]:
    """The sums from a day on ("2026-11-01"), oldest first."""
    rows = db.execute(
        """SELECT day, system, write, result, count, seconds, slowest FROM exchange_day WHERE day >= ?
            ORDER BY day, system, write, result""",
        (since,),
    )
    return [
        DayOfExchanges(
            day=day, system=system, write=bool(write), result=result, count=count, seconds=seconds, slowest=slowest
        )
        for day, system, write, result, count, seconds, slowest in rows
    ]


def tokens(db: Connection, since: str = "") -> list[DayOfTokens]:
    """The tokens that models' answers told of, from a day on, oldest first."""
    rows = db.execute("SELECT day, system, answers, sent, got FROM token_day WHERE day >= ? ORDER BY day", (since,))
    return [
        DayOfTokens(day=day, system=system, answers=answers, sent=sent, got=got)
        for day, system, answers, sent, got in rows
    ]


def limits(db: Connection) -> list[Limit]:
    """What each system last said of its limits."""
    rows = db.execute("SELECT system, name, remaining, most, resets_at, at FROM quota ORDER BY system, name")
    return [
        Limit(
            system=system,
            name=name,
            left=left,
            of=of,
            resets_at=_moment(resets) if resets is not None else None,
            at=_moment(at),
        )
        for system, name, left, of, resets, at in rows
    ]


def _moment(instant: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)


class Recorder:
    """Gathers exchanges and writes them in batches; a write is written at once, it is rare and worth knowing."""

    BATCH = 50

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._waiting: list[Exchange] = []
        self._limits: dict[tuple[str, str], Limit] = {}

    def note(self, exchange: Exchange, limit: Limit | None = None) -> None:
        """Take one exchange in, and what its answer said of a limit."""
        self._waiting.append(exchange)
        if limit is not None:
            self._limits[limit.system, limit.name] = limit
        if exchange.write or len(self._waiting) >= self.BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered. Inside somebody's transaction it waits for the next time.

        A store that is full or busy costs these counts, never the answer that they are about.
        """
        if self._db.in_transaction:
            return
        waiting, self._waiting = self._waiting, []
        noted, self._limits = self._limits, {}
        with suppress(StoreError):
            record(self._db, waiting)
            for each in noted.values():
                record_limit(self._db, each)
