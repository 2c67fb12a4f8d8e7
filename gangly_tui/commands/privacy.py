"""gangly export and gangly erase: what is kept about a person, handed out or gone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, plain, short, tell
from gangly_tui.domain.errors import InputError

if TYPE_CHECKING:
    from gangly_tui.flow.privacy import Holdings


@click.command()
@click.argument("person", metavar="PERSON")
@click.option("--file", "path", type=click.Path(dir_okay=False, path_type=Path), help="Write it all as JSON to FILE.")
@as_json
def export(person: str, path: Path | None, as_json: bool) -> None:
    """Hand out what is kept about a person, for an access request. PERSON is an e-mail address or a full name.

    Without --file or --json the counts are printed. The file holds personal data in clear.

    \b
    Example:
      gangly export ada@acme.de --file ada.json
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.flow.privacy import holdings

    with desk_at_hand() as desk:
        found = holdings(desk, person)
    if as_json:
        out_json(_whole(found))
        return
    if path is not None:
        _write(path, found)
        out(str(path))
        tell("it holds personal data in clear: hand it over and remove it")
        return
    _counts(found)


def _whole(found: Holdings) -> dict[str, object]:
    person = found.person
    return {
        "person": {"mailbox": person.box, "names": person.names, "phones": person.phones},
        "contacts": found.contacts,
        **found.parts,
    }


def _write(path: Path, found: Holdings) -> None:
    import json
    import os

    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(plain(_whole(found)), file, indent=1)
        file.write("\n")


def _counts(found: Holdings) -> None:
    names = ", ".join(found.person.names) or found.person.box
    out(f"kept about {short(names)}:")
    for name, each in (("contacts", found.contacts), *found.parts.items()):
        if each:
            out(f"  {len(each):>6,}  {name}")
    if not (found.contacts or found.parts):
        out("  nothing")


@click.command()
@click.argument("person", metavar="PERSON")
@click.option("--yes", is_flag=True, help="Do not ask; for use from a script.")
@as_json
def erase(person: str, yes: bool, as_json: bool) -> None:
    """Erase a person from what is kept here, and print a certificate. PERSON is an e-mail address or a full name.

    Meetings, notes, mails, drafts, cards and the mirror lose them; transcripts of their meetings and signals that name
    them go whole. In the trail their values and quotes become unreadable for good, while its digests stay and verify.
    The CRM keeps what it keeps: erase them there, too. What is pulled again of their mail and from the calendar stays
    out. This cannot be undone.

    \b
    Example:
      gangly erase ada@acme.de > certificate.txt
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.flow.privacy import certificate_digest, erase_person, holdings

    with desk_at_hand() as desk:
        if not yes:
            if not sys.stdin.isatty():
                raise InputError("erasing asks first, and nobody is there to answer", fix="add --yes")
            _counts(holdings(desk, person))
            click.confirm("Erase all of it? This cannot be undone.", abort=True, err=True)
        made = erase_person(desk, person)
    digest = certificate_digest(made)
    if as_json:
        out_json({**plain(made), "sha256": digest})
        return
    out("CERTIFICATE OF ERASURE")
    out(f"at {made.at:%Y-%m-%d %H:%M %Z} by {short(made.by)}")
    out(f"subject (SHA-256 of the mailbox): {made.subject or 'a person without an address'}")
    for name, count in made.erased.items():
        out(f"  {count:>6,}  {name}")
    out(f"  {made.trail_keys:>6,}  keys of the trail destroyed; its digests stay")
    out(f"  {made.backups_removed:>6,}  older backups removed")
    out(f"trail head after it: {made.trail_head}")
    for each in made.left:
        out(f"! {short(each, 200)}")
    out(f"sha256 of this certificate: {digest}")
    tell("gangly audit verify shows that the trail still stands")
