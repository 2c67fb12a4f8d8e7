from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain.errors import DecisionError
from gangly_tui.domain.outbox import ARROWS, SETTLED, DeliveryState, step, wait_after


def test_every_state_has_its_arrows_and_settled_ones_have_none() -> None:
    assert set(ARROWS) == set(DeliveryState)
    assert {state for state, arrows in ARROWS.items() if not arrows} == SETTLED


def test_unknown_is_never_reached_without_an_attempt_and_never_sent_again_blindly() -> None:
    assert DeliveryState.UNKNOWN not in ARROWS[DeliveryState.APPROVED]
    assert DeliveryState.ATTEMPTED not in ARROWS[DeliveryState.UNKNOWN]


def test_only_a_person_leads_out_of_what_no_read_can_tell() -> None:
    assert DeliveryState.NEEDS_HUMAN in SETTLED
    assert {state for state, arrows in ARROWS.items() if DeliveryState.NEEDS_HUMAN in arrows} == {DeliveryState.UNKNOWN}
    assert DeliveryState.UNKNOWN not in SETTLED


@given(st.sampled_from(DeliveryState), st.sampled_from(DeliveryState))
def test_only_drawn_arrows_can_be_walked(now: DeliveryState, then: DeliveryState) -> None:
    if then in ARROWS[now]:
        assert step(now, then) is then
    else:
        with pytest.raises(DecisionError, match=now.value):
            step(now, then)


@given(st.integers(0, 200), st.none() | st.floats(0, 10_000))
def test_waits_grow_are_capped_and_never_shorter_than_the_system_asked(attempts: int, asked: float | None) -> None:
    wait = wait_after(attempts, asked).total_seconds()
    assert wait >= (asked or 0) - 1e-6
    assert 2 <= wait <= max(300, asked or 0) + 1e-6
    assert wait_after(attempts + 1, asked) >= wait_after(attempts, asked)
