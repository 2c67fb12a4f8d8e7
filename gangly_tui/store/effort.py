"""What a call's cards took of the rep: keys, clicks and seconds, by call. Counts alone, never which key or on what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gangly_tui.store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """`seconds` is the time at the cards, as `flow.meter` counts it."""

    keys: int = 0
    clicks: int = 0
    seconds: float = 0.0

    @property
    def actions(self) -> int:
        """Keys, and clicks as one key each."""
        return self.keys + self.clicks

    def __add__(self, other: Effort) -> Effort:
        return Effort(
            keys=self.keys + other.keys, clicks=self.clicks + other.clicks, seconds=self.seconds + other.seconds
        )


def add_effort(db: Connection, spent: Mapping[str, Effort]) -> None:
    """Add to what each call took so far."""
    for call_id, each in spent.items():
        db.execute(
            """INSERT INTO effort VALUES (?1, ?2, ?3, ?4) ON CONFLICT (call_id) DO UPDATE SET
               keys = keys + excluded.keys, clicks = clicks + excluded.clicks, seconds = seconds + excluded.seconds""",
            (call_id, each.keys, each.clicks, each.seconds),
        )


def effort_of(db: Connection, call_ids: Iterable[str]) -> dict[str, Effort]:
    """What was counted, by call; a call that was decided elsewhere than on the screen is not among them."""
    rows = db.execute(
        "SELECT call_id, keys, clicks, seconds FROM effort WHERE call_id IN (SELECT value FROM json_each(?))",
        (json.dumps([*call_ids]),),
    )
    return {name: Effort(keys=keys, clicks=clicks, seconds=seconds) for name, keys, clicks, seconds in rows}
