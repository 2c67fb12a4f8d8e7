"""Addresses and phone numbers leave as placeholders and come back as they were."""

from __future__ import annotations

import re

from gangly_tui.intelligence.offline.contact_points import find_emails, find_phones

_LOOSE_MAIL = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+")
_LOOSE_PHONE = re.compile(
    r"(?<![\w$€£¥,.])(?:\+\d[\d ().\-/]{5,20}\d|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}|0[\d ()\-/]{7,16}\d|"
    r"\d{2,5}(?:[ .\-/]\d{2,5}){2,6}|\d{3}[ .-]\d{4})(?!\w|,\d)"
)
"""Also numbers that no country has: fictional and mistyped ones are somebody's business too."""
_DAY = re.compile(r"\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ](?:\d{4}|\d{2})")
_GROUPED = re.compile(r"\d{1,3}(?:[ .]\d{3})+")
_WINDOW = 1_800
_MARK = re.compile(r"\[(email|phone)[ _-]?(\d{1,4})\]", re.IGNORECASE)


class Mask:
    """What was hidden, by placeholder. One mask for one reading; the same address gets the same placeholder."""

    def __init__(self, *, on: bool = True) -> None:
        self._on = on
        self._places: dict[str, str] = {}

    @property
    def hidden(self) -> dict[str, str]:
        """Placeholder and what stands behind it."""
        return dict(self._places)

    def hide(self, text: str) -> str:
        """The text with a placeholder for each address and number."""
        if not self._on:
            return text
        spots = [(each.start, each.end, "email") for each in find_emails(text)]
        loose = ((hit.start(), hit.start() + len(hit.group().rstrip(".!?"))) for hit in _LOOSE_MAIL.finditer(text))
        spots.extend((start, end, "email") for start, end in loose)
        for at in range(0, len(text), _WINDOW - 40):
            spots.extend((at + each.start, at + each.end, "phone") for each in find_phones(text[at : at + _WINDOW]))
        spots.extend((hit.start(), hit.end(), "phone") for hit in _LOOSE_PHONE.finditer(text) if _callable(hit.group()))
        parts, done = [], 0
        for start, end, kind in _apart(spots):
            parts += [text[done:start], self._place(text[start:end], kind)]
            done = end
        return "".join((*parts, text[done:]))

    def show(self, text: str) -> str:
        """The text with what its placeholders stand for."""
        return _MARK.sub(lambda hit: self._places.get(f"[{hit[1].lower()} {hit[2]}]", hit[0]), text)

    def _place(self, original: str, kind: str) -> str:
        for place, known in self._places.items():
            if known == original:
                return place
        number = sum(each.startswith(f"[{kind}") for each in self._places) + 1
        place = f"[{kind} {number}]"
        self._places[place] = original
        return place


def _apart(spots: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The spots in order, those that overlap as one."""
    apart: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(spots):
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]), apart[-1][2])
        else:
            apart.append((start, end, kind))
    return apart


def _callable(digits: str) -> bool:
    """Whether a run of digits is a number to call rather than a day or an amount."""
    return not (_DAY.fullmatch(digits) or _GROUPED.fullmatch(digits)) and sum(map(str.isdigit, digits)) >= 7
