"""What an approved card puts into the rep's own Gmail and Calendar: drafts, their sending, invitations.

Gmail has no conditional write and no idempotency key. A draft carries its operation twice, as its Message-ID and in a
header of ours, since Gmail may give a mail a Message-ID of its own when it is sent. An invitation has the operation's
own event id, so that Google itself refuses a second one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from typing import Any, Final

from gangly_tui.connectors.engagement import google_invitation as invitations
from gangly_tui.connectors.engagement.google_client import SYSTEM, Google, table, tables, text
from gangly_tui.connectors.engagement.google_mail import few_at_once
from gangly_tui.connectors.engagement.google_message import (
    addresses_of,
    check_text,
    decoded,
    header,
    moment_of,
    people,
    raw_header,
    text_parts,
    written,
)
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import ConnectorError, NotFound, OutcomeUnknown, RecordMoved, Refused
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import FIELDS, FieldEdit, FieldSchema, Kind, ObjectSchema, Record, RecordRef, Value

OP: Final = "X-Gangly-Op"
WINDOW: Final = "Gmail has no conditional write: a draft is read and compared right before it is sent or removed."
LOOKED_THROUGH: Final = 10
"""The newest drafts and sent mails that are looked through where Gmail's search does not find one yet."""
_POLICY = policy.SMTP.clone(max_line_length=998)
_APART = "~"
"""Between a draft's id and its operation, in the id of a mail: a draft that is sent loses the first."""
_HEADERS = {"to": "To", "cc": "Cc", "subject": "Subject", "answers": "In-Reply-To"}
_NOT_BACK = "it was sent: a mail cannot be taken back"
_WRITE_AGAIN = "write to them again"
_ID = re.compile(r"[0-9A-Za-z_-]{1,100}")
_HELD = re.compile(r"<[^<>\s\"\\]{1,400}>")


class GoogleReader:
    """The read door to mails and invitations that were written here. Satisfies the reader's protocol."""

    window = WINDOW
    """what a card says of the moment between the last look and the write"""

    def __init__(self, link: Link) -> None:
        self._google = Google(link)

    @property
    def system(self) -> str:
        """`google`."""
        return SYSTEM

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The fields of a mail or an invitation that are in scope."""
        scope = self._google.link.scope
        fields = FIELDS[kind] if kind in (Kind.MAIL, Kind.INVITATION) else {}
        described = (
            FieldSchema(
                name=name,
                label=name.capitalize(),
                type=each,
                read_only=not scope.may_write(kind, name),
                options=("draft", "sent") if name == "status" else (),
            )
            for name, each in fields.items()
            if scope.may_read(kind, name)
        )
        return ObjectSchema(kind=kind, fields=tuple(described))

    async def read(self, ref: RecordRef) -> Record:
        """The draft, the mail it became, or the invitation, as it stands. Raises NotFound."""
        if ref.kind is Kind.INVITATION:
            return await invitations.read(self._google, ref)
        return (await _stands(self._google, ref))[0]

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """Mails and invitations have no identity."""
        return ()

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        """Google keeps none."""
        return None

    async def changes(self, since: str) -> AsyncIterator[ChangePage]:
        """Nothing is pulled through this door."""
        nothing: tuple[ChangePage, ...] = ()
        for page in nothing:
            yield page

    def url(self, ref: RecordRef) -> str:
        """Where the rep sees it; an invitation's page has an address that only Google can tell."""
        if ref.kind is Kind.INVITATION:
            return "https://calendar.google.com/calendar/r"
        return f"https://mail.google.com/mail/#{'drafts' if _APART in ref.id else 'all'}"


