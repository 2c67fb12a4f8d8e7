"""The key that signs the trail: out of the store and in the vault, for everything but the fiction."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gangly_tui import keys
from gangly_tui.bootstrap import CALENDAR, DEMO, open_desk, open_store
from gangly_tui.config import Config, paths
from gangly_tui.domain.errors import VaultError
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.witness import close_round
from gangly_tui.keys import keys_of
from gangly_tui.profiles import signing_key
from gangly_tui.store import trail
from gangly_tui.store.database import Connection
from tests.store import made
from tests.vault.conftest import FakeKeyring


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANGLY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(keys, "_OPEN", {})
    return tmp_path / "home"


def _desk(profile: str = CALENDAR) -> Desk:
    return open_desk(Config(crm="sandbox", calendars=("none.ics",)), profile=profile)


def _seed(db: Connection) -> bytes | None:
    row = db.execute("SELECT seed FROM trail_signer").fetchone()
    return None if row is None else row[0]


def test_the_first_head_that_is_signed_takes_the_key_into_the_vault(home: Path, safe: FakeKeyring) -> None:
    desk = _desk()
    made.append(desk.db)
    seed = _seed(desk.db)
    assert seed is not None
    desk.close()
    desk = _desk()
    assert _seed(desk.db) is None
    assert trail.last_note(desk.db)
    assert seed.hex() in safe.held.values()
    made.append(desk.db, op_id="after")
    exported = list(trail.export_jsonl(desk.db, seed=desk.signing_key))
    assert json.loads(exported[0])["checkpoints"][0].split("\n")[1] == "2"
    assert trail.verify_trail(desk.db)[0] == 2
    desk.close()


def test_a_key_that_moved_halfway_moves_again(home: Path, safe: FakeKeyring) -> None:
    db = open_store(CALENDAR)
    made.append(db)
    seed = _seed(db)
    give = signing_key(CALENDAR, db)
    assert give is not None and seed is not None
    keys_of(paths().data).vault().put(f"trail {_origin(db)}", keys.Secret(seed.hex()))  # and then the power went
    assert give() == seed
    assert _seed(db) is None
    assert give() == seed
    db.close()


def test_without_the_vaults_key_nothing_is_signed_and_every_entry_kept(home: Path, safe: FakeKeyring) -> None:
    db = open_store(CALENDAR)
    made.append(db)
    give = signing_key(CALENDAR, db)
    assert close_round(db, at=made.NOW, user="rep", seed=give) == ""
    vault = keys_of(paths().data).vault()
    vault.remove(f"trail {_origin(db)}")
    made.append(db, op_id="after")
    assert "the key that signs the trail is not in" in close_round(db, at=made.NOW, user="rep", seed=give)
    assert give is not None
    with pytest.raises(VaultError, match="not in"):
        give()
    assert trail.verify_trail(db)[0] == 2
    db.close()


def test_the_fictions_key_stays_where_it_is(home: Path) -> None:
    desk = _desk(DEMO)
    made.append(desk.db)
    assert desk.signing_key is None
    desk.close()
    db = open_store(DEMO)
    assert _seed(db) is not None
    assert trail.last_note(db)
    db.close()
    assert not (home / "data" / "vault.json").exists()


def _origin(db: Connection) -> str:
    return str(db.execute("SELECT origin FROM trail_signer").fetchone()[0])
