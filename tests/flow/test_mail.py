"""Mail in the house: what comes in and what never does, what it says in a brief, and what is forgotten again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from gangly_tui.domain.errors import NotFound, Unreachable
from gangly_tui.domain.mail import Address, Mail, MailRules
from gangly_tui.domain.ports import MailPage
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.prepare import prepare
from gangly_tui.flow.pull import PullReport, pull
from gangly_tui.flow.read_mail import read_mail
from gangly_tui.store import mail as mails
from gangly_tui.store.search import find
from gangly_tui.store.signals import open_signals
from tests.flow.conftest import CALL, House

ADA = Address(email="ada@acme.de", name="Ada Lind")
ROBIN = Address(email="robin@seller.com", name="Robin Hale")
DAY = timedelta(days=1)


def mail(name: str, *, ago: timedelta = DAY, sent: bool = False, **parts: object) -> Mail:
    """A mail between Ada and Robin, by default from her, a day before the call."""
    made = Mail(
        id=name,
        system="post",
        thread_id=name,
        message_id=f"<{name}@acme.de>",
        at=CALL - ago,
        sender=ROBIN if sent else ADA,
        to=(ADA,) if sent else (ROBIN,),
        subject=f"About {name}",
        snippet=f"one line of {name}",
        outgoing=sent,
    )
    return replace(made, **parts)  # type: ignore[arg-type]  # the parts of a Mail


@dataclass
class Mailbox:
    """A mailbox with the pages a test lays into it; `fails_after` pages it cannot be reached."""

    pages: list[MailPage] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    fails_after: int = 99
    system: str = "post"

    async def mails(self, since: str, oldest: datetime) -> AsyncIterator[MailPage]:
        self.asked.append(since)
        for number, each in enumerate(self.pages):
            if number == self.fails_after:
                raise Unreachable("the mailbox cannot be reached", fix="try again")
            yield each

    async def body(self, mail_id: str) -> str:
        return f"the text of {mail_id}"


def with_box(house: House, box: Mailbox, **rules: object) -> Desk:
    settings = replace(house.desk.settings, mail=MailRules(**rules))  # type: ignore[arg-type]
    return replace(house.desk, mailboxes=(box,), settings=settings)


def bring(desk: Desk) -> PullReport:
    return asyncio.run(pull(desk))


def whole(*found: Mail, cursor: str = "c1") -> MailPage:
    return MailPage(mails=found, cursor=cursor, whole=True)


def here(desk: Desk) -> list[str]:
    return [each.id for each in mails.mails_since(desk.db, CALL - 400 * DAY)]


def test_the_brief_shows_the_last_word_of_each_thread_and_whose_turn_it_is(house: House) -> None:
    box = Mailbox(
        pages=[
            whole(
                mail("old", ago=3 * DAY, thread_id="pricing"),
                mail("pricing", ago=2 * DAY, thread_id="pricing"),
                mail("offer", ago=4 * DAY, sent=True),
                mail("fresh", ago=timedelta(hours=3), sent=True),
            )
        ]
    )
    desk = with_box(house, box)
    assert bring(desk).mails == 4
    brief = prepare(desk, house.calendar.found[0])
    assert [(each.subject, each.who, each.waits) for each in brief.mails] == [
        ("About fresh", "Ada Lind", ""),
        ("About pricing", "Ada Lind", "waits for us"),
        ("About offer", "Ada Lind", "waits for them"),
    ]
    assert any("answer Ada Lind: About pricing" in each.text for each in brief.ours)
    assert any("an answer from Ada Lind: About offer" in each.text for each in brief.theirs)
    assert brief.writes == 0


def test_what_the_rules_exclude_is_never_kept(house: House) -> None:
    box = Mailbox(
        pages=[
            whole(
                mail("kept"),
                mail("private", folders=("Inbox", "Personal")),
                mail("lawyer", cc=(Address(email="jo@team.lawfirm.com"),)),
            )
        ]
    )
    desk = with_box(house, box, folders=frozenset({"personal"}), domains=frozenset({"lawfirm.com"}))
    bring(desk)
    assert here(desk) == ["kept"]
    assert b"lawyer" not in b"".join(each.read_bytes() for each in desk.db.path.parent.iterdir() if each.is_file())


def test_a_mail_moved_into_an_excluded_folder_is_forgotten(house: House) -> None:
    box = Mailbox(pages=[whole(mail("one"))])
    desk = with_box(house, box, folders=frozenset({"personal"}))
    bring(desk)
    box.pages = [MailPage(mails=(mail("one", folders=("Personal",)),), cursor="c2")]
    bring(desk)
    assert here(desk) == []


def test_the_next_look_asks_for_what_changed_and_forgets_what_is_gone(house: House) -> None:
    box = Mailbox(pages=[whole(mail("one"), mail("two"))])
    desk = with_box(house, box)
    bring(desk)
    box.pages = [MailPage(mails=(mail("three"),), gone=("one",), cursor="c2")]
    bring(desk)
    assert box.asked == ["", "c1"]
    assert sorted(here(desk)) == ["three", "two"]


def test_a_look_anew_forgets_what_is_no_longer_there_also_when_it_was_cut_short(house: House) -> None:
    box = Mailbox(pages=[whole(mail("one"), mail("two"))])
    desk = with_box(house, box)
    bring(desk)
    box.pages = [whole(mail("two"), cursor="half"), MailPage(mails=(mail("three"),), cursor="c9")]
    box.fails_after = 1
    report = bring(desk)
    assert "post: the mailbox cannot be reached (try again)" in report.problems
    assert sorted(here(desk)) == ["one", "two"]
    box.fails_after = 99
    bring(desk)
    assert box.asked == ["", "c1", ""]
    assert sorted(here(desk)) == ["three", "two"]


def test_a_mailbox_that_was_disconnected_is_forgotten(house: House) -> None:
    desk = with_box(house, Mailbox(pages=[whole(mail("one"))]))
    bring(desk)
    bring(replace(desk, mailboxes=()))
    assert here(desk) == []


def test_a_body_that_was_fetched_ages_out(house: House) -> None:
    box = Mailbox(pages=[whole(mail("one"))])
    desk = with_box(house, box, body_days=7)
    bring(desk)
    kept = mails.get_mail(desk.db, "post", "one")
    assert kept is not None
    mails.save_text(desk.db, kept, "all of it", desk.now())
    box.pages = []
    house.clock.forward(days=6)
    bring(desk)
    assert mails.text_of(desk.db, kept) == "all of it"
    house.clock.forward(days=2)
    bring(desk)
    assert mails.text_of(desk.db, kept) is None


@pytest.mark.parametrize("attendee", ["ada+demo@acme.de", "ADA@acme.de"])
def test_mail_is_found_by_the_mailbox_not_by_the_spelling(house: House, attendee: str) -> None:
    box = Mailbox(pages=[whole(mail("one", sender=Address(email=attendee)))])
    desk = with_box(house, box)
    bring(desk)
    assert [each.subject for each in prepare(desk, house.calendar.found[0]).mails] == ["About one"]


def test_a_private_meeting_shows_no_mail(house: House) -> None:
    desk = with_box(house, Mailbox(pages=[whole(mail("one"))]))
    bring(desk)
    assert prepare(desk, replace(house.calendar.found[0], private=True)).mails == ()


def test_a_body_is_fetched_once_and_kept(house: House) -> None:
    box = Mailbox(pages=[whole(mail("one"))])
    desk = with_box(house, box)
    bring(desk)
    ref = RecordRef(system="post", kind=Kind.MAIL, id="one")
    assert asyncio.run(read_mail(desk, ref)) == "the text of one"
    assert asyncio.run(read_mail(replace(desk, mailboxes=()), ref)) == "the text of one"


def test_a_body_of_a_mailbox_that_is_not_connected_says_what_to_do(house: House) -> None:
    desk = with_box(house, Mailbox(pages=[whole(mail("one"))]))
    bring(desk)
    with pytest.raises(NotFound, match="post is not connected") as said:
        asyncio.run(read_mail(replace(desk, mailboxes=()), RecordRef(system="post", kind=Kind.MAIL, id="one")))
    assert said.value.fix == "gangly connect post"


def test_a_rule_that_is_made_later_counts_for_what_is_here(house: House) -> None:
    lawyer = mail("lawyer", cc=(Address(email="jo@team.lawfirm.com"),))
    desk = with_box(house, Mailbox(pages=[whole(mail("one"), lawyer, mail("private", folders=("Personal",)))]))
    bring(desk)
    assert [each.ref and each.ref.id for each in find(desk.db, "lawfirm")] == ["lawyer"]
    quiet = Mailbox(pages=[])
    desk = with_box(house, quiet, folders=frozenset({"personal"}), domains=frozenset({"lawfirm.com"}))
    bring(desk)
    assert here(desk) == ["one"] and find(desk.db, "lawfirm") == []
    assert b"lawfirm" not in b"".join(block for (block,) in desk.db.execute("SELECT block FROM words_data"))


def test_a_rule_that_is_lifted_brings_back_what_it_kept_out(house: House) -> None:
    lawyer = mail("lawyer", cc=(Address(email="jo@team.lawfirm.com"),))
    box = Mailbox(pages=[whole(mail("one"), lawyer)])
    bring(with_box(house, box, domains=frozenset({"lawfirm.com"})))
    bring(with_box(house, box, domains=frozenset({"lawfirm.com"})))
    desk = with_box(house, box)
    bring(desk)
    assert sorted(here(desk)) == ["lawyer", "one"]
    assert box.asked == ["", "c1", ""], "only a change of the rules asks for everything"


def test_a_signal_goes_with_the_mail_it_came_from(house: House) -> None:
    box = Mailbox(pages=[whole(mail("old", ago=40 * DAY), mail("reply", ago=timedelta(hours=1)))])
    desk = with_box(house, box)
    bring(desk)
    assert [each.source for each in open_signals(desk.db, desk.now()) if each.source.startswith("mail:")] == [
        "mail:post:reply"
    ]
    box.pages = []
    bring(with_box(house, box, domains=frozenset({"acme.de"})))
    assert not [each for each in open_signals(desk.db, desk.now()) if each.source.startswith("mail:")]
