"""Relations of the engagement layer: the newest export of the rep's own LinkedIn account, and what changed by it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.relations import JobChange, Relation, job_change
from gangly_tui.store.codec import dump, instant, load, well_formed
from gangly_tui.store.database import Connection, transaction


def save_export(db: Connection, relations: Iterable[Relation], at: datetime) -> list[JobChange]:
    """Put an export in the place of the one before. Returns the job changes between the two; they are kept.

    Whoever is in it no longer is forgotten, whoever was erased stays out. What an export leaves out (messages are a
    part of their own) stays.
    """
    from gangly_tui.store.privacy import erased_in

    is_erased = erased_in(db)
    found = {well_formed(each.key): each for each in relations if each.key and not is_erased(mailbox(each.email))}
    changes: dict[str, JobChange] = {}
    with transaction(db):
        before = {key: load(Relation, body) for key, body in db.execute("SELECT key, body FROM relation")}
        for key, each in found.items():
            if was := before.get(key):
                if changed := job_change(was, each, at.date()):
                    changes[key] = changed
                if each.last_message is None and was.last_message:
                    found[key] = replace(each, last_message=was.last_message, snippet=was.snippet)
        db.execute("DELETE FROM relation")
        db.executemany(
            "INSERT INTO relation (key, mailbox, name, body) VALUES (?, ?, ?, ?)",
            [(key, mailbox(each.email), well_formed(each.named), dump(each)) for key, each in found.items()],
        )
        db.executemany(
            "INSERT OR REPLACE INTO job_change (key, at, body) VALUES (?, ?, ?)",
            [(f"{well_formed(key)} {at.date()}", instant(at), dump(each)) for key, each in changes.items()],
        )
    return [*changes.values()]


def relations_of(db: Connection, mailboxes: Iterable[str], names: Iterable[str]) -> list[Relation]:
    """Those with one of these mailboxes or names (`name_key`)."""
    rows = db.execute(
        """SELECT body FROM relation WHERE (mailbox <> '' AND mailbox IN (SELECT value FROM json_each(?)))
               OR name IN (SELECT value FROM json_each(?)) ORDER BY key""",
        (json.dumps([each for each in mailboxes if each]), json.dumps([well_formed(each) for each in names if each])),
    )
    return [load(Relation, body) for (body,) in rows]


def count_relations(db: Connection) -> int:
    """How many there are."""
    return int(db.execute("SELECT count(*) FROM relation").fetchone()[0])


def job_changes(db: Connection, since: datetime) -> list[JobChange]:
    """The job changes seen from a moment on, the newest first."""
    rows = db.execute("SELECT body FROM job_change WHERE at >= ? ORDER BY at DESC, key", (instant(since),))
    return [load(JobChange, body) for (body,) in rows]


def forget_relations(db: Connection) -> None:
    """Forget the export and all that came of it."""
    with transaction(db):
        db.execute("DELETE FROM relation")
        db.execute("DELETE FROM job_change")
