"""A saved mail (.eml) as text for the notes reader: who wrote to whom, when, about what, and the readable body."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from typing import TYPE_CHECKING

from gangly_tui.connectors.engagement.text_file import MAX_BYTES, MAX_LINES, decode_bytes
from gangly_tui.domain.errors import InputError
from gangly_tui.domain.safe import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMED = ("From", "To", "Cc", "Date", "Subject")
_LONGEST_HEADER = 2_000
_BROKEN = (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError)
"""What the standard library raises on parameters and encoded words that are damaged."""

_MOST_PARTS = 200
_MOST_PEOPLE = 40
_MOST_LEVELS = 50
_MOST_RAW = 15 * 1024 * 1024
"""Bytes of a mail's text as it is sent, of either kind: base64 and quoting make it longer than it is."""
_MOST_HTML = 3 * 1024 * 1024
_MOST_TAGS = 150_000
"""Each takes some 600 bytes while a page is read; a long newsletter has 10,000."""
_MOST_HEAD = 1024 * 1024
_HEADER_LINE = re.compile(rb"(?:From |[!-9;-~]*:|[ \t])[^\r\n]*(?:\r\n|\r|\n)?")
_BLANK = re.compile(rb"(?:\r\n|\r|\n)?")
_SAVE = "save the message as .eml from your mail program, or its text as .txt"
_Leaf = tuple[EmailMessage, memoryview]
"""A part that has no parts: its headers, and its body as it is sent."""
_HIDDEN = "//head | //title | //*[contains(translate(@style, ' ', ''), 'display:none')] | //*[@hidden]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inside:
    """A whole whose parts are being read; those of a digest are mails unless they say otherwise."""

    boundary: bytes
    digest: bool


def mail_text(data: bytes, shown: str) -> str:
    """The mail as text: From, To, Cc, Date, Subject, the attachments' names, an empty line, the body.

    Attachments are named and not read. `shown` is what messages call the file. Raises InputError for what is no mail,
    has no text, or is nested beyond reason.
    """
    try:
        mail, leaves = _parsed(data, shown)
    except (RecursionError, *_BROKEN) as error:
        raise InputError(f"{shown} cannot be read as a mail", fix=_SAVE) from error
    lines = [f"{name}: {value}" for name in _NAMED if (value := _header(mail, name))]
    if not any(line.startswith(("From:", "Subject:", "Date:")) for line in lines):
        raise InputError(f"{shown} is not a mail", fix=_SAVE)
    body, attached = _content(leaves, shown)
    if not body:
        raise InputError(f"{shown} has no text in it", fix="open what is attached to it and save that as .txt")
    if attached:
        lines.append("X-Attachments: " + ", ".join(attached))
    return "\n".join(lines) + f"\n\n{body}\n"


def _parsed(data: bytes, shown: str) -> tuple[EmailMessage, list[_Leaf]]:
    """The mail, and its leaves in order. An attached mail is a leaf: what it says was said elsewhere.

    The standard library's parser keeps each line of each attachment, several times over. So it is given the headers
    alone; its rules for where a part ends are followed here, and bodies stay where they are.
    """
    body = memoryview(data)
    leaves: list[_Leaf] = []
    inside: list[_Inside] = []
    mail: EmailMessage | None = None
    at = len(data) - len(data.lstrip(b"\r\n"))
    for _ in range(_MOST_PARTS):
        fence = _next_fence(data, at, inside)
        part, begins = _headers(data, at, fence.start() + 1 if fence else len(data), shown)
        mail = mail or part
        if inside and inside[-1].digest:
            part.set_default_type("message/rfc822")
        boundary = _boundary(part)
        if boundary:
            inside.append(_Inside(boundary=boundary, digest=part.get_content_subtype() == "digest"))
            if len(inside) > _MOST_LEVELS:
                raise InputError(f"{shown} is nested beyond reason", fix=_SAVE)
            fence = _next_fence(data, begins, inside)
        else:
            leaves.append((part, body[begins : fence.start() if fence else len(data)]))
        while fence:  # what stands after the end of parts belongs to none of them
            level = max(number for number, each in enumerate(inside) if each.boundary == fence[1])
            del inside[level + (fence[2] is None) :]
            at = _BLANK.match(data, fence.end()).end()  # type: ignore[union-attr]  # it matches anywhere
            if fence[2] is None:
                break
            fence = _next_fence(data, at, inside)
        if not fence:
            return mail, leaves
    raise InputError(f"{shown} has more than {_MOST_PARTS} parts", fix=_SAVE)


def _next_fence(data: bytes, at: int, inside: list[_Inside]) -> re.Match[bytes] | None:
    """The next line that ends a part: the boundary of one of the wholes it stands in, the innermost first."""
    if not inside:
        return None
    names = b"|".join(re.escape(each.boundary) for each in reversed(inside))
    return re.compile(rb"[\r\n]--(%b)(--)?[ \t]*(?=[\r\n]|\Z)" % names).search(data, max(at - 1, 0))


def _headers(data: bytes, at: int, end: int, shown: str) -> tuple[EmailMessage, int]:
    """The headers of the part that begins there, and where its body does."""
    stop = at
    while stop < end and (line := _HEADER_LINE.match(data, stop, end)):
        stop = line.end()
        if stop - at > _MOST_HEAD:
            raise InputError(f"{shown} has headers beyond reason", fix=_SAVE)
    part = BytesParser(policy=policy.default).parsebytes(data[at:stop], headersonly=True)
    assert isinstance(part, EmailMessage)
    return part, _BLANK.match(data, stop, end).end()  # type: ignore[union-attr]  # it matches anywhere


