"""A rep at the Review screen: cards of the demo's calls, keys pressed one at a time, a CRM to look into."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

from textual.pilot import Pilot

from gangly_tui.domain.proposal import Proposal, ProposalState
from gangly_tui.domain.records import RecordRef
from gangly_tui.flow.capture import open_notes, propose
from gangly_tui.flow.decide import queue
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import pull
from gangly_tui.store import decisions
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.screens.review import ReviewScreen
from gangly_tui.tui.widgets.proposal_card import CardBody, Seen
from tests.tui.desks import Clock, screen_text
from tests.tui.resting import at_rest


def meeting_of(call: str) -> str:
    """The id of one of the demo's meetings."""
    return f"demo-{call}-2026-11-24"


async def drafted(desk: Desk, clock: Clock, *calls: str) -> list[Proposal]:
    """In the evening, with the cards of these calls laid out."""
    clock.time = clock.time.replace(hour=21)
    await pull(desk)
    for call in calls:
        await propose(desk, open_notes(desk, meeting_of(call)))
    return queue(desk)


def field_card(cards: list[Proposal], field: str) -> Proposal:
    """The card that changes this field of a record."""
    return next(each for each in cards if each.group == "field" and each.changes[0].field == field)


async def stands(desk: Desk, ref: RecordRef, field: str) -> object:
    """What the CRM itself holds now."""
    return (await desk.reader.read(ref)).fields.get(field)


def state(desk: Desk, card: Proposal) -> ProposalState | None:
    """Where a card stands."""
    return decisions.proposal_state(desk.db, card.id)


@dataclass
class Rep:
    """Presses keys like a person: each press a second after the one before, unless told otherwise."""

    desk: Desk
    clock: Clock
    app: GanglyApp
    pilot: Pilot[None]
    ahead: float = 0.0
    presses: int = 0

    @property
    def screen(self) -> ReviewScreen:
        found = next(each for each in self.app.screen_stack if isinstance(each, ReviewScreen))
        found.guard.now = self.now
        return found

    @property
    def card(self) -> Proposal:
        card = self.screen.card
        assert card is not None
        return card

    def now(self) -> float:
        """The guard's clock: the real one, set forward by every press."""
        return monotonic() + self.ahead

    async def press(self, *keys: str, rest: float = 1.0) -> None:
        for key in keys:
            _ = self.screen
            self.ahead += rest
            self.clock.forward(0.01)
            self.presses += 1
            await self.pilot.press(key)
            await self.pilot.pause()

    async def read_to_the_end(self) -> None:
        """Scroll until the whole card has been on screen."""
        body = self.screen.query_one(CardBody)
        for _ in range(50):
            self.ahead += 1.0
            if body.seen is Seen.WHOLE:
                return
            await self.press("space")
        raise AssertionError("this card has no end")

    async def land(self) -> None:
        """Let the grace period pass and the courier do its round."""
        self.clock.forward(5)
        self.app.wake_courier()
        await at_rest(self.pilot)

    def shown(self) -> str:
        return screen_text(self.app)


@asynccontextmanager
async def reviewing(
    desk: Desk, clock: Clock, *, size: tuple[int, int] = (120, 44), meeting_id: str = ""
) -> AsyncIterator[Rep]:
    """The app with Review open."""
    app = GanglyApp(desk)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        pulls = [each for each in app.workers if each.name == "pull"]
        if pulls:  # an empty list would mean all, the courier among them
            await app.workers.wait_for_complete(pulls)
        if meeting_id:
            app.push_screen(ReviewScreen(desk, meeting_id))
        else:
            app.action_go("review")
        await pilot.pause()
        rep = Rep(desk=desk, clock=clock, app=app, pilot=pilot)
        _ = rep.screen
        await pilot.pause()
        yield rep
