"""One secret sealed under a key: AES-256-GCM, tied to what it is."""

from __future__ import annotations

import os

from gangly_tui.domain.secret import Secret

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


def seal(key: Secret[bytes], plain: bytes, about: str) -> str:
    """The secret as hex. It opens again with the same key and the same words about it only."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(NONCE_BYTES)
    return (nonce + AESGCM(key.reveal()).encrypt(nonce, plain, about.encode())).hex()


def unseal(key: Secret[bytes], sealed: str, about: str) -> bytes | None:
    """What was sealed; None when the key, the name or the bytes are others."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    raw = bytes.fromhex(sealed)
    try:
        return AESGCM(key.reveal()).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], about.encode())
    except InvalidTag:
        return None
