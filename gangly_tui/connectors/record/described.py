"""What a customer's system has, as it describes itself: its columns, and which of them are our fields. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import FIELDS, FieldSchema, FieldType, Kind, ObjectSchema, only_read

_FREE = (FieldType.TEXT, FieldType.LONG_TEXT, FieldType.PICKLIST)
_TO_A_RECORD = ("owner", "account", "contacts")
_LABELS = {"owner": "Owner", "contacts": "Contacts"}
_OF_ACTIVITIES = {"at": "When", "ours": "Ours to do", "opportunity": "Deal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `type` is the vendor's word, `meant` what it makes of a text of ours (a list, a long text).

    `options` are labels and what the API calls them. `day` is a date that is kept without a time.
    """

    name: str
    label: str
    type: str = ""
    meant: FieldType | None = None
    length: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    custom: bool = False
    unique: bool = False
    day: bool = False
    precision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One object as the customer has it. `names` are our fields that it has, with the column each is."""

    object: str
    kind: Kind
    columns: Mapping[str, Column]
    names: Mapping[str, Column]


def is_free(kind: Kind, ours: str) -> bool:
    """Whether a field of ours is any text: what the customer makes of it, a list say, is as good."""
    return FIELDS[kind][ours] in _FREE and ours not in ("owner", "currency")


ColumnT = TypeVar("ColumnT")


def names_in(
    kind: Kind,
    wanted: Mapping[str, Sequence[str]],
    columns: Mapping[str, ColumnT],
    own: Mapping[tuple[Kind, str], str],
    fits: Callable[[Kind, str, ColumnT], bool],
) -> dict[str, ColumnT]:
    """Our fields with the first column that each may be; `own` are the names the customer gave in the configuration.

    A leading `*` stands for a publisher's prefix ("contoso"). A column of somebody's own making may hold something
    else under a name: it has to fit.
    """
    names: dict[str, ColumnT] = {}
    for ours, candidates in wanted.items():
        known = (own[kind, ours],) if (kind, ours) in own else candidates
        found = [columns[name] for each in known for name in _matching(each, columns)]
        if fitting := [each for each in found if fits(kind, ours, each)]:
            names[ours] = fitting[0]
    return names


def _matching(name: str, columns: Mapping[str, object]) -> list[str]:
    if not name.startswith("*"):
        return [name] if name in columns else []
    ending = re.compile(r"[a-z][a-z0-9]{1,7}" + re.escape(name[1:]))
    return sorted(each for each in columns if ending.fullmatch(each))


def candidates(**names: str) -> Mapping[str, Sequence[str]]:
    """Our fields with what they may be called there, the names with spaces between."""
    return {ours: theirs.split() for ours, theirs in names.items()}


def schema_of(
    kind: Kind, scope: Scope | None, names: Mapping[str, Column], locked: Collection[str] = ()
) -> ObjectSchema:
    """The fields of a kind that the customer has and the scope lets us read; `locked` are set elsewhere only."""
    there = [ours for ours in FIELDS[kind] if ours in names and (scope is None or scope.may_read(kind, ours))]
    return ObjectSchema(kind=kind, fields=tuple(_field_schema(kind, each, names[each], locked) for each in there))


def _field_schema(kind: Kind, ours: str, column: Column, locked: Collection[str]) -> FieldSchema:
    free = is_free(kind, ours)
    listed = free and bool(column.options)
    return FieldSchema(
        name=ours,
        label=_LABELS.get(ours, column.label),
        type=(column.meant if free else None) or FIELDS[kind][ours],
        required=column.required and column.createable and ours not in ("owner", "currency"),
        read_only=ours in locked or only_read(kind, ours) or not (column.createable or column.updateable),
        max_length=None if listed or ours in _TO_A_RECORD else column.length or None,
        options=tuple(column.options) if listed else (),
        unique=column.unique,
    )


def activity_schema(
    scope: Scope | None,
    types: Sequence[str],
    lengths: Mapping[str, int],
    *,
    labels: Mapping[str, str] | None = None,
    there: Collection[str] = FIELDS[Kind.ACTIVITY],
    required: Collection[str] = ("type", "subject"),
) -> ObjectSchema:
    """The fields of an activity: its type and status are ours, not one table's list. `there` are those it has."""
    labels = {**_OF_ACTIVITIES, **(labels or {})}
    fields = tuple(
        FieldSchema(
            name=ours,
            label=labels.get(ours, ours.capitalize()),
            type=ours_type,
            required=ours in required,
            max_length=lengths.get(ours) or None,
            options={"type": tuple(types), "status": ("open", "done")}.get(ours, ()),
        )
        for ours, ours_type in FIELDS[Kind.ACTIVITY].items()
        if ours in there and (scope is None or scope.may_read(Kind.ACTIVITY, ours))
    )
    return ObjectSchema(kind=Kind.ACTIVITY, fields=fields)
