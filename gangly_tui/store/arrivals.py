"""What came from the watched folder: each text is taken once, whatever its file is called."""

from __future__ import annotations

from datetime import datetime

from gangly_tui.store.codec import instant, to_bytes, well_formed
from gangly_tui.store.database import Connection


def is_taken(db: Connection, digest: str) -> bool:
    """Whether this very text was taken before."""
    return db.execute("SELECT 1 FROM arrival WHERE digest = ?", (digest,)).fetchone() is not None


def taken(db: Connection, digest: str, name: str, meeting_id: str, at: datetime) -> None:
    """Remember that a text was taken, and for which meeting; "" when a person took it."""
    db.execute(
        "INSERT OR IGNORE INTO arrival (digest, name, meeting_id, at) VALUES (?, ?, ?, ?)",
        (digest, well_formed(name), meeting_id, instant(at)),
    )


def is_kept(db: Connection, text: str) -> bool:
    """Whether a person has opened this very text in the notes of some meeting."""
    return db.execute("SELECT 1 FROM notes WHERE text = ? LIMIT 1", (to_bytes(text),)).fetchone() is not None
