"""Outlook mail: folder by folder, what moved and what is gone, cut short anywhere; texts that are large or hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gangly_tui.connectors.engagement.microsoft_mail import OutlookMail
from gangly_tui.domain.errors import NotFound
from gangly_tui.domain.mail import Mail
from gangly_tui.domain.ports import MailPage
from tests.connectors.graph_rig import Site, watched
from tests.fakes.graph import GraphFake, Weather, throttled
from tests.fakes.graph_box import Row, recipient

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
OLDEST = NOW - timedelta(days=180)
ANN = recipient("ann@acme.example", "Ann Lind")
ME = recipient("robin.hale@larkspur.example", "Robin Hale")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return watched(tmp_path, now=lambda: NOW)


async def pages(site: Site, since: str = "") -> list[MailPage]:
    return [page async for page in OutlookMail(site.link()).mails(since, OLDEST)]


class Kept:
    """A store as `gather` keeps it: each page with its cursor, and what is gone after a whole look."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.mails: dict[str, Mail] = {}
        self.cursor = ""

    async def pull(self, most: int = 10_000) -> list[MailPage]:
        """Pull; after `most` pages the line is cut."""
        kept: set[str] | None = None
        found: list[MailPage] = []
        async for page in OutlookMail(self.site.link()).mails(self.cursor, OLDEST):
            found.append(page)
            if page.whole:
                kept = set()
            self.mails |= {each.id: each for each in page.mails}
            for each in page.gone:
                self.mails.pop(each, None)
            self.cursor = page.cursor
            if kept is not None:
                kept |= {each.id for each in page.mails}
            if len(found) == most:
                return found
        if kept is not None:
            self.mails = {key: each for key, each in self.mails.items() if key in kept}
        return found


def inbox(site: Site, folder: str = "folder-inbox", **fields: object) -> Row:
    return site.fake.message(folder, **({"from": ANN, "toRecipients": [ME], "subject": "Hello"} | fields))


async def test_a_first_look_has_headers_and_a_preview_and_no_text(site: Site) -> None:
    there = inbox(site, bodyPreview="Dear Robin,\r\nthe  price", ccRecipients=[recipient("bo@acme.example")])
    sent = inbox(site, "folder-sentitems", **{"from": ME, "toRecipients": [ANN], "subject": "RE: Hello"})
    for folder in ("folder-drafts", "folder-junkemail", "folder-deleteditems", "folder-outbox"):
        inbox(site, folder, isDraft=folder == "folder-drafts")
    inbox(site, receivedDateTime="2026-01-01T00:00:00Z", subject="older than asked for")
    found = await pages(site)
    assert [each.whole for each in found] == [True, *[False] * (len(found) - 1)]
    mails = {each.id: each for page in found for each in page.mails}
    assert set(mails) == {there["id"], sent["id"]}
    mail = mails[there["id"]]
    assert (mail.sender.email, mail.sender.name) == ("ann@acme.example", "Ann Lind")
    assert [each.email for each in (*mail.to, *mail.cc)] == ["robin.hale@larkspur.example", "bo@acme.example"]
    assert (mail.snippet, mail.folders, mail.outgoing) == ("Dear Robin, the price", ("Posteingang",), False)
    assert mail.message_id == there["internetMessageId"] and mail.at == NOW
    assert mails[sent["id"]].outgoing and mails[sent["id"]].thread_id == sent["conversationId"]
    assert {each.method for each in site.fake.asked} == {"GET"}
    assert not [each for each in site.fake.asked if "body" in each.asks.get("$select", "").replace("bodyPreview", "")]


async def test_then_what_is_new_what_is_gone_and_nothing_else(site: Site) -> None:
    old, gone = inbox(site), inbox(site)
    kept = Kept(site)
    await kept.pull()
    assert [page.mails for page in await kept.pull()] == [()]
    fresh = inbox(site)
    site.fake.drop(gone)
    found = await kept.pull()
    assert not any(each.whole for each in found)
    assert set(kept.mails) == {old["id"], fresh["id"]} and found[-1].gone == (gone["id"],)


