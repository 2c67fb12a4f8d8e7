"""`python -m tests.mutation [PART...]`; `python -m tests.mutation coverage`. Takes up where it was stopped."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from random import Random
from typing import IO

from tests.mutation.operators import Mutant, mutants
from tests.mutation.parts import HERE, PARTS, ROOT, TESTS, files, part_of

KEPT = ROOT / ".mutants"
FLOOR = 90.0
_BUDGETS = (4.0, 40.0)
"""Seconds of tests that are asked about one mutant, the nearest to the file first; the second for what survives."""
_LEFT = (".git", ".venv", ".mutants", ".mypy_cache", ".ruff_cache", ".hypothesis", "assets/screens")


def cover(*, contexts: bool) -> int:
    """Run the tests with every branch counted. Ends with 1 when one of the files is below 100 %."""
    data = KEPT / ("contexts.data" if contexts else "coverage.data")
    env = {**os.environ, "COVERAGE_FILE": str(data), "GANGLY_MUTANTS": str(KEPT)}
    tool = [sys.executable, "-m", "coverage"]
    config = f"--rcfile={HERE / 'coverage.ini'}"
    plugin = ["-p", "tests.mutation.contexts"] if contexts else []
    run = [*tool, "run", config, "-m", "pytest", "-q", *plugin, *TESTS]
    ran = subprocess.run(run, cwd=ROOT, env=env, check=False, stdout=sys.stderr)
    if contexts:
        return 0
    told = subprocess.run([*tool, "report", config, "--fail-under=100"], cwd=ROOT, env=env, check=False)
    return int(bool(ran.returncode or told.returncode))


class Map:
    """Which tests run a line, the nearest first: short ones that run little else."""

    def __init__(self) -> None:
        import coverage

        data = coverage.CoverageData(str(KEPT / "contexts.data"))
        data.read()
        told = json.loads((KEPT / "tests.json").read_text(encoding="utf-8"))
        self._took: dict[str, float] = told["took"]
        failed = set(told["failed"])
        self._by_line: dict[str, dict[int, set[str]]] = {}
        size: dict[str, int] = defaultdict(int)
        here: dict[tuple[str, str], int] = defaultdict(int)
        for full in data.measured_files():
            file = str(Path(full).relative_to(ROOT))
            lines = {line: set(tests) - failed - {""} for line, tests in data.contexts_by_lineno(full).items()}
            self._by_line[file] = lines
            for tests in lines.values():
                for each in tests:
                    size[each] += 1
                    here[file, each] += 1
        self._share = {(file, each): count / size[each] for (file, each), count in here.items()}

    def of(self, file: str, lines: range, budget: float = _BUDGETS[0]) -> list[str]:
        """Tests that run one of the lines; where only an import does (a constant), all that run the file."""
        by_line = self._by_line.get(file, {})
        found = set().union(*(by_line.get(line, set()) for line in lines))
        found = found or set().union(*by_line.values())
        near = sorted(found, key=lambda each: (self._took.get(each, 1.0) + 0.05) / self._share[file, each])
        chosen, spent = [], 0.0
        for each in near:
            spent += self._took.get(each, 1.0)
            if chosen and spent > budget:
                break
            chosen.append(each)
        return chosen

    def patience(self, tests: list[str]) -> float:
        """Seconds after which a mutant hangs."""
        return 20.0 + 5 * sum(self._took.get(each, 1.0) for each in tests)


class Results:
    """What is known of each mutant of each file as it stands; kept after every verdict."""

    def __init__(self) -> None:
        self._file = KEPT / "results.json"
        self._kept: dict[str, dict[str, str]] = (
            json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}
        )

    @staticmethod
    def _key(file: str) -> str:
        return f"{file}@{hashlib.sha256((ROOT / file).read_bytes()).hexdigest()[:16]}"

    def of(self, file: str) -> dict[str, str]:
        return self._kept.get(self._key(file), {})

    def keep(self, file: str, mutant: str, verdict: str) -> None:
        self._kept.setdefault(self._key(file), {})[mutant] = verdict
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._kept, indent=0, ensure_ascii=False), encoding="utf-8")
        fresh.replace(self._file)


def _workers(count: int) -> Iterator[subprocess.Popen[str]]:
    for number in range(count):
        copy = KEPT / f"tree{number}" / "main"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*_LEFT), symlinks=True)
        shared = copy.parent / "shared"
        if (ROOT.parent / "shared").exists() and not shared.exists():
            shared.symlink_to(ROOT.parent / "shared")
        command = [sys.executable, "-m", "tests.mutation.worker", str(copy)]
        yield subprocess.Popen(command, cwd=copy, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def run(chosen: list[str], jobs: int, *, again: bool) -> Results:
    """Every mutant that has no verdict yet; with `again` those that survived as well."""
    results, lines = Results(), Map()
    work: list[tuple[str, Mutant]] = []
    for file in chosen:
        known = results.of(file)
        for each in mutants((ROOT / file).read_text(encoding="utf-8")):
            if each.name not in known or (again and known[each.name] == "survived"):
                work.append((file, each))
    Random(1).shuffle(work)  # a run that is stopped has tried a fair share of each file
    sys.stderr.write(f"{len(work)} mutants to try\n")
    free: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
    running = list(_workers(jobs)) if work else []
    for each in running:
        free.put(each)

    def one(job: tuple[str, Mutant]) -> tuple[str, Mutant, str]:
        file, mutant = job
        tests = lines.of(file, mutant.lines)
        if not tests:
            return file, mutant, "no tests"
        worker = free.get()
        try:
            said = "survived"
            more = [each for each in lines.of(file, mutant.lines, _BUDGETS[1]) if each not in tests]
            for asked in filter(None, (tests, more)):
                if said == "survived":
                    put = {"file": file, "source": mutant.source, "tests": asked, "patience": lines.patience(asked)}
                    said = _ask(worker, put)
            return file, mutant, said
        finally:
            free.put(worker)

    if work and "survived" not in _verdict_on_the_real(work[0][0], running[0], lines):
        raise SystemExit(f"the tests fail on {work[0][0]} as it is: see {KEPT}/tree0/main/.mutant.log")
    with ThreadPoolExecutor(jobs) as pool:
        for number, done in enumerate(as_completed([pool.submit(one, each) for each in work]), start=1):
            file, mutant, verdict = done.result()
            if verdict in ("", "broken"):
                raise SystemExit("a worker is gone, or pytest does not start in it")
            results.keep(file, mutant.name, verdict)
            if verdict in ("survived", "no tests"):
                sys.stderr.write(f"{verdict}  {file}:{mutant.lines.start}  {mutant.name}\n")
            if number % 100 == 0:
                sys.stderr.write(f"  {number} of {len(work)}\n")
    for each in running:
        _pipe(each.stdin).close()
        each.wait()
    return results


def _verdict_on_the_real(file: str, worker: subprocess.Popen[str], lines: Map) -> str:
    """The file without a defect: what is said of the others means nothing unless this one survives."""
    tests = lines.of(file, range(0))
    asked = {"file": file, "source": (ROOT / file).read_text(encoding="utf-8"), "tests": tests}
    return _ask(worker, {**asked, "patience": lines.patience(tests)})


def _ask(worker: subprocess.Popen[str], asked: dict[str, object]) -> str:
    _pipe(worker.stdin).write(json.dumps(asked) + "\n")
    _pipe(worker.stdin).flush()
    return _pipe(worker.stdout).readline().strip()


def report(chosen: list[str], results: Results) -> int:
    """A line for each file and part; 1 when a part is below the floor."""
    same = tomllib.loads((HERE / "equivalent.toml").read_text(encoding="utf-8"))
    sums: dict[str, list[int]] = {name: [0, 0, 0] for name in PARTS}
    for file in chosen:
        excused = {each["mutant"] for each in same.get(file.removeprefix("gangly_tui/"), [])}
        names = {each.name for each in mutants((ROOT / file).read_text(encoding="utf-8"))}
        known = {name: verdict for name, verdict in results.of(file).items() if name in names}
        stale = excused - names
        for each in sorted(stale):
            sys.stdout.write(f"no such mutant of {file} any more: {each}\n")
        killed = sum(verdict in ("killed", "timeout") for verdict in known.values())
        equal = sum(known[each] in ("survived", "no tests") for each in excused & set(known))
        counted = len(known) - equal
        for at, number in enumerate((killed, counted, equal)):
            sums[part_of(file)][at] += number
        sys.stdout.write(f"{file:<42} {_score(killed, counted, equal)}\n")
    for name, (killed, counted, equal) in sums.items():
        if counted:
            sys.stdout.write(f"{name:<42} {_score(killed, counted, equal)}\n")
    return int(any(100 * killed / counted < FLOOR for killed, counted, _ in sums.values() if counted))


def _score(killed: int, counted: int, equal: int) -> str:
    share = 100 * killed / counted if counted else 100.0
    return f"{share:5.1f} %  {killed} of {counted} killed" + (f", {equal} equivalent" if equal else "")


def main(arguments: list[str]) -> int:
    KEPT.mkdir(exist_ok=True)
    (KEPT / ".gitignore").write_text("*\n", encoding="utf-8")
    if arguments[:1] == ["coverage"]:
        return cover(contexts=False)
    jobs = next((int(each.partition("=")[2]) for each in arguments if each.startswith("--jobs=")), 2)
    chosen = files([each for each in arguments if not each.startswith("--")])
    if "--report" in arguments:
        return report(chosen, Results())
    if "--map" in arguments or not (KEPT / "tests.json").exists():
        cover(contexts=True)
    return report(chosen, run(chosen, jobs, again="--again" in arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
