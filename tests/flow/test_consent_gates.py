"""Consent and residency at work: no outreach to who asked for none, no words of theirs to a model elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from gangly_tui.domain.draft import Draft, ReadingContext
from gangly_tui.domain.errors import ModelError
from gangly_tui.domain.plays import parse_plays
from gangly_tui.domain.ports import SecondReading
from gangly_tui.domain.records import Kind, Record, Value
from gangly_tui.domain.signals import SignalKind
from gangly_tui.flow import capture, signals
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.read_again import read_again, stays_here
from gangly_tui.flow.work_signal import advise, work
from gangly_tui.store import mirror
from tests.flow.conftest import House

PLAYS = parse_plays(
    "\n".join(
        f'[[play]]\nname = "on {each.value}"\non = "{each.value}"\nstep = "Talk to {{who}}"\n'
        '[play.outreach]\nsubject = "To {account}"\nbody = "Hello {who}."\n'
        for each in SignalKind
    )
)
TEXT = "Ada: We can sign mid-November.\nRobin: I will send the contract on Friday.\n"


@dataclass
class Elsewhere:
    """A model that keeps what it was sent."""

    host: str = "api.model.example"
    sent: list[str] = field(default_factory=list)

    async def read_again(
        self, text: str, context: ReadingContext, first: Draft, *, say: Callable[[str], None]
    ) -> SecondReading:
        self.sent.append(text)
        return SecondReading(draft=first, agreed=1)


def ada_says(house: House, **said: Value) -> Record:
    """Her contact as a pull would have brought it."""
    ada = mirror.get_record(house.desk.db, house.ada.ref) or house.ada
    ada = replace(ada, fields={**ada.fields, **said})
    mirror.save_records(house.desk.db, [ada])
    return ada


def with_model(house: House, model: Elsewhere, allow: Sequence[str]) -> Desk:
    settings = replace(house.desk.settings, processing=tuple(allow))
    return replace(house.desk, model=model, settings=settings)


async def second(desk: Desk) -> SecondReading:
    context = capture.context_for(desk, "m1")
    first = capture.read(desk.drafter, TEXT, context)
    return await read_again(desk, TEXT, context, first, say=lambda _: None)


@pytest.mark.parametrize(
    ("residency", "allow", "goes"),
    [
        ("US", ("EU", "DE"), False),
        ("DE", ("EU",), False),
        ("de", ("EU", "DE"), True),
        (None, ("EU",), True),
        ("US", (), True),
    ],
)
async def test_words_of_somebody_whose_data_stays_elsewhere_are_not_sent(
    house: House, residency: str | None, allow: tuple[str, ...], goes: bool
) -> None:
    ada_says(house, residency=residency)
    model = Elsewhere()
    desk = with_model(house, model, allow)
    if goes:
        assert (await second(desk)).agreed == 1
        assert model.sent == [TEXT]
        return
    with pytest.raises(ModelError, match=r"not sent to api.model.example: the data of Ada Lind stays in") as refused:
        await second(desk)
    assert model.sent == [] and "[processing]" in (refused.value.fix or "")


async def test_the_offline_engine_reads_all_the_same(house: House) -> None:
    ada_says(house, residency="US")
    desk = with_model(house, Elsewhere(), ("EU",))
    assert capture.read(desk.drafter, TEXT, capture.context_for(desk, "m1")).summary.lines
    cards = await capture.propose(desk, replace(capture.open_notes(desk, "m1"), text=TEXT))
    assert cards


async def test_without_a_model_nothing_is_said(house: House) -> None:
    ada_says(house, residency="US")
    desk = replace(with_model(house, Elsewhere(), ("EU",)), model=None)
    assert (await second(desk)).added == 0
    assert stays_here(desk, replace(capture.context_for(desk, "m1"), attendees=())) == ""


@pytest.mark.parametrize("out", [True, False])
def test_a_signal_about_somebody_who_asked_for_no_mail_makes_no_outreach(house: House, out: bool) -> None:
    desk = replace(house.desk, plays=lambda: PLAYS, drafts="eml")
    ada_says(house, mail_opt_out=out)
    [signal, *_] = signals.waiting(desk)
    from gangly_tui.store import signals as kept

    about = replace(signal, contact=house.ada.ref, email="ada@acme.de")
    kept.save_signals(desk.db, [about])
    told = advise(desk, about, PLAYS)
    assert told is not None and bool(told.mail) is not out
    cards = work(desk, about.id)
    assert [each.group for each in cards] == (["next step"] if out else ["next step", "outreach"])
    assert cards[0].kind is Kind.ACTIVITY
    assert cards[0].note == ("no mail drafted: Ada Lind asked for no mail" if out else "")
