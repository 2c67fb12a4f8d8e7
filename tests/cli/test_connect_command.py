"""`gangly connect NAME` and `gangly disconnect NAME`, against a vendor's server on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from gangly_tui import keys
from gangly_tui.commands import connect as commands
from gangly_tui.connectors import registry
from gangly_tui.domain.audit import AuditKind
from gangly_tui.store import health, trail
from gangly_tui.store.database import Connection
from tests.cli.shell import Result, Shell
from tests.connectors import trial_vendor
from tests.connectors.trial_vendor import NAME, State
from tests.vault.conftest import FakeKeyring, posing_as

PAGE = """
[connectors.trial]
layer = "record"
owner = "a"
backup = "b"
runbook = "c"
"""


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    import keyring as library

    found = posing_as("keyring.backends.SecretService")
    monkeypatch.setattr(library, "get_keyring", lambda: found)
    monkeypatch.setattr(keys, "_OPEN", {})
    monkeypatch.setattr(keys, "_answer_from", None)
    return found


@pytest.fixture
def crm(shell: Shell, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch) -> Iterator[State]:
    """The vendor, installed beside gangly and running on this machine; a person who agrees in the browser."""
    point = EntryPoint(name=NAME, value="tests.connectors.trial_vendor", group=registry.GROUP)
    ours = registry.entry_points

    def with_trial(**asked: str) -> list[EntryPoint]:
        return [*ours(**asked), *([point] if asked.get("name", NAME) == NAME else [])]

    monkeypatch.setattr(registry, "entry_points", with_trial)
    monkeypatch.setattr(commands, "show_page", trial_vendor.browse)
    shell.home.mkdir(parents=True, exist_ok=True)
    page = files("gangly_tui").joinpath("hierarchy.toml").read_text(encoding="utf-8")
    (shell.home / "hierarchy.toml").write_text(page + PAGE, encoding="utf-8")
    with trial_vendor.serving() as state:
        yield state


def connect(shell: Shell, crm: State, *more: str) -> Result:
    return shell("connect", NAME, "--host", crm.base, "--insecure-loopback", *more)


def browser(shell: Shell, crm: State, *more: str) -> Result:
    return connect(shell, crm, "--set", "client_id=app", *more)


def descriptor(text: str) -> str:
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return str(reading)


def config(shell: Shell) -> dict[str, Any]:
    return tomllib.loads((shell.home / "config.toml").read_text(encoding="utf-8"))


def every_byte(home: Path) -> bytes:
    return b"".join(each.read_bytes() for each in home.rglob("*") if each.is_file())


def open_ours() -> Connection:
    """The one store of the trial vendor."""
    from gangly_tui.bootstrap import open_store
    from gangly_tui.config import paths

    (folder,) = paths().data.glob(f"crm-{NAME}@*")
    return open_store(folder.name.removeprefix("crm-"))


def entries() -> list[tuple[AuditKind, str]]:
    db = open_ours()
    try:
        return [(each.kind, each.detail) for each in trail.entries(db)]
    finally:
        db.close()


def test_from_the_plan_to_the_first_pull(shell: Shell, crm: State, keyring: FakeKeyring) -> None:
    done = browser(shell, crm)
    assert (done.code, done.out) == (0, "Trial CRM · Robin Vega at Acme\n"), done.err
    told = done.err
    for words in ("Install the app", "to read and write deals", "Deal: Source", "You agree in the browser."):
        assert words in told and told.index(words) < told.index("/authorize"), "shown before consent"
    assert "! Deal.Approved is not there" in told
    assert "0 records" in told and "/api/changes" in crm.asked
    kept = config(shell)
    assert kept["crm"] == NAME
    table = kept["connections"][NAME]
    assert (table["way"], table["client_id"], table["loopback"]) == ("browser", "app", crm.base)
    assert (table["audit_fields"], table["scopes"]) == (["Deal.Source"], "api refresh_token")
    assert "rotate_by" not in table
    assert b"secret-" not in every_byte(shell.home) + done.out.encode() + told.encode()
    assert any("secret-r1" in each for each in keyring.held.values())
    assert [kind for kind, _ in entries()] == [AuditKind.CONNECTED]
    assert "In the browser" in entries()[0][1] and crm.base in entries()[0][1]


def test_who_sits_here_is_asked_once_and_named_by_the_trail(shell: Shell, crm: State) -> None:
    from gangly_tui.plans import plan_of

    assert "user_email" in {ask.name for ask in plan_of(NAME).chosen().asks}
    refused = browser(shell, crm, "--set", "user_email=robin")
    assert refused.code == 1 and "no e-mail address" in refused.err and crm.asked == []
    assert browser(shell, crm, "--set", "user_email=robin@seller.com").code == 0
    assert config(shell)["user_email"] == "robin@seller.com"
    assert "user_email" not in config(shell)["connections"][NAME]
    assert "user_email" not in {ask.name for ask in plan_of(NAME).chosen().asks}
    db = open_ours()
    assert [each.user for each in trail.entries(db)] == ["robin@seller.com"]
    db.close()


def test_what_was_exchanged_is_kept_for_health(shell: Shell, crm: State) -> None:

    browser(shell, crm)
    db = open_ours()
    found = health.days(db)
    db.close()
    assert [(each.system, each.write, each.result, each.count) for each in found] == [(NAME, False, "ok", 5)]


def test_a_token_made_by_hand_says_when_to_rotate_it(shell: Shell, crm: State, keyring: FakeKeyring) -> None:
    done = connect(shell, crm, "--way", "token", "--secret-fd", descriptor("t-static\n"))
    assert done.code == 0, done.err
    assert "static credential, rotate by 20" in done.err
    assert "static credential, rotate by 20" in entries()[0][1]
    assert config(shell)["connections"][NAME]["rotate_by"] > "2026"
    assert b"t-static" not in every_byte(shell.home)
    assert crm.forms == [], "no sign-in was asked for"
    file = shell.home / "config.toml"
    rotate_by = config(shell)["connections"][NAME]["rotate_by"]
    file.write_text(file.read_text(encoding="utf-8").replace(rotate_by, "2026-01-31"), encoding="utf-8")
    reminded = shell("doctor")
    assert reminded.code == 1 and "the token of trial was to be replaced by 2026-01-31" in reminded.err
    from gangly_tui.bootstrap import desk_at_hand

    with desk_at_hand() as desk:
        assert "TOKEN TO BE REPLACED since 2026-01-31" in desk.label
    ended = shell("disconnect", NAME)
    assert (ended.code, ended.out) == (0, "Trial CRM is disconnected\n")
    assert "was not told" in ended.err
    assert not any("t-static" in each for each in keyring.held.values())


def test_a_wrong_token_changes_nothing(shell: Shell, crm: State, keyring: FakeKeyring) -> None:
    done = connect(shell, crm, "--way", "token", "--secret-fd", descriptor("token=t-wrong"))
    assert done.code == 1
    assert "does not accept" in done.err
    assert not (shell.home / "config.toml").exists()
    assert not any("t-wrong" in each for each in keyring.held.values())


def test_a_failed_sign_in_leaves_the_connection_before_as_it_was(
    shell: Shell, crm: State, keyring: FakeKeyring
) -> None:
    assert browser(shell, crm).code == 0
    before, held = config(shell), dict(keyring.held)
    crm.declines = True
    assert "did not agree" in browser(shell, crm).err
    crm.declines, crm.check_status = False, 403
    refused = browser(shell, crm)
    assert refused.code == 1 and "does not permit" in refused.err
    assert (config(shell), dict(keyring.held)) == (before, held)
    assert len(entries()) == 1


def test_a_device_code(shell: Shell, crm: State) -> None:
    done = browser(shell, crm, "--device", "--no-pull")
    assert done.code == 0, done.err
    assert "WDJB-MJHT" in done.err and f"{crm.base}/go" in done.err
    assert "/api/changes" not in crm.asked
    refused = connect(shell, crm, "--way", "token", "--device")
    assert refused.code == 1 and "no sign-in by device code" in refused.err


def test_connecting_again_renews_with_what_is_known(shell: Shell, crm: State, keyring: FakeKeyring) -> None:
    browser(shell, crm)
    crm.end_the_sign_in()
    needed = shell("pull")
    assert needed.code == 1
    assert "the session has ended" in needed.err and f"gangly connect {NAME}" in needed.err
    again = shell("connect", NAME)
    assert again.code == 0, again.err
    assert shell("pull").code == 0
    assert [kind for kind, _ in entries()] == [AuditKind.CONNECTED] * 2


def test_disconnecting_revokes_forgets_and_keeps_the_trail(shell: Shell, crm: State, keyring: FakeKeyring) -> None:
    browser(shell, crm)
    done = shell("disconnect", NAME, "--json")
    said = json.loads(done.out)
    assert (said["revoked"], said["unsent"]) == (True, 0)
    assert crm.asked[-1] == "/revoke" and crm.access == "ended"
    assert not any("secret-" in each for each in keyring.held.values())
    assert config(shell)["crm"] == "" and NAME not in config(shell)["connections"]
    assert [kind for kind, _ in entries()] == [AuditKind.CONNECTED, AuditKind.DISCONNECTED]
    assert shell("pull").code == 1
    assert "not connected" in shell("disconnect", NAME).err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "http://127.0.0.1:9"), "--insecure-loopback"),
        (("--host", "acme.evil.example", "--set", "client_id=a"), "not a host of this connection"),
        (("--set", "client_id=a"), "Your own address."),
        (("--host", "acme.trial.example"), "From the installed app."),
        (("--host", "acme.trial.example", "--set", "color=red"), "does not ask for 'color'"),
        (
            ("--host", "https://127.0.0.2", "--insecure-loopback", "--set", "client_id=a"),
            "no server on this machine",
        ),
        (("--host", "http://example.com", "--insecure-loopback", "--set", "client_id=a"), "no server on this machine"),
        (("--insecure-loopback", "--set", "client_id=a"), "such as http://127.0.0.1:8702"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_opened(
    shell: Shell, crm: State, keyring: FakeKeyring, arguments: tuple[str, ...], said: str
) -> None:
    done = shell("connect", NAME, *arguments)
    assert done.code == 1
    assert said in done.err
    assert keyring.held == {} and crm.asked == [] and not (shell.home / "config.toml").exists()


def test_wrong_usage_is_told_apart(shell: Shell, crm: State) -> None:
    for arguments in (
        (NAME, "--way", "pigeon"),
        (NAME, "/some/path"),
        (NAME, "--set", "novalue"),
        ("sandbox", "--device"),
        ("saleforce",),
    ):
        assert shell("connect", *arguments).code == 2
    assert "did you mean 'salesforce'" in shell("connect", "saleforce").err


def test_approved_writes_of_another_crm_are_not_forgotten_in_silence(shell: Shell, crm: State) -> None:
    from gangly_tui.bootstrap import open_store
    from gangly_tui.store import decisions
    from tests.store import made

    browser(shell, crm)
    db = open_ours()
    decisions.save_proposals(db, [made.card()])
    decisions.put_delivery(db, made.delivery())
    db.close()
    ended = shell("disconnect", NAME)
    assert "1 approved and not sent: they wait until Trial CRM is connected again" in ended.err
    file = shell.home / "config.toml"
    page = file.read_text(encoding="utf-8")
    db = open_store("hubspot")
    decisions.save_proposals(db, [made.card()])
    decisions.put_delivery(db, made.delivery())
    db.close()
    file.write_text(page.replace('crm = ""', 'crm = "hubspot"') + '[connections.hubspot]\ntitle = "HubSpot"\n')
    done = browser(shell, crm)
    assert done.code == 0, done.err
    assert "! 1 approved and not sent: they wait until HubSpot (hubspot) is connected again" in done.err


def test_another_organisation_has_a_store_of_its_own(shell: Shell, crm: State) -> None:
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.store import mirror

    browser(shell, crm)
    with desk_at_hand() as desk:
        assert mirror.cursor(desk.db, NAME) == "1", "the first pull has kept its place"
        first = desk.db.path
    with trial_vendor.serving() as other:
        assert browser(shell, other, "--no-pull").code == 0
        with desk_at_hand() as desk:
            assert desk.db.path != first and mirror.cursor(desk.db, NAME) == ""
    assert browser(shell, crm, "--no-pull").code == 0
    with desk_at_hand() as desk:
        assert desk.db.path == first and mirror.cursor(desk.db, NAME) == "1"
    crm.customer = "12345"  # the same address, as where all customers share one
    assert browser(shell, crm, "--no-pull").code == 0
    with desk_at_hand() as desk:
        assert "12345" in str(desk.db.path) and mirror.cursor(desk.db, NAME) == ""


def test_the_administrators_page_needs_no_connection(shell: Shell, crm: State) -> None:
    done = shell("connect", NAME, "--guide")
    assert done.code == 0 and done.out.startswith("# Trial CRM\nInstall the app.\n")
    assert "- `api`: to read and write deals" in done.out and "- Deal: `Source` (text)" in done.out
    assert crm.asked == []


def test_the_sandboxs_verbs_leave_a_real_crm_alone(shell: Shell, crm: State) -> None:
    browser(shell, crm)
    for arguments in (("sandbox", "reset", "--yes"), ("sandbox", "show"), ("sandbox", "offline")):
        done = shell(*arguments)
        assert done.code == 1 and "is connected, not the sandbox" in done.err
    assert entries(), "the store is where it was"


def test_a_calendar_stands_beside_the_crm(shell: Shell, crm: State, tmp_path: Path) -> None:
    browser(shell, crm)
    file = tmp_path / "own.ics"
    file.write_bytes(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n")
    done = shell("connect", "calendar", file)
    assert done.code == 0, done.err
    assert "Trial CRM · Robin Vega at Acme" in done.out
    assert config(shell)["crm"] == NAME and config(shell)["calendars"] == [str(file)]


def test_the_app_opens_on_a_crm_without_loading_it(shell: Shell, crm: State) -> None:
    browser(shell, crm)
    program = """
    import sys
    from gangly_tui.bootstrap import profile_of
    from gangly_tui.config import Config
    import gangly_tui.tui.app, gangly_tui.commands.app
    assert profile_of(Config(crm="salesforce")) == "salesforce"
    loaded = {each for each in sys.modules if each.startswith("gangly_tui.connectors.record.")}
    assert not loaded, loaded
    assert "httpx" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=60)
    from gangly_tui.bootstrap import open_desk
    from gangly_tui.config import load_config

    asked = len(crm.asked)
    desk = open_desk(load_config())
    try:
        assert desk.reader.system == NAME and desk.courier.next_due() is None
        assert desk.label.startswith("Trial CRM · Robin Vega at Acme · TRIAL on http://127.0.0.1:")
        assert len(crm.asked) == asked, "nothing is asked before something is read"
    finally:
        desk.close()


def test_two_windows_and_a_new_sign_in_go_on_without_a_restart(
    shell: Shell, crm: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from gangly_tui.bootstrap import open_desk
    from gangly_tui.config import load_config
    from gangly_tui.flow.pull import pull

    browser(shell, crm)
    desk = open_desk(load_config())
    try:
        assert asyncio.run(pull(desk)).problems == ()
        crm.end_the_sign_in()
        needed = asyncio.run(pull(desk))
        assert needed.sign_in == NAME and "the session has ended" in needed.problems[0]
        assert shell("connect", NAME, "--no-pull").code == 0
        again = asyncio.run(pull(desk))
        assert (again.sign_in, again.problems) == ("", ())
    finally:
        desk.close()


def test_the_doctor_names_the_connection(shell: Shell, crm: State) -> None:
    browser(shell, crm)
    said = shell("doctor")
    assert said.code == 0, said.err
    assert "Trial CRM: Robin Vega at Acme" in said.out
    assert "api refresh_token" in said.out and "secret-" not in said.out
    facts = json.loads(shell("doctor", "--json").out)
    assert facts["connections"][0]["name"] == NAME and facts["connections"][0]["access_ends"]
