"""`gangly sandbox` from the shell: what each verb prints, changes and refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.shell import Shell

DEAL = "deal-fenwick-rollout"


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    shell = Shell(tmp_path / "home", monkeypatch, capsys)
    assert shell("connect", "sandbox").code == 0
    return shell


def test_show_counts_what_it_holds_and_its_switches(sandbox: Shell) -> None:
    held = json.loads(sandbox("sandbox", "show", "--json").out)
    assert held["records"]["account"] == 40 and held["switches"] == {}
    sandbox("sandbox", "slow", "0.01")
    assert "slow 0.01" in sandbox("sandbox", "show").out
    assert sandbox("sandbox", "online").code == 0
    assert "none: fast and online" in sandbox("sandbox", "show").out


def test_a_colleagues_edit_is_on_the_record_with_name_and_time(sandbox: Shell) -> None:
    said = sandbox("sandbox", "edit", DEAL, "close_date", "15 Dec 2026", "--by", "Kim")
    assert said.code == 0 and "Kim changed close_date of Fenwick" in said.out and "2026-12-15" in said.out
    assert re.search(r"close_date +2026-12-15 +\(Kim, \d{4}-", sandbox("sandbox", "show", DEAL).out)
    changed = json.loads(sandbox("sandbox", "edit", "Fenwick - Rollout", "amount", "45k", "--json").out)
    assert (changed["fields"]["amount"], changed["updated_by"]) == ("45000", "Priya Raman")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((DEAL, "close_date", "soon"), "2026-11-15"),
        ((DEAL, "stage", "Nearly"), "Discovery, Demo"),
        ((DEAL, "stage_since", "2026-01-01"), "read-only"),
        ((DEAL, "colour", "red"), "one of: name"),
        ((DEAL, "account", "acc-none"), "no account 'acc-none'"),
        ((DEAL, "name", ""), "required"),
        (("nobody at all", "name", "x"), "no record called"),
        (("Fenwick", "name", "x"), "2 records are called"),
    ],
)
def test_an_edit_that_cannot_be_is_refused_and_says_what_can(
    sandbox: Shell, arguments: tuple[str, ...], said: str
) -> None:
    refused = sandbox("sandbox", "edit", *arguments)
    assert refused.code == 1 and refused.out == "" and said in refused.err and "try:" in refused.err


def test_import_prints_what_went_in_and_each_refused_row(sandbox: Shell, tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    file.write_bytes(
        "Company;Website;Headcount;Foo\nMüller & Söhne;muellers.de;12;x\nBad;bad.de;many;y\n".encode("cp1252")
    )
    report = sandbox("sandbox", "import", "accounts", file)
    assert report.code == 1
    assert report.out.splitlines() == [
        "accounts: 1 imported, 0 updated, 0 unchanged, 1 refused",
        "  line 3: 'many' is not a number (write it as 40000, 40,000.50 or 40k)",
        "columns ignored: Foo",
    ]
    assert "Müller & Söhne" in sandbox("sandbox", "show", "Müller").out
    again = sandbox("sandbox", "import", "accounts", "-", "--json", stdin=b"name,domain\nMuller,muellers.de\n")
    assert again.code == 0 and json.loads(again.out)["updated"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("people", "x.csv"), 2, "accounts"),
        (("accounts", "no-such.csv"), 1, "there is no file"),
        (("accounts", "-"), 1, "empty"),
    ],
)
def test_an_import_that_cannot_be_says_why(sandbox: Shell, arguments: tuple[str, ...], code: int, said: str) -> None:
    refused = sandbox("sandbox", "import", *arguments)
    assert refused.code == code and said in refused.err and refused.out == ""


def test_offline_is_said_with_the_way_back(sandbox: Shell) -> None:
    assert "gangly sandbox online" in sandbox("sandbox", "offline").err
    assert "gangly sandbox online" in sandbox("pull").err
    assert sandbox("sandbox", "online").code == 0
    assert sandbox("pull").code == 0


def test_reset_asks_off_a_terminal_and_moves_aside(sandbox: Shell) -> None:
    sandbox("sandbox", "edit", DEAL, "amount", "45k")
    refused = sandbox("sandbox", "reset")
    assert refused.code == 1 and "--yes" in refused.err
    done = sandbox("sandbox", "reset", "--yes")
    assert done.code == 0 and "moved aside" in done.err
    assert "45,000" not in sandbox("sandbox", "show", DEAL).out
    assert len([each for each in (sandbox.home / "data").iterdir() if each.is_dir()]) == 2


def test_connecting_a_calendar_looks_into_the_file_at_once(sandbox: Shell, tmp_path: Path) -> None:
    file = tmp_path / "work.ics"
    file.write_text("<html>sign in</html>", encoding="utf-8")
    refused = sandbox("connect", "calendar", file)
    assert refused.code == 1 and "not a calendar" in refused.err and ".ics" in refused.err
    assert "sandbox CRM" in sandbox("connect", "sandbox").out, "what was connected before still is"
