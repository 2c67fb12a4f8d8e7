"""The hierarchy page printed: one page of text, Markdown or HTML, to read and to sign."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from pathlib import Path

from gangly_tui.commands.brief_text import escaped_words
from gangly_tui.commands.console import short
from gangly_tui.domain.hierarchy import Hierarchy, Mode, Owner, Scope
from gangly_tui.domain.records import FIELDS, Kind

_MODES = {
    Mode.LIVE: "live: what a person approves is written",
    Mode.SHADOW: "shadow: everything but the sending; gangly shadow report counts",
}
Rows = list[tuple[str, ...]]
Table = tuple[str, tuple[str, ...], Rows]
"""Title, headings, rows."""


def tables(page: Hierarchy) -> list[Table]:
    """What the page says, as tables: fields, connectors, what each may read and write, sources."""
    fields: Rows = [
        (f"{kind.label}.{name}", owner.layer.value, owner.system or "any", _rule(owner))
        for (kind, name), owner in page.owners.items()
    ]
    connectors: Rows = [
        (
            each.system,
            each.layer.value,
            each.owner,
            each.backup,
            each.runbook,
            _day(each.review),
            _day(each.rotate),
        )
        for each in page.scopes.values()
    ]
    scopes: Rows = [
        (name, kind.label, _names(scope, kind, "read"), _names(scope, kind, "write"))
        for name, scope in page.scopes.items()
        for kind in Kind
        if scope.read.get(kind) or scope.write.get(kind)
    ]
    found: list[Table] = [
        ("Who owns a field, and who wins it", ("field", "layer", "system", "rule"), fields),
        (
            "Who answers for a connector",
            ("connector", "layer", "owner", "backup", "runbook", "review", "rotation"),
            connectors,
        ),
        ("What it may read and write", ("connector", "of", "reads", "writes"), scopes),
    ]
    if page.sources:
        users: Rows = [(name, ", ".join(each)) for name, each in page.sources.items()]
        found.append(("Which CRM users write for which source", ("source", "users"), users))
    if page.required:
        needs: Rows = [(stage, ", ".join(names) or "nothing") for stage, names in page.required.items()]
        found.append(("What a deal must have in a stage", ("stage", "fields"), needs))
    return found


def _rule(owner: Owner) -> str:
    return owner.rule.value + (f": {', '.join(owner.order)}" if owner.order else "")


def _day(on: date | None) -> str:
    return on.isoformat() if on else "-"


def _names(scope: Scope, kind: Kind, way: str) -> str:
    found = (scope.read if way == "read" else scope.write).get(kind, frozenset())
    return "everything" if found == frozenset(FIELDS[kind]) else ", ".join(sorted(found)) or "nothing"


def as_text(page: Hierarchy, width: int) -> str:
    """For a terminal of this width; the last column takes what is left and is wrapped."""
    lines = [f"INTEGRATION HIERARCHY   mode {_MODES[page.mode]}", f"trust: {' > '.join(page.trust)}", ""]
    for title, heads, rows in tables(page):
        lines += [title.upper(), *_columns(heads, rows, width), ""]
    return "\n".join(lines).rstrip()


def _columns(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    import textwrap

    shown = [[short(each, 400) for each in row] for row in (heads, *rows)]
    sizes = [min(max(len(row[at]) for row in shown), 28) for at in range(len(heads))]
    while sum(sizes) + 2 * len(sizes) > width and max(sizes) > 8:
        sizes[sizes.index(max(sizes))] -= 1
    sizes[-1] = max(width - sum(sizes[:-1]) - 2 * len(sizes), 12)
    found = []
    for row in shown:
        cells = [textwrap.wrap(each, size) or [""] for each, size in zip(row, sizes, strict=True)]
        for at in range(max(len(each) for each in cells)):
            parts = ((each[at] if at < len(each) else "").ljust(size) for each, size in zip(cells, sizes, strict=True))
            found.append(("  " + "  ".join(parts)).rstrip())
    return found


def as_markdown(page: Hierarchy, at: str) -> str:
    """For a wiki; with lines to sign."""
    lines = ["# Integration Hierarchy", "", f"Mode: {_MODES[page.mode]}. Trust: {' > '.join(page.trust)}.", ""]
    for title, heads, rows in tables(page):
        lines += [f"## {title}", "", f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
        lines += ["| " + " | ".join(escaped_words(each, 400) or " " for each in row) + " |" for row in rows]
        lines.append("")
    lines += [f"As of {at}.", "", "Signed: ____________________   Date: ____________"]
    return "\n".join(lines)


_STYLE = """body{font:14px/1.4 sans-serif;margin:2em auto;max-width:62em}table{border-collapse:collapse;width:100%}
td,th{border:1px solid #999;padding:3px 6px;text-align:left;vertical-align:top}h2{margin:1.4em 0 .4em;font-size:1.1em}
.sign{margin-top:3em}@media print{body{margin:0}h2{break-after:avoid}tr{break-inside:avoid}}"""


def as_html(page: Hierarchy, at: str) -> str:
    """One file without anything from elsewhere; prints on paper."""
    parts = [
        f"<!doctype html><meta charset=utf-8><title>Integration Hierarchy</title><style>{_STYLE}</style>",
        "<h1>Integration Hierarchy</h1>",
        f"<p>Mode: {escape(_MODES[page.mode])}. Trust: {escape(' > '.join(page.trust))}.</p>",
    ]
    for title, heads, rows in tables(page):
        head = "".join(f"<th>{escape(each)}</th>" for each in heads)
        body = "".join("<tr>" + "".join(f"<td>{escape(each)}</td>" for each in row) + "</tr>" for row in rows)
        parts.append(f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{body}</table>")
    parts.append(f"<p>As of {escape(at)}.</p><p class=sign>Signed: ____________________ Date: ____________</p>")
    return "\n".join(parts) + "\n"


def written(path: Path, page: Hierarchy, at: str) -> None:
    """Write the page as the file's name asks: .html, else Markdown. Raises OSError."""
    text = as_html(page, at) if path.suffix.lower() in (".html", ".htm") else as_markdown(page, at) + "\n"
    path.write_text(text, encoding="utf-8")
