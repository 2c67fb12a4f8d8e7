from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain.errors import DecisionError
from gangly_tui.domain.outbox import (
    ARROWS,
    PATIENCE,
    SETTLED,
    Delivery,
    DeliveryState,
    Patience,
    step,
    wait_after,
)


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


@pytest.mark.parametrize(
    ("attempts", "asked", "seconds"),
    [
        (0, None, 2),
        (1, None, 2),
        (2, None, 4),
        (3, None, 8),
        (8, None, 256),
        (9, None, 300),
        (200, None, 300),
        (1, 0.0, 2),
        (1, 2.5, 2.5),
        (9, 300.5, 300.5),
        (1, 86400.0, 86400),
    ],
)
def test_the_waits_one_by_one(attempts: int, asked: float | None, seconds: float) -> None:
    assert wait_after(attempts, asked).total_seconds() == seconds


def test_a_wait_asked_for_is_the_wait_where_there_is_no_other() -> None:
    none = Patience(first_wait=timedelta(0), longest_wait=timedelta(0))
    assert wait_after(1, None, none) == wait_after(5, 0.0, none) == timedelta(0)


def test_how_long_a_request_may_take_and_when_a_read_may_judge() -> None:
    assert Patience() == PATIENCE
    assert (PATIENCE.deadline, PATIENCE.horizon) == (timedelta(seconds=30), timedelta(seconds=20))
    assert (PATIENCE.first_wait, PATIENCE.longest_wait) == (timedelta(seconds=2), timedelta(seconds=300))


def test_a_new_delivery_was_neither_tried_nor_answered() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    new = Delivery(
        op_id="op", state=DeliveryState.APPROVED, payload_sha256="", approved_by="rep", approved_at=at, due_at=at,
        grace_until=at,
    )  # fmt: skip
    assert (new.attempts, new.answered, new.overwrote) == (0, False, ())
