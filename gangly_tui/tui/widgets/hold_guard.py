"""A key that is held down must not run through cards: which presses of a deciding key count.

A terminal sends no key-up, so a held key is told by its rhythm: after the first press comes a pause (225 ms to a
second, as the keyboard is set), then repeats a few hundredths of a second apart.

1. A press that follows another one within `QUIET` is a repeat and does nothing. Letting go is what ends a run of them.
2. A press on a card that has not been on screen to its end for `DWELL` does nothing, however it was made.
3. The first repeat, after that pause, looks like a person's press. The second one gives it away, and what the first
   one decided is taken back: it is still in the grace period.

A keyboard set to repeat more slowly than `QUIET` cannot be told from a person; rule 2 holds for it all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from time import monotonic

QUIET = 0.2
DWELL = 0.25
_LONGEST_PAUSE = 1.3


class Press(Enum):
    """What a press of a deciding key is."""

    FRESH = "fresh"
    REPEAT = "repeat"
    GIVEN_AWAY = "given away"
    """a repeat, and it shows that the press before it, taken for a person's, was one, too"""


class HoldGuard:
    """Listens to the deciding keys of one screen. `now` is replaced by tests."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self.now = now
        self._key = ""
        self._last = float("-inf")
        self._pause_before = float("inf")
        """how long the key rested before the newest fresh press"""

    def press(self, key: str) -> Press:
        """Judge a press of `key`, now."""
        at = self.now()
        rested = at - self._last if key == self._key else float("inf")
        self._key, self._last = key, at
        if rested >= QUIET:
            self._pause_before = rested
            return Press.FRESH
        given_away = self._pause_before < _LONGEST_PAUSE
        self._pause_before = float("inf")
        return Press.GIVEN_AWAY if given_away else Press.REPEAT
