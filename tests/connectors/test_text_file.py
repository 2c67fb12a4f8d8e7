"""Files as text: encodings, and what is no text said in words."""

from __future__ import annotations

import codecs
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gangly_tui.connectors.engagement.text_file import MAX_BYTES, read_text_bytes, read_text_file
from gangly_tui.domain.errors import InputError

POSIX = pytest.mark.skipif(os.name != "posix", reason="a kind of file that only these systems have")
GERMAN = "Gespräch mit Frau Müller über das Budget: 40.000 €, Größe „L“ – bis Freitag.\n"
CZECH = "Hovořili jsme s panem Dvořákem. Příští týden pošle objednávku a žádost o slevu.\n"
POLISH = "Rozmawialiśmy o budżecie. Pani Małgorzata wyśle zamówienie w przyszłym tygodniu, środa.\n"
RUSSIAN = "Говорили о бюджете и сроках. Договор подпишут в следующую среду, после совета.\n"
JAPANESE = "予算について話しました。来週の水曜日までに契約書を送ります。よろしくお願いします。\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-32"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-16-be"),
        (GERMAN, "cp1252"),
        (CZECH, "cp1250"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (JAPANESE, "cp932"),
        (JAPANESE, "utf-8"),
        ("plain words\n", "ascii"),
        ("emoji 🦔 and \u202eoverride\u202c stay raw\n", "utf-8"),
    ],
)
def test_text_in_any_usual_encoding(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes((text * 3).encode(encoding))
    assert read_text_file(path) == text * 3


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n"])
def test_line_ends_are_one_kind(ends: str) -> None:
    assert read_text_bytes(f"one{ends}two{ends}".encode(), "x.txt") == "one\ntwo\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \r\n\t ", "is empty"),
        (codecs.BOM_UTF8 + b"\n", "is empty"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"PK\x03\x04word/document.xml", "Word document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Outlook .msg"),
        (b"{\\rtf1 hello}", "RTF"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\x00\x00\x00\x20ftypM4A ", "recording"),
        (b"ID3\x04\x00", "recording"),
        (b"SQLite format 3\x00", "database"),
        (b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 20, "not a text file"),
        (bytes(range(1, 32)) * 100, "not a text file"),
        (b"\xff\xfea", "not valid utf-16"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR", "a calendar, not notes"),
        (b"x" * (MAX_BYTES + 1), "larger than 10 MiB"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_text_is_said_with_what_to_do(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        read_text_bytes(data, "call.txt")
    assert refused.value.fix and "call.txt" in str(refused.value)


def test_50_mb_are_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="larger than 10 MiB"):
            read_text_file(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_what_is_not_there_or_not_a_file_is_said(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "no.txt", "no file"), (tmp_path, "folder"), (Path("a\0b"), "cannot be read")):
        with pytest.raises(InputError, match=said) as refused:
            read_text_file(path)
        assert refused.value.fix
    with pytest.raises(InputError, match="cannot be read"):
        read_text_file(tmp_path / ("x" * 5_000))


@POSIX
def test_pipes_and_devices_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    for path in (tmp_path / "pipe.txt", Path("/dev/zero"), Path("/dev/tty0")):
        with pytest.raises(InputError):
            read_text_file(path)


@POSIX
def test_a_link_is_followed_when_a_person_named_it_and_not_from_a_watched_folder(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("secret words", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    assert read_text_file(tmp_path / "link.txt") == "secret words"
    with pytest.raises(InputError):
        read_text_file(tmp_path / "link.txt", follow_links=False)


@POSIX
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else_is_said(tmp_path: Path) -> None:
    path = tmp_path / "theirs.txt"
    path.write_text("x", encoding="utf-8")
    path.chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        read_text_file(path)


def test_a_hostile_name_does_not_act_in_the_message(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_text_bytes(b"", "\x1b]52;c;x\x07\n[red].txt")
    assert "\x1b" not in str(refused.value) and "\n" not in str(refused.value)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda each: each.encode("utf-8", "replace"))))
def test_any_bytes_end_as_text_or_a_sentence(data: bytes) -> None:
    try:
        text = read_text_bytes(data, "x.txt")
    except InputError as error:
        assert str(error) and error.fix
    else:
        assert text.strip() and "\r" not in text
        text.encode("utf-8")
