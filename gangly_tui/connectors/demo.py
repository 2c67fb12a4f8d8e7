"""Where the sandbox's fictional data lies: inside an installed package, or in the checkout's assets."""

from __future__ import annotations

import csv
import tomllib
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gangly_tui
from gangly_tui.domain.errors import ConfigError

if TYPE_CHECKING:
    from gangly_tui.domain.signal_import import Given


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


def demo_signals(on: date, zone: tzinfo) -> tuple[Given, ...]:
    """Usage and intent that the fiction's product tells of, as of the day it was put in."""
    from gangly_tui.domain.signal_import import Given
    from gangly_tui.domain.signals import SignalKind

    with (demo_folder() / "signals.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Given(
                line=number,
                kind=SignalKind(each["kind"]),
                title=each["title"],
                detail=each["detail"],
                account=each["account"],
                email=each["email"],
                at=datetime.combine(on - timedelta(days=int(each["days_ago"])), time(8), tzinfo=zone),
            )
            for number, each in enumerate(csv.DictReader(file), start=2)
        )
