"""Where HubSpot's changes were read to: one place an object, and all of them as the text of a cursor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from gangly_tui.connectors.record.hubspot_map import TYPE_IDS
from gangly_tui.domain.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the feed of one object is. `pieces` are what is still to be listed, each from a cursor to the last id of it
    (0: to the end); none once the list has come to its end. `top` is about the newest id, and `rows` about how many
    there are, to cut pieces by.

    `at` is the latest modification seen and `seen` what is known within the overlap; `gone` the latest removal told.
    """

    pieces: tuple[tuple[str, int], ...] = (("", 0),)
    top: int = 0
    rows: int = 0
    at: int = 0
    seen: Mapping[str, int] = field(default_factory=dict)
    gone: int = 0
    told: tuple[str, ...] = ()
    bin: tuple[int, int] = (0, 0)
    """pages of archived records, and when they were looked through"""

    @property
    def uncounted(self) -> bool:
        """Whether there is something to list, and nobody knows how much."""
        return bool(self.pieces) and not self.top


def text_of(place: Place) -> str:
    """One place as its part of a cursor."""
    return json.dumps(
        [
            list(place.pieces),
            place.top,
            place.at,
            dict(place.seen),
            place.gone,
            list(place.told),
            list(place.bin),
            place.rows,
        ],
        separators=(",", ":"),
        sort_keys=True,
    )


def cursor_of(texts: Mapping[str, str]) -> str:
    """The places of all objects, each as its text: one of them moves at a time, and some are long."""
    return "1 {" + ",".join(f'"{TYPE_IDS[name]}":{text}' for name, text in sorted(texts.items())) + "}"


def parse(since: str) -> dict[str, Place]:
    """The places that a cursor stands for. Raises Refused when it is none."""
    if not since:
        return {}
    try:
        mark, _, text = since.partition(" ")
        if mark != "1":
            raise ValueError
        names = {number: name for name, number in TYPE_IDS.items()}
        return {
            names[number]: Place(
                pieces=tuple((str(cursor), int(end)) for cursor, end in pieces),
                top=int(top),
                at=int(at),
                seen={str(key): int(when) for key, when in seen.items()},
                gone=int(gone),
                told=tuple(map(str, told)),
                bin=(int(looked[0]), int(looked[1])),
                rows=int(rows[0]) if rows else 0,
            )
            for number, (pieces, top, at, seen, gone, told, looked, *rows) in json.loads(text).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Refused("the place in HubSpot's changes cannot be read", fix="pull everything anew") from error
