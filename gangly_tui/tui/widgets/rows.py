"""A list drawn line by line: only the rows in view are rendered, so ten rows and a hundred thousand cost the same.

A list that can grow without end gives `RowsOnDemand`, which are also made only as they come into view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, overload

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

MARGIN = 2
"""Cells at the left of every row: the cursor's mark and a space."""
_MARK = "▌"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the screen. `tag` sits at the right edge. Rows of one `item` are selected together; -1 is none."""

    left: Content
    tag: Content = field(default_factory=lambda: Content(""))
    item: int = -1


class RowsOnDemand(Sequence[Row]):
    """`total` rows, each an item of its own, made by `row_at` when it is looked at and kept while it is near."""

    KEPT = 512

    def __init__(self, total: int, row_at: Callable[[int], Row]) -> None:
        self._total = total
        self._row_at = row_at
        self._made: dict[int, Row] = {}

    def __len__(self) -> int:
        return self._total

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self._total))]
        if not 0 <= index < self._total:
            raise IndexError(index)
        row = self._made.get(index)
        if row is None:
            if len(self._made) >= self.KEPT:
                self._made.clear()
            row = self._made[index] = self._row_at(index)
        return row


class _OneEach(Mapping[int, tuple[int, int]]):
    """First and last row of each item where every item is one row."""

    def __init__(self, total: int) -> None:
        self._total = total

    def __len__(self) -> int:
        return self._total

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._total))

    def __getitem__(self, item: int) -> tuple[int, int]:
        if not 0 <= item < self._total:
            raise KeyError(item)
        return item, item


class RowView(ScrollView, can_focus=True):
    """Rows with a cursor over their items. `show` takes a function of the width, called again after a resize."""

    DEFAULT_CSS = """
    RowView {
        scrollbar-size: 0 1;
        scrollbar-gutter: stable;
        overflow-x: hidden;
        background: transparent;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="rows.up", tooltip="The line above"),
        Binding("down,j", "move(1)", "Down", show=False, id="rows.down", tooltip="The line below"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="rows.page-up", tooltip="One page up"),
        Binding("pagedown,space", "page(1)", "Page down", show=False, id="rows.page-down", tooltip="One page down"),
        Binding("home,g", "first", "First", show=False, id="rows.first", tooltip="The first line"),
        Binding("end,G", "last", "Last", show=False, id="rows.last", tooltip="The last line"),
        Binding("enter", "choose", "Choose", show=False, id="rows.choose", tooltip="Open the selected line"),
    ]

    cursor: reactive[int] = reactive(0)
    """the selected item; rows of other items are not marked"""

    class Moved(Message):
        """The cursor went to another item."""

        def __init__(self, view: RowView, item: int) -> None:
            super().__init__()
            self.view, self.item = view, item

        @property
        def control(self) -> RowView:
            return self.view

    class Chosen(Moved):
        """Enter, or a click on the selected item."""

    class TagClicked(Moved):
        """A click on an item's source tag."""

    def __init__(self, *, id: str | None = None, marked_always: bool = False) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._lay_out: Callable[[int], Sequence[Row]] = lambda _: ()
        self._rows: Sequence[Row] = ()
        self._spans: Mapping[int, tuple[int, int]] = {}
        self._marked_always = marked_always
        self._laid_out_at = -1

    # -- what it shows ------------------------------------------------------------------------------------------

    def show(self, lay_out: Callable[[int], Sequence[Row]], *, cursor: int | None = None) -> None:
        """Show other rows. `cursor` None keeps the selected item and the place, as far as they still exist."""
        self._lay_out = lay_out
        self._laid_out_at = -1
        if cursor is not None:
            self.scroll_to(y=0, animate=False, force=True)
            self.set_reactive(RowView.cursor, cursor)
        self._update()
        if cursor:
            self._reveal()

    @property
    def items(self) -> int:
        """How many items can be selected."""
        return len(self._spans)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The rows there are at this width, where a style sheet asks for an automatic height."""
        return len(self._lay_out(max(width - self.styles.scrollbar_size_vertical, 1)))

    def _update(self) -> None:
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        if width != self._laid_out_at:
            self._laid_out_at = width
            self._rows = self._lay_out(width)
            self._spans = _spans(self._rows)
            self._resize_to(Size(width, len(self._rows)))
        self.set_reactive(RowView.cursor, max(min(self.cursor, self.items - 1), 0))
        self.refresh()

    def _resize_to(self, size: Size) -> None:
        """More or fewer rows. Only where the height follows them is the screen laid out anew: that is the dear part."""
        height = self.styles.height
        if height is None or height.is_auto:
            self.virtual_size = size
        elif size != self.virtual_size:
            self.set_reactive(RowView.virtual_size, size)
            self._scroll_update(size)

    def on_resize(self) -> None:
        self._laid_out_at = -1  # what is laid out may depend on the height, too
        self._update()
        self._reveal()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        at = y + self.scroll_offset.y
        base = self.visual_style
        if at >= len(self._rows):
            return Strip.blank(width, base.rich_style)
        row = self._rows[at]
        selected = row.item >= 0 and row.item == self.cursor and (self.has_focus or self._marked_always)
        parse = self.app.stylesheet.parse_style
        if selected:
            base = base + parse("on $marked" if self.has_focus else "on $marked-dim")
        mark = Content.styled(_MARK if selected else " ", "$lead" if self.has_focus else "$quiet")
        spare = width - MARGIN - row.left.cell_length - row.tag.cell_length
        text = Content("").join([mark, Content(" "), row.left, Content(" " * max(spare, 0)), row.tag])
        segments = [
            Segment(part, (base + style).rich_style) for part, style in text.render(base, end="", parse_style=parse)
        ]
        return Strip(segments).adjust_cell_length(width, base.rich_style)

    # -- moving -------------------------------------------------------------------------------------------------

    def watch_cursor(self, before: int, after: int) -> None:
        if before != after:
            for item in (before, after):
                first, last = self._span(item)
                self.refresh_lines(first, last - first + 1)
            self._reveal()
            self.post_message(self.Moved(self, after))

    def watch_has_focus(self, value: bool) -> None:
        super().watch_has_focus(value)
        self.refresh()

    def _span(self, item: int) -> tuple[int, int]:
        """First and last row of an item."""
        return self._spans.get(item, (0, 0))

    def _reveal(self) -> None:
        """Bring the selected item into view, with what stands above the first and below the last."""
        height = self.scrollable_content_region.height
        if not self._rows or height <= 0:
            return
        first, last = self._span(self.cursor)
        first = 0 if self.cursor == 0 else first
        last = len(self._rows) - 1 if self.cursor == self.items - 1 and self.cursor > 0 else last
        top = self.scroll_offset.y
        if first < top or last - first >= height:
            self.scroll_to(y=first, animate=False, force=True)
        elif last >= top + height:
            self.scroll_to(y=last - height + 1, animate=False, force=True)

    def action_move(self, by: int) -> None:
        """To the next item; inside one that is taller than the screen, a step of it first."""
        height, top = self.scrollable_content_region.height, self.scroll_offset.y
        first, last = self._span(self.cursor)
        if by > 0 and last >= top + height:
            self.scroll_to(y=min(top + height - 1, last - height + 1), animate=False, force=True)
        elif by < 0 and first < top:
            self.scroll_to(y=max(top - height + 1, first), animate=False, force=True)
        elif 0 <= self.cursor + by < self.items:
            self.cursor += by
        else:
            self.scroll_to(y=0 if by < 0 else self.max_scroll_y, animate=False, force=True)

    def action_page(self, by: int) -> None:
        """One page: the cursor goes to the first item that is in view afterwards."""
        height = max(self.scrollable_content_region.height - 1, 1)
        target = max(min(self.scroll_offset.y + by * height, self.max_scroll_y), 0)
        shown = [row.item for row in self._rows[target : target + height + 1] if row.item >= 0]
        at_edge = target in (0, self.max_scroll_y)
        if shown:
            edge = shown[0] if by < 0 else shown[-1]
            self.cursor = edge if at_edge else shown[0]
        self.scroll_to(y=target, animate=False, force=True)

    def action_first(self) -> None:
        """The first item."""
        self.cursor = 0
        self.scroll_to(y=0, animate=False, force=True)

    def action_last(self) -> None:
        """The last item."""
        self.cursor = max(self.items - 1, 0)

    def action_choose(self) -> None:
        """Say that the selected item was chosen."""
        if self.items:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        at = event.y - self.gutter.top + self.scroll_offset.y
        if not 0 <= at < len(self._rows) or self._rows[at].item < 0:
            return
        row = self._rows[at]
        again = self.cursor == row.item
        self.cursor = row.item
        tag = row.tag.cell_length
        width = self.scrollable_content_region.width
        if tag and event.x - self.gutter.left >= width - tag:
            self.post_message(self.TagClicked(self, row.item))
        elif again:
            self.post_message(self.Chosen(self, row.item))


def _spans(rows: Sequence[Row]) -> Mapping[int, tuple[int, int]]:
    """First and last row of each item."""
    if isinstance(rows, RowsOnDemand):
        return _OneEach(len(rows))
    spans: dict[int, tuple[int, int]] = {}
    for at, row in enumerate(rows):
        if row.item >= 0:
            spans[row.item] = (spans[row.item][0] if row.item in spans else at, at)
    return spans
