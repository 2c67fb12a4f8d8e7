"""Heads that leave the machine: the file or folder a team names, what a crash does to it, and what it then tells."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from gangly_tui.domain.errors import StoreError, TrailBroken
from gangly_tui.flow.witness import close_round, leave_head
from gangly_tui.store import trail
from gangly_tui.store.database import Connection, open_database
from gangly_tui.store.witness import NAME, append_head, read_heads
from tests.store import made
from tests.trail import forger
from tests.trail.conftest import fill


def closed(db: Connection, witness: Path | None) -> str:
    return close_round(db, at=made.NOW, user="rep", witness=witness)


def test_each_round_leaves_one_head_and_an_idle_one_none(db: Connection, tmp_path: Path) -> None:
    witness = tmp_path / "heads.txt"
    assert closed(db, witness) == "" and not witness.exists(), "nothing to tell of yet"
    for _ in range(3):
        made.append(db)
        assert closed(db, witness) == closed(db, witness) == ""
    heads = read_heads(witness)
    assert [each.split("\n")[1] for each in heads] == ["1", "2", "3"]
    assert witness.read_text(encoding="utf-8") == "".join(f"{each}\n" for each in heads)
    assert trail.compare_notes(db, heads, "the witness") == 3


async def test_the_app_leaves_the_same_head(db: Connection, tmp_path: Path) -> None:
    made.append(db)
    assert await leave_head(db, at=made.NOW, user="rep", witness=tmp_path / "w") == ""
    assert read_heads(tmp_path / "w") == [trail.last_note(db)]
    made.append(db)
    assert "cannot be written" in await leave_head(db, at=made.NOW, user="rep", witness=tmp_path / "no" / "w")


def test_a_witness_that_fails_is_said_and_the_next_head_tells_of_everything(db: Connection, tmp_path: Path) -> None:
    witness = tmp_path / "share" / "heads.txt"
    made.append(db)
    said = closed(db, witness)
    assert str(witness) in said and "config.toml" in said
    assert trail.is_signed(db), "the head is signed all the same"
    witness.parent.mkdir()
    assert closed(db, witness) == ""
    made.append(db)
    assert closed(db, witness) == ""
    assert len(read_heads(witness)) == 2


def test_a_folder_under_git_gets_a_commit_a_head(db: Connection, tmp_path: Path) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("needs git")
    folder = tmp_path / "team"
    folder.mkdir()

    def run(*arguments: str) -> str:
        return subprocess.run([git, "-C", str(folder), *arguments], check=True, capture_output=True, text=True).stdout

    run("init", "-q")
    run("config", "user.name", "rep")
    run("config", "user.email", "rep@ours.com")
    for _ in range(2):
        made.append(db)
        assert closed(db, folder) == ""
    assert run("log", "--format=%s").splitlines() == [f"head of {trail.key_of(db).name} at {size}" for size in (2, 1)]
    assert run("status", "--porcelain") == ""
    assert len(read_heads(folder)) == 2
    (folder / ".git" / "index.lock").touch()
    made.append(db)
    said = closed(db, folder)
    assert "git would not commit it" in said and NAME in said
    assert len(read_heads(folder)) == 3, "the head is in the file all the same"


@pytest.mark.parametrize("cut", [1, 2, 30, 100, 150])
def test_what_a_crash_broke_off_is_passed_over_and_written_after(db: Connection, tmp_path: Path, cut: int) -> None:
    witness = tmp_path / "heads.txt"
    notes = fill(db, 8)
    append_head(witness, notes[0])
    append_head(witness, notes[1])
    witness.write_bytes(witness.read_bytes()[:-cut])
    whole = read_heads(witness)
    assert whole == (notes if cut == 1 else notes[:1]) or (cut == 2 and whole[0] == notes[0])
    made.append(db)
    assert closed(db, witness) == ""
    again = read_heads(witness)
    assert again[0] == notes[0] and again[-1] == trail.last_note(db)
    assert trail.compare_notes(db, again, "the witness") >= 2


def test_two_trails_share_a_witness(db: Connection, tmp_path: Path) -> None:
    witness = tmp_path / "heads.txt"
    colleague = open_database(tmp_path / "colleague.db")
    for each in (db, colleague, db):
        made.append(each)
        assert closed(each, witness) == ""
    heads = read_heads(witness)
    assert len(heads) == 3
    assert trail.compare_notes(db, heads, "the witness") == 2
    assert trail.compare_notes(colleague, heads, "the witness") == 1
    colleague.close()


def test_rubbish_in_a_witness_is_no_head_and_a_forged_one_is_told(db: Connection, tmp_path: Path) -> None:
    witness = tmp_path / "heads.txt"
    (note,) = fill(db, 4)
    witness.write_bytes(b"\xff\xfe\n\nsome words\n\n\n" + note.encode() + b"\n\n" + note.encode() + b"more words\n")
    assert read_heads(witness) == [note, note]
    forged = note.replace("\n4\n", "\n5\n")
    with pytest.raises(TrailBroken, match="signature"):
        trail.compare_notes(db, [forged], "the witness")
    with pytest.raises(StoreError, match="cannot be read"):
        read_heads(tmp_path / "nothing")


def test_a_broken_trail_is_said_and_signs_no_more(db: Connection) -> None:
    fill(db, 4)
    made.append(db)
    forger.disarm(db)
    db.execute("UPDATE trail_node SET hash = zeroblob(32) WHERE level = 2")
    assert "does not go on" in closed(db, None)
    db.execute("UPDATE trail SET body = 'x' WHERE seq = 1")
    assert "was altered" in closed(db, None)


def test_a_new_year_freezes_the_old_ones_log(db: Connection, tmp_path: Path) -> None:
    witness = tmp_path / "heads.txt"
    made.append(db)
    assert closed(db, witness) == ""
    later = made.NOW.replace(year=2027)
    assert close_round(db, at=later, user="rep", witness=witness) == "", "nothing came, so nothing is opened"
    assert trail.head(db)[0] == 1
    made.append(db, at=later)
    assert close_round(db, at=later, user="rep", witness=witness) == ""
    assert [each.size for each in trail.logs(db)] == [2, 1]
    made.append(db, at=later + timedelta(days=30))
    assert close_round(db, at=later, user="rep", witness=witness) == ""
    heads = read_heads(witness)
    assert trail.compare_notes(db, heads, "the witness") == len(heads) == 3
    assert trail.verify_trail(db, values=True)[0] == 4
