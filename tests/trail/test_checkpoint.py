"""Signed heads and proofs, byte for byte as C2SP has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain.checkpoint import (
    Checkpoint,
    PublicKey,
    from_base64,
    heads_in,
    open_note,
    parse_note,
    parse_proof,
    proof_text,
    public_key,
    sign,
    to_base64,
)
from gangly_tui.domain.errors import TrailBroken

NAME = "gangly/0011223344556677"
SEED = bytes(range(32))
HEAD = Checkpoint(origin=NAME, size=200, root=bytes(range(32)))
KEY = public_key(NAME, SEED)
NOTE = sign(HEAD, NAME, SEED)

SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_TEXT = "This is an example message.\n"
SPEC_SIGNATURE = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="


def test_the_example_of_the_specification() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = PublicKey.parse(SPEC_KEY)
    raw = from_base64(SPEC_SIGNATURE)
    assert key.text() == SPEC_KEY and raw[:4] == key.id
    Ed25519PublicKey.from_public_bytes(key.raw).verify(raw[4:], SPEC_TEXT.encode())


def test_a_head_is_three_lines_and_a_signature() -> None:
    text, _, signature = NOTE.partition("\n\n")
    assert text == f"{NAME}\n200\n{to_base64(bytes(range(32)))}"
    assert signature.startswith(f"— {NAME} ") and signature.endswith("\n") and signature.count("\n") == 1
    assert open_note(NOTE, KEY) == HEAD
    assert sign(HEAD, NAME, SEED) == NOTE, "Ed25519 signs the same head the same way"


def test_signatures_of_others_are_ignored_and_ours_must_be_right() -> None:
    cosigned = NOTE + f"— witness.example/w {to_base64(b'abcd' + bytes(64))}\n"
    assert open_note(cosigned, KEY) == HEAD
    other = public_key(NAME, bytes(32))
    with pytest.raises(TrailBroken, match="not signed by this key"):
        open_note(NOTE, other)
    forged = NOTE.replace("\n200\n", "\n201\n")
    with pytest.raises(TrailBroken, match="signature of the checkpoint is wrong"):
        open_note(forged, KEY)


@given(st.integers(0, len(NOTE.encode()) * 8 - 1))
def test_any_flipped_bit_of_a_head_shows(bit: int) -> None:
    altered = bytearray(NOTE.encode())
    altered[bit // 8] ^= 1 << bit % 8
    try:
        text = altered.decode()
    except UnicodeDecodeError:
        return
    with pytest.raises(TrailBroken):
        open_note(text, KEY)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "a\n1\n",
        NOTE.rstrip("\n"),
        NOTE.replace("\n200\n", "\n0200\n"),
        NOTE.replace("\n200\n", "\n+200\n"),
        NOTE.replace("\n200\n", "\n２00\n"),
        NOTE.replace("— ", "- "),
        NOTE + "\n",
        NOTE + "rest",
        NOTE.replace("\n\n", "\nextension\n\n"),
        NOTE.replace(NAME + "\n", "\n", 1),
        NOTE.replace(to_base64(HEAD.root), "!"),
        NOTE.replace(to_base64(HEAD.root), to_base64(b"short")),
    ],
)
def test_a_malformed_head_is_refused_and_tells_of_no_entry(note: str) -> None:
    with pytest.raises(TrailBroken) as refused:
        parse_note(note)
    assert refused.value.seq == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "x+y+z",
        SPEC_KEY[:-4],
        SPEC_KEY.replace("530d903a", "530d903b"),
        SPEC_KEY.replace("+Ae", "+Bu"),
        "+1+AA",
    ],
)
def test_a_malformed_key_is_refused(text: str) -> None:
    with pytest.raises(TrailBroken, match="no public key") as refused:
        PublicKey.parse(text)
    assert refused.value.seq == 0


def test_a_key_survives_its_text() -> None:
    assert PublicKey.parse(KEY.text() + "\n") == KEY


@given(st.integers(0, 10**12), st.binary(min_size=32, max_size=32), st.integers(1, 99), st.text(), st.text())
def test_a_head_is_found_again_in_any_text(size: int, root: bytes, number: int, left: str, right: str) -> None:
    origin = NAME if number == 1 else f"{NAME}/{number}"
    head = Checkpoint(origin=origin, size=size, root=root)
    assert head in heads_in(f"{left} trail {head.line()}\n{right}")


def test_what_only_looks_like_a_head_is_none() -> None:
    line = HEAD.line()
    for text in (line[:-1], line + "A", line.replace("gangly", "Gangly"), line.replace("/200/", "/0200/")):
        assert heads_in(text) == []


def test_a_proof_is_a_text_in_the_c2sp_form() -> None:
    proof = [bytes([number]) * 32 for number in range(3)]
    text = proof_text(7, proof, NOTE, extra=b"body")
    assert text.split("\n")[:3] == ["c2sp.org/tlog-proof@v1", "extra Ym9keQ==", "index 7"]
    assert parse_proof(text) == (7, proof, NOTE, b"body")
    assert parse_proof(proof_text(0, [], NOTE)) == (0, [], NOTE, b"")
    assert proof_text(0, [], NOTE) == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{NOTE}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v2\nindex 0\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nindex 01\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nindex -1\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nindex 0\nAAA\n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\n\n" + NOTE,
    ],
)
def test_a_malformed_proof_is_refused(text: str) -> None:
    with pytest.raises(TrailBroken, match="no proof"):
        parse_proof(text)


@pytest.mark.parametrize("text", ["A", "AA", "AA=", "AB==", "AAA=\n", " AAA=", "é", "A-A="])
def test_base64_has_one_form(text: str) -> None:
    with pytest.raises(ValueError, match="not base64"):
        from_base64(text)
