"""Mails and signals are found by their words, and what is forgotten leaves no word in the index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gangly_tui.domain.mail import Address, Mail
from gangly_tui.domain.person import Person
from gangly_tui.domain.records import Attendee, Kind
from gangly_tui.domain.signals import Signal, SignalKind
from gangly_tui.store import engagement, mirror, privacy, search
from gangly_tui.store import mail as mails
from gangly_tui.store import signals as signs
from gangly_tui.store.database import Connection
from gangly_tui.store.hits import Hit
from gangly_tui.store.search import find
from tests.store import made

ZOE = Address(email="zoe@canaryworks.com", name="Zoë Canary")
ROBIN = Address(email="robin@seller.com", name="Robin Hale")
PERSON = Person(box="zoe@canaryworks.com", names=("Zoë Canary",))


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found must not hang on how busy the machine is; the limit has its own benchmark."""
    monkeypatch.setattr(search, "_LIMIT", 5.0)


def mail(name: str = "one", *, sent: bool = False, **parts: object) -> Mail:
    made_up = Mail(
        id=name,
        system="post",
        thread_id=name,
        message_id=f"<{name}@x>",
        at=made.NOW,
        sender=ROBIN if sent else ZOE,
        to=(ZOE,) if sent else (ROBIN,),
        subject="Canarydeal terms",
        snippet="the canarysnip line",
        outgoing=sent,
    )
    return replace(made_up, **parts)  # type: ignore[arg-type]  # the parts of a Mail


def signal(name: str = "aa11", **parts: object) -> Signal:
    made_up = Signal(
        id=name,
        kind=SignalKind.USAGE,
        title="Canarysign: fewer logins",
        at=made.NOW,
        expires_at=made.NOW + timedelta(days=14),
        detail="three canarydetail",
        who="Zoë Canary",
        email="zoe@canaryworks.com",
    )
    return replace(made_up, **parts)  # type: ignore[arg-type]  # the parts of a Signal


def names(db: Connection, text: str) -> list[str]:
    return [each.signal_id or (each.ref.id if each.ref else "") for each in find(db, text)]


def index_holds(db: Connection, letters: bytes) -> bool:
    """Whether the index keeps a word with these letters anywhere, deleted or not. Words share beginnings in it."""
    return any(letters in block for (block,) in db.execute("SELECT block FROM words_data"))


@pytest.mark.parametrize(
    "typed", ["canaryd", "terms", "canarysnip", "zoe can", "Zoë", "zoe@canaryworks.com", "robin h"]
)
def test_a_mail_is_found_by_subject_people_and_its_line(db: Connection, typed: str) -> None:
    mails.save_mails(db, [mail()])
    assert names(db, typed) == ["one"]


def test_a_mail_says_who_and_when(db: Connection) -> None:
    mails.save_mails(db, [mail()])
    assert find(db, "terms") == [
        Hit(
            ref=made.ref(Kind.MAIL, "one", "post"),
            title="Canarydeal terms",
            snippet="the canarysnip line",
            kind="mail",
            at=made.NOW,
            who="Zoë Canary",
        )
    ]
    many = tuple(Address(email=f"p{n}@x.com") for n in range(5))
    mails.save_mails(db, [mail("two", sent=True, subject="Minutes", to=many)])
    (sent,) = find(db, "minutes")
    assert sent.who == "to p0@x.com, p1@x.com, p2@x.com and 2 more"


def test_a_signal_is_found_wherever_it_stands_until_it_loses_its_words(db: Connection) -> None:
    signs.save_signals(db, [signal()])
    (found,) = find(db, "canarysign")
    assert (found.signal_id, found.kind, found.who, found.at) == ("aa11", "signal", "Zoë Canary", made.NOW)
    signs.save_signals(db, [signal(detail="four others")])
    assert (names(db, "canarydetail"), names(db, "others")) == ([], ["aa11"])
    signs.set_dismissed(db, "aa11", "not ours")
    assert names(db, "canarysign") == ["aa11"]
    signs.age_out(db, made.NOW + timedelta(days=200), kept=timedelta(days=90))
    assert names(db, "canarysign") == [] and not index_holds(db, b"anarys")


def test_words_follow_a_mail_that_comes_again_also_twice_on_one_page(db: Connection) -> None:
    assert mails.save_mails(db, [mail(), mail(subject="Changed")]) == 1
    assert (names(db, "canarydeal"), names(db, "changed")) == ([], ["one"])
    assert mails.save_mails(db, [mail(subject="Changed"), mail(subject="Anew")]) == 1
    assert (names(db, "changed"), names(db, "anew"), names(db, "canarysnip")) == ([], ["one"], ["one"])
    assert not index_holds(db, b"hanged")


