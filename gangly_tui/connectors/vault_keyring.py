"""Secrets in the system's own keyring, when it is one that encrypts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from gangly_tui.connectors.vault_page import Lock, damaged, read_page, write_page
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
        with _plain_words(self.backend):
            found = self._keyring.get_password(SERVICE, self._entry(name))
        return None if found is None else Secret(found)

    def put(self, name: str, secret: Secret[str]) -> None:
        """See `Vault.put`. The name is remembered first: what is in a keyring is never forgotten there."""
        with self._lock():
            page = read_page(self._folder)
            if page is None:
                raise damaged(self._folder)
            if name not in page.secrets:
                write_page(self._folder, replace(page, secrets={**page.secrets, name: ""}))
        self.place(name, secret)

    def place(self, name: str, secret: Secret[str]) -> None:
        """Give it to the keyring and read it back. Raises VaultError."""
        with _plain_words(self.backend):
            self._keyring.set_password(SERVICE, self._entry(name), secret.reveal())
        if self.get(name) != secret:
            raise VaultError(f"{self.backend} did not keep what it was given", fix="restart it, and try again")

    def remove(self, name: str) -> None:
        """See `Vault.remove`."""
        self.withdraw(name)
        with self._lock():
            page = read_page(self._folder)
            if page is None:
                raise damaged(self._folder)
            kept = {each: "" for each in page.secrets if each != name}
            write_page(self._folder, replace(page, secrets=kept))

    def withdraw(self, name: str) -> None:
        """Take it out of the keyring, if it is there. Raises VaultError."""
        if self.get(name) is not None:
            with _plain_words(self.backend):
                self._keyring.delete_password(SERVICE, self._entry(name))

    def names(self) -> list[str]:
        """The names of what is kept."""
        page = read_page(self._folder)
        return [] if page is None else list(page.secrets)

    def _entry(self, name: str) -> str:
        return f"{self._owner}/{name}"


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
