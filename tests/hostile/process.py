"""The app in a process of its own, every text of its desk hostile. Takes a folder; `batch.json` in it has the texts.

A pull (ctrl+r) puts the texts that stand there by then into the store, as a pull from a CRM would.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

from gangly_tui.flow.pull import PullReport
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.messages import Pulled
from tests.hostile.poison import Poison, empty_desk, fill

TIMES = 6
"""A fuller day, so that a frame holds more of them."""
FELL = "crash.log"
"""Where in the folder it is told why the app fell, if it did."""

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    desk = empty_desk(folder)
    app = GanglyApp(desk, log_path=folder / FELL)

    def pull() -> None:
        """The store is filled by hand."""
        fill(desk, Poison(json.loads((folder / "batch.json").read_text(encoding="ascii"))), times=TIMES)
        app._tell(partial(Pulled, PullReport(records=1, removed=0, meetings=1, transcripts=0, problems=())))

    app.action_pull = pull  # type: ignore[method-assign]
    app.run()
