"""A file, or standard input, as text."""

from __future__ import annotations

import sys
from pathlib import Path

from gangly_tui.domain.errors import InputError

_STDIN = "standard input"


def text_of(file: str) -> str:
    """The text of a file; `-` is standard input. Raises InputError, also when nothing is piped in."""
    from gangly_tui.connectors.engagement.text_file import MAX_BYTES, read_text_bytes, read_text_file

    if file != "-":
        return read_text_file(Path(file).expanduser())
    if sys.stdin.isatty():
        raise InputError("nothing is piped in", fix="name a file, or pipe a text: cat call.txt | gangly draft -")
    return read_text_bytes(sys.stdin.buffer.read(MAX_BYTES + 1), _STDIN)
