"""A company of years, made of arithmetic: the same records every time, as many as are asked for.

10 contacts, 3 deals and 100 activities an account; the bodies are sentences, so that a common word is common
(in each text) and a rare one rare (in one text of a hundred thousand). With it come a mailbox of half a year and the
signals of a busy one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from gangly_tui.domain.audit import AuditChange, AuditKind
from gangly_tui.domain.mail import Address, Mail
from gangly_tui.domain.records import Attendee, FieldStamp, Kind, Meeting, Record, RecordRef, Value
from gangly_tui.domain.secret import Secret
from gangly_tui.domain.signals import Signal, SignalKind
from gangly_tui.store import engagement, mirror, signals, trail
from gangly_tui.store import mail as mails
from gangly_tui.store.database import SCHEMA_VERSION, Connection, open_database, transaction

KEY = Secret(bytes(range(32)))
NOW = datetime(2026, 11, 24, 9, 12, tzinfo=UTC)
CONTACTS, DEALS, ACTIVITIES = 10, 3, 100
"""of each account"""
FULL = 10_000
"""accounts of the store that the goals speak of: 100,000 contacts, a million activities"""
_KEPT = Path(".benchmarks") / "stores"
_RECIPE = 3
MAILS, SIGNALS = 20_000, 1_000

_DECIDED = (
    AuditKind.APPROVED,
    AuditKind.ATTEMPTED,
    AuditKind.SENT,
    AuditKind.REJECTED,
    AuditKind.EDITED,
    AuditKind.CONFLICT,
    AuditKind.REFUSED,
    AuditKind.WITHDRAWN,
)
_FIRST = "Jana Tom Ada Kim Luis Mara Nils Olga Pavel Rita Sven Tara".split()
_LAST = "Weiss Ferrer Lind Okafor Silva Novak Berg Costa Dahl Ekman".split()
_WORDS = (
    "pricing rollout contract security budget board report legal trial renewal seats migration support training "
    "roadmap discount procurement invoice pilot champion deadline integration warehouse region forecast answer"
).split()


def _record(kind: Kind, identifier: str, since: datetime, /, **fields: Value) -> Record:
    return Record(
        ref=RecordRef(system="sandbox", kind=kind, id=identifier),
        version="1",
        fields=fields,
        updated_at=since,
        updated_by="Kim",
        changed={name: FieldStamp(by="Kim", at=since) for name in fields} if kind is Kind.OPPORTUNITY else {},
    )


def _sentences(number: int) -> str:
    """Some forty words. `meeting` is in all of them, `zephyr` in one of a hundred thousand."""
    some = [_WORDS[(number * step + step) % len(_WORDS)] for step in (1, 3, 5, 7, 11, 13, 17, 19)]
    rare = " zephyr" if number % 100_000 == 77 else ""
    return (
        f"Good meeting on {some[0]} and {some[1]}. They asked for the {some[2]} {some[3]} before the next call. "
        f"Case {number} is open with {some[4]}; the {some[5]} team wants the {some[6]} settled by quarter end.{rare}"
    )


def records(accounts: int) -> Iterator[Record]:
    """Every record of the company, account by account."""
    for a in range(accounts):
        then = NOW - timedelta(days=400 + a % 300)
        account = f"a{a}"
        yield _record(
            Kind.ACCOUNT, account, then, name=f"{_LAST[a % 10]} Works {a}", domain=f"works{a}.com", city="Hamburg"
        )
        for c in range(CONTACTS):
            yield _record(
                Kind.CONTACT,
                f"c{a}-{c}",
                then,
                first_name=_FIRST[(a + c) % 12],
                last_name=_LAST[(a * 3 + c) % 10],
                title="VP Operations",
                email=f"person{c}@works{a}.com",
                account=account,
            )
        for d in range(DEALS):
            yield _record(
                Kind.OPPORTUNITY,
                f"d{a}-{d}",
                then,
                name=f"Platform {a}-{d}",
                account=account,
                contacts=(f"c{a}-{d}",),
                stage="Proposal" if d == 0 else "Closed won",
                amount=Decimal(10_000 + a),
                currency="EUR",
                close_date=date(2026, 12, 31),
                next_step="Send the DPA",
            )
        for t in range(ACTIVITIES):
            number = a * ACTIVITIES + t
            at = NOW - timedelta(days=1 + t * 3, minutes=a)
            kind: dict[str, Value] = {"type": ("call", "email", "meeting", "note")[t % 4]}
            if t % 25 == 0:
                kind = {"type": "task", "due": at.date(), "ours": t % 50 == 0, "status": "open"}
            yield _record(
                Kind.ACTIVITY,
                f"t{number}",
                at,
                subject=f"{_WORDS[number % 26].capitalize()} and {_WORDS[(number * 7) % 26]}",
                at=at,
                body=_sentences(number),
                account=account,
                opportunity=f"d{a}-0",
                contacts=(f"c{a}-{t % CONTACTS}",),
                **kind,
            )


def meetings(accounts: int, *, on: datetime = NOW, shift: int = 0) -> list[Meeting]:
    """A working day: a meeting an hour, each with ten people of one account."""
    day = []
    for hour in range(8):
        a = (hour * 1_237 + shift) % accounts
        people = tuple(Attendee(name=f"Person {c}", email=f"person{c}@works{a}.com") for c in range(CONTACTS))
        start = on.replace(hour=8 + hour, minute=0, second=0, microsecond=0)
        day.append(
            Meeting(
                id=f"m{hour}",
                system="paper",
                title=f"Works {a}: pricing",
                start=start,
                end=start + timedelta(minutes=45),
                attendees=people,
            )
        )
    return day


def mailbox(accounts: int) -> Iterator[Mail]:
    """Half a year of one rep's mail, with people of the accounts in turn."""
    ana = Address(email="ana@lumenworks.com", name="Ana Reyes")
    for number in range(MAILS):
        a, c = number % accounts, number % CONTACTS
        them = Address(email=f"person{c}@works{a}.com", name=f"{_FIRST[(a + c) % 12]} {_LAST[(a * 3 + c) % 10]}")
        sent = number % 3 == 0
        yield Mail(
            id=f"l{number}",
            system="post",
            thread_id=f"l{number // 4}",
            message_id=f"<l{number}@works{a}.com>",
            at=NOW - timedelta(minutes=13 * number),
            sender=ana if sent else them,
            to=(them,) if sent else (ana,),
            subject=f"Re: {_WORDS[number % 26]} of case {number}",
            snippet=_sentences(number)[:120],
            outgoing=sent,
        )


