"""Where the store's key and the tokens are: the system's own keyring or, without one, a file behind a passphrase.

`vault.json` says which, so that a keyring that is away today is never silently replaced by something else. There is
no third way: what cannot be kept safely is refused, with the reason.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from gangly_tui.connectors.vault_keyring import KeyringVault, safe_keyring
from gangly_tui.connectors.vault_page import Lock, Page, read_page, write_page
from gangly_tui.connectors.vault_passphrase import Ask, PassphraseVault, make, new_passphrase, unlock, where
from gangly_tui.domain.errors import VaultError
from gangly_tui.domain.secret import Secret

__all__ = ["Ask", "Lock", "Vault", "change_passphrase", "described", "make_vault", "move_to_keyring", "open_vault"]


class Vault(Protocol):
    """Keeps secrets by name. `backend` says where, in words for a person."""

    backend: str

    def get(self, name: str) -> Secret[str] | None:
        """The secret of this name; None when there is none. Raises VaultError when that cannot be known."""

    def put(self, name: str, secret: Secret[str]) -> None:
        """Keep it, in place of what was there. Raises VaultError when it would not be safe or did not arrive."""

    def remove(self, name: str) -> None:
        """Forget it. Nothing happens when there is none. Raises VaultError."""

    def names(self) -> list[str]:
        """The names of what is kept."""


def described(folder: Path) -> str:
    """Where the secrets of a data folder are, without opening anything; "" when there are none. Raises VaultError."""
    page = read_page(folder)
    return "" if page is None else page.keyring or where(folder)


def open_vault(folder: Path, *, ask: Ask, lock: Lock) -> Vault | None:
    """The vault of a data folder, its passphrase asked when it is behind one; None when none was made yet.

    Raises VaultError when the keyring it needs is away, the passphrase is another, or the page is damaged.
    """
    page = read_page(folder)
    if page is None:
        return None
    if page.argon2 is not None:
        return unlock(folder, page, ask, lock)
    try:
        backend, name = safe_keyring()
    except VaultError as error:
        raise VaultError(f"the keys are in {page.keyring}, and {error}", fix=error.fix) from error
    if name != page.keyring:
        raise VaultError(f"the keys are in {page.keyring}, but {name} answers", fix=f"start {page.keyring}")
    return KeyringVault(folder, backend, name, page.id, lock)


def make_vault(folder: Path, *, ask: Ask, lock: Lock, passphrase: bool = False) -> Vault:
    """Decide, once, where the secrets of this folder are: the keyring or, asked for or without one, a passphrase.

    Raises VaultError with both reasons when neither is to be had.
    """
    page = Page(id=os.urandom(8).hex())
    if passphrase:
        return make(folder, page, {}, new_passphrase(ask), lock)
    try:
        backend, name = safe_keyring()
        vault = KeyringVault(folder, backend, name, page.id, lock)
        vault.place("trial", Secret(os.urandom(8).hex()))  # a keyring may be there, and be locked
        vault.withdraw("trial")
    except VaultError as why:
        try:
            chosen = new_passphrase(ask, f"{why}: a passphrase protects your data instead.\n")
        except VaultError as nobody:
            fix = f"{why.fix}, or choose a passphrase in a terminal, or give one: gangly --passphrase-fd 3 ... 3<FILE"
            raise VaultError(f"your data cannot be kept safely: {why}, and {nobody}", fix=fix) from nobody
        return make(folder, page, {}, chosen, lock)
    write_page(folder, replace(page, keyring=name))
    return vault


def change_passphrase(folder: Path, vault: Vault, passphrase: Secret[str], *, lock: Lock) -> Vault:
    """Put everything behind this passphrase, out of the keyring too when it is there. Raises VaultError."""
    if isinstance(vault, PassphraseVault):
        vault.change(passphrase)
        return vault
    page = read_page(folder)
    assert page is not None  # the vault was opened from it
    assert isinstance(vault, KeyringVault)  # there are two kinds
    names = vault.names()
    kept = {name: secret for name in names if (secret := vault.get(name)) is not None}
    moved = make(folder, replace(page, secrets={}), kept, passphrase, lock)
    vault.leave(names)
    return moved


def move_to_keyring(folder: Path, vault: Vault, *, lock: Lock) -> Vault:
    """Put everything into the system's keyring, each secret read back before the page says so. Raises VaultError."""
    backend, name = safe_keyring()
    page = read_page(folder)
    assert page is not None  # the vault was opened from it
    moved = KeyringVault(folder, backend, name, page.id, lock)
    kept = {each: moved.kept_as(each, secret) for each in vault.names() if (secret := vault.get(each)) is not None}
    write_page(folder, Page(id=page.id, keyring=name, secrets=kept))
    return moved


def names_in(folder: Path) -> list[str]:
    """The names of what is kept, without opening anything. Raises VaultError."""
    page = read_page(folder)
    return [] if page is None else sorted(page.secrets)
