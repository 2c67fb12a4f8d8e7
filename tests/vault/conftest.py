"""Keyrings and people for the vault's tests. No test here touches the keyring of the machine it runs on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import keyring
import pytest

from gangly_tui.domain.errors import VaultError
from gangly_tui.domain.secret import Secret

PASSPHRASE = "four words make one"


class FakeKeyring:
    """Behaves as a system's keyring does; `trouble` is what its next call raises."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.trouble: Exception | None = None
        self.forgetful = False

    def get_password(self, service: str, name: str) -> str | None:
        self._maybe_fail()
        return self.held.get((service, name))

    def set_password(self, service: str, name: str, secret: str) -> None:
        self._maybe_fail()
        self.held[service, name] = "" if self.forgetful else secret

    def delete_password(self, service: str, name: str) -> None:
        self._maybe_fail()
        del self.held[service, name]

    def _maybe_fail(self) -> None:
        if self.trouble:
            raise self.trouble


def posing_as(module: str) -> FakeKeyring:
    """A keyring whose class comes from this module."""
    return type("Keyring", (FakeKeyring,), {"__module__": module})()  # type: ignore[no-any-return]


class Person:
    """Answers in turn and remembers what was asked; the last answer is given again and again."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, prompt: str) -> Secret[str]:
        self.asked.append(prompt)
        if not self.answers:
            raise VaultError("there is no terminal to ask for a passphrase", fix="sit down at one")
        return Secret(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


Install = Callable[[object], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes something this machine's keyring."""

    def put(found: object) -> None:
        monkeypatch.setattr(keyring, "get_keyring", lambda: found)

    return put


@pytest.fixture
def safe(install: Install) -> FakeKeyring:
    """A keyring that encrypts."""
    found = posing_as("keyring.backends.SecretService")
    install(found)
    return found


@pytest.fixture
def none(install: Install) -> None:
    """A machine without a keyring."""
    from keyring.backends import fail

    install(fail.Keyring())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def no_lock() -> AbstractContextManager[None]:
    """One window only."""
    return nullcontext()
