"""Health by tables: each number, the edge of each threshold, and the words a rep reads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain.health import (
    DayOfExchanges,
    DayOfTokens,
    Exchange,
    Facts,
    Figure,
    Limit,
    Outbox,
    SignIn,
    SystemHealth,
    Verdict,
    duration,
    percentile,
    rank,
    sparkline,
    worst,
)
from gangly_tui.domain.health_judge import health
from gangly_tui.domain.outbox import DeliveryState
from tests.store.made import delivery

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OK, LOOK, BAD = Verdict.OK, Verdict.LOOK, Verdict.BAD


def exchange(result: str = "ok", seconds: float = 0.1, *, ago: timedelta = timedelta(minutes=1)) -> Exchange:
    return Exchange(system="hubspot", at=NOW - ago, write=False, seconds=seconds, result=result)


def judged(**more: Any) -> SystemHealth:
    """One system that was read a minute ago, with these facts."""
    facts = Facts(**({"system": "hubspot", "title": "HubSpot", "pulled_at": NOW - timedelta(minutes=1)} | more))
    return health([facts], (), NOW).systems[0]


def figure(found: SystemHealth, name: str) -> Figure:
    return next(each for each in found.figures if each.name == name)


def results(failed: int, good: int, *, newest: str) -> list[Exchange]:
    """Newest first: the good ones in front, the failed ones, or the failed ones behind a single good one."""
    bad, well = [exchange("Unreachable")] * failed, [exchange()] * good
    return {"good": [*well, *bad], "bad": [*bad, *well], "mixed": [*well[:1], *bad, *well[1:]]}[newest]


@pytest.mark.parametrize(
    ("failed", "good", "newest", "verdict"),
    [
        (0, 1, "good", OK),
        (2, 98, "bad", OK),
        (3, 97, "bad", LOOK),
        (10, 90, "mixed", LOOK),
        (11, 89, "mixed", BAD),
        (9, 990, "bad", OK),
        (10, 990, "bad", BAD),
        (11, 89, "good", LOOK),
        (9, 0, "bad", LOOK),
        (10, 0, "bad", BAD),
        (20, 4, "good", BAD),
        (20, 5, "good", LOOK),
    ],
)
def test_success_is_judged_by_share_by_number_and_by_whether_it_is_well_again(
    failed: int, good: int, newest: str, verdict: Verdict
) -> None:
    found = figure(judged(latest=results(failed, good, newest=newest)), "success_ratio")
    assert found.verdict is verdict
    assert found.value == good / (good + failed)


def test_news_about_a_record_is_no_failure_and_old_exchanges_do_not_count() -> None:
    told = [exchange(each) for each in ("NotFound", "RecordMoved", "DuplicateFound")]
    found = judged(latest=[*told, *[exchange("Unreachable", ago=timedelta(hours=25))] * 40])
    assert figure(found, "success_ratio").value == 1.0
    quiet = figure(judged(latest=[exchange(ago=timedelta(hours=25))]), "success_ratio")
    assert (quiet.value, quiet.verdict) == (None, OK)
    assert not any(each.name.startswith("latency") for each in judged().figures)


def test_a_share_is_never_rounded_up_to_all() -> None:
    found = figure(judged(latest=results(1, 1999, newest="good")), "success_ratio")
    assert found.words == "99.9 % of 2,000 exchanges"


@pytest.mark.parametrize(("slowest", "verdict"), [(1.99, OK), (2.0, LOOK), (9.99, LOOK), (10.0, BAD)])
def test_slow_answers_are_those_that_one_in_twenty_meets(slowest: float, verdict: Verdict) -> None:
    latest = [exchange(seconds=0.2)] * 18 + [exchange(seconds=slowest)] * 2
    found = judged(latest=latest)
    assert figure(found, "latency_p95_seconds").verdict is verdict
    assert figure(found, "latency_p50_seconds").value == 0.2
    one_in_fifty = [exchange(seconds=0.2)] * 49 + [exchange(seconds=30)]
    assert figure(judged(latest=one_in_fifty), "latency_p95_seconds").value == 0.2


@given(st.lists(st.floats(0, 100), min_size=1), st.sampled_from([0.5, 0.95]))
def test_a_percentile_is_one_of_the_values_and_its_share_does_not_exceed_it(values: list[float], share: float) -> None:
    ordered = sorted(values)
    found = percentile(ordered, share)
    assert found in ordered
    assert sum(each <= found for each in ordered) >= share * len(ordered)


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (timedelta(minutes=14), OK),
        (timedelta(minutes=15), LOOK),
        (timedelta(minutes=239), LOOK),
        (timedelta(hours=4), BAD),
    ],
)
def test_the_oldest_waiting_write_says_how_the_outbox_is(age: timedelta, verdict: Verdict) -> None:
    waiting = [
        delivery("a", approved_at=NOW - age, error="it cannot be reached"),
        delivery("b", approved_at=NOW),
        delivery("c", DeliveryState.SENT, approved_at=NOW - timedelta(days=3)),
    ]
    found = judged(outbox=Outbox(deliveries=waiting))
    assert figure(found, "queue_depth").words == "2 waiting, 1 after a failure"
    oldest = figure(found, "oldest_waiting_seconds")
    assert (oldest.verdict, oldest.value) == (verdict, age.total_seconds())
    assert ("it cannot be reached" in oldest.fix) is (verdict is not OK)


@pytest.mark.parametrize(("minutes", "verdict"), [(1, LOOK), (59, LOOK), (60, BAD)])
def test_a_write_of_unknown_outcome_is_never_fine(minutes: int, verdict: Verdict) -> None:
    lost = delivery("a", DeliveryState.UNKNOWN, changed_at=NOW - timedelta(minutes=minutes), approved_at=NOW)
    found = figure(judged(outbox=Outbox(deliveries=[lost])), "unknown")
    assert (found.verdict, found.value) == (verdict, 1)


def test_what_asks_the_rep_is_told_until_it_is_decided() -> None:
    ended = [
        delivery("a", DeliveryState.CONFLICT),
        delivery("b", DeliveryState.CONFLICT),
        delivery("c", DeliveryState.NEEDS_HUMAN),
        delivery("d", DeliveryState.REJECTED, doubles="hubspot:contact:7"),
        delivery("e", DeliveryState.REJECTED, error="a validation rule"),
    ]
    found = judged(outbox=Outbox(deliveries=ended, asked={"b"}))
    conflicts = figure(found, "conflicts")
    assert (conflicts.words, conflicts.verdict) == ("2, 1 wait for you", LOOK)
    assert figure(found, "needs_human").words == "1, all decided"
    assert figure(found, "duplicates_blocked").value == 1
    assert not any(each.name == "queue_depth" for each in judged().figures)


@pytest.mark.parametrize(
    ("left", "resets", "value", "verdict"),
    [
        (21, timedelta(hours=1), 0.21, OK),
        (20, timedelta(hours=1), 0.20, LOOK),
        (6, timedelta(hours=1), 0.06, LOOK),
        (5, timedelta(hours=1), 0.05, BAD),
        (5, timedelta(0), 1.0, OK),
        (5, None, 0.05, BAD),
    ],
)
def test_a_limit_is_judged_until_it_resets(left: int, resets: timedelta | None, value: float, verdict: Verdict) -> None:
    resets_at = None if resets is None else NOW + resets
    limit = Limit(system="hubspot", name="day", left=left, of=100, resets_at=resets_at, at=NOW - timedelta(hours=2))
    found = figure(judged(limits=[limit]), "quota_left_ratio")
    assert (found.value, found.verdict, found.part) == (value, verdict, "day")


def test_a_limit_that_names_no_reset_is_old_after_a_day() -> None:
    limit = Limit(system="hubspot", name="day", left=0, of=100, resets_at=None, at=NOW - timedelta(hours=24))
    assert figure(judged(limits=[limit]), "quota_left_ratio").verdict is OK


@pytest.mark.parametrize(("days", "verdict"), [(15, OK), (14, LOOK), (1, LOOK), (0, BAD), (-3, BAD)])
def test_a_static_credential_is_counted_down(days: int, verdict: Verdict) -> None:
    sign_in = SignIn(account="Acme", way="token", rotate_by=NOW.date() + timedelta(days=days))
    found = figure(judged(sign_in=sign_in), "sign_in_seconds_left")
    assert (found.verdict, found.value) == (verdict, days * 86_400.0)


def test_an_access_token_renews_itself_but_a_refused_sign_in_is_bad() -> None:
    sign_in = SignIn(account="Acme", way="oauth", access="12:30", access_ends=NOW + timedelta(minutes=30))
    assert figure(judged(sign_in=sign_in), "sign_in_seconds_left").value == 1800
    ended = SignIn(account="Acme", way="oauth", access_ends=NOW - timedelta(minutes=30))
    assert figure(judged(sign_in=ended), "sign_in_seconds_left").verdict is OK
    refused = judged(sign_in=sign_in, latest=[exchange("SignInNeeded"), exchange()])
    assert refused.verdict is BAD
    assert "gangly connect hubspot" in figure(refused, "sign_in_seconds_left").fix
    again = judged(sign_in=sign_in, latest=[exchange(), *[exchange("SignInNeeded")] * 3])
    assert figure(again, "sign_in_seconds_left").verdict is OK
    assert not any(each.name == "sign_in_seconds_left" for each in judged().figures)


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (timedelta(hours=23), OK),
        (timedelta(hours=24), LOOK),
        (timedelta(days=6), LOOK),
        (timedelta(days=7), BAD),
        (None, LOOK),
        (timedelta(seconds=-5), OK),
    ],
)
def test_what_was_read_long_ago_is_said(age: timedelta | None, verdict: Verdict) -> None:
    found = figure(judged(pulled_at=None if age is None else NOW - age), "last_pull_seconds")
    assert found.verdict is verdict
    assert bool(found.fix) is (verdict is not OK)


def day(on: date, result: str, count: int, *, write: bool = False) -> DayOfExchanges:
    return DayOfExchanges(
        day=on.isoformat(), system="hubspot", write=write, result=result, count=count, seconds=1, slowest=1
    )


def test_the_week_has_seven_days_and_failures_name_the_fix() -> None:
    today = NOW.date()
    found = judged(
        days=[
            day(today - timedelta(days=7), "Unreachable", 99),
            day(today - timedelta(days=6), "Unreachable", 4),
            day(today, "ok", 10),
            day(today, "NotFound", 2),
            day(today, "Refused", 3, write=True),
            day(today, "SomethingNew", 1),
        ],
        latest=[Exchange(system="hubspot", at=NOW, write=True, seconds=1, result="Refused")],
    )
    assert [each.answered for each in found.week] == [0, 0, 0, 0, 0, 0, 12]
    assert [each.failed for each in found.week] == [4, 0, 0, 0, 0, 0, 4]
    assert [(each.result, each.count, each.last) for each in found.failures] == [
        ("Unreachable", 4, "2026-11-18"),
        ("Refused", 3, "2026-11-24 12:00"),
        ("SomethingNew", 1, "2026-11-24"),
    ]
    assert "Review" in found.failures[1].fix
    assert all(each.fix and each.words for each in found.failures)


def test_the_worst_of_all_is_what_a_monitor_sees() -> None:
    assert (worst([]), worst([OK, LOOK]), worst([LOOK, BAD, OK])) == (OK, LOOK, BAD)
    assert [rank(each) for each in (OK, LOOK, BAD)] == [0, 1, 2]
    full = Figure(name="disk_full", label="disk", words="full", verdict=BAD)
    facts = Facts(system="a", title="a", pulled_at=NOW)
    assert health([facts], (), NOW).verdict is OK
    assert health([facts], (full,), NOW).verdict is BAD


def test_bars_carry_the_numbers_by_shape_alone() -> None:
    assert sparkline([0, 1, 4, 8]) == "·▁▄▇"
    assert sparkline([0, 0]) == "··"
    assert sparkline([1, 10_000]) == "▁▇"
    assert sparkline([]) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (59, "59 s"), (60, "1 min"), (3_600, "60 min"), (7_200, "2 h"), (86_400, "24 h"), (172_800, "2 d")],
)
def test_durations_are_in_the_coarsest_useful_words(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


def test_a_model_tells_its_tokens_by_day_and_is_never_bad() -> None:
    days = [
        DayOfTokens(day="2026-11-22", system="model m at localhost", answers=1, sent=900, got=100),
        DayOfTokens(day="2026-11-24", system="model m at localhost", answers=2, sent=12_000, got=345),
    ]
    away = [exchange("ModelError", 40.0)] * 20
    found = judged(system="model m at localhost", pulled_at=None, latest=away, tokens=days)
    today, week = figure(found, "model_tokens_today"), figure(found, "model_tokens_week")
    assert (today.words, today.value) == ("12,000 sent, 345 back, 2 answers", 12_345)
    assert week.words == "11-22 1,000 · 11-24 12,345"
    assert found.verdict is LOOK
    assert figure(found, "latency_p95_seconds").verdict is OK
    assert "last_pull_seconds" not in {each.name for each in found.figures}
    quiet = judged(system="model m at localhost", pulled_at=None, latest=[exchange(seconds=40.0)])
    assert quiet.verdict is OK
    assert figure(quiet, "model_tokens_today").words == "none told"
    assert figure(quiet, "model_tokens_today").value is None
