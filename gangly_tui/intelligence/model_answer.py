"""A model's answer, checked item by item. Nothing of it is believed here: it only becomes candidates for the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gangly_tui.intelligence.model_ladder import json_in

MOST_ITEMS = 200
"""Of one answer. More is a model that runs on."""


class Item(BaseModel):
    """One finding as the schema asks for it."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, frozen=True)

    field: str = Field(max_length=40)
    value: str | None = Field(default=None, max_length=600)
    quote: str = Field(min_length=1, max_length=1_200)
    turn: int = Field(default=0, ge=0, le=1_000_000)
    confidence: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)


@dataclass(slots=True)
class Answer:
    """The items that fit the schema, and for each that does not a sentence about why. `whole` is False for no JSON."""

    items: list[Item] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    whole: bool = True


def parse(text: str, fields: Sequence[str]) -> Answer:
    """Read an answer, whatever it looks like."""
    found = json_in(text)
    rows = found.get("items") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        why = "no JSON in it" if found is None else 'no list called "items" in it'
        return Answer(bad=[why], whole=False)
    answer = Answer()
    for row in rows[:MOST_ITEMS]:
        try:
            item = Item.model_validate(row)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(each) for each in first["loc"])
            answer.bad.append(f"{place or 'an item'}: {first['msg']}"[:160])
            continue
        if item.field not in fields:
            answer.bad.append("field: not one of those that may be proposed")
        elif item.value is None:
            continue  # "nothing was said of it", as the schema permits
        else:
            answer.items.append(item)
    if len(rows) > MOST_ITEMS:
        answer.bad.append(f"{len(rows) - MOST_ITEMS} items too many")
    return answer


def repair(answer: Answer, fields: Sequence[str]) -> str:
    """What is said to a model whose answer does not fit: our words only, none of the call's."""
    problems = "; ".join(dict.fromkeys(answer.bad[:5]))
    return (
        f"That answer does not fit ({problems}). Answer again, only with JSON of the form "
        '{"items": [{"field": "...", "value": "...", "quote": "...", "turn": 1, "confidence": 0.9}]}; '
        f"field is one of: {', '.join(fields)}."
    )
