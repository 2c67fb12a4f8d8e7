"""The words around a quote, as the notes or the transcript have them, with the quote lit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from gangly_tui.domain.draft import Evidence
from gangly_tui.domain.errors import NotFound
from gangly_tui.domain.safe import clean
from gangly_tui.flow.quotes import mail_of_card, mail_page
from gangly_tui.store import engagement
from gangly_tui.store import mail as mails
from gangly_tui.tui.text import content, join, line
from gangly_tui.tui.widgets.footer import KeyFooter
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk

LINES = 10
"""lines of the text shown before and after the quote"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A quote in its text, raw. `moved` when the text was changed since and the quote was looked for again."""

    text: str
    start: int
    end: int
    moved: bool = False


def find_place(desk: Desk, meeting_id: str, evidence: Evidence) -> Place:
    """Where the quote stands now. Raises NotFound when no text of the meeting has it any more."""
    texts = [each.text for each in engagement.notes_of(desk.db, meeting_id)]
    transcript = engagement.transcript_of(desk.db, meeting_id)
    texts += [transcript] if transcript else []
    if (ref := mail_of_card(meeting_id)) and (mail := mails.get_mail(desk.db, ref.system, ref.id)):
        texts += [mail_page(mail, mails.text_of(desk.db, mail) or mail.snippet)]
    for text in texts:
        if text[evidence.start : evidence.end] == evidence.text:
            return Place(text=text, start=evidence.start, end=evidence.end)
    for text in texts:
        at = text.find(evidence.text) if evidence.text else -1
        if at >= 0:
            return Place(text=text, start=at, end=at + len(evidence.text), moved=True)
    raise NotFound("the notes were changed since, and no longer have these words", fix="n opens them")


def lay_out(place: Place, width: int) -> tuple[list[Row], int]:
    """The lines around the quote with their numbers, and the row where the quote begins."""
    first = _back(place.text, place.start, LINES)
    last = _forward(place.text, place.end, LINES)
    number = place.text.count("\n", 0, first) + 1
    gutter = cell_len(str(number + place.text.count("\n", first, last))) + 2
    room = max(width - MARGIN - gutter - 1, 12)
    rows: list[Row] = []
    begins = 0
    at = first
    for part in place.text[first:last].split("\n"):
        start, end = max(place.start - at, 0), min(place.end - at, len(part))
        lit = start < end
        if lit and at <= place.start:
            begins = len(rows)
        shown = _lit(part, start, end) if lit else Content.styled(clean(part), "$quiet")
        head: Content = content(
            f"{number}".rjust(gutter - 2) + ("▌ " if lit else "  "), style="$lead" if lit else "$faint"
        )
        for piece in shown.wrap(room) if shown else [Content("")]:
            rows.append(Row(left=join(head, piece)))
            head = Content.styled(" " * (gutter - 2) + ("▌ " if lit else "  "), "$lead")
        at += len(part) + 1
        number += 1
    return rows, begins


def _lit(part: str, start: int, end: int) -> Content:
    return join(
        Content.styled(clean(part[:start]), "$quiet"),
        Content.styled(clean(part[start:end]), "bold $lead underline"),
        Content.styled(clean(part[end:]), "$quiet"),
    )


def _back(text: str, at: int, lines: int) -> int:
    for _ in range(lines + 1):
        at = text.rfind("\n", 0, at)
        if at < 0:
            return 0
    return at + 1


def _forward(text: str, at: int, lines: int) -> int:
    at -= 1
    for _ in range(lines + 1):
        at = text.find("\n", at + 1)
        if at < 0:
            return len(text)
    return at


class ContextScreen(ModalScreen[None]):
    """Shows a place in a text."""

    CSS_PATH = "review_sheets.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,v,q", "dismiss", "Back", key_display="Esc", id="context.back", tooltip="Back to the card"),
    ]

    def __init__(self, place: Place, source: str) -> None:
        super().__init__()
        self._place = place
        self._source = source

    def compose(self) -> ComposeResult:
        moved = ", changed since the card was drafted" if self._place.moved else ""
        with Vertical(classes="sheet tall"):
            yield Static(line(f"{self._source}{moved}", limit=200, style="bold"), classes="title")
            yield RowView()
            yield KeyFooter()

    def on_mount(self) -> None:
        view = self.query_one(RowView)
        begins = 0

        def rows(width: int) -> list[Row]:
            nonlocal begins
            laid_out, begins = lay_out(self._place, width)
            return laid_out

        view.show(rows, cursor=0)
        view.focus()
        self.call_after_refresh(
            lambda: view.scroll_to(y=max(begins - view.size.height // 3, 0), animate=False, force=True)
        )

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss()
