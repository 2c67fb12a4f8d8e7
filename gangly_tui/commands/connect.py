"""Connecting and disconnecting what gangly works with: the sandbox, a calendar file, a CRM."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, tell
from gangly_tui.domain.errors import ConnectorError, InputError

if TYPE_CHECKING:
    from gangly_tui.domain.connection import Ask, Connected, Plan, PlanWay, Step
    from gangly_tui.domain.secret import Secret

CRMS: tuple[tuple[str, str, str], ...] = (
    ("salesforce", "Salesforce", "accounts, contacts, opportunities, tasks and events"),
    ("hubspot", "HubSpot", "companies, contacts, deals, engagements"),
    ("pipedrive", "Pipedrive", "organizations, persons, deals, activities"),
    ("dynamics", "Dynamics 365", "accounts, contacts, opportunities, activities"),
)
"""Name, title and what it brings: known without loading any of them."""

COMING: tuple[tuple[str, str], ...] = (
    ("Google", "Calendar, Gmail, Meet"),
    ("Microsoft 365", "calendar, mail, Teams"),
    ("Zoom", "meetings and transcripts"),
)
"""What cannot be connected yet: shown as coming, never as something to press."""

_LONGEST = 65_536


@click.command()
@click.argument("name", required=False, metavar="[NAME]")
@click.argument("path", required=False)
@click.option("--host", metavar="ADDRESS", help="Your own address, such as acme.my.salesforce.com.")
@click.option("--way", metavar="WAY", help="How to sign in, where a vendor has several ways.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="One of the answers; never a secret.")
@click.option("--secret-fd", type=click.IntRange(0), metavar="N", help="Read secrets from this descriptor.")
@click.option("--device", is_flag=True, help="Sign in with a code on another device.")
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening a browser.")
@click.option("--no-pull", is_flag=True, help="Do not read the CRM right afterwards.")
@click.option("--insecure-loopback", is_flag=True, help="--host is a server on this machine, in the clear: for trials.")
@click.option("--guide", is_flag=True, help="Print what an administrator sets up first, and stop.")
def connect(  # noqa: PLR0917 - one parameter an option
    name: str | None,
    path: str | None,
    host: str | None,
    way: str | None,
    given: tuple[str, ...],
    secret_fd: int | None,
    device: bool,
    no_browser: bool,
    no_pull: bool,
    insecure_loopback: bool,
    guide: bool,
) -> None:
    """Choose what to work with: sandbox, calendar, salesforce, hubspot, pipedrive or dynamics.

    Without a NAME the choice is shown in the app. What a CRM will ask for is shown before you agree to anything.
    Tokens are kept in your system's keyring or behind a passphrase; secrets are typed unseen or read from a
    descriptor, one NAME=VALUE a line, never given as an argument. Connect again to renew a sign-in.

    \b
    Examples:
      gangly connect sandbox
      gangly connect calendar ~/Downloads/work.ics
      gangly connect salesforce --guide
      gangly connect salesforce --host acme.my.salesforce.com
      gangly connect pipedrive --way token --secret-fd 3 3<~/.secrets/pipedrive
    """
    from gangly_tui.commands.app import open_choice

    options = (host, way, given, secret_fd is not None, device, no_browser, no_pull, insecure_loopback, guide)
    if name is None or name in ("sandbox", "calendar"):
        if any(options):
            raise click.UsageError("these options are for a CRM: gangly connect NAME ...")
        open_choice(name, path)
        return
    _known(name)
    if path is not None:
        raise click.UsageError(f"{name} takes no path")
    if guide:
        from gangly_tui.plans import guide_of

        out(guide_of(name).rstrip())
        return
    values = dict(_pair(each) for each in given)
    if host:
        values["host"] = host
    _connect(
        name,
        way or "",
        values,
        secret_fd=secret_fd,
        device=device,
        insecure_loopback=insecure_loopback,
        browser=not no_browser,
    )
    if not no_pull:
        _first_pull()


@click.command()
@click.argument("name")
@as_json
def disconnect(name: str, as_json: bool) -> None:
    """End the connection to a CRM: its tokens are revoked at the vendor where it can be, and forgotten here.

    What was read and the trail stay, encrypted, until you remove them.

    \b
    Example:
      gangly disconnect salesforce
    """
    import asyncio

    from gangly_tui import connecting
    from gangly_tui.config import load_config

    title = str(load_config().connections.get(name, {}).get("title", name))
    data = connecting.where(name)
    revoked, waiting = asyncio.run(connecting.disconnect(name))
    if as_json:
        out_json({"disconnected": name, "revoked": revoked, "unsent": waiting, "data": data})
        return
    out(f"{title} is disconnected")
    if not revoked:
        tell(f"{title} was not told: end the token or the app's access there, too")
    if waiting:
        tell(f"{waiting} approved and not sent: they wait until {title} is connected again")
    tell(f"what was read stays, encrypted, in {data}")


def _known(name: str) -> None:
    """Raises UsageError for a name that nobody has heard of, InputError for what is only coming."""
    if any(name == each for each, _, _ in CRMS):
        return
    coming = [each for each, _ in COMING if each.split()[0].casefold() == name.casefold().split("-")[0]]
    if coming:
        raise InputError(f"{coming[0]} cannot be connected yet: it is coming", fix="gangly connect sandbox")
    from gangly_tui.connectors.registry import names

    if name not in names():
        from difflib import get_close_matches

        known = ["sandbox", "calendar", *(each for each, _, _ in CRMS)]
        near = get_close_matches(name, known, n=1)
        use = f"did you mean {near[0]!r}?" if near else "use one of: " + ", ".join(known)
        raise click.UsageError(f"{name!r} is not something to connect; {use}")


def _pair(text: str) -> tuple[str, str]:
    key, found, value = text.partition("=")
    if not found or not key:
        raise click.UsageError(f"--set takes NAME=VALUE, not {text!r}")
    return key.strip(), value.strip()


def _connect(
    name: str,
    way: str,
    values: dict[str, str],
    *,
    secret_fd: int | None,
    device: bool,
    insecure_loopback: bool,
    browser: bool,
) -> None:
    import asyncio

    from gangly_tui import connecting
    from gangly_tui.domain.connection import Answers
    from gangly_tui.plans import plan_of

    plan = plan_of(name)
    if way and way not in {each.name for each in plan.ways}:
        raise click.UsageError(f"{plan.title} has no way {way!r}; use one of: " + ", ".join(e.name for e in plan.ways))
    there = sys.stdin.isatty() and sys.stderr.isatty()
    show_plan(plan)
    chosen = plan.chosen(way) if way or not there else _choose_way(plan, device)
    if way or not there or len(plan.ways) == 1:
        _say(f"\n{chosen.title}: {chosen.means}")
    secrets = _read_secrets(secret_fd, chosen) if secret_fd is not None else {}
    if there:
        values |= _ask_values(plan, chosen, values, loopback=insecure_loopback)
    answers = Answers(
        way=chosen.name, values=values, secrets=secrets, device=device, insecure_loopback=insecure_loopback
    )
    connecting.examine(name, answers)
    connecting.unlock()
    if there:
        secrets |= _ask_secrets(plan, chosen, secrets)
        doing = "Sign in now?" if chosen.browser else f"Connect {plan.title} now?"
        click.confirm(doing, default=True, abort=True, err=True)
    answers = replace(answers, secrets=secrets)
    shown = show_page if browser else _show_nothing
    try:
        connected = asyncio.run(connecting.connect(name, answers, tell=_tell_step, open_page=shown))
    except KeyboardInterrupt:
        tell("stopped; nothing was kept")
        raise
    report(connected)


def show_plan(plan: Plan) -> None:
    """What connecting will ask, before anything is agreed to."""
    from gangly_tui.domain.connection import fields_by_object

    tell(f"Connecting {plan.title}")
    if plan.admin:
        tell("\nAn administrator does this first:")
        for number, step in enumerate(plan.admin, start=1):
            _say(f"{number}. {step}", "  ", "     ")
    tell("\ngangly will ask for:")
    width = max((len(each.name) for each in plan.permissions), default=0)
    for each in plan.permissions:
        _say(f"{each.name:<{width}}  {each.why}", "  ", " " * (width + 4))
    if plan.audit_fields:
        _say("\nIf an administrator creates them, these fields say in the CRM where a write came from:")
        for objects, names in fields_by_object(plan.audit_fields):
            _say(f"{objects}: {names}", "  ", "    ")
    if plan.guards:
        _say(f"\n{plan.guards}")


def _say(text: str, first: str = "", rest: str = "") -> None:
    """Narration; on a terminal its words are not cut at the edge."""
    if not sys.stderr.isatty():
        tell(first + text)
        return
    import shutil
    import textwrap

    width = max(min(shutil.get_terminal_size().columns, 100), 40)
    for part in text.split("\n"):
        filled = textwrap.fill(part, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
        tell(filled)


def _why(ask: Ask) -> str:
    """What an answer is, as a sentence."""
    why = ask.why[:1].upper() + ask.why[1:].rstrip(".") + "."
    return why + (f" Such as {ask.example}" if ask.example else "")


def report(connected: Connected) -> None:
    """What stands now: data to stdout, what is missing to stderr."""
    out(f"{connected.title} · {connected.standing.account}")
    for sentence in (*connected.standing.warnings, *connected.standing.missing):
        _say(f"! {sentence}", "", "  ")
    if connected.rotate_by:
        tell(f"static credential, rotate by {connected.rotate_by.isoformat()}: gangly connect {connected.name}")


def _choose_way(plan: Plan, device: bool) -> PlanWay:
    """Ask how to sign in, where there is a choice."""
    ways = [each for each in plan.ways if each.device] if device else list(plan.ways)
    if not ways:
        raise InputError(f"{plan.title} has no sign-in by device code", fix="leave --device out")
    if len(ways) == 1:
        return ways[0]
    tell("\nWays to sign in:")
    for number, each in enumerate(ways, start=1):
        _say(f"{number}  {each.title}: {each.means}", "  ", "     ")
    usual = next((number for number, each in enumerate(ways, start=1) if each.name == plan.way), 1)
    return ways[click.prompt("Which", type=click.IntRange(1, len(ways)), default=usual, err=True) - 1]


def _ask_values(plan: Plan, way: PlanWay, values: Mapping[str, str], *, loopback: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    for ask in way.asks:
        if ask.secret or values.get(ask.name) or (loopback and ask.name == "host"):
            continue
        _say(f"\n{_why(ask)}")
        known = plan.known.get(ask.name, "")
        typed = click.prompt(ask.label, default=known, show_default=bool(known), err=True)
        if typed:
            found[ask.name] = str(typed)
    return found


def _ask_secrets(plan: Plan, way: PlanWay, given: Mapping[str, Secret[str]]) -> dict[str, Secret[str]]:
    from gangly_tui.domain.secret import Secret

    found: dict[str, Secret[str]] = {}
    for ask in way.asks:
        if not ask.secret or ask.name in given:
            continue
        kept = ask.name in plan.kept
        _say(f"\n{_why(ask)}")
        hint = " (Enter keeps the one from before)" if kept else ""
        empty = "" if kept or ask.optional else None
        typed = click.prompt(ask.label + hint, default=empty, show_default=False, hide_input=True, err=True)
        if typed:
            found[ask.name] = Secret(str(typed).strip())
    return found


def _read_secrets(number: int, way: PlanWay) -> dict[str, Secret[str]]:
    """Secrets from a descriptor: NAME=VALUE lines, or the one secret alone."""
    from gangly_tui.domain.secret import Secret

    names = [ask.name for ask in way.asks if ask.secret]
    try:
        with os.fdopen(number, "rb") as opened:
            lines = opened.read(_LONGEST).decode("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"no secrets can be read from descriptor {number}", fix="--secret-fd 3 3<FILE") from error
    lines = [each.strip() for each in lines if each.strip()]
    found: dict[str, Secret[str]] = {}
    for each in lines:
        name, found_one, value = each.partition("=")
        if found_one and name.strip() in names:
            found[name.strip()] = Secret(value.strip())
        elif len(names) == 1 and len(lines) == 1:
            found[names[0]] = Secret(each)
        else:  # the line itself is not shown: it may be a secret
            raise InputError(
                f"descriptor {number} has a line that is no NAME=VALUE of: {', '.join(names) or 'nothing asked'}",
                fix="one NAME=VALUE a line",
            )
    return found


def _tell_step(step: Step) -> None:
    tell(step.text + (" (ctrl+c stops)" if step.url else ""))
    if step.url:
        tell(f"  {step.url}")
    if step.code:
        tell(f"  code: {step.code}")


def show_page(url: str) -> bool:
    """Open the person's browser, where there is one that does not take over the terminal."""
    if sys.platform not in ("win32", "darwin") and not any(
        os.environ.get(each) for each in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    ):
        return False
    import webbrowser

    try:
        return webbrowser.open(url)
    except (webbrowser.Error, OSError):
        return False


def _show_nothing(_: str) -> bool:
    return False


def _first_pull() -> None:
    """Read the CRM for the first time. The connection stands whatever comes of it."""
    import asyncio

    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.commands.deliver import pull_progress
    from gangly_tui.flow.pull import pull

    tell("reading it for the first time (ctrl+c stops; gangly pull goes on from there)")
    with desk_at_hand() as desk:
        report = asyncio.run(pull(desk, pull_progress()))
    tell(f"{report.records:,} records, {report.meetings:,} meetings; open the app with: gangly")
    if report.problems:
        raise ConnectorError("; ".join(report.problems), fix="it is connected; gangly pull goes on")
