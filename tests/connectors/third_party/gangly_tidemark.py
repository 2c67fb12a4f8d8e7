"""Tidemark, for gangly: one module, read from top to bottom. What connecting asks, the map, the read door, the write
door. The page `gangly_tui/connectors/WRITING.md` walks through it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from gangly_tui.connectors.pace import Quota
from gangly_tui.connectors.record.rules import validate
from gangly_tui.connectors.registry import About
from gangly_tui.connectors.transport import Manners
from gangly_tui.connectors.vendor import HOST, Ask, Link, Permission, Standing, Vendor, Way
from gangly_tui.domain.errors import ConnectorError, DuplicateFound, RecordMoved, Refused
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import (
    FIELDS,
    FieldEdit,
    FieldSchema,
    FieldStamp,
    FieldType,
    Kind,
    ObjectSchema,
    Record,
    RecordRef,
    Value,
    decode,
    encode,
)

SYSTEM = "tidemark"
PAGE = 200

# -- the map ------------------------------------------------------------------------------------------------------

OBJECTS = {
    Kind.ACCOUNT: "companies",
    Kind.CONTACT: "people",
    Kind.OPPORTUNITY: "deals",
    Kind.ACTIVITY: "entries",
}
KINDS = {theirs: ours for ours, theirs in OBJECTS.items()}
NAMES: Mapping[Kind, Mapping[str, str]] = {
    Kind.ACCOUNT: {
        "name": "title",
        "domain": "website",
        "industry": "sector",
        "employees": "headcount",
        "phone": "phone",
        "city": "town",
        "country": "country",
        "description": "about",
        "owner": "owner_email",
    },
    Kind.CONTACT: {
        "first_name": "given",
        "last_name": "family",
        "title": "job",
        "email": "email",
        "phone": "phone",
        "role": "part",
        "account": "company",
        "owner": "owner_email",
    },
    Kind.OPPORTUNITY: {
        "name": "title",
        "account": "company",
        "contacts": "people",
        "stage": "stage",
        "stage_since": "stage_since",
        "amount": "worth",
        "currency": "currency",
        "close_date": "closes_on",
        "next_step": "next",
        "competitor": "rivals",
        "budget": "budget",
        "pain": "pain",
        "decision_process": "process",
        "decision_criteria": "criteria",
        "economic_buyer": "signer",
        "owner": "owner_email",
    },
    Kind.ACTIVITY: {
        "type": "sort",
        "subject": "title",
        "body": "text",
        "at": "happened_at",
        "due": "due_on",
        "status": "state",
        "account": "company",
        "opportunity": "deal",
        "contacts": "people",
        "ours": "promised_by_us",
        "owner": "owner_email",
    },
}
LABELS = {"at": "When", "ours": "Ours to do", "stage_since": "In stage since"}


# -- what a refusal means, and the limit ----------------------------------------------------------------------------


class Moved(ConnectorError):
    """412: somebody changed the row since."""


def explain(response: httpx.Response, write: bool) -> ConnectorError | None:
    """A refusal as the error it is; None leaves it to the rules that hold for every vendor."""
    try:
        said = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return None
    name = KINDS.get(response.request.url.path.split("/")[2], Kind.ACTIVITY)
    ours = next((ours for ours, theirs in NAMES[name].items() if theirs == said.get("field")), "")
    match said["code"]:
        case "moved":
            return Moved(said["message"])
        case "duplicate":
            there = RecordRef(system=SYSTEM, kind=name, id=said["existing"])
            return DuplicateFound(f"Tidemark: {said['message']}", existing=there, fix="use the one that is there")
        case "gone":
            return Refused(f"Tidemark: {said['message']}", fix="approve it anew as a card of its own")
        case "invalid":
            label = ours.replace("_", " ") or "this"
            return Refused(f"Tidemark does not take {label}: {said['message']}", field=ours, fix="correct it")
        case _:
            return None


def quota(headers: Mapping[str, str]) -> Quota | None:
    """What is left of the minute's requests."""
    if "x-limit-left" not in headers:
        return None
    return Quota(left=int(headers["x-limit-left"]), limit=int(headers["x-limit-of"]), name="minute")


# -- what connecting asks -------------------------------------------------------------------------------------------

