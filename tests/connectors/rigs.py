"""What every vendor's rig is made of: the agreed descriptions, a scope over everything, signing in, no waiting."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gangly_tui.domain.hierarchy import Layer, Scope
from gangly_tui.domain.records import FIELDS, RECORD_KINDS
from gangly_tui.domain.secret import Secret
from tests.fakes.serve import Reply

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
        read={kind: frozenset(FIELDS[kind]) for kind in RECORD_KINDS},
        write={kind: frozenset(FIELDS[kind]) for kind in RECORD_KINDS},
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


class Slow:
    """Mixed into a fake: takes a moment for each request, and counts how many are asked at once."""

    at_once = 0
    most_at_once = 0

    async def handle(self, *asked: Any) -> Reply:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        answer: Reply = super().handle(*asked)  # type: ignore[misc]
        return answer


class Watch:
    """Holds each request and each answer of a fake against its contract. `checked` counts both.

    A vendor's own says what an answer may look like: `told` is its body.
    """

    def __init__(self, contract: Any) -> None:
        self.contract = contract
        self.checked = 0

    def __call__(self, asked: Any, status: int, told: Any) -> None:
        found = self.request(asked) + self.answer(asked, status, told)
        self.checked += 2
        assert found == [], f"{asked.method} {asked.path}?{asked.query} -> {status}\n" + "\n".join(found)

    def path(self, asked: Any) -> str:
        """The path as the description has it."""
        return str(asked.path)

    def request(self, asked: Any) -> list[str]:
        """What is wrong with a request. A body that is to be refused goes out only in tests of refusals."""
        body = "" if asked.body is None else asked.body if isinstance(asked.body, str) else json.dumps(asked.body)
        target = self.path(asked) + (f"?{asked.query}" if asked.query else "")
        return list(self.contract.check(asked.method, target, dict(asked.headers), body.encode()))

    def answer(self, asked: Any, status: int, told: Any) -> list[str]:
        """What is wrong with an answer of the fake."""
        found = self.contract.find(asked.method, self.path(asked))
        return self.body(found[0]["responses"], status, told) if isinstance(found, tuple) else [str(found)]

    def body(self, responses: Any, status: int, told: Any) -> list[str]:
        """What is wrong with an answer, by the responses that the operation is described with."""
        raise NotImplementedError

    def schema(self, response: Any) -> Any:
        """What a body is to look like; {} where the description does not say."""
        content = self.contract._deref(response).get("content", {})
        return content.get("application/json", {}).get("schema", {})


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
