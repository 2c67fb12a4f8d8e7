"""`python -m tests.hostile N SEED`: N hostile strings through every screen, and all of them by a real pty as well.

`python -m tests.hostile pty N SEED`: by the pty alone; `python -m tests.hostile files N SEED`: N broken files through
every importer. Prints the figures; ends with 1 when anything was raw, hidden, acting, uncaught or too slow.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.hostile.strings import strings
from tests.hostile.walk import Findings, walking
from tests.hostile.wire import share as by_wire

BATCH = 100
_BATCHES_AN_APP = 5
_WIRE = 1_000
"""Strings for one app on a pty."""


async def _walk(count: int, seed: int) -> Findings:
    texts = list(strings(count, seed))
    with TemporaryDirectory() as folder:
        async with walking(Path(folder)) as walker:
            for at in range(0, count, BATCH):
                await walker.batch(texts[at : at + BATCH])
            return walker.found


def _one_app(count: int, seed: int) -> Findings:
    return asyncio.run(_walk(count, seed))


def _one_wire(count: int, seed: int) -> tuple[int, int, int, list[str]]:
    with TemporaryDirectory() as folder:
        return by_wire(Path(folder), list(strings(count, seed)))


def screens(count: int, seed: int, workers: int = 2) -> int:
    """All screens in this process; returns the number of findings."""
    began = perf_counter()
    share = BATCH * _BATCHES_AN_APP
    sizes = [min(share, count - at) for at in range(0, count, share)]
    found: list[str] = []
    frames = walked = 0
    with ProcessPoolExecutor(workers) as pool:
        for app in [pool.submit(_one_app, size, seed + at) for at, size in enumerate(sizes)]:
            if (error := app.exception()) is not None:
                found.append(f"crash: {error!r}")
                continue
            share_of = app.result()
            frames, walked = frames + share_of.frames, walked + share_of.strings
            found += [f"{kind}: {each}" for kind in ("raw", "hidden", "acting") for each in getattr(share_of, kind)]
            sys.stderr.write(f"  {walked:>7,} strings, {frames:,} frames, {len(found)} findings\n")
    kinds = Counter(each.partition(":")[0] for each in found)
    told = [
        f"screens     {walked:,} strings (seed {seed}), {frames:,} frames, {perf_counter() - began:.0f} s",
        f"found       {', '.join(f'{kind} {kinds[kind]}' for kind in ('raw', 'hidden', 'acting', 'crash'))}",
    ]
    sys.stdout.write("\n".join([*told, *(ascii(each)[:600] for each in found[:20])]) + "\n")
    return len(found)


def wires(count: int, seed: int, workers: int = 2) -> int:
    """All screens on a real pty, until every string was painted; returns the number of findings."""
    began = perf_counter()
    found: list[str] = []
    painted = walks = octets = 0
    with ProcessPoolExecutor(workers) as pool:
        sizes = [min(_WIRE, count - at) for at in range(0, count, _WIRE)]
        for wire in [pool.submit(_one_wire, size, seed + 7_000 + at) for at, size in enumerate(sizes)]:
            if (error := wire.exception()) is not None:
                found.append(f"crash: {error!r}")
                continue
            shown, size, took, raw = wire.result()
            painted, octets, walks = painted + shown, octets + size, walks + took
            found += raw
            sys.stderr.write(f"  {painted:>7,} strings on the pty, {walks} walks, {len(found)} findings\n")
    crashes = sum(each.startswith("crash") for each in found)
    told = [
        f"pty         {painted:,} of {count:,} strings painted (seed {seed}), {walks} walks, {octets:,} bytes, "
        f"{perf_counter() - began:.0f} s",
        f"found       raw {len(found) - crashes}, crashes {crashes}, never painted {count - painted}",
    ]
    sys.stdout.write("\n".join([*told, *(ascii(each)[:600] for each in found[:20])]) + "\n")
    return len(found) + count - painted


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["files", count, seed]:
            from tests.hostile.files import files

            sys.exit(bool(files(int(count), int(seed))))
        case ["pty", count, seed]:
            sys.exit(bool(wires(int(count), int(seed))))
        case [count, seed]:
            sys.exit(bool(screens(int(count), int(seed)) + wires(int(count), int(seed))))
