"""Broken files through every importer, a share at each run; `python -m tests.hostile files N SEED` is the rest."""

from __future__ import annotations

import sys
from random import Random
from time import process_time

import pytest

from gangly_tui.connectors.engagement.text_file import MAX_LINES, read_text_bytes
from gangly_tui.domain.draft import spoken
from gangly_tui.domain.errors import InputError

if sys.platform == "win32":
    pytest.skip("counts memory and time as POSIX does", allow_module_level=True)

from tests.hostile.files import MEGABYTES, READERS, SECONDS, damaged, share

SEED = 20_261_124


def test_every_damage_ends_as_data_or_as_a_sentence() -> None:
    told = share(500, SEED)
    assert told.wrong == []
    assert told.slowest <= SECONDS
    assert told.memory <= MEGABYTES
    assert sum(told.ends.values()) == 500
    assert min(told.ends.values()) > 50  # neither all read nor all refused


def test_the_damage_is_real_and_repeatable() -> None:
    for make, _ in READERS.values():
        made = [damaged(make(), Random(f"x{number}")) for number in range(20)]
        assert len(set(made)) > 15
        assert made == [damaged(make(), Random(f"x{number}")) for number in range(20)]


@pytest.mark.parametrize(
    "quote",
    ["\n" * 20_000, " \n" * 10_000, "\n1" * 10_000, "\n1\n" * 6_000, "<v " * 7_000, "1:" * 10_000, "\n00:00" * 4_000],
    ids=ascii,
)
def test_a_quote_is_read_in_time_whatever_it_repeats(quote: str) -> None:
    began = process_time()
    spoken("word" + quote + "word")
    assert process_time() - began < 0.5


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\v", "\u2028", "\u2029", "\x85"], ids=ascii)
def test_a_file_of_line_ends_is_refused(end: str) -> None:
    with pytest.raises(InputError, match="more than 250,000 lines"):
        read_text_bytes(("x" + end * (MAX_LINES + 1) + "y").encode(), "notes.txt")
