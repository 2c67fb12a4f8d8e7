"""The card on screen. Knows what of it has been painted: only what was seen can be approved."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.strip import Strip

from gangly_tui.domain.proposal import view_sha256
from gangly_tui.tui.text import content
from gangly_tui.tui.widgets.card_rows import Face, card_words, heading, lay_out
from gangly_tui.tui.widgets.hold_guard import DWELL, HoldGuard
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView


class Seen(Enum):
    """How much of the card has been on screen."""

    NOT_YET = "not yet"
    """not painted, or only just"""
    IN_PART = "in part"
    """its end has not been on screen"""
    WHOLE = "whole"


class _Head(RowView, can_focus=False):
    """Number, record, field and risk; stays while the card scrolls."""


class CardBody(RowView, inherit_bindings=False):
    """The card's rows. Scrolls; the keys that move between cards belong to the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "scroll_page(-1)", "Page up", show=False, id="card.page-up", tooltip="One page up the card"),
        Binding(
            "pagedown,space",
            "scroll_page(1)",
            "More",
            show=False,
            id="card.page-down",
            tooltip="One page down the card",
        ),
        Binding("home,g", "edge(-1)", "Top", show=False, id="card.top", tooltip="The top of the card"),
        Binding("end,G", "edge(1)", "End", show=False, id="card.end", tooltip="The end of the card"),
    ]

    class Painted(Message):
        """More of the card came on screen."""

    class Pressed(Message):
        """A click on a row that does something."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, guard: HoldGuard) -> None:
        super().__init__()
        self._guard = guard
        self._digest = ""
        self._face: Face | None = None
        self._read: set[str] = set()
        """digests of the cards whose end has been on screen"""
        self._since: float | None = None
        """when this showing of the card was first painted, or its end if that came later"""
        self._actions: dict[int, str] = {}

    def show_card(self, face: Face) -> None:
        """Show another card, from its top."""
        self._digest, self._face, self._since = face.card.digest(), face, None
        self.scroll_to(y=0, animate=False, force=True, immediate=True)

        def rows(width: int) -> Sequence[Row]:
            laid_out, self._actions = lay_out(face, width)
            return laid_out

        self.show(rows, cursor=0)

    def show_words(self, head: str, sentences: Sequence[str]) -> None:
        """Show plain sentences, raw text, when there is no card."""
        self._digest, self._face, self._since, self._actions = "", None, None, {}

        def rows(width: int) -> list[Row]:
            room = max(width - MARGIN - 2, 10)
            found = [Row(left=Content("")), Row(left=content(head, limit=300, style="bold"))]
            for each in sentences:
                found.append(Row(left=Content("")))
                found += [Row(left=part) for part in content(each, limit=1_000, style="$quiet").wrap(room)]
            return found

        self.show(rows, cursor=0)

    @property
    def digest(self) -> str:
        """Of the card that is shown: what an approval is bound to."""
        return self._digest

    @property
    def view(self) -> str:
        """SHA-256 of the card's words as they are laid out here, heading included."""
        return view_sha256(card_words(self._face)) if self._face else ""

    @property
    def seen(self) -> Seen:
        """How much of this very card has been on screen, and for long enough."""
        if self._since is None:
            return Seen.NOT_YET
        if self._digest not in self._read:
            return Seen.IN_PART
        return Seen.WHOLE if self._guard.now() - self._since >= DWELL else Seen.NOT_YET

    @property
    def more_below(self) -> int:
        """Rows that are still below the screen."""
        return max(len(self._rows) - self.scroll_offset.y - self.scrollable_content_region.height, 0)

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if self._digest and self._rows:
            if self._since is None:
                self._since = self._guard.now()
                self.post_message(self.Painted())
            at_end = y + self.scroll_offset.y >= len(self._rows) - 1
            if at_end and self._digest not in self._read:
                self._read.add(self._digest)
                self._since = self._guard.now()
                self.post_message(self.Painted())
        return strip

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Painted())

    def _reveal(self) -> None:
        """There is no cursor to reveal: a card stays where it was scrolled to."""

    def action_scroll_page(self, by: int) -> None:
        """One page, with a line of the one before."""
        step = max(self.scrollable_content_region.height - 1, 1)
        self.scroll_to(y=self.scroll_offset.y + by * step, animate=False, force=True)

    def action_edge(self, by: int) -> None:
        """To the top or to the end."""
        self.scroll_to(y=0 if by < 0 else self.max_scroll_y, animate=False, force=True)

    def on_click(self, event: events.Click) -> None:
        action = self._actions.get(event.y - self.gutter.top + self.scroll_offset.y)
        if action:
            self.post_message(self.Pressed(action))


class ProposalCard(Vertical):
    """Heading and body of one card."""

    def __init__(self, guard: HoldGuard) -> None:
        super().__init__()
        self._guard = guard

    def compose(self) -> ComposeResult:
        yield _Head()
        yield CardBody(self._guard)

    @property
    def body(self) -> CardBody:
        """The part that scrolls and has the focus."""
        return self.query_one(CardBody)

    def show_card(self, face: Face) -> None:
        """Show a card from its top."""
        self.query_one(_Head).show(lambda width: heading(face, width), cursor=0)
        self.query_one(_Head).display = True
        self.body.show_card(face)

    def show_words(self, head: str, sentences: Sequence[str]) -> None:
        """Show plain sentences, raw text."""
        self.query_one(_Head).display = False
        self.body.show_words(head, sentences)
