"""A page of TOML that a team writes: which line is wrong, and what was probably meant. `tomllib` tells neither."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def line_of(text: str, *keys: str) -> int:
    """The line, from 1, that sets a key: `tomllib` does not tell."""
    table = keys[:-1]
    inside: tuple[str, ...] = ()
    heading = re.compile(r"\s*\[+\s*(?P<name>[^\]]*?)\s*\]+\s*(#.*)?$")
    wanted = re.compile(rf"""\s*["']?{re.escape(keys[-1])}["']?\s*[=.]""")
    for number, line in enumerate(text.splitlines(), start=1):
        header = heading.match(line)
        if header:
            inside = tuple(part.strip("\"' ") for part in header["name"].split("."))
            if inside == keys:
                return number
        elif inside == table and wanted.match(line):
            return number
    return line_of(text, *keys[:-1]) if len(keys) > 1 else 1


class Wrong(Exception):
    """What is wrong on a page, and under which keys."""

    def __init__(self, words: str, path: tuple[str, ...], fix: str = "") -> None:
        super().__init__(words)
        self.path = path
        self.fix = fix


def check_known(table: Mapping[str, Any], known: tuple[str, ...], where: tuple[str, ...], what: str) -> None:
    """Raises Wrong for a key that nobody knows; `what` names the page in words."""
    for name in table:
        if name not in known:
            path = (*where, name)
            raise Wrong(f"{'.'.join(path)} is nothing {what} knows", path, suggest(name, known))


def suggest(name: str, known: Iterable[str]) -> str:
    """What was probably meant, or what there is."""
    from difflib import get_close_matches

    there = list(known)
    near = get_close_matches(name, there, n=1)
    return f"did you mean {near[0]!r}?" if near else "use one of: " + ", ".join(there)
