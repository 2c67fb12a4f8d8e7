"""The two doors to the faulty CRM, as a connector has them: one call is one request, nothing is retried."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from gangly_tui.domain.errors import NotFound, OutcomeUnknown, RateLimited, RecordMoved, Refused, Unreachable
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import (
    FIELDS,
    FieldEdit,
    FieldStamp,
    Kind,
    ObjectSchema,
    Record,
    RecordRef,
    Value,
    decode,
    encode,
)

SYSTEM = "loopback"


def record_of(found: dict[str, Any]) -> Record:
    """A record as the CRM tells of it."""
    kind = Kind(found["kind"])
    return Record(
        ref=RecordRef(system=SYSTEM, kind=kind, id=found["id"]),
        version=str(found["version"]),
        fields={name: decode(each, FIELDS[kind][name]) for name, each in found["fields"].items()},
        updated_at=datetime.fromisoformat(found["at"]),
        updated_by=found["by"],
        changed={name: FieldStamp(by=by, at=datetime.fromisoformat(at)) for name, (by, at) in found["stamps"].items()},
    )


class LoopbackReader:
    """The read door. Every failure of a read means: not now."""

    system = SYSTEM

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def _get(self, path: str) -> Any:
        try:
            answer = await self._client.get(path)
            if answer.status_code == 404:
                raise NotFound("no such record")
            if answer.status_code == 429:
                raise RateLimited("busy", retry_after=float(answer.headers["Retry-After"]))
            answer.raise_for_status()
            return answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unreachable(f"could not be read: {type(error).__name__}") from error

    async def describe(self, kind: Kind) -> ObjectSchema:
        """Nothing here asks for it."""
        raise NotImplementedError

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands."""
        return record_of(await self._get(f"/record/{ref.id}"))

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """By mailbox."""
        return [record_of(each) for each in await self._get(f"/mailbox/{key.mailbox}")]

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        """Newest first."""
        found = await self._get(f"/history/{ref.id}/{field}")
        type_ = FIELDS[ref.kind][field]
        return found and [
            FieldEdit(
                before=decode(each["before"], type_),
                after=decode(each["after"], type_),
                by=each["by"],
                at=datetime.fromisoformat(each["at"]),
            )
            for each in found
        ]

    def changes(self, since: str) -> AsyncIterator[ChangePage]:
        """Nothing here asks for it."""
        raise NotImplementedError

    def url(self, ref: RecordRef) -> str:
        """No page."""
        return ""


class _InHalves:
    """A body that a crash may cut; it is sent again after a new token was had."""

    def __init__(self, plain: bytes, at_point: Callable[[str], None]) -> None:
        self._plain = plain
        self._at = at_point

    async def __aiter__(self) -> AsyncIterator[bytes]:
        middle = len(self._plain) // 2
        yield self._plain[:middle]
        self._at("http.half-sent")
        yield self._plain[middle:]


class LoopbackWriter:
    """The write door. Only an answer that rules out every effect is anything but OutcomeUnknown."""

    def __init__(self, client: httpx.AsyncClient, reader: LoopbackReader, at_point: Callable[[str], None]) -> None:
        self._client = client
        self._reader = reader
        self._at = at_point

    async def _send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        plain = json.dumps(body).encode()

        async def traced(event: str, _: object) -> None:
            if event == "http11.send_request_body.complete":
                self._at("http.sent")

        try:
            answer = await self._client.request(
                method,
                path,
                content=_InHalves(plain, self._at),
                headers={"Content-Length": str(len(plain))},
                extensions={"trace": traced},
            )
            self._at("http.answered")
            return self._judge(answer)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unreachable("no connection") from error
        except (httpx.TransportError, ValueError, KeyError) as error:
            raise OutcomeUnknown(f"no usable answer: {type(error).__name__}") from error

    def _judge(self, answer: httpx.Response) -> Any:
        match answer.status_code:
            case 200:
                return answer.json()
            case 429:
                raise RateLimited("busy", retry_after=float(answer.headers["Retry-After"]))
            case 401:
                raise Unreachable("sign in again")
            case 404:
                raise NotFound("no such record")
            case 412:
                raise RecordMoved("moved", current=record_of(answer.json()))
            case 400 | 422:
                raise Refused("not valid")
        raise OutcomeUnknown(f"answered {answer.status_code}")

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        """Set fields."""
        body = {"id": ref.id, "fields": _plain(fields), "expect": expect, "meta": _meta(meta)}
        return self._record(await self._send("PATCH", f"/record/{ref.id}", body))

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        """Create a record."""
        body = {"kind": kind.value, "fields": _plain(fields), "meta": _meta(meta)}
        return self._record(await self._send("POST", "/record", body))

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        """Remove a record."""
        await self._send("DELETE", f"/record/{ref.id}", {"id": ref.id, "expect": expect, "meta": _meta(meta)})

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        """By marker."""
        found = await self._reader._get(f"/op/{op_id}")
        return record_of(found) if found else None

    def _record(self, found: Any) -> Record:
        try:
            return record_of(found)
        except (KeyError, TypeError) as error:
            raise OutcomeUnknown("answered something else") from error


def _plain(fields: Mapping[str, Value]) -> dict[str, Any]:
    return {name: encode(each) for name, each in fields.items()}


def _meta(meta: WriteMeta) -> dict[str, str]:
    return {"op_id": meta.op_id, "approved_by": meta.approved_by, "trail_head": meta.trail_head}
