"""`gangly audit` from the shell: verify against witness and CRM, prove, export, checkpoint, freeze; exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.store.database import Connection
from tests.cli.shell import Shell
from tests.trail import forger, standalone

NOTES = "Talked to them today. Budget approved, 52,000 USD for the first year.\nme -> send the DPA by friday\n"


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    return tmp_path / "heads.txt"


@pytest.fixture
def sandbox(shell: Shell, heads: Path, tmp_path: Path) -> Shell:
    """A shell that has sent a call's cards, with a witness configured."""
    assert shell("connect", "sandbox").code == 0
    file = shell.home / "config.toml"
    more = f"grace_seconds = 0\n[trail]\nwitness = {json.dumps(str(heads))}\n"
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    assert shell("pull").code == 0
    notes = tmp_path / "call.txt"
    notes.write_text(NOTES, encoding="utf-8")
    rows = json.loads(shell("brief", "--list", "--json").out)
    meeting = next(
        row["meeting"]["id"] for row in rows if json.loads(shell("brief", row["meeting"]["id"], "--json").out)["deal"]
    )
    cards = json.loads(shell("notes", meeting, notes, "--json").out)["cards"]
    assert shell("approve", *(each["id"] for each in cards), "--deliver").code == 0
    return shell


def data(shell: Shell, *arguments: object, code: int = 0) -> Any:
    result = shell(*arguments, "--json")
    assert result.code == code, result.err
    return json.loads(result.out)


def behind_its_back(change: str) -> None:
    from gangly_tui.bootstrap import store_at_hand

    with store_at_hand() as db:
        forger.disarm(db)
        db.execute(change)


def rewrite() -> None:
    """Everything a holder of the store can do: other facts, the tree and the heads rebuilt and signed with the key."""
    from gangly_tui.bootstrap import store_at_hand

    with store_at_hand() as db:
        forger.disarm(db)
        forger.edit_body(db, 1, user="nobody@ours.com")
        forger.rebuild_tree(db)
        forger.resign(db)


def test_the_head_has_left_the_machine_both_ways(sandbox: Shell, heads: Path) -> None:
    whole = data(sandbox, "audit", "verify")
    assert whole["ok"] and whole["entries"] >= 6
    for witness in ("config", heads, "crm"):
        told = data(sandbox, "audit", "verify", "--witness", witness)
        assert told["heads"] >= 1 and told["entries"] == whole["entries"]
    assert sandbox("audit", "verify", "--quick").out.startswith(f"ok  {whole['entries']} entries, head ")


def test_a_rewrite_with_the_key_shows_only_from_outside(sandbox: Shell, heads: Path) -> None:
    rewrite()
    assert sandbox("audit", "verify").code == 0, "the plain truth, which the README tells"
    for witness in (heads, "crm"):
        result = sandbox("audit", "verify", "--witness", witness)
        assert result.code == 3
        assert "saw another root" in result.err and "Traceback" not in result.err
    told = data(sandbox, "audit", "verify", "--witness", heads, code=3)
    assert told["ok"] is False and "another root" in told["reason"]


def test_a_write_the_crm_knows_and_the_trail_does_not(sandbox: Shell) -> None:
    from gangly_tui.bootstrap import store_at_hand

    with store_at_hand() as db:
        forger.disarm(db)
        _rename_operations(db)
    result = sandbox("audit", "verify", "--witness", "crm", "--quick")
    assert result.code == 3


def _rename_operations(db: Connection) -> None:
    for (seq,) in db.execute("SELECT seq FROM trail").fetchall():
        forger.edit_body(db, seq, op_id=f"x{seq}")
        db.execute("UPDATE trail SET op_id = ? WHERE seq = ?", (f"x{seq}", seq))
    forger.rebuild_tree(db)
    forger.resign(db)


def test_a_broken_store_is_exit_three_with_the_entry(sandbox: Shell) -> None:
    behind_its_back(
        'UPDATE trail SET body = replace(body, \'"system":"sandbox"\', \'"system":"sandbux"\') WHERE seq = 2'
    )
    result = sandbox("audit", "verify")
    assert result.code == 3 and "entry 2" in result.err
    assert data(sandbox, "audit", "verify", code=3)["seq"] == 2


