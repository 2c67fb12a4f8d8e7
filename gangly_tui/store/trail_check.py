"""Whether the trail is whole: every byte of its tables is accounted for, and heads seen elsewhere still fit."""

from __future__ import annotations

import hashlib
import json
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from gangly_tui.domain import merkle
from gangly_tui.domain.audit import GENESIS, AuditKind, canonical, commitments, fixed_values
from gangly_tui.domain.checkpoint import Checkpoint, PublicKey, open_note
from gangly_tui.domain.errors import StoreError, TrailBroken
from gangly_tui.store.database import Connection
from gangly_tui.store.trail_keys import check_keys
from gangly_tui.store.trail_read import COLUMNS, Row, broken, open_all
from gangly_tui.store.trail_tree import base_of, key_of, last_seq, logs, origin_of, stored_nodes

_OPENED = AuditKind.OPENED.value.encode()
_ERASED = AuditKind.ERASED.value.encode()
_sha256 = hashlib.sha256
_PAGE = 2_000
_Beside = tuple[bytes, bytes, bytes]
"""kind, op_id, refers: as bytes, since an altered one may be no text at all"""


@dataclass(slots=True)
class _Log:
    """A log as the walk finds it."""

    origin: str
    starts: int
    leaves: list[bytes] = field(default_factory=list)
    name: bytes = b""

    def __post_init__(self) -> None:
        self.name = self.origin.encode()


@dataclass(slots=True)
class _Found:
    """What the walk over the entries collects, to be held against the other tables."""

    logs: list[_Log]
    refs: set[bytes] = field(default_factory=set)
    """who is named, as it stands in the bodies: few differ"""
    erased: dict[str, int] = field(default_factory=dict)


def verify_trail(db: Connection, *, values: bool = False) -> tuple[int, str]:
    """Check the whole trail. Returns (number of the last entry, root over its log), as `head` does.

    Every leaf and node is computed anew and compared, every signed head is checked, every key of a person is checked
    against the entries that name it. `values`: open every sealed value too, and hold it against its commitment.
    Raises TrailBroken at the first thing that does not fit.
    """
    try:
        return _verify(db, values)
    except TrailBroken as error:
        if error.fix:
            raise
        raise broken(str(error), error.seq) from error
    except StoreError as error:
        if "no such table" in str(error):
            raise broken("a table of the trail is missing", 0) from error
        if "decode" in str(error):  # a name with a flipped bit is no text any more
            raise broken("a name in the trail was altered", 0) from error
        raise


def _verify(db: Connection, values: bool) -> tuple[int, str]:
    key = key_of(db) if base_of(db) or last_seq(db) else None
    found = _Found(logs=[_Log(origin=key.name if key else "", starts=0)])
    for row, beside in _rows(db):
        _check_entry(row, beside, found)
    roots = _check_nodes(db, found.logs)
    if key is not None:
        _check_notes(db, found.logs, roots, key)
    elif db.execute("SELECT 1 FROM trail_checkpoint").fetchone():
        raise TrailBroken("a head is signed, and there is no entry", seq=0)
    named = [json.loads(b"{%b]}" % each) for each in found.refs]
    check_keys(db, set(chain.from_iterable(each["speakers"] + each["subjects"] for each in named)), found.erased)
    if values:
        _check_values(db)
    last = found.logs[-1]
    size = len(last.leaves)
    return last.starts + size, roots[-1](size).hex() if size else GENESIS


def _rows(db: Connection) -> Iterator[tuple[Row, _Beside]]:
    """All entries in pages, with what stands beside each body."""
    after = 0
    query = f"""SELECT {COLUMNS}, CAST(kind AS BLOB), CAST(op_id AS BLOB), CAST(refers AS BLOB)
                FROM trail WHERE seq > ? ORDER BY seq LIMIT {_PAGE}"""
    while rows := db.execute(query, (after,)).fetchall():
        for each in rows:
            yield each[:5], each[5:]
        after = rows[-1][0]


def _check_entry(row: Row, beside: _Beside, found: _Found) -> None:
    """One entry: its number, its leaf, its sealed bytes, what stands beside the body, and which log it belongs to.

    What is looked for in the body cannot stand inside a text there: quotes are escaped in texts.
    """
    number, body, leaf, sealed, quoted = row
    kind, op_id, refers = beside
    log = found.logs[-1]
    expected = log.starts + len(log.leaves) + 1
    if number != expected:
        raise broken(f"entry {expected} is missing", expected)
    if _sha256(b"\0" + body).digest() != leaf:
        raise broken(f"entry {number} was altered", number)
    if kind == _OPENED:
        log = _next_log(found.logs, refers, number)
    if kind == _ERASED:
        found.erased[refers.decode("utf-8", "replace")] = number
    quote = b2a_base64(_sha256(quoted).digest(), newline=False) if quoted else b""
    named = b'"kind":"%b","log":"%b","op_id":%b,"payload_sha256":"' % (kind, log.name, _quoted(op_id))
    kept = b'"quoted":"%b","refers":"%b","sealed":"%b","seq":%d,"source":"' % (
        quote,
        refers,
        b2a_base64(_sha256(sealed).digest(), newline=False),
        number,
    )
    at = body.find(kept)
    if at < 0 or body.find(named, 0, at) < 0 or body[:7] != b'{"at":"':
        raise broken(f"entry {number} is not what was kept there", number)
    start = body.index(b'"speakers":[', at)
    found.refs.add(body[start : body.index(b'],"system":', start)])
    log.leaves.append(leaf)


