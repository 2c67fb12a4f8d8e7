"""A schedule: everything that will go wrong, drawn from a seed, and as one line that repeats it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

from gangly_tui.store.migrations import STEPS

WRITE_FAULTS = (
    "429", "401", "500-before", "500-after", "hang-before", "hang-after", "late", "reset-before", "reset-after",
    "torn", "bad-json", "html", "loris", "409",
)  # fmt: skip
READ_FAULTS = ("429", "500-before", "reset-before", "html", "torn")
SLOW = frozenset({"hang-before", "hang-after", "late", "loris"})
"""Faults that only the deadline of a request ends."""

_WHEN = ("before-commit", "committed")
POINTS = (
    "approve.before-commit", "approve.committed", "deliver.compared", "attempted.before-commit", "attempted.committed",
    "http.half-sent", "http.sent", "http.answered", "deliver.answered", "deliver.read-back", "sent.before-commit",
    "sent.committed", "unknown.before-commit", "unknown.committed", "resolve.before-read", "resolve.read",
    "approved.before-commit", "approved.committed", "conflict.before-commit", "conflict.committed",
    "rejected.before-commit", "rejected.committed", "needs human.before-commit", "needs human.committed",
    "undo.before-commit", "undo.committed", "backup.begun", "backup.copied", "backup.named",
    *(f"migration.step-{number}.{when}" for number in range(1, len(STEPS) + 1) for when in _WHEN),
    "checkpoint.signed", "witness.appended", "refresh.before-request", "refresh.answered", "refresh.kept",
    *(f"{what}.{when}" for what in ("import", "pull", "meetings", "file") for when in _WHEN),
)  # fmt: skip
PAUSES = (
    "attempted.committed", "deliver.compared", "http.half-sent", "deliver.answered", "unknown.committed",
    "approve.committed", "refresh.before-request", "refresh.answered", "refresh.kept", "import.committed",
    "pull.committed",
)  # fmt: skip
"""Where a window may stand still while another works: never inside a transaction, which would only be waited for."""

_STILL = tuple((point, then) for point in PAUSES for then in ("on", "killed"))

CARDS = ("date", "text", "note", "person")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Counts start at 1. What is empty goes well."""

    cards: tuple[str, ...]
    """one each: "date" and "text" change fields of the same deal, "note" and "person" create records"""
    marker: str = "unique"
    """how a create is marked: "unique" property, or in its "body", which a search finds only after a lag"""
    guarded: bool = True
    """whether the CRM honours the version that a write expects"""
    keeps_history: bool = True
    write_faults: tuple[tuple[int, str], ...] = ()
    read_faults: tuple[tuple[int, str], ...] = ()
    edits: tuple[tuple[str, int, str], ...] = ()
    """a colleague acts right after the n-th "read" or "write": on the "same" field, on an"other", or "equal" to ours"""
    kills: tuple[tuple[str, int] | None, ...] = ()
    """for each start of the app: the point, and its how-manieth visit, at which it is killed; "*" is any point"""
    pause: tuple[str, str] | None = None
    """the first window stands still here while a second one works; then it goes "on", or is "killed" """
    redrafted: tuple[int, ...] = ()
    """cards that are drafted anew between being shown and being approved"""
    tampered: tuple[int, ...] = ()
    """cards that are changed in the store after the approval"""
    keeps: str = "mine"
    """what the rep answers to a conflict, and to what was written over"""
    undo: bool = False
    backup: bool = False
    sign_in: int = 0
    """how many requests an access token is good for; 0 when nobody has to sign in"""
    brings: bool = False
    """the rep begins with an import, a pull and two files of notes"""

    def line(self) -> str:
        """The schedule as one line for `--replay`."""
        plain = asdict(self)
        usual = asdict(Schedule(cards=()))
        return json.dumps({name: each for name, each in plain.items() if each != usual[name]}, separators=(",", ":"))

    @property
    def is_slow(self) -> bool:
        """Whether a request of it runs into its deadline."""
        return any(fault in SLOW for _, fault in (*self.write_faults, *self.read_faults))


def of_line(line: str) -> Schedule:
    """The schedule that `line` was taken of."""
    return Schedule(**{name: _tuples(each) for name, each in json.loads(line).items()})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value


