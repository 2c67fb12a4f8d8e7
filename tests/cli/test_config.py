"""config.toml: what it may hold, how it says what is wrong, that writing it loses nothing."""

from __future__ import annotations

import stat
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gangly_tui.config import Config, load_config, parse_config, paths, private_folder, save_config
from gangly_tui.domain.errors import ConfigError
from gangly_tui.machine_zone import MachineZone, machine_zone
from gangly_tui.settings_checks import zone

FILE = Path("config.toml")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANGLY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_one_variable_moves_configuration_data_and_log_under_one_folder(home: Path) -> None:
    places = paths()
    assert (places.config, places.data, places.log) == (home, home / "data", home / "log")


def test_without_it_the_platform_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANGLY_HOME", raising=False)
    assert paths().config_file.name == "config.toml"
    assert "gangly" in str(paths().data)


def test_looking_at_the_configuration_creates_nothing(home: Path) -> None:
    assert load_config() == Config()
    assert not home.exists()


def test_every_setting_is_read_with_its_type() -> None:
    config = parse_config(
        """
        crm = "sandbox"
        calendars = ["/somewhere/work.ics"]
        user_name = "Robin Vale"
        user_email = "robin@example.com"
        our_company = "Example"
        our_domains = ["example.com"]
        competitors = ["Other"]
        timezone = "Europe/Berlin"
        fiscal_year_start = 2
        currency = "EUR"
        grace_seconds = 1
        theme = "gangly-light"
        [keymap]
        "review.approve" = "y"
        """,
        FILE,
    )
    assert config.calendars == ("/somewhere/work.ics",)
    assert config.grace_seconds == 1
    assert config.keymap["review.approve"] == "y"
    assert config.is_set_up


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ('\n\ncurency = "EUR"', "line 3: there is no setting 'curency'", "did you mean 'currency'?"),
        ("crm = 1", "line 1: crm must be text, not a number", '"quotes"'),
        ('crm = "sanbox"', "'sanbox' is not a CRM that is built", "did you mean 'sandbox'?"),
        ("# one\nfiscal_year_start = 13", "line 2: fiscal_year_start must be a month", "January"),
        ("fiscal_year_start = true", "must be a month", "January"),
        ("grace_seconds = -1", "grace_seconds must be 0 to 60 seconds", "4"),
        ('grace_seconds = "4"', "grace_seconds must be 0 to 60 seconds", "4"),
        ('currency = "euro"', "is not a currency code", "capitals"),
        ('our_domains = "example.com"', "must be a list of texts, not text", '["one", "two"]'),
        ('timezone = "Europe/Berlyn"', "is not a time zone", "did you mean 'Europe/Berlin'?"),
        ('timezone = "../../etc/passwd"', "is not a time zone", ""),
        ('[keymap]\n"a.b" = "x"\n"review.approve" = 3', "line 3: keymap gives 'review.approve' no key", '"id" = "key"'),
        ("crm = \n", "is not valid TOML", "correct"),
        ("crm = 1979-05-27", "crm must be text, not a date", ""),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_to_do(text: str, message: str, fix: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, FILE)
    assert message in str(caught.value)
    assert fix in caught.value.fix


def test_a_key_inside_a_table_is_not_taken_for_the_setting_of_that_name() -> None:
    with pytest.raises(ConfigError, match="line 1: theme must be text"):
        parse_config('theme = 3\n[keymap]\ntheme = "x"', FILE)


def test_a_file_that_is_no_text_is_refused(home: Path) -> None:
    private_folder(home)
    paths().config_file.write_bytes(b"\xff\xfe\x00crm")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config()


def test_writing_keeps_comments_order_and_what_was_not_touched(home: Path) -> None:
    private_folder(home)
    file = paths().config_file
    file.write_text('# mine\ncurrency = "EUR" # ours\n\n[keymap]\n"a.b" = "x" # why\n', encoding="utf-8")
    save_config(replace(load_config(), crm="sandbox", calendars=("/a.ics",)))
    text = file.read_text(encoding="utf-8")
    assert "# mine" in text
    assert "# ours" in text
    assert "# why" in text
    again = load_config()
    assert (again.crm, again.currency, again.calendars) == ("sandbox", "EUR", ("/a.ics",))
    assert again.keymap == {"a.b": "x"}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_what_is_written_is_for_its_owner_only(home: Path) -> None:
    file = save_config(Config(crm="sandbox"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_a_plain_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="cannot be used"):
        private_folder(tmp_path / "file" / "below")


def test_the_machines_zone_knows_summer_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert str(machine_zone()) == "Europe/Berlin"
    assert zone("").utcoffset(datetime(2026, 7, 1)) == timedelta(hours=2)
    monkeypatch.setenv("TZ", "Not/AZone")
    assert machine_zone().utcoffset(datetime(2026, 7, 1)) is not None


@pytest.mark.skipif(sys.platform == "win32", reason="needs tzset")
def test_a_zone_known_only_to_the_c_library_is_read_from_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        here = MachineZone()
        for month, hours in ((1, 1), (7, 2)):
            moment = datetime(2026, month, 10, 12, tzinfo=UTC).astimezone(here)
            assert moment.hour == 12 + hours
            assert moment.utcoffset() == timedelta(hours=hours)
            assert moment.astimezone(UTC).hour == 12
        assert datetime(2026, 7, 1, tzinfo=here).dst() == timedelta(hours=1)
        assert datetime(2026, 7, 1, tzinfo=here).tzname() == "CEST"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('crm = "salesforc"\n', "'salesforc' is not a CRM that is built"),
        ('[connections]\nsalesforce = "x"\n', "line 2: connections gives 'salesforce' no table"),
        ('[connections.hubspot]\nway = "token"\nsince = 3\n', "line 3: connections has 'since' as a number, not text"),
        ('[network]\nproxi = "x"\n', "line 2: network has no setting 'proxi'"),
        ("[network]\nproxy = 8080\n", "line 2: network has 'proxy' as a number, not text"),
    ],
)
def test_what_connecting_keeps_is_checked_with_its_line(home: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_config(text, home / "config.toml")


def test_connections_come_and_go_and_comments_stay(home: Path) -> None:
    home.mkdir(parents=True)
    file = home / "config.toml"
    file.write_text('# mine\ncurrency = "EUR"  # of the region\n[keymap]\n"app.quit" = "Q"\n', encoding="utf-8")
    table = {"way": "oauth", "host": "acme.my.salesforce.com", "audit_fields": ["Task.A", "Task.B"]}
    save_config(replace(load_config(), crm="salesforce", connections={"salesforce": table}))
    save_config(replace(load_config(), connections={**load_config().connections, "hubspot": {"way": "token"}}))
    kept = load_config()
    assert kept.crm == "salesforce" and kept.keymap == {"app.quit": "Q"}
    assert kept.connections == {"salesforce": table, "hubspot": {"way": "token"}}
    save_config(replace(kept, crm="", connections={}))
    assert (load_config().crm, load_config().connections) == ("", {})
    assert "# mine" in file.read_text() and "# of the region" in file.read_text()
