"""The public half of the gold data, read in place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3] / "shared" / "gold"


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of one file."""
    path = ROOT / name
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]