FORGETTING: dict[str, Callable[[Connection], object]] = {
    "gone in the mailbox": lambda db: mails.remove_mails(db, "post", ["one"]),
    "a whole look without it": lambda db: mails.remove_mails_missing(db, "post", ()),
    "aged out": lambda db: mails.remove_mails_before(db, made.NOW + timedelta(seconds=1)),
    "its person erased": lambda db: privacy.erase(db, PERSON, ()),
}


@pytest.mark.parametrize("how", FORGETTING)
def test_a_forgotten_mail_leaves_no_word_behind(db: Connection, how: str) -> None:
    mails.save_mails(db, [mail()])
    mails.save_mails(db, [mail("kept", at=made.NOW + timedelta(days=1), sender=ROBIN, subject="Lunch", snippet="soup")])
    if how == "a whole look without it":
        mails.remove_mails(db, "post", ["kept"])
    FORGETTING[how](db)
    assert names(db, "canaryd") == [] and not index_holds(db, b"anary")
    assert names(db, "lunch") == ([] if how == "a whole look without it" else ["kept"])


@pytest.mark.parametrize("how", ["person", "id", "source"])
def test_a_forgotten_signal_leaves_no_word_behind(db: Connection, how: str) -> None:
    signs.save_signals(db, [signal(source="mail:post:one"), signal("bb22", title="Other", who="", email="", detail="")])
    forget = {
        "person": lambda: signs.forget_person(db, PERSON),
        "id": lambda: signs.forget_signals(db, ["aa11"]),
        "source": lambda: signs.forget_signals_from(db, ["mail:post:one"]),
    }
    assert forget[how]() == 1
    assert names(db, "canary") == [] and not index_holds(db, b"anary") and names(db, "other") == ["bb22"]


NAMED = "About it:\nZoë Canary said so"
"""Neither the line break nor the umlaut may hide a name from whoever erases it."""


def test_whoever_is_only_named_is_erased_from_mails_signals_meetings_and_what_was_sent(db: Connection) -> None:
    mails.save_mails(db, [mail(sender=ROBIN, to=(Address(email="cy@acme.de"),), subject="Plan", snippet=NAMED)])
    signs.save_signals(db, [signal(title="Plan", who="", email="", detail=NAMED)])
    meeting = made.meeting(title="Plan", description=NAMED, attendees=(Attendee(name="Cy", email="cy@acme.de"),))
    engagement.save_meetings(db, [meeting])
    mirror.save_records(
        db,
        [
            made.record(Kind.MAIL, "d1", subject="Plan", to="Zoe@CanaryWorks.com", body="Hello", status="sent"),
            made.record(Kind.INVITATION, "i1", subject="Plan", to="cy@acme.de", body=NAMED),
            made.record(Kind.MAIL, "d2", subject="Plan", to="cy@acme.de", body="Hello", status="sent"),
        ],
    )
    assert len(find(db, "plan")) == 6
    counts = privacy.erase(db, PERSON, privacy.meetings_with(db, PERSON))
    assert counts == {"meetings": 1, "mails": 3, "signals": 1}
    assert sorted((each.kind, each.ref.id if each.ref else "") for each in find(db, "plan")) == [
        ("mail", "d2"),
        ("meeting", ""),
    ]
    assert find(db, "canary") == [] and not index_holds(db, b"anary")


def test_a_row_that_another_window_removed_just_now_is_no_hit(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    mails.save_mails(db, [mail(), mail("two")])
    real = search.newest

    def newest(at: Connection, space: str, rowids: list[int]) -> list[tuple[int, int]]:
        found = real(at, space, rowids)
        mails.remove_mails(db, "post", ["one"])
        return found

    monkeypatch.setattr(search, "newest", newest)
    assert names(db, "terms") == ["two"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(subject=st.text(max_size=40), snippet=st.text(max_size=40), name=st.text(max_size=20))
def test_any_mail_goes_in_and_out_whole(db: Connection, subject: str, snippet: str, name: str) -> None:
    one = mail(subject=subject, snippet=snippet, sender=Address(email="a@b.de", name=name))
    mails.save_mails(db, [one])
    mails.save_mails(db, [replace(one, subject=subject[::-1])])
    mails.remove_mails(db, "post", ["one"])
    db.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    left = db.execute("SELECT count(*) FROM words_docsize").fetchone()
    assert left == (0,)


@pytest.mark.parametrize("text", made.HOSTILE, ids=lambda text: ascii(text)[:20])
def test_hostile_mail_is_found_by_itself(db: Connection, text: str) -> None:
    mails.save_mails(db, [mail(subject=f"needle {text}", snippet=text, sender=Address(email="a@b.de", name=text))])
    assert names(db, "needle") == ["one"]
