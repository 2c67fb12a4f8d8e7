"""The page the rep writes on: what was found in it is underlined, what is hostile in it acts on nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import Document, DocumentNavigator, EditResult, Location, WrappedDocument

from gangly_tui.domain.safe import in_place

MOST = 10 * 1024 * 1024
"""Characters a page takes; a paste that would go beyond is refused whole."""

LARGE = 1024 * 1024
"""Characters of a paste from which on the rep is told before it is laid out: 17 hours of speech."""
_TIME_TO_SAY = 0.1

LONGEST_ROW = 2_000
"""Characters of one line that are laid out together."""


def shown_line(raw: str) -> str:
    """A line as it may reach a terminal: as many characters, none of them a control or an override."""
    if raw.endswith("\r"):  # a file from Windows shows no mark at every line
        return in_place(raw[:-1]) + " "
    return in_place(raw)


def split_rows(text: str) -> tuple[list[str], list[bool]]:
    """The rows of a text, and for each whether it only goes on with the one before: a line of speech without breaks
    is laid out in pieces, or every key would cost the time of the whole line."""
    rows: list[str] = []
    goes_on: list[bool] = []
    for line in text.split("\n"):
        at = 0
        while len(line) - at > LONGEST_ROW:
            end = at + LONGEST_ROW
            end = line.rfind(" ", at + LONGEST_ROW // 2, end) + 1 or end
            rows.append(line[at:end])
            goes_on.append(at > 0)
            at = end
        rows.append(line[at:])
        goes_on.append(at > 0)
    return rows, goes_on


class RawDocument(Document):
    """Rows as they are shown beside the raw ones. Only "\\n" ends a line; the raw text is what is kept and copied."""

    def __init__(self, text: str) -> None:
        super().__init__("")
        self._raw, self._goes_on = split_rows(text)
        self._lines = [shown_line(each) for each in self._raw]
        self._text: str | None = text
        self._starts: list[int] | None = None

    @property
    def text(self) -> str:
        """The raw text; the same object until the next edit."""
        if self._text is None:
            self._text = self._joined(0, self._raw)
        return self._text

    @property
    def starts(self) -> list[int]:
        """The offset of each row's first character."""
        if self._starts is None:
            ends = (len(row) + (not on) for row, on in zip(self._raw, self._goes_on[1:], strict=False))
            self._starts = [0, *accumulate(ends)]
        return self._starts

    def _joined(self, first: int, rows: Sequence[str]) -> str:
        """Rows from row number `first` on as text."""
        breaks = ("" if on else "\n" for on in self._goes_on[first + 1 : first + len(rows)])
        return "".join(chain(rows[:1], *zip(breaks, rows[1:], strict=True)))

    def location(self, offset: int) -> Location:
        """The row and column of an offset into the raw text."""
        row = max(bisect_right(self.starts, offset) - 1, 0)
        return row, min(offset - self.starts[row], len(self._raw[row]))

    def offset(self, location: Location) -> int:
        """The offset into the raw text of a row and column."""
        row, column = location
        return self.starts[row] + column

    def get_text_range(self, start: Location, end: Location) -> str:
        """The raw text between two places."""
        (top, left), (bottom, right) = sorted((start, end))
        rows = self._raw[top : bottom + 1]
        if bottom < len(self._raw):
            rows[-1] = rows[-1][:right]
        if rows:
            rows[0] = rows[0][left:]
        return self._joined(top, rows)

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        """Put raw text in the place of a range."""
        (top, left), (bottom, right) = sorted((start, end))
        replaced = self.get_text_range(start, end)
        fresh, goes_on = split_rows(text)
        goes_on[0] = self._goes_on[top] if top < len(self._raw) else False
        head = self._raw[top][:left] if top < len(self._raw) else ""
        tail = self._raw[bottom][right:] if bottom < len(self._raw) else ""
        fresh[0] = head + fresh[0]
        column = len(fresh[-1])
        fresh[-1] += tail
        self._raw[top : bottom + 1] = fresh
        self._goes_on[top : bottom + 1] = goes_on
        self._lines[top : bottom + 1] = [shown_line(each) for each in fresh]
        self._text = self._starts = None
        return EditResult((top + len(fresh) - 1, column), replaced)


class RowCount(WrappedDocument):
    """Knows its height: the base class counts all its lines again for every line that is drawn."""

    @property
    def height(self) -> int:
        """Rows on the screen, after wrapping."""
        return len(self._offset_to_line_info)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where something was found: offsets into the raw text, and its number in the draft's list."""

    start: int
    end: int
    item: int
    faint: bool = False
    """whether it was left out of the draft"""


