"""The file itself: private, keyed, durable; damage, a full disk and a lock are told in plain words."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gangly_tui.domain.draft import Notes
from gangly_tui.domain.errors import StoreError
from gangly_tui.domain.records import Kind
from gangly_tui.domain.secret import Secret
from gangly_tui.store import database, engagement, mirror, trail
from gangly_tui.store.database import Connection, open_database, transaction
from tests.store import made


def test_the_file_is_private_and_holds_nothing_in_clear(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "gangly.db"
    db = open_database(path, key=made.KEY)
    mirror.save_records(db, [made.record(Kind.ACCOUNT, "a1", name="CanaryCorporation")])
    assert all(each.stat().st_mode & 0o777 == 0o700 for each in (path.parent, path.parent.parent))
    files = list(path.parent.iterdir())
    assert {each.name for each in files} >= {"gangly.db", "gangly.db-wal"}
    assert all(each.stat().st_mode & 0o777 == 0o600 for each in files)
    assert not any(b"anary" in each.read_bytes() or b"canary" in each.read_bytes() for each in files)
    db.close()


def test_settings_that_make_a_commit_durable_and_a_deletion_real(db: Connection) -> None:
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "recursive_triggers": 1,
        "temp_store": 2,
        "busy_timeout": 5000,
        "user_version": database.SCHEMA_VERSION,
    }
    assert {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted} == wanted


def test_what_was_kept_is_there_after_closing(path: Path) -> None:
    with_key = open_database(path, key=made.KEY)
    notes = Notes(id="n1", meeting_id="m1", text="kept", updated_at=made.NOW)
    engagement.save_notes(with_key, notes)
    with_key.close()
    again = open_database(path, key=made.KEY)
    assert engagement.notes_of(again, "m1") == [notes]
    again.close()


@pytest.mark.parametrize("key", [None, Secret(bytes(32))], ids=["none", "another"])
def test_another_key_opens_nothing(path: Path, key: Secret[bytes] | None) -> None:
    open_database(path, key=made.KEY).close()
    with pytest.raises(StoreError, match="has another key") as caught:
        open_database(path, key=key)
    assert str(path) in str(caught.value)
    assert caught.value.fix


def test_a_key_of_another_length_is_refused(path: Path) -> None:
    with pytest.raises(StoreError, match="has 3 bytes"):
        open_database(path, key=Secret(b"abc"))
    assert not path.exists()


@pytest.mark.parametrize("content", [b"not a database, but long enough" * 200, os.urandom(8192)], ids=["text", "noise"])
@pytest.mark.parametrize("key", [None, made.KEY], ids=["unkeyed", "keyed"])
def test_a_file_that_is_no_store_is_named(path: Path, content: bytes, key: Secret[bytes] | None) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StoreError, match="is not a store"):
        open_database(path, key=key)
    assert path.read_bytes() == content


def test_a_damaged_page_is_told_in_plain_words(path: Path) -> None:
    db = open_database(path, key=made.KEY)
    mirror.save_records(db, [made.record(Kind.ACCOUNT, f"a{number}", name="x" * 500) for number in range(200)])
    (schema,) = db.execute("SELECT max(rootpage) FROM sqlite_schema").fetchone()
    db.close()
    content = bytearray(path.read_bytes())
    for page in range(schema, len(content) // 4096):  # the schema is in the first ones
        content[page * 4096 + 100] ^= 1
    path.write_bytes(content)
    db = open_database(path, key=made.KEY)
    with pytest.raises(StoreError, match="damaged"):
        mirror.all_records(db, Kind.ACCOUNT, limit=200)
    db.close()


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    other = database.dbapi2.connect(str(path))
    other.execute("CREATE TABLE theirs (a)")
    other.commit()
    other.close()
    path.chmod(0o600)
    with pytest.raises(StoreError, match="another program"):
        open_database(path)


@pytest.mark.parametrize("part", ["", "-wal", "-shm"])
def test_a_store_that_others_can_read_is_refused(path: Path, part: str) -> None:
    db = open_database(path, key=made.KEY)
    mirror.set_cursor(db, "sandbox", "1")
    file = path.with_name(path.name + part)
    file.chmod(0o644)
    with pytest.raises(StoreError, match="other users") as caught:
        open_database(path, key=made.KEY)
    assert caught.value.fix == f"chmod 600 {file}"
    db.close()


def test_sqlite_that_can_lose_a_log_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database.dbapi2, "sqlite_version_info", (3, 51, 2))
    with pytest.raises(StoreError, match="too old"):
        open_database(path, key=made.KEY)
    assert not path.exists()


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_database(tmp_path)


def test_a_newer_store_is_read_and_never_written(path: Path) -> None:
    db = open_database(path, key=made.KEY)
    mirror.set_cursor(db, "sandbox", "1")
    db.execute(f"PRAGMA user_version = {database.SCHEMA_VERSION + 1}")
    db.close()
    before = path.read_bytes()
    db = open_database(path, key=made.KEY, room=1 << 16)
    assert db.read_only
    assert mirror.cursor(db, "sandbox") == "1"
    with pytest.raises(StoreError, match="newer gangly") as caught, transaction(db):
        raise AssertionError("never reached")
    assert "update" in caught.value.fix
    with pytest.raises(StoreError):
        mirror.set_cursor(db, "sandbox", "2")
    with pytest.raises(StoreError):
        db.execute("DELETE FROM cursor")
    db.close()
    assert path.read_bytes() == before
    assert not path.with_name(f"{path.name}.room").exists()


def test_an_exception_undoes_the_whole_nest(db: Connection) -> None:
    with pytest.raises(RuntimeError), transaction(db):
        mirror.set_cursor(db, "sandbox", "1")
        with transaction(db):
            mirror.set_cursor(db, "other", "2")
        raise RuntimeError
    assert (mirror.cursor(db, "sandbox"), mirror.cursor(db, "other")) == ("", "")
    assert not db.in_transaction


def test_a_nest_commits_once_at_its_end(db: Connection, path: Path) -> None:
    watcher = open_database(path, key=made.KEY)
    with transaction(db):
        with transaction(db):
            mirror.set_cursor(db, "sandbox", "1")
        assert mirror.cursor(watcher, "sandbox") == ""
    assert mirror.cursor(watcher, "sandbox") == "1"
    watcher.close()


def test_a_full_disk_keeps_all_or_nothing(db: Connection) -> None:
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages + 4}")
    acknowledged = 0
    with pytest.raises(StoreError, match="disk is full") as caught:
        for number in range(200):
            made.append(db, op_id=f"p{number}", quote="q" * 500)
            acknowledged += 1
    assert caught.value.fix
    assert not db.in_transaction
    assert acknowledged
    assert trail.verify_trail(db)[0] == acknowledged
    db.execute("PRAGMA max_page_count = 1000000")
    made.append(db)
    assert trail.verify_trail(db)[0] == acknowledged + 1


def test_a_locked_store_says_who_to_ask(db: Connection, path: Path) -> None:
    other = open_database(path, key=made.KEY)
    other.execute("PRAGMA busy_timeout = 20")
    with transaction(db):
        mirror.set_cursor(db, "sandbox", "1")
        assert mirror.cursor(other, "sandbox") == ""
        with pytest.raises(StoreError, match="busy"), transaction(other):
            raise AssertionError("never reached")
    with transaction(other):
        mirror.set_cursor(other, "sandbox", "2")
    assert mirror.cursor(db, "sandbox") == "2"
    other.close()


def test_two_processes_write_one_trail(path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from gangly_tui.store.database import open_database
        from tests.store import made
        db = open_database(Path(sys.argv[1]), key=made.KEY)
        for number in range(40):
            made.append(db, op_id=f"{sys.argv[2]}-{number}")
    """)
    root = Path(__file__).parents[2]
    workers = [
        subprocess.Popen([sys.executable, "-c", program, str(path), name], cwd=root, stderr=subprocess.PIPE)
        for name in ("one", "two")
    ]
    for each in workers:
        _, complaint = each.communicate(timeout=60)
        assert each.returncode == 0, complaint.decode()
    db = open_database(path, key=made.KEY)
    assert trail.verify_trail(db)[0] == 80
    seen = [each.op_id for each in trail.entries(db, limit=100)]
    assert sorted(seen) == sorted(f"{name}-{number}" for name in ("one", "two") for number in range(40))
    db.close()


def test_the_first_screen_loads_nothing_heavy(path: Path) -> None:
    open_database(path, key=made.KEY).close()
    program = textwrap.dedent("""
        import sys
        from datetime import UTC, datetime
        from pathlib import Path
        from gangly_tui.domain.secret import Secret
        from gangly_tui.store import engagement, mirror, trail
        from gangly_tui.store.card_counts import counts_by_meeting
        from gangly_tui.store.database import open_database
        db = open_database(Path(sys.argv[1]), key=Secret(bytes(range(32))), room=1 << 16)
        engagement.meetings_between(db, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
        counts_by_meeting(db)
        mirror.contacts_by_mailbox(db, ["a@b.com"])
        mirror.accounts_by_domain(db, ["b.com"])
        trail.head(db)
        heavy = {"sqlite_utils", "tldextract", "phonenumbers", "rapidfuzz", "textual", "sqlite3",
                 "gangly_tui.store.migrations", "gangly_tui.store.encrypt", "keyring", "cryptography"}
        print(sorted(heavy & set(sys.modules)))
    """)
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
