"""The head of the trail as a text that anybody can check: C2SP tlog-checkpoint, signed-note, tlog-proof; Ed25519.

`cryptography` is loaded when something is signed or checked, not before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gangly_tui.domain.errors import TrailBroken

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_ED25519 = b"\x01"
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_NAME = re.compile(r"[^\s+]+")
_LINE = re.compile(
    r"(?P<origin>gangly/[0-9a-f]{16}(?:/[1-9][0-9]{0,5})?)/(?P<size>0|[1-9][0-9]{0,17})/(?P<root>[\w-]{43})(?![\w-])",
    re.ASCII,
)
_SIGNATURE_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/=]+)")
_DAMAGED = "the checkpoint cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of one log: how many entries it had, and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"

    def line(self) -> str:
        """The same on one short line, as it travels with every CRM write: origin/size/root."""
        return f"{self.origin}/{self.size}/{base64.urlsafe_b64encode(self.root).decode().rstrip('=')}"


def heads_in(text: str) -> list[Checkpoint]:
    """Every head that a text names in the form of `line`: a footer of an activity, an audit field."""
    return [
        Checkpoint(origin=each["origin"], size=int(each["size"]), root=base64.urlsafe_b64decode(each["root"] + "="))
        for each in _LINE.finditer(text)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """Who signs: a name and an Ed25519 public key, written as a C2SP verifier key."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        """The four bytes before each signature of this key."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).digest()[:4]

    def text(self) -> str:
        """The verifier key: what an auditor is given."""
        return f"{self.name}+{self.id.hex()}+{to_base64(_ED25519 + self.raw)}"

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Read a verifier key. Raises TrailBroken when it is none."""
        name, _, rest = text.strip().partition("+")
        told, _, encoded = rest.partition("+")
        try:
            raw = from_base64(encoded)
        except ValueError:
            raw = b""
        key = cls(name=name, raw=raw[1:])
        if len(raw) != 33 or raw[:1] != _ED25519 or not _NAME.fullmatch(name) or key.id.hex() != told:
            raise TrailBroken("this is no public key of a trail", seq=0, fix="gangly audit checkpoint --key prints it")
        return key


def public_key(name: str, seed: bytes) -> PublicKey:
    """The public half of a signing key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return PublicKey(name=name, raw=Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def sign(checkpoint: Checkpoint, name: str, seed: bytes) -> str:
    """The checkpoint as a signed note."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    text = checkpoint.text()
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key = PublicKey(name=name, raw=private.public_key().public_bytes_raw())
    return f"{text}\n— {name} {to_base64(key.id + private.sign(text.encode()))}\n"


def open_note(note: str, key: PublicKey) -> Checkpoint:
    """The checkpoint in a note that this key signed. Signatures of others are ignored, as C2SP asks.

    Raises TrailBroken when the note is malformed, this key did not sign it, or its signature is wrong.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    checkpoint, text, signatures = parse_note(note)
    ours = [raw[4:] for name, raw in signatures if name == key.name and raw[:4] == key.id]
    if not ours:
        raise TrailBroken("the checkpoint is not signed by this key", seq=checkpoint.size)
    public = Ed25519PublicKey.from_public_bytes(key.raw)
    for each in ours:
        try:
            public.verify(each, text.encode())
        except InvalidSignature as error:
            raise TrailBroken("the signature of the checkpoint is wrong", seq=checkpoint.size) from error
    return checkpoint


def parse_note(note: str) -> tuple[Checkpoint, str, list[tuple[str, bytes]]]:
    """The checkpoint, the signed text, and the signatures as (key name, key id and signature). Raises TrailBroken."""
    text, blank, tail = note.rpartition("\n\n")
    text += "\n"
    lines = text.split("\n")
    if not blank or not tail.endswith("\n") or len(lines) != 4 or not _SIZE.fullmatch(lines[1]):
        raise TrailBroken(_DAMAGED, seq=0)
    signatures = []
    try:
        root = from_base64(lines[2])
        for each in tail[:-1].split("\n"):
            found = _SIGNATURE_LINE.fullmatch(each)
            if found is None:
                raise TrailBroken(_DAMAGED, seq=0)
            signatures.append((found["name"], from_base64(found["signature"])))
    except ValueError as error:
        raise TrailBroken(_DAMAGED, seq=0) from error
    if len(root) != 32 or not lines[0] or not lines[0].isprintable():
        raise TrailBroken(_DAMAGED, seq=0)
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root), text, signatures


def proof_text(index: int, hashes: Sequence[bytes], note: str, extra: bytes = b"") -> str:
    """A tlog-proof: the path from one entry to a signed root. `extra` is what the leaf is made of."""
    lines = [PROOF_HEADER]
    if extra:
        lines.append(f"extra {to_base64(extra)}")
    lines.append(f"index {index}")
    lines += [to_base64(each) for each in hashes]
    return "\n".join(lines) + "\n\n" + note


def parse_proof(text: str) -> tuple[int, list[bytes], str, bytes]:
    """index, hashes, note, extra. Raises TrailBroken when the text is no tlog-proof."""
    broken = TrailBroken("this is no proof of a trail", seq=0, fix="gangly audit prove prints one")
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != PROOF_HEADER:
        raise broken
    try:
        extra = from_base64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else b""
        label, _, number = lines.pop(0).partition(" ") if lines else ("", "", "")
        hashes = [from_base64(each) for each in lines]
    except ValueError as error:
        raise broken from error
    if label != "index" or not _SIZE.fullmatch(number):
        raise broken
    return int(number), hashes, note, extra


def to_base64(raw: bytes) -> str:
    """Standard base64, as every C2SP format asks."""
    return base64.b64encode(raw).decode()


def from_base64(text: str) -> bytes:
    """What `to_base64` was given. Raises ValueError on anything but its exact output."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64") from error
    if to_base64(raw) != text:  # spare bits or padding: two texts for one value
        raise ValueError("not base64")
    return raw
