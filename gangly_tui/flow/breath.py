"""Breath: a long look at the store in short steps, so that a key that is pressed meanwhile is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")
STEP = 0.01
"""Seconds after which the others have their turn."""


async def in_steps(work: Iterable[T | None]) -> list[T]:
    """What the work yields, None left out; between two yields it may rest. It holds no transaction over a yield."""
    found: list[T] = []
    began = monotonic()
    for each in work:
        if each is not None:
            found.append(each)
        if monotonic() - began > STEP:
            await asyncio.sleep(0)
            began = monotonic()
    return found
