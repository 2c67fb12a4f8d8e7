"""A child process on a pty of its own: what it paints and when, and how much memory it holds."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

COLUMNS, ROWS = 120, 40
PATIENCE = 60.0
_SETTLED = 0.03
"""seconds without output after which a frame is whole"""


class Terminal:
    """Use as a context manager: the child is ended on the way out."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], size: tuple[int, int] = (COLUMNS, ROWS)) -> None:
        self.began = perf_counter()
        self.pid, self._end = pty.fork()
        if self.pid == 0:
            os.execve(command[0], list(command), dict(env))
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._end)

    def press(self, keys: bytes) -> float:
        """Send keys. Returns when."""
        at = perf_counter()
        os.write(self._end, keys)
        return at

    def until(self, mark: bytes) -> float:
        """Read until the mark was painted. Returns when."""
        seen, last = b"", perf_counter() + PATIENCE
        while mark not in seen:
            ready, _, _ = select.select([self._end], [], [], max(last - perf_counter(), 0))
            assert ready, f"{mark!r} did not come; the screen ends in {seen[-600:]!r}"
            seen += os.read(self._end, 65_536)
        return perf_counter()

    def frame(self, keys: bytes) -> float:
        """Seconds from the keys to the last byte they made the app paint."""
        self.drain()
        began = self.press(keys)
        last, patience = began, PATIENCE
        while select.select([self._end], [], [], patience)[0]:
            os.read(self._end, 65_536)
            last, patience = perf_counter(), _SETTLED
        return last - began

    def drain(self, seconds: float = _SETTLED) -> None:
        """Read on until nothing was painted for so long."""
        while select.select([self._end], [], [], seconds)[0]:
            os.read(self._end, 65_536)

    def busy(self) -> float:
        """Seconds the child has computed so far, which a loaded machine does not stretch. Only where /proc tells."""
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((each / "schedstat").read_text(encoding="ascii").split()[0]) for each in threads) / 1e9

    def resident(self) -> float:
        """MB that the child holds in memory now. Only where /proc tells."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        raise AssertionError("the child is gone")
