"""`vault.json`: which way the secrets of a data folder are kept, and, behind a passphrase, the sealed secrets."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gangly_tui.connectors.vault_seal import NONCE_BYTES, TAG_BYTES
from gangly_tui.domain.errors import VaultError

VERSION = 1
_LARGEST = 1 << 20

Lock = Callable[[], AbstractContextManager[None]]
"""Keeps other windows from changing the page meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2:
    """What trying one passphrase costs, kept beside what it wraps. The default is RFC 9106's low-memory choice."""

    salt: str
    passes: int = 3
    kib: int = 64 * 1024
    lanes: int = 4

    def check(self) -> None:
        """Raises ValueError when nobody could have wanted it: a planted page shall not ask for a terabyte."""
        if not (1 <= self.passes <= 64 and 1 <= self.lanes <= 64 and 8 * self.lanes <= self.kib <= 4 << 20):
            raise ValueError("the cost of a try is out of bounds")
        if len(bytes.fromhex(self.salt)) < 16:
            raise ValueError("the salt is too short")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`id` keeps data folders apart. `keyring` names the one that keeps the secrets; empty behind a passphrase.

    `secrets` are sealed, by name; in a keyring's page only the names are there, and what is too long for a keyring.
    """

    id: str
    keyring: str = ""
    argon2: Argon2 | None = None
    wrapped: str = ""
    secrets: dict[str, str] = field(default_factory=dict)


def page_file(folder: Path) -> Path:
    """Where the page of a data folder is."""
    return folder / "vault.json"


def read_page(folder: Path) -> Page | None:
    """The page; None when there is none yet. Raises VaultError when it is damaged, too large or open to others."""
    file = page_file(folder)
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(handle, "rb") as opened:
            shared = os.name == "posix" and os.fstat(handle).st_mode & 0o077
            text = opened.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise VaultError(f"{file} cannot be read: {error.strerror}", fix="check its permissions") from error
    if shared:
        raise VaultError(f"{file} can be read by other users", fix=f"chmod 600 {file}")
    try:
        return _parsed(text)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise damaged(folder) from error


def damaged(folder: Path) -> VaultError:
    """What to raise when the page does not hold what it should."""
    return VaultError(f"{page_file(folder)} is damaged", fix="restore it from a backup of your machine")


def moved() -> VaultError:
    """What to raise when another window has moved the secrets since this one opened them."""
    return VaultError("the keys were moved meanwhile", fix="start gangly again")


def _parsed(text: bytes) -> Page:
    if len(text) > _LARGEST:
        raise ValueError("too large")
    plain: dict[str, Any] = json.loads(text)
    if plain.pop("version") != VERSION:
        raise ValueError("another version")
    cost = plain.pop("argon2")
    page = Page(**plain, argon2=None if cost is None else Argon2(**cost))
    if not page.id.isalnum() or (page.argon2 is None) is not bool(page.keyring):
        raise ValueError("neither a keyring nor a passphrase, or both")
    sealed = [each for each in page.secrets.values() if each or page.argon2]
    if page.argon2 is not None:
        page.argon2.check()
        sealed.append(page.wrapped)
    if any(len(bytes.fromhex(each)) < NONCE_BYTES + TAG_BYTES for each in sealed):
        raise ValueError("cut short")
    return page


def write_page(folder: Path, page: Page) -> None:
    """Replace the page in one durable step: a crash leaves the old one or the new one. Raises VaultError."""
    file = page_file(folder)
    fresh = file.with_suffix(".new")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            json.dump({"version": VERSION, **asdict(page)}, opened, indent=1)
            opened.flush()
            os.fsync(opened.fileno())
        fresh.replace(file)
        if sys.platform != "win32":
            above = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(above)
            finally:
                os.close(above)
    except OSError as error:
        raise VaultError(f"{file} cannot be written: {error.strerror}", fix="free some space and try again") from error
