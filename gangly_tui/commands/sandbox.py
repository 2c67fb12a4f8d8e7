"""The sandbox CRM's own switches: be a colleague who edits, make it slow, take it offline, fill it, start over."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, plain, short, tell
from gangly_tui.domain.errors import InputError

if TYPE_CHECKING:
    from gangly_tui.connectors.record.sandbox_db import CrmFile
    from gangly_tui.domain.records import Record

_COLLEAGUE = "Priya Raman"
_PAGE = 1000
_LONGEST = 600.0


@click.group()
def sandbox() -> None:
    """The embedded CRM: a real system of record with nobody's real data. A running app sees each change at once.

    \b
    Example, a conflict to try (with a card for that deal on screen):
      gangly sandbox edit "Fenwick - Rollout" close_date 2026-12-18
    """


@sandbox.command()
@click.argument("record", required=False)
@as_json
def show(record: str | None, as_json: bool) -> None:
    """Print the switches and what the CRM holds, or one RECORD with who set each field and when.

    \b
    Examples:
      gangly sandbox show
      gangly sandbox show "Fenwick - Rollout"
    """
    crm = _crm()
    if record is not None:
        _print_record(_named(crm, record), as_json=as_json)
        return
    from gangly_tui.connectors.record.sandbox import switches
    from gangly_tui.connectors.record.sandbox_db import open_crm
    from gangly_tui.domain.records import RECORD_KINDS

    db = open_crm(crm)
    try:
        on = switches(db)
    finally:
        db.close()
    held = _records(crm)
    counts = {kind.value: sum(1 for each in held if each.ref.kind is kind) for kind in RECORD_KINDS}
    if as_json:
        out_json({"file": str(crm), "switches": on, "records": counts})
        return
    out(f"file      {crm}")
    out("switches  " + (", ".join(f"{name} {value}" for name, value in on.items()) or "none: fast and online"))
    for kind in RECORD_KINDS:
        out(f"{kind.label:<9} {counts[kind.value]:,}")


def _print_record(record: Record, *, as_json: bool) -> None:
    from gangly_tui.domain.records import FIELDS
    from gangly_tui.domain.values import show as show_value

    if as_json:
        out_json(record)
        return
    out(f"{record.ref}  version {record.version}  {short(record.title)}")
    types = FIELDS[record.ref.kind]
    for name, value in record.fields.items():
        stamp = record.changed.get(name)
        who = f"   ({short(stamp.by, 60)}, {stamp.at:%Y-%m-%d %H:%M})" if stamp else ""
        out(f"  {name:<18} {short(show_value(value, types[name]), 200)}{who}")


@sandbox.command()
@click.argument("record")
@click.argument("field")
@click.argument("value")
@click.option("--by", default=_COLLEAGUE, show_default=True, help="The colleague who does it.")
@as_json
def edit(record: str, field: str, value: str, by: str, as_json: bool) -> None:
    """Change one FIELD of a RECORD behind gangly's back, as a colleague would in the CRM.

    RECORD is system:kind:id, the beginning of an id, or part of the name.

    \b
    Example:
      gangly sandbox edit "Fenwick - Rollout" close_date 2026-12-18
    """
    from gangly_tui.connectors.record.sandbox import edit as edit_record

    crm = _crm()
    changed = edit_record(crm, _named(crm, record).ref, field, value, by=by)
    if as_json:
        out_json(changed)
    else:
        now = short(str(plain(changed.fields.get(field))))
        out(f"{short(by, 60)} changed {field} of {short(changed.title)} to {now}")


@sandbox.command("import")
@click.argument("kind", type=click.Choice(["accounts", "contacts", "deals"]))
@click.argument("file")
@click.option("--by", default="", help="Who the CRM says did it; you, when nobody is named.")
@as_json
def import_(kind: str, file: str, by: str, as_json: bool) -> None:
    """Import a CSV FILE of accounts, contacts or deals (- is standard input), and say which rows were refused and why.

    The first line names the columns: our names or those of the usual exports ("Company", "Job title", "Close Date");
    others are ignored, and named. Commas, semicolons, tabs or | part the cells. Import accounts first, then contacts
    (found in their account by its name or web domain), then deals (with their contacts by e-mail). A row that is
    already there updates it, so importing a corrected file again is safe. Exit 1 when a row was refused.

    \b
    Examples:
      gangly sandbox import accounts accounts.csv
      gangly sandbox import contacts people.csv --json
      cat deals.csv | gangly sandbox import deals -
    """
    from datetime import datetime

    from gangly_tui.commands.text_input import text_of
    from gangly_tui.connectors.record.sandbox_import import import_csv
    from gangly_tui.domain.records import Kind

    crm = _crm()
    text = text_of(file)
    report = import_csv(
        crm,
        {"accounts": Kind.ACCOUNT, "contacts": Kind.CONTACT, "deals": Kind.OPPORTUNITY}[kind],
        text,
        by=by or _me(),
        at=datetime.now().astimezone(),
        progress=_count_up,
    )
    if as_json:
        out_json(report)
    else:
        out(
            f"{kind}: {report.imported:,} imported, {report.updated:,} updated, {report.unchanged:,} unchanged, "
            f"{len(report.refused):,} refused"
        )
        for row in report.refused:
            out(f"  line {row.line}: {short(row.reason, 200)}" + (f" ({short(row.fix, 200)})" if row.fix else ""))
        if report.ignored:
            out("columns ignored: " + ", ".join(short(each, 40) for each in report.ignored))
    if report.refused:
        raise SystemExit(1)


@sandbox.command()
@click.argument("seconds", type=click.FloatRange(0, _LONGEST))
def slow(seconds: float) -> None:
    """Make every request take SECONDS; 0 makes it fast again.

    \b
    Example:
      gangly sandbox slow 2
    """
    _switch("slow", f"{seconds:g}" if seconds else None)
    tell(f"every request takes {seconds:g} s" if seconds else "fast again")


@sandbox.command()
def offline() -> None:
    """Make the CRM unreachable: approved writes wait in the outbox.

    \b
    Example:
      gangly sandbox offline
    """
    _switch("offline", "1")
    tell("offline; back with: gangly sandbox online")


@sandbox.command()
def online() -> None:
    """Turn every switch off: reachable, fast, lucky.

    \b
    Example:
      gangly sandbox online
    """
    from gangly_tui.connectors.record.sandbox import SWITCHES

    for name in SWITCHES:
        _switch(name, None)
    tell("online")


@sandbox.command("rate-limit")
@click.argument("seconds", type=click.FloatRange(0, _LONGEST))
def rate_limit(seconds: float) -> None:
    """Answer the next request with "wait SECONDS".

    \b
    Example:
      gangly sandbox rate-limit 5
    """
    _switch("rate_limit", f"{seconds:g}")
    tell(f"the next request is told to wait {seconds:g} s")


@sandbox.command("lose-answer")
def lose_answer() -> None:
    """Apply the next write but lose its answer: gangly has to find out by reading back.

    \b
    Example:
      gangly sandbox lose-answer
    """
    _switch("lose_answer", "1")
    tell("the next write is applied, and its answer is lost")


@sandbox.command()
@click.option("--yes", is_flag=True, help="Do not ask. Needed off a terminal.")
def reset(yes: bool) -> None:
    """Start over: a fresh CRM and an empty store. What was there is moved aside, trail included, not deleted.

    Close the app first.

    \b
    Example:
      gangly sandbox reset
    """
    from datetime import datetime

    from gangly_tui.bootstrap import folder, open_desk, sandbox_profile
    from gangly_tui.config import load_config

    config = load_config()
    profile = sandbox_profile(config)
    if not yes:
        if not sys.stdin.isatty():
            raise InputError("off a terminal this needs a clear word", fix="gangly sandbox reset --yes")
        click.confirm("Start over with a fresh sandbox?", abort=True, err=True)
    here = folder(profile)
    if here.exists():
        aside = here.with_name(f"{here.name}.{datetime.now().strftime('%Y%m%d-%H%M%S')}")
        here.rename(aside)
        tell(f"moved aside to {aside}")
    desk = open_desk(config)
    out(desk.label)
    desk.close()


def _crm() -> CrmFile:
    from gangly_tui.bootstrap import crm_at_hand

    return crm_at_hand()


def _count_up(done: int, total: int) -> None:
    """How far a long import is, on one line of a terminal."""
    if total > _PAGE and sys.stderr.isatty():
        click.echo(f"\r{done:,} of {total:,} rows", err=True, nl=done == total)


def _me() -> str:
    """How the CRM names the person at this machine."""
    from gangly_tui.config import load_config

    config = load_config()
    return config.user_email or config.user_name or "CSV import"


def _switch(name: str, value: str | None) -> None:
    from gangly_tui.connectors.record.sandbox import set_switch

    set_switch(_crm(), name, value)


def _records(crm: CrmFile) -> list[Record]:
    """Everything in the CRM, whatever its switches say."""
    from gangly_tui.connectors.record.sandbox_db import open_crm, page_after

    db = open_crm(crm)
    try:
        found: list[Record] = []
        change = 0
        while True:
            records, gone, change = page_after(db, change, _PAGE)
            if not (records or gone):
                return found
            found += records
    finally:
        db.close()


def _named(crm: CrmFile, name: str) -> Record:
    """The record called so. Deals and accounts come before the activities that mention them."""
    from gangly_tui.commands.naming import the_one
    from gangly_tui.domain.records import Kind

    held = _records(crm)
    exact = next((each for each in held if name in (str(each.ref), each.ref.id)), None)
    if exact is not None:
        return exact
    lasting = [each for each in held if each.ref.kind is not Kind.ACTIVITY]
    wanted = name.casefold()
    among = lasting if any(wanted in each.title.casefold() for each in lasting) else held
    return the_one(
        name,
        among,
        what="record",
        key=_id,
        title=lambda each: each.title,
        fix="look for it in the app with /, or name it as system:kind:id",
    )


def _id(record: Record) -> str:
    return record.ref.id
