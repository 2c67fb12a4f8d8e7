"""The rep's own Gmail as a source of mails: headers and snippets, newest first; then what its history says.

A message costs 5 of the 250 units that Gmail gives a person each second, in a batch or alone: the pace keeps within
them, and a batch would bring nothing but larger answers. `gmail.metadata` would do for headers, but not for a body when
a brief needs one, nor for looking only as far back as is asked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from gangly_tui.connectors.engagement.google_client import SYSTEM, Expired, Google, table, tables, text, texts
from gangly_tui.connectors.engagement.google_message import HEADERS, NO_FOLDERS, labels_of, mail_of, text_of
from gangly_tui.domain.errors import NotFound
from gangly_tui.domain.mail import Mail
from gangly_tui.domain.ports import MailPage

PAGE: Final = 100
HISTORY_PAGE: Final = 100
AT_ONCE: Final = 8
"""Messages that are asked for at the same time."""
_WHAT: Final = ("messageAdded", "messageDeleted", "labelAdded", "labelRemoved")
_ONE = TypeVar("_ONE")
_FOUND = TypeVar("_FOUND")


class GoogleMail:
    """Satisfies the mail reader's protocol."""

    def __init__(self, google: Google) -> None:
        self._google = google

    @property
    def system(self) -> str:
        """`google`."""
        return SYSTEM

    async def mails(self, since: str, oldest: datetime) -> AsyncIterator[MailPage]:
        """What changed after the cursor, or everything not older than `oldest`. An expired history begins anew."""
        kept = _kept(since)
        labels = labels_of(await self._google.read((await self._users()).labels().list, userId="me"))
        try:
            if kept.get("page") is not None:
                async for page in self._all(labels, kept):
                    yield page
                return
            if kept.get("history"):
                async for page in self._changes(labels, kept["history"], oldest):
                    yield page
                return
        except (Expired, NotFound):  # Gmail keeps a history for about a week, and a page for less
            pass
        async for page in self._all(labels, {"after": str(int(oldest.timestamp())), "page": ""}):
            yield page

    async def body(self, mail_id: str) -> str:
        """The text of a message, HTML rendered as text. Raises NotFound, Refused for one that is too long."""
        return await text_of(self._google, mail_id)

    async def _users(self) -> Any:
        return (await self._google.api("gmail")).users()

    async def _all(self, labels: dict[str, str], place: dict[str, str]) -> AsyncIterator[MailPage]:
        """Everything, newest first. The history is noted before the first page, so what comes meanwhile is not lost."""
        users = await self._users()
        whole = not place["page"]
        history = place.get("history") or text(await self._google.read(users.getProfile, userId="me"), "historyId")
        asked = {"userId": "me", "maxResults": PAGE, "q": f"after:{place['after']} -in:drafts -in:chats"}
        first = {"pageToken": place["page"]} if place["page"] else {}
        async for page in self._google.pages(users.messages().list, **asked, **first):
            found = await self._mails([text(each, "id", 100) for each in tables(page, "messages")], labels)
            token = text(page, "nextPageToken")
            onward = {"history": history, "after": place["after"], "page": token} if token else {"history": history}
            mails = tuple(each for each in found.values() if each is not None)
            yield MailPage(mails=mails, cursor=json.dumps(onward), whole=whole)
            whole = False

    async def _changes(self, labels: dict[str, str], since: str, oldest: datetime) -> AsyncIterator[MailPage]:
        """What the history says. A place in it is the number of the last record that was taken in."""
        users = await self._users()
        async for page in self._google.pages(
            users.history().list, userId="me", startHistoryId=since, historyTypes=list(_WHAT), maxResults=HISTORY_PAGE
        ):
            records = tables(page, "history")
            changed, gone = _changed(records)
            found = await self._mails([each for each in changed if each not in gone], labels)
            gone |= {identifier for identifier, mail in found.items() if mail is None}
            mails = tuple(each for each in found.values() if each is not None and each.at >= oldest)
            last = (
                text(page, "historyId") if not page.get("nextPageToken") else text(records[-1], "id") if records else ""
            )
            since = last or since
            yield MailPage(mails=mails, gone=tuple(sorted(gone)), cursor=json.dumps({"history": since}))

    async def _mails(self, ids: Sequence[str], labels: dict[str, str]) -> dict[str, Mail | None]:
        """The mails of these ids; None for one that is gone, or is none that is kept."""
        messages = (await self._users()).messages()

        async def one(identifier: str) -> Mail | None:
            try:
                message = await self._google.read(
                    messages.get, userId="me", id=identifier, format="metadata", metadataHeaders=list(HEADERS)
                )
            except NotFound:
                return None
            return mail_of(message, labels)

        wanted = [each for each in dict.fromkeys(ids) if each]
        return dict(zip(wanted, await few_at_once(one, wanted), strict=True))


async def few_at_once(ask: Callable[[_ONE], Awaitable[_FOUND]], each_of: Iterable[_ONE]) -> list[_FOUND]:
    """The answers in the order of the questions, a few asked at a time. The first error ends all of them."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def in_turn(one: _ONE) -> _FOUND:
        async with turn:
            return await ask(one)

    tasks = [asyncio.ensure_future(in_turn(each)) for each in each_of]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _changed(records: Sequence[Any]) -> tuple[list[str], set[str]]:
    """The ids of messages to look at, and of those that are gone for good. That one was read moves nothing."""
    changed: list[str] = []
    gone: set[str] = set()
    for record in records:
        for added in tables(record, "messagesAdded"):
            changed.append(text(table(added, "message"), "id", 100))
        for name in ("labelsAdded", "labelsRemoved"):
            for each in tables(record, name):
                if not set(texts(each, "labelIds")) <= NO_FOLDERS:
                    changed.append(text(table(each, "message"), "id", 100))
        gone |= {text(table(each, "message"), "id", 100) for each in tables(record, "messagesDeleted")}
    return changed, gone - {""}


def _kept(since: str) -> dict[str, str]:
    """A cursor of ours; {} for none, or for one that is damaged."""
    try:
        kept = json.loads(since) if since else {}
    except ValueError:
        return {}
    if not isinstance(kept, dict) or not all(isinstance(each, str) for each in kept.values()):
        return {}
    return kept if "page" not in kept or kept.get("after", "").isdecimal() else {}
