"""Who asked for no mail is said where a call is prepared, and on the card of the mail they do not get."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Shell

CALL = Path(__file__).parents[2] / "assets" / "demo" / "calls" / "bluewater-two-deals.md"


def test_the_brief_and_the_follow_up_say_it(shell: Shell) -> None:
    assert shell("connect", "sandbox").code == 0
    lines = shell("brief", "Bluewater").out.splitlines()
    assert [each.split(",")[0].strip() for each in lines if "asked for no mail" in each] == ["Owen Tate"]
    assert shell("notes", "Bluewater", str(CALL)).code == 0
    [card] = [each for each in json.loads(shell("review", "--json").out) if each["group"] == "follow-up"]
    assert card["note"] == "1 left out, asked for no mail: Owen Tate"
    assert "owen.tate@" not in json.dumps(card["changes"])
