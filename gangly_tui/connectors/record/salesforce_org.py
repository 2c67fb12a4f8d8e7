"""The organisation behind both doors: what it has (describe, kept for an hour), queries, one record. Reads only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from gangly_tui.connectors.record import salesforce_activity as activity
from gangly_tui.connectors.record.asked import Kept, not_understood, understood
from gangly_tui.connectors.record.salesforce_errors import Unshown
from gangly_tui.connectors.record.salesforce_map import (
    KINDS,
    OBJECTS,
    PREFIXES,
    Shape,
    as_record,
    field_schema,
    listed,
    own_names,
    quoted,
    selected,
    shape_of,
    values_of,
)
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import NotFound, Refused
from gangly_tui.domain.identity import IdentityKey, mailbox, registrable_domain
from gangly_tui.domain.records import FIELDS, Kind, ObjectSchema, Record, RecordRef

VERSION = "v62.0"
ROOT = f"/services/data/{VERSION}"
"""The API version, pinned: what an upsert answers and which fields there are depends on it."""
_IS_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


class Org:
    """Asks one organisation. Keeps nothing but what `describe` said and who is signed in."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.scope = link.scope
        self._own = own_names(link.setup.get("fields"))
        self._kept = Kept(link.now)
        self._owners: dict[str, str] = {}
        self.server_now = link.now()
        """what time it was there at the last query"""

    async def shape(self, name: str) -> Shape:
        """An object as the organisation has it."""

        async def ask() -> Shape:
            answer = await self.link.wire.read(f"{ROOT}/sobjects/{name}/describe")
            with understood("Salesforce", "its list of fields"):
                return shape_of(answer.data, self._own)

        return await self._kept.get(name, ask)

    async def shows(self, name: str) -> bool:
        """Whether the organisation shows the object to this user. Some have no Events, say: the rest still works."""
        try:
            await self.shape(name)
        except NotFound:
            if KINDS[name] is not Kind.ACTIVITY:
                raise
            return False
        return True

    def forget(self) -> None:
        """What `describe` said is not so any more: it is asked again."""
        self._kept.forget()

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The fields of a kind that the organisation has and the scope lets us read."""
        if not self.scope.read.get(kind):
            return ObjectSchema(kind=kind, fields=())
        names = (await self.shape(OBJECTS[kind][0])).names
        if kind is Kind.ACTIVITY:
            return activity.schema(self.scope, names)
        wanted = [name for name in FIELDS[kind] if name in names and self.scope.may_read(kind, name)]
        return ObjectSchema(kind=kind, fields=tuple(field_schema(kind, name, names[name]) for name in wanted))

    async def query(self, soql: str, *, deleted: bool = False) -> Mapping[str, Any]:
        """The first page of a query, as it came. `deleted` also brings what is in the recycle bin."""
        try:
            answer = await self.link.wire.read(f"{ROOT}/{'queryAll' if deleted else 'query'}", params={"q": soql})
        except Unshown:
            self.forget()
            raise
        with suppress(ValueError, KeyError):
            self.server_now = parsedate_to_datetime(answer.headers["date"])
        return page_of(answer.data)

    async def page(self, address: str) -> Mapping[str, Any]:
        """A further page. The address comes from an answer: only one of this very API is followed."""
        if not address.startswith(f"{ROOT}/query"):
            raise not_understood("Salesforce", "where the next page is")
        return page_of((await self.link.wire.read(address)).data)

    async def rows(self, soql: str, *, deleted: bool = False, most: int = 10_000) -> list[Mapping[str, Any]]:
        """The rows of a query of ours that brings few, page after page."""
        page = await self.query(soql, deleted=deleted)
        rows = list(page["records"])
        while page.get("nextRecordsUrl") and len(rows) < most:
            page = await self.page(page["nextRecordsUrl"])
            rows += page["records"]
        return rows

    async def select(self, name: str, where: str) -> list[Record]:
        """The records of an object that fit; with the fields asked anew when one of them is not shown any more."""
        try:
            return await self._select(name, where)
        except Unshown:
            return await self._select(name, where)

    async def _select(self, name: str, where: str) -> list[Record]:
        shape = await self.shape(name)
        rows = await self.rows(f"SELECT {selected(shape, self.scope)} FROM {name} WHERE {where}")
        return [self.record(row, shape) for row in rows]

    def record(self, row: Mapping[str, Any], shape: Shape) -> Record:
        """A row as the canonical record."""
        now, kind = self.link.now(), KINDS[shape.object]
        assert now.tzinfo is not None  # the Link's clock is aware
        with understood("Salesforce", f"a {kind.label}"):
            if kind is Kind.ACTIVITY:
                told = activity.values_of(row, shape.object, now)
                values = {name: told[name] for name in told if name in shape.names}
            else:
                values = values_of(row, shape, now.tzinfo)
            return as_record(row, kind, values, self.scope)

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now. Raises NotFound."""
        name = object_of(ref)
        found = await self.select(name, f"Id = {quoted(ref.id)}")
        if not found:
            raise NotFound(f"Salesforce has no {ref.kind.label} {ref.id} (any more)", fix="pull again: ctrl+r")
        return found[0]

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """By mailbox or by domain. A query reads the database itself: unlike a search, it does not lag behind."""
        if kind is Kind.CONTACT and key.mailbox and self.scope.may_read(kind, "email"):
            found = await self.select("Contact", _like_mailbox(key.mailbox))
            return [each for each in found if mailbox(each.text("email")) == key.mailbox]
        if kind is Kind.ACCOUNT and key.domain and self.scope.may_read(kind, "domain"):
            found = await self.select("Account", f"Website LIKE '%{_literal(key.domain)}%'")
            return [each for each in found if registrable_domain(each.text("domain")) == key.domain]
        return []

    async def user_id(self) -> str:
        """Who is signed in: the token answer's identity address ends in it, and userinfo says it."""

        async def ask() -> str:
            known = self.link.more.get("id", "").rpartition("/")[2]
            if not _IS_ID.fullmatch(known):
                told = (await self.link.wire.read("/services/oauth2/userinfo")).data
                known = str(told.get("user_id") or "") if isinstance(told, dict) else ""
            if not _IS_ID.fullmatch(known):
                raise not_understood("Salesforce", "who is signed in")
            return known

        return await self._kept.get("who is signed in", ask)

    async def owner_id(self, who: str) -> str:
        """The one active user of this e-mail address or name. Raises Refused."""
        if who in self._owners:
            return self._owners[who]
        by = "Email" if "@" in who else "Name"
        users = await self.rows(f"SELECT Id, Username FROM User WHERE {by} = {quoted(who)} AND IsActive = true")
        own = [each for each in users if str(each.get("Username", "")).lower() == who.lower()]
        exact = own if len(users) > 1 else users
        if len(exact) != 1:
            many = f"{len(users)} users are called {who}" if users else f"no active Salesforce user is {who}"
            fix = "name the owner by the e-mail address of their Salesforce user; yours is user_email in config.toml"
            raise Refused(many, field="owner", fix=fix)
        return self._owners.setdefault(who, str(exact[0]["Id"]))


