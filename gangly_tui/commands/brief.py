"""The brief of one meeting, for a terminal, for a program or as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell
from gangly_tui.domain.errors import InputError

if TYPE_CHECKING:
    from gangly_tui.domain.records import Meeting
    from gangly_tui.flow.desk import Desk


@click.command()
@click.argument("meeting", default="next", metavar="[next|MEETING]")
@as_json
@click.option("--md", "as_markdown", is_flag=True, help="Print Markdown.")
@click.option("--pull", "fresh", is_flag=True, help="Read the CRM and the calendar first.")
@click.option(
    "--list", "listed", is_flag=True, help="List today's meetings instead (with MEETING as a date, that day's)."
)
def brief(meeting: str, as_json: bool, as_markdown: bool, fresh: bool, listed: bool) -> None:
    """What to know before a call: who, the deal, promises, last contacts, open gaps. Read-only.

    MEETING is an id, the beginning of one, or part of the title; `next` is the call that runs now or comes next.

    \b
    Examples:
      gangly brief next
      gangly brief "Acme" --md
      gangly brief --list
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.flow.prepare import prepare

    if as_json and as_markdown:
        raise click.UsageError("choose one of --json and --md")
    with desk_at_hand() as desk:
        if fresh:
            _pull(desk)
        if listed:
            _list(desk, meeting, as_json=as_json)
            return
        found = _find(desk, meeting)
        laid_out = prepare(desk, found)
        label = desk.label
    if as_json:
        out_json(laid_out)
        return
    from gangly_tui.commands.brief_text import markdown, text

    out(markdown(laid_out) if as_markdown else text(laid_out))
    tell(f"read-only, {laid_out.writes} writes · {label}")


def _find(desk: Desk, name: str) -> Meeting:
    """The meeting; a store that has never been filled is filled first."""
    from gangly_tui.commands.naming import the_meeting

    try:
        return the_meeting(desk, name)
    except InputError:
        from gangly_tui.store import mirror

        if mirror.cursor(desk.db, desk.reader.system):
            raise
    tell("reading the CRM and the calendar for the first time")
    _pull(desk)
    return the_meeting(desk, name)


def _pull(desk: Desk) -> None:
    import asyncio

    from gangly_tui.flow.pull import pull

    for problem in asyncio.run(pull(desk)).problems:
        tell(problem)


def _list(desk: Desk, on: str, *, as_json: bool) -> None:
    from datetime import date

    from gangly_tui.flow.prepare import day

    try:
        wanted = desk.now().date() if on == "next" else date.fromisoformat(on)
    except ValueError as error:
        raise InputError(f"{on!r} is not a day", fix="write it as 2026-11-24") from error
    rows = day(desk, wanted)
    if as_json:
        out_json(rows)
        return
    for row in rows:
        waiting = f" ({row.to_review})" if row.to_review else ""
        when = "all day      " if row.meeting.all_day else f"{row.meeting.start:%H:%M}–{row.meeting.end:%H:%M}  "
        out(f"{when}{row.state.value + waiting:<18} {short(row.meeting.title, 70)}  [{row.meeting.id}]")
    if not rows:
        tell(f"no meetings on {wanted}")
