"""Put a text into a meeting's notes and read it; or print the notes as they stand."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell

if TYPE_CHECKING:
    from gangly_tui.domain.draft import Notes
    from gangly_tui.domain.records import Meeting
    from gangly_tui.flow.desk import Desk

_SPEECH = frozenset({".vtt", ".srt"})
_NAME_LIMIT = 80


@click.command()
@click.argument("meeting", metavar="[next|MEETING]")
@click.argument("file", required=False, metavar="[FILE|-]")
@as_json
def notes(meeting: str, file: str | None, as_json: bool) -> None:
    """Put FILE (.txt .md .vtt .srt, or - for stdin) into a meeting's notes and print the draft.

    The text is saved before anything else is attempted. What you typed yourself stays: a file is kept beside it, and
    the same file name replaces itself. Without FILE the notes are printed as they stand.

    \b
    Examples:
      gangly notes next call.vtt
      gangly notes "Acme" --json
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.naming import the_meeting
    from gangly_tui.commands.text_input import text_of
    from gangly_tui.flow import capture

    text = text_of(file) if file is not None else ""
    with desk_at_hand() as desk:
        about = the_meeting(desk, meeting)
        if file is None:
            _print(capture.open_notes(desk, about.id), as_json=as_json)
            return
        kept = _as_notes(desk, about, file, text)
        capture.autosave(desk, kept)
        tell(f"saved {len(text):,} characters to {short(about.title)}, {about.start:%Y-%m-%d %H:%M}")
        _read(desk, about, kept, as_json=as_json)


def _print(kept: Notes, *, as_json: bool) -> None:
    if as_json:
        out_json(kept)
    elif kept.text:
        out(kept.text)
    else:
        tell("no notes yet")


def _as_notes(desk: Desk, about: Meeting, file: str, text: str) -> Notes:
    from gangly_tui.domain.draft import Notes

    name = PurePath(file).name[:_NAME_LIMIT] if file != "-" else "standard input"
    speech = PurePath(file).suffix.lower() in _SPEECH
    source = "transcript" if speech else f"import:{name}"
    return Notes(id=f"{about.id}/{source}", meeting_id=about.id, text=text, updated_at=desk.now(), source=source)


def _read(desk: Desk, about: Meeting, kept: Notes, *, as_json: bool) -> None:
    """Draft, print, then lay out the cards: an unreachable CRM costs the cards, not the draft."""
    import asyncio

    from gangly_tui.commands.cards import card_json
    from gangly_tui.commands.draft_json import draft_json, draft_text
    from gangly_tui.domain.errors import GanglyError
    from gangly_tui.flow import capture

    draft = capture.read(desk.drafter, kept.text, capture.context_for(desk, about.id))
    if not as_json:
        out(draft_text(draft))
    try:
        cards = asyncio.run(capture.propose(desk, kept, draft))
    except GanglyError:
        if as_json:
            out_json({"meeting": about.id, "draft": draft_json(draft, kept.source), "cards": None})
        raise
    if as_json:
        made = [card_json(each) for each in cards]
        out_json({"meeting": about.id, "draft": draft_json(draft, kept.source), "cards": made})
    tell(f"{len(cards)} to review: gangly review --meeting {about.id}" if cards else "nothing to write: no cards")
