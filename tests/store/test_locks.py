"""One at a time, between real processes; the killed let go at once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from gangly_tui.domain.errors import HeldByAnother, StoreError
from gangly_tui.store import locks
from gangly_tui.store.locks import hold, migrator_lock, refresher_lock, sender_lock
from tests.patience import LONG

ROOT = Path(__file__).parents[2]


def holder(store: Path) -> subprocess.Popen[str]:
    """Another process that holds the sender's lock, and has said so."""
    program = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from gangly_tui.store.locks import sender_lock
        with sender_lock(Path(sys.argv[1])):
            print("held", flush=True)
            time.sleep(60)
    """)
    other = subprocess.Popen([sys.executable, "-c", program, str(store)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    return other


def test_a_second_window_is_told_who_sends_and_takes_over_when_it_is_killed(path: Path) -> None:
    other = holder(path)
    try:
        with pytest.raises(HeldByAnother, match=f"sending is handled by pid {other.pid}") as caught, sender_lock(path):
            raise AssertionError("two senders")
        assert caught.value.pid == other.pid
        assert caught.value.fix
        other.send_signal(signal.SIGKILL)
        other.wait()  # the kernel lets go of the lock with it
        with sender_lock(path):
            pass
    finally:
        other.kill()
        other.wait()
        assert other.stdout is not None
        other.stdout.close()


def test_two_desks_of_one_process_do_not_both_send(path: Path) -> None:
    with sender_lock(path), pytest.raises(HeldByAnother, match=f"pid {os.getpid()}"), sender_lock(path):
        raise AssertionError("two senders")
    with sender_lock(path):
        pass


def test_each_kind_of_work_has_its_own_lock(path: Path) -> None:
    with sender_lock(path), migrator_lock(path), sender_lock(path.with_name("another.db")):
        pass


def test_an_error_inside_lets_go(path: Path) -> None:
    with pytest.raises(RuntimeError), sender_lock(path):
        raise RuntimeError
    with sender_lock(path):
        pass


def test_the_file_is_private_and_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    with sender_lock(path):
        lock = path.with_name(f"{path.name}.sender.lock")
        assert lock.stat().st_mode & 0o777 == 0o600
    target = tmp_path / "precious"
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(StoreError, match="cannot be used"), hold(tmp_path / "link", "this"):
        raise AssertionError("followed")
    assert not target.exists()


def test_waiting_ends_when_the_other_is_done_or_the_time_is_over(path: Path) -> None:
    other = holder(path)
    lock = path.with_name(f"{path.name}.sender.lock")
    try:
        began = time.monotonic()
        with pytest.raises(HeldByAnother), hold(lock, "sending", wait=0.2):
            raise AssertionError("two senders")
        assert time.monotonic() - began >= 0.2
        subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -9 {other.pid}"]).wait()
        with hold(lock, "sending", wait=LONG):
            pass
    finally:
        other.kill()
        other.wait()
        assert other.stdout is not None
        other.stdout.close()


def test_a_holder_that_has_not_said_its_name_is_another_gangly(path: Path) -> None:
    lock = path.with_name(f"{path.name}.sender.lock")
    with sender_lock(path):
        lock.write_text("")
        with pytest.raises(HeldByAnother, match="another gangly") as caught, sender_lock(path):
            raise AssertionError("two senders")
    assert caught.value.pid == 0


async def test_refreshers_take_turns(tmp_path: Path) -> None:
    told: list[str] = []

    async def refresh(name: str) -> None:
        async with refresher_lock(tmp_path, "../salesforce: a@b.com"):
            told.append(f"{name} in")
            await asyncio.sleep(0.02)
            told.append(f"{name} out")

    await asyncio.gather(*(refresh(name) for name in "abc"))
    assert [each.split()[1] for each in told] == ["in", "out"] * 3
    assert [each.split(".")[0] for each in os.listdir(tmp_path)] == ["refresher"]  # noqa: PTH208 - in a coroutine


async def test_a_refresher_gives_up_in_the_end(tmp_path: Path) -> None:
    async with refresher_lock(tmp_path, "zoom"):
        with pytest.raises(HeldByAnother, match="zoom"):
            async with refresher_lock(tmp_path, "zoom", wait=0.1):
                raise AssertionError("two refreshers")
    assert locks.REFRESH_WAIT > 1


WINDOWS = """
    import fcntl, os, sys, types
    from pathlib import Path
    import hashlib, contextlib, asyncio

    def locking(handle, mode, size):  # as msvcrt: so many bytes from where the file stands, refused with EACCES
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, size, os.lseek(handle, 0, os.SEEK_CUR))

    sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
    sys.platform = "win32"
    from gangly_tui.store.locks import sender_lock
    from gangly_tui.domain.errors import HeldByAnother
    try:
        with sender_lock(Path(sys.argv[1])):
            print("held", flush=True)
            if len(sys.argv) > 2:
                sys.stdin.readline()
    except HeldByAnother as other:
        print(other.pid)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="shows the Windows way where there is no Windows")
def test_the_windows_way_locks_beyond_the_name_that_others_read(path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(WINDOWS), str(path)]
    with subprocess.Popen(
        [*command, "wait"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=LONG)
        assert second.stdout == f"{first.pid}\n"
        first.kill()
        first.wait()
        third = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=LONG)
        assert third.stdout == "held\n"
