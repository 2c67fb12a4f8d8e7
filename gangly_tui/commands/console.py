"""What the verbs print: data to stdout, narration to stderr, both fit for a terminal."""

from __future__ import annotations

from typing import Any

import click

from gangly_tui.domain.safe import clean, one_line


def out(text: str = "") -> None:
    """A line of data. What could act on a terminal is made visible."""
    click.echo(clean(text))


def tell(text: str) -> None:
    """A line of narration."""
    click.echo(clean(text), err=True)


def short(text: str, limit: int = 100) -> str:
    """Outside text for a place of one line."""
    return one_line(text, limit=limit)


def out_json(value: object) -> None:
    """One JSON document on one line: raw values, everything but ASCII escaped."""
    import json

    click.echo(json.dumps(plain(value)))


def plain(value: object) -> Any:
    """A value object as JSON: records by `system:kind:id`, moments and amounts as text."""
    from collections.abc import Mapping
    from dataclasses import fields, is_dataclass
    from datetime import date
    from decimal import Decimal
    from enum import Enum

    from gangly_tui.domain.records import RecordRef, encode

    if isinstance(value, RecordRef):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, frozenset, set)):
        return [plain(each) for each in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, (date, Decimal)):
        return encode(value)
    return value


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
