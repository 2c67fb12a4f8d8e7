"""A year's log is closed and carried over; nothing is ever pruned."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import gangly_tui
from gangly_tui.config import parse_config
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.checkpoint import heads_in, open_note
from gangly_tui.domain.errors import ConfigError, StoreError, TrailBroken
from gangly_tui.flow.witness import close_round
from gangly_tui.store import trail
from gangly_tui.store.database import Connection, open_database
from tests.store import made
from tests.trail import forger
from tests.trail.conftest import fill


def test_the_next_log_begins_with_the_head_of_the_last(db: Connection) -> None:
    fill(db, 6)
    seq, root = trail.head(db)
    opened = trail.freeze(db, at=made.NOW, user="rep@ours.com")
    assert (opened.kind, opened.seq, opened.user) == (AuditKind.OPENED, 7, "rep@ours.com")
    (carried,) = heads_in(opened.refers)
    assert (carried.size, carried.root.hex()) == (seq, root)
    signed = open_note(trail.last_note(db) or "", trail.key_of(db))
    assert signed == carried, "the closed log has a last signed head"
    made.append(db)
    first, second = trail.logs(db)
    assert (first.starts, first.size, second.starts, second.size) == (0, 6, 6, 2)
    assert second.origin == f"{first.origin}/2" == trail.entries(db)[-1].log
    assert trail.verify_trail(db, values=True) == trail.head(db)
    assert trail.head(db)[0] == trail.count(db) == 8
    assert len(trail.entries(db)) == 8, "old entries stay readable"


def test_an_empty_log_is_not_frozen(db: Connection) -> None:
    with pytest.raises(StoreError, match="no entry"):
        trail.freeze(db, at=made.NOW, user="rep")
    made.append(db)
    trail.freeze(db, at=made.NOW, user="rep")
    with pytest.raises(StoreError, match="no entry"):
        trail.freeze(db, at=made.NOW, user="rep")
    made.append(db)
    assert trail.freeze(db, at=made.NOW, user="rep").log.endswith("/3")
    assert trail.verify_trail(db)[0] == 4


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE trail SET kind = 'sent' WHERE seq = 7",
        "UPDATE trail SET kind = 'opened' WHERE seq = 6",
        "UPDATE trail SET refers = '' WHERE seq = 7",
        "DELETE FROM trail WHERE seq > 6",
        "DELETE FROM trail WHERE seq < 7",
        "UPDATE trail_node SET log = 5 WHERE log = 6",
        "DELETE FROM trail_checkpoint WHERE seq = 6",
    ],
)
def test_the_seam_between_two_logs_is_checked(db: Connection, attack: str) -> None:
    fill(db, 6)
    trail.freeze(db, at=made.NOW, user="rep")
    fill(db, 4)
    forger.disarm(db)
    db.execute(attack)
    with pytest.raises(TrailBroken):
        trail.verify_trail(db)


def test_a_rewritten_old_log_does_not_fit_the_head_the_next_one_carries(db: Connection) -> None:
    fill(db, 6)
    trail.freeze(db, at=made.NOW, user="rep")
    forger.disarm(db)
    forger.edit_body(db, 2, user="nobody")
    forger.fix_leaf(db, 2)
    with pytest.raises(TrailBroken, match="entry 7 does not carry"):
        trail.verify_trail(db)


def test_four_hundred_days_are_all_there(db: Connection) -> None:
    for day in range(0, 400, 5):
        at = made.NOW + timedelta(days=day)
        made.append(db, at=at, op_id=f"day{day}")
        assert close_round(db, at=at, user="rep") == ""
    kept = trail.entries(db, limit=1_000)
    assert [each.op_id for each in kept if each.kind is AuditKind.SENT] == [f"day{day}" for day in range(0, 400, 5)]
    assert [each.at.year for each in kept if each.kind is AuditKind.OPENED] == [2027]
    assert trail.verify_trail(db, values=True)[0] == 81


def test_a_clock_that_was_wrong_closes_nothing_twice(db: Connection) -> None:
    for year in (2026, 2030, 2026, 2027):
        at = made.NOW.replace(year=year)
        made.append(db, at=at)
        assert close_round(db, at=at, user="rep") == ""
    assert len(trail.logs(db)) == 2
    assert trail.verify_trail(db)[0] == 5


def test_nothing_prunes() -> None:
    """No statement of ours deletes from a table of the trail, and no function offers to."""
    tables = ("trail", "trail_node", "trail_checkpoint", "subject_key", "trail_signer")
    for path in Path(gangly_tui.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for table in tables:
            assert f"DELETE FROM {table}" not in text, path
            assert f"DROP TABLE {table}" not in text, path
    assert not [each for each in dir(trail) if any(word in each for word in ("prune", "delete", "remove", "trim"))]


def test_less_than_a_year_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert parse_config("[trail]\nretention_days = 365\n", path).trail["retention_days"] == 365
    with pytest.raises(ConfigError, match="line 2: trail must be kept for 365 days at least"):
        parse_config("[trail]\nretention_days = 364\n", path)
    for text in (
        "trail = 1",
        "[trail]\nretention_days = true",
        "[trail]\nretention_days = '400'",
        "[trail]\nwitnes = ''",
    ):
        with pytest.raises(ConfigError):
            parse_config(text, path)


def test_a_witness_is_a_full_path(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert parse_config("", path).witness is None
    assert parse_config('[trail]\nwitness = "~/heads"\n', path).witness == Path("~/heads").expanduser()
    with pytest.raises(ConfigError, match="line 2: trail names a witness by no full path"):
        parse_config('[trail]\nwitness = "heads.txt"\n', path)


def test_a_frozen_store_opens_again(path: Path) -> None:
    db = open_database(path)
    fill(db, 3)
    trail.freeze(db, at=made.NOW, user="rep")
    db.close()
    db = open_database(path)
    made.append(db)
    assert trail.verify_trail(db, values=True)[0] == 5
    db.close()
