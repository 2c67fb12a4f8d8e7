"""Secrets in `vault.json`, behind a passphrase.

Argon2id makes a key of the passphrase; it wraps a random one; that one seals every secret (AES-256-GCM). A new
passphrase wraps the random key anew, and nothing else is encrypted again.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gangly_tui.connectors.vault_page import (
    VERSION,
    Argon2,
    Lock,
    Page,
    damaged,
    moved,
    page_file,
    read_page,
    write_page,
)
from gangly_tui.connectors.vault_seal import KEY_BYTES, seal, unseal
from gangly_tui.domain.errors import VaultError
from gangly_tui.domain.secret import Secret

SHORTEST = 12
_TRIES = 3

Ask = Callable[[str], Secret[str]]
"""Asks a person for a passphrase, with this prompt. Raises VaultError when nobody is there."""


def new_passphrase(ask: Ask, reason: str = "") -> Secret[str]:
    """Ask for one, twice. Raises VaultError when, after three tries, it is still too short or the two still differ."""
    trouble = VaultError("no passphrase was chosen")
    tried: Secret[str] | None = None
    for _ in range(_TRIES):
        chosen = ask(f"{reason}Choose a passphrase, {SHORTEST} characters or more (four words, for example): ")
        if len(chosen) < SHORTEST and chosen == tried:  # a file descriptor says the same each time
            break
        tried = chosen
        if len(chosen) < SHORTEST:
            trouble = VaultError(f"the passphrase is shorter than {SHORTEST} characters", fix="take four words")
            reason = f"That is shorter than {SHORTEST} characters. "
        elif chosen != ask("The same again: "):
            trouble = VaultError("the two passphrases differ", fix="start again")
            reason = "The two differ. "
        else:
            return chosen
    raise trouble


class PassphraseVault:
    """A Vault in `vault.json`, opened: `key` is the random key that the passphrase wraps."""

    def __init__(self, folder: Path, key: Secret[bytes], lock: Lock) -> None:
        self.backend = where(folder)
        self._key = key
        self._folder = folder
        self._lock = lock

    def get(self, name: str) -> Secret[str] | None:
        """See `Vault.get`. The page is read anew: another window may have changed it."""
        sealed = self._page().secrets.get(name)
        if sealed is None:
            return None
        opened = unseal(self._key, sealed, f"secret {name}")
        if opened is None:
            raise damaged(self._folder)
        return Secret(opened.decode())

    def put(self, name: str, secret: Secret[str]) -> None:
        """See `Vault.put`."""
        sealed = seal(self._key, secret.reveal().encode(), f"secret {name}")
        with self._lock():
            page = self._page()
            write_page(self._folder, replace(page, secrets={**page.secrets, name: sealed}))

    def remove(self, name: str) -> None:
        """See `Vault.remove`."""
        with self._lock():
            page = self._page()
            kept = {each: sealed for each, sealed in page.secrets.items() if each != name}
            write_page(self._folder, replace(page, secrets=kept))

    def names(self) -> list[str]:
        """The names of what is kept."""
        return list(self._page().secrets)

    def change(self, passphrase: Secret[str]) -> None:
        """Put everything behind another passphrase."""
        with self._lock():
            write_page(self._folder, _wrapped(self._page(), self._key, passphrase))

    def _page(self) -> Page:
        page = read_page(self._folder)
        if page is None or page.argon2 is None:
            raise moved()
        return page


def where(folder: Path) -> str:
    """How a passphrase's page is named to a person."""
    return f"passphrase (argon2id, {page_file(folder)})"


def make(
    folder: Path, page: Page, secrets: dict[str, Secret[str]], passphrase: Secret[str], lock: Lock
) -> PassphraseVault:
    """Write a page that keeps these secrets behind a passphrase, all in one step."""
    key = Secret(os.urandom(KEY_BYTES))
    sealed = {name: seal(key, each.reveal().encode(), f"secret {name}") for name, each in secrets.items()}
    write_page(folder, replace(_wrapped(page, key, passphrase), secrets=sealed))
    return PassphraseVault(folder, key, lock)


def unlock(folder: Path, page: Page, ask: Ask, lock: Lock) -> PassphraseVault:
    """Ask for the passphrase, at most three times. Raises VaultError when it is not the one."""
    assert page.argon2 is not None  # a page without a keyring has it
    tried: Secret[str] | None = None
    for attempt in range(_TRIES):
        typed = ask("Passphrase of gangly: " if not attempt else "That is not it. Passphrase of gangly: ")
        if typed == tried:  # a file descriptor says the same each time
            break
        tried = typed
        key = unseal(_key_from(typed, page.argon2), page.wrapped, _bound(page, page.argon2))
        if key is not None:
            return PassphraseVault(folder, Secret(key), lock)
    raise VaultError(
        "that is not the passphrase", fix="without it the data cannot be read; to start anew, move the data folder away"
    )


def _key_from(passphrase: Secret[str], cost: Argon2) -> Secret[bytes]:
    """Composed and decomposed letters of the same text give the same key: keyboards differ."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    typed = unicodedata.normalize("NFC", passphrase.reveal()).encode("utf-8", "surrogatepass")
    return Secret(
        Argon2id(
            salt=bytes.fromhex(cost.salt),
            length=KEY_BYTES,
            iterations=cost.passes,
            lanes=cost.lanes,
            memory_cost=cost.kib,
        ).derive(typed)
    )


def _wrapped(page: Page, key: Secret[bytes], passphrase: Secret[str]) -> Page:
    """The page with its random key behind this passphrase, and a fresh salt."""
    cost = Argon2(salt=os.urandom(16).hex())
    wrapped = seal(_key_from(passphrase, cost), key.reveal(), _bound(page, cost))
    return replace(page, keyring="", argon2=cost, wrapped=wrapped)


def _bound(page: Page, cost: Argon2) -> str:
    """What a wrapped key is tied to: a page put together of two others opens nothing."""
    return f"gangly vault {VERSION} {page.id} argon2id {cost.passes} {cost.kib} {cost.lanes} {cost.salt}"