class GoogleWriter:
    """The write door, for the Courier alone. Satisfies the writer's protocol."""

    def __init__(self, link: Link) -> None:
        self._google = Google(link)

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        """Put a draft into the mailbox, or an invitation into the calendar. A mail is never sent by this."""
        if kind is Kind.INVITATION:
            return await invitations.create(self._google, fields, meta.op_id)
        if kind is not Kind.MAIL or fields.get("status", "draft") != "draft":
            raise Refused("a mail goes into your drafts first", fix="approve the draft, then send it")
        message: dict[str, Any] = {"raw": _raw(fields, meta)}
        if thread := await self._thread(str(fields.get("answers") or "")):
            message["threadId"] = thread
        drafts = (await self._google.api("gmail")).users().drafts()
        made = text(await self._google.write(drafts.create, userId="me", body={"message": message}), "id", 100)
        if not _ID.fullmatch(made):
            raise OutcomeUnknown("Gmail did not say which draft it made")
        with _after_the_write():
            return (await _stands(self._google, _ref(made, meta.op_id)))[0]

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        """Send a draft, once: what was sent already is given back as it is. Raises Refused for any other change."""
        if ref.kind is Kind.MAIL and fields.get("status") == "draft":
            raise Refused(_NOT_BACK, fix=_WRITE_AGAIN)
        if ref.kind is not Kind.MAIL or dict(fields) != {"status": "sent"}:
            raise Refused("what lies in your mailbox is changed there", fix="open it in Gmail or Google Calendar")
        stands, draft = await _stands(self._google, ref)
        if not draft:
            return stands
        if expect and stands.version != expect:
            raise RecordMoved("the draft was changed in Gmail since", current=stands)
        users = (await self._google.api("gmail")).users()
        sent = await self._google.write(users.drafts().send, userId="me", body={"id": draft})
        with _after_the_write():
            message = await self._google.read(
                users.messages().get, userId="me", id=text(sent, "id", 100), format="full"
            )
            return _record(self._google, ref, message, sent=True)

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        """Delete a draft, or withdraw an invitation and tell the guests. Raises Refused for a mail that was sent."""
        if ref.kind is Kind.INVITATION:
            await invitations.remove(self._google, ref, expect)
            return
        stands, draft = await _stands(self._google, ref)
        if not draft:
            raise Refused(_NOT_BACK, fix=_WRITE_AGAIN)
        if expect and stands.version != expect:
            raise RecordMoved("the draft was changed in Gmail since", current=stands)
        drafts = (await self._google.api("gmail")).users().drafts()
        await self._google.write(drafts.delete, userId="me", id=draft)

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        """The draft, the sent mail or the invitation that this operation made, or None."""
        if kind is Kind.INVITATION:
            return await invitations.find(self._google, op_id)
        if kind is not Kind.MAIL:
            return None
        drafts = (await self._google.api("gmail")).users().drafts()
        searched = await self._google.read(drafts.list, userId="me", q=f"rfc822msgid:{_marker(op_id)}", maxResults=5)
        newest = await self._google.read(drafts.list, userId="me", maxResults=LOOKED_THROUGH)
        rows = {
            text(each, "id", 100): table(each, "message")
            for each in (*tables(searched, "drafts"), *tables(newest, "drafts"))
        }
        marked = await _marked(self._google, [text(each, "id", 100) for each in rows.values()], op_id)
        for draft, message in rows.items():
            if text(message, "id", 100) in marked:
                return (await _stands(self._google, _ref(draft, op_id)))[0]
        sent = await _sent(self._google, op_id)
        return _record(self._google, _ref("", op_id), sent, sent=True) if sent else None

    async def _thread(self, answers: str) -> str:
        """The thread of the mail that is answered, "" when it is not in this mailbox."""
        if not _HELD.fullmatch(answers.strip()):
            return ""
        messages = (await self._google.api("gmail")).users().messages()
        found = await self._google.read(
            messages.list, userId="me", q=f"rfc822msgid:{answers.strip()[1:-1]}", maxResults=1
        )
        return next((text(each, "threadId", 100) for each in tables(found, "messages")), "")


@contextmanager
def _after_the_write() -> Iterator[None]:
    """What goes wrong here went wrong behind a write that was answered: that it was applied is all that is known."""
    try:
        yield
    except ConnectorError as error:
        raise OutcomeUnknown(f"it was taken, but could not be read back: {error}") from error


def _ref(draft: str, op_id: str) -> RecordRef:
    return RecordRef(system=SYSTEM, kind=Kind.MAIL, id=f"{draft}{_APART}{op_id}")


def _marker(op_id: str) -> str:
    """The operation as a Message-ID, without its angle brackets."""
    return f"{op_id}@gangly.invalid"


