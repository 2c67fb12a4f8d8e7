"""Ask for the next meeting, from the shell: lays out a card, which is approved like any other."""

from __future__ import annotations

from datetime import datetime

import click

from gangly_tui.commands.console import as_json, out, out_json, tell
from gangly_tui.domain.errors import InputError


@click.command()
@click.argument("meeting")
@click.option("--at", default="", metavar="WHEN", help='When: "2026-12-01 14:00", in your time zone.')
@click.option("--minutes", type=click.IntRange(1, 24 * 60), default=30, show_default=True, help="How long.")
@as_json
def invite(meeting: str, at: str, minutes: int, as_json: bool) -> None:
    """Lay out an invitation to the next meeting with the people of this one.

    Without --at it stands on the day that was agreed in the call. Nobody is invited before you approve the card; it
    then goes into the connected calendar, which writes to the people.

    \b
    Example:
      gangly invite Kestrel --at "2026-12-01 14:00" --minutes 45
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.cards import card_json, card_text
    from gangly_tui.commands.naming import the_meeting
    from gangly_tui.flow import invite as flow

    with desk_at_hand() as desk:
        when = _moment(at) if at else None
        if when is not None and when.tzinfo is None:
            when = when.replace(tzinfo=desk.settings.timezone)
        card = flow.invite(desk, the_meeting(desk, meeting).id, when, minutes)
        if as_json:
            out_json(card_json(card))
            return
        out(card_text(card, whole=True))
        if flow.asks_when(card):
            tell(f'say when: gangly edit {card.id} at "2026-12-01 14:00"')
        tell(f"this invites them: gangly approve {card.id}")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not a date and time", fix='write it as "2026-12-01 14:00"') from error
