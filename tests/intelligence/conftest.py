"""What the tests of the offline engine share: one rep, one anchor, and a check that every quote is verbatim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gangly_tui.domain.draft import Draft, Evidence, ReadingContext
from gangly_tui.intelligence.offline import OfflineDrafter

REP = ReadingContext(
    anchor=datetime(2026, 9, 23, 10, 0, tzinfo=UTC),
    rep_name="Sam Ortiz",
    rep_email="sam@ourco.com",
    our_company="OurCo",
)
"""A Wednesday."""


def quotes(draft: Draft) -> Iterator[Evidence]:
    """Every quote of a draft."""
    yield from (each.evidence for each in draft.summary.lines)
    yield from (each.evidence for each in draft.next_steps)
    yield from (each.evidence for each in draft.fields)
    yield from (each.against for each in draft.fields if each.against)
    yield from (each.evidence for each in draft.contacts)
    yield from (place.evidence for each in draft.contacts for place in each.places)
    if draft.stage_evidence:
        yield draft.stage_evidence


@pytest.fixture
def read() -> Callable[..., Draft]:
    """Draft a text as the rep's; every quote is checked against the text."""

    def draft(text: str, **changes: Any) -> Draft:
        result = OfflineDrafter().draft(text, replace(REP, **changes))
        for quote in quotes(result):
            assert text[quote.start : quote.end] == quote.text
        return result

    return draft


@pytest.fixture
def field(read: Callable[..., Draft]) -> Callable[..., Any]:
    """The value a text gives for one field of the deal, None when it gives none."""

    def value(text: str, name: str, **changes: Any) -> Any:
        return next((each.value for each in read(text, **changes).fields if each.field == name), None)

    return value
