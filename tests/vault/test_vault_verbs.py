"""The verbs around the vault: status, moving, and what the doctor says of it all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.app import SuspendNotSupported

from gangly_tui import keys
from gangly_tui.bootstrap import CALENDAR, DEMO, open_store, store_file
from gangly_tui.commands import app as app_commands
from gangly_tui.domain.errors import GanglyError, VaultError
from gangly_tui.domain.secret import Secret
from gangly_tui.store import room
from gangly_tui.store.backups import back_up
from tests.cli.shell import Shell
from tests.vault.conftest import PASSPHRASE, FakeKeyring, Install, Person, posing_as
from tests.vault.test_keys import descriptor

OTHER = "five words make one too"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setattr(keys, "_OPEN", {})
    monkeypatch.setattr(keys, "_answer_from", None)
    return Shell(tmp_path / "home", monkeypatch, capsys)


def a_new_run(monkeypatch: pytest.MonkeyPatch, *answers: str) -> Person:
    """Nothing is open any more, and this person sits at the terminal."""
    person = Person(*answers)
    monkeypatch.setattr(keys, "_OPEN", {})
    monkeypatch.setattr(keys, "_answer_from", None)
    monkeypatch.setattr(keys, "_from_terminal", person)
    return person


def test_a_passphrase_is_given_by_descriptor_changed_and_moved(
    shell: Shell, safe: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nothing is kept yet" in shell("vault", "status").out
    a_new_run(monkeypatch, PASSPHRASE)
    made = shell("vault", "passphrase")
    assert made.out.startswith("kept in  passphrase (argon2id")
    open_store(CALENDAR).close()
    said = json.loads(shell("vault", "status", "--json").out)
    assert said["secrets"] == ["store calendar"]
    person = a_new_run(monkeypatch, PASSPHRASE, OTHER, OTHER)
    assert shell("vault", "passphrase").code == 0
    assert len(person.asked) == 3
    a_new_run(monkeypatch)
    assert shell("--passphrase-fd", descriptor(PASSPHRASE), "vault", "keyring").code == 1
    moved = shell("--passphrase-fd", descriptor(OTHER), "vault", "keyring")
    assert (moved.code, moved.out) == (0, "kept in  Secret Service\n")
    assert len(safe.held) == 1
    a_new_run(monkeypatch)
    open_store(CALENDAR).close()
    assert "store calendar" in shell("vault", "status").out


def test_the_doctor_names_backend_cipher_backups_room_and_permissions(
    shell: Shell, safe: FakeKeyring, install: Install
) -> None:
    assert shell("connect", "sandbox").code == 0
    assert "they would be in Secret Service" in shell("doctor").out
    db = open_store(CALENDAR)
    back_up(db, store_file(CALENDAR))
    db.close()
    said = shell("doctor")
    assert said.code == 0, said.err
    for words in (
        "keys           in Secret Service",
        "SQLCipher 4.",
        "store.db (-rw-------) encrypted",
        "store.db (-rw-------) not encrypted: fiction",
        "backup-v",
        "16 MiB kept free",
        "witness",
    ):
        assert words in said.out
    facts = json.loads(shell("doctor", "--json").out)
    assert facts["problems"] == []
    assert len(facts["backups"]) == 1

    install(posing_as("keyring.backends.kwallet"))
    assert "but KWallet answers" in shell("doctor").err
    install(posing_as("keyrings.alt.file"))
    said = shell("doctor")
    assert said.code == 1
    assert "in Secret Service, which is away" in said.out
    assert "keyrings.alt.file.Keyring is refused" in said.out
    install(safe)

    page = shell.home / "config.toml"
    page.write_text(page.read_text() + '[trail]\nwitness = "/team/heads"\n')
    assert json.loads(shell("doctor", "--json").out)["witness"] == "/team/heads"

    backup = next(store_file(CALENDAR).parent.glob("*.backup-*"))
    backup.chmod(0o640)
    assert f"chmod 600 {backup}" in shell("doctor").out
    backup.chmod(0o600)
    room.room_file(store_file(DEMO)).unlink()
    assert "approving has stopped" in shell("doctor").out
    (shell.home / "data" / "vault.json").write_text("{}")
    assert "is damaged" in shell("doctor").out


def test_the_doctor_speaks_of_a_passphrase_and_of_a_store_in_clear(
    shell: Shell, none: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gangly_tui.store.database import open_database

    assert "so a passphrase would be asked for" in shell("doctor").out
    open_database(store_file(CALENDAR), room=1).close()
    assert "not encrypted: it will be at the next start" in shell("doctor").out
    person = a_new_run(monkeypatch, PASSPHRASE)
    open_store(CALENDAR).close()
    assert "this machine offers no keyring" in person.asked[0]
    said = shell("doctor")
    assert "keys           in passphrase (argon2id" in said.out
    assert "it will be" not in said.out.partition("backups")[0]
    assert said.code == 0


def test_own_calendar_from_the_shell(shell: Shell, none: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tests.vault.own_day import CALENDAR_FILE

    file = tmp_path / "own.ics"
    file.write_text(CALENDAR_FILE.replace("\n", "\r\n"))
    a_new_run(monkeypatch)
    refused = shell("connect", "calendar", file)
    assert refused.code == 1
    assert "this machine offers no keyring, and there is no terminal" in refused.err
    assert "--passphrase-fd" in refused.err
    assert not (shell.home / "config.toml").exists()
    made = shell("--passphrase-fd", descriptor(PASSPHRASE), "connect", "calendar", file)
    assert (made.code, made.out) == (0, "own calendar · sandbox CRM · store encrypted\n")
    a_new_run(monkeypatch)
    assert shell("review").code == 1, "the next run asks again"
    a_new_run(monkeypatch)
    assert shell("--passphrase-fd", descriptor(PASSPHRASE), "review").code == 0
    wrong = shell("--passphrase-fd", descriptor("not this one"), "review")
    assert (wrong.code, wrong.out) == (1, "")
    assert "that is not the passphrase" in wrong.err


class Aside:
    """An app that steps aside as Textual's does: it comes back only when nothing is raised meanwhile."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @contextmanager
    def suspend(self) -> Iterator[None]:
        self.told.append("aside")
        yield
        self.told.append("back")


