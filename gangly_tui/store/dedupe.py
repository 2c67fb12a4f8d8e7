"""What an audit for duplicates reads of the mirror: every contact and account in one pass, and what hangs on a few."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from gangly_tui.domain.dedupe_people import Known
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.store.codec import instant
from gangly_tui.store.database import Connection

OURS = "gangly"
_END = (1 << 63) - 1


def known(db: Connection, kind: Kind, *, newest: int | None = None, before: datetime | None = None) -> list[Known]:
    """Every contact, or every account, in the order of system and id; or the newest of those that changed before."""
    ours = _made_here(db)
    homes = {} if kind is Kind.ACCOUNT else {each.ref: each for each in known(db, Kind.ACCOUNT)}
    rows = db.execute(
        """SELECT system, id, body FROM (
               SELECT system, id, body FROM record WHERE kind = ? AND at < ? ORDER BY at DESC, rid DESC LIMIT ?
           ) ORDER BY system, id"""
        if newest is not None
        else "SELECT system, id, body FROM record WHERE kind = ? AND at < ? ORDER BY system, id LIMIT ?",
        (kind.value, _END if before is None else instant(before), -1 if newest is None else newest),
    )
    found = []
    for system, identifier, body in rows:
        ref = RecordRef(system=system, kind=kind, id=identifier)
        _, updated_at, updated_by, fields, changed = json.loads(body)
        found.append(
            _known(
                ref,
                fields,
                homes.get(RecordRef(system=system, kind=Kind.ACCOUNT, id=_text(fields, "account"))),
                OURS if str(ref) in ours else _first_hand(changed, updated_by),
                datetime.fromisoformat(updated_at),
            )
        )
    return found


def _known(ref: RecordRef, fields: Mapping[str, Any], home: Known | None, by: str, at: datetime) -> Known:
    first, last = _text(fields, "first_name"), _text(fields, "last_name")
    return Known(
        ref=ref,
        name=" ".join(filter(None, (first, last))) or _text(fields, "name") or _text(fields, "email"),
        first=first,
        last=last,
        email=_text(fields, "email"),
        phone=_text(fields, "phone"),
        home=home.name if home else "",
        home_phone=home.phone if home else "",
        domain=_text(fields, "domain"),
        city=_text(fields, "city"),
        country=_text(fields, "country"),
        owner=_text(fields, "owner"),
        by=by,
        at=at,
        filled=sum(each not in (None, "", []) for each in fields.values()),
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _first_hand(changed: Mapping[str, tuple[str, str]], updated_by: str) -> str:
    """Who set the field that was set first: a record's maker, where a system tells no more than that."""
    if not changed:
        return updated_by
    return min(changed.values(), key=lambda stamp: datetime.fromisoformat(stamp[1]))[0]


def _made_here(db: Connection) -> set[str]:
    """The records that came of approved cards of this store."""
    rows = db.execute(
        """SELECT json_extract(delivery.body, '$.result') FROM delivery JOIN proposal ON proposal.id = delivery.op_id
           WHERE delivery.state = 'sent' AND json_extract(proposal.body, '$.action') = 'create'"""
    )
    return {result for (result,) in rows if result}


def hanging(db: Connection, refs: Iterable[RecordRef]) -> dict[RecordRef, int]:
    """How many contacts, deals and activities reference each of these; those without any are left out."""
    wanted = {str(each): each for each in refs}
    rows = db.execute(
        """SELECT target, count(*) FROM link
           WHERE target IN (SELECT value FROM json_each(?)) AND role IN ('contact', 'opportunity', 'activity')
           GROUP BY target""",
        (json.dumps(list(wanted)),),
    )
    return {wanted[target]: number for target, number in rows}
