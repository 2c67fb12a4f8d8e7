"""Asking a customer's system: an answer that is none, and what is taken for true for an hour. Reads only."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from gangly_tui.domain.errors import Unreachable

FRESH = timedelta(hours=1)
T = TypeVar("T")


class Kept:
    """What was asked, by name; asked again after an hour."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._known: dict[str, tuple[datetime, Any]] = {}
        self._doors: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, name: str, ask: Callable[[], Awaitable[T]], *, fresh: bool = False) -> T:
        """What is known, else what `ask` brings: one asks, the others wait for the answer."""
        if fresh or not self._is_fresh(name):
            async with self._doors[name]:
                if fresh or not self._is_fresh(name):
                    self._known[name] = self._now(), await ask()
        found: T = self._known[name][1]
        return found

    def _is_fresh(self, name: str) -> bool:
        known = self._known.get(name)
        return known is not None and self._now() - known[0] <= FRESH

    def forget(self) -> None:
        """What was told is not so any more."""
        self._known.clear()


class understood:
    """Whatever has another shape than the API says is no answer. Nothing was written by asking."""

    __slots__ = ("_system", "_what")

    def __init__(self, system: str, what: str = "") -> None:
        self._system, self._what = system, what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)):
            raise not_understood(self._system, self._what) from error


def not_understood(system: str, what: str) -> Unreachable:
    """An answer that is not what the API answers."""
    return Unreachable(
        f"{system} answered {what + ' ' if what else ''}in a way that is not understood",
        fix="a proxy or a login page? if it stays, tell gangly's makers",
    )