def draw(seed: int, number: int) -> Schedule:
    """The schedule of this number: the same for the same seed, whatever ran before.

    Most numbers aim at a point in turn, so that the rare ones are killed at as often as the others.
    """
    random = Random(f"{seed}/{number}")
    cards = tuple(random.choice(CARDS) for _ in range(random.choice((1, 1, 2, 2, 3))))
    paused = number % 9 == 4
    kills = [_kill(random) for _ in range(random.choice((0, 1, 1, 2, 3)))]
    if random.random() < 0.8:
        kills[:1] = [(POINTS[number % len(POINTS)], 1)]
    drawn = Schedule(
        cards=cards,
        marker=random.choice(("unique", "body")),
        guarded=random.random() < 0.5,
        keeps_history=random.random() < 0.8,
        write_faults=_some(random, WRITE_FAULTS, 0.45, upto=len(cards) + 3),
        read_faults=_some(random, READ_FAULTS, 0.12, upto=8),
        edits=tuple(
            (random.choice(("read", "read", "write")), random.randint(1, 4), random.choice(("same", "other", "equal")))
            for _ in range(random.choice((0, 0, 0, 1, 1, 2)))
        ),
        kills=() if paused else tuple(kills),
        pause=_STILL[number // 9 % len(_STILL)] if paused else None,
        redrafted=tuple(each for each in range(len(cards)) if random.random() < 0.1),
        tampered=tuple(each for each in range(len(cards)) if random.random() < 0.06),
        keeps=random.choice(("mine", "theirs")),
        undo=random.random() < 0.25,
        backup=random.random() < 0.1,
        sign_in=random.choice((1, 2, 3, 5)) if random.random() < 0.1 else 0,
        brings=random.random() < 0.05,
    )
    return _on_the_way(drawn)


_LATE = frozenset({"undo", "unknown", "resolve", "approved", "conflict", "needs human", "rejected"})


def _on_the_way(drawn: Schedule) -> Schedule:
    """Make the first point of a kill, or of a pause, one that is passed: some are rare."""
    point = drawn.pause[0] if drawn.pause else next((each[0] for each in drawn.kills if each), "")
    first = point.rpartition(".")[0]
    if first in _LATE and not drawn.pause:
        drawn = replace(drawn, kills=((point, 1), *drawn.kills[1:]))
    match first:
        case "deliver" | "http" | "attempted" | "sent":
            drawn = replace(drawn, tampered=())
            if point in ("http.answered", "deliver.answered", "deliver.read-back", "sent.before-commit"):
                drawn = replace(drawn, write_faults=drawn.write_faults[1:])
            if drawn.pause:  # a CRM that would take the same write twice, were it sent by both windows
                faults = tuple(each for each in drawn.write_faults if each[0] > 1)
                drawn = replace(drawn, marker="body", guarded=False, write_faults=faults)
        case "undo":
            drawn = replace(drawn, undo=True, tampered=(), cards=("note",), write_faults=(), edits=())
        case "backup":
            drawn = replace(drawn, backup=True)
        case "unknown" | "resolve":
            drawn = replace(drawn, write_faults=((1, "500-before"), *drawn.write_faults[1:]), tampered=())
        case "approved":
            drawn = replace(drawn, write_faults=((1, "429"), *drawn.write_faults[1:]), tampered=())
        case "conflict":
            drawn = replace(drawn, cards=("date", "text"), edits=(("read", 1, "same"),), write_faults=(), tampered=())
        case "needs human":
            fault, edit = ((1, "500-before"),), (("write", 1, "same"),)
            drawn = replace(
                drawn, cards=("date",), edits=edit, write_faults=fault, keeps_history=False, read_faults=(), tampered=()
            )
        case "rejected":
            drawn = replace(drawn, tampered=(0,))
        case "refresh":
            drawn = replace(drawn, sign_in=drawn.sign_in or 2)
        case "import" | "pull" | "meetings" | "file":
            drawn = replace(drawn, brings=True)
    if drawn.sign_in:  # a deadline in the middle of a refresh would fall otherwise each time
        drawn = replace(drawn, write_faults=tuple(each for each in drawn.write_faults if each[1] not in SLOW))
    return drawn


def _some(random: Random, kinds: tuple[str, ...], share: float, *, upto: int) -> tuple[tuple[int, str], ...]:
    return tuple((number, random.choice(kinds)) for number in range(1, upto + 1) if random.random() < share)


def _kill(random: Random) -> tuple[str, int] | None:
    if random.random() < 0.1:
        return None
    if random.random() < 0.35:
        return "*", random.randint(1, 45)
    return random.choice(POINTS), random.choice((1, 1, 1, 2, 3))


def smaller(schedule: Schedule) -> Iterator[Schedule]:
    """The schedule with one thing less, each in turn."""
    for name in ("kills", "write_faults", "read_faults", "edits", "redrafted", "tampered"):
        kept = getattr(schedule, name)
        for number in range(len(kept)):
            yield replace(schedule, **{name: kept[:number] + kept[number + 1 :]})
    if schedule.pause:
        yield replace(schedule, pause=None)
    for name, off in (("undo", False), ("backup", False), ("brings", False), ("sign_in", 0)):
        if getattr(schedule, name):
            yield replace(schedule, **{name: off})
    for name, plain in (("marker", "unique"), ("guarded", True), ("keeps_history", True), ("keeps", "mine")):
        if getattr(schedule, name) != plain:
            yield replace(schedule, **{name: plain})
    if len(schedule.cards) > 1:
        yield replace(schedule, cards=schedule.cards[:-1])
