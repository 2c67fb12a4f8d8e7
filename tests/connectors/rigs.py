"""What every vendor's rig is made of: the agreed descriptions, a scope over everything, signing in, no waiting."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gangly_tui.domain.hierarchy import Layer, Scope
from gangly_tui.domain.records import FIELDS, Kind
from gangly_tui.domain.secret import Secret

SPECS = Path(__file__).parents[3] / "shared" / "specs"


def contract_on(path: Path, **how: str) -> Any:
    """A vendor's description, to hold requests and answers against. Skips the test where ../shared is absent."""
    if not SPECS.exists():
        pytest.skip("the agreed descriptions in ../shared are not there")
    sys.path.insert(0, str(SPECS))
    try:
        from contract import Contract  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(SPECS))
    return Contract(str(path), **how)


def everything(system: str) -> Scope:
    """A scope that reads and writes every field."""
    return Scope(
        system=system,
        layer=Layer.RECORD,
        owner="a",
        backup="b",
        runbook="c",
        read={kind: frozenset(FIELDS[kind]) for kind in Kind},
        write={kind: frozenset(FIELDS[kind]) for kind in Kind},
    )


class Bearer(httpx.Auth):
    """A fake's access tokens: the first, and after each 401 the next one, on the same request."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = tokens

    def auth_flow(self, request: httpx.Request) -> Any:
        for token in self.tokens:
            request.headers["Authorization"] = f"Bearer {token}"
            response = yield request
            if response.status_code != 401:
                return


async def no_sleep(_: float) -> None:
    """Waiting, without the time."""


class Kept:
    """A vault in memory."""

    def __init__(self) -> None:
        self.held: dict[str, Secret[str]] = {}

    def get(self, name: str) -> Secret[str] | None:
        return self.held.get(name)

    def put(self, name: str, secret: Secret[str]) -> None:
        self.held[name] = secret

    def remove(self, name: str) -> None:
        self.held.pop(name, None)


@asynccontextmanager
async def alone() -> AsyncIterator[None]:
    """The turn to renew a token, where nobody else wants it."""
    yield
