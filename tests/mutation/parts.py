"""What is held to the score, and which tests may be asked."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent

PARTS = {
    "trail": (
        "store/trail.py store/trail_check.py store/trail_export.py store/trail_keys.py store/trail_read.py "
        "store/trail_schema.py store/trail_tree.py domain/merkle.py domain/checkpoint.py domain/audit.py"
    ),
    "outbox": "domain/outbox.py flow/arrows.py flow/resolve.py flow/deliver.py",
    "vault": (
        "connectors/vault.py connectors/vault_keyring.py connectors/vault_page.py connectors/vault_passphrase.py "
        "connectors/vault_seal.py"
    ),
    "clean": "domain/safe.py",
    "transport": "connectors/transport.py",
}
TESTS = (
    "tests/trail tests/vault tests/store tests/domain tests/flow tests/connectors/test_transport.py "
    "tests/connectors/test_transport_limits.py tests/connectors/test_fetch.py"
).split()


def files(parts: list[str]) -> list[str]:
    """The files of the named parts, or of all; a part may be the name of a file, too."""
    found = [f"gangly_tui/{each}" for words in PARTS.values() for each in words.split()]
    if not parts:
        return found
    chosen = {f"gangly_tui/{each}" for part in parts for each in PARTS.get(part, "").split()}
    return [each for each in found if each in chosen or any(part in each for part in parts if part not in PARTS)]


def part_of(file: str) -> str:
    """The part a file belongs to."""
    return next(name for name, words in PARTS.items() if file.removeprefix("gangly_tui/") in words.split())
