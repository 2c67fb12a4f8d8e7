"""Past touches as a picture: a line of weeks with a mark for each touch, the months beneath, now at its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from textual.content import Content

from gangly_tui.domain.brief import Touch
from gangly_tui.tui.text import content

WEEKS = 12
GLYPHS = {"meeting": "●", "call": "◆", "email": "○", "note": "▪"}
OTHER = "•"
_WIDEST_SLOT = 5


def glyph(kind: str) -> str:
    """The mark of a type of touch: shapes, so that they tell themselves apart without colour."""
    return GLYPHS.get(kind.lower(), OTHER)


def timeline(touches: Sequence[Touch], today: date, width: int) -> list[Content]:
    """Two lines at most `width` cells wide; empty when no touch fell into the last twelve weeks."""
    monday = today - timedelta(days=today.weekday())
    start = monday - timedelta(weeks=WEEKS - 1)
    slot = min((width - 5) // WEEKS, _WIDEST_SLOT)
    if slot < 2 or not any(each.at.date() >= start for each in touches):
        return []
    weeks: list[list[str]] = [[] for _ in range(WEEKS)]
    for each in sorted(touches, key=lambda touch: touch.at):
        week = (each.at.date() - start).days // 7
        if 0 <= week < WEEKS:
            weeks[week].append(glyph(each.type))
    parts: list[Content | str] = []
    for marks in weeks:
        shown = marks if len(marks) < slot else [*marks[: slot - 2], "+"]
        parts.append(content("".join(shown), style="$lead"))
        parts.append(Content.styled("─" * (slot - len(shown)), "$faint"))
    parts.append(Content.styled("─▸ ", "$faint"))
    parts.append(Content.styled("now", "$quiet"))
    return [Content("").join(parts), content(_months(start, slot), style="$quiet")]


def _months(start: date, slot: int) -> str:
    """The first three letters of each month under the week it begins in; the first one under the first week."""
    ruler = [" "] * (WEEKS * slot)
    free_from = 0
    for week in range(WEEKS):
        monday = start + timedelta(weeks=week)
        sunday = monday + timedelta(days=6)
        begins = week == 0 or monday.day == 1 or monday.month != sunday.month
        name = f"{monday if week == 0 else sunday:%b}"
        at = week * slot
        if begins and at >= free_from and at + len(name) <= len(ruler):
            ruler[at : at + len(name)] = name
            free_from = at + len(name) + 1
    return "".join(ruler).rstrip()
