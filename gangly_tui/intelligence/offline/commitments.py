"""How likely each line of talk or notes is somebody taking on an action.

A linear model over words and grammar, fitted on public meetings; its weights ship beside this file and are read on
first use. A second, smaller model reads notes (no speakers). See commitment_weights.LICENSE.txt for what it was
fitted on and tests/evaluation/fit_commitments.py for how.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from gangly_tui.intelligence.offline import commitment_features as words

_WEIGHTS = "commitment_weights.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A linear model: the sum of the weights of what holds for a line, against a threshold, squeezed into 0 to 1."""

    weights: Mapping[str, int]
    """in thousandths"""
    threshold: float

    def score(self, found: set[str]) -> float:
        """0 to 1; 0.5 at the threshold. Rounded, so that the order in which a set is summed cannot show."""
        total = sum(self.weights.get(name, 0) for name in found) / 1000 - self.threshold
        return round(1 / (1 + math.exp(-max(-30.0, min(30.0, total)))), 6)


@lru_cache(maxsize=1)
def models() -> dict[str, Model]:
    """The shipped models by name: "speech" and "notes"."""
    shipped = json.loads(files(__package__).joinpath(_WEIGHTS).read_text(encoding="utf-8"))
    return {
        name: Model(weights=body["weights"], threshold=body["threshold"]) for name, body in shipped["models"].items()
    }


def score_commitments(texts: Sequence[str], speakers: Sequence[str | None]) -> list[float]:
    """One score from 0 to 1 for each utterance or line, in order; 0.5 and more means somebody took on an action here.

    `speakers` names who said each line; None everywhere reads the texts as lines of notes.
    """
    notes = all(speaker is None for speaker in speakers)
    model = models()["notes" if notes else "speech"]
    return [model.score(found) for found in words.all_features(texts, speakers)]


__all__ = ["Model", "models", "score_commitments"]