def object_of(ref: RecordRef) -> str:
    """The object an id belongs to. Raises NotFound when it can be none of this kind."""
    name = PREFIXES.get(ref.id[:3], "")
    if not _IS_ID.fullmatch(ref.id) or KINDS.get(name) is not ref.kind:
        raise NotFound(f"Salesforce has no {ref.kind.label} {ref.id!r}", fix="pull again: ctrl+r")
    return name


def names_a(kind: Kind, identifier: str) -> bool:
    """Whether an id can be of this kind; whether it exists only Salesforce can tell."""
    return bool(_IS_ID.fullmatch(identifier)) and KINDS.get(PREFIXES.get(identifier[:3], "")) is kind


def path_of(soql: str) -> str:
    """A query as an address, for a part of a composite; "@{made.id}" in it stays as it is."""
    return f"{ROOT}/query?q={quote(soql, safe='@{}')}"


def page_of(data: Any) -> Mapping[str, Any]:
    """A page of a query. Raises Unreachable when it is none."""
    if not (isinstance(data, dict) and isinstance(data.get("records"), list) and isinstance(data.get("done"), bool)):
        raise not_understood("Salesforce", "a page of records")
    return data


def id_list(refs: Sequence[str]) -> str:
    """`Id IN (...)`."""
    return f"Id IN {listed(refs)}"


def _like_mailbox(box: str) -> str:
    """Every address that may deliver to this mailbox: with an alias behind a plus, and with Gmail's dots."""
    local, _, host = box.rpartition("@")
    if host == "gmail.com":
        spread = "%".join(_literal(each) for each in local)
        return "(" + " OR ".join(f"Email LIKE '{spread}%@{each}'" for each in ("gmail.com", "googlemail.com")) + ")"
    return f"(Email = {quoted(box)} OR Email LIKE '{_literal(local)}+%@{_literal(host)}')"


def _literal(text: str) -> str:
    """A text in a LIKE pattern that stands for itself."""
    return quoted(text)[1:-1].replace("_", "\\_").replace("%", "\\%")
