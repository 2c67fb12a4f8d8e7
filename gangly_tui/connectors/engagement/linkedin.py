"""The member's own LinkedIn data export (a zip): whom they are connected with. Nothing is asked of LinkedIn itself.

Read line by line and capped: the zip is a stranger's file like any other. Of messages only the last day and a line of
it is kept. linkedin_words (headers and dates in the languages of the export) stands beside.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gangly_tui.connectors.engagement.linkedin_words import Day, column, read_day, settle, stripped
from gangly_tui.connectors.engagement.text_file import shown_name
from gangly_tui.connectors.registry import About
from gangly_tui.domain.errors import InputError
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.relations import Relation

ABOUT = About(
    label="LinkedIn export", layer=Layer.ENGAGEMENT, brings="whom you are connected with, from your own export"
)
MAX_FILE = 1024 * 1024 * 1024
MAX_ENTRIES = 5_000
MAX_UNPACKED = 300 * 1024 * 1024
MAX_RATIO = 200
"""Unpacked to packed: text packs well, but not like this."""
MAX_LINE = 256 * 1024
MAX_PEOPLE = 60_000
"""LinkedIn lets a member have 30,000 connections."""
MAX_ROWS = 2_000_000
_CELL = 400
_SNIPPET = 140
_PREAMBLE = 20
_FIXED = ("first_name", "last_name", "url", "email", "company", "position", "connected_on")
"""The columns of Connections.csv, in the order they have in every language."""
_MOST_RECIPIENTS = 1
_EXPORT = "LinkedIn: Settings > Data privacy > Get a copy of your data; name the zip that it gives"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What an export holds. `skipped` counts rows that name nobody or cannot be read; `lacks` are parts it has not."""

    relations: tuple[Relation, ...]
    connections: int
    invitations: int
    messages: int
    skipped: int
    lacks: tuple[str, ...] = ()


def read_export(path: Path) -> Export:
    """Read an export. Raises InputError for what is none, is damaged, or is larger than any export."""
    shown = shown_name(path.name)
    try:
        if path.is_dir():
            raise InputError(f"{shown} is a folder", fix="name the zip itself, as LinkedIn gave it")
        if path.stat().st_size > MAX_FILE:
            raise InputError(f"{shown} is larger than 1 GiB", fix=_EXPORT)
        with zipfile.ZipFile(path) as archive:
            return _read(archive, shown)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {shown}", fix="check the path") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise InputError(f"{shown} is no zip that can be read: {error}"[:200], fix=_EXPORT) from error
    except OSError as error:
        raise InputError(f"{shown} cannot be read: {error.strerror or error}", fix="check the path") from error


def _read(archive: zipfile.ZipFile, shown: str) -> Export:
    parts = _parts(archive, shown)
    if "connections.csv" not in parts:
        raise InputError(f"{shown} has no Connections.csv in it", fix=f"choose Connections when you ask. {_EXPORT}")
    count = _Count()
    people = _connections(archive, parts["connections.csv"], shown, count)
    invited: list[Relation] = []
    lacks = []
    if "invitations.csv" in parts:
        invited = _invitations(
            archive, parts["invitations.csv"], shown, count, {each.url for each in people if each.url}
        )
    else:
        lacks.append("invitations")
    if "messages.csv" in parts:
        last = _messages(archive, parts["messages.csv"], shown, count)
        people = [_with_message(each, last) for each in people]
    else:
        lacks.append("messages")
    return Export(
        relations=(*people, *invited),
        connections=len(people),
        invitations=len(invited),
        messages=count.messages,
        skipped=count.skipped,
        lacks=tuple(lacks),
    )


@dataclass(slots=True)
class _Count:
    skipped: int = 0
    messages: int = 0
    bytes: int = 0


def _parts(archive: zipfile.ZipFile, shown: str) -> dict[str, zipfile.ZipInfo]:
    """The entries by their plain name; a name is never used as a path. Raises InputError for a bomb."""
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise InputError(f"{shown} holds more than {MAX_ENTRIES:,} files", fix=_EXPORT)
    found: dict[str, zipfile.ZipInfo] = {}
    for each in entries:
        name = each.filename.replace("\\", "/").rpartition("/")[2].casefold()
        if name not in ("connections.csv", "messages.csv", "invitations.csv") or "__macosx" in each.filename.casefold():
            continue
        if each.flag_bits & 1:
            raise InputError(f"{shown} is locked with a password", fix="unpack it and zip it again without one")
        if each.file_size > MAX_UNPACKED or each.file_size > MAX_RATIO * max(each.compress_size, 4_096):
            raise InputError(f"{shown} would unpack to more than any export holds", fix=_EXPORT)
        found.setdefault(name, each)
    return found


class _Capped(io.RawIOBase):
    """The bytes of an entry, however many its header promises, at most so many over all entries."""

    def __init__(self, entry: io.BufferedIOBase, count: _Count, shown: str) -> None:
        self._entry = entry
        self._count = count
        self._shown = shown

    def readable(self) -> bool:
        return True

    def readinto(self, into: bytearray | memoryview) -> int:  # type: ignore[override]
        part = self._entry.read(len(into))
        self._count.bytes += len(part)
        if self._count.bytes > MAX_UNPACKED:
            raise InputError(f"{self._shown} would unpack to more than any export holds", fix=_EXPORT)
        into[: len(part)] = part
        return len(part)


