"""What is asked of a CalDAV server (RFC 4791, 6578) and what it answers. No document type, no entity is ever read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gangly_tui.domain.errors import Unreachable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DAV, _CAL, _CS = "DAV:", "urn:ietf:params:xml:ns:caldav", "http://calendarserver.org/ns/"
PRINCIPAL = (_DAV, "current-user-principal")
COLLECTION = (_DAV, "resourcetype")
HOME = (_CAL, "calendar-home-set")
CALENDARS = ((_DAV, "displayname"), (_CAL, "supported-calendar-component-set"))
MARKS = ((_CS, "getctag"), (_DAV, "sync-token"), (_DAV, "displayname"))
_PREFIX = {_DAV: "d", _CAL: "c", _CS: "s"}
_NAMESPACES = " ".join(f'xmlns:{short}="{name}"' for name, short in _PREFIX.items())
_LONGEST = 2_000
MOST_ANSWERS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One resource of an answer. `mark` changes with the calendar; `data` is the text of an event."""

    href: str
    name: str = ""
    is_calendar: bool = False
    mark: str = ""
    principal: str = ""
    home: str = ""
    data: bytes = b""


def propfind(*names: tuple[str, str]) -> bytes:
    """Asks for properties."""
    wanted = "".join(f"<{_PREFIX[space]}:{name}/>" for space, name in dict.fromkeys(names))
    return f'<?xml version="1.0"?><d:propfind {_NAMESPACES}><d:prop>{wanted}</d:prop></d:propfind>'.encode()


def calendar_query(start: datetime, end: datetime) -> bytes:
    """Asks for the events that touch [start, end), each with its whole series."""
    span = f'start="{_stamp(start)}" end="{_stamp(end)}"'
    return (
        f'<?xml version="1.0"?><c:calendar-query {_NAMESPACES}><d:prop><c:calendar-data/></d:prop><c:filter>'
        f'<c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:time-range {span}/></c:comp-filter>'
        "</c:comp-filter></c:filter></c:calendar-query>"
    ).encode()


def multistatus(data: bytes) -> list[Found]:
    """The resources of an answer. Raises Unreachable for what is no such answer, or is one to be refused."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Unreachable("caldav answered with something that is no CalDAV", fix="check the address") from error
    if root.tag != f"{{{_DAV}}}multistatus":
        raise Unreachable("caldav answered with something that is no CalDAV", fix="check the address")
    return [_found(each) for each in root.findall(f"{{{_DAV}}}response")[:MOST_ANSWERS]]


def _found(response: Element) -> Found:
    good = [
        each.find(f"{{{_DAV}}}prop")
        for each in response.findall(f"{{{_DAV}}}propstat")
        if " 200 " in f"{_words(each, _DAV, 'status')} "
    ]
    prop = {each.tag: each for found in good if found is not None for each in found}

    def text(space: str, name: str) -> str:
        return _said(prop.get(f"{{{space}}}{name}"))

    def href(space: str, name: str) -> str:
        found = prop.get(f"{{{space}}}{name}")
        return _words(found, _DAV, "href") if found is not None else ""

    kinds = prop.get(f"{{{_DAV}}}resourcetype")
    parts = prop.get(f"{{{_CAL}}}supported-calendar-component-set")
    names = {each.get("name", "").upper() for each in parts} if parts is not None else set()
    data = prop.get(f"{{{_CAL}}}calendar-data")
    return Found(
        href=_words(response, _DAV, "href"),
        name=text(_DAV, "displayname"),
        is_calendar=kinds is not None
        and kinds.find(f"{{{_CAL}}}calendar") is not None
        and (not names or "VEVENT" in names),
        mark=text(_CS, "getctag") or text(_DAV, "sync-token"),
        principal=href(*PRINCIPAL),
        home=href(*HOME),
        data=(data.text or "").encode() if data is not None else b"",
    )


def _words(parent: Element, space: str, name: str) -> str:
    return _said(parent.find(f"{{{space}}}{name}"))


def _said(found: Element | None) -> str:
    return (found.text or "").strip()[:_LONGEST] if found is not None else ""


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