def _boundary(part: EmailMessage) -> bytes:
    """What parts the parts of a whole; nothing when it has none, or one that no mail server lets through."""
    name = part.get_boundary() if part.get_content_maintype() == "multipart" else None
    with suppress(UnicodeEncodeError):
        return (name or "").encode("ascii", "surrogateescape")
    return b""


def _header(mail: EmailMessage, name: str) -> str:
    """A header as one line of text; a date in the form that reads the same everywhere."""
    raw = next((value for key, value in mail.raw_items() if key.lower() == name.lower()), "")
    raw = re.sub(r"\s*[\r\n]+\s*", " ", str(raw))[:_LONGEST_HEADER]
    if name == "Date":
        with suppress(ValueError, TypeError, OverflowError):
            return parsedate_to_datetime(raw).strftime("%Y-%m-%d %H:%M %z").strip()
    if name in ("Subject", "Date"):
        return header_words(raw)
    people = [
        _person(*each) for each in getaddresses([raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")])
    ]
    return ", ".join(filter(None, people[:_MOST_PEOPLE])) or header_words(raw)


def header_words(raw: str) -> str:
    """A header's text, its encoded words read."""
    try:
        text = str(make_header(decode_header(raw)))
    except _BROKEN:
        text = raw
    return " ".join(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())


def _person(name: str, address: str) -> str:
    """`Jo van Dam <jo@acme.de>`; a name filed as "van Dam, Jo" is turned round."""
    name = header_words(name).strip("\"' ")
    last, comma, first = name.partition(", ")
    if comma and first and "," not in first:
        name = f"{first} {last}"
    name = name.replace(",", " ")
    address = header_words(address)
    return f"{name} <{address}>" if name and name != address else address


def _content(leaves: list[_Leaf], shown: str) -> tuple[str, list[str]]:
    """The body and the names of what is attached. Of a text given twice the plain one is taken, when it says a thing.

    A mail with an attachment between two texts (Apple Mail writes so) has both as its body.
    """
    plain: list[_Leaf] = []
    pages: list[_Leaf] = []
    attached: list[str] = []
    for part, body in leaves:
        kind = part.get_content_type()
        name = _file_name(part)
        if name or part.get_content_disposition() == "attachment" or kind not in ("text/plain", "text/html"):
            attached.append(name or f"({kind})")
        else:
            (plain if kind == "text/plain" else pages).append((part, body))
    text = tidy("\n\n".join(_texts(plain, MAX_BYTES, shown)))
    if not text and pages:
        text = tidy("\n\n".join(map(page_text, _texts(pages, _MOST_HTML, shown))))
    return text, attached


def _texts(leaves: list[_Leaf], most: int, shown: str) -> Iterator[str]:
    """The texts of these parts, one at a time. Raises InputError when they are too much together."""
    left = most
    too_much = InputError(f"{shown} has more than {most // 1024 // 1024} MiB of text", fix=_SAVE)
    if sum(len(body) for _, body in leaves) > min(_MOST_RAW, 3 * most):
        raise too_much
    for part, body in leaves:
        data = _unwrapped(part, body)
        left -= len(data)
        if left < 0:
            raise too_much
        if part.get_content_type() == "text/html" and data.count(b"<") > _MOST_TAGS:
            raise InputError(f"{shown} is a page of more than {_MOST_TAGS:,} tags", fix=_SAVE)
        if data.count(b"\n") + data.count(b"\r") > 2 * MAX_LINES:  # each costs memory of its own
            raise InputError(f"{shown} has more than {MAX_LINES:,} lines", fix="split it")
        yield _decoded(part, data)


def _file_name(part: EmailMessage) -> str:
    try:
        name = part.get_filename() or ""
    except _BROKEN:
        name = "(unnamed)"
    name = name.encode("utf-8", "replace").decode()
    return one_line(name.replace(",", " "), limit=100)


def _unwrapped(part: EmailMessage, body: memoryview) -> bytes:
    """The bytes of a part, out of base64 or quoting."""
    part.set_payload(str(body, "ascii", "surrogateescape"))
    try:
        data = part.get_payload(decode=True)
    except _BROKEN:
        return b""
    return data if isinstance(data, bytes) else b""


def _decoded(part: EmailMessage, data: bytes) -> str:
    """The text of a part, in the charset it names, or the one it looks like; at worst with a � in it."""
    with suppress(*_BROKEN):
        return data.decode(part.get_content_charset() or "utf-8")
    with suppress(InputError):
        return decode_bytes(data, "the mail")
    return data.decode("utf-8", "replace")


def page_text(page: str) -> str:
    """HTML as a reader sees it: no scripts, styles or hidden text."""
    import html_text
    from lxml.etree import LxmlError

    page = page.replace("\0", "").encode("utf-8", "replace").decode()
    try:
        tree = html_text.parse_html(page)
        if tree is None:
            return ""
        for each in tree.xpath(_HIDDEN):
            if each.getparent() is not None:
                each.drop_tree()
        return str(html_text.extract_text(tree))
    except (LxmlError, ValueError, RecursionError):
        return ""


def tidy(text: str) -> str:
    """Line breaks as "\\n", no more than one empty line in a row, no space at a line's end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u200b", "").replace("\ufeff", "")
    text = "\n".join(line.rstrip(" \t\u00a0\u200c\u034f") for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()
