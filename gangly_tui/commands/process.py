"""Whether the recording of a meeting is processed."""

from __future__ import annotations

import click

from gangly_tui.commands.console import out, short


@click.command()
@click.argument("meeting")
@click.argument("whether", type=click.Choice(["off", "on"]), default="off")
def process(meeting: str, whether: str) -> None:
    """Do not process the recording of a MEETING: its transcript is neither kept nor read, and what is here is removed.

    For a call whose recording somebody has not agreed to. Your own notes stay. `on` takes it back, unless a contact who
    was in it has said no in the CRM (`contact.recording_consent`): such a call is left alone by itself.

    \b
    Example:
      gangly process Kestrel off
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.naming import the_meeting
    from gangly_tui.flow.recording import leave_alone, process_again

    with desk_at_hand() as desk:
        found = the_meeting(desk, meeting)
        if whether == "on":
            process_again(desk, found.id)
            out(f"processed      {found.id}  {short(found.title)}")
        else:
            gone = leave_alone(desk, found.id)
            out(f"not processed  {found.id}  {short(found.title)}  ({gone} removed)")
