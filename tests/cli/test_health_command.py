"""`gangly health`: a table, JSON, Prometheus text, and the exit code a monitor asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from gangly_tui.bootstrap import DEMO, open_store
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.store import decisions, health
from gangly_tui.store.database import Connection
from gangly_tui.store.health import Exchange, Limit
from tests.cli.shell import Shell
from tests.store.made import delivery

_SAMPLE = re.compile(r'gangly_[a-z0-9_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\n"])*",?)*\})? -?[0-9.e+-]+')


@pytest.fixture
def store(shell: Shell) -> Iterator[Connection]:
    """The sandbox's store after a pull."""
    assert shell("connect", "sandbox").code == 0
    assert shell("pull").code == 0
    db = open_store(DEMO)
    yield db
    db.close()


def _exchanges(db: Connection, *results: str, system: str = "sandbox") -> None:
    now = datetime.now(UTC)
    health.record(db, [Exchange(system=system, at=now, write=False, seconds=0.25, result=each) for each in results])


def test_a_fresh_sandbox_is_well_and_says_what_is_known(shell: Shell, store: Connection) -> None:
    told = shell("health")
    assert told.code == 0
    for words in ("sandbox: ok", "nothing over the network", "last read", "runbook", "not encrypted: fiction", "trail"):
        assert words in told.out
    assert "health: ok" in told.err


def test_nothing_connected_is_an_error_with_a_fix(shell: Shell) -> None:
    told = shell("health")
    assert (told.code, told.out) == (1, "")
    assert "gangly demo" in told.err


def test_a_write_that_waits_for_hours_is_bad_and_the_exit_code_says_so(shell: Shell, store: Connection) -> None:
    since = datetime.now(UTC) - timedelta(hours=5)
    decisions.put_delivery(store, delivery("p1", approved_at=since, error="it cannot be reached"))
    told = shell("health")
    assert told.code == 1
    assert "! oldest waiting" in told.out
    assert "it cannot be reached. R sends now" in told.out
    found = json.loads(shell("health", "--json").out)
    assert (found["verdict"], shell("health", "--json").code) == ("bad", 1)
    assert shell("health", "--prometheus").code == 1


def test_a_thing_worth_a_look_does_not_wake_a_monitor(shell: Shell, store: Connection) -> None:
    now = datetime.now(UTC)
    decisions.put_delivery(store, delivery("p1", DeliveryState.UNKNOWN, approved_at=now, changed_at=now))
    told = shell("health")
    assert (told.code, "? outcome unknown" in told.out, "health: look" in told.err) == (0, True, True)


def test_json_keeps_its_shape(shell: Shell, store: Connection) -> None:
    _exchanges(store, "ok", "ok", "Unreachable")
    found = json.loads(shell("health", "--json").out)
    assert list(found) == ["at", "verdict", "systems", "machine"]
    system = found["systems"][0]
    assert list(system) == [
        *("system", "title", "verdict", "figures", "week", "failures", "owner", "backup", "runbook"),
    ]
    assert list(system["figures"][0]) == ["name", "label", "words", "value", "verdict", "fix", "part"]
    assert {each["name"] for each in system["figures"]} >= {
        *("success_ratio", "latency_p50_seconds", "latency_p95_seconds", "queue_depth", "oldest_waiting_seconds"),
        *("unknown", "needs_human", "conflicts", "duplicates_blocked", "last_pull_seconds"),
    }
    assert len(system["week"]) == 7
    assert system["failures"][0]["result"] == "Unreachable"


def test_prometheus_text_is_well_formed_whatever_a_label_holds(shell: Shell, store: Connection) -> None:
    _exchanges(store, "ok", "Unreachable", system='odd"\\\n\x1b[2J')
    limit = Limit(system="sandbox", name='a "day"\\', left=1, of=4, resets_at=None, at=datetime.now(UTC))
    health.record_limit(store, limit)
    told = shell("health", "--prometheus").out
    lines = told.splitlines()
    helped, typed = set(), set()
    for line in lines:
        if line.startswith("# HELP "):
            helped.add(line.split(" ")[2])
        elif line.startswith("# TYPE "):
            assert line.endswith(" gauge")
            typed.add(line.split(" ")[2])
        else:
            assert _SAMPLE.fullmatch(line), line
            name = re.split(r"[{ ]", line)[0]
            assert name in helped and name in typed
    assert len(typed) == sum(each.startswith("# TYPE ") for each in lines), "the samples of a metric stand together"
    assert 'gangly_quota_left_ratio{system="sandbox",limit="a \\"day\\"\\\\"} 0.25' in lines
    assert 'gangly_health{system="this machine"} 0' in lines
    assert "\x1b" not in told
    assert len({line.rpartition(" ")[0] for line in lines if line[0] != "#"}) == sum(line[0] != "#" for line in lines)


def test_one_form_at_a_time(shell: Shell, store: Connection) -> None:
    assert shell("health", "--json", "--prometheus").code == 2
