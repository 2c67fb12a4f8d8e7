"""Governance: what the hierarchy page promises, held against what really happened. Reads the store alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gangly_tui.domain.hierarchy import Hierarchy, Scope
from gangly_tui.domain.records import RECORD_KINDS, Kind, only_read
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, mirror

UNUSED_DAYS = 90
"""A permission that was not used for so long is wider than the work needs."""
SOON_DAYS = 14
_NOBODY = ("nobody", "tbd", "todo", "unknown", "n/a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a RevOps lead should look at. `severe` fails the check; the rest is worth knowing."""

    where: str
    what: str
    fix: str
    severe: bool = True


def check_page(desk: Desk, systems: tuple[str, ...]) -> list[Finding]:
    """Hold the page against the connected systems, the CRM's live schema, today, and what the trail shows was used.

    `systems` are those that are connected.
    """
    today = desk.now().date()
    found: list[Finding] = []
    for name, scope in desk.hierarchy.scopes.items():
        connected = name in systems
        found += _duties(scope, today, connected=connected)
    found += _missing(desk.hierarchy, systems)
    found += _unknown_fields(desk)
    found += _unread_consent(desk)
    found += _unused(desk, desk.now() - timedelta(days=UNUSED_DAYS))
    return sorted(found, key=lambda each: (not each.severe, each.where))


def _duties(scope: Scope, today: date, *, connected: bool) -> list[Finding]:
    where, found = f"connectors.{scope.system}", []
    for duty, who in (("owner", scope.owner), ("backup", scope.backup)):
        if who.strip().casefold().split(":")[0] in _NOBODY and connected:
            what, fix = f"its {duty} is {who!r}", f"name a person as {duty}"
            found.append(Finding(where=where, what=what, fix=fix, severe=duty == "owner"))
    for what, on in (("review", scope.review), ("credential rotation", scope.rotate)):
        key = "review" if what == "review" else "rotate"
        if on is not None and on < today:
            late = (today - on).days
            fix = f"do it, then set {key} to the next day"
            found.append(Finding(where=where, what=f"its {what} is {late} days overdue ({on})", fix=fix))
        elif on is not None and (on - today).days <= SOON_DAYS:
            found.append(Finding(where=where, what=f"its {what} is due on {on}", fix="plan it", severe=False))
        elif on is None and connected:
            fix = f"add {key} = YYYY-MM-DD"
            found.append(Finding(where=where, what=f"has no day of {what}", fix=fix, severe=False))
    return found


def _missing(page: Hierarchy, systems: tuple[str, ...]) -> list[Finding]:
    return [
        Finding(
            where=f"connectors.{name}",
            what="is connected, but the page does not name it: it may touch nothing",
            fix=f"add a [connectors.{name}] table",
        )
        for name in systems
        if name not in page.scopes
    ]


def _unknown_fields(desk: Desk) -> list[Finding]:
    """Fields that the page lets us write and the CRM, as last described, does not have or does not let change."""
    system = desk.reader.system
    scope, schemas = desk.hierarchy.scopes.get(system), mirror.schemas(desk.db, desk.reader.system)
    if scope is None or not schemas:
        return []
    found = []
    for kind, names in scope.write.items():
        for name in sorted(names):
            field = schemas[kind].field(name) if kind in schemas else None
            where = f"connectors.{system}.write.{kind.value}"
            if kind in schemas and field is None:
                fix = "take it out of the page, or add the field there"
                found.append(Finding(where=where, what=f"{system} has no field for {name}", fix=fix, severe=False))
            elif field is not None and field.read_only:
                fix = "take it out of the page, or ask for the permission"
                found.append(Finding(where=where, what=f"{name} is read-only for this user", fix=fix, severe=False))
    return found


def _unread_consent(desk: Desk) -> list[Finding]:
    """Contacts that are read without what they said about mail and about where their data stays."""
    system = desk.reader.system
    scope = desk.hierarchy.scopes.get(system)
    if scope is None or not scope.read.get(Kind.CONTACT):
        return []
    gates = {"mail_opt_out": "who asked for no mail is not seen"}
    if desk.settings.processing or desk.settings.mail_regions:
        gates["residency"] = "[processing] in config.toml restricts nobody"
    if desk.recorders:
        gates["recording_consent"] = "who agrees to no recording is not seen"
    where = f"connectors.{system}.read.contact"
    return [
        Finding(where=where, what=f"leaves out {name}: {why}", fix=f'add "{name}"', severe=False)
        for name, why in gates.items()
        if not scope.may_read(Kind.CONTACT, name)
    ]


def _unused(desk: Desk, since: datetime) -> list[Finding]:
    """Scopes wider than the work: fields never proposed nor written, and fields that are read and empty everywhere."""
    system = desk.reader.system
    scope = desk.hierarchy.scopes.get(system)
    first = decisions.first_decision(desk.db)
    if scope is None or first is None or first > since:  # not used for that long yet: nothing can be told
        return []
    used = decisions.fields_used(desk.db, since)
    found = []
    for kind in RECORD_KINDS:
        idle = sorted(name for name in scope.write.get(kind, ()) if (kind, name) not in used)
        if idle:
            what = f"may be written, and was not in {UNUSED_DAYS} days: {', '.join(idle)}"
            where = f"connectors.{system}.write.{kind.value}"
            found.append(Finding(where=where, what=what, fix="narrow the write scope", severe=False))
        empty = sorted(_always_empty(desk, scope, kind))
        if empty:
            what = f"is read, and empty in every record: {', '.join(empty)}"
            where = f"connectors.{system}.read.{kind.value}"
            found.append(Finding(where=where, what=what, fix="narrow the read scope", severe=False))
    return found


def _always_empty(desk: Desk, scope: Scope, kind: Kind) -> set[str]:
    held = mirror.fields_with_values(desk.db, kind)
    wanted = {name for name in scope.read.get(kind, ()) if not only_read(kind, name)}  # nobody has to have opted out
    return wanted - held if held else set()
