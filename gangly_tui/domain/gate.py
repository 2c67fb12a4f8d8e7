"""The gate: may this change be proposed, and what does it become? Scope, schema, evidence, staleness, survivorship."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from gangly_tui.domain.draft import Evidence, Side
from gangly_tui.domain.errors import InputError
from gangly_tui.domain.hierarchy import CUSTOMER, REP, Hierarchy, Survivorship
from gangly_tui.domain.proposal import FieldChange
from gangly_tui.domain.records import FieldSchema, FieldType, Kind
from gangly_tui.domain.values import check_length, same


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Allowed or not, and the rule that decided, in words. `change` is what may be proposed."""

    allowed: bool
    rule: str
    change: FieldChange


def check(
    change: FieldChange,
    *,
    kind: Kind,
    system: str,
    schema: FieldSchema | None,
    hierarchy: Hierarchy,
    evidence: Evidence | None,
    said_at: datetime,
) -> Verdict:
    """Judge one field change of an existing record.

    `said_at` is when the words were said (the call's start). `schema` is the system's live description of the field,
    None when the system has no such field. `evidence` None means a person typed the value.
    """
    if reason := _barred(change, kind, system, schema, hierarchy):
        return Verdict(allowed=False, rule=reason, change=change)
    if same(change.before, change.after):
        return Verdict(allowed=False, rule="the CRM already says so", change=change)
    if evidence is None:
        return Verdict(allowed=True, rule="typed by you", change=change)
    verdict = survive(change, kind=kind, hierarchy=hierarchy, said_at=said_at, source=source_of(evidence))
    if verdict.allowed and (reason := _misfit(verdict.change)):
        return Verdict(allowed=False, rule=reason, change=change)
    return verdict


def _barred(
    change: FieldChange, kind: Kind, system: str, schema: FieldSchema | None, hierarchy: Hierarchy
) -> str | None:
    if not hierarchy.scope(system).may_write(kind, change.field):
        return f"{kind.label}.{change.field} is outside the write scope of {system}"
    if schema is None:
        return f"{system} has no field {change.field} on a {kind.label}"
    if schema.read_only:
        return f"{schema.label} is read-only in {system}"
    return None


def _misfit(change: FieldChange) -> str | None:
    if change.type is FieldType.PICKLIST and change.after not in change.options:
        return f"{change.after!r} is not one of the values of {change.label}"
    if isinstance(change.after, str):
        try:
            check_length(change.after, change)
        except InputError as error:
            return str(error)
    return None


def source_of(evidence: Evidence) -> str:
    """Where the words come from: the other side said it, or the rep noted it."""
    return CUSTOMER if evidence.side is Side.BUYER else REP


def survive(change: FieldChange, *, kind: Kind, hierarchy: Hierarchy, said_at: datetime, source: str) -> Verdict:
    """Which of two values the page lets win; `source` is where the proposed one comes from."""
    owner = hierarchy.owner(kind, change.field)
    rule = owner.rule
    if same(change.before, None):
        return Verdict(allowed=True, rule="the field is empty: filled", change=change)
    match rule:
        case Survivorship.RECORD_WINS | Survivorship.NEVER_OVERWRITE:
            return Verdict(allowed=False, rule=f"{rule.value}: the CRM has a value", change=change)
        case Survivorship.NEWEST_STATEMENT:
            if change.before_at is not None and change.before_at > said_at:
                who = change.before_by or "somebody"
                return Verdict(
                    allowed=False, rule=f"{rule.value}: {who} set it after this was said, {_day(change)}", change=change
                )
            return Verdict(allowed=True, rule=f"{rule.value} wins", change=change)
        case Survivorship.HIGHEST_TRUST | Survivorship.SOURCE_ORDER:
            order = owner.order if rule is Survivorship.SOURCE_ORDER else hierarchy.trust
            newer = change.before_at is None or change.before_at <= said_at
            allowed, how = _ranked(order, source, hierarchy.source_of(change.before_by), newer=newer)
            return Verdict(allowed=allowed, rule=f"{rule.value}: {how}", change=change)
        case Survivorship.LONGEST:
            longer = len(str(change.after)) > len(str(change.before))
            return Verdict(allowed=longer, rule=f"{rule.value} wins", change=change)
        case Survivorship.APPEND:
            return _append(change)


def _ranked(order: tuple[str, ...], ours: str, theirs: str, *, newer: bool) -> tuple[bool, str]:
    """Whether ours wins, and how: the source that comes first does, of two alike the newer word.

    Words of a call are `engagement` where their own source is not named; what is in no order comes last.
    """

    def rank(source: str) -> int:
        names = (source, "engagement") if source in (CUSTOMER, REP) else (source,)
        return min((order.index(each) for each in names if each in order), default=len(order))

    mine, standing = rank(ours), rank(theirs)
    if mine == standing:
        return newer, f"{ours} and {theirs} count alike, the newer word wins"
    return mine < standing, f"{ours} beats {theirs}" if mine < standing else f"{theirs} beats {ours}"


def _append(change: FieldChange) -> Verdict:
    before, after = str(change.before), str(change.after)
    if after.casefold() in before.casefold():
        return Verdict(allowed=False, rule="append: the text is there already", change=change)
    joint = "\n" if change.type is FieldType.LONG_TEXT else "; "
    return Verdict(
        allowed=True,
        rule="append: added to what stands there",
        change=replace(change, after=f"{before}{joint}{after}"),
    )


def _day(change: FieldChange) -> str:
    return change.before_at.strftime("%d %b %Y") if change.before_at else ""
