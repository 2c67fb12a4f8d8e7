"""Gmail through gangly's door: newest first, then by its history; bodies when asked for, and only their text."""

from __future__ import annotations

import json
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from gangly_tui.connectors.engagement.google import VENDOR
from gangly_tui.domain.errors import NotFound, Refused, SignInNeeded, Unreachable
from gangly_tui.domain.mail import Address
from tests.connectors.google_rig import NOON, Site, site, watch_of
from tests.connectors.test_google_calendar import weather
from tests.fakes.google import Asked, refusal

DANA = "Dana Whitlock <dana@harbor.example>"
ROBIN = "Robin Hale <robin.hale@larkspur.example>"


def filled(count: int, **values: Any) -> Site:
    """A mailbox with so many mails, the last the newest."""
    at = site(**values)
    for number in range(count):
        at.fake.mail.put(DANA, ROBIN, f"mail {number}", at=NOON - timedelta(hours=count - number))
    return at


@pytest.mark.shared
async def test_a_first_look_brings_headers_and_snippets_newest_first() -> None:
    at = filled(250)
    at.fake.mail.put(DANA, ROBIN, "too old", at=NOON - timedelta(days=200))
    found = await at.look()
    assert [each.subject for each in found.mails] == [f"mail {number}" for number in reversed(range(250))]
    assert [len(each.mails) for each in found.pages] == [100, 100, 50]
    assert [each.whole for each in found.pages] == [True, False, False]
    newest = found.mails[0]
    assert newest.sender == Address(email="dana@harbor.example", name="Dana Whitlock")
    assert newest.to == (Address(email="robin.hale@larkspur.example", name="Robin Hale"),)
    assert (newest.snippet, newest.folders, newest.outgoing) == ("Hello.", ("Inbox",), False)
    assert newest.message_id.startswith("<m") and newest.at == NOON - timedelta(hours=1)
    assert all("format=metadata" in each.query for each in at.fake.to("GET", "/messages/"))
    assert watch_of(at.fake).checked == 2 * len(at.fake.asked)


async def test_the_next_look_brings_what_came_moved_and_went() -> None:
    at = filled(3)
    keeps, moves, goes = at.fake.mail.messages.values()
    first = await at.look()
    at.fake.mail.labels["L1"] = "Deals/Harbor"
    at.fake.mail.put(ROBIN, DANA, "an answer")
    at.fake.mail.label(moves, add=("L1",), remove=("INBOX",))
    at.fake.mail.label(keeps, remove=("UNREAD",))  # it was read: nothing of it is asked for
    at.fake.mail.delete(goes.id)
    asked = len(at.fake.to("GET", "/messages/"))
    second = await at.look(first.cursor)
    assert {each.subject: each.folders for each in second.mails} == {
        "an answer": ("Sent",),
        "mail 1": ("Deals/Harbor",),
    }
    assert [each.outgoing for each in second.mails if each.subject == "an answer"] == [True]
    assert second.gone == {goes.id} and not any(each.whole for each in second.pages)
    assert len(at.fake.to("GET", "/messages/")) == asked + 2
    third = await at.look(second.cursor)
    assert (third.mails, third.gone, len(third.pages)) == ([], set(), 1)


async def test_what_is_thrown_away_or_is_a_draft_is_not_kept() -> None:
    at = filled(2)
    first = await at.look()
    trashed, spam = at.fake.mail.messages.values()
    at.fake.mail.label(trashed, add=("TRASH",), remove=("INBOX",))
    at.fake.mail.label(spam, add=("SPAM",), remove=("INBOX",))
    draft = at.fake.mail.put(ROBIN, DANA, "half a thought", labels=["DRAFT"])
    second = await at.look(first.cursor)
    assert second.mails == [] and second.gone == {trashed.id, spam.id, draft.id}
    assert (await at.look()).mails == []


