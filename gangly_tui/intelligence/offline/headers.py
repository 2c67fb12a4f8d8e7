"""The lines above a call: date, participants with titles and companies, outcome."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gangly_tui.domain.identity import company_name
from gangly_tui.intelligence.offline.lexicon import (
    COACHING_HEADING,
    HEADER_KEYS,
    MIXED_HEADING,
    NOT_A_NAME,
    PREP_HEADING,
    TASK_HEADING,
    TITLE_START,
    TITLE_WORD,
)

Line = tuple[int, int]
"""Start and end offsets of a line without its line break."""

_KEY = re.compile(r"^[\s>#*_-]{0,6}([A-Za-z][A-Za-z /()-]{1,30}?)[\s*_]{0,4}:[\s*_]{0,4}(.*)$")
_BULLET = re.compile(r"^\s*(?:[-*\u2022\u00b7]|\d{1,2}[.)])\s+(.+)$")
_EMAIL = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_NAME = re.compile(r"[^\W\d_][\w.'\u2019-]*(?: [^\W\d_][\w.'\u2019-]*){0,4}")
_PEOPLE_KEYS = (
    "participants",
    "participant",
    "attendees",
    "attendee",
    "present",
    "with",
    "customer",
    "client",
    "prospect",
    "rep",
    "seller",
    "ae",
    "host",
    "organizer",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody the header names; `start` and `end` are the offsets of the whole entry."""

    name: str
    title: str
    company: str
    email: str
    start: int
    end: int
    key: str = ""


@dataclass(slots=True, kw_only=True)
class Header:
    """What the header says, each with the offsets of its words."""

    values: dict[str, tuple[int, int]] = field(default_factory=dict)
    participants: list[Participant] = field(default_factory=list)
    heading: tuple[int, int] | None = None
    end: int = 0

    def text(self, source: str, key: str) -> str:
        """The words of one header line, empty when there is none."""
        start, end = self.values.get(key, (0, 0))
        return source[start:end].strip(" *_")


def read_header(source: str, lines: list[Line]) -> Header:
    """Read the header's lines from the top; stops at the first line that is none."""
    header = Header()
    people_key = ""
    for start, end in lines[:60]:
        line = source[start:end]
        bare = line.strip(" \t#*_>")
        if not bare or set(bare) <= set("-=_*"):
            if set(line.strip()) and len(line.strip()) >= 3 and header.values:
                header.end = end
                break
            continue
        keyed = _KEY.match(line)
        key = keyed.group(1).strip().lower() if keyed else ""
        if keyed and _is_key(key):
            listed = not keyed.group(2).strip(" *_")  # else they stand in this line, and bullets below are other things
            people_key = key if _people(key) and listed else ""
            _keyed_line(source, start + keyed.start(2), end, key, header)
        elif people_key and (bullet := _BULLET.match(line)):
            person = read_person(source, start + bullet.start(1), end, people_key)
            if person:
                header.participants.append(person)
        elif header.heading is None and _is_heading(line, bare, first=not header.values):
            header.heading = (start, end)
            if not line.lstrip().startswith("#"):
                continue
        else:
            break
        header.end = end
    if not header.values and not header.participants and not (header.heading and source[header.heading[0]] == "#"):
        return Header()
    return header


def _keyed_line(source: str, at: int, end: int, key: str, header: Header) -> None:
    """A line of a key and a value. What stands in a person's place and is none is kept as words."""
    known = len(header.participants)
    if _people(key):
        _people_inline(source, at, end, key, header)
    if len(header.participants) == known:
        header.values.setdefault(key.rsplit(maxsplit=1)[-1] if key.endswith("date") else key, (at, end))


def _is_heading(line: str, bare: str, *, first: bool) -> bool:
    """Whether a line names the whole text, not a section of it ("## Next steps")."""
    name = re.sub(r"^\d{1,2}[.)]\s+", "", bare.rstrip(" :*_#"))
    if any(section.match(name) for section in (TASK_HEADING, MIXED_HEADING, PREP_HEADING, COACHING_HEADING)):
        return False
    return line.lstrip().startswith("#") or (first and len(bare) < 90 and ":" not in bare and not _BULLET.match(line))


