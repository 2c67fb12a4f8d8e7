"""Privacy: what is kept about a person is found, handed out and erased, and the trail still stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from gangly_tui.domain.draft import Notes
from gangly_tui.domain.errors import DecisionError, InputError
from gangly_tui.domain.mail import Address
from gangly_tui.domain.person import Person
from gangly_tui.domain.records import Attendee
from gangly_tui.flow import capture, decide
from gangly_tui.flow.privacy import certificate_digest, erase_person, holdings
from gangly_tui.flow.pull import pull
from gangly_tui.store import engagement, trail
from gangly_tui.store import mail as mails
from gangly_tui.store.backups import back_up
from tests.flow.conftest import CALL, House
from tests.flow.test_mail import Mailbox, mail, whole

NOTES = """Ada: we can sign by 15 Nov 2026.
Ada Lind, Head of Ops, ada@acme.de, +49 30 1234567
Budget is 40k EUR. Lind decides. I send the offer by Friday.
"""


@pytest.fixture
async def kept(house: House) -> House:
    """A house where Ada is everywhere: notes, transcript, draft, cards, trail, mail, a backup."""
    box = Mailbox(
        pages=[
            whole(
                mail("one"),
                mail("two", sender=Address(email="cy@acme.de"), subject="Ada Lind is away"),
                mail("three", sender=Address(email="cy@acme.de")),
            )
        ]
    )
    house.desk = replace(house.desk, mailboxes=(box,))
    house.calendar.texts = {"m1": "Ada Lind: we can sign by 15 Nov 2026."}
    await pull(house.desk)
    notes = Notes(id="m1/notes", meeting_id="m1", text=NOTES, updated_at=house.desk.now())
    cards = await capture.propose(house.desk, notes)
    for card in cards[:2]:
        decide.approve(house.desk, card.id, card.digest())
    decide.reject(house.desk, cards[2].id, "Ada Lind says otherwise")
    house.clock.forward(minutes=1)
    await house.desk.courier.deliver_due()
    back_up(house.desk.db, house.desk.db.path)
    return house


def files_with(house: House, needles: Iterable[bytes]) -> list[str]:
    house.desk.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    found = [each for each in house.desk.db.path.parent.rglob("*") if each.is_file()]
    return [each.name for each in found for needle in needles if needle in each.read_bytes()]


async def test_everything_about_a_person_is_handed_out(kept: House) -> None:
    found = holdings(kept.desk, "ada+work@ACME.de")
    assert found.person == Person(box="ada@acme.de", names=("Ada Lind",))
    assert [each.title for each in found.contacts] == ["Ada Lind"]
    assert {"meetings", "notes", "mails", "proposal", "trail"} <= set(found.parts)
    assert {each.id for each in found.parts["mails"]} == {"one", "two"}
    assert holdings(kept.desk, "ada lind").person == found.person


async def test_an_erased_person_is_in_no_file_and_the_trail_still_verifies(kept: House) -> None:
    needles = (b"Lind", b"ada@acme.de", b"we can sign by")
    assert files_with(kept, needles)  # the store of the tests is not encrypted: a grep sees all of it
    before, _ = trail.verify_trail(kept.desk.db)
    made = erase_person(kept.desk, "ada@acme.de")
    assert files_with(kept, needles) == []
    after, _ = trail.verify_trail(kept.desk.db, values=True)
    assert (after - before, made.trail_keys > 0) == (made.trail_keys, True)
    assert made.backups_removed == 1
    assert made.erased["mails"] == 2
    assert [each.id for each in mails.mails_since(kept.desk.db, CALL - timedelta(days=400))] == ["three"]
    assert made.left == (f"sandbox still holds the contact {kept.ada.ref.id}: erase it there",)
    assert "ada" not in repr(made).replace("(erased)", "").lower().replace(made.left[0].lower(), "")
    assert len(certificate_digest(made)) == 64
    assert holdings(kept.desk, "ada@acme.de").parts == {}


async def test_what_is_pulled_again_stays_out(kept: House) -> None:
    erase_person(kept.desk, "ada@acme.de")
    (box,) = kept.desk.mailboxes
    assert isinstance(box, Mailbox)
    box.pages = [whole(mail("one"), mail("three", sender=Address(email="cy@acme.de")))]
    await pull(kept.desk)
    meeting = engagement.get_meeting(kept.desk.db, "m1")
    assert meeting is not None
    assert [each.email for each in meeting.attendees] == ["robin@seller.com", ""]
    assert [each.id for each in mails.mails_since(kept.desk.db, CALL - timedelta(days=400))] == ["three"]
    assert not engagement.transcript_of(kept.desk.db, "m1")


async def test_what_others_said_and_did_stays(kept: House) -> None:
    kept.calendar.found.append(
        replace(
            kept.calendar.found[0], id="m2", title="Acme: Cy", attendees=(Attendee(name="Cy Dec", email="cy@acme.de"),)
        )
    )
    await pull(kept.desk)
    engagement.save_notes(
        kept.desk.db,
        Notes(id="m2/notes", meeting_id="m2", text="Cy wants a demo. Ada Lind agreed.", updated_at=kept.desk.now()),
    )
    erase_person(kept.desk, "ada@acme.de")
    (text,) = engagement.notes_of(kept.desk.db, "m2")
    assert text.text == "Cy wants a demo. (erased) agreed."
    assert holdings(kept.desk, "cy@acme.de").parts["meetings"]


async def test_an_approved_write_about_them_has_to_leave_first(kept: House) -> None:
    notes = Notes(
        id="m1/notes", meeting_id="m1", text=NOTES + "Ada Lind wants a demo next week.", updated_at=kept.desk.now()
    )
    cards = await capture.propose(kept.desk, notes)
    card = next(each for each in cards if "Lind" in repr(each) and not each.needs_choice)
    decide.approve(kept.desk, card.id, card.digest())
    with pytest.raises(DecisionError, match="have not left"):
        erase_person(kept.desk, "ada@acme.de")
    assert holdings(kept.desk, "ada@acme.de").parts["meetings"]


async def test_nobody_and_several_of_a_name_are_said(house: House) -> None:
    with pytest.raises(InputError, match="nobody here is called"):
        holdings(house.desk, "Zed Nobody")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Ada Lind called", "(erased) called"),
        ("LIND, Ada", "(erased)"),
        ("Mr. Lind and Ms. Linden", "Mr. (erased) and Ms. Linden"),
        ("write ada+x@acme.de or bob@acme.de", "write (erased) or bob@acme.de"),
        ("call +49 (30) 123-4567 now", "call (erased) now"),
        ("Adalind and Lindau", "Adalind and Lindau"),
    ],
)
def test_a_text_without_a_person(text: str, left: str) -> None:
    person = Person(box="ada@acme.de", names=("Ada Lind",), phones=("+49 30 1234567",))
    assert person.without(text) == left


async def test_texts_age_out_by_their_kind(kept: House) -> None:
    kept.desk = replace(
        kept.desk, settings=replace(kept.desk.settings, retention={"transcript_days": 30, "notes_days": 90})
    )
    kept.clock.forward(days=31)
    await pull(kept.desk)
    assert not engagement.transcript_of(kept.desk.db, "m1")
    assert any(each.text for each in engagement.notes_of(kept.desk.db, "m1"))
    kept.clock.forward(days=60)
    await pull(kept.desk)
    assert not any(each.text for each in engagement.notes_of(kept.desk.db, "m1"))
