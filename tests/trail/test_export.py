"""Exports and proofs: two verifiers that share no code agree, on whole ones and on tampered ones."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.domain.checkpoint import PublicKey, public_key
from gangly_tui.domain.errors import InputError, TrailBroken
from gangly_tui.domain.export_check import check_file
from gangly_tui.store import trail
from gangly_tui.store.database import Connection
from tests.store import made
from tests.trail import standalone
from tests.trail.conftest import ADA, fill

FLIPS = int(os.environ.get("GANGLY_FLIPS", "2000")) // 5
SEED = int(os.environ.get("GANGLY_SEED", "20261124"))


@pytest.fixture
def lines(db: Connection) -> list[str]:
    """Two logs, an erased person, hostile text."""
    fill(db, 6)
    trail.freeze(db, at=made.NOW, user="rep")
    made.append(db, quote="line\u2028separator \u202e [/] \x1b[2J ☃", target_name='"\\')
    trail.erase(db, [ADA], at=made.NOW, user="rep")
    return list(trail.export_jsonl(db))


def ours(lines: list[str], key: PublicKey) -> int:
    """What gangly says, from the bytes up."""
    return check_file(lines, key).entries


def theirs(lines: list[str], key: PublicKey) -> int:
    """What the other one says."""
    return standalone.verify([each.removesuffix("\n") for each in lines], key.text())


def refuses(check: Callable[[list[str], PublicKey], int], lines: list[str], key: PublicKey) -> bool:
    try:
        check(lines, key)
    except (TrailBroken, AssertionError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return True
    return False


def test_both_say_yes_to_a_whole_one(db: Connection, lines: list[str]) -> None:
    key = trail.key_of(db)
    assert ours(lines, key) == theirs(lines, key) == 9
    checked = check_file(lines, key)
    assert [head.size for head in checked.heads] == [6, 3]
    assert checked.opened + checked.closed == 9 and checked.closed
    assert "separator" in "".join(lines) and "said" not in "".join(lines), "an erased value does not leave"


def test_a_sealed_export_has_all_proofs_and_no_value(db: Connection, lines: list[str]) -> None:
    sealed = list(trail.export_jsonl(db, sealed=True))
    key = trail.key_of(db)
    assert ours(sealed, key) == theirs(sealed, key) == 9
    assert "said" not in "".join(sealed) and "opportunity" not in "".join(sealed)
    assert check_file(sealed, key).opened == 0


def test_the_other_verifier_runs_alone(db: Connection, lines: list[str], tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"
    file.write_text("".join(lines), encoding="utf-8")
    told = [sys.executable, "-I", standalone.__file__, str(file), trail.key_of(db).text()]
    done = subprocess.run(told, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "9 entries, all in their place\n"), done.stderr
    file.write_text("".join(lines[:-1]), encoding="utf-8")
    assert subprocess.run(told, capture_output=True, check=False, cwd=tmp_path).returncode != 0
    source = Path(standalone.__file__).read_text(encoding="utf-8")
    assert "gangly_tui" not in source and "cryptography" not in source


def _changed(line: str, **parts: Any) -> str:
    return json.dumps(json.loads(line) | parts) + "\n"


def _with_body(line: str, old: str, new: str) -> str:
    told = json.loads(line)
    assert old in told["body"]
    return _changed(line, body=told["body"].replace(old, new))


def _with_value(line: str, name: str, value: Any) -> str:
    told = json.loads(line)
    told["values"][name][1] = value
    return json.dumps(told) + "\n"


TAMPERED: dict[str, Callable[[list[str]], list[str]]] = {
    "an entry left out": lambda lines: [*lines[:3], *lines[4:]],
    "the last left out": lambda lines: lines[:-1],
    "an entry twice": lambda lines: [*lines[:3], lines[2], *lines[3:]],
    "two swapped": lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
    "an entry too many": lambda lines: [*lines, lines[-1]],
    "another user": lambda lines: [*lines[:2], _with_body(lines[2], "rep@", "you@"), *lines[3:]],
    "another value": lambda lines: [lines[0], _with_value(lines[1], "target_name", "Globex"), *lines[2:]],
    "a value of another type": lambda lines: [lines[0], _with_value(lines[1], "detail", None), *lines[2:]],
    "another leaf": lambda lines: [*lines[:2], _changed(lines[2], leaf="A" * 43 + "="), *lines[3:]],
    "no proof": lambda lines: [*lines[:2], _changed(lines[2], proof=[]), *lines[3:]],
    "another place": lambda lines: [*lines[:2], _changed(lines[2], index=5), *lines[3:]],
    "another log": lambda lines: [*lines[:2], _changed(lines[2], log="gangly/x"), *lines[3:]],
    "a part more": lambda lines: [*lines[:2], _changed(lines[2], more=1), *lines[3:]],
    "a name for a value that there is not": lambda lines: [*lines[:2], _changed(lines[2], values={"x": ["", ""]})],
    "another format": lambda lines: [_changed(lines[0], format="gangly trail 2"), *lines[1:]],
    "no heads": lambda lines: [_changed(lines[0], checkpoints=[]), *lines[1:]],
    "heads swapped": lambda lines: [
        _changed(lines[0], checkpoints=json.loads(lines[0])["checkpoints"][::-1]),
        *lines[1:],
    ],
    "the first log alone": lambda lines: [
        _changed(lines[0], checkpoints=json.loads(lines[0])["checkpoints"][:1]),
        *lines[1:],
    ],
    "an empty line": lambda lines: [*lines[:2], "\n", *lines[2:]],
    "nothing": lambda lines: [],
    "a list": lambda lines: ["[]\n"],
    "a number": lambda lines: [lines[0], "1\n", *lines[2:]],
}


@pytest.mark.parametrize("name", TAMPERED)
def test_both_say_no_to_a_tampered_one(db: Connection, lines: list[str], name: str) -> None:
    key, tampered = trail.key_of(db), TAMPERED[name](lines)
    with pytest.raises(TrailBroken):
        ours(tampered, key)
    assert refuses(theirs, tampered, key)


def test_both_say_no_to_another_key(lines: list[str]) -> None:
    other = public_key("gangly/0011223344556677", bytes(32))
    assert refuses(ours, lines, other) and refuses(theirs, lines, other)


def test_both_agree_on_every_flipped_bit(db: Connection, lines: list[str]) -> None:
    key, rng = trail.key_of(db), random.Random(SEED)
    whole = "".join(lines).encode()
    differ, passed = [], []
    for _ in range(FLIPS):
        altered = bytearray(whole)
        place, bit = rng.randrange(len(whole)), rng.randrange(8)
        altered[place] ^= 1 << bit
        try:
            text = altered.decode()
        except UnicodeDecodeError:
            continue
        flipped = [f"{each}\n" for each in text.removesuffix("\n").split("\n")]
        verdicts = refuses(ours, flipped, key), refuses(theirs, flipped, key)
        if verdicts[0] != verdicts[1]:
            differ.append((place, bit, verdicts))
        if not all(verdicts):
            passed.append((place, bit, whole[max(place - 20, 0) : place + 20]))
    assert differ == []
    assert passed == []


def test_one_proof_holds_alone(db: Connection, lines: list[str]) -> None:
    key = trail.key_of(db)
    for seq in range(1, 10):
        proof, entry = trail.prove(db, seq)
        checked = check_file(proof.splitlines(keepends=True), key)
        assert entry.seq == seq and json.loads(checked.body)["seq"] == seq
        assert checked.heads[0].size == (6 if seq <= 6 else 3)
        other, _ = trail.prove(db, seq % 9 + 1)
        extra = proof.split("\n")[1]
        with pytest.raises(TrailBroken):
            check_file(other.replace(other.split("\n")[1], extra).splitlines(keepends=True), key)
    for seq in (0, 10, -1):
        with pytest.raises(InputError, match="no signed entry"):
            trail.prove(db, seq)


def test_an_entry_that_no_head_covers_yet_is_not_proved_but_an_export_signs_it(db: Connection) -> None:
    assert list(trail.export_jsonl(db)) == []
    made.append(db)
    with pytest.raises(InputError):
        trail.prove(db, 1)
    assert ours(list(trail.export_jsonl(db)), trail.key_of(db)) == 1
    assert trail.prove(db, 1)[1].seq == 1
