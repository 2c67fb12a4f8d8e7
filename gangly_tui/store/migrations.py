"""The schema, in numbered steps. Step n takes a store from `user_version` n-1 to n, in one transaction.

Plain SQL: the tables use WITHOUT ROWID, triggers and contentless full-text search, and reading them here is reading
the schema. `rid` names a row in the search index. Times that order rows are microseconds since 1970 in UTC; the exact
values are in `body`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gangly_tui.domain.errors import StoreError, TrailBroken
from gangly_tui.store.backups import back_up
from gangly_tui.store.database import SCHEMA_VERSION, Connection, transaction
from gangly_tui.store.locks import migrator_lock
from gangly_tui.store.trail_schema import TRAIL

_MIRROR = (
    """CREATE TABLE record (
        rid INTEGER PRIMARY KEY, system TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        identity TEXT NOT NULL, type TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL,
        UNIQUE (kind, system, id)) STRICT""",
    "CREATE INDEX record_identity ON record (kind, identity) WHERE identity <> ''",
    """CREATE TABLE link (
        target TEXT NOT NULL, role TEXT NOT NULL, at INTEGER NOT NULL, rid INTEGER NOT NULL,
        PRIMARY KEY (target, role, at, rid)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE object_schema (
        system TEXT NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (system, kind)) STRICT, WITHOUT ROWID""",
    "CREATE TABLE cursor (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
)

_ENGAGEMENT = (
    """CREATE TABLE meeting (
        rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, system TEXT NOT NULL,
        start_at INTEGER NOT NULL, end_at INTEGER NOT NULL, body TEXT NOT NULL) STRICT""",
    "CREATE INDEX meeting_time ON meeting (start_at, end_at)",
    """CREATE TABLE notes (
        rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, meeting_id TEXT NOT NULL, source TEXT NOT NULL,
        at INTEGER NOT NULL, updated_at TEXT NOT NULL, text BLOB NOT NULL, UNIQUE (meeting_id, source)) STRICT""",
    """CREATE TABLE draft (
        notes_id TEXT PRIMARY KEY, meeting_id TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX draft_meeting ON draft (meeting_id, at)",
    """CREATE TABLE transcript (
        meeting_id TEXT PRIMARY KEY, at TEXT NOT NULL, version TEXT NOT NULL, text BLOB NOT NULL) STRICT""",
    """CREATE TABLE series_choice (
        series_key TEXT PRIMARY KEY, ref TEXT NOT NULL, at TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE mail (
        rid INTEGER PRIMARY KEY, system TEXT NOT NULL, id TEXT NOT NULL, message_id TEXT NOT NULL,
        thread TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (system, id)) STRICT""",
    "CREATE INDEX mail_time ON mail (at)",
    """CREATE TABLE mail_box (
        mailbox TEXT NOT NULL, at INTEGER NOT NULL, rid INTEGER NOT NULL,
        PRIMARY KEY (mailbox, at, rid)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX mail_box_of ON mail_box (rid)",
    "CREATE TABLE mail_text (rid INTEGER PRIMARY KEY, at INTEGER NOT NULL, text BLOB NOT NULL) STRICT",
    """CREATE TABLE relation (
        key TEXT PRIMARY KEY, mailbox TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX relation_mailbox ON relation (mailbox) WHERE mailbox <> ''",
    "CREATE INDEX relation_name ON relation (name)",
    """CREATE TABLE arrival (
        digest TEXT PRIMARY KEY, name TEXT NOT NULL, meeting_id TEXT NOT NULL, at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE job_change (
        key TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE signal (
        rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, state TEXT NOT NULL,
        topic TEXT NOT NULL, at INTEGER NOT NULL, expires_at INTEGER NOT NULL, until INTEGER NOT NULL,
        card TEXT NOT NULL, reason TEXT NOT NULL, body TEXT NOT NULL) STRICT""",
    "CREATE INDEX signal_state ON signal (state, at)",
    "CREATE INDEX signal_topic ON signal (topic) WHERE topic <> ''",
)

_DECISIONS = (
    """CREATE TABLE proposal (
        position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, meeting_id TEXT NOT NULL, state TEXT NOT NULL,
        field TEXT NOT NULL, rule TEXT NOT NULL, edited INTEGER NOT NULL, undoes TEXT NOT NULL,
        drafted_at INTEGER NOT NULL, body TEXT NOT NULL) STRICT""",
    "CREATE INDEX proposal_meeting ON proposal (meeting_id, state)",
    "CREATE INDEX proposal_state ON proposal (state)",
    "CREATE INDEX proposal_field ON proposal (field, state)",
    "CREATE INDEX proposal_rule ON proposal (rule, state)",
    "CREATE TABLE approval (proposal_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE rejection (proposal_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE effort (
        call_id TEXT PRIMARY KEY, keys INTEGER NOT NULL, clicks INTEGER NOT NULL, seconds REAL NOT NULL
        ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE delivery (
        op_id TEXT PRIMARY KEY, state TEXT NOT NULL, approved_at INTEGER NOT NULL, due_at INTEGER NOT NULL,
        body TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX delivery_due ON delivery (due_at) WHERE state IN ('approved', 'attempted', 'unknown')",
)

_SEARCH = (
    """CREATE VIRTUAL TABLE words USING fts5 (
        title, body, content = '', prefix = '2 3', tokenize = "unicode61 remove_diacritics 2")""",
    "INSERT INTO words (words, rank) VALUES ('secure-delete', 1)",
    "INSERT INTO words (words, rank) VALUES ('automerge', 8)",  # a first pull merges half as often as by default
)

_HEALTH = (
    """CREATE TABLE exchange (
        rid INTEGER PRIMARY KEY, at INTEGER NOT NULL, system TEXT NOT NULL, write INTEGER NOT NULL,
        seconds REAL NOT NULL, result TEXT NOT NULL) STRICT""",
    """CREATE TABLE exchange_day (
        day TEXT NOT NULL, system TEXT NOT NULL, write INTEGER NOT NULL, result TEXT NOT NULL, count INTEGER NOT NULL,
        seconds REAL NOT NULL, slowest REAL NOT NULL,
        PRIMARY KEY (day, system, write, result)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE token_day (
        day TEXT NOT NULL, system TEXT NOT NULL, answers INTEGER NOT NULL, sent INTEGER NOT NULL, got INTEGER NOT NULL,
        PRIMARY KEY (day, system)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE quota (
        system TEXT NOT NULL, name TEXT NOT NULL, remaining INTEGER NOT NULL, most INTEGER NOT NULL,
        resets_at INTEGER, at INTEGER NOT NULL, PRIMARY KEY (system, name)) STRICT, WITHOUT ROWID""",
)

_HYGIENE = (
    """CREATE TABLE hygiene_day (
        day TEXT NOT NULL, stage TEXT NOT NULL, currency TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (day, stage, currency)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE stage_stay (
        deal TEXT NOT NULL, stage TEXT NOT NULL, since TEXT NOT NULL, until TEXT,
        PRIMARY KEY (deal, stage, since)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX stage_left ON stage_stay (stage, until) WHERE until IS NOT NULL",
    """CREATE TABLE gap_mark (
        deal TEXT NOT NULL, gap TEXT NOT NULL, mark TEXT NOT NULL, until TEXT NOT NULL, account TEXT NOT NULL,
        PRIMARY KEY (deal, gap, mark)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX gap_asked ON gap_mark (account) WHERE mark = 'asked'",
    """CREATE INDEX record_open_deal ON record (
        system, lower(json_extract(body, '$[3].owner')), CAST(json_extract(body, '$[3].amount.n') AS REAL),
        json_extract(body, '$[3].close_date.d'), json_extract(body, '$[3].stage_since.d'))
        WHERE kind = 'opportunity' AND substr(lower(coalesce(json_extract(body, '$[3].stage'), '')), 1, 6) <> 'closed'
    """,
    "CREATE INDEX record_deal_at ON record (at) WHERE kind = 'opportunity'",
    "CREATE INDEX mail_bounced ON mail (at) WHERE json_extract(body, '$.bounced')",
)

STEPS: tuple[tuple[str, ...], ...] = ((*_MIRROR, *_ENGAGEMENT, *_DECISIONS, *TRAIL, *_SEARCH, *_HEALTH, *_HYGIENE),)


def migrate(db: Connection, path: Path, at_point: Callable[[str], None] = lambda _: None) -> None:
    """Bring the store to SCHEMA_VERSION, one transaction a step, one window at a time.

    A store that holds something is backed up first, and checked before the last step is kept. Raises StoreError when
    a step fails; the store then stands at the last step that worked.
    """
    with migrator_lock(path):
        began = _version(db)
        if began == SCHEMA_VERSION:  # another window was faster
            return
        if began:
            back_up(db, path, at_point)
        whole = began > 0 and _trail_is_whole(db)
        for number, statements in enumerate(STEPS, start=1):
            with transaction(db):
                standing = _version(db)  # asked under the lock: two windows may start at once
                if standing == 0 and db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
                    raise StoreError(
                        f"{path} is a database of another program", fix="choose another path for the store"
                    )
                if standing >= number:
                    continue
                for statement in statements:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {number}")
                if began and number == SCHEMA_VERSION:
                    _check(db, whole)
                at_point(f"migration.step-{number}.before-commit")
            at_point(f"migration.step-{number}.committed")
    assert len(STEPS) == SCHEMA_VERSION  # the constant is what open_database compares with


def _check(db: Connection, whole: bool) -> None:
    """Raises StoreError when the migrated store is not sound, or its trail no longer verifies."""
    found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok" or (whole and not _trail_is_whole(db)):
        raise StoreError(
            "the store could not be brought up to date; it stands as it was", fix="go back to the gangly you had"
        )


def _trail_is_whole(db: Connection) -> bool:
    """Whether the trail verifies: one that was broken before is shown as it is, not hidden behind a refused start."""
    from gangly_tui.store.trail import verify_trail

    try:
        verify_trail(db)
    except (TrailBroken, StoreError):
        return False
    return True


def _version(db: Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
