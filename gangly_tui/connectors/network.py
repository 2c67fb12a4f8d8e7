"""The network under a client: TLS with the system's certificates, and connections that belong to one event loop.

A verb may run two event loops after another on one desk. A connection left by the first is dead in the second, so each
loop gets a pool of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from weakref import WeakKeyDictionary

import httpx

from gangly_tui.domain.errors import ConfigError

_MOST_CONNECTIONS = 16
_KEPT_OPEN = 16


class Network(httpx.AsyncBaseTransport):
    """Sends through the pool of the running loop. `proxy` is "" for none; nothing is taken from the environment."""

    def __init__(self, *, proxy: str = "", ca_file: str = "") -> None:
        context = tls(ca_file)  # read once: a wrong file is said when the client is opened
        self._make: Callable[[], httpx.AsyncHTTPTransport] = lambda: httpx.AsyncHTTPTransport(
            verify=context,
            proxy=proxy or None,
            trust_env=False,
            retries=0,
            limits=httpx.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=_KEPT_OPEN),
        )
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncHTTPTransport] = WeakKeyDictionary()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._pool().handle_async_request(request)

    async def aclose(self) -> None:
        await self._pool().aclose()

    def _pool(self) -> httpx.AsyncHTTPTransport:
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            self._pools[loop] = self._make()
        return self._pools[loop]


def tls(ca_file: str) -> ssl.SSLContext:
    """The system's certificates, else the bundled ones, and a company's own beside them. Raises ConfigError."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not context.get_ca_certs() and not context.cert_store_stats()["x509_ca"]:
        import certifi

        context.load_verify_locations(certifi.where())
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"{ca_file} holds no certificates", fix="name a PEM file") from error
    return context
