"""A window that is killed while it takes what arrived in the watched folder: the next one takes each text once."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from gangly_tui.flow.capture import sources
from gangly_tui.flow.pull import pull
from tests.flow.conftest import CALL, build
from tests.store.dying import run

LOOK = """
import asyncio
from datetime import UTC, timedelta
from gangly_tui.connectors.engagement.watched import WatchedFolder
from gangly_tui.flow.arrive import arrive
from gangly_tui.flow.desk import Desk, Settings
from gangly_tui.store.database import open_database
from tests.flow.conftest import CALL

nothing = dict(reader=None, courier=None, calendars=(), drafter=None, hierarchy=None, label="", new_id=None)
desk = Desk(
    db=open_database(path / "store" / "store.db"), now=lambda: CALL + timedelta(hours=1), at_point=at_point,
    settings=Settings(user_name="Robin", user_email="robin@seller.com"),
    watched=WatchedFolder(path / "calls", UTC, user_email="robin@seller.com"), **nothing,
)
asyncio.run(arrive(desk))
"""
TEXTS = {"Acme 1.vtt": "WEBVTT\n\nAda: we can sign", "2026-09-23 Acme.txt": "They can sign in May."}


@pytest.mark.parametrize("point", ["arrive.before-commit", "file.before-commit", "file.committed", "arrive.committed"])
async def test_each_text_is_taken_once_whenever_the_window_was_killed(tmp_path: Path, point: str) -> None:
    house = build(tmp_path)
    await pull(house.desk)
    (tmp_path / "calls").mkdir()
    for number, (name, text) in enumerate(TEXTS.items()):
        path = tmp_path / "calls" / name
        path.write_text(text)
        os.utime(path, ((CALL + timedelta(minutes=40 + number)).timestamp(),) * 2)
    run(LOOK, tmp_path, point)
    passed = run(LOOK, tmp_path)
    found = {each.source: each.text for each in sources(house.desk, "m1") if each.text}
    assert found == {"transcript": TEXTS["Acme 1.vtt"], "import:2026-09-23 Acme.txt": TEXTS["2026-09-23 Acme.txt"]}
    assert passed.count("arrive.committed") == (1 if point == "arrive.committed" or point.startswith("file") else 2)
    assert run(LOOK, tmp_path) == [], "nothing is left to be taken"
    house.desk.close()
