"""Values and dataclasses as JSON text, exactly: what is loaded equals what was saved, types included.

A `Value` is tagged where JSON has no such type: a date is {"d": "2026-01-02"}, a moment {"t": ...}, a decimal
{"n": "1.50"}; a tuple is a list. A moment keeps its UTC offset, not the name of its zone. The text is ASCII, so NUL
and lone surrogates survive as escapes. A field that is missing in the JSON takes its default: older rows stay readable.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from gangly_tui.domain.errors import StoreError
from gangly_tui.domain.records import FieldStamp, Kind, Record, RecordRef, Value

T = TypeVar("T")
_Coder = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def instant(moment: datetime) -> int:
    """Microseconds since 1970 in UTC, for ordering; a moment without a zone counts as UTC."""
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def to_bytes(text: str) -> bytes:
    """Text for a BLOB column; lone surrogates survive."""
    return text.encode("utf-8", "surrogatepass")


def from_bytes(data: bytes) -> str:
    """What `to_bytes` was given."""
    return data.decode("utf-8", "surrogatepass")


def well_formed(text: str) -> str:
    """The text with each lone surrogate replaced by U+FFFD: for derived columns, the search index and the trail."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def tag(value: Value) -> Any:
    """A field's value as JSON data that keeps its type."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, Decimal):
        return {"n": str(value)}
    return list(value)


_encode_json = json.JSONEncoder(separators=(",", ":"), default=tag, check_circular=False).encode


def untag(data: Any) -> Value:
    """The value that `tag` was given."""
    if isinstance(data, list):
        return tuple(data)
    if not isinstance(data, dict):
        return data  # type: ignore[no-any-return]  # JSON has only str, bool, int and null left
    ((name, text),) = data.items()
    if name == "d":
        return date.fromisoformat(text)
    return datetime.fromisoformat(text) if name == "t" else Decimal(text)


def dump_record(record: Record) -> str:
    """Everything of a record but its ref."""
    return _encode_json(
        [
            record.version,
            record.updated_at.isoformat(),
            record.updated_by,
            record.fields if type(record.fields) is dict else dict(record.fields),
            {name: [stamp.by, stamp.at.isoformat()] for name, stamp in record.changed.items()},
        ]
    )


def load_record(system: str, kind: str, identifier: str, body: str) -> Record:
    """The record that `dump_record` was given."""
    version, updated_at, updated_by, fields, changed = json.loads(body)
    return Record(
        ref=RecordRef(system=system, kind=Kind(kind), id=identifier),
        version=version,
        fields={name: untag(value) if isinstance(value, (dict, list)) else value for name, value in fields.items()},
        updated_at=datetime.fromisoformat(updated_at),
        updated_by=updated_by,
        changed={name: FieldStamp(by=by, at=datetime.fromisoformat(at)) for name, (by, at) in changed.items()},
    )


def dump(value: Any) -> str:
    """A dataclass of the domain as JSON text."""
    kind: Any = type(value)
    return _encode_json(_writer(kind)(value))


def load(cls: Callable[..., T], text: str) -> T:
    """The dataclass that `dump` was given. Raises StoreError when the text is not one."""
    try:
        return _reader(cls)(json.loads(text))  # type: ignore[no-any-return]  # the reader is built from cls
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(f"a kept {getattr(cls, '__name__', cls)} cannot be read", fix="run gangly doctor") from error


@lru_cache(maxsize=256)
def _writer(kind: Any) -> _Coder:
    return _coders(kind)[0]


@lru_cache(maxsize=256)
def _reader(kind: Any) -> _Coder:
    return _coders(kind)[1]


def _same(value: Any) -> Any:
    return value


def _coders(kind: Any) -> tuple[_Coder, _Coder]:
    """How a value of this type is written as JSON data and read back."""
    if kind == Value:
        return tag, untag
    if kind in (str, int, bool, float):
        return _same, _same
    if kind is datetime or kind is date:
        return kind.isoformat, kind.fromisoformat
    if kind is Decimal:
        return str, Decimal
    if isinstance(kind, type) and issubclass(kind, Enum):
        return (lambda value: value.value), kind
    if dataclasses.is_dataclass(kind):
        return _dataclass_coders(kind)
    parts = get_args(kind)
    if get_origin(kind) in (Union, types.UnionType):
        return _optional_coders(parts)
    if get_origin(kind) is tuple and parts[1:] == (...,):
        write, read = _writer(parts[0]), _reader(parts[0])
        return (lambda value: [write(each) for each in value]), (lambda data: tuple(read(each) for each in data))
    raise TypeError(f"no JSON form is defined for {kind!r}")


def _optional_coders(parts: tuple[Any, ...]) -> tuple[_Coder, _Coder]:
    inner = [each for each in parts if each is not type(None)]
    if len(inner) != 1:
        raise TypeError(f"no JSON form is defined for a choice of {parts!r}")
    write, read = _writer(inner[0]), _reader(inner[0])
    return (
        lambda value: None if value is None else write(value),
        lambda data: None if data is None else read(data),
    )


def _dataclass_coders(kind: Any) -> tuple[_Coder, _Coder]:
    hints = get_type_hints(kind)
    names = [each.name for each in dataclasses.fields(kind)]
    writers = [(name, _writer(hints[name])) for name in names]
    readers = {name: _reader(hints[name]) for name in names}
    plain = frozenset(name for name, decode in readers.items() if decode is _same)

    def write(value: Any) -> dict[str, Any]:
        return {name: encode(getattr(value, name)) for name, encode in writers}

    def read(data: dict[str, Any]) -> Any:
        return kind(
            **{name: each if name in plain else readers[name](each) for name, each in data.items() if name in readers}
        )

    return write, read
