"""Behind a passphrase: what is asked, what opens, and what a changed page does."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.connectors.vault import make_vault, open_vault
from gangly_tui.connectors.vault_page import Argon2
from gangly_tui.connectors.vault_passphrase import SHORTEST
from gangly_tui.domain.errors import VaultError
from gangly_tui.domain.secret import Secret
from tests.vault.conftest import PASSPHRASE, Person, no_lock

TOKEN = Secret("canary")


@pytest.fixture
def kept(folder: Path) -> Path:
    """A page with one secret."""
    make_vault(folder, ask=Person(PASSPHRASE), lock=no_lock, passphrase=True).put("store", TOKEN)
    return folder / "vault.json"


def test_it_is_asked_twice_and_has_to_be_long(folder: Path) -> None:
    for answers, words in (
        (("x" * (SHORTEST - 1),), "shorter than 12"),
        ([PASSPHRASE + each for each in "123456"], "differ"),
    ):
        with pytest.raises(VaultError, match=words) as caught:
            make_vault(folder, ask=Person(*answers), lock=no_lock, passphrase=True)
        assert caught.value.fix
        assert list(folder.iterdir()) == []
    person = Person("short", PASSPHRASE, "slip", PASSPHRASE)
    make_vault(folder, ask=person, lock=no_lock, passphrase=True)
    assert len(person.asked) == 5
    assert person.asked[1].startswith("That is shorter than 12 characters.")
    assert person.asked[3].startswith("The two differ.")


def test_nobody_to_ask_for_the_wanted_passphrase(folder: Path) -> None:
    with pytest.raises(VaultError, match="no terminal"):
        make_vault(folder, ask=Person(), lock=no_lock, passphrase=True)
    assert list(folder.iterdir()) == []


def test_a_slip_is_forgiven_twice_and_a_script_is_not_asked_again(kept: Path) -> None:
    person = Person("slip", "another slip", PASSPHRASE)
    vault = open_vault(kept.parent, ask=person, lock=no_lock)
    assert vault is not None
    assert vault.get("store") == TOKEN
    assert len(person.asked) == 3
    assert "not it" in person.asked[1]
    for answers, times in ((("a", "b", "c", PASSPHRASE), 3), (("always the same",), 2)):
        person = Person(*answers)
        with pytest.raises(VaultError, match="not the passphrase") as caught:
            open_vault(kept.parent, ask=person, lock=no_lock)
        assert len(person.asked) == times
        assert caught.value.fix


def test_one_text_is_one_passphrase_however_the_keyboard_composes_it(folder: Path) -> None:
    typed = "größer als zwölf"
    make_vault(folder, ask=Person(unicodedata.normalize("NFD", typed)), lock=no_lock, passphrase=True)
    assert open_vault(folder, ask=Person(unicodedata.normalize("NFC", typed)), lock=no_lock) is not None


def test_the_cost_is_kept_beside_the_key_and_is_rfc_9106s(kept: Path) -> None:
    cost = json.loads(kept.read_text())["argon2"]
    assert (cost["passes"], cost["kib"], cost["lanes"]) == (3, 65536, 4)
    assert len(bytes.fromhex(cost["salt"])) == 16


def test_a_page_with_other_parameters_of_its_own_opens(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Argon2.__init__, "__kwdefaults__", {"passes": 1, "kib": 8192, "lanes": 1})
        make_vault(folder, ask=Person(PASSPHRASE), lock=no_lock, passphrase=True)
    assert json.loads((folder / "vault.json").read_text())["argon2"]["kib"] == 8192
    assert open_vault(folder, ask=Person(PASSPHRASE), lock=no_lock) is not None


def set_to(*keys: str, value: Any) -> Any:
    def change(page: dict[str, Any]) -> None:
        inner = page
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value

    return change


DAMAGE = {
    "cut short": set_to("wrapped", value="00" * 8),
    "not hex": set_to("wrapped", value="zz" * 40),
    "a secret cut short": set_to("secrets", value={"store": "00"}),
    "a secret emptied": set_to("secrets", value={"store": ""}),
    "another version": set_to("version", value=2),
    "a terabyte": set_to("argon2", "kib", value=1 << 30),
    "no pass": set_to("argon2", "passes", value=0),
    "a crowd": set_to("argon2", "lanes", value=1000),
    "no salt": set_to("argon2", "salt", value="00"),
    "words for numbers": set_to("argon2", "kib", value="65536"),
    "a list": set_to("argon2", value=[]),
    "neither way": set_to("argon2", value=None),
    "both ways": set_to("keyring", value="KWallet"),
    "a wrapped key cut short": set_to("wrapped", value="00" * 12),
    "an odd name": set_to("id", value="../x"),
    "an unknown key": set_to("surplus", value=1),
}


@pytest.mark.parametrize("change", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_page_is_refused_before_anything_is_asked(kept: Path, change: Any) -> None:
    page = json.loads(kept.read_text())
    change(page)
    kept.write_text(json.dumps(page))
    person = Person(PASSPHRASE)
    with pytest.raises(VaultError, match="is damaged") as caught:
        open_vault(kept.parent, ask=person, lock=no_lock)
    assert person.asked == []
    assert caught.value.fix


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff"], ids=["", "list", "bytes"])
def test_a_page_that_is_none_is_refused(kept: Path, text: bytes) -> None:
    kept.write_bytes(text)
    with pytest.raises(VaultError, match="is damaged"):
        open_vault(kept.parent, ask=Person(PASSPHRASE), lock=no_lock)


@pytest.mark.parametrize("key", ["id", "salt", "passes"])
def test_a_wrapped_key_is_tied_to_its_page(kept: Path, key: str) -> None:
    page = json.loads(kept.read_text())
    inner = page if key == "id" else page["argon2"]
    inner[key] = {"id": "00", "salt": "11" * 16, "passes": 2}[key]
    kept.write_text(json.dumps(page))
    with pytest.raises(VaultError, match="not the passphrase"):
        open_vault(kept.parent, ask=Person(PASSPHRASE), lock=no_lock)


def test_a_secret_put_in_the_place_of_another_is_not_taken_for_it(kept: Path) -> None:
    vault = open_vault(kept.parent, ask=Person(PASSPHRASE), lock=no_lock)
    assert vault is not None
    vault.put("zoom", Secret("other"))
    page = json.loads(kept.read_text())
    page["secrets"]["zoom"] = page["secrets"]["store"]
    kept.write_text(json.dumps(page))
    with pytest.raises(VaultError, match="is damaged"):
        vault.get("zoom")
    assert vault.get("store") == TOKEN


def test_a_page_that_others_can_read_or_that_is_a_link_is_refused(kept: Path) -> None:
    kept.chmod(0o644)
    with pytest.raises(VaultError, match="other users") as caught:
        open_vault(kept.parent, ask=Person(PASSPHRASE), lock=no_lock)
    assert caught.value.fix == f"chmod 600 {kept}"
    kept.chmod(0o600)
    elsewhere = kept.rename(kept.with_name("elsewhere"))
    kept.symlink_to(elsewhere)
    with pytest.raises(VaultError, match="cannot be read"):
        open_vault(kept.parent, ask=Person(PASSPHRASE), lock=no_lock)


@pytest.mark.parametrize(
    ("passes", "kib", "lanes", "taken"),
    [
        (1, 8, 1, True),
        (64, 4 << 20, 64, True),
        (0, 65536, 4, False),
        (65, 65536, 4, False),
        (3, 65536, 0, False),
        (3, 65536, 65, False),
        (3, 31, 4, False),
        (3, 32, 4, True),
        (3, (4 << 20) + 1, 4, False),
    ],
)
def test_the_cost_has_bounds(passes: int, kib: int, lanes: int, taken: bool) -> None:
    cost = Argon2(salt="00" * 16, passes=passes, kib=kib, lanes=lanes)
    if taken:
        cost.check()
        return
    with pytest.raises(ValueError, match="out of bounds"):
        cost.check()


def test_the_salt_has_sixteen_bytes_at_least() -> None:
    with pytest.raises(ValueError, match="too short"):
        Argon2(salt="00" * 15).check()


def test_a_page_that_would_be_right_but_has_no_end_is_refused(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes() + b" " * (1 << 20))
    with pytest.raises(VaultError, match="is damaged"):
        open_vault(kept.parent, ask=Person(PASSPHRASE), lock=no_lock)
