"""What a mailbox on Graph remembers: folders, messages, events, and the order in which they changed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

Row = dict[str, Any]
ME = {"displayName": "Robin Hale", "mail": "robin.hale@larkspur.example"}
FOLDERS = (
    ("inbox", "Posteingang"),
    ("sentitems", "Gesendete Elemente"),
    ("drafts", "Entwürfe"),
    ("deleteditems", "Gelöschte Elemente"),
    ("junkemail", "Junk-E-Mail"),
    ("outbox", "Postausgang"),
)
"""Well-known names, and what a German mailbox shows."""


class No(Exception):
    """A refusal: status, code, message, and headers."""

    def __init__(self, status: int, code: str, message: str = "", **headers: str) -> None:
        super().__init__(message or code)
        self.status, self.code, self.headers = status, code, headers


@dataclass
class Walk:
    """A change feed on its way: what is left to show, and how far it will have come at its end."""

    left: list[str]
    upto: int
    whole: bool


@dataclass
class Box:
    """One mailbox. `changes` is (id, the folder or calendar it left, if it left one), oldest first."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    me: Row = field(default_factory=lambda: {**ME, "userPrincipalName": ME["mail"], "id": "user-1"})
    folders: dict[str, Row] = field(default_factory=dict)
    messages: dict[str, Row] = field(default_factory=dict)
    events: dict[str, Row] = field(default_factory=dict)
    marks: dict[str, dict[str, str]] = field(default_factory=dict)
    """extended properties, by item"""
    changes: list[tuple[str, str]] = field(default_factory=list)
    walks: dict[str, Walk] = field(default_factory=dict)
    expired_before: int = 0
    """change feeds that begin before this change are answered with 410"""
    notices: list[str] = field(default_factory=list)
    """what went out to other people"""

    def __post_init__(self) -> None:
        self._numbers = count(1)
        for name, shown in FOLDERS:
            self.folder(shown, identifier=f"folder-{name}")

    def new_id(self, kind: str) -> str:
        return f"AAkALgAA-{kind}-{next(self._numbers):05}="

    def stamp(self) -> str:
        return self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    # -- making and changing

    def folder(self, shown: str, *, parent: str = "msgfolderroot", identifier: str = "") -> str:
        identifier = identifier or self.new_id("folder")
        self.folders[identifier] = {"id": identifier, "displayName": shown, "parentFolderId": parent}
        return identifier

    def touch(self, row: Row, left: str = "") -> None:
        """The item has changed; `left` is the folder it was in before."""
        self.changes.append((row["id"], left))
        row["changeKey"] = f"CK{len(self.changes):06}"
        row["lastModifiedDateTime"] = self.stamp()

    def message(self, folder: str = "folder-inbox", **fields: Any) -> Row:
        """A message as Graph holds it, put into a folder."""
        identifier = self.new_id("mail")
        row: Row = {
            "id": identifier,
            "createdDateTime": self.stamp(),
            "receivedDateTime": self.stamp(),
            "sentDateTime": self.stamp(),
            "subject": "",
            "bodyPreview": "",
            "body": {"contentType": "text", "content": ""},
            "conversationId": f"conv-{identifier}",
            "internetMessageId": f"<{identifier}@exchange.example>",
            "from": recipient(str(self.me["mail"]), str(self.me["displayName"])),
            "toRecipients": [],
            "ccRecipients": [],
            "isDraft": False,
            "isRead": False,
            "parentFolderId": folder,
        } | fields
        self.messages[identifier] = row
        self.touch(row)
        return row

    def move(self, row: Row, folder: str) -> None:
        left, row["parentFolderId"] = row["parentFolderId"], folder
        self.touch(row, left)

    def drop(self, row: Row) -> None:
        """Out of the mailbox for good."""
        (self.messages if row["id"] in self.messages else self.events).pop(row["id"])
        self.changes.append((row["id"], row.get("parentFolderId", "calendar")))

    def event(self, start: datetime, end: datetime, **fields: Any) -> Row:
        """An event as Graph holds it; `all_day` ones begin and end at midnight, in no zone."""
        identifier = self.new_id("event")
        row: Row = {
            "id": identifier,
            "createdDateTime": self.stamp(),
            "subject": "",
            "body": {"contentType": "text", "content": ""},
            "start": when(start),
            "end": when(end),
            "isAllDay": False,
            "isCancelled": False,
            "isOrganizer": True,
            "sensitivity": "normal",
            "type": "singleInstance",
            "location": {"displayName": ""},
            "attendees": [],
            "organizer": recipient(str(self.me["mail"]), str(self.me["displayName"])),
            "onlineMeeting": None,
            "transactionId": None,
        } | fields
        self.events[identifier] = row
        self.touch(row)
        return row

    def series(self, times: Iterable[tuple[datetime, datetime]], **fields: Any) -> tuple[Row, list[Row]]:
        """A series and its occurrences in the days that tests look at."""
        slots = list(times)
        master = self.event(*slots[0], type="seriesMaster", **fields)
        found = []
        for start, end in slots:
            identifier = self.new_id("event")
            row = {"id": identifier, "type": "occurrence", "seriesMasterId": master["id"]}
            row |= {"start": when(start), "end": when(end)}
            self.events[identifier] = row
            self.touch(row)
            found.append(row)
        return master, found

    # -- change feeds

    def walk(self, of: dict[str, Row], within: Callable[[Row], bool], since: int | None) -> str:
        """Begin a change feed; what it gives back names it."""
        if since is not None and since < self.expired_before:
            raise No(410, "syncStateNotFound", "The sync state generation is not found")
        if since is None:
            left = [key for key, row in of.items() if within(row)]
        else:
            left = list(dict.fromkeys(key for key, _ in self.changes[since:]))
        name = f"walk-{len(self.walks) + 1}"
        self.walks[name] = Walk(left=left, upto=len(self.changes), whole=since is None)
        return name

    def step(self, name: str, size: int) -> tuple[list[str], int | None]:
        """The next ids of a feed; at its end how far it has come."""
        walk = self.walks.get(name)
        if walk is None:
            raise No(400, "ErrorInvalidUrlQuery", "The token is malformed")
        ids, rest = walk.left[:size], walk.left[size:]
        onward = f"{name}+"
        self.walks[onward] = Walk(left=rest, upto=walk.upto, whole=walk.whole)
        return ids, None if rest else walk.upto

    def was_in(self, identifier: str, place: str, since: int) -> bool:
        """Whether a change since then took the item out of this place."""
        return (identifier, place) in self.changes[since:]


def recipient(email: str, name: str = "") -> Row:
    return {"emailAddress": {"name": name or email, "address": email}}


def when(at: datetime) -> Row:
    """A time as Graph shows it to who prefers UTC; one in no zone stays as it is."""
    at = at.astimezone(UTC) if at.tzinfo else at
    return {"dateTime": at.strftime("%Y-%m-%dT%H:%M:%S.0000000"), "timeZone": "UTC"}


def pack(**what: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(what).encode()).decode().rstrip("=")


def unpack(text: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise No(400, "ErrorInvalidUrlQuery", "The token is malformed") from None
    return told
