"""[processing] in config.toml: where the words of a call may be read by a model, and whose people may get mail."""

from __future__ import annotations

from pathlib import Path

import pytest

from gangly_tui.bootstrap import open_desk
from gangly_tui.config import parse_config
from gangly_tui.domain.errors import ConfigError

PATH = Path("config.toml")


def test_what_is_allowed_reaches_the_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGLY_HOME", str(tmp_path))
    page = 'crm = "sandbox"\n[processing]\nallow = ["EU", "DE"]\nmail = ["CH"]\nrecording = ["Given"]\n'
    desk = open_desk(parse_config(page, PATH))
    try:
        assert (desk.settings.processing, desk.settings.mail_regions) == (("EU", "DE"), ("CH",))
        assert desk.settings.recording_agreed == ("Given",)
        assert desk.courier._courier._gate.regions == ("CH",)  # type: ignore[attr-defined]  # built when it is needed
    finally:
        desk.close()


@pytest.mark.parametrize(
    ("text", "line", "words", "fix"),
    [
        ('processing = "EU"\n', 1, "must be a table, not text", "[processing]"),
        ('[processing]\nalow = ["EU"]\n', 2, "has no setting 'alow'", "'allow'"),
        ('[processing]\nallow = "EU"\n', 2, "must be a list of texts", 'allow = ["EU", "DE"]'),
        ("[processing]\nallow = [1]\n", 2, "must be a list of texts", 'allow = ["EU", "DE"]'),
        ("[processing]\nmail = []\n", 2, "mail names no country or region", 'mail = ["EU", "DE"]'),
        ("[processing]\nrecording = ['']\n", 2, "recording names no word", "Given in writing"),
        ("[processing]\nallow = []\n", 2, "names no country or region", "leave it out"),
        ('[processing]\nallow = ["EU", " "]\n', 2, "names no country or region", "leave it out"),
    ],
)
def test_a_wrong_setting_names_the_line_and_what_to_write(text: str, line: int, words: str, fix: str) -> None:
    with pytest.raises(ConfigError, match=rf"line {line}: processing .*{words}") as refused:
        parse_config(text, PATH)
    assert fix in (refused.value.fix or "")
