"""How sure to be: each rule family's hand-set confidence, drawn towards how often it was right on calls with a key.

`confidence.json` holds, per family, how many of its values were right and how many it gave; it is written by
`python -m tests.evaluation.fit_confidence`. With few values seen the hand-set figure stays, with many the counts
decide.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

LEAST = 0.35
"""Below it nothing is proposed."""
READY = 0.7
"""From here on a value is ready; between the two it is shown as "look closer"."""
_TRUST = 12
"""How many seen values weigh as much as the hand-set confidence."""
_HIGHEST = 0.97


@cache
def table() -> dict[str, tuple[int, int]]:
    """(right, given) of each family."""
    text = files(__package__).joinpath("confidence.json").read_text("utf-8")
    return {name: (int(right), int(given)) for name, (right, given) in json.loads(text)["families"].items()}


def calibrated(family: str, raw: float) -> float:
    """The confidence of a value that its rule gave as `raw`. What is hidden stays hidden."""
    right, given = table().get(family, (0, 0))
    drawn = (right + _TRUST * raw) / (given + _TRUST)
    return round(min(_HIGHEST, raw if raw < LEAST else max(LEAST, drawn)), 2)
