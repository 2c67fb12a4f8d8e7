"""Signing in against a real OpenID provider (npm `oidc-provider`), started here where Node is present."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from gangly_tui.connectors.loopback import listening
from gangly_tui.connectors.oauth import (
    Challenge,
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
from gangly_tui.domain.errors import SignInNeeded
from gangly_tui.domain.secret import Secret
from tests.connectors.rigs import Kept

SCRIPT = Path(__file__).with_name("oidc_provider.mjs")
PACKAGE = "oidc-provider@9.13.3"
HERE = Reach(hosts=frozenset(), loopback=True)


@pytest.fixture(scope="session")
def package(request: pytest.FixtureRequest) -> Path:
    """Where the provider is installed: a folder of the test cache, outside the checkout's own files."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node is not here: the sign-in is not tried against a real OpenID provider")
    assert request.config.cache is not None
    folder = Path(request.config.cache.mkdir("oidc-provider"))
    if not (folder / "node_modules" / "oidc-provider" / "package.json").exists():
        command = ["npm", "install", "--no-fund", "--no-audit", "--silent", "--prefix", str(folder), PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot install {PACKAGE} here: {done.stderr.strip()[-200:]}")
    shutil.copy(SCRIPT, folder / SCRIPT.name)
    return folder


@pytest.fixture(scope="module")
def issuer(package: Path) -> Iterator[str]:
    """The address of a running provider."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["node", SCRIPT.name, str(port)], cwd=package, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            pytest.fail("the OpenID provider did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()  # type: ignore[union-attr]


@pytest.fixture
def provider(issuer: str) -> Provider:
    return Provider(
        system="idp",
        authorize_url=f"{issuer}/auth",
        token_url=f"{issuer}/token",
        revoke_url=f"{issuer}/token/revocation",
        device_url=f"{issuer}/device/auth",
        client_id="gangly",
        scopes=("openid", "offline_access"),
        extra={"prompt": "consent"},
    )


class _Form(HTMLParser):
    """The first form of a page: where it goes, and its fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = unescape(found.get("action", ""))
        if tag in ("input", "button") and found.get("name"):
            self.fields[found["name"]] = found.get("value", "")


async def person(url: str, verify: ssl.SSLContext | bool = True) -> str:
    """Somebody who signs in, agrees and is sent back. Returns the last page."""
    async with httpx.AsyncClient(trust_env=False, verify=verify) as browser:
        answer = await browser.get(url)
        for _ in range(20):
            if answer.is_redirect:
                answer = await browser.get(urljoin(str(answer.url), answer.headers["location"]))
                continue
            form = _Form(answer.text)
            if not form.action or answer.status_code >= 400:
                return answer.text
            fields = {name: value for name, value in form.fields.items() if name != "abort"}
            fields |= {name: "robin" for name in ("login", "password") if name in fields}
            answer = await browser.post(urljoin(str(answer.url), form.action), data=fields)
    raise AssertionError("the provider sends the person round in circles")


async def sign_in(provider: Provider, client: httpx.AsyncClient) -> tuple[Tokens, Challenge, str]:
    async with listening(provider) as listener:
        page, code = await asyncio.gather(person(listener.url), listener.code(patience=20))
        assert "connected" in page
        return await exchange(client, provider, listener.asked, code, datetime.now(UTC)), listener.asked, code


@asynccontextmanager
async def _turn() -> object:  # type: ignore[misc]
    yield


async def test_a_loopback_sign_in_gives_tokens_that_open_the_api(provider: Provider, issuer: str) -> None:
    async with open_client(HERE) as client:
        tokens, asked, code = await sign_in(provider, client)
        assert tokens.refresh and tokens.expires_at
        assert "offline_access" in tokens.scope
        with pytest.raises(SignInNeeded, match=r"grant"):  # a code is good once, and its second use ends what it gave
            await exchange(client, provider, asked, code, datetime.now(UTC))
    fresh = Kept()
    async with open_client(HERE) as client:
        tokens, _, _ = await sign_in(provider, client)
    fresh.put(kept_as("idp"), tokens.dump())
    auth = SignedIn(provider, fresh, lock=_turn)  # type: ignore[arg-type]
    async with open_client(HERE, auth=auth) as client:
        wire = Wire(system="idp", base=issuer, client=client, reach=HERE, manners=Manners())
        assert (await wire.read("/me")).data == {"sub": "robin"}


async def test_a_wrong_verifier_is_refused(provider: Provider) -> None:
    async with open_client(HERE) as client, listening(provider) as listener:
        _, code = await asyncio.gather(person(listener.url), listener.code(patience=20))
        forged = replace(listener.asked, verifier=Secret("x" * 64))
        with pytest.raises(SignInNeeded, match="grant"):
            await exchange(client, provider, forged, code, datetime.now(UTC))


async def test_without_pkce_the_provider_refuses(provider: Provider) -> None:
    async with listening(provider) as listener:
        bare = re.sub(r"&code_challenge(_method)?=[^&]*", "", listener.url)
        assert bare != listener.url
        waiting = asyncio.ensure_future(listener.code(patience=20))
        await person(bare)
        with pytest.raises(SignInNeeded, match="PKCE"):
            await waiting


async def test_a_refresh_rotates_and_an_old_token_ends_the_family(provider: Provider, issuer: str) -> None:
    async with open_client(HERE) as client:
        first, _, _ = await sign_in(provider, client)
    kept = Kept()
    early = replace(first, expires_at=datetime.now(UTC) + timedelta(seconds=5))
    kept.put(kept_as("idp"), early.dump())
    auth = SignedIn(provider, kept, lock=_turn)  # type: ignore[arg-type]
    async with open_client(HERE, auth=auth) as client:
        wire = Wire(system="idp", base=issuer, client=client, reach=HERE, manners=Manners())
        assert (await wire.read("/me")).data == {"sub": "robin"}
        second = Tokens.load(kept.held[kept_as("idp")])
        assert second.refresh and first.refresh and second.refresh != first.refresh
    thief = Kept()
    thief.put(kept_as("idp"), early.dump())
    stolen = SignedIn(provider, thief, lock=_turn)  # type: ignore[arg-type]
    async with open_client(HERE, auth=stolen) as client:
        wire = Wire(system="idp", base=issuer, client=client, reach=HERE, manners=Manners())
        with pytest.raises(SignInNeeded, match="grant"):
            await wire.read("/me")
    kept.put(kept_as("idp"), replace(second, expires_at=datetime.now(UTC)).dump())
    ended = SignedIn(provider, kept, lock=_turn)  # type: ignore[arg-type]
    async with open_client(HERE, auth=ended) as client:
        wire = Wire(system="idp", base=issuer, client=client, reach=HERE, manners=Manners())
        with pytest.raises(SignInNeeded) as needed:
            await wire.read("/me")
        assert needed.value.fix == "gangly connect idp"


async def test_a_device_code_from_pending_to_agreed(provider: Provider) -> None:
    async with open_client(HERE) as client:
        begun = await ask_device_code(client, provider, datetime.now(UTC))
        assert begun.user_code in begun.url
        waits: list[float] = []

        async def agree_after_the_first_wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                page = await person(begun.url)
                assert "Sign-in Success" in page

        tokens = await poll_device(
            client, provider, begun, now=lambda: datetime.now(UTC), sleep=agree_after_the_first_wait
        )
        assert tokens.refresh
        assert len(waits) == 2, "the first question was answered with: pending"


async def test_revoking_ends_it(provider: Provider, issuer: str) -> None:
    async with open_client(HERE) as client:
        tokens, _, _ = await sign_in(provider, client)
        assert await revoke(client, provider, tokens)
    kept = Kept()
    kept.put(kept_as("idp"), replace(tokens, expires_at=datetime.now(UTC)).dump())
    auth = SignedIn(provider, kept, lock=_turn)  # type: ignore[arg-type]
    async with open_client(HERE, auth=auth) as client:
        wire = Wire(system="idp", base=issuer, client=client, reach=HERE, manners=Manners())
        with pytest.raises(SignInNeeded):
            await wire.read("/me")
