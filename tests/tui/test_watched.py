"""What arrives in the watched folder while the app is open is taken by itself."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gangly_tui.connectors.engagement.watched import WatchedFolder
from gangly_tui.flow.desk import Desk
from gangly_tui.store import engagement
from gangly_tui.tui import opening
from gangly_tui.tui.app import GanglyApp
from tests.tui.desks import NOW, ZONE, screen_text


def put(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    os.utime(path, ((NOW + timedelta(minutes=3)).timestamp(),) * 2)


async def until(app: GanglyApp, words: str) -> str:
    for _ in range(200):
        if words in (shown := screen_text(app)):
            return shown
        await asyncio.sleep(0.05)
    return screen_text(app)


async def test_it_is_there_without_a_key(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "WATCHED_EVERY", 0.1)
    folder = tmp_path / "calls"
    folder.mkdir()
    watched = WatchedFolder(folder, ZONE, user_email="ana@lumenworks.com")
    app = GanglyApp(replace(desk, watched=watched))
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        assert "transcript ready" not in screen_text(app)
        put(folder, f"{NOW:%Y-%m-%d} Nordwind.vtt", "WEBVTT\n\nJana: yes")
        assert "transcript ready" in await until(app, "transcript ready")
        assert engagement.transcript_of(desk.db, "m2") == "WEBVTT\n\nJana: yes"
        put(folder, "Invoice.txt", "whose?")
        assert "Invoice.txt" in await until(app, "Invoice.txt")