async def test_a_look_that_was_cut_short_goes_on_where_it_was() -> None:
    at = filled(250)
    pages = at.mail().mails("", NOON - timedelta(days=180))
    first = await anext(pages)
    await pages.aclose()  # type: ignore[attr-defined]
    at.fake.mail.put(DANA, ROBIN, "came meanwhile", at=NOON)
    rest = await at.look(first.cursor)
    assert not any(each.whole for each in rest.pages)
    seen = {each.subject for each in (*first.mails, *rest.mails)}
    assert {f"mail {number}" for number in range(250)} <= seen | {"mail 150"}
    after = await at.look(rest.cursor)
    assert "came meanwhile" in {each.subject for each in after.mails}


async def test_a_history_that_is_forgotten_and_a_damaged_cursor_begin_anew() -> None:
    at = filled(2)
    first = await at.look()
    at.fake.mail.kept_since = at.fake.mail.history + 1  # 404
    again = await at.look(first.cursor)
    assert again.pages[0].whole and len(again.mails) == 2
    for damaged in ("x", "[]", '{"history": 5}', '{"page": "p1", "after": "x"}', '{"page": "zzz", "after": "1"}'):
        assert (await at.look(damaged)).pages[0].whole


async def test_a_history_of_several_pages_resumes_after_each() -> None:
    at = filled(1)
    first = await at.look()
    for number in range(250):
        at.fake.mail.put(DANA, ROBIN, f"new {number}")
    pages = at.mail().mails(first.cursor, NOON - timedelta(days=180))
    one = await anext(pages)
    await pages.aclose()  # type: ignore[attr-defined]
    rest = await at.look(one.cursor)
    assert {each.subject for each in (*one.mails, *rest.mails)} == {f"new {number}" for number in range(250)}
    assert len(one.mails) == 100 and len(rest.mails) == 150


async def test_a_bounce_is_known_and_names_who_it_did_not_reach() -> None:
    at = site()
    daemon = "Mail Delivery Subsystem <mailer-daemon@googlemail.com>"
    report = {"X-Failed-Recipients": "dana@harbor.example"}
    at.fake.mail.put(daemon, ROBIN, "Delivery Status Notification (Failure)", headers=report)
    at.fake.mail.put(daemon, ROBIN, "Delivery Status Notification (Delay)", headers=report)
    at.fake.mail.put(DANA, ROBIN, "Failure", headers=report)  # anybody can write such a header
    found = {each.subject: each for each in (await at.look()).mails}
    assert [name for name, each in found.items() if each.bounced] == ["Delivery Status Notification (Failure)"]
    failure = found["Delivery Status Notification (Failure)"]
    assert [each.email for each in failure.to] == ["dana@harbor.example"]


async def test_hostile_headers_are_text_and_no_more_of_them_than_fits() -> None:
    at = site()
    many = ", ".join(f"p{number}@x.example" for number in range(2_000))
    raw = (
        "From: =?utf-8?q?D=C3=A4na_=5B/=5D?= <dana@x.example>\r\n"
        f"To: {many}\r\nCc: undisclosed-recipients:;\r\n"
        "Subject: =?utf-8?b?8J+mlA==?= =?unknown?q?x?= [@click=app.quit()]\r\n\r\nHi <b>&amp;\r\n"
    )
    at.fake.mail.keep(raw.encode(), ["INBOX"], NOON)
    (found,) = (await at.look()).mails
    assert found.sender.name == "Däna [/]" and found.subject.startswith("🦔") and "[@click" in found.subject
    assert 1 <= len(found.to) <= 200 and found.cc == () and found.snippet == "Hi <b>&amp;"


async def test_a_body_is_text_whatever_it_was() -> None:
    at = site()
    page = "<title>t</title><script>steal()</script><p>Dear Robin,</p><p style='display: none'>x</p><p>12 &lt; 13</p>"
    both = at.fake.mail.put(DANA, ROBIN, "both", "the plain one\r\n", page=page)
    only = EmailMessage()
    only["From"], only["Subject"] = DANA, "html"
    only.set_content(page, subtype="html")
    html = at.fake.mail.keep(only.as_bytes(), ["INBOX"], NOON)
    latin = b"From: a@b.c\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe"
    old = at.fake.mail.keep(latin, ["INBOX"], NOON)
    box = at.mail()
    assert await box.body(both.id) == "the plain one"
    said = await box.body(html.id)
    assert "Dear Robin," in said and "12 < 13" in said and "steal" not in said and "<" not in said.replace("12 <", "")
    assert await box.body(old.id) == "Grüße"


