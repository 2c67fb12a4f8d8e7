"""Put a text into a meeting's notes and read it; or print the notes as they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell

if TYPE_CHECKING:
    from gangly_tui.domain.draft import Notes
    from gangly_tui.domain.records import Meeting
    from gangly_tui.flow.desk import Desk


@click.command()
@click.argument("meeting", metavar="[next|MEETING]")
@click.argument("file", required=False, metavar="[FILE|-]")
@as_json
def notes(meeting: str, file: str | None, as_json: bool) -> None:
    """Put FILE (.txt .md .vtt .srt .eml, or - for stdin) into a meeting's notes and print the draft.

    The text is saved before anything else is attempted, then read, then its cards are laid out; without the CRM they
    stand on what is stored here, and its values are read again before anything is sent. Nothing is ever written over:
    a file is kept beside what you typed, speech (.vtt .srt) as the transcript, another text under a name that is
    taken with a number. Without FILE the text that changed last is printed.

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
        kept = capture.keep_file(desk, about.id, file if file != "-" else "standard input", text)
        where = f"{short(about.title)}, {about.start:%Y-%m-%d %H:%M}"
        tell(f"saved {len(text):,} characters to {where} as {short(kept.source.removeprefix('import:'))}")
        _read(desk, about, kept, as_json=as_json)


def _print(kept: Notes, *, as_json: bool) -> None:
    if as_json:
        out_json(kept)
    elif kept.text:
        out(kept.text)
    else:
        tell("no notes yet")


def _read(desk: Desk, about: Meeting, kept: Notes, *, as_json: bool) -> None:
    """Draft, print, then lay out the cards: whatever goes wrong with the cards, the draft is out."""
    import asyncio

    from gangly_tui.commands.cards import card_json
    from gangly_tui.commands.draft_json import draft_json, draft_text
    from gangly_tui.domain.errors import GanglyError, ModelError, Unreachable
    from gangly_tui.flow import capture
    from gangly_tui.flow.read_again import read_again

    away: list[Unreachable] = []
    context = capture.context_for(desk, about.id)
    draft = capture.read(desk.drafter, kept.text, context)
    if desk.model is not None:
        try:
            second = asyncio.run(read_again(desk, kept.text, context, draft, say=tell))
        except ModelError as error:
            tell(f"{error}: the built-in reading stands")
        else:
            draft = second.draft
            tell(f"{desk.model.host}: {second.words}")
    if not as_json:
        out(draft_text(draft))
    try:
        cards = asyncio.run(capture.propose(desk, kept, draft, away=away.append))
    except GanglyError:
        if as_json:
            out_json({"meeting": about.id, "draft": draft_json(draft, kept.source), "cards": None})
        raise
    if as_json:
        made = [card_json(each) for each in cards]
        drafted = draft_json(draft, kept.source)
        out_json({"meeting": about.id, "draft": drafted, "cards": made, "fresh": not away})
    for each in away:
        tell(f"{each}: drafted on what is stored here; the CRM is read again before anything is sent")
    tell(f"{len(cards)} to review: gangly review --meeting {about.id}" if cards else "nothing to write: no cards")
