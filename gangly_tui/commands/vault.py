"""Where the store's key and the tokens are, and moving them."""

from __future__ import annotations

import click

from gangly_tui.commands.console import as_json, out, out_json


@click.group()
def vault() -> None:
    """Where the key of your data and all tokens are kept: your system's keyring or, without one, a passphrase.

    Behind a passphrase gangly asks for it at each start; scripts give it by a file descriptor, never as an argument.
    The sandbox is fiction and has neither.

    \b
    Examples:
      gangly vault status
      gangly vault passphrase
      gangly --passphrase-fd 3 brief next 3<~/.secrets/gangly
    """


@vault.command()
@as_json
def status(as_json: bool) -> None:
    """Say where they are and what is there, by name. Opens nothing and asks nothing.

    \b
    Example:
      gangly vault status
    """
    from gangly_tui.config import paths
    from gangly_tui.connectors.vault import described, names_in

    folder = paths().data
    backend, names = described(folder), names_in(folder)
    if as_json:
        out_json({"kept_in": backend, "secrets": names})
        return
    out(f"kept in  {backend or 'nothing is kept yet: the sandbox needs no key'}")
    out(f"secrets  {', '.join(names) or 'none'}")


@vault.command()
def passphrase() -> None:
    """Put everything behind a passphrase, or behind another one. Your data is not encrypted anew.

    \b
    Example:
      gangly vault passphrase
    """
    from gangly_tui.config import paths, private_folder
    from gangly_tui.connectors.vault import change_passphrase, described, make_vault
    from gangly_tui.connectors.vault_passphrase import new_passphrase
    from gangly_tui.keys import Keys, keys_of

    folder = private_folder(paths().data)
    keys = keys_of(folder)
    if described(folder):
        changed = change_passphrase(folder, keys.vault(), new_passphrase(Keys(folder).ask), lock=keys.lock)
    else:
        changed = make_vault(folder, ask=keys.ask, lock=keys.lock, passphrase=True)
    out(f"kept in  {changed.backend}")


@vault.command()
def keyring() -> None:
    """Move everything into your system's keyring; no passphrase is asked any more.

    \b
    Example:
      gangly vault keyring
    """
    from gangly_tui.config import paths, private_folder
    from gangly_tui.connectors.vault import move_to_keyring
    from gangly_tui.keys import keys_of

    folder = private_folder(paths().data)
    keys = keys_of(folder)
    moved = move_to_keyring(folder, keys.vault(), lock=keys.lock)
    out(f"kept in  {moved.backend}")
