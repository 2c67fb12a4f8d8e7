"""One Pipedrive account behind its API: what it calls its fields, stages and people; records read by id and identity.

Version 2 of the API, and version 1 where that has nothing: notes, users, activity types, changes of fields, removals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from gangly_tui.connectors.record import pipedrive_activity as activity
from gangly_tui.connectors.record.asked import Kept, not_understood, understood
from gangly_tui.connectors.record.described import Shape, activity_schema, schema_of
from gangly_tui.connectors.record.pipedrive_map import (
    ENTITIES,
    LOCKED,
    PATHS,
    SYSTEM,
    Stage,
    Words,
    as_record,
    keys_of,
    own_labels,
    shape_of,
    values_of,
)
from gangly_tui.connectors.record.plain_values import stamp
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import NotFound, Refused
from gangly_tui.domain.identity import IdentityKey, mailbox, registrable_domain
from gangly_tui.domain.records import Kind, ObjectSchema, Record, RecordRef

V2 = "/api/v2"
V1 = "/v1"
PAGE = 500
"""The most that a page may hold."""
LAG = timedelta(minutes=10)
"""How long a new record may be missing from Pipedrive's search; what is younger is looked for in the list itself."""
_MOST_KEYS = 15
"""How many custom fields one request may name."""
_PAGES = 4
_WIDE_FREE_MAIL = 3
_AT_ONCE = 100
Query = Mapping[str, str | int]