def _raw(fields: Mapping[str, Value], meta: WriteMeta) -> str:
    """The message as Gmail takes it. One line break is added to the body, and taken off when it is read.

    Raises Refused, before anything is sent, for what would not come back as it was approved.
    """
    message = EmailMessage(policy=_POLICY)
    for name, each in _HEADERS.items():
        if value := str(fields.get(name) or ""):
            check_text(value, name, header=True)
            if name in ("to", "cc"):
                addresses_of(value, name)
            message[each] = value
    if answers := str(fields.get("answers") or ""):
        message["References"] = answers
    message["Message-ID"] = f"<{_marker(meta.op_id)}>"
    message[OP] = meta.op_id
    body = str(fields.get("body") or "")
    check_text(body, "body")
    message.set_content(body + "\n", cte="base64")
    return base64.urlsafe_b64encode(message.as_bytes()).decode()


async def _stands(google: Google, ref: RecordRef) -> tuple[Record, str]:
    """A mail as it stands and, while it is a draft, the draft's id; "" for one that was sent. Raises NotFound."""
    draft, apart, op_id = ref.id.partition(_APART)
    api = await google.api("gmail")
    if not apart:
        raise NotFound("this mail was not written here", fix="open it in Gmail")
    if _ID.fullmatch(draft):
        try:
            found = await google.read(api.users().drafts().get, userId="me", id=draft, format="full")
            return _record(google, ref, table(found, "message"), sent=False), draft
        except NotFound:
            pass
    sent = await _sent(google, op_id)
    if sent is None:
        raise NotFound("the draft is not in Gmail any more", fix="it was deleted there")
    return _record(google, ref, sent, sent=True), ""


async def _sent(google: Google, op_id: str) -> dict[str, Any] | None:
    """The sent mail of an operation: by its Message-ID, else among those that were sent last."""
    messages = (await google.api("gmail")).users().messages()
    searched = await google.read(
        messages.list, userId="me", labelIds=["SENT"], q=f"rfc822msgid:{_marker(op_id)}", maxResults=5
    )
    newest = await google.read(messages.list, userId="me", labelIds=["SENT"], maxResults=LOOKED_THROUGH)
    ids = [text(each, "id", 100) for each in (*tables(searched, "messages"), *tables(newest, "messages"))]
    for each in await _marked(google, ids, op_id):
        return await google.read(messages.get, userId="me", id=each, format="full")
    return None


async def _marked(google: Google, ids: Sequence[str], op_id: str) -> list[str]:
    """Those of the messages that carry the operation's marker."""
    messages = (await google.api("gmail")).users().messages()

    async def carries(identifier: str) -> bool:
        try:
            found = await google.read(messages.get, userId="me", id=identifier, format="metadata", metadataHeaders=[OP])
        except NotFound:
            return False
        return raw_header(table(found, "payload"), OP).strip() == op_id

    wanted = list(dict.fromkeys(filter(None, ids)))
    told = await few_at_once(carries, wanted)
    return [each for each, is_ours in zip(wanted, told, strict=True) if is_ours]


def _record(google: Google, ref: RecordRef, message: Mapping[str, Any], *, sent: bool) -> Record:
    """A mail's values as they were written. The id of a draft's message changes with each edit of it."""
    payload = table(message, "payload")
    subject = raw_header(payload, "Subject")
    values: dict[str, Value] = {
        "to": written(people(payload, "To")),
        "cc": written(people(payload, "Cc")),
        "subject": header(payload, "Subject") if "=?" in subject else subject,
        "answers": raw_header(payload, "In-Reply-To").strip(),
        "body": _body(payload),
        "status": "sent" if sent else "draft",
    }
    try:
        at = moment_of(message)
    except (ValueError, OverflowError, OSError):
        at = datetime.fromtimestamp(0, UTC)
    scope = google.link.scope
    return Record(
        ref=ref,
        version=f"{'sent' if sent else 'draft'}:{text(message, 'id', 100)}",
        fields={name: each or None for name, each in values.items() if scope.may_read(Kind.MAIL, name)},
        updated_at=at,
    )


def _body(payload: Mapping[str, Any]) -> str:
    """The plain text; of a mail that was edited in Gmail too, which keeps an HTML twin beside it."""
    parts = [each for each in text_parts(payload) if each.get("mimeType") == "text/plain"]
    told = "".join(decoded(each, text(table(each, "body"), "data", 8_000_000)) for each in parts)
    return told.replace("\r\n", "\n").removesuffix("\n")
