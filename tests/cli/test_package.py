"""What is handed out: the command, `python -m`, and a wheel that holds everything the app reads at run time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from gangly_tui import __version__

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "gangly_tui"
READ_AT_RUN_TIME = {".tcss", ".toml", ".json", ".txt"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout without any network."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT,
        env={**os.environ, "PIP_NO_INDEX": "1"},
        check=True,
        capture_output=True,
        timeout=120,
    )
    return next(out.glob("*.whl"))


def test_the_module_runs_like_the_command(tmp_path: Path) -> None:
    for command in ([sys.executable, "-m", "gangly_tui"], [str(Path(sys.executable).with_name("gangly"))]):
        done = subprocess.run(
            [*command, "--version"],
            env={**os.environ, "GANGLY_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"gangly, version {__version__}\n"
    assert not (tmp_path / "home").exists()


def test_the_wheel_holds_every_source_and_everything_read_at_run_time(wheel: Path) -> None:
    held = set(ZipFile(wheel).namelist())
    wanted = [each for each in PACKAGE.rglob("*") if each.suffix in READ_AT_RUN_TIME | {".py"}]
    assert any(each.suffix == ".tcss" for each in wanted)
    assert any("weights" in each.name for each in wanted)
    missing = [each.relative_to(ROOT).as_posix() for each in wanted if each.relative_to(ROOT).as_posix() not in held]
    assert missing == []


def test_the_wheel_holds_the_sandboxs_fiction(wheel: Path) -> None:
    held = set(ZipFile(wheel).namelist())
    demo = [each for each in (ROOT / "assets" / "demo").rglob("*") if each.is_file()]
    assert demo
    missing = [
        each.name for each in demo if f"gangly_tui/demo/{each.relative_to(ROOT / 'assets/demo').as_posix()}" not in held
    ]
    assert missing == []


def test_the_wheel_runs_where_only_it_is_on_the_path(wheel: Path, tmp_path: Path) -> None:
    ZipFile(wheel).extractall(tmp_path / "installed")
    code = (
        "import gangly_tui; print(gangly_tui.__file__); from gangly_tui.cli import main; main(['connect', 'sandbox'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "GANGLY_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "installed") in done.stdout
    assert "sandbox" in done.stdout


def test_the_wheel_names_its_licence(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        metadata = next(each for each in archive.namelist() if each.endswith("METADATA"))
        assert "License-Expression: Apache-2.0" in archive.read(metadata).decode()
        assert any(each.endswith("LICENSE") for each in archive.namelist())
