"""What a day is played on: a throw-away home, the fakes on loopback, and gangly in processes that can be killed."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fakes.serve import Fake, Reply
from tests.patience import LONG, wait_until

NOT_HELD = 0.3
"""Seconds between two presses of one key, so that it is no key that is held down."""
ROOT = Path(__file__).parents[2]
PASSPHRASE = b"correct horse battery staple\n"
AGREES = "import sys, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=60).read()"
"""What a browser does for a person who agrees: it follows the page back to this machine."""


class Stops:
    """A fake that can be stood still at a request: before it is carried out, or before its answer leaves."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake
        self._at: tuple[str, str, bool] | None = None
        self._reached = threading.Event()

    def stop(self, method: str, part: str, *, carried_out: bool) -> None:
        """Stand still at the next request of this method with this in its path; it is never answered."""
        self._reached.clear()
        self._at = (method, part, carried_out)

    def wait(self) -> None:
        """Until somebody stands there."""
        assert self._reached.wait(LONG), f"nobody came to {self._at}"

    async def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request."""
        stop = self._at if self._at and self._at[0] == method and self._at[1] in path else None
        if stop:
            self._at = None
        if stop and not stop[2]:
            await self._stand_still()
        found = self._fake.handle(method, path, query, headers, body)
        reply = await found if inspect.isawaitable(found) else found
        if stop:
            await self._stand_still()
        return reply

    async def _stand_still(self) -> None:
        self._reached.set()
        await asyncio.Event().wait()


class Home:
    """One person's machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True)

    @property
    def config(self) -> str:
        """What config.toml says; "" while there is none."""
        page = self.folder / "config.toml"
        return page.read_text(encoding="utf-8") if page.exists() else ""

    def _start(self, module: str, *arguments: str, agrees: bool = True) -> subprocess.Popen[bytes]:
        into, out = os.pipe()
        os.write(out, PASSPHRASE)
        os.close(out)
        browser = self.folder.with_name("agrees.py" if agrees else "looks.py")
        browser.write_text(AGREES if agrees else "", encoding="utf-8")
        env = {
            **os.environ,
            "GANGLY_HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "BROWSER": f"{sys.executable} {browser} %s",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
        }
        try:
            return subprocess.Popen(
                [sys.executable, "-m", module, "--passphrase-fd", str(into), *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=ROOT,
                pass_fds=(into,), bufsize=0,
            )  # fmt: skip
        finally:
            os.close(into)

    @contextmanager
    def app(self, *, agrees: bool = True, comes_to_rest: bool = True) -> Iterator[App]:
        """Bare `gangly`, open; killed on the way out when it is still there."""
        app = App(self._start("tests.days.process", agrees=agrees))
        try:
            if comes_to_rest:
                app.answer()
            yield app
        finally:
            app.kill()

    def gangly(self, *arguments: str, stdin: bytes = b"", kill_at: Stops | None = None) -> str:
        """One command, and what it printed; with `kill_at`, killed once it stands there."""
        process = self._start("gangly_tui", *arguments)
        if kill_at is not None:
            kill_at.wait()
            process.kill()
        out, err = process.communicate(stdin, timeout=LONG)
        assert process.returncode == (-signal.SIGKILL if kill_at else 0), err.decode()
        return out.decode()


class App:
    """An open app, by the keys and the screen of tests.days.process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.screen = self.focus = ""

    def answer(self) -> str:
        """What the screen shows when it is at rest; where the app opened itself anew, what that shows."""
        told: dict[str, Any] = {"over": True}
        while told["over"]:
            assert self._process.stdout is not None
            ready, _, _ = select.select([self._process.stdout], [], [], LONG)
            text = self._process.stdout.readline() if ready else b""
            assert text, f"the app does not answer; it showed {self.screen}\n{self._last_words()}"
            told = json.loads(text)
            assert not told["trouble"], f"{told['trouble']}\n{told['screen']}"
        self.screen, self.focus = told["screen"], told["focus"]
        return self.screen

    def _last_words(self) -> str:
        self._process.kill()
        return self._process.communicate(timeout=LONG)[1].decode()

    def ask(self, **request: Any) -> None:
        """Ask for something, and do not wait for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()

    def press(self, *keys: str) -> str:
        """Press keys, one after the other, each when the app is at rest."""
        for key in keys:
            self.ask(keys=[key])
            self.answer()
        return self.screen

    def go_to(self, words: str, key: str) -> str:
        """Press a key until the screen shows these words, where they are no further than a screen away."""
        for _ in range(50):
            if words in self.screen:
                return self.screen
            self.press(key)
        raise AssertionError(f"{key} does not lead to {words!r}:\n{self.screen}")

    def tab_to(self, part: str) -> None:
        """Press tab until this part of the screen has the focus."""
        for _ in range(50):
            if self.focus == part:
                return
            self.press("tab")
        raise AssertionError(f"tab does not lead to {part}:\n{self.screen}")

    def start(self, key: str) -> str:
        """Press a key, and do not wait until what it began has come to rest."""
        self.ask(keys=[key], now=True)
        return self.answer()

    def approve_all(self) -> None:
        """One card after the other, while the first of them are on their way already."""
        for _ in range(50):
            if "Nothing waits for you" in self.screen:
                return
            time.sleep(NOT_HELD)
            self.start("a")
        raise AssertionError(f"cards are left:\n{self.screen}")

    def fill(self, **lines: str) -> str:
        """Type into the lines that the cursor comes to, Enter after each but the last."""
        for number, (name, text) in enumerate(lines.items()):
            if number:
                self.press("enter")
            self.ask(line=name, text=text)
            self.answer()
        return self.screen

    def type(self, text: str) -> str:
        """Type where the cursor stands."""
        self.ask(keys=["space" if each == " " else each for each in text])
        return self.answer()

    def until(self, words: str) -> str:
        """Look until the screen shows these words, at rest or not."""

        def shows() -> bool:
            self.ask(keys=[], now=True)
            return words in self.answer()

        def waited() -> bool:
            time.sleep(0.1)  # each look is some work for the app
            return shows()

        wait_until(waited)
        return self.screen

    def kill(self) -> None:
        """As a power cut does."""
        self._process.kill()
        self._process.wait(LONG)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None and not pipe.closed:
                pipe.close()
