"""`python -m tests.hostile N SEED`: N hostile strings through every screen, a tenth of them by a real pty.

`python -m tests.hostile files N SEED`: N broken files through every importer. Prints the figures; ends with 1 when
anything was raw, hidden, acting, uncaught or too slow.
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
from tests.hostile.wire import painted, raw_on_the_wire

BATCH = 100
_BATCHES_AN_APP = 5


async def _walk(count: int, seed: int) -> Findings:
    texts = list(strings(count, seed))
    with TemporaryDirectory() as folder:
        async with walking(Path(folder)) as walker:
            for at in range(0, count, BATCH):
                await walker.batch(texts[at : at + BATCH])
            return walker.found


def _one_app(count: int, seed: int) -> Findings:
    return asyncio.run(_walk(count, seed))


def _one_wire(count: int, seed: int) -> tuple[int, list[str]]:
    with TemporaryDirectory() as folder:
        seen = painted(Path(folder), count, seed)
    return len(seen), raw_on_the_wire(seen)


def screens(count: int, seed: int, workers: int = 2) -> int:
    """All screens; returns the number of findings."""
    began = perf_counter()
    share = BATCH * _BATCHES_AN_APP
    sizes = [min(share, count - at) for at in range(0, count, share)]
    found: list[str] = []
    frames = walked = crashes = octets = 0
    with ProcessPoolExecutor(workers) as pool:
        apps = [pool.submit(_one_app, size, seed + at) for at, size in enumerate(sizes)]
        wires = [pool.submit(_one_wire, BATCH, seed + 7_000 + at) for at in range(max(count // (10 * BATCH), 1))]
        for app in apps:
            if (error := app.exception()) is not None:
                crashes += 1
                found.append(f"crash: {error!r}"[:300])
                continue
            share_of = app.result()
            frames, walked = frames + share_of.frames, walked + share_of.strings
            found += [f"{kind}: {each}" for kind in ("raw", "hidden", "acting") for each in getattr(share_of, kind)]
            sys.stderr.write(f"  {walked:>7,} strings, {frames:,} frames, {len(found)} findings\n")
        for wire in wires:
            size, raw = wire.result()
            octets += size
            found += [f"raw on the pty: {each}" for each in raw]
    kinds = Counter(each.partition(":")[0] for each in found)
    told = [
        f"screens     {walked:,} strings (seed {seed}), {frames:,} frames, {perf_counter() - began:.0f} s",
        f"pty         {len(wires) * BATCH:,} strings, {octets:,} bytes read",
        f"found       raw {kinds['raw'] + kinds['raw on the pty']}, hidden {kinds['hidden']}, "
        f"acting {kinds['acting']}, crashes {crashes}",
    ]
    sys.stdout.write("\n".join([*told, *(ascii(each)[:220] for each in found[:20])]) + "\n")
    return len(found)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["files"]:
        from tests.hostile.files import files

        sys.exit(bool(files(int(arguments[1]), int(arguments[2]))))
    sys.exit(bool(screens(int(arguments[0]), int(arguments[1]))))
