"""`python -m tests.faults` from a test: in a process of its own, since it forks and pytest has threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEED = 20261124


def faults(*arguments: object, timeout: float = 300) -> tuple[int, str]:
    """Its exit code, and all it said."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
