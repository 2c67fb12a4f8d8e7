"""What Gmail says of one message: its headers as a Mail, its text without attachments."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.headerregistry import Address as Written
from email.message import Message
from email.utils import getaddresses
from typing import Any, Final

from gangly_tui.connectors.engagement.google_client import SYSTEM, Google, table, tables, text, texts
from gangly_tui.connectors.engagement.mail_file import header_words, page_text, tidy
from gangly_tui.domain.errors import NotFound, Refused
from gangly_tui.domain.mail import Address, Mail

HEADERS: Final = (
    "From",
    "To",
    "Cc",
    "Subject",
    "Message-ID",
    "Content-Type",
    "X-Failed-Recipients",
)
MOST_TEXT: Final = 2 * 1024 * 1024
"""The most text of one message that is fetched; attachments are not."""
MOST_PEOPLE: Final = 200
MOST_GUESTS: Final = 200
_LONGEST: Final = 16_000
_ADDRESS = re.compile(r"[^\s@<>,;:()\[\]\"]{1,64}@[^\s@<>,;:()\[\]\"]{1,255}")
_CORRECT = "correct it, then approve again"
_MOST_PARTS: Final = 200
_LEVELS: Final = 8
"""How deep the parts of a message are looked at."""
_DAEMONS = re.compile(r"^(?:mailer-daemon|postmaster|mail-daemon)@", re.IGNORECASE)
_DELAY = re.compile(r"\bdelay", re.IGNORECASE)
_SYSTEM_LABELS = {
    "INBOX": "Inbox",
    "SENT": "Sent",
    "CATEGORY_PERSONAL": "Primary",
    "CATEGORY_SOCIAL": "Social",
    "CATEGORY_PROMOTIONS": "Promotions",
    "CATEGORY_UPDATES": "Updates",
    "CATEGORY_FORUMS": "Forums",
}
NO_FOLDERS: Final = frozenset({"UNREAD", "STARRED", "IMPORTANT"})
"""Labels that say something of a message and not where it lies."""
NOT_KEPT: Final = frozenset({"DRAFT", "CHAT", "SPAM", "TRASH"})


def shape(leaf: str) -> str:
    """The `fields` that ask for a message's parts and of each only what `leaf` names."""
    part = f"mimeType,filename,{leaf}"
    for _ in range(_LEVELS):
        part = f"mimeType,filename,{leaf},parts({part})"
    return f"id,payload({part})"


def labels_of(answer: Any) -> dict[str, str]:
    """The labels as the person sees them, by id."""
    return {
        text(each, "id"): _SYSTEM_LABELS.get(text(each, "id"), text(each, "name")) for each in tables(answer, "labels")
    }


def header(payload: Any, name: str) -> str:
    """A header's text, its encoded words read and its line breaks gone; "" when it is not there."""
    return header_words(raw_header(payload, name))


def raw_header(payload: Any, name: str) -> str:
    """A header on one line, as it stands."""
    wanted = name.lower()
    found = next((text(each, "value", _LONGEST) for each in tables(payload, "headers") if _name(each) == wanted), "")
    return re.sub(r"\s*[\r\n]+\s*", " ", found)


def people(payload: Any, name: str) -> tuple[Address, ...]:
    """The people of a header, those without an address left out."""
    found = []
    for shown, email in getaddresses([raw_header(payload, name)])[:MOST_PEOPLE]:
        if "@" in email:
            found.append(Address(email=email.strip()[:320], name=header_words(shown).strip("\"' ")[:200]))
    return tuple(found)


def written(people: tuple[Address, ...]) -> str:
    """Addresses as RFC 5322 writes them, names in plain letters, with commas between."""
    shown = []
    for each in people:
        try:
            shown.append(str(Written(display_name=each.name, addr_spec=each.email)) if each.name else each.email)
        except (ValueError, IndexError):  # an address that the standard has no place for is shown as it stands
            shown.append(f"{each.name} <{each.email}>" if each.name else each.email)
    return ", ".join(shown)


def addresses_of(value: str, field: str) -> list[tuple[str, str]]:
    """Names and addresses of what a card says. Raises Refused when one of them is none."""
    found = getaddresses([value])
    if not found or not all(_ADDRESS.fullmatch(email) for _, email in found):
        raise Refused(f"the addresses in {field!r} cannot be read", field=field, fix=_CORRECT)
    if len(found) > MOST_GUESTS:
        raise Refused(f"more than {MOST_GUESTS} addresses in {field!r}", field=field, fix="write to fewer people")
    return found


