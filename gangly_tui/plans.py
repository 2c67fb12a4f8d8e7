"""What connecting a vendor will ask, for a person to read before anything is agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gangly_tui.config import load_config, paths
from gangly_tui.connectors.oauth import Provider
from gangly_tui.connectors.transport import Reach, base_url
from gangly_tui.connectors.vendor import HOST, Setup, Vendor, Way
from gangly_tui.domain.connection import Answers, Ask, Plan, PlanWay
from gangly_tui.domain.errors import ConfigError, InputError
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.hierarchy_page import parse_hierarchy
from gangly_tui.domain.records import FIELDS, RECORD_KINDS
from gangly_tui.domain.secret import Secret
from gangly_tui.linking import provider_of, setup_of, vendor_of
from gangly_tui.profiles import SANDBOX, hierarchy_page

ME = Ask(
    name="user_email",
    label="Your work e-mail",
    why="Tells which records are yours; the trail and the CRM name you by it.",
    example="robin@acme.com",
    optional=True,
)
"""Asked beside what the vendor asks, as long as nobody has said who sits here."""


def plan_of(name: str) -> Plan:
    """What connecting this system will ask. Opens nothing and asks nothing. Raises ConfigError."""
    from gangly_tui.connectors.vault import names_in

    scope_of(name)
    _, vendor = vendor_of(name)
    config = load_config()
    kept = config.connections.get(name, {})
    setup = setup_of(name, kept, _Nothing())
    more = () if config.user_email else (ME,)
    prefix = f"{name}."
    return Plan(
        name=name,
        title=vendor.title,
        ways=tuple(way_of(vendor, way, setup, more) for way in vendor.ways),
        permissions=vendor.permissions,
        admin=vendor.admin,
        audit_fields=vendor.audit_fields,
        guards=vendor.guards,
        parts=vendor.parts,
        asked_for=parts_of(vendor, None, kept),
        way=str(kept.get("way", "")),
        known={HOST: setup.loopback, **setup.values} if setup.loopback else dict(setup.values),
        loopback=setup.loopback,
        kept=frozenset(each.removeprefix(prefix) for each in names_in(paths().data) if each.startswith(prefix)),
    )


def parts_of(vendor: Vendor, wanted: frozenset[str] | None, before: Mapping[str, Any]) -> frozenset[str]:
    """What of a connector is asked for: what is wanted now, else what was before; its first part always.

    Raises InputError for a part it does not have.
    """
    asked = frozenset(str(each) for each in before.get("parts", ())) if wanted is None else wanted
    if unknown := sorted(asked - set(vendor.parts)):
        has = ", ".join(vendor.parts) or "no parts"
        raise InputError(f"{vendor.title} has no part {unknown[0]!r}", fix=f"it has: {has}")
    return asked | frozenset(vendor.parts[:1])


def values_of(vendor: Vendor, way: Way, answers: Answers, before: Mapping[str, Any]) -> tuple[dict[str, str], str]:
    """The answers that are no secret, checked, and the server on this machine that stands in for the vendor."""
    asks = {ask.name: ask for ask in (*vendor.asks, *way.asks) if not ask.secret}
    given = {name: value.strip() for name, value in answers.values.items() if value.strip()}
    if "@" not in given.pop(ME.name, "@"):
        raise InputError("that is no e-mail address", fix=f"such as {ME.example}")
    if unknown := sorted(set(given) - set(asks) - {HOST}):
        raise InputError(f"{vendor.title} does not ask for {unknown[0]!r}", fix="it asks for: " + ", ".join(asks))
    known = {name: str(before[name]) for name in asks if name in before and name != HOST}
    trial = str(before.get("loopback", "")) if answers.insecure_loopback is not False else ""
    host = given.pop(HOST, "") or trial or str(before.get(HOST, ""))
    loopback = ""
    if answers.insecure_loopback or (host and host == trial):
        loopback = _here(host)
    elif host and HOST in asks:
        known[HOST] = _host(host, vendor)
    elif host:
        raise InputError(
            f"{vendor.title} has one address for all", fix="leave --host out, or add --insecure-loopback for a trial"
        )
    return {**known, **given}, loopback


def _here(text: str) -> str:
    """The address of a server on this machine, in the clear unless it says otherwise. Raises InputError."""
    example = "such as http://127.0.0.1:8702"
    if not text:
        raise InputError("a trial needs the address of a server on this machine", fix=example)
    try:
        return base_url(text if "://" in text else f"http://{text}", Reach(hosts=frozenset(), loopback=True))
    except ConfigError as error:
        raise InputError(f"{text} is no server on this machine", fix=f"a trial goes nowhere else: {example}") from error


def _host(text: str, vendor: Vendor) -> str:
    """The customer's address as a bare host name. Raises ConfigError for one that is not the vendor's."""
    if (urlsplit(text if "://" in text else f"//{text}").hostname or "") in ("127.0.0.1", "::1", "localhost"):
        raise ConfigError(
            f"{text} is this machine",
            fix=f"for a trial: tick it on the page, or gangly connect {vendor.name} --host {text} --insecure-loopback",
        )
    try:
        return urlsplit(base_url(text, Reach(hosts=vendor.hosts))).netloc
    except ConfigError as error:
        wanted = " or ".join(sorted(f"NAME{each}" if each.startswith(".") else each for each in vendor.hosts))
        raise ConfigError(f"{error}", fix=f"{vendor.title} is at {wanted}") from error


def scope_of(name: str) -> Scope:
    """What the hierarchy page lets a system touch. Raises ConfigError where no page speaks of it."""
    vendor_of(name)  # a name that is no CRM is told first
    page = hierarchy_page()
    if name not in page.scopes:
        raise ConfigError(
            f"no hierarchy page says what gangly may read and write in {name}",
            fix=f"gangly connect {name} --guide prints the lines to add, and where",
        )
    return page.scope(name)


def guide_of(name: str) -> str:
    """The administrator's page of a vendor, Markdown: its own words, else the steps, then what is asked and made."""
    _, vendor = vendor_of(name)
    own = vendor.guide.strip()
    lines = [own]
    if not own.startswith("#"):
        lines = [f"# {vendor.title}: what an administrator does once", ""]
        lines += [f"{number}. {step}" for number, step in enumerate(vendor.admin, start=1)]
    if name not in hierarchy_page().scopes:
        lines += ["", *_page_for(vendor)]
    lines += ["", "## What gangly asks for, and why", ""]
    lines += [f"- `{each.name}`: {each.why}" for each in vendor.permissions]
    if vendor.audit_fields:
        lines += ["", "## Fields that say where a write came from", ""]
        lines += [f"- {each.of}: `{each.name}` ({each.type})" for each in vendor.audit_fields]
    lines += ["", "## Ways to sign in", ""]
    lines += [f"- {each.title}. {each.means}" for each in vendor.ways]
    lines += ["", vendor.guards]
    return "\n".join(lines).strip() + "\n"