def _quoted(raw: bytes) -> bytes:
    """A text as JSON has it."""
    return b'"%b"' % raw if raw.isalnum() else canonical(raw.decode("utf-8", "replace"))


def _next_log(found: list[_Log], refers: bytes, number: int) -> _Log:
    """The log that this entry opens; it must carry the head of the one before."""
    old = found[-1]
    root = merkle.root_of(len(old.leaves), _nodes(merkle.full_levels(old.leaves)))
    carried = Checkpoint(origin=old.origin, size=len(old.leaves), root=root).line()
    if not old.leaves or refers != carried.encode():
        raise broken(f"entry {number} does not carry the head of the log before", number)
    fresh = _Log(origin=origin_of(found[0].origin, len(found) + 1), starts=number - 1)
    found.append(fresh)
    return fresh


def _nodes(levels: Sequence[Sequence[bytes]]) -> merkle.Node:
    return lambda level, index: levels[level][index]


class _Roots:
    """The root of a log at any of its sizes."""

    def __init__(self, levels: Sequence[Sequence[bytes]]) -> None:
        self._node = _nodes(levels)

    def __call__(self, size: int) -> bytes:
        return merkle.root_of(size, self._node)


def _check_nodes(db: Connection, found: Sequence[_Log]) -> list[_Roots]:
    """Every stored subtree is the one over its entries, and none is missing or too many."""
    roots = []
    stored = _nodes_in_store(db)
    for log in found:
        levels = merkle.full_levels(log.leaves)
        roots.append(_Roots(levels))
        for level, hashes in enumerate(levels[1:], start=1):
            for index, each in enumerate(hashes):
                if next(stored, None) != (log.starts, level, index, each):
                    raise broken("a part of the tree was altered", log.starts + (index << level) + 1)
    if next(stored, None) is not None:
        raise broken("the tree has parts that belong to no entry", found[-1].starts + len(found[-1].leaves) + 1)
    return roots


def _nodes_in_store(db: Connection) -> Iterator[tuple[int, int, int, bytes]]:
    """All stored subtrees in order, in pages."""
    last: tuple[int, int, int] = (-1, -1, -1)
    query = f"""SELECT log, level, idx, hash FROM trail_node WHERE (log, level, idx) > (?, ?, ?)
                ORDER BY log, level, idx LIMIT {_PAGE}"""
    while rows := db.execute(query, last).fetchall():
        yield from rows
        last = rows[-1][:3]


def _check_notes(db: Connection, found: Sequence[_Log], roots: Sequence[_Roots], key: PublicKey) -> None:
    """Every signed head is there, is signed by this key, and fits the entries."""
    last = 0
    rows = db.execute("SELECT number, seq, CAST(note AS BLOB) FROM trail_checkpoint ORDER BY number")
    for place, (number, seq, note) in enumerate(rows, start=1):
        if number != place or seq <= last:
            raise broken("a signed head was taken out or moved", seq)
        last = seq
        signed = open_note(note.decode("utf-8", "replace"), key)
        at = next((each for each, log in enumerate(found) if log.starts < seq <= log.starts + len(log.leaves)), None)
        if at is None:
            raise broken(f"a signed head covers {seq} entries; they are not all here", seq)
        log = found[at]
        size = seq - log.starts
        if (signed.origin, signed.size) != (log.origin, size) or signed.root != roots[at](size):
            raise broken(f"the signed head at entry {seq} is of other entries", seq)


def _check_values(db: Connection) -> None:
    """Every value that can be opened is the one its commitment fixes."""
    for each in open_all(db):
        seq = each.entry().seq  # reads it as every screen does
        if each.record and commitments(*each.record) != fixed_values(each.plain):
            raise broken(f"the values of entry {seq} are not those it fixes", seq)
        if each.quote and each.speakers and commitments(*each.quote) != [each.plain["quote"]]:
            raise broken(f"the quote of entry {seq} is not the one it fixes", seq)


def compare_heads(db: Connection, heads: Iterable[Checkpoint], who: str) -> int:
    """Hold heads that `who` has seen against the trail; those of other trails are passed over. Returns how many fit.

    Raises TrailBroken when the trail is shorter than a head, or has another root at that size.
    """
    base = base_of(db)
    here = {each.origin: each for each in logs(db)}
    fitting = 0
    for head in heads:
        if head.origin != base and not head.origin.startswith(f"{base}/"):
            continue
        log = here.get(head.origin)
        if log is None or head.size > log.size:
            has = log.size if log else 0
            raise broken(f"{who} saw {head.size} entries of {head.origin}, the trail has {has}", has + 1)
        if merkle.root_of(head.size, stored_nodes(db, log)) != head.root:
            raise broken(f"{who} saw another root at entry {head.size} of {head.origin}", log.starts + head.size)
        fitting += 1
    return fitting


def compare_notes(db: Connection, notes: Iterable[str], who: str) -> int:
    """Hold the signed heads of a witness against the trail: they must fit it and still be kept in it.

    Raises TrailBroken when one does not, or carries a wrong signature of this trail's key.
    """
    key = key_of(db)
    base = base_of(db)
    kept = {open_note(each, key) for (each,) in db.execute("SELECT note FROM trail_checkpoint")}
    fitting = 0
    for note in notes:
        if note.split("\n", 1)[0].split("/")[:2] != base.split("/"):
            continue
        signed = open_note(note, key)
        fitting += compare_heads(db, [signed], who)
        if signed not in kept:
            raise broken(f"{who} has a signed head at entry {signed.size} that was taken out here", signed.size)
    return fitting
