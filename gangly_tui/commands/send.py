"""Send a follow-up that lies in the drafts, from the shell: the whole mail is printed first, and asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, short, tell
from gangly_tui.domain.errors import InputError, StaleApproval

if TYPE_CHECKING:
    from gangly_tui.domain.proposal import Proposal

_SHOWN, _LEAST = 12, 8


@click.command()
@click.argument("card", metavar="ID[@DIGEST]")
@click.option("--yes", is_flag=True, help="Do not ask; only with the @DIGEST that a look before has printed.")
@as_json
def send(card: str, yes: bool, as_json: bool) -> None:
    """Send the mail that an approved follow-up put into your drafts.

    The whole mail is read from your mailbox and printed as it lies there now, then you are asked. ID@DIGEST binds the
    answer to that very mail: one that was changed in the mailbox since is not sent. A sent mail cannot be taken back.

    \b
    Example:
      gangly send 8f14e45f
      gangly send 8f14e45f@c9f0f895a1b2 --yes
    """
    import asyncio
    import sys

    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.cards import card_text
    from gangly_tui.commands.deliver import carry
    from gangly_tui.commands.naming import the_card
    from gangly_tui.domain.proposal import view_sha256
    from gangly_tui.domain.safe import clean
    from gangly_tui.flow import send as flow

    name, _, prefix = card.partition("@")
    if yes and not prefix:
        raise InputError("--yes says nothing about which mail", fix=f"look first: gangly send {name}")
    with desk_at_hand() as desk:
        draft = the_card(desk, name)
        sending = asyncio.run(flow.look(desk, draft))
        _check(sending, prefix, name)
        named = f"{draft.id}@{sending.payload_sha256()[:_SHOWN]}"
        view = str(clean(card_text(sending, whole=True).split("\n", 1)[1]))
        if as_json and not yes:
            out_json({"id": draft.id, "send": named, "mail": {e.field: e.before for e in sending.changes}})
            return
        if not as_json:
            out(f"{named}  {short(sending.heading)}\n{view}")
        if not yes:
            if not sys.stdin.isatty():
                tell(f"nothing was sent; this sends it: gangly send {named} --yes")
                return
            if not click.confirm("Send it, for good?", err=True):
                tell("it stays in your drafts")
                return
        flow.send(desk, draft, sending, view=view_sha256(view))
        carry(desk, as_json=as_json)


def _check(sending: Proposal, prefix: str, name: str) -> None:
    """Raises StaleApproval when the mail is not the one that was looked at."""
    if not prefix:
        return
    if len(prefix) < _LEAST:
        raise InputError(f"@{prefix} is too short to tell mails apart", fix=f"give at least {_LEAST} characters")
    if not sending.payload_sha256().startswith(prefix.lower()):
        raise StaleApproval("the mail was changed in your mailbox since", fix=f"look again: gangly send {name}")
