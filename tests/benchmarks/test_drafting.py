"""How fast speech becomes a draft, and what that holds in memory.

Goals: an hour of speech in at most 1 s and 60 MB over the bare interpreter; a page of notes in at most 100 ms.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from itertools import count, cycle
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from gangly_tui.domain.draft import ReadingContext
from gangly_tui.intelligence.offline.drafter import OfflineDrafter
from tests.benchmarks.timing import interleaved, report, say

HOUR = 9_000
"""words: 150 a minute"""
PAGE = 400
CALLS = Path(__file__).resolve().parents[2] / "assets" / "demo" / "calls"
CONTEXT = ReadingContext(
    anchor=datetime(2026, 9, 23, 14, 0, tzinfo=UTC), rep_name="Ana Silva", rep_email="ana@lumenworks.com"
)

_MEASURE = """
import sys
from pathlib import Path
def peak():
    told = Path("/proc/self/status").read_text().splitlines()
    return next(int(each.split()[1]) for each in told if each.startswith("VmHWM")) / 1024
bare = peak()
from datetime import UTC, datetime
from gangly_tui.domain.draft import ReadingContext
from gangly_tui.intelligence.offline.drafter import OfflineDrafter
context = ReadingContext(anchor=datetime(2026, 9, 23, 14, 0, tzinfo=UTC), rep_name="Ana Silva")
OfflineDrafter().draft(Path(sys.argv[1]).read_text(encoding="utf-8"), context)
print(bare, peak())
"""


def speech(words: int) -> str:
    """The demo's own calls, line after line, each round with other numbers, until there are so many words."""
    lines = [
        line
        for path in sorted(CALLS.iterdir())
        for line in path.read_text(encoding="utf-8").splitlines()
        if ":" in line and "-->" not in line
    ]
    said: list[str] = []
    total = 0
    numbers = count(1)
    for line in cycle(lines):
        said.append(f"{line} That is point {next(numbers)}.")
        total += len(said[-1].split())
        if total >= words:
            return "\n".join(said)
    raise AssertionError("there are calls")


def test_an_hour_of_speech(tmp_path: Path, capsys: pytest.CaptureFixture[str], benchmark: BenchmarkFixture) -> None:
    hour, page = speech(HOUR), speech(PAGE)
    drafter = OfflineDrafter()
    times = interleaved(
        {
            "its words, split": lambda: [each.split() for each in hour.splitlines()],
            "an hour of speech": partial(drafter.draft, hour, CONTEXT),
            "a page of notes": partial(drafter.draft, page, CONTEXT),
        },
        7,
    )
    report(capsys, "drafting", "its words, split", times, goal="an hour 1 s, a page 100 ms")
    benchmark.pedantic(partial(drafter.draft, hour, CONTEXT), rounds=5)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_memory_of_an_hour_of_speech(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "hour.txt"
    path.write_text(speech(HOUR), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True, timeout=120
    )
    bare, peak = map(float, done.stdout.split())
    say(capsys, f"\nan hour of speech drafted: peak {peak:.0f} MB, bare interpreter {bare:.0f} MB; goal: 60 MB more")
