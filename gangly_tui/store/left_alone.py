"""Meetings whose recording is not processed: marked by the rep, one by one, or for want of somebody's consent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gangly_tui.store import engagement, mirror
from gangly_tui.store.database import Connection, transaction
from gangly_tui.store.index import notes_entry, reindex

if TYPE_CHECKING:
    from gangly_tui.domain.draft import Notes

_MARK = "not processed "
_BY_REP, _BY_CONSENT = "yes", "consent"


def is_left_alone(db: Connection, meeting_id: str) -> bool:
    """Whether this meeting is not processed."""
    return bool(mirror.cursor(db, _MARK + meeting_id))


def left_alone(db: Connection, meeting_ids: Iterable[str]) -> frozenset[str]:
    """Those of the meetings that are not processed."""
    marked = {
        name for (name,) in db.execute("SELECT name FROM cursor WHERE name GLOB ? AND value <> ''", (_MARK + "*",))
    }
    return frozenset(each for each in meeting_ids if _MARK + each in marked)


def by_consent(db: Connection) -> frozenset[str]:
    """The meetings that are not processed because somebody in them has not agreed to it."""
    rows = db.execute("SELECT name FROM cursor WHERE name GLOB ? AND value = ?", (_MARK + "*", _BY_CONSENT))
    return frozenset(name.removeprefix(_MARK) for (name,) in rows)


def leave_alone(db: Connection, meeting_id: str, *, by_consent: bool = False) -> int:
    """Mark a meeting and remove what there is of its recording. Returns how many texts and cards went.

    The rep's own notes, and what was decided, stay.
    """
    from gangly_tui.domain.proposal_state import ProposalState
    from gangly_tui.store import decisions

    with transaction(db):
        mirror.set_cursor(db, _MARK + meeting_id, _BY_CONSENT if by_consent else _BY_REP)
        gone: int = db.execute("DELETE FROM transcript WHERE meeting_id = ?", (meeting_id,)).rowcount
        for notes in engagement.notes_of(db, meeting_id):
            if notes.source.partition(":")[0] == "transcript":
                db.execute("DELETE FROM draft WHERE notes_id = ?", (notes.id,))
                gone += 1
                _remove(db, notes)
        for card in decisions.proposals(db, states=(ProposalState.OPEN, ProposalState.LATER), meeting_id=meeting_id):
            if card.source.startswith("transcript") and not (card.undoes or card.conflict or card.replaces):
                decisions.set_proposal_state(db, card.id, ProposalState.SUPERSEDED)
                gone += 1
    return gone


def _remove(db: Connection, notes: Notes) -> None:
    (rid,) = db.execute("SELECT rid FROM notes WHERE id = ?", (notes.id,)).fetchone()
    reindex(db, [notes_entry(rid, notes)], ())
    db.execute("DELETE FROM notes WHERE rid = ?", (rid,))


def process_again(db: Connection, meeting_id: str) -> None:
    """Take the mark off: the next pull brings what there is."""
    mirror.set_cursor(db, _MARK + meeting_id, "")
