"""Where the sandbox's fictional data lies: inside an installed package, or in the checkout's assets."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import gangly_tui
from gangly_tui.domain.errors import ConfigError


def demo_folder() -> Path:
    """The folder with the sandbox's data. Raises ConfigError when the installation has lost it."""
    package = Path(gangly_tui.__file__).parent
    for folder in (package / "demo", package.parent / "assets" / "demo"):
        if (folder / "accounts.csv").exists():
            return folder
    raise ConfigError("the sandbox's data is missing from this installation", fix="reinstall gangly")


def demo_mails() -> list[dict[str, Any]]:
    """The rep's mailbox: the last weeks with the people of the demo day."""
    mails: list[dict[str, Any]] = tomllib.loads((demo_folder() / "mail.toml").read_text(encoding="utf-8"))["mail"]
    return mails


def demo_day() -> dict[str, Any]:
    """The rep, the company and the meetings of the demo day."""
    return tomllib.loads((demo_folder() / "meetings.toml").read_text(encoding="utf-8"))
