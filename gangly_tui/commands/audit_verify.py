"""Checking the trail: in the store, against a witness or the CRM, or as a file with the public key alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gangly_tui.commands.console import as_json, out, out_json, tell
from gangly_tui.domain.errors import GanglyError, InputError, TrailBroken

if TYPE_CHECKING:
    from gangly_tui.domain.checkpoint import Checkpoint, PublicKey
    from gangly_tui.domain.export_check import Checked
    from gangly_tui.domain.ports import RecordReader
    from gangly_tui.store.database import Connection

CRM = "crm"
_MANY = 1_000
"""Records from which on the reading is told of."""


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@click.option("--key", default="", help="The public key the heads must be signed by, or its file.")
@click.option("--witness", default="", metavar="[FILE|crm]", help="Also hold it against heads seen elsewhere.")
@click.option("--quick", is_flag=True, help="Do not open every sealed value: the tree alone.")
@as_json
def verify(file: Path | None, key: str, witness: str, quick: bool, as_json: bool) -> None:
    """Check every entry. Exit code 3 when one is missing, altered or out of order.

    Alone it checks the store: each entry, the tree, the signed heads, the keys, each sealed value. Somebody who has
    the store and its key could rewrite all of that; --witness finds it, by heads that left this machine: a FILE or
    folder (that of config.toml when it is "config"), or what the writes to the CRM carry.

    With FILE, an export or a proof, it needs no store: only the public key of the trail it came from.

    \b
    Examples:
      gangly audit verify
      gangly audit verify --witness ~/team/heads
      gangly audit verify --witness crm
      gangly audit verify trail.jsonl --key trail.pub
    """
    try:
        told = _file(file, key) if file is not None else _store(witness, key, quick=quick)
    except TrailBroken as error:
        if as_json:
            out_json({"ok": False, "seq": error.seq, "reason": str(error)})
        raise
    if as_json:
        out_json({"ok": True, **told})
        return
    rest = "".join(f", {told[name]:,} {words}" for name, words in _WORDS.items() if told.get(name))
    out(f"ok  {told['entries']:,} entries{rest}, head {told['head']}")


_WORDS = {
    "heads": "heads seen elsewhere fit",
    "opened": "with their values",
    "closed": "without",
}


def _store(witness: str, key: str, *, quick: bool) -> dict[str, Any]:
    from gangly_tui.bootstrap import desk_at_hand, store_at_hand

    if witness == CRM:
        import asyncio

        with desk_at_hand() as desk:
            told = _check(desk.db, key, quick=quick)
            return told | {"heads": _against_crm(desk.db, asyncio.run(_seen_by(desk.reader)))}
    with store_at_hand() as db:
        told = _check(db, key, quick=quick)
        return told | ({"heads": _against_file(db, witness)} if witness else {})


def _check(db: Connection, key: str, *, quick: bool) -> dict[str, Any]:
    from gangly_tui.store import trail

    if key and trail.key_of(db) != _public_key(key):
        raise TrailBroken("the trail is signed by another key than this", seq=0, fix="compare it with an older export")
    db.execute("BEGIN")  # one moment of the store, whatever another window writes meanwhile
    try:
        count, head = trail.verify_trail(db, values=not quick)
    finally:
        db.execute("ROLLBACK")
    return {"entries": count, "head": head}


def _against_file(db: Connection, witness: str) -> int:
    from gangly_tui.config import load_config
    from gangly_tui.store import trail
    from gangly_tui.store.witness import read_heads

    path = load_config().witness if witness == "config" else Path(witness).expanduser()
    if path is None:
        raise InputError("config.toml names no witness", fix="name a file: gangly audit verify --witness FILE")
    notes = read_heads(path)
    fitting = trail.compare_notes(db, notes, "the witness") if trail.last_note(db) or notes else 0
    if not fitting and trail.head(db)[0]:
        raise TrailBroken(
            "the witness knows no head of this trail", seq=0, fix="gangly audit checkpoint leaves the first one there"
        )
    return fitting


async def _seen_by(reader: RecordReader) -> list[Checkpoint]:
    """The heads in everything the CRM holds, fresh from the CRM itself."""
    from gangly_tui.domain.checkpoint import heads_in

    heads: list[Checkpoint] = []
    seen = 0
    async for page in reader.changes(""):
        for record in page.records:
            for value in record.fields.values():
                if isinstance(value, str) and "gangly/" in value:
                    heads += heads_in(value)
        seen += len(page.records)
        if page.total and page.total > _MANY:
            tell(f"{len(heads):,} heads in {seen:,} of {page.total:,} records")
    return heads


def _against_crm(db: Connection, heads: list[Checkpoint]) -> int:
    from gangly_tui.store import trail

    fitting = trail.compare_heads(db, heads, "the CRM")
    if not fitting:
        raise GanglyError("the CRM holds no head of this trail", fix="heads come with the first activity that is sent")
    return fitting


def _file(file: Path, key: str) -> dict[str, Any]:
    from gangly_tui.domain.export_check import check_file

    if not key:
        raise InputError(
            "a file is checked against a public key that came another way",
            fix="gangly audit checkpoint --key prints it, where the trail is",
        )
    try:
        with file.open(encoding="utf-8", newline="\n") as lines:
            checked: Checked = check_file(lines, _public_key(key))
    except UnicodeDecodeError as error:
        raise TrailBroken(f"{file} is not UTF-8 text, so it was altered", seq=0) from error
    if checked.body:
        tell(checked.body)
    return {
        "entries": checked.entries,
        "opened": checked.opened,
        "closed": checked.closed,
        "head": checked.heads[-1].line() if checked.heads else "",
    }


def _public_key(given: str) -> PublicKey:
    """The key itself, or the one in the file of this name."""
    from gangly_tui.domain.checkpoint import PublicKey

    if "+" in given:
        return PublicKey.parse(given)
    try:
        return PublicKey.parse(Path(given).expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the key {given} cannot be read", fix="name the file, or give the key itself") from error
