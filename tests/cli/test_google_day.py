"""Google by the commands alone: connect in parts, pull, a brief with its mails, a transcript, a follow-up in Drafts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from gangly_tui.commands import connect as commands
from tests.cli.shell import Shell
from tests.cli.test_connect_command import (
    descriptor,
    keyring,  # noqa: F401 - the fixture
)
from tests.cli.test_microsoft_day import browse
from tests.cli.test_third_party_day import beside
from tests.fakes.google import GoogleDoor, GoogleFake
from tests.fakes.google_seed import code_of, seeded


def connected(shell: Shell, address: str, *parts: str) -> str:
    asks = ("--host", address, "--insecure-loopback", "--set", "client_id=abc", "--secret-fd", descriptor("GOCSPX-x"))
    wanted = [each for part in parts for each in ("--with", part)]
    me = ("--set", "user_email=robin.hale@larkspur.example")
    done = shell("connect", "google", *asks, *me, *wanted)
    assert done.code == 0, done.err
    return " ".join(done.err.split())


def methods(fake: GoogleFake) -> set[str]:
    return {each.method for each in fake.asked}


@pytest.mark.usefixtures("keyring")
def test_calendar_first_then_mail_a_transcript_and_a_follow_up_among_the_drafts(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = seeded(zone="UTC")
    start = datetime.now(UTC) - timedelta(hours=3)
    fake.calendar.put("demo001", **{"start": fake.calendar.at(start), "end": fake.calendar.at(start)})
    fake.meet.calls.clear()
    fake.meet.held(code_of("harbor-pine"), start, 28, [("Dana Whitlock", 3.0, "We will sign by Friday.")])
    monkeypatch.setattr(commands, "show_page", browse)
    with beside(GoogleDoor(fake)) as address:
        connected(shell, address)
        assert fake.scopes == {"calendar.readonly"}, "no more is asked for than what is used"
        assert not fake.to("GET", "/gmail") and not fake.to("GET", "/v2")
        connected(shell, address, "mail", "drafts", "transcripts")
        pulled = shell("pull")
        assert pulled.code == 0, pulled.err
        assert methods(fake) == {"GET"} and len(fake.to("GET", "/entries")) == 1
        brief = shell("brief", "Harbor")
        assert brief.code == 0, brief.err
        assert "Harbor & Pine" in brief.out and "Proposal for the 40 stores" in brief.out
        drafted = shell("notes", "Harbor", "-", stdin=b"Robin: I will send you the price for 40 stores tomorrow.\n")
        assert drafted.code == 0, drafted.err
        (card,) = [each for each in json.loads(shell("review", "--json").out) if each["kind"] == "mail"]
        sent = shell("approve", card["id"], "--deliver")
        assert sent.code == 0, sent.err
        (draft,) = fake.mail.drafts.values()
        held = fake.mail.messages[draft].message
        assert "price for 40 stores" in held.get_content() and "dana.whitlock@" in str(held["To"])
        assert fake.mail.sent == []
        unasked = shell("send", card["id"], "--yes")
        assert unasked.code == 1 and "says nothing about which mail" in unasked.err
        looked = shell("send", card["id"])
        assert looked.code == 0 and fake.mail.sent == [], looked.err
        assert "price for 40 stores" in looked.out and "nothing was sent; this sends it" in looked.err
        named = looked.out.split()[0]
        fake.mail.edit(next(iter(fake.mail.drafts)), Subject="changed in Gmail")
        stale = shell("send", named, "--yes")
        assert stale.code == 1 and "was changed in your mailbox since" in stale.err and fake.mail.sent == []
        named = shell("send", card["id"]).out.split()[0]
        sent = shell("send", named, "--yes")
        assert sent.code == 0 and len(fake.mail.sent) == 1, sent.err
        assert "sent, read back" in sent.out
        again = shell("send", named, "--yes")
        assert again.code == 1 and "was sent" in again.err and len(fake.mail.sent) == 1
        taken = shell("undo", card["id"])
        assert taken.code == 1 and "cannot be taken back" in taken.err
        asked = shell("invite", "Harbor", "--at", "2099-12-01 14:00", "--minutes", "45", "--json")
        assert asked.code == 0, asked.err
        invited = shell("approve", json.loads(asked.out)["id"], "--deliver")
        assert invited.code == 0 and ("dana.whitlock@harborpine.example", "invited") in fake.calendar.told, invited.err
        assert shell("process", "Harbor", "off").code == 0
        assert shell("audit", "verify").code == 0


@pytest.mark.usefixtures("keyring")
def test_a_sign_in_that_ends_after_seven_days_is_counted_down(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = seeded(zone="UTC")
    fake.testing = 604_799
    monkeypatch.setattr(commands, "show_page", browse)
    with beside(GoogleDoor(fake)) as address:
        sooner = datetime.now(UTC)
        assert "in 7 days: the app's consent screen is in Testing" in connected(shell, address)
        days = {(each + timedelta(seconds=604_799)).date() for each in (sooner, datetime.now(UTC))}
        told = shell("doctor")
        assert any(f"the sign-in ends {day.isoformat()}, in " in told.out for day in days)
        assert "problems       none" in told.out
        fake.testing = 86_400
        connected(shell, address)
        assert "the sign-in of google ends on" in shell("doctor").out
        fake.testing = 0
        connected(shell, address)
        assert "the sign-in ends" not in shell("doctor").out
