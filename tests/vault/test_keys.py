"""The key of a store: made once, never replaced while a store needs it; a passphrase asked unseen or by descriptor."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from gangly_tui import keys
from gangly_tui.bootstrap import CALENDAR, DEMO, crm_file, open_store, store_file
from gangly_tui.domain.errors import StoreError, VaultError
from gangly_tui.domain.secret import Secret
from gangly_tui.keys import Keys, derived, keys_of
from gangly_tui.store import trail
from gangly_tui.store.database import open_database
from gangly_tui.store.encrypt import is_in_clear, is_keyed
from tests.patience import LONG, wait_until
from tests.store import made
from tests.vault.conftest import PASSPHRASE, FakeKeyring, Install, posing_as

ROOT = Path(__file__).parents[2]


def descriptor(text: str | bytes) -> int:
    """An open descriptor that says this, once."""
    reading, writing = os.pipe()
    os.write(writing, text.encode() if isinstance(text, str) else text)
    os.close(writing)
    return reading


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANGLY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(keys, "_OPEN", {})
    return tmp_path / "home"


def test_a_key_is_made_once_and_found_again(folder: Path, safe: FakeKeyring) -> None:
    first = Keys(folder).of_store("store x", folder / "store.db")
    assert len(first) == keys.KEY_BYTES
    assert Keys(folder).of_store("store x", folder / "store.db") == first
    assert Keys(folder).of_store("store y", folder / "other.db") != first
    assert derived(first, "one") == derived(first, "one") != derived(first, "two")


def test_a_keyring_that_waits_for_somebody_is_told(
    folder: Path, safe: FakeKeyring, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(keys, "_UNTIL_TOLD", LONG)
    kept = Keys(folder).of_store("x", folder / "store.db")
    assert capsys.readouterr().err == ""
    at_once, told = safe.get_password, list[str]()

    def once_it_is_told(*name: str) -> str | None:
        wait_until(lambda: told.append(capsys.readouterr().err) or "it may ask to be unlocked" in "".join(told))
        return at_once(*name)

    monkeypatch.setattr(keys, "_UNTIL_TOLD", 0.05)
    monkeypatch.setattr(safe, "get_password", once_it_is_told)
    assert Keys(folder).of_store("x", folder / "store.db") == kept


def test_a_crash_of_the_interpreter_leaves_no_memory_on_the_disk(folder: Path) -> None:
    program = """
        import resource, sys
        from pathlib import Path
        from gangly_tui.keys import Keys
        resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
        Keys(Path(sys.argv[1]), passphrase_fd=int(sys.argv[2])).of_store("x", Path(sys.argv[1]) / "store.db")
        assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
    """
    reading = descriptor(PASSPHRASE)
    command = [sys.executable, "-c", textwrap.dedent(program), str(folder), str(reading)]
    done = subprocess.run(command, cwd=ROOT, pass_fds=[reading], capture_output=True, text=True, check=False)
    os.close(reading)
    assert done.returncode == 0, done.stderr


def test_a_store_whose_key_is_gone_gets_no_new_one(folder: Path, safe: FakeKeyring) -> None:
    store = folder / "store.db"
    open_database(store, key=Keys(folder).of_store("store x", store)).close()
    before = dict(safe.held)
    safe.held.clear()
    with pytest.raises(VaultError, match="is not in Secret Service") as caught:
        Keys(folder).of_store("store x", store)
    assert caught.value.fix
    assert safe.held == {}
    safe.held.update(before)
    page = (folder / "vault.json").read_bytes()
    (folder / "vault.json").unlink()
    with pytest.raises(VaultError, match=r"vault.json is missing"):
        Keys(folder).of_store("store x", store)
    assert not (folder / "vault.json").exists()
    (folder / "vault.json").write_bytes(page)
    (folder / "vault.json").chmod(0o600)
    open_database(store, key=Keys(folder).of_store("store x", store)).close()


def test_a_descriptor_answers_and_means_a_passphrase(folder: Path, safe: FakeKeyring) -> None:
    first = Keys(folder, passphrase_fd=descriptor(PASSPHRASE + "\r\n")).of_store("x", folder / "store.db")
    assert safe.held == {}, "who gives a passphrase wants one"
    again = Keys(folder, passphrase_fd=descriptor(PASSPHRASE))
    assert again.of_store("x", folder / "store.db") == first
    with pytest.raises(VaultError, match="not the passphrase"):
        Keys(folder, passphrase_fd=descriptor("something else")).vault()


@pytest.mark.parametrize(
    ("said", "words"),
    [("", "gives no passphrase"), ("\n", "gives no"), ("x" * 5000, "gives no"), (b"\xff\xfe", "not UTF-8")],
    ids=["nothing", "an empty line", "a book", "bytes"],
)
def test_a_descriptor_that_gives_none_is_told(folder: Path, none: None, said: str | bytes, words: str) -> None:
    with pytest.raises(VaultError, match=words) as caught:
        Keys(folder, passphrase_fd=descriptor(said)).ask("?")
    assert "--passphrase-fd" in caught.value.fix


def test_a_descriptor_that_is_not_open_is_told(folder: Path) -> None:
    with pytest.raises(VaultError, match="descriptor 999"):
        Keys(folder, passphrase_fd=999).ask("?")


ASK = """
    import sys
    from pathlib import Path
    from gangly_tui.domain.errors import VaultError
    from gangly_tui.keys import Keys
    try:
        secret = Keys(Path(".")).ask("Say it: ")
    except VaultError as error:
        sys.exit(f"refused: {error}")
    print("length", len(secret.reveal()), secret, file=sys.stderr)
