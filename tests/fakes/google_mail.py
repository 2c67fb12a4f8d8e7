"""The fake Google's mailbox: messages and threads, labels, drafts that become mails, a history that is forgotten."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses
from functools import cached_property
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.google_rules import No, page_of

SYSTEM = ("INBOX", "SENT", "DRAFT", "UNREAD", "STARRED", "IMPORTANT", "SPAM", "TRASH", "CATEGORY_PROMOTIONS")
LARGE = 100_000
"""A text of more bytes is kept apart, as an attachment is."""


@dataclass(kw_only=True)
class Held:
    """One message as the mailbox keeps it. `raw` is the message itself; `size` what it claims, for a large one."""

    id: str
    thread: str
    raw: bytes
    labels: list[str]
    at: datetime
    history: int
    size: int = 0

    @cached_property
    def message(self) -> EmailMessage:
        """To look at."""
        return self.parsed()

    def parsed(self) -> EmailMessage:
        """To change."""
        found = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


@dataclass
class MailRows:
    """One mailbox. `lag` hides what is younger from its search; `own_ids` lets sending replace a Message-ID."""

    email: str
    now: Callable[[], datetime]
    lag: timedelta = timedelta()
    own_ids: bool = False
    kept_since: int = 0
    """the oldest place in the history that is still known"""
    labels: dict[str, str] = field(default_factory=lambda: {each: each for each in SYSTEM})
    messages: dict[str, Held] = field(default_factory=dict)
    drafts: dict[str, str] = field(default_factory=dict)
    between: Callable[[], None] = lambda: None
    sent: list[str] = field(default_factory=list)
    """the ids of what has left for the world"""

    def __post_init__(self) -> None:
        self._ids = count(0x18F0000000000001)
        self.history = 1_000
        self.records: list[dict[str, Any]] = []

    # -- behind one's back

    def put(
        self, sender: str, to: str, subject: str, body: str = "Hello.", *, at: datetime | None = None, **more: Any
    ) -> Held:
        """A message that arrives, or that the rep has sent. `more`: cc, answers, page, headers, labels, thread."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        for name, value in {
            "Cc": more.get("cc"),
            "In-Reply-To": more.get("answers"),
            **more.get("headers", {}),
        }.items():
            if value:
                message[name] = value
        if not message["Message-ID"]:
            message["Message-ID"] = f"<m{len(self.messages)}@example.org>"
        message["Date"] = format_datetime(at or self.now())
        message.set_content(body)
        if page := more.get("page"):
            message.add_alternative(page, subtype="html")
        mine = ["SENT"] if self.email in sender else ["INBOX", "UNREAD"]
        return self.keep(message.as_bytes(), more.get("labels", mine), at or self.now(), thread=more.get("thread", ""))

    def keep(self, raw: bytes, labels: list[str], at: datetime, *, thread: str = "", size: int = 0) -> Held:
        """A message as it is."""
        identifier = f"{next(self._ids):x}"
        held = Held(
            id=identifier, thread=thread or identifier, raw=raw, labels=list(labels), at=at, history=0, size=size
        )
        self.messages[identifier] = held
        self._note(held, "messagesAdded")
        return held

    def label(self, held: Held, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        held.labels = [*(each for each in held.labels if each not in remove), *add]
        if add:
            self._note(held, "labelsAdded", labelIds=list(add))
        if remove:
            self._note(held, "labelsRemoved", labelIds=list(remove))

    def delete(self, identifier: str) -> None:
        """For good."""
        self._note(self.messages.pop(identifier), "messagesDeleted")

    def edit(self, draft: str, **headers: str) -> None:
        """The rep changes a draft in Gmail: it is another message then."""
        old = self.messages[self.drafts[draft]]
        message = old.parsed()
        for name, value in headers.items():
            del message[name]
            message[name] = value
        self.delete(old.id)
        self.drafts[draft] = self.keep(message.as_bytes(), ["DRAFT"], self.now(), thread=old.thread).id

    def _note(self, held: Held, what: str, **more: Any) -> None:
        self.history += 7
        held.history = self.history
        named = {"id": held.id, "threadId": held.thread, "labelIds": list(held.labels)}
        self.records.append({"id": str(self.history), what: [{"message": named, **more}]})

    # -- the wire

    def answer(self, method: str, parts: list[str], query: str, body: Any) -> tuple[int, Any]:
        asked = parse_qs(query, keep_blank_values=True)
        match [method, *parts]:
            case ["GET", "profile"]:
                total = len(self.messages)
                return 200, {"emailAddress": self.email, "messagesTotal": total, "historyId": str(self.history)}
            case ["GET", "labels"]:
                user = {each: "system" if each in SYSTEM else "user" for each in self.labels}
                return 200, {"labels": [{"id": i, "name": name, "type": user[i]} for i, name in self.labels.items()]}
            case ["GET", "messages"]:
                return 200, self._list(asked)
            case ["GET", "messages", identifier]:
                return 200, self._shown(self._one(identifier), asked)
            case ["GET", "messages", identifier, "attachments", part]:
                data = dict(leaves(self._one(identifier).message))[part].get_payload(decode=True)
                return 200, {"size": len(data), "data": _coded(data)}
            case ["GET", "history"]:
                return 200, self._history(asked)
            case [_, "drafts", *rest]:
                return self._drafts(method, rest, asked, body)
        raise No(404, "notFound", "Requested entity was not found.")

    def _one(self, identifier: str) -> Held:
        if not re.fullmatch(r"[0-9a-f]{1,16}", identifier):
            raise No(400, "invalidArgument", "Invalid id value")
        if identifier not in self.messages:
            raise No(404, "notFound", "Requested entity was not found.")
        return self.messages[identifier]

    def _list(self, asked: Mapping[str, list[str]]) -> dict[str, Any]:
        wanted = set(asked.get("labelIds", []))
        found = [each for each in self.messages.values() if wanted <= set(each.labels)]
        found = [each for each in found if not {"SPAM", "TRASH"} & set(each.labels)]
        found = sorted(self._searched(found, asked.get("q", [""])[0]), key=lambda each: each.at, reverse=True)
        size, token = int(asked.get("maxResults", ["100"])[0]), asked.get("pageToken", [""])[0]
        rows, after = page_of(found, size, token)
        told: dict[str, Any] = {"resultSizeEstimate": min(len(found), 201)}
        if rows:
            told["messages"] = [{"id": each.id, "threadId": each.thread} for each in rows]
        self.between()
        return {**told, "nextPageToken": after} if after else told

    def _searched(self, found: list[Held], search: str) -> list[Held]:
        for term in search.split():
            match term.partition(":"):
                case ["after", _, seconds]:
                    found = [each for each in found if each.at.timestamp() >= int(seconds)]
                case ["-in", _, "drafts"]:
                    found = [each for each in found if "DRAFT" not in each.labels]
                case ["-in", _, "chats"]:
                    pass
                case ["rfc822msgid", _, named]:
                    indexed = [each for each in found if self.now() - each.at >= self.lag]
                    found = [each for each in indexed if str(each.message["Message-ID"]).strip("<> ") == named]
                case _:
                    raise AssertionError(f"a search that this mailbox does not know: {term}")
        return found

    def _history(self, asked: Mapping[str, list[str]]) -> dict[str, Any]:
        since = int(asked["startHistoryId"][0])
        if since < self.kept_since or since > self.history:
            raise No(404, "notFound", "Requested entity was not found.")
        names = {"messageAdded": "messagesAdded", "messageDeleted": "messagesDeleted"}
        names |= {"labelAdded": "labelsAdded", "labelRemoved": "labelsRemoved"}
        wanted = {names[each] for each in asked["historyTypes"]}
        found = [each for each in self.records if int(each["id"]) > since and wanted & set(each)]
        rows, after = page_of(found, int(asked["maxResults"][0]), asked.get("pageToken", [""])[0])
        told: dict[str, Any] = {"historyId": str(self.history)}
        if rows:
            told["history"] = rows
        return {**told, "nextPageToken": after} if after else told

    def _shown(self, held: Held, asked: Mapping[str, list[str]]) -> dict[str, Any]:
        how = asked.get("format", ["full"])[0]
        told: dict[str, Any] = {
            "id": held.id,
            "threadId": held.thread,
            "labelIds": list(held.labels),
            "snippet": html.escape(_first_line(held.message)),
            "sizeEstimate": held.size or len(held.raw),
            "historyId": str(held.history),
            "internalDate": str(int(held.at.timestamp() * 1000)),
        }
        if how == "minimal":
            return told
        measured = "body/size" in asked.get("fields", [""])[0]
        payload = _payload(held.message, bare=how == "metadata", measured=measured)
        if named := {each.lower() for each in asked.get("metadataHeaders", [])}:
            payload["headers"] = [each for each in payload["headers"] if each["name"].lower() in named]
        return {**told, "payload": payload}

    # -- drafts

    def _drafts(self, method: str, rest: list[str], asked: Mapping[str, list[str]], body: Any) -> tuple[int, Any]:
        match [method, *rest]:
            case ["GET"]:
                held = [(draft, self.messages[each]) for draft, each in self.drafts.items()]
                searched = self._searched([each for _, each in held], asked.get("q", [""])[0])
                held = sorted((each for each in held if each[1] in searched), key=lambda each: each[1].at, reverse=True)
                rows = held[: int(asked.get("maxResults", ["100"])[0])]
                told = [{"id": draft, "message": {"id": each.id, "threadId": each.thread}} for draft, each in rows]
                return 200, {"resultSizeEstimate": len(held), **({"drafts": told} if told else {})}
            case ["POST"]:
                made = self._drafted(body["message"])
                return 200, {"id": made, "message": self._named(self.messages[self.drafts[made]])}
            case ["POST", "send"]:
                return 200, self._send(body["id"])
            case ["GET", draft]:
                return 200, {"id": draft, "message": self._shown(self._draft(draft), asked)}
            case ["DELETE", draft]:
                self.delete(self._draft(draft).id)
                del self.drafts[draft]
                return 204, None
        raise No(404, "notFound", "Requested entity was not found.")

    def _draft(self, draft: str) -> Held:
        if draft not in self.drafts:
            raise No(404, "notFound", "Requested entity was not found.")
        return self.messages[self.drafts[draft]]

    def _drafted(self, given: Mapping[str, Any]) -> str:
        raw = base64.urlsafe_b64decode(given["raw"])
        message = message_from_bytes(raw, policy=policy.default)
        if any("@" not in each for _, each in getaddresses([str(message["To"] or "a@b")])):
            raise No(400, "invalidArgument", "Invalid To header")
        thread = given.get("threadId", "")
        if thread and not any(each.thread == thread for each in self.messages.values()):
            raise No(404, "notFound", "Requested entity was not found.")
        held = self.keep(f"From: {self.email}\r\n".encode() + raw, ["DRAFT"], self.now(), thread=thread)
        draft = f"r-{int(held.id, 16) % 10**15}"
        self.drafts[draft] = held.id
        return draft

    def _send(self, draft: str) -> dict[str, Any]:
        held = self._draft(draft)
        message = held.parsed()
        if self.own_ids:
            own = f"<CA{held.id}@mail.gmail.com>"
            message.replace_header("Message-ID", own)
        self.delete(held.id)
        del self.drafts[draft]
        sent = self.keep(message.as_bytes(), ["SENT"], self.now(), thread=held.thread)
        self.sent.append(sent.id)
        return self._named(sent)

    def _named(self, held: Held) -> dict[str, Any]:
        return {"id": held.id, "threadId": held.thread, "labelIds": list(held.labels)}


def leaves(message: EmailMessage, number: str = "") -> list[tuple[str, EmailMessage]]:
    """The parts that hold something, each with its number."""
    if not message.is_multipart():
        return [(f"part-{number or '0'}", message)]
    found = []
    for at, each in enumerate(message.iter_parts()):
        assert isinstance(each, EmailMessage)
        found += leaves(each, f"{number}.{at}" if number else str(at))
    return found


def _payload(message: EmailMessage, *, bare: bool, measured: bool = False, number: str = "") -> dict[str, Any]:
    headers = [{"name": name, "value": str(value)} for name, value in message.items()]
    told: dict[str, Any] = {
        "partId": number,
        "mimeType": message.get_content_type(),
        "filename": message.get_filename() or "",
        "headers": headers,
    }
    if bare:
        return told
    if message.is_multipart():
        told["body"] = {"size": 0}
        told["parts"] = [
            _payload(each, bare=False, measured=measured, number=f"{number}.{at}" if number else str(at))
            for at, each in enumerate(message.iter_parts())
            if isinstance(each, EmailMessage)
        ]
        return told
    data = message.get_payload(decode=True)
    assert isinstance(data, bytes)
    told["body"] = {"size": len(data)}
    if not measured and (told["filename"] or len(data) > LARGE):
        told["body"]["attachmentId"] = f"part-{number or '0'}"
    elif not measured:
        told["body"]["data"] = _coded(data)
    return told


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def _first_line(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    if body is None:
        return ""
    text = str(body.get_content()).strip()
    return text.splitlines()[0][:200] if text else ""
