"""The real thing on Linux: a Secret Service without a desktop, unlocked, locked, and away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not (shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon")),
    reason="needs dbus-run-session and gnome-keyring-daemon",
)

FRAME = """
import os, sys
from pathlib import Path
from gangly_tui.domain.errors import VaultError
from gangly_tui.domain.secret import Secret
from gangly_tui.keys import Keys
folder = Path(sys.argv[1])
"""


def in_a_session(tmp_path: Path, program: str, *, unlock: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program in a session bus of its own, with a keyring that is unlocked there or not."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    start = "printf '%s' canary-login | gnome-keyring-daemon --unlock --components=secrets >/dev/null"
    if not unlock:
        start = "gnome-keyring-daemon --start --components=secrets >/dev/null"
    script = f'{start} && exec "$@"'
    code = FRAME + textwrap.dedent(program)
    folder = tmp_path / "data"
    folder.mkdir(exist_ok=True)
    wanted = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    return subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script, "sh", sys.executable, "-c", code, str(folder)],
        env={**wanted, "HOME": str(home), "XDG_RUNTIME_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        cwd=ROOT, capture_output=True, text=True, timeout=60, start_new_session=True, check=False,
    )  # fmt: skip


MAKE = """
    keys = Keys(folder)
    key = keys.of_store("store x", folder / "store.db")
    keys.vault().put("zoom", Secret("canary-token-ü"))
    print(keys.vault().backend, key.reveal().hex())
"""


def test_a_key_and_a_token_survive_the_session(tmp_path: Path) -> None:
    first = in_a_session(tmp_path, MAKE)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("Secret Service ")
    again = in_a_session(tmp_path, MAKE.replace('keys.vault().put("zoom", Secret("canary-token-ü"))', ""))
    assert again.stdout == first.stdout
    read = in_a_session(tmp_path, "assert Keys(folder).vault().get('zoom') == Secret('canary-token-ü')")
    assert read.returncode == 0, read.stderr
    key = first.stdout.split()[-1].encode()
    for each in tmp_path.rglob("*"):
        if each.is_file():
            content = each.read_bytes()
            assert key not in content, each
            assert b"canary-token" not in content, each


def test_a_locked_keyring_is_a_refusal_with_the_fix(tmp_path: Path) -> None:
    assert in_a_session(tmp_path, MAKE).returncode == 0
    locked = in_a_session(
        tmp_path,
        """
        try:
            Keys(folder).of_store("store x", folder / "store.db")
        except VaultError as error:
            print("refused:", error, "|", error.fix)
        """,
        unlock=False,
    )
    assert "refused: Secret Service " in locked.stdout, locked.stderr
    assert "unlock" in locked.stdout


def test_without_a_keyring_the_kept_key_is_not_replaced(tmp_path: Path) -> None:
    assert in_a_session(tmp_path, MAKE).returncode == 0
    page = (tmp_path / "data" / "vault.json").read_bytes()
    program = "Keys(folder).of_store('store x', folder / 'store.db')"
    away = subprocess.run(
        [sys.executable, "-c", FRAME + program, str(tmp_path / "data")],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"},
        cwd=ROOT, capture_output=True, text=True, timeout=60, start_new_session=True, check=False,
    )  # fmt: skip
    assert "the keys are in Secret Service, and this machine offers no keyring" in away.stderr
    assert (tmp_path / "data" / "vault.json").read_bytes() == page