@contextmanager
def _rows(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shown: str, count: _Count, needed: str
) -> Iterator[Iterator[dict[str, str]]]:
    """The rows of a part below the line that is its header: notes may stand before it. Cells are cut, none is lost."""
    with archive.open(entry) as packed:
        raw = io.BufferedReader(_Capped(packed, count, shown), 65_536)  # type: ignore[arg-type]
        mark = raw.peek(2)[:2]
        coding = "utf-16" if mark in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        text = io.TextIOWrapper(raw, encoding=coding, errors="replace", newline="")
        reader = csv.reader(_lines(text, shown))
        yield _named(reader, shown, count, needed)


def _lines(text: io.TextIOWrapper, shown: str) -> Iterator[str]:
    while part := text.readline(MAX_LINE):
        if len(part) == MAX_LINE and not part.endswith("\n"):
            raise InputError(f"{shown} has a line that is longer than any export's", fix=_EXPORT)
        yield part.replace("\0", "")


def _named(reader: Iterator[list[str]], shown: str, count: _Count, needed: str) -> Iterator[dict[str, str]]:
    header: list[str] = []
    for number in range(MAX_ROWS):
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:  # a cell beyond all measure
            count.skipped += 1
            continue
        if not header:
            names = [column(each) for each in row[:60]]
            if needed in names and len(names) > 2:
                header = names
            elif needed == _FIXED[-1] and len(row) in (6, 7) and all(row):  # in a language that is not known here
                header = [each for each in _FIXED if len(row) == 7 or each != "url"]
            elif number >= _PREAMBLE:
                break
            continue
        if any(row):
            yield {name: cell[:_CELL].strip() for name, cell in zip(header, row, strict=False) if name}
    if not header:
        raise InputError(f"{shown} has a part without its header line", fix=_EXPORT)


def _connections(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shown: str, count: _Count) -> list[Relation]:
    found: dict[str, Relation] = {}
    days: dict[str, Day] = {}
    with _rows(archive, entry, shown, count, "connected_on") as rows:
        for row in rows:
            name = " ".join(filter(None, (row.get("first_name", ""), row.get("last_name", "")))) or row.get("name", "")
            email = row.get("email", "")
            person = Relation(
                name=name,
                email=email if mailbox(email) else "",
                company=row.get("company", ""),
                position=row.get("position", ""),
                url=profile(row.get("url", "")),
            )
            if not person.named or len(found) >= MAX_PEOPLE:
                count.skipped += 1  # somebody who closed their account is a row of commas
                continue
            found[person.key] = person
            days[person.key] = read_day(row.get("connected_on", ""))
    settled = settle(days)
    return [
        replace(each, connected_on=settled[key], year=on.year if (on := settled[key]) else days[key].year)
        for key, each in found.items()
    ]


def _invitations(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shown: str, count: _Count, known: set[str]
) -> list[Relation]:
    """Who was invited or invites, and is no connection (yet)."""
    found: dict[str, Relation] = {}
    days: dict[str, Day] = {}
    with _rows(archive, entry, shown, count, "direction") as rows:
        for row in rows:
            sent = row.get("direction", "").upper().startswith("OUT")
            person = Relation(
                name=row.get("to" if sent else "from", ""),
                url=profile(row.get("invitee_url" if sent else "inviter_url", "")),
                invited="sent" if sent else "received",
            )
            if not person.named or len(found) >= MAX_PEOPLE:
                count.skipped += 1
            elif person.url and person.url not in known:
                found[person.key] = person
                days[person.key] = read_day(row.get("sent_at", ""))
    settled = settle(days)
    return [
        replace(each, connected_on=settled[key], year=on.year if (on := settled[key]) else days[key].year)
        for key, each in found.items()
    ]


@dataclass(slots=True)
class _Last:
    """The last message with each profile: its day and a line of it."""

    by_url: dict[str, tuple[date, str]] = field(default_factory=dict)


def _messages(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shown: str, count: _Count) -> _Last:
    last = _Last()
    with _rows(archive, entry, shown, count, "date") as rows:
        for row in rows:
            count.messages += 1
            on = read_day(row.get("date", "")).on
            to = [each for each in (profile(part) for part in row.get("recipients", "").split(",")) if each]
            if on is None or len(to) > _MOST_RECIPIENTS:
                continue  # a round of several says nothing of one
            for url in filter(None, (profile(row.get("sender_url", "")), *to)):
                if url not in last.by_url or last.by_url[url][0] <= on:
                    last.by_url[url] = (on, stripped(row.get("content", ""))[:_SNIPPET])
    return last


def _with_message(person: Relation, last: _Last) -> Relation:
    found = last.by_url.get(person.url) if person.url else None
    return replace(person, last_message=found[0], snippet=found[1]) if found else person


def profile(text: str) -> str:
    """A member's page at LinkedIn as one address whatever way it is written; "" for anything else."""
    try:
        parts = urlsplit(text.strip())
        host = (parts.hostname or "").lower()
    except ValueError:
        return ""
    path = unquote(parts.path).rstrip("/")
    if parts.scheme not in ("http", "https") or not (host == "linkedin.com" or host.endswith(".linkedin.com")):
        return ""
    if not path.lower().startswith("/in/") or path.count("/") != 2 or not all(_plain(each) for each in path[4:]):
        return ""
    from urllib.parse import quote

    return f"https://www.linkedin.com/in/{quote(path[4:].lower())}"


def _plain(char: str) -> bool:
    return char.isalnum() or char in "-_.%'~"
