"""A person as the rep names one, and how every trace of them is found in a text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from gangly_tui.domain.identity import mailbox

GONE = "(erased)"
_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_SHORTEST = 3
_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody whose data are asked for. `box` is the normalised mailbox, `names` full names, `phones` as written."""

    box: str = ""
    names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    present: bool = False
    """in a call they were in, their first name is theirs too, and so are the words after it and a colon"""

    def in_their_calls(self) -> Person:
        """The same person as the texts of a call know them."""
        return replace(self, present=True)

    @property
    def _called(self) -> tuple[str, ...]:
        firsts = (each.split()[0] for each in self.names if len(each.split()) > 1) if self.present else ()
        return tuple(each for each in firsts if len(each) >= _SHORTEST)

    def is_in(self, text: str) -> bool:
        """Whether a text names this person: by address, full name or phone."""
        return self.without(text) != text

    def is_in_json(self, body: str) -> bool:
        """Whether a text in this JSON names them: the escapes of JSON would hide a name with an umlaut in it."""
        data = json.loads(body)
        return bool(self.scrubbed(data) != data)

    def without(self, text: str) -> str:
        """The text with every address of the mailbox, every full name or surname, and every phone taken out."""
        if self.box and "@" in text:
            text = _ADDRESS.sub(lambda found: GONE if mailbox(found[0]) == self.box else found[0], text)
        if self.present and self._turn is not None:
            text = self._turn.sub(GONE, text)
        return self._words.sub(GONE, text) if self._words is not None else text

    @cached_property
    def _turn(self) -> re.Pattern[str] | None:
        """A line of speech that is theirs."""
        names = [r"\s+".join(map(re.escape, each.split())) for each in (*self.names, *self._called)]
        if not names:
            return None
        return re.compile(
            rf"^[^\S\n]*(?:[-*>\[(][^\w\n]*)?(?:{'|'.join(names)})\s*:[^\n]*$", re.IGNORECASE | re.MULTILINE
        )

    @cached_property
    def _words(self) -> re.Pattern[str] | None:
        wanted = []
        for name in self.names:
            parts = [each for each in name.split() if each]
            if len(parts) > 1:
                wanted.append(r"\s+".join(map(re.escape, parts)))
                wanted.append(rf"{re.escape(parts[-1])},\s*{re.escape(parts[0])}")
            if parts and len(parts[-1]) >= _SHORTEST:
                wanted.append(re.escape(parts[-1]))
        wanted += map(re.escape, self._called)
        for phone in self.phones:
            digits = re.sub(r"\D", "", phone)
            if len(digits) >= _DIGITS:
                wanted.append(r"\+?" + r"[\s()./-]*".join(digits))
        if not wanted:
            return None
        return re.compile(rf"(?<![\w@])(?:{'|'.join(sorted(wanted, key=len, reverse=True))})(?!\w)", re.IGNORECASE)

    def scrubbed(self, value: Any) -> Any:
        """JSON data with every text in it without this person."""
        if isinstance(value, str):
            return self.without(value)
        if isinstance(value, dict):
            if isinstance(value.get("speaker"), str) and self.is_in(value["speaker"]):  # a quote, and it is theirs
                value = {**value, "text": GONE}
            return {key: self.scrubbed(each) for key, each in value.items()}
        return [self.scrubbed(each) for each in value] if isinstance(value, list) else value
