"""Pipeline: the deals by money at risk, and one gap after the other closed, asked or set aside. Reads the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen

from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.hygiene import DealHealth, Gap, contact_of
from gangly_tui.flow import hygiene, quotes
from gangly_tui.tui.app import app_of
from gangly_tui.tui.messages import Delivered, Pulled
from gangly_tui.tui.screens.pipeline_keys import PIPELINE_KEYS
from gangly_tui.tui.widgets.footer import KeyFooter, StatusLine
from gangly_tui.tui.widgets.gap_view import GapView
from gangly_tui.tui.widgets.hold_guard import HoldGuard, Press
from gangly_tui.tui.widgets.pipeline_rows import deal_rows, gap_rows, nothing_rows, picture_rows
from gangly_tui.tui.widgets.rows import RowView
from gangly_tui.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from gangly_tui.domain.draft import Draft
    from gangly_tui.domain.proposal import Proposal
    from gangly_tui.flow.desk import Desk
    from gangly_tui.flow.hygiene import Pipeline
    from gangly_tui.flow.quotes import Quote, Reading

_SETTLED = 0.15
"""Seconds a deal is looked at before its texts are read: who only passes by reads nothing."""
_NEED_A_GAP = frozenset({"card", "pause", "pause_until"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What was done last to a gap, to be taken back by `u`."""

    deal: DealHealth
    gap: Gap
    take_back: Callable[[], object]


