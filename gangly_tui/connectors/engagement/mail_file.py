"""A saved mail (.eml) as text for the notes reader: who wrote to whom, when, about what, and the readable body."""

from __future__ import annotations

import re
from contextlib import suppress
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from typing import TYPE_CHECKING

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
_MOST_BOUNDARIES = 50
_BOUNDARY = re.compile(rb"^content-type:[ \t]*multipart/", re.IGNORECASE | re.MULTILINE)
_SAVE = "save the message as .eml from your mail program, or its text as .txt"
_HIDDEN = "//head | //title | //*[contains(translate(@style, ' ', ''), 'display:none')] | //*[@hidden]"


def mail_text(data: bytes, shown: str) -> str:
    """The mail as text: From, To, Cc, Date, Subject, the attachments' names, an empty line, the body.

    Attachments are named and not read. `shown` is what messages call the file. Raises InputError for what is no mail,
    has no text, or is nested beyond reason.
    """
    mail = _parsed(data, shown)
    lines = [f"{name}: {value}" for name in _NAMED if (value := _header(mail, name))]
    if not any(line.startswith(("From:", "Subject:", "Date:")) for line in lines):
        raise InputError(f"{shown} is not a mail", fix=_SAVE)
    body, attached = _content(mail, shown)
    if not body:
        raise InputError(f"{shown} has no text in it", fix="open what is attached to it and save that as .txt")
    if attached:
        lines.append("X-Attachments: " + ", ".join(attached))
    return "\n".join(lines) + f"\n\n{body}\n"


def _parsed(data: bytes, shown: str) -> EmailMessage:
    if len(_BOUNDARY.findall(data)) > _MOST_BOUNDARIES:  # the parser calls itself for each level
        raise InputError(f"{shown} is nested beyond reason", fix=_SAVE)
    try:
        mail = BytesParser(policy=policy.default).parsebytes(data.lstrip(b"\r\n"))
    except (RecursionError, *_BROKEN) as error:
        raise InputError(f"{shown} cannot be read as a mail", fix=_SAVE) from error
    assert isinstance(mail, EmailMessage)
    return mail


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


def _content(mail: EmailMessage, shown: str) -> tuple[str, list[str]]:
    """The body and the names of what is attached. Of a text given twice the plain one is taken, when it says a thing.

    A mail with an attachment between two texts (Apple Mail writes so) has both as its body.
    """
    plain: list[str] = []
    pages: list[str] = []
    attached: list[str] = []
    for part in _parts(mail, shown):
        kind = part.get_content_type()
        name = _file_name(part)
        if name or part.get_content_disposition() == "attachment" or kind not in ("text/plain", "text/html"):
            attached.append(name or f"({kind})")
        elif kind == "text/plain":
            plain.append(_decoded(part, shown))
        else:
            pages.append(_decoded(part, shown))
    body = tidy("\n\n".join(plain))
    if not body and pages:
        body = tidy("\n\n".join(map(page_text, pages)))
    return body, attached


def _parts(mail: EmailMessage, shown: str) -> Iterator[EmailMessage]:
    """The leaves of the mail. An attached mail is a leaf: what it says was said elsewhere."""
    left = [mail]
    seen = 0
    while left:
        part = left.pop()
        seen += 1
        if seen > _MOST_PARTS:
            raise InputError(f"{shown} has more than {_MOST_PARTS} parts", fix=_SAVE)
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            left += [each for each in reversed(list(part.iter_parts())) if isinstance(each, EmailMessage)]
        else:
            yield part


def _file_name(part: EmailMessage) -> str:
    try:
        name = part.get_filename() or ""
    except _BROKEN:
        name = "(unnamed)"
    name = name.encode("utf-8", "replace").decode()
    return one_line(name.replace(",", " "), limit=100)


def _decoded(part: EmailMessage, shown: str) -> str:
    """The text of a part, in the charset it names, or the one it looks like; at worst with a � in it."""
    from gangly_tui.connectors.engagement.text_file import MAX_BYTES, decode_bytes

    try:
        data = part.get_payload(decode=True)
    except _BROKEN:
        data = b""
    if not isinstance(data, bytes) or not data:
        return ""
    if len(data) > MAX_BYTES:
        raise InputError(f"{shown} has more than {MAX_BYTES // 1024 // 1024} MiB of text", fix=_SAVE)
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
