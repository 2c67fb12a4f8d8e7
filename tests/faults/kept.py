"""A long run in several sittings: each schedule that has ended is a line in a file, and is not played again."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from tests.faults.runner import Result
from tests.faults.schedule import draw


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What is known of a schedule that has ended: all that the figures are made of."""

    seed: int
    number: int
    line: str
    wrong: list[str]
    replay: str
    told: str
    """a digest of its trace; empty where a deadline in real time may fall otherwise"""
    approvals: int
    starts: int
    written_over: int
    for_the_rep: int
    held: int
    kills: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)


def ended(seed: int, number: int, result: Result, replay: str) -> Ended:
    """`replay` is the smallest schedule that goes wrong, when this one did."""
    line = result.schedule.line()
    told = "\n".join([line, *result.trace])
    return Ended(
        seed=seed,
        number=number,
        line=line,
        wrong=result.wrong,
        replay=replay,
        told="" if result.schedule.is_slow else sha256(told.encode()).hexdigest(),
        approvals=result.approvals,
        starts=result.starts,
        written_over=result.written_over,
        for_the_rep=result.for_the_rep,
        held=result.held,
        kills=dict(result.kills),
        faults=dict(result.faults),
    )


class Keep:
    """The file. Several processes add to it at once: a line is one write."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def add(self, one: Ended) -> None:
        """Keep one, if there is a file."""
        if self._path is None:
            return
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, json.dumps(asdict(one), separators=(",", ":")).encode() + b"\n")
        finally:
            os.close(handle)

    def of(self, seed: int, number: int) -> list[Ended]:
        """What earlier sittings came to, of this run. Raises ValueError when the file is of other schedules."""
        if self._path is None or not self._path.exists():
            return []
        text = self._path.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        if whole != text:  # the last sitting was killed in the middle of a line
            os.truncate(self._path, len(whole))
        every = [Ended(**json.loads(each)) for each in whole.splitlines()]
        found = {each.number: each for each in every if each.seed == seed and each.number < number}
        for each in found.values():
            if each.line != draw(seed, each.number).line():
                raise ValueError(f"{self._path} is of other schedules: choose another file")
        return list(found.values())


def trace_of(run: Sequence[Ended]) -> str:
    """A digest of all that happened, for I9: a seed repeats it."""
    return sha256("".join(sorted(each.told for each in run)).encode()).hexdigest()


def summed(run: Sequence[Ended]) -> tuple[Counter[str], Counter[str]]:
    """The kills at each point, and the faults of each kind."""
    kills: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for each in run:
        kills.update(each.kills)
        faults.update(each.faults)
    return kills, faults