class Org:
    """What both doors know of the account, kept for an hour."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.scope = link.scope
        self.server_now = link.now()
        self.shown: dict[RecordRef, str] = {}
        """the versions that were read one by one"""
        self._own = own_labels(link.setup.get("fields"))
        self._kept = Kept(link.now)

    async def get(self, path: str, params: Query | None = None) -> Mapping[str, Any]:
        """One answer as it came. Raises what the Wire raises."""
        answer = await self.link.wire.read(path, params=params)
        with suppress(ValueError, KeyError, TypeError):
            self.server_now = parsedate_to_datetime(answer.headers["date"])
        if not isinstance(answer.data, dict) or "data" not in answer.data:
            raise not_understood("Pipedrive", "something else")
        return answer.data

    async def rows(self, path: str, params: Query | None = None, *, most: int = 50) -> list[Any]:
        """The rows of a list or a search of version 2, page after page, at most so many pages."""
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

        async def ask() -> Shape:
            rows = await self.rows(f"{V2}/{ENTITIES[kind]}Fields")
            with understood("Pipedrive", "its list of fields"):
                return shape_of(kind, rows, self._own)

        return await self._kept.get(kind, ask)

    async def words(self) -> Words:
        """Stages, people and types of activity, as they are called."""
        return await self._kept.get("words", self._asked_words)

    async def _asked_words(self) -> Words:
        deals, acts = self.scope.read.get(Kind.OPPORTUNITY), self.scope.read.get(Kind.ACTIVITY)
        pipelines = await self.rows(f"{V2}/pipelines") if deals else []
        stages = await self.rows(f"{V2}/stages") if deals else []
        users = _rows_of(await self.get(f"{V1}/users"))
        types = _rows_of(await self.get(f"{V1}/activityTypes")) if acts else []
        with understood("Pipedrive", "its stages and users"):
            order = {each["id"]: each.get("order_nr") or 0 for each in pipelines}
            stages.sort(key=lambda each: (order.get(each["pipeline_id"], 0), each["pipeline_id"], each["order_nr"]))
            keys = {str(each["key_string"]): str(each["name"]) for each in types if each.get("active_flag")}
            return Words(
                stages=tuple(
                    Stage(id=each["id"], name=str(each["name"]), pipeline=each["pipeline_id"])
                    for each in stages
                    if not each.get("is_deleted")
                ),
                pipelines={each["id"]: str(each["name"]) for each in pipelines},
                users={each["id"]: str(each["email"]) for each in users},
                types={key: key if key in activity.COMMON else name for key, name in keys.items()},
            )

    async def me(self) -> Mapping[str, Any]:
        """Who is signed in, and where."""

        async def ask() -> Mapping[str, Any]:
            told: Mapping[str, Any] = (await self.get(f"{V1}/users/me"))["data"]
            return told

        return await self._kept.get("me", ask)

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The fields of a kind that the account has and the scope lets us read."""
        if not self.scope.read.get(kind):
            return ObjectSchema(kind=kind, fields=())
        words = await self.words()
        if kind is Kind.ACTIVITY:
            return activity_schema(self.scope, (*words.types.values(), activity.NOTE), activity.LENGTHS)
        names = dict((await self.shape(kind)).names)
        if "stage" in names:
            names["stage"] = replace(names["stage"], options=words.stage_options)
        return schema_of(kind, self.scope, names, LOCKED)

    async def keys(self, kind: Kind, *more: str) -> dict[str, str | int]:
        """The query that names the custom fields in scope; without any Pipedrive has no way to leave them out."""
        if kind is Kind.ACTIVITY:
            return {}
        shape = await self.shape(kind)
        keys = dict.fromkeys((*keys_of(shape, self.scope), *more))
        asked: dict[str, str | int] = {"custom_fields": ",".join(keys)} if 0 < len(keys) <= _MOST_KEYS else {}
        if "mail_opt_out" in shape.names and self.scope.may_read(kind, "mail_opt_out"):
            asked["include_fields"] = shape.names["mail_opt_out"].name
        return asked

    async def record(self, row: Mapping[str, Any], kind: Kind, path: str) -> Record:
        """A row as the canonical record."""
        words = await self.words()
        shape = await self.shape(kind) if kind is not Kind.ACTIVITY else None
        here = self.link.now().tzinfo
        assert here is not None  # the Link's clock is aware
        with understood("Pipedrive", f"a {kind.label}"):
            if shape:
                values, keys = values_of(row, shape, words, here), keys_of(shape, self.scope)
                return as_record(row, path, kind, values, scope=self.scope, keys=keys)
            note = path == "notes"
            values = activity.note_values(row, words) if note else activity.values_of(row, words, here)
            return as_record(row, path, kind, values, scope=self.scope)

    async def row(self, ref: RecordRef) -> Mapping[str, Any]:
        """The row as it stands now. Raises NotFound, for a removed one too."""
        path, where = place_of(ref)
        data = (await self.get(where, await self.keys(ref.kind)))["data"]
        if not isinstance(data, dict):
            raise not_understood("Pipedrive", f"a {ref.kind.label}")
        if data.get("is_deleted") or (data.get("active_flag") is False and path == "notes"):
            raise _gone(ref)
        return data

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now. Raises NotFound."""
        return await self.record(await self.row(ref), ref.kind, place_of(ref)[0])

    async def find(self, kind: Kind, key: IdentityKey) -> list[Record]:
        """By mailbox or by domain: what the search knows, and what is too young for it."""
        if kind is Kind.CONTACT and key.mailbox and self.scope.may_read(kind, "email"):
            rows = await self._standing(kind, "emails", await self._by_mailbox(key.mailbox))
            hits = [each for each in rows if key.mailbox in {mailbox(str(one["value"])) for one in each["emails"]}]
        elif kind is Kind.ACCOUNT and key.domain and self.scope.may_read(kind, "domain"):
            rows = await self._standing(kind, "website", await self._by_domain(key.domain))
            hits = [each for each in rows if registrable_domain(str(each["website"])) == key.domain]
        else:
            return []
        return [await self.record(each, kind, PATHS[kind]) for each in hits]

    async def _by_mailbox(self, box: str) -> list[Any]:
        """The address itself, then every one that could be an alias of it: Pipedrive knows none."""
        local, _, host = box.partition("@")
        wide = local[:_WIDE_FREE_MAIL] if host == "gmail.com" else f"@{host}"
        found = await self._search("persons", term=box, fields="email", exact_match="true")
        return found + (await self._search("persons", term=wide, fields="email") if len(wide) > 1 else [])

    async def _by_domain(self, domain: str) -> list[Any]:
        """By the website, which not every account lets us search, and by the name the domain suggests."""
        found: list[Any] = []
        with suppress(Refused):
            query = {"term": domain, "entity_type": "organization", "field": "website", "match": "middle"}
            found += [each.get("item", each)["id"] for each in await self.rows(f"{V2}/itemSearch/field", query, most=1)]
        label = domain.partition(".")[0]
        return found + (await self._search("organizations", term=label, fields="name") if len(label) > 1 else [])

    async def _search(self, path: str, **asked: str) -> list[Any]:
        return [each["item"]["id"] for each in await self.rows(f"{V2}/{path}/search", asked, most=_PAGES)]

    async def _standing(self, kind: Kind, needed: str, identifiers: Sequence[Any]) -> list[Mapping[str, Any]]:
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

    async def user_id(self, who: object) -> int:
        """The user with this address. Raises Refused."""
        email = str(who or "")
        users = (await self.words()).users
        found = next((each for each, address in users.items() if address.casefold() == email.casefold()), None)
        if found is None:
            raise Refused(f"{email} is no user of this Pipedrive account", field="owner", fix="name one who is")
        return found


def place_of(ref: RecordRef) -> tuple[str, str]:
    """The list a record is in, and its own address. Raises NotFound for what is no id of Pipedrive's."""
    note = ref.kind is Kind.ACTIVITY and ref.id.startswith("n")
    digits = ref.id[1:] if note else ref.id
    if ref.system != SYSTEM or not names_a(ref.kind, digits):
        raise _gone(ref)
    path = "notes" if note else PATHS[ref.kind]
    return path, f"{V1 if note else V2}/{path}/{digits}"


def _gone(ref: RecordRef) -> NotFound:
    return NotFound(f"Pipedrive has no {ref.kind.label} {ref.id} (any more)", fix="pull again: ctrl+r")


def names_a(_: Kind, identifier: str) -> bool:
    """Whether a text can be the id of such a record; whether there is one Pipedrive says itself."""
    return identifier.isascii() and identifier.isdigit()


def cursor_of(page: Mapping[str, Any]) -> str:
    """Where the next page begins; "" at the end."""
    return str((page.get("additional_data") or {}).get("next_cursor") or "")


def _rows_of(page: Mapping[str, Any]) -> list[Any]:
    rows = page["data"] or []
    rows = rows.get("items") or [] if isinstance(rows, dict) else rows
    if not isinstance(rows, list):
        raise not_understood("Pipedrive", "a list")
    return rows
