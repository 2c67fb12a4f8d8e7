"""One clock for all processes of a schedule, in shared memory: waits cost nothing, and a seed repeats exactly."""

from __future__ import annotations

import mmap
import struct
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 9, 23, 9, 0, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class SharedClock:
    """Microseconds since EPOCH. Each look is one microsecond later, so that no two events share a time.

    Only what is measured by the clock is simulated (horizons, waits, late commits, read lag). Deadlines of requests,
    sockets, processes and kills are real.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8)

    def __call__(self) -> datetime:
        (ticks,) = struct.unpack("q", self._memory[:8])
        self._memory[:8] = struct.pack("q", ticks + 1)
        return EPOCH + ticks * _MICROSECOND

    def forward_to(self, moment: datetime) -> None:
        """Let time pass; it never goes back."""
        (ticks,) = struct.unpack("q", self._memory[:8])
        self._memory[:8] = struct.pack("q", max(ticks, (moment - EPOCH) // _MICROSECOND))

    def reset(self) -> None:
        """Back to EPOCH, for the next schedule."""
        self._memory[:8] = struct.pack("q", 0)
