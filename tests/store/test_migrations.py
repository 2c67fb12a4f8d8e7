"""A store brought up to date: backed up first, all or nothing, recovered from a kill at each step."""

from __future__ import annotations

from pathlib import Path

import pytest

from gangly_tui.domain.errors import HeldByAnother, StoreError
from gangly_tui.store import backups, database, locks, migrations, mirror, trail
from gangly_tui.store.backups import back_up
from gangly_tui.store.database import open_database
from tests.store import made
from tests.store.dying import run

NEXT = database.SCHEMA_VERSION + 1
LATER = ("CREATE TABLE later (a INTEGER) STRICT",)

MIGRATE = """
    from gangly_tui.store import database, migrations
    from tests.store import made
    database.SCHEMA_VERSION = migrations.SCHEMA_VERSION = database.SCHEMA_VERSION + 1
    migrations.STEPS = (*migrations.STEPS, ("CREATE TABLE later (a INTEGER) STRICT", "INSERT INTO later VALUES (1)"))
    db = database.open_database(path, key=made.KEY, at_point=at_point)
    assert db.execute("SELECT count(*) FROM later").fetchone() == (1,)
    db.close()
"""


def filled(path: Path, entries: int = 3) -> None:
    db = open_database(path, key=made.KEY)
    for number in range(entries):
        made.append(db, op_id=f"p{number}")
    mirror.set_cursor(db, "sandbox", "canary")
    db.close()


def later(monkeypatch: pytest.MonkeyPatch, *statements: str) -> None:
    """This process now runs the next gangly, with one more step."""
    for module in (database, migrations):
        monkeypatch.setattr(module, "SCHEMA_VERSION", NEXT)
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, statements))


def points(tmp_path: Path) -> list[str]:
    filled(tmp_path / "rehearsal.db")
    return run(MIGRATE, tmp_path / "rehearsal.db")


def test_a_kill_at_any_step_loses_nothing_and_the_next_start_finishes(tmp_path: Path) -> None:
    walked = points(tmp_path)
    assert walked[:3] == ["backup.begun", "backup.copied", "backup.named"]
    assert walked[3:] == [f"migration.step-{NEXT}.before-commit", f"migration.step-{NEXT}.committed"]
    for point in walked:
        path = tmp_path / point / "store.db"
        filled(path)
        run(MIGRATE, path, point)
        run(MIGRATE, path)
        found = backups.backups(path)
        assert found, point
        for each in found:  # each is a whole store under the same key, as it was before
            copy = open_database(each, key=made.KEY)
            assert (trail.verify_trail(copy)[0], mirror.cursor(copy, "sandbox")) == (3, "canary")
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            copy.close()
        assert not path.with_name("store.db.backup-unfinished").exists()
        db = open_database(path, key=made.KEY)
        assert db.read_only, "this one is older than the migrated store"
        assert (trail.verify_trail(db)[0], mirror.cursor(db, "sandbox")) == (3, "canary")
        db.close()


def test_a_failing_step_changes_nothing_and_three_backups_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path)
    with monkeypatch.context() as patch:
        later(patch, "CREATE TABLE later (a) STRICT, WITHOUT ROWID")
        for _ in range(backups.KEPT + 2):
            with pytest.raises(StoreError):
                open_database(path, key=made.KEY)
    assert len(backups.backups(path)) == backups.KEPT
    assert all(each.stat().st_mode & 0o777 == 0o600 for each in path.parent.iterdir())
    db = open_database(path, key=made.KEY)
    assert not db.read_only
    assert trail.verify_trail(db)[0] == 3
    db.close()


@pytest.mark.parametrize(
    "harm",
    [
        "DROP TRIGGER trail_keeps_values; DROP TRIGGER trail_keeps_entries; UPDATE trail SET body = '{}' WHERE seq = 2",
        "INSERT INTO link SELECT 't', 'r', 0, 1; PRAGMA writable_schema = 1; "
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE cursor (name TEXT PRIMARY KEY, value TEXT NOT NULL CHECK (0)) "
        "STRICT, WITHOUT ROWID' WHERE name = 'cursor'; PRAGMA writable_schema = RESET",
    ],
    ids=["breaks the trail", "breaks a rule"],
)
def test_a_step_that_would_harm_the_store_is_not_kept(path: Path, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    filled(path)
    with monkeypatch.context() as patch:
        later(patch, *harm.split("; "))
        with pytest.raises(StoreError, match="stands as it was") as caught:
            open_database(path, key=made.KEY)
        assert caught.value.fix
    db = open_database(path, key=made.KEY)
    assert not db.read_only
    assert trail.verify_trail(db)[0] == 3
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


def test_a_trail_that_was_broken_before_does_not_keep_the_store_shut(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path)
    db = open_database(path, key=made.KEY)
    db.execute("DROP TRIGGER trail_keeps_values")
    db.execute("UPDATE trail SET body = '{}' WHERE seq = 2")
    db.close()
    later(monkeypatch, *LATER)
    db = open_database(path, key=made.KEY)
    assert db.execute("PRAGMA user_version").fetchone() == (NEXT,)
    db.close()


def test_a_second_window_waits_for_the_migrator(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path)
    later(monkeypatch, *LATER)
    monkeypatch.setattr(migrations, "migrator_lock", lambda store: locks.migrator_lock(store, wait=0))
    with locks.migrator_lock(path), pytest.raises(HeldByAnother, match="preparing the store"):
        open_database(path, key=made.KEY)
    db = open_database(path, key=made.KEY)
    assert not db.read_only
    db.close()


def test_a_backup_is_keyed_and_holds_nothing_in_clear(path: Path) -> None:
    filled(path)
    db = open_database(path, key=made.KEY)
    copy = back_up(db, path)
    db.close()
    assert b"canary" not in copy.read_bytes()
    with pytest.raises(StoreError, match="another key"):
        open_database(copy)
    again = open_database(copy, key=made.KEY)
    assert mirror.cursor(again, "sandbox") == "canary"
    assert again.execute("PRAGMA cipher_integrity_check").fetchall() == []
    again.close()


def test_a_store_that_cannot_be_backed_up_is_not_migrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path)
    later(monkeypatch, *LATER)
    path.with_name(f"{path.name}.backup-unfinished").mkdir()
    with pytest.raises(StoreError, match="no backup"):
        open_database(path, key=made.KEY)
    path.with_name(f"{path.name}.backup-unfinished").rmdir()

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(backups, "sync_file", fail)
    with pytest.raises(StoreError, match="full"):
        open_database(path, key=made.KEY)
    assert not path.with_name(f"{path.name}.backup-unfinished").exists()
    assert backups.backups(path) == []
