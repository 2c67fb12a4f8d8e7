"""The key of a store: asked of the vault once a run, made when there is none, never replaced while a store needs it.

A passphrase comes from the terminal or from a file descriptor, never from an argument or the environment, where other
programs could read it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gangly_tui.domain.errors import VaultError
from gangly_tui.domain.secret import Secret
from gangly_tui.store.encrypt import is_keyed
from gangly_tui.store.locks import hold

if TYPE_CHECKING:
    from gangly_tui.connectors.vault import Vault

KEY_BYTES = 32
_LONGEST = 4096
_PATIENCE = 30.0
_UNTIL_TOLD = 1.5
_MAKING = 120.0
"""Seconds another window may take to choose a passphrase."""


class Keys:
    """The vault of one data folder and the keys in it. `passphrase_fd` answers in place of the terminal."""

    def __init__(self, folder: Path, *, passphrase_fd: int | None = None) -> None:
        self._folder = folder
        self._fd = passphrase_fd
        self._typed: Secret[str] | None = None
        self._vault: Vault | None = None

    @property
    def is_open(self) -> bool:
        """Whether the vault is open, so that nothing will be asked."""
        return self._vault is not None

    def vault(self) -> Vault:
        """The open vault, made when there is none. Raises VaultError when secrets cannot be kept safely here."""
        if self._vault is None:
            from gangly_tui.connectors.vault import make_vault, open_vault

            self._vault = open_vault(self._folder, ask=self.ask, lock=self.lock)
            if self._vault is None:
                with self._making():
                    self._vault = open_vault(self._folder, ask=self.ask, lock=self.lock) or make_vault(
                        self._folder, ask=self.ask, lock=self.lock, passphrase=self._fd is not None
                    )
        return self._vault

    def of_store(self, name: str, store: Path) -> Secret[bytes]:
        """The key of this store. Raises VaultError when the vault does not have the one the store needs."""
        from gangly_tui.connectors.vault import described

        if is_keyed(store) and not described(self._folder):
            raise VaultError(
                f"{self._folder / 'vault.json'} is missing, which says where the key of {store} is",
                fix="restore it from a backup, or move the store away to start anew",
            )
        vault = self.vault()
        with _patience_told():
            kept = vault.get(name)
        if kept is None:
            with self._making():
                kept = vault.get(name)
                if kept is None:
                    if is_keyed(store):
                        raise VaultError(
                            f"the key of {store} is not in {vault.backend}",
                            fix="restore vault.json and the keyring it had, or move the store away to start anew",
                        )
                    kept = Secret(os.urandom(KEY_BYTES).hex())
                    vault.put(name, kept)
        _leave_no_dump()
        return Secret(bytes.fromhex(kept.reveal()))

    def ask(self, prompt: str) -> Secret[str]:
        """A passphrase from the descriptor, else from the terminal, unseen. Raises VaultError when nobody is there."""
        if self._fd is None:
            return _from_terminal(prompt)
        if self._typed is None:
            self._typed = _from_descriptor(self._fd)
        return self._typed

    def lock(self) -> AbstractContextManager[None]:
        """Held while the vault's page is changed."""
        return hold(self._folder / "vault.lock", "the vault", wait=_PATIENCE)

    def _making(self) -> AbstractContextManager[None]:
        return hold(self._folder / "vault.making.lock", "choosing where the keys are kept", wait=_MAKING)


_OPEN: dict[Path, Keys] = {}
_answer_from: int | None = None


def answer_from(passphrase_fd: int | None) -> None:
    """From here on a passphrase is read from this descriptor; None: asked on the terminal."""
    global _answer_from  # noqa: PLW0603 - one command line, one answer
    _answer_from = passphrase_fd
    _OPEN.clear()


def keys_of(folder: Path) -> Keys:
    """The keys of a data folder. Asked for once a run: what opened it stays open."""
    if folder not in _OPEN:
        _OPEN[folder] = Keys(folder, passphrase_fd=_answer_from)
    return _OPEN[folder]


@contextmanager
def _patience_told() -> Iterator[None]:
    """A keyring may ask to be unlocked in a window of its own, maybe behind this one or on another screen."""
    import threading

    told = threading.Timer(_UNTIL_TOLD, sys.stderr.write, ("waiting for the keyring: it may ask to be unlocked\n",))
    told.daemon = True
    told.start()
    try:
        yield
    finally:
        told.cancel()


def _leave_no_dump() -> None:
    """A crash of the interpreter shall not write the memory, with the key in it, to the disk."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def derived(key: Secret[bytes], purpose: str) -> Secret[bytes]:
    """Another key that belongs to this one: whoever has it learns nothing of the first."""
    return Secret(hmac.digest(key.reveal(), purpose.encode(), hashlib.sha256))


def _from_descriptor(number: int) -> Secret[str]:
    try:
        with os.fdopen(number, "rb") as opened:
            raw = opened.read(_LONGEST + 1)
        text = raw.decode("utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise VaultError(
            f"no passphrase can be read from descriptor {number}: {why}", fix="gangly --passphrase-fd 3 ... 3<FILE"
        ) from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or len(raw) > _LONGEST:
        raise VaultError(f"descriptor {number} gives no passphrase", fix="gangly --passphrase-fd 3 ... 3<FILE")
    return Secret(text)


def _from_terminal(prompt: str) -> Secret[str]:
    import warnings
    from getpass import GetPassWarning, getpass

    nobody = VaultError("there is no terminal to ask for a passphrase", fix="gangly --passphrase-fd 3 ... 3<FILE")
    if os.name == "posix":
        try:
            os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        except OSError:
            raise nobody from None
    elif not sys.stdin.isatty():
        raise nobody
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)  # it would show what is typed
            return Secret(getpass(prompt))
    except (EOFError, GetPassWarning):
        raise nobody from None
