"""A store that an earlier gangly left in clear comes under its key: every row, no trace in clear, at any kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from gangly_tui.domain.errors import StoreError
from gangly_tui.domain.records import Kind
from gangly_tui.store import backups, encrypt, mirror, trail
from gangly_tui.store.backups import back_up
from gangly_tui.store.database import open_database
from gangly_tui.store.encrypt import is_in_clear, is_keyed
from tests.store import made
from tests.store.dying import run

ENCRYPT = """
    from gangly_tui.store.encrypt import encrypt
    from tests.store import made
    encrypt(path, made.KEY, at_point)
"""


def plain(path: Path, *, backup: bool = False) -> None:
    db = open_database(path)
    mirror.save_records(db, [made.record(Kind.ACCOUNT, f"a{each}", name=f"Canary {each}") for each in range(40)])
    for number in range(3):
        made.append(db, op_id=f"p{number}")
    if backup:
        back_up(db, path)
    db.close()


def traces(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir() if b"anary" in each.read_bytes()]


def check(path: Path) -> None:
    db = open_database(path, key=made.KEY)
    assert len(mirror.all_records(db, Kind.ACCOUNT, limit=100)) == 40
    assert trail.verify_trail(db)[0] == 3
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("PRAGMA cipher_integrity_check").fetchall() == []
    assert db.execute("SELECT count(*) FROM words WHERE words MATCH 'canary'").fetchone() == (40,)
    made.append(db, op_id="after")
    db.close()


def test_every_row_and_every_backup_comes_under_the_key(path: Path) -> None:
    plain(path, backup=True)
    assert len(traces(path.parent)) == 2
    assert is_in_clear(path)
    assert not is_keyed(path)
    encrypt.encrypt(path, made.KEY)
    assert traces(path.parent) == []
    assert is_keyed(path)
    check(path)
    copies = backups.backups(path)
    assert len(copies) == 2
    for each in copies:
        check(each)
    assert all(each.stat().st_mode & 0o777 == 0o600 for each in path.parent.iterdir())
    before = path.read_bytes()
    encrypt.encrypt(path, made.KEY)
    assert path.read_bytes() == before


def test_a_kill_at_any_step_leaves_one_of_the_two_whole(tmp_path: Path) -> None:
    plain(tmp_path / "rehearsal" / "store.db")
    walked = run(ENCRYPT, tmp_path / "rehearsal" / "store.db")
    assert walked == ["encrypt.begun", "encrypt.copied", "backup.named", "encrypt.replaced", "encrypt.overwritten"]
    for point in walked:
        path = tmp_path / point / "store.db"
        plain(path)
        run(ENCRYPT, path, point)
        run(ENCRYPT, path)
        assert traces(path.parent) == [], point
        check(path)
        for each in backups.backups(path):
            check(each)


def test_the_old_blocks_are_overwritten(path: Path, tmp_path: Path) -> None:
    plain(path)
    (tmp_path / "elsewhere").mkdir()
    shadow = tmp_path / "elsewhere" / "same blocks"
    shadow.hardlink_to(path)
    encrypt.encrypt(path, made.KEY)
    assert not any(shadow.read_bytes())


def test_another_window_on_the_store_in_clear_is_asked_to_close(path: Path) -> None:
    plain(path)
    other = open_database(path)
    with pytest.raises(StoreError, match="open in another") as caught:
        encrypt.encrypt(path, made.KEY)
    assert "close" in caught.value.fix
    made.append(other, op_id="still mine")
    other.close()
    encrypt.encrypt(path, made.KEY)
    db = open_database(path, key=made.KEY)
    assert trail.verify_trail(db)[0] == 4
    db.close()


def test_a_copy_that_differs_replaces_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(path)
    before = path.read_bytes()
    for part in ("_same", "_duplicate"):
        with monkeypatch.context() as patch:
            if part == "_same":
                patch.setattr(encrypt, part, lambda _: False)
            else:
                patch.setattr(encrypt, part, lambda *_: (_ for _ in ()).throw(OSError("no space")))
            with pytest.raises(StoreError, match="nothing was lost"):
                encrypt.encrypt(path, made.KEY)
        assert is_in_clear(path)
        assert not path.with_name(f"{path.name}.encrypting").exists()
    assert len(path.read_bytes()) == len(before)
    db = open_database(path)
    assert trail.verify_trail(db)[0] == 3
    db.close()


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM keyed.record WHERE rid = 5",
        "UPDATE keyed.record SET body = body || ' ' WHERE rid = 7",
        "DROP INDEX keyed.record_identity",
    ],
    ids=["a row is missing", "a value differs", "an index is missing"],
)
def test_the_comparison_sees(path: Path, harm: str) -> None:
    plain(path)
    db = encrypt.dbapi2.connect(str(path), isolation_level=None)
    keyed = path.with_name("keyed.db")
    db.execute("ATTACH DATABASE ? AS keyed KEY ?", (str(keyed), f"x'{made.KEY.reveal().hex()}'"))
    db.execute("SELECT sqlcipher_export('keyed')").fetchall()
    assert encrypt._same(db)
    db.execute(harm)
    assert not encrypt._same(db)
    db.close()


def test_nothing_is_neither_in_clear_nor_keyed(path: Path) -> None:
    assert not is_in_clear(path)
    assert not is_keyed(path)
    encrypt.encrypt(path, made.KEY)
    assert not path.exists()
    path.touch(0o600)
    assert not is_in_clear(path)
    assert not is_keyed(path)
