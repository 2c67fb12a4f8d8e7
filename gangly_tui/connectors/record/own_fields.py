"""Where the customer keeps what gangly knows: "opportunity.budget=Budget_Range__c, ...", written when connecting."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.records import FIELDS, Kind


def own_names(
    text: str,
    *,
    name: str,
    example: str,
    noun: str = "field",
    known: Mapping[Kind, Collection[str]] = FIELDS,
) -> Mapping[tuple[Kind, str], str]:
    """The vendor's names by our fields. `name` is what such a name looks like. Raises ConfigError with the example."""
    found: dict[tuple[Kind, str], str] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        ours, _, theirs = (each.strip() for each in part.partition("="))
        kind, _, field = ours.partition(".")
        if not (re.fullmatch(name, theirs) and kind in [*Kind] and field in known.get(Kind(kind), ())):
            raise ConfigError(f"{part!r} does not name a {noun}", fix=f"write it like {example}")
        found[Kind(kind), field] = theirs
    return found
