"""Broken files through every importer: each ends as data or as a sentence, in time, within the memory."""

from __future__ import annotations

import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from io import StringIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import process_time
from types import FrameType

from gangly_tui.config import parse_config
from gangly_tui.connectors.engagement.files import CalendarFile
from gangly_tui.connectors.engagement.text_file import read_text_bytes
from gangly_tui.connectors.record.sandbox_import import import_csv
from gangly_tui.domain.checkpoint import PublicKey, public_key
from gangly_tui.domain.draft import spoken
from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.export_check import check_file
from gangly_tui.domain.hierarchy_page import parse_hierarchy
from gangly_tui.domain.records import Kind
from gangly_tui.intelligence.model_answer import parse as parse_answer
from gangly_tui.intelligence.offline.sources import read_source
from tests.hostile.strings import ESCAPES, MARKUP, UNSEEN, strings

SECONDS, MEGABYTES = 2.0, 150
"""Of computing for one file, and of memory beyond what the libraries take."""
_HANGS = 20
_NOW = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
_PACKAGE = Path(__file__).parents[2] / "gangly_tui"

VTT = """WEBVTT\n\n1\n00:00:01.000 --> 00:00:04.000\n<v Jana Weiss>We can sign on November 15.</v>\n
2\n00:00:05.000 --> 00:00:09.500 align:start\n<v Ana>The budget is 60,000 EUR.\n"""
SRT = """1\n00:00:01,000 --> 00:00:04,000\nJana: We can sign on November 15.\n
2\n00:00:05,000 --> 00:00:09,500\nAna: The budget is 60,000 EUR.\n"""
TXT = "Call with Nordwind, 23 Sep\n[00:12] Jana: We sign mid-November.\n- send DPA by Friday\nAmount 40k EUR\n"
EML = (
    "From: Jana <jana@acme.de>\nTo: robin@seller.com\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\nMIME-Version: 1.0\n"
    'Date: Wed, 23 Sep 2026 14:00:00 +0200\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n'
    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nWe sign=20soon.\n--b\n"
    "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\nPHA+aGk8L3A+\n--b--\n"
)
ICS = (
    "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//t//t//EN\nBEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\n"
    "DTSTART:19961027T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\n"
    "END:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:one\nDTSTAMP:20260901T000000Z\n"
    "DTSTART;TZID=Europe/Berlin:20260923T140000\nDTEND;TZID=Europe/Berlin:20260923T143000\nSUMMARY:Acme\n"
    "RRULE:FREQ=WEEKLY;COUNT=10;BYDAY=WE\nEXDATE;TZID=Europe/Berlin:20260930T140000\n"
    "ATTENDEE;CN=Jana;PARTSTAT=ACCEPTED:mailto:jana@acme.de\nORGANIZER:mailto:robin@seller.com\nEND:VEVENT\n"
    "BEGIN:VEVENT\nUID:two\nDTSTAMP:20260901T000000Z\nDTSTART;VALUE=DATE:20260924\nSUMMARY:All day\n"
    "DURATION:P1D\nEND:VEVENT\nEND:VCALENDAR\n"
)
CSV = "Company,Website,Headcount,Sector\nAcme GmbH,https://www.acme.de/,120,Software\nGlobex,globex.com,5000,Energy\n"
CONFIG = (
    'crm = "sandbox"\ncalendars = ["~/a.ics"]\nuser_email = "a@b.de"\ntimezone = "Europe/Berlin"\n'
    'grace_seconds = 4\n\n[keymap]\n"review.approve" = "y"\n\n[connections.x]\nstore = "x@y"\n'
)
ANSWER = (
    '```json\n{"items": [{"field": "next_step", "value": "Send", "quote": "send", "turn": 1, "confidence": 0.9}]}\n```'
)
SHARDS = (
    *ESCAPES, *UNSEEN, *MARKUP, "\n\n", "-->", "WEBVTT", "BEGIN:VEVENT\n", "END:VCALENDAR\n", "RRULE:FREQ=SECONDLY\n",
    "RRULE:FREQ=MINUTELY;INTERVAL=0\n", "COUNT=999999999;", "DTSTART:99991231T235959Z\n", "DTSTART:00010101T000000\n",
    "TZOFFSETTO:+9999\n", "P99999999D", "99999999999999999999", "1e999", "NaN",
    "-0", '"', "'", "\\", ";", ",", "{", "[",
    "}", "]", "[[[[[[[[", '{"a":', "=?utf-8?B?", "--b\n", "Content-Type: multipart/mixed; boundary=b\n", "<v ",
    "\ufeff",
    "sep=\n", "=cmd|' /C calc'!A0", "0x41", "00:00:01.000 --> 99:99:99.999\n", "charset=utf-7", "[", "# = #",
    "a.b.c = 1\n",
)  # fmt: skip