ABOUT = About(label="Tidemark", layer=Layer.RECORD, brings="companies, people, deals, entries")
VENDOR = Vendor(
    name=SYSTEM,
    title="Tidemark",
    hosts=frozenset({".tidemark.example"}),
    asks=(Ask(name=HOST, label="Address", why="your workspace's own address.", example="acme.tidemark.example"),),
    ways=(
        Way(
            name="token",
            title="A token from your Tidemark profile",
            means="A static credential with your own rights; it stands until you withdraw it in Tidemark.",
            asks=(Ask(name="token", label="Token", why="Profile > Tokens > New.", secret=True),),
        ),
    ),
    permissions=(Permission(name="rows", why="reads your workspace, and sends the changes you approve"),),
    admin=("Workspace > Tokens: allow them for the people who use gangly",),
    base=lambda setup, _more: f"{setup.host()}/v1",
    manners=Manners(explain=explain, quota=quota),
    guards="Tidemark takes a change only at the revision it was made on, so nothing is written over.",
)


async def check(link: Link) -> Standing:
    """Who is signed in; reads only."""
    me = (await link.wire.read("/me")).data
    wrong = link.user_email and link.user_email.casefold() != me["email"].casefold()
    warning = f"this token is {me['email']}'s, and your work e-mail is {link.user_email}"
    return Standing(account=f"{me['name']} at {me['workspace']}", warnings=(warning,) if wrong else ())


# -- reading --------------------------------------------------------------------------------------------------------


class Reader:
    """The read door: no method of it changes anything."""

    system = SYSTEM

    def __init__(self, link: Link) -> None:
        self._link = link
        self._schemas: dict[Kind, ObjectSchema] = {}

    async def describe(self, kind: Kind) -> ObjectSchema:
        if kind not in self._schemas:
            self._schemas[kind] = await schema_of(self._link, kind)
        fields = self._schemas[kind].fields
        return ObjectSchema(kind=kind, fields=tuple(each for each in fields if each.name in asked(self._link, kind)))

    async def read(self, ref: RecordRef) -> Record:
        row = await self._link.wire.read(path_of(ref), params=fields_of(self._link, ref.kind))
        return record_of(self._link, row.data)

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        wanted = {Kind.CONTACT: ("email", key.mailbox), Kind.ACCOUNT: ("website", key.domain)}.get(kind)
        if wanted is None or not wanted[1]:
            return ()
        query = {wanted[0]: wanted[1], **fields_of(self._link, kind)}
        found = await self._link.wire.read(f"/{OBJECTS[kind]}", params=query)
        return [record_of(self._link, row) for row in found.data["rows"]]

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        if field not in asked(self._link, ref.kind):
            return ()
        kind = FIELDS[ref.kind][field]
        log = await self._link.wire.read(f"{path_of(ref)}/changes", params={"field": NAMES[ref.kind][field]})
        return [
            FieldEdit(
                before=decode(each["before"], kind),
                after=decode(each["after"], kind),
                by=each["by"],
                at=datetime.fromisoformat(each["at"]),
            )
            for each in log.data["changes"]
        ]

    async def changes(self, since: str) -> AsyncIterator[ChangePage]:
        total = 0
        wanted = {OBJECTS[kind]: fields_of(self._link, kind)["fields"] for kind in OBJECTS if asked(self._link, kind)}
        while True:
            query = {"after": since or "0", "limit": PAGE, **wanted}
            page = (await self._link.wire.read("/feed", params=query)).data
            if not (page["rows"] or page["gone"]):
                return
            total = total or page["total"]
            since = str(page["next"])
            yield ChangePage(
                records=tuple(record_of(self._link, row) for row in page["rows"]),
                deleted=tuple(ref_of(row) for row in page["gone"]),
                cursor=since,
                total=total,
            )

    def url(self, ref: RecordRef) -> str:
        return f"{self._link.setup.host()}/{OBJECTS[ref.kind]}/{quote(ref.id, safe='')}"


async def schema_of(link: Link, kind: Kind) -> ObjectSchema:
    """All fields that the map and the workspace have of a kind."""
    told = {each["name"]: each for each in (await link.wire.read(f"/{OBJECTS[kind]}/fields")).data["fields"]}
    return ObjectSchema(
        kind=kind,
        fields=tuple(
            FieldSchema(
                name=ours,
                label=LABELS.get(ours, ours.replace("_", " ").capitalize()),
                type=FIELDS[kind][ours] if told[theirs].get("of") else text_if_free(FIELDS[kind][ours]),
                required=told[theirs].get("needed", False),
                read_only=told[theirs].get("fixed", False),
                max_length=told[theirs].get("most"),
                options=tuple(told[theirs].get("of", ())),
                unique=ours in ("email", "domain"),
            )
            for ours, theirs in NAMES[kind].items()
            if theirs in told
        ),
    )


