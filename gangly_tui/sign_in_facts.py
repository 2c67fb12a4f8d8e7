"""What is known of a sign-in without asking the vendor or a person: for Health and for doctor."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from gangly_tui.config import Config, paths
from gangly_tui.domain.errors import GanglyError
from gangly_tui.domain.health import SignIn
from gangly_tui.profiles import engaged


def sign_in_of(config: Config, name: str) -> SignIn | None:
    """The sign-in of a connected system; None for one that needs none, like the sandbox."""
    table = config.connections.get(name)
    if not table:
        return None
    ends, access = access_ends(name, paths().data)
    rotate_by = str(table.get("rotate_by", ""))
    return SignIn(
        account=str(table.get("account", "")),
        way=str(table.get("way", "")),
        access=access,
        access_ends=ends,
        rotate_by=_day(rotate_by),
        ends=_day(str(table.get("ends", ""))),
    )


def sign_ins_beside(config: Config) -> dict[str, SignIn]:
    """The sign-ins of the calendars, mailboxes and meeting systems that are connected, by name."""
    found = {name: sign_in_of(config, name) for name in engaged(config)}
    return {name: each for name, each in found.items() if each is not None}


def access_ends(name: str, data: Path) -> tuple[datetime | None, str]:
    """When the access token ends, and that in words, where the vault can be asked without asking a person."""
    from gangly_tui.connectors.oauth import Tokens, kept_as
    from gangly_tui.connectors.vault import described, names_in
    from gangly_tui.keys import keys_of

    try:
        if kept_as(name) not in names_in(data):
            return None, ""
        if described(data).startswith("passphrase") and not keys_of(data).is_open:
            return None, "not looked at: it is behind the passphrase"
        kept = keys_of(data).vault().get(kept_as(name))
    except GanglyError:  # doctor says it under "keys"
        return None, ""
    ends = Tokens.load(kept).expires_at if kept else None
    return ends, f"{ends:%Y-%m-%d %H:%M} UTC, renewed by itself" if ends else "when the system ends the session"


def _day(text: str) -> date | None:
    """A hand-written day that is none says nothing."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
