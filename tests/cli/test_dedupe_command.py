"""gangly dedupe: found, explained, exported; nothing is written but the file that was asked for."""

from __future__ import annotations

import csv
import json
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gangly_tui.bootstrap import store_at_hand
from gangly_tui.domain.records import FieldStamp, Kind, Record, RecordRef
from gangly_tui.store import decisions, mirror
from tests.cli.conftest import Shell

THEN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def sandbox(shell: Shell) -> Shell:
    assert shell("connect", "sandbox").code == 0
    assert shell("pull").code == 0
    return shell


def contact(identifier: str, **fields: str) -> Record:
    ref = RecordRef(system="sandbox", kind=Kind.CONTACT, id=identifier)
    changed = {"last_name": FieldStamp(by="web.form@example.com", at=THEN)}
    return Record(ref=ref, version="1", fields=fields, updated_at=THEN, changed=changed)


def test_the_demo_has_three_people_twice_and_says_why(sandbox: Shell) -> None:
    told = sandbox("dedupe", "audit")
    assert told.code == 0
    assert "3 more than there should be (2.0%)" in told.out
    assert "keep   con-0100  Matteo Lachance" in told.out
    assert "merge  con-0151  Mateo Lachance" in told.out
    assert "names in each other's place: Daria Becker and Becker Daria" in told.out
    assert "merge them in the CRM" in told.err


def test_who_made_them_is_counted_by_the_page_s_sources(sandbox: Shell) -> None:
    with store_at_hand() as db:
        mirror.save_records(
            db,
            [
                contact("new", first_name="Dana", last_name="Whitlock", email="dana.whitlock+x@harborpine.example"),
                contact("odd", first_name="Zed", last_name="Quux", email="zed@gmial.com", phone="0117 496 0110"),
            ],
        )
    page = Path(sandbox("hierarchy", "show", "--own").out.strip())
    page.write_text(page.read_text("utf-8") + '\n[sources]\nform = ["web.form@example.com"]\n', "utf-8")
    found = json.loads(sandbox("dedupe", "audit", "--json").out)
    (form,) = [each for each in found["sources"] if each["name"] in ("form", "web.form@example.com")]
    assert (form["name"], form["records"], form["surplus"], form["rate"]) == ("form", 2, 1, 0.5)
    assert found["exact"] == 1
    (exact,) = [pair for group in found["groups"] for pair in group["pairs"] if pair["match"] == "exact"]
    assert "plus-alias" in exact["reasons"][0]
    assert [each["perhaps"] for each in found["mistyped"]] == ["zed@gmail.com"]


def test_the_file_names_ids_and_what_to_keep_and_holds_no_formula(sandbox: Shell, tmp_path: Path) -> None:
    with store_at_hand() as db:
        evil = contact(
            "evil", first_name='=HYPERLINK("http://x")', last_name="Dietrich", email="olga.dietrich@nettleco.example"
        )
        mirror.save_records(db, [evil])
    path = tmp_path / "doubles.csv"
    assert sandbox("dedupe", "audit", "--csv", path).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = list(csv.DictReader(path.open(encoding="utf-8", newline="")))
    assert {each["id"]: each["suggestion"] for each in rows if each["name"].endswith("Lachance")} == {
        "con-0100": "keep",
        "con-0151": "merge",
    }
    assert [each["name"] for each in rows if each["id"] == "evil"] == ['\'=HYPERLINK("http://x") Dietrich']


def test_an_empty_mirror_and_a_clean_one(shell: Shell) -> None:
    assert shell("connect", "sandbox").code == 0
    assert "gangly pull" in shell("dedupe", "audit").err


def test_normalising_shows_and_never_writes(sandbox: Shell) -> None:
    with store_at_hand() as db:
        (record,) = mirror.get_records(db, "sandbox", Kind.CONTACT, ["con-0001"])
        mirror.save_records(
            db, [replace(record, fields={**record.fields, "email": "Dana.Whitlock+News@HarborPine.example"})]
        )
        before = db.execute("SELECT group_concat(body) FROM record").fetchone()
    refused = sandbox("dedupe", "normalise")
    assert (refused.code, "--dry-run" in refused.err) == (2, True)
    told = sandbox("dedupe", "normalise", "--dry-run")
    assert "Dana.Whitlock+News@HarborPine.example → dana.whitlock@harborpine.example" in told.out
    assert "+49 30 5550 0150 → +493055500150" in sandbox("dedupe", "normalise", "--dry-run", "--all").out
    found = json.loads(sandbox("dedupe", "normalise", "--dry-run", "--json", "--batch", 5).out)
    assert found["looked_at"] == 10
    assert (
        json.loads(sandbox("dedupe", "normalise", "--dry-run", "--json", "--before", "2001-01-01").out)["forms"] == []
    )
    with store_at_hand() as db:
        assert db.execute("SELECT group_concat(body) FROM record").fetchone() == before


def test_a_new_contact_that_may_be_there_takes_a_reason(sandbox: Shell) -> None:
    call = Path("assets/demo/calls/kestrel-shorthand.txt")
    assert sandbox("notes", "Kestrel", call).code == 0
    with store_at_hand() as db:
        card = replace(
            decisions.proposals(db)[0],
            id="6512bd43d9caa6e02c99",
            choices=(),
            suspects=("sandbox:contact:con-0005",),
            note="perhaps a contact already: same phone as Tomasz Zielinski",
        )
        decisions.save_proposals(db, [card])
    refused = sandbox("approve", card.id)
    assert refused.code == 1
    assert "same phone as Tomasz Zielinski" in refused.err
    assert f"gangly approve {card.id} --reason" in refused.err
    assert sandbox("approve", card.id, "--reason", "his brother").code == 0
    assert "created anyway: his brother" in sandbox("audit", "show").out
