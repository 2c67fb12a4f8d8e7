"""gangly report: what a week came to, from the trail and the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, plain, short, tell

if TYPE_CHECKING:
    from gangly_tui.flow.report import WeekReport


@click.group()
def report() -> None:
    """What your work came to, counted from your own trail and store. Nothing leaves this machine.

    \b
    Example:
      gangly report week --back 1
    """


@report.command()
@click.option("--back", type=click.IntRange(0, 100), default=0, show_default=True, help="Weeks before this one.")
@as_json
def week(back: int, as_json: bool) -> None:
    """Count one week, Monday to Sunday: gap rate before and after, cards, writes, duplicates, time per call.

    Only what was recorded is counted: a number that nobody kept is said to be unknown, never guessed.

    \b
    Examples:
      gangly report week
      gangly report week --back 1 --json | jq '{sent, duplicates_created, accepted_unchanged}'
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.flow.report import week as counted

    with desk_at_hand() as desk:
        found = counted(desk, back)
    if as_json:
        told = ("accepted_unchanged", "seconds_per_call", "seconds_at_cards", "keys_per_call")
        out_json({**plain(found), **{name: getattr(found, name) for name in told}})
        return
    _print(found)


def _print(found: WeekReport) -> None:
    share, seconds = found.accepted_unchanged, found.seconds_per_call
    lines = (
        ("serious gaps", _rates(found)),
        (
            "cards decided",
            f"{found.approved + found.rejected:,}: {found.approved:,} approved, {found.rejected:,} rejected",
        ),
        ("accepted unchanged", "no card was decided" if share is None else f"{share:.0%}, {found.edited:,} edited"),
        ("writes sent", f"{found.sent:,}"),
        ("taken back", f"{found.withdrawn:,} before they left, {found.undone:,} after"),
        ("conflicts", f"{found.conflicts:,}, {found.refused:,} refused by the CRM"),
        ("duplicates created", f"{found.duplicates_created:,} (goal 0)"),
        ("duplicates blocked", f"{found.duplicates_blocked:,}"),
        ("time per call", "no call was finished" if seconds is None else _seconds(seconds, len(found.calls))),
        ("time at its cards", _at_cards(found)),
        ("keys per call", _keys(found)),
    )
    last = found.end.date()
    out(f"week of {found.start:%Y-%m-%d} to {last:%Y-%m-%d}")
    for label, words in lines:
        out(f"  {label:<20} {words}")
    for each in found.calls:
        keys = f"{each.effort.actions:>4} keys" if each.effort else "   - keys"
        out(f"    {each.seconds:>8,.0f} s  {each.cards:>3} cards  {keys}  {short(each.title, 40)}")
    if found.calls:
        tell("time per call runs from its first card to its last decision, pauses included")
    if found.counted:
        tell("keys and clicks are counted in Review alone, as numbers; a pause there counts as a minute at most")


def _rates(found: WeekReport) -> str:
    def told(week: object) -> str:
        from gangly_tui.flow.hygiene import Week

        if not isinstance(week, Week):
            return "not known"
        return f"{week.rate:.0%} ({week.with_gaps} of {week.deals}, {week.gaps} gaps, {week.day})"

    if found.before is None and found.after is None:
        return "not known: no picture of the pipeline was kept"
    return f"{told(found.before)} before, {told(found.after)} after"


def _at_cards(found: WeekReport) -> str:
    seconds = found.seconds_at_cards
    return "not counted" if seconds is None else _seconds(seconds, len(found.counted))


def _keys(found: WeekReport) -> str:
    """What no screen counted is not known: cards that were decided by `gangly approve` took no key here."""
    if found.keys_per_call is None:
        return "not counted: no call was finished in Review"
    of = len(found.counted)
    clicks = sum(each.clicks for each in found.counted)
    told = f"median {found.keys_per_call:,.3g} ({of} call{'s' * (of != 1)}"
    return f"{told}, {clicks:,} click{'s' * (clicks != 1)} among them)" if clicks else f"{told})"


def _seconds(seconds: float, calls: int) -> str:
    return f"{seconds:,.0f} s (median of {calls})"
