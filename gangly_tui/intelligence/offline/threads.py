"""E-mail threads as text: messages with their author, quoted parts, signatures."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gangly_tui.intelligence.offline.passages import Block, Passage

Line = tuple[int, int]
_FIELD = re.compile(
    r"^[>\s*]{0,8}(From|To|Cc|Bcc|Sent|Date|Subject|Reply-To|Message-ID|MIME-Version|Content-[\w-]+|X-[\w-]+|In-Reply-To|References)\*{0,2}:\*{0,2}[ \t]*(.*)$",
    re.I,
)
_WROTE = re.compile(r"^[>\s]{0,8}On\s.{4,120}?(?:,|\s)\s*([^,<>\n]{2,60}?)\s*(?:<([^<>\s]+@[^<>\s]+)>)?\s+wrote:\s*$")
_MAIL = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_CLOSE = re.compile(
    r"^(?:--\s*|(?:best|kind|warm)?\s*regards,?|best,?|thanks(?: again)?[,!.]?|thank you[,!.]?|cheers,?|sincerely,?|br,?|all the best,?)$",
    re.I,
)
_GREETING = re.compile(r"^(?:hi|hello|hey|dear|good (?:morning|afternoon))\b[^.?]{0,40}[,!:]?$", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a message; offsets of the line that names them."""

    name: str
    email: str
    start: int
    end: int


def is_thread(source: str, lines: list[Line]) -> bool:
    """Whether the text is one or more e-mails."""
    fields: set[str] = set()
    for start, end in [line for line in lines if source[line[0] : line[1]].strip()][:12]:
        found = _FIELD.match(source[start:end])
        if found:
            fields.add(found.group(1).lower())
    if "from" in fields and fields & {"to", "subject", "sent", "date"}:
        return True
    return any(
        _WROTE.match(source[start:end]) for start, end in lines[:400] if source.startswith(("On ", "> On"), start)
    )


def read_thread(
    source: str, lines: list[Line]
) -> tuple[list[Passage], list[tuple[int, int]], list[Author], Line | None]:
    """Messages as passages (one a paragraph), stretches to blank out, authors, and where the first Date stands.

    A quoted paragraph that stands elsewhere in the text unquoted is read once.
    """
    passages: list[Passage] = []
    blanks: list[tuple[int, int]] = []
    authors: list[Author] = []
    when: Line | None = None
    author, depth, signing, in_fields = "", 0, False, False
    by_depth: dict[int, str] = {}
    seen: set[str] = set()
    paragraph: Line | None = None

    def flush() -> None:
        nonlocal paragraph
        if paragraph:
            start, end = paragraph
            key = re.sub(r"[\W_]+", "", source[start:end].lower())
            if key and key not in seen:
                seen.add(key)
                block = Block.SIGNATURE if signing else Block.SPEECH
                passages.append(Passage(start=start, end=end, block=block, speaker=author))
        paragraph = None

    for start, end in lines:
        line = source[start:end]
        bare = line.lstrip("> \t")
        quote = line[: len(line) - len(bare)].count(">")
        offset = start + len(line) - len(bare)
        if quote != depth:
            flush()
            by_depth[depth] = author
            author = by_depth.get(quote, author) if quote < depth else author
            depth, signing = quote, False
        if quote:
            blanks.append((start, offset))
        field = _FIELD.match(line)
        wrote = _WROTE.match(line)
        if field and (
            in_fields
            or field.group(1).lower() in ("from", "to", "subject", "date", "sent", "cc", "message-id", "mime-version")
        ):
            flush()
            key, value = field.group(1).lower(), field.group(2).strip(" *")
            if key == "from":
                who = _author(value, start, end)
                authors.append(who)
                author, signing = who.name or who.email, False
            elif key in ("to", "cc"):
                authors.extend(
                    _author(each, start, end) for each in re.split(r"[;,](?=[^<]*(?:<|$))", value)[:20] if "@" in each
                )
            elif key in ("date", "sent") and when is None:
                when = (start + field.start(2), end)
            blanks.append((start, end))
            in_fields = True
        elif wrote:
            flush()
            who = Author(name=wrote.group(1).strip(), email=wrote.group(2) or "", start=start, end=end)
            authors.append(who)
            author = by_depth[depth + 1] = who.name
            blanks.append((start, end))
            signing = False
        elif not bare.strip():
            flush()
            in_fields = False
        elif _CLOSE.match(bare.strip()):
            flush()
            signing = True
        elif not signing and _GREETING.match(bare.strip()):
            flush()
        else:
            in_fields = False
            paragraph = (paragraph[0], end) if paragraph else (offset, end)
            if signing:
                flush()
    flush()
    return passages, blanks, authors, when


def _author(value: str, start: int, end: int) -> Author:
    mail = _MAIL.search(value)
    name = re.sub(r"[<(\[\"].*$|[\w.+'-]+@\S+", "", value.strip(' "')).strip(" \"',<>*")
    return Author(name=name, email=mail.group() if mail else "", start=start, end=end)
