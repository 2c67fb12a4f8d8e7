"""What a screen may show of a text from outside: every stand-in, and where a joiner or a mark is a language's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain.safe import MARKS, clean, in_place, one_line
from tests.hostile.oracle import hidden, raw_in
from tests.hostile.strings import strings

SEED = 20_261_124


def test_what_is_cleaned_is_shown_whole_and_acts_on_nothing() -> None:
    for text in strings(1_500, SEED):
        shown = clean(text)
        assert raw_in(shown.replace("\n", "")) == [], ascii(text)
        assert not hidden(text, shown), ascii(text)
        row = in_place(text)
        assert len(row) == len(text)
        assert raw_in(row.replace("\t", "")) == [], ascii(text)


@given(st.text())
def test_any_text_is_cleaned_once(text: str) -> None:
    shown = clean(text)
    assert raw_in(shown.replace("\n", "")) == []
    assert clean(shown) == shown
    assert len(in_place(text)) == len(text)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("", ""),
        ("plain, as it is", "plain, as it is"),
        ("güte 漢字 שלום", "güte 漢字 שלום"),
        ("a\x00b\x1bc\x1fd", "a␀b␛c␟d"),
        ("a\x7fb", "a␡b"),
        ("é\x00\x1b\x1f\x7f", "é␀␛␟␡"),
        ("\x80\x9b\x9f", "⟨U+0080⟩⟨U+009B⟩⟨U+009F⟩"),
        ("a\tb", "a    b"),
        ("é\tb", "é    b"),
        ("a\r\nb\rc\nd", "a\nb␍c\nd"),
        ("a\u2028b\u2029c\u00a0d", "a\nb\nc d"),
        ("\u202eab\u2066", "⟨U+202E⟩ab⟨U+2066⟩"),
        ("\ud800é", "⟨U+D800⟩é"),
        ("\ue000", "⟨U+E000⟩"),
        ("\u3164x\u2800\u034f", "⟨U+3164⟩x⟨U+2800⟩⟨U+034F⟩"),
        ("\ufdff\ufe00\ufe0e\ufe10", "\ufdff⟨U+FE00⟩⟨U+FE0E⟩\ufe10"),
        ("\uffef\ufff0\ufff8\ufffc", "\uffef⟨U+FFF0⟩⟨U+FFF8⟩\ufffc"),
        ("\U000e0000\U000e0041\U000e0100\U000e0fff", "⟨U+E0000⟩⟨U+E0041⟩⟨U+E0100⟩⟨U+E0FFF⟩"),
        ("\U000e1000", "\U000e1000"),
        ("pay\u200dpal", "pay⟨U+200D⟩pal"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("❤\ufe0f a\ufe0f", "❤\ufe0f a⟨U+FE0F⟩"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
        ("🏳\ufe0f\u200d🌈", "🏳\ufe0f\u200d🌈"),
        ("\u0dc1\u0dca\u200d\u0dbb\u0dd3", "\u0dc1\u0dca\u200d\u0dbb\u0dd3"),
        ("💻\u200d\u0dbb", "💻⟨U+200D⟩\u0dbb"),
        ("a" + "\u0301" * (MARKS + 2), "a" + "\u0301" * MARKS + "⟨U+0301⟩" * 2),
        ("a" + "\u20dd" * (MARKS + 1), "a" + "\u20dd" * MARKS + "⟨U+20DD⟩"),
        (("a" + "\u0301" * MARKS) * 2, ("a" + "\u0301" * MARKS) * 2),
        ("\u0301" * (MARKS + 1), "\u0301" * MARKS + "⟨U+0301⟩"),
    ],
    ids=ascii,
)
def test_each_has_its_stand_in_and_a_language_what_it_needs(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_the_number_of_marks_is_one_no_language_needs_more_of() -> None:
    assert MARKS == 4
    stacked = "❤" + "\u0301" * 4 + "\ufe0f" + "\u0301" * 4
    assert clean(stacked).count("\u0301") == 8, "the picture's own selector begins a new letter"


@pytest.mark.parametrize(
    ("raw", "limit", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcdef… (1 more characters)"),
        ("x" * 5_000, 1, "x… (4,999 more characters)"),
        ("abc", 0, "… (3 more characters)"),
        ("abc", None, "abc"),
        ("\x1b\x1b", 1, "␛… (1 more characters)"),
    ],
)
def test_a_cut_says_how_much_is_left_out(raw: str, limit: int | None, shown: str) -> None:
    assert clean(raw, limit=limit) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (" a \n b\t", "a  ⏎  b"),
        ("\u2028\u00a0a\r\nb\r\n", "a ⏎ b"),
        ("\x1da\x85", "␝a⟨U+0085⟩"),
    ],
)
def test_one_line_marks_each_break_and_strips_only_what_is_space(raw: str, shown: str) -> None:
    assert one_line(raw) == shown
    assert one_line("a\nbc", limit=3) == "a ⏎ b… (1 more characters)"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("a\tb\nc\rd\x1b\x7f", "a\tb↵c␍d␛␡"),
        ("é\tb\nc\x85\u2028\u2029", "é\tb↵c↵↵↵"),
        ("é\u00a0\u202e\u200bx", "é \ufffd\ufffdx"),
        ("👩\u200d💻 a\u200d", "👩\u200d💻 a\ufffd"),
        ("❤\ufe0f a\ufe0f", "❤\ufe0f a\ufffd"),
        ("a" + "\u0301" * (MARKS + 1), "a" + "\u0301" * MARKS + "\ufffd"),
    ],
    ids=ascii,
)
def test_a_row_is_cleaned_one_for_one(raw: str, shown: str) -> None:
    assert in_place(raw) == shown
