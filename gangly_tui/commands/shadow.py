"""gangly shadow: what would have been written, while nothing is."""

from __future__ import annotations

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell


@click.group()
def shadow() -> None:
    """Shadow mode: everything but the sending, until somebody has read what would have been written.

    \b
    1. gangly hierarchy show --own, and in that file: mode = "shadow"
    2. work as usual for two weeks; approvals are kept, nothing is sent
    3. gangly shadow report --days 14, then: mode = "live"
    """


@shadow.command()
@click.option("--days", type=click.IntRange(1, 365), default=14, show_default=True, help="How far back to count.")
@as_json
def report(days: int, as_json: bool) -> None:
    """Count what would have been written, what was rejected, and which duplicates were blocked.

    \b
    Example:
      gangly shadow report --days 14
    """
    from datetime import timedelta

    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.domain.hierarchy import Mode
    from gangly_tui.flow.shadow import shadow_report

    with desk_at_hand() as desk:
        found = shadow_report(desk, desk.now() - timedelta(days=days))
        live = desk.hierarchy.mode is Mode.LIVE
    share = found.accepted_unchanged
    if as_json:
        out_json({**{name: getattr(found, name) for name in found.__slots__}, "accepted_unchanged": share})
        return
    out(f"in the last {days} days gangly would have written {found.would_write:,}")
    out(f"  {found.edited:,} of them after an edit")
    out(f"you rejected {found.rejected:,}; {found.undecided:,} are not decided yet")
    out(f"{found.duplicates_blocked:,} duplicates blocked")
    if share is not None:
        out(f"{share:.0%} of what was decided was taken as it was")
    for what, count in found.fields:
        out(f"  {count:>5,}  {short(what, 60)}")
    if live:
        tell("the page says live: approvals are sent now")
    elif not found.would_write:
        tell("nothing was approved yet: work as usual, then look again")
    else:
        tell('to send from now on: mode = "live" in hierarchy.toml; what was only shadowed stays unsent')