def _page_for(vendor: Vendor) -> list[str]:
    """Lines for the hierarchy page about a system that it does not name: what the sandbox may do, to be narrowed."""
    own, shipped = paths().config / "hierarchy.toml", Path(__file__).with_name("hierarchy.toml")
    usual = parse_hierarchy(shipped.read_text(encoding="utf-8")).scope(SANDBOX)
    where = f"at the end of {own}" if own.exists() else f"at the end of a copy of {shipped}, kept as {own}"
    lines = [
        "## What it may read and write",
        "",
        f"gangly touches nothing in {vendor.title} before the hierarchy page says what.",
        f"Put this {where}, and narrow it:",
        "",
        "```toml",
        f"[connectors.{vendor.name}]",
        'layer   = "record"',
        f'owner   = "who answers for {vendor.title} here"',
        'backup  = "who stands in"',
        f'runbook = "gangly connect {vendor.name} --guide"',
        "",
        f"[connectors.{vendor.name}.read]",
        *(f'{kind.value} = ["*"]' for kind in RECORD_KINDS),
        "",
        f"[connectors.{vendor.name}.write]",
    ]
    for kind in RECORD_KINDS:
        if names := [each for each in FIELDS[kind] if usual.may_write(kind, each)]:
            lines.append(f"{kind.value} = [" + ", ".join(f'"{each}"' for each in names) + "]")
    return [*lines, "```"]


def way_of(vendor: Vendor, way: Way, setup: Setup, more: tuple[Ask, ...] = ()) -> PlanWay:
    """One way to sign in, with all it asks."""
    provider = _tried(vendor, way, setup)
    return PlanWay(
        name=way.name,
        title=way.title,
        means=way.means,
        asks=(*vendor.asks, *way.asks, *more),
        browser=way.provider is not None,
        device=bool(provider and provider.device_url),
    )


def _tried(vendor: Vendor, way: Way, setup: Setup) -> Provider | None:
    """The provider as far as it can be told before the answers are there."""
    examples = {ask.name: setup.get(ask.name) or ask.example or "x" for ask in (*vendor.asks, *way.asks)}
    return provider_of(vendor, way, replace(setup, values=examples, secret=lambda _: None))


class _Nothing:
    """A keeper that keeps nothing."""

    def get(self, name: str) -> Secret[str] | None:
        """None."""
        return None

    def put(self, name: str, secret: Secret[str]) -> None:
        """Nothing."""

    def remove(self, name: str) -> None:
        """Nothing."""
