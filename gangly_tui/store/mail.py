"""Mail of the engagement layer: headers and snippets; a body only after it was asked for, and only for a while."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from gangly_tui.domain.mail import Mail
from gangly_tui.store.codec import dump, from_bytes, instant, load, to_bytes
from gangly_tui.store.database import Connection, transaction
from gangly_tui.store.index import Entry, mail_entry, reindex


def save_mails(db: Connection, mails: Iterable[Mail]) -> int:
    """Insert or update by system and id, with their words. Returns how many were new or changed."""
    wanted = {(each.system, each.id): each for each in mails}
    old: list[Entry] = []
    new: list[Entry] = []
    with transaction(db):
        for mail in wanted.values():
            body = dump(mail)
            row = db.execute(
                "SELECT rid, body FROM mail WHERE system = ? AND id = ?", (mail.system, mail.id)
            ).fetchone()
            if row and row[1] == body:
                continue
            if row:
                old.append(mail_entry(row[0], load(Mail, row[1])))
                db.execute("DELETE FROM mail_box WHERE rid = ?", row[:1])
            (rid,) = db.execute(
                """INSERT INTO mail (system, id, message_id, thread, at, body) VALUES (?, ?, ?, ?, ?, ?)
                   ON CONFLICT (system, id) DO UPDATE SET message_id = excluded.message_id, thread = excluded.thread,
                       at = excluded.at, body = excluded.body
                   RETURNING rid""",
                (mail.system, mail.id, mail.message_id, mail.thread_id, instant(mail.at), body),
            ).fetchall()[0]
            new.append(mail_entry(rid, mail))
            db.executemany(
                "INSERT OR IGNORE INTO mail_box VALUES (?, ?, ?)", [(box, instant(mail.at), rid) for box in mail.boxes]
            )
        reindex(db, old, new)
    return len(new)


def remove_mails(db: Connection, system: str, ids: Collection[str]) -> None:
    """Forget mails by id, their bodies with them."""
    _forget(db, "system = ? AND id IN (SELECT value FROM json_each(?))", (system, json.dumps([*ids])))


def remove_mails_missing(db: Connection, system: str, kept_ids: Collection[str]) -> None:
    """Forget what a mailbox no longer holds."""
    _forget(db, "system = ? AND id NOT IN (SELECT value FROM json_each(?))", (system, json.dumps([*kept_ids])))


def remove_mails_before(db: Connection, at: datetime) -> None:
    """Forget mails that are older."""
    _forget(db, "at < ?", (instant(at),))


def _forget(db: Connection, where: str, values: tuple[str | int, ...]) -> None:
    with transaction(db):
        rows = db.execute(f"SELECT rid, body FROM mail WHERE {where}", values).fetchall()
        reindex(db, [mail_entry(rid, load(Mail, body)) for rid, body in rows], ())
        rids = json.dumps([rid for rid, _ in rows])
        for table in ("mail_box", "mail_text", "mail"):
            db.execute(f"DELETE FROM {table} WHERE rid IN (SELECT value FROM json_each(?))", (rids,))


def mails_with(db: Connection, mailboxes: Iterable[str], *, since: datetime, limit: int) -> list[Mail]:
    """The mails that name one of these mailboxes, newest first."""
    rows = db.execute(
        """SELECT body FROM mail WHERE rid IN (
               SELECT rid FROM mail_box WHERE mailbox IN (SELECT value FROM json_each(?)) AND at >= ?)
           ORDER BY at DESC, rid DESC LIMIT ?""",
        (json.dumps([*mailboxes]), instant(since), limit),
    )
    return [load(Mail, body) for (body,) in rows]


def get_mail(db: Connection, system: str, mail_id: str) -> Mail | None:
    """The mail, or None when there is none."""
    row = db.execute("SELECT body FROM mail WHERE system = ? AND id = ?", (system, mail_id)).fetchone()
    return load(Mail, row[0]) if row else None


def subject_of(db: Connection, origin: str) -> str:
    """The subject of the mail that a card's origin (`mail:SYSTEM:ID`) names; "" when it names none that is here."""
    kind, _, rest = origin.partition(":")
    system, _, mail_id = rest.partition(":")
    found = get_mail(db, system, mail_id) if kind == "mail" else None
    return f"mail: {found.subject or '(no subject)'}" if found else ""


def mails_since(db: Connection, since: datetime) -> list[Mail]:
    """Every mail from a moment on, oldest first."""
    rows = db.execute("SELECT body FROM mail WHERE at >= ? ORDER BY at, rid", (instant(since),))
    return [load(Mail, body) for (body,) in rows]


def mailboxes_in(db: Connection) -> set[str]:
    """The systems that mails came from."""
    return {system for (system,) in db.execute("SELECT DISTINCT system FROM mail")}


def save_text(db: Connection, mail: Mail, text: str, at: datetime) -> None:
    """Keep the body of a mail that is here, fetched at `at`."""
    db.execute(
        "INSERT OR REPLACE INTO mail_text SELECT rid, ?, ? FROM mail WHERE system = ? AND id = ?",
        (instant(at), to_bytes(text), mail.system, mail.id),
    )


def text_of(db: Connection, mail: Mail) -> str | None:
    """The body of a mail, or None when it was never fetched or has aged out."""
    row = db.execute(
        "SELECT text FROM mail_text WHERE rid = (SELECT rid FROM mail WHERE system = ? AND id = ?)",
        (mail.system, mail.id),
    ).fetchone()
    return from_bytes(row[0]) if row else None


def forget_texts(db: Connection, now: datetime, days: int) -> None:
    """Forget the bodies that were fetched more than so many days ago."""
    db.execute("DELETE FROM mail_text WHERE at < ?", (instant(now - timedelta(days=days)),))
