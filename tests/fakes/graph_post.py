"""What is written to a mailbox on Graph: drafts, their sending, replies, events and their cancellation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.fakes.graph_box import No, Row, recipient

if TYPE_CHECKING:
    from tests.fakes.graph_box import Box

_READ_ONLY = {"id", "changeKey", "createdDateTime", "lastModifiedDateTime", "isDraft", "webLink", "conversationId"}


class Post:
    """Mixed into the fake, beside its Box."""

    def write(
        self: Any, method: str, of: str, rest: list[str], data: Any, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """One write, by its address."""
        rows: dict[str, Row] = self.messages if of == "messages" else self.events
        row = None
        if rest:
            if rest[0] not in rows:
                raise No(404, "ErrorItemNotFound", "The specified object was not found in the store.")
            row = rows[rest[0]]
            guard = headers.get("if-match", "")
            if guard and guard != f'W/"{row["changeKey"]}"':
                raise No(412, "ErrorIrresolvableConflict", "The send or update operation could not be performed.")
        match [method, of, *rest[1:]]:
            case ["POST", "messages"] if row is None:
                return 201, _draft(self, data)
            case ["POST", "events"] if row is None:
                return 201, _event(self, data)
            case ["POST", "messages", "createReply"]:
                assert row is not None
                fresh = _draft(self, data.get("Message") or data.get("message") or {}, answers=row)
                return 201, fresh
            case ["POST", "messages", "send"]:
                assert row is not None
                if not row["isDraft"]:
                    raise No(404, "ErrorItemNotFound", "The item is no draft.")
                if not row["toRecipients"]:
                    raise No(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
                row["isDraft"] = False
                row["sentDateTime"] = row["receivedDateTime"] = self.stamp()
                self.notices.append(f"mail: {row['subject']}")
                self.move(row, "folder-sentitems")
                return 202, None
            case ["PATCH", *_] if row is not None:
                _set(self, row, data)
                self.touch(row)
                return 200, dict(row)
            case ["DELETE", "messages"]:
                assert row is not None
                self.move(row, "folder-deleteditems")
                return 204, None
            case ["DELETE", "events"]:
                assert row is not None
                self._called_off(row, "")
                return 204, None
            case ["POST", "events", "cancel"]:
                assert row is not None
                self._called_off(row, str((data or {}).get("Comment") or ""))
                return 202, None
        raise No(405, "Request_BadRequest", f"{method} is not for {of}")

    def _called_off(self: Any, row: Row, words: str) -> None:
        if row["attendees"]:
            self.notices.append(f"cancelled: {row['subject']} {words}".strip())
        self.drop(row)


def _draft(box: Box, data: Row, answers: Row | None = None) -> Row:
    base: Row = {"isDraft": True, "isRead": True}
    if answers is not None:
        subject = answers["subject"]
        base |= {
            "conversationId": answers["conversationId"],
            "subject": subject if subject.lower().startswith("re:") else f"RE: {subject}",
            "toRecipients": [answers["from"]],
            "body": {"contentType": "html", "content": f"<hr>{answers['body']['content']}"},
        }
    row = box.message("folder-drafts", **base)
    _set(box, row, data)
    return dict(row)


def _event(box: Box, data: Row) -> Row:
    wanted = data.get("transactionId")
    for each in box.events.values():
        if wanted and each.get("transactionId") == wanted:
            return dict(each)
    row = box.event(*(_naive(data[name]) for name in ("start", "end")))
    _set(box, row, data)
    if row.get("isOnlineMeeting"):
        row["onlineMeeting"] = {"joinUrl": f"https://teams.microsoft.com/l/meetup-join/19%3a{row['id']}"}
    if row["attendees"]:
        box.notices.append(f"invited: {row['subject']}")
    return dict(row)


def _naive(told: Row) -> Any:
    from datetime import UTC, datetime

    return datetime.fromisoformat(told["dateTime"][:19]).replace(tzinfo=UTC)


def _set(box: Box, row: Row, data: Row) -> None:
    marks = data.pop("singleValueExtendedProperties", None) or []
    for each in marks:
        box.marks.setdefault(row["id"], {})[each["id"]] = each["value"]
    if strange := set(data) & _READ_ONLY:
        raise No(400, "ErrorInvalidPropertySet", f"{sorted(strange)[0]} is read-only")
    if "internetMessageId" in data and not row.get("isDraft"):
        raise No(400, "ErrorInvalidPropertySet", "internetMessageId is set on drafts only")
    for name, value in data.items():
        if name in ("toRecipients", "ccRecipients"):
            told = [each["emailAddress"] for each in value]
            row[name] = [recipient(each["address"], each.get("name", "")) for each in told]
        elif name == "attendees":
            row[name] = [{**each, "status": {"response": "none", "time": "0001-01-01T00:00:00Z"}} for each in value]
        else:
            row[name] = value
    if "body" in data:
        row["bodyPreview"] = str(data["body"]["content"])[:255]
