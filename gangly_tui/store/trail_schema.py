"""The tables of the trail. Each takes new rows at its end and refuses every other change.

`trail` holds the leaves; an entry's kind, operation and reference are in the body too. `trail_node` holds the full
subtrees above them (`log` is the number of entries before that log), `trail_checkpoint` the signed heads,
`subject_key` the keys of the persons that values are sealed under, `trail_signer` the key that signs.
"""

from __future__ import annotations

_REFUSE = "BEGIN SELECT raise(ABORT, 'the trail is append-only'); END"


def _kept(table: str) -> tuple[str, str]:
    """No row of the table is ever deleted or changed."""
    return (
        f"CREATE TRIGGER {table}_keeps_entries BEFORE DELETE ON {table} {_REFUSE}",
        f"CREATE TRIGGER {table}_keeps_values BEFORE UPDATE ON {table} {_REFUSE}",
    )


TRAIL: tuple[str, ...] = (
    """CREATE TABLE trail (
        seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, op_id TEXT NOT NULL, refers TEXT NOT NULL, leaf BLOB NOT NULL,
        body TEXT NOT NULL, sealed BLOB NOT NULL, quoted BLOB NOT NULL) STRICT""",
    # one index for both: each is a page more to write at every decision; kinds are counted in it without the table
    "CREATE INDEX trail_op ON trail (op_id, kind)",
    "CREATE INDEX trail_opened ON trail (seq) WHERE kind = 'opened'",
    "CREATE INDEX trail_erased ON trail (seq) WHERE kind = 'erased'",
    """CREATE TABLE trail_node (
        log INTEGER NOT NULL, level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
        PRIMARY KEY (log, level, idx)) STRICT, WITHOUT ROWID""",
    "CREATE TABLE trail_checkpoint (number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, note TEXT NOT NULL) STRICT",
    """CREATE TABLE subject_key (
        ref TEXT PRIMARY KEY, subject TEXT NOT NULL, dek BLOB) STRICT, WITHOUT ROWID""",
    "CREATE UNIQUE INDEX subject_key_subject ON subject_key (subject) WHERE subject <> ''",
    """CREATE TABLE trail_signer (
        one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL, vkey TEXT NOT NULL, seed BLOB) STRICT""",
    *_kept("trail"),
    *_kept("trail_node"),
    *_kept("trail_checkpoint"),
    # an INSERT OR REPLACE would slip past the triggers above where recursive_triggers is off
    f"""CREATE TRIGGER trail_appends BEFORE INSERT ON trail
        WHEN new.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM trail) {_REFUSE}""",
    f"""CREATE TRIGGER trail_node_appends BEFORE INSERT ON trail_node
        WHEN new.idx IS NOT (
            SELECT coalesce(max(idx), -1) + 1 FROM trail_node WHERE log = new.log AND level = new.level) {_REFUSE}""",
    f"""CREATE TRIGGER trail_checkpoint_appends BEFORE INSERT ON trail_checkpoint
        WHEN new.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM trail_checkpoint)
          OR new.seq <= (SELECT coalesce(max(seq), 0) FROM trail_checkpoint)
          OR new.seq > (SELECT coalesce(max(seq), 0) FROM trail) {_REFUSE}""",
    # a key comes once, and leaves only by being destroyed, after an entry that says so
    f"CREATE TRIGGER subject_key_stays BEFORE DELETE ON subject_key {_REFUSE}",
    f"""CREATE TRIGGER subject_key_comes_once BEFORE INSERT ON subject_key
        WHEN new.dek IS NULL OR new.subject = ''
          OR EXISTS (SELECT 1 FROM subject_key WHERE ref = new.ref OR subject = new.subject) {_REFUSE}""",
    f"""CREATE TRIGGER subject_key_is_destroyed BEFORE UPDATE ON subject_key
        WHEN new.ref IS NOT old.ref OR new.subject <> '' OR new.dek IS NOT NULL OR old.dek IS NULL
          OR NOT EXISTS (
            SELECT 1 FROM trail WHERE kind = 'erased' AND refers = old.ref)
        {_REFUSE}""",
    # the seed may move to a safer place; who signs never changes
    f"CREATE TRIGGER trail_signer_stays BEFORE DELETE ON trail_signer {_REFUSE}",
    f"""CREATE TRIGGER trail_signer_is_one BEFORE INSERT ON trail_signer
        WHEN EXISTS (SELECT 1 FROM trail_signer) {_REFUSE}""",
    f"""CREATE TRIGGER trail_signer_keeps BEFORE UPDATE ON trail_signer
        WHEN new.one IS NOT old.one OR new.origin IS NOT old.origin OR new.vkey IS NOT old.vkey
          OR new.seed IS NOT NULL OR old.seed IS NULL {_REFUSE}""",
)
