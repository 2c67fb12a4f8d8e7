"""gangly export and gangly erase from the shell: counted, written in private, asked for, certified."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

TOMASZ = "tomasz.zielinski@kestrel-logistics.example"


@pytest.fixture
def sandbox(shell: Shell) -> Shell:
    assert shell("connect", "sandbox").code == 0
    assert shell("pull").code == 0
    assert shell("notes", "Kestrel", "assets/demo/calls/kestrel-shorthand.txt").code == 0
    return shell


def test_what_is_kept_is_counted_and_written_for_its_owner_only(sandbox: Shell, tmp_path: Path) -> None:
    assert "contacts" in sandbox("export", "Anja Bergmann").out
    path = tmp_path / "tomasz.json"
    assert sandbox("export", TOMASZ, "--file", str(path)).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    held = json.loads(path.read_text("utf-8"))
    assert held["person"]["mailbox"] == TOMASZ
    assert held["meetings"]


def test_erasing_asks_and_gives_a_certificate(sandbox: Shell) -> None:
    assert "nobody is there to answer" in sandbox("erase", TOMASZ).err
    made = sandbox("erase", TOMASZ, "--yes")
    assert made.code == 0
    assert "CERTIFICATE OF ERASURE" in made.out
    assert "erase it there" in made.out
    assert "Zielinski" not in made.out
    assert "nothing" in sandbox("export", TOMASZ).out
    assert sandbox("audit", "verify").code == 0
    assert "Zielinski" not in sandbox("review").out


def test_nobody_is_said_with_a_fix(sandbox: Shell) -> None:
    said = sandbox("erase", "Zed Nobody", "--yes")
    assert said.code == 1
    assert "use their e-mail address" in said.err
