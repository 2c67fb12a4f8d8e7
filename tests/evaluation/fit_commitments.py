"""Fits the commitment models anew: `python -m tests.evaluation.fit_commitments`, some minutes, standard library only.

Speech is fitted on the training and validation meetings of ICSI-MRDA, notes on public minutes. What is printed and
kept in the weights file as "unseen" comes from models that had not seen the meeting they scored. Equal data give
equal weights.
"""

from __future__ import annotations

import gzip
import json
import math
import pathlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gangly_tui.intelligence.offline import commitment_features as words

GOLD = pathlib.Path(__file__).resolve().parents[3] / "shared" / "gold" / "commitments"
TARGET = pathlib.Path(words.__file__).with_name("commitment_weights.json")
Line = tuple[frozenset[str], bool]
Numbered = tuple[tuple[int, ...], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one model is fitted. `strength` is the weight of the data against the pull to zero; `weigh` counts a
    commitment that many times; a feature must be seen `often`, and beside a commitment or `common`ly."""

    strength: float
    weigh: float
    often: int
    common: int
    folds: int
    least: float = 0.02


SPEECH = Settings(strength=0.03, weigh=2.0, often=3, common=40, folds=3)
NOTES = Settings(strength=0.05, weigh=2.0, often=2, common=10, folds=5)


def read(path: pathlib.Path) -> list[dict[str, object]]:
    """The rows of a JSON-lines file, zipped or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def by_meeting(rows: Iterable[dict[str, object]], group: str, speaker: str, label: str) -> dict[str, list[Line]]:
    """Features and answer of every line, by meeting. An empty `speaker` reads the lines as notes."""
    meetings: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        meetings.setdefault(str(row[group]), []).append(row)
    found = {}
    for name, lines in meetings.items():
        speakers = [str(line[speaker]) if speaker else None for line in lines]
        features = words.all_features([str(line["text"]) for line in lines], speakers)
        found[name] = [(frozenset(each), bool(line[label])) for each, line in zip(features, lines, strict=True)]
    return found


def vocabulary(data: Sequence[Line], settings: Settings) -> dict[str, int]:
    """The features worth a weight, numbered."""
    seen: Counter[str] = Counter()
    beside: Counter[str] = Counter()
    for found, answer in data:
        seen.update(found)
        if answer:
            beside.update(found)
    kept = (
        name for name, count in seen.items() if count >= settings.often and (beside[name] or count >= settings.common)
    )
    return {name: index for index, name in enumerate(sorted(kept))}


def numbered(data: Iterable[Line], known: dict[str, int]) -> list[Numbered]:
    """Feature names as numbers, unknown ones left out."""
    return [(tuple(sorted(known[name] for name in found if name in known)), answer) for found, answer in data]


def loss_of(data: Sequence[Numbered], settings: Settings) -> Callable[[list[float]], tuple[float, list[float]]]:
    """The penalised logistic loss and its slope, as a function of the weights."""

    def loss(weights: list[float]) -> tuple[float, list[float]]:
        value = 0.5 * sum([weight * weight for weight in weights])
        slope = list(weights)
        take = weights.__getitem__
        for found, answer in data:
            total = max(-30.0, min(30.0, sum(map(take, found))))
            if answer:
                value += settings.strength * settings.weigh * math.log1p(math.exp(-total))
                error = -settings.strength * settings.weigh / (1 + math.exp(total))
            else:
                value += settings.strength * math.log1p(math.exp(total))
                error = settings.strength / (1 + math.exp(-total))
            for each in found:
                slope[each] += error
        return value, slope

    return loss


def dot(left: Sequence[float], right: Sequence[float]) -> float:
    """Sum of products."""
    return sum([one * other for one, other in zip(left, right, strict=True)])


def minimise(loss: Callable[[list[float]], tuple[float, list[float]]], size: int, rounds: int = 60) -> list[float]:
    """Limited-memory BFGS with a halving line search (Nocedal & Wright, Numerical Optimization, algorithm 7.5)."""
    weights = [0.0] * size
    value, slope = loss(weights)
    memory: list[tuple[list[float], list[float], float]] = []
    for _ in range(rounds):
        direction = [-each for each in slope]
        pulls = []
        for moved, turned, scale in reversed(memory):
            pull = dot(moved, direction) / scale
            pulls.append(pull)
            direction = [one - pull * other for one, other in zip(direction, turned, strict=True)]
        if memory:
            moved, turned, scale = memory[-1]
            ratio = scale / dot(turned, turned)
            direction = [each * ratio for each in direction]
        for (moved, turned, scale), pull in zip(memory, reversed(pulls), strict=True):
            push = pull - dot(turned, direction) / scale
            direction = [one + push * other for one, other in zip(direction, moved, strict=True)]
        downhill = dot(direction, slope)
        step = 1.0 if memory else 1.0 / max(1.0, math.sqrt(dot(slope, slope)))
        while True:
            trial = [one + step * other for one, other in zip(weights, direction, strict=True)]
            tried, turned_slope = loss(trial)
            if tried <= value + 1e-4 * step * downhill or step < 1e-8:
                break
            step /= 2
        change = [step * each for each in direction]
        turned = [new - old for new, old in zip(turned_slope, slope, strict=True)]
        scale = dot(change, turned)
        if scale > 1e-12:
            memory = [*memory, (change, turned, scale)][-8:]
        settled = value - tried < 1e-5 * max(1.0, abs(tried))
        weights, value, slope = trial, tried, turned_slope
        if settled:
            break
    return weights


def fit(data: Sequence[Line], settings: Settings) -> tuple[dict[str, int], list[float]]:
    """The vocabulary and its weights."""
    known = vocabulary(data, settings)
    return known, minimise(loss_of(numbered(data, known), settings), len(known))


def scores(data: Sequence[Line], known: dict[str, int], weights: Sequence[float]) -> list[tuple[float, bool]]:
    """The model's sum for every line, with its answer."""
    return [(sum([weights[each] for each in found]), answer) for found, answer in numbered(data, known)]


def best_threshold(scored: Iterable[tuple[float, bool]]) -> tuple[float, float]:
    """The threshold with the highest F1, and that F1."""
    ranked = sorted(scored, key=lambda pair: -pair[0])
    positives = sum(answer for _, answer in ranked)
    hits = 0
    best = (0.0, 0.0)
    for index, (score, answer) in enumerate(ranked, start=1):
        hits += answer
        value = 2 * hits / (index + positives)
        if value > best[1]:
            best = (score, value)
    return best


def average_precision(scored: Iterable[tuple[float, bool]]) -> float:
    """Mean precision at each commitment, best score first."""
    ranked = sorted(scored, key=lambda pair: -pair[0])
    hits = 0
    total = 0.0
    for index, (_, answer) in enumerate(ranked, start=1):
        if answer:
            hits += 1
            total += hits / index
    return total / max(hits, 1)


def recall_at(scored: Sequence[Sequence[tuple[float, bool]]], top: int = 20) -> float:
    """Share of the commitments among each meeting's `top` lines."""
    found = sum(answer for meeting in scored for _, answer in sorted(meeting, key=lambda pair: -pair[0])[:top])
    return found / max(1, sum(answer for meeting in scored for _, answer in meeting))


def model(meetings: dict[str, list[Line]], settings: Settings) -> dict[str, object]:
    """Weights in thousandths, the threshold that unseen meetings ask for, and how well those were read."""
    names = sorted(meetings)
    unseen: list[list[tuple[float, bool]]] = []
    for fold in range(settings.folds):
        inside = [line for at, name in enumerate(names) if at % settings.folds != fold for line in meetings[name]]
        known, weights = fit(inside, settings)
        outside = [name for at, name in enumerate(names) if at % settings.folds == fold]
        unseen.extend(scores(meetings[name], known, weights) for name in outside)
    every = [pair for meeting in unseen for pair in meeting]
    threshold, value = best_threshold(every)
    figures = {"ap": average_precision(every), "f1": value, "recall_at_20_per_meeting": recall_at(unseen)}
    known, weights = fit([line for lines in meetings.values() for line in lines], settings)
    shipped = {name: round(1000 * weights[at]) for name, at in known.items() if abs(weights[at]) >= settings.least}
    return {
        "threshold": round(threshold, 3),
        "unseen": {name: round(figure, 3) for name, figure in figures.items()},
        "weights": shipped,
    }


def main() -> None:
    """Writes the weights file."""
    written = model(by_meeting(read(GOLD / "oss_minutes.jsonl"), "file", "", "action"), NOTES)
    sys.stdout.write(f"notes, unseen minutes: {written['unseen']}\n")
    spoken = model(by_meeting(read(GOLD / "icsi_mrda.jsonl.gz"), "m", "spk", "cc"), SPEECH)
    sys.stdout.write(f"speech, unseen meetings: {spoken['unseen']}\n")
    body = {"models": {"notes": written, "speech": spoken}}
    packed = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    TARGET.write_text(packed + "\n", encoding="utf-8")
    sys.stdout.write(f"{TARGET.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
