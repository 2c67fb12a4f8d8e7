"""The harness in every run of the tests: hundreds of schedules, every point, every fault, no violation."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.faults.command import ROOT, SEED, faults
from tests.faults.schedule import POINTS, WRITE_FAULTS, draw, of_line

CALLED = {"at_point", "_at"}
"""How the product calls what names its points."""


def named_points() -> set[str]:
    """Every point the product names; what is put in at run time shows as {}."""
    found = set()
    for path in (ROOT / "gangly_tui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in CALLED:
                match node.args:
                    case [ast.Constant(value=str(name))]:
                        found.add(name)
                    case [ast.JoinedStr(values=parts)]:
                        found.add("".join(e.value if isinstance(e, ast.Constant) else "{}" for e in parts))
    return found


def test_every_named_point_of_the_product_is_one_to_be_killed_at() -> None:
    # encrypting a store, what arrives in the watched folder, and a signal's cards are walked by their own tests
    elsewhere = {each for each in named_points() if each.startswith(("encrypt.", "arrive.", "signal."))}
    known = {re.sub(r"step-\d+", "step-{}", each) for each in POINTS}
    states = {re.sub("^.*[.]", "{}.", each) for each in POINTS if each.endswith(("before-commit", "committed"))}
    assert len(named_points()) > 12
    assert named_points() - elsewhere - known - states == set()


def test_three_hundred_schedules_lose_double_and_hide_nothing() -> None:
    code, said = faults(300, SEED)
    assert code == 0, said
    assert "violations: 0\n" in said
    table = said.partition("):\n")[2].partition("faults:")[0]
    kills = dict(re.findall(r"([a-z][a-z0-9 -]*\.[a-z0-9.-]+) +(\d+)", table))
    assert set(kills) == set(POINTS)
    assert sum(map(int, kills.values())) > 200
    assert [point for point, count in kills.items() if count == "0"] == []
    seen = dict(re.findall(r"([\w-]+) +(\d+)", said.partition("\nfaults:")[2]))
    assert all(int(seen[fault]) > 0 for fault in WRITE_FAULTS), seen


def test_the_same_seed_gives_the_same_trace() -> None:
    first, second = (re.findall(r"trace: (\w+)", faults(25, SEED + 1)[1]) for _ in range(2))
    assert first == second != []
    assert re.findall(r"trace: (\w+)", faults(25, SEED + 2)[1]) != first


def test_a_run_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    assert faults(10, SEED, "--keep", file)[0] == 0
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:6]) + lines[6][:40])  # killed in the middle of a line
    code, said = faults(12, SEED, "--keep", file)
    assert code == 0
    assert said.startswith("6 schedules had ended before; going on\n12 schedules (6 now")
    whole = faults(12, SEED)[1]
    assert said.partition("violations")[2] == whole.partition("violations")[2], "the figures of both sittings, summed"
    assert len(file.read_bytes().splitlines()) == 12


def test_a_file_of_other_schedules_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    faults(1, SEED, "--keep", file)
    file.write_text(file.read_text().replace("cards", "carts"))
    code, said = faults(1, SEED, "--keep", file)
    assert code == 2
    assert "of other schedules" in said


def test_a_schedule_survives_its_line() -> None:
    for number in range(300):
        assert of_line(draw(SEED, number).line()) == draw(SEED, number)
