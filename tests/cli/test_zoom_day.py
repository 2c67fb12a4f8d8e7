"""Zoom and a calendar at an address, by the commands alone: connect both, pull, and the transcript is there."""

from __future__ import annotations

import gc
import threading
from datetime import UTC, datetime, timedelta

import pytest

from gangly_tui.bootstrap import desk_at_hand
from gangly_tui.commands import connect as commands
from gangly_tui.store import engagement
from tests.cli.shell import Shell
from tests.cli.test_connect_command import keyring  # noqa: F401 - the fixture
from tests.cli.test_third_party_day import beside
from tests.connectors.zoom_rig import VTT
from tests.fakes.front_door import FrontDoor
from tests.fakes.zoom import Call, ZoomFake


def browse(url: str) -> bool:
    """A person who agrees: the page leads back to this machine."""
    import httpx

    def visit() -> None:
        httpx.get(url, follow_redirects=True, trust_env=False)

    threading.Thread(target=visit, daemon=True).start()
    return True


@pytest.mark.usefixtures("keyring")
def test_a_call_that_was_recorded_has_its_transcript(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=2)
    fake = ZoomFake(calls=[Call(number="81234567890", uuid="/a//b==", topic="Acme", start=begun, minutes=30, text=VTT)])
    monkeypatch.setattr(commands, "show_page", browse)
    with beside(FrontDoor(fake)) as address:
        fake.host = address
        fake.store = address.replace("127.0.0.1", "localhost")  # another origin: the token stays behind
        secret = f"{address}/calendar.ics"
        here = shell("connect", "calendar", secret)
        assert here.code == 0, here.err
        again = shell("connect", "calendar", secret)
        assert again.code == 0, again.err
        done = shell(
            "connect", "zoom", "--host", address, "--insecure-loopback", "--set", "client_id=abc",
            "--set", "user_email=robin.hale@larkspur.example",
        )  # fmt: skip
        assert done.code == 0, done.err
        assert "1 meetings" in done.err
        with desk_at_hand() as desk:
            (met,) = engagement.meetings_between(desk.db, begun, begun + timedelta(hours=1))
            assert engagement.transcript_of(desk.db, met.id) == VTT
        told = shell("doctor")
        assert "calendar.ics" not in told.out + told.err and "127.0.0.1#" in told.out
        shell("pull")
        health = shell("health")
        assert "calendar 127.0.0.1" in health.out and "zoom" in health.out and "calendar.ics" not in health.out
        assert len([each for each in fake.asked if each.path.startswith("/stored/")]) == 1
        gone = shell("disconnect", "zoom")
        assert gone.code == 0, gone.err
    gc.collect()  # connections that ended with their loops are complained of here, not in the middle of an import
