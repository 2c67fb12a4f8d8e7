"""The line under an activity's text: what goes in comes back, whatever else anybody writes into the text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.connectors.record.held_line import held_in, line_of, short_enough, under, with_tail
from gangly_tui.domain.errors import Refused

WANTED: dict[str, type] = {"at": str, "ours": bool, "contacts": list}
HELD: dict[str, Any] = {"at": "2026-09-23T14:30:00.5+00:00", "ours": False, "contacts": ["003A", "x\n-- gangly: y"]}


@given(st.text())
def test_what_is_held_comes_back_from_under_any_text(text: str) -> None:
    assert held_in(under(text, HELD), WANTED) == HELD
    assert held_in(under(text, HELD) + "\n\n-- gangly: approved", WANTED) == HELD
    assert under(text, {}) == text


def test_the_line_is_one_line_and_the_same_each_time() -> None:
    assert line_of({"ours": True, "at": "x"}) == '-- gangly holds: {"at": "x", "ours": true}'
    assert "\n" not in line_of(HELD) and line_of({}) == ""


@pytest.mark.parametrize(
    "line",
    [
        "{not json}",
        '{"at": "soon", "ours": true}',
        '{"at": 5, "ours": true}',
        '{"at": null, "ours": true}',
        '{"at": "0001-01-01T00:00:00+14:00", "ours": true}',
        '{"ours": ' + "[" * 20_000 + "}",
        '{"ours": ' + "9" * 5_000 + "}",
        '{"ours": 1, "contacts": "003A", "more": true}',
    ],
)
def test_a_line_that_makes_no_sense_holds_nothing(line: str) -> None:
    assert held_in(f"Text\n-- gangly holds: {line}", WANTED) == {}


def test_the_last_line_counts_and_a_quoted_one_does_not() -> None:
    text = under(under("Text", {"ours": True}), {"ours": False})
    assert held_in(text, WANTED) == {"ours": False}
    assert held_in("> " + line_of({"ours": True}), WANTED) == {}


def test_a_changed_text_keeps_the_lines_below_unless_it_brings_its_own() -> None:
    standing = under("Old", {"ours": True}) + "\n\n-- gangly: approved"
    assert with_tail("New", standing) == standing.replace("Old", "New")
    assert with_tail("New", standing.removeprefix("Old\n")) == standing.replace("Old", "New")
    assert with_tail("New\n-- gangly: mine", standing) == "New\n-- gangly: mine"
    assert with_tail("New", "Old") == "New"


def test_a_text_is_never_cut() -> None:
    assert short_enough("x" * 9, 9) == short_enough("x" * 9, 0) == "x" * 9
    with pytest.raises(Refused, match="takes 8 characters") as refused:
        short_enough("x" * 9, 8)
    assert (refused.value.field, refused.value.fix) == ("body", "shorten it")
