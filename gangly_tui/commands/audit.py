"""The trail: show it, prove that it was not touched, hand it to somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell

if TYPE_CHECKING:
    from gangly_tui.domain.audit import AuditEntry


@click.group()
def audit() -> None:
    """Every decision and every write: who, when, before, after, from which words.

    \b
    Example:
      gangly audit show --limit 20
      gangly audit verify
    """


@audit.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="How many entries, newest first.")
@click.option("--text", default="", help="Only entries that hold this text.")
@click.option("--card", default="", help="Only the entries of this card (its whole id).")
@as_json
def show(limit: int, text: str, card: str, as_json: bool) -> None:
    """Print the newest entries.

    \b
    Example:
      gangly audit show --text Acme --json
    """
    from gangly_tui.bootstrap import store_at_hand
    from gangly_tui.store import trail

    with store_at_hand() as db:
        found = trail.entries(db, limit=limit, newest_first=True, text=text, op_id=card)
    if as_json:
        out_json(found)
        return
    for each in found:
        out(_entry(each))
    if not found:
        tell("no entries")


def _entry(entry: AuditEntry) -> str:
    lines = [
        f"{entry.seq:>5}  {entry.at:%Y-%m-%d %H:%M:%S}  {entry.kind.value:<11} {short(entry.user, 40)}  "
        f"{short(entry.target_name, 60)}  [{short(entry.source, 40)} → {entry.system}]"
    ]
    lines += [
        f"       {change.field}: {short(_value(change.before), 80)} → {short(_value(change.after), 120)}"
        for change in entry.changes
    ]
    if entry.quote:
        lines.append(f"       “{short(entry.quote, 160)}”")
    if entry.detail:
        lines.append(f"       {short(entry.detail, 160)}")
    return "\n".join(lines)


def _value(value: str | bool | int | list[str] | None) -> str:
    if value is None or value == "":
        return "(empty)"
    return ", ".join(value) if isinstance(value, list) else str(value)


@audit.command()
@as_json
def verify(as_json: bool) -> None:
    """Walk the whole chain. Exit code 3 when an entry is missing, altered or out of order.

    \b
    Example:
      gangly audit verify
    """
    from gangly_tui.bootstrap import store_at_hand
    from gangly_tui.domain.errors import TrailBroken
    from gangly_tui.store import trail

    with store_at_hand() as db:
        try:
            count, head = trail.verify_trail(db)
        except TrailBroken as error:
            if as_json:
                out_json({"ok": False, "seq": error.seq, "reason": str(error)})
            raise
    if as_json:
        out_json({"ok": True, "entries": count, "head": head})
    else:
        out(f"ok  {count:,} entries, head {head}")


@audit.command()
@click.option("--csv", "form", flag_value="csv", help="Comma-separated; cells cannot start a formula.")
@click.option("--jsonl", "form", flag_value="jsonl", default="jsonl", help="One JSON object a line (the default).")
def export(form: str) -> None:
    """Print the whole trail, oldest first.

    \b
    Example:
      gangly audit export --csv > trail.csv
    """
    from gangly_tui.bootstrap import store_at_hand
    from gangly_tui.store import trail

    with store_at_hand() as db:
        lines = trail.export_csv(db) if form == "csv" else trail.export_jsonl(db)
        for line in lines:
            click.echo(line.rstrip("\r\n"))
