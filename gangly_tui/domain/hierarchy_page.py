"""The hierarchy page as a team writes it (TOML): read whole, or refused with the line and a suggestion."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.hierarchy import TRUST, Hierarchy, Layer, Mode, Owner, Scope, Survivorship
from gangly_tui.domain.records import FIELDS, Kind, only_read
from gangly_tui.domain.toml_lines import Wrong, check_known, line_of, suggest

_TOP = ("mode", "trust", "sources", "required", "fields", "connectors")
_OWNER = ("layer", "system", "rule", "order")
_SCOPE = ("layer", "owner", "backup", "runbook", "review", "rotate", "read", "write")
_DUTIES = ("layer", "owner", "backup", "runbook")


def parse_hierarchy(text: str) -> Hierarchy:
    """Read a hierarchy page. Raises ConfigError that names the line and the table, and suggests a near name."""
    try:
        page = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the hierarchy page is not valid TOML: {error}") from error
    try:
        return _page(page)
    except Wrong as wrong:
        where = f"the hierarchy page, line {line_of(text, *wrong.path)}: " if wrong.path else "the hierarchy page: "
        raise ConfigError(f"{where}{wrong}", fix=wrong.fix) from None


def _page(page: Mapping[str, Any]) -> Hierarchy:
    check_known(page, _TOP, (), "the page")
    fields = _table(page.get("fields", {}), ("fields",))
    owners = {
        (kind, name): _owner(table, ("fields", kind.value, name))
        for kind, named in _kinds(fields, ("fields",)).items()
        for name, table in _known_fields(kind, _table(named, ("fields", kind.value)), ("fields", kind.value)).items()
    }
    connectors = _table(page.get("connectors", {}), ("connectors",))
    scopes = {name: _scope(name, _table(table, ("connectors", name))) for name, table in connectors.items()}
    mode = _one_of(page.get("mode", Mode.LIVE.value), [each.value for each in Mode], ("mode",), "a mode")
    sources = {
        name: tuple(each.strip().casefold() for each in _texts(users, ("sources", name)))
        for name, users in _table(page.get("sources", {}), ("sources",)).items()
    }
    required = {
        stage.strip().casefold(): tuple(_known_fields(Kind.OPPORTUNITY, dict.fromkeys(_texts(names, at)), at))
        for stage, names in _table(page.get("required", {}), ("required",)).items()
        for at in [("required", stage)]
    }
    return Hierarchy(
        owners=owners,
        scopes=scopes,
        mode=Mode(mode),
        trust=_texts(page.get("trust", list(TRUST)), ("trust",)),
        sources=sources,
        required=required,
    )


def _owner(table: Any, where: tuple[str, ...]) -> Owner:
    table = _table(table, where)
    check_known(table, _OWNER, where, "the page")
    layer = _one_of(table.get("layer", Layer.RECORD.value), [e.value for e in Layer], (*where, "layer"), "a layer")
    rules = [each.value for each in Survivorship]
    usual = Survivorship.RECORD_WINS.value
    rule = Survivorship(_one_of(table.get("rule", usual), rules, (*where, "rule"), "a survivorship rule"))
    order = _texts(table.get("order", []), (*where, "order"))
    if (rule is Survivorship.SOURCE_ORDER) != bool(order):
        raise Wrong(
            f"{_dotted(where)}: `order` and the rule {Survivorship.SOURCE_ORDER.value!r} belong together",
            where,
            fix='rule = "source order", order = ["form", "enrichment", "engagement"]',
        )
    return Owner(layer=Layer(layer), rule=rule, system=_text(table.get("system", ""), (*where, "system")), order=order)


def _scope(name: str, table: Mapping[str, Any]) -> Scope:
    where = ("connectors", name)
    check_known(table, _SCOPE, where, "the page")
    missing = [key for key in _DUTIES if not table.get(key)]
    if missing:
        raise Wrong(
            f"{_dotted(where)} names no {', no '.join(missing)}", where, "every connector is owned and run-booked"
        )
    layer = _one_of(table["layer"], [each.value for each in Layer], (*where, "layer"), "a layer")
    return Scope(
        system=name,
        layer=Layer(layer),
        owner=_text(table["owner"], (*where, "owner")),
        backup=_text(table["backup"], (*where, "backup")),
        runbook=_text(table["runbook"], (*where, "runbook")),
        read=_fields_of(table.get("read", {}), (*where, "read")),
        write=_writable(table.get("write", {}), (*where, "write")),
        review=_day(table.get("review"), (*where, "review")),
        rotate=_day(table.get("rotate"), (*where, "rotate")),
    )


def _fields_of(table: Any, where: tuple[str, ...]) -> dict[Kind, frozenset[str]]:
    found = {}
    for kind, names in _kinds(_table(table, where), where).items():
        here = (*where, kind.value)
        wanted: Mapping[str, Any] = FIELDS[kind] if names == ["*"] else dict.fromkeys(_texts(names, here))
        found[kind] = frozenset(_known_fields(kind, wanted, here))
    return found


def _writable(table: Any, where: tuple[str, ...]) -> dict[Kind, frozenset[str]]:
    """As the scope to read, without what is never written; a page that names such a field is told so."""
    found = _fields_of(table, where)
    for kind, names in found.items():
        barred = sorted(name for name in names if only_read(kind, name))
        if barred and table[kind.value] != ["*"]:
            here = (*where, kind.value)
            raise Wrong(f"{_dotted((*here, barred[0]))} is only read, never written", here, "take it out of write")
        found[kind] = frozenset(name for name in names if not only_read(kind, name))
    return found


def _kinds(table: Mapping[str, Any], where: tuple[str, ...]) -> dict[Kind, Any]:
    names = [kind.value for kind in Kind]
    for name in table:
        if name not in names:
            raise Wrong(f"{_dotted((*where, name))} is not a kind of record", (*where, name), suggest(name, names))
    return {Kind(name): value for name, value in table.items()}


def _known_fields(kind: Kind, fields: Mapping[str, Any], where: tuple[str, ...]) -> Mapping[str, Any]:
    for name in fields:
        if name not in FIELDS[kind]:
            at = (*where, name) if where[0] == "fields" else where
            raise Wrong(f"{_dotted((*where, name))} is not a field we know", at, suggest(name, list(FIELDS[kind])))
    return fields


def _one_of(value: Any, known: list[str], where: tuple[str, ...], what: str) -> str:
    if value not in known:
        raise Wrong(f"{_dotted(where)}: {value!r} is not {what}", where, suggest(str(value), known))
    return str(value)


def _table(value: Any, where: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Wrong(f"{_dotted(where)} must be a table, not {value!r}", where, f"write [{_dotted(where)}]")
    return value


def _text(value: Any, where: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        raise Wrong(f"{_dotted(where)} must be text, not {value!r}", where, 'put it in "quotes"')
    return value


def _texts(value: Any, where: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Wrong(f"{_dotted(where)} must be a list of texts", where, 'write it as ["one", "two"]')
    return tuple(value)


def _day(value: Any, where: tuple[str, ...]) -> date | None:
    if value is None:
        return None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Wrong(f"{_dotted(where)} must be a day", where, f"{where[-1]} = 2027-01-31, without quotes")
    return value


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(path)
