"""Leave the trail's head outside: signed after a round or a session, appended to the team's witness.

A witness that cannot be written stops nothing; what went wrong is said, and the next head tells of everything before.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from gangly_tui.domain.errors import GanglyError, TrailBroken
from gangly_tui.store import trail
from gangly_tui.store.database import Connection
from gangly_tui.store.trail_tree import current_log, is_signed
from gangly_tui.store.witness import append_head


def close_round(
    db: Connection,
    *,
    at: datetime,
    user: str,
    witness: Path | None = None,
    seed: trail.Seed | None = None,
    at_point: Callable[[str], None] = lambda _: None,
) -> str:
    """Sign the head and leave it with the witness. Returns what went wrong, "" when all went well."""
    try:
        note = sign_round(db, at=at, user=user, seed=seed)
        at_point("checkpoint.signed")
        if note is not None and witness is not None:
            append_head(witness, note)
            at_point("witness.appended")
    except GanglyError as error:
        return _words(error)
    return ""


async def leave_head(
    db: Connection,
    *,
    at: datetime,
    user: str,
    witness: Path | None = None,
    seed: trail.Seed | None = None,
) -> str:
    """`close_round` for the app: the witness, which may be slow, is written in a thread."""
    try:
        note = sign_round(db, at=at, user=user, seed=seed)
        if note is not None and witness is not None:
            await asyncio.to_thread(append_head, witness, note)
    except GanglyError as error:
        return _words(error)
    return ""


def sign_round(db: Connection, *, at: datetime, user: str, seed: trail.Seed | None = None) -> str | None:
    """The signed head over everything so far, None without an entry. Raises TrailBroken, StoreError.

    The first time in a new year the old year's log is frozen, and a new one carries its head.
    """
    if db.read_only:
        return trail.last_note(db)
    if not is_signed(db) and _began(db).year < at.year:
        trail.freeze(db, at=at, user=user, seed=seed)
    return trail.sign_head(db, seed)


def _began(db: Connection) -> datetime:
    """When the growing log began."""
    log = current_log(db)
    (body,) = db.execute("SELECT body FROM trail WHERE seq = ?", (log.starts + 1,)).fetchone()
    try:
        return datetime.fromisoformat(json.loads(body)["at"])
    except (ValueError, KeyError, TypeError) as error:
        first = log.starts + 1
        raise TrailBroken(f"entry {first} was altered", seq=first, fix="gangly audit verify") from error


def _words(error: GanglyError) -> str:
    return f"{error}; {error.fix}" if error.fix else str(error)