def _key() -> PublicKey:
    return public_key("gangly/fuzz", bytes(32))


@cache
def _export() -> str:
    """A real export and its key, made once."""
    from gangly_tui.store import trail
    from gangly_tui.store.database import open_database
    from tests.store import made

    with TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "store.db")
        for at in range(3):
            made.append(db, op_id=f"op{at}")
        lines = list(trail.export_jsonl(db))
        _KEYS.append(trail.key_of(db))
        db.close()
    return "".join(each if each.endswith("\n") else each + "\n" for each in lines)


_KEYS: list[PublicKey] = []


def _notes(name: str) -> Callable[[bytes, Path], object]:
    def read(data: bytes, _: Path) -> object:
        text = read_text_bytes(data, name)
        return read_source(text, ("Jana Weiss",)), spoken(text[:20_000])

    return read


def _calendar(data: bytes, folder: Path) -> object:
    path = folder / "calendar.ics"
    path.write_bytes(data)
    found = CalendarFile(path)
    return found.check(), found._look(_NOW.replace(day=1), _NOW.replace(month=11))


def _table(data: bytes, folder: Path) -> object:
    return import_csv(folder / "crm.db", Kind.ACCOUNT, data.decode("utf-8", "replace"), by="x", at=_NOW)


def _config(data: bytes, folder: Path) -> object:
    return parse_config(data.decode("utf-8", "replace"), folder / "config.toml")


READERS: dict[str, tuple[Callable[[], str], Callable[[bytes, Path], object]]] = {
    "vtt": (lambda: VTT, _notes("call.vtt")),
    "srt": (lambda: SRT, _notes("call.srt")),
    "txt": (lambda: TXT, _notes("notes.txt")),
    "eml": (lambda: EML, _notes("mail.eml")),
    "ics": (lambda: ICS, _calendar),
    "csv": (lambda: CSV, _table),
    "config": (lambda: CONFIG, _config),
    "hierarchy": (
        lambda: (_PACKAGE / "hierarchy.toml").read_text(encoding="utf-8"),
        lambda data, _: parse_hierarchy(data.decode("utf-8", "replace")),
    ),
    "export": (_export, lambda data, _: check_file(StringIO(data.decode("utf-8", "replace")), _KEYS[0])),
    "answer": (lambda: ANSWER, lambda data, _: parse_answer(data.decode("utf-8", "replace"), ("next_step", "pain"))),
}


def damaged(text: str, random: Random) -> bytes:
    """The file after something happened to it; one in two hundred is blown up to as much as some megabytes."""
    for _ in range(random.randint(1, 8)):
        at, end = sorted((random.randint(0, len(text)), random.randint(0, len(text))))
        match random.randrange(7):
            case 0:
                text = text[:at] + random.choice(SHARDS) + text[at:]
            case 1:
                text = text[:at] + text[min(end, at + 40) :]
            case 2:
                text = text[:at] + text[at:end] * random.randint(2, 4) + text[end:]
            case 3:
                lines = text.splitlines(True)
                random.shuffle(lines)
                text = "".join(lines)
            case 4:
                text = text[:at] + next(strings(1, random.randrange(10**6))) + text[at:]
            case 5:
                text = text[:at] + chr(random.randrange(0x110000)) + text[at + 1 :]
            case _:
                text = text[:at] + str(random.choice((0, -1, 2**31, 2**63, 10**30))) + text[at:]
        text = text[:60_000]
    if random.randrange(200) == 0:
        part = random.choice((text[:200], random.choice(SHARDS), random.choice(text or "x"))) or "x"
        text += part * min(random.choice((2_000, 50_000, 1_000_000)), 4_000_000 // len(part))
    data = text.encode(random.choice(("utf-8", "utf-8", "utf-8", "utf-16")), "surrogatepass")
    if random.randrange(4) == 0 and data:
        at = random.randrange(len(data))
        data = data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]
    return data


