"""E-mail addresses, also spoken ones, and phone numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w+'-][\w.+'-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,3}\.[A-Za-z]{2,18}(?![\w@-])"
)
_DOT = r"(?:\s(?:dot|point|period)\s|\.)"
_SPOKEN = re.compile(
    rf"(?<![\w@])([a-z0-9]{{1,30}}(?:(?:{_DOT}|\sunderscore\s|\s(?:dash|hyphen)\s|_|"
    rf"-)[a-z0-9]{{1,30}}){{0,3}})\s(?:at|@)\s"
    rf"([a-z0-9-]{{1,40}}(?:(?:{_DOT})[a-z0-9-]{{2,30}}){{0,2}}\s(?:dot|point|period)\s(?:com|org|"
    rf"net|io|co|ai|de|uk|edu|gov|us|eu|fr|nl|ca|app|dev|tech)"
    rf"(?:\s(?:dot|point|period)\s(?:uk|au|nz|jp|in))?|[a-z0-9-]{{1,40}}\.(?:com|org|net|io|co|ai|"
    rf"de|edu|gov|us|eu|fr|nl|ca|app|dev|tech)(?:\.uk|\.au)?)\b",
    re.I,
)
_DIGITS = re.compile(r"\d[\d().\-+/\s]{5,22}\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One address or number and where it stands."""

    start: int
    end: int
    value: str


def find_emails(text: str) -> list[Point]:
    """Addresses as written, and spoken ones ("jen dot wu at techflow dot com") in their written form."""
    found = []
    if "@" in text:
        found = [
            Point(start=hit.start(), end=hit.end(), value=hit.group().rstrip(".")) for hit in _EMAIL.finditer(text)
        ]
    low = text.lower()
    if " at " in low and (" dot " in low or " point " in low or " period " in low or "." in low):
        for hit in _SPOKEN.finditer(text):
            local, host = (_written(part) for part in hit.groups())
            if not any(each.start < hit.end() and hit.start() < each.end for each in found):
                found.append(Point(start=hit.start(), end=hit.end(), value=f"{local}@{host}"))
    return sorted(found, key=lambda each: each.start)


def _written(spoken: str) -> str:
    text = re.sub(r"\s(?:dot|point|period)\s", ".", spoken.lower())
    text = re.sub(r"\sunderscore\s", "_", text)
    return re.sub(r"\s(?:dash|hyphen)\s", "-", text)


def find_phones(text: str, region: str = "US") -> list[Point]:
    """Valid phone numbers in international form; a number without a country prefix is read as of `region`."""
    if not _DIGITS.search(text):
        return []
    from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher, format_number

    return [
        Point(start=hit.start, end=hit.end, value=format_number(hit.number, PhoneNumberFormat.INTERNATIONAL))
        for hit in PhoneNumberMatcher(text[:2000], region)
    ]
