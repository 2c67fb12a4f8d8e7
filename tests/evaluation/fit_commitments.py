"""Fits the commitment models anew: `python -m tests.evaluation.fit_commitments`, about five minutes, standard library only.

Speech is fitted on the training meetings of ICSI-MRDA, with the validation meetings left out to judge the result;
notes on public minutes. Equal data give equal weights, to the byte.
"""

from __future__ import annotations

import gzip
import json
import math
import pathlib
import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from gangly_tui.intelligence.offline import commitment_features as words

GOLD = pathlib.Path(__file__).resolve().parents[3] / "shared" / "gold" / "commitments"
TARGET = pathlib.Path(words.__file__).with_name("commitment_weights.json")
Example = tuple[tuple[int, ...], bool]


def read(path: pathlib.Path) -> list[dict[str, object]]:
    """The rows of a JSON-lines file, zipped or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def examples(rows: Iterable[dict[str, object]], group: str, speaker: str | None, label: str) -> dict[str, list[tuple[set[str], bool]]]:
    """Features and answer of every line, by meeting."""
    meetings: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        meetings.setdefault(str(row[group]), []).append(row)
    found = {}
    for name, lines in meetings.items():
        texts = [str(line["text"]) for line in lines]
        speakers = [str(line[speaker]) if speaker else None for line in lines]
        found[name] = [(each, bool(line[label])) for each, line in zip(words.all_features(texts, speakers), lines, strict=True)]
    return found


def vocabulary(data: Sequence[tuple[set[str], bool]], *, often: int, with_answer: int, common: int) -> dict[str, int]:
    """Features seen often enough to learn from: `often` at all, and beside a commitment or very commonly."""
    seen: Counter[str] = Counter()
    beside: Counter[str] = Counter()
    for found, answer in data:
        seen.update(found)
        if answer:
            beside.update(found)
    kept = (name for name, count in seen.items() if count >= often and (beside[name] >= with_answer or count >= common))
    return {name: index for index, name in enumerate(sorted(kept))}


def fit(data: Sequence[Example], size: int, *, weigh: float, ridge: float, rounds: int, seed: int = 7) -> list[float]:
    """Logistic regression by AdaGrad; `weigh` counts a commitment that many times, `ridge` shrinks every weight.

    The result is the mean over the second half of the rounds, which settles faster than the last round alone.
    """
    order = list(range(len(data)))
    shuffle = random.Random(seed)
    weights = [0.0] * size
    slope = [1e-3] * size
    mean = [0.0] * size
    counted = 0
    for turn in range(rounds):
        shuffle.shuffle(order)
        for index in order:
            found, answer = data[index]
            total = sum([weights[each] for each in found])
            chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
            error = (chance - 1) * weigh if answer else chance
            if -1e-4 < error < 1e-4:
                continue
            for each in found:
                step = error + ridge * weights[each]
                slope[each] += step * step
                weights[each] -= 0.1 * step / math.sqrt(slope[each])
        if turn >= rounds // 2:
            counted += 1
            mean = [old + new for old, new in zip(mean, weights, strict=True)]
    return [value / counted for value in mean]


def totals(data: Sequence[Example], weights: Sequence[float]) -> list[float]:
    """The model's sum for every line."""
    return [sum([weights[each] for each in found]) for found, _ in data]


def best_threshold(scored: Iterable[tuple[float, bool]]) -> tuple[float, float]:
    """The threshold with the highest F1, smoothed over its neighbours, and that F1."""
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


def numbered(data: Iterable[tuple[set[str], bool]], known: dict[str, int]) -> list[Example]:
    """Feature names as numbers, unknown ones left out."""
    return [(tuple(sorted(known[name] for name in found if name in known)), answer) for found, answer in data]


def crossed(meetings: dict[str, list[tuple[set[str], bool]]], folds: int, settings: dict[str, float], kept: dict[str, int]) -> list[tuple[float, bool]]:
    """Scores of every line by a model that has not seen its meeting."""
    names = sorted(meetings)
    scored: list[tuple[float, bool]] = []
    for fold in range(folds):
        inside = [pair for index, name in enumerate(names) if index % folds != fold for pair in meetings[name]]
        outside = [pair for index, name in enumerate(names) if index % folds == fold for pair in meetings[name]]
        known = vocabulary(inside, **kept)
        weights = fit(numbered(inside, known), len(known), weigh=settings["weigh"], ridge=settings["ridge"], rounds=int(settings["rounds"]))
        told = numbered(outside, known)
        scored.extend(zip(totals(told, weights), (answer for _, answer in told), strict=True))
    return scored


def model(meetings: dict[str, list[tuple[set[str], bool]]], folds: int, settings: dict[str, float], kept: dict[str, int]) -> dict[str, object]:
    """Weights in thousandths and the threshold that unseen meetings ask for."""
    scored = crossed(meetings, folds, settings, kept)
    threshold, value = best_threshold(scored)
    print(f"  unseen meetings: AP {average_precision(scored):.3f}, F1 {value:.3f} at {threshold:.2f}", file=sys.stderr)
    every = [pair for pairs in meetings.values() for pair in pairs]
    known = vocabulary(every, **kept)
    weights = fit(numbered(every, known), len(known), weigh=settings["weigh"], ridge=settings["ridge"], rounds=int(settings["rounds"]))
    shipped = {name: round(1000 * weights[index]) for name, index in known.items() if abs(weights[index]) >= settings["least"]}
    return {"threshold": round(threshold, 3), "weights": shipped}


SPEECH = {"weigh": 4.0, "ridge": 2e-4, "rounds": 8, "least": 0.03}
NOTES = {"weigh": 4.0, "ridge": 2e-3, "rounds": 20, "least": 0.03}


def main() -> None:
    """Writes the weights file."""
    speech = [row for row in read(GOLD / "icsi_mrda.jsonl.gz") if row["split"] == "train"]
    print("speech", file=sys.stderr)
    spoken = model(examples(speech, "m", "spk", "cc"), 3, SPEECH, {"often": 3, "with_answer": 1, "common": 40})
    print("notes", file=sys.stderr)
    written = model(examples(read(GOLD / "oss_minutes.jsonl"), "file", None, "action"), 5, NOTES, {"often": 2, "with_answer": 1, "common": 10})
    body = {"models": {"notes": written, "speech": spoken}}
    TARGET.write_text(json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{TARGET.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