def text_if_free(kind: FieldType) -> FieldType:
    """What is a picklist elsewhere is free text in Tidemark, unless it says which values there are."""
    return FieldType.TEXT if kind is FieldType.PICKLIST else kind


def asked(link: Link, kind: Kind) -> list[str]:
    """Our names of what the hierarchy lets us read; no other field is ever named in a request."""
    return [ours for ours in NAMES.get(kind, ()) if link.scope.may_read(kind, ours)]


def fields_of(link: Link, kind: Kind) -> dict[str, str | int]:
    """The same as Tidemark takes it."""
    return {"fields": ",".join(NAMES[kind][ours] for ours in asked(link, kind))}


def ref_of(row: Mapping[str, Any]) -> RecordRef:
    return RecordRef(system=SYSTEM, kind=KINDS[row["object"]], id=row["id"])


def path_of(ref: RecordRef) -> str:
    return f"/{OBJECTS[ref.kind]}/{quote(ref.id, safe='')}"


def record_of(link: Link, row: Mapping[str, Any]) -> Record:
    ref = ref_of(row)
    names = {ours: NAMES[ref.kind][ours] for ours in asked(link, ref.kind)}
    return Record(
        ref=ref,
        version=str(row["revision"]),
        fields={ours: decode(row["fields"].get(theirs), FIELDS[ref.kind][ours]) for ours, theirs in names.items()},
        updated_at=datetime.fromisoformat(row["changed_at"]),
        updated_by=row["changed_by"],
        changed={
            ours: FieldStamp(by=row["set"][theirs]["by"], at=datetime.fromisoformat(row["set"][theirs]["at"]))
            for ours, theirs in names.items()
            if theirs in row["set"]
        },
    )


# -- writing --------------------------------------------------------------------------------------------------------


class Writer:
    """The write door, for the courier alone. One call is one write; nothing is tried again here."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        body = await self._body(ref.kind, fields, new=False)
        return await self._change("PATCH", ref, expect, body | {"because": meta.footer()})

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        if kind is Kind.ACTIVITY:
            fields = {**fields, "body": f"{fields.get('body') or ''}\n\n{meta.footer()}".strip()}
        body = await self._body(kind, fields, new=True)
        headers = {"Idempotency-Key": meta.op_id}
        query = fields_of(self._link, kind)
        made = await self._link.wire.write("POST", f"/{OBJECTS[kind]}", body=body, params=query, headers=headers)
        return record_of(self._link, made.data)

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        await self._change("DELETE", ref, expect, None)

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        query = {"operation": op_id, **fields_of(self._link, kind)}
        rows = (await self._link.wire.read(f"/{OBJECTS[kind]}", params=query)).data["rows"]
        return record_of(self._link, rows[0]) if rows else None

    async def _change(self, method: str, ref: RecordRef, expect: str, body: Any) -> Any:
        headers, query = {"If-Match": f'"{expect}"'}, fields_of(self._link, ref.kind)
        try:
            told = await self._link.wire.write(method, path_of(ref), body=body, params=query, headers=headers)
        except Moved:
            current = await Reader(self._link).read(ref)
            raise RecordMoved(f"{current.title} was changed by {current.updated_by}", current=current) from None
        return record_of(self._link, told.data) if told.data else None

    async def _body(self, kind: Kind, fields: Mapping[str, Value], *, new: bool) -> dict[str, Any]:
        """The fields as Tidemark takes them. Raises Refused, by field, before anything is sent."""
        schema = await schema_of(self._link, kind)
        there = {} if new else {each.name: "there" for each in schema.fields if each.required}
        validate(schema, fields, there | dict(fields), lambda _kind, _id: True)  # Tidemark itself knows its ids
        return {"fields": {NAMES[kind][ours]: encode(value) for ours, value in fields.items()}}


def open_reader(link: Link) -> Reader:
    return Reader(link)


def open_writer(link: Link) -> Writer:
    return Writer(link)
