"""The model's reading behind the cards: it runs while the rep reviews, and what it finds joins what is there.

It is asked when cards are laid out, never while somebody types: a pause is no wish to send a half-written page.
The worker is the app's, so that Review on top, or another screen, does not end it; Esc in Notes does.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from textual.app import App
from textual.worker import Worker

from gangly_tui.domain.errors import GanglyError, ModelError
from gangly_tui.flow import capture
from gangly_tui.flow.read_again import read_again, stays_here
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.crash import keep as log_crash

if TYPE_CHECKING:
    from gangly_tui.domain.draft import Draft, Notes, ReadingContext
    from gangly_tui.flow.desk import Desk

_GROUP = "model"


class SecondReading:
    """What one Notes screen knows of the model: whether it is on, whether it is being asked, what it was asked."""

    def __init__(self, desk: Desk, shown: Callable[[Draft, str], None]) -> None:
        self._desk = desk
        self._shown = shown
        self._worker: Worker[None] | None = None
        self._since = 0.0
        self._asked = ""
        self._doing = ""
        self._kept = ""

    @property
    def words(self) -> str:
        """For the status line: what it is doing, else that it is on; "" without a model."""
        if self._desk.model is None:
            return ""
        if self._kept:
            return "model not asked"
        if self.busy:
            return f"{self._doing} {monotonic() - self._since:.0f} s, Esc stops"
        return f"model on: {self._desk.model.host}"

    @property
    def behind(self) -> str:
        """For the message that cards are laid out: that more may come, or why none will."""
        if self._kept:
            return self._kept
        return f"asking {self._desk.model.host} behind them" if self.busy and self._desk.model else ""

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._worker is not None

    def ask(self, app: App[object], notes: Notes, draft: Draft, context: ReadingContext) -> None:
        """Let the model read this text too, unless it has. A question that is under way makes room."""
        if self._desk.model is None or self._asked == notes.text:
            return
        assert isinstance(app, GanglyApp)
        reason = stays_here(self._desk, context)
        self._kept = f"{self._desk.model.host} is not asked: {reason}" if reason else ""
        if reason:
            return
        self._asked, self._since = notes.text, monotonic()
        self._doing = f"asking {self._desk.model.host}"
        self._worker = app.run_worker(
            self._read(app, notes, draft, context), name="model", group=_GROUP, exclusive=True
        )

    def stop(self) -> bool:
        """Call the question off; whether there was one."""
        if self._worker is None:
            return False
        self._worker.cancel()
        self._worker, self._asked = None, ""
        return True

    async def _read(self, app: GanglyApp, notes: Notes, draft: Draft, context: ReadingContext) -> None:
        mine = self._worker
        try:
            done = await read_again(self._desk, notes.text, context, draft, say=self._say)
            fresh = await capture.join(self._desk, notes, done.draft)
        except ModelError as error:
            self._asked = ""  # ^s asks again
            app.say(f"{error}; what was read here stands", fix=error.fix, tone="bad")
        except GanglyError as error:
            app.complain(error)
        except Exception as error:
            log_crash(error, app.log_path)
            app.say("the model's answer could not be read; what was read here stands", tone="bad")
        else:
            self._shown(done.draft, notes.text)
            self._show_cards(app)
            host = self._desk.model.host if self._desk.model else ""
            size = "1 more card" if fresh == 1 else f"{fresh or 'no'} more cards"
            lines = sum(bool(each.by) for each in done.draft.summary.lines)
            size += f", {lines} in the summary here" if lines else ""
            trouble = f"not all was read: {done.trouble}" if done.trouble else ""
            app.say(f"{host}: {size}, {done.agreed} confirmed, {done.disputed} contradicted", fix=trouble, tone="good")
        finally:
            if self._worker is mine or mine is None:
                self._worker = None

    def _say(self, words: str) -> None:
        self._doing = words

    def _show_cards(self, app: GanglyApp) -> None:
        """Review reads the store again, wherever it lies; the card on screen stays."""
        from gangly_tui.tui.screens.review import ReviewScreen

        for screen in app.screen_stack:
            if isinstance(screen, ReviewScreen):
                screen.reload()