@pytest.mark.parametrize("error", [VaultError("no keyring"), KeyboardInterrupt()], ids=["refused", "called off"])
def test_the_app_comes_back_when_own_data_is_refused(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def refuse(_: str) -> None:
        raise error

    monkeypatch.setattr(app_commands, "_choose", refuse)
    app = Aside()
    with pytest.raises(GanglyError):
        app_commands._choose_aside(app, "calendar:/x.ics")  # type: ignore[arg-type]
    assert app.told == ["aside", "back"]


def test_the_app_steps_aside_for_own_data_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_commands, "_choose", lambda choice: choice)
    app = Aside()
    assert app_commands._choose_aside(app, "sandbox") == "sandbox"  # type: ignore[arg-type, comparison-overlap]
    assert app.told == []
    assert app_commands._choose_aside(app, "calendar:/x.ics")  # type: ignore[arg-type]
    assert app.told == ["aside", "back"]

    def cannot() -> None:
        raise SuspendNotSupported

    monkeypatch.setattr(app, "suspend", cannot)
    with pytest.raises(GanglyError, match="from inside") as caught:
        app_commands._choose_aside(app, "calendar:/x.ics")  # type: ignore[arg-type]
    assert caught.value.fix == "gangly connect calendar /x.ics"


def test_a_secret_never_comes_back_out(shell: Shell, safe: FakeKeyring) -> None:
    (shell.home / "data").mkdir(parents=True, mode=0o700)
    keys.keys_of(shell.home / "data").vault().put("zoom", Secret("canary-token"))
    for arguments in (("vault", "status"), ("vault", "status", "--json"), ("doctor",), ("doctor", "--json")):
        said = shell(*arguments)
        assert "canary" not in said.out + said.err
