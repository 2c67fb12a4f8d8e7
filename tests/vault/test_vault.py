"""Where secrets are kept: a keyring that encrypts, else a passphrase, else nowhere; never in clear."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.errors import InitError, KeyringLocked

from gangly_tui.connectors import vault_page
from gangly_tui.connectors.vault import (
    Vault,
    change_passphrase,
    described,
    make_vault,
    move_to_keyring,
    names_in,
    open_vault,
)
from gangly_tui.connectors.vault_keyring import LONGEST, SAFE_KEYRINGS, safe_keyring
from gangly_tui.domain.errors import VaultError
from gangly_tui.domain.secret import Secret
from tests.vault.conftest import PASSPHRASE, FakeKeyring, Install, Person, no_lock, posing_as

TOKEN = Secret("00D-canary-refresh-token-ü")


def behind_passphrase(folder: Path) -> Vault:
    return make_vault(folder, ask=Person(PASSPHRASE), lock=no_lock, passphrase=True)


def opened(folder: Path, *answers: str) -> Vault:
    found = open_vault(folder, ask=Person(*answers), lock=no_lock)
    assert found is not None
    return found


def page(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "vault.json").read_text())
    return found


def in_clear(folder: Path) -> bool:
    return any(b"canary" in each.read_bytes() or b"four words" in each.read_bytes() for each in folder.iterdir())


@pytest.mark.parametrize("way", ["keyring", "passphrase"])
def test_what_is_put_is_there_in_the_next_run(folder: Path, safe: FakeKeyring, way: str) -> None:
    made = make_vault(folder, ask=Person(PASSPHRASE), lock=no_lock, passphrase=way == "passphrase")
    made.put("salesforce", TOKEN)
    made.put("zoom", Secret("old"))
    made.put("zoom", Secret("new"))
    again = opened(folder, PASSPHRASE)
    assert (again.get("salesforce"), again.get("zoom"), again.get("hubspot")) == (TOKEN, Secret("new"), None)
    assert sorted(again.names()) == names_in(folder) == ["salesforce", "zoom"]
    again.remove("zoom")
    again.remove("zoom")
    assert made.get("zoom") is None
    assert made.names() == ["salesforce"]
    assert described(folder) == made.backend == again.backend
    assert (folder / "vault.json").stat().st_mode & 0o777 == 0o600
    assert not in_clear(folder)
    assert bool(safe.held) is (way == "keyring")


def test_nothing_is_kept_yet(folder: Path) -> None:
    assert open_vault(folder, ask=Person(), lock=no_lock) is None
    assert (described(folder), names_in(folder)) == ("", [])


def test_two_data_folders_do_not_share_a_keyring_entry(tmp_path: Path, safe: FakeKeyring) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        make_vault(tmp_path / name, ask=Person(), lock=no_lock).put("store", Secret(name))
    assert [opened(tmp_path / name).get("store") for name in ("one", "two")] == [Secret("one"), Secret("two")]


# -- which keyrings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", sorted(SAFE_KEYRINGS))
def test_keyrings_that_encrypt_are_taken(folder: Path, install: Install, module: str) -> None:
    install(posing_as(module))
    assert make_vault(folder, ask=Person(), lock=no_lock).backend == SAFE_KEYRINGS[module]


REFUSED = [
    "keyrings.alt.file",
    "keyrings.alt.Gnome",
    "keyring.backends.null",
    "keyring.backends.fail",
    "keyring.backends.SecretService.plaintext",
    "somebody.backends",
]


@pytest.mark.parametrize("chained", [False, True], ids=["alone", "chained"])
@pytest.mark.parametrize("module", REFUSED)
def test_any_other_keyring_is_refused_and_never_given_anything(
    folder: Path, install: Install, module: str, chained: bool
) -> None:
    bad = posing_as(module)
    chain = posing_as("keyring.backends.chainer")
    chain.backends = [bad, posing_as("keyring.backends.SecretService")]  # type: ignore[attr-defined]
    install(chain if chained else bad)
    with pytest.raises(VaultError, match="cannot be kept safely") as caught:
        make_vault(folder, ask=Person(), lock=no_lock)
    assert "no terminal" in str(caught.value)
    assert "--passphrase-fd" in caught.value.fix
    assert list(folder.iterdir()) == []
    assert not bad.held
    assert make_vault(folder, ask=Person(PASSPHRASE), lock=no_lock).backend.startswith("passphrase")


def test_a_chain_that_begins_safely_is_used_without_the_chain(folder: Path, install: Install) -> None:
    good, bad = posing_as("keyring.backends.kwallet"), posing_as("keyrings.alt.file")
    chain = posing_as("keyring.backends.chainer")
    chain.backends = [good, bad]  # type: ignore[attr-defined]
    install(chain)
    made = make_vault(folder, ask=Person(), lock=no_lock)
    made.put("zoom", TOKEN)
    good.trouble = KeyringLocked()
    with pytest.raises(VaultError, match="KWallet is locked"):
        made.put("zoom", TOKEN)
    assert not bad.held


def test_an_empty_chain_and_a_broken_plug_in_are_no_keyring(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = posing_as("keyring.backends.chainer")
    chain.backends = []  # type: ignore[attr-defined]
    install(chain)
    with pytest.raises(VaultError, match="offers no keyring"):
        safe_keyring()

    def explode() -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr(keyring, "get_keyring", explode)
    with pytest.raises(VaultError, match="RuntimeError") as caught:
        safe_keyring()
    assert "canary" not in str(caught.value)


# -- a keyring in trouble ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [KeyringLocked("canary"), InitError("canary"), OSError("canary")], ids=repr)
def test_a_keyring_in_trouble_is_told_without_its_own_words(
    folder: Path, safe: FakeKeyring, trouble: Exception
) -> None:
    made = make_vault(folder, ask=Person(), lock=no_lock)
    made.put("zoom", TOKEN)
    safe.trouble = trouble
    for act in (lambda: made.get("zoom"), lambda: made.put("zoom", TOKEN), lambda: made.remove("zoom")):
        with pytest.raises(VaultError, match=r"Secret Service (is locked|does not answer)") as caught:
            act()
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.fix
    safe.trouble = None
    assert made.get("zoom") == TOKEN


def test_a_locked_keyring_at_the_first_start_leads_to_a_passphrase_or_nowhere(folder: Path, safe: FakeKeyring) -> None:
    safe.trouble = KeyringLocked()
    with pytest.raises(VaultError, match="is locked, and there is no terminal"):
        make_vault(folder, ask=Person(), lock=no_lock)
    assert list(folder.iterdir()) == []
    person = Person(PASSPHRASE)
    assert make_vault(folder, ask=person, lock=no_lock).backend.startswith("passphrase")
    assert "Secret Service is locked" in person.asked[0]


def test_a_keyring_that_is_away_is_not_replaced(folder: Path, install: Install, safe: FakeKeyring) -> None:
    make_vault(folder, ask=Person(), lock=no_lock).put("store", TOKEN)
    for other, words in (
        ("keyring.backends.fail", "offers no keyring"),
        ("keyring.backends.kwallet", "KWallet answers"),
    ):
        install(posing_as(other))
        with pytest.raises(VaultError, match=f"the keys are in Secret Service.*{words}") as caught:
            open_vault(folder, ask=Person(PASSPHRASE), lock=no_lock)
        assert caught.value.fix
    install(safe)
    assert opened(folder).get("store") == TOKEN


def test_a_keyring_that_does_not_keep_what_it_was_given_is_found_out(folder: Path, safe: FakeKeyring) -> None:
    made = make_vault(folder, ask=Person(), lock=no_lock)
    safe.forgetful = True
    with pytest.raises(VaultError, match="did not keep"):
        made.put("store", TOKEN)


def test_a_page_that_vanishes_or_moves_is_told_and_never_overwritten(folder: Path, safe: FakeKeyring) -> None:
    kept = make_vault(folder, ask=Person(), lock=no_lock)
    kept.put("zoom", TOKEN)
    change_passphrase(folder, opened(folder), Secret(PASSPHRASE), lock=no_lock)
    before = (folder / "vault.json").read_bytes()
    sealed = opened(folder, PASSPHRASE)
    ways = [lambda v: v.get("zoom"), lambda v: v.put("zoom", TOKEN), lambda v: v.remove("zoom"), lambda v: v.names()]

    def refused(vault: Vault) -> None:
        for act in ways:
            with pytest.raises(VaultError, match="moved meanwhile") as caught:
                act(vault)
            assert caught.value.fix

    refused(kept)
    assert (folder / "vault.json").read_bytes() == before
    move_to_keyring(folder, opened(folder, PASSPHRASE), lock=no_lock)
    refused(sealed)
    assert opened(folder).get("zoom") == TOKEN
    (folder / "vault.json").unlink()
    refused(kept)
    refused(sealed)


# -- what is too long for a keyring ------------------------------------------------------------------------------------

LONG = Secret("canary-" + "ö" * 3000)


class Narrow(FakeKeyring):
    """Keeps no more an entry than Windows does."""

    def set_password(self, service: str, name: str, secret: str) -> None:
        if len(secret.encode("utf-16-le")) > 2560:
            raise OSError("the stub received bad data")
        super().set_password(service, name, secret)


@pytest.fixture
def narrow(install: Install) -> FakeKeyring:
    found: FakeKeyring = type("Keyring", (Narrow,), {"__module__": "keyring.backends.Windows"})()
    install(found)
    return found


def test_a_long_token_is_sealed_under_a_key_of_the_keyring(folder: Path, narrow: FakeKeyring) -> None:
    made = make_vault(folder, ask=Person(), lock=no_lock)
    for secret in (LONG, TOKEN, LONG, Secret("x" * LONGEST), Secret("x" * (LONGEST + 1))):
        made.put("microsoft", secret)
        assert opened(folder).get("microsoft") == secret
        assert made.names() == ["microsoft"]
        assert not in_clear(folder)
    made.put("google", LONG)
    made.remove("microsoft")
    assert (made.get("google"), made.get("microsoft")) == (LONG, None)
    assert len(narrow.held) == 1


def test_a_long_token_without_its_key_is_damage(folder: Path, narrow: FakeKeyring) -> None:
    made = make_vault(folder, ask=Person(), lock=no_lock)
    made.put("microsoft", LONG)
    held = dict(narrow.held)
    for gone in ({}, dict.fromkeys(held, "00" * 32)):
        narrow.held = gone
        with pytest.raises(VaultError, match="damaged"):
            made.get("microsoft")
    narrow.held = held
    assert made.get("microsoft") == LONG
    text = (folder / "vault.json").read_text()
    (folder / "vault.json").write_text(text.replace(page(folder)["secrets"]["microsoft"], "00" * 20))
    with pytest.raises(VaultError, match="damaged"):
        made.get("microsoft")


def test_long_tokens_move_with_the_others(folder: Path, narrow: FakeKeyring) -> None:
    first = make_vault(folder, ask=Person(), lock=no_lock)
    first.put("microsoft", LONG)
    first.put("zoom", TOKEN)
    second = change_passphrase(folder, first, Secret(PASSPHRASE), lock=no_lock)
    assert narrow.held == {}
    assert (second.get("microsoft"), second.get("zoom")) == (LONG, TOKEN)
    third = move_to_keyring(folder, second, lock=no_lock)
    assert (third.get("microsoft"), third.get("zoom")) == (LONG, TOKEN)
    again = move_to_keyring(folder, third, lock=no_lock)
    assert (again.get("microsoft"), again.get("zoom")) == (LONG, TOKEN)


# -- moving ------------------------------------------------------------------------------------------------------------


def test_a_new_passphrase_encrypts_nothing_again(folder: Path) -> None:
    made = behind_passphrase(folder)
    made.put("store", TOKEN)
    before = page(folder)
    assert change_passphrase(folder, made, Secret("another four words"), lock=no_lock) is made
    after = page(folder)
    assert after["secrets"] == before["secrets"]
    assert after["wrapped"] != before["wrapped"]
    assert after["argon2"]["salt"] != before["argon2"]["salt"]
    assert opened(folder, "another four words").get("store") == TOKEN
    assert made.get("store") == TOKEN, "the other window goes on"
    with pytest.raises(VaultError, match="not the passphrase"):
        opened(folder, PASSPHRASE)


def test_from_the_keyring_to_a_passphrase_and_back(folder: Path, safe: FakeKeyring) -> None:
    first = make_vault(folder, ask=Person(), lock=no_lock)
    first.put("store", TOKEN)
    first.put("zoom", Secret("two"))
    second = change_passphrase(folder, first, Secret(PASSPHRASE), lock=no_lock)
    assert safe.held == {}
    assert second.get("store") == opened(folder, PASSPHRASE).get("store") == TOKEN
    third = move_to_keyring(folder, second, lock=no_lock)
    assert (third.get("store"), third.get("zoom")) == (TOKEN, Secret("two"))
    assert opened(folder).names() == ["store", "zoom"]
    assert page(folder)["argon2"] is None
    assert set(page(folder)["secrets"].values()) == {""}
    assert move_to_keyring(folder, third, lock=no_lock).get("store") == TOKEN


def test_a_keyring_that_fails_on_the_way_in_leaves_the_passphrase(folder: Path, safe: FakeKeyring) -> None:
    made = behind_passphrase(folder)
    made.put("store", TOKEN)
    safe.forgetful = True
    with pytest.raises(VaultError, match="did not keep"):
        move_to_keyring(folder, made, lock=no_lock)
    assert opened(folder, PASSPHRASE).get("store") == TOKEN


def test_a_name_without_a_secret_is_passed_over(folder: Path, safe: FakeKeyring) -> None:
    made = make_vault(folder, ask=Person(), lock=no_lock)
    made.put("zoom", TOKEN)
    safe.held.clear()
    moved = change_passphrase(folder, made, Secret(PASSPHRASE), lock=no_lock)
    assert moved.names() == []
    back = move_to_keyring(folder, moved, lock=no_lock)
    back.put("zoom", TOKEN)
    safe.held.clear()
    assert move_to_keyring(folder, back, lock=no_lock).get("zoom") is None


def test_a_full_disk_leaves_the_page_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = behind_passphrase(folder)
    made.put("store", TOKEN)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(vault_page.os, "fsync", full)
        with pytest.raises(VaultError, match="No space left") as caught:
            made.put("zoom", TOKEN)
    assert "free some space" in caught.value.fix
    assert made.names() == ["store"]
    made.put("zoom", TOKEN)
    assert opened(folder, PASSPHRASE).names() == ["store", "zoom"]


def test_what_a_crash_left_of_a_page_is_in_nobodys_way(folder: Path) -> None:
    made = behind_passphrase(folder)
    (folder / "vault.new").write_text("half of a pa")
    made.put("zoom", TOKEN)
    assert opened(folder, PASSPHRASE).names() == ["zoom"]
    assert [each.name for each in folder.iterdir()] == ["vault.json"]


def test_page_and_folder_are_on_the_disk_before_it_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = behind_passphrase(folder)
    synced: list[bool] = []
    real = os.fsync

    def note(handle: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(handle).st_mode))
        real(handle)

    monkeypatch.setattr(vault_page.os, "fsync", note)
    made.put("zoom", TOKEN)
    assert synced == ([False, True] if sys.platform != "win32" else [False])
