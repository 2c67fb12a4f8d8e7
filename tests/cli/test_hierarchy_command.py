"""gangly hierarchy and gangly shadow: printed, checked, explained, tried out; nothing is sent before it is live."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

CASES = """
[[case]]
name     = "a later word of the customer beats the rep's"
field    = "deal.close_date"
current  = 2026-09-30
by       = "Kim"
at       = 2026-09-01
proposed = 2026-11-15
said     = 2026-09-23
expect   = "propose"

[[case]]
name     = "what the rep set afterwards stays"
field    = "deal.close_date"
current  = 2026-09-30
by       = "Kim"
at       = 2026-10-01
proposed = 2026-11-15
said     = 2026-09-23
expect   = "keep"

[[case]]
name     = "pains pile up"
field    = "deal.pain"
current  = "old"
proposed = "new"
expect   = "append"
result   = "old\\nnew"
"""


@pytest.fixture
def sandbox(shell: Shell) -> Shell:
    assert shell("connect", "sandbox").code == 0
    assert shell("pull").code == 0
    return shell


def test_the_page_is_printed_and_written_to_be_signed(sandbox: Shell, tmp_path: Path) -> None:
    text = sandbox("hierarchy", "show").out
    assert "deal.close_date" in text
    assert "newest customer statement" in text
    for name, sign in (("page.md", "Signed: ___"), ("page.html", "<!doctype html>")):
        path = tmp_path / name
        assert sandbox("hierarchy", "show", "--file", str(path)).code == 0
        assert sign in path.read_text("utf-8")
    assert "deal.stage" not in json.loads(sandbox("hierarchy", "show", "--json").out)["fields"]


def test_every_line_fits_the_terminal_it_was_laid_out_for(sandbox: Shell) -> None:
    assert max(len(each) for each in sandbox("hierarchy", "show").out.splitlines()) <= 120


def test_your_own_page_is_the_one_that_counts_and_a_mistake_names_its_line(sandbox: Shell) -> None:
    page = Path(sandbox("hierarchy", "show", "--own").out.strip())
    text = page.read_text("utf-8")
    page.write_text(text.replace('rule = "append" }', 'rule = "apend" }', 1), "utf-8")
    refused = sandbox("hierarchy", "show")
    line = next(at for at, each in enumerate(text.splitlines(), start=1) if 'rule = "append" }' in each)
    assert refused.code == 1
    assert f"line {line}" in refused.err
    assert "did you mean 'append'?" in refused.err


def test_the_check_fails_on_what_must_be_mended(sandbox: Shell) -> None:
    page = Path(sandbox("hierarchy", "show", "--own").out.strip())
    text = page.read_text("utf-8")
    page.write_text(text.replace('runbook = "gangly sandbox --help"', 'runbook = "x"\nreview = 2020-01-31'), "utf-8")
    checked = sandbox("hierarchy", "check")
    assert checked.code == 1
    assert "its review is" in checked.out
    assert "overdue (2020-01-31)" in checked.out
    page.write_text(text.replace('owner   = "whoever runs this copy"', 'owner = "nobody"'), "utf-8")
    assert "its owner is 'nobody'" in sandbox("hierarchy", "check").out
    page.write_text(text.replace("[connectors.sandbox", "[connectors.other"), "utf-8")
    assert "no connector 'sandbox'" in sandbox("hierarchy", "check").err


def test_which_value_wins_and_why(sandbox: Shell) -> None:
    told = sandbox("hierarchy", "explain", "deal.close_date").out
    assert "rule: newest customer statement" in told
    asked = ("--current", "2026-09-30", "--by", "Kim", "--at", "2026-10-01", "--proposed", "2026-11-15")
    kept = sandbox("hierarchy", "explain", "deal.close_date", *asked, "--said", "2026-09-23").out
    assert kept.startswith("keep: newest customer statement: Kim set it after this was said")
    assert sandbox("hierarchy", "explain", "deal.close_date", *asked, "--said", "2026-10-05").out.startswith("propose")
    wrong = sandbox("hierarchy", "explain", "deal.close_dat")
    assert "did you mean 'close_date'?" in wrong.err


def test_a_table_of_cases_is_judged_and_a_wrong_one_fails(sandbox: Shell, tmp_path: Path) -> None:
    path = tmp_path / "cases.toml"
    path.write_text(CASES, "utf-8")
    good = sandbox("hierarchy", "test", str(path))
    assert (good.code, good.out.count("ok  ")) == (0, 3)
    path.write_text(CASES.replace('expect   = "keep"', 'expect   = "propose"'), "utf-8")
    bad = sandbox("hierarchy", "test", str(path))
    assert bad.code == 1
    assert "FAIL  what the rep set afterwards stays: keep" in bad.out
    path.write_text(CASES.replace("deal.pain", "deal.pian"), "utf-8")
    assert "case 3, line 22" in sandbox("hierarchy", "test", str(path)).err


def test_in_shadow_mode_nothing_is_sent_and_the_report_counts_what_would_have_been(sandbox: Shell) -> None:
    page = Path(sandbox("hierarchy", "show", "--own").out.strip())
    page.write_text(page.read_text("utf-8").replace('mode = "live"', 'mode = "shadow"'), "utf-8")
    before = sandbox("sandbox", "show").out
    call = Path("assets/demo/calls/kestrel-shorthand.txt")
    assert sandbox("notes", "Kestrel", str(call)).code == 0
    cards = json.loads(sandbox("review", "--json").out)
    fields = [each["id"] for each in cards if each["group"] == "field"][:2]
    assert sandbox("approve", *fields).code == 0
    assert sandbox("reject", cards[-1]["id"]).code == 0
    sandbox("deliver")
    assert sandbox("sandbox", "show").out == before
    report = json.loads(sandbox("shadow", "report", "--json").out)
    assert (report["would_write"], report["rejected"], report["accepted_unchanged"]) == (2, 1, pytest.approx(2 / 3))
    assert report["undecided"] == len(cards) - 3
    assert "never sent" in sandbox("undo", fields[0]).err
    assert "shadow mode: not sent" in sandbox("audit", "show").out
    page.write_text(page.read_text("utf-8").replace('mode = "shadow"', 'mode = "live"'), "utf-8")
    sandbox("deliver")
    assert sandbox("sandbox", "show").out == before
