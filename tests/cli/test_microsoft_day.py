"""Microsoft 365 by the commands alone: connect in parts, pull, a brief with its mails, a follow-up in the drafts."""

from __future__ import annotations

import gc
import json
import threading
import warnings
from collections.abc import Iterator

import pytest

from gangly_tui.commands import connect as commands
from tests.cli.shell import Shell
from tests.cli.test_connect_command import keyring  # noqa: F401 - the fixture
from tests.cli.test_third_party_day import beside
from tests.fakes.front_door import FrontDoor
from tests.fakes.graph import GraphFake
from tests.fakes.graph_seed import story


def browse(url: str) -> bool:
    """A person who agrees: the page leads back to this machine."""
    import httpx

    def visit() -> None:
        httpx.get(url, follow_redirects=True, trust_env=False)

    threading.Thread(target=visit, daemon=True).start()
    return True


@pytest.fixture
def collected() -> Iterator[None]:
    """Each verb is a process of its own elsewhere, and its connections end with it; here they are collected."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.usefixtures("keyring", "collected")
def test_calendar_first_then_mail_then_a_follow_up_among_the_drafts(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = GraphFake()
    story(fake)
    monkeypatch.setattr(commands, "show_page", browse)
    with beside(FrontDoor(fake)) as address:
        asks = ("--host", address, "--insecure-loopback", "--set", "client_id=abc")
        done = shell("connect", "microsoft", *asks, "--set", "user_email=robin.hale@larkspur.example")
        assert done.code == 0, done.err
        assert "Robin Hale (robin.hale@larkspur.example)" in done.out and "meetings" in done.err
        assert not [each for each in fake.asked if "mail" in each.path.lower()], "mail is not asked for by itself"
        again = shell("connect", "microsoft", *asks, "--with", "mail", "--with", "drafts")
        assert again.code == 0, again.err
        assert shell("pull").code == 0
        assert {each.method for each in fake.asked} == {"GET"}
        brief = shell("brief", "Harbor")
        assert brief.code == 0, brief.err
        assert "Harbor & Pine" in brief.out and "Proposal: two questions" in brief.out
        text = "Dana: We will sign the contract by Friday.\nRobin: I will send you the price for 40 stores tomorrow.\n"
        drafted = shell("notes", "Harbor", "-", stdin=text.encode())
        assert drafted.code == 0, drafted.err
        (card,) = [each for each in json.loads(shell("review", "--json").out) if each["kind"] == "mail"]
        sent = shell("approve", card["id"], "--deliver")
        assert sent.code == 0, sent.err
        (draft,) = [each for each in fake.messages.values() if each["isDraft"]]
        assert draft["parentFolderId"] == "folder-drafts" and "price for 40 stores" in draft["body"]["content"]
        assert fake.notices == []
        assert shell("audit", "verify").code == 0
