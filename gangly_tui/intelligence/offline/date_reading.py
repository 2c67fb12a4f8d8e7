"""What the date rules share: the line they look at, what a phrase can say, and the small numbers inside phrases.

Each rule looks at the tokens from an index on and answers with a `Read` and the index behind it, or None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from gangly_tui.intelligence.offline.calendar_math import Stretch
from gangly_tui.intelligence.offline.date_tokens import CARD, MARK, NTH, NUM, ORD, Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a phrase says. `open` names what the words left open, so that a range can settle it: "" nothing,
    "year" (a month, or a month and a day), "weekday" or "day of month" (then `number` holds it)."""

    first: date
    last: date
    grain: str
    open: str = ""
    number: int = 0
    alternative: Stretch | None = None
    at: time | None = None


Found = tuple[Read, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text, its tokens and the moment its words count from."""

    text: str
    tokens: Sequence[Token]
    anchor: datetime
    fiscal_year_start: int
    seen: dict[tuple[int, int], Found] = field(default_factory=dict)
    """what was found from a token on, by token and depth: a range asks again for what its first side has read"""

    @property
    def today(self) -> date:
        """The day relative words count from."""
        return self.anchor.date()

    def before(self, index: int, back: int = 1) -> str:
        """The word `back` places before `index`, empty at the start of the line."""
        return self.tokens[index - back].word if index >= back else ""


def of_day(day: date, grain: str = "day", *, left: str = "", number: int = 0, other: date | None = None) -> Read:
    """A single day; `left` is what is open, `other` the second reading."""
    alternative = (other, other) if other and other != day else None
    return Read(first=day, last=day, grain=grain, open=left, number=number, alternative=alternative)


def of_stretch(stretch: Stretch, grain: str, *, left: str = "") -> Read:
    """A stretch of days."""
    return Read(first=stretch[0], last=stretch[1], grain=grain, open=left)


def skip(tokens: Sequence[Token], index: int, *wanted: str) -> int:
    """The index behind one of the wanted words or marks, or `index`."""
    return index + 1 if tokens[index].word in wanted else index


def ordinal(tokens: Sequence[Token], index: int) -> tuple[int, int] | None:
    """ "3rd", "third", "twenty third", "thirty-first"."""
    token = tokens[index]
    if token.kind in (NTH, ORD):
        return token.value, index + 1
    if token.kind == CARD and token.value in (20, 30):
        following = skip(tokens, index + 1, "-")
        if tokens[following].kind == ORD and tokens[following].value < 10:
            return token.value + tokens[following].value, following + 1
    return None


def small_number(tokens: Sequence[Token], index: int) -> tuple[int, int] | None:
    """ "12", "twelve", "twenty four": below 100 when spelled, at most four digits when not."""
    token = tokens[index]
    if token.kind == NUM and token.digits <= 4:
        return token.value, index + 1
    if token.kind == CARD:
        if token.value >= 20:
            following = skip(tokens, index + 1, "-")
            if tokens[following].kind == CARD and 0 < tokens[following].value < 10:
                return token.value + tokens[following].value, following + 1
        return token.value, index + 1
    return None


def day_of_month(tokens: Sequence[Token], index: int) -> tuple[int, int, bool] | None:
    """A day of a month and whether it is written as an ordinal."""
    strong = ordinal(tokens, index)
    if strong:
        return (*strong, True) if 1 <= strong[0] <= 31 else None
    weak = small_number(tokens, index)
    if weak and 1 <= weak[0] <= 31 and tokens[index].digits <= 2:
        return (*weak, False)
    return None


def full_year(tokens: Sequence[Token], index: int) -> tuple[int, int] | None:
    """ "2019", "'19", "nineteen eighty six", "two thousand and fifteen", "2555 BE", "2014 A.D."."""
    token = tokens[index]
    if token.kind == NUM and token.digits == 4 and 1000 <= token.value <= 2999:
        era = tokens[index + 1]
        if era.word == "be" and token.value > 2400:
            return token.value - 543, index + 2
        if era.word == "ad":
            return token.value, index + 2
        if era.word == "a" and tokens[index + 2].word == "." and tokens[index + 3].word == "d":
            return token.value, index + 4
        return token.value, index + 1
    if token.word in ("'", "’") and tokens[index + 1].kind == NUM and tokens[index + 1].digits == 2:
        return two_digit_year(tokens[index + 1].value), index + 2
    if token.kind == CARD:
        return _spelled_year(tokens, index)
    return None


def two_digit_year(value: int) -> int:
    """1950 to 2049: a deal's dates lie near the present."""
    return 2000 + value if value < 50 else 1900 + value


def _spelled_year(tokens: Sequence[Token], index: int) -> tuple[int, int] | None:
    century = tokens[index].value
    following = tokens[index + 1]
    if century == 2 and following.word == "thousand":
        behind = skip(tokens, index + 2, "and")
        rest = small_number(tokens, behind) if tokens[behind].kind == CARD else None
        return (2000 + rest[0], rest[1]) if rest else (2000, index + 2)
    if not 11 <= century <= 20:
        return None
    behind = skip(tokens, index + 1, "hundred")
    hundred = behind > index + 1
    behind = skip(tokens, behind, "and") if hundred else behind
    if tokens[behind].word in ("oh", "o") and tokens[behind + 1].kind == CARD and tokens[behind + 1].value < 10:
        return century * 100 + tokens[behind + 1].value, behind + 2
    rest = small_number(tokens, behind) if tokens[behind].kind == CARD else None
    if rest and (rest[0] >= 10 or hundred):
        return century * 100 + rest[0], rest[1]
    return (century * 100, behind) if hundred else None


def is_mark(token: Token, marks: str) -> bool:
    """Whether the token is one of these marks."""
    return token.kind == MARK and token.word in marks
