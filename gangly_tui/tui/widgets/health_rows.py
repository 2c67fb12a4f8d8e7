"""Health as rows: a block a system, each number with its verdict as a sign and a word, colour only beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from textual.content import Content

from gangly_tui.domain.health import Day, Figure, Health, SystemHealth, Verdict, sparkline
from gangly_tui.tui.text import cell, content, join, line
from gangly_tui.tui.widgets.rows import MARGIN, Row

LABELS = 25
"""Cells for what a number is called."""
_SIGNS = {Verdict.OK: "✓", Verdict.LOOK: "?", Verdict.BAD: "!"}
_STYLES = {Verdict.OK: "$good", Verdict.LOOK: "$warn", Verdict.BAD: "bold $bad"}
_WORDS = {Verdict.OK: "well", Verdict.LOOK: "worth a look", Verdict.BAD: "bad"}
_QUIET_WEEK = "nothing over the network in 7 days: not asked, or it answers from a file on this machine"
_LONGEST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing on the screen, raw text. `key` finds it again after a refresh; `title` begins a block."""

    key: tuple[str, str]
    label: str = ""
    words: str = ""
    fix: str = ""
    verdict: Verdict | None = None
    title: bool = False
    style: str = ""


def told(verdict: Verdict) -> str:
    """A verdict in a word or two."""
    return _WORDS[verdict]


def lines_of(found: Health) -> list[Line]:
    """Every system, then this machine."""
    lines = [each for system in found.systems for each in _block(system)]
    worst = [each for each in found.machine if each.verdict is not Verdict.OK]
    lines.append(Line(key=("", "title"), label="this machine", title=True, verdict=_worst(worst)))
    return [*lines, *(_figure("", each) for each in found.machine)]


def _worst(figures: Sequence[Figure]) -> Verdict:
    found = {each.verdict for each in figures}
    return Verdict.BAD if Verdict.BAD in found else Verdict.LOOK if found else Verdict.OK


def _block(system: SystemHealth) -> Iterator[Line]:
    name = system.system
    yield Line(key=(name, "title"), label=system.title, title=True, verdict=system.verdict)
    yield from (_figure(name, each) for each in system.figures)
    yield from _week(name, system.week)
    for each in system.failures:
        yield Line(
            key=(name, f"{each.result} {each.write}"),
            label=f"failed {each.count:,} x, {'writing' if each.write else 'reading'}",
            words=f"{each.words}; last {each.last}",
            fix=each.fix,
        )
    for label, text in (("owner", system.owner), ("backup", system.backup), ("runbook", system.runbook)):
        if text:
            yield Line(key=(name, label), label=label, words=text, style="$quiet")


def _figure(system: str, each: Figure) -> Line:
    return Line(
        key=(system, f"{each.name} {each.part}"),
        label=each.label,
        words=each.words,
        fix=each.fix,
        verdict=None if each.value is None and each.verdict is Verdict.OK else each.verdict,
    )


def _week(system: str, week: Sequence[Day]) -> Iterator[Line]:
    """Two rows of bars over the days' letters; the numbers are there for who cannot tell the bars."""
    answered, failed = [each.answered for each in week], [each.failed for each in week]
    if not any((*answered, *failed)):
        yield Line(key=(system, "week"), label="7 days", words=_QUIET_WEEK, style="$quiet")
        return
    letters = " ".join(f"{date.fromisoformat(each.day):%a}"[0] for each in week)
    yield Line(key=(system, "week"), label="7 days, answered", words=_bars(answered), style="$good")
    yield Line(key=(system, "week failed"), label="7 days, failed", words=_bars(failed), style="$bad")
    yield Line(key=(system, "week days"), label="", words=f"{letters}  today at the right, UTC", style="$quiet")


def _bars(counts: Sequence[int]) -> str:
    return f"{' '.join(sparkline(counts))}  {sum(counts):,}, today {counts[-1]:,}"


def lay_out(lines: Sequence[Line], width: int) -> list[Row]:
    """The lines at this width; what is longer than a row goes on in the next one."""
    rows: list[Row] = []
    for item, each in enumerate(lines):
        if each.title and item:
            rows.append(Row(left=Content("")))
        rows += (
            [Row(left=_title(each, width), item=item)]
            if each.title
            else [Row(left=left, item=item) for left in _rows(each, width)]
        )
    return rows


def _title(each: Line, width: int) -> Content:
    assert each.verdict is not None  # a block has one
    name = line(each.label, limit=200, style="bold").truncate(max(width - MARGIN - 18, 8), ellipsis=True)
    said = f"{_SIGNS[each.verdict]} {told(each.verdict)}"
    return join(name, "   ", line(said, style=_STYLES[each.verdict]))


def _rows(each: Line, width: int) -> Iterator[Content]:
    room = max(width - MARGIN - LABELS - 2, 12)
    sign = Content.styled(_SIGNS[each.verdict], _STYLES[each.verdict]) if each.verdict else Content(" ")
    label = cell(each.label, LABELS, style="$quiet")
    style = each.style or (_STYLES[each.verdict] if each.verdict in (Verdict.LOOK, Verdict.BAD) else "")
    for words in content(each.words, limit=_LONGEST, style=style).wrap(room):
        yield join(sign, " ", label, words)
        sign, label = Content(" "), Content(" " * LABELS)
    if each.fix:
        for words in content(f"→ {each.fix}", limit=_LONGEST, style="$quiet").wrap(room):
            yield join(" " * (LABELS + 2), words)
