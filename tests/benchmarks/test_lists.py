"""From a key to the last byte of its frame in lists of 100,000 rows, and what each list holds in memory.

Goals: every list that can grow at most 4 ms a key and 60 MB; idle on Today beside a store of 100,000 contacts and a
million activities at most 90 MB; `a` to the next card painted at most 30 ms, its durable commit included.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest

from gangly_tui.domain.records import FieldType
from gangly_tui.store import decisions
from gangly_tui.store.database import open_database
from tests.benchmarks.big_store import KEY, big_store, fill_trail
from tests.benchmarks.terminal import Terminal
from tests.benchmarks.timing import report, say
from tests.domain import made

KEYS = 60
CARDS = 25
ENTRIES = 100_000

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a pty, and /proc for the memory")


@contextmanager
def _app(name: str, mark: bytes, store: Path | None = None) -> Iterator[Terminal]:
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    command = [sys.executable, "-m", "tests.benchmarks.apps", name, *([str(store)] if store else [])]
    with Terminal(command, env) as terminal:
        terminal.until(mark)
        terminal.drain(0.5)
        yield terminal


@pytest.fixture(scope="module")
def trail_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing but a trail."""
    path = tmp_path_factory.mktemp("trail") / "store.db"
    db = open_database(path, key=KEY)
    fill_trail(db, ENTRIES)
    db.close()
    return path


def test_key_to_frame_and_memory_of_the_trail(trail_store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apps = {
        "OptionList": ("options", b"still", None),
        "DataTable": ("table", b"still", None),
        "our lines, made of nothing": ("lines", b"still", None),
        "gangly, trail": ("trail", b"100,000 entries", trail_store),
    }
    keys = {"down": b"\x1b[B", "page down": b"\x1b[6~"}
    times: dict[str, dict[str, list[float]]] = {key: {} for key in keys}
    busy: dict[str, dict[str, float]] = {key: {} for key in keys}
    memory: dict[str, float] = {}
    for app, (name, mark, store) in apps.items():
        with _app(name, mark, store) as terminal:
            for key, sent in keys.items():
                before = terminal.busy()
                times[key][app] = [terminal.frame(sent) for _ in range(KEYS)]
                busy[key][app] = (terminal.busy() - before) / KEYS
            if store:
                far = [terminal.frame(b"G"), *(terminal.frame(b"\x1b[A") for _ in range(KEYS))]
                times["up"] = {"gangly, trail, from the oldest entry": far[1:]}
                times["G"] = {"gangly, trail, to the oldest entry": far[:1]}
            memory[app] = terminal.resident()
    with _app("bare", b"still") as terminal:
        memory["bare Textual app"] = terminal.resident()
    for key, found in times.items():
        base = "DataTable" if "DataTable" in found else next(iter(found))
        report(capsys, f"{key}, key to frame, {ENTRIES:,} rows", base, found, goal="4 ms")
        for app, seconds in busy.get(key, {}).items():
            say(capsys, f"    computed a key: {app:<32} {seconds * 1_000:6.2f} ms")
    say(capsys, "\nmemory after that; goal: 60 MB")
    for app, size in memory.items():
        say(capsys, f"  {app:<44} {size:6.1f} MB  {size / memory['bare Textual app']:5.2f}x")


def _after(number: int) -> str:
    return f"Value {number:04}"


def test_from_a_to_the_next_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "store.db"
    db = open_database(path, key=KEY)
    cards = []
    for number in range(CARDS):
        change = made.change(field="next_step", label="Next step", type=FieldType.TEXT, before="", after=_after(number))
        cards.append(made.card(id=f"op{number:04}", changes=(change,), target_name=f"Deal {number}"))
    decisions.save_proposals(db, cards)
    db.close()
    times = []
    with _app("review", b"Value 0000", path) as terminal:
        for number in range(1, CARDS):
            sleep(0.6)  # a card counts as seen after a while, and a key pressed in between as a held one
            terminal.drain()
            began = terminal.press(b"a")
            times.append(terminal.until(_after(number).encode()) - began)
    report(capsys, "a, to the next card painted", "gangly", {"gangly": times}, goal="30 ms")


def test_memory_idle_on_today(capsys: pytest.CaptureFixture[str]) -> None:
    with _app("bare", b"still") as terminal:
        bare = terminal.resident()
    with _app("today", b"0 writes", big_store()) as terminal:
        sleep(2)
        idle = terminal.resident()
    say(capsys, f"\nidle on Today, 1,140,000 records: {idle:.1f} MB, bare Textual app {bare:.1f} MB; goal: 90 MB")
