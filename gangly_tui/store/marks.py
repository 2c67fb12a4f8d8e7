"""The rep's marks on gaps: not applicable until a day, or asked in the next brief. Light: every brief looks here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from gangly_tui.domain.records import Record, RecordRef
from gangly_tui.store import mirror
from gangly_tui.store.database import Connection


def mark(db: Connection, deal: Record, gap: str, what: str, until: date | None = None) -> None:
    """Mark a gap as `paused` until a day, or as `asked`: a question of the next brief of its account."""
    account = next(iter(deal.ids("account")), "")
    db.execute(
        "INSERT OR REPLACE INTO gap_mark VALUES (?, ?, ?, ?, ?)",
        (str(deal.ref), gap, what, until.isoformat() if until else "", f"{deal.ref.system}:account:{account}"),
    )


def unmark(db: Connection, deal: Record, gap: str, what: str) -> None:
    """Take a mark off."""
    db.execute("DELETE FROM gap_mark WHERE deal = ? AND gap = ? AND mark = ?", (str(deal.ref), gap, what))


def forget_old(db: Connection, today: date) -> None:
    """Forget pauses that are over, and every mark of a deal that the mirror no longer has."""
    db.execute("DELETE FROM gap_mark WHERE mark = 'paused' AND until <= ?", (today.isoformat(),))
    for (deal,) in db.execute("SELECT DISTINCT deal FROM gap_mark").fetchall():
        if mirror.get_record(db, RecordRef.parse(deal)) is None:
            db.execute("DELETE FROM gap_mark WHERE deal = ?", (deal,))


def marks_of(db: Connection, deals: Sequence[str], today: date) -> dict[str, list[tuple[str, str]]]:
    """By deal, its marks as (gap, mark); a pause that is over is left out."""
    rows = db.execute(
        """SELECT deal, gap, mark FROM gap_mark WHERE deal IN (SELECT value FROM json_each(?))
           AND (mark = 'asked' OR until > ?) ORDER BY deal, gap""",
        (json.dumps(deals), today.isoformat()),
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for deal, gap, what in rows:
        found.setdefault(deal, []).append((gap, what))
    return found


def asked_of(db: Connection, account: str) -> list[tuple[str, str]]:
    """The marked questions of an account, as (deal, gap)."""
    rows = db.execute(
        "SELECT deal, gap FROM gap_mark WHERE account = ? AND mark = 'asked' ORDER BY deal, gap", (account,)
    )
    return [(deal, gap) for deal, gap in rows]
