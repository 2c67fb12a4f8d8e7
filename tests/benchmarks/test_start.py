"""How long a start takes, in ratios to a bare interpreter and a bare Textual app of the same run.

Goals (PERFORMANCE): `--version` and `brief next --json` at most 12x of `python -c pass`; the first full frame of Today
at most 1.5x, the first reaction to a key at most 1.6x of a bare Textual app. Printed, never a pass or fail.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.benchmarks.terminal import COLUMNS, ROWS, Terminal
from tests.benchmarks.timing import ROUNDS, interleaved, report

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
    """As where it is installed: everybody's bytecode is on disk, whatever this shell says about writing it."""
    own = {"GANGLY_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    return {**os.environ, **own, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(home.with_name("bytecode"))}


def _start(command: list[str], home: Path, mark: bytes, answer: bytes) -> Start:
    """Start an app on a pty of its own, wait for the mark, press `?`, wait for the answer."""
    with Terminal(command, _env(home)) as terminal:
        frame = terminal.until(mark) - terminal.began
        terminal.press(b"?")
        return Start(frame=frame, reaction=terminal.until(answer) - terminal.began)


def test_start_of_the_verbs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gangly = [sys.executable, "-m", "gangly_tui"]
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -c 'import click'": [sys.executable, "-c", "import click"],
        "gangly --version": [*gangly, "--version"],
        "gangly brief next --json": [*gangly, "brief", "next", "--json"],
    }

    def run(command: list[str]) -> Callable[[], object]:
        return lambda: subprocess.run(command, env=_env(home), check=True, capture_output=True)

    times = interleaved({name: run(command) for name, command in commands.items()})
    report(capsys, "verbs, exec to exit", "python -c pass", times, goal="12x")


def test_start_of_the_app(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apps: dict[str, Callable[[], Start]] = {
        "bare Textual app": lambda: _start(
            [sys.executable, "-m", "tests.benchmarks.apps", "bare"], home, b"standing", b"having"
        ),
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
    report(capsys, f"first full frame, {COLUMNS}x{ROWS}", base, frames, goal="1.5x")
    report(capsys, "reaction to a key", base, reactions, goal="1.6x")
