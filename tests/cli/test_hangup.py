"""A terminal that goes away takes the app with it, also where the hang-up signal is ignored."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.patience import LONG


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_no_process_stays_behind_a_closed_terminal(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    app = subprocess.Popen(
        ["/bin/sh", "-c", 'trap "" HUP; exec "$0" -m gangly_tui demo', sys.executable],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "GANGLY_HOME": str(tmp_path), "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(slave)
    try:
        seen, end = b"", time.monotonic() + LONG
        while b"Pipeline stand-up" not in seen and time.monotonic() < end:
            if select.select([master], [], [], 1)[0]:
                seen += os.read(master, 65_536)
        assert b"Pipeline stand-up" in seen
        os.close(master)
        assert app.wait(LONG) == 129
    finally:
        app.kill()
        app.wait()
