"""E-mail threads as text: messages with their author, quoted parts, signatures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gangly_tui.intelligence.offline.passages import Block, Passage

Line = tuple[int, int]
_FIELD = re.compile(
    r"^[>\s*]{0,8}(From|To|Cc|Bcc|Sent|Date|Subject|Reply-To|Message-ID|MIME-Version|"
    r"Content-[\w-]+|X-[\w-]+|In-Reply-To|References)\*{0,2}:\*{0,2}[ \t]*(.*)$",
    re.I,
)
_DATED = re.compile(r"^.*(?:\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AaPp][Mm])?|\b\d{4})\W*(?:at\b\W*)?")
_OPENING = frozenset("from to subject date sent cc message-id mime-version".split())
_WROTE = re.compile(r"^[>\s]{0,8}On\s.{4,120}?(?:,|\s)\s*([^,<>\n]{2,60}?)\s*(?:<([^<>\s]+@[^<>\s]+)>)?\s+wrote:\s*$")
_MAIL = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_CLOSE = re.compile(
    r"^(?:--\s*|(?:best|kind|warm)?\s*regards,?|best,?|thanks(?: again)?[,!.]?|thank you[,!.]?|"
    r"cheers,?|sincerely,?|br,?|all the best,?)$",
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


@dataclass(slots=True, kw_only=True)
class Thread:
    """Messages as passages (one a paragraph), stretches to blank out, authors, and where the first Date stands."""

    source: str
    passages: list[Passage] = field(default_factory=list)
    blanks: list[tuple[int, int]] = field(default_factory=list)
    authors: list[Author] = field(default_factory=list)
    when: Line | None = None
    _author: str = ""
    _depth: int = 0
    _signing: bool = False
    _in_fields: bool = False
    _paragraph: Line | None = None
    _at: str = ""
    """when the message was sent, in the thread's own words"""
    _by_depth: dict[int, tuple[str, str]] = field(default_factory=dict)
    """who wrote at each depth of quoting, and when"""
    _answers: tuple[str, str] | None = None
    """who wrote, and when, above an "On ... wrote:": theirs are the answers between the quoted lines below it"""
    _seen: set[str] = field(default_factory=set)

    def line(self, start: int, end: int) -> None:
        """Read the next line."""
        line = self.source[start:end]
        bare = line.lstrip("> \t")
        offset = start + len(line) - len(bare)
        self._quoted(line[: len(line) - len(bare)].count(">"))
        if self._depth:
            self.blanks.append((start, offset))
        named = _FIELD.match(line)
        wrote = _WROTE.match(line)
        if named and (self._in_fields or named.group(1).lower() in _OPENING):
            self.flush()
            self._field(named.group(1).lower(), named.group(2).strip(" *"), start + named.start(2), (start, end))
        elif wrote:
            self.flush()
            name = _DATED.sub("", wrote.group(1)).strip()
            who = Author(name=name, email=wrote.group(2) or "", start=start, end=end)
            self.authors.append(who)
            self._answers = (self._author, self._at)
            self._author, self._at = who.name, line[: wrote.start(1)].strip(" >,").removeprefix("On ")
            self._by_depth[self._depth + 1] = (self._author, self._at)
            self.blanks.append((start, end))
            self._signing = False
        elif not bare.strip():
            self.flush()
            self._in_fields = False
        elif _CLOSE.match(bare.strip()) or (not self._signing and _GREETING.match(bare.strip())):
            self.flush()
            self._signing = bool(_CLOSE.match(bare.strip()))
        else:
            self._in_fields, self._answers = False, None
            self._paragraph = (self._paragraph[0], end) if self._paragraph else (offset, end)
            if self._signing:
                self.flush()

    def flush(self) -> None:
        """End the paragraph. One that stands elsewhere in the thread word for word is read once."""
        if self._paragraph:
            start, end = self._paragraph
            key = re.sub(r"[\W_]+", "", self.source[start:end].lower())
            if key and key not in self._seen:
                self._seen.add(key)
                block = Block.SIGNATURE if self._signing else Block.SPEECH
                self.passages.append(Passage(start=start, end=end, block=block, speaker=self._author, at=self._at))
        self._paragraph = None

    def _quoted(self, depth: int) -> None:
        if depth == self._depth:
            return
        self.flush()
        self._by_depth[self._depth] = (
            self._answers if self._answers and depth > self._depth else (self._author, self._at)
        )
        self._author, self._at = self._by_depth.get(depth, (self._author, self._at))
        self._depth, self._signing = depth, False

    def _field(self, key: str, value: str, at: int, line: Line) -> None:
        if key == "from":
            who = _author(value, *line)
            self.authors.append(who)
            self._author, self._signing = who.name or who.email, False
        elif key in ("to", "cc"):
            several = re.split(r"[;,](?=[^<]*(?:<|$))", value)[:20]
            self.authors.extend(_author(each, *line) for each in several if "@" in each)
        elif key in ("date", "sent"):
            self._at = value
            self.when = self.when or (at, line[1])
        self.blanks.append(line)
        self._in_fields = True


def read_thread(source: str, lines: list[Line]) -> Thread:
    """Read every line of a thread."""
    thread = Thread(source=source)
    for start, end in lines:
        thread.line(start, end)
    thread.flush()
    return thread


def _author(value: str, start: int, end: int) -> Author:
    mail = _MAIL.search(value)
    name = re.sub(r"[<(\[\"].*$|[\w.+'-]+@\S+", "", value.strip(' "')).strip(" \"',<>*")
    return Author(name=name, email=mail.group() if mail else "", start=start, end=end)
