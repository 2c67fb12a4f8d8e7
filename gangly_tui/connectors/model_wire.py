"""The way out to a model's endpoint, as pinned as the way to a vendor.

`openai` speaks through `httpx2`, so this is that library's client behind the rules of `transport.py`: one host, https
or loopback, no proxy and no redirect, TLS 1.2. Only a few headers leave: what `openai` reads from the environment
(organisation, project, custom headers) or tells of this machine does not. The key is put on here and nowhere else.
"""

from __future__ import annotations

from typing import Final

import httpx
import httpx2

from gangly_tui.connectors.network import tls
from gangly_tui.connectors.transport import Reach, base_url, check_reach
from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.secret import Secret

SILENCE: Final = 90.0
"""Seconds without a byte: a model on this machine may think for long before its first word."""
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_SENT: Final = frozenset({b"host", b"accept", b"content-type", b"content-length", b"transfer-encoding"})


class ModelDoor(httpx2.AsyncBaseTransport):
    """Refuses what leaves the reach, strips the headers, puts on the key. `inner` does the sending."""

    def __init__(self, reach: Reach, key: Secret[str] | None, inner: httpx2.AsyncBaseTransport) -> None:
        self._reach = reach
        self._key = key
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        check_reach(httpx.URL(str(request.url)), self._reach)
        headers = [(name, value) for name, value in request.headers.raw if name.lower() in _SENT]
        headers.append((b"User-Agent", b"gangly"))
        if self._key:
            headers.append((b"Authorization", b"Bearer " + self._key.reveal().encode("utf-8")))
        return await self._inner.handle_async_request(
            httpx2.Request(
                request.method, request.url, headers=headers, stream=request.stream, extensions=request.extensions
            )
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def model_address(text: str) -> tuple[str, str]:
    """(the base address, its host) as a person typed it. Raises ConfigError: https, or http to this machine."""
    text = text.strip()
    if "://" not in text:
        bare = text.partition("/")[0].removeprefix("[").partition("]")[0] if text.startswith("[") else text
        local = bare.partition("/")[0].rpartition(":")[0] in _LOOPBACK or bare in _LOOPBACK
        text = f"{'http' if local else 'https'}://{text}"
    try:
        host = httpx.URL(text).host
    except httpx.InvalidURL as error:
        raise ConfigError(f"{text!r} is not a web address", fix="as in http://localhost:11434/v1") from error
    return base_url(text, _reach(host)), host


def is_local(host: str) -> bool:
    """Whether the model runs on this machine."""
    return host in _LOOPBACK


def _reach(host: str) -> Reach:
    return Reach(hosts=frozenset({host}), loopback=host in _LOOPBACK)


def open_model_client(base: str, key: Secret[str] | None, *, proxy: str = "", ca_file: str = "") -> httpx2.AsyncClient:
    """A client that can reach this endpoint only; `proxy` and `ca_file` are the configuration's.

    Raises ConfigError when the address is not one to use.
    """
    _, host = model_address(base)
    way = None if is_local(host) else proxy or None
    sender = httpx2.AsyncHTTPTransport(verify=tls(ca_file), proxy=way, trust_env=False, retries=0)
    return httpx2.AsyncClient(
        transport=ModelDoor(_reach(host), key, sender),
        trust_env=False,
        follow_redirects=False,
        timeout=httpx2.Timeout(SILENCE, connect=10.0),
    )
