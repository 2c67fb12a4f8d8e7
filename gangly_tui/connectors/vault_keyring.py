"""Secrets in the system's own keyring, when it is one that encrypts."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from gangly_tui.connectors.vault_page import Lock, Page, damaged, moved, read_page, write_page
from gangly_tui.connectors.vault_seal import KEY_BYTES, seal, unseal
from gangly_tui.domain.errors import VaultError
from gangly_tui.domain.secret import Secret

SERVICE = "gangly"
"""How a keyring's own window lists what gangly keeps."""

SAFE_KEYRINGS = {
    "keyring.backends.SecretService": "Secret Service",
    "keyring.backends.kwallet": "KWallet",
    "keyring.backends.macOS": "macOS Keychain",
    "keyring.backends.Windows": "Windows Credential Manager",
}
"""The keyrings that encrypt, by the module that speaks to them. Any other is refused, whatever it calls itself."""

LONGEST = 1000
"""Characters: Windows keeps 2,560 bytes an entry, and some tokens are longer. Those are sealed in `vault.json`, under
a key that the keyring has."""
_SEAL = "key of long secrets"

_FIX = "unlock your desktop's keyring (GNOME Keyring, KWallet, Keychain)"


def safe_keyring() -> tuple[Any, str]:
    """The system's keyring and its name. Raises VaultError, with the reason, when there is none that encrypts."""
    try:
        import keyring

        found: Any = keyring.get_keyring()
        if type(found).__module__ == "keyring.backends.chainer":  # it would go on to the next one when the first fails
            found = next(iter(found.backends), found)
    except Exception as error:  # a plug-in of somebody else's may raise anything
        raise VaultError(f"the keyring cannot be loaded ({type(error).__name__})", fix=_FIX) from None
    module = type(found).__module__
    name = SAFE_KEYRINGS.get(module)
    if name is not None:
        return found, name
    if module in ("keyring.backends.fail", "keyring.backends.chainer"):
        raise VaultError("this machine offers no keyring", fix=_FIX)
    raise VaultError(f"the keyring {module}.{type(found).__name__} is refused: it does not encrypt", fix=_FIX)


class KeyringVault:
    """A Vault in the system's keyring; `vault.json` remembers the names of what is there."""

    def __init__(self, folder: Path, keyring: Any, backend: str, owner: str, lock: Lock) -> None:
        self.backend = backend
        self._folder = folder
        self._keyring = keyring
        self._owner = owner
        self._lock = lock

    def get(self, name: str) -> Secret[str] | None:
        """See `Vault.get`."""
        sealed = self._page().secrets.get(name)
        if not sealed:
            return self._look(name)
        key = self._look(_SEAL)
        opened = unseal(_raw(key), sealed, f"secret {name}") if key is not None else None
        if opened is None:
            raise damaged(self._folder)
        return Secret(opened.decode())

    def put(self, name: str, secret: Secret[str]) -> None:
        """See `Vault.put`. The name is remembered first: what is in a keyring is never forgotten there."""
        if len(secret) > LONGEST:
            self._note(name, self.kept_as(name, secret))
            self.withdraw(name)
            return
        with self._lock():
            if name not in self._page().secrets:
                self._write(name, "")
        self.place(name, secret)
        if self._page().secrets.get(name):
            self._note(name, "")

    def kept_as(self, name: str, secret: Secret[str]) -> str:
        """Give a secret to the keyring, or seal a long one. Returns what the page has to say of it."""
        if len(secret) > LONGEST:
            return seal(self._seal_key(), secret.reveal().encode(), f"secret {name}")
        self.place(name, secret)
        return ""

    def _seal_key(self) -> Secret[bytes]:
        with self._lock():
            key = self._look(_SEAL)
            if key is None:
                key = Secret(os.urandom(KEY_BYTES).hex())
                self.place(_SEAL, key)
        return _raw(key)

    def _look(self, entry: str) -> Secret[str] | None:
        """What the keyring itself has."""
        with _plain_words(self.backend):
            found = self._keyring.get_password(SERVICE, self._entry(entry))
        return None if found is None else Secret(found)

    def _page(self) -> Page:
        page = read_page(self._folder)
        if page is None or page.keyring != self.backend:
            raise moved()
        return page

    def _note(self, name: str, sealed: str) -> None:
        with self._lock():
            self._write(name, sealed)

    def _write(self, name: str, sealed: str) -> None:
        page = self._page()
        write_page(self._folder, replace(page, secrets={**page.secrets, name: sealed}))

    def place(self, name: str, secret: Secret[str]) -> None:
        """Give it to the keyring and read it back. Raises VaultError."""
        with _plain_words(self.backend):
            self._keyring.set_password(SERVICE, self._entry(name), secret.reveal())
        if self._look(name) != secret:
            raise VaultError(f"{self.backend} did not keep what it was given", fix="restart it, and try again")

    def remove(self, name: str) -> None:
        """See `Vault.remove`."""
        self.withdraw(name)
        with self._lock():
            page = self._page()
            kept = {each: sealed for each, sealed in page.secrets.items() if each != name}
            write_page(self._folder, replace(page, secrets=kept))

    def withdraw(self, name: str) -> None:
        """Take it out of the keyring, if it is there. Raises VaultError."""
        if self._look(name) is not None:
            with _plain_words(self.backend):
                self._keyring.delete_password(SERVICE, self._entry(name))

    def leave(self, names: list[str]) -> None:
        """Take everything of these names out of the keyring. Raises VaultError."""
        for name in (*names, _SEAL):
            self.withdraw(name)

    def names(self) -> list[str]:
        """The names of what is kept."""
        return list(self._page().secrets)

    def _entry(self, name: str) -> str:
        return f"{self._owner}/{name}"


def _raw(key: Secret[str]) -> Secret[bytes]:
    return Secret(bytes.fromhex(key.reveal()))


class _plain_words:  # used like a function
    """Turns whatever a keyring raises into a VaultError, without its own words: they may quote what it holds."""

    def __init__(self, backend: str) -> None:
        self._backend = backend

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, Exception):
            return
        from keyring.errors import KeyringLocked

        state = "is locked" if isinstance(error, KeyringLocked) else f"does not answer ({type(error).__name__})"
        raise VaultError(f"{self._backend} {state}", fix=f"unlock {self._backend}, then start gangly again") from None
