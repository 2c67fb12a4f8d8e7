"""The trail: show it, hand it to somebody, prove one entry of it, sign its head, close a year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gangly_tui.commands.audit_verify import verify
from gangly_tui.commands.console import as_json, out, out_json, short, tell
from gangly_tui.domain.draft import spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from gangly_tui.domain.audit import AuditEntry
    from gangly_tui.store.database import Connection


@click.group()
def audit() -> None:
    """Every decision and every write: who, when, before, after, from which words.

    The trail is tamper-evident: a changed, removed or added entry shows, to anybody who has a head of it from before.
    Heads travel with every CRM write, and to the witness that config.toml names under [trail].

    \b
    Example:
      gangly audit show --limit 20
      gangly audit verify
      gangly audit export > trail.jsonl
    """


audit.add_command(verify)


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
        lines.append(f"       “{short(spoken(entry.quote), 160)}”")
    lines += [f"       {short(each, 160)}" for each in (entry.detail, entry.refers) if each]
    return "\n".join(lines)


def _value(value: str | bool | int | list[str] | None) -> str:
    if value is None or value == "":
        return "(empty)"
    return ", ".join(value) if isinstance(value, list) else str(value)


@audit.command()
@click.option("--csv", "form", flag_value="csv", help="Comma-separated; cells cannot start a formula.")
@click.option("--jsonl", "form", flag_value="jsonl", default="jsonl", help="One JSON object a line (the default).")
@click.option("--sealed", is_flag=True, help="Without the values: who, when and what kind, and all proofs.")
def export(form: str, sealed: bool) -> None:
    """Print the whole trail, oldest first.

    JSONL begins with the public key and the signed heads; each entry has its proof, and its values with the salts that
    tie them to it. `gangly audit verify FILE --key KEY` checks it anywhere, without this store. CSV is for reading.

    \b
    Examples:
      gangly audit export > trail.jsonl
      gangly audit export --sealed > proofs.jsonl
      gangly audit export --csv > trail.csv
    """
    from gangly_tui.bootstrap import store_at_hand
    from gangly_tui.store import trail

    if sealed and form == "csv":
        raise click.UsageError("--sealed goes with --jsonl: a CSV has no proofs")
    with store_at_hand() as db:
        lines = trail.export_csv(db) if form == "csv" else trail.export_jsonl(db, sealed=sealed, seed=_key(db))
        for line in lines:
            click.echo(line.rstrip("\r\n"))


@audit.command()
@click.argument("entry", metavar="ID")
@as_json
def prove(entry: str, as_json: bool) -> None:
    """Print a proof that an entry is in the trail, for somebody who does not have the trail.

    ID is the number of an entry, or the id of a card, which means its newest entry. The proof is a C2SP tlog-proof:
    any tool that knows the format checks it against the public key; so does `gangly audit verify`. The entry itself
    is in it, with commitments in place of values.

    \b
    Example:
      gangly audit prove 12 > 12.tlog-proof
      gangly audit verify 12.tlog-proof --key "$(gangly audit checkpoint --key)"
    """
    from gangly_tui.bootstrap import store_at_hand
    from gangly_tui.store import trail

    with store_at_hand() as db:
        _sign(db)
        proof, found = trail.prove(db, _number(db, entry))
    if as_json:
        out_json({"proof": proof, "entry": found})
        return
    click.echo(proof, nl=False)
    tell(f"entry {found.seq}: {found.kind.value}, {short(found.target_name, 60)}, {found.at:%Y-%m-%d %H:%M}")


def _number(db: Connection, entry: str) -> int:
    from gangly_tui.domain.errors import InputError
    from gangly_tui.store import trail

    if entry.isdecimal() and len(entry) < 10:
        return int(entry)
    found = trail.entries(db, op_id=entry, newest_first=True, limit=1)
    if not found:
        raise InputError(f"the trail has no entry of {short(entry, 40)!r}", fix="gangly audit show lists them")
    return found[0].seq


@audit.command()
@click.option("--key", "only_key", is_flag=True, help="Print the public key alone: what an auditor needs.")
@as_json
def checkpoint(only_key: bool, as_json: bool) -> None:
    """Sign the head of the trail, leave it with the witness, and print it.

    The head is a C2SP checkpoint: a few lines that fix every entry so far. Keep one anywhere this machine cannot
    reach, and `gangly audit verify --witness FILE` will tell whether the trail still begins with the same entries.

    \b
    Examples:
      gangly audit checkpoint >> ~/heads.txt
      gangly audit checkpoint --key > trail.pub
    """
    from gangly_tui.bootstrap import store_at_hand
    from gangly_tui.domain.errors import InputError
    from gangly_tui.store import trail

    with store_at_hand() as db:
        note = _sign(db)
        if note is None:
            raise InputError("the trail has no entry yet, so there is nothing to sign")
        key = trail.key_of(db).text()
    if as_json:
        out_json({"checkpoint": note, "key": key})
    elif only_key:
        out(key)
    else:
        click.echo(note)
        tell(f"public key: {key}")


def _sign(db: Connection) -> str | None:
    """The newest head, signed, also left with the witness; a witness that fails is said and stops nothing."""
    from gangly_tui.config import load_config
    from gangly_tui.domain.errors import StoreError
    from gangly_tui.store import trail
    from gangly_tui.store.witness import append_head

    note = trail.last_note(db) if db.read_only else trail.sign_head(db, _key(db))
    witness = load_config().witness
    if note is not None and witness is not None:
        try:
            append_head(witness, note)
        except StoreError as error:
            tell(f"gangly: {error}" + (f"; {error.fix}" if error.fix else ""))
    return note


@audit.command()
@as_json
def freeze(as_json: bool) -> None:
    """Close the log under a last signed head, and begin the next one with that head.

    This happens by itself with the first session of a new year. Nothing is moved or removed: closed logs stay in the
    store, are shown, exported and verified with the rest. There is no way to prune.

    \b
    Example:
      gangly audit freeze
    """
    from datetime import datetime

    from gangly_tui.bootstrap import store_at_hand
    from gangly_tui.config import load_config
    from gangly_tui.settings_checks import zone
    from gangly_tui.store import trail

    config = load_config()
    with store_at_hand() as db:
        at = datetime.now(zone(config.timezone))
        opened = trail.freeze(db, at=at, user=config.user_email or config.user_name or _login(), seed=_key(db))
        _sign(db)
    if as_json:
        out_json(opened)
    else:
        out(f"closed at {opened.refers}; entry {opened.seq} opens {opened.log}")


def _key(db: Connection) -> Callable[[], bytes] | None:
    """What gives the key that signs, where the store does not hold it."""
    from gangly_tui.config import load_config
    from gangly_tui.profiles import profile_of, signing_key

    return signing_key(profile_of(load_config()), db)


def _login() -> str:
    from getpass import getuser

    return getuser()
