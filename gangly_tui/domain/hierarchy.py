"""The Integration Hierarchy: which layer and which system owns each field, who wins it, who may read and write it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.records import FIELDS, Kind, Record


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
    LONGEST = "longest"
    APPEND = "append"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who owns a fact and which rule keeps it."""

    layer: Layer
    rule: Survivorship


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

    def may_read(self, kind: Kind, field: str) -> bool:
        """Whether the field may be requested from this system."""
        return field in self.read.get(kind, frozenset())

    def may_write(self, kind: Kind, field: str) -> bool:
        """Whether the field may be proposed for and sent to this system."""
        return field in self.write.get(kind, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """The whole page."""

    owners: Mapping[tuple[Kind, str], Owner]
    scopes: Mapping[str, Scope]

    def rule(self, kind: Kind, field: str) -> Survivorship:
        """The survivorship rule of a field; a field the page does not name keeps what the record says."""
        owner = self.owners.get((kind, field))
        return owner.rule if owner else Survivorship.RECORD_WINS

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


def parse_hierarchy(text: str) -> Hierarchy:
    """Read a hierarchy page (TOML). Raises ConfigError that names the table and suggests a near name."""
    try:
        page = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the hierarchy page is not valid TOML: {error}") from error
    owners = {
        (kind, name): _owner(table, f"fields.{kind.value}.{name}")
        for kind, fields in _kinds(page.get("fields", {}), "fields").items()
        for name, table in _known_fields(kind, fields, f"fields.{kind.value}").items()
    }
    scopes = {name: _scope(name, table) for name, table in page.get("connectors", {}).items()}
    return Hierarchy(owners=owners, scopes=scopes)


def _kinds(table: Mapping[str, Any], where: str) -> dict[Kind, Any]:
    names = [kind.value for kind in Kind]
    for name in table:
        if name not in names:
            raise ConfigError(f"{where}.{name} is not a kind of record", fix=_suggest(name, names))
    return {Kind(name): value for name, value in table.items()}


def _known_fields(kind: Kind, fields: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    for name in fields:
        if name not in FIELDS[kind]:
            raise ConfigError(f"{where}.{name} is not a field we know", fix=_suggest(name, list(FIELDS[kind])))
    return fields


def _owner(table: Mapping[str, Any], where: str) -> Owner:
    layer, rule = table.get("layer", Layer.RECORD.value), table.get("rule", Survivorship.RECORD_WINS.value)
    layers, rules = [each.value for each in Layer], [each.value for each in Survivorship]
    if layer not in layers:
        raise ConfigError(f"{where}.layer: {layer!r} is not a layer", fix=_suggest(layer, layers))
    if rule not in rules:
        raise ConfigError(f"{where}.rule: {rule!r} is not a survivorship rule", fix=_suggest(rule, rules))
    return Owner(layer=Layer(layer), rule=Survivorship(rule))


def _scope(name: str, table: Mapping[str, Any]) -> Scope:
    where = f"connectors.{name}"
    missing = [key for key in ("layer", "owner", "backup", "runbook") if not table.get(key)]
    if missing:
        raise ConfigError(f"{where} names no {', no '.join(missing)}", fix="every connector is owned and run-booked")
    layers = [each.value for each in Layer]
    if table["layer"] not in layers:
        raise ConfigError(f"{where}.layer: {table['layer']!r} is not a layer", fix=_suggest(table["layer"], layers))
    return Scope(
        system=name,
        layer=Layer(table["layer"]),
        owner=table["owner"],
        backup=table["backup"],
        runbook=table["runbook"],
        read=_fields_of(table.get("read", {}), f"{where}.read"),
        write=_fields_of(table.get("write", {}), f"{where}.write"),
    )


def _fields_of(table: Mapping[str, Any], where: str) -> dict[Kind, frozenset[str]]:
    found = {}
    for kind, names in _kinds(table, where).items():
        wanted = FIELDS[kind] if names == ["*"] else dict.fromkeys(names)
        _known_fields(kind, wanted, f"{where}.{kind.value}")
        found[kind] = frozenset(wanted)
    return found


def _suggest(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(str(name), known, n=1)
    return f"did you mean {near[0]!r}?" if near else "use one of: " + ", ".join(known)
