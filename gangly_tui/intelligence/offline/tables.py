"""Tables in minutes that say who does what by when, as lines with bars."""

from __future__ import annotations

import re

_WHO = frozenset("who owner owners responsible assignee resp person name".split()) | {"assigned to", "action owner"}
_WHAT = frozenset("what action actions task tasks item todo step description".split()) | {
    "to do",
    "next step",
    "next steps",
    "action item",
    "action items",
}
_RULE = re.compile(r"[\s|:+=-]+")


def is_row(line: str) -> bool:
    """Whether a line is a row: two bars or more, the first at its beginning."""
    return line.lstrip().startswith("|") and line.count("|") > 2


def is_rule(line: str) -> bool:
    """Whether a row only draws the line under the head."""
    return bool(_RULE.fullmatch(line))


def heads_tasks(line: str) -> bool:
    """Whether a row is the head of a table of actions: one column for whom, one for what."""
    names = {line[start:end].strip(" *_:").lower() for start, end in cells(line)}
    return is_row(line) and bool(names & _WHO) and bool(names & _WHAT)


def cells(line: str) -> list[tuple[int, int]]:
    """Where each cell's words stand in the line."""
    found = []
    for hit in re.finditer(r"[^|]+", line):
        words = hit.group()
        if bare := words.strip():
            start = hit.start() + words.index(bare)
            found.append((start, start + len(bare)))
    return found
