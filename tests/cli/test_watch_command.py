"""`watch = "…"` in config.toml: what lies in the folder comes with `gangly pull`, and is told of when it cannot."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gangly_tui.bootstrap import desk_at_hand
from gangly_tui.store import engagement
from tests.cli.shell import Shell
from tests.cli.test_connect_command import keyring  # noqa: F401 - the fixture


def put(path: Path, text: str, *, age: float) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (time.time() - age,) * 2)


@pytest.mark.usefixtures("keyring")
def test_a_folder_of_calls(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    shell.home.mkdir()
    (shell.home / "config.toml").write_text(f'crm = "sandbox"\nuser_email = "robin@seller.com"\nwatch = "{folder}"\n')
    begun = datetime.now(UTC) - timedelta(hours=1)
    event = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:c", f"DTSTART:{begun:%Y%m%dT%H%M00Z}",
        "DURATION:PT30M", "SUMMARY:Acme", "ATTENDEE:mailto:ada@acme.de", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    put(folder / "invite.ics", "\r\n".join(event), age=300)
    put(folder / "transcript.vtt", "WEBVTT\n\nAda: yes", age=1_500)
    put(folder / "Invoice.txt", "other", age=1_500)
    done = shell("pull")
    assert done.code == 0, done.err
    assert "1 meetings, 1 transcripts" in done.out and "Invoice.txt" in done.err and "^o" in done.err
    with desk_at_hand() as desk:
        (met,) = engagement.meetings_between(desk.db, begun - timedelta(hours=1), begun + timedelta(hours=1))
        assert engagement.transcript_of(desk.db, met.id) == "WEBVTT\n\nAda: yes"
    again = shell("pull")
    assert again.code == 0 and "0 transcripts" in again.out
    assert sorted(each.name for each in folder.iterdir()) == ["Invoice.txt", "invite.ics", "transcript.vtt"]


def test_a_folder_by_no_full_path_is_refused(shell: Shell) -> None:
    shell.home.mkdir()
    (shell.home / "config.toml").write_text('crm = "sandbox"\nwatch = "calls"\n')
    wrong = shell("pull")
    assert wrong.code == 1 and "line 2" in wrong.err and "~/calls" in wrong.err
