"""`python -m tests.faults N SEED`: run N schedules and print the figures.

--replay LINE runs one schedule again; --defect NAME seeds a defect that must be caught; --list names the defects.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import pickle
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from tests.faults.defects import BEYOND_SCHEDULES, DEFECTS
from tests.faults.runner import Result, Runner
from tests.faults.schedule import POINTS, READ_FAULTS, WRITE_FAULTS, draw, of_line
from tests.faults.window import Make


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when something went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=300, metavar="N")
    parser.add_argument("seed", type=int, nargs="?", default=1, metavar="SEED")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="how many at a time")
    parser.add_argument("--replay", metavar="LINE")
    parser.add_argument("--defect", choices=sorted(DEFECTS | BEYOND_SCHEDULES))
    parser.add_argument("--as-found", action="store_true", help="do not look for a smaller schedule")
    parser.add_argument("--list", action="store_true")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        _print("\n".join(f"{name}: {each.what}" for name, each in DEFECTS.items()))
        return 0
    make = (DEFECTS | BEYOND_SCHEDULES)[chosen.defect].make if chosen.defect else Make()
    if chosen.replay:
        with Runner() as runner:
            result = runner.run(of_line(chosen.replay), make)
        _print("\n".join([*result.trace, *(f"WRONG {each}" for each in result.wrong)]))
        return bool(result.wrong)
    began = time.monotonic()
    shares = [range(first, chosen.number, chosen.jobs) for first in range(chosen.jobs)]
    share = partial(_share, chosen.seed, make=make, first_only=bool(chosen.defect), as_found=chosen.as_found)
    results = _at_once([partial(share, each) for each in shares])
    _print(figures(results, time.monotonic() - began))
    return any(each.wrong for each in results)


def _share(seed: int, numbers: range, *, make: Make, first_only: bool, as_found: bool) -> list[Result]:
    results = []
    with Runner() as runner:
        for number in numbers:
            result = runner.run(draw(seed, number), make)
            results.append(result)
            if result.wrong:
                small = result.schedule if as_found else runner.shrink(result.schedule, make)
                _print(
                    f"seed {seed}, schedule {number}: {'; '.join(result.wrong)}\n"
                    f"  python -m tests.faults --replay '{small.line()}'"
                )
                if first_only:
                    break
    return results


def _at_once(shares: Sequence[Callable[[], list[Result]]]) -> list[Result]:
    """Each share in a process of its own, since each has a clock of its own."""
    if len(shares) == 1:
        return shares[0]()
    children = []
    for share in shares:
        into, out = os.pipe()
        if (child := os.fork()) == 0:
            os.close(into)
            with os.fdopen(out, "wb") as pipe:
                pickle.dump(share(), pipe)
            os._exit(0)
        os.close(out)
        children.append((child, into))
    results: list[Result] = []
    for child, into in children:
        with os.fdopen(into, "rb") as pipe:
            results += pickle.load(pipe)  # from our own child
        os.waitpid(child, 0)
    return results


def figures(results: Sequence[Result], seconds: float) -> str:
    """The figures of a run, as text."""
    kills: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for each in results:
        kills += each.kills
        faults += each.faults
    lines = [
        f"{len(results):,} schedules in {seconds:,.0f} s: {sum(each.approvals for each in results):,} approvals,"
        f" {sum(each.starts for each in results):,} process runs, {sum(kills.values()):,} kills,"
        f" {sum(faults.values()):,} faults",
        f"violations: {sum(bool(each.wrong) for each in results)}",
        f"edits written over and flagged: {sum(each.written_over for each in results):,};"
        f" left to the rep: {sum(each.for_the_rep for each in results):,};"
        f" windows that stood back: {sum(each.held for each in results):,}",
        f"trace: {trace_of(results)}",
        "kills: " + ", ".join(f"{point} {kills[point]}" for point in POINTS),
        "faults: " + ", ".join(f"{fault} {faults[fault]}" for fault in dict.fromkeys((*WRITE_FAULTS, *READ_FAULTS))),
    ]
    return "\n".join(lines)


def trace_of(results: Sequence[Result]) -> str:
    """A digest of all that happened, for I9: a seed repeats it. A deadline in real time may fall otherwise."""
    told = sorted("\n".join([each.schedule.line(), *each.trace]) for each in results if not each.schedule.is_slow)
    return hashlib.sha256("\n\n".join(told).encode()).hexdigest()


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main())
