"""Broken files through every importer, a share at each run; `python -m tests.hostile files N SEED` is the rest."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from random import Random
from time import process_time

import pytest

from gangly_tui.connectors.engagement.text_file import MAX_LINES, read_text_bytes
from gangly_tui.domain.draft import spoken
from gangly_tui.domain.errors import InputError

if sys.platform == "win32":
    pytest.skip("counts memory and time as POSIX does", allow_module_level=True)

from tests.hostile.files import MEGABYTES, READERS, SECONDS, damaged, share, weighed

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


_HEAD = b"From: a@b.de\nSubject: s\n"
_WHOLE = _HEAD + b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nWords.\n--b\n'
_FILE = b"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"
_LINE = base64.b64encode(b"x" * 57) + b"\r\n"
_MIB = 1024 * 1024
MAILS: dict[str, Callable[[], bytes]] = {
    "a file attached": lambda: _WHOLE + _FILE + _LINE * (38 * _MIB // len(_LINE)) + b"--b--\n",
    "lines": lambda: _HEAD + b"\n" + b"words \n" * (9 * _MIB // 7),
    "one line": lambda: _HEAD + b"\n" + b"w" * (38 * _MIB),
    "letters": lambda: _HEAD + b"\n" + ("\U0001f600" * 20 + "\n").encode() * (9 * _MIB // 81),
    "parts": lambda: _WHOLE + b"\n--b" * (38 * _MIB // 4),
    "nearly parts": lambda: _WHOLE + _FILE + b"\n--c" * (38 * _MIB // 4),
    "spaces after a part": lambda: _WHOLE + _FILE + b"\n--b" + b" " * (38 * _MIB) + b"x",
    "headers": lambda: _WHOLE + b"a:\n" * (38 * _MIB // 3),
    "tags": lambda: _HEAD + b"Content-Type: text/html\n\n" + b"<p>a" * (3 * _MIB // 4 - 20),
    "fewer tags": lambda: _HEAD + b"Content-Type: text/html\n\n" + b"<p>a" * 140_000,
}


def _weigh(name: str) -> tuple[float, float]:
    return weighed("eml", MAILS[name]())  # made there: what came through a pipe has been held twice already


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_as_large_as_they_come_is_read_or_refused_within_the_memory(name: str) -> None:
    with ProcessPoolExecutor(1, max_tasks_per_child=1) as pool:  # memory is counted for a process that did nothing else
        seconds, memory = pool.submit(_weigh, name).result(60)
    assert memory <= MEGABYTES
    assert seconds <= SECONDS


def test_a_file_of_38_mib_does_not_hide_the_words_beside_it() -> None:
    text = read_text_bytes(MAILS["a file attached"](), "mail.eml")
    assert text == "From: a@b.de\nSubject: s\nX-Attachments: a.pdf\n\nWords.\n"
