"""A witness: a file, or a folder under git, that the team names and this store cannot take back.

Each signed head is appended as C2SP prints it, an empty line after each. Heads of several people's trails may share
one file; each is told apart by its origin.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from gangly_tui.domain.checkpoint import parse_note
from gangly_tui.domain.errors import StoreError, TrailBroken

NAME = "gangly-heads.txt"
"""The file in a folder."""

_GIT_SECONDS = 20
_TAIL = 4096
_SIGNATURE = 4 + 64


def witness_file(path: Path) -> Path:
    """The file behind what the team named."""
    return path / NAME if path.is_dir() else path


def append_head(path: Path, note: str) -> None:
    """Put a signed head at the end, durably, unless it is there; in a folder under git, commit it.

    Raises StoreError when that cannot be done.
    """
    file = witness_file(path)
    try:
        handle = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            size = os.fstat(handle).st_size
            os.lseek(handle, max(size - _TAIL, 0), os.SEEK_SET)
            end = os.read(handle, _TAIL)
            if note.encode() in end:
                return
            broken_off = bool(end) and not end.endswith(b"\n\n")  # a crash of somebody's in the middle of a line
            content = (b"\n\n" if broken_off else b"") + note.encode() + b"\n"
            if os.write(handle, content) != len(content):
                raise OSError(0, "the disk is full")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise StoreError(
            f"the witness {file} cannot be written: {error.strerror or error}",
            fix="check [trail] witness in config.toml",
        ) from error
    if (path / ".git").exists():
        _commit(path, note)


def _commit(folder: Path, note: str) -> None:
    origin, size, *_ = note.split("\n")
    for arguments in (("add", "--", NAME), ("commit", "-q", "-m", f"head of {origin} at {size}", "--", NAME)):
        try:
            subprocess.run(
                ["git", "-C", str(folder), *arguments],
                check=True,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_GIT_SECONDS,
            )
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or str(error).encode()
            last = said.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason given"]
            raise StoreError(
                f"the head is in {folder / NAME}, but git would not commit it: {last[0]}", fix=f"git -C {folder} status"
            ) from error


def read_heads(path: Path) -> list[str]:
    """The signed heads in a witness, in the order they were left. Raises StoreError when it cannot be read."""
    file = witness_file(path)
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise StoreError(
            f"the witness {file} cannot be read: {error.strerror}", fix="name its file or folder"
        ) from error
    return list(_notes(text))


def _notes(text: str) -> Iterator[str]:
    """Whole notes only: what a crash broke off is passed over."""
    head: list[str] = []
    signatures: list[str] = []
    blank = False
    for line in [*text.split("\n"), ""]:
        if line.startswith("— ") and head and blank:
            signatures.append(line)
            continue
        if signatures:
            note = "\n".join([*head, "", *signatures, ""])
            if _is_note(note):
                yield note
            head, signatures, blank = [], [], False
        if line:
            head = [line] if blank else [*head, line]
            blank = False
        else:
            blank = bool(head)


def _is_note(note: str) -> bool:
    """Whether a note is whole. A signature that broke off is shorter than any."""
    try:
        *_, signatures = parse_note(note)
    except TrailBroken:
        return False
    return all(len(raw) >= _SIGNATURE for _, raw in signatures)
