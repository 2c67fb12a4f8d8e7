"""After an error nobody handled: a plain sentence for the terminal, the traceback for a private file."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path


def keep(error: BaseException | None, log_path: Path | None) -> str:
    """Append the traceback, without the values of variables, to the log; returns what to print."""
    error = getattr(error, "error", None) or error  # a worker's failure wraps the one that matters
    frames = traceback.extract_tb(error.__traceback__) if error else []
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    what = type(error).__name__ if error else "error"
    sentence = f"gangly had to stop: {what}{where}. What you approved and typed is saved."
    path = log_path or _default_path()
    try:
        _append(path, "".join(traceback.format_exception(error)) if error else what)
    except OSError as trouble:
        return f"{sentence} The log could not be written: {trouble.strerror}."
    return f"{sentence} Details: {path}"


def _default_path() -> Path:
    from platformdirs import user_log_path

    return user_log_path("gangly") / "crash.log"


def _append(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600), "a") as log:
        log.write(f"{datetime.now(UTC).isoformat(timespec='seconds')}\n{text}\n")