@dataclass
class Told:
    """What a share of the files ended in."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    memory: float = 0.0


def _hung(_: int, __: FrameType | None) -> None:
    raise TimeoutError("hung")


def share(count: int, seed: int) -> Told:
    """So many files, in turn for each importer."""
    told = Told()
    names = list(READERS)
    sources = {name: make() for name, (make, _) in READERS.items()}
    signal.signal(signal.SIGALRM, _hung)
    with TemporaryDirectory() as folder:
        for name in names:  # the libraries and their tables, before memory is measured
            _one(name, sources[name].encode(), Path(folder), told)
        told.ends.clear()
        base = _memory()
        for number in range(count):
            name = names[number % len(names)]
            data = damaged(sources[name], Random(f"{seed}/{number}"))
            _one(name, data, Path(folder), told, f"{seed}/{number}")
        told.memory = _memory() - base
    return told


def weighed(name: str, data: bytes) -> tuple[float, float]:
    """Seconds and MiB that one file takes in this process, beyond its bytes. Raises what is no refusal."""
    make, read = READERS[name]
    with TemporaryDirectory() as folder:
        read(make().encode(), Path(folder))  # the libraries first
        base, began = _memory(), process_time()
        with suppress(GanglyError):
            read(data, Path(folder))
        return process_time() - began, _memory() - base


def _one(name: str, data: bytes, folder: Path, told: Told, label: str = "whole") -> None:
    began = process_time()
    signal.alarm(_HANGS)
    try:
        READERS[name][1](data, folder)
        told.ends["read"] += 1
    except GanglyError as error:
        told.ends["refused with a sentence"] += 1
        if not str(error).strip():
            told.wrong.append(f"{name} {label}: a refusal that says nothing")
    except TimeoutError:
        told.wrong.append(f"{name} {label}: hung, {len(data):,} bytes")
    except BaseException as error:
        told.wrong.append(f"{name} {label}: {type(error).__name__}: {str(error)[:120]}")
    finally:
        signal.alarm(0)
    took = process_time() - began
    told.slowest = max(told.slowest, took)
    if took > SECONDS:
        told.wrong.append(f"{name} {label}: {took:.1f} s for {len(data):,} bytes")


def _memory() -> float:
    """The most this process ever held, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 if sys.platform != "darwin" else 1024 * 1024)


def files(count: int, seed: int, workers: int = 2) -> int:
    """All importers; prints the figures and returns the number of findings."""
    step = 2_500
    sizes = [min(step, count - at) for at in range(0, count, step)]
    ends: Counter[str] = Counter()
    wrong: list[str] = []
    slowest = memory = 0.0
    with ProcessPoolExecutor(workers, max_tasks_per_child=1) as pool:
        for number, told in enumerate(pool.map(share, sizes, range(seed, seed + len(sizes)))):
            ends.update(told.ends)
            wrong += told.wrong
            slowest, memory = max(slowest, told.slowest), max(memory, told.memory)
            sys.stderr.write(f"  {sum(sizes[: number + 1]):>7,} files, {len(wrong)} findings\n")
    if memory > MEGABYTES:
        wrong.append(f"{memory:.0f} MiB of memory")
    said = [
        f"files       {sum(ends.values()) + len(wrong):,} (seed {seed}), {len(READERS)} importers",
        f"ended       {', '.join(f'{name} {number:,}' for name, number in ends.most_common())}",
        f"slowest     {slowest:.2f} s of computing; memory at most {memory:.0f} MiB beyond the libraries",
        f"found       {len(wrong)} uncaught, hung, slow or too large",
        *(ascii(each)[:220] for each in wrong[:25]),
    ]
    sys.stdout.write("\n".join(said) + "\n")
    return len(wrong)
