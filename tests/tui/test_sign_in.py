"""The page of a system: shown before consent, waited for with a way out, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from gangly_tui.domain.connection import (
    Answers,
    Ask,
    AuditField,
    Connected,
    Permission,
    Plan,
    PlanWay,
    Standing,
    Step,
)
from gangly_tui.domain.errors import GanglyError, SignInNeeded, VaultError
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import PullReport
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.doorway import Doorway
from gangly_tui.tui.screens.connect import ConnectScreen
from gangly_tui.tui.screens.sign_in import SignInScreen
from gangly_tui.tui.screens.today import TodayScreen
from tests.patience import until
from tests.tui.desks import screen_text
from tests.tui.resting import at_rest

URL = "https://login.example/authorize?state=abc"
HOSTILE = "[@click=app.quit()]x[/] \x1b[2J"
HOST = Ask(name="host", label="Address", why="Your own address.", example="acme.example")
PLAN = Plan(
    name="vendor",
    title="Vendor",
    ways=(
        PlanWay(
            name="browser",
            title="In the browser",
            means="You agree in the browser.",
            asks=(HOST, Ask(name="client_id", label="App id", why="From the installed app.")),
            browser=True,
            device=True,
        ),
        PlanWay(
            name="token",
            title="A token made by hand",
            means="It can do all you can, and you replace it by hand.",
            asks=(HOST, Ask(name="token", label="Token", why="Settings > API.", secret=True)),
            browser=False,
            device=False,
        ),
    ),
    permissions=(Permission(name="api", why=f"to read deals {HOSTILE}"),),
    admin=("Install the app for everybody.",),
    audit_fields=(AuditField(of="Deal", name="Source", type="text", meta="source"),),
    guards="Each write names the version it was decided on.",
    known={"host": "acme.example"},
)
DONE = Connected(
    name="vendor",
    title="Vendor",
    standing=Standing(account=f"Robin at Acme {HOSTILE}", missing=("Deal.Approved is not there",)),
    rotate_by=date(2027, 2, 22),
)


class Vendor:
    """What the screen talks to. `agreed` lets a sign-in end."""

    def __init__(self, plan: Plan = PLAN, done: Connected = DONE) -> None:
        self.plan, self.done = plan, done
        self.answers: list[Answers] = []
        self.agreed = asyncio.Event()
        self.trouble: GanglyError | None = None
        self.locked: GanglyError | None = None
        self.cancelled = False
        self.current = ""

    @property
    def doorway(self) -> Doorway:
        return Doorway(
            systems=(("vendor", "Vendor", "accounts and deals"),),
            current=lambda: self.current,
            plan=lambda _: self.plan,
            unlock=self._unlock,
            connect=self._connect,
        )

    def _unlock(self) -> None:
        if self.locked:
            raise self.locked

    async def _connect(self, name: str, answers: Answers, tell: Callable[[Step], None]) -> Connected:
        self.answers.append(answers)
        tell(Step(text="your browser asks for your consent", url=URL, code="WDJB" if answers.device else ""))
        try:
            await self.agreed.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self.trouble:
            raise self.trouble
        return self.done


def app_with(vendor: Vendor, desk: Desk | None = None, opener: Callable[[str], Desk] | None = None) -> GanglyApp:
    app = GanglyApp(desk, opener)
    app.doorway = vendor.doorway
    return app


def field(app: GanglyApp, name: str) -> Input:
    return next(each for each in app.screen.query(Input) if each.name == name)


async def whole_page(app: GanglyApp, pilot: Pilot[None]) -> str:
    """The page from its top to its end, as the keys show it."""
    seen = [screen_text(app)]
    for _ in range(6):
        await pilot.press("pagedown")
        await at_rest(pilot)
        seen.append(screen_text(app))
    return "\n".join(seen)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_from_the_choice_to_today(desk: Desk, size: tuple[int, int]) -> None:
    vendor, opened = Vendor(), list[str]()

    def opener(choice: str) -> Desk:
        opened.append(choice)
        return desk

    app = app_with(vendor, None, opener)
    async with app.run_test(size=size) as pilot:
        assert "Vendor" in screen_text(app) and "Connect your CRM" in screen_text(app)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert isinstance(app.screen, SignInScreen)
        if size[1] < 40:
            await pilot.press("enter")
        assert field(app, "client_id").has_focus, "what is known already is filled in"
        await pilot.press(*"my-app", "ctrl+s")
        await pilot.pause()
        assert "your browser asks for your consent" in screen_text(app) and URL in screen_text(app)
        values = {"host": "acme.example", "client_id": "my-app"}
        assert vendor.answers == [Answers(way="browser", values=values, insecure_loopback=False)]
        vendor.agreed.set()
        await pilot.pause()
        await pilot.pause()
        shown = screen_text(app)
        assert "✓ Vendor · Robin at Acme [@click=app.quit()]x[/] ␛[2J" in shown
        assert "! Deal.Approved is not there" in shown and "rotate by 2027-02-22" in shown
        await pilot.press("enter")
        await pilot.pause()
        assert opened == ["connected"]
        assert isinstance(app.screen, TodayScreen)


async def test_what_is_asked_is_shown_before_consent() -> None:
    app = app_with(Vendor())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "enter")
        await pilot.pause()
        assert "An administrator does this first" in screen_text(app), "reading comes first"
        shown = await whole_page(app, pilot)
        for words in (
            "An administrator does this first",
            "Install the app for everybody.",
            "to read deals [@click=app.quit()]x[/] ␛[2J",
            "Deal  Source",
            "Each write names the version",
            "In the browser, with a code on another device",
            "From the installed app.",
            "such as acme.example",
        ):
            assert words in shown


async def test_a_way_asks_only_what_it_needs_and_hides_what_is_secret() -> None:
    vendor = Vendor()
    app = app_with(vendor)
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("down", "enter")
        await pilot.pause()
        app.screen.query_one("#ways").focus()
        await pilot.press("end", "enter")
        await pilot.pause()
        assert field(app, "token").has_focus
        assert not app.screen.query_one("#ask-client_id").display
        await pilot.press(*"t-secret")
        assert "t-secret" not in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        asked = vendor.answers[0]
        assert (asked.way, asked.values) == ("token", {"host": "acme.example"})
        assert asked.secrets["token"].reveal() == "t-secret"
        assert "t-secret" not in repr(asked)


async def test_a_device_code_is_shown() -> None:
    vendor = Vendor()
    app = app_with(vendor)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "enter")
        await pilot.pause()
        field(app, "client_id").value = "my-app"
        app.screen.query_one("#ways").focus()
        await pilot.press("down", "ctrl+s")
        await pilot.pause()
        assert vendor.answers[0].device
        assert "WDJB" in screen_text(app)
        await pilot.press("c")
        assert app.clipboard == URL


async def test_escape_stops_the_wait_and_then_goes_back() -> None:
    vendor = Vendor()
    app = app_with(vendor)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "enter")
        await pilot.pause()
        field(app, "client_id").focus()
        await pilot.press(*"my-app", "ctrl+s")
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert vendor.cancelled
        assert "stopped; nothing was kept" in screen_text(app)
        assert field(app, "client_id").value == "my-app", "what was typed is still there"
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, ConnectScreen)


async def test_what_is_missing_or_refused_is_said_in_place() -> None:
    vendor = Vendor()
    app = app_with(vendor)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("down", "enter")
        await pilot.pause()
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert "! App id is missing" in screen_text(app) and vendor.answers == []
        vendor.locked = VaultError("no passphrase was given", fix="type one")
        field(app, "client_id").focus()
        await pilot.press(*"my-app", "ctrl+s")
        await pilot.pause()
        assert "! no passphrase was given" in screen_text(app) and vendor.answers == []
        vendor.locked, vendor.trouble = None, SignInNeeded(f"did not agree {HOSTILE}", fix="start again")
        vendor.agreed.set()
        await pilot.press("ctrl+s")
        await pilot.pause()
        await pilot.pause()
        assert "! did not agree [@click=app.quit()]x[/] ␛[2J" in screen_text(app)
        assert "start again" in screen_text(app)


async def test_one_key_signs_in_again_and_reads_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Vendor(done=Connected(name=desk.reader.system, title="Vendor", standing=DONE.standing, same_settings=True))
    vendor.current = desk.reader.system
    vendor.agreed.set()
    pulls: list[bool] = []

    async def pull(_: Desk, __: object) -> PullReport:
        pulls.append(True)
        sign_in = "vendor" if len(pulls) == 1 else ""
        problems = ("vendor: the session has ended (gangly connect vendor)",) if sign_in else ()
        return PullReport(records=0, removed=0, meetings=0, transcripts=0, problems=problems, sign_in=sign_in)

    monkeypatch.setattr("gangly_tui.flow.pull.pull", pull)
    app = app_with(vendor, desk)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        await pilot.pause()
        assert "the session has ended" in screen_text(app) and "ctrl+o signs in again" in screen_text(app)
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert isinstance(app.screen, SignInScreen)
        field(app, "client_id").focus()
        await pilot.press(*"my-app", "ctrl+s")
        await pilot.pause()
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        assert isinstance(app.screen, TodayScreen)
        assert len(pulls) == 2 and "ended" not in screen_text(app)


async def test_another_system_opens_the_app_anew(desk: Desk) -> None:
    vendor = Vendor()
    vendor.agreed.set()
    app = app_with(vendor, desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert isinstance(app.screen, ConnectScreen)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, TodayScreen)
        await pilot.press("ctrl+o", "down", "enter")
        await pilot.pause()
        field(app, "client_id").focus()
        await pilot.press(*"my-app", "ctrl+s")
        await pilot.pause()
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
    assert app.open_again
    assert app.desk is desk


async def test_a_system_that_cannot_be_loaded_says_so() -> None:
    vendor = Vendor()
    doorway = vendor.doorway

    def cannot(_: str) -> Plan:
        raise GanglyError("the connector vendor cannot be loaded", fix="reinstall it")

    app = GanglyApp(None)
    app.doorway = Doorway(
        systems=doorway.systems,
        current=doorway.current,
        plan=cannot,
        unlock=doorway.unlock,
        connect=doorway.connect,
    )
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("down", "enter")
        await pilot.pause()
        assert isinstance(app.screen, ConnectScreen)
        assert "the connector vendor cannot be loaded" in screen_text(app)


@pytest.mark.parametrize(
    ("typed", "current", "screen"),
    [("connect a", "vendor", ConnectScreen), ("sign in", "vendor", SignInScreen), ("sign in", "", ConnectScreen)],
)
async def test_the_palette_connects_and_signs_in_again(desk: Desk, typed: str, current: str, screen: type) -> None:
    vendor = Vendor()
    vendor.current = current
    app = GanglyApp(desk)
    app.doorway = vendor.doorway
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("ctrl+p", *["space" if each == " " else each for each in typed])
        await at_rest(pilot)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, screen))
        await pilot.pause()
        assert "nothing is connected yet" not in screen_text(app)
        await pilot.press("escape")
        assert isinstance(app.screen, TodayScreen)


async def test_parts_are_asked_for_one_by_one_and_the_first_always(desk: Desk) -> None:
    permissions = (
        Permission(name="events.read", why="to see your meetings", part="calendar"),
        Permission(name="mail.read", why="to show the last mails", part="mail"),
    )
    plan = replace(PLAN, parts=("calendar", "mail"), asked_for=frozenset({"calendar"}), permissions=permissions)
    vendor = Vendor(plan)
    app = app_with(vendor, desk)
    async with app.run_test(size=(100, 50)) as pilot:
        app.push_screen(SignInScreen(plan, vendor.doorway))
        await pilot.pause()
        assert "[x] calendar  always" in screen_text(app)
        assert "[ ] mail" in screen_text(app)
        assert "mail.read" not in screen_text(app)
        app.screen.query_one("#parts").focus()
        await pilot.press("enter", "down", "enter")
        await pilot.pause()
        assert "[x] calendar  always" in screen_text(app)
        assert "[x] mail" in screen_text(app)
        assert "mail.read" in screen_text(app)
        field(app, "client_id").value = "abc"
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert vendor.answers[0].parts == {"calendar", "mail"}
