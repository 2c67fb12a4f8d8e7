"""As much of SOQL as a CRM client needs: SELECT with relations and one level of subqueries, WHERE, ORDER BY, LIMIT."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<when>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d))?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.]*)|(?P<op><=|>=|!=|<>|[=<>(),]))"
)
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}

Look = Callable[[dict[str, Any], str], Any]
"""Reads a field, or a field behind relations, of a row. Raises KeyError when there is none."""
Test = Callable[[dict[str, Any], Look], bool]


class Malformed(Exception):
    """The query cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A query, read. `subs` are the subqueries by the name of their relation."""

    fields: tuple[str, ...]
    subs: tuple[tuple[str, tuple[str, ...]], ...]
    table: str
    where: Test
    order: tuple[tuple[str, bool], ...]
    limit: int | None


def parse(text: str) -> Query:
    """Read a query. Raises Malformed."""
    tokens = list(_tokens(text))
    reader = _Reader(tokens)
    query = reader.query()
    if reader.left():
        raise Malformed(f"unexpected token: {reader.peek()[1]}")
    return query


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise Malformed(f"unexpected character at {at}: {text[at : at + 10]!r}")
        at = found.end()
        yield str(found.lastgroup), found[str(found.lastgroup)]


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def left(self) -> bool:
        return self._at < len(self._tokens)

    def peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self.left() else ("end", "")

    def take(self, *wanted: str) -> str:
        value = self.peek()[1]
        if wanted and value.upper() not in wanted:
            raise Malformed(f"expecting {' or '.join(wanted)}, found {value!r}")
        self._at += 1
        return value

    def word(self) -> str:
        if self.peek()[0] != "word":
            raise Malformed(f"expecting a name, found {self.peek()[1]!r}")
        return self.take()

    def maybe(self, wanted: str) -> bool:
        if self.peek()[1].upper() != wanted:
            return False
        self._at += 1
        return True

    def query(self) -> Query:
        self.take("SELECT")
        fields: list[str] = []
        subs: list[tuple[str, tuple[str, ...]]] = []
        while True:
            if self.maybe("("):
                inner = self.query()
                self.take(")")
                subs.append((inner.table, inner.fields))
            else:
                fields.append(self.word())
            if not self.maybe(","):
                break
        self.take("FROM")
        table = self.word()
        where = self._either() if self.maybe("WHERE") else lambda _row, _look: True
        order: list[tuple[str, bool]] = []
        if self.maybe("ORDER"):
            self.take("BY")
            while True:
                name = self.word()
                down = self.maybe("DESC")
                order.append((name, down or (self.maybe("ASC") and False)))
                if not self.maybe(","):
                    break
        limit = int(self.take()) if self.maybe("LIMIT") else None
        return Query(fields=tuple(fields), subs=tuple(subs), table=table, where=where, order=tuple(order), limit=limit)

    def _either(self) -> Test:
        sides = [self._both()]
        while self.maybe("OR"):
            sides.append(self._both())
        return sides[0] if len(sides) == 1 else lambda row, look: any(each(row, look) for each in sides)

    def _both(self) -> Test:
        sides = [self._one()]
        while self.maybe("AND"):
            sides.append(self._one())
        return sides[0] if len(sides) == 1 else lambda row, look: all(each(row, look) for each in sides)

    def _one(self) -> Test:
        if self.maybe("("):
            inner = self._either()
            self.take(")")
            return inner
        name = self.word()
        operator = self.take("=", "!=", "<>", "<", ">", "<=", ">=", "LIKE", "IN").upper()
        if operator == "IN":
            self.take("(")
            values = [self._value()]
            while self.maybe(","):
                values.append(self._value())
            self.take(")")
            return lambda row, look: any(_equal(name, look(row, name), each) for each in values)
        if operator == "LIKE":
            pattern = _like(self.take())
            return lambda row, look: bool(pattern.fullmatch(str(look(row, name) or "")))
        value = self._value()
        if operator == "=":
            return lambda row, look: _equal(name, look(row, name), value)
        if operator in ("!=", "<>"):
            return lambda row, look: not _equal(name, look(row, name), value)
        compare = _COMPARED[operator]
        return lambda row, look: look(row, name) is not None and compare(_plain(look(row, name)), value)

    def _value(self) -> Any:
        kind, text = self.peek()
        self._at += 1
        if kind == "text":
            escapes = {"n": "\n", "r": "\r", "t": "\t"}
            return re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[1]), text[1:-1])
        if kind == "when":
            return _plain(text)
        if kind == "number":
            return float(text)
        if text.lower() in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text.lower()]
        raise Malformed(f"expecting a value, found {text!r}")


def _like(text: str) -> re.Pattern[str]:
    if not text.startswith("'"):
        raise Malformed("LIKE takes a text")
    parts = re.findall(r"\\.|[^\\]", text[1:-1], re.DOTALL)
    made = {"%": ".*", "_": "."}
    return re.compile(
        "".join(re.escape(each[1]) if each[0] == "\\" else made.get(each, re.escape(each)) for each in parts),
        re.IGNORECASE | re.DOTALL,
    )


def _plain(value: Any) -> Any:
    """Dates and date-times as numbers, so that they compare whatever their notation."""
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value):
        return datetime.fromisoformat(value).timestamp()
    return value


def _equal(name: str, left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str) and not name.endswith("Id"):
        return left.casefold() == right.casefold()
    return _plain(left) == right if isinstance(right, float) and isinstance(left, str) else left == right
