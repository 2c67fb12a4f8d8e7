"""The watched folder: what is seen, what is left, and that nothing in it is touched."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gangly_tui.connectors.engagement import watched
from gangly_tui.connectors.engagement.watched import WatchedFolder
from gangly_tui.domain.errors import InputError, NotFound, PartlyRead
from gangly_tui.domain.mail import Mail
from tests.connectors.calendars import BERLIN, calendar, midnight
from tests.patience import computing_at_most

CALL = "UID:{0}\nSUMMARY:{0}\nDTSTART:20260923T140000Z\nDTEND:20260923T143000Z"
SPAN = (midnight("2026-09-22"), midnight("2026-10-07"))
MAIL = (
    b"From: Ada Lind <ada@acme.example>\r\nTo: Robin <robin@seller.com>, Ben <ben@acme.example>\r\n"
    b"Date: Wed, 23 Sep 2026 10:00:00 +0200\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"Message-ID: <m1@acme.example>\r\n"
    b"References: <m0@acme.example> <mx@acme.example>\r\n\r\nHello Robin,\r\nwe can sign.\r\n"
)


def put(folder: Path, name: str, data: bytes | str, *, age: float = 60) -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "calls").mkdir()
    return tmp_path / "calls"


def watching(folder: Path) -> WatchedFolder:
    return WatchedFolder(folder, BERLIN, user_email="Robin@seller.com")


def test_only_whole_files_of_known_kinds_are_given_and_none_is_touched(folder: Path) -> None:
    put(folder, "a.vtt", "WEBVTT\n\nhi", age=90)
    put(folder, "B.TXT", "notes")
    put(folder, "still.vtt", "WEB", age=0)
    for name in (".hidden.vtt", "~lock.txt", "movie.mp4", "c.vtt.part", "d.eml", "e.ics"):
        put(folder, name, "x")
    (folder / "folder.vtt").mkdir()
    (folder / "link.vtt").symlink_to(folder / "a.vtt")
    os.mkfifo(folder / "pipe.txt")
    before = {each.name: each.lstat() for each in folder.iterdir()}
    seen = watching(folder)
    found = seen.arrivals()
    assert [(each.name, each.text) for each in found] == [("a.vtt", "WEBVTT\n\nhi"), ("B.TXT", "notes")]
    assert found[0].digest != found[1].digest
    assert {each.name: each.lstat() for each in folder.iterdir()}.keys() == before.keys()
    seen.settle([found[0].stamp])
    assert [each.name for each in seen.arrivals()] == ["B.TXT"]
    put(folder, "a.vtt", "WEBVTT\n\nhi again", age=30)
    assert [each.name for each in seen.arrivals()] == ["B.TXT", "a.vtt"]


def test_what_cannot_be_read_is_said_and_takes_no_other_along(folder: Path) -> None:
    put(folder, "big.vtt", b"x" * (10 * 1024 * 1024 + 1), age=100)
    put(folder, "binary.txt", b"\x7fELF" + bytes(range(32)) * 50, age=90)
    put(folder, "empty.txt", "", age=80)
    put(folder, "good.txt", "notes", age=70)
    found = watching(folder).arrivals()
    assert [bool(each.problem) for each in found] == [True, True, True, False]
    assert "10 MiB" in found[0].problem and "empty" in found[2].problem


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    seen = watching(tmp_path / "none")
    with pytest.raises(InputError, match="cannot be read") as told:
        seen.arrivals()
    assert "config.toml" in told.value.fix and not seen.stirred()


def test_it_stirs_when_something_changes_and_not_before(folder: Path) -> None:
    seen = watching(folder)
    assert not seen.stirred()
    path = put(folder, "a.vtt", "x")
    assert seen.stirred() and not seen.stirred()
    put(folder, "a.vtt", "y", age=30)
    assert seen.stirred() and not seen.stirred()
    path.unlink()
    assert seen.stirred()


def test_of_many_files_the_newest_count(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "MOST", 2)
    for number in range(5):
        put(folder, f"{number}.txt", f"n{number}", age=100 - number)
    assert [each.name for each in watching(folder).arrivals()] == ["3.txt", "4.txt"]


async def test_calendars_in_it_are_one_calendar(folder: Path) -> None:
    seen = watching(folder)
    assert (await seen.meetings(*SPAN)).meetings == ()
    put(folder, "a.ics", calendar(CALL.format("Acme")), age=90)
    put(folder, "b.ics", calendar(CALL.format("Globex")), age=80)
    first = await seen.meetings(*SPAN)
    assert first.whole and [(each.title, each.system) for each in first.meetings] == [
        ("Acme", "watched"), ("Globex", "watched")
    ]  # fmt: skip
    same = await seen.meetings(*SPAN, first.cursor)
    assert (same.whole, same.meetings) == (False, ())
    put(folder, "cancel.ics", calendar(CALL.format("Acme"), head="METHOD:CANCEL\n"), age=10)
    third = await seen.meetings(*SPAN, first.cursor)
    assert {each.title: each.cancelled for each in third.meetings} == {"Acme": True, "Globex": False}
    put(folder, "bad.ics", "hello", age=5)
    with pytest.raises(PartlyRead, match=r"bad\.ics") as told:
        await seen.meetings(*SPAN, third.cursor)
    assert len(told.value.meetings) == 2


async def pages(seen: WatchedFolder, since: str = "") -> tuple[list[Mail], bool, str]:
    (page,) = [each async for each in seen.mails(since, datetime(2026, 1, 1, tzinfo=UTC))]
    return list(page.mails), page.whole, page.cursor


async def test_mails_in_it_are_a_mailbox(folder: Path) -> None:
    seen = watching(folder)
    put(folder, "one.eml", MAIL)
    mails, whole, cursor = await pages(seen)
    (one,) = mails
    assert whole and (one.system, one.subject, one.snippet) == ("watched", "Grüße", "Hello Robin, we can sign.")
    assert (one.sender.email, one.sender.name) == ("ada@acme.example", "Ada Lind")
    assert [each.email for each in one.to] == ["robin@seller.com", "ben@acme.example"]
    assert (one.message_id, one.thread_id, one.outgoing) == ("<m1@acme.example>", "<m0@acme.example>", False)
    assert one.at == datetime(2026, 9, 23, 8, 0, tzinfo=UTC)
    assert "we can sign." in await seen.body(one.id)
    assert await pages(seen, cursor) == ([], False, cursor)
    put(folder, "sent.eml", MAIL.replace(b"From: Ada Lind <ada@acme.example>", b"From: <ROBIN@seller.com>"), age=50)
    put(folder, "old.eml", MAIL.replace(b"2026", b"2020"), age=50)
    put(folder, "none.eml", b"hello", age=50)
    mails, whole, _ = await pages(seen, cursor)
    assert whole and sorted(each.outgoing for each in mails) == [False, True]
    (folder / "one.eml").unlink()
    with pytest.raises(NotFound):
        await seen.body(one.id)


async def test_hostile_mails_cost_nothing(folder: Path) -> None:
    put(
        folder,
        "a.eml",
        b"From: " + b"<a@b.c>, " * 20_000 + b"\r\nDate: soon\r\nMessage-ID: <" + b"x" * 9_000 + b">\r\n\r\nhi",
    )
    put(folder, "b.eml", b"Subject: x\r\nDate: Wed, 99 Sep 9999 10:00:00 +9999\r\n\r\n<b>hi")
    put(folder, "c.eml", b"From: \xff\xfe\x00\r\n\r\n\x00")
    with computing_at_most(60):
        mails, _, _ = await pages(watching(folder))
    assert all(abs(each.at - datetime.now(UTC)) < timedelta(hours=1) for each in mails)
