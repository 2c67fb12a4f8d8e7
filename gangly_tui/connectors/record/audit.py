"""The audit fields of a customer's system: what a write says in the CRM itself about where it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from gangly_tui.connectors.record.plain_values import stamp
from gangly_tui.connectors.vendor import AuditField, Link
from gangly_tui.domain.proposal import WriteMeta


class _Column(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def length(self) -> int: ...
    @property
    def updateable(self) -> bool: ...


def filled(
    fields: Iterable[AuditField], link: Link, of: str, columns: Mapping[str, _Column], meta: WriteMeta
) -> dict[str, str]:
    """What is written, by column: into the fields of the object `of` that connecting found and that are still there."""
    told: dict[str, str] = {}
    for each in fields:
        column = columns.get(each.name)
        if column is None or f"{of}.{each.name}" not in link.audit_fields:
            continue
        value = getattr(meta, each.meta)
        text = stamp(value) if isinstance(value, datetime) else str(value)
        if not column.length or len(text) <= column.length:  # half a trail head proves nothing
            told[column.name] = text
    return told


def found_and_lacking(wanted: Iterable[str], columns: Mapping[str, _Column]) -> tuple[list[str], list[str]]:
    """Which of these fields are there to be filled, and which an administrator could still create."""
    names = list(wanted)
    found = [each for each in names if each in columns and columns[each].updateable]
    return found, [each for each in names if each not in found]