def check_text(value: str, field: str, *, header: bool = False) -> None:
    """Raises Refused for a text that cannot be sent as it stands: half a character, a line break in a header."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Refused(f"{field!r} has half a character in it", field=field, fix=_CORRECT) from error
    if header and (len(value.splitlines()) > 1 or len(value) > _LONGEST):
        raise Refused(f"{field!r} has to be on one line, and not endless", field=field, fix=_CORRECT)


def moment_of(message: Any) -> datetime:
    """When Gmail took it. Raises ValueError, OverflowError."""
    return datetime.fromtimestamp(int(text(message, "internalDate", 20)) / 1000, UTC)


def mail_of(message: Any, labels: Mapping[str, str]) -> Mail | None:
    """A message as a Mail; None for a draft, a chat, spam, what was thrown away, and one that cannot be read."""
    identifier, payload = text(message, "id", 100), table(message, "payload")
    ids = texts(message, "labelIds")
    try:
        at = moment_of(message)
    except (ValueError, OverflowError, OSError):
        return None
    if not identifier or NOT_KEPT & set(ids):
        return None
    sender = next(iter(people(payload, "From")), Address(email=""))
    bounced = _is_bounce(payload, sender)
    return Mail(
        id=identifier,
        system=SYSTEM,
        thread_id=text(message, "threadId", 100),
        message_id=raw_header(payload, "Message-ID").strip()[:1_000],
        at=at,
        sender=sender,
        to=people(payload, "X-Failed-Recipients" if bounced else "To"),
        cc=() if bounced else people(payload, "Cc"),
        subject=header(payload, "Subject")[:1_000],
        snippet=html.unescape(text(message, "snippet", 1_000)),
        folders=tuple(labels.get(each, each) for each in ids if each not in NO_FOLDERS),
        outgoing="SENT" in ids,
        bounced=bounced,
    )


def _is_bounce(payload: Any, sender: Address) -> bool:
    """A report that says a mail was not delivered. One that it is late, or that it was read, is none."""
    kind = raw_header(payload, "Content-Type").lower()
    failed = raw_header(payload, "X-Failed-Recipients") or ("multipart/report" in kind and "delivery-status" in kind)
    return bool(failed and _DAEMONS.match(sender.email) and not _DELAY.search(header(payload, "Subject")))


async def text_of(google: Google, mail_id: str) -> str:
    """The text of a message, HTML rendered as text. Its parts are measured before they are fetched.

    Raises NotFound, Refused for a text that is too long.
    """
    messages = (await google.api("gmail")).users().messages()
    about = await google.read(messages.get, userId="me", id=mail_id, format="full", fields=shape("body/size"))
    sizes = [table(part, "body").get("size") for part in text_parts(table(about, "payload"))]
    if sum(each for each in sizes if isinstance(each, int)) > MOST_TEXT:
        raise Refused(f"the text of this mail is longer than {MOST_TEXT // 1024 // 1024} MiB", fix="open it in Gmail")
    leaf = "headers,body(size,data,attachmentId)"
    whole = await google.read(messages.get, userId="me", id=mail_id, format="full", fields=shape(leaf))
    plain: list[str] = []
    pages: list[str] = []
    for part in text_parts(table(whole, "payload")):
        data = await _data(google, mail_id, part)
        (plain if part.get("mimeType") == "text/plain" else pages).append(decoded(part, data))
    return tidy("\n\n".join(plain)) or tidy("\n\n".join(map(page_text, pages)))


async def _data(google: Google, mail_id: str, part: Any) -> str:
    """A part's content, which Gmail keeps apart when it is long."""
    apart = text(table(part, "body"), "attachmentId", 4_000)
    if not apart:
        return text(table(part, "body"), "data", 2 * MOST_TEXT)
    attachments = (await google.api("gmail")).users().messages().attachments()
    try:
        return text(await google.read(attachments.get, userId="me", messageId=mail_id, id=apart), "data", 2 * MOST_TEXT)
    except NotFound:
        return ""


def text_parts(payload: Any) -> Iterator[Mapping[str, Any]]:
    """The parts that are text and no attachment, in their order."""
    left, seen = [payload], 0
    while left and seen < _MOST_PARTS:
        part = left.pop()
        seen += 1
        if tables(part, "parts"):
            left += reversed(tables(part, "parts"))
        elif part.get("mimeType") in ("text/plain", "text/html") and not part.get("filename"):
            yield part


def decoded(part: Any, data: str) -> str:
    """The text of a part, in UTF-8 or the charset it names; at worst with a � in it."""
    try:
        content = base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return ""
    about = Message()
    about["Content-Type"] = raw_header(part, "Content-Type") or "text/plain"
    try:
        named = str(about.get_content_charset() or "utf-8")
    except (ValueError, LookupError, TypeError, AttributeError):
        named = "utf-8"
    order = (named, "utf-8") if named.startswith("iso-2022") else ("utf-8", named)
    for charset in order:
        try:
            return content.decode(charset)
        except (LookupError, ValueError):
            continue
    return content.decode("utf-8", "replace")


def _name(row: Any) -> str:
    return text(row, "name", 200).lower()
