"""Review: one card, one write. Every key is one verb of `flow.decide`; nothing here waits for a network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.outbox import SETTLED
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.records import RecordRef
from gangly_tui.flow import decide
from gangly_tui.tui import review_queue
from gangly_tui.tui.app import app_of
from gangly_tui.tui.messages import Delivered, Pulled
from gangly_tui.tui.review_queue import Waiting, plural
from gangly_tui.tui.screens.review_keys import REVIEW_KEYS
from gangly_tui.tui.screens.review_looks import LookingKeys
from gangly_tui.tui.text import day as day_words
from gangly_tui.tui.widgets.footer import KeyFooter, StatusLine
from gangly_tui.tui.widgets.hold_guard import Press
from gangly_tui.tui.widgets.proposal_card import CardBody, ProposalCard, Seen
from gangly_tui.tui.widgets.queue_view import QueueView
from gangly_tui.tui.widgets.rows import RowView
from gangly_tui.tui.widgets.top_bar import TopBar
from gangly_tui.tui.widgets.writes_view import WritesView

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk
    from gangly_tui.tui.screens.low_risk import Shown

_TICK = 0.5
_NEED_A_CARD = frozenset("approve edit reject later context low_risk source move call invite".split())


class ReviewScreen(LookingKeys):
    """The cards that wait. `meeting_id` names the call whose cards come first."""

    CSS_PATH = "review.tcss"
    BINDINGS: ClassVar[list[BindingType]] = REVIEW_KEYS

    def __init__(self, desk: Desk, meeting_id: str = "") -> None:
        super().__init__(desk)
        self._first = meeting_id
        self._waiting = Waiting()
        self._current = ""
        self._shown: object = None
        self._accepted = ""
        """the card that the newest press of `a` approved"""
        self._choosing = False

    def compose(self) -> ComposeResult:
        yield TopBar("review")
        with Container(id="body"):
            yield QueueView()
            yield ProposalCard(self.guard)
            yield WritesView()
        yield StatusLine()
        yield KeyFooter()

    def on_mount(self) -> None:
        self.reload()
        self._desk.meter.opened(self.call_id, self._desk.now())
        self.query_one(CardBody).focus()
        self.set_interval(_TICK, self._tick)

    def on_screen_resume(self) -> None:
        self.reload()

    def on_pulled(self, _: Pulled) -> None:
        self.reload()

    # -- what it shows ------------------------------------------------------------------------------------------

    @property
    def card(self) -> Proposal | None:
        """The card on screen."""
        return self._waiting.get(self._current)

    def reload(self, select: str = "") -> None:
        """Read what waits again; stay at the card that is shown unless it is gone or another is wanted."""
        before = self._waiting
        try:
            self._waiting = review_queue.load(self._desk, self._first)
            wanted = select or self._current
            if self._waiting.get(wanted) is None:
                wanted = self._waiting.following(before, wanted)
            self._current = wanted
            self._show()
        except GanglyError as error:
            app_of(self).complain(error)

    def _show(self) -> None:
        now = self._desk.now()
        self.query_one(TopBar).retitle(f"{day_words(now.date())}  {now:%H:%M}")
        self.query_one(QueueView).show_queue(self._waiting, self._current, now)
        self.query_one(WritesView).show_writes(review_queue.writes_today(self._desk), now)
        self.find_unsent()
        card = self.card
        view = self.query_one(ProposalCard)
        if card is None:
            self._shown = None
            view.show_words(*review_queue.nothing_waits(self._desk))
        else:
            face = review_queue.face_of(self._desk, self._waiting, card)
            shown = (card, face.number, face.total, face.put_off)
            if shown != self._shown:
                view.show_card(face)
            self._shown = shown
        self._say_where()
        self.refresh_bindings()

    def _tick(self) -> None:
        """Countdowns run and states change while a write is under way."""
        if not self.is_current:
            return
        writes = review_queue.writes_today(self._desk)
        if any(each.delivery.state not in SETTLED for each in writes):
            self.query_one(WritesView).show_writes(writes, self._desk.now())

    def _say_where(self) -> None:
        body = self.query_one(CardBody)
        card = self.card
        if card and body.seen is Seen.IN_PART and body.more_below:
            left = f"▼ {plural(body.more_below, 'more line')}: space, then a"
        else:
            left = f"{plural(len(self._waiting.cards), 'card')} · {self._desk.label}" if card else self._desk.label
        self.query_one(StatusLine).reword(left)

    def on_card_body_painted(self, _: CardBody.Painted) -> None:
        self._say_where()

    def on_card_body_pressed(self, event: CardBody.Pressed) -> None:
        event.stop()
        self.call_later(self.run_action, event.action)

    def on_row_view_moved(self, event: RowView.Moved) -> None:
        if isinstance(event.view, QueueView):
            event.stop()
            cards = self._waiting.cards
            if event.item < len(cards):
                self._go(cards[event.item].id)

    def on_queue_view_call_wanted(self, event: QueueView.CallWanted) -> None:
        event.stop()
        self.action_call(event.by)

    def _go(self, card_id: str) -> None:
        if card_id and card_id != self._current:
            self._current = card_id
            self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key works where it means something; digits go to the deals of a card that asks, else to the tabs."""
        card = self.card
        if action == "deal":
            return bool(card and card.needs_choice)
        if action == "settle":
            return bool(card and card.conflict and (parameters != ("both",) or review_queue.holds_both(card)))
        if action == "approve" and card and (card.needs_choice or card.conflict):
            return False
        if action == "context":
            return bool(card and card.evidence)
        if action == "call":
            return len(self._waiting.calls) > 1
        if action in ("send", "copy_mail", "invite"):
            return self.mail_key_works(action)
        if action == "low_risk":
            return bool(card and self._low_risk(card.meeting_id))
        return card is not None if action in _NEED_A_CARD else True

    # -- deciding -----------------------------------------------------------------------------------------------

    def _decide(self, verb: Callable[[], object]) -> bool:
        """Run one verb of flow.decide; what it refuses is said, and the cards are read again."""
        try:
            verb()
        except GanglyError as error:
            app_of(self).complain(error)
            self.reload()
            return False
        return True

    def _held(self, key: str) -> bool:
        """Whether this press is a key that is held down."""
        press = self.guard.press(key)
        if press is Press.FRESH:
            self._accepted = ""
            return False
        if press is Press.GIVEN_AWAY and self._accepted:
            taken_back, self._accepted = self._accepted, ""
            if self._decide(partial(decide.undo, self._desk, taken_back)):
                self.reload(select=taken_back)
        app_of(self).say(f"{key} is held down: let it go; one press, one card")
        return True

    def action_approve(self) -> None:
        """Approve the card on screen, once its end has been seen; before that, show the rest of it."""
        self.approve("a")

    def approve(self, key: str, *, at_once: bool = False) -> bool:
        """Whether the card on screen was approved by this press."""
        card, body = self.card, self.query_one(CardBody)
        if self._held(key) or card is None:
            return False
        yes = partial(decide.approve, self._desk, card.id, body.digest, view=body.view, at_once=at_once)
        if body.seen is Seen.NOT_YET:
            app_of(self).say(f"that was quicker than the eye: {key} again")
        elif body.seen is Seen.IN_PART:
            body.action_scroll_page(1)
            app_of(self).say(f"this card goes on: read it to its end, then {key}")
        elif card.suspects:
            from gangly_tui.tui.screens.reason import AnywayScreen

            self.app.push_screen(AnywayScreen(card.heading), partial(self._anyway, card, yes))
        elif self._decide(yes):
            self._approved(card, "" if at_once else card.id)
            return True
        return False

    def _approved(self, card: Proposal, accepted: str) -> None:
        self._accepted = accepted
        app_of(self).say(f"approved: {review_queue.short_name(card)}", fix="u takes it back")
        self._next(card, alone=True)
        app_of(self).wake_courier()

    def _anyway(self, card: Proposal, yes: Callable[..., object], reason: str | None) -> None:
        if reason and self._decide(partial(yes, reason=reason)):
            self._approved(card, "")

    def _next(self, decided: Proposal, *, alone: bool = False) -> None:
        """On to the card that follows; when only one was decided it is painted first, and the store asked then."""
        before = self._waiting
        try:
            if alone:
                self._waiting = before.without(decided.id)
                self.call_after_refresh(self.reload)
            else:
                self._waiting = review_queue.load(self._desk, self._first)
            self._current = self._waiting.following(before, decided.id)
            self._show()
        except GanglyError as error:
            app_of(self).complain(error)

    def action_reject(self) -> None:
        """Turn the card down; asks for a reason, which may be empty."""
        from gangly_tui.tui.screens.reason import ReasonScreen

        card = self.card
        if card and not self._held("x"):
            self.app.push_screen(ReasonScreen(card.heading), partial(self._reject, card))

    def _reject(self, card: Proposal, reason: str | None) -> None:
        if reason is not None and self._decide(partial(decide.reject, self._desk, card.id, reason)):
            app_of(self).say(f"rejected: {review_queue.short_name(card)}")
            self._next(card)

    def action_later(self) -> None:
        """Put the card behind the others."""
        card = self.card
        if card and not self._held("s") and self._decide(partial(decide.later, self._desk, card.id)):
            app_of(self).say(f"later: {review_queue.short_name(card)}")
            self._next(card)

    def action_edit(self) -> None:
        """Put another value into the card."""
        from gangly_tui.tui.screens.edit import EditScreen

        card = self.card
        if card:
            self.app.push_screen(EditScreen(self._desk, card), self._edited)

    def _edited(self, card: Proposal | None) -> None:
        if card is not None:
            app_of(self).say("changed: look at the card, then a")
            self.reload(select=card.id)

    def action_undo(self) -> None:
        """Take the last approval back: before it leaves at once, after it landed with a card to approve."""
        if self._held("u"):
            return
        try:
            undone = decide.undo(self._desk)
        except GanglyError as error:
            app_of(self).complain(error)
            self.reload()
            return
        if undone.withdrawn:
            app_of(self).say(f"taken back: {review_queue.short_name(undone.withdrawn)}; nothing was sent", tone="good")
            app_of(self).wake_courier()
            self.reload(select=undone.withdrawn.id)
        elif undone.inverse:
            app_of(self).say("it has landed: this card writes it back", fix="a sends it, x leaves the record")
            self.reload(select=undone.inverse.id)

    def action_low_risk(self) -> None:
        """List this call's low-risk cards in full, then approve them together."""
        from gangly_tui.tui.screens.low_risk import LowRiskScreen

        card = self.card
        call = self._waiting.call_of(card.id) if card else None
        if card is None or call is None or self._held("A"):
            return
        faces = [review_queue.face_of(self._desk, self._waiting, each) for each in self._low_risk(card.meeting_id)]
        self.app.push_screen(LowRiskScreen(faces, call.title, self.guard), partial(self._approve_low_risk, card))

    def _low_risk(self, meeting_id: str) -> list[Proposal]:
        """What `A` covers: never a card that was put off."""
        return [
            each
            for each in self._waiting.cards
            if each.meeting_id == meeting_id and each.id not in self._waiting.later and decide.is_low_risk(each)
        ]

    def _approve_low_risk(self, card: Proposal, shown: Shown | None) -> None:
        if not shown:
            return
        if self._decide(partial(decide.approve_low_risk, self._desk, card.meeting_id, shown)):
            app_of(self).say(f"approved: {plural(len(shown), 'low-risk card')}", fix="u takes the last one back")
            self._next(card)
        app_of(self).wake_courier()

    def action_settle(self, how: Literal["theirs", "mine", "both"]) -> None:
        """A conflict: theirs ends the card; mine and both lay it out anew, to be looked at and approved."""
        card = self.card
        if card is None or self._held(how):
            return
        if not self._decide(partial(decide.settle, self._desk, card.id, how)):
            return
        if how == "theirs":
            app_of(self).say("theirs stands")
            self._next(card)
        else:
            app_of(self).say("this is what would stand there: look, then a")
            self.reload(select=card.id)

    def action_deal(self, digit: int) -> None:
        """Say which of several deals the call was about; 0 for none of them."""
        card = self.card
        if card is None or not card.needs_choice or self._choosing:
            return
        if digit > len(card.choices):
            app_of(self).say(f"there is no deal {digit}", fix=f"1 to {len(card.choices)}, or 0 for none")
        elif digit == 0:
            if self._decide(partial(decide.skip_choice, self._desk, card.meeting_id)):
                app_of(self).say("none of these deals: summary and tasks stay with the account")
                self.reload()
        else:
            self._choosing = True
            app_of(self).say("reading that deal", tone="busy")
            self.app.run_worker(self._choose(card, card.choices[digit - 1].ref), name="choose", group="choose")

    async def _choose(self, card: Proposal, ref: RecordRef) -> None:
        """Owned by the app: the answer may take a while, and the rep may go on meanwhile."""
        try:
            aimed = await decide.choose(self._desk, card.meeting_id, ref)
        except GanglyError as error:
            app_of(self).complain(error)
        else:
            app_of(self).say(f"kept for this series: {plural(len(aimed), 'card')} aimed at it", tone="good")
        finally:
            self._choosing = False
        if self.is_attached:
            self.reload()

    # -- looking around -----------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """To the card above or below."""
        self._go(self._waiting.beside(self._current, by))

    def action_call(self, by: int) -> None:
        """To the first card of another call."""
        call = self._waiting.call_of(self._current)
        if call is not None:
            calls = self._waiting.calls
            self._go(calls[(calls.index(call) + by) % len(calls)].cards[0].id)

    # -- what the courier reports -------------------------------------------------------------------------------

    def on_delivered(self, event: Delivered) -> None:
        self.reload()
        if self.is_current:
            text, fix, tone = review_queue.outcome_words(event.outcomes)
            app_of(self).say(text, fix=fix, tone=tone)
        self.look_at_landed(event.outcomes)
