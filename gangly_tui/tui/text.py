"""The one way text from outside becomes something a widget may show: cleaned, and never parsed as markup."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from gangly_tui.domain.safe import clean, one_line

if TYPE_CHECKING:
    from textual.style import Style

SHOWN = 4_000
"""Characters of one value that are laid out on a screen; the record itself keeps all of them."""


def content(text: str, *, limit: int | None = None, style: Style | str = "") -> Content:
    """The text as Content: control and override characters made visible, line breaks kept, nothing parsed.

    `limit` is a number of characters. `style` is ours, such as "bold" or "$quiet", never the data's.
    """
    return Content.styled(clean(text, limit=limit), style)


def line(text: str, *, limit: int | None = SHOWN, style: Style | str = "") -> Content:
    """`content` for a place of one line: a line break becomes a visible mark."""
    return Content.styled(one_line(text, limit=limit), style)


def cell(text: str, width: int, *, style: Style | str = "", right: bool = False) -> Content:
    """One line in exactly `width` cells: cut with an ellipsis or padded, wide characters counted as two."""
    shown = str(one_line(text, limit=max(width, 0) * 2 + 8))
    size = cell_len(shown)
    if size > width:
        shown = set_cell_size(shown, max(width - 1, 0)).rstrip() + "…" if width > 0 else ""
    spare = " " * max(width - cell_len(shown), 0)
    return Content.styled(spare + shown if right else shown + spare, style)


def join(*parts: Content | str) -> Content:
    """Content side by side. A plain `str` here is our own text; what comes from outside goes through `content`."""
    return Content("").join(parts)


def day(on: date) -> str:
    """`Tue 24 Nov 2026`."""
    return f"{on:%a} {on.day} {on:%b %Y}"


def short_day(on: date, today: date) -> str:
    """`18 Nov`, with the year when it is not this one."""
    return f"{on.day} {on:%b}" if on.year == today.year else f"{on.day} {on:%b %Y}"


def ago(then: datetime | date, today: date) -> str:
    """How long ago in the coarsest useful words: `today`, `6 d ago`, `5 wk ago`, `8 mo ago`; ahead: `in 3 d`."""
    on = then.date() if isinstance(then, datetime) else then
    days = (today - on).days
    if days in (0, 1, -1):
        return {0: "today", 1: "yesterday", -1: "tomorrow"}[days]
    size = abs(days)
    if size < 14:
        words = f"{size} d"
    elif size < 70:
        words = f"{size // 7} wk"
    else:
        words = f"{size // 30} mo" if size < 700 else f"{size // 365} y"
    return f"{words} ago" if days > 0 else f"in {words}"
