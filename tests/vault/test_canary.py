"""After a day on own data, also one that was killed, no file holds a note, a name, a token, a key or a passphrase."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gangly_tui.keys import Keys
from tests.vault.conftest import PASSPHRASE
from tests.vault.own_day import CALENDAR_FILE, TOKEN
from tests.vault.test_keys import descriptor

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("GANGLY_KILLS", "4"))
A_HOME = 25
"""Kills in one home: each round writes to the same deal, and a long life would slow the search down."""


class Day:
    """A home, a calendar file and the runs over them. Temporary files fall into the home too."""

    def __init__(self, tmp_path: Path) -> None:
        self.home = tmp_path / "home"
        self.scratch = self.home / "scratch"
        self.move_in()
        self.calendar = tmp_path / "own.ics"
        self.calendar.write_text(CALENDAR_FILE.replace("\n", "\r\n"))

    def move_in(self) -> None:
        """Begin with an empty home."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        self._hidden: list[bytes] = []

    def start(self, rounds: int, point: str = "") -> subprocess.Popen[str]:
        reading = descriptor(PASSPHRASE)
        try:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.vault.own_day", str(reading), str(self.calendar), str(rounds), point],
                cwd=ROOT, pass_fds=[reading], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env={**os.environ, "GANGLY_HOME": str(self.home), "TMPDIR": str(self.scratch)}, start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(reading)

    def run(self, rounds: int, point: str = "") -> None:
        run = self.start(rounds, point)
        _, complaint = run.communicate(timeout=120)
        assert run.returncode == (-signal.SIGKILL if point else 0), complaint

    def _what_must_stay_hidden(self) -> list[bytes]:
        vault = Keys(self.home / "data", passphrase_fd=descriptor(PASSPHRASE)).vault()
        key = vault.get("store calendar")
        assert key is not None
        raw = bytes.fromhex(key.reveal())
        hidden = [b"canary", PASSPHRASE.encode(), TOKEN.encode(), key.reveal().encode(), raw]
        return [*hidden, *(each.decode("utf-8").encode("utf-16-le") for each in hidden[:3])]

    def check(self) -> int:
        """How many files were looked through. Nothing of what must stay hidden is in one."""
        hidden = self._hidden = self._hidden or self._what_must_stay_hidden()
        handed_over = self.home / "drafts"  # in clear, by an approval, for a mail program: the card says so
        files = [each for each in self.home.rglob("*") if each.is_file() and handed_over not in each.parents]
        for each in files:
            content = each.read_bytes()
            low = content.lower()
            assert [found for found in hidden if found in content or found in low] == [], each
            assert each.stat().st_mode & 0o077 == 0, each
        return len(files)


@pytest.fixture
def day(tmp_path: Path) -> Day:
    return Day(tmp_path)


def test_a_whole_day_leaves_nothing_in_clear(day: Day) -> None:
    day.run(2)
    assert day.check() > 8
    names = {each.name for each in day.home.rglob("*")}
    assert {"store.db", "crm.db", "vault.json", "crash.log"} <= names
    assert any(".backup-v" in each for each in names)


@pytest.mark.parametrize("point", ["approve.before-commit", "approve.committed", "backup.begun", "backup.copied"])
def test_a_day_that_was_killed_leaves_nothing_in_clear(day: Day, point: str) -> None:
    day.run(1, point)
    assert day.check()
    day.run(1)
    assert day.check()


def test_a_day_killed_at_any_moment_leaves_nothing_in_clear(day: Day) -> None:
    """Set GANGLY_KILLS for more than a few; `-s` counts them."""
    dice = random.Random(7)
    files = 0
    for number in range(KILLS):
        if number % A_HOME == 0:
            day.move_in()
            day.run(1)
        run = day.start(-1)
        assert run.stdout is not None
        if not run.stdout.readline().startswith("round 1"):
            raise AssertionError(run.communicate(timeout=60)[1])
        time.sleep(dice.random() * 0.3)
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=60)
        assert run.returncode == -signal.SIGKILL
        looked = day.check()
        assert looked
        files += looked
        sys.stdout.write(f"{number + 1} kills, {files} files looked through, 0 hits\n")
    day.run(1)


def test_neither_arguments_nor_environment_carry_a_secret(day: Day) -> None:
    run = day.start(-1)
    assert run.stdout is not None
    try:
        assert run.stdout.readline().startswith("round 1")
        if not Path("/proc/self/cmdline").exists():
            pytest.skip("this system does not show a process's arguments as files")
        for what in ("cmdline", "environ"):
            said = Path(f"/proc/{run.pid}/{what}").read_bytes()
            assert PASSPHRASE.encode() not in said
            assert TOKEN.encode() not in said
    finally:
        run.kill()
        run.communicate(timeout=60)
