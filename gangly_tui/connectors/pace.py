"""How fast a vendor is asked: a pull slows itself before the limit is reached, and an approved write goes first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

LOW = 0.2
"""The share of a limit that is left when a pull begins to slow down."""
KEPT = 0.05
"""The share a pull leaves alone, for writes and for colleagues: below it reads wait for the reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What is left of a vendor's limit. `resets_in` is in seconds; 0 when the vendor does not say."""

    left: int
    limit: int
    resets_in: float = 0.0
    name: str = ""

    @property
    def share(self) -> float:
        """What is left, 0.0 to 1.0."""
        return self.left / self.limit if self.limit > 0 else 1.0


class Pace:
    """Reads take turns here; writes do not wait. `most` bounds how many reads start within `per` seconds; 0 is none."""

    def __init__(
        self,
        *,
        most: int = 0,
        per: float = 1.0,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self.quota: Quota | None = None
        self._most = most
        self._per = per
        self._clock = clock
        self._sleep = sleep
        self._starts: list[float] = []
        self._writes = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._noted = 0.0
        self._door = asyncio.Lock()

    def note(self, quota: Quota | None) -> None:
        """Remember what the last answer said of the limit."""
        if quota is not None:
            self.quota = quota
            self._noted = self._clock()

    @contextmanager
    def first(self) -> Iterator[None]:
        """While a write is out, no new read starts."""
        self._writes += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._writes -= 1
            if not self._writes:
                self._quiet.set()

    async def turn(self) -> None:
        """Wait until a read may start."""
        async with self._door:  # one at a time, or all that waited would start together
            await self._quiet.wait()
            rest = self._rest()
            if rest > 0:
                await self._sleep(rest)
                await self._quiet.wait()
            if self._most:
                self._starts = [*self._starts, self._clock()][-self._most :]

    def _rest(self) -> float:
        return max(self._window_rest(), self._quota_rest())

    def _window_rest(self) -> float:
        if not self._most or len(self._starts) < self._most:
            return 0.0
        return max(self._starts[0] + self._per - self._clock(), 0.0)

    def _quota_rest(self) -> float:
        """Near the limit what is left is spread over the time to the reset; at its last part reads wait for it."""
        quota = self.quota
        if quota is None or quota.share > LOW or quota.resets_in <= 0:
            return 0.0
        left_of_window = quota.resets_in - (self._clock() - self._noted)
        if left_of_window <= 0:
            return 0.0
        usable = quota.left - KEPT * quota.limit
        return left_of_window if usable < 1 else left_of_window / usable
