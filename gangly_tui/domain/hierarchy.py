"""The Integration Hierarchy: which layer and which system owns each field, who wins it, who may read and write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.records import Kind, Record, only_read


class Layer(StrEnum):
    """The three layers. Only an Approval lets something cross from engagement to record."""

    RECORD = "record"
    ENGAGEMENT = "engagement"
    INTELLIGENCE = "intelligence"


class Survivorship(StrEnum):
    """Who wins a field that already has a value."""

    RECORD_WINS = "record wins"
    NEWEST_STATEMENT = "newest customer statement"
    NEVER_OVERWRITE = "never overwrite"
    HIGHEST_TRUST = "highest trust"
    """the source that comes first in the page's `trust`; the newer of two that are trusted alike"""
    SOURCE_ORDER = "source order"
    """the source that comes first in the field's own `order`"""
    LONGEST = "longest"
    APPEND = "append"


CUSTOMER, REP = "customer", "rep"
"""Where words of a call come from: the other side said it, or the rep noted it."""
TRUST = (CUSTOMER, REP, "form", "enrichment", "engagement")
"""Who is believed before whom, where a page does not say otherwise."""


class Mode(StrEnum):
    """What an approval does."""

    LIVE = "live"
    SHADOW = "shadow"
    """everything but the sending: what would have been written is counted"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who owns a fact and which rule keeps it. `system` is the one that holds the truth, "" for any of the layer."""

    layer: Layer
    rule: Survivorship
    system: str = ""
    order: tuple[str, ...] = ()
    """for `source order`: the sources, the one that wins first"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one connector may touch, and who answers for it."""

    system: str
    layer: Layer
    owner: str
    backup: str
    runbook: str
    read: Mapping[Kind, frozenset[str]]
    write: Mapping[Kind, frozenset[str]]
    review: date | None = None
    """when somebody looks at this entry again"""
    rotate: date | None = None
    """when its credential is replaced"""

    def may_read(self, kind: Kind, field: str) -> bool:
        """Whether the field may be requested from this system."""
        return field in self.read.get(kind, frozenset())

    def may_write(self, kind: Kind, field: str) -> bool:
        """Whether the field may be proposed for and sent to this system."""
        return field in self.write.get(kind, frozenset()) and not only_read(kind, field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """The whole page."""

    owners: Mapping[tuple[Kind, str], Owner]
    scopes: Mapping[str, Scope]
    mode: Mode = Mode.LIVE
    trust: tuple[str, ...] = TRUST
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """source -> the CRM users through whom it writes; everybody else is a rep"""
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """stage, casefolded -> the fields of a deal that must be filled there; a stage that is left out is judged by its
    place on the ladder"""

    def source_of(self, user: str) -> str:
        """Which source a CRM user writes for."""
        wanted = user.strip().casefold()
        return next((name for name, users in self.sources.items() if wanted in users), REP)

    def owner(self, kind: Kind, field: str) -> Owner:
        """Who owns a field; one the page does not name belongs to the record."""
        return self.owners.get((kind, field), Owner(layer=Layer.RECORD, rule=Survivorship.RECORD_WINS))

    def rule(self, kind: Kind, field: str) -> Survivorship:
        """The survivorship rule of a field; a field the page does not name keeps what the record says."""
        return self.owner(kind, field).rule

    def scope(self, system: str) -> Scope:
        """The scope of a system. Raises ConfigError when the page does not name it: it may touch nothing then."""
        try:
            return self.scopes[system]
        except KeyError:
            raise ConfigError(
                f"the hierarchy page has no connector {system!r}", fix=f"add a [connectors.{system}] table to it"
            ) from None


def in_scope(record: Record, scope: Scope) -> Record:
    """The record with only the fields that the hierarchy lets us read."""
    may = scope.read.get(record.ref.kind, frozenset())
    if record.fields.keys() <= may:
        return record
    return replace(record, fields={name: value for name, value in record.fields.items() if name in may})
