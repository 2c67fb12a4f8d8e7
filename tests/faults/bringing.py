"""What a schedule brings in: two CSV files into a CRM, that CRM and a calendar file into the store, two files of notes.

A rep whose window was killed does it all again; what is there in the end must not show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gangly_tui.connectors.engagement.files import CalendarFile
from gangly_tui.connectors.record import sandbox, sandbox_import
from gangly_tui.connectors.record import sandbox_db as crm
from gangly_tui.domain.draft import Notes
from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.records import Kind
from gangly_tui.flow import capture
from gangly_tui.flow import pull as pulling
from gangly_tui.flow.desk import Desk
from gangly_tui.store import engagement, mirror
from gangly_tui.store.database import Connection
from tests.faults.clock import EPOCH

BATCH = 4
"""Rows in one transaction of an import, and records on a page of a feed: far fewer than the product takes."""
_COMPANIES = tuple(f"Company {letter}" for letter in "ABCDEF")
_PEOPLE = tuple(f"Person{number}" for number in range(10))
ACCOUNTS = "name,website\n" + "".join(f"{each},c{number}.example\n" for number, each in enumerate(_COMPANIES))
CONTACTS = "first name,last name,email,company\n" + "".join(
    f"{each},Lind,{each.lower() + '@c1.example' if number % 2 else ''},{_COMPANIES[number % len(_COMPANIES)]}\n"
    for number, each in enumerate(_PEOPLE)
)
FILES = {"call.vtt": "WEBVTT\n\n00:01.000 --> 00:03.000\nAda: We can sign.\n", "recap.md": "They can sign in May.\n"}
MEETINGS = 3
_CALENDAR = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//faults//faults//EN\r\n{}END:VCALENDAR\r\n"
_EVENT = (
    "BEGIN:VEVENT\r\nUID:{0}@faults\r\nDTSTAMP:20260901T000000Z\r\nDTSTART:2026092{0}T140000Z\r\n"
    "DTEND:2026092{0}T143000Z\r\nSUMMARY:Call {0}\r\nATTENDEE:mailto:ada@acme.de\r\nEND:VEVENT\r\n"
)


@dataclass(frozen=True, kw_only=True)
class Bringing:
    """How a window brings things in. A seeded defect is another one."""

    rows: Callable[..., Any] = sandbox_import.import_csv
    pull: Callable[[Desk], Any] = pulling.pull
    keep: Callable[[Desk, str, str, str], Notes] = capture.keep_file


def in_crm(folder: Path) -> dict[str, int]:
    """How many records of each kind the CRM of the files holds."""
    db = crm.open_crm(folder / "crm.db")
    try:
        rows = db.execute("SELECT kind, count(*) FROM record WHERE NOT gone GROUP BY kind ORDER BY kind").fetchall()
        return dict(rows)
    finally:
        db.close()


async def bring_in(desk: Desk, folder: Path, how: Bringing, at_point: Callable[[str], None]) -> None:
    """All of it, from the start, whatever an earlier window came to."""
    sandbox_import._BATCH = sandbox.PAGE = pulling.KEPT_AT_ONCE = BATCH  # type: ignore[misc]  # in this process alone
    for kind, text in ((Kind.ACCOUNT, ACCOUNTS), (Kind.CONTACT, CONTACTS)):
        how.rows(folder / "crm.db", kind, text, by="Robin", at=EPOCH, at_point=at_point)
    calendar = folder / "own.ics"
    calendar.write_text(_CALENDAR.format("".join(_EVENT.format(number) for number in (2, 3, 4))), newline="")
    reader = sandbox.SandboxReader(folder / "crm.db")
    desk = replace(desk, reader=reader, calendars=(CalendarFile(calendar),))
    try:
        report = await how.pull(desk)
        if report.problems:
            raise GanglyError(f"the pull had problems: {report.problems}")
        for name, text in FILES.items():
            how.keep(desk, _meetings(desk.db)[0], name, text)
    finally:
        reader.close()


def _meetings(db: Connection) -> list[str]:
    return [each for (each,) in db.execute("SELECT id FROM meeting ORDER BY start_at")]


def check_brought(db: Connection, folder: Path, seen: Iterable[dict[str, int]]) -> list[str]:
    """I11: each row, record, meeting and file is there once, as it was; `seen` is what each window found in the CRM."""
    wrong = []
    whole = {"account": len(_COMPANIES), "contact": len(_PEOPLE)}
    before = {"account": 0, "contact": 0}
    for found in seen:
        for kind, count in ({"account": 0, "contact": 0} | found).items():
            if count < before[kind]:
                wrong.append(f"I11: {before[kind]} rows were imported, {count} were there later")
            if count % BATCH and count != whole[kind]:
                wrong.append(f"I11: {count} rows were there: a part of a batch")
            before[kind] = count
    if (held := in_crm(folder)) != whole:
        wrong.append(f"I11: the CRM holds {held}, the files {whole}")
    file = crm.open_crm(folder / "crm.db")
    try:
        records = {str(each.ref): each.version for each in crm.page_after(file, 0, 1000)[0]}
        newest = str(file.execute("SELECT max(change) FROM record").fetchone()[0])
    finally:
        file.close()
    if any(version != "1" for version in records.values()):
        wrong.append("I11: a row that had been imported was changed by the next import of it")
    stored = (each for kind in whole for each in mirror.all_records(db, Kind(kind), limit=1000))
    mirrored = {str(each.ref): each.version for each in stored if each.ref.system == crm.SYSTEM}
    if mirrored != records:
        wrong.append(f"I11: the CRM holds {len(records)} records, the store {len(mirrored)}, or others")
    if (cursor := mirror.cursor(db, crm.SYSTEM)) != newest:
        wrong.append(f"I11: the next pull begins after {cursor}, not after {newest}")
    meetings = _meetings(db)
    if len(meetings) != MEETINGS:
        wrong.append(f"I11: the calendar has {MEETINGS} meetings, the store {len(meetings)}")
    if meetings:
        kept = {each.source: each.text for each in engagement.notes_of(db, meetings[0])}
        if kept != dict(zip((capture.TRANSCRIPT, "import:recap.md"), FILES.values(), strict=True)):
            wrong.append(f"I11: the files are kept as {sorted(kept)}")
    rows = "SELECT count(*) FROM "
    words, texts = (
        db.execute(each).fetchone()[0]
        for each in (f"{rows}words", f"SELECT ({rows}record) + ({rows}meeting) + ({rows}notes)")
    )
    if words != texts:
        wrong.append(f"I11: {texts} texts, and {words} in the index")
    return wrong
