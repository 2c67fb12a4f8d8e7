"""The organisation behind both doors: what it has (describe, kept for an hour), queries, one record. Reads only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from gangly_tui.connectors.record import salesforce_activity as activity
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
from gangly_tui.domain.errors import NotFound, Refused, Unreachable
from gangly_tui.domain.identity import IdentityKey, mailbox, registrable_domain
from gangly_tui.domain.records import FIELDS, Kind, ObjectSchema, Record, RecordRef

VERSION = "v62.0"
ROOT = f"/services/data/{VERSION}"
"""The API version, pinned: what an upsert answers and which fields there are depends on it."""
_KEPT = timedelta(hours=1)
_IS_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_GMAIL = ("gmail.com", "googlemail.com")


class Org:
    """Asks one organisation. Keeps nothing but what `describe` said and who is signed in."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.scope = link.scope
        self._own = own_names(link.setup.get("fields"))
        self._shapes: dict[str, Shape] = {}
        self._user_id = ""
        self._owners: dict[str, str] = {}
        self.server_now = link.now()
        """what time it was there at the last query"""

    async def shape(self, name: str) -> Shape:
        """An object as the organisation has it, asked again after an hour."""
        known = self._shapes.get(name)
        now = self.link.now()
        if known is None or now - known.asked_at > _KEPT:
            answer = await self.link.wire.read(f"{ROOT}/sobjects/{name}/describe")
            try:
                known = shape_of(answer.data, self._own, now)
            except (KeyError, TypeError, AttributeError) as error:
                raise _not_understood("its list of fields") from error
            self._shapes[name] = known
        return known

    async def shows(self, name: str) -> bool:
        """Whether the organisation shows the object to this user. Some have no Events, say: the rest still works."""
        try:
            await self.shape(name)
        except NotFound:
            if KINDS[name] is not Kind.ACTIVITY:
                raise
            return False
        return True

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The fields of a kind that the organisation has and the scope lets us read."""
        wanted = [name for name in FIELDS[kind] if self.scope.may_read(kind, name)]
        if not wanted:
            return ObjectSchema(kind=kind, fields=())
        names = (await self.shape(OBJECTS[kind][0])).names
        make = activity.field_schema if kind is Kind.ACTIVITY else lambda ours, column: field_schema(kind, ours, column)
        return ObjectSchema(kind=kind, fields=tuple(make(name, names[name]) for name in wanted if name in names))

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
            raise _not_understood("where the next page is")
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
        for again in (True, False):
            shape = await self.shape(name)
            try:
                rows = await self.rows(f"SELECT {selected(shape, self.scope)} FROM {name} WHERE {where}")
            except Unshown:
                if not again:
                    raise
                continue
            return [self.record(row, shape) for row in rows]
        raise AssertionError("unreachable")  # the loop returns or raises

    def forget(self) -> None:
        """What `describe` said is not so any more: it is asked again."""
        self._shapes.clear()

    def record(self, row: Mapping[str, Any], shape: Shape) -> Record:
        """A row as the canonical record."""
        now = self.link.now()
        kind = KINDS[shape.object]
        assert now.tzinfo is not None  # the Link's clock is aware
        try:
            if kind is Kind.ACTIVITY:
                values = activity.values_of(row, shape.object, now)
                values = {name: values[name] for name in values if name in shape.names}
            else:
                values = values_of(row, shape, now.tzinfo)
            return as_record(row, kind, values, self.scope)
        except (KeyError, ValueError, TypeError, ArithmeticError) as error:
            raise _not_understood(f"a {kind.label}") from error

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now. Raises NotFound."""
        name = object_of(ref)
        found = await self.select(name, f"Id = {quoted(ref.id)}")
        if not found:
            raise NotFound(f"Salesforce has no {ref.kind.label} {ref.id} (any more)", fix="pull again: ctrl+r")
        return found[0]

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """By mailbox or by domain. A query reads the database itself: unlike a search, it does not lag behind."""
        if kind is Kind.CONTACT and key.mailbox:
            found = await self.select("Contact", _like_mailbox(key.mailbox)) if self._may("Contact", "email") else []
            return [each for each in found if mailbox(each.text("email")) == key.mailbox]
        if kind is Kind.ACCOUNT and key.domain and self._may("Account", "domain"):
            found = await self.select("Account", f"Website LIKE '%{_literal(key.domain)}%'")
            return [each for each in found if registrable_domain(each.text("domain")) == key.domain]
        return []

    def _may(self, name: str, field: str) -> bool:
        return self.scope.may_read(KINDS[name], field)

    async def user_id(self) -> str:
        """Who is signed in: the token answer's identity address ends in it, and userinfo says it."""
        self._user_id = self._user_id or self.link.more.get("id", "").rpartition("/")[2]
        if not _IS_ID.fullmatch(self._user_id):
            told = (await self.link.wire.read("/services/oauth2/userinfo")).data
            self._user_id = str(told.get("user_id") or "") if isinstance(told, dict) else ""
            if not _IS_ID.fullmatch(self._user_id):
                raise _not_understood("who is signed in")
        return self._user_id

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
        self._owners[who] = str(exact[0]["Id"])
        return self._owners[who]


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
        raise _not_understood("a page of records")
    return data


def id_list(refs: Sequence[str]) -> str:
    """`Id IN (...)`."""
    return f"Id IN {listed(refs)}"


def _like_mailbox(box: str) -> str:
    """Every address that may deliver to this mailbox: with an alias behind a plus, and with Gmail's dots."""
    local, _, host = box.rpartition("@")
    if host == "gmail.com":
        spread = "%".join(_literal(each) for each in local)
        return "(" + " OR ".join(f"Email LIKE '{spread}%@{each}'" for each in _GMAIL) + ")"
    return f"(Email = {quoted(box)} OR Email LIKE '{_literal(local)}+%@{_literal(host)}')"


def _literal(text: str) -> str:
    """A text in a LIKE pattern that stands for itself."""
    return quoted(text)[1:-1].replace("_", "\\_").replace("%", "\\%")


def _not_understood(what: str) -> Unreachable:
    return Unreachable(f"Salesforce answered {what} in a way that is not understood", fix="tell gangly's makers")
