"""The straight line from the shell, on the real sandbox: brief, notes, review, approve, deliver, undo, trail."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell

NOTES = """Talked to them today. Budget approved, 52,000 USD for the first year.
They want to sign by the end of next month.
Their CTO wants the security report before anything else.
me -> send the DPA by friday
"""


@pytest.fixture
def sandbox(shell: Shell) -> Shell:
    """A shell whose sandbox is set up, pulled and free of any grace period."""
    assert shell("connect", "sandbox").code == 0
    file = shell.home / "config.toml"
    file.write_text(file.read_text(encoding="utf-8") + "grace_seconds = 0\n", encoding="utf-8")
    assert shell("pull").code == 0
    return shell


def data(shell: Shell, *arguments: object, code: int = 0) -> Any:
    """What a verb prints with --json."""
    result = shell(*arguments, "--json")
    assert result.code == code, result.err
    return json.loads(result.out)


@pytest.fixture
def meeting(sandbox: Shell) -> dict[str, Any]:
    """A meeting of today with exactly one open deal behind it."""
    for row in data(sandbox, "brief", "--list"):
        brief = data(sandbox, "brief", row["meeting"]["id"])
        if brief["deal"] and not row["meeting"]["cancelled"]:
            return brief["meeting"]
    pytest.fail("the sandbox has no meeting with one open deal today")


@pytest.fixture
def cards(sandbox: Shell, meeting: dict[str, Any], tmp_path: Path) -> list[dict[str, Any]]:
    """The cards that a page of rough notes gave."""
    file = tmp_path / "call.txt"
    file.write_text(NOTES, encoding="utf-8")
    made = data(sandbox, "notes", meeting["id"], file)["cards"]
    assert made
    return list(made)


def test_a_fresh_machine_says_what_to_do_first(shell: Shell) -> None:
    for arguments in (("brief",), ("review",), ("audit", "verify"), ("pull",), ("deliver",)):
        result = shell(*arguments)
        assert result.code == 1
        assert "gangly demo" in result.err
    assert not shell.home.exists()


def test_the_brief_is_the_same_meeting_in_every_form(sandbox: Shell, meeting: dict[str, Any]) -> None:
    text = sandbox("brief", meeting["id"])
    markdown = sandbox("brief", meeting["id"], "--md")
    assert text.code == markdown.code == 0
    assert meeting["title"].split()[0] in text.out
    assert markdown.out.startswith("# ")
    assert "WHO ATTENDS" in text.out
    assert "## Who attends" in markdown.out
    assert "0 writes" in text.err
    assert "0 writes" in markdown.out


def test_a_meeting_is_found_by_its_beginning_or_its_title(sandbox: Shell, meeting: dict[str, Any]) -> None:
    assert data(sandbox, "brief", meeting["title"])["meeting"]["title"] == meeting["title"]
    result = sandbox("brief", "no such meeting")
    assert result.code == 1
    assert "gangly brief --list" in result.err


def test_notes_are_saved_before_anything_else_and_print_the_draft(
    sandbox: Shell, meeting: dict[str, Any], tmp_path: Path
) -> None:
    assert sandbox("sandbox", "offline").code == 0
    file = tmp_path / "call.txt"
    file.write_text(NOTES, encoding="utf-8")
    result = sandbox("notes", meeting["id"], file)
    assert result.code == 0, "a rep on a train drafts on what the store holds"
    assert result.err.index("saved") < result.err.index("drafted on what is stored here")
    assert "DPA" in result.out
    assert data(sandbox, "notes", meeting["id"])["text"] == NOTES
    offline = data(sandbox, "review")
    assert offline
    assert sandbox("sandbox", "online").code == 0
    again = data(sandbox, "notes", meeting["id"], file)
    assert again["fresh"] is True
    assert [each["heading"] for each in again["cards"]] == [each["heading"] for each in offline]
    assert len(data(sandbox, "review")) == len(offline), "the same text again asks nothing twice"


def test_what_a_person_typed_is_not_replaced_by_a_file(
    sandbox: Shell, meeting: dict[str, Any], cards: list[dict[str, Any]]
) -> None:
    assert sandbox("notes", meeting["id"], "-", stdin=b"my own words, nothing else").code == 0
    from gangly_tui.bootstrap import store_at_hand
    from gangly_tui.store import engagement

    with store_at_hand() as db:
        kept = {each.text for each in engagement.notes_of(db, meeting["id"])}
    assert {NOTES, "my own words, nothing else"} <= kept


def test_review_lists_ids_and_digests_and_changes_nothing(sandbox: Shell, cards: list[dict[str, Any]]) -> None:
    listed = data(sandbox, "review")
    assert [each["id"] for each in listed] == [each["id"] for each in cards]
    assert all(len(each["digest"]) == 64 and each["state"] == "open" for each in listed)
    text = sandbox("review").out
    assert all(f"{each['id']}@{each['digest'][:12]}" in text for each in listed)
    assert data(sandbox, "review") == listed


def test_only_what_was_named_is_approved_sent_and_read_back(sandbox: Shell, cards: list[dict[str, Any]]) -> None:
    chosen = cards[0]
    result = sandbox("approve", f"{chosen['id']}@{chosen['digest'][:12]}", "--deliver")
    assert result.code == 0, result.err
    assert "sent" in result.out
    assert [each["id"] for each in data(sandbox, "review")] == [each["id"] for each in cards[1:]]
    kinds = [each["kind"] for each in data(sandbox, "audit", "show", "--card", chosen["id"])]
    assert kinds == ["sent", "attempted", "approved"]
    assert sandbox("audit", "verify").code == 0
    assert "nothing to send" in sandbox("deliver").err


def test_an_approval_is_bound_to_the_card_that_was_listed(sandbox: Shell, cards: list[dict[str, Any]]) -> None:
    change = next(
        (each, field) for each in cards for field in each["changes"] if field["type"] in ("text", "long_text")
    )
    card, field = change[0], change[1]["field"]
    edited = data(sandbox, "edit", card["id"], field, "something else altogether")
    assert edited["digest"] != card["digest"]
    stale = sandbox("approve", f"{card['id']}@{card['digest'][:12]}")
    assert stale.code == 1
    assert "changed after it was listed" in stale.err
    assert sandbox("approve", f"{card['id']}@abc").code == 1
    assert data(sandbox, "audit", "show", "--text", "approved") == []
    assert sandbox("approve", f"{card['id']}@{edited['digest'][:12]}").code == 0


def test_the_trail_keeps_the_hash_of_what_approve_printed(sandbox: Shell, cards: list[dict[str, Any]]) -> None:
    long = next(each for each in cards if any(field["type"] == "long_text" for field in each["changes"]))
    words = "every word of it " * 60
    field = next(each["field"] for each in long["changes"] if each["type"] == "long_text")
    assert sandbox("edit", long["id"], field, words).code == 0
    printed, _, last = sandbox("approve", long["id"]).out.rstrip("\n").rpartition("\n")
    assert last.startswith("approved") and words.strip() in printed
    other = cards[0] if cards[0]["id"] != long["id"] else cards[1]
    told = data(sandbox, "approve", other["id"])[0]
    for card, view in ((long, printed), (other, told["view"])):
        kept = data(sandbox, "audit", "show", "--card", card["id"])
        digest = hashlib.sha256(view.encode()).hexdigest()
        assert [each["view_sha256"] for each in kept if each["kind"] == "approved"] == [digest]
    assert digest == told["view_sha256"] != told["digest"]


def test_one_bad_name_does_not_stop_the_others_and_is_told(sandbox: Shell, cards: list[dict[str, Any]]) -> None:
    result = sandbox("approve", "nothing-like-it", cards[0]["id"])
    assert result.code == 1
    assert cards[0]["id"] in result.out
    assert "nothing-like-it" in result.err
    again = sandbox("approve", cards[0]["id"])
    assert again.code == 1
    assert "already approved" in again.err


def test_there_is_no_yes_to_everything(sandbox: Shell, cards: list[dict[str, Any]]) -> None:
    for arguments in (("approve",), ("approve", "--all"), ("approve", "-y")):
        assert sandbox(*arguments).code == 2
    assert len(data(sandbox, "review")) == len(cards)


def test_a_rejection_keeps_its_reason(sandbox: Shell, cards: list[dict[str, Any]]) -> None:
    assert sandbox("reject", cards[0]["id"], "--reason", "they said maybe").code == 0
    entry = data(sandbox, "audit", "show")[0]
    assert (entry["kind"], entry["detail"]) == ("rejected", "they said maybe")
    assert cards[0]["id"] not in [each["id"] for each in data(sandbox, "review")]


def test_undo_withdraws_before_it_left_and_lays_out_the_inverse_after(
    sandbox: Shell, cards: list[dict[str, Any]]
) -> None:
    first = cards[0]
    assert sandbox("approve", first["id"]).code == 0
    assert data(sandbox, "undo")["withdrawn"]["id"] == first["id"]
    assert sandbox("approve", first["id"], "--deliver").code == 0
    inverse = data(sandbox, "undo", first["id"])["inverse"]
    assert inverse["undoes"] == first["id"]
    assert sandbox("approve", inverse["id"], "--deliver").code == 0
    assert sandbox("audit", "verify").code == 0


def test_a_value_the_crm_would_not_take_is_refused_with_the_reason(sandbox: Shell, cards: list[dict[str, Any]]) -> None:
    dated = [(each["id"], field["field"]) for each in cards for field in each["changes"] if field["type"] == "date"]
    card, field = dated[0]
    result = sandbox("edit", card, field, "soon")
    assert result.code == 1
    assert "'soon' is not a date" in result.err
    assert "2026-11-15" in result.err


def test_the_trail_leaves_as_json_lines_and_as_csv(sandbox: Shell, cards: list[dict[str, Any]]) -> None:
    assert sandbox("approve", cards[0]["id"], "--deliver").code == 0
    lines = [json.loads(line) for line in sandbox("audit", "export").out.splitlines()[1:]]
    rows = list(csv.DictReader(io.StringIO(sandbox("audit", "export", "--csv").out)))
    assert [each["seq"] for each in lines] == [int(each["seq"]) for each in rows] == list(range(1, len(lines) + 1))


def test_an_altered_trail_is_exit_code_three(sandbox: Shell, cards: list[dict[str, Any]]) -> None:
    from gangly_tui.bootstrap import store_at_hand

    assert sandbox("reject", cards[0]["id"]).code == 0
    with store_at_hand() as db:
        table = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%trail%'").fetchone()[0]
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            if "trail" in trigger:
                db.execute(f"DROP TRIGGER {trigger}")
        db.execute(f"DELETE FROM {table}")
    for arguments in (("audit", "verify"), ("audit", "verify", "--json")):
        result = sandbox(*arguments)
        assert result.code == 3
        assert "Traceback" not in result.err
