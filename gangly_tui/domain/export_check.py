"""Whether an exported trail, or the proof of one entry, holds: with nothing but the file and the public key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gangly_tui.domain import merkle
from gangly_tui.domain.audit import AuditKind, commit
from gangly_tui.domain.checkpoint import (
    PROOF_HEADER,
    Checkpoint,
    PublicKey,
    from_base64,
    open_note,
    parse_proof,
    to_base64,
)
from gangly_tui.domain.errors import TrailBroken

EXPORT_FORMAT = "gangly trail 1"
_PARTS = {"seq", "log", "index", "leaf", "proof", "body"}
_NAMES = ("target", "target_name", "source", "detail", "quote")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a file was found to hold. `closed` values were left out of it, or belonged to an erased person."""

    entries: int
    heads: tuple[Checkpoint, ...]
    opened: int = 0
    closed: int = 0
    body: str = ""
    """the entry, where the file is the proof of one"""


def check_file(text: Iterable[str], key: PublicKey) -> Checked:
    """Check an export (JSON lines) or a tlog-proof. Raises TrailBroken at the first line that does not hold."""
    lines = iter(text)
    first = next(lines, "")
    if first.rstrip("\n") == PROOF_HEADER:
        return check_proof(first + "".join(lines), key)
    return check_export(first, lines, key)


def check_proof(text: str, key: PublicKey) -> Checked:
    """Check that the entry in the proof's extra line is in the tree under the signed head."""
    index, hashes, note, body = parse_proof(text)
    head = open_note(note, key)
    _check_origin(head, key)
    if not merkle.verify_inclusion(index, head.size, merkle.leaf_hash(body), hashes, head.root):
        raise TrailBroken(f"the proof does not lead from this entry to the head at {head.size}", seq=index + 1)
    return Checked(entries=1, heads=(head,), closed=1, body=body.decode("utf-8", "replace"))


def check_export(first: str, lines: Iterable[str], key: PublicKey) -> Checked:
    """Check that the file holds every entry under the signed heads, each in its place, with the values it fixes."""
    try:
        heads = _heads(json.loads(first), key)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TrailBroken("this is no export of a trail", seq=0, fix="gangly audit export > trail.jsonl") from error
    places = _places(heads)
    opened = count = 0
    for count, line in enumerate(lines, start=1):
        head, index = next(places, (None, 0))
        if head is None:
            raise TrailBroken(f"line {count + 1} is an entry that no signed head covers", seq=count)
        before = heads[heads.index(head) - 1] if index == 0 and head is not heads[0] else None
        try:
            opened += _check_line(json.loads(line), count, head, index, before)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TrailBroken(f"entry {count} cannot be read", seq=count) from error
    if next(places, None) is not None:
        raise TrailBroken(f"the export ends at entry {count}; its signed head covers more", seq=count + 1)
    return Checked(entries=count, heads=heads, opened=opened, closed=count - opened)


def _heads(header: dict[str, Any], key: PublicKey) -> tuple[Checkpoint, ...]:
    if header["format"] != EXPORT_FORMAT:
        raise ValueError("another format")
    if (header["origin"], header["key"]) != (key.name, key.text()):
        raise TrailBroken("the export is of another trail, or signed by another key", seq=0)
    heads = tuple(open_note(each, key) for each in header["checkpoints"])
    for number, head in enumerate(heads, start=1):
        if head.origin != (key.name if number == 1 else f"{key.name}/{number}"):
            raise TrailBroken("the signed heads are not those of one trail, in order", seq=head.size)
    return heads


def _check_origin(head: Checkpoint, key: PublicKey) -> None:
    if head.origin != key.name and not head.origin.startswith(f"{key.name}/"):
        raise TrailBroken("the head is of another log", seq=head.size)


def _places(heads: tuple[Checkpoint, ...]) -> Iterator[tuple[Checkpoint, int]]:
    """Where each entry must stand, one after the other."""
    for head in heads:
        for index in range(head.size):
            yield head, index


def _check_line(told: dict[str, Any], seq: int, head: Checkpoint, index: int, before: Checkpoint | None) -> bool:
    """One entry. Says whether its values are opened in the file."""
    body = told["body"].encode()
    if set(told) - {"values"} != _PARTS:
        raise ValueError("another form")
    if (told["seq"], told["log"], told["index"]) != (seq, head.origin, index):
        raise TrailBroken(f"entry {seq} is missing or out of its place", seq=seq)
    leaf = merkle.leaf_hash(body)
    proof = [from_base64(each) for each in told["proof"]]
    if told["leaf"] != to_base64(leaf) or not merkle.verify_inclusion(index, head.size, leaf, proof, head.root):
        raise TrailBroken(f"entry {seq} was altered: it does not lead to the signed head", seq=seq)
    plain = json.loads(body)
    if (plain["seq"], plain["log"]) != (seq, head.origin):
        raise TrailBroken(f"entry {seq} belongs somewhere else", seq=seq)
    if before is not None and (plain["kind"], plain["refers"]) != (AuditKind.OPENED.value, before.line()):
        raise TrailBroken(f"entry {seq} does not carry the head of the log before", seq=seq)
    values = told.get("values")
    if values and not all(commit(from_base64(salt), value) == fixed for fixed, salt, value in _pairs(plain, values)):
        raise TrailBroken(f"the values of entry {seq} are not those it fixes", seq=seq)
    return bool(values)


def _pairs(plain: dict[str, Any], values: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """commitment, salt, value of each that is told."""
    for name, pair in values.items():
        if name in _NAMES:
            yield plain[name], *pair
        elif name != "changes":
            raise ValueError("another form")
    if "changes" in values:
        for fixed, told in zip(plain["changes"], values["changes"], strict=True):
            if fixed["field"] != told["field"] or len(told) != 3:
                raise ValueError("another field")
            yield fixed["before"], *told["before"]
            yield fixed["after"], *told["after"]
