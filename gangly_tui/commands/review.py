"""List the cards that wait for a decision."""

from __future__ import annotations

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell


@click.command()
@click.option("--meeting", help="Only the cards of this meeting (id, part of the title, or next).")
@as_json
def review(meeting: str | None, as_json: bool) -> None:
    """List the cards that wait for you, each with its id and digest.

    \b
    Example:
      gangly review
      gangly review --json | jq -r '.[] | select(.risk == "low") | .id'
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.cards import card_json, card_text
    from gangly_tui.commands.naming import the_meeting
    from gangly_tui.flow.decide import queue
    from gangly_tui.store import decisions, engagement
    from gangly_tui.store.signals import call_title

    with desk_at_hand() as desk:
        cards = queue(desk, the_meeting(desk, meeting).id if meeting else None)
        if as_json:
            out_json([card_json(each, decisions.proposal_state(desk.db, each.id)) for each in cards])
            return
        last = ""
        for card in cards:
            if card.meeting_id != last:
                last = card.meeting_id
                about = engagement.get_meeting(desk.db, last)
                out(
                    f"{about.start:%a %d %b %Y %H:%M}  {short(about.title)}"
                    if about
                    else short(call_title(desk.db, last) or last)
                )
                out()
            out(card_text(card))
            out()
        tell(f"{len(cards)} to review" if cards else "nothing waits for you")
