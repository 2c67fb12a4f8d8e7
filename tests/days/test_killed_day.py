"""A new user's day with Pipedrive, Google and Zoom, by keys, in an app that is killed again and again.

Whatever the moment: nothing is half connected, nothing is lost, and nothing is made twice in the mailbox, the calendar
or the CRM.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_third_party_day import beside
from tests.days.stage import NOT_HELD, App, Home, Stops
from tests.fakes import pipedrive_seed
from tests.fakes.front_door import FrontDoor
from tests.fakes.google import GoogleDoor
from tests.fakes.google_seed import seeded
from tests.fakes.pipedrive import PipedriveFake
from tests.fakes.zoom import CALLS, Call, ZoomFake

ROBIN = "robin.hale@larkspur.example"
NOTE = "I will send the training plan tomorrow."
MARKS = ("op id", "source", "approved by", "approved at", "trail head")
"""What says in each record where its last write came from."""
APPROVED = re.compile(r"Today: (\d+) cards approved")


def noon_here() -> str:
    """A zone in which it is about noon now: the day of the calls does not end while they are looked at."""
    east = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-east:+d}" if east else "Etc/GMT"


@dataclass(kw_only=True)
class World:
    """The three systems, each with its stops and its address, and what they hold."""

    crm: PipedriveFake
    google: Any
    zoom: ZoomFake
    stops: dict[str, Stops]
    at: dict[str, str]
    home: Home


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    crm, google = PipedriveFake(), seeded(zone="UTC")
    pipedrive_seed.demo(crm)
    over = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=40)
    words = (CALLS / "harbor-pine.vtt").read_text(encoding="utf-8")
    call = Call(number="81234567890", uuid="/aa==", topic="Harbor & Pine", start=over, minutes=30, text=words)
    zoom = ZoomFake(calls=[call])
    for identifier in list(google.calendar.events):
        google.calendar.cancel(identifier)
    guests = [{"email": "dana.whitlock@harborpine.example", "displayName": "Dana Whitlock"}]
    link = f"https://us06web.zoom.us/j/{call.number}"
    google.calendar.meet("over", over, 30, summary="Harbor price and rollout", location=link, attendees=guests)
    fakes = {"pipedrive": FrontDoor(crm), "google": GoogleDoor(google), "zoom": FrontDoor(zoom)}
    stops = {name: Stops(each) for name, each in fakes.items()}
    home = Home(tmp_path / "home")
    (home.folder / "config.toml").write_text(f'timezone = "{noon_here()}"\n', encoding="utf-8")
    with ExitStack() as stack:
        at = {name: stack.enter_context(beside(each)) for name, each in stops.items()}  # type: ignore[arg-type]
        zoom.host, zoom.store = at["zoom"], at["zoom"].replace("127.0.0.1", "localhost")
        yield World(crm=crm, google=google, zoom=zoom, stops=stops, at=at, home=home)


def page_of(app: App, title: str, *parts: str) -> None:
    """From the choices to the page of a system, to what is asked for there, and to the address of a trial."""
    app.go_to(f"▌ {title}", "down")
    app.press("enter")
    assert f"Connect {title}" in app.screen
    for part in parts:
        app.tab_to("parts")
        app.go_to(f"▌ [ ] {part}", "down")
        app.press("enter")
    app.tab_to("trial")
    app.press("enter")


def fill(app: App, world: World, system: str) -> None:
    """What each page asks for."""
    lines = {"loopback": world.at[system]}
    if system == "pipedrive":
        lines |= {"fields": "", "client_id": "trial", "client_secret": "x", "user_email": ROBIN}
    else:
        lines |= {"client_id": "trial"} | ({"client_secret": "x"} if system == "google" else {})
    app.fill(**lines)


def connected_by_hand(
    world: World, system: str, title: str, *parts: str, kill: tuple[str, str, bool] | None = None
) -> None:
    """Connect it. Where it is killed on the way it is not there then, and the second time it is."""
    for killed in (True, False) if kill else (False,):
        with world.home.app() as app:
            if "Connect your CRM" not in app.screen:
                app.press("ctrl+o")
            page_of(app, title, *parts)
            fill(app, world, system)
            if kill and killed:
                method, part, done = kill
                world.stops[system].stop(method, part, carried_out=done)
                app.start("enter")
                world.stops[system].wait()
                app.kill()
                assert f"[connections.{system}]" not in world.home.config
                continue
            app.press("enter")
            assert f"✓ {title}" in app.until(f"✓ {title}")
            assert f"[connections.{system}]" in world.home.config


def test_from_nothing_to_a_sent_follow_up_with_a_kill_at_every_step(world: World) -> None:
    home, stops, google = world.home, world.stops, world.google

    with home.app(agrees=False) as app:  # nobody has agreed in the browser yet
        page_of(app, "Pipedrive")
        fill(app, world, "pipedrive")
        app.start("enter")
        app.until("asks for your consent")
        app.kill()
        assert "connections" not in home.config
    connected_by_hand(world, "pipedrive", "Pipedrive", kill=("POST", "/oauth/token", True))

    stops["pipedrive"].stop("GET", "/deals", carried_out=False)
    with home.app(comes_to_rest=False):
        stops["pipedrive"].wait()  # killed in the middle of the first pull
    connected_by_hand(
        world, "google", "Google", "mail", "drafts", kill=("GET", "/calendar/v3/calendars/primary", False)
    )
    connected_by_hand(world, "zoom", "Zoom")

    stops["zoom"].stop("GET", "/stored/", carried_out=True)
    with home.app(comes_to_rest=False):
        stops["zoom"].wait()  # the transcript is on its way
    with home.app() as app:
        assert "transcript ready" in app.screen
        for words in ("Harbor & Pine - Planner, 62 stores", "Re: Proposal for the 40", "we owe", "Dana Whitlock"):
            assert words in app.screen
        app.press("n", "ctrl+t")
        app.type(NOTE)
    with home.app() as app:
        app.press("n")
        assert NOTE in app.screen
        app.press("ctrl+s", "I")
        assert "Edit  Dana Whitlock" in app.screen, "nobody said when the next meeting is"
        app.press("home", "ctrl+k")
        app.type(f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d} 15:00")
        app.press("ctrl+s")
        stops["google"].stop("POST", "/events", carried_out=True)
        time.sleep(NOT_HELD)
        app.start("a")
        stops["google"].wait()  # the invitation was made, and the answer never came
    stops["pipedrive"].stop("POST", "/activities", carried_out=True)
    with home.app() as app:
        app.press("2")
        app.approve_all()
        approved = int(APPROVED.search(app.screen)[1])  # type: ignore[index]
        stops["pipedrive"].wait()  # so was the first task
    stops["google"].stop("POST", "/drafts", carried_out=True)
    with home.app(comes_to_rest=False):
        stops["google"].wait()  # and the draft
    with home.app() as app:
        app.press("2")
        app.until(f"Today: {approved} cards approved, {approved} saved and read back")
        google.token = "t-later"
        stops["google"].stop("POST", "/token", carried_out=True)
        app.start("ctrl+r")
        stops["google"].wait()  # a new token was given, and it never came
    with home.app() as app:
        assert "sign" not in app.screen.splitlines()[-2]
        app.press("2", "S")
        app.until("Enter sends it")
        time.sleep(NOT_HELD)  # a sheet that has only just come takes no key
        app.press("enter")
        app.until("sent, read back")
        assert [each.method for each in google.asked if each.path.endswith("/send")] == ["POST"]
        app.press("5")
        assert "● sent" in app.screen and "✓ approved" in app.screen

    (sent,) = google.mail.sent
    assert "Send the training plan" in google.mail.messages[sent].message.get_content()
    assert not google.mail.drafts
    assert len([each for each in google.calendar.events.values() if "next meeting" in each["summary"]]) == 1
    assert google.calendar.told == [("dana.whitlock@harborpine.example", "invited")]
    made = Counter(each["subject"] for each in world.crm.rows["activities"].values())
    assert len(made) >= 5 and set(made.values()) == {1}
    marks = {pipedrive_seed.code(each, "deal") for each in MARKS}
    changed = Counter(each["field_key"] for each in world.crm.changelog if each["field_key"] not in marks)
    assert len(changed) >= 4 and set(changed.values()) == {1}, changed

    assert home.gangly("audit", "verify")
    trail = json.loads(home.gangly("audit", "show", "--json", "--limit", "500"))
    said = {kind: Counter(each["op_id"] for each in trail if each["kind"] == kind) for kind in ("approved", "sent")}
    assert len(said["approved"]) == approved + 1 and said["approved"] == said["sent"]
    assert set(said["sent"].values()) == {1}
    assert [each["target_name"].partition("@")[0] for each in trail if each["kind"] == "connected"] == ["pipedrive"] * 3
