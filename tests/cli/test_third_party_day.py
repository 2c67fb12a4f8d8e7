"""A connector that comes from elsewhere, by the commands alone: its guide, connect, a day's work, undo, disconnect."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from gangly_tui.tui.app import GanglyApp
from tests.cli.shell import Shell
from tests.cli.test_connect_command import descriptor, keyring  # noqa: F401 - the fixture
from tests.connectors.test_third_party import installed, wheel  # noqa: F401 - the fixtures
from tests.fakes.serve import serving
from tests.fakes.tidemark import TidemarkFake, story
from tests.flow.steps import NOTES
from tests.patience import LONG
from tests.tui.desks import screen_text

pytestmark = pytest.mark.usefixtures("installed", "keyring")


@contextmanager
def beside(fake: TidemarkFake) -> Iterator[str]:
    """The fake at its address, while this thread does something else: every verb runs a loop of its own."""
    ready, at = threading.Event(), list[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]]()

    async def run() -> None:
        over = asyncio.Event()
        async with serving(fake) as address:
            at.append((address, asyncio.get_running_loop(), over))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(LONG)
    address, loop, over = at[0]
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)


def calendar(path: Path) -> Path:
    """One call with Ada, an hour from now."""
    start = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y%m%dT%H%M00Z")
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:call-1", f"DTSTAMP:{start}",
        f"DTSTART:{start}", "DURATION:PT30M", "SUMMARY:Acme: platform", "ORGANIZER:mailto:robin@seller.com",
        "ATTENDEE;CN=Robin Vega:mailto:robin@seller.com", "ATTENDEE;CN=Ada Lind:mailto:ada@acme.de", "END:VEVENT",
        "END:VCALENDAR",
    ]  # fmt: skip
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


def sign(shell: Shell) -> None:
    """What the guide prints, put where it says."""
    told = shell("connect", "tidemark", "--guide").out
    page = shell.home / "hierarchy.toml"
    assert str(page) in told and "## Fields" not in told
    table = told.partition("```toml\n")[2].partition("```")[0]
    page.write_text(files("gangly_tui").joinpath("hierarchy.toml").read_text(encoding="utf-8") + table, "utf-8")


def connect(shell: Shell, address: str) -> None:
    done = shell(
        "connect", "tidemark", "--host", address, "--insecure-loopback", "--secret-fd", descriptor("tide-1"),
        "--set", "user_email=robin@seller.com",
    )  # fmt: skip
    assert (done.code, done.out) == (0, "Tidemark · Robin Vega at Seller\n"), done.err
    assert "3 records" in done.err and "static credential, rotate by" in done.err


def test_before_the_hierarchy_page_speaks_of_it_nothing_is_asked(shell: Shell) -> None:
    shell.home.mkdir(parents=True)
    told = shell("connect", "tidemark", "--secret-fd", descriptor("tide-1"))
    assert told.code == 1
    assert "no hierarchy page says what gangly may read and write in tidemark" in told.err
    assert "gangly connect tidemark --guide" in told.err
    sign(shell)
    assert "What it may read" not in shell("connect", "tidemark", "--guide").out, "it says so as long as it is so"


def test_from_the_guide_to_the_undo(shell: Shell, tmp_path: Path) -> None:
    shell.home.mkdir(parents=True)
    fake = TidemarkFake()
    story(fake)
    deal = next(row for (name, _), row in fake.rows.items() if name == "deals")
    with beside(fake) as address:
        (shell.home / "config.toml").write_text(f'calendars = ["{calendar(tmp_path / "day.ics")}"]\n', "utf-8")
        sign(shell)
        connect(shell, address)
        assert shell("pull").code == 0
        brief = shell("brief", "next")
        assert "Platform 2026" in brief.out and "Acme GmbH" in brief.out, brief.err
        assert {method for method, *_ in fake.asked} == {"GET"}, "nothing is written before a yes"

        drafted = shell("notes", "next", "-", stdin=NOTES.encode())
        assert drafted.code == 0, drafted.err
        cards = json.loads(shell("review", "--json").out)
        wanted = [
            each
            for each in cards
            if [c["field"] for c in each["changes"]] == ["close_date"] or each["kind"] == "activity"
        ]
        assert len(wanted) >= 2
        done = shell("approve", *[each["id"] for each in wanted], "--deliver")
        assert done.code == 0, done.err
        assert deal["fields"]["closes_on"].endswith("-11-15")
        entries = [row["fields"] for (name, _), row in fake.rows.items() if name == "entries"]
        assert entries and all("approved by robin@seller.com" in each["text"] for each in entries)
        assert all(each["deal"] == deal["id"] for each in entries)
        assert "approved by robin@seller.com" in deal["log"][-1]["because"]

        assert shell("audit", "verify").code == 0
        (card,) = [each["id"] for each in wanted if each["kind"] == "opportunity"]
        back = shell("undo", card, "--json")
        assert back.code == 0, back.err
        assert shell("approve", json.loads(back.out)["inverse"]["id"], "--deliver").code == 0
        assert deal["fields"]["closes_on"] == "2026-09-30"
        assert shell("disconnect", "tidemark").code == 0
        assert shell("pull").code != 0


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_connect_screen_shows_it_and_whose_it_is(shell: Shell, size: tuple[int, int]) -> None:
    from gangly_tui.commands.app import _doorway

    shell.home.mkdir(parents=True)
    sign(shell)
    app = GanglyApp(None)
    app.doorway = _doorway(app)
    async with app.run_test(size=size) as pilot:
        at = [name for name, _, _ in (("sandbox", "", ""), *app.doorway.systems)].index("tidemark")
        await pilot.press(*["down"] * at)
        await pilot.pause()
        (row,) = [each for each in screen_text(app).splitlines() if "tidemark" in each]
        assert "from gangly-tidemark 1.0" in row
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        shown = screen_text(app)
        assert "Connect Tidemark" in shown and "reads your workspace" in shown
