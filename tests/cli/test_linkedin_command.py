"""`gangly linkedin import`: what came in, in words; what changed since the export before; and the brief."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.shell import Shell
from tests.connectors.test_linkedin import HEAD, zipped

DANA = "Dana,Whitlock,https://www.linkedin.com/in/dana-whitlock,,Harbor & Pine,{},12 Mar 2021\n"


def test_an_export_by_the_verb(shell: Shell, tmp_path: Path) -> None:
    assert shell("connect", "sandbox").code == 0 and shell("pull").code == 0
    first = shell("linkedin", "import", zipped(tmp_path / "a.zip", Connections=HEAD + DANA.format("Buyer")))
    assert first.code == 0 and "1 connection, 0 of them" in first.out and "not in this export: invi" in first.out
    second = shell("linkedin", "import", zipped(tmp_path / "b.zip", Connections=HEAD + DANA.format("COO")))
    assert "Dana Whitlock: Buyer at Harbor & Pine, now COO at Harbor & Pine" in second.out
    told = json.loads(shell("linkedin", "import", tmp_path / "a.zip", "--json").out)
    assert told["connections"] == 1 and told["job_changes"][0]["position"] == "Buyer"
    brief = shell("brief", "harbor").out
    assert "connected since 2021; Buyer (linkedin)" in brief, "the company is the account's: said once"
    gone = shell("linkedin", "forget")
    assert gone.out == "forgotten: 1 entry\n" and "connected since" not in shell("brief", "harbor").out
    wrong = shell("linkedin", "import", tmp_path / "none.zip")
    assert wrong.code == 1 and "no file" in wrong.err and "try:" in wrong.err
