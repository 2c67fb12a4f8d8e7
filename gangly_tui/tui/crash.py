"""After an error nobody handled: a plain sentence for the terminal, where it happened for a private file.

The file gets the kinds of the errors and the places in the code, and nothing else: the message of an error may quote
a note, and the value of a variable may be a token.
"""

from __future__ import annotations

import json
import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from gangly_tui import __version__

_LONGEST_CHAIN = 8


def keep(error: BaseException | None, log_path: Path | None) -> str:
    """Append what happened, as one line of JSON, to the log; returns what to print."""
    error = getattr(error, "error", None) or error  # a worker's failure wraps the one that matters
    frames = traceback.extract_tb(error.__traceback__) if error else []
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    what = type(error).__name__ if error else "error"
    sentence = f"gangly had to stop: {what}{where}. What you approved and typed is saved."
    path = log_path or _default_path()
    try:
        _append(path, _chain(error))
    except OSError as trouble:
        return f"{sentence} The log could not be written: {trouble.strerror}."
    return f"{sentence} Details: {path}"


def _chain(error: BaseException | None) -> list[dict[str, object]]:
    """The error and those that led to it: their kinds and places."""
    told: list[dict[str, object]] = []
    while error is not None and len(told) < _LONGEST_CHAIN:
        places = [
            f"{'/'.join(Path(each.filename).parts[-3:])}:{each.lineno} {each.name}"
            for each in traceback.extract_tb(error.__traceback__)
        ]
        told.append({"error": type(error).__name__, "places": places})
        error = error.__cause__ or error.__context__
    return told


def _default_path() -> Path:
    from platformdirs import user_log_path

    return user_log_path("gangly") / "crash.log"


def _append(path: Path, told: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "version": __version__, "errors": told}
    flags = os.O_APPEND | os.O_CREAT | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
