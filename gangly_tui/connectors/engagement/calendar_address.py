"""What a calendar at an address is called. The address itself is often the secret to read it with: never shown."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import urlsplit

from gangly_tui.domain.safe import one_line

_SCHEMES = ("https://", "webcal://", "webcals://", "http://")


def is_address(text: str) -> bool:
    """Whether a calendar is named by an address and not by a path."""
    return text.strip().lower().startswith(_SCHEMES)


def asked_as(text: str) -> str:
    """The address as it is asked: webcal is https."""
    text = text.strip()
    scheme, _, rest = text.partition("://")
    return f"https://{rest}" if scheme.lower() in ("webcal", "webcals") else text


def system_of(text: str) -> str:
    """Its host, and four digits that tell it from others there."""
    address = asked_as(text)
    try:
        host = urlsplit(address).hostname or "calendar"
    except ValueError:
        host = "calendar"
    return f"{one_line(host, limit=80)}#{sha256(address.encode('utf-8', 'replace')).hexdigest()[:4]}"
