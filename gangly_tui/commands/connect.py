"""Connecting and disconnecting what gangly works with: the sandbox, a calendar file, a CRM, and what is beside it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.connect_ask import ask_secrets, ask_values, choose_way, read_secrets, report, say, show_plan
from gangly_tui.commands.console import as_json, out, out_json, tell
from gangly_tui.domain.errors import ConnectorError

if TYPE_CHECKING:
    from gangly_tui.domain.connection import Step

CRMS: tuple[tuple[str, str, str], ...] = (
    ("salesforce", "Salesforce", "accounts, contacts, opportunities, tasks and events"),
    ("hubspot", "HubSpot", "companies, contacts, deals, engagements"),
    ("pipedrive", "Pipedrive", "organizations, persons, deals, activities"),
    ("dynamics", "Dynamics 365", "accounts, contacts, opportunities, activities"),
)
"""Name, title and what it brings: known without loading any of them."""

BESIDE: tuple[tuple[str, str, str], ...] = (
    ("google", "Google", "Calendar; Gmail, Meet and drafts when asked for"),
    ("microsoft", "Microsoft 365", "Outlook calendar; mail and drafts when asked for"),
    ("zoom", "Zoom", "transcripts of recorded calls"),
    ("caldav", "CalDAV", "the calendars of iCloud, Fastmail, Nextcloud or your own server"),
)
"""What is read beside the CRM, the same way."""


def systems() -> tuple[tuple[str, str, str], ...]:
    """All that can be connected: ours, then what other packages bring, by their word for it. Loads none of them."""
    from gangly_tui.connectors.registry import guests

    known = {name for name, _, _ in (*CRMS, *BESIDE)}
    others = (each for each in guests() if each.name not in known)
    return (*CRMS, *BESIDE, *((each.name, each.name, f"from {each.package}: {each.brings}") for each in others))


def groups() -> dict[str, str]:
    """The heading under which each is listed."""
    headed = {name: "Connect your CRM" for name, _, _ in CRMS}
    headed |= {name: "Beside it: calendar, mail, recordings" for name, _, _ in BESIDE}
    return {name: headed.get(name, "From other packages") for name, _, _ in systems()}


@click.command()
@click.argument("name", required=False, metavar="[NAME]")
@click.argument("path", required=False)
@click.option("--host", metavar="ADDRESS", help="Your own address, such as acme.my.salesforce.com.")
@click.option("--way", metavar="WAY", help="How to sign in, where a vendor has several ways.")
@click.option(
    "--with", "parts", multiple=True, metavar="PART", help="Also ask for this part: mail, drafts, transcripts."
)
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
    parts: tuple[str, ...],
    given: tuple[str, ...],
    secret_fd: int | None,
    device: bool,
    no_browser: bool,
    no_pull: bool,
    insecure_loopback: bool,
    guide: bool,
) -> None:
    """Choose what to work with: sandbox, calendar, salesforce, hubspot, pipedrive, dynamics, or a connector that you
    installed beside gangly; and beside it google, microsoft, zoom, caldav. A calendar is a file or an address.

    Google and Microsoft bring the calendar; mail, drafts and transcripts only come --with being asked for.
    Without a NAME the choice is shown in the app. What a CRM will ask for is shown before you agree to anything.
    Tokens are kept in your system's keyring or behind a passphrase; secrets are typed unseen or read from a
    descriptor, one NAME=VALUE a line, never given as an argument. Connect again to renew a sign-in.

    \b
    Examples:
      gangly connect sandbox
      gangly connect calendar ~/Downloads/work.ics
      gangly connect calendar https://calendar.acme.com/private-1a2b/work.ics
      gangly connect salesforce --guide
      gangly connect salesforce --host acme.my.salesforce.com
      gangly connect google --with mail --with drafts
      gangly connect pipedrive --way token --secret-fd 3 3<~/.secrets/pipedrive
    """
    from gangly_tui.commands.app import open_choice

    options = (host, way, parts, given, secret_fd is not None, device, no_browser, no_pull, insecure_loopback, guide)
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
        parts=frozenset(parts) or None,
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
    """Raises UsageError for a name that nobody has heard of."""
    if any(name == each for each, _, _ in (*CRMS, *BESIDE)):
        return
    from gangly_tui.connectors.registry import names

    if name not in names():
        from difflib import get_close_matches

        known = ["sandbox", "calendar", *(each for each, _, _ in systems())]
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
    parts: frozenset[str] | None,
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
    show_plan(plan, plan.asked_for if parts is None else parts)
    chosen = plan.chosen(way) if way or not there else choose_way(plan, device)
    if way or not there or len(plan.ways) == 1:
        say(f"\n{chosen.title}: {chosen.means}")
    secrets = read_secrets(secret_fd, chosen) if secret_fd is not None else {}
    if there:
        values |= ask_values(plan, chosen, values, loopback=insecure_loopback)
    answers = Answers(
        way=chosen.name,
        values=values,
        secrets=secrets,
        device=device,
        parts=parts,
        insecure_loopback=insecure_loopback or None,
    )
    connecting.examine(name, answers)
    connecting.unlock()
    if there:
        secrets |= ask_secrets(plan, chosen, secrets)
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
