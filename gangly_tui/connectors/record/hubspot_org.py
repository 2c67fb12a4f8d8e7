"""One HubSpot account: what its properties, pipelines and owners are, and its records as ours. Reads only."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from gangly_tui.connectors.pace import Pace
from gangly_tui.connectors.record import asked
from gangly_tui.connectors.record import hubspot_activity as activity
from gangly_tui.connectors.record.hubspot_map import (
    KINDS,
    LINKS,
    OBJECTS,
    VERSION,
    Shape,
    Stage,
    field_schema,
    linked,
    links_of,
    moment,
    own_names,
    reading,
    ref_of,
    selected,
    shape_of,
    value_of,
    where,
)
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import NotFound, Refused
from gangly_tui.domain.identity import IdentityKey, mailbox, registrable_domain
from gangly_tui.domain.records import FIELDS, FieldStamp, Kind, ObjectSchema, Record, RecordRef, Value

SEARCHES: Final = 4
"""Searches a second and token; HubSpot tells nothing of this limit in its headers."""
PAGE = 100
FOUND = 200
MOST_FOUND: Final = 2_000
"""Candidates that are looked through for a mailbox whose stored spelling is not known."""


def path_of(*parts: str) -> str:
    """A path below the objects of this version; nothing in an id can leave its place."""
    return "/".join((f"/crm/objects/{VERSION}", *(quote(each, safe="") for each in parts)))


def understood() -> asked.understood:
    """Whatever has another shape than the API says is no answer. Nothing was written by asking."""
    return asked.understood("HubSpot")


class Org:
    """Asks one account, and keeps what it learned of its shape for an hour."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.wire = link.wire
        self.scope = link.scope
        self.here = link.now().tzinfo or UTC
        """the rep's zone, in which a day is meant"""
        self._own = own_names(link.setup.get("fields"))
        self._kept = asked.Kept(link.now)
        self._owners: dict[str, str] = {}
        self._users: dict[str, str] = {}
        self._searches = Pace(most=SEARCHES, per=1.0)
        self._may = {kind: [each for each in FIELDS[kind] if self.scope.may_read(kind, each)] for kind in OBJECTS}

    def now(self) -> datetime:
        """The time, in the rep's zone."""
        return self.link.now()

    async def shape(self, kind: Kind) -> Shape:
        """The account's properties of accounts, contacts or deals."""

        async def ask() -> Shape:
            with understood():
                properties, stages = await asyncio.gather(self.properties(OBJECTS[kind][0]), self._stages(kind))
                return shape_of(kind, properties, stages, self._own)

        return await self._kept.get(kind, ask)

    async def properties(self, name: str) -> list[Mapping[str, Any]]:
        """Every property of an object."""
        answer = await self.wire.read(f"/crm/properties/{VERSION}/{name}")
        with understood():
            return list(answer.data["results"])

    async def _stages(self, kind: Kind) -> tuple[Stage, ...]:
        if kind is not Kind.OPPORTUNITY:
            return ()
        found = (await self.wire.read(f"/crm/pipelines/{VERSION}/deals")).data["results"]
        return tuple(
            Stage(id=each["id"], label=each["label"], pipeline=pipeline["id"], pipeline_label=pipeline["label"])
            for pipeline in _in_order(found)
            for each in _in_order(pipeline["stages"])
        )

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The live field list of a kind, as far as it is in scope."""
        if kind is not Kind.ACTIVITY and not self.scope.read.get(kind):
            return ObjectSchema(kind=kind, fields=())
        full = await self.full_schema(kind)
        may = self._may[kind]
        return ObjectSchema(kind=kind, fields=tuple(each for each in full.fields if each.name in may))

    async def full_schema(self, kind: Kind) -> ObjectSchema:
        """All fields of a kind, for the check before a write: what may not be read can be written all the same."""
        if kind is Kind.ACTIVITY:
            return activity.schema()
        names = (await self.shape(kind)).names
        wanted = [ours for ours in FIELDS[kind] if ours in names or (kind, ours) in LINKS]
        return ObjectSchema(kind=kind, fields=tuple(field_schema(kind, each, names.get(each)) for each in wanted))

    async def owners(self) -> Mapping[str, str]:
        """E-mail by owner id, those who left included."""

        async def ask() -> Mapping[str, str]:
            for archived in ("true", "false"):
                params: dict[str, str | int] = {"limit": PAGE, "archived": archived}
                while True:
                    data = (await self.wire.read(f"/crm/owners/{VERSION}", params=params)).data
                    with understood():
                        for each in data["results"]:
                            email = str(each.get("email") or "")
                            self._owners[str(each["id"])] = email
                            self._users[str(each.get("userId") or each.get("userIdIncludingInactive") or "")] = email
                        after = _after(data)
                    if not after:
                        break
                    params["after"] = after
            return self._owners

        return await self._kept.get("owners", ask)

    async def owner_id(self, email: str) -> str:
        """The active owner with this address, asked fresh. Raises Refused when nobody has it."""
        data = (await self.wire.read(f"/crm/owners/{VERSION}", params={"email": email, "limit": PAGE})).data
        with understood():
            for each in data["results"]:
                if str(each.get("email") or "").casefold() == email.casefold() and not each.get("archived"):
                    return str(each["id"])
        raise Refused(f"{email} owns nothing in HubSpot", field="owner", fix="use the address of a HubSpot user")

    def user(self, user_id: Any, otherwise: str = "") -> str:
        """Who a user id is, by e-mail where it is known."""
        return self._users.get(str(user_id or ""), "") or otherwise

    async def asked_of(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The properties and the associations to ask for of an object: the fields in scope, nothing else."""
        kind = KINDS[name]
        if kind is Kind.ACTIVITY:
            return (*activity.selected(name, self.scope), "hs_updated_by_user_id"), linked(kind, self.scope)
        return selected(await self.shape(kind), self.scope), linked(kind, self.scope)

    async def read(self, ref: RecordRef, *, by: str = "", archived: bool = False) -> Record:
        """The record as it stands now, with who set each field; `by` names another property than the id.

        Raises NotFound.
        """
        name, identifier = where(ref)
        properties, links = await self.asked_of(name)
        params: dict[str, str | int] = {"properties": ",".join(properties)}
        if links:
            params["associations"] = ",".join(links)
        if by:
            params["idProperty"] = by
        if archived:
            params["archived"] = "true"
        if ref.kind is not Kind.ACTIVITY and not by:
            params["propertiesWithHistory"] = ",".join(properties[:-1])
        try:
            row = (await self.wire.read(path_of(name, identifier), params=params)).data
        except NotFound as error:
            raise NotFound(f"HubSpot has no {ref.kind.label} {identifier}", fix="pull again: it was removed") from error
        with understood():
            if not by and str(row["id"]) != identifier:
                raise NotFound(f"this {ref.kind.label} was merged into another one in HubSpot", fix="pull again")
            return await self.record(row, name)

    async def record(
        self, row: Mapping[str, Any], name: str, links: Mapping[str, tuple[str, ...]] | None = None
    ) -> Record:
        """A row of an answer as the canonical record. `links`: its associations, where the row brings none."""
        return (await self.maker(name))(row, links)

    async def maker(self, name: str) -> Callable[[Mapping[str, Any], Mapping[str, tuple[str, ...]] | None], Record]:
        """What makes records of an object's rows: all that is the same for each of them is looked up here."""
        kind, owners, now = KINDS[name], await self.owners(), self.now()
        may = self._may[kind]
        shape = None if kind is Kind.ACTIVITY else await self.shape(kind)
        columns = [
            (ours, column.name, reading(FIELDS[kind][ours], column, self.here))
            for ours, column in (shape.names.items() if shape else ())
            if ours != "owner"
        ]
        associated = [(ours, to) for (of, ours), to in LINKS.items() if of is kind]

        def values_of(
            raw: Mapping[str, Any], to: Mapping[str, tuple[str, ...]], owner: str | None
        ) -> Mapping[str, Value]:
            if shape is None:
                return activity.values_of(raw, name, to, owner, now)
            values: dict[str, Value] = {"owner": owner} if "owner" in shape.names else {}
            for ours, column, read in columns:
                told = raw.get(column)
                try:
                    values[ours] = None if told is None or told == "" else read(told)
                except (ValueError, ArithmeticError):  # the year 20226: not read, and no reason to stop a pull
                    continue
            for ours, each in associated:
                values[ours] = _linked(ours, to.get(each, ())) or values.get(ours) or _linked(ours, ())
            return values

        def record(row: Mapping[str, Any], links: Mapping[str, tuple[str, ...]] | None) -> Record:
            raw, stamp = row["properties"], str(row["updatedAt"])
            owner = owners.get(str(raw.get("hubspot_owner_id") or "")) or None
            values = values_of(raw, links_of(row) if links is None else links, owner)
            histories = row.get("propertiesWithHistory")
            changed = self._stamps(shape, histories) if shape and histories else {}
            return Record(
                ref=ref_of(name, str(row["id"])),
                version=stamp,
                fields={ours: values[ours] for ours in may if ours in values},
                updated_at=moment(stamp),
                updated_by=self.user(raw.get("hs_updated_by_user_id")),
                changed={ours: each for ours, each in changed.items() if ours in may} if changed else changed,
            )

        return record

    def value(self, shape: Shape, ours: str, raw: Any) -> Value:
        """A property's text as our value."""
        if ours == "owner":
            return self._owners.get(str(raw or "")) or None
        return value_of(raw, FIELDS[shape.kind][ours], shape.names[ours], self.here)

    def _stamps(self, shape: Shape, histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, FieldStamp]:
        return {
            ours: FieldStamp(by=self.by(newest[0]), at=moment(newest[0]["timestamp"]))
            for ours, column in shape.names.items()
            if (newest := histories.get(column.name))
        }

    def by(self, entry: Mapping[str, Any]) -> str:
        """Who made an entry of a property's history: a person by e-mail, else what HubSpot calls the source."""
        source = str(entry.get("sourceLabel") or entry.get("sourceType") or "")
        return self.user(entry.get("updatedByUserId"), source)

    async def search(self, name: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """One search. Its index is seconds behind: what it does not find may be there."""
        await self._searches.turn()
        found: Mapping[str, Any] = (await self.wire.read(path_of(name, "search"), body=body)).data
        with understood():
            for row in found["results"]:
                _ = row["id"], row["properties"].get
        return found

    async def may_see_emails(self) -> bool:
        """Whether the sign-in may read e-mails: that is a permission of its own, and one may do without it."""

        async def ask() -> bool:
            try:
                await self.search("emails", {"limit": 1, "properties": []})
            except Refused:
                return False
            return True

        return await self._kept.get("emails", ask)

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """The contacts of a mailbox, or the accounts of a domain.

        A contact is first read by its address, which no index delays; other spellings of the mailbox are searched.
        """
        name, found = OBJECTS[kind][0], list[str]()
        if kind is Kind.CONTACT and key.mailbox:
            with suppress(NotFound):
                found.append((await self.read(ref_of(name, key.mailbox), by="email")).ref.id)
            found += await self._searched(name, "email", _spellings(key.mailbox), mailbox, key.mailbox)
        elif kind is Kind.ACCOUNT and key.domain:
            spellings = [[("EQ", key.domain)], [("CONTAINS_TOKEN", f"*.{key.domain}")]]
            found += await self._searched(name, "domain", spellings, registrable_domain, key.domain)
        records = []
        for identifier in dict.fromkeys(found):
            with suppress(NotFound):  # the index still shows what is gone
                records.append(await self.read(ref_of(name, identifier)))
        return records

    async def _searched(
        self, name: str, column: str, spellings: list[list[tuple[str, str]]], plain: Any, wanted: str
    ) -> list[str]:
        """The ids whose property is `wanted` once it is normalised, out of what the search brings near."""
        if not self.scope.may_read(KINDS[name], column):
            return []
        groups = [
            {"filters": [{"propertyName": column, "operator": how, "value": value} for how, value in each]}
            for each in spellings
        ]
        found: list[str] = []
        after = ""
        for _ in range(MOST_FOUND // FOUND):
            body = {"filterGroups": groups, "properties": [column], "limit": FOUND}
            data = await self.search(name, body | ({"after": after} if after else {}))
            found += [str(row["id"]) for row in data["results"] if plain(row["properties"].get(column) or "") == wanted]
            after = _after(data)
            if not after:
                break
        return found

    async def ids_of(self, page: Sequence[Mapping[str, Any]], name: str) -> dict[str, dict[str, tuple[str, ...]]]:
        """The associations of the rows of a search, which brings none itself: by id, then by object."""
        found: dict[str, dict[str, tuple[str, ...]]] = {str(row["id"]): {} for row in page}
        targets = linked(KINDS[name], self.scope) if page else ()
        body = {"inputs": [{"id": str(row["id"])} for row in page]}
        answers = await asyncio.gather(
            *(self.wire.read(f"/crm/associations/{VERSION}/{name}/{to}/batch/read", body=body) for to in targets)
        )
        for to, answer in zip(targets, answers, strict=True):
            for each in answer.data["results"]:
                ordered = sorted(each["to"], key=lambda one: not _is_primary(one))
                ids = dict.fromkeys(str(one["toObjectId"]) for one in ordered)
                found.setdefault(str(each["from"]["id"]), {})[to] = tuple(ids)
        return found


def _after(page: Mapping[str, Any]) -> str:
    """Where the next page begins; "" at the end."""
    return ((page.get("paging") or {}).get("next") or {}).get("after") or ""


def _in_order(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    there = [each for each in found if not each.get("archived")]
    return sorted(there, key=lambda each: each.get("displayOrder", 0))


def _is_primary(one: Mapping[str, Any]) -> bool:
    return any("primary" in str(each.get("label") or "").casefold() for each in one.get("associationTypes", ()))


def _linked(ours: str, ids: tuple[str, ...]) -> Value:
    return ids if FIELDS[Kind.OPPORTUNITY][ours] == "references" else next(iter(ids), None)


def _spellings(box: str) -> list[list[tuple[str, str]]]:
    """What a search must ask for to come near every spelling of a mailbox: an alias, and Gmail's dots."""
    local, _, host = box.partition("@")
    start = re.split(r"[^\w]", local)[0] or local
    if host == "gmail.com":
        return [
            [("CONTAINS_TOKEN", f"{local[0]}*"), ("CONTAINS_TOKEN", f"*@{each}")]
            for each in ("gmail.com", "googlemail.com")
        ]
    return [[("EQ", box)], [("CONTAINS_TOKEN", f"{start}*"), ("CONTAINS_TOKEN", f"*@{host}")]]
