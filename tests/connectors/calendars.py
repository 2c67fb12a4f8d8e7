"""Calendar files for tests: the exports of three programs, and small ones written on the spot."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from gangly_tui.connectors.engagement.files import CalendarFile
from gangly_tui.domain.errors import PartlyRead
from gangly_tui.domain.records import Meeting

EXPORTS = Path(__file__).parent / "exports"
BERLIN = ZoneInfo("Europe/Berlin")


def midnight(day: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), tzinfo=zone)


def calendar(*events: str, head: str = "") -> str:
    """A calendar of events, each given as its lines without BEGIN and END."""
    blocks = "".join(f"BEGIN:VEVENT\n{each.strip()}\nEND:VEVENT\n" for each in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n{head}{blocks}END:VCALENDAR\n"


def look(path: Path, start: str, end: str, zone: ZoneInfo = BERLIN) -> list[Meeting]:
    """The meetings of a file between two midnights."""
    return list(asyncio.run(CalendarFile(path, zone).meetings(midnight(start, zone), midnight(end, zone))).meetings)


def look_anyway(path: Path, start: str, end: str) -> tuple[list[Meeting], str]:
    """What can be read, and what is said about the rest."""
    try:
        return look(path, start, end), ""
    except PartlyRead as error:
        return list(error.meetings), f"{error} ({error.fix})"


def saved(folder: Path, text: str, name: str = "work.ics") -> Path:
    """The text as a file with the line ends that the standard asks for."""
    path = folder / name
    path.write_bytes(text.replace("\n", "\r\n").encode())
    return path


def exported(folder: Path, program: str) -> Path:
    """The export of a program."""
    return saved(folder, (EXPORTS / f"{program}.ics").read_text(encoding="utf-8"), f"{program}.ics")