async def test_a_message_of_25_mb_costs_its_text_alone() -> None:
    at = site()
    raw = (
        b"From: dana@harbor.example\r\nSubject: the video\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nSee attached.\r\n"
        b"--x\r\nContent-Type: video/mp4\r\nContent-Disposition: attachment; filename=demo.mp4\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + b"AAAA" * (25_000_000 // 3) + b"\r\n--x--\r\n"
    )
    held = at.fake.mail.keep(raw, ["INBOX"], NOON)
    got: list[int] = []
    handle = at.fake.handle

    def measured(*asked: Any) -> Any:
        answer = handle(*asked)
        got.append(len(answer[2]))
        return answer

    at.fake.handle = measured  # type: ignore[method-assign]
    assert await at.mail().body(held.id) == "See attached."
    assert sum(got) < 10_000


async def test_a_text_that_is_long_is_fetched_and_one_that_is_endless_is_not() -> None:
    at = site()
    long = at.fake.mail.put(DANA, ROBIN, "long", "all work and no play\n" * 20_000)
    endless = at.fake.mail.put(DANA, ROBIN, "endless", "all work and no play\n" * 200_000)
    assert (await at.mail().body(long.id)).count("\n") == 19_999
    with pytest.raises(Refused, match="longer than 2 MiB"):
        await at.mail().body(endless.id)
    assert not any("data" in each.query for each in at.fake.to("GET", endless.id))


async def test_a_message_that_is_gone_or_never_was() -> None:
    at = site()
    for name in ("18f0", "../../x", ""):
        with pytest.raises((NotFound, Refused)):
            await at.mail().body(name)


async def test_nothing_is_ever_written_by_reading() -> None:
    at = filled(5)
    found = await at.look()
    await at.mail().body(found.mails[0].id)
    await at.look(found.cursor)
    assert {each.method for each in at.fake.asked} == {"GET"}


async def test_reading_keeps_within_the_units_of_a_second() -> None:
    at = filled(200)
    clock = [0.0]

    async def sleep(seconds: float) -> None:
        clock[0] += seconds

    pace = VENDOR.pace()
    pace._clock, pace._sleep = lambda: clock[0], sleep
    at.pace = lambda: pace
    await at.look()
    units = 5 * len(at.fake.to("GET", "/gmail"))
    assert units / (clock[0] + 1) <= 250


async def test_one_mail_that_cannot_be_had_now_ends_the_page_and_the_cursor_stays() -> None:
    at = filled(20)
    first = await at.look()
    at.fake.mail.put(DANA, ROBIN, "new")
    at.fake.weather += [weather("GET", "/gmail/v1/users/me/messages/", refusal(503, "backendError"))] * 4
    with pytest.raises(Unreachable):
        await at.look(first.cursor)
    assert [each.subject for each in (await at.look(first.cursor)).mails] == ["new"]


async def test_without_the_permission_it_says_so() -> None:
    at = site(scopes={"calendar.readonly"})
    with pytest.raises(SignInNeeded, match="does not include"):
        await at.look()


@pytest.mark.shared
async def test_the_contract_would_notice_a_wrong_request_and_a_wrong_answer() -> None:
    watch = watch_of(site().fake)
    asked = Asked(
        method="GET",
        path="/gmail/v1/users/me/messages/18f0",
        query="format=FULLL&nothing=1",
        headers={"authorization": "Bearer t"},
        body=None,
    )
    found = " ".join(watch.of(asked.path).request(asked))
    assert "format" in found and "nothing" in found
    assert watch.of(asked.path).answer(asked, 200, {"id": 5})
    assert json.loads((await filled(1).look()).cursor)["history"]
