"""`gangly draft`: any text in, the documented JSON out, nothing kept and nothing opened."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.connectors.engagement.text_file import MAX_BYTES
from tests.cli.shell import Shell

CALL = """Date: 2026-03-02
Participants: Robin Vale (Ours), Kim Osei (Head of IT, Larchmont)

Robin: What would you need from us?
Kim: We have approved 40,000 euros for this. We can sign by 20 March.
Robin: I will send you the contract tomorrow.
"""
QUOTE = {"text", "start", "end", "speaker"}


def quotes(value: Any) -> list[dict[str, Any]]:
    """Every quote anywhere in a draft."""
    if isinstance(value, dict):
        own = [value] if set(value) == QUOTE else []
        return own + [found for each in value.values() for found in quotes(each)]
    return [found for each in value for found in quotes(each)] if isinstance(value, list) else []


@pytest.fixture
def call(tmp_path: Path) -> Path:
    file = tmp_path / "call.txt"
    file.write_text(CALL, encoding="utf-8")
    return file


def test_it_prints_the_documented_keys_and_quotes_that_are_in_the_file(shell: Shell, call: Path) -> None:
    result = shell("draft", call, "--json")
    assert result.code == 0
    made = json.loads(result.out)
    assert list(made) == [
        "file", "summary", "next_steps", "fields", "contacts", "company", "stage", "dropped",
    ]  # fmt: skip
    assert set(made["summary"]) == {"title", "lines"}
    assert all(set(each) == {"action", "owner", "due", "ours", "quote"} for each in made["next_steps"])
    assert all(set(each) == {"object", "field", "value", "quote", "confidence"} for each in made["fields"])
    person = {"name", "title", "company", "email", "phone", "quote", "quotes"}
    assert all(set(each) == person for each in made["contacts"])
    found = quotes(made)
    assert found
    for quote in found:
        assert CALL[quote["start"] : quote["end"]] == quote["text"]
    assert any("contract" in each["action"] and each["due"] == "2026-03-03" for each in made["next_steps"])


def test_a_given_date_wins_over_the_one_in_the_file(shell: Shell, call: Path) -> None:
    made = json.loads(shell("draft", call, "--json", "--date", "2026-05-04").out)
    assert any(each["due"] == "2026-05-05" for each in made["next_steps"])


def test_without_any_date_it_says_that_it_counts_from_today(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    file.write_text("me -> send DPA tomorrow", encoding="utf-8")
    sooner = date.today()
    result = shell("draft", file, "--json")
    assert "days count from today" in result.err
    assert any(each.isoformat() in result.err for each in (sooner, date.today()))


def test_several_files_are_several_lines_and_a_bad_one_does_not_stop_the_others(
    shell: Shell, call: Path, tmp_path: Path
) -> None:
    result = shell("draft", tmp_path / "missing.txt", call, call, "--json")
    assert result.code == 1
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [each["file"] for each in lines] == [str(call), str(call)]
    assert "missing.txt" in result.err
    assert "1 of 3" in result.err
    assert "Traceback" not in result.err


def test_it_opens_no_store_and_makes_no_folder(shell: Shell, call: Path) -> None:
    assert shell("draft", call, "--explain").code == 0
    assert not shell.home.exists()


def test_a_broken_configuration_does_not_matter_to_it(shell: Shell, call: Path) -> None:
    shell.home.mkdir()
    (shell.home / "config.toml").write_text("this is not toml", encoding="utf-8")
    assert shell("draft", call).code == 0


def test_it_reads_standard_input(shell: Shell) -> None:
    made = json.loads(shell("draft", "-", "--json", stdin=CALL.encode()).out)
    assert made["file"] == "-"
    assert made["fields"]


def test_help_prints_the_schema(shell: Shell) -> None:
    text = shell("draft", "--help").out
    for word in ("next_steps", "closed_lost", "dropped", "character offsets", "gangly draft call.vtt"):
        assert word in text


def test_hostile_text_cannot_act_on_the_terminal_and_stays_raw_in_json(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "call.txt"
    file.write_text(CALL.replace("Kim: We have", "Kim: \x1b[2J\u202eWe have"), encoding="utf-8")
    for arguments in ((), ("--explain",)):
        shown = shell("draft", file, *arguments).out
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    printed = shell("draft", file, "--json").out
    assert printed.isascii()
    assert any("\x1b[2J\u202e" in each["text"] for each in quotes(json.loads(printed)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "not text"),
        (b"%PDF-1.7 some words", "not text"),
        (b"\x01\x02\x03\x04words", "not a text file"),
        (b"x" * (MAX_BYTES + 1), "larger than 10 MiB"),
    ],
)
def test_what_is_no_text_is_refused_in_plain_words(shell: Shell, tmp_path: Path, data: bytes, message: str) -> None:
    file = tmp_path / "file.txt"
    file.write_bytes(data)
    result = shell("draft", file)
    assert result.code == 1
    assert message in result.err


def test_offsets_count_a_line_break_as_one_character(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "call.txt"
    file.write_bytes(b"\xef\xbb\xbf" + CALL.replace("\n", "\r\n").encode())
    for quote in quotes(json.loads(shell("draft", file, "--json").out)):
        assert CALL[quote["start"] : quote["end"]] == quote["text"]


def test_a_file_is_named_even_when_its_name_is_hostile(shell: Shell, tmp_path: Path) -> None:
    result = shell("draft", tmp_path / "a\x1b[2Jb.txt")
    assert result.code == 1
    assert "\x1b" not in result.err


def test_it_says_so_when_nothing_tells_who_sells(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "talk.txt"
    file.write_text(
        "Date: 2026-03-02\n\nAlex: I will send it on Friday, the list of names.\nKim: Fine.\n", encoding="utf-8"
    )
    asked = shell("draft", file, "--json")
    assert "sells or buys" in asked.err
    assert "--rep" in asked.err
    told = shell("draft", file, "--json", "--rep", "Alex")
    assert "sells or buys" not in told.err
    assert json.loads(told.out)["next_steps"][0]["ours"] is True
