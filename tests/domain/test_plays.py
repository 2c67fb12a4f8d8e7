"""plays.toml: what it may say, where a mistake is, and that names put into it stay names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gangly_tui
from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.plays import Play, filled, parse_plays, play_for
from gangly_tui.domain.records import Kind, Record, RecordRef
from gangly_tui.domain.signals import Signal, SignalKind

NOW = datetime(2026, 11, 24, tzinfo=UTC)
GOOD = '[[play]]\nname = "a"\non = "usage"\nstep = "Call {who}"\n'


def signal(kind: SignalKind = SignalKind.STALLED, days: int = 0) -> Signal:
    return Signal(id="s", kind=kind, title="t", at=NOW, expires_at=NOW, days=days)


def deal(amount: object, stage: str = "Demo") -> Record:
    ref = RecordRef(system="crm", kind=Kind.OPPORTUNITY, id="d")
    return Record(ref=ref, version="", fields={"amount": amount, "stage": stage}, updated_at=NOW)  # type: ignore[dict-item]


def test_the_shipped_page_has_a_play_for_every_kind() -> None:
    text = (Path(gangly_tui.__file__).parent / "plays.toml").read_text(encoding="utf-8")
    plays = parse_plays(text)
    assert {each.on for each in plays} == set(SignalKind)
    for kind in SignalKind:
        assert play_for(plays, signal(kind), None) is not None, kind


@pytest.mark.parametrize(
    ("text", "line", "said", "fix"),
    [
        (GOOD.replace('"usage"', '"usge"'), 3, "no kind of signal", "did you mean 'usage'?"),
        (GOOD.replace("who", "whom"), 4, "{whom}", "did you mean 'who'?"),
        (GOOD.replace("{who}", "{who.__class__}"), 4, "no place", "use one of"),
        (f"# plays\n{GOOD}due_day = 3\n", 6, "due_day is nothing", "did you mean 'due_days'?"),
        (f"{GOOD}due_days = -1\n", 5, "due_days must be", "due_days = 2"),
        (f"{GOOD}due_days = true\n", 5, "due_days must be", "due_days = 2"),
        (f"{GOOD}when = {{ min_amount = 'much' }}\n", 5, "min_amount must be", "20000"),
        (f"{GOOD}when = {{ stage = 4 }}\n", 5, "stage must be", "Proposal"),
        (f"{GOOD}when = 4\n", 5, "when must be a table", "[play.when]"),
        (f"{GOOD}[play.outreach]\nsubject = 'x'\n", 5, "a subject and a body", "body"),
        (f"{GOOD}[play.outreach]\nsubject = 'x'\nbody = '{{deel}}'\n", 7, "{deel}", "did you mean 'deal'?"),
        (f"{GOOD}\n{GOOD}", 7, "two plays called", "name of its own"),
        ('[[play]]\nname = "a"\non = "usage"\n', 1, "no step", "step"),
        (f"{GOOD}\n[[play]]\nname = ''\non = 'usage'\nstep = 'x'\n", 7, "no name", "name"),
        ("plai = 1\n", 1, "'plai' is nothing", "[[play]]"),
        ("\nplay = 1\n", 0, "no plays", "[[play]]"),
        ("play = [", 0, "not valid TOML", "correct that line"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int, said: str, fix: str) -> None:
    with pytest.raises(ConfigError) as told:
        parse_plays(text)
    assert said in str(told.value) and fix in told.value.fix
    assert not line or f"line {line}" in str(told.value)


def test_an_empty_page_has_no_plays() -> None:
    assert parse_plays("") == ()


@given(st.text(alphabet=st.sampled_from('[]{}"=\nplay.nameonwhenstepusage 1#'), max_size=200))
def test_whatever_stands_in_it_is_read_or_refused(text: str) -> None:
    try:
        parse_plays(text)
    except ConfigError as error:
        assert str(error)


PLAY = Play(name="p", on=SignalKind.STALLED, step="x", min_amount=Decimal(50), stages=("demo",), silence_days=10)


@pytest.mark.parametrize(
    ("found", "about", "fits"),
    [
        (signal(days=10), deal(Decimal(50)), True),
        (signal(days=10), deal(50, "DEMO"), True),
        (signal(days=10), deal(Decimal(49)), False),
        (signal(days=10), deal(None), False),
        (signal(days=9), deal(Decimal(50)), False),
        (signal(days=10), deal(Decimal(50), "Proposal"), False),
        (signal(days=10), None, False),
        (signal(SignalKind.PAST, days=10), deal(Decimal(50)), False),
    ],
)
def test_a_play_fits_by_kind_amount_stage_and_days(found: Signal, about: Record | None, fits: bool) -> None:
    assert PLAY.fits(found, about) is fits


@pytest.mark.parametrize(
    ("today", "days", "due"),
    [
        (date(2026, 11, 24), 2, date(2026, 11, 26)),
        (date(2026, 11, 24), 4, date(2026, 11, 30)),
        (date(2026, 11, 24), 5, date(2026, 11, 30)),
        (date(2026, 11, 24), 6, date(2026, 11, 30)),
        (date(2026, 11, 24), 0, date(2026, 11, 24)),
    ],
)
def test_a_step_is_due_on_a_working_day(today: date, days: int, due: date) -> None:
    assert Play(name="p", on=SignalKind.USAGE, step="x", due_days=days).due(today) == due


@given(st.text(max_size=40))
def test_a_name_stays_a_name(name: str) -> None:
    said = filled("<{who}|{deal}>", {"who": name, "deal": "D"})
    assert said.startswith("<") and said.endswith("|D>") and "\n" not in said


def test_a_name_that_looks_like_a_place_is_not_filled_in() -> None:
    assert filled("{who} of {account}", {"who": "{account}", "account": "Acme"}) == "{account} of Acme"
