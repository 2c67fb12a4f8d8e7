"""Times side by side: every contender of a round in turn, medians of all rounds, ratios to one of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter

import pytest

ROUNDS = 15


def clocked(work: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    began = perf_counter()
    work()
    return perf_counter() - began


def interleaved(contenders: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Seconds of each call. All contenders meet the same noise, since each round calls every one of them."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            times[name].append(clocked(work))
    return times


def high(times: Sequence[float], share: float = 0.99) -> float:
    """The value that this share of all lies below."""
    return sorted(times)[min(int(len(times) * share), len(times) - 1)]


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Print past pytest's capture."""
    with capsys.disabled():
        sys.stdout.write(f"{text}\n")


def report(
    capsys: pytest.CaptureFixture[str], title: str, base: str, times: Mapping[str, Sequence[float]], *, goal: str = ""
) -> None:
    """One table: median, 99 of 100, ratio of the medians to the base's."""
    unit = median(times[base])
    say(capsys, f"\n{title}" + (f"; goal: {goal}" if goal else ""))
    for name, each in times.items():
        middle = median(each) * 1_000
        say(capsys, f"  {name:<44} {middle:9.2f} ms  p99 {high(each) * 1_000:9.2f} ms  {median(each) / unit:6.2f}x")