class PipelineScreen(Screen[None]):
    """Left the deals, right the selected one with its gaps; `c` shows the pictures instead."""

    CSS_PATH = "pipeline.tcss"
    BINDINGS: ClassVar[list[BindingType]] = PIPELINE_KEYS

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._deals: list[DealHealth] = []
        self._at = 0
        self._everyone = False
        self._done: dict[str, dict[str, str]] = {}
        """by deal and gap, what was done to it while this screen was open"""
        self._steps: list[_Step] = []
        self._memory: dict[str, Draft] = {}
        self._texts: dict[str, list[Reading]] = {}
        self._quotes: dict[str, dict[str, Quote]] = {}
        self.found: Pipeline | None = None
        self.guard = HoldGuard()

    def compose(self) -> ComposeResult:
        yield TopBar("pipeline")
        with Container(id="body"):
            yield RowView(id="deals", marked_always=True)
            yield GapView(id="gaps", marked_always=True)
            yield RowView(id="pictures")
        yield StatusLine(f"pipeline · {self._desk.label}")
        yield KeyFooter()

    def on_mount(self) -> None:
        self.set_focus(self.gaps)
        self.reload()

    def on_delivered(self, _: Delivered) -> None:
        self.reload()

    def on_pulled(self, _: Pulled) -> None:
        self._texts.clear()
        self._quotes.clear()
        self.reload()

    @property
    def deals(self) -> RowView:
        """The list at the left."""
        return self.query_one("#deals", RowView)

    @property
    def gaps(self) -> GapView:
        """The gaps of the selected deal."""
        return self.query_one("#gaps", GapView)

    @property
    def deal(self) -> DealHealth | None:
        """The selected deal."""
        return self._deals[self._at] if self._at < len(self._deals) else None

    @property
    def gap(self) -> Gap | None:
        """The selected gap of the selected deal."""
        deal, at = self.deal, self.gaps.cursor
        return deal.gaps[at] if deal and at < len(deal.gaps) else None

    # -- what it shows ------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the store; the selected deal stays selected wherever it stands now."""
        before = self.deal
        try:
            found = hygiene.look(self._desk, everyone=self._everyone)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        self.found, self._deals = found, list(found.deals)
        refs = [each.deal.ref for each in self._deals]
        self._at = refs.index(before.deal.ref) if before and before.deal.ref in refs else 0
        charts = hygiene.charts(found)
        self.query_one("#pictures", RowView).show(lambda width: picture_rows(charts, width))
        self._show(keep=before is not None)

    def _show(self, *, keep: bool = False, cursor: int = 0) -> None:
        """Lay both lists out; `keep` leaves the cursor of the gaps where it is."""
        self._show_deals()
        self._show_gaps(None if keep else cursor)
        self._say_where()
        self.refresh_bindings()
        deal = self.deal
        if deal is not None and str(deal.deal.ref) not in self._texts:
            self.run_worker(self._read(deal), name="quotes", group="quotes", exclusive=True)

    def _show_deals(self) -> None:
        deals, done = self._deals, self._done
        self.deals.show(lambda width: deal_rows(deals, done, width))
        self.deals.cursor = self._at

    def _show_gaps(self, cursor: int | None) -> None:
        deal = self.deal
        if deal is None:
            self.gaps.show(lambda _: nothing_rows(), cursor=0)
            return
        ref = str(deal.deal.ref)
        texts = None if ref not in self._texts else self._quotes.get(ref, {})
        touches, today = hygiene.touches(self._desk, deal.deal), self._desk.now().date()
        done = self._done.get(ref, {})
        self.gaps.show(
            lambda width: gap_rows(deal, width, today, done=done, quotes=texts, touches=touches), cursor=cursor
        )

    def _say_where(self) -> None:
        found = self.found
        if found is None or not found.deals:
            self.query_one(StatusLine).reword(f"pipeline · {self._desk.label}")
            return
        left = sum(self._left(each) > 0 for each in self._deals)
        whose = "your " if found.mine else ""
        more = f", the largest of {found.total:,}" if found.total > len(self._deals) else ""
        self.query_one(StatusLine).reword(f"{left} of {whose}{len(self._deals)} deals have gaps{more}")

    def _left(self, deal: DealHealth) -> int:
        done = self._done.get(str(deal.deal.ref), {})
        return sum(each.key not in done for each in deal.gaps)

    async def _read(self, deal: DealHealth) -> None:
        """Read the texts of a deal that is looked at, and show what they say about its gaps."""
        await asyncio.sleep(_SETTLED)
        await self._read_texts(deal)
        if self.deal is not None and self.deal.deal.ref == deal.deal.ref:
            self._show_gaps(None)

    async def _read_texts(self, deal: DealHealth, *, fetch: bool = False) -> dict[str, Quote]:
        ref = str(deal.deal.ref)
        try:
            texts = await quotes.readings(self._desk, deal, self._memory, fetch=fetch)
            found = {each.key: quotes.find(self._desk, deal, each, texts) for each in deal.gaps}
        except GanglyError as error:
            app_of(self).complain(error)
            texts, found = [], {}
        self._texts[ref] = texts
        self._quotes[ref] = {key: each for key, each in found.items() if each is not None}
        return self._quotes[ref]

    # -- moving -------------------------------------------------------------------------------------------------

    def on_row_view_moved(self, event: RowView.Moved) -> None:
        event.stop()
        if event.view is self.deals and event.item != self._at:
            self._at = event.item
            self._show()
        self.refresh_bindings()

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        if event.view is self.deals:
            self.gaps.focus()
        elif event.view is self.gaps:
            self.action_details()

    def on_gap_view_past(self, event: GapView.Past) -> None:
        event.stop()
        self._to_deal(self._at + event.by, last=event.by < 0)

    def _to_deal(self, at: int, *, last: bool = False) -> None:
        if 0 <= at < len(self._deals):
            self._at = at
            self._show(cursor=max(len(self._deals[at].gaps) - 1, 0) if last else 0)

    def action_pane(self, name: str) -> None:
        """To the list of deals, or to the gaps."""
        self.query_one(f"#{name}", RowView).focus()

    def action_deal(self, by: int) -> None:
        """The deal above or below, whatever list has the keys."""
        self._to_deal(self._at + by)

    def _next(self) -> None:
        """On to the next gap that waits: of this deal, then of those after it, then from the top."""
        order = [*range(self._at, len(self._deals)), *range(self._at)]
        for place in order:
            deal = self._deals[place]
            done = self._done.get(str(deal.deal.ref), {})
            open_ones = [at for at, each in enumerate(deal.gaps) if each.key not in done and each.key not in deal.asked]
            here = self.gaps.cursor if place == self._at else -1
            at = next((each for each in open_ones if each > here), open_ones[0] if open_ones else None)
            if at is not None:
                moved, self._at = place != self._at, place
                self._show(keep=not moved, cursor=at)
                self.gaps.cursor = at
                return
        self._show(keep=True)
        app_of(self).say("every gap has been seen to", tone="good")

    # -- closing a gap ------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key works where there is a gap to act on."""
        if action in _NEED_A_GAP:
            return self.gap is not None and not self.has_class("-pictures")
        if action in ("open", "details"):
            return self.deal is not None
        return bool(self._steps) if action == "undo" else True

    def _did(self, deal: DealHealth, gap: Gap, came_of: str, take_back: Callable[[], object]) -> None:
        self._done.setdefault(str(deal.deal.ref), {})[gap.key] = came_of
        self._steps.append(_Step(deal=deal, gap=gap, take_back=take_back))
        if self.deal and (self.deal.deal.ref, self.gap and self.gap.key) == (deal.deal.ref, gap.key):
            self._next()
        else:
            self._show(keep=True)

    def _take(self, key: str) -> tuple[DealHealth, Gap] | None:
        """The gap that a press of this key is about; None for a key that is held, and for a gap that was seen to."""
        deal, gap = self.deal, self.gap
        if self.guard.press(key) is not Press.FRESH:
            app_of(self).say(f"{key} is held down: let it go; one press, one gap")
        elif deal and gap and (came_of := self._done.get(str(deal.deal.ref), {}).get(gap.key)):
            app_of(self).say(f"already: {came_of}", fix="u takes back the last one")
        elif deal and gap:
            return deal, gap
        return None

    def action_card(self) -> None:
        """Lay the proposal out as a card in Review; a mail's body is fetched for it when nothing at hand says more."""
        if taken := self._take("w"):
            self.run_worker(self._card(*taken), name="card", group=f"card {taken[1].key}", exclusive=True)

    async def _card(self, deal: DealHealth, gap: Gap) -> None:
        app, ref = app_of(self), str(deal.deal.ref)
        if ref not in self._texts:
            await self._read_texts(deal)
        quote = self._quotes.get(ref, {}).get(gap.key)
        if quote is None and contact_of(gap) and self._desk.mailboxes:
            app.say("looking into their last mails", tone="busy")
            quote = (await self._read_texts(deal, fetch=True)).get(gap.key)
        if quote is None:
            app.say("nobody said it in the calls and mails at hand", fix="q asks in the next brief, x sets it aside")
            return
        try:
            card = await quotes.lay(self._desk, deal, quote)
        except GanglyError as error:
            app.complain(error)
            return
        waited = card is quote.card
        fix = "2 decides it" if waited else "2 decides it, u takes it back"
        app.say(f"card in Review: {card.heading}", fix=fix, tone="good")
        self._did(deal, gap, "in Review", partial(self._unlay, card, waited))

    def _unlay(self, card: Proposal, waited: bool) -> None:
        if not waited and not quotes.unlay(self._desk, card):
            app_of(self).say("that card is decided already", fix="u in Review takes an approval back")

    def action_question(self) -> None:
        """Put the question into the next brief of this account. `q` never leaves the app from here."""
        if self.gap is None or self.has_class("-pictures"):
            app_of(self).say("no gap is selected", fix="Esc, then q leaves")
            return
        if (taken := self._take("q")) is None:
            return
        deal, gap = taken
        if self._do(partial(hygiene.ask, self._desk, deal.deal, gap)):
            app_of(self).say(f"in the next brief: {gap.question}", fix="u takes it out", tone="good")
            self._did(deal, gap, "asked", partial(hygiene.ask_not, self._desk, deal.deal, gap))

    def action_pause(self) -> None:
        """Not applicable for a while."""
        if taken := self._take("x"):
            self._pause(*taken, None)

    def action_pause_until(self) -> None:
        """Not applicable until a day that is typed."""
        from gangly_tui.tui.screens.pause import PauseScreen

        if taken := self._take("X"):
            ask = PauseScreen(taken[1].words, self._desk.now().date())
            self.app.push_screen(ask, lambda day: self._pause(*taken, day) if day else None)

    def _pause(self, deal: DealHealth, gap: Gap, until: date | None) -> None:
        try:
            day = hygiene.pause(self._desk, deal.deal, gap, until)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        app_of(self).say(f"not applicable until {day}", fix="u takes it back, X takes a day")
        self._did(deal, gap, f"until {day}", partial(hygiene.resume, self._desk, deal.deal, gap))

    def _do(self, verb: Callable[[], object]) -> bool:
        try:
            verb()
        except GanglyError as error:
            app_of(self).complain(error)
            return False
        return True

    def action_undo(self) -> None:
        """Take back the last thing that was done here, and go to that gap."""
        if not self._steps or not self._do(self._steps[-1].take_back):
            return
        step = self._steps.pop()
        ref = step.deal.deal.ref
        self._done.get(str(ref), {}).pop(step.gap.key, None)
        place = next((at for at, each in enumerate(self._deals) if each.deal.ref == ref), self._at)
        self._at = place
        self._deals[place] = (
            hygiene.deal_now(self._desk, ref, self.found.rules) or step.deal if self.found else step.deal
        )
        keys = [each.key for each in self._deals[place].gaps]
        at = keys.index(step.gap.key) if step.gap.key in keys else 0
        self._show(cursor=at)
        self.gaps.cursor = at
        app_of(self).say(f"taken back: {step.gap.words}")

    # -- looking ------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """The deal in the CRM, or here where it has no page."""
        if self.deal:
            app_of(self).open_source(self.deal.deal.ref)

    def action_details(self) -> None:
        """The record that a gap is about, with the question and the whole quote."""
        from gangly_tui.tui.gap_sheet import gap_sheet
        from gangly_tui.tui.screens.source import SourceScreen

        deal, gap = self.deal, self.gap
        if deal is None:
            return
        quote = self._quotes.get(str(deal.deal.ref), {}).get(gap.key) if gap else None
        try:
            self.app.push_screen(SourceScreen(gap_sheet(self._desk, deal, gap, quote)))
        except GanglyError as error:
            app_of(self).complain(error)

    def action_pictures(self) -> None:
        """The pictures instead of the lists, and back."""
        self.toggle_class("-pictures")
        drawn = self.has_class("-pictures")
        (self.query_one("#pictures", RowView) if drawn else self.gaps).focus()
        self.refresh_bindings()

    def action_everyone(self) -> None:
        """Your own deals, or everybody's."""
        self._everyone = not self._everyone
        self._at = 0
        self._deals = []
        self.reload()
        if self.found:
            app_of(self).say("your own deals" if self.found.mine else "everybody's deals")
