"""Before and after of one field, in full: what is sent is what is seen, line breaks and edge spaces included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rich.cells import cell_len
from textual.content import Content

from gangly_tui.domain.proposal import Conflict, FieldChange
from gangly_tui.domain.records import FieldType, Value
from gangly_tui.domain.safe import clean
from gangly_tui.domain.values import show
from gangly_tui.tui.text import cell, content, join, line, short_day

_SIDE_BY_SIDE = 72
_EMPTY = ("", (), None)
_BREAK = "⏎"
_EDGE = "·"


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """What a value needs besides itself to be read by a person: names of records, the deal's currency, the day."""

    now: datetime
    names: Mapping[str, str] = field(default_factory=dict)
    """record id -> its name, raw"""
    currency: str = ""


def words(value: Value, kind: FieldType, eyes: Eyes) -> str:
    """The value as raw text; an id is followed by the name it stands for."""
    if value in _EMPTY:
        return ""
    if kind in (FieldType.REFERENCE, FieldType.REFERENCES):
        ids = value if isinstance(value, tuple) else (str(value),)
        return ", ".join(f"{eyes.names[each]} ({each})" if each in eyes.names else each for each in ids)
    if isinstance(value, datetime):
        return f"{value.astimezone(eyes.now.tzinfo):%Y-%m-%d %H:%M}"
    return show(value, kind, currency=eyes.currency)


def value_lines(text: str, width: int, style: str = "") -> list[Content]:
    """Raw text in full at a width. A line break shows as a mark and breaks, a space at an edge shows as a dot."""
    if not text:
        return [Content.styled("(empty)", "$quiet")]
    found: list[Content] = []
    parts = str(clean(text)).split("\n")
    for number, part in enumerate(parts):
        bare = part.strip(" ")
        lead = _EDGE * (len(part) - len(part.lstrip(" "))) if bare else _EDGE * len(part)
        tail = _EDGE * (len(part) - len(part.rstrip(" "))) if bare else ""
        end = _BREAK if number < len(parts) - 1 else ""
        shown = Content.assemble((lead, "$quiet"), Content.styled(bare, style), (tail, "$quiet"), (end, "$quiet"))
        found += shown.wrap(max(width, 4)) if shown else [Content("")]
    return found


def signed(sign: str, lines: list[Content], style: str) -> list[Content]:
    """The lines behind a `-` or a `+` in the colour of the side."""
    return [join(content(f"{sign} ", style=f"bold {style}"), each) for each in lines]


def stamp(by: str, at: datetime | None, eyes: Eyes) -> Content:
    """Who and when: "kim@acme.com, 12 Jun"."""
    when = short_day(at.astimezone(eyes.now.tzinfo).date(), eyes.now.date()) if at else ""
    return line(", ".join(filter(None, (by, when))), limit=120, style="$quiet")


def minus_lines(change: FieldChange, width: int, eyes: Eyes) -> list[Content]:
    """What the CRM held when the card was drafted."""
    style = "$minus" if change.before not in _EMPTY else "$quiet"
    return signed("-", value_lines(words(change.before, change.type, eyes), width - 2, style), "$minus")


def plus_lines(change: FieldChange, width: int, eyes: Eyes) -> list[Content]:
    """What will stand there."""
    return signed("+", value_lines(words(change.after, change.type, eyes), width - 2, "$plus"), "$plus")


def conflict_lines(conflict: Conflict, kind: FieldType, width: int, eyes: Eyes) -> list[Content]:
    """Base, theirs and mine: side by side where there is room, else one below the other."""
    when = conflict.at.astimezone(eyes.now.tzinfo) if conflict.at else None
    who = ", ".join(
        filter(None, (conflict.by, f"{short_day(when.date(), eyes.now.date())} {when:%H:%M}" if when else ""))
    )
    sides = (
        ("base", "when the card was drafted", conflict.base, ""),
        ("theirs", who, conflict.theirs, "$minus"),
        ("mine", "from your card", conflict.mine, "$plus"),
    )
    if width < _SIDE_BY_SIDE:
        return [each for side in sides for each in _stacked(*side, kind=kind, width=width, eyes=eyes)]
    room = (width - 4) // 3
    columns = []
    for name, said, value, style in sides:
        head = cell(name, room, style="bold")
        below = cell(said, room, style="$quiet")
        shown = value_lines(words(value, kind, eyes), room, style)
        columns.append([head, below, *(_padded(each, room) for each in shown)])
    tallest = max(len(each) for each in columns)
    blank = Content(" " * room)
    full = [[*each, *[blank] * (tallest - len(each))] for each in columns]
    return [Content("  ").join(row) for row in zip(*full, strict=True)]


def _stacked(
    name: str, said: str, value: Value, style: str, *, kind: FieldType, width: int, eyes: Eyes
) -> list[Content]:
    head = join(cell(name, 8, style="bold"), line(said, limit=160, style="$quiet")).truncate(width, ellipsis=True)
    return [head, *(join("  ", each) for each in value_lines(words(value, kind, eyes), width - 2, style))]


def _padded(text: Content, width: int) -> Content:
    return text + Content(" " * max(width - text.cell_length, 0))


def label_width(changes: tuple[FieldChange, ...]) -> int:
    """Cells for the labels of a card with several fields."""
    return min(max((cell_len(str(line(each.label, limit=60))) for each in changes), default=0), 18)
