"""Drafts as files: an approved mail becomes an .eml in a folder of the rep's, for any mail program to open and send.

Used where no mailbox is connected. One mail is one file, named after the operation that made it, so that one approval
never makes two. Nothing is ever sent from here.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from re import fullmatch

from gangly_tui.connectors.registry import About
from gangly_tui.domain.errors import NotFound, RecordMoved, Refused, Unreachable
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.mail import MAIL_FILES
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import FIELDS, FieldEdit, FieldSchema, Kind, ObjectSchema, Record, RecordRef, Value

ABOUT = About(label="Mail files", layer=Layer.ENGAGEMENT, brings="approved mails as .eml files")
SYSTEM = MAIL_FILES
_HEADERS = {"to": "To", "cc": "Cc", "subject": "Subject", "answers": "In-Reply-To"}
_POLICY = policy.SMTP.clone(max_line_length=998)
_NOT_SENT = "a file is not sent from here"
_OPEN_IT = "open it in your mail program and send it there"


class MailFiles:
    """Satisfies the protocols of a reader and of a writer, over Kind.MAIL. `folder` is made with the first mail."""

    system = SYSTEM

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    def _path(self, identifier: str) -> Path:
        if not fullmatch(r"[0-9A-Za-z-]{1,64}", identifier):
            raise NotFound(f"there is no mail {identifier!r}")
        return self._folder / f"{identifier}.eml"

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The fields of a mail."""
        fields = FIELDS[Kind.MAIL] if kind is Kind.MAIL else {}
        described = (FieldSchema(name=name, label=name.capitalize(), type=each) for name, each in fields.items())
        return ObjectSchema(kind=kind, fields=tuple(described))

    async def read(self, ref: RecordRef) -> Record:
        """The mail as its file holds it. Raises NotFound."""
        path = self._path(ref.id)
        try:
            data, changed = path.read_bytes(), path.stat().st_mtime
        except FileNotFoundError as error:
            raise NotFound(f"the file of that mail is not in {self._folder} any more") from error
        except OSError as error:
            raise Unreachable(f"{self._folder} cannot be read: {error.strerror}") from error
        return _record(ref, data, datetime.fromtimestamp(changed, UTC))

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """Mails have no identity."""
        return ()

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        """A file keeps none."""
        return None

    async def changes(self, since: str) -> AsyncIterator[ChangePage]:
        """Nothing is pulled from here."""
        nothing: tuple[ChangePage, ...] = ()
        for page in nothing:
            yield page

    def url(self, ref: RecordRef) -> str:
        """A file has no page."""
        return ""

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        """Write the file in one step; the same operation again gives the file it made. Raises Refused, Unreachable."""
        if kind is not Kind.MAIL or fields.get("status") != "draft":
            raise Refused(_NOT_SENT, fix=_OPEN_IT)
        ref = RecordRef(system=SYSTEM, kind=kind, id=meta.op_id)
        path = self._path(meta.op_id)
        fresh = path.with_suffix(".new")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():
                with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                    file.write(self._message(fields, meta).as_bytes())
                    file.flush()
                    os.fsync(file.fileno())
                fresh.replace(path)
        except OSError as error:
            raise Unreachable(f"{self._folder} cannot be written: {error.strerror}") from error
        return await self.read(ref)

    def _message(self, fields: Mapping[str, Value], meta: WriteMeta) -> EmailMessage:
        message = EmailMessage(policy=_POLICY)
        message["From"] = self._sender
        for name, header in _HEADERS.items():
            if value := fields.get(name):
                message[header] = " ".join(str(value).split())
        message["Message-ID"] = f"<{meta.op_id}@gangly.invalid>"
        message["X-Unsent"] = "1"  # mail programs open it ready to be sent
        message.set_content(str(fields.get("body") or ""), cte="8bit")
        return message

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        """A file that was handed over is not changed, and not sent. Raises Refused."""
        raise Refused(_NOT_SENT, fix=_OPEN_IT)

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        """Remove the file while it is as it was made. Raises NotFound, RecordMoved, Unreachable."""
        stands = await self.read(ref)
        if expect and stands.version != expect:
            raise RecordMoved("the file was changed since", current=stands)
        try:
            self._path(ref.id).unlink(missing_ok=True)
        except OSError as error:
            raise Unreachable(f"{self._folder} cannot be written: {error.strerror}") from error

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        """The mail that this operation made, or None."""
        try:
            return await self.read(RecordRef(system=SYSTEM, kind=kind, id=op_id))
        except NotFound:
            return None


def _record(ref: RecordRef, data: bytes, changed: datetime) -> Record:
    message = message_from_bytes(data, policy=_POLICY)
    body = message.get_content() if not message.is_multipart() else ""
    fields: dict[str, Value] = {name: str(message[header]) for name, header in _HEADERS.items() if message[header]}
    return Record(
        ref=ref,
        version=sha256(data).hexdigest(),
        fields={**fields, "body": body.replace("\r\n", "\n").removesuffix("\n"), "status": "draft"},
        updated_at=changed,
    )
