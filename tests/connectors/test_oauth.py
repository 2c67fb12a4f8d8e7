"""Signing in and staying signed in: PKCE, state, one answer only, rotation that survives a crash and two windows."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gangly_tui.connectors.loopback import listening
from gangly_tui.connectors.oauth import (
    DeviceCode,
    Provider,
    SignedIn,
    Tokens,
    ask_device_code,
    exchange,
    kept_as,
    poll_device,
    revoke,
)
from gangly_tui.connectors.transport import Manners, Reach, Wire, open_client
from gangly_tui.domain.errors import ConnectorError, SignInNeeded, Unreachable
from gangly_tui.domain.secret import Secret
from tests.connectors.rigs import Kept
from tests.connectors.wires import Asked, serving

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HERE = Reach(hosts=frozenset(), loopback=True)


class Issuer:
    """An authorization server and an API that remember: single-use codes, rotation, reuse revokes the family."""

    def __init__(self) -> None:
        self.challenges: dict[str, str] = {}
        self.refresh = "r0"
        self.access = "a0"
        self.used: set[str] = set()
        self.revoked = False
        self.device_polls = 0
        self.bodies: list[bytes] = []
        self.down = False

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        status, data = self._answer(asked)
        body = json.dumps(data).encode()
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    def _answer(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        path = asked.line.split()[1]
        form = {name: value[0] for name, value in parse_qs(asked.body.decode()).items()}
        if path.startswith("/api"):
            good = not self.revoked and asked.headers.get("authorization") == f"Bearer {self.access}"
            self.bodies.append(asked.body)
            return (200, {"guard": asked.headers.get("if-match", "")}) if good else (401, {})
        if self.down:
            return 503, {"error": "down"}
        if path == "/device":
            return 200, {"device_code": "dc", "user_code": "ABCD", "verification_uri": "https://x", "interval": 0}
        if path == "/revoke":
            self.revoked = True
            return 200, {}
        return self._token(form)

    def _token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] != self.refresh or self.revoked:
                self.revoked = True
                return 400, {"error": "invalid_grant", "error_description": "token was used before"}
            return self._issue()
        if form["grant_type"].endswith("device_code"):
            self.device_polls += 1
            errors = {1: "authorization_pending", 2: "slow_down"}
            error = errors.get(self.device_polls)
            return (400, {"error": error}) if error else self._issue()
        wanted = self.challenges.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if wanted is None or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != wanted:
            return 400, {"error": "invalid_grant"}
        return self._issue()

    def _issue(self) -> tuple[int, dict[str, Any]]:
        number = int(self.refresh[1:]) + 1
        self.refresh, self.access = f"r{number}", f"a{number}"
        return 200, {
            "access_token": self.access,
            "refresh_token": self.refresh,
            "expires_in": 3600,
            "instance_url": "https://acme.example",
        }


@asynccontextmanager
async def issuing() -> AsyncIterator[tuple[Issuer, Provider]]:
    """An issuer on loopback and the provider that names it."""
    issuer = Issuer()
    async with serving(issuer) as server:
        yield (
            issuer,
            Provider(
                system="vendor",
                authorize_url=f"{server.base}/authorize",
                token_url=f"{server.base}/token",
                revoke_url=f"{server.base}/revoke",
                device_url=f"{server.base}/device",
                client_id="gangly",
                scopes=("api", "refresh_token"),
                keep=("instance_url",),
            ),
        )


async def browse(url: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as browser:
        return await browser.get(url)


async def test_a_sign_in_from_the_address_to_the_tokens() -> None:
    async with issuing() as (issuer, provider), open_client(HERE) as client, listening(provider) as listener:
        asked = {name: each[0] for name, each in parse_qs(urlsplit(listener.url).query).items()}
        assert asked["code_challenge_method"] == "S256"
        assert asked["redirect_uri"].startswith("http://127.0.0.1:")
        assert asked["scope"] == "api refresh_token"
        issuer.challenges["c1"] = asked["code_challenge"]
        page = await browse(f"{asked['redirect_uri']}?code=c1&state={asked['state']}")
        assert "connected" in page.text
        code = await listener.code()
        tokens = await exchange(client, provider, listener.asked, code, NOW)
        assert tokens.access.reveal() == "a1"
        assert tokens.expires_at == NOW + timedelta(hours=1)
        assert tokens.more == {"instance_url": "https://acme.example"}
        assert Tokens.load(tokens.dump()) == tokens
        assert "a1" not in repr(tokens)
        with pytest.raises(SignInNeeded):  # a code is good once
            await exchange(client, provider, listener.asked, code, NOW)


async def test_the_listener_takes_one_answer_with_its_own_state() -> None:
    async with issuing() as (_, provider), listening(provider) as listener:
        redirect, state = listener.asked.redirect, listener.asked.state
        assert (await browse(f"{redirect}?code=x&state=forged")).status_code == 400
        assert (await browse(redirect.replace("callback", "other") + f"?code=x&state={state}")).status_code == 404
        assert (await browse(f"{redirect}?code=mine&state={state}")).status_code == 200
        assert (await browse(f"{redirect}?code=late&state={state}")).status_code == 410
        assert await listener.code() == "mine"


async def test_a_redirect_without_a_path_and_an_answer_in_a_form_are_taken() -> None:
    async with issuing() as (_, vendor), listening(replace(vendor, path="")) as listener:
        assert listener.asked.redirect.rpartition(":")[2].isdigit()
        async with httpx.AsyncClient(trust_env=False) as browser:
            form = {"code": "mine", "state": listener.asked.state}
            assert (await browser.post(listener.asked.redirect, data=form)).status_code == 200
        assert await listener.code() == "mine"


async def test_declining_is_said_and_silence_ends() -> None:
    async with issuing() as (_, provider):
        async with listening(provider) as listener:
            await browse(f"{listener.asked.redirect}?error=access_denied&state={listener.asked.state}")
            with pytest.raises(SignInNeeded, match="access_denied"):
                await listener.code()
        async with listening(provider) as listener:
            with pytest.raises(SignInNeeded, match="nobody answered"):
                await listener.code(patience=0.01)


async def test_a_taken_port_is_said() -> None:
    async with serving(Issuer()) as other:
        port = urlsplit(other.base).port or 0
        provider = Provider(system="vendor", authorize_url="", token_url="", client_id="x", port=port)
        with pytest.raises(ConnectorError, match=f"port {port} is in use"):
            async with listening(provider):
                pass


def _signed_in(provider: Provider, kept: Kept, clock: list[datetime], **more: Any) -> SignedIn:
    return SignedIn(provider, kept, lock=lambda: _locked(more.get("turn")), now=lambda: clock[0],
                    at_point=more.get("at_point", lambda _: None))  # fmt: skip


@asynccontextmanager
async def _locked(turn: asyncio.Lock | None) -> AsyncIterator[None]:
    async with turn or nullcontext():
        yield


def _tokens(*, lasts: timedelta = timedelta(hours=1)) -> Secret[str]:
    return Tokens(
        access=Secret("a0"), refresh=Secret("r0"), expires_at=NOW + lasts, scope="api", more={}, since=NOW
    ).dump()


@asynccontextmanager
async def api(provider: Provider, auth: httpx.Auth) -> AsyncIterator[Wire]:
    async with open_client(HERE, auth=auth) as client:
        base = provider.token_url.removesuffix("/token")
        yield Wire(system="vendor", base=base, client=client, reach=HERE, manners=Manners())


async def test_a_401_in_mid_flight_keeps_body_and_guard() -> None:
    kept = Kept()
    kept.put(kept_as("vendor"), _tokens())
    async with issuing() as (issuer, provider), api(provider, _signed_in(provider, kept, [NOW])) as wire:
        issuer.access = "other"  # the vendor ended the session early
        answer = await wire.write("PATCH", "/api/x", body={"stage": "Demo"}, headers={"If-Match": "W/7"})
        assert answer.data == {"guard": "W/7"}
        assert issuer.bodies[0] == issuer.bodies[1] == b'{"stage":"Demo"}'
        assert Tokens.load(kept.held[kept_as("vendor")]).access.reveal() == "a1"


async def test_a_token_about_to_end_is_renewed_before_it_is_used() -> None:
    kept = Kept()
    kept.put(kept_as("vendor"), _tokens(lasts=timedelta(seconds=30)))
    async with issuing() as (issuer, provider), api(provider, _signed_in(provider, kept, [NOW])) as wire:
        await wire.read("/api/x")
        assert (issuer.access, len(issuer.bodies)) == ("a1", 1)


async def test_two_windows_refresh_once() -> None:
    kept, turn = Kept(), asyncio.Lock()
    kept.put(kept_as("vendor"), _tokens(lasts=timedelta(seconds=1)))
    async with issuing() as (issuer, provider):
        first, second = (_signed_in(provider, kept, [NOW], turn=turn) for _ in range(2))
        async with api(provider, first) as one, api(provider, second) as two:
            await asyncio.gather(*(wire.read("/api/x") for wire in (one, two) for _ in range(4)))
        assert issuer.refresh == "r1"
        assert not issuer.revoked


async def test_a_renewed_token_is_kept_before_it_is_used() -> None:
    class Killed(BaseException):
        pass

    def die(point: str) -> None:
        if point == "refresh.kept":
            raise Killed

    kept = Kept()
    kept.put(kept_as("vendor"), _tokens(lasts=timedelta(seconds=1)))
    async with issuing() as (issuer, provider):
        with pytest.raises(Killed):
            async with api(provider, _signed_in(provider, kept, [NOW], at_point=die)) as wire:
                await wire.read("/api/x")
        assert issuer.bodies == []
        async with api(provider, _signed_in(provider, kept, [NOW])) as wire:
            await wire.read("/api/x")
        assert not issuer.revoked


async def test_a_family_that_was_revoked_asks_for_a_new_sign_in_and_sends_nothing() -> None:
    kept = Kept()
    kept.put(kept_as("vendor"), _tokens(lasts=timedelta(seconds=1)))
    async with issuing() as (issuer, provider), api(provider, _signed_in(provider, kept, [NOW])) as wire:
        issuer.revoked = True
        with pytest.raises(SignInNeeded, match="used before"):
            await wire.write("POST", "/api/x", body={})
        assert issuer.bodies == []
        issuer.revoked, issuer.down = False, True
        with pytest.raises(Unreachable):
            await wire.write("POST", "/api/x", body={})


async def test_without_tokens_nothing_is_sent() -> None:
    async with issuing() as (issuer, provider), api(provider, _signed_in(provider, Kept(), [NOW])) as wire:
        with pytest.raises(SignInNeeded, match="not connected"):
            await wire.read("/api/x")
        assert issuer.bodies == []


async def test_a_device_code_is_polled_as_the_vendor_asks() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with issuing() as (_, provider), open_client(HERE) as client:
        begun = await ask_device_code(client, provider, NOW)
        assert isinstance(begun, DeviceCode)
        assert begun.user_code == "ABCD"
        tokens = await poll_device(client, provider, begun, now=lambda: NOW, sleep=sleep)
        assert tokens.access.reveal() == "a1"
        assert waits == [begun.wait, begun.wait, begun.wait + 5]
        late = begun.until + timedelta(seconds=1)
        with pytest.raises(SignInNeeded, match="ran out"):
            await poll_device(client, provider, begun, now=lambda: late, sleep=sleep)


async def test_disconnecting_tells_the_vendor() -> None:
    async with issuing() as (issuer, provider), open_client(HERE) as client:
        assert await revoke(client, provider, Tokens.load(_tokens()))
        assert issuer.revoked
        nowhere = Provider(system="v", authorize_url="", token_url="", client_id="x")
        assert not await revoke(client, nowhere, Tokens.load(_tokens()))
