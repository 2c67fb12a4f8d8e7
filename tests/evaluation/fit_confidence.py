"""Count how often each rule family is right, and write the table the engine ships.

    python -m tests.evaluation.fit_confidence PREFIX

Counts on the calls whose name begins with PREFIX. Honest counts come from calls the rules were never changed for. The
shipped table was counted on `fresh-*` and `late-*`, each at its first reading, before anything it showed was mended.
The public half of the gold data has no key for whole calls, and its minutes mark only some of their commitments:
neither counts.
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
_KEYED = ("amount", "competitor", "economic_buyer", "close_date", "stage")


def count(prefix: str) -> dict[str, list[int]]:
    """family -> [right, given]."""
    seen: dict[str, list[int]] = defaultdict(lambda: [0, 0])
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
            _add(seen, "step." + rules.get(step.action, "promise"), step.action not in false)
        wrong = {line.split(" is ")[0] for line in mark(key, draft).wrong}
        for field in draft.fields:
            if field.field in _KEYED and field.field in key:
                _add(seen, "field." + field.field, field.field not in wrong)
    return dict(sorted(seen.items()))


def _add(seen: dict[str, list[int]], family: str, right: bool) -> None:
    seen[family][0] += right
    seen[family][1] += 1


if __name__ == "__main__":
    source = "[right, given] of each family, by tests/evaluation/fit_confidence.py on calls at their first reading"
    lines = ",\n".join(f"  {json.dumps(name)}: {counts}" for name, counts in count(sys.argv[1]).items())
    TABLE.write_text(f'{{\n "about": {json.dumps(source)},\n "families": {{\n{lines}\n }}\n}}\n', "utf-8")
    print(TABLE.read_text("utf-8"))  # noqa: T201
