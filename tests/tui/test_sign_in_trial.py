"""A trial on the page of a system: a server on this machine in place of the vendor's, ticked and unticked."""

from __future__ import annotations

from dataclasses import replace

from gangly_tui.domain.connection import Answers
from gangly_tui.flow.desk import Desk
from gangly_tui.tui.screens.sign_in import SignInScreen
from tests.patience import until
from tests.tui.desks import screen_text
from tests.tui.resting import at_rest
from tests.tui.test_sign_in import PLAN, Vendor, app_with, field


async def test_a_trial_asks_for_a_server_on_this_machine_in_place_of_the_vendors_address(desk: Desk) -> None:
    vendor = Vendor()
    app = app_with(vendor, desk)
    async with app.run_test(size=(100, 60)) as pilot:
        app.push_screen(SignInScreen(vendor.plan, vendor.doorway))
        await at_rest(pilot)
        assert "[ ] a trial" in screen_text(app) and not app.screen.query_one("#ask-loopback").display
        app.screen.query_one("#trial").focus()
        await pilot.press("enter")
        await at_rest(pilot)
        assert "[x] a trial" in screen_text(app) and field(app, "loopback").has_focus
        assert not app.screen.query_one("#ask-host").display
        await pilot.press("ctrl+s")
        await at_rest(pilot)
        assert "! Its address is missing" in screen_text(app) and vendor.answers == []
        field(app, "loopback").value, field(app, "client_id").value = "127.0.0.1:8702", "my-app"
        await pilot.press("ctrl+s")
        await until(lambda: vendor.answers)
        values = {"host": "127.0.0.1:8702", "client_id": "my-app"}
        assert vendor.answers == [Answers(way="browser", values=values, insecure_loopback=True)]


async def test_a_trial_from_before_is_ticked_and_the_vendors_own_address_is_asked_anew_without_it(desk: Desk) -> None:
    known = {"host": "http://127.0.0.1:8702", "client_id": "my-app"}
    vendor = Vendor(replace(PLAN, known=known, loopback="http://127.0.0.1:8702"))
    app = app_with(vendor, desk)
    async with app.run_test(size=(100, 60)) as pilot:
        app.push_screen(SignInScreen(vendor.plan, vendor.doorway))
        await at_rest(pilot)
        assert "[x] a trial" in screen_text(app) and field(app, "loopback").value == "http://127.0.0.1:8702"
        app.screen.query_one("#trial").focus()
        await pilot.press("enter")
        await at_rest(pilot)
        assert field(app, "host").value == "" and app.screen.query_one("#ask-host").display
        field(app, "host").value = "acme.example"
        await pilot.press("ctrl+s")
        await until(lambda: vendor.answers)
        assert vendor.answers[0].insecure_loopback is False and vendor.answers[0].values["host"] == "acme.example"
