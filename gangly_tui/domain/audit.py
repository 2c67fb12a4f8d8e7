"""The trail: append-only, hash-chained entries of decisions and writes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

import rfc8785

from gangly_tui.domain.errors import TrailBroken

GENESIS = "0" * 64
"""The `prev` of the first entry."""


class AuditKind(StrEnum):
    """What an entry remembers."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EDITED = "edited"
    ATTEMPTED = "attempted"
    SENT = "sent"
    NOT_APPLIED = "not applied"
    CONFLICT = "conflict"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NEEDS_HUMAN = "needs human"
    OVERWROTE = "overwrote"
    """the write went over a value that stood there for a moment; `before` is that true value"""
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditChange:
    """One field of an entry. Values are in their JSON form (see `records.encode`)."""

    field: str
    before: str | bool | int | list[str] | None
    after: str | bool | int | list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the trail. `hash` covers every other field; `prev` is the hash of the entry before."""

    seq: int
    at: datetime
    kind: AuditKind
    user: str
    source: str
    system: str
    target: str
    target_name: str
    changes: tuple[AuditChange, ...]
    quote: str
    op_id: str
    payload_sha256: str
    detail: str = ""
    prev: str = GENESIS
    hash: str = ""

    def body(self) -> bytes:
        """The RFC 8785 bytes that `hash` covers: everything but `hash`, with `prev` among them."""
        plain = asdict(self)
        del plain["hash"]
        plain["at"] = self.at.isoformat()
        plain["kind"] = self.kind.value
        return rfc8785.dumps(plain)

    def sealed_hash(self) -> str:
        """What `hash` must be."""
        return hashlib.sha256(self.body()).hexdigest()


def verify(entries: Iterable[AuditEntry], *, seq: int = 0, prev: str = GENESIS) -> tuple[int, str]:
    """Walk the chain from entry `seq + 1` whose `prev` must be `prev`. Returns (last seq, head hash).

    Raises TrailBroken at the first entry that is missing, out of order, altered or detached from the one before.
    """
    for entry in entries:
        if entry.seq != seq + 1:
            raise TrailBroken(f"entry {seq + 1} is missing", seq=seq + 1)
        if entry.prev != prev:
            raise TrailBroken(f"entry {entry.seq} does not follow the one before it", seq=entry.seq)
        if entry.hash != entry.sealed_hash():
            raise TrailBroken(f"entry {entry.seq} was altered", seq=entry.seq)
        seq, prev = entry.seq, entry.hash
    return seq, prev
