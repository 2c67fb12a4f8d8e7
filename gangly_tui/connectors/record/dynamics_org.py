"""The organisation behind both doors: what it has (metadata, kept for an hour), queries, one record. Reads only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from gangly_tui.connectors.record import dynamics_activity as activity
from gangly_tui.connectors.record.dynamics_map import (
    ANNOTATIONS,
    GUID,
    OF_KIND,
    TABLES,
    Shape,
    Table,
    field_schema,
    options_of,
    own_names,
    selected,
    shape_of,
    wanted_columns,
)
from gangly_tui.connectors.record.dynamics_values import Lookups, as_record, quoted, values_of
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import NotFound, Refused, Unreachable
from gangly_tui.domain.identity import IdentityKey, mailbox, registrable_domain
from gangly_tui.domain.records import FIELDS, Kind, ObjectSchema, Record, RecordRef

VERSION = "v9.2"
ROOT = f"/api/data/{VERSION}"
PAGE = 2_000
"""Rows of a page; Dataverse gives 5,000 at most."""
PAGE_OF_TEXTS = 500
"""Of activities fewer: each may hold a megabyte of text."""
_KEPT = timedelta(hours=1)
_USER = "systemusers?$select=systemuserid,internalemailaddress,fullname,isdisabled"
_CURRENCY = "transactioncurrencies?$select=transactioncurrencyid,isocurrencycode"


class Org:
    """Asks one organisation. Keeps nothing but what the metadata said and what ids of users and currencies mean."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.scope = link.scope
        self._own = own_names(link.setup.get("fields"))
        self._shapes: dict[str, Shape] = {}
        self._known: Lookups | None = None
        self._users: list[Mapping[str, Any]] = []
        self._lock = asyncio.Lock()

    async def get(self, path: str, *, prefer: str = "") -> Mapping[str, Any]:
        """One answer. `path` is below the API's root, with its query."""
        prefers = ",".join(filter(None, (prefer, f'odata.include-annotations="{ANNOTATIONS}"')))
        answer = await self.link.wire.read(f"{ROOT}/{path}", headers={"Prefer": prefers})
        if not isinstance(answer.data, dict):
            raise not_understood("something that is no record")
        return answer.data

    async def page(self, path: str, *, prefer: str = "", size: int = PAGE_OF_TEXTS) -> Mapping[str, Any]:
        """One page of a list. Raises Unreachable when it is none."""
        told = await self.get(path, prefer=",".join(filter(None, (prefer, f"odata.maxpagesize={size}"))))
        if not isinstance(told.get("value"), list):
            raise not_understood("a list of records")
        return told

    async def rows(self, path: str, *, most: int = 10_000) -> list[Mapping[str, Any]]:
        """The rows of a query that brings few, page after page."""
        page = await self.page(path)
        rows = list(page["value"])
        while (link := page.get("@odata.nextLink")) and len(rows) < most:
            page = await self.page(below_root(link))
            rows += page["value"]
        return rows

    async def shape(self, table: Table) -> Shape:
        """A table as the organisation has it, asked again after an hour."""
        known, now = self._shapes.get(table.name), self.link.now()
        if known is None or now - known.asked_at > _KEPT:
            base = f"EntityDefinitions(LogicalName='{table.name}')/Attributes"
            names = " or ".join(f"LogicalName eq '{each}'" for each in sorted(wanted_columns(table, self._own)))
            where = f"$filter=IsCustomAttribute eq true or {names}"
            picks = f"{base}/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&{where}"
            told, choices = await asyncio.gather(
                self.get(f"{base}?{where}"), self.get(f"{picks}&$expand=OptionSet,GlobalOptionSet")
            )
            try:
                options = {each["LogicalName"]: options_of(each) for each in choices["value"]}
                known = shape_of(table, told["value"], options, self._own, now)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise not_understood("its list of columns") from error
            self._shapes[table.name] = known
        return known

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The fields of a kind that the organisation has and the scope lets us read."""
        wanted = [name for name in FIELDS[kind] if self.scope.may_read(kind, name)]
        if not wanted:
            return ObjectSchema(kind=kind, fields=())
        if kind is Kind.ACTIVITY:
            columns = (await self.shape(TABLES["appointment"])).names
            return ObjectSchema(kind=kind, fields=tuple(activity.field_schema(each, columns) for each in wanted))
        names = (await self.shape(OF_KIND[kind][0])).names
        fields = tuple(field_schema(kind, name, names[name]) for name in wanted if name in names)
        return ObjectSchema(kind=kind, fields=fields)

    async def known(self, *, fresh: bool = False) -> Lookups:
        """What the ids of users and currencies stand for; a user who may not see them reads names instead."""
        async with self._lock:
            if self._known is None or fresh:
                users, currencies = await asyncio.gather(self._all(_USER), self._all(_CURRENCY))
                here = self.link.now().tzinfo
                assert here is not None  # the Link's clock is aware
                self._users = users
                self._known = Lookups(
                    users={
                        each["systemuserid"]: each.get("internalemailaddress") or each.get("fullname") or ""
                        for each in users
                    },
                    currencies={each["transactioncurrencyid"]: each["isocurrencycode"] for each in currencies},
                    here=here,
                )
            return self._known

    async def _all(self, path: str) -> list[Mapping[str, Any]]:
        try:
            return await self.rows(path)
        except (Refused, NotFound):
            return []

    async def owner_id(self, who: str) -> str:
        """The one enabled user of this e-mail address or name. Raises Refused."""
        column = "internalemailaddress" if "@" in who else "fullname"
        for fresh in (False, True):
            await self.known(fresh=fresh)
            found = [each for each in self._users if (each.get(column) or "").lower() == who.lower()]
            found = [each for each in found if not each.get("isdisabled")]
            if len(found) == 1:
                return str(found[0]["systemuserid"])
        said = f"{len(found)} users are called {who}" if found else f"no enabled Dynamics user is {who}"
        raise Refused(said, field="owner", fix="name the owner by the e-mail address of their Dynamics user")

    async def record(self, row: Mapping[str, Any], shape: Shape) -> Record:
        """A row as the canonical record."""
        known = await self.known()
        try:
            if shape.table.kind is Kind.ACTIVITY:
                values = activity.values_of(row, shape, known)
                if shape.table.parties and shape.table.parties not in row:  # an answer to a write lists no people
                    del values["contacts"]
            else:
                values = values_of(row, shape, known)
            return as_record(row, shape.table, values, self.scope, known)
        except (KeyError, ValueError, TypeError, ArithmeticError) as error:
            raise not_understood(f"a {shape.table.name}") from error

    async def columns(self, table: Table) -> str:
        """What a query of this table asks for: the columns in scope, and its people where they are."""
        shape = await self.shape(table)
        query = f"$select={selected(shape, self.scope)}"
        if table.parties and self.scope.may_read(Kind.ACTIVITY, "contacts"):
            query += f"&$expand={table.parties}($select=_partyid_value,participationtypemask)"
        return query

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now. Raises NotFound."""
        table, identifier = place_of(ref)
        row = await self.get(f"{table.set}({identifier})?{await self.columns(table)}")
        return await self.record(row, await self.shape(table))

    async def select(self, table: Table, where: str) -> list[Record]:
        """The records of a table that fit."""
        shape = await self.shape(table)
        rows = await self.rows(f"{table.set}?{await self.columns(table)}&$filter={where}")
        return [await self.record(row, shape) for row in rows]

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """By mailbox or by domain. A filter reads the database itself: unlike a search, it does not lag behind."""
        if kind is Kind.CONTACT and key.mailbox and self.scope.may_read(kind, "email"):
            found = await self.select(TABLES["contact"], _same_mailbox(key.mailbox))
            return [each for each in found if mailbox(each.text("email")) == key.mailbox]
        if kind is Kind.ACCOUNT and key.domain and self.scope.may_read(kind, "domain"):
            found = await self.select(TABLES["account"], f"contains(websiteurl,{quoted(key.domain)})")
            return [each for each in found if registrable_domain(each.text("domain")) == key.domain]
        return []


