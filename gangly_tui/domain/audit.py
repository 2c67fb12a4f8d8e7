"""What the trail remembers of a decision or a write, and the bytes that its tree covers.

The bytes of an entry tell who, when, which kind, which operation; of every value that may be about a person (record,
before, after, quote, the name of the file it came from, detail) they hold a salted commitment only. The values
themselves are sealed beside them, under keys of the persons they are about: when such a key is destroyed, the values
are gone and the tree still verifies.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gangly_tui.domain import merkle

FORMAT = 1
"""The `v` of every entry's body."""

GENESIS = merkle.EMPTY.hex()
"""The head of a trail without entries."""

SALT = 32
ERASED = "erased"
"""What stands in place of a value whose key was destroyed."""

Plain = str | bool | int | list[str] | None
"""A value in its JSON form (see `records.encode`)."""


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
    ERASED = "erased"
    """the values about a person are gone; `refers` names the key that was destroyed"""
    OPENED = "opened"
    """the first entry after a freeze; `refers` is the last head of the log before"""
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditChange:
    """One field of an entry."""

    field: str
    before: Plain
    after: Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry of the trail, opened. `hash` is its leaf in the tree of `log`.

    `subjects` are whom the values are about, `speakers` whom the quote is about; once one of them was erased, both
    the values and the names are gone: `erased` is then true, and `ERASED` stands in the values' place.
    """

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
    """of what was sent"""
    view_sha256: str = ""
    """in the entry of an approval: of the words that were laid out for the person, or "" where nobody was shown any"""
    detail: str = ""
    refers: str = ""
    subjects: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    erased: bool = False
    log: str = ""
    hash: str = ""

    def values(self) -> list[Plain]:
        """What is sealed under the subjects, in the order of the commitments."""
        pairs = [value for each in self.changes for value in (each.before, each.after)]
        return [self.target, self.target_name, self.source, self.detail, *pairs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """How values were put away: under which keys, what their salts come from, the SHA-256 of the sealed bytes."""

    refs: tuple[str, ...] = ()
    salt: bytes = b""
    sha256: str = ""
    """in base64"""


NOTHING = Sealed()


def subject_ref(key: bytes, subject: str) -> str:
    """How an entry names a person: a name that means nothing once the person's key is destroyed."""
    return hmac.digest(key, subject.encode(), hashlib.sha256)[:16].hex()


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes. Python's own encoder writes them as long as keys are ASCII and no number is a fraction."""
    return _encode(value).encode()


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode


def commit(salt: bytes, value: Plain) -> str:
    """A commitment: it fixes the value and, without the salt, tells nothing of it."""
    return base64.b64encode(hmac.digest(salt, canonical(value), hashlib.sha256)).decode()


def salts(salt: bytes, count: int) -> list[bytes]:
    """A salt for each value, from one of 32 random bytes: to show one value gives nothing away about the next."""
    return [hmac.digest(salt, b"%d" % place, hashlib.sha256) for place in range(count)]


def commitments(salt: bytes, values: Sequence[Plain]) -> list[str]:
    """One commitment a value, each with a salt of its own."""
    return [commit(each, value) for each, value in zip(salts(salt, len(values)), values, strict=True)]


def body(entry: AuditEntry, sealed: Sealed, quoted: Sealed) -> bytes:
    """The bytes the leaf is made of."""
    target, target_name, source, detail, *pairs = commitments(sealed.salt, entry.values())
    return canonical(
        {
            "v": FORMAT,
            "log": entry.log,
            "seq": entry.seq,
            "at": entry.at.isoformat(),
            "kind": entry.kind.value,
            "user": entry.user,
            "source": source,
            "system": entry.system,
            "op_id": entry.op_id,
            "payload_sha256": entry.payload_sha256,
            "view_sha256": entry.view_sha256,
            "refers": entry.refers,
            "subjects": list(sealed.refs),
            "sealed": sealed.sha256,
            "speakers": list(quoted.refs),
            "quoted": quoted.sha256,
            "target": target,
            "target_name": target_name,
            "detail": detail,
            "quote": commitments(quoted.salt, [entry.quote])[0] if quoted.refs else "",
            "changes": [
                {"field": each.field, "before": before, "after": after}
                for each, before, after in zip(entry.changes, pairs[::2], pairs[1::2], strict=True)
            ],
        }
    )


def fixed_values(plain: dict[str, Any]) -> list[str]:
    """The commitments of a body, in the order of `AuditEntry.values`."""
    pairs = [value for each in plain["changes"] for value in (each["before"], each["after"])]
    return [plain["target"], plain["target_name"], plain["source"], plain["detail"], *pairs]


def entry_of(
    plain: dict[str, Any],
    leaf: str,
    *,
    values: Sequence[Plain] | None,
    quote: str | None,
    subjects: tuple[str, ...] = (),
    speakers: tuple[str, ...] = (),
) -> AuditEntry:
    """A body and its opened values as an entry; None for what was erased. Raises ValueError, TypeError, KeyError."""
    gone = values is None or quote is None
    fields = [str(each["field"]) for each in plain["changes"]]
    opened = [ERASED] * (4 + 2 * len(fields)) if values is None else values
    target, target_name, source, detail, *pairs = opened
    if plain["v"] != FORMAT:
        raise ValueError("written in a later form")
    return AuditEntry(
        seq=plain["seq"],
        at=datetime.fromisoformat(plain["at"]),
        kind=AuditKind(plain["kind"]),
        user=plain["user"],
        source=str(source),
        system=plain["system"],
        target=str(target),
        target_name=str(target_name),
        detail=str(detail),
        changes=tuple(
            AuditChange(field=field, before=before, after=after)
            for field, before, after in zip(fields, pairs[::2], pairs[1::2], strict=True)
        ),
        quote=ERASED if quote is None else quote,
        op_id=plain["op_id"],
        payload_sha256=plain["payload_sha256"],
        view_sha256=plain["view_sha256"],
        refers=plain["refers"],
        subjects=subjects,
        speakers=speakers,
        erased=gone,
        log=plain["log"],
        hash=leaf,
    )