class PageText(TextArea):
    """A TextArea over a RawDocument. `underline` marks what was found; edits move the marks until the next reading."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"page-text--found", "page-text--faint", "page-text--lit"}

    class Refused(Message):
        """A paste was not taken: it would make the page longer than `MOST` characters."""

        def __init__(self, characters: int) -> None:
            super().__init__()
            self.characters = characters

    class Large(Message):
        """A paste so large that laying it out will be felt is about to be taken."""

    class Kept(Message):
        """Somebody types into a text that is kept as it came."""

    def __init__(self) -> None:
        self._found: Sequence[Span] = ()
        self._found_in = ""
        self._lit = -1
        self._spans: Sequence[Span] = ()
        self._marks: dict[int, list[tuple[int, int, Span]]] = {}
        self._marked_in: str | None = None
        super().__init__(highlight_cursor_line=False)
        self.match_cursor_bracket = False

    # -- the document -------------------------------------------------------------------------------------------

    def _set_document(self, text: str, language: str | None) -> None:
        super()._set_document("", language)
        self.document = RawDocument(text)
        self.wrapped_document = RowCount(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self.move_cursor((0, 0))
        self._rewrap_and_refresh_virtual_size()

    @property
    def raw(self) -> RawDocument:
        """The document with its own type."""
        assert isinstance(self.document, RawDocument)
        return self.document

    @property
    def offset_of_cursor(self) -> int:
        """Where the cursor stands in the raw text."""
        return self.raw.offset(self.cursor_location)

    # -- what was found -----------------------------------------------------------------------------------------

    def underline(self, spans: Sequence[Span], text: str) -> None:
        """Underline what was found in `text`, the raw text that was read."""
        self._found, self._found_in = spans, text
        self._marked_in = None
        self._lit = -1
        self._redraw()

    def light(self, item: int) -> None:
        """Show which of the found things is looked at; -1 is none. Brings it into view, the cursor stays."""
        self._lit = item
        self._redraw()
        start = next((each.start for each in self.spans if each.item == item), None)
        if start is not None:
            self.bring_into_view(start)

    def bring_into_view(self, offset: int) -> None:
        """Scroll so that a place of the raw text is seen, a few lines above it too."""
        y = self.wrapped_document.location_to_offset(self.raw.location(offset)).y
        height = self.scrollable_content_region.height
        if not self.scroll_offset.y <= y < self.scroll_offset.y + height:
            self.scroll_to(y=max(y - height // 3, 0), animate=False, force=True)

    @property
    def spans(self) -> Sequence[Span]:
        """The found things that the edits since the last reading did not touch, where they stand now."""
        self._mark()
        return self._spans

    def _mark(self) -> None:
        text = self.text
        if text is self._marked_in:
            return
        self._marked_in = text
        self._spans = moved(self._found, self._found_in, text)
        self._marks = {}
        for each in self._spans:
            (top, left), (bottom, right) = self.raw.location(each.start), self.raw.location(each.end)
            for row in range(top, bottom + 1):
                end = right if row == bottom else len(self.raw.lines[row])
                self._marks.setdefault(row, []).append((left if row == top else 0, end, each))

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        self._mark()
        for start, end, span in sorted(self._marks.get(line_index, ()), key=lambda each: each[2].item == self._lit):
            name = "lit" if span.item == self._lit else "faint" if span.faint else "found"
            line.stylize(self.get_component_rich_style(f"page-text--{name}", partial=True), start, end)
        return line

    def _redraw(self) -> None:
        self._line_cache.clear()
        self.refresh()

    # -- what comes in ------------------------------------------------------------------------------------------

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        # the key list asks by name alone, and Textual has no character for this name
        return super().check_consume_key(key, "/" if key == "slash" else character)

    async def _on_key(self, event: events.Key) -> None:
        if self.read_only and event.is_printable:
            self.post_message(self.Kept())

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()  # the base class would split the text at characters that are none of its line breaks
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        if self.read_only:
            self.post_message(self.Kept())
        elif len(self.text) + len(text) > MOST:
            self.post_message(self.Refused(len(self.text) + len(text)))
        elif len(text) > LARGE:
            self.post_message(self.Large())
            self.set_timer(_TIME_TO_SAY, lambda: self._take(text))
        else:
            self._take(text)

    def _take(self, text: str) -> None:
        self.history.checkpoint()  # undo takes the paste back whole, and nothing with it
        self.replace(text, *self.selection, maintain_selection_offset=False)
        self.history.checkpoint()
        self.focus()


def moved(spans: Sequence[Span], before: str, after: str) -> list[Span]:
    """The spans of one text in another that grew out of it by an edit; those that the edit touched are left out."""
    if before == after:
        return list(spans)
    head = _alike(before, after)
    tail = min(_alike(before[::-1], after[::-1]), min(len(before), len(after)) - head)
    kept = len(before) - tail
    shift = len(after) - len(before)
    return [
        each if each.end <= head else replace(each, start=each.start + shift, end=each.end + shift)
        for each in spans
        if each.end <= head or each.start >= kept
    ]


def _alike(left: str, right: str) -> int:
    """How many first characters two texts have in common, found by halving."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
