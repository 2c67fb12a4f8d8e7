"""The keys of the persons the trail tells of: values are sealed under them, and gone when they are destroyed.

Values about several persons are sealed under all their keys together: one destroyed key is enough.
"""

from __future__ import annotations

import hashlib
import json
import os
from binascii import b2a_base64
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gangly_tui.domain.audit import SALT, Plain, Sealed, canonical, subject_ref
from gangly_tui.domain.errors import TrailBroken
from gangly_tui.store.database import Connection

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = 32
_NONCE = 12

Keys = Mapping[str, tuple[str, bytes | None]]
"""ref -> (subject, key); the key is None once destroyed."""


def seal(db: Connection, subjects: Collection[str], values: Sequence[Plain]) -> tuple[Sealed, bytes]:
    """Values put away under the keys of these subjects, which get one when they have none."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    held = sorted({_key_of(db, each) for each in subjects})
    salt, nonce = os.urandom(SALT), os.urandom(_NONCE)
    key = _joint([each for _, each in held])
    blob = nonce + AESGCM(key).encrypt(nonce, salt + canonical(values), None)
    return Sealed(refs=tuple(ref for ref, _ in held), salt=salt, sha256=fingerprint(blob)), blob


def fingerprint(blob: bytes) -> str:
    """How a body fixes the sealed bytes beside it."""
    return b2a_base64(hashlib.sha256(blob).digest(), newline=False).decode()


class Opener:
    """Opens what was sealed under some of these keys."""

    def __init__(self, keys: Keys) -> None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._keys = keys
        self._cipher, self._invalid = AESGCM, InvalidTag
        self._ciphers: dict[tuple[str, ...], AESGCM | None] = {}

    def names(self, refs: Sequence[str]) -> tuple[str, ...]:
        """The subjects behind refs."""
        return tuple(self._keys[each][0] for each in refs)

    def open(self, refs: Sequence[str], blob: bytes, count: int) -> tuple[bytes, list[Plain]] | None:
        """Salt and values, or None when a key was destroyed. Raises TrailBroken when they do not open."""
        cipher = self._cipher_of(tuple(refs))
        if cipher is None:
            return None
        try:
            plain = cipher.decrypt(blob[:_NONCE], blob[_NONCE:], None)
            values: Any = json.loads(plain[SALT:].decode())
        except (self._invalid, ValueError) as error:
            raise TrailBroken("a sealed value was altered", seq=0) from error
        if not isinstance(values, list) or len(values) != count:
            raise TrailBroken("a sealed value was altered", seq=0)
        return plain[:SALT], values

    def _cipher_of(self, refs: tuple[str, ...]) -> AESGCM | None:
        if refs not in self._ciphers:
            held = [self._keys.get(each) for each in refs]
            deks = [each[1] for each in held if each is not None]
            if not held or len(deks) != len(held):
                raise TrailBroken("the key of a person is missing", seq=0)
            whole = [each for each in deks if each is not None]
            self._ciphers[refs] = self._cipher(_joint(whole)) if len(whole) == len(deks) else None
        return self._ciphers[refs]


def _joint(keys: Sequence[bytes]) -> bytes:
    return keys[0] if len(keys) == 1 else hashlib.sha256(b"".join(keys)).digest()


def _key_of(db: Connection, subject: str) -> tuple[str, bytes]:
    """The ref and key of a subject, made when there is none."""
    row = db.execute("SELECT ref, dek FROM subject_key WHERE subject = ? AND subject <> ''", (subject,)).fetchone()
    if row is not None:
        return row[0], row[1]
    key = os.urandom(KEY)
    ref = subject_ref(key, subject)
    db.execute("INSERT INTO subject_key (ref, subject, dek) VALUES (?, ?, ?)", (ref, subject, key))
    return ref, key


def keys_of(db: Connection, refs: Collection[str]) -> Keys:
    """The keys behind these refs."""
    rows = db.execute(
        "SELECT ref, subject, dek FROM subject_key WHERE ref IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(refs)),),
    )
    return {ref: (subject, dek) for ref, subject, dek in rows}


def ref_of(db: Connection, subject: str) -> str | None:
    """The ref under which the trail knows a subject now, if it does."""
    row = db.execute("SELECT ref FROM subject_key WHERE subject = ? AND subject <> ''", (subject,)).fetchone()
    return row[0] if row else None


def check_keys(db: Connection, used: Collection[str], erased: Mapping[str, int]) -> None:
    """Raises TrailBroken unless exactly the used keys are here, each the right one; gone only where an entry says so.

    `erased` maps each ref that an entry tells to be destroyed to that entry's number.
    """
    found = set()
    for ref, subject, dek in db.execute("SELECT CAST(ref AS BLOB), CAST(subject AS BLOB), dek FROM subject_key"):
        name = ref.decode("ascii", "replace")
        found.add(name)
        if dek is None:
            if name not in erased or subject:
                raise TrailBroken("the key of a person is gone, and no entry tells of it", seq=0)
        elif name in erased:
            raise TrailBroken("a person was erased, but the key is still there", seq=erased[name])
        elif len(dek) != KEY or subject_ref(dek, subject.decode("utf-8", "replace")) != name:
            raise TrailBroken("the key of a person was altered", seq=0)
    if found != set(used):
        raise TrailBroken("the keys of persons do not fit the entries", seq=0)
