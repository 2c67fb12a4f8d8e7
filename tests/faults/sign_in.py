"""The sign-in of a schedule: the vendor's token page, where every refresh token is good once, and the rep's vault."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from gangly_tui.connectors.oauth import Provider, SignedIn, Tokens, kept_as, read_tokens
from gangly_tui.connectors.vault_page import Argon2, Page, page_file, write_page
from gangly_tui.connectors.vault_passphrase import PassphraseVault
from gangly_tui.connectors.vault_seal import KEY_BYTES, seal
from gangly_tui.domain.secret import Secret
from gangly_tui.store.locks import hold, refresher_lock
from tests.faults.clock import SharedClock
from tests.faults.crm_doors import SYSTEM

_KEY = Secret(bytes(range(1, KEY_BYTES + 1)))
_FIRST, _LATER = 60, 3600
"""Seconds a token lasts: the one of a sign-in is refreshed before it is used, a later one when it is turned down."""


@dataclass
class TokenPage:
    """The vendor's side (RFC 9700 section 4.14): a refresh token that comes twice ends all that its sign-in gave."""

    good_for: int = 0
    """how many requests one access token serves; 0: nobody has to sign in"""
    access: str = ""
    refresh: str = ""
    left: int = 0
    issued: int = 0
    sign_ins: int = 0
    refreshed: int = 0
    reused: int = 0
    used: set[str] = field(default_factory=set)

    def sign_in(self) -> dict[str, Any]:
        """A person agreed in the browser."""
        self.sign_ins += 1
        return self._issue(_FIRST)

    def token(self, refresh: str) -> tuple[int, dict[str, Any]]:
        """The answer to a refresh."""
        if refresh != self.refresh:
            if refresh in self.used:
                self.reused += 1
                self.access = self.refresh = ""
            return 400, {"error": "invalid_grant", "error_description": "used before"}
        self.refreshed += 1
        return 200, self._issue(_LATER)

    def admits(self, access: str) -> bool:
        """Whether a request with this token comes in."""
        if not self.good_for:
            return True
        self.left -= 1
        return access == self.access != "" and self.left >= 0

    def turn_down(self) -> None:
        """The access token ends before its time."""
        self.left = 0

    def _issue(self, lasts: int) -> dict[str, Any]:
        self.used.add(self.refresh)
        self.issued += 1
        self.access, self.refresh, self.left = f"a{self.issued}", f"r{self.issued}", self.good_for
        return {"access_token": self.access, "refresh_token": self.refresh, "expires_in": lasts}


def only_refresher(folder: Path) -> AbstractAsyncContextManager[None]:
    """The product's own lock; another window is not waited for, since it may stand still."""
    return refresher_lock(folder, SYSTEM, wait=0)


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """What a window signs in with. A seeded defect is another one."""

    auth: Callable[..., SignedIn] = SignedIn
    lock: Callable[[Path], AbstractAsyncContextManager[None]] = only_refresher


def vault_of(folder: Path) -> PassphraseVault:
    """The rep's vault, open. What unlocks it is not asked: nothing here is about passphrases."""

    def lock() -> AbstractContextManager[None]:
        return hold(folder / "vault.lock", "the vault", wait=5)

    if not page_file(folder).exists():
        wrapped = seal(_KEY, _KEY.reveal(), "never opened")
        write_page(folder, Page(id="faults", argon2=Argon2(salt="00" * 16), wrapped=wrapped))
    return PassphraseVault(folder, _KEY, lock)


def provider_at(port: int) -> Provider:
    """The vendor's addresses."""
    base = f"http://127.0.0.1:{port}"
    return Provider(system=SYSTEM, authorize_url=f"{base}/authorize", token_url=f"{base}/token", client_id="faults")


async def sign_in(folder: Path, port: int, clock: SharedClock) -> None:
    """What a person does in the browser: from here on the vault has the tokens of a new sign-in."""
    provider = provider_at(port)
    async with httpx.AsyncClient(trust_env=False, verify=False) as browser:
        answer = await browser.post(f"http://127.0.0.1:{port}/_sign_in")
    vault_of(folder).put(kept_as(SYSTEM), read_tokens(answer, provider, clock()).dump())


def check_sign_in(folder: Path, told: dict[str, Any], lost: int) -> list[str]:
    """I10: no token is lost and none is used twice, but where a kill fell between the vendor's answer and the vault.

    There nothing can be kept, since the vendor has ended the old token: it costs a sign-in, and nothing else.
    """
    wrong = []
    kept = vault_of(folder).get(kept_as(SYSTEM))
    if kept is None:
        return ["I10: the tokens are gone"]
    refresh = Tokens.load(kept).refresh
    if refresh is None or refresh.reveal() != told["refresh"]:
        wrong.append("I10: the vault does not hold the refresh token that is good")
    if told["reused"] > lost:
        wrong.append(f"I10: {told['reused']} refresh tokens were used twice, with {lost} kills before one was kept")
    if told["sign_ins"] - 1 > lost:
        wrong.append(f"I10: {told['sign_ins'] - 1} new sign-ins, with {lost} kills before a token was kept")
    return wrong
