"""Runs a program in a process of its own that is killed, as by `kill -9`, at a named point."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FRAME = """
import json, os, signal, sys
from pathlib import Path
path, point = Path(sys.argv[1]), sys.argv[2]
passed = []
def at_point(name):
    passed.append(name)
    if name == point:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def run(program: str, path: Path, point: str = "") -> list[str]:
    """Run it until the point, or to its end; returns the points it passed. It finds `path` and `at_point`."""
    code = f"{_FRAME}\n{textwrap.dedent(program)}\nprint(json.dumps(passed))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), point],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if point:
        assert done.returncode == -signal.SIGKILL, f"{point} was never reached: {done.stderr}"
        return []
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found
