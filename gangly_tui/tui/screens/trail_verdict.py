"""What a check of the trail found, in words, and the check itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gangly_tui.domain.errors import TrailBroken
from gangly_tui.store import trail
from gangly_tui.tui.stepwise import read_in_steps

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the last check found. Raw text."""

    good: bool
    said: str
    more: str


def broken(error: TrailBroken) -> Verdict:
    """The words for a trail that does not verify."""
    where = f"the trail is BROKEN at entry {error.seq:,}" if error.seq else "the trail is BROKEN"
    return Verdict(good=False, said=f"{where}: {error}", more=error.fix)


async def verify(desk: Desk, on_rows: Callable[[int], None]) -> Verdict:
    """Check the whole trail in steps; `on_rows` is told how many rows were read so far."""
    before = _head(desk)
    while True:
        try:
            count, head = await read_in_steps(desk.db, trail.verify_trail, on_rows)
        except TrailBroken as error:
            now = _head(desk)
            if now == before:
                return broken(error)
            before = now  # entries came while it was read: what was held against each other was not of one moment
            continue
        entries = "1 entry" if count == 1 else f"{count:,} entries"
        said = f"verified {desk.now():%H:%M}: {entries}, none missing, altered or out of order"
        return Verdict(good=True, said=said, more=f"head {head}")


def _head(desk: Desk) -> tuple[int, str] | None:
    """The head, or None when even that is broken."""
    try:
        return trail.head(desk.db)
    except TrailBroken:
        return None
