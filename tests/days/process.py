"""The app in a process of its own, opened as bare `gangly` opens it, its keys and its screen at the ends of two pipes.

It reads one JSON request a line: `keys` to press, or a `line` to fill by a paste, when the cursor stands in it. After
each it waits until the app is at rest, but for what was asked `now`, and answers with what the screen shows.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from functools import partial
from typing import Any

from textual.app import ScreenStackError
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from gangly_tui.cli import main
from gangly_tui.commands import app as commands
from gangly_tui.config import Config, paths, private_folder
from gangly_tui.keys import keys_of
from gangly_tui.tui.app import GanglyApp
from tests.tui.desks import screen_text
from tests.tui.resting import at_rest

SIZE = (140, 45)


def _focus(app: GanglyApp) -> str:
    try:
        return (app.focused and app.focused.id) or ""
    except ScreenStackError:
        return ""


def _shown(app: GanglyApp) -> str:
    try:
        return screen_text(app)
    except ScreenStackError:  # it is going
        return ""


async def _do(pilot: Pilot[Any], asked: dict[str, Any]) -> str:
    """Carry out one request. Returns what is wrong with it."""
    app = pilot.app
    if name := asked.get("line"):
        focused = app.focused
        if not isinstance(focused, Input) or focused.name != name:
            return f"the cursor stands in {focused!r}, not in the line {name}"
        focused.post_message(Paste(asked["text"]))
    for key in asked.get("keys", ()):
        await pilot.press(key)
    return ""


async def steer(answers: int, pilot: Pilot[Any]) -> None:
    """Follow the requests for as long as this app lives."""
    app = pilot.app
    assert isinstance(app, GanglyApp)
    trouble, wait = "", True
    while True:
        try:
            if wait:
                await at_rest(pilot)
        except ScreenStackError:
            pass
        told = {"screen": _shown(app), "focus": _focus(app), "trouble": trouble, "over": app._exit}
        os.write(answers, json.dumps(told).encode() + b"\n")
        if app._exit:
            return
        asked = json.loads(await asyncio.to_thread(sys.stdin.readline))
        trouble, wait = await _do(pilot, asked), not asked.get("now")


def run_steered(answers: int) -> None:
    """Have the app run without a terminal, steered; what a terminal would be asked for comes from a descriptor."""
    run, dress = GanglyApp.run, commands._dress

    def steered(app: GanglyApp) -> None:
        run(app, headless=True, size=SIZE, auto_pilot=partial(steer, answers))

    def unlocked(app: GanglyApp, config: Config) -> None:
        keys_of(private_folder(paths().data)).vault()
        dress(app, config)

    GanglyApp.run = steered  # type: ignore[method-assign,assignment]
    commands._dress = unlocked
    commands._need_terminal = lambda: None


if __name__ == "__main__":
    answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    run_steered(answers)
    main(sys.argv[1:])
