from __future__ import annotations

import pytest

from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.hierarchy import Survivorship, in_scope
from gangly_tui.domain.hierarchy_page import parse_hierarchy
from gangly_tui.domain.records import Kind
from tests.domain.made import deal, page

OWNED = 'layer = "record"\nowner = "a"\nbackup = "b"\nrunbook = "c"\n'


def test_the_page_that_ships_is_sound_and_writes_only_what_it_names() -> None:
    scope = page().scope("sandbox")
    assert scope.may_read(Kind.ACCOUNT, "name")
    assert not scope.may_write(Kind.ACCOUNT, "name")
    assert not scope.may_write(Kind.OPPORTUNITY, "owner")
    assert page().rule(Kind.OPPORTUNITY, "pain") is Survivorship.APPEND


def test_a_field_the_page_does_not_name_keeps_what_the_record_says() -> None:
    assert page().rule(Kind.ACTIVITY, "subject") is Survivorship.RECORD_WINS


@pytest.mark.parametrize(
    ("text", "words", "fix"),
    [
        ("[fields.oportunity]\n", "fields.oportunity", "opportunity"),
        ("[fields.opportunity]\nclose_dat = {}\n", "close_dat", "close_date"),
        ('[fields.opportunity]\namount = { rule = "record win" }\n', "record win", "record wins"),
        ('[fields.opportunity]\namount = { layer = "recrd" }\n', "recrd", "record"),
        ("[connectors.crm]\n", "no layer, no owner, no backup, no runbook", "owned"),
        (f"[connectors.crm]\n{OWNED}[connectors.crm.write]\ncontact = ['fax']\n", "fax", ""),
        ("[fields", "not valid TOML", ""),
    ],
)
def test_a_wrong_page_names_the_place_and_a_near_name(text: str, words: str, fix: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        parse_hierarchy(text)
    assert fix in refused.value.fix


def test_only_fields_in_read_scope_are_kept() -> None:
    book = parse_hierarchy(f"[connectors.crm]\n{OWNED}[connectors.crm.read]\nopportunity = ['name']\n")
    assert dict(in_scope(deal(), book.scope("crm")).fields) == {"name": "Platform 2026"}
    assert in_scope(deal(), page().scope("sandbox")) == deal()
