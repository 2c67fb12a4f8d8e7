"""Cases: a table of what should win, written by whoever signs the hierarchy page, and judged by the very gate."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from gangly_tui.domain.errors import ConfigError, InputError
from gangly_tui.domain.gate import Verdict, survive
from gangly_tui.domain.hierarchy import CUSTOMER, Hierarchy
from gangly_tui.domain.proposal import FieldChange
from gangly_tui.domain.records import FIELDS, FieldType, Kind, Value, decode, encode
from gangly_tui.domain.toml_lines import suggest
from gangly_tui.domain.values import same

KEEP, PROPOSE, APPEND = "keep", "propose", "append"
_EXPECTED = (KEEP, PROPOSE, APPEND)
_LATE = datetime(9999, 1, 1, tzinfo=UTC)
"""Where a case does not say when: after everything that stands there."""
_KEYS = ("name", "field", "current", "by", "at", "proposed", "source", "said", "expect", "result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of the table: what stands there, what is proposed, and what should come of it."""

    name: str
    kind: Kind
    field: str
    current: Value
    by: str
    at: datetime | None
    proposed: Value
    source: str
    said: datetime
    expect: str
    result: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A case and what the page really does: `came` is keep, propose or append."""

    case: Case
    verdict: Verdict
    came: str

    @property
    def passed(self) -> bool:
        """Whether it is what was expected, the resulting value included where one was written down."""
        wanted = self.case.result is None or same(self.case.result, self.verdict.change.after)
        return self.came == self.case.expect and wanted


def judge(case: Case, page: Hierarchy) -> Judged:
    """What the page does with a case."""
    change = FieldChange(
        field=case.field,
        label=case.field,
        type=FIELDS[case.kind][case.field],
        before=case.current,
        after=case.proposed,
        before_by=case.by,
        before_at=case.at,
    )
    if same(change.before, change.after):
        there = Verdict(allowed=False, rule="the CRM already says so", change=change)
        return Judged(case=case, verdict=there, came=KEEP)
    verdict = survive(change, kind=case.kind, hierarchy=page, said_at=case.said, source=case.source)
    appended = verdict.allowed and not same(verdict.change.after, case.proposed)
    return Judged(case=case, verdict=verdict, came=APPEND if appended else PROPOSE if verdict.allowed else KEEP)


def field_of(text: str) -> tuple[Kind, str]:
    """Read OBJECT.FIELD; "deal" is another word for opportunity. Raises InputError with a near name."""
    kind_name, _, name = text.strip().partition(".")
    kinds = {each.value: each for each in Kind} | {"deal": Kind.OPPORTUNITY}
    kind = kinds.get(kind_name.casefold())
    if kind is None or not name:
        raise InputError(f"{text!r} is no OBJECT.FIELD", fix="such as deal.close_date or contact.title")
    if name not in FIELDS[kind]:
        raise InputError(f"a {kind.label} has no field {name!r}", fix=suggest(name, FIELDS[kind]))
    return kind, name


def value_of(kind: Kind, name: str, given: object) -> Value:
    """A value as it was written down, as its field holds it. Raises InputError."""
    if isinstance(given, (list, tuple)):
        return tuple(str(each) for each in given)
    type_ = FIELDS[kind][name]
    if isinstance(given, datetime) and type_ is FieldType.DATE:
        return given.date()
    return decode(encode(given) if isinstance(given, (date, datetime)) else given, type_)


def moment_of(given: object) -> datetime:
    """A day or a moment, aware: a day is its midnight in UTC. Raises InputError."""
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError as error:
            raise InputError(f"{given!r} is no day", fix="write it as 2026-11-24") from error
    if isinstance(given, datetime):
        return given if given.tzinfo else given.replace(tzinfo=UTC)
    if isinstance(given, date):
        return datetime.combine(given, time(), tzinfo=UTC)
    raise InputError(f"{given!r} is no day", fix="write it as 2026-11-24")


def parse_cases(text: str) -> list[Case]:
    """Read the table: `[[case]]` entries in TOML. Raises ConfigError with the number and line of the case."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the cases are not valid TOML: {error}", fix="correct that line") from error
    rows = table.get("case")
    if not isinstance(rows, list) or not rows or set(table) != {"case"}:
        raise ConfigError(
            "there are no cases in it", fix="write [[case]] and below it field, current, proposed, expect"
        )
    starts = [at for at, line in enumerate(text.splitlines(), start=1) if line.strip().startswith("[[case]]")]
    found = []
    for number, row in enumerate(rows, start=1):
        where = f"case {number}" + (f", line {starts[number - 1]}" if number <= len(starts) else "")
        try:
            found.append(_case(row, f"case {number}"))
        except InputError as error:
            raise ConfigError(f"{where}: {error}", fix=error.fix) from error
    return found


def parse_case(row: Mapping[str, Any], page: Hierarchy) -> Judged:
    """One case from its keys, judged. Raises InputError."""
    return judge(_case(row, "case"), page)


def _case(row: Mapping[str, Any], usual: str) -> Case:
    unknown = sorted(set(row) - set(_KEYS))
    if unknown:
        raise InputError(f"there is no {unknown[0]!r} in a case", fix="use: " + ", ".join(_KEYS))
    for needed in ("field", "proposed", "expect"):
        if needed not in row:
            raise InputError(f"it says no {needed!r}", fix="field, proposed and expect are needed")
    if row["expect"] not in _EXPECTED:
        raise InputError(f"expect = {row['expect']!r}", fix="use one of: " + ", ".join(_EXPECTED))
    kind, name = field_of(str(row["field"]))
    return Case(
        name=str(row.get("name", usual)),
        kind=kind,
        field=name,
        current=value_of(kind, name, row.get("current")),
        by=str(row.get("by", "")),
        at=moment_of(row["at"]) if "at" in row else None,
        proposed=value_of(kind, name, row["proposed"]),
        source=str(row.get("source", CUSTOMER)),
        said=moment_of(row["said"]) if "said" in row else _LATE,
        expect=row["expect"],
        result=value_of(kind, name, row.get("result")),
    )