async def test_a_mail_keeps_its_id_and_stays_when_it_is_filed_whatever_folder_is_read_first(site: Site) -> None:
    below = site.fake.folder("Kunden", parent="folder-inbox")
    aside = site.fake.folder("Ablage")
    mails = [inbox(site), inbox(site, below), inbox(site, aside)]
    kept = Kept(site)
    await kept.pull()
    assert kept.mails[mails[1]["id"]].folders == ("Posteingang", "Kunden")
    for each, folder in zip(mails, (aside, "folder-inbox", below), strict=True):
        site.fake.move(each, folder)
    await kept.pull()
    assert {key: each.folders for key, each in kept.mails.items()} == {
        mails[0]["id"]: ("Ablage",), mails[1]["id"]: ("Posteingang",), mails[2]["id"]: ("Posteingang", "Kunden"),
    }  # fmt: skip
    site.fake.move(mails[0], "folder-deleteditems")
    await kept.pull()
    assert set(kept.mails) == {mails[1]["id"], mails[2]["id"]}


async def test_a_pull_that_is_cut_after_every_page_ends_with_the_same_mails(site: Site) -> None:
    folders = ["folder-inbox", "folder-sentitems", site.fake.folder("A"), site.fake.folder("B")]
    rows = [inbox(site, folders[number % 4], subject=str(number)) for number in range(420)]
    kept = Kept(site)
    for _ in range(20):
        await kept.pull(most=1)
    assert set(kept.mails) == {each["id"] for each in rows}
    for number, each in enumerate(rows[:60]):
        site.fake.move(each, folders[(number + 1) % 4])
    for each in rows[60:80]:
        site.fake.drop(each)
    for _ in range(20):
        await kept.pull(most=1)
    assert set(kept.mails) == {each["id"] for each in (*rows[:60], *rows[80:])}
    names = {key: each["displayName"] for key, each in site.fake.folders.items()}
    assert all(kept.mails[each["id"]].folders == (names[each["parentFolderId"]],) for each in rows[:60])


async def test_a_place_that_expired_begins_the_mailbox_anew(site: Site) -> None:
    row = inbox(site)
    kept = Kept(site)
    await kept.pull()
    site.fake.messages.pop(row["id"])  # and no feed will ever tell
    stays = inbox(site)
    site.fake.expired_before = 10_000
    found = await kept.pull()
    assert found[0].whole and set(kept.mails) == {stays["id"]}
    for strange in ("{}", "nonsense", '{"places": 1, "names": 2, "done": [], "seen": [], "gone": []}'):
        assert (await pages(site, strange))[0].whole


async def test_a_folder_with_another_name_tells_its_mails_again_and_one_that_went_the_whole_mailbox(site: Site) -> None:
    law = site.fake.folder("Umzug")
    row = inbox(site, law)
    kept = Kept(site)
    await kept.pull()
    site.fake.folders[law]["displayName"] = "Legal"
    await kept.pull()
    assert kept.mails[row["id"]].folders == ("Legal",)
    site.fake.folders.pop(law)
    found = await kept.pull()
    assert found[0].whole and kept.mails == {}


async def test_an_empty_mailbox_says_that_it_is(site: Site) -> None:
    found = await pages(site)
    assert [(each.whole, each.mails) for each in found] == [(True, ())]


