"""What waits in the outbox while the app lives, and what is said of it when it leaves."""

from __future__ import annotations

from datetime import timedelta

from rich.text import Text

from gangly_tui.domain.outbox import SETTLED, Delivery, DeliveryState
from gangly_tui.flow.desk import Desk
from gangly_tui.store.decisions import deliveries


def unsent(desk: Desk) -> list[Delivery]:
    """The approved writes that are not settled."""
    return deliveries(desk.db, states=frozenset(DeliveryState) - SETTLED)


def due_soon(desk: Desk) -> int:
    """How many approved writes leave within the grace period: worth waiting for before quitting."""
    soon = desk.now() + timedelta(seconds=desk.settings.grace_seconds + 1)
    return sum(1 for each in unsent(desk) if each.due_at <= soon and not each.error)


def on_its_way(desk: Desk) -> bool:
    """Whether a write is in flight: after a round of ours it is another window's, if that still lives."""
    return any(each.state is DeliveryState.ATTEMPTED for each in unsent(desk))


def last_words(desk: Desk) -> Text | None:
    """What still waits, for the terminal the app leaves behind; None when nothing does."""
    count = len(unsent(desk))
    if not count:
        return None
    writes = "1 approved write waits" if count == 1 else f"{count} approved writes wait"
    return Text(f"{writes} in the outbox. Sent when gangly runs next, or now with: gangly deliver")
