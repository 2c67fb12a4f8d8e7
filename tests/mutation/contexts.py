"""A pytest plugin: writes down which lines each test runs, and how long it takes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import coverage
import pytest

_took: dict[str, float] = {}
_failed: set[str] = set()


def function_of(node: str) -> str:
    """A test without its parameters."""
    return node.partition("[")[0]


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    running = coverage.Coverage.current()
    name = function_of(item.nodeid)
    if running is not None:
        running.switch_context(name)
    began = perf_counter()
    yield
    _took[name] = _took.get(name, 0.0) + perf_counter() - began


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        _failed.add(function_of(report.nodeid))


def pytest_sessionfinish() -> None:
    told = {"took": _took, "failed": sorted(_failed)}
    Path(os.environ["GANGLY_MUTANTS"], "tests.json").write_text(json.dumps(told), encoding="utf-8")
