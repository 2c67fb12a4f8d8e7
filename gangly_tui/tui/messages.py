"""What the app and its widgets tell each other. Widgets post; screens and the app answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from textual.message import Message

if TYPE_CHECKING:
    from gangly_tui.domain.brief import Source
    from gangly_tui.domain.records import RecordRef
    from gangly_tui.flow.deliver import Outcome
    from gangly_tui.flow.pull import PullReport

Tone = Literal["plain", "busy", "good", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the status line says. Raw text; `fix` is the next thing to do after a failure."""

    text: str = ""
    fix: str = ""
    tone: Tone = "plain"


class Delivered(Message, bubble=False):
    """The courier finished a round. Sent to every screen that is open, the ones underneath included."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        super().__init__()
        self.outcomes = tuple(outcomes)


class Pulled(Message, bubble=False):
    """A pull ended: the store may hold newer facts. Sent to every screen that is open."""

    def __init__(self, report: PullReport) -> None:
        super().__init__()
        self.report = report


class SourceWanted(Message):
    """Somebody wants to see where a line comes from."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source


class DealChosen(Message):
    """The rep said which of several open deals a meeting is about."""

    def __init__(self, ref: RecordRef) -> None:
        super().__init__()
        self.ref = ref
