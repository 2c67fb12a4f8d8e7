"""A screen comes up whole: its style sheet read and the size's classes on it before it is laid out first."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.screen import Screen

COLUMNS = [(0, "-narrow"), (116, "-wide")]
LINES = [(0, "-short"), (32, "-tall")]


def ready(app: App[None], screen: Screen[Any]) -> None:
    """A sheet of ours speaks of its own screen: what is on already is not parsed and styled again for it.

    Textual sets the classes of a size after the first layout, which is then done and painted a second time.
    """
    for path in screen.css_path:
        if not app.stylesheet.has_source(str(path), ""):
            app.stylesheet.read(path)
    for size, steps in ((app.size.width, COLUMNS), (app.size.height, LINES)):
        screen.add_class([name for least, name in steps if size >= least][-1])
