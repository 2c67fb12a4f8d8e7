"""gangly signals: what happened beside the calls, worked, put off or dismissed; usage and intent from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell
from gangly_tui.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gangly_tui.domain.signal_import import Refused
    from gangly_tui.domain.signals import Signal
    from gangly_tui.flow.desk import Desk

_SHOWN = 20


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def signals(ctx: click.Context, as_json: bool) -> None:
    """What asks for a next step: a meeting that moved, a reply after silence, a stalled deal, a drop in usage.

    They come with every pull and never leave this machine. `work` lays out the cards of the first play in plays.toml
    that fits: a task, and a mail into your drafts. Only the play's words go out, and only what you approve.

    \b
    Examples:
      gangly signals
      gangly signals work 6471
      gangly signals dismiss 6471 --reason "the deal is lost"
      gangly signals import usage.csv
    """
    if ctx.invoked_subcommand is None:
        _list(as_json)
    elif as_json:
        raise click.UsageError(f"say it behind the verb: gangly signals {ctx.invoked_subcommand} --json")


@signals.command("list")
@as_json
def list_(as_json: bool) -> None:
    """Print the open signals, newest first. The id's first letters are enough for the other verbs.

    \b
    Example:
      gangly signals list --json
    """
    _list(as_json)


def _list(as_json: bool) -> None:
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.flow.signals import waiting
    from gangly_tui.store.signals import count_put_off

    with desk_at_hand() as desk:
        found = waiting(desk)
        later = count_put_off(desk.db, desk.now())
        if as_json:
            out_json(found)
        else:
            for each in found:
                for line in _lines(desk, each):
                    out(line)
    put_off = f", {later} put off" if later else ""
    tell((f"{len(found)} open" if found else "no signal waits") + put_off)


def _lines(desk: Desk, each: Signal) -> list[str]:
    at = each.at.astimezone(desk.settings.timezone)
    lines = [f"{each.id[:8]}  {at:%d %b}  {each.kind.value:<19}  {short(each.title, 90)}"]
    return [*lines, f"{'':<38}{short(each.detail, 160)}"] if each.detail else lines


@signals.command()
@click.argument("id_", metavar="ID")
@as_json
def work(id_: str, as_json: bool) -> None:
    """Turn a signal into cards, by the first play that fits. They wait in Review like any other; nothing is sent.

    \b
    Example:
      gangly signals work 6471
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.cards import card_json, card_text
    from gangly_tui.flow.work_signal import work as lay_out
    from gangly_tui.store.decisions import proposal_state

    with desk_at_hand() as desk:
        cards = lay_out(desk, id_)
        if as_json:
            out_json([card_json(each, proposal_state(desk.db, each.id)) for each in cards])
            return
        for each in cards:
            out(card_text(each))
            out()
    tell(f"{len(cards)} to review: gangly review, then gangly approve ID")


@signals.command()
@click.argument("id_", metavar="ID")
@click.option("--reason", default="", help="Why; it stays with the signal on this machine.")
def dismiss(id_: str, reason: str) -> None:
    """Want none of a signal. It does not come back.

    \b
    Example:
      gangly signals dismiss 6471 --reason "already spoke to her"
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.flow.signals import dismiss as put_away

    with desk_at_hand() as desk:
        out(f"dismissed: {short(put_away(desk, id_, reason).title)}")


@signals.command()
@click.argument("id_", metavar="ID")
@click.option("--days", type=click.IntRange(1, 90), default=1, show_default=True, help="In how many days it is back.")
def snooze(id_: str, days: int) -> None:
    """Put a signal off; it is back in the morning.

    \b
    Example:
      gangly signals snooze 6471 --days 7
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.flow.signals import snooze as put_off

    with desk_at_hand() as desk:
        out(f"back on {put_off(desk, id_, days):%a %d %b %Y}")


@signals.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def import_(file: Path, as_json: bool) -> None:
    """Bring in usage or intent from a file that another system exported. Refused lines are listed with the reason.

    A CSV has a first line that names account or email, kind, title, at, and detail if there is one; a JSON file is a
    list of objects with these names. `account` is the company's domain, `kind` is usage or intent.

    \b
    gangly signals import usage.csv

    \b
    account,kind,title,detail,at
    acme.example,usage,Logins halved,from 41 to 19 a week,2026-11-23
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.domain.signal_import import MAX_BYTES, read_given
    from gangly_tui.flow.signals import take_in

    if file.stat().st_size > MAX_BYTES:
        raise InputError(f"{file.name} has more than {MAX_BYTES // 1024 // 1024} MiB", fix="split it")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file.name} is not UTF-8 text", fix="export it as UTF-8") from error
    with desk_at_hand() as desk:
        given, refused = read_given(text, file.name, now=desk.now(), zone=desk.settings.timezone)
        new, unfit = take_in(desk, given)
    left_out = sorted([*refused, *unfit], key=lambda each: each.line)
    if as_json:
        out_json({"new": new, "known": len(given) - len(unfit) - new, "refused": left_out})
    else:
        out(f"{new:,} new" + (f", {len(given) - len(unfit) - new:,} known already" if given else ""))
        _tell_refused(left_out)
    if left_out and len(left_out) >= len(given) + len(refused):
        raise SystemExit(1)


def _tell_refused(refused: Sequence[Refused]) -> None:
    if refused:
        out(f"{len(refused):,} refused:")
    for each in refused[:_SHOWN]:
        out(f"  line {each.line}: {short(each.why, 160)}")
    if len(refused) > _SHOWN:
        out(f"  and {len(refused) - _SHOWN:,} more: --json lists them all")


@signals.command()
@click.option("--own", is_flag=True, help="Copy the page to your own place, to be edited there.")
@as_json
def plays(own: bool, as_json: bool) -> None:
    """Print the plays: which signal asks for which step. Your own plays.toml beside config.toml wins over ours.

    \b
    Example:
      gangly signals plays --own
    """
    from gangly_tui.profiles import own_plays, plays_page

    if own:
        out(str(own_plays()))
        tell("edit it, then: gangly signals plays")
        return
    page = plays_page()
    if as_json:
        out_json(page)
        return
    for each in page:
        wants = [
            *([f"from {each.min_amount:,}"] if each.min_amount is not None else []),
            *([f"in {', '.join(each.stages)}"] if each.stages else []),
            *([f"after {each.silence_days} days"] if each.silence_days else []),
        ]
        out(f"{each.on.value:<19}  {short(each.name, 60)}" + (f"  ({'; '.join(wants)})" if wants else ""))
        mail = "; and a mail" if each.body else ""
        out(f"{'':<21}{short(each.step, 120)}, due in {each.due_days} d{mail}")


@signals.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; any free one without it.")
@click.option("--token-fd", type=click.IntRange(0), metavar="N", help="Read the token from this descriptor.")
def listen(port: int, token_fd: int | None) -> None:
    """Take usage and intent from programs on this machine, until ctrl+c. Nothing else can reach it.

    It listens on 127.0.0.1 alone and asks for a token, printed once; with --token-fd it is yours and is not printed.

    \b
    gangly signals listen --port 8787
    curl -H "Authorization: Bearer TOKEN" --json '{"account": "acme.example", "kind": "usage",
      "title": "Logins halved", "at": "2026-11-23"}' http://127.0.0.1:8787/signals
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.signal_listen import read_token, serve

    token = read_token(token_fd)
    with desk_at_hand() as desk:
        serve(desk, port, token, show_token=token_fd is None)
