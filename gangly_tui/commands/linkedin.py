"""`gangly linkedin import`: whom you are connected with, from your own export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell

if TYPE_CHECKING:
    from gangly_tui.connectors.engagement.linkedin import Export
    from gangly_tui.domain.relations import JobChange

_SHOWN = 20


@click.group()
def linkedin() -> None:
    """Relationship context from your own LinkedIn data export. Nothing is ever asked of LinkedIn itself.

    Ask for it at LinkedIn under Settings > Data privacy > Get a copy of your data: Connections, Messages, Invitations.
    The brief then says "connected since 2021" beside an attendee, and o opens the profile. Import a fresh export now
    and then: who has changed the job between two is said.

    \b
    Examples:
      gangly linkedin import ~/Downloads/Basic_LinkedInDataExport_11-25-2026.zip
      gangly linkedin forget
    """


@linkedin.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@as_json
def import_(file: Path, as_json: bool) -> None:
    """Read an export (the zip as LinkedIn gave it); it takes the place of the one before.

    Kept are name, company, position, profile, since when you are connected, and of messages the last day and a line.
    It stays in the store on this machine.

    \b
    Example:
      gangly linkedin import ~/Downloads/Basic_LinkedInDataExport_11-25-2026.zip
    """
    from datetime import datetime

    from gangly_tui.bootstrap import store_at_hand
    from gangly_tui.config import load_config
    from gangly_tui.connectors.engagement.linkedin import read_export
    from gangly_tui.settings_checks import zone
    from gangly_tui.store.relations import save_export

    tell(f"reading {file.name}")
    export = read_export(file.expanduser())
    with store_at_hand() as db:
        changes = save_export(db, export.relations, datetime.now(zone(load_config().timezone)))
    if as_json:
        out_json({**_numbers(export), "job_changes": changes})
        return
    for line in _words(export, changes):
        out(line)


@linkedin.command()
def forget() -> None:
    """Forget the export and the job changes seen by it. The zip itself is yours: remove it where it lies.

    \b
    Example:
      gangly linkedin forget
    """
    from gangly_tui.bootstrap import store_at_hand
    from gangly_tui.store.relations import count_relations, forget_relations

    with store_at_hand() as db:
        there = count_relations(db)
        forget_relations(db)
    out(f"forgotten: {_many(there, 'entry', 'entries')}" if there else "there was nothing to forget")


def _numbers(export: Export) -> dict[str, int]:
    return {
        "connections": export.connections,
        "invitations": export.invitations,
        "messages": export.messages,
        "skipped": export.skipped,
    }


def _words(export: Export, changes: list[JobChange]) -> list[str]:
    """What came in, and what changed since the export before."""
    emails = sum(bool(each.email) for each in export.relations)
    lines = [f"{_many(export.connections, 'connection')}, {emails:,} of them with an e-mail address"]
    if export.invitations:
        lines.append(f"{_many(export.invitations, 'open invitation')}")
    if export.messages:
        lines.append(f"{_many(export.messages, 'message')} read: the last day and a line with each person is kept")
    if export.lacks:
        lines.append(f"not in this export: {', '.join(export.lacks)}")
    if export.skipped:
        lines.append(f"{_many(export.skipped, 'row')} left out, without a name")
    if changes:
        lines.append(f"{_many(len(changes), 'job change')} since the export before:")
        lines += [f"  {_change(each)}" for each in changes[:_SHOWN]]
        if len(changes) > _SHOWN:
            lines.append(f"  and {len(changes) - _SHOWN:,} more")
    return lines


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def _change(each: JobChange) -> str:
    before = " at ".join(filter(None, (short(each.position_before, 60), short(each.company_before, 60))))
    now = " at ".join(filter(None, (short(each.position, 60), short(each.company, 60))))
    return f"{short(each.name, 60)}: {before}, now {now}"
