"""The keys of Review that open something beside the card: its words, its record, its notes, a mail to send or copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.mail import MAIL_FILES
from gangly_tui.domain.outbox import SETTLED, DeliveryState
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.records import Kind
from gangly_tui.flow import send
from gangly_tui.tui import review_queue
from gangly_tui.tui.app import GanglyApp, app_of
from gangly_tui.tui.hands import AtCards
from gangly_tui.tui.widgets.hold_guard import HoldGuard, Press

if TYPE_CHECKING:
    from gangly_tui.flow.deliver import Outcome
    from gangly_tui.flow.desk import Desk


def copy_mail(app: GanglyApp, card: Proposal) -> None:
    """Put the text of a mail on the clipboard, as it was written."""
    text = next((each.after or each.before for each in card.changes if each.field == "body"), "")
    app.copy_to_clipboard(str(text or ""))
    app.say("the text of the mail is copied")


def second_look(app: GanglyApp, desk: Desk, draft: Proposal, guard: HoldGuard) -> None:
    """Open the whole mail of a landed card, to send it or to leave it."""
    from gangly_tui.tui.screens.send import SendScreen

    app.push_screen(SendScreen(desk, draft, guard))


class LookingKeys(AtCards):
    """What Review builds on."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._wanted = ""
        """the card of which `S` wants the second look as soon as it lies in the drafts"""
        self._unsent: list[Proposal] = []
        self.guard = HoldGuard()

    @property
    def card(self) -> Proposal | None:
        """The card on screen."""
        raise NotImplementedError

    @property
    def call_id(self) -> str:
        return self.card.meeting_id if self.card else ""

    def approve(self, key: str, *, at_once: bool = False) -> bool:
        """Whether the card on screen was approved by this press."""
        raise NotImplementedError

    def find_unsent(self) -> None:
        """Which drafts of today can still be sent."""
        self._unsent = send.unsent(self._desk)

    def mail_key_works(self, action: str) -> bool:
        """Whether `S`, `Y` or `I` means something now."""
        card = self.card
        if action == "invite":
            return bool(card and self._desk.drafts not in ("", MAIL_FILES))
        if action == "copy_mail":
            return bool(card and card.kind is Kind.MAIL)
        return bool((card and send.can_send(card) and not card.conflict) or self._unsent)

    def action_copy_mail(self) -> None:
        """Copy the text of the mail on screen."""
        if self.card is not None:
            copy_mail(app_of(self), self.card)

    def action_send(self) -> None:
        """Put the mail on screen into the drafts and look at it again there; without one, at the newest draft."""
        card = self.card
        if card is not None and send.can_send(card):
            if self.approve("S", at_once=True):
                self._wanted = card.id
                app_of(self).say("into your drafts; then you see it once more", tone="busy")
        elif self.guard.press("S") is Press.FRESH and self._unsent:
            second_look(app_of(self), self._desk, self._unsent[0], self.guard)

    def action_invite(self) -> None:
        """Lay out the invitation to the next meeting with these people; where nobody said when, ask."""
        from gangly_tui.flow.invite import asks_when, invite

        if self.card is None:
            return
        try:
            card = invite(self._desk, self.card.meeting_id)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        self.reload(select=card.id)
        if asks_when(card):
            app_of(self).say("say when, then a")
            self.action_edit()

    def reload(self, select: str = "") -> None:
        """Show what waits now."""
        raise NotImplementedError

    def action_edit(self) -> None:
        """Put another value into the card."""
        raise NotImplementedError

    def look_at_landed(self, outcomes: tuple[Outcome, ...]) -> None:
        """Open the second look that `S` asked for, where the rep still is on this screen."""
        for each in outcomes:
            if each.delivery.op_id != self._wanted or each.delivery.state not in SETTLED:
                continue
            self._wanted = ""
            if each.delivery.state is not DeliveryState.SENT:
                continue
            if self.is_current:
                second_look(app_of(self), self._desk, each.proposal, self.guard)
            else:
                app_of(self).say("the mail lies in your drafts", fix="S in Review looks at it, and sends it")

    def action_context(self) -> None:
        """The words around the quote."""
        from gangly_tui.tui.screens.context import ContextScreen, find_place

        card = self.card
        if card is None or card.evidence is None:
            return
        try:
            self.app.push_screen(ContextScreen(find_place(self._desk, card.meeting_id, card.evidence), card.source))
        except GanglyError as error:
            app_of(self).complain(error)

    def action_source(self) -> None:
        """Open the record the card writes to; for a new one, the record it will hang on."""
        card = self.card
        ref = review_queue.home_of(card, self._desk.reader.system) if card else None
        if ref:
            app_of(self).open_source(ref)
        else:
            app_of(self).say("this card has no record yet", fix="choose the deal first")

    def action_notes(self) -> None:
        """The notes of this call; when nothing waits, of the next meeting that has none."""
        meeting_id = review_queue.notes_for(self._desk, self.card)
        if meeting_id:
            app_of(self).open_notes(meeting_id)
        else:
            app_of(self).action_notes()
