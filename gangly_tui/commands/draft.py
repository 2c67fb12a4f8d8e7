"""Read any call text into a draft: no meeting, no CRM, no store, no configuration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import out, out_json, short, tell
from gangly_tui.commands.draft_json import SCHEMA
from gangly_tui.domain.errors import GanglyError, InputError

if TYPE_CHECKING:
    from gangly_tui.domain.draft import Draft

_EPILOG = "\b\nJSON schema, one object for each file:\n" + SCHEMA
_NOON = 12


@click.command(epilog=_EPILOG)
@click.argument("files", metavar="FILE...|-", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line; its schema is below.")
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day of the call; else the file's own header."
)
@click.option(
    "--rep", default="", help="The rep's name in the text, so that their words are not taken for the buyer's."
)
@click.option("--explain", is_flag=True, help="Also print how each value was read and what was refused, and why.")
def draft(files: Sequence[str], as_json: bool, day: datetime | None, rep: str, explain: bool) -> None:
    """Read transcripts, notes or mails (.txt .md .vtt .srt .eml; - for stdin) and print what was said.

    Works on this machine alone, without network, meeting or CRM, and keeps nothing. Every value carries its verbatim
    quote; a value without one is dropped.

    \b
    Examples:
      gangly draft call.vtt
      gangly draft calls/*.md --json --date 2026-09-23 --rep "Robin Vale" > drafts.jsonl
      pbpaste | gangly draft - --explain
    """
    failed = 0
    for number, file in enumerate(files):
        try:
            made = _draft(file, day, rep)
        except GanglyError as error:
            failed += 1
            tell(str(error) + (f" (try: {error.fix})" if error.fix else ""))
            continue
        if as_json:
            from gangly_tui.commands.draft_json import draft_json

            out_json(draft_json(made, file))
            continue
        from gangly_tui.commands.draft_json import draft_text

        if len(files) > 1:
            out(("\n" if number else "") + f"== {short(file, 200)} ==")
        out(draft_text(made, explain=explain))
    if failed:
        raise InputError(f"{failed} of {len(files)} could not be read")


def _draft(file: str, day: datetime | None, rep: str) -> Draft:
    from dataclasses import replace

    from gangly_tui.commands.text_input import text_of
    from gangly_tui.domain.draft import ReadingContext, Side
    from gangly_tui.intelligence.offline.drafter import OfflineDrafter, read_context
    from gangly_tui.machine_zone import machine_zone

    text = text_of(file)
    now = datetime.now(machine_zone())
    context = read_context(text, ReadingContext(anchor=now, rep_name=rep))
    if day is not None:
        context = replace(context, anchor=day.replace(hour=_NOON, tzinfo=now.tzinfo))
    elif context.anchor == now:
        tell(f"{short(file, 200)}: no date in it, so days count from today, {now:%Y-%m-%d} (--date sets another)")
    made = OfflineDrafter().draft(text, context)
    unsure = {each.evidence.speaker for each in made.next_steps if each.evidence.side is Side.UNKNOWN} - {""}
    if unsure and not context.rep_name:
        names = ", ".join(short(name, 40) for name in sorted(unsure))
        tell(f"{short(file, 200)}: nothing tells whether {names} sells or buys, so less is read (--rep NAME says it)")
    return made
