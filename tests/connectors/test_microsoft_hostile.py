"""Whatever Graph answers, it is read, refused or told: nothing of it is trusted to be what its description says."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from gangly_tui.connectors.engagement.microsoft_calendar import OutlookCalendar
from gangly_tui.connectors.engagement.microsoft_folders import Round
from gangly_tui.connectors.engagement.microsoft_items import record_of
from gangly_tui.connectors.engagement.microsoft_mail import OutlookMail
from gangly_tui.domain.errors import GanglyError, Unreachable
from gangly_tui.domain.records import Kind
from tests.connectors.graph_rig import Site
from tests.fakes.graph import GraphFake

START = datetime(2026, 10, 19, tzinfo=ZoneInfo("Europe/Berlin"))
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["2026-10-20T10:00:00.0000000", "2026-10-20T10:00:00Z", "UTC", "private", "html", "a@b.example", "9999"]
    ),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
TIME = {"dateTime": "2026-10-20T10:00:00.0000000", "timeZone": "UTC"}
EVENT = {
    "id": "e1", "subject": "x", "start": TIME, "end": TIME, "isAllDay": False, "sensitivity": "normal", "type": "x",
    "seriesMasterId": None, "location": {"displayName": "r"}, "body": {"contentType": "html", "content": "<p>"},
    "attendees": [{"emailAddress": {"address": "a@b.example", "name": "A"}, "status": {"response": "none"}}],
    "organizer": {"emailAddress": {"address": "a@b.example", "name": "A"}}, "onlineMeeting": {"joinUrl": "https://x"},
    "changeKey": "1", "lastModifiedDateTime": "2026-10-20T10:00:00Z",
}  # fmt: skip
MESSAGE = {
    "id": "m1", "conversationId": "c", "internetMessageId": "<1@x>", "receivedDateTime": "2026-10-20T10:00:00Z",
    "from": {"emailAddress": {"address": "postmaster@b.example"}}, "toRecipients": [], "ccRecipients": [],
    "subject": "s", "bodyPreview": "p", "isDraft": False, "changeKey": "1", "body": {"content": "x"},
    "lastModifiedDateTime": "2026-10-20T10:00:00Z", "parentFolderId": "f", "internetMessageHeaders": [],
}  # fmt: skip


def bent(row: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A row with some of its values replaced by anything, or left out."""
    anything = st.dictionaries(st.sampled_from(sorted(row)), JSON, max_size=4)
    return st.tuples(anything, st.sets(st.sampled_from(sorted(row)), max_size=2)).map(
        lambda parts: {key: value for key, value in {**row, **parts[0]}.items() if key not in parts[1]}
    )


class Says(GraphFake):
    """Answers every change feed with these rows, and every single item with the first of them."""

    rows: list[Any]

    def _route(self, asked: Any) -> tuple[int, Any]:
        if asked.path.endswith("/delta"):
            return 200, {"value": self.rows, "@odata.deltaLink": self._link(asked, {"$deltatoken": "x"})}
        if asked.path.startswith(("/me/messages/", "/me/events/")):
            return 200, self.rows[0]
        return super()._route(asked)


def saying(*rows: Any) -> Site:
    fake = Says()
    fake.rows = list(rows)
    return Site(fake)


@settings(max_examples=60, deadline=None)
@given(bent(EVENT))
def test_an_event_of_any_shape_is_a_meeting_or_told(row: dict[str, Any]) -> None:
    async def look() -> None:
        link = saying(row, EVENT | {"id": "good"}).link()
        with suppress(GanglyError):
            await OutlookCalendar(link).meetings(START, START + timedelta(days=15))

    asyncio.run(look())


@settings(max_examples=60, deadline=None)
@given(bent(MESSAGE))
def test_a_message_of_any_shape_is_a_mail_or_left_out(row: dict[str, Any]) -> None:
    async def look() -> None:
        box = OutlookMail(saying(row, MESSAGE | {"id": "good"}).link())
        found = [mail async for page in box.mails("", START) for mail in page.mails]
        assert "good" in {each.id for each in found}, "one bad row takes no other along"
        with suppress(GanglyError):
            assert isinstance(await box.body("m1"), str)

    asyncio.run(look())


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([(Kind.MAIL, MESSAGE), (Kind.INVITATION, EVENT)]).flatmap(
    lambda each: st.tuples(st.just(each[0]), bent(each[1]))
))  # fmt: skip
def test_an_item_of_any_shape_is_a_record_or_not_understood(item: tuple[Kind, dict[str, Any]]) -> None:
    with suppress(Unreachable):
        assert record_of(*item).updated_at.tzinfo is not None


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=40), st.dictionaries(
    st.sampled_from(["places", "names", "done", "seen", "gone", "first"]), JSON, max_size=6,
).map(json.dumps)))  # fmt: skip
def test_a_cursor_of_any_shape_is_used_or_begins_anew(cursor: str) -> None:
    going = Round.of(cursor)
    assert going is None or Round.of(going.dump()) is not None
