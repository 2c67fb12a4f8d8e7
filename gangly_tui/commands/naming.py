"""Finding the meeting or the card that a person names by part of its title or the beginning of its id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from gangly_tui.commands.console import short
from gangly_tui.domain.errors import InputError

if TYPE_CHECKING:
    from gangly_tui.domain.proposal import Proposal
    from gangly_tui.domain.records import Meeting
    from gangly_tui.flow.desk import Desk

T = TypeVar("T")
_SPAN = timedelta(days=400)
_SHOWN = 8


def the_one(
    name: str, among: Sequence[T], *, what: str, key: Callable[[T], str], title: Callable[[T], str], fix: str
) -> T:
    """The thing called `name`: its id, its whole title, the beginning of its id, or part of its title.

    Raises InputError when nothing or more than one thing fits; the message lists what does.
    """
    wanted = name.strip().casefold()
    readings: tuple[Callable[[T], bool], ...] = (
        lambda each: key(each).casefold() == wanted,
        lambda each: title(each).casefold() == wanted,
        lambda each: key(each).casefold().startswith(wanted),
        lambda each: wanted in title(each).casefold(),
    )
    for fits in readings if wanted else ():
        found = [each for each in among if fits(each)]
        if len(found) == 1:
            return found[0]
        if found:
            listed = "".join(f"\n  {key(each)}  {short(title(each), 80)}" for each in found[:_SHOWN])
            more = f"\n  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            raise InputError(f"{len(found)} {what}s are called {name!r}:{listed}{more}", fix="name one by its id")
    raise InputError(f"there is no {what} called {name!r}", fix=fix)


def the_meeting(desk: Desk, name: str) -> Meeting:
    """The meeting called so; `next` is the one that runs now or comes next. Raises InputError."""
    from gangly_tui.flow.prepare import next_meeting
    from gangly_tui.store import engagement

    if name == "next":
        found = next_meeting(desk)
        if found is None:
            raise InputError("no meeting is ahead", fix="read the calendar again: gangly pull")
        return found
    now = desk.now()
    near = engagement.meetings_between(desk.db, now - _SPAN, now + _SPAN)
    exact = next((each for each in near if each.id == name), None) or engagement.get_meeting(desk.db, name)
    if exact is not None:
        return exact
    today = [each for each in near if each.start.date() == now.date() and name.casefold() in each.title.casefold()]
    return the_one(
        name,
        today if len(today) == 1 else near,
        what="meeting",
        key=lambda each: each.id,
        title=lambda each: each.title,
        fix="list them: gangly brief --list",
    )


def the_card(desk: Desk, name: str) -> Proposal:
    """The card by id or the beginning of it. Raises InputError."""
    from gangly_tui.store import decisions

    exact = decisions.get_proposal(desk.db, name)
    if exact is not None:
        return exact
    return the_one(
        name,
        decisions.proposals(desk.db),
        what="card",
        key=lambda each: each.id,
        title=lambda each: each.heading,
        fix="list the cards: gangly review",
    )
