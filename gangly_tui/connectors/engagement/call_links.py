"""Where a call is held, found in what a calendar says of a meeting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

_URL = re.compile(r"https://[^\s<>\"'\\^`{|}]+", re.IGNORECASE)
_CALLS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("meet.google.com", ("/",)),
    ("zoom.us", ("/j/", "/my/", "/w/", "/wc/", "/s/")),
    ("zoomgov.com", ("/j/", "/my/", "/w/")),
    ("teams.microsoft.com", ("/l/meetup-join/", "/meet/")),
    ("teams.live.com", ("/meet/",)),
    ("webex.com", ("/meet/", "/join/", "/j.php", "/wbxmjs/", "/webappng/")),
    ("gotomeet.me", ("/",)),
    ("meet.goto.com", ("/",)),
    ("whereby.com", ("/",)),
    ("meet.jit.si", ("/",)),
    ("chime.aws", ("/",)),
)
"""Hosts of calls and how the path of a call begins there: a link to a help page is no call."""


def call_link(named: Iterable[str], texts: Iterable[str]) -> str:
    """What the calendar itself names as the call, else the first address of a known call in its texts, else ""."""
    told = next(_urls(named), "")
    return told or next((each for each in _urls(texts) if _is_call(each)), "")


def _urls(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for found in _URL.findall(text):
            yield found.rstrip(").,;:!?]*")[:2_000]


def _is_call(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    return any(
        (host == name or host.endswith(f".{name}")) and parts.path.startswith(paths) and len(parts.path) > 1
        for name, paths in _CALLS
    )
