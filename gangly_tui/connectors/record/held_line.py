"""What a vendor has no field for: it stands in one line under an activity's text and is read back from there.

When a promise was made, whose it is, the people a note cannot be tied to. The audit footer stands in the same tail.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from gangly_tui.connectors.record.plain_values import moment
from gangly_tui.domain.errors import Refused

_MARK = "-- gangly holds: "
_LINE = re.compile(rf"^{_MARK}(\{{.*\}})$", re.MULTILINE)
_TAIL = re.compile(r"\n+-- gangly(?: holds)?: .*\Z", re.DOTALL)


def line_of(held: Mapping[str, Any]) -> str:
    """The line; "" when there is nothing to hold."""
    return _MARK + json.dumps(held, sort_keys=True) if held else ""


def under(text: str, held: Mapping[str, Any]) -> str:
    """The text with the line below it."""
    return f"{text}\n{line_of(held)}" if held else text


def held_in(text: str, wanted: Mapping[str, type]) -> dict[str, Any]:
    """What `line_of` wrote, as far as it makes sense: anybody may have edited the text."""
    if _MARK not in text:
        return {}
    lines = _LINE.findall(text)
    try:
        found = json.loads(lines[-1]) if lines else {}
        if "at" in found:
            moment(found["at"]).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return {}
    return {name: found[name] for name, kind in wanted.items() if isinstance(found.get(name), kind)}


def with_tail(text: str, standing: str) -> str:
    """A changed text: the lines that gangly put under the standing one stay, unless it brings its own."""
    tail = _TAIL.search("\n" + standing)
    return text if _TAIL.search(text) or not tail else text + tail[0]


def text_of(body: str, held: Mapping[str, Any], footer: str, most: int) -> str:
    """A new activity's text with what is held and the audit footer below it. Raises Refused when it is too long."""
    above = "\n".join(filter(None, (body.rstrip("\n"), line_of(held))))
    return short_enough(f"{above}\n\n{footer}" if above else footer, most)


def short_enough(text: str, most: int) -> str:
    """The text. Raises Refused when it is longer than the vendor takes (0: as long as it likes); it is never cut."""
    if most and len(text) > most:
        raise Refused(
            f"the text takes {most:,} characters with gangly's lines below it, not {len(text):,}",
            field="body",
            fix="shorten it",
        )
    return text
