"""Calls of different kinds, read whole: no wrong fact, nobody invented, nearly every step found."""

from __future__ import annotations

import pytest

from tests.intelligence.call_keys import NAMES, mark, read_call
from tests.intelligence.conftest import quotes


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_is_the_keys_and_every_quote_is_verbatim(name: str) -> None:
    key, text, draft = read_call(name)
    assert mark(key, draft).wrong == []
    assert all(text[each.start : each.end] == each.text for each in quotes(draft))


def test_nearly_every_step_is_found_with_its_day_and_few_are_false() -> None:
    marks = [mark(*(read_call(name)[at] for at in (0, 2))) for name in NAMES]
    steps, found = sum(each.steps for each in marks), sum(each.found for each in marks)
    false = [line for each in marks for line in each.false]
    assert found >= 0.96 * steps, [line for each in marks for line in each.missed]
    assert len(false) <= 0.05 * steps, false
    assert sum(each.days_right for each in marks) >= 0.97 * sum(each.days for each in marks)
