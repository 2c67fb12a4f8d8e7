"""Signing in as a native app does (RFC 8252): the system browser, a loopback redirect, PKCE S256, or a device code.

A Provider is one vendor's addresses and habits. Tokens live in the vault alone; a refreshed token is kept there before
it is used, because the old one may already be worthless (RFC 9700 section 4.14: refresh token rotation).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import httpx

from gangly_tui.domain.errors import ConnectorError, SignInNeeded, Unreachable
from gangly_tui.domain.secret import Secret

EARLY: Final = timedelta(seconds=90)
"""A token this close to its end is refreshed before it is used."""


class Keeper(Protocol):
    """Where tokens are kept: the vault (see `connectors.vault.Vault`)."""

    def get(self, name: str) -> Secret[str] | None:
        """What is kept under this name."""

    def put(self, name: str, secret: Secret[str]) -> None:
        """Keep it."""

    def remove(self, name: str) -> None:
        """Forget it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One vendor's sign-in. `basic` sends id and secret in the Authorization header of token requests.

    `extra` goes into the authorization address (Google's `access_type`, say). `port` 0 takes any free one; a vendor
    that compares the redirect exactly needs the port that was registered. `keep` names parts of the token answer
    that the connector needs (Salesforce's `instance_url`).
    """

    system: str
    authorize_url: str
    token_url: str
    client_id: str
    client_secret: Secret[str] | None = None
    scopes: tuple[str, ...] = ()
    revoke_url: str = ""
    device_url: str = ""
    basic: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    host: str = "127.0.0.1"
    path: str = "/callback"
    keep: tuple[str, ...] = ()

    def token_request(self, form: Mapping[str, str]) -> httpx.Request:
        """A request to the token endpoint, the client named the way this vendor wants it."""
        fields = dict(form)
        headers = {"Accept": "application/json"}
        if self.basic and self.client_secret:
            pair = f"{self.client_id}:{self.client_secret.reveal()}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        else:
            fields["client_id"] = self.client_id
            if self.client_secret:
                fields["client_secret"] = self.client_secret.reveal()
        return httpx.Request("POST", self.token_url, data=fields, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a sign-in gave. `expires_at` is None when the vendor does not say; `more` holds the Provider's `keep`."""

    access: Secret[str]
    refresh: Secret[str] | None
    expires_at: datetime | None
    scope: str
    more: Mapping[str, str]
    since: datetime

    def dump(self) -> Secret[str]:
        """As the vault keeps it."""
        return Secret(
            json.dumps(
                {
                    "access": self.access.reveal(),
                    "refresh": self.refresh.reveal() if self.refresh else "",
                    "expires_at": self.expires_at.isoformat() if self.expires_at else "",
                    "scope": self.scope,
                    "more": dict(self.more),
                    "since": self.since.isoformat(),
                }
            )
        )

    @classmethod
    def load(cls, kept: Secret[str]) -> Tokens:
        """What `dump` gave."""
        data = json.loads(kept.reveal())
        return cls(
            access=Secret(data["access"]),
            refresh=Secret(data["refresh"]) if data["refresh"] else None,
            expires_at=datetime.fromisoformat(data["expires_at"]) if data["expires_at"] else None,
            scope=data["scope"],
            more=data["more"],
            since=datetime.fromisoformat(data["since"]),
        )


def ends_on(tokens: Tokens) -> str:
    """The day a fresh sign-in ends by itself, where the vendor says so (Google, of an app in Testing), else ""."""
    lasts = tokens.more.get("refresh_token_expires_in", "")
    return (
        (tokens.since + timedelta(seconds=int(lasts))).date().isoformat()
        if lasts.isdecimal() and len(lasts) < 10
        else ""
    )


def kept_as(system: str) -> str:
    """The name the vault keeps a system's tokens under."""
    return f"{system}.tokens"


def read_tokens(answer: httpx.Response, provider: Provider, now: datetime, before: Tokens | None = None) -> Tokens:
    """The tokens of a token answer. Raises SignInNeeded when the vendor says no, Unreachable when it says nothing.

    `before` are the tokens that were refreshed: what the answer leaves out stays (RFC 6749 section 6).
    """
    try:
        data = answer.json()
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Unreachable(f"{provider.system}'s sign-in page gave no usable answer ({answer.status_code})")
    if answer.status_code >= 500 or answer.status_code == 429:
        raise Unreachable(f"{provider.system}'s sign-in is not well ({answer.status_code})")
    if answer.status_code >= 400 or "access_token" not in data:
        why = str(data.get("error_description") or data.get("error") or answer.status_code)
        raise SignInNeeded(
            f"{provider.system} did not accept the sign-in: {why[:200]}", fix=f"gangly connect {provider.system}"
        )
    lasts = data.get("expires_in")
    refresh = data.get("refresh_token")
    return Tokens(
        access=Secret(str(data["access_token"])),
        refresh=Secret(str(refresh)) if refresh else (before.refresh if before else None),
        expires_at=now + timedelta(seconds=float(lasts)) if lasts else None,
        scope=str(data.get("scope") or (before.scope if before else " ".join(provider.scopes))),
        more={**(before.more if before else {}), **{each: str(data[each]) for each in provider.keep if each in data}},
        since=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One sign-in under way: the address for the browser, and what its answer is checked against."""

    url: str
    state: str
    verifier: Secret[str]
    redirect: str


def challenge(provider: Provider, redirect: str) -> Challenge:
    """A fresh state and PKCE pair (RFC 7636, S256), and the address to open."""
    verifier = secrets.token_urlsafe(64)
    digest = hashlib.sha256(verifier.encode()).digest()
    state = secrets.token_urlsafe(24)
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect,
        "scope": " ".join(provider.scopes),
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **provider.extra,
    }
    return Challenge(
        url=f"{provider.authorize_url}?{urlencode(query)}", state=state, verifier=Secret(verifier), redirect=redirect
    )


async def exchange(client: httpx.AsyncClient, provider: Provider, asked: Challenge, code: str, now: datetime) -> Tokens:
    """The tokens for the code that came back. Raises SignInNeeded, Unreachable."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": asked.redirect,
        "code_verifier": asked.verifier.reveal(),
    }
    return read_tokens(await _ask(client, provider, provider.token_request(form)), provider, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What a person types on another device: `user_code` at `url`. `wait` is the seconds between two questions."""

    user_code: str
    url: str
    device_code: Secret[str]
    wait: float
    until: datetime


async def ask_device_code(client: httpx.AsyncClient, provider: Provider, now: datetime) -> DeviceCode:
    """Begin a device sign-in (RFC 8628). Raises ConnectorError when the vendor has none for this app."""
    form = {"client_id": provider.client_id, "scope": " ".join(provider.scopes)}
    answer = await _ask(client, provider, httpx.Request("POST", provider.device_url, data=form))
    data: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
    if "device_code" not in data:
        raise ConnectorError(
            f"{provider.system} offers no device code for this app", fix="sign in with the browser on this machine"
        )
    return DeviceCode(
        user_code=str(data["user_code"]),
        url=str(data.get("verification_uri_complete") or data["verification_uri"]),
        device_code=Secret(str(data["device_code"])),
        wait=float(data.get("interval") or 5),
        until=now + timedelta(seconds=float(data.get("expires_in") or 600)),
    )


async def poll_device(
    client: httpx.AsyncClient,
    provider: Provider,
    begun: DeviceCode,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], Any],
) -> Tokens:
    """Ask until the person has agreed elsewhere. Raises SignInNeeded when they declined or the code ran out."""
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": begun.device_code.reveal(),
    }
    wait = begun.wait
    while now() < begun.until:
        await sleep(wait)
        answer = await _ask(client, provider, provider.token_request(form))
        error = answer.json().get("error", "") if answer.status_code == 400 else ""
        if error == "slow_down":
            wait += 5
        elif error != "authorization_pending":
            return read_tokens(answer, provider, now())
    raise SignInNeeded("the code ran out before it was used", fix="start the sign-in again")


async def revoke(client: httpx.AsyncClient, provider: Provider, tokens: Tokens) -> bool:
    """Tell the vendor that the tokens end (RFC 7009). Returns whether it took that; what is kept here goes anyway."""
    token = tokens.refresh or tokens.access
    if not provider.revoke_url:
        return False
    request = replace(provider, token_url=provider.revoke_url).token_request({"token": token.reveal()})
    try:
        return (await _ask(client, provider, request)).status_code < 400
    except ConnectorError:
        return False


async def _ask(client: httpx.AsyncClient, provider: Provider, request: httpx.Request) -> httpx.Response:
    try:
        return await client.send(request, auth=None)
    except httpx.HTTPError as error:
        raise Unreachable(f"{provider.system}'s sign-in cannot be reached", fix="check the network") from error


class SignedIn(httpx.Auth):
    """Puts the access token on each request; refreshes it when it ends, or when the vendor says 401.

    The retried request is the same object: its headers and its guard stay. `lock` admits one refresher at a time over
    all windows; whoever gets it reads the vault again first, since another may have refreshed meanwhile.
    """

    def __init__(
        self,
        provider: Provider,
        vault: Keeper,
        *,
        lock: Callable[[], AbstractAsyncContextManager[None]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        at_point: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._provider = provider
        self._vault = vault
        self._lock = lock
        self._now = now
        self._at = at_point
        self._tokens: Tokens | None = None

    def tokens(self) -> Tokens:
        """What is kept. Raises SignInNeeded when nothing is."""
        if self._tokens is None:
            self._tokens = self._kept()
        return self._tokens

    def _kept(self) -> Tokens:
        kept = self._vault.get(kept_as(self._provider.system))
        if kept is None:
            raise SignInNeeded(
                f"{self._provider.system} is not connected", fix=f"gangly connect {self._provider.system}"
            )
        return Tokens.load(kept)

    def _ends(self, tokens: Tokens) -> bool:
        return bool(tokens.refresh and tokens.expires_at and tokens.expires_at - EARLY <= self._now())

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Refresh before the end, send, refresh once more if the vendor says 401, send again."""
        tokens = self.tokens()
        if self._ends(tokens):
            async with self._lock():
                tokens = self._kept()
                if self._ends(tokens):  # else another window has refreshed it meanwhile
                    tokens = await self._renewed((yield self._refresh_request(tokens)), tokens)
        self._tokens = tokens
        request.headers["Authorization"] = f"Bearer {tokens.access.reveal()}"
        response = yield request
        if response.status_code != 401:
            return
        async with self._lock():
            standing = self._kept()  # another window, or a new sign-in, may have replaced it
            if standing.access == tokens.access:
                if standing.refresh is None:
                    return
                standing = await self._renewed((yield self._refresh_request(standing)), standing)
        self._tokens = standing
        request.headers["Authorization"] = f"Bearer {standing.access.reveal()}"
        yield request

    def _refresh_request(self, tokens: Tokens) -> httpx.Request:
        assert tokens.refresh is not None  # asked by the callers
        self._at("refresh.before-request")
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh.reveal()}
        return self._provider.token_request(form)

    async def _renewed(self, answer: httpx.Response, before: Tokens) -> Tokens:
        """Keep the new tokens first: a crash after this point costs nothing, one before it costs a sign-in at most."""
        await answer.aread()
        fresh = read_tokens(answer, self._provider, self._now(), before)
        self._at("refresh.answered")
        self._vault.put(kept_as(self._provider.system), fresh.dump())
        self._at("refresh.kept")
        return fresh


class FixedToken(httpx.Auth):
    """A token that an administrator made and rotates by hand: `header` carries it, behind `scheme` where needed.

    It is asked for once; after a 401 it is asked for again, since a new one may have been given meanwhile.
    """

    def __init__(
        self, token: Callable[[], Secret[str]], *, header: str = "Authorization", scheme: str = "Bearer"
    ) -> None:
        self._token = token
        self._known: Secret[str] | None = None
        self._header = header
        self._scheme = scheme

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Put the token on the request."""
        used = self._known = self._known or self._token()
        request.headers[self._header] = f"{self._scheme} {used.reveal()}".strip()
        response = yield request
        if response.status_code != 401:
            return
        self._known = self._token()
        if self._known != used:
            request.headers[self._header] = f"{self._scheme} {self._known.reveal()}".strip()
            yield request
