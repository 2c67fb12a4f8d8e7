"""What connecting asks on a terminal: the plan, then each answer, and at the end what stands."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import out, tell
from gangly_tui.domain.errors import InputError

if TYPE_CHECKING:
    from gangly_tui.domain.connection import Ask, Connected, Permission, Plan, PlanWay
    from gangly_tui.domain.secret import Secret

_LONGEST = 65_536


def show_plan(plan: Plan, parts: frozenset[str] = frozenset()) -> None:
    """What connecting will ask, before anything is agreed to; what belongs to a part that is not wanted, too."""
    from gangly_tui.domain.connection import fields_by_object

    tell(f"Connecting {plan.title}")
    if plan.admin:
        tell("\nAn administrator does this first:")
        for number, step in enumerate(plan.admin, start=1):
            say(f"{number}. {step}", "  ", "     ")
    tell("\ngangly will ask for:")
    width = max((len(each.name) for each in plan.permissions), default=0)
    asked: list[Permission] = []
    apart: list[Permission] = []
    for each in plan.permissions:
        (asked if each.part in ("", *plan.parts[:1], *parts) else apart).append(each)
    for each in asked:
        say(f"{each.name:<{width}}  {each.why}", "  ", " " * (width + 4))
    for each in apart:
        say(f"{each.name:<{width}}  not asked for: {each.why} (--with {each.part})", "  ", " " * (width + 4))
    if plan.audit_fields:
        say("\nIf an administrator creates them, these fields say in the CRM where a write came from:")
        for objects, names in fields_by_object(plan.audit_fields):
            say(f"{objects}: {names}", "  ", "    ")
    if plan.guards:
        say(f"\n{plan.guards}")


def say(text: str, first: str = "", rest: str = "") -> None:
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
        say(f"! {sentence}", "", "  ")
    if connected.rotate_by:
        tell(f"static credential, rotate by {connected.rotate_by.isoformat()}: gangly connect {connected.name}")


def choose_way(plan: Plan, device: bool) -> PlanWay:
    """Ask how to sign in, where there is a choice."""
    ways = [each for each in plan.ways if each.device] if device else list(plan.ways)
    if not ways:
        raise InputError(f"{plan.title} has no sign-in by device code", fix="leave --device out")
    if len(ways) == 1:
        return ways[0]
    tell("\nWays to sign in:")
    for number, each in enumerate(ways, start=1):
        say(f"{number}  {each.title}: {each.means}", "  ", "     ")
    usual = next((number for number, each in enumerate(ways, start=1) if each.name == plan.way), 1)
    return ways[click.prompt("Which", type=click.IntRange(1, len(ways)), default=usual, err=True) - 1]


def ask_values(plan: Plan, way: PlanWay, values: Mapping[str, str], *, loopback: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    for ask in way.asks:
        if ask.secret or values.get(ask.name) or (loopback and ask.name == "host"):
            continue
        say(f"\n{_why(ask)}")
        known = plan.known.get(ask.name, "")
        typed = click.prompt(ask.label, default=known, show_default=bool(known), err=True)
        if typed:
            found[ask.name] = str(typed)
    return found


def ask_secrets(plan: Plan, way: PlanWay, given: Mapping[str, Secret[str]]) -> dict[str, Secret[str]]:
    from gangly_tui.domain.secret import Secret

    found: dict[str, Secret[str]] = {}
    for ask in way.asks:
        if not ask.secret or ask.name in given:
            continue
        kept = ask.name in plan.kept
        say(f"\n{_why(ask)}")
        hint = " (Enter keeps the one from before)" if kept else ""
        empty = "" if kept or ask.optional else None
        typed = click.prompt(ask.label + hint, default=empty, show_default=False, hide_input=True, err=True)
        if typed:
            found[ask.name] = Secret(str(typed).strip())
    return found


def read_secrets(number: int, way: PlanWay) -> dict[str, Secret[str]]:
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
