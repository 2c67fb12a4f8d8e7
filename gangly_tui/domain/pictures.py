"""Bars for a terminal, and the same numbers as a picture in a file. Every bar carries its number in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil

from gangly_tui.domain.safe import clean

_PARTS = " ▏▎▍▌▋▊▉█"
_ROW, _LEFT, _RIGHT, _TOP = 26, 190, 240, 34
_INK, _SOFT, _FULL, _HATCH = "#1f2933", "#66737f", "#3f7cac", "#d1495b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar, raw text. `value` is the whole, `part` how much of it is meant (at risk, with gaps)."""

    label: str
    value: float
    part: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars of one unit under one title; the longest fills the width."""

    title: str
    bars: tuple[Bar, ...]


def strip(bar: Bar, top: float, width: int) -> tuple[str, str]:
    """The bar as (meant part, rest), in eighths of a cell; together at most `width` cells."""
    if top <= 0 or bar.value <= 0 or width <= 0:
        return "", ""
    whole = max(ceil(bar.value / top * width * 8), 1)
    part = min(round(bar.part / top * width * 8), whole)
    meant = -(-part // 8) if part else 0
    cells = -(-whole // 8)
    rest = "░" * max(cells - meant, 0)
    return "█" * (part // 8) + (_PARTS[part % 8] if part % 8 else ""), rest


def top_of(chart: Chart) -> float:
    """The longest bar."""
    return max((each.value for each in chart.bars), default=0.0)


def svg(charts: Sequence[Chart]) -> str:
    """All charts in one SVG without anything from elsewhere; a bar's words stand beside it."""
    width, parts, y = 900, [], 12
    room = width - _LEFT - _RIGHT
    for chart in charts:
        y += 22
        parts.append(f'<text x="16" y="{y}" font-weight="bold" fill="{_INK}">{_plain(chart.title)}</text>')
        y += 12
        top = top_of(chart)
        for bar in chart.bars:
            size = bar.value / top * room if top > 0 else 0.0
            meant = min(bar.part, bar.value) / top * room if top > 0 else 0.0
            label, words = _plain(bar.label), _plain(bar.words)
            parts += [
                f'<text x="{_LEFT - 10}" y="{y + 15}" text-anchor="end" fill="{_INK}">{label}</text>',
                f'<rect x="{_LEFT}" y="{y + 3}" width="{size:.1f}" height="16" fill="{_FULL}" opacity="0.45"/>',
                f'<rect x="{_LEFT}" y="{y + 3}" width="{meant:.1f}" height="16" fill="{_HATCH}"/>',
                f'<text x="{_LEFT + size + 8:.1f}" y="{y + 15}" fill="{_SOFT}">{words}</text>',
            ]
            y += _ROW
        y += _TOP // 2
    frame = f'viewBox="0 0 {width} {y}" width="{width}" height="{y}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {frame} font-family="sans-serif" font-size="13">'
    return "\n".join([head, f'<rect width="{width}" height="{y}" fill="#ffffff"/>', *parts, "</svg>"]) + "\n"


def _plain(text: str) -> str:
    """Outside text in XML: cleaned of what XML cannot hold, on one line, escaped."""
    return escape(" ".join(clean(text, limit=80).split()))
