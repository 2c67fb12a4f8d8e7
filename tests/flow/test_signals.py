"""Signals from a pull to the CRM: what is noticed, what a play makes of it, and that nothing raw is on the wire."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from gangly_tui.connectors.record import sandbox_db as crm
from gangly_tui.domain.errors import DecisionError, InputError
from gangly_tui.domain.mail import Address, Mail
from gangly_tui.domain.plays import parse_plays
from gangly_tui.domain.ports import MailPage
from gangly_tui.domain.proposal import Action, Proposal
from gangly_tui.domain.records import Attendee, Kind, Meeting
from gangly_tui.domain.relations import JobChange, Relation
from gangly_tui.domain.signal_import import Given
from gangly_tui.domain.signals import Signal, SignalKind
from gangly_tui.flow import decide, signals
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.privacy import erase_person, holdings
from gangly_tui.flow.pull import pull
from gangly_tui.flow.work_signal import advise, work
from gangly_tui.store import decisions, relations
from gangly_tui.store import signals as kept
from tests.flow.conftest import CALL, House

PLAYS = parse_plays(
    "\n".join(
        f'[[play]]\nname = "on {each.value}"\non = "{each.value}"\nstep = "Talk to {{who}} of {{account}}: {{deal}}"\n'
        '[play.outreach]\nsubject = "To {account}"\nbody = "Hello {who}, about {deal}."\n'
        for each in SignalKind
    )
)


def having(house: House, **more: object) -> Desk:
    for each in signals.waiting(house.desk):  # the deal of this house has stood still for long
        signals.dismiss(house.desk, each.id, "known")
    return replace(house.desk, plays=lambda: PLAYS, drafts="eml", **more)  # type: ignore[arg-type]


def waiting(desk: Desk) -> dict[SignalKind, Signal]:
    return {each.kind: each for each in signals.waiting(desk)}


def acme(name: str, days: int, *more: Attendee) -> Meeting:
    start = CALL + timedelta(days=days)
    guests = (Attendee(name="Ada Lind", email="ada@acme.de", organizer=True), *more)
    return Meeting(
        id=name, system="sandbox", title=f"Acme {name}", start=start, end=start + timedelta(hours=1), attendees=guests
    )


# -- what is noticed ------------------------------------------------------------------------------------------------


async def test_a_meeting_is_booked_moved_and_cancelled(house: House) -> None:
    desk = having(house)
    assert waiting(desk) == {}, "the first look raises nothing"
    house.calendar.found.append(acme("m2", 3))
    await pull(desk)
    booked = waiting(desk)[SignalKind.BOOKED]
    assert (booked.title, booked.account, booked.deal) == ("Acme m2", house.account.ref, house.deal.ref)
    assert booked.contact == house.ada.ref
    house.calendar.found[-1] = acme("m2", 4)
    await pull(desk)
    (moved,) = signals.waiting(desk)
    assert moved.kind is SignalKind.MOVED
    assert "was Sat 26 Sep 14:00, now Sun 27 Sep 14:00" in moved.detail
    house.calendar.found.pop()
    await pull(desk)
    assert [each.kind for each in signals.waiting(desk)] == [SignalKind.CANCELLED]
    await pull(desk)
    assert len(signals.waiting(desk)) == 1


async def test_what_slides_into_view_was_not_booked(house: House) -> None:
    desk = having(house)
    house.calendar.found.append(acme("far", 15))
    house.clock.forward(days=2)
    await pull(desk)
    assert SignalKind.BOOKED not in waiting(desk)


async def test_meetings_without_an_account_are_the_reps_own(house: House) -> None:
    desk = having(house)
    stranger = replace(acme("dentist", 2), attendees=(Attendee(email="praxis@example.org", organizer=True),))
    house.calendar.found.append(stranger)
    await pull(desk)
    assert waiting(desk) == {}


async def test_somebody_new_is_noticed_once_and_known_when_they_are_a_contact(house: House) -> None:
    desk = having(house)
    guests = (Attendee(name="Bo Ek", email="bo@acme.de"), Attendee(email="noreply@acme.de"))
    house.calendar.found.append(acme("m2", 3, *guests))
    await pull(desk)
    new = waiting(desk)[SignalKind.STAKEHOLDER]
    assert (new.who, new.email, new.account) == ("Bo Ek", "bo@acme.de", house.account.ref)
    db = house.crm
    fields = {"first_name": "Bo", "last_name": "Ek", "email": "bo@acme.de", "account": house.account.ref.id}
    crm.insert(db, Kind.CONTACT, fields, by="Kim", at=house.clock.at)
    db.close()
    await pull(desk)
    assert SignalKind.STAKEHOLDER not in waiting(desk)


async def test_a_stage_moved_by_somebody_else_and_not_by_the_rep(house: House) -> None:
    desk = having(house)
    db = house.crm
    house.clock.forward(hours=1)
    crm.update(db, house.deal.ref, {"stage": "Proposal"}, by="Kim", at=house.clock.at)
    await pull(desk)
    assert waiting(desk)[SignalKind.STAGE].detail == "Kim moved it to Proposal"
    house.clock.forward(hours=1)
    crm.update(db, house.deal.ref, {"stage": "Negotiation"}, by="robin@seller.com", at=house.clock.at)
    db.close()
    await pull(desk)
    assert "Negotiation" not in "".join(each.detail for each in signals.waiting(desk))


async def test_a_passed_date_is_over_when_somebody_sets_another(house: House) -> None:
    desk = having(house)
    house.clock.forward(days=10)
    await pull(desk)
    past = waiting(desk)[SignalKind.PAST]
    assert (past.title, past.who) == ("Platform 2026", "Ada Lind")
    db = house.crm
    crm.update(db, house.deal.ref, {"close_date": date(2026, 12, 1)}, by="robin@seller.com", at=house.clock.at)
    db.close()
    await pull(desk)
    assert waiting(desk) == {}


async def test_a_contact_who_left(house: House) -> None:
    desk = having(house)
    work_at = {"position": "CTO", "url": "https://www.linkedin.com/in/ada"}
    relations.save_export(desk.db, [Relation(name="Ada Lind", company="Acme", **work_at)], house.clock.at)
    relations.save_export(desk.db, [Relation(name="Ada Lind", company="Other", **work_at)], house.clock.at)
    assert isinstance(relations.job_changes(desk.db, CALL - timedelta(days=1))[0], JobChange)
    await pull(desk)
    left = waiting(desk)[SignalKind.JOB]
    assert (left.contact, left.email, left.source) == (house.ada.ref, "", "https://www.linkedin.com/in/ada")
    cards = work(desk, left.id)
    assert [each.kind for each in cards] == [Kind.ACTIVITY], "the old address is nobody's"


class Box:
    """A mailbox of mails a test puts in."""

    system = "box"

    def __init__(self, *found: Mail) -> None:
        self.found = list(found)

    async def mails(self, since: str, not_before: object) -> AsyncIterator[MailPage]:
        yield MailPage(mails=tuple(self.found), gone=(), cursor="1", whole=not since)

    async def body(self, mail_id: str) -> str:
        raise AssertionError("nobody asked for a body")


def mail(house: House, name: str, days_ago: float, sender: str) -> Mail:
    to = (Address(email="robin@seller.com"),)
    at = house.clock.at - timedelta(days=days_ago)
    return Mail(
        id=name, system="box", thread_id="t", message_id=f"<{name}@x>", at=at, subject="SECRETSUBJECT",
        sender=Address(email=sender, name=sender.partition("@")[0].title()), to=to,
    )  # fmt: skip


async def test_a_reply_after_silence_and_a_writer_nobody_knows(house: House) -> None:
    box = Box(mail(house, "old", 30, "ada@acme.de"), mail(house, "new", 0.1, "ada@acme.de"))
    box.found += [mail(house, "bo", 0.2, "bo@acme.de"), mail(house, "past", 9, "cy@acme.de")]
    desk = having(house, mailboxes=(box,))
    await pull(desk)
    found = waiting(desk)
    assert (found[SignalKind.REPLY].days, found[SignalKind.REPLY].source) == (29, "mail:box:new")
    assert found[SignalKind.STAKEHOLDER].email == "bo@acme.de"
    assert len(found) == len(signals.waiting(desk)) == 2, "a first look goes two days back"
    await pull(desk)
    assert len(signals.waiting(desk)) == 2


# -- what is brought ------------------------------------------------------------------------------------------------


def given(house: House, **more: str) -> Given:
    return Given(line=2, kind=SignalKind.USAGE, title="RAWTITLE fell", detail="RAWDETAIL 41", at=house.clock.at, **more)


async def test_usage_finds_its_account_or_is_refused(house: House) -> None:
    desk = having(house)
    about: Sequence[Given] = [
        given(house, account="https://www.acme.de/x"), given(house, email="ada@acme.de"),
        given(house, account="nobody.example"), given(house, email="who@acme.de", account=""),
    ]  # fmt: skip
    new, refused = signals.take_in(desk, about)
    assert (new, [each.why for each in refused]) == (3, ["no account has the domain of nobody.example"])
    assert {each.account for each in signals.waiting(desk)} == {house.account.ref}
    assert signals.take_in(desk, about)[0] == 0


# -- what the rep does ----------------------------------------------------------------------------------------------


async def test_dismissed_put_off_and_taken_back(house: House) -> None:
    desk = having(house)
    signals.take_in(desk, [given(house, account="acme.de")])
    (found,) = signals.waiting(desk)
    until = signals.snooze(desk, found.id, 1)
    assert (until.hour, until.date()) == (6, house.clock.at.date() + timedelta(days=1))
    assert signals.waiting(desk) == []
    signals.reopen(desk, found.id)
    signals.dismiss(desk, found.id[:4], "no")
    assert signals.waiting(desk) == []
    with pytest.raises(DecisionError, match="dismissed"):
        work(desk, found.id)
    assert signals.reopen(desk, found.id) == found
    with pytest.raises(InputError):
        signals.snooze(desk, found.id, 0)
    with pytest.raises(InputError, match="no signal"):
        signals.dismiss(desk, "zzz", "")


async def test_without_a_play_nothing_is_laid_out(house: House) -> None:
    desk = replace(having(house), plays=lambda: ())
    signals.take_in(desk, [given(house, account="acme.de")])
    (found,) = signals.waiting(desk)
    assert advise(desk, found, ()) is None
    with pytest.raises(DecisionError, match="no play fits"):
        work(desk, found.id)
    assert signals.waiting(desk) == [found] and not decide.queue(desk)


async def test_work_lays_out_a_task_and_a_mail_that_wait_for_the_rep(house: House) -> None:
    desk = having(house)
    signals.take_in(desk, [given(house, email="ada@acme.de")])
    (found,) = signals.waiting(desk)
    advice = advise(desk, found, PLAYS)
    task, letter = work(desk, found.id)
    assert advice is not None and advice.step == "Talk to Ada Lind of Acme GmbH: Platform 2026"
    values = {each.field: each.after for each in task.changes}
    assert (task.action, values["subject"], values["type"]) == (Action.CREATE, advice.step, "task")
    assert (values["account"], values["opportunity"]) == (house.account.ref.id, house.deal.ref.id)
    assert (values["contacts"], values["due"]) == ((house.ada.ref.id,), date(2026, 9, 25))
    written = {each.field: each.after for each in letter.changes}
    assert (letter.kind, letter.home) == (Kind.MAIL, "eml")
    assert written["to"] == "Ada Lind <ada@acme.de>"
    assert written["body"] == "Hello Ada, about Platform 2026.\nRobin Hale"
    assert decide.queue(desk) == [task, letter]
    assert not any(decide.is_low_risk(each) for each in (task, letter)), "A never covers them"
    assert signals.waiting(desk) == []
    with pytest.raises(DecisionError, match="has its cards already"):
        work(desk, found.id)


async def test_a_kill_while_its_cards_are_laid_out_leaves_the_signal_open_and_no_card(house: House) -> None:
    class Killed(BaseException):
        """What a kill is to the code it hits."""

    def dies(point: str) -> None:
        if point == "signal.before-commit":
            raise Killed

    desk = replace(having(house), at_point=dies)
    signals.take_in(desk, [given(house, email="ada@acme.de")])
    (found,) = signals.waiting(desk)
    with pytest.raises(Killed):
        work(desk, found.id)
    assert signals.waiting(desk) == [found] and not decide.queue(desk)
    assert len(work(replace(desk, at_point=lambda _: None), found.id)) == 2


def _sent(house: House) -> str:
    """Everything the CRM holds, its own journal included, as one text."""
    db = house.crm
    try:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return json.dumps([list(map(repr, db.execute(f'SELECT * FROM "{each}"'))) for each in tables])
    finally:
        db.close()


async def _approved(house: House, desk: Desk, card: Proposal) -> None:
    decide.approve(desk, card.id, card.digest())
    house.clock.forward(seconds=10)
    await desk.courier.deliver_due()


async def test_nothing_of_the_raw_signal_is_on_the_wire(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    wire: list[str] = []
    writer = desk_writer(house.desk)
    create = writer.create

    async def recorded(kind: Kind, fields: object, *, meta: object) -> object:
        wire.append(f"{fields!r} {meta!r} {meta.footer()}")  # type: ignore[attr-defined]
        return await create(kind, fields, meta=meta)

    monkeypatch.setattr(writer, "create", recorded)
    desk = having(house)
    signals.take_in(desk, [given(house, email="ada@acme.de")], source="RAWSOURCE.csv")
    (found,) = signals.waiting(desk)
    raw = json.dumps(kept.find_signals(desk.db, found.id)[0][0].detail) + found.title + found.source
    assert all(each in raw for each in ("RAWTITLE", "RAWDETAIL", "RAWSOURCE"))
    task, letter = work(desk, found.id)
    edited = decide.edit(desk, task.id, "subject", "Call Ada: my own words")
    await _approved(house, desk, edited)
    assert len(wire) == 1, "one write"
    crm_holds = _sent(house)
    assert "my own words" in crm_holds and "my own words" in wire[0]
    for each in ("RAW", found.id, "signal:"):
        assert each not in wire[0] and each not in crm_holds, each
    assert "RAW" not in repr(letter) and found.id not in repr([each.after for each in letter.changes])
    assert signals.waiting(desk) == []
    (state,) = [state for _, state in kept.find_signals(desk.db, found.id)]
    assert state == "done", "the task landed"


def desk_writer(desk: Desk) -> object:
    return desk.courier._writer  # type: ignore[attr-defined]


async def test_a_rejected_task_ends_its_signal(house: House) -> None:
    desk = having(house)
    signals.take_in(desk, [given(house, account="acme.de")])
    (found,) = signals.waiting(desk)
    (task,) = work(desk, found.id)
    decide.reject(desk, task.id, "no")
    assert signals.waiting(desk) == []
    assert kept.find_signals(desk.db, found.id)[0][1] == "dismissed"


async def test_an_erased_person_is_in_no_signal_and_comes_back_in_none(house: House) -> None:
    desk = having(house)
    house.calendar.found.append(acme("m2", 3))
    await pull(desk)
    signals.take_in(desk, [given(house, email="ada@acme.de")])
    assert len(signals.waiting(desk)) == 2
    assert len(holdings(desk, "ada@acme.de").parts["signal"]) == 3
    assert erase_person(desk, "ada@acme.de").erased["signals"] == 3
    assert signals.waiting(desk) == []
    assert [each.why for each in signals.take_in(desk, [given(house, email="Ada+1@acme.de")])[1]] == [
        "this person was erased"
    ]
    assert "Ada" not in str(desk.db.execute("SELECT group_concat(body || reason || topic) FROM signal").fetchone())


async def test_a_kill_while_working_leaves_all_or_nothing(house: House) -> None:
    def die(point: str) -> None:
        if point == "signal.before-commit":
            raise RuntimeError("killed")

    desk = having(house, at_point=die)
    signals.take_in(desk, [given(house, account="acme.de")])
    (found,) = signals.waiting(desk)
    with pytest.raises(RuntimeError):
        work(desk, found.id)
    assert signals.waiting(desk) == [found] and not decisions.proposals(desk.db)


async def test_the_words_of_what_is_over_go_after_the_days_that_the_settings_say(house: House) -> None:
    settings = replace(house.desk.settings, retention={"signals_days": 10})
    desk = having(house, settings=settings)
    signals.take_in(desk, [given(house, account="acme.de")])
    (found,) = signals.waiting(desk)
    signals.dismiss(desk, found.id, "RAWREASON")
    house.clock.forward(days=39)  # a usage lasts 30 days
    await pull(desk)
    assert kept.find_signals(desk.db, found.id)
    house.clock.forward(days=2)
    await pull(desk)
    assert kept.find_signals(desk.db, found.id) == []
    assert "RAW" not in str(desk.db.execute("SELECT group_concat(body || reason) FROM signal").fetchone())
