"""How the command line behaves: exit codes, help, pipes, what needs a terminal, what reaches one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gangly_tui import __version__
from tests.cli.shell import Shell
from tests.patience import LONG


def test_the_version_is_data(shell: Shell) -> None:
    assert shell("--version").out == f"gangly, version {__version__}\n"


def test_wrong_usage_is_exit_code_two_with_a_near_name(shell: Shell) -> None:
    result = shell("aprove", "x")
    assert result.code == 2
    assert "did you mean 'approve'?" in result.err
    assert shell("brief", "--nonsense").code == 2
    assert shell("brief", "next", "--json", "--md").code == 2
    assert shell("connect", "calendar").code == 2
    assert result.out == ""


def test_the_app_needs_a_terminal_and_says_so(shell: Shell) -> None:
    for arguments in ((), ("demo",), ("connect",)):
        result = shell(*arguments)
        assert result.code == 1
        assert "needs a terminal" in result.err


def test_what_nobody_has_heard_of_is_wrong_usage(shell: Shell) -> None:
    result = shell("connect", "zoon")
    assert result.code == 2
    assert "did you mean 'zoom'?" in result.err


def test_a_calendar_that_is_not_there_changes_nothing(shell: Shell) -> None:
    assert shell("connect", "calendar", "/nowhere/at/all.ics").code == 1
    assert not (shell.home / "config.toml").exists()


def test_a_broken_configuration_is_a_sentence_with_its_line(shell: Shell) -> None:
    shell.home.mkdir()
    (shell.home / "config.toml").write_text('crm = "sandbox"\ncurency = "EUR"\n', encoding="utf-8")
    result = shell("review")
    assert result.code == 1
    assert "line 2: there is no setting 'curency'" in result.err
    assert "did you mean 'currency'?" in result.err
    assert "Traceback" not in result.err


def test_doctor_names_places_versions_and_the_missing_encryption(shell: Shell) -> None:
    result = shell("doctor")
    assert result.code == 0
    for word in ("python", "sqlite", str(shell.home), "not encrypted", "nothing yet", "textual "):
        assert word in result.out
    assert not shell.home.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_doctor_notices_what_others_can_read(shell: Shell) -> None:
    assert shell("connect", "sandbox").code == 0
    assert shell("doctor").code == 0
    (shell.home / "config.toml").chmod(0o644)
    result = shell("doctor")
    assert result.code == 1
    assert "chmod 600" in result.out


def _gangly(*arguments: str, home: Path, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "gangly_tui", *arguments],
        env={**os.environ, "GANGLY_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_leaves_early_is_no_drama(tmp_path: Path) -> None:
    file = tmp_path / "call.txt"
    file.write_text("We have a budget of 40,000 euros.\n", encoding="utf-8")
    running = _gangly("draft", *[str(file)] * 40, home=tmp_path)
    assert running.stdout is not None
    running.stdout.close()
    assert running.stderr is not None
    said = running.stderr.read().decode()
    running.wait(timeout=LONG)
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


def _wait_until_it_waits(pid: int) -> None:
    """Until the process sleeps on its input: on a busy machine it may take its time to get there."""
    stat, asleep = Path(f"/proc/{pid}/stat"), 0
    if not stat.exists():
        time.sleep(5.0)
        return
    until = time.monotonic() + LONG
    while asleep < 10 and time.monotonic() < until:
        asleep = asleep + 1 if stat.read_text().rpartition(")")[2].split()[0] == "S" else 0
        time.sleep(0.1)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_is_quiet(tmp_path: Path) -> None:
    def as_in_a_terminal() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # what runs in the background inherits that it is ignored

    running = _gangly("draft", "-", home=tmp_path, stdin=subprocess.PIPE, preexec_fn=as_in_a_terminal)
    _wait_until_it_waits(running.pid)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=LONG)
    assert running.returncode == 130
    assert b"Traceback" not in said
