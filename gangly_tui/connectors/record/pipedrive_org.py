"""One Pipedrive account behind its API: what it calls its fields, stages and people; records read by id and identity.

Version 2 of the API, and version 1 where that has nothing: notes, users, activity types, changes of fields, removals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from gangly_tui.connectors.record import pipedrive_activity as activity
from gangly_tui.connectors.record.pipedrive_map import (
    ENTITIES,
    MOST_KEYS,
    PATHS,
    SYSTEM,
    Column,
    Shape,
    Stage,
    Words,
    as_record,
    field_schema,
    keys_of,
    own_labels,
    shape_of,
    values_of,
)
from gangly_tui.connectors.record.plain_values import stamp
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import NotFound, Refused, Unreachable
from gangly_tui.domain.identity import IdentityKey, mailbox, registrable_domain
from gangly_tui.domain.records import FIELDS, Kind, ObjectSchema, Record, RecordRef

V2 = "/api/v2"
V1 = "/v1"
FRESH = timedelta(hours=1)
PAGE = 500
"""The most that a page may hold."""
LAG = timedelta(minutes=10)
"""How long a new record may be missing from Pipedrive's search; what is younger is looked for in the list itself."""
_PAGES = 4
_WIDE_FREE_MAIL = 3
_AT_ONCE = 100


