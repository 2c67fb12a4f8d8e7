"""Who is the same: addresses, hosts, phones and domains, for matching; a hint is never an identity."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.config import parse_config
from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.identity import (
    FREE_MAIL,
    mailbox,
    mistyped_host,
    of_one_company,
    phone_key,
    phone_region,
    registrable_domain,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Acme.com", "ada@acme.com"),
        ("ada+news@acme.com", "ada@acme.com"),
        ("a.d.a@gmail.com", "ada@googlemail.com"),
        ("ott@MÜLLER.de", "ott@xn--mller-kva.de"),
        ("ott@acme.com.", "ott@acme.com"),
    ],
)
def test_one_mailbox(one: str, other: str) -> None:
    assert mailbox(one) == mailbox(other) != ""


def test_a_mistyped_host_is_another_mailbox() -> None:
    assert mailbox("ada@gmial.com") != mailbox("ada@gmail.com")


@pytest.mark.parametrize("email", ["ada", "@acme.com", "ada@", "a da@acme.com", f"ada@{'ü' * 80}.de"])
def test_no_mailbox(email: str) -> None:
    assert mailbox(email) == ""


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("outlok.com", "outlook.com"),
        ("gmail.com", ""),
        ("ymail.com", ""),
        ("live.co", ""),
        ("acme.com", ""),
        ("gmx.dk", ""),
    ],
)
def test_a_slip_in_a_common_host_is_a_hint(host: str, meant: str) -> None:
    assert mistyped_host(host) == meant


@given(st.text(max_size=30))
def test_a_hint_is_a_known_host_and_never_for_one(host: str) -> None:
    assert mistyped_host(host) in FREE_MAIL | {""}
    assert not any(mistyped_host(each) for each in FREE_MAIL)


@pytest.mark.parametrize(
    ("phone", "region", "key"),
    [
        ("+44 (0)20 7946-0364", "", "+442079460364"),
        ("020 7946 0364", "GB", "+442079460364"),
        ("0044 20 7946 0364", "", "+442079460364"),
        ("020 7946 0364", "", "02079460364"),
        ("+1 503 555 0150 ext 4", "", "+15035550150x4"),
        ("call me", "", ""),
        ("", "", ""),
    ],
)
def test_phones_by_number_and_not_by_how_they_are_written(phone: str, region: str, key: str) -> None:
    assert phone_key(phone, region) == key


@given(st.text(max_size=40))
def test_no_text_breaks_a_phone_or_a_host(text: str) -> None:
    assert isinstance(phone_key(text), str)
    assert isinstance(phone_region(text), str)
    assert isinstance(registrable_domain(text), str)


def test_the_domains_of_one_company() -> None:
    aliases = {"acme.de": "acme.com", "acme.fr": "acme.com"}
    assert of_one_company(["acme.de"], aliases) == {"acme.de", "acme.com", "acme.fr"}
    assert of_one_company(["acme.com"], aliases) == {"acme.de", "acme.com", "acme.fr"}
    assert of_one_company(["other.org"], aliases) == {"other.org"}


def test_aliases_are_configured_and_a_mistake_names_its_line() -> None:
    path = Path("config.toml")
    assert parse_config('[identity]\naliases = {"Acme.de" = "acme.com"}', path).aliases == {"acme.de": "acme.com"}
    for text, says in (
        ("[identity]\nalias = {}", "did you mean 'aliases'?"),
        ('[identity]\naliases = {"acme.de" = "acme.com", "acme.com" = "x.com"}', "alias of an alias"),
        ('[identity]\naliases = {"a@acme.de" = "acme.com"}', "no pair of domains"),
        ("[identity]\naliases = 3", "not a table"),
    ):
        with pytest.raises(ConfigError) as refused:
            parse_config(text, path)
        assert says in f"{refused.value} {refused.value.fix}"
        assert "line 2" in str(refused.value)
