"""The harness in every run of the tests: hundreds of schedules without a violation, and every seeded defect caught."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.defects import DEFECTS
from tests.faults.schedule import POINTS, WRITE_FAULTS, draw, of_line

ROOT = Path(__file__).parents[2]
SEED = 20261124


def faults(*arguments: object, timeout: float = 300) -> tuple[int, str]:
    """`python -m tests.faults ...`, in a process of its own: it forks, and pytest has threads."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_three_hundred_schedules_lose_double_and_hide_nothing() -> None:
    code, said = faults(300, SEED)
    assert code == 0, said
    assert "violations: 0\n" in said
    kills = dict(re.findall(r"([a-z][a-z0-9 -]*\.[a-z0-9.-]+) (\d+)", said.partition("kills: ")[2].partition("\n")[0]))
    assert set(kills) == set(POINTS)
    assert sum(map(int, kills.values())) > 100
    assert sum(each != "0" for each in kills.values()) > 20
    seen = dict(re.findall(r"([\w-]+) (\d+)", said.partition("\nfaults: ")[2]))
    assert all(int(seen[fault]) > 0 for fault in WRITE_FAULTS), seen


@pytest.mark.parametrize("name", DEFECTS)
def test_the_harness_catches_the_seeded_defect(name: str) -> None:
    code, said = faults(200, SEED, "--as-found", "--defect", name)
    assert code == 1, f"{DEFECTS[name].what}: not caught in 200 schedules\n{said}"
    assert re.search(r"schedule \d+: I\d: ", said), f"caught for another reason: {said}"


def test_the_same_seed_gives_the_same_trace() -> None:
    first, second = (re.findall(r"trace: (\w+)", faults(25, SEED + 1)[1]) for _ in range(2))
    assert first == second != []
    assert re.findall(r"trace: (\w+)", faults(25, SEED + 2)[1]) != first


def test_a_failing_schedule_is_one_line_that_repeats_it() -> None:
    code, said = faults(200, SEED, "--defect", "no-reconcile")
    line = re.findall(r"--replay '(.*)'", said)[0]
    again, repeated = faults("--replay", line, "--defect", "no-reconcile")
    assert (code, again) == (1, 1)
    assert "WRONG I3" in repeated
    assert faults("--replay", line)[0] == 0
    assert len(line) < 120


def test_a_schedule_survives_its_line() -> None:
    for number in range(300):
        assert of_line(draw(SEED, number).line()) == draw(SEED, number)
