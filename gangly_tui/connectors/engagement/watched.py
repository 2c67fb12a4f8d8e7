"""A folder that is watched: transcripts, calendars and mails that arrive in it. Nothing in it is moved or removed.

A stranger may put files there: links are not followed, sizes and numbers are capped, names are never paths.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import getaddresses
from hashlib import sha256
from heapq import nlargest
from os import scandir
from pathlib import Path

from gangly_tui.connectors.engagement.calendar_read import CalendarText
from gangly_tui.connectors.engagement.text_file import (
    MAX_MAIL_BYTES,
    read_bytes,
    read_text_bytes,
    read_text_file,
    shown_name,
)
from gangly_tui.domain.arrival import Arrival
from gangly_tui.domain.errors import InputError, NotFound, PartlyRead
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.mail import Address, Mail
from gangly_tui.domain.ports import MailPage, MeetingFeed
from gangly_tui.domain.records import Meeting

SYSTEM = "watched"
SPEECH = (".vtt", ".srt", ".txt")
CALENDAR = (".ics",)
MAIL = (".eml",)
MOST = 500
"""Files of a kind that are looked at, the newest first."""
SETTLED = timedelta(seconds=2)
"""A file that was written to just now may not be whole."""
_SNIPPET = 160
_HEAD = 64 * 1024
_ID = re.compile(rb"^(message-id|in-reply-to|references):[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,250}>)", re.I | re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    size: int
    changed: int

    @property
    def stamp(self) -> str:
        """Tells this state of the file from others, without reading it."""
        return f"{self.path.name} {self.size} {self.changed}"

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.changed / 1_000_000_000, UTC)


class WatchedFolder:
    """The folder. Satisfies the protocols of a calendar (its .ics) and of a mailbox (its .eml), as `watched`."""

    def __init__(self, path: Path, zone: tzinfo, *, user_email: str) -> None:
        self._path = path
        self._zone = zone
        self._ours = mailbox(user_email)
        self._done: set[str] = set()
        self._mails: dict[str, Mail] = {}
        self._state = ""

    @property
    def system(self) -> str:
        """`watched`."""
        return SYSTEM

    def stirred(self) -> bool:
        """Whether something arrived or changed since this was last asked. By stat alone: no file is read."""
        try:
            state = _listed(self._files(SPEECH + CALENDAR + MAIL))
        except InputError:
            state = ""
        before, self._state = self._state, state
        return state != before

    def arrivals(self) -> list[Arrival]:
        """The transcripts and texts that were not given before, the oldest first. Raises InputError for the folder."""
        fresh = [each for each in self._files(SPEECH) if each.stamp not in self._done]
        found = []
        for each in sorted(fresh, key=lambda file: file.changed):
            try:
                text = read_text_file(each.path, follow_links=False)
            except InputError as error:
                why = f"{error}" + (f" ({error.fix})" if error.fix else "")
                found.append(Arrival(name=each.path.name, at=each.at, stamp=each.stamp, problem=why))
                continue
            digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            found.append(Arrival(name=each.path.name, at=each.at, stamp=each.stamp, digest=digest, text=text))
        return found

    def settle(self, stamps: Iterable[str]) -> None:
        """These need not be given again as long as they stay as they are."""
        self._done |= set(stamps)

    # -- a calendar

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        """The meetings in all its calendar files; of one meeting in several the newest file's. Raises PartlyRead."""
        return await asyncio.to_thread(self._meetings, start, end, since)

    def _meetings(self, start: datetime, end: datetime, since: str) -> MeetingFeed:
        files = self._files(CALENDAR)
        cursor = sha256(f"{start} {end} {_listed(files)}".encode("utf-8", "replace")).hexdigest()
        if since == cursor:
            return MeetingFeed(meetings=(), cursor=cursor, whole=False)
        found: dict[str, Meeting] = {}
        trouble = []
        for each in files:
            shown = shown_name(each.path.name)
            reading = CalendarText(shown=shown, system=SYSTEM, zone=self._zone)
            try:
                some = reading.meetings(read_bytes(each.path, follow_links=False), start, end)
            except PartlyRead as error:
                trouble.append(f"{shown}: {error}")
                some = list(error.meetings)
            except InputError as error:
                trouble.append(str(error))
                continue
            for meeting in some:
                found.setdefault(meeting.id, meeting)
        meetings = tuple(sorted(found.values(), key=lambda each: (each.start, each.end, each.id)))
        if trouble:
            raise PartlyRead("; ".join(trouble[:5]), meetings=meetings, fix="export it again, or take it out of there")
        return MeetingFeed(meetings=meetings, cursor=cursor)

    # -- a mailbox

    async def mails(self, since: str, oldest: datetime) -> AsyncIterator[MailPage]:
        """All mails saved here, whole when anything changed: what was taken out of the folder is gone."""
        files = self._files(MAIL)
        cursor = sha256(_listed(files).encode("utf-8", "replace")).hexdigest()
        if since == cursor:
            yield MailPage(mails=(), cursor=cursor)
            return
        read = await asyncio.to_thread(lambda: [self._mail(each) for each in files])
        self._mails = {each.stamp: mail for each, mail in zip(files, read, strict=True) if mail}
        kept = {each.id: each for each in self._mails.values() if each.at >= oldest}
        yield MailPage(mails=tuple(kept.values()), cursor=cursor, whole=True)

    async def body(self, mail_id: str) -> str:
        """The text of a mail saved here. Raises NotFound."""
        for each in await asyncio.to_thread(self._files, MAIL):
            data = await asyncio.to_thread(_bytes_of, each)
            if data and _mail_id(data) == mail_id:
                return read_text_bytes(data, each.path.name).partition("\n\n")[2].strip()
        raise NotFound("that mail is no longer in the watched folder", fix="put it there again")

    def _mail(self, file: _File) -> Mail | None:
        if known := self._mails.get(file.stamp):
            return known
        data = _bytes_of(file)
        try:
            text = read_text_bytes(data, file.path.name) if data else ""
        except InputError:
            return None
        if not text:
            return None
        head, _, body = text.partition("\n\n")
        said = dict(line.partition(": ")[::2] for line in head.split("\n"))
        (sender, *_), to, cc = (_addresses(said.get(each, "")) or (Address(email=""),) for each in ("From", "To", "Cc"))
        ids = {name.lower(): mark.decode("ascii", "replace") for name, mark in reversed(_ID.findall(data[:_HEAD]))}
        own = ids.get(b"message-id", "")
        return Mail(
            id=_mail_id(data),
            system=SYSTEM,
            thread_id=ids.get(b"references") or ids.get(b"in-reply-to") or own,
            message_id=own,
            at=_moment(said.get("Date", "")) or file.at,
            sender=sender,
            to=tuple(each for each in to if each.email),
            cc=tuple(each for each in cc if each.email),
            subject=said.get("Subject", ""),
            snippet=" ".join(body.split())[:_SNIPPET],
            folders=(self._path.name,),
            outgoing=bool(self._ours) and mailbox(sender.email) == self._ours,
        )

    # -- the folder

    def _files(self, suffixes: tuple[str, ...]) -> list[_File]:
        """Its files of these kinds that are whole, the newest first. Raises InputError for the folder."""
        now = datetime.now(UTC).timestamp() * 1_000_000_000
        fresh = SETTLED.total_seconds() * 1_000_000_000
        found = []
        try:
            with scandir(self._path) as entries:
                for each in entries:
                    if each.name.startswith((".", "~")) or not each.name.lower().endswith(suffixes):
                        continue
                    if each.is_symlink() or not each.is_file(follow_symlinks=False):
                        continue
                    state = each.stat(follow_symlinks=False)
                    if abs(now - state.st_mtime_ns) >= fresh:  # one from the future has another clock
                        found.append(_File(path=self._path / each.name, size=state.st_size, changed=state.st_mtime_ns))
        except OSError as error:
            raise InputError(
                f"the watched folder {self._path} cannot be read: {(error.strerror or 'no such folder').lower()}",
                fix="make it, or change `watch` in config.toml",
            ) from error
        return nlargest(MOST, found, key=lambda each: (each.changed, each.path.name))


def _listed(files: Iterable[_File]) -> str:
    return "\n".join(sorted(each.stamp for each in files))


def _bytes_of(file: _File) -> bytes:
    try:
        return read_bytes(file.path, follow_links=False, limit=MAX_MAIL_BYTES)
    except InputError:
        return b""


def _mail_id(data: bytes) -> str:
    return sha256(data).hexdigest()[:32]


def _addresses(text: str) -> tuple[Address, ...]:
    return tuple(Address(email=email, name=name) for name, email in getaddresses([text]) if email)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M %z")
    except ValueError:
        return None
