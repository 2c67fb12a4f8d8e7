"""Where the customer keeps what gangly knows: what each vendor takes as a name, and what is refused with an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from gangly_tui.connectors.record import dynamics_map, hubspot_map, pipedrive_map, salesforce_map
from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.records import Kind

Read = Callable[[str], Mapping[tuple[Kind, str], str]]
READERS: Mapping[str, tuple[Read, str]] = {
    "salesforce": (salesforce_map.own_names, "Budget_Range__c"),
    "hubspot": (hubspot_map.own_names, "budget_range"),
    "dynamics": (dynamics_map.own_names, "contoso_budgetrange"),
    "pipedrive": (pipedrive_map.own_labels, "Budget range (€)"),
}
every = pytest.mark.parametrize("read, theirs", READERS.values(), ids=READERS)


@every
def test_names_are_read_with_or_without_spaces(read: Read, theirs: str) -> None:
    both = {(Kind.OPPORTUNITY, "budget"): theirs, (Kind.OPPORTUNITY, "pain"): theirs}
    assert read(f"opportunity.budget={theirs},opportunity.pain={theirs}") == both
    assert read(f" opportunity.budget = {theirs} ,, opportunity.pain= {theirs},") == both
    assert read("") == read(" , ") == {}


@every
@pytest.mark.parametrize("wrong", ["opportunity.budget", "opportunity.budget=", "budget={}", "opportunity.shoe={}",
                                   "shoe.budget={}", "={}"])  # fmt: skip
def test_what_names_no_field_is_refused_with_an_example(read: Read, theirs: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"does not name a (field|column)") as refused:
        read(wrong.format(theirs))
    example = (refused.value.fix or "").removeprefix("write it like ")
    assert list(read(example)) == [(Kind.OPPORTUNITY, "budget")], "the example is one that works"


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot", "dynamics"])
@pytest.mark.parametrize("hostile", ["X FROM User", "x'--", "x/y", "x.y", "1x", "x;y"])
def test_a_name_is_no_part_of_a_query(vendor: str, hostile: str) -> None:
    with pytest.raises(ConfigError):
        READERS[vendor][0](f"opportunity.budget={hostile}")