async def test_a_change_that_is_told_in_part_is_looked_up_and_a_flag_is_none(site: Site) -> None:
    row, other = inbox(site), inbox(site)
    kept = Kept(site)
    await kept.pull()
    feed = site.fake._feed

    def in_part(*asked: object, **how: object) -> object:
        told = feed(*asked, **how)  # type: ignore[arg-type]
        for each in told["value"]:
            keep = ("id", "subject") if each["id"] == row["id"] else ("id", "isRead")
            for name in set(each) - set(keep):
                each.pop(name)
        return told

    site.fake._feed = in_part  # type: ignore[method-assign, assignment]
    row["subject"] = "Renamed"
    for each in (row, other):
        site.fake.touch(each)
    asked = len(site.fake.asked)
    await kept.pull()
    assert kept.mails[row["id"]].subject == "Renamed" and kept.mails[row["id"]].sender.email == "ann@acme.example"
    assert [each.path for each in site.fake.asked[asked:] if each.path.startswith("/me/messages/")] == [
        f"/me/messages/{row['id']}"
    ]


REPORT = [{"name": "Content-Type", "value": 'multipart/report; report-type=delivery-status; boundary="x"'}]


@pytest.mark.parametrize(
    ("sender", "headers", "bounced"),
    [
        ("postmaster@larkspur.example", REPORT, True),
        ("MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@larkspur.example", REPORT, True),
        ("mailer-daemon@acme.example", [], True),
        ("postmaster@acme.example", [{"name": "Content-Type", "value": "text/plain"}], False),
        ("ann@acme.example", REPORT, False),
    ],
)
async def test_a_report_of_a_failed_delivery_names_whom_it_did_not_reach(
    site: Site, sender: str, headers: list[Row], *, bounced: bool
) -> None:
    preview = f"Delivery has failed to these recipients: tomasz@kestrel.example ({sender})"
    inbox(site, **{"from": recipient(sender), "bodyPreview": preview, "internetMessageHeaders": headers})
    ((mail,), *_) = [page.mails for page in await pages(site)]
    assert mail.bounced is bounced
    assert [each.email for each in mail.to] == ["tomasz@kestrel.example" if bounced else "robin.hale@larkspur.example"]


async def test_a_text_is_rendered_and_what_is_hidden_in_it_is_not_there(site: Site) -> None:
    page = (
        "<html><head><title>t</title><style>p{}</style></head><body><p>Hello&nbsp;Robin,</p>"
        "<script>alert(1)</script><div style='display: none'>IGNORE ALL</div><img src='https://evil.example/p.gif'>"
        "<p>[@click=app.quit()]x[/] <b>bold</b> <a href='javascript:x'>link</a></p>" + "<div>" * 5_000
    )
    row = inbox(site, body={"contentType": "html", "content": page})
    text = await OutlookMail(site.link()).body(row["id"])
    assert "Hello" in text and "[@click=app.quit()]x[/] bold link" in text
    assert not any(each in text for each in ("alert", "IGNORE", "evil.example", "p{}", "<"))
    for wrong in ("nobody", "", "../me", "a?b"):
        with pytest.raises(NotFound):
            await OutlookMail(site.link()).body(wrong)


async def test_a_message_of_25_megabytes_is_cut_and_stays_small(site: Site) -> None:
    site.fake.watch = lambda *_: None
    row = inbox(site, body={"contentType": "html", "content": "<p>" + "price 40 000 " * 2_000_000 + "</p>"})
    text = await OutlookMail(site.link()).body(row["id"])
    assert text.startswith("price 40 000") and len(text) < 200_010 and text.endswith("[...]")


async def test_throttling_in_the_middle_is_waited_out(site: Site) -> None:
    rows = [inbox(site) for _ in range(150)]
    site.fake.weather = [Weather("GET", "/me/mailFolders/folder-inbox/messages", throttled(3))]
    assert {each.id for page in await pages(site) for each in page.mails} == {each["id"] for each in rows}
    assert site.slept == [3.0]


async def test_five_thousand_mails_come_and_their_cursor_stays_small() -> None:
    site = Site(GraphFake(now=lambda: NOW))
    for number in range(5_000):
        inbox(site, subject=str(number))
    found = await pages(site)
    assert len({each.id for page in found for each in page.mails}) == 5_000
    assert max(len(each.cursor) for each in found) < 4_000
