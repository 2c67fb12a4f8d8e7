"""Values for people: how a field is shown, and how what a rep types is read back into its type."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from gangly_tui.domain.errors import InputError
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.records import FieldType, Value

if TYPE_CHECKING:
    from gangly_tui.domain.proposal import FieldChange

_DATE_FORMATS = ("%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%d.%m.%Y")
_MULTIPLES = {"k": 1_000, "m": 1_000_000, "mil": 1_000_000, "million": 1_000_000, "bn": 1_000_000_000}
_AMOUNT = re.compile(r"(?P<sign>-?)(?P<number>\d[\d,.'\u00a0 ]*)\s*(?P<times>k|m|mil|million|bn)?", re.IGNORECASE)
_YES = frozenset({"yes", "y", "true", "1", "on"})
_NO = frozenset({"no", "n", "false", "0", "off"})


def show(value: Value, kind: FieldType, *, currency: str = "", empty: str = "(empty)") -> str:
    """The value as a person reads it: "2026-11-15", "EUR 40,000", "yes". Raw text: clean it before showing it."""
    if value is None or value in ("", ()):
        return empty
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M")
        case date():
            return value.isoformat()
        case Decimal() | int():
            whole = value == int(value)
            text = f"{int(value):,}" if whole else f"{value:,.2f}"
            return f"{currency} {text}" if kind is FieldType.CURRENCY and currency else text
        case tuple():
            return ", ".join(value)
        case _:
            return value


def same(left: Value, right: Value) -> bool:
    """Whether two values are the same to a system of record: empty is empty, 40000 is 40000.00."""
    if left in (None, "", ()) or right in (None, "", ()):
        return left in (None, "", ()) and right in (None, "", ())
    return left == right


def parse(text: str, change: FieldChange) -> Value:
    """What the rep typed as a value of the field. Raises InputError with the reason when it does not fit."""
    text = text.strip()
    if not text:
        if change.required:
            raise InputError(f"{change.label} is required", fix="type a value, or Esc to leave it as it was")
        return None
    match change.type:
        case FieldType.DATE:
            return _parse_date(text)
        case FieldType.CURRENCY | FieldType.NUMBER:
            return _parse_amount(text, change.type)
        case FieldType.CHECKBOX:
            return _parse_flag(text)
        case FieldType.PICKLIST:
            return _parse_option(text, change)
        case FieldType.EMAIL if not mailbox(text):
            raise InputError(f"{text!r} is not an e-mail address", fix="use name@host.tld")
        case FieldType.DATETIME:
            return _parse_moment(text)
        case FieldType.REFERENCE | FieldType.REFERENCES:
            raise InputError(f"{change.label} cannot be typed in", fix="reject the card and choose the record instead")
        case _:
            return _parse_text(text, change)


def check_length(text: str, change: FieldChange) -> None:
    """Raise InputError when the text is longer than the system takes (a number of characters)."""
    if change.max_length is not None and len(text) > change.max_length:
        raise InputError(
            f"{change.label} takes {change.max_length:,} characters; this has {len(text):,}", fix="shorten the text"
        )


def _parse_text(text: str, change: FieldChange) -> str:
    check_length(text, change)
    if change.type is FieldType.TEXT and "\n" in text:
        raise InputError(f"{change.label} takes one line", fix="remove the line breaks")
    return text


def _parse_date(text: str) -> date:
    plain = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", text.replace(",", " "), flags=re.IGNORECASE)
    plain = " ".join(plain.split())
    for layout in _DATE_FORMATS:
        try:
            return datetime.strptime(plain, layout).date()  # a calendar day has no zone
        except ValueError:
            continue
    raise InputError(f"{text!r} is not a date", fix="write it as 2026-11-15 or 15 Nov 2026")


def _parse_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not a date and time", fix="write it as 2026-11-15 14:30") from error
    return moment if moment.tzinfo else moment.astimezone()


def _parse_amount(text: str, kind: FieldType) -> Decimal | int:
    found = _AMOUNT.fullmatch(re.sub(r"^[A-Za-z]{3}\s|[$€£¥₹]", "", text).strip())
    if not found:
        raise InputError(f"{text!r} is not a number", fix="write it as 40000, 40,000.50 or 40k")
    try:
        number = Decimal(_plain_digits(found["number"])) * _MULTIPLES.get((found["times"] or "").lower(), 1)
    except InvalidOperation as error:
        raise InputError(f"{text!r} is not a number", fix="write it as 40000, 40,000.50 or 40k") from error
    number = -number if found["sign"] else number
    return int(number) if kind is FieldType.NUMBER and number == number.to_integral_value() else number


def _plain_digits(digits: str) -> str:
    """One decimal point and no grouping: the last separator is decimal unless exactly three digits follow it."""
    digits = re.sub(r"['\u00a0 ]", "", digits).rstrip(".,")
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return digits
    whole, rest = digits[:last], digits[last + 1 :]
    lone_point = digits[last] == "." and "." not in whole and "," not in whole
    grouped = len(rest) == 3 and not (lone_point and len(whole) > 3)
    whole = re.sub(r"[.,]", "", whole)
    return whole + rest if grouped else f"{whole}.{rest}"


def _parse_flag(text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise InputError(f"{text!r} is neither yes nor no", fix="type yes or no")


def _parse_option(text: str, change: FieldChange) -> str:
    for option in change.options:
        if option.casefold() == text.casefold():
            return option
    raise InputError(
        f"{text!r} is not one of the values of {change.label}", fix="choose one of: " + ", ".join(change.options)
    )