def news(accounts: int) -> Iterator[Signal]:
    """Signals about the accounts in turn."""
    for number in range(SIGNALS):
        at = NOW - timedelta(hours=number)
        yield Signal(
            id=f"{number:012x}",
            kind=SignalKind.USAGE,
            title=f"Works {number % accounts}: fewer logins since the {_WORDS[number % 26]} meeting",
            at=at,
            expires_at=NOW + timedelta(days=30),
        )


def fill_trail(db: Connection, entries: int) -> None:
    """A trail of decisions and writes."""
    for start in range(0, entries, 5_000):
        with transaction(db):
            for number in range(start, min(start + 5_000, entries)):
                append_one(db, number, _DECIDED[number % len(_DECIDED)])


def append_one(db: Connection, number: int, kind: AuditKind = AuditKind.SENT) -> None:
    """One entry as a write leaves it. Call it inside a transaction."""
    trail.append(
        db,
        at=NOW - timedelta(minutes=200_000 - number),
        kind=kind,
        user="ana@lumenworks.com",
        source="notes of 2026-11-24",
        system="sandbox",
        target=f"sandbox:opportunity:d{number % 10_000}-0",
        target_name=f"Platform {number % 10_000}-0",
        changes=(AuditChange(field="close_date", before="2026-09-30", after="2026-11-15"),),
        quote="We can sign mid-November, after the board meets.",
        op_id=f"op{number:08}",
        payload_sha256="ab" * 32,
    )


def big_store(accounts: int = FULL, entries: int = 100_000) -> Path:
    """The path of such a store, encrypted; made at the first call, kept in `.benchmarks/stores` for the next runs."""
    path = _KEPT / f"v{SCHEMA_VERSION}-{_RECIPE}-{accounts}-{entries}.db"
    if path.exists():
        return path
    sys.stderr.write(f"\nmaking a store of {accounts * (1 + CONTACTS + DEALS + ACTIVITIES):,} records, once\n")
    making = path.with_suffix(".making")
    for each in (making, Path(f"{making}-wal"), Path(f"{making}-shm")):
        each.unlink(missing_ok=True)
    db = open_database(making, key=KEY)
    rest = records(accounts)
    batch: list[Record] = []
    for each in rest:
        batch.append(each)
        if len(batch) == 20_000:
            mirror.save_records(db, batch)
            batch.clear()
    mirror.save_records(db, batch)
    with transaction(db):
        engagement.save_meetings(db, meetings(accounts))
    mails.save_mails(db, sorted(mailbox(accounts), key=lambda each: each.at))
    signals.save_signals(db, news(accounts))
    fill_trail(db, entries)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()
    making.rename(path)
    return path
