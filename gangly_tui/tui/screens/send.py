"""The second look: a whole mail as it lies in the mailbox now. Enter sends it, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.proposal import Proposal
from gangly_tui.flow import send
from gangly_tui.tui.app import app_of
from gangly_tui.tui.screens.review_looks import copy_mail
from gangly_tui.tui.text import content, join, line
from gangly_tui.tui.widgets.card_rows import Face
from gangly_tui.tui.widgets.change_diff import Eyes
from gangly_tui.tui.widgets.footer import KeyFooter
from gangly_tui.tui.widgets.hold_guard import HoldGuard, Press
from gangly_tui.tui.widgets.proposal_card import CardBody, ProposalCard, Seen

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk

_HOW = "Enter sends it and cannot take it back. Esc leaves it in your drafts."


class SendScreen(ModalScreen[bool]):
    """Reads the draft that `draft`, a landed card, made. Dismissed with whether the mail was sent off."""

    CSS_PATH = "review_sheets.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", key_display="Enter", id="send.send", tooltip="Send this mail, for good"),
        Binding("Y", "copy", "Copy", id="send.copy", tooltip="Copy the text of the mail"),
        Binding("escape,q", "leave", "Leave it", key_display="Esc", id="send.back", tooltip="It stays in your drafts"),
    ]

    def __init__(self, desk: Desk, draft: Proposal, guard: HoldGuard) -> None:
        super().__init__()
        self._desk = desk
        self._draft = draft
        self._guard = guard
        self._card: Proposal | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet tall"):
            yield Static(line(f"Send to {self._draft.target_name}?", limit=300, style="bold"), classes="title")
            yield Static("reading it from your mailbox …", classes="said", markup=False)
            yield ProposalCard(self._guard)
            yield KeyFooter()

    def on_mount(self) -> None:
        card = self.query_one(ProposalCard)
        card.show_words("", [])
        card.body.focus()
        self._fetch()

    @work(group="mail")
    async def _fetch(self) -> None:
        try:
            self._card = await send.look(self._desk, self._draft)
        except GanglyError as error:
            said = [content(f"! {error}", limit=600, style="$bad")]
            said += [content(error.fix, limit=600, style="$quiet")] if error.fix else []
            self.query_one(".said", Static).update(join(*said[:1], "  ", *said[1:]))
            self.refresh_bindings()
            return
        face = Face(card=self._card, eyes=Eyes(now=self._desk.now()))
        self.query_one(".said", Static).update(line(_HOW))
        self.query_one(ProposalCard).show_card(face)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing can be sent before it was read."""
        return self._card is not None if action in ("send", "copy") else True

    def action_send(self) -> None:
        """Send it, once its end has been seen; before that, show the rest of it."""
        body, card = self.query_one(CardBody), self._card
        if card is None or self._guard.press("enter") is not Press.FRESH:
            return
        if body.seen is Seen.IN_PART:
            body.action_scroll_page(1)
            self.query_one(".said", Static).update("The mail goes on: read it to its end, then Enter.")
        elif body.seen is Seen.NOT_YET:
            self.query_one(".said", Static).update("That was quicker than the eye: Enter again.")
        else:
            try:
                send.send(self._desk, self._draft, card, view=body.view)
            except GanglyError as error:
                app_of(self).complain(error)
                self.dismiss(False)
                return
            app_of(self).say("sending it", tone="busy")
            app_of(self).wake_courier()
            self.dismiss(True)

    def action_copy(self) -> None:
        """Copy the text of the mail."""
        if self._card is not None:
            copy_mail(app_of(self), self._card)

    def action_leave(self) -> None:
        """Leave it where it is."""
        self.dismiss(False)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(False)
