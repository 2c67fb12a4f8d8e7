"""What a vendor's refusals mean: a table of its codes with the error, the sentence and the fix; one reader of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from gangly_tui.domain.errors import ConnectorError, RateLimited, Refused

Sayings = Mapping[str, tuple[type[ConnectorError], str, str]]
"""By the vendor's code, or by a status: what it is, what is said, what to do. Words in braces are filled in."""


def said(table: Sayings, /, *keys: Any, field: str = "", wait: float = 0.0, **words: str) -> ConnectorError | None:
    """The error that the first known of these keys stands for; None leaves it to the rules that all vendors share.

    `field` is our name of the field it is about; `wait` is how long a limit asks to wait.
    """
    row = next((table[str(each)] for each in keys if str(each) in table), None)
    if row is None:
        return None
    kind, sentence, fix = row
    sentence, fix = sentence.format(wait=f"{wait:.0f} s", **words), fix.format(**words)
    if issubclass(kind, RateLimited):
        return kind(sentence, retry_after=wait, fix=fix)
    return kind(sentence, field=field, fix=fix) if issubclass(kind, Refused) else kind(sentence, fix=fix)


def body_of(response: httpx.Response) -> Any:
    """The answer's JSON; None for a page that is none."""
    try:
        return response.json()
    except ValueError:
        return None


def number_in(headers: Mapping[str, str], name: str) -> float | None:
    """A number in the headers, where there is one."""
    try:
        return float(headers[name].replace(",", ""))
    except (KeyError, ValueError):
        return None
