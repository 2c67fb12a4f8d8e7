"""The browser that a sign-in opens: it may take the terminal for itself until somebody closes it."""

from __future__ import annotations

import threading

import pytest

from gangly_tui import connecting
from gangly_tui.commands import connect as commands
from tests.cli.shell import Shell
from tests.cli.test_connect_command import browser, crm, keyring  # noqa: F401 - the fixtures
from tests.connectors import trial_vendor
from tests.connectors.trial_vendor import State


def test_a_browser_that_holds_the_line_until_it_is_closed_holds_up_nothing(
    shell: Shell,
    crm: State,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = threading.Event()

    def in_front(url: str) -> bool:
        trial_vendor.browse(url)
        return closed.wait(20)

    monkeypatch.setattr(connecting, "_BROWSER_STARTS", 0.2)
    monkeypatch.setattr(commands, "show_page", in_front)
    done = browser(shell, crm)
    assert not closed.is_set() and done.code == 0, done.err
    assert "your browser asks for your consent" in done.err
    closed.set()
