"""The organisation behind both doors: what it has (metadata, kept for an hour), queries, one record. Reads only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from gangly_tui.connectors.record import dynamics_activity as activity
from gangly_tui.connectors.record.asked import Kept, not_understood, understood
from gangly_tui.connectors.record.described import Shape, activity_schema, schema_of
from gangly_tui.connectors.record.dynamics_map import (
    GUID,
    LOCKED,
    NAME_OF,
    OF_KIND,
    TABLE_OF,
    TABLES,
    Lookups,
    Table,
    as_record,
    own_names,
    quoted,
    selected,
    shape_of,
    values_of,
)
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import NotFound, Refused
from gangly_tui.domain.identity import IdentityKey, mailbox, registrable_domain
from gangly_tui.domain.records import Kind, ObjectSchema, Record, RecordRef

VERSION = "v9.2"
ROOT = f"/api/data/{VERSION}"
PAGE = 2_000
"""Rows of a page; Dataverse gives 5,000 at most."""
PAGE_OF_TEXTS = 500
"""Of activities fewer: each may hold a megabyte of text."""
ANNOTATIONS = f'odata.include-annotations="{NAME_OF[1:]},{TABLE_OF[1:]}"'
_USER = "systemusers?$select=systemuserid,internalemailaddress,fullname,isdisabled"
_CURRENCY = "transactioncurrencies?$select=transactioncurrencyid,isocurrencycode"


class Org:
    """Asks one organisation. Keeps nothing but what the metadata said and what ids of users and currencies mean."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.scope = link.scope
        self._own = own_names(link.setup.get("fields"))
        self._kept = Kept(link.now)

    async def get(self, path: str, *, prefer: str = "") -> Mapping[str, Any]:
        """One answer. `path` is below the API's root, with its query."""
        prefers = ",".join(filter(None, (prefer, ANNOTATIONS)))
        answer = await self.link.wire.read(f"{ROOT}/{path}", headers={"Prefer": prefers})
        if not isinstance(answer.data, dict):
            raise not_understood("Dynamics", "something that is no record")
        return answer.data

    async def page(self, path: str, *, prefer: str = "", size: int = PAGE_OF_TEXTS) -> Mapping[str, Any]:
        """One page of a list. Raises Unreachable when it is none."""
        told = await self.get(path, prefer=",".join(filter(None, (prefer, f"odata.maxpagesize={size}"))))
        if not isinstance(told.get("value"), list):
            raise not_understood("Dynamics", "a list of records")
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
        """A table as the organisation has it."""

        async def ask() -> Shape:
            base = f"EntityDefinitions(LogicalName='{table.name}')/Attributes"
            wanted = {each for names in table.fields.values() for each in names if not each.startswith("*")}
            wanted |= {each for (kind, _), each in self._own.items() if kind is table.kind}
            where = " or ".join(
                ["$filter=IsCustomAttribute eq true", *(f"LogicalName eq '{each}'" for each in sorted(wanted))]
            )
            picks = f"{base}/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&{where}"
            told, choices = await asyncio.gather(
                self.get(f"{base}?{where}"), self.get(f"{picks}&$expand=OptionSet,GlobalOptionSet")
            )
            with understood("Dynamics", "its list of columns"):
                return shape_of(table, told["value"], choices["value"], self._own)

        return await self._kept.get(table.name, ask)

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The fields of a kind that the organisation has and the scope lets us read."""
        if not self.scope.read.get(kind):
            return ObjectSchema(kind=kind, fields=())
        if kind is Kind.ACTIVITY:
            names = (await self.shape(TABLES["appointment"])).names
            return activity_schema(self.scope, tuple(activity.TABLE_FOR), activity.lengths(names))
        return schema_of(kind, self.scope, (await self.shape(OF_KIND[kind][0])).names, LOCKED)

    async def known(self, *, fresh: bool = False) -> Lookups:
        """What the ids of users and currencies stand for; a user who may not see them reads names instead."""

        async def all_of(path: str) -> list[Mapping[str, Any]]:
            try:
                return await self.rows(path)
            except (Refused, NotFound):
                return []

        async def ask() -> Lookups:
            users, currencies = await asyncio.gather(all_of(_USER), all_of(_CURRENCY))
            here = self.link.now().tzinfo
            assert here is not None  # the Link's clock is aware
            emails = {each["systemuserid"]: each.get("internalemailaddress") or each.get("fullname") for each in users}
            return Lookups(
                people=users,
                users={each: name or "" for each, name in emails.items()},
                currencies={each["transactioncurrencyid"]: each["isocurrencycode"] for each in currencies},
                here=here,
            )

        return await self._kept.get("known", ask, fresh=fresh)

    async def owner_id(self, who: str) -> str:
        """The one enabled user of this e-mail address or name. Raises Refused."""
        column = "internalemailaddress" if "@" in who else "fullname"
        for fresh in (False, True):
            people = (await self.known(fresh=fresh)).people
            named = [each for each in people if (each.get(column) or "").lower() == who.lower()]
            found = [each for each in named if not each.get("isdisabled")]
            if len(found) == 1:
                return str(found[0]["systemuserid"])
        said = f"{len(found)} users are called {who}" if found else f"no enabled Dynamics user is {who}"
        raise Refused(said, field="owner", fix="name the owner by the e-mail address of their Dynamics user")

    async def record(self, row: Mapping[str, Any], table: Table) -> Record:
        """A row as the canonical record."""
        shape, known = await self.shape(table), await self.known()
        read = activity.values_of if table.kind is Kind.ACTIVITY else values_of
        with understood("Dynamics", f"a {table.name}"):
            return as_record(row, table, read(row, shape, known), self.scope, known)

    async def columns(self, table: Table) -> str:
        """What a query of this table asks for: the columns in scope, and its people where they are."""
        query = f"$select={selected(await self.shape(table), self.scope)}"
        if table.parties and self.scope.may_read(Kind.ACTIVITY, "contacts"):
            query += f"&$expand={table.parties}($select=_partyid_value,participationtypemask)"
        return query

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now. Raises NotFound."""
        table, identifier = place_of(ref)
        return await self.record(await self.get(f"{table.set}({identifier})?{await self.columns(table)}"), table)

    async def select(self, table: Table, where: str) -> list[Record]:
        """The records of a table that fit."""
        rows = await self.rows(f"{table.set}?{await self.columns(table)}&$filter={where}")
        return [await self.record(row, table) for row in rows]

    async def find(self, kind: Kind, key: IdentityKey) -> list[Record]:
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


def below_root(link: str) -> str:
    """A next or delta link as a path below the API's root: it is never followed to another host."""
    parts = urlsplit(link)
    before, root, path = parts.path.partition(f"{ROOT}/")
    if before or not root:
        raise not_understood("Dynamics", "where its next page is")
    return f"{path}?{parts.query}"


def _same_mailbox(box: str) -> str:
    """Every address that may deliver to this mailbox: with an alias behind a plus, and with Gmail's dots."""
    local, _, host = box.rpartition("@")
    if host == "gmail.com":
        hosts = " or ".join(f"endswith(emailaddress1,'@{each}')" for each in ("gmail.com", "googlemail.com"))
        return f"startswith(emailaddress1,{quoted(local[:1])}) and ({hosts})"
    alias = f"startswith(emailaddress1,{quoted(local + '+')}) and endswith(emailaddress1,{quoted('@' + host)})"
    return f"emailaddress1 eq {quoted(box)} or ({alias})"
