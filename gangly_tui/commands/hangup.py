"""The app goes when its terminal goes: a closed window or a lost SSH connection leaves no process behind.

The system sends SIGHUP, but not always to us (nohup, a wrapper that ignores it). Without a terminal the screen's writer
ends, the main thread waits for it, and the reader of keys runs in circles; so a thread of its own watches.
"""

from __future__ import annotations

import os
import select
import sys
import threading
import time

GRACE = 1.5
"""Seconds the app has left: notes are kept within one, and a write in the air is resolved by the next start."""
_HUNG_UP = 128 + 1


def leave_with_the_terminal() -> None:
    """Watch standard input from here on; end the process soon after its terminal is gone."""
    if hasattr(select, "poll") and sys.stdin.isatty():
        threading.Thread(target=_watch, args=(sys.stdin.fileno(),), name="hangup", daemon=True).start()


def _watch(terminal: int) -> None:
    gone = select.poll()
    gone.register(terminal, 0)  # no event is asked for: hang-up and error are always told
    gone.poll()
    time.sleep(GRACE)
    os._exit(_HUNG_UP)
