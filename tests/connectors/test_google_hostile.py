"""Whatever stands in Google's answers: a value of ours comes out, or the one error that its reader expects."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gangly_tui.connectors.engagement.google_calendar import meeting_of
from gangly_tui.connectors.engagement.google_client import table
from gangly_tui.connectors.engagement.google_drafts import GoogleReader, _record
from gangly_tui.connectors.engagement.google_invitation import _record as invitation_of
from gangly_tui.connectors.engagement.google_mail import _changed
from gangly_tui.connectors.engagement.google_message import decoded, labels_of, mail_of, text_parts
from gangly_tui.domain.records import Kind, RecordRef
from tests.connectors.google_rig import BERLIN, site

ANY_TEXT = st.text(st.characters(), max_size=20)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)


def mostly(value: Any) -> st.SearchStrategy[Any]:
    """The value as Google would send it, or anything else."""
    return st.just(value) | ODD


def some(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: mostly(each) | ODD for name, each in fields.items()})


WHEN = st.one_of(
    some(dateTime="2026-09-23T12:00:00+02:00", timeZone="Europe/Berlin"),
    some(date="2026-09-23"),
    some(dateTime="0001-01-01T00:00:00+14:00"),
    some(dateTime="9999-12-31T23:59:59-12:00"),
    ODD,
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "id": mostly("a1"),
        "summary": mostly("Acme"),
        "start": WHEN,
        "end": WHEN,
        "status": mostly("cancelled"),
        "visibility": mostly("private"),
        "description": mostly("<p>x"),
        "location": mostly("https://acme.zoom.us/j/91234567890"),
        "attendees": st.lists(some(email="a@b.c", displayName="A", self=True, resource=True), max_size=3) | ODD,
        "conferenceData": some(entryPoints=[{"entryPointType": "video", "uri": "https://meet.google.com/a-b-c"}]),
        "extendedProperties": some(private={"ganglyTo": "a@b.c"}),
        "updated": mostly("2026-09-23T12:00:00Z"),
        "etag": mostly('"1"'),
    },
)
HEADER = some(name="From", value="=?utf-8?q?=C3=A4?= <a@b.c>") | some(
    name="Content-Type", value="text/plain; charset=x"
)
PART = some(mimeType="text/plain", filename="", body={"data": "aGk=", "size": 2}, headers=[])
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "id": mostly("18f0"),
        "threadId": mostly("18f0"),
        "labelIds": mostly(["INBOX", "SENT"]),
        "internalDate": mostly("1790000000000") | st.integers().map(str),
        "snippet": mostly("a &amp; b"),
        "payload": st.fixed_dictionaries(
            {}, optional={"headers": st.lists(HEADER, max_size=4) | ODD, "parts": st.lists(PART, max_size=3) | ODD}
        )
        | ODD,
    },
)


READER = GoogleReader(site().link())


@settings(max_examples=200, deadline=None)
@given(event=EVENTS)
def test_any_event_is_a_meeting_or_cannot_be_read(event: dict[str, Any]) -> None:
    with suppress(ValueError, OverflowError):
        meeting = meeting_of(event, BERLIN)
        assert meeting.start <= meeting.end and meeting.start.tzinfo is not None
        for each in (meeting.id, meeting.title, meeting.location, meeting.description):
            each.encode()
        assert not meeting.private or (meeting.attendees, meeting.description) == ((), "")
    invitation_of(READER._google, RecordRef(system="google", kind=Kind.INVITATION, id="x"), event)


@settings(max_examples=200, deadline=None)
@given(message=MESSAGES)
def test_any_message_is_a_mail_or_none(message: dict[str, Any]) -> None:
    found = mail_of(message, {})
    if found is not None:
        for each in (found.subject, found.snippet, found.message_id, *found.folders, found.sender.name):
            each.encode()
    record = _record(READER._google, RecordRef(system="google", kind=Kind.MAIL, id="x"), message, sent=True)
    assert record.fields["status"] == "sent"
    for part in text_parts(table(message, "payload")):
        decoded(part, str(part.get("body"))).encode()


@settings(max_examples=100, deadline=None)
@given(records=st.lists(some(messagesAdded=[{"message": {"id": "1"}}], labelsAdded=[{"labelIds": ["X"]}]) | ODD))
def test_any_history_names_messages_or_nothing(records: list[Any]) -> None:
    changed, gone = _changed(records)
    assert all(isinstance(each, str) for each in (*changed, *gone))
    assert all(isinstance(each, str) for each in labels_of({"labels": records}).values())
