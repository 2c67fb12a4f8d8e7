"""What arrives in the watched folder while the app is open is taken by itself."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gangly_tui.connectors.engagement.watched import WatchedFolder
from gangly_tui.domain.ports import Transcript
from gangly_tui.domain.records import Meeting
from gangly_tui.flow import keep_up
from gangly_tui.flow.desk import Desk
from gangly_tui.store import engagement
from gangly_tui.tui import opening
from gangly_tui.tui.app import GanglyApp
from tests import patience
from tests.tui.desks import NOW, ZONE, screen_text


class Recorder:
    """Recordings that take their time."""

    system = "zoom"

    def __init__(self) -> None:
        self.asked, self.ready = 0, ""

    async def transcripts(self, meetings: Sequence[Meeting], known: Mapping[str, str]) -> list[Transcript]:
        self.asked += 1
        found = {each.id for each in meetings} - set(known)
        return [Transcript(meeting_id=self.ready, text="WEBVTT")] if self.ready in found else []


def put(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    os.utime(path, ((NOW + timedelta(minutes=3)).timestamp(),) * 2)


async def until(app: GanglyApp, words: str) -> str:
    await patience.until(lambda: words in screen_text(app))
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


async def test_a_transcript_comes_by_itself_some_time_after_the_call(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "LOOKED_EVERY", 0.05)
    monkeypatch.setattr(keep_up, "USUALLY", timedelta(0))
    recorder = Recorder()
    app = GanglyApp(replace(desk, recorders=(recorder,)))
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        await patience.until(lambda: recorder.asked >= 2)
        assert "transcript ready" not in screen_text(app)
        recorder.ready = "m2"
        await until(app, "transcript ready")
