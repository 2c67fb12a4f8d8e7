"""Health, the values: what is known of each system, the numbers made of it, and how each of them stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import ceil

from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.outbox import Delivery


class Verdict(StrEnum):
    """How a number stands."""

    OK = "ok"
    LOOK = "look"
    BAD = "bad"


_ORDER = tuple(Verdict)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them; ok of none."""
    return max(verdicts, key=_ORDER.index, default=Verdict.OK)


def rank(verdict: Verdict) -> int:
    """0 ok, 1 look, 2 bad: for a monitor."""
    return _ORDER.index(verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer. `result` is "ok" or the name of the error it ended with."""

    system: str
    at: datetime
    write: bool
    seconds: float
    result: str
    sent: int = 0
    """tokens of the question, where a model's answer tells them"""
    got: int = 0
    """tokens of the answer"""


MODEL = "model "
"""How the name of a system begins that is a model: it is asked behind the reading, and may be slow or away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfTokens:
    """The tokens of one day (UTC) and model, of the answers that told them."""

    day: str
    system: str
    answers: int
    sent: int
    got: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfExchanges:
    """The exchanges of one day (UTC), system, direction and result."""

    day: str
    system: str
    write: bool
    result: str
    count: int
    seconds: float
    """of all of them together"""
    slowest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a system last said of its limit. `resets_at` is None when it does not say."""

    system: str
    name: str
    left: int
    of: int
    resets_at: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What is known of a sign-in without asking the system. `access` says in words how long it lasts."""

    account: str
    way: str
    access: str = ""
    access_ends: datetime | None = None
    rotate_by: date | None = None
    ends: date | None = None
    """when all of it ends by itself, renewals included: Google's, for an app in testing"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """The week's approved writes and all that wait. `asked` are those whose follow-up card still waits for the rep."""

    deliveries: Sequence[Delivery]
    asked: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of one system; `latest` newest first. `outbox` is of the system of record alone."""

    system: str
    title: str
    latest: Sequence[Exchange] = ()
    days: Sequence[DayOfExchanges] = ()
    limits: Sequence[Limit] = ()
    tokens: Sequence[DayOfTokens] = ()
    pulled_at: datetime | None = None
    sign_in: SignIn | None = None
    outbox: Outbox | None = None
    scope: Scope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number: `value` for a machine, `words` for a person, `fix` when it is not ok. `part` names one of several."""

    name: str
    label: str
    words: str
    value: float | None = None
    verdict: Verdict = Verdict.OK
    fix: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One kind of failure in the week, in plain words, with what to do."""

    result: str
    write: bool
    count: int
    last: str
    words: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day (UTC): answered and failed exchanges."""

    day: str
    answered: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemHealth:
    """One system."""

    system: str
    title: str
    verdict: Verdict
    figures: tuple[Figure, ...]
    week: tuple[Day, ...]
    failures: tuple[Failure, ...]
    owner: str = ""
    backup: str = ""
    runbook: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Everything, at one moment. `machine` is about this machine's store and trail."""

    at: datetime
    verdict: Verdict
    systems: tuple[SystemHealth, ...]
    machine: tuple[Figure, ...]


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that this share does not exceed (nearest rank). `ordered` ascends and is not empty."""
    return ordered[max(ceil(share * len(ordered)) - 1, 0)]


def sparkline(counts: Sequence[int]) -> str:
    """One character a number: a dot for none, else a bar against the highest; none is full, so that rows stay apart."""
    top = max(counts, default=0)
    return "".join("▁▂▃▄▅▆▇"[ceil(each / top * 7) - 1] if each > 0 else "·" for each in counts)


def duration(span: timedelta) -> str:
    """In the coarsest useful words: `40 s`, `12 min`, `3 h`, `5 d`."""
    seconds = max(int(span.total_seconds()), 0)
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds >= size and word == "min"):
            return f"{seconds // size} {word}"
    return f"{seconds} s"