def test_a_witness_that_knows_nothing_of_us_is_no_yes(sandbox: Shell, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    assert sandbox("audit", "verify", "--witness", empty).code == 3
    assert sandbox("audit", "verify", "--witness", tmp_path / "nothing").code == 1


def test_an_export_verifies_with_the_public_key_alone(
    sandbox: Shell, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = sandbox("audit", "checkpoint", "--key").out.strip()
    text = sandbox("audit", "export").out
    sealed = sandbox("audit", "export", "--sealed").out
    assert "52000" in text and "52000" not in sealed
    file, pub = tmp_path / "trail.jsonl", tmp_path / "trail.pub"
    file.write_text(text, encoding="utf-8")
    pub.write_text(key, encoding="utf-8")
    count = data(sandbox, "audit", "verify")["entries"]
    assert standalone.verify(text.removesuffix("\n").split("\n"), key) == count
    monkeypatch.setattr(shell, "home", tmp_path / "elsewhere")
    monkeypatch.setenv("GANGLY_HOME", str(tmp_path / "elsewhere"))  # a machine that has no store
    for given in (key, pub):
        assert data(shell, "audit", "verify", file, "--key", given)["entries"] == count
    assert not (tmp_path / "elsewhere").exists()
    assert shell("audit", "verify", file).code == 1
    assert shell("audit", "verify", file, "--key", tmp_path / "none.pub").code == 1
    assert shell("audit", "verify", file, "--key", "x+y+z").code == 3
    file.write_text(text.replace('\\"seq\\":2', '\\"seq\\":9'), encoding="utf-8")
    assert shell("audit", "verify", file, "--key", key).code == 3
    file.write_bytes(b"\xff" + text.encode())
    assert shell("audit", "verify", file, "--key", key).code == 3
    assert shell("audit", "verify", tmp_path / "none.jsonl", "--key", key).code == 1


def test_the_store_can_be_held_to_a_key_from_before(sandbox: Shell, tmp_path: Path) -> None:
    key = sandbox("audit", "checkpoint", "--key").out.strip()
    assert sandbox("audit", "verify", "--key", key).code == 0
    from gangly_tui.bootstrap import store_at_hand

    with store_at_hand() as db:
        forger.disarm(db)
        forger.another_signer(db)
    assert sandbox("audit", "verify").code == 0
    assert sandbox("audit", "verify", "--key", key).code == 3


def test_one_entry_is_proved_by_number_or_card(sandbox: Shell, tmp_path: Path) -> None:
    key = sandbox("audit", "checkpoint", "--key").out.strip()
    newest = data(sandbox, "audit", "show", "--limit", 1)[0]
    by_number = sandbox("audit", "prove", newest["seq"])
    assert by_number.out == sandbox("audit", "prove", newest["op_id"]).out
    assert by_number.out.startswith("c2sp.org/tlog-proof@v1\nextra ")
    assert f"entry {newest['seq']}" in by_number.err
    told = data(sandbox, "audit", "prove", 1)
    assert told["entry"]["seq"] == 1
    file = tmp_path / "1.tlog-proof"
    file.write_text(told["proof"], encoding="utf-8")
    result = sandbox("audit", "verify", file, "--key", key)
    assert result.code == 0 and '"seq":1' in result.err
    file.write_text(told["proof"].replace("index 0", "index 1"), encoding="utf-8")
    assert sandbox("audit", "verify", file, "--key", key).code == 3
    for nothing in ("999", "no-such-card"):
        assert sandbox("audit", "prove", nothing).code == 1


def test_a_checkpoint_is_printed_and_left_with_the_witness(sandbox: Shell, heads: Path) -> None:
    note = sandbox("audit", "checkpoint").out
    assert heads.read_text(encoding="utf-8").endswith(note)
    told = data(sandbox, "audit", "checkpoint")
    assert told["checkpoint"] + "\n" == note and told["key"].startswith("gangly/")
    heads.unlink()
    heads.mkdir()
    (heads / "gangly-heads.txt").mkdir()
    result = sandbox("audit", "checkpoint")
    assert result.code == 0 and result.out == note
    assert "cannot be written" in result.err


def test_a_witness_that_fails_stops_no_write(sandbox: Shell, heads: Path) -> None:
    heads.unlink()
    heads.mkdir()
    (heads / "gangly-heads.txt").mkdir()
    left = json.loads(sandbox("undo", "--json").out)
    result = sandbox("approve", left["inverse"]["id"], "--deliver")
    assert result.code == 0 and "sent" in result.out
    assert "the witness" in result.err and "cannot be written" in result.err


def test_a_frozen_log_stays_and_is_not_frozen_twice(sandbox: Shell) -> None:
    before = data(sandbox, "audit", "verify")["entries"]
    opened = data(sandbox, "audit", "freeze")
    assert opened["seq"] == before + 1 and opened["refers"].split("/")[2] == str(before)
    assert data(sandbox, "audit", "verify", "--witness", "config")["entries"] == before + 1
    assert sandbox("audit", "freeze").code == 1
    assert len(data(sandbox, "audit", "show", "--limit", 500)) == before + 1


def test_nothing_to_sign_says_so(shell: Shell) -> None:
    assert shell("connect", "sandbox").code == 0
    result = shell("audit", "checkpoint")
    assert result.code == 1 and "no entry yet" in result.err
    assert shell("audit", "export").out == ""
    assert shell("audit", "verify").code == 0
    assert shell("audit", "verify", "--witness", "config").code == 1
    assert shell("audit", "export", "--csv", "--sealed").code == 2


def test_entries_are_shown_for_a_person(sandbox: Shell) -> None:
    shown = sandbox("audit", "show", "--limit", 3)
    assert shown.code == 0
    assert "sent" in shown.out and "read back equal" in shown.out and " → " in shown.out and "“" in shown.out
    nothing = sandbox("audit", "show", "--text", "no such words")
    assert nothing.out == "" and "no entries" in nothing.err
    frozen = sandbox("audit", "freeze")
    assert frozen.out.startswith("closed at gangly/")
    assert "opened" in sandbox("audit", "show", "--limit", 1).out