class Org:
    """What both doors know of the account, kept for an hour."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.scope = link.scope
        self.server_now = link.now()
        self._own = own_labels(link.setup.get("fields"))
        self._shapes: dict[Kind, Shape] = {}
        self._words: tuple[datetime, Words] | None = None
        self._me: Mapping[str, Any] | None = None
        self._asking = asyncio.Lock()

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Mapping[str, Any]:
        """One answer as it came. Raises what the Wire raises."""
        answer = await self.link.wire.read(path, params=params)
        with suppress(ValueError, KeyError, TypeError):
            self.server_now = parsedate_to_datetime(answer.headers["date"])
        if not isinstance(answer.data, dict) or "data" not in answer.data:
            raise not_understood("an answer")
        return answer.data

    async def rows(self, path: str, params: Mapping[str, str | int] | None = None, *, most: int = 50) -> list[Any]:
        """The rows of a list of version 2, page after page, at most so many pages."""
        asked = {**(params or {}), "limit": PAGE}
        rows: list[Any] = []
        for _ in range(most):
            page = await self.get(path, asked)
            rows += _rows_of(page)
            cursor = cursor_of(page)
            if not cursor:
                break
            asked["cursor"] = cursor
        return rows

    async def shape(self, kind: Kind) -> Shape:
        """The fields of a kind as the account has them."""
        async with self._asking:
            now = self.link.now()
            known = self._shapes.get(kind)
            if known is None or now - known.asked_at > FRESH:
                rows = await self.rows(f"{V2}/{ENTITIES[kind]}Fields")
                try:
                    known = self._shapes[kind] = shape_of(kind, rows, self._own, now)
                except (KeyError, TypeError, AttributeError) as error:
                    raise not_understood("its list of fields") from error
            return known

    async def words(self) -> Words:
        """Stages, people and types of activity, as they are called."""
        async with self._asking:
            now = self.link.now()
            if self._words is None or now - self._words[0] > FRESH:
                self._words = now, await self._asked_words()
            return self._words[1]

    async def _asked_words(self) -> Words:
        deals, acts = bool(self.scope.read.get(Kind.OPPORTUNITY)), bool(self.scope.read.get(Kind.ACTIVITY))
        pipelines = await self.rows(f"{V2}/pipelines") if deals else []
        stages = await self.rows(f"{V2}/stages") if deals else []
        users = _rows_of(await self.get(f"{V1}/users"))
        types = _rows_of(await self.get(f"{V1}/activityTypes")) if acts else []
        try:
            order = {each["id"]: each.get("order_nr") or 0 for each in pipelines}
            stages.sort(key=lambda each: (order.get(each["pipeline_id"], 0), each["pipeline_id"], each["order_nr"]))
            names = {
                str(each["key_string"]): str(
                    each["key_string"] if each["key_string"] in activity.COMMON else each["name"]
                )
                for each in types
                if each.get("active_flag")
            }
            return Words(
                stages=tuple(
                    Stage(id=each["id"], name=str(each["name"]), pipeline=each["pipeline_id"])
                    for each in stages
                    if not each.get("is_deleted")
                ),
                pipelines={each["id"]: str(each["name"]) for each in pipelines},
                users={each["id"]: str(each["email"]) for each in users},
                types=names,
            )
        except (KeyError, TypeError) as error:
            raise not_understood("its stages or users") from error

    async def me(self) -> Mapping[str, Any]:
        """Who is signed in, and where."""
        if self._me is None:
            self._me = (await self.get(f"{V1}/users/me"))["data"]
        return self._me

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The fields of a kind that the account has and the scope lets us read."""
        wanted = [name for name in FIELDS[kind] if self.scope.may_read(kind, name)]
        if not wanted:
            return ObjectSchema(kind=kind, fields=())
        words = await self.words()
        if kind is Kind.ACTIVITY:
            return ObjectSchema(kind=kind, fields=tuple(activity.field_schema(name, words) for name in wanted))
        names = (await self.shape(kind)).names
        return ObjectSchema(
            kind=kind,
            fields=tuple(field_schema(kind, name, names[name], words) for name in wanted if name in names),
        )

    async def keys(self, kind: Kind, *more: str) -> dict[str, str | int]:
        """The query that names the custom fields in scope; without any Pipedrive has no way to leave them out."""
        if kind is Kind.ACTIVITY:
            return {}
        shape = await self.shape(kind)
        keys = dict.fromkeys((*keys_of(shape, self.scope), *more))
        asked: dict[str, str | int] = {"custom_fields": ",".join(keys)} if 0 < len(keys) <= MOST_KEYS else {}
        if kind is Kind.CONTACT and "mail_opt_out" in shape.names and self.scope.may_read(kind, "mail_opt_out"):
            asked["include_fields"] = shape.names["mail_opt_out"].code
        return asked

    async def record(self, row: Mapping[str, Any], kind: Kind, path: str) -> Record:
        """A row as the canonical record."""
        words = await self.words()
        here = self.link.now().tzinfo
        assert here is not None  # the Link's clock is aware
        try:
            if path == "notes":
                return as_record(row, path, kind, activity.note_values(row, words), scope=self.scope)
            if kind is Kind.ACTIVITY:
                return as_record(row, path, kind, activity.values_of(row, words, here), scope=self.scope)
            shape = await self.shape(kind)
            values = values_of(row, shape, words, here)
            return as_record(row, path, kind, values, scope=self.scope, keys=keys_of(shape, self.scope))
        except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
            raise not_understood(f"a {kind.label}") from error

    async def row(self, ref: RecordRef) -> Mapping[str, Any]:
        """The row as it stands now. Raises NotFound, for a removed one too."""
        path, where = place_of(ref)
        data = (await self.get(where, await self.keys(ref.kind)))["data"]
        if not isinstance(data, dict):
            raise not_understood(f"a {ref.kind.label}")
        if data.get("is_deleted") or (data.get("active_flag") is False and path == "notes"):
            raise gone(ref)
        return data

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now. Raises NotFound."""
        return await self.record(await self.row(ref), ref.kind, place_of(ref)[0])

    async def find(self, kind: Kind, key: IdentityKey) -> list[Record]:
        """By mailbox or by domain: what the search knows, and what is too young for it."""
        if kind is Kind.CONTACT and key.mailbox and self.scope.may_read(kind, "email"):
            rows = await self._by_mailbox(key.mailbox)
            hits = [each for each in rows if key.mailbox in {mailbox(str(one["value"])) for one in each["emails"]}]
        elif kind is Kind.ACCOUNT and key.domain and self.scope.may_read(kind, "domain"):
            rows = await self._by_domain(key.domain)
            hits = [each for each in rows if registrable_domain(str(each.get("website") or "")) == key.domain]
        else:
            return []
        return [await self.record(each, kind, PATHS[kind]) for each in hits]

    async def _by_mailbox(self, box: str) -> list[Mapping[str, Any]]:
        """The address itself, then every one that could be an alias of it: Pipedrive knows none."""
        local, _, host = box.partition("@")
        wide = local[:_WIDE_FREE_MAIL] if host == "gmail.com" else f"@{host}"
        search = f"{V2}/persons/search"
        exact = await self._search(search, {"term": box, "fields": "email", "exact_match": "true"})
        near = await self._search(search, {"term": wide, "fields": "email"}) if len(wide) > 1 else []
        return await self._named(Kind.CONTACT, "emails", [*exact, *near])

    async def _by_domain(self, domain: str) -> list[Mapping[str, Any]]:
        """By the website, which not every account lets us search, and by the name the domain suggests."""
        found: list[Any] = []
        with suppress(Refused):
            query = {"term": domain, "entity_type": "organization", "field": "website", "match": "middle"}
            found += [each.get("item", each)["id"] for each in await self.rows(f"{V2}/itemSearch/field", query, most=1)]
        label = domain.partition(".")[0]
        if len(label) > 1:
            found += await self._search(f"{V2}/organizations/search", {"term": label, "fields": "name"})
        return await self._named(Kind.ACCOUNT, "website", found)

    async def _search(self, path: str, params: Mapping[str, str | int]) -> list[Any]:
        """The ids that a search finds."""
        asked, found = {**params, "limit": PAGE}, []
        for _ in range(_PAGES):
            page = await self.get(path, asked)
            found += [each["item"]["id"] for each in (page["data"] or {}).get("items") or ()]
            cursor = cursor_of(page)
            if not cursor:
                break
            asked["cursor"] = cursor
        return found

    async def _named(self, kind: Kind, needed: str, identifiers: Sequence[Any]) -> list[Mapping[str, Any]]:
        """The rows of these ids as they stand now, and those that are younger than the search."""
        path, keys = f"{V2}/{PATHS[kind]}", await self.keys(kind)
        rows = await self.young(kind)
        known = {each["id"] for each in rows}
        wanted = [each for each in dict.fromkeys(identifiers) if each not in known]
        for start in range(0, len(wanted), _AT_ONCE):
            ids = ",".join(map(str, wanted[start : start + _AT_ONCE]))
            rows += await self.rows(path, {**keys, "ids": ids}, most=1)
        return [each for each in rows if each.get(needed) and not each.get("is_deleted")]

    async def young(self, kind: Kind, *more: str) -> list[Mapping[str, Any]]:
        """What was changed just now, newest first: the list does not lag behind as the search does."""
        since = stamp(self.server_now - LAG)
        query = {**await self.keys(kind, *more), "updated_since": since, "sort_by": "update_time"}
        return await self.rows(f"{V2}/{PATHS[kind]}", {**query, "sort_direction": "desc"}, most=_PAGES)

    async def user_id(self, email: str) -> int:
        """The user with this address. Raises Refused."""
        users = (await self.words()).users
        found = next((each for each, address in users.items() if address.casefold() == email.casefold()), None)
        if found is None:
            raise Refused(f"{email} is no user of this Pipedrive account", field="owner", fix="name one who is")
        return found

    async def marker(self, kind: Kind) -> Column | None:
        """The custom field for the op id, where connecting found one."""
        return (await self.audit(kind)).get("op_id")

    async def audit(self, kind: Kind) -> Mapping[str, Column]:
        """The audit fields of a kind that connecting found, by what they hold."""
        from gangly_tui.connectors.record.pipedrive import VENDOR

        of = ENTITIES[kind]
        wanted = {each.meta: each.name for each in VENDOR.audit_fields if each.of == of}
        there = {meta: name for meta, name in wanted.items() if f"{of}.{name}" in self.link.audit_fields}
        if not there:
            return {}
        labels = (await self.shape(kind)).by_label
        return {meta: labels[name.casefold()] for meta, name in there.items() if name.casefold() in labels}


def place_of(ref: RecordRef) -> tuple[str, str]:
    """The list a record is in, and its own address. Raises NotFound for what is no id of Pipedrive's."""
    note = ref.kind is Kind.ACTIVITY and ref.id.startswith("n")
    digits = ref.id[1:] if note else ref.id
    if ref.system != SYSTEM or not (digits.isascii() and digits.isdigit()):
        raise gone(ref)
    path = "notes" if note else PATHS[ref.kind]
    return path, f"{V1 if note else V2}/{path}/{digits}"


def gone(ref: RecordRef) -> NotFound:
    """It is not there."""
    return NotFound(f"Pipedrive has no {ref.kind.label} {ref.id} (any more)", fix="pull again: ctrl+r")


def names_a(kind: Kind, identifier: str) -> bool:
    """Whether a text can be the id of such a record; whether there is one Pipedrive says itself."""
    return identifier.isascii() and identifier.isdigit()


def cursor_of(page: Mapping[str, Any]) -> str:
    """Where the next page begins; "" at the end."""
    return str((page.get("additional_data") or {}).get("next_cursor") or "")


def _rows_of(page: Mapping[str, Any]) -> list[Any]:
    rows = page["data"] or []
    if not isinstance(rows, list):
        raise not_understood("a list")
    return rows


def not_understood(what: str) -> Unreachable:
    """Nothing was applied, and asking again may help."""
    return Unreachable(f"{what} of Pipedrive's was not understood", fix="pull again; if it stays, report it")
