"""The harness can fail: every seeded defect is caught within 200 schedules, by an invariant and not by a crash."""

from __future__ import annotations

import re

import pytest

from tests.faults.command import SEED, faults
from tests.faults.defects import DEFECTS


def test_there_are_defects_enough() -> None:
    assert len(DEFECTS) >= 8


@pytest.mark.parametrize("name", DEFECTS)
def test_the_harness_catches_the_seeded_defect(name: str) -> None:
    code, said = faults(200, SEED, "--as-found", "--defect", name)
    assert code == 1, f"{DEFECTS[name].what}: not caught in 200 schedules\n{said}"
    assert re.search(r"schedule \d+: I\d+: ", said), f"caught for another reason: {said}"


def test_a_failing_schedule_is_one_line_that_repeats_it() -> None:
    code, said = faults(200, SEED, "--defect", "no-reconcile")
    line = re.findall(r"--replay '(.*)'", said)[0]
    again, repeated = faults("--replay", line, "--defect", "no-reconcile")
    assert (code, again) == (1, 1)
    assert "WRONG I3" in repeated
    assert faults("--replay", line)[0] == 0
    assert len(line) < 120
