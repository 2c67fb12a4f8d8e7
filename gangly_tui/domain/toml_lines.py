"""Which line of a TOML file sets a key: `tomllib` does not tell, and a person who mends the file wants to know."""

from __future__ import annotations

import re


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
