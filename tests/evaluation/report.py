"""How well the offline engine reads, on public data and on the calls with a key.

    python -m tests.evaluation.report [--misses N] [--calls]

Runs `../shared/gold/score.py` in place for the public half, holds every call of `tests/intelligence/calls` against its
key, and re-derives every value of every draft from its quote without the engine's code. `--calls` prints what each call
got wrong.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from gangly_tui.intelligence import offline
from tests.evaluation.checker import failures
from tests.evaluation.data import ROOT
from tests.evaluation.fit_confidence import READINGS, reliability, said
from tests.intelligence.call_keys import FOLDER, NAMES, Marks, mark, read_call

TARGETS: dict[str, tuple[str, float]] = {
    "recognizers_day": ("recall", 0.90),
    "recognizers_range": ("recall", 0.80),
    "duckling_day": ("recall", 0.90),
    "duckling_time": ("recall", 0.85),
    "chrono": ("recall", 0.90),
    "sgd": ("recall", 0.998),
    "money_recognizers": ("f1", 0.92),
    "money_price_strings": ("f1", 0.99),
    "money_duckling": ("f1", 0.92),
    "commitments_speech_val": ("f1", 0.46),
    "commitments_notes": ("f1", 0.60),
}
"""The held-out target of each public set; the public figure must lie above it."""


def public_figures(misses: int = 0) -> list[dict[str, Any]]:
    """Every line `score.py` prints, as it prints them."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, str(ROOT / "score.py"), "--misses", str(misses)],
        cwd=root,
        env={"PYTHONPATH": str(root), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def unseen_commitments() -> dict[str, dict[str, float]]:
    """How the models of commitments did on meetings they had not seen. The public lines above are of meetings they
    were fitted on: the shipped weights use all of them."""
    shipped = json.loads((Path(offline.__file__).with_name("commitment_weights.json")).read_text("utf-8"))
    return {name: model["unseen"] for name, model in sorted(shipped["models"].items())}


def call_marks() -> dict[str, Marks]:
    """What each call with a key got right and wrong."""
    return {name: mark(*(read_call(name)[at] for at in (0, 2))) for name in NAMES}


def ungrounded() -> dict[str, list[str]]:
    """For each call, the values its quotes do not yield: must be empty."""
    found = {}
    for name in NAMES:
        key, text, draft = read_call(name)
        wrong = failures(draft, text, key.get("date", ""))
        if wrong:
            found[name] = wrong
    return found


_COST = """
import sys, time
if sys.argv[1:]:
    from gangly_tui.intelligence.offline.drafter import OfflineDrafter, read_context
    from tests.evaluation.report import hour_of_speech
    from tests.intelligence.conftest import REP
    text = hour_of_speech()
    context = read_context(text, REP)
    began = time.process_time()
    OfflineDrafter().draft(text, context)
    print(time.process_time() - began)
with open("/proc/self/status") as status:  # the process's own peak: ru_maxrss begins with the parent's
    print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024)
"""


def hour_of_speech() -> str:
    """About ten thousand words of a dense sales call: one call over and over."""
    head, mark_of_rep, talk = (FOLDER / "procurement.md").read_text("utf-8").partition("**Luis:**")
    return head + (mark_of_rep + talk + "\n") * (10_000 // len(talk.split()))


def cost() -> tuple[float, float]:
    """(seconds of processor time for an hour of speech, MB over the bare interpreter), in a process of its own."""
    root = Path(__file__).resolve().parents[2]
    lines = []
    for given in ([], ["read"]):
        done = subprocess.run(
            [sys.executable, "-c", _COST, *given], cwd=root, capture_output=True, text=True, check=True
        )
        lines.append([float(line) for line in done.stdout.split()])
    return lines[1][0], lines[1][1] - lines[0][0]


def _first_readings() -> list[tuple[float, bool]]:
    """(confidence, was it right) of every keyed value of the calls read before a rule was changed for them."""
    return [(each, right) for rows in json.loads(READINGS.read_text("utf-8")).values() for each, right in rows]


def _reliable(rows: list[tuple[float, bool]]) -> str:
    """`.8-.9 (36): said .86, was .94`, bin by bin."""
    return "   ".join(
        f"{name} ({count}): said {mean:.2f}, was {was:.2f}" for name, count, mean, was in reliability(rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misses", type=int, default=0, help="let score.py print the first N misses of each set")
    parser.add_argument("--calls", action="store_true", help="print what each call got wrong")
    options = parser.parse_args()
    say = sys.stdout.write
    if ROOT.exists():
        for row in public_figures(options.misses):
            name, (what, least) = row["set"], TARGETS.get(row["set"], ("", 0.0))
            shown = "  ".join(f"{key} {value}" for key, value in row.items() if key != "set")
            against = f"   target {what} {least}: {'met' if row[what] >= least else 'MISSED'}" if what else ""
            say(f"{name:28} {shown}{against}\n")
    else:
        say(f"no public data at {ROOT}\n")
    for name, figures in unseen_commitments().items():
        say(f"{f'commitments, {name}, unseen':28} {'  '.join(f'{key} {value}' for key, value in figures.items())}\n")
    began = time.perf_counter()
    marks = call_marks()
    spent = (time.perf_counter() - began) / len(marks)
    steps, found = sum(each.steps for each in marks.values()), sum(each.found for each in marks.values())
    false = sum(len(each.false) for each in marks.values())
    days, right = sum(each.days for each in marks.values()), sum(each.days_right for each in marks.values())
    wrong = sum(len(each.wrong) for each in marks.values())
    say(f"calls with a key             {len(marks)}  steps {found}/{steps}, {false} false  days {right}/{days}  ")
    say(f"wrong facts {wrong}  {1000 * spent:.0f} ms a call\n")
    seconds, memory = cost()
    say(
        f"an hour of speech            {seconds:.2f} s, {memory:.0f} MB over the bare interpreter   target 1 s, 60 MB\n"
    )
    say("confidence, first readings   " + _reliable(_first_readings()) + "\n")
    say("confidence, the calls today  " + _reliable([(each, right) for _, each, right in said("")]) + "\n")
    loose = ungrounded()
    say(f"values without evidence      {sum(map(len, loose.values()))}\n")
    for name, each in marks.items() if options.calls else ():
        for line in (*each.wrong, *(f"missed: {one}" for one in each.missed), *(f"false: {one}" for one in each.false)):
            say(f"    {name}: {line}\n")
    for name, lines in loose.items():
        say("".join(f"    {name}: {line}\n" for line in lines))


if __name__ == "__main__":
    main()
