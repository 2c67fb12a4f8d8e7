"""What the trail costs, in ratios to a raw encrypted commit of the same run, and how fast it verifies.

Goals (RELIABILITY, promise 9): an entry at least 0.7x of the raw commit, one with sealed values and a head signed per
batch at least 0.4x; 100,000 entries with batched heads verified in at most 1 s. Printed; the ratios are asserted only
with GANGLY_BENCH_STRICT set, since a shared disk swings.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from gangly_tui.domain.audit import AuditChange, AuditKind
from gangly_tui.domain.secret import Secret
from gangly_tui.store import trail
from gangly_tui.store.database import Connection, open_database, transaction
from tests.store.made import NOW

ROUNDS, BLOCK = 15, 60
BATCH = 10
"""entries between two signed heads: one call's approvals and their deliveries"""
MANY = int(os.environ.get("GANGLY_BENCH_ENTRIES", "100000"))
PERSONS = 400
STRICT = bool(os.environ.get("GANGLY_BENCH_STRICT"))


def one(db: Connection, number: int, *, values: bool = True) -> None:
    """An entry of the usual kind; without values it is a decision about nothing but a card."""
    trail.append(
        db,
        at=NOW,
        kind=AuditKind.SENT,
        user="rep@ours.com",
        source="notes of 2026-11-24",
        system="sandbox",
        target=f"sandbox:contact:{number % PERSONS}",
        target_name="Acme - Platform 2026" if values else "",
        changes=(AuditChange(field="close_date", before="2026-09-30", after="2026-11-15"),) if values else (),
        quote="We can sign mid-November, after the board meets." if values else "",
        op_id=f"{number:020x}",
        payload_sha256="0" * 64,
        view_sha256="1" * 64,
    )


def rate(work: Callable[[int], None], start: int) -> float:
    began = time.perf_counter()
    for number in range(start, start + BLOCK):
        work(number)
    return BLOCK / (time.perf_counter() - began)


def test_an_entry_costs_little_more_than_the_commit_it_is_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dbs = [open_database(tmp_path / f"{name}.db", key=Secret(bytes(range(32)))) for name in "abc"]
    raw, plain, sealed = dbs
    raw.execute("CREATE TABLE raw (n INTEGER PRIMARY KEY, bytes BLOB) STRICT")
    with transaction(plain):
        one(plain, 0, values=False)
    size = plain.execute("SELECT length(body) + length(leaf) + length(sealed) + length(quoted) FROM trail")
    content = os.urandom(size.fetchone()[0])

    def commit(_: int) -> None:
        with transaction(raw):
            raw.execute("INSERT INTO raw (bytes) VALUES (?)", (content,))

    def entry(number: int) -> None:
        with transaction(plain):
            one(plain, number, values=False)

    def whole(number: int) -> None:
        with transaction(sealed):
            one(sealed, number)
            if number % BATCH == 0:
                trail.sign_head(sealed)

    works = (commit, entry, whole)
    for each in works:
        rate(each, 1)
    ratios: list[tuple[float, float]] = []
    rates: list[list[float]] = [[], [], []]
    for turn in range(ROUNDS):
        found = [rate(each, (turn + 2) * BLOCK) for each in works]
        for kept, each in zip(rates, found, strict=True):
            kept.append(each)
        ratios.append((found[1] / found[0], found[2] / found[0]))
    bare, full = median(each for each, _ in ratios), median(each for _, each in ratios)
    with capsys.disabled():
        print(  # noqa: T201
            f"\n  raw commit {median(rates[0]):,.0f}/s, entry {bare:.2f}x (goal 0.70),"
            f" sealed and signed every {BATCH} {full:.2f}x (goal 0.40)"
        )
    if STRICT:
        assert bare >= 0.7
        assert full >= 0.4
    for each in dbs:
        each.close()


def test_a_long_trail_verifies_in_a_second(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = open_database(tmp_path / "long.db", key=Secret(bytes(range(32))))
    db.execute("PRAGMA synchronous = OFF")  # only the making of it
    for start in range(0, MANY, 1_000):
        with transaction(db):
            for number in range(start, min(start + 1_000, MANY)):
                one(db, number)
            trail.sign_head(db)
    took = []
    for values in (False, False, False, True):
        began = time.perf_counter()
        assert trail.verify_trail(db, values=values)[0] == MANY
        took.append(time.perf_counter() - began)
    began = time.perf_counter()
    for start in range(0, MANY, 2_000):
        query = "SELECT * FROM trail WHERE seq > ? ORDER BY seq LIMIT 2000"
        for row in db.execute(query, (start,)).fetchall():
            hashlib.sha256(row[5].encode()).digest()
    read = time.perf_counter() - began
    began = time.perf_counter()
    found = trail.count(db, text="mid-november")
    searched = time.perf_counter() - began
    assert found == MANY
    with capsys.disabled():
        print(  # noqa: T201
            f"\n  {MANY:,} entries: verified in {min(took[:3]):.2f} s (goal 1;"
            f" only read and hashed: {read:.2f} s), with every value opened {took[3]:.2f} s,"
            f" all searched in {searched:.2f} s, {(tmp_path / 'long.db').stat().st_size / MANY:,.0f} bytes an entry"
        )
    if STRICT:
        assert min(took[:3]) <= 1
    db.close()
