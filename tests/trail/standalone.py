"""A second verifier of exported trails, for an auditor to read: python standalone.py trail.jsonl KEY

Standard library only; it shares no code with gangly. Formats: RFC 6962, RFC 8785, RFC 8032, C2SP signed-note.
"""

import hashlib
import hmac
import json
import sys
from base64 import b64decode, b64encode, urlsafe_b64encode
from pathlib import Path

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
L = 2**252 + 27742317777372353535851937790883648493


def point(raw: bytes) -> tuple[int, int]:
    sign, y = raw[31] >> 7, int.from_bytes(raw, "little") & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - square) % P == 0 and y < P, "no point of the curve"
    return (P - x if x & 1 != sign else x), y


def add(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    (a, b), (c, d) = one, two
    k = D * a * b * c * d
    return (a * d + b * c) * pow(1 + k, -1, P) % P, (b * d + a * c) * pow(1 - k, -1, P) % P


def times(number: int, base: tuple[int, int]) -> tuple[int, int]:
    found = (0, 1)
    for bit in bin(number)[2:]:
        found = add(found, found)
        found = add(found, base) if bit == "1" else found
    return found


def signed(text: bytes, signature: bytes, public: bytes) -> bool:
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(r + public + text).digest(), "little") % L
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    return s < L and times(s, base) == add(point(r), times(k, point(public)))


def root(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:half]) + root(leaves[half:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) < 2:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = leaves[:half], leaves[half:]
    return [*path(index, left), root(right)] if index < half else [*path(index - half, right), root(left)]


def binary(text: str) -> bytes:
    assert b64encode(b64decode(text)).decode() == text, "no base64"
    return b64decode(text)


def fits(fixed: str, told: list) -> bool:
    canonical = json.dumps(told[1], ensure_ascii=False, separators=(",", ":")).encode()
    return len(told) == 2 and hmac.digest(binary(told[0]), canonical, "sha256") == binary(fixed)


def check_entry(entry: dict, seq: int, place: tuple[str, int], leaves: list[bytes], before: str) -> None:
    body, values, (origin, index) = json.loads(entry["body"]), entry.get("values", {}), place
    names = {"seq", "log", "index", "leaf", "proof", "body"}
    assert set(entry) - {"values"} == names, "another form"
    assert (entry["seq"], entry["log"], entry["index"]) == (body["seq"], body["log"], index) == (seq, origin, index), (
        "order"
    )
    assert binary(entry["leaf"]) == leaves[index] and [*map(binary, entry["proof"])] == path(index, leaves), "proof"
    assert not before or (body["kind"], body["refers"]) == ("opened", before), "does not carry the head before"
    for name in set(values) - {"changes"}:
        assert name in ("target", "target_name", "source", "detail", "quote") and fits(body[name], values[name]), name
    for fixed, told in zip(body["changes"], values["changes"], strict=True) if "changes" in values else ():
        assert set(told) == {"field", "before", "after"} and fixed["field"] == told["field"], "another field"
        assert fits(fixed["before"], told["before"]) and fits(fixed["after"], told["after"]), "another value"


def verify(lines: list[str], key: str) -> int:
    name, ident, material = key.strip().split("+", 2)
    header, seq, before = json.loads(lines[0]), 0, ""
    assert (header["origin"], header["key"], header["format"]) == (name, key.strip(), "gangly trail 1"), "another trail"
    for number, note in enumerate(header["checkpoints"], start=1):
        text, _, line = note.rpartition("\n\n")
        origin, size, told = text.split("\n")
        who, signature = line[2:-1].split(" ")
        assert origin == (name if number == 1 else f"{name}/{number}"), "a head of another log"
        assert (line[:2], line[-1], who, binary(signature)[:4].hex()) == ("— ", "\n", name, ident), "signed by another"
        assert signed(f"{text}\n".encode(), binary(signature)[4:], b64decode(material)[1:]), "a wrong signature"
        entries = [json.loads(each) for each in lines[seq + 1 : seq + 1 + int(size)]]
        leaves = [hashlib.sha256(b"\0" + each["body"].encode()).digest() for each in entries]
        assert len(leaves) == int(size) and root(leaves) == binary(told), "entries of another tree"
        for index, each in enumerate(entries):
            seq += 1
            check_entry(each, seq, (origin, index), leaves, before if index == 0 else "")
        before = f"{origin}/{size}/{urlsafe_b64encode(binary(told)).decode().rstrip('=')}"
    assert len(lines) == seq + 1, "entries that no head covers"
    return seq


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_bytes().decode()
    sys.stdout.write(f"{verify(text.removesuffix(chr(10)).split(chr(10)), sys.argv[2])} entries, all in their place\n")
