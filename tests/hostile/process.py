"""The app in a process of its own, every text of its desk hostile. Takes a folder, how many strings, and the seed."""

from __future__ import annotations

import sys
from pathlib import Path

from gangly_tui.tui.app import GanglyApp
from tests.hostile.poison import Poison, empty_desk, fill
from tests.hostile.strings import strings

if __name__ == "__main__":
    desk = empty_desk(Path(sys.argv[1]))
    fill(desk, Poison(list(strings(int(sys.argv[2]), int(sys.argv[3])))))
    app = GanglyApp(desk)
    app.action_pull = lambda: None  # type: ignore[method-assign]  # the store is filled by hand
    app.run()
