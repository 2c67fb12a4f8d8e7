"""Opening the app, on what is configured or on the sandbox."""

from __future__ import annotations

import sys
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import out, tell
from gangly_tui.domain.errors import ConfigError, GanglyError, InputError

if TYPE_CHECKING:
    from gangly_tui.config import Config
    from gangly_tui.flow.desk import Desk
    from gangly_tui.tui.app import GanglyApp

COMING: tuple[tuple[str, str], ...] = (
    ("Salesforce", "accounts, contacts, opportunities, tasks"),
    ("HubSpot", "companies, contacts, deals, engagements"),
    ("Pipedrive", "organizations, persons, deals, activities"),
    ("Dynamics 365", "accounts, contacts, opportunities, activities"),
    ("Google", "Calendar, Gmail, Meet"),
    ("Microsoft 365", "calendar, mail, Teams"),
    ("Zoom", "meetings and transcripts"),
)
"""What cannot be connected yet: shown as coming, never as something to press."""


@click.command()
def demo() -> None:
    """Open the app on the sandbox CRM: a fictional company, no account, no key.

    \b
    Example:
      gangly demo
    """
    from gangly_tui.bootstrap import DEMO, open_desk

    config = _remember_sandbox()
    _need_terminal()
    _run(open_desk(config, profile=DEMO), config)


@click.command()
@click.argument("name", required=False, metavar="[sandbox|calendar]")
@click.argument("path", required=False)
def connect(name: str | None, path: str | None) -> None:
    """Choose what to work with: the sandbox CRM, or your own calendar file beside an empty CRM.

    Without a NAME the choice is shown in the app. Salesforce, HubSpot, Pipedrive, Dynamics 365, Google, Microsoft 365
    and Zoom are coming; none of them can be connected yet.

    \b
    Examples:
      gangly connect sandbox
      gangly connect calendar ~/Downloads/work.ics
    """
    if name is None:
        _need_terminal()
        _run(None, _config())
        return
    if name not in ("sandbox", "calendar"):
        known = [each for each, _ in COMING if each.split()[0].casefold() == name.casefold().split("-")[0]]
        if known:
            raise InputError(f"{known[0]} cannot be connected yet: it is coming", fix="gangly connect sandbox")
        raise click.UsageError(f"{name!r} is not something to connect; use sandbox or calendar")
    if (name == "calendar") is (path is None):
        raise click.UsageError("calendar takes the path of an .ics file; sandbox takes nothing")
    desk = _choose(f"calendar:{path}" if path else "sandbox")
    try:
        out(desk.label)
    finally:
        desk.close()
    tell("connected; open the app with: gangly")


def open_app() -> None:
    """Open the app on what is configured; the first-run screen when nothing is."""
    _need_terminal()
    config = _config()
    if not config.is_set_up:
        _run(None, config)
        return
    from gangly_tui.bootstrap import open_desk

    _run(open_desk(config), config)


def _config() -> Config:
    from gangly_tui.config import load_config

    return load_config()


def _remember_sandbox() -> Config:
    """On a machine where nothing is set up the sandbox becomes what the verbs work on."""
    from gangly_tui.config import save_config

    config = _config()
    if not config.is_set_up:
        config = replace(config, crm="sandbox")
        save_config(config)
    return config


def _choose(choice: str) -> Desk:
    """Open what the first-run screen's answer names, and remember it. Raises ConfigError, InputError."""
    from gangly_tui.bootstrap import open_desk
    from gangly_tui.config import save_config

    what, _, where = choice.partition(":")
    if what == "calendar":
        file = Path(where).expanduser().absolute()
        if not file.is_file():
            raise InputError(f"there is no file {where}", fix="export your calendar as .ics and name that file")
        from gangly_tui.connectors.engagement.files import CalendarFile

        CalendarFile(file).check()
        config = replace(_config(), crm="sandbox", calendars=(str(file),))
    else:
        config = replace(_config(), crm="sandbox", calendars=())
    desk = open_desk(config)
    save_config(config)
    return desk


def _choose_aside(app: GanglyApp, choice: str) -> Desk:
    """The same while the app is open. Own data may ask for a passphrase: on the plain terminal, the app aside."""
    from textual.app import SuspendNotSupported

    if choice == "sandbox":
        return _choose(choice)
    trouble: GanglyError
    try:
        with app.suspend():
            try:
                return _choose(choice)
            except GanglyError as error:  # raised inside, it would keep the app from coming back
                trouble = error
            except KeyboardInterrupt:
                trouble = InputError("no passphrase was given")
    except SuspendNotSupported as error:
        where = choice.partition(":")[2]
        raise InputError(
            "this cannot be opened from inside the app here", fix=f"gangly connect calendar {where}"
        ) from error
    raise trouble


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError("the app needs a terminal", fix="use the verbs instead: gangly --help")


def _run(desk: Desk | None, config: Config) -> None:
    from gangly_tui.config import paths
    from gangly_tui.tui.app import GanglyApp

    app = GanglyApp(
        desk, open_desk=lambda choice: _choose_aside(app, choice), coming=COMING, log_path=paths().log / "crash.log"
    )
    try:
        _dress(app, config)
        app.run()
    finally:
        if app.desk is not None:
            app.desk.close()
    if app.return_code:
        raise SystemExit(app.return_code)


def _dress(app: GanglyApp, config: Config) -> None:
    """Theme and keys as configured. Raises ConfigError with a near name."""
    if config.theme:
        if config.theme not in app.available_themes:
            raise ConfigError(f"there is no theme {config.theme!r}", fix="use gangly-dark or gangly-light")
        app.theme = config.theme
    if config.keymap:
        known = _binding_ids()
        for name in config.keymap:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                raise ConfigError(
                    f"[keymap] names {name!r}, which is no key of any screen",
                    fix=f"did you mean {near[0]!r}?" if near else "the README's key table lists them",
                )
        app.set_keymap(dict(config.keymap))


def _binding_ids() -> set[str]:
    """The ids of every key of every screen and widget of ours."""
    from importlib import import_module
    from pkgutil import walk_packages

    from gangly_tui import tui

    names = [each.name for each in walk_packages(tui.__path__, f"{tui.__name__}.")]
    return {
        binding.id
        for name in names
        for each in vars(import_module(name)).values()
        if isinstance(each, type) and each.__module__ == name
        for binding in vars(each).get("BINDINGS", ())
        if getattr(binding, "id", None)
    }
