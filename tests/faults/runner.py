"""Runs schedules: one CRM process, and for each schedule as many starts of the app as it takes."""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import shutil
import signal
import struct
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gangly_tui.domain.identity import person_key
from tests.faults.checker import check
from tests.faults.clock import SharedClock
from tests.faults.crm_server import serve_forever
from tests.faults.schedule import Schedule, smaller
from tests.faults.window import HELD, STUCK, Make, Notebook, start

_LONGEST = 30.0
"""Real seconds after which a window counts as hung."""


@dataclass(kw_only=True)
class Result:
    """What one schedule came to."""

    schedule: Schedule
    wrong: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    approvals: int = 0
    starts: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    written_over: int = 0
    for_the_rep: int = 0
    held: int = 0


def end_with_parent() -> None:
    """In a forked child: whoever ends the run ends this process too (Linux; elsewhere Ctrl-C reaches all of them)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _warm_up() -> None:
    """Load once what every start of the app would load again."""
    import anyio._backends._asyncio
    import h11
    import httpcore

    from gangly_tui.connectors.engagement import calendar_expand

    assert anyio and h11 and httpcore and calendar_expand
    person_key("ada@acme.de")


class Runner:
    """One at a time. Use as a context manager: it owns the CRM's process and a folder."""

    def __init__(self) -> None:
        self.clock = SharedClock()

    def __enter__(self) -> Runner:
        into, out = os.pipe()
        self.server = os.fork()
        if self.server == 0:
            end_with_parent()
            os.close(into)
            try:
                serve_forever(self.clock, out)
            finally:
                os._exit(1)
        os.close(out)
        (self.port,) = struct.unpack("i", os.read(into, 4))
        os.close(into)
        _warm_up()
        shared = Path("/dev/shm")  # a kill does not lose what the kernel holds: the disk would only slow it down
        self.folder = Path(tempfile.mkdtemp(prefix="faults.", dir=shared if shared.is_dir() else None))
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.server, signal.SIGKILL)
        os.waitpid(self.server, 0)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", path, json.dumps(body).encode())
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def run(self, schedule: Schedule, make: Make | None = None) -> Result:
        """Play one schedule to its end and check it."""
        make = make or Make()
        home = self.folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        self.clock.reset()
        self._ask("/_reset", schedule.line())
        result = Result(schedule=schedule)
        self._play(home, schedule, make, result)
        crm = self._ask("/_flush")
        if not result.wrong:
            result.wrong, result.trace = check(home, schedule, crm, result.kills["refresh.answered"])
        result.faults.update(crm["faults"])
        result.approvals = sum("acked" in each for each in Notebook(home / "notebook").lines())
        told = Counter(line.split(" op-")[0].split(" later-")[0] for line in result.trace)
        result.written_over, result.for_the_rep = told["overwrote"], told["needs human"]
        return result

    def _play(self, home: Path, schedule: Schedule, make: Make, result: Result) -> None:
        if schedule.pause:
            self._two_windows(home, schedule, make, result)
        for kill in (*schedule.kills, None):
            code = self._wait(self._fork(home, schedule, make, kill=kill), result)
            if code == -signal.SIGKILL and kill:
                result.kills[(home / "killed").read_text()] += 1
                continue
            self._judge(code, result)
            if result.wrong:
                return

    def _two_windows(self, home: Path, schedule: Schedule, make: Make, result: Result) -> None:
        """The first stands still at a point while the second does what it may; then it goes on, or is killed."""
        assert schedule.pause is not None
        point, then = schedule.pause
        first = self._fork(home, schedule, make, stop=point)
        _, status = os.waitpid(first, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            self._judge(os.waitstatus_to_exitcode(status), result)
            return
        code = self._wait(self._fork(home, schedule, make), result)
        result.held += code == HELD
        if code != HELD:
            self._judge(code, result)
        os.kill(first, signal.SIGCONT if then == "on" else signal.SIGKILL)
        code = self._wait(first, result)
        if then == "killed":
            result.kills[point] += 1
        else:
            self._judge(code, result)

    def _fork(
        self, home: Path, schedule: Schedule, make: Make, *, kill: tuple[str, int] | None = None, stop: str = ""
    ) -> int:
        child = os.fork()
        if child:
            return child
        try:
            start(home, self.port, schedule, self.clock, make, kill=kill, stop=stop)
        except BaseException as error:
            Notebook(home / "crash").write(error=f"{type(error).__name__}: {error}")
            if "FAULTS_TRACE" in os.environ:
                import traceback

                traceback.print_exc()
        os._exit(1)

    def _wait(self, child: int, result: Result) -> int:
        result.starts += 1
        until = time.monotonic() + _LONGEST
        while time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        result.wrong.append("I1: a window hangs")
        return 0

    def _judge(self, code: int, result: Result) -> None:
        if code == STUCK:
            result.wrong.append("I1: the outbox never comes to rest")
        elif code:
            said = Notebook(self.folder / "home" / "crash").lines()
            result.wrong.append(f"a window crashed: {said[-1]['error'] if said else code}")

    def shrink(self, schedule: Schedule, make: Make | None = None, tries: int = 200) -> Schedule:
        """The smallest schedule that still goes wrong, by leaving out one thing after the other."""
        found = True
        while found and tries > 0:
            found = False
            for each in smaller(schedule):
                tries -= 1
                if self.run(each, make).wrong:
                    schedule, found = each, True
                    break
                if tries <= 0:
                    break
        return schedule