def place_of(ref: RecordRef) -> tuple[Table, str]:
    """The table and the row that a ref names. Raises NotFound when it can be none of this kind."""
    name, identifier = ref.kind.value, ref.id
    if ref.kind is Kind.ACTIVITY:
        name, _, identifier = ref.id.partition("-")
    table = TABLES.get(name)
    if table is None or table.kind is not ref.kind or not GUID.fullmatch(identifier):
        raise NotFound(f"Dynamics has no {ref.kind.label} {ref.id!r}", fix="pull again: ctrl+r")
    return table, identifier


def names_a(_: Kind, identifier: str) -> bool:
    """Whether an id can be one of Dynamics; whether it exists only Dynamics can tell."""
    return bool(GUID.fullmatch(identifier))


def below_root(link: str) -> str:
    """A next or delta link as a path below the API's root: it is never followed to another host."""
    parts = urlsplit(link)
    before, root, path = parts.path.partition(f"{ROOT}/")
    if before or not root:
        raise not_understood("where its next page is")
    return f"{path}?{parts.query}"


def not_understood(what: str) -> Unreachable:
    """An answer that is not what Dataverse answers."""
    return Unreachable(f"Dynamics answered {what} in a way that is not understood", fix="tell gangly's makers")


def _same_mailbox(box: str) -> str:
    """Every address that may deliver to this mailbox: with an alias behind a plus, and with Gmail's dots."""
    local, _, host = box.rpartition("@")
    if host == "gmail.com":
        hosts = " or ".join(f"endswith(emailaddress1,'@{each}')" for each in ("gmail.com", "googlemail.com"))
        return f"startswith(emailaddress1,{quoted(local[:1])}) and ({hosts})"
    alias = f"startswith(emailaddress1,{quoted(local + '+')}) and endswith(emailaddress1,{quoted('@' + host)})"
    return f"emailaddress1 eq {quoted(box)} or ({alias})"
