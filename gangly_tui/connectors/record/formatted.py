"""Texts that a vendor keeps as HTML: ours comes back exactly as it went, anybody's layout becomes plain lines."""

from __future__ import annotations

import html
import re

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_OTHER_TAG = re.compile(r"<(?!br\s*/?>)[a-zA-Z/!]", re.IGNORECASE)
_TITLE = re.compile(r"\A<(b|strong)>(?P<title>.*?)</\1>(?:<br\s*/?>|\Z)", re.IGNORECASE | re.DOTALL)


def to_html(text: str) -> str:
    """Plain text: nothing in it can become a tag."""
    return html.escape(text, quote=False).replace("\n", "<br>")


def from_html(markup: str) -> str:
    """The text of a body."""
    if not _OTHER_TAG.search(markup):
        return html.unescape(_BREAK.sub("\n", markup))
    from html_text import extract_text
    from lxml.etree import LxmlError

    try:
        return str(extract_text(markup))
    except (LxmlError, ValueError, RecursionError):  # broken past reading: its words are there all the same
        return html.unescape(_TAG.sub(" ", markup))


def note_of(subject: str, body: str) -> str:
    """A note that has no field for a subject: it is the first line, in bold."""
    return "<br>".join(filter(None, (f"<strong>{to_html(subject)}</strong>" if subject else "", to_html(body))))


def parts_of(note: str) -> tuple[str, str]:
    """The subject and the text of such a note; one without a bold first line goes by how its first line begins."""
    titled = _TITLE.match(note)
    text = from_html(note[titled.end() :] if titled else note)
    return from_html(titled["title"]) if titled else text.strip().split("\n", 1)[0][:80], text
