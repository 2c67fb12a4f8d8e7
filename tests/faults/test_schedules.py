"""The harness in every run of the tests: hundreds of schedules, every point, every fault, no violation."""

from __future__ import annotations

import ast
import re

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
    # the steps of encrypting a store and of a sign-in are walked by their own tests
    elsewhere = {each for each in named_points() if each.startswith(("encrypt.", "refresh."))}
    known = {re.sub(r"step-\d+", "step-{}", each) for each in POINTS}
    states = {re.sub("^.*[.]", "{}.", each) for each in POINTS if each.endswith(("before-commit", "committed"))}
    assert len(named_points()) > 12
    assert named_points() - elsewhere - known - states == set()


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


def test_the_same_seed_gives_the_same_trace() -> None:
    first, second = (re.findall(r"trace: (\w+)", faults(25, SEED + 1)[1]) for _ in range(2))
    assert first == second != []
    assert re.findall(r"trace: (\w+)", faults(25, SEED + 2)[1]) != first


def test_a_schedule_survives_its_line() -> None:
    for number in range(300):
        assert of_line(draw(SEED, number).line()) == draw(SEED, number)
