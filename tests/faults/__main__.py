"""`python -m tests.faults N SEED`: run N schedules and print the figures.

--keep FILE keeps each schedule that has ended: the same call again goes on where the last one was interrupted.
--replay LINE runs one schedule again; --defect NAME seeds a defect that must be caught; --list names the defects.
"""

from __future__ import annotations

import argparse
import os
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.faults.defects import BEYOND_SCHEDULES, DEFECTS
from tests.faults.kept import Ended, Keep, ended, summed, trace_of
from tests.faults.runner import Runner, end_with_parent
from tests.faults.schedule import POINTS, READ_FAULTS, WRITE_FAULTS, draw, of_line
from tests.faults.window import Make


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when something went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=300, metavar="N")
    parser.add_argument("seed", type=int, nargs="?", default=1, metavar="SEED")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="how many at a time")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="where to keep what has ended, and to go on from")
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
    keep = Keep(None if chosen.defect else chosen.keep)
    try:
        before = keep.of(chosen.seed, chosen.number)
    except ValueError as error:
        parser.error(str(error))
    if before:
        _print(f"{len(before):,} schedules had ended before; going on")
    began = time.monotonic()
    known = {each.number for each in before}
    left = [each for each in range(chosen.number) if each not in known]
    share = partial(_share, chosen.seed, make=make, keep=keep, first_only=bool(chosen.defect), as_found=chosen.as_found)
    run = _at_once([partial(share, left[first :: chosen.jobs]) for first in range(chosen.jobs)])
    _print(figures([*before, *run], time.monotonic() - began, len(run)))
    return any(each.wrong for each in (*before, *run))


def _share(
    seed: int, numbers: Sequence[int], *, make: Make, keep: Keep, first_only: bool, as_found: bool
) -> list[Ended]:
    run = []
    with Runner() as runner:
        for number in numbers:
            result = runner.run(draw(seed, number), make)
            small = result.schedule if as_found or not result.wrong else runner.shrink(result.schedule, make)
            one = ended(seed, number, result, small.line() if result.wrong else "")
            keep.add(one)
            run.append(one)
            if one.wrong:
                _print(
                    f"seed {seed}, schedule {number}: {'; '.join(one.wrong)}\n"
                    f"  python -m tests.faults --replay '{one.replay}'"
                )
                if first_only:
                    break
    return run


def _at_once(shares: Sequence[Callable[[], list[Ended]]]) -> list[Ended]:
    """Each share in a process of its own, since each has a clock of its own."""
    if len(shares) == 1:
        return shares[0]()
    children = []
    for share in shares:
        into, out = os.pipe()
        if (child := os.fork()) == 0:
            end_with_parent()
            os.close(into)
            with os.fdopen(out, "wb") as pipe:
                pickle.dump(share(), pipe)
            os._exit(0)
        os.close(out)
        children.append((child, into))
    run: list[Ended] = []
    for child, into in children:
        with os.fdopen(into, "rb") as pipe:
            run += pickle.load(pipe)  # from our own child
        os.waitpid(child, 0)
    return run


def figures(run: Sequence[Ended], seconds: float, now: int) -> str:
    """The figures of a run, as text. `now` schedules took these seconds, the others an earlier sitting."""
    kills, faults = summed(run)
    fewest = min(POINTS, key=lambda each: kills[each])
    lines = [
        f"{len(run):,} schedules ({now:,} now, in {seconds:,.0f} s): {sum(each.approvals for each in run):,} approvals,"
        f" {sum(each.starts for each in run):,} process runs, {sum(kills.values()):,} kills,"
        f" {sum(faults.values()):,} faults",
        f"violations: {sum(bool(each.wrong) for each in run)}",
        f"edits written over and flagged: {sum(each.written_over for each in run):,};"
        f" left to the rep: {sum(each.for_the_rep for each in run):,};"
        f" windows that stood back: {sum(each.held for each in run):,}",
        f"trace: {trace_of(run)}",
        f"kills at {len(POINTS)} points, the fewest {kills[fewest]} ({fewest}):",
        *_columns([(point, kills[point]) for point in POINTS], 3),
        "faults:",
        *_columns([(fault, faults[fault]) for fault in dict.fromkeys((*WRITE_FAULTS, *READ_FAULTS))], 5),
    ]
    return "\n".join(lines)


def _columns(counts: Sequence[tuple[str, int]], wide: int) -> list[str]:
    width = max(len(name) for name, _ in counts)
    cells = [f"  {name:<{width}} {count:>5,}" for name, count in counts]
    return ["".join(cells[first : first + wide]) for first in range(0, len(cells), wide)]


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main())
