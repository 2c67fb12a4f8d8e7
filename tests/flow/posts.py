"""Where a house's mails and invitations go: a fake account behind its real connector, or files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from gangly_tui.connectors.engagement import google, microsoft
from gangly_tui.connectors.engagement.eml import MailFiles
from gangly_tui.domain.mail import MAIL_FILES
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.records import Kind
from gangly_tui.flow import decide
from gangly_tui.flow.deliver import Door
from tests.connectors import google_rig, graph_rig
from tests.fakes.graph import GraphFake
from tests.flow.conftest import CALL, House
from tests.flow.steps import cards

Post = Any
"""A fake account of Google or of Microsoft; `name` says which, `door` is the way into it."""


def with_account(house: House, name: str) -> Post:
    """The mailbox and calendar that the house's mails and invitations go into from now on."""
    site: Post = google_rig.site(CALL) if name == "google" else graph_rig.Site(GraphFake(now=house.clock))
    module, scope = (google, google_rig.SCOPE) if name == "google" else (microsoft, graph_rig.SCOPE)
    link = site.link()
    site.name, site.door = name, Door(reader=module.open_reader(link), writer=module.open_writer(link), scope=scope)
    house.desk.courier._beside[name] = lambda: site.door
    house.desk = replace(house.desk, drafts=name)
    return site


def with_files(house: House, folder: Path) -> None:
    """The house's mails become files in a folder."""
    files = MailFiles(folder, "robin@seller.com")
    door = Door(reader=files, writer=files, scope=house.desk.hierarchy.scope(MAIL_FILES))
    house.desk.courier._beside[MAIL_FILES] = lambda: door
    house.desk = replace(house.desk, drafts=MAIL_FILES)


def sent(post: Post) -> int:
    """How many mails the account has sent."""
    if post.name == "google":
        return len(post.fake.mail.sent)
    return sum(1 for each in post.fake.messages.values() if not each.get("isDraft"))


def drafts(post: Post) -> int:
    """How many drafts lie in the account."""
    if post.name == "google":
        return len(post.fake.mail.drafts)
    return sum(1 for each in post.fake.messages.values() if each.get("isDraft"))


def invited(post: Post) -> int:
    """How many meetings stand in the account's calendar."""
    if post.name == "google":
        return sum(1 for each in post.fake.calendar.events.values() if each["status"] != "cancelled")
    return len(post.fake.events)


async def follow_up(house: House) -> Proposal:
    """The card of the follow-up to the house's call."""
    return next(each for each in await cards(house) if each.kind is Kind.MAIL)


async def in_drafts(house: House) -> Proposal:
    """The follow-up's card, its mail among the drafts."""
    card = await follow_up(house)
    decide.approve(house.desk, card.id, card.digest(), at_once=True)
    assert [each.message for each in await house.desk.courier.deliver_due()] == ["saved, read back"]
    return card
