"""Several windows whose token has ended at the same moment: one renews it, the others take up what it got."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from importlib.resources import files
from pathlib import Path

import pytest

from tests.connectors import trial_vendor
from tests.connectors.trial_vendor import NAME

PAGE = """
[connectors.trial]
layer = "record"
owner = "a"
backup = "b"
runbook = "c"
"""
WINDOW = """
import sys
from importlib.metadata import EntryPoint
from gangly_tui import keys
from gangly_tui.connectors import registry
from gangly_tui.domain.secret import Secret
from tests.connectors import trial_vendor

import keyring
from keyring.backends import fail
keyring.set_keyring(fail.Keyring())
keys._from_terminal = lambda prompt: Secret("four words make one")
point = EntryPoint(name="trial", value="tests.connectors.trial_vendor", group=registry.GROUP)
registry.entry_points = lambda **_: [point]
import gangly_tui.commands.connect as commands
commands.show_page = trial_vendor.browse
from gangly_tui.cli import main
main(sys.argv[1:])
"""
WINDOWS = 4


def window(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WINDOW), *arguments],
        env={**os.environ, "GANGLY_HOME": str(home)},
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the passphrase is asked by another road there")
def test_one_of_several_windows_renews_the_token(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    page = files("gangly_tui").joinpath("hierarchy.toml").read_text(encoding="utf-8")
    (home / "hierarchy.toml").write_text(page + PAGE, encoding="utf-8")
    with trial_vendor.serving() as crm:
        first = window(home, "connect", NAME, "--host", crm.base, "--insecure-loopback", "--set", "client_id=a")
        _, told = first.communicate(timeout=60)
        assert first.returncode == 0, told
        for number in (2, 3):
            crm.access = "ended by the vendor"
            crm.all_at_once = threading.Barrier(WINDOWS)
            running = [window(home, "pull") for _ in range(WINDOWS)]
            ends = [(each.communicate(timeout=90), each.returncode) for each in running]
            assert [code for _, code in ends] == [0] * WINDOWS, ends
            assert crm.number == number, "a second refresh would have used a refresh token that is worth nothing"
            assert crm.access == f"secret-a{number}"
