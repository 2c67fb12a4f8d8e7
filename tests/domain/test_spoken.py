"""Quotes as a person reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain.draft import spoken


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        ("We sign by Friday.", "We sign by Friday."),
        ("Who?\n\n13\n00:01:28.000 --> 00:01:38.600\n<v Dana Ruiz>Cobalt.", "Who? / Dana Ruiz: Cobalt."),
        ("so that\n\n00:01:28,000 --> 00:01:38,600 align:start\nwe can plan", "so that we can plan"),
        ("<v.loud Dana>Hi</v>", "Hi"),
        ("first line\nsecond line", "first line\nsecond line"),
        ("it costs 40\n\n12 a seat", "it costs 40\n\n12 a seat"),
    ],
)  # fmt: skip
def test_the_marks_of_captions_are_left_out_and_nothing_else(quote: str, shown: str) -> None:
    assert spoken(quote) == shown


@given(st.text())
def test_a_text_without_captions_is_only_trimmed(text: str) -> None:
    if "-->" not in text and "<" not in text:
        assert spoken(text) == text.strip()