"""


def test_a_terminal_asks_and_shows_nothing_of_it() -> None:
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-c", textwrap.dedent(ASK)])
    shown = os.read(terminal, 100)
    while b"Say it" not in shown:
        shown += os.read(terminal, 100)
    os.write(terminal, b"canary words\n")
    try:
        while more := os.read(terminal, 1000):
            shown += more
    except OSError:  # the other end has closed
        pass
    os.close(terminal)
    assert os.waitpid(child, 0)[1] == 0
    assert b"length 12" in shown
    assert b"canary" not in shown


def test_without_a_terminal_nothing_is_read_from_the_input() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ASK)],
        input=b"canary words\n", cwd=ROOT, capture_output=True, start_new_session=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert b"refused: there is no terminal" in done.stderr


def test_a_terminal_that_cannot_hide_what_is_typed_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    import getpass
    import warnings

    monkeypatch.setattr(os, "open", lambda *_: os.dup(0))

    def shows(_: str) -> str:
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=2)
        return "canary"

    monkeypatch.setattr(getpass, "getpass", shows)
    with pytest.raises(VaultError, match="no terminal"):
        keys._from_terminal("?")


def test_two_windows_that_start_at_once_make_one_key(folder: Path, safe: FakeKeyring) -> None:
    found: list[Secret[bytes]] = []
    work = [
        threading.Thread(target=lambda: found.append(Keys(folder).of_store("x", folder / "store.db"))) for _ in range(6)
    ]
    for each in work:
        each.start()
    for each in work:
        each.join()
    assert len(found) == 6
    assert all(each == found[0] for each in found)
    assert len(safe.held) == 1


# -- the profiles ------------------------------------------------------------------------------------------------------


def test_the_fiction_opens_without_a_keyring_and_without_a_question(home: Path, install: Install) -> None:
    install(posing_as("keyrings.alt.file"))
    open_store(DEMO).close()
    assert is_in_clear(store_file(DEMO))
    assert not (home / "data" / "vault.json").exists()


def test_own_data_is_refused_a_place_without_a_keyring(home: Path, none: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: str) -> Secret[str]:
        raise VaultError("there is no terminal to ask for a passphrase")

    monkeypatch.setattr(keys, "_from_terminal", nobody)
    with pytest.raises(VaultError, match="offers no keyring, and there is no terminal"):
        open_store(CALENDAR)
    assert not store_file(CALENDAR).exists()
    assert all(each.stat().st_mode & 0o077 == 0 for each in (home, *home.rglob("*")))


def test_a_store_left_in_clear_is_encrypted_when_it_is_opened(home: Path, safe: FakeKeyring) -> None:
    store = store_file(CALENDAR)
    old = open_database(store)
    made.append(old, op_id="before")
    old.close()
    db = open_store(CALENDAR)
    assert trail.verify_trail(db)[0] == 1
    db.close()
    assert is_keyed(store)
    assert len(list(store.parent.glob("store.db.backup-*"))) == 1
    with pytest.raises(StoreError, match="another key"):
        open_database(store)


def test_the_crm_beside_own_data_is_encrypted_too(home: Path, safe: FakeKeyring, tmp_path: Path) -> None:
    from gangly_tui.bootstrap import open_desk
    from gangly_tui.config import Config
    from gangly_tui.connectors.record.sandbox import create_empty

    crm_file(CALENDAR).parent.mkdir(parents=True, mode=0o700)
    create_empty(crm_file(CALENDAR))
    assert is_in_clear(crm_file(CALENDAR))
    for _ in range(2):
        desk = open_desk(Config(crm="sandbox", calendars=(str(tmp_path / "none.ics"),)))
        assert "store encrypted" in desk.label
        assert is_keyed(crm_file(CALENDAR))
        desk.close()
    safe_key = keys_of(home / "data").of_store("store calendar", store_file(CALENDAR))
    with pytest.raises(StoreError, match="another key"):
        open_database(crm_file(CALENDAR), key=safe_key)
    crm_file(CALENDAR).unlink()
    desk = open_desk(Config(crm="sandbox", calendars=(str(tmp_path / "none.ics"),)))
    desk.close()
    assert is_keyed(crm_file(CALENDAR))


def test_a_newer_store_is_labelled(home: Path, safe: FakeKeyring, tmp_path: Path) -> None:
    from gangly_tui.bootstrap import open_desk
    from gangly_tui.config import Config

    config = Config(crm="sandbox", calendars=(str(tmp_path / "none.ics"),))
    desk = open_desk(config)
    desk.db.execute("PRAGMA user_version = 999")
    desk.close()
    desk = open_desk(config)
    assert "READ ONLY" in desk.label
    desk.close()
