"""Outlook mail: headers and a preview, folder by folder by their change feeds; a text when it is asked for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from gangly_tui.connectors.engagement.microsoft_folders import Folder, Round, read_folders
from gangly_tui.connectors.engagement.microsoft_graph import SYSTEM, FeedLost, Graph, Page, at, moment, people, person
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import NotFound, Refused
from gangly_tui.domain.mail import Address, Mail
from gangly_tui.domain.ports import MailPage

_KEYS: Final = (
    "id", "conversationId", "internetMessageId", "receivedDateTime", "from", "toRecipients", "ccRecipients", "subject",
    "bodyPreview", "isDraft",
)  # fmt: skip
_SELECT: Final = ",".join(_KEYS)
_PAGE: Final = ("odata.maxpagesize=100",)
_MOST_PEOPLE: Final = 200
_SNIPPET: Final = 255
_MOST_MARKUP: Final = 4_000_000
_MOST_TEXT: Final = 200_000
_MOST_LOOKS: Final = 50
"""How many reports of a failed delivery are looked at more closely in one round."""
_ROBOTS: Final = ("mailer-daemon", "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e")
_ADDRESS: Final = re.compile(r"[\w.+%'-]{1,64}@[\w-]+(?:\.[\w-]+)+")


class OutlookMail:
    """Satisfies the mail reader's protocol. Nothing is marked as read, and no text is asked for but by `body`."""

    def __init__(self, link: Link) -> None:
        self._graph = Graph(link)
        self._looks = 0
        self._known: dict[str, str] = {}

    @property
    def system(self) -> str:
        """`microsoft`."""
        return SYSTEM

    async def mails(self, since: str, oldest: datetime) -> AsyncIterator[MailPage]:
        """What changed after the cursor; the whole mailbox back to `oldest` without one that can be used."""
        folders = await read_folders(self._graph, self._known)
        going_on = Round.of(since) if since else None
        if going_on is not None and not going_on.fits(folders):
            going_on = None
        if going_on is not None:
            try:
                async for page in self._round(going_on, folders, oldest):
                    yield page
                return
            except (FeedLost, Refused):  # an old place is refused in more than one way
                pass
        whole = True
        async for page in self._round(Round(), folders, oldest):
            yield MailPage(mails=page.mails, gone=page.gone, cursor=page.cursor, whole=whole)
            whole = False

    async def _round(self, going: Round, folders: Sequence[Folder], oldest: datetime) -> AsyncIterator[MailPage]:
        """Each folder once, page by page, and at the end what is gone."""
        self._looks = 0
        own = await self._graph.own_addresses()
        for folder in folders:
            if folder.id in going.done:
                continue
            async for page in self._pages(folder, going.place_of(folder), oldest):
                mails = [mail for row in page.rows if (mail := await self._mail(row, folder, own)) is not None]
                going.note(folder, page.place, page.rows, last=page.last)
                if mails or not page.last:
                    yield MailPage(mails=tuple(mails), cursor=going.dump())
        gone = going.end()
        yield MailPage(mails=(), gone=gone, cursor=going.dump())

    def _pages(self, folder: Folder, place: str, oldest: datetime) -> AsyncIterator[Page]:
        if place:
            return self._graph.walk(place, prefer=_PAGE)
        asks = {
            "$select": _SELECT,
            "$filter": f"receivedDateTime ge {oldest.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "$orderby": "receivedDateTime desc",
        }
        return self._graph.walk(at("/me/mailFolders", folder.id, "/messages/delta"), asks, prefer=_PAGE)

    async def _mail(self, row: Mapping[str, Any], folder: Folder, own: frozenset[str]) -> Mail | None:
        """A row as a mail; None for one that is gone, is a draft, or was only read or flagged."""
        if "@removed" in row or not row.get("id") or not any(each in row for each in _KEYS[1:]):
            return None
        if "receivedDateTime" not in row:  # a change may be told by what has changed alone
            try:
                row = await self._graph.get(at("/me/messages", row["id"]), {"$select": _SELECT})
            except NotFound:
                return None
        if row.get("isDraft"):
            return None
        try:
            when = moment(row.get("receivedDateTime"))
        except ValueError:
            return None
        name, email = person(row.get("from"))
        failed = await self._failed(row, email, own)
        to = [Address(email=each) for each in failed] or _addresses(row.get("toRecipients"))
        return Mail(
            id=str(row["id"]),
            system=SYSTEM,
            thread_id=str(row.get("conversationId") or ""),
            message_id=str(row.get("internetMessageId") or "").strip()[:1_000],
            at=when,
            sender=Address(email=email, name=name),
            to=tuple(to),
            cc=() if failed else tuple(_addresses(row.get("ccRecipients"))),
            subject=str(row.get("subject") or "")[:1_000],
            snippet=" ".join(str(row.get("bodyPreview") or "").split())[:_SNIPPET],
            folders=folder.names,
            outgoing=folder.sent or email.lower() in own,
            bounced=bool(failed),
        )

    async def _failed(self, row: Mapping[str, Any], sender: str, own: frozenset[str]) -> list[str]:
        """Whom a mail of the rep's did not reach, when this is a report of that; else nobody."""
        robot = sender.partition("@")[0].lower()
        if robot not in (*_ROBOTS, "postmaster") or self._looks >= _MOST_LOOKS:
            return []
        self._looks += 1
        try:
            told = await self._graph.get(at("/me/messages", row["id"]), {"$select": "internetMessageHeaders"})
        except NotFound:
            return []
        rows = told.get("internetMessageHeaders")
        rows = rows if isinstance(rows, list) else []
        headers = {str(each.get("name")).lower(): str(each.get("value")) for each in rows if isinstance(each, dict)}
        kind = headers.get("content-type", "").lower()
        if "delivery-status" not in kind and not (robot in _ROBOTS and not kind):
            return []
        named = headers.get("x-failed-recipients", "") or str(row.get("bodyPreview") or "")
        found = [each for each in _ADDRESS.findall(named[:2_000]) if each.lower() not in {*own, sender.lower()}]
        return list(dict.fromkeys(found))[:_MOST_PEOPLE]

    async def body(self, mail_id: str) -> str:
        """The text of a message, HTML rendered as text. Raises NotFound."""
        if not mail_id or set(mail_id) & set("/?#"):
            raise NotFound("it is not in the mailbox any more")
        told = await self._graph.get(
            at("/me/messages", mail_id), {"$select": "body"}, prefer=('outlook.body-content-type="html"',)
        )
        body = told.get("body")
        body = body if isinstance(body, dict) else {}
        content = str(body.get("content") or "")[:_MOST_MARKUP]
        if str(body.get("contentType") or "").lower() == "html":
            from gangly_tui.connectors.engagement.mail_file import page_text

            content = await asyncio.to_thread(page_text, content)
        text = content.replace("\r\n", "\n").replace("\r", "\n").strip()
        return text if len(text) <= _MOST_TEXT else text[:_MOST_TEXT].rstrip() + "\n[...]"


def _addresses(rows: object) -> list[Address]:
    return [Address(email=email, name=name) for name, email in people(rows, _MOST_PEOPLE) if name or email]
