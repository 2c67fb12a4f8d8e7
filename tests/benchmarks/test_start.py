"""How long a start takes, in ratios to a bare interpreter and a bare Textual app of the same run.

Goals (PERFORMANCE): `--version` and `brief next --json` at most 12x of `python -c pass`; the first full frame of Today
at most 1.5x, the first reaction to a key at most 1.6x of a bare Textual app. Printed, never a pass or fail.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

ROUNDS = 15
COLUMNS, ROWS = 120, 40
PATIENCE = 20.0

BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    BINDINGS = [("question_mark", "react", "React")]

    def compose(self):
        yield Static("standing still")

    def action_react(self):
        self.query_one(Static).update("having moved")

Bare().run()
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Seconds from exec: to the first frame with the mark in it, and to the frame that answers `?`."""

    frame: float
    reaction: float


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sandbox, set up and pulled: what a second start meets."""
    home = tmp_path_factory.mktemp("start") / "gangly"
    for arguments in (("connect", "sandbox"), ("pull",), ("brief", "next")):
        subprocess.run(
            [sys.executable, "-m", "gangly_tui", *arguments], env=_env(home), check=True, capture_output=True
        )
    return home


def _env(home: Path) -> dict[str, str]:
    return {**os.environ, "GANGLY_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}


def _whole(command: list[str], home: Path) -> float:
    """Seconds a command takes from start to exit."""
    began = time.perf_counter()
    subprocess.run(command, env=_env(home), check=True, capture_output=True)
    return time.perf_counter() - began


def _start(command: list[str], home: Path, mark: bytes, answer: bytes) -> Start:
    """Start an app on a pty of its own, wait for the mark, press `?`, wait for the answer."""
    began = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.execve(command[0], command, _env(home))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    try:
        frame = _until(terminal, mark) - began
        os.write(terminal, b"?")
        return Start(frame=frame, reaction=_until(terminal, answer) - began)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)


def _until(terminal: int, mark: bytes) -> float:
    seen, last = b"", time.perf_counter() + PATIENCE
    while mark not in seen:
        ready, _, _ = select.select([terminal], [], [], max(last - time.perf_counter(), 0))
        assert ready, f"{mark!r} did not come; the screen ends in {seen[-600:]!r}"
        seen += os.read(terminal, 65_536)
    return time.perf_counter()


def _report(capsys: pytest.CaptureFixture[str], title: str, base: str, times: dict[str, list[float]]) -> None:
    unit = median(times[base])
    with capsys.disabled():
        sys.stdout.write(f"\n{title}: median of {ROUNDS} interleaved rounds\n")
        for name, each in times.items():
            sys.stdout.write(f"  {name:<28} {median(each) * 1000:7.1f} ms   {median(each) / unit:5.2f}x\n")


def test_start_of_the_verbs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gangly = [sys.executable, "-m", "gangly_tui"]
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -c 'import click'": [sys.executable, "-c", "import click"],
        "gangly --version": [*gangly, "--version"],
        "gangly brief next --json": [*gangly, "brief", "next", "--json"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            times[name].append(_whole(command, home))
    _report(capsys, "verbs, exec to exit", "python -c pass", times)


def test_start_of_the_app(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apps: dict[str, Callable[[], Start]] = {
        "bare Textual app": lambda: _start([sys.executable, "-c", BARE], home, b"standing", b"having"),
        "gangly, Today from the store": lambda: _start(
            [sys.executable, "-m", "gangly_tui"], home, b"0 writes", b"Keys of this"
        ),
    }
    frames: dict[str, list[float]] = {name: [] for name in apps}
    reactions: dict[str, list[float]] = {name: [] for name in apps}
    for _ in range(ROUNDS):
        for name, start in apps.items():
            found = start()
            frames[name].append(found.frame)
            reactions[name].append(found.reaction)
    base = "bare Textual app"
    _report(capsys, f"first full frame, {COLUMNS}x{ROWS}", base, frames)
    _report(capsys, "reaction to a key", base, reactions)
