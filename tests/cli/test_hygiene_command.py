"""`gangly hygiene` and `gangly report week`: a table, JSON, pictures in files, and what an empty store says."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gangly_tui.bootstrap import DEMO, open_store
from gangly_tui.domain.records import Kind
from gangly_tui.store import mirror
from tests.cli.shell import Shell


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A shell whose sandbox was pulled."""
    assert shell("connect", "sandbox").code == 0
    assert shell("pull").code == 0
    return shell


def test_the_table_names_deals_gaps_and_money_each_currency_for_itself(filled: Shell) -> None:
    told = filled("hygiene")
    assert told.code == 0
    for words in ("at risk", "close date passed", "USD by stage", "EUR by stage", "deals with serious gaps, by week"):
        assert words in told.out
    assert "of your 28 open deals have gaps" in told.err


def test_json_has_every_deal_with_keys_that_hold(filled: Shell) -> None:
    found = json.loads(filled("hygiene", "--json", "--limit", 1).out)
    assert list(found) == ["mine", "total", "with_gaps", "deals", "stages", "weeks"]
    assert (found["mine"], found["total"], len(found["deals"])) == (True, 28, 28)
    deal = found["deals"][0]
    assert list(deal) == [
        *("deal", "name", "stage", "currency", "amount", "severity", "at_risk", "days_in_stage", "touched"),
        *("not_applicable", "gaps"),
    ]
    assert set(deal["gaps"][0]) == {"key", "kind", "ref", "field", "words", "question", "asked", "weight"}
    assert found["weeks"][-1]["deals"] == 28


def test_pictures_are_whole_files_whatever_a_stage_is_called(filled: Shell, tmp_path: Path) -> None:
    db = open_store(DEMO)
    hostile = '<script>alert("1")</script>&\x00\x1b[2J'
    for record in mirror.all_records(db, Kind.OPPORTUNITY, limit=100):
        from dataclasses import replace

        fields = {**record.fields, "name": hostile}
        if record.text("stage") == "Demo":
            fields["stage"] = hostile
        mirror.save_records(db, [replace(record, version="x", fields=fields)])
    db.close()
    svg, html = tmp_path / "p.svg", tmp_path / "p.html"
    assert filled("hygiene", "--svg", svg, "--html", html).code == 0
    root = ElementTree.fromstring(svg.read_text(encoding="utf-8"))
    assert root.tag.endswith("svg") and len(root) > 10
    for file in (svg, html):
        text = file.read_text(encoding="utf-8")
        assert "<script>" not in text and "\x1b" not in text and "\x00" not in text
    assert "\x1b" not in filled("hygiene").out


def test_an_empty_crm_says_what_to_do(shell: Shell) -> None:
    told = shell("hygiene")
    assert (told.code, told.out) == (1, "")
    assert "gangly demo" in told.err


def test_a_week_without_work_says_so_and_invents_nothing(filled: Shell) -> None:
    told = filled("report", "week")
    assert told.code == 0
    for words in ("no card was decided", "(goal 0)", "no call was finished", "keys per call        not counted"):
        assert words in told.out
    found = json.loads(filled("report", "week", "--json").out)
    assert (found["accepted_unchanged"], found["seconds_per_call"], found["keys_per_call"]) == (None, None, None)
    assert found["after"]["deals"] == 28
    last = json.loads(filled("report", "week", "--back", 30, "--json").out)
    assert (last["before"], last["after"], last["sent"]) == (None, None, 0)
