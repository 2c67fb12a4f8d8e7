"""Count how often each rule family was right on calls read for the first time, and add that to the table that ships.

    python -m tests.evaluation.fit_confidence PREFIX

Counts on the calls whose name begins with PREFIX and adds the counts to `confidence.json`; what each confidence was
worth goes to `first_readings.json`. Run it once for new calls, before anything they show is mended: only calls the
rules were never changed for give honest counts, so a prefix is counted once. The public half of the gold data has no
key for whole calls, and its minutes mark only some of their commitments: neither counts.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from gangly_tui.domain.draft import ReadingContext
from gangly_tui.intelligence import offline
from gangly_tui.intelligence.offline.next_steps import candidates
from gangly_tui.intelligence.offline.reading import read
from tests.intelligence.call_keys import NAMES, mark, read_call

TABLE = Path(offline.__file__).with_name("confidence.json")
READINGS = Path(__file__).with_name("first_readings.json")
_KEYED = ("amount", "competitor", "economic_buyer", "close_date", "stage")
Said = tuple[str, float, bool]
"""The rule family, the confidence it was shown with, and whether it was right."""


def said(prefix: str) -> list[Said]:
    """Every keyed value of the calls with this prefix."""
    rows: list[Said] = []
    for name in (each for each in NAMES if each.startswith(prefix)):
        key, text, draft = read_call(name)
        context = offline.read_context(
            text, ReadingContext(anchor=datetime(2026, 9, 23, tzinfo=UTC), rep_name=key.get("rep", ""))
        )
        if "date" in key:
            context = replace(context, anchor=datetime.fromisoformat(key["date"]).replace(tzinfo=UTC))
        rules = {each.action: each.rule for each in candidates(read(text, context))[0]}
        false = {line.partition(": ")[2] for line in mark(key, draft).false}
        for step in draft.next_steps:
            rows.append(("step." + rules.get(step.action, "promise"), step.confidence, step.action not in false))
        wrong = {line.split(" is ")[0] for line in mark(key, draft).wrong}
        for field in draft.fields:
            if field.field in _KEYED and field.field in key:
                rows.append(("field." + field.field, field.confidence, field.field not in wrong))
    return rows


def counted(rows: list[Said]) -> dict[str, list[int]]:
    """family -> [right, given]."""
    seen: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for family, _, right in rows:
        seen[family][0] += right
        seen[family][1] += 1
    return seen


def reliability(rows: list[tuple[float, bool]]) -> list[tuple[str, int, float, float]]:
    """(bin, how many, what was said on average, how many of them were right) for every tenth that has values."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, right in rows:
        bins[min(9, int(confidence * 10 + 1e-9))].append((confidence, right))
    return [
        (
            f".{at}-{'1.' if at == 9 else '.'}{(at + 1) % 10}",
            len(pairs),
            sum(pair[0] for pair in pairs) / len(pairs),
            sum(pair[1] for pair in pairs) / len(pairs),
        )
        for at, pairs in sorted(bins.items())
    ]


def main(prefix: str) -> None:
    """Adds one set of first readings to both files."""
    table = json.loads(TABLE.read_text("utf-8"))
    readings = json.loads(READINGS.read_text("utf-8"))
    if prefix in table["counted"]:
        raise SystemExit(f"{prefix}* is already counted: a first reading happens once")
    rows = said(prefix)
    for family, (right, given) in counted(rows).items():
        old = table["families"].get(family, [0, 0])
        table["families"][family] = [old[0] + right, old[1] + given]
    table["counted"].append(prefix)
    readings[prefix] = [[confidence, right] for _, confidence, right in rows]
    lines = ",\n".join(f"  {json.dumps(name)}: {counts}" for name, counts in sorted(table["families"].items()))
    head = f' "about": {json.dumps(table["about"])},\n "counted": {json.dumps(table["counted"])},\n'
    TABLE.write_text(f'{{\n{head} "families": {{\n{lines}\n }}\n}}\n', "utf-8")
    READINGS.write_text(json.dumps(readings) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
