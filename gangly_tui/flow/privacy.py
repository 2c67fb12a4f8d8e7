"""Privacy: what is kept about a person is handed out or erased; what has aged goes by itself.

Erasing destroys the person's keys in the trail: values and quotes about them are gone, its digests stay and verify.
The CRM keeps what it keeps: erasing there is for whoever owns it, and comes back with the next pull.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gangly_tui.domain.audit import AuditEntry
from gangly_tui.domain.errors import DecisionError, InputError
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.person import Person
from gangly_tui.domain.records import Kind, Record
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.entries import subjects_of
from gangly_tui.store import mirror, privacy, trail
from gangly_tui.store.backups import backups
from gangly_tui.store.database import transaction
from gangly_tui.store.trail_read import open_all

_MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Everything that is kept about one person. Values are as they stand, for the person who asks."""

    person: Person
    contacts: tuple[Record, ...]
    parts: dict[str, list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What an erasure did. It names nobody: `subject` is a hash that whoever knows the mailbox can check."""

    at: datetime
    by: str
    subject: str
    erased: dict[str, int]
    trail_keys: int
    trail_head: str
    backups_removed: int
    left: tuple[str, ...]
    """what is not ours to erase"""


def find_person(desk: Desk, who: str) -> tuple[Person, tuple[Record, ...]]:
    """The person behind an address or a full name, with their contacts. Raises InputError for nobody or several."""
    who = who.strip()
    box = mailbox(who)
    if box:
        contacts = tuple(mirror.contacts_by_mailbox(desk.db, [box]).values())
        return _person(box, contacts), contacts
    wanted = " ".join(who.casefold().split())
    named = [
        each for each in mirror.contacts_named(desk.db, wanted) if " ".join(each.title.casefold().split()) == wanted
    ]
    boxes = {mailbox(each.text("email")) for each in named}
    if not named or not wanted:
        raise InputError(f"nobody here is called {who!r}", fix="use their e-mail address")
    if len(boxes) > 1:
        several = ", ".join(sorted(each.text("email") for each in named)[:_MOST])
        raise InputError(f"{len(boxes)} people are called {who!r}", fix=f"use the address: {several}")
    return _person(next(iter(boxes)), tuple(named)), tuple(named)


def _person(box: str, contacts: tuple[Record, ...]) -> Person:
    return Person(
        box=box,
        names=tuple(dict.fromkeys(each.title for each in contacts if " " in each.title)),
        phones=tuple(filter(None, (each.text("phone") for each in contacts))),
    )


def holdings(desk: Desk, who: str) -> Holdings:
    """Everything that is kept about a person. Raises InputError."""
    person, contacts = find_person(desk, who)
    meetings = privacy.meetings_with(desk.db, person)
    parts: dict[str, list[Any]] = {
        "meetings": list(meetings),
        "notes": privacy.notes_with(desk.db, person, {each.id for each in meetings}),
        "mails": [*privacy.mails_with(desk.db, person), *privacy.written_to(desk.db, person)],
        **privacy.rows_with(desk.db, person),
        "activities": [
            each for contact in contacts for each in mirror.linked(desk.db, contact.ref, Kind.ACTIVITY, limit=10_000)
        ],
        "trail": _entries_about(desk, {*_subjects(person, contacts)}),
    }
    return Holdings(person=person, contacts=contacts, parts={name: each for name, each in parts.items() if each})


def _entries_about(desk: Desk, subjects: set[str]) -> list[AuditEntry]:
    entries = (each.entry() for each in open_all(desk.db))
    return [each for each in entries if subjects & {*each.subjects, *each.speakers}]


def _subjects(person: Person, contacts: tuple[Record, ...]) -> tuple[str, ...]:
    own = (f"mailbox:{person.box}",) if person.box else ()
    return tuple(dict.fromkeys((*own, *(name for each in contacts for name in subjects_of(each)))))


def erase_person(desk: Desk, who: str) -> Certificate:
    """Erase a person from everything that is ours. Raises InputError; DecisionError while a write about them waits."""
    person, contacts = find_person(desk, who)
    if waiting := privacy.in_transit(desk.db, person):
        raise DecisionError(
            f"{len(waiting)} approved writes about this person have not left",
            fix="gangly deliver, or gangly undo, first",
        )
    meetings = privacy.meetings_with(desk.db, person)
    with transaction(desk.db):
        counts = privacy.erase(desk.db, person, meetings)
        refs = [each.ref for each in contacts]
        activities = [each for ref in refs for each in mirror.linked(desk.db, ref, Kind.ACTIVITY, limit=10_000)]
        mirror.remove_records(desk.db, [*refs, *(each.ref for each in activities)])
        if refs:
            counts["contacts"] = len(refs)
        if activities:
            counts["activities"] = len(activities)
        keys = trail.erase(desk.db, _subjects(person, contacts), at=desk.now(), user=desk.settings.user)
    old = backups(desk.db.path)
    for each in old:
        each.unlink()
    trail.forget_pages(desk.db)
    left = tuple(f"{each.ref.system} still holds the contact {each.ref.id}: erase it there" for each in contacts)
    return Certificate(
        at=desk.now(),
        by=desk.settings.user,
        subject=hashlib.sha256(person.box.encode()).hexdigest() if person.box else "",
        erased=counts,
        trail_keys=keys,
        trail_head=trail.head_line(desk.db) if keys else "",
        backups_removed=len(old),
        left=left,
    )


def certificate_digest(certificate: Certificate) -> str:
    """SHA-256 over the certificate, to be noted where it is filed."""
    body = {
        "at": certificate.at.isoformat(),
        "by": certificate.by,
        "subject": certificate.subject,
        "erased": certificate.erased,
        "trail_keys": certificate.trail_keys,
        "trail_head": certificate.trail_head,
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def age_out(desk: Desk) -> dict[str, int]:
    """Forget what is older than its kind may be kept. Returns how many of each went; none without a retention."""
    gone = {}
    for kind, days in desk.settings.retention.items():
        table = {"notes_days": "notes", "transcript_days": "transcript", "draft_days": "draft"}.get(kind)
        if table and (count := privacy.forget_texts_before(desk.db, table, desk.now() - timedelta(days=days))):
            gone[table] = count
    return gone
