"""The meter: how many keys and clicks the cards of a call take, and how long. Kept with each decision, never later.

A key is counted for the call whose card is on screen, or lies beneath a sheet. The one that opened the cards counts,
too; what is typed into notes is text and does not. Nothing is kept of which key it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from gangly_tui.store.database import transaction
from gangly_tui.store.effort import Effort, add_effort
from gangly_tui.store.patience import waiting_at_most

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk

LONGEST_PAUSE = 60.0
"""Seconds: whoever does nothing for longer has turned to something else, and only so much counts as time at a card."""
_PATIENCE = 0.2


class Meter:
    """What was counted and not kept yet, by call."""

    def __init__(self) -> None:
        self.waiting: dict[str, Effort] = {}
        self._last: datetime | None = None
        self._loose = Effort()
        """the newest press, where no card was on screen"""

    def press(self, call_id: str, at: datetime, *, click: bool = False) -> None:
        """A key or a click, before it does anything. `call_id` is "" where no card is shown."""
        one = Effort(clicks=1) if click else Effort(keys=1)
        if not call_id:
            self._loose, self._last = one, None
            return
        rest = (at - self._last).total_seconds() if self._last else 0.0
        self._add(call_id, one + Effort(seconds=min(max(rest, 0.0), LONGEST_PAUSE)))
        self._loose, self._last = Effort(), at

    def opened(self, call_id: str, at: datetime) -> None:
        """The cards of a call come on screen: the press that brought them is theirs."""
        if call_id:
            if self._loose.actions:
                self._add(call_id, self._loose)
            self._loose, self._last = Effort(), at

    def _add(self, call_id: str, more: Effort) -> None:
        self.waiting[call_id] = self.waiting.get(call_id, Effort()) + more

    def keep(self, desk: Desk) -> None:
        """Keep what waits although nothing was decided. Nobody is held up for it, and a failure costs a few counts."""
        if self.waiting and not desk.db.read_only:
            with waiting_at_most(desk.db, _PATIENCE), deciding(desk):
                pass


@contextmanager
def deciding(desk: Desk) -> Iterator[None]:
    """The transaction of one decision; what its card took of the rep is kept in it."""
    with transaction(desk.db):
        yield
        add_effort(desk.db, desk.meter.waiting)
    desk.meter.waiting.clear()