def _is_key(key: str) -> bool:
    words = re.findall(r"[a-z]+", key)
    return 0 < len(words) <= 4 and all(
        word in HEADER_KEYS or word in ("s", "of", "the", "type", "name") for word in words
    )


def _people(key: str) -> bool:
    return key.split(maxsplit=1)[0] in _PEOPLE_KEYS


def _people_inline(source: str, start: int, end: int, key: str, header: Header) -> None:
    depth, begin = 0, start
    for at in range(start, min(end, start + 2000) + 1):
        char = source[at] if at < end else ";"
        depth += (char in "(<[") - (char in ")>]")
        split = char in ";|" or (char == "," and depth == 0) or at >= end
        if split or (depth == 0 and source[at : at + 5] in (" and ", " & ")):
            person = read_person(source, begin, at, key)
            if person and (person.title or person.company or person.email or " " in person.name or _people(key)):
                header.participants.append(person)
            begin = at + (5 if source[at : at + 5] == " and " else 1)


def read_person(source: str, start: int, end: int, key: str = "") -> Participant | None:
    """Read `Name (Title, Company)`, `Name - Title, Company`, `Name, Title at Company`, `Name <mail>`."""
    entry = source[start:end]
    lead = len(entry) - len(entry.lstrip(" *_-\t"))
    entry = entry.strip(" *_-\t,")
    start += lead
    end = start + len(entry)
    mail = _EMAIL.search(entry)
    named = _NAME.match(entry)
    if not named:
        return None
    name = named.group().strip()
    words = name.split()
    if len(words) > 5 or words[0].lower() in NOT_A_NAME or not words[0][0].isupper():
        return None
    if len(company_name(name).split()) < len(re.findall(r"\w+", name)):
        return None  # "Prospect: Acme Corp" names a company: it has a legal form
    rest = entry[named.end() :]
    if mail:
        rest = rest.replace(mail.group(), " ")
    rest = re.sub(
        r"^[\s*_]*(?:[-\u2013\u2014,:|(<\[]|\bfrom\b|\bat\b)",
        lambda found: " at " if "t" in found.group() or "f" in found.group() else " ",
        rest,
    )
    title, company = title_and_company(rest.strip(" )]>*_(<[,\t"))
    return Participant(
        name=name, title=title, company=company, email=mail.group() if mail else "", start=start, end=end, key=key
    )


def title_and_company(info: str) -> tuple[str, str]:
    """Part `Director of Sales Operations, TechFlow Inc`, `TribeAI Account Executive` or `CFO at Acme`."""
    info = re.sub(r"\s+", " ", info).strip(" -\u2013,;")
    if not info or len(info) > 160:
        return "", ""
    for mark in (" at ", " @ ", " from ", " \u2013 ", " - ", " | ", " of the company "):
        left, found, right = f" {info}".partition(mark)
        if found:
            return left.strip(), right.strip(" )")
    parts = [part.strip() for part in info.split(",") if part.strip()]
    if len(parts) > 1 and parts[-1].lower().strip(".") in ("inc", "llc", "ltd", "gmbh", "corp", "co"):
        parts[-2:] = [f"{parts[-2]}, {parts[-1]}"]
    if len(parts) > 1:
        titled = [bool(TITLE_WORD.search(part)) for part in parts]
        if len(parts) == 2 and not any(titled):
            return parts[0], parts[1]
        if not titled[-1] or titled[0]:
            return (", ".join(parts[:-1]), parts[-1]) if titled[0] else ("", parts[-1])
        return ", ".join(parts[1:]), parts[0]
    words = info.split()
    if not TITLE_WORD.search(info):
        return "", info
    for index, word in enumerate(words):
        if word.lower().strip(".,") in TITLE_START or TITLE_WORD.fullmatch(word):
            company = " ".join(words[:index])
            return " ".join(words[index:]), company.removesuffix("'s").removesuffix("\u2019s")
    return info, ""
