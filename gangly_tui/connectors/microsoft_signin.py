"""Microsoft's own sign-in library (MSAL) behind gangly's: the same browser, the same listener, the same vault.

MSAL knows Entra's habits (tenants, Conditional Access, several tokens of one account). It blocks, so it runs off the
event loop; what it remembers is one text that lies in the vault beside the access token, kept there before it is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from gangly_tui.connectors.oauth import EARLY, Challenge, DeviceCode, Keeper, Provider, Tokens, kept_as
from gangly_tui.connectors.transport import Reach, check_reach, tls
from gangly_tui.domain.errors import ConnectorError, SignInNeeded, Unreachable
from gangly_tui.domain.secret import Secret

_OWN_SCOPES = frozenset({"offline_access", "openid", "profile"})
"""MSAL asks for these by itself, and refuses to be told."""


class Entra:
    """Signs in with MSAL. `inner` replaces the network in tests."""

    authority_as = "authority"
    """what MSAL takes the directory's address as; "oidc_authority" for an OpenID provider that is not Entra"""

    def __init__(self, provider: Provider, reach: Reach, *, inner: httpx.BaseTransport | None = None) -> None:
        self._provider = provider
        self._authority = provider.authorize_url.partition("/oauth2/")[0]
        self._scopes = [each for each in provider.scopes if each not in _OWN_SCOPES]
        self._http = _Http(reach, inner)
        self._flow: dict[str, Any] = {}
        self._cache: Any = None

    async def ask(self, redirect: str) -> Challenge:
        """Begin in the browser: MSAL makes state, nonce and PKCE, and checks them when the code comes back."""

        def begin() -> dict[str, Any]:
            flow: dict[str, Any] = self._app(fresh=True).initiate_auth_code_flow(
                self._scopes, redirect_uri=redirect, prompt="select_account", response_mode="form_post"
            )
            return flow

        self._flow = await self._off_the_loop(begin)
        return Challenge(
            url=self._flow["auth_uri"],
            state=self._flow["state"],
            verifier=Secret(str(self._flow["code_verifier"])),
            redirect=redirect,
        )

    async def exchange(self, code: str, now: datetime) -> Tokens:
        """The tokens for the code that came back. Raises SignInNeeded, Unreachable."""
        told = {"code": code, "state": self._flow["state"]}
        return self._tokens(
            await self._off_the_loop(lambda: self._app().acquire_token_by_auth_code_flow(self._flow, told)), now
        )

    async def ask_device_code(self, now: datetime) -> DeviceCode:
        """Begin with a code for another device. Raises ConnectorError when the directory allows none."""
        self._flow = await self._off_the_loop(lambda: self._app(fresh=True).initiate_device_flow(self._scopes))
        if "user_code" not in self._flow:
            raise ConnectorError(
                f"your directory offers no device code: {_why(self._flow)}",
                fix="sign in with the browser on this machine",
            )
        return DeviceCode(
            user_code=self._flow["user_code"],
            url=self._flow["verification_uri"],
            device_code=Secret(self._flow["device_code"]),
            wait=float(self._flow.get("interval") or 5),
            until=now + timedelta(seconds=float(self._flow.get("expires_in") or 600)),
        )

    async def poll_device(
        self, begun: DeviceCode, *, now: Callable[[], datetime], sleep: Callable[[float], Any]
    ) -> Tokens:
        """Ask until the person has agreed elsewhere, one question at a time, so that it can be given up between two."""
        while now() < begun.until:
            await sleep(begun.wait)
            told = await self._off_the_loop(
                lambda: self._app().acquire_token_by_device_flow(self._flow, exit_condition=lambda _: True)
            )
            if told.get("error") not in ("authorization_pending", "slow_down"):
                return self._tokens(told, now())
        raise SignInNeeded("the code ran out before it was used", fix="start the sign-in again")

    async def renew(self, before: Tokens, now: datetime) -> Tokens:
        """New tokens from what MSAL remembers. Raises SignInNeeded when that is no longer enough, Unreachable."""

        def silently() -> dict[str, Any] | None:
            app = self._app(kept=before.refresh.reveal() if before.refresh else "")
            accounts = app.get_accounts()
            if not accounts:
                return None
            found: dict[str, Any] | None = app.acquire_token_silent_with_error(
                self._scopes, account=accounts[0], force_refresh=True
            )
            return found

        return self._tokens(await self._off_the_loop(silently) or {}, now, before)

    def auth(
        self,
        vault: Keeper,
        *,
        lock: Callable[[], AbstractAsyncContextManager[None]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> SignedInByEntra:
        """Puts the access token on each request. Raises SignInNeeded when nothing is kept."""
        signed_in = SignedInByEntra(self, self._provider.system, vault, lock=lock, now=now)
        signed_in.tokens()
        return signed_in

    def _app(self, *, fresh: bool = False, kept: str | None = None) -> Any:
        import msal

        if fresh or kept is not None or self._cache is None:
            self._cache = msal.SerializableTokenCache()
        if kept:
            self._cache.deserialize(kept)
        return msal.PublicClientApplication(
            self._provider.client_id,
            token_cache=self._cache,
            http_client=self._http,
            **{self.authority_as: self._authority},
        )

    async def _off_the_loop(self, do: Callable[[], Any]) -> Any:
        try:
            return await asyncio.to_thread(do)
        except httpx.HTTPError as error:
            raise Unreachable("Microsoft's sign-in cannot be reached", fix="check the network") from error
        except ValueError as error:  # an unknown directory, a state that is not ours
            raise SignInNeeded(f"Microsoft did not accept the sign-in: {error}", fix=self._again) from error

    def _tokens(self, told: Mapping[str, Any], now: datetime, before: Tokens | None = None) -> Tokens:
        if "access_token" not in told:
            if told.get("error") in ("temporarily_unavailable", "server_error"):
                raise Unreachable(f"Microsoft's sign-in is not well: {_why(told)}")
            raise SignInNeeded(f"Microsoft did not accept the sign-in: {_why(told)}", fix=self._again)
        return Tokens(
            access=Secret(str(told["access_token"])),
            refresh=Secret(str(self._cache.serialize())),
            expires_at=now + timedelta(seconds=float(told.get("expires_in") or 3_600)),
            scope=str(told.get("scope") or (before.scope if before else " ".join(self._scopes))),
            more={},
            since=now,
        )

    @property
    def _again(self) -> str:
        return f"gangly connect {self._provider.system}"


class SignedInByEntra(httpx.Auth):
    """As `oauth.SignedIn`, renewed by MSAL: the retried request is the same object, its headers and its guard stay."""

    def __init__(
        self,
        entra: Entra,
        system: str,
        vault: Keeper,
        *,
        lock: Callable[[], AbstractAsyncContextManager[None]],
        now: Callable[[], datetime],
    ) -> None:
        self._entra = entra
        self._system = system
        self._vault = vault
        self._lock = lock
        self._now = now
        self._known: Tokens | None = None

    def tokens(self) -> Tokens:
        """What is kept. Raises SignInNeeded when nothing is."""
        self._known = self._known or self._kept()
        return self._known

    def _kept(self) -> Tokens:
        kept = self._vault.get(kept_as(self._system))
        if kept is None:
            raise SignInNeeded(f"{self._system} is not connected", fix=f"gangly connect {self._system}")
        return Tokens.load(kept)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Renew before the end, send, renew once more if the system says 401, send again."""
        tokens = self.tokens()
        if tokens.expires_at and tokens.expires_at - EARLY <= self._now():
            tokens = await self._renewed(tokens)
        request.headers["Authorization"] = f"Bearer {tokens.access.reveal()}"
        response = yield request
        if response.status_code == 401:
            tokens = await self._renewed(tokens)
            request.headers["Authorization"] = f"Bearer {tokens.access.reveal()}"
            yield request

    async def _renewed(self, used: Tokens) -> Tokens:
        """One at a time over all windows; another may have renewed meanwhile. New tokens are kept, then used."""
        async with self._lock():
            standing = self._kept()
            if standing.access == used.access:
                standing = await self._entra.renew(standing, self._now())
                self._vault.put(kept_as(self._system), standing.dump())
        self._known = standing
        return standing


class _Http:
    """MSAL's way out, pinned like every other: it may reach the sign-in page and nothing else."""

    def __init__(self, reach: Reach, inner: httpx.BaseTransport | None) -> None:
        self._reach = reach
        self._inner = inner
        self._client: httpx.Client | None = None

    def get(self, url: str, *, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        """A GET of MSAL's."""
        return self._send("GET", url, params=params, headers=headers)

    def post(self, url: str, *, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        """A POST of MSAL's."""
        return self._send("POST", url, params=params, data=data, headers=headers)

    def close(self) -> None:
        """MSAL asks for it; the client is closed with this object."""

    def _send(self, method: str, url: str, **parts: Any) -> httpx.Response:
        check_reach(httpx.URL(url), self._reach)
        if self._client is None:
            self._client = httpx.Client(
                transport=self._inner
                or httpx.HTTPTransport(
                    verify=tls(self._reach.ca_file), proxy=self._reach.proxy or None, trust_env=False
                ),
                trust_env=False,
                follow_redirects=False,
                timeout=self._reach.deadline,
            )
        return self._client.request(method, url, **parts)


def _why(told: Mapping[str, Any]) -> str:
    text = str(told.get("error_description") or told.get("error") or "it has ended")
    return text.partition("Trace ID")[0].strip()[:200]
