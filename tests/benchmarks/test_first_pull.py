"""The first pull of 100,000 records, 50 ms away: against asking page after page, and against decoding and inserting.

Goals: at least 10x faster than sequential pagination; within 1.5x of decoding and inserting the same bytes; memory
flat; no key waits longer than 50 ms. The server is a process of its own (`crowded`), and so is every contender
(`first_pull`), one after another in the same minute:

- sequential: pages one after another over one kept `requests` connection, each decoded and inserted as JSON under its
  id into an encrypted table, a commit a page. No search index, no links, no typed values.
- own client (Salesforce): the same with `simple_salesforce.Salesforce.query_all_iter`.
- decode and insert: the same rows in the same table from bytes that are in memory, 2,000 a commit; once more with
  their words in the search index, as many as gangly's.
- gangly: `flow.pull`, as the app and `gangly pull` run it: typed values, links, search index, cursors.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.timing import say

RECORDS = 100_000
FEW = 20_000
LATENCY = 0.05
BARE, INDEXED = "bare", "bare, words indexed"


@contextmanager
def _vendor(system: str, records: int) -> Iterator[str]:
    """The vendor's address."""
    command = [sys.executable, "-m", "tests.benchmarks.crowded", system, str(records), str(LATENCY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def _pull(how: str, system: str, address: str, folder: Path) -> dict[str, Any]:
    """One contender, and what it took."""
    folder.mkdir()
    command = [sys.executable, "-m", "tests.benchmarks.first_pull", how, system, address, str(folder)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


@pytest.mark.parametrize("system", ["hubspot", "salesforce"])
def test_a_first_pull_from_a_vendor_that_is_far_away(
    system: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hows = ["gangly", BARE, INDEXED, "sequential", *(["own client"] if system == "salesforce" else [])]
    with _vendor(system, RECORDS) as address:
        took = {how: _pull(how, system, address, tmp_path / how) for how in hows}
    with _vendor(system, FEW) as address:
        few = _pull("gangly", system, address, tmp_path / "few")
    assert {each["records"] for each in took.values()} == {RECORDS}
    ours, load = took["gangly"], os.getloadavg()[0]
    say(capsys, f"\nfirst pull of {RECORDS:,} records from {system}, {LATENCY * 1000:.0f} ms away (load {load:.1f})")
    for how, each in took.items():
        again = f"{each['seconds'] / ours['seconds']:6.2f}x gangly" if how != "gangly" else ""
        say(capsys, f"  {how:<22} {each['seconds']:7.2f} s  computed {each['cpu']:6.2f} s  {again}")
    for how in (BARE, INDEXED):
        ratios = (ours[unit] / took[how][unit] for unit in ("seconds", "cpu"))
        say(capsys, "  gangly over {}: {:.2f}x, computed {:.2f}x; goal 1.5x".format(how, *ratios))
    late = (1_000 * ours[each] for each in ("late99", "late", "busy99", "busy"))
    say(capsys, "  a key waits {:.0f} ms p99, {:.0f} at most; of it computed {:.0f} and {:.0f}".format(*late))
    say(capsys, f"  memory at its peak: {ours['peak']:.0f} MiB, of {FEW:,} records {few['peak']:.0f} MiB")
