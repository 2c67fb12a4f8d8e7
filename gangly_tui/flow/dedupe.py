"""Dedupe: what in the mirror is there twice, why, and who made it. It reads; merging stays in the CRM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gangly_tui.domain.dedupe import groups
from gangly_tui.domain.dedupe_people import Double, Known, Sure, companies, normal_forms, people, to_keep
from gangly_tui.domain.hierarchy import Hierarchy
from gangly_tui.domain.identity import mistyped_host
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.store import dedupe as store
from gangly_tui.store.database import Connection

KINDS = (Kind.CONTACT, Kind.ACCOUNT)
UNKNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Records that are one, the one to keep first."""

    kind: Kind
    members: tuple[Known, ...]
    why_keep: str
    doubles: tuple[Double, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Records of one kind, or from one hand: how many, and how many of them a merge would leave out."""

    name: str
    records: int
    surplus: int

    @property
    def rate(self) -> float:
        return self.surplus / self.records if self.records else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found. `sources` names who or what made the records, those with the most duplicates first."""

    kinds: tuple[Tally, ...]
    groups: tuple[Group, ...]
    sources: tuple[Tally, ...]
    mistyped: tuple[tuple[Known, str], ...]
    """contacts whose mail host looks mistyped, with what it probably is; a hint, in no group for it"""

    @property
    def exact(self) -> int:
        return sum(each.sure is Sure.EXACT for group in self.groups for each in group.doubles)

    @property
    def fuzzy(self) -> int:
        return sum(each.sure is Sure.FUZZY for group in self.groups for each in group.doubles)


def audit(db: Connection, hierarchy: Hierarchy, aliases: Mapping[str, str] | None = None) -> Audit:
    """Look through every contact and account of the mirror."""
    everyone: list[Known] = []
    found: list[Group] = []
    kinds = []
    mistyped: list[tuple[Known, str]] = []
    for kind in KINDS:
        known = store.known(db, kind)
        doubles = people(known, aliases) if kind is Kind.CONTACT else companies(known, aliases)
        made = _groups(db, kind, doubles)
        kinds.append(Tally(name=kind.value, records=len(known), surplus=sum(len(each.members) - 1 for each in made)))
        everyone += known
        found += made
        if kind is Kind.CONTACT:
            mistyped = _mistyped(known)
    return Audit(
        kinds=tuple(kinds), groups=tuple(found), sources=_sources(everyone, found, hierarchy), mistyped=tuple(mistyped)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What somebody typed, and what matching reads instead."""

    known: Known
    field: str
    typed: str
    form: str


def normalise(
    db: Connection, *, size: int, before: datetime | None = None, aliases: Mapping[str, str] | None = None
) -> tuple[int, list[Form]]:
    """One batch of what is there: how many records were looked at, and what matching reads another way than typed."""
    batch = [each for kind in KINDS for each in store.known(db, kind, newest=size, before=before)]
    forms = [
        Form(known=each, field=field, typed=typed, form=form)
        for each in batch
        for field, typed, form in normal_forms(each, aliases)
    ]
    return len(batch), forms


def _groups(db: Connection, kind: Kind, doubles: Sequence[Double]) -> list[Group]:
    known: dict[RecordRef, Known] = {}
    for each in doubles:
        known |= {each.left.ref: each.left, each.right.ref: each.right}
    refs = list(known)
    places = {ref: number for number, ref in enumerate(refs)}
    used = store.hanging(db, refs)
    by_root: dict[RecordRef, list[Double]] = {}
    members = groups((places[each.left.ref], places[each.right.ref]) for each in doubles)
    root = {refs[number]: refs[group[0]] for group in members for number in group}
    for each in doubles:
        by_root.setdefault(root[each.left.ref], []).append(each)
    found = []
    for group in members:
        each_of = [known[refs[number]] for number in group]
        keep, why = to_keep(each_of, used)
        found.append(
            Group(
                kind=kind,
                members=(keep, *(each for each in each_of if each is not keep)),
                why_keep=why,
                doubles=tuple(by_root[refs[group[0]]]),
            )
        )
    return sorted(found, key=lambda group: (-max(each.likely for each in group.doubles), group.members[0].ref.id))


def _sources(everyone: Sequence[Known], found: Sequence[Group], hierarchy: Hierarchy) -> tuple[Tally, ...]:
    """Who made how many, and how many of those a merge would leave out."""

    def source(each: Known) -> str:
        user = each.by.strip().casefold()
        return next((name for name, users in hierarchy.sources.items() if user in users), each.by.strip() or UNKNOWN)

    records = Counter(source(each) for each in everyone)
    surplus = Counter(source(each) for group in found for each in group.members[1:])
    made = [Tally(name=name, records=number, surplus=surplus[name]) for name, number in records.items()]
    return tuple(sorted(made, key=lambda each: (-each.surplus, -each.records, each.name)))


def _mistyped(known: Sequence[Known]) -> list[tuple[Known, str]]:
    hosts = {each.email.strip().lower().rpartition("@")[2] for each in known}
    meant = {host: right for host in hosts if (right := mistyped_host(host))}
    found = []
    for each in known:
        local, _, host = each.email.strip().lower().rpartition("@")
        if host in meant:
            found.append((each, f"{local}@{meant[host]}"))
    return found
