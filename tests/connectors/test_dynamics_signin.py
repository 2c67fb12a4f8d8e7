"""Signing in to Dynamics: MSAL behind gangly's listener and vault, against an Entra that remembers."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gangly_tui.connectors.loopback import listening
from gangly_tui.connectors.microsoft_signin import Entra
from gangly_tui.connectors.oauth import Provider, Tokens, kept_as
from gangly_tui.connectors.record import dynamics
from gangly_tui.connectors.transport import Reach, Wire, open_client
from gangly_tui.connectors.vendor import Setup
from gangly_tui.domain.errors import ConfigError, ConnectorError, SignInNeeded, Unreachable
from gangly_tui.domain.secret import Secret
from tests.connectors.rigs import no_sleep
from tests.fakes.dynamics import HOST, FakeDynamics
from tests.fakes.serve import FakeTransport

LOGIN = "https://login.microsoftonline.com"
SCOPE = f"{HOST}/user_impersonation"
SETUP = Setup(values={"host": "acme.crm.dynamics.com", "client_id": "app-1"})
PROVIDER = dynamics._provider(SETUP)
REACH = Reach(hosts=dynamics.VENDOR.hosts)


class Vault:
    """A vault in memory, and an order of what was done with it."""

    def __init__(self) -> None:
        self.secrets: dict[str, Secret[str]] = {}
        self.puts = 0

    def get(self, name: str) -> Secret[str] | None:
        return self.secrets.get(name)

    def put(self, name: str, secret: Secret[str]) -> None:
        self.secrets[name] = secret
        self.puts += 1

    def remove(self, name: str) -> None:
        self.secrets.pop(name, None)


class FakeEntra:
    """The v2 endpoints of a directory: PKCE, nonce, rotating refresh tokens, device codes."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.threads: set[int] = set()
        self.nonce = self.challenge = ""
        self.refresh = "r0"
        self.number = 0
        self.pending = 2
        self.ended = self.down = self.no_device = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.threads.add(threading.get_ident())
        path = request.url.path
        if self.down:
            raise httpx.ConnectError("no network")
        if path.endswith("/openid-configuration"):
            base = f"{LOGIN}/organizations"
            told = {"issuer": f"{LOGIN}/t/v2.0", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize"}
            told |= {"token_endpoint": f"{base}/oauth2/v2.0/token"}
            return httpx.Response(200, json={**told, "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode"})
        if path.endswith("/discovery/instance"):
            host = "login.microsoftonline.com"
            alias = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
            return httpx.Response(200, json={"tenant_discovery_endpoint": "x", "metadata": [alias]})
        form = {name: each[0] for name, each in parse_qs(request.content.decode()).items()}
        self.asked.append(form)
        if path.endswith("/devicecode"):
            if self.no_device:
                return httpx.Response(400, json={"error": "invalid_grant", "error_description": "blocked by policy"})
            told = {"user_code": "ABC", "device_code": "d1", "verification_uri": "https://microsoft.com/devicelogin"}
            return httpx.Response(200, json={**told, "expires_in": 900, "interval": 1})
        return self._token(form)

    def _token(self, form: dict[str, str]) -> httpx.Response:
        def no(error: str, why: str = "") -> httpx.Response:
            return httpx.Response(400, json={"error": error, "error_description": why or error})

        match form["grant_type"]:
            case "authorization_code":
                import hashlib

                digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
                if form["code"] != "good" or digest.rstrip(b"=").decode() != self.challenge:
                    return no("invalid_grant", "AADSTS70008: the code has expired. Trace ID: 1")
            case "refresh_token":
                if self.ended or form["refresh_token"] != self.refresh:
                    return no("invalid_grant", "AADSTS700082: the refresh token has expired. Trace ID: 2")
            case _:
                self.pending -= 1
                if self.pending >= 0:
                    return no("authorization_pending")
        self.number += 1
        self.refresh = f"r{self.number}"
        claims = {"sub": "s", "oid": "o", "tid": "t", "aud": "app-1", "iss": f"{LOGIN}/t/v2.0", "nonce": self.nonce}
        claims |= {"exp": 4_000_000_000, "iat": 1, "preferred_username": "robin@seller.com"}
        told = {"access_token": f"a{self.number}", "refresh_token": self.refresh, "expires_in": 3_600, "scope": SCOPE}
        token = f"e30.{_b64(claims)}.x"
        client = _b64({"uid": "o", "utid": "t"})
        return httpx.Response(200, json={**told, "token_type": "Bearer", "id_token": token, "client_info": client})


def _b64(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def entra(fake: FakeEntra, reach: Reach = REACH, provider: Provider = PROVIDER) -> Entra:
    return Entra(provider, reach, inner=httpx.MockTransport(fake))


async def sign_in(fake: FakeEntra, code: str = "good") -> Tokens:
    """As the connect flow does it: our listener, MSAL's challenge, the browser's answer."""
    signer = entra(fake)
    async with listening(PROVIDER, signer.ask) as listener:
        asked = {name: each[0] for name, each in parse_qs(urlsplit(listener.url).query).items()}
        fake.nonce, fake.challenge = asked["nonce"], asked["code_challenge"]
        assert asked["code_challenge_method"] == "S256" and SCOPE in asked["scope"].split()
        where = urlsplit(asked["redirect_uri"])
        assert where.hostname == "localhost" and where.path == ""
        async with httpx.AsyncClient(trust_env=False) as browser:
            back = f"http://127.0.0.1:{where.port}/"
            wrong = await browser.post(back, data={"state": "other", "code": "good"})
            assert wrong.status_code == 400
            await browser.post(back, data={"state": asked["state"], "code": code})
        return await signer.exchange(await listener.code(), datetime.now(UTC))


async def test_the_browser_signs_in_and_what_msal_knows_is_one_text_for_the_vault() -> None:
    fake = FakeEntra()
    tokens = await sign_in(fake)
    assert tokens.access.reveal() == "a1" and tokens.scope == SCOPE and tokens.expires_at
    assert tokens.refresh and "r1" in tokens.refresh.reveal() and "r1" not in repr(tokens)
    assert Tokens.load(tokens.dump()) == tokens
    assert fake.threads == {each for each in fake.threads if each != threading.get_ident()}, "off the event loop"


async def test_a_code_that_ran_out_is_said_and_how_to_go_on() -> None:
    with pytest.raises(SignInNeeded, match="AADSTS70008: the code has expired") as said:
        await sign_in(FakeEntra(), "late")
    assert said.value.fix == "gangly connect dynamics" and "Trace" not in str(said.value)


async def test_a_device_code_waits_for_the_person() -> None:
    fake = FakeEntra()
    signer = entra(fake)
    begun = await signer.ask_device_code(datetime.now(UTC))
    assert (begun.user_code, begun.url) == ("ABC", "https://microsoft.com/devicelogin")
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    tokens = await signer.poll_device(begun, now=lambda: datetime.now(UTC), sleep=sleep)
    assert tokens.access.reveal() == "a1" and waited == [1.0, 1.0, 1.0]
    with pytest.raises(SignInNeeded, match="ran out"):
        await signer.poll_device(begun, now=lambda: begun.until, sleep=sleep)
    fake.no_device = True
    with pytest.raises(ConnectorError, match="blocked by policy"):
        await entra(fake).ask_device_code(datetime.now(UTC))


def wire(auth: httpx.Auth, crm: FakeDynamics) -> Wire:
    client = open_client(REACH, auth=auth, inner=FakeTransport(crm))
    manners = dynamics.VENDOR.manners
    return Wire(system="dynamics", base=HOST, client=client, reach=REACH, manners=manners, sleep=no_sleep)


async def test_tokens_are_renewed_before_their_end_and_after_a_401_and_kept_before_they_are_used() -> None:
    fake, vault, crm = FakeEntra(), Vault(), FakeDynamics()
    vault.put(kept_as("dynamics"), (await sign_in(fake)).dump())
    crm.tokens, crm.next_token = {"a1"}, "a2"
    ahead = timedelta(0)
    auth = entra(fake).auth(vault, lock=_open, now=lambda: datetime.now(UTC) + ahead)
    line = wire(auth, crm)
    await line.read("/api/data/v9.2/WhoAmI")
    assert vault.puts == 1, "nothing is renewed without need"
    crm.faults = ["401"]
    await line.read("/api/data/v9.2/WhoAmI")
    kept = vault.get(kept_as("dynamics"))
    assert kept and Tokens.load(kept).access.reveal() == "a2" and vault.puts == 2
    crm.tokens, ahead = {"a3"}, timedelta(minutes=59)
    await line.read("/api/data/v9.2/WhoAmI")
    assert [each.headers["authorization"] for each in crm.asked][-1] == "Bearer a3" and vault.puts == 3


async def test_of_two_windows_one_renews_and_the_other_takes_what_was_kept() -> None:
    fake, vault, crm = FakeEntra(), Vault(), FakeDynamics()
    vault.put(kept_as("dynamics"), (await sign_in(fake)).dump())
    crm.tokens = {"a2"}
    gate = asyncio.Lock()
    windows = [
        wire(entra(fake).auth(vault, lock=lambda: gate, now=lambda: datetime.now(UTC)), crm)  # type: ignore[arg-type, return-value]
        for _ in range(2)
    ]
    await asyncio.gather(*(each.read("/api/data/v9.2/WhoAmI") for each in windows))
    assert [each["grant_type"] for each in fake.asked].count("refresh_token") == 1 and vault.puts == 2


async def test_a_sign_in_that_ended_is_said_and_what_is_kept_stays() -> None:
    fake, vault, crm = FakeEntra(), Vault(), FakeDynamics()
    with pytest.raises(SignInNeeded, match="not connected"):
        entra(fake).auth(vault, lock=_open)
    vault.put(kept_as("dynamics"), (await sign_in(fake)).dump())
    crm.tokens = {"a9"}
    fake.ended = True
    auth = entra(fake).auth(vault, lock=_open)
    with pytest.raises(SignInNeeded, match="AADSTS700082") as said:
        await wire(auth, crm).read("/api/data/v9.2/WhoAmI")
    assert said.value.fix == "gangly connect dynamics" and vault.puts == 1
    fake.ended, fake.down = False, True
    with pytest.raises(Unreachable, match="sign-in cannot be reached"):
        await wire(entra(fake).auth(vault, lock=_open), crm).read("/api/data/v9.2/WhoAmI")


async def test_msal_may_go_nowhere_but_to_the_sign_in_page() -> None:
    with pytest.raises(ConfigError, match="not a host of this connection"):
        await entra(FakeEntra(), Reach(hosts=frozenset({".dynamics.com"}))).ask_device_code(datetime.now(UTC))


def test_a_server_on_this_machine_is_signed_in_to_without_msal() -> None:
    from gangly_tui.linking import signer_of

    way = dynamics.VENDOR.way("")
    assert isinstance(signer_of(way, SETUP, PROVIDER, REACH), Entra)
    here = Setup(values=SETUP.values, loopback="http://127.0.0.1:4711")
    assert signer_of(way, here, dynamics._provider(here), REACH) is None
    assert dynamics._provider(here).token_url.startswith("http://127.0.0.1:4711/organizations/")


def _open() -> Any:
    return nullcontext()
