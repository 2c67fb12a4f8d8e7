"""Usage and intent from elsewhere, as CSV or JSON: every line read, or refused with the reason."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from gangly_tui.domain.errors import InputError
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.safe import one_line
from gangly_tui.domain.signals import FROM_OUTSIDE, SignalKind

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 20_000
_LONGEST = 300
_OLDEST = timedelta(days=30)
_AHEAD = timedelta(days=1)
KEYS = ("account", "email", "kind", "title", "detail", "at")
_OTHER_NAMES = {"domain": "account", "company_domain": "account", "e-mail": "email", "mail": "email", "type": "kind",
                "summary": "title", "date": "at", "time": "at", "timestamp": "at"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One line that can be read. `account` is a domain; it or `email` says whom it is about."""

    line: int
    kind: SignalKind
    title: str
    at: datetime
    account: str = ""
    email: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One line that is left out, and why."""

    line: int
    why: str


def read_given(text: str, name: str, *, now: datetime, zone: tzinfo) -> tuple[list[Given], list[Refused]]:
    """Read a file by its name: .json, else CSV with a heading. Raises InputError when it is neither."""
    if len(text) > MAX_BYTES:
        raise InputError(f"it has more than {MAX_BYTES // 1024 // 1024} MiB", fix="split it")
    rows = _objects(text) if name.lower().endswith(".json") else _lines(text)
    return judge(rows, now=now, zone=zone)


def read_posted(text: str, *, now: datetime, zone: tzinfo) -> tuple[list[Given], list[Refused]]:
    """Read what another program posted: a JSON object, or a list of them. Raises InputError."""
    return judge(_objects(text), now=now, zone=zone)


def judge(
    rows: Iterable[tuple[int, Mapping[str, Any]]], *, now: datetime, zone: tzinfo
) -> tuple[list[Given], list[Refused]]:
    """Each row as what it gives, or refused. Raises InputError for too many."""
    given: list[Given] = []
    refused: list[Refused] = []
    for count, (line, row) in enumerate(rows, start=1):
        if count > MAX_ROWS:
            raise InputError(f"it has more than {MAX_ROWS:,} lines", fix="split it")
        try:
            given.append(_given(line, row, now, zone))
        except InputError as error:
            refused.append(Refused(line=line, why=str(error) + (f" ({error.fix})" if error.fix else "")))
    return given, refused


def _lines(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        names = [_name(each) for each in next(reader, [])]
        missing = [each for each in ("kind", "title", "at") if each not in names]
        if missing or not {"account", "email"} & set(names):
            lacks = ", ".join(missing or ["account or email"])
            raise InputError(f"its first line names no {lacks}", fix="account,email,kind,title,detail,at")
        for cells in reader:
            if any(each.strip() for each in cells):
                yield reader.line_num, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise InputError(f"line {reader.line_num} is no CSV: {error}") from error


def _objects(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        data = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"it is no JSON: {error}", fix="an object, or a list of objects") from None
    if isinstance(data, dict):
        data = data["signals"] if isinstance(data.get("signals"), list) else [data]
    if not isinstance(data, list):
        raise InputError("it is no object and no list", fix="an object, or a list of objects")
    for number, each in enumerate(data, start=1):
        yield number, {_name(str(key)): value for key, value in each.items()} if isinstance(each, dict) else {}


def _name(heading: str) -> str:
    name = heading.strip().lower().replace(" ", "_")
    return _OTHER_NAMES.get(name, name)


def _given(line: int, row: Mapping[str, Any], now: datetime, zone: tzinfo) -> Given:
    def text(name: str) -> str:
        value = row.get(name)
        return one_line(str(value).strip(), limit=_LONGEST) if isinstance(value, (str, int, float)) else ""

    kinds = [each.value for each in FROM_OUTSIDE]
    if text("kind").lower() not in kinds:
        raise InputError(f"kind is {text('kind')!r}" if text("kind") else "it has no kind", fix=" or ".join(kinds))
    if not text("title"):
        raise InputError("it has no title")
    email, account = text("email"), text("account")
    if email and not mailbox(email):
        raise InputError(f"{email!r} is no e-mail address")
    if not (email or account):
        raise InputError("it names no account and no e-mail")
    try:
        at = datetime.fromisoformat(text("at"))
    except ValueError:
        raise InputError(f"at is {text('at')!r}", fix="2026-11-24 or 2026-11-24T09:30:00+01:00") from None
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    if at > now + _AHEAD:
        raise InputError(f"{at.date()} is still to come")
    if at < now - _OLDEST:
        raise InputError(f"{at.date()} is more than {_OLDEST.days} days ago: it has aged out")
    return Given(
        line=line, kind=SignalKind(text("kind").lower()), title=text("title"), at=at, account=account, email=email,
        detail=text("detail"),
    )  # fmt: skip
