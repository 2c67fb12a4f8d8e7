"""Opening the app, on what is configured or on the sandbox."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from gangly_tui.commands.console import out, tell
from gangly_tui.domain.errors import ConfigError, GanglyError, InputError

if TYPE_CHECKING:
    from gangly_tui.config import Config
    from gangly_tui.domain.connection import Answers, Connected, Plan, Step
    from gangly_tui.flow.desk import Desk
    from gangly_tui.tui.app import GanglyApp
    from gangly_tui.tui.doorway import Doorway

T = TypeVar("T")


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


def open_choice(name: str | None, path: str | None) -> None:
    """What `gangly connect` opens without a CRM's name: the choice in the app, the sandbox, a calendar."""
    if name is None:
        _need_terminal()
        _run(None, _config())
        return
    if (name == "calendar") is (path is None):
        raise click.UsageError("calendar takes the path or the address of an .ics file; sandbox takes nothing")
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
    """Open what the first-run screen's answer names, and remember it. Raises ConfigError, InputError.

    A calendar stands beside whatever CRM is connected. "connected" is what `gangly connect NAME` has just set up.
    """
    from gangly_tui.bootstrap import open_desk
    from gangly_tui.config import save_config

    what, _, where = choice.partition(":")
    if what == "connected":
        return open_desk(_config())
    if what == "calendar" and _is_address(where):
        config = _with_feed(_config(), where)
    elif what == "calendar":
        file = Path(where).expanduser().absolute()
        if not file.is_file():
            raise InputError(f"there is no file {where}", fix="export your calendar as .ics and name that file")
        from gangly_tui.connectors.engagement.files import CalendarFile

        CalendarFile(file).check()
        config = _config()
        feeds = filter(_is_address, config.calendars)
        config = replace(config, crm=config.crm or "sandbox", calendars=(*feeds, str(file)))
    else:
        config = replace(_config(), crm="sandbox", calendars=())
    desk = open_desk(config)
    save_config(config)
    return desk


def _is_address(where: str) -> bool:
    from gangly_tui.connectors.engagement.calendar_address import is_address

    return is_address(where)


def _with_feed(config: Config, address: str) -> Config:
    """The configuration with a calendar at an address beside those that are there. Raises when none can be read."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from gangly_tui.connectors.engagement.calendar_url import CalendarFeed, address_of

    async def check() -> None:
        network = config.network
        feed = CalendarFeed(address, proxy=network.get("proxy", ""), ca_file=network.get("ca_file", ""))
        try:
            await feed.check()
        finally:
            await feed.close()

    with ThreadPoolExecutor(1) as aside:  # the app may be running: its loop is not for waiting
        aside.submit(lambda: asyncio.run(check())).result()
    there = [each for each in config.calendars if each != address_of(address)]
    return replace(config, crm=config.crm or "sandbox", calendars=(*there, address_of(address)))


def _choose_aside(app: GanglyApp, choice: str) -> Desk:
    """The same while the app is open. Own data may ask for a passphrase: on the plain terminal, the app aside."""
    if choice in ("sandbox", "connected"):  # of a CRM the vault is open by now
        return _choose(choice)
    where = choice.partition(":")[2]
    return _aside(app, lambda: _choose(choice), fix=f"gangly connect calendar {where}")


def _aside(app: GanglyApp, ask: Callable[[], T], *, fix: str) -> T:
    """Do it on the plain terminal, where a passphrase can be typed. Raises GanglyError."""
    from textual.app import SuspendNotSupported

    trouble: GanglyError
    try:
        with app.suspend():
            try:
                return ask()
            except GanglyError as error:  # raised inside, it would keep the app from coming back
                trouble = error
            except KeyboardInterrupt:
                trouble = InputError("no passphrase was given")
    except SuspendNotSupported as error:
        raise InputError("this cannot be opened from inside the app here", fix=fix) from error
    raise trouble


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError("the app needs a terminal", fix="use the verbs instead: gangly --help")


def _run(desk: Desk | None, config: Config) -> None:
    """The app, and the app again when something else was connected in it."""
    from gangly_tui.commands.hangup import leave_with_the_terminal

    leave_with_the_terminal()
    while _ran(desk, config):
        from gangly_tui.bootstrap import open_desk

        config = _config()
        desk = open_desk(config)


def _ran(desk: Desk | None, config: Config) -> bool:
    """Run the app to its end. Returns whether it wants to be opened again, on what is connected now."""
    from gangly_tui.config import paths
    from gangly_tui.tui.app import GanglyApp

    app = GanglyApp(desk, open_desk=lambda choice: _choose_aside(app, choice), log_path=paths().log / "crash.log")
    app.doorway = _doorway(app)
    try:
        _dress(app, config)
        app.run()
    finally:
        if app.desk is not None:
            app.desk.close()
    if app.return_code:
        raise SystemExit(app.return_code)
    return app.open_again


def _doorway(app: GanglyApp) -> Doorway:
    """What the connect screens need, the modules behind it loaded when they are."""
    from gangly_tui.commands.connect import groups, show_page, systems
    from gangly_tui.tui.doorway import Doorway

    def current() -> str:
        crm = _config().crm
        return "" if crm == "sandbox" else crm

    def plan(name: str) -> Plan:
        from gangly_tui.plans import plan_of

        return plan_of(name)

    def examine(name: str, answers: Answers) -> None:
        from gangly_tui.connecting import examine

        examine(name, answers)

    def connected() -> dict[str, str]:
        return {name: str(each.get("account", "")) for name, each in _config().connections.items()}

    def unlock() -> None:
        from gangly_tui.connecting import is_unlocked, unlock

        if not is_unlocked():
            _aside(app, unlock, fix="gangly connect NAME")

    async def connect(name: str, answers: Answers, tell_step: Callable[[Step], None]) -> Connected:
        from gangly_tui import connecting

        return await connecting.connect(name, answers, tell=tell_step, open_page=show_page)

    return Doorway(
        systems=systems(),
        current=current,
        plan=plan,
        unlock=unlock,
        connect=connect,
        groups=groups(),
        examine=examine,
        connected=connected,
    )


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
