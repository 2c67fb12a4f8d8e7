"""One sealed secret, byte for byte: what an older gangly sealed must open for ever."""

from __future__ import annotations

from gangly_tui.connectors.vault_seal import KEY_BYTES, NONCE_BYTES, TAG_BYTES, seal, unseal
from gangly_tui.domain.secret import Secret

KEY = Secret(bytes(range(KEY_BYTES)))
SEALED = "000102030405060708090a0b2463b87ab79c79346e2c4fb5d94e8e7e9a1941aafa65"
"""AES-256-GCM: a nonce of twelve bytes, then the words and a tag of sixteen."""


def test_what_was_sealed_opens_with_its_key_and_its_name_alone() -> None:
    assert unseal(KEY, SEALED, "token of a vendor") == b"canary"
    assert unseal(KEY, SEALED, "token of another") is None
    assert unseal(Secret(bytes(KEY_BYTES)), SEALED, "token of a vendor") is None


def test_a_seal_is_its_nonce_the_words_and_a_tag() -> None:
    sealed = bytes.fromhex(seal(KEY, b"canary", "x"))
    assert (NONCE_BYTES, TAG_BYTES) == (12, 16)
    assert len(sealed) == NONCE_BYTES + len(b"canary") + TAG_BYTES
