"""The fiction's past: how the pipeline of the demo company stood in the weeks before, so that a curve can be seen.

Only ever put into the demo's own store, and only while that holds no picture yet.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gangly_tui.store.database import Connection


def remember_past(db: Connection, today: date) -> None:
    """Put the fiction's weeks into a store without any; one that has some is left as it is."""
    if db.read_only or db.execute("SELECT EXISTS (SELECT 1 FROM hygiene_day)").fetchone()[0]:
        return
    from gangly_tui.connectors.demo import demo_folder
    from gangly_tui.domain.hygiene import StageSum
    from gangly_tui.store.hygiene import save_day

    with (demo_folder() / "weeks.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            deals, with_gaps, gaps = (int(line[name]) for name in ("deals", "with_gaps", "gaps"))
            one = StageSum(
                stage="", currency="", deals=deals, with_gaps=with_gaps, gaps=gaps, amount=Decimal(), at_risk=Decimal()
            )
            save_day(db, today - timedelta(weeks=int(line["weeks_ago"])), [one])
