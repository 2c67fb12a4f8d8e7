"""The app in a process of its own, on a paper desk: what the test that kills it runs. Takes the store's folder."""

from __future__ import annotations

import sys
from pathlib import Path

from gangly_tui.tui.app import GanglyApp
from tests.tui.desks import nordwind, paper_desk

if __name__ == "__main__":
    GanglyApp(paper_desk(Path(sys.argv[1]), *nordwind())).run()
