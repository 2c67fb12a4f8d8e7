"""Durable before send: a killed process loses nothing the kernel holds, a power cut does. So the order of calls counts.

Under strace, no request that changes the CRM may leave while the store's log has writes that were not synced. This is
the order alone, not a power cut.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CALLS = "trace=pwrite64,write,fdatasync,fsync,sendto,sendmsg,writev"
REPLAY = '{"cards":["date","note","person"],"write_faults":[[2,"500-before"]],"undo":true}'


def _may_trace() -> bool:
    strace = shutil.which("strace")
    return (
        bool(strace)
        and subprocess.run([strace, "-o", os.devnull, "true"], check=False, capture_output=True).returncode == 0
    )


pytestmark = pytest.mark.skipif(not _may_trace(), reason="strace is not installed, or may not be used here")


def _traced(out: Path, *more: str) -> list[str]:
    """The calls of all processes of one schedule, in order."""
    subprocess.run(
        [
            "strace",
            "-f",
            "-y",
            "-s",
            "64",
            "-e",
            CALLS,
            "-o",
            out,
            sys.executable,
            "-m",
            "tests.faults",
            "--replay",
            REPLAY,
            *more,
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return out.read_text(errors="replace").splitlines()


def _requests(lines: list[str]) -> Iterator[tuple[str, bool, bool]]:
    """Each request that changes the CRM: what it is, whether the log had unsynced writes, whether any were synced."""
    dirty: set[str] = set()
    synced: set[str] = set()
    for line in lines:
        pid, _, call = line.partition(" ")
        if "store.db-wal>" in call:
            if call.lstrip().startswith(("pwrite64", "write")):
                dirty.add(pid)
            elif call.lstrip().startswith(("fdatasync", "fsync")):
                dirty.discard(pid)
                synced.add(pid)
        if found := re.search(r'"(POST|PATCH|DELETE) /record', call):
            yield found[1], pid in dirty, pid in synced


def test_the_log_is_synced_before_every_request_that_changes_the_crm(tmp_path: Path) -> None:
    found = list(_requests(_traced(tmp_path / "calls")))
    assert {what for what, _, _ in found} == {"POST", "PATCH", "DELETE"}
    assert len(found) >= 5
    assert all(synced and not dirty for _, dirty, synced in found), found


def test_a_store_that_is_not_synced_at_every_commit_is_caught(tmp_path: Path) -> None:
    found = list(_requests(_traced(tmp_path / "calls", "--defect", "not-durable")))
    assert found
    assert any(dirty or not synced for _, dirty, synced in found)
