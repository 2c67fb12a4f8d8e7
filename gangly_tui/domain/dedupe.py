"""Which rows describe the same thing: blocking, comparing and weighing, with no example to learn from.

The Fellegi-Sunter model. How often two rows agree by chance is measured on random pairs; how often two descriptions of
one thing agree is found by expectation maximisation over the pairs that blocking brings together, held by a prior so
that a table with three duplicates in it is judged as soundly as one with thousands. Agreeing on a rare value says more
than agreeing on a common one. Pure: rows in, scored pairs out, the same each time.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from math import exp, log
from random import Random

Row = tuple[str, ...]
"""One value a field, normalised by `plain`; "" is not known."""

MISSING, OTHER, SIMILAR, NEAR, SAME = range(5)
"""How two values of a field compare: one is not known, they differ, they resemble, a slip apart, equal."""

_LEVELS = 5
_PRIOR_M = (0.0, 0.06, 0.05, 0.12, 0.77)
"""How two descriptions of one thing compare, before the data are seen: people mistype, move and marry."""
_PRIOR_M_CHANGES = (0.0, 0.4, 0.05, 0.05, 0.5)
_PRIOR_STRENGTH = 40.0
_PRIOR_PAIRS_A_ROW = 0.02
_ROUNDS = 40
_SETTLED = 1e-5
_WORLD = 1_000
_RANDOM_PAIRS = 60_000
_LARGEST_BLOCK = 64
_PAIRS_A_ROW = 30
_FEWEST_PAIRS = 200_000


class Is(StrEnum):
    """What a field holds, hence how two values of it are compared and by what they are brought together."""

    NAME = "name"
    TEXT = "text"
    CODE = "code"
    """digits and letters in which a slip is a slip: a postcode, a date, a number of insurance"""
    NUMBER = "number"
    """of which the next one is somebody else's: a phone"""
    MAIL = "mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column. `swaps` names the column that its value is often put into by mistake; one that `changes` in the
    course of a life says little when it differs."""

    name: str
    kind: Is
    swaps: str = ""
    changes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two rows by their numbers, how each field compares, and how likely they are one thing."""

    left: int
    right: int
    levels: tuple[int, ...]
    likely: float


def plain(text: str) -> str:
    """A text without case, accents and punctuation: what two people would type alike."""
    if not text.isascii():
        text = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    text = text.casefold()
    return text if text.isalnum() else " ".join("".join(c if c.isalnum() else " " for c in text).split())


_SOUNDS = {
    letter: code
    for code, letters in {"1": "bfpv", "2": "cgjkqsxz", "3": "dt", "4": "l", "5": "mn", "6": "r"}.items()
    for letter in letters
}


def sound(word: str) -> str:
    """Soundex: its first letter and three consonants."""
    if not word:
        return ""
    found, last = word[0], _SOUNDS.get(word[0], "")
    for letter in word[1:]:
        code = _SOUNDS.get(letter, "")
        if code and code != last:
            found += code
            if len(found) == 4:
                break
        if letter not in "hw":
            last = code
    return found


def find_pairs(
    rows: Sequence[Row], fields: Sequence[Field], *, least: float = 0.5, sure: int | None = None
) -> list[Pair]:
    """The pairs that are one thing more likely than `least`, the surest first.

    Rows that agree in the field number `sure` are among them however likely they are.
    """
    if len(rows) < 2:
        return []
    compare = comparer(fields)
    numbers = sorted(candidates(rows, fields))
    size = len(rows)
    levels = [compare(rows[each // size], rows[each % size]) for each in numbers]
    model = _learn(rows, fields, compare, Counter(levels))
    found = []
    for each, pattern in zip(numbers, levels, strict=True):
        left, right = divmod(each, size)
        likely = model.likely(pattern, rows[left], rows[right])
        if likely > least or (sure is not None and pattern[sure] == SAME):
            found.append(Pair(left=left, right=right, levels=pattern, likely=likely))
    return sorted(found, key=lambda pair: (-pair.likely, pair.left, pair.right))


def groups(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """What hangs together over the pairs, each group in ascending order."""
    parent: dict[int, int] = {}

    def root(number: int) -> int:
        while (above := parent.setdefault(number, number)) != number:
            parent[number] = number = parent.setdefault(above, above)
        return number

    for left, right in pairs:
        parent[root(right)] = root(left)
    gathered: defaultdict[int, list[int]] = defaultdict(list)
    for each in sorted(parent):
        gathered[root(each)].append(each)
    return sorted(gathered.values())


# --- blocking: which pairs are worth a look


def candidates(rows: Sequence[Row], fields: Sequence[Field]) -> set[int]:
    """The pairs that share at least one key, each as `left * len(rows) + right`.

    A block that is too large is divided by the keys of the columns after it. The largest block allowed shrinks until
    the work is in proportion to the table.
    """
    keys = _keys(rows, fields)
    largest = _LARGEST_BLOCK
    while True:
        blocking = _Blocking(keys=keys, largest=largest, most=max(_FEWEST_PAIRS, _PAIRS_A_ROW * len(rows)))
        if all(blocking.gather(number, range(len(rows))) for number in range(len(keys))) or largest <= 2:
            return blocking.found
        largest //= 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blocking:
    keys: Sequence[Sequence[str]]
    largest: int
    most: int
    found: set[int] = field(default_factory=set)

    def gather(self, number: int, members: Iterable[int]) -> bool:
        """Add the pairs of one column's blocks; False when there are too many by now."""
        column, size = self.keys[number], len(self.keys[number])
        blocks: defaultdict[str, list[int]] = defaultdict(list)
        for each in members:
            if key := column[each]:
                blocks[key].append(each)
        for block in blocks.values():
            if len(block) < 2:
                continue
            if len(block) <= self.largest:
                self.found.update([left * size + right for left, right in combinations(block, 2)])
            elif not all(self.gather(later, block) for later in range(number + 1, len(self.keys))):
                return False
            if len(self.found) > self.most:
                return False
        return True


def _keys(rows: Sequence[Row], fields: Sequence[Field]) -> list[list[str]]:
    """Columns of keys, the most distinctive first: dividing by the later ones then costs the least."""
    made: list[list[str]] = []
    sounds: dict[str, str] = {}
    heard: dict[str, list[str]] = {}
    for number, of in enumerate(fields):
        column = [row[number] for row in rows]
        if of.kind in (Is.NAME, Is.TEXT):
            for each in set(column) - sounds.keys():
                sounds[each] = "".join(sound(word) for word in sorted(each.split(), key=len)[-2:])
            heard[of.name] = [sounds[each] for each in column]
            made.append(heard[of.name])
        if of.kind is Is.NAME:  # sounds differ after a slip in the first letter, endings do not
            made.append([each[-4:] for each in column])
        else:
            made.append(column)
        if of.kind is Is.MAIL:  # the same person under another host
            made.append([each.partition("@")[0] for each in column])
        if of.swaps in heard:  # the same whichever stands where
            made.append(["".join(sorted(two)) for two in zip(heard[of.name], heard[of.swaps], strict=True)])
    return sorted(made, key=lambda column: -len(set(column)))


# --- comparing

Compare = Callable[[Row, Row], tuple[int, ...]]


def comparer(fields: Sequence[Field]) -> Compare:
    """Compares two rows, field by field."""
    from rapidfuzz.distance import OSA, JaroWinkler

    slips, alike = OSA.distance, JaroWinkler.similarity

    def name(one: str, other: str) -> int:
        if slips(one, other, score_cutoff=1) <= 1 and min(len(one), len(other)) > 2:
            return NEAR
        if min(len(one), len(other)) == 1:
            return SIMILAR if one[0] == other[0] else OTHER
        near = alike(one, other)
        return NEAR if near >= 0.93 else SIMILAR if near >= 0.8 else OTHER

    def code(one: str, other: str) -> int:
        apart = slips(one, other, score_cutoff=2)
        longest = max(len(one), len(other))
        return NEAR if apart == 1 and longest > 2 else SIMILAR if apart == 2 and longest > 4 else OTHER

    def text(one: str, other: str) -> int:
        if " " in one or " " in other:
            one, other = " ".join(sorted(one.split())), " ".join(sorted(other.split()))
        near = 1 - slips(one, other) / max(len(one), len(other))
        return SAME if near == 1 else NEAR if near >= 0.85 else SIMILAR if near >= 0.65 else OTHER

    def number(_: str, __: str) -> int:
        return OTHER

    def mail(one: str, other: str) -> int:
        if slips(one, other, score_cutoff=1) <= 1:
            return NEAR
        (local, _, host), (local_other, _, host_other) = one.partition("@"), other.partition("@")
        if host != host_other:  # at work and at home: neither for nor against; dots are some hosts' alone
            alike_local = local.replace(".", "") == local_other.replace(".", "")
            return NEAR if alike_local and slips(host, host_other, score_cutoff=2) <= 2 else MISSING
        return SIMILAR if alike(local, local_other) >= 0.8 else OTHER

    by = {Is.NAME: name, Is.CODE: code, Is.TEXT: text, Is.NUMBER: number, Is.MAIL: mail}
    steps = [by[each.kind] for each in fields]
    places = {each.name: number for number, each in enumerate(fields)}
    swaps = [(at, places[each.swaps]) for at, each in enumerate(fields) if each.swaps and at < places[each.swaps]]

    def compare(one: Row, other: Row) -> tuple[int, ...]:
        levels = [
            MISSING if not a or not b else SAME if a == b else step(a, b)
            for step, a, b in zip(steps, one, other, strict=True)
        ]
        for at, to in swaps:
            if levels[at] < SAME and levels[to] < SAME:
                levels[at], levels[to] = _crossed(one, other, at, to) or (levels[at], levels[to])
        return tuple(levels)

    return compare


def _crossed(one: Row, other: Row, at: int, to: int) -> tuple[int, int] | None:
    """How two columns compare whose values stand in each other's place; None when they do not."""
    there, back = (one[at], other[to]), (one[to], other[at])
    if all(there) and all(back):
        return (SAME, SAME) if there[0] == there[1] and back[0] == back[1] else None
    known = there if all(there) else back
    return (NEAR, NEAR) if all(known) and known[0] == known[1] else None


# --- weighing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """The weights: natural logarithms of how much likelier each level is within one thing than by chance."""

    weights: tuple[tuple[float, ...], ...]
    same: tuple[float, ...]
    """of agreeing at all, when it is one thing"""
    shares: tuple[Mapping[str, float], ...]
    prior: float

    def likely(self, levels: tuple[int, ...], one: Row, other: Row) -> float:
        total = self.prior
        for number, level in enumerate(levels):
            if level == SAME and (share := self.shares[number].get(one[number])):
                total += self.same[number] - log(share)
            else:
                total += self.weights[number][level]
        return 1 / (1 + exp(-total)) if total > -50 else 0.0


def _learn(
    rows: Sequence[Row], fields: Sequence[Field], compare: Compare, patterns: Counter[tuple[int, ...]]
) -> _Model:
    size = len(rows)
    every = size * (size - 1) / 2
    counts = [Counter(row[number] for row in rows if row[number]) for number, _ in enumerate(fields)]
    chance = _by_chance(rows, counts, compare)
    priors = [_PRIOR_M_CHANGES if each.changes else _PRIOR_M for each in fields]
    m = [list(each) for each in priors]
    expected = max(_PRIOR_PAIRS_A_ROW * size, 1.0)
    for _ in range(_ROUNDS):
        prior = log(expected / max(every - expected, 1.0))
        weights = [[0.0, *(log(m[f][level] / chance[f][level]) for level in range(1, _LEVELS))] for f in range(len(m))]
        gathered = [[_PRIOR_STRENGTH * each for each in prior] for prior in priors]
        total = 0.0
        for pattern, times in patterns.items():
            odds = prior + sum(column[level] for column, level in zip(weights, pattern, strict=True))
            share = times / (1 + exp(-odds)) if odds > -50 else 0.0
            total += share
            for column, level in zip(gathered, pattern, strict=True):
                column[level] += share
        settled = abs(total - expected) <= _SETTLED * expected
        expected = max(total, 1.0)
        m = [_shares(column) for column in gathered]
        if settled:
            break
    return _Model(
        weights=tuple(
            (0.0, *(log(m[f][level] / chance[f][level]) for level in range(1, _LEVELS))) for f in range(len(fields))
        ),
        same=tuple(log(column[SAME]) for column in m),
        shares=tuple(map(_frequencies, counts)),
        prior=log(expected / max(every - expected, 1.0)),
    )


def _unseen(column: Counter[str]) -> float:
    """How many more rows a value is to be thought of among: a small table shows little of the world.

    A column in which nearly every value is another will meet still others; one with three values will not.
    """
    return _WORLD * len(column) / max(column.total(), 1)


def _frequencies(column: Counter[str]) -> dict[str, float]:
    known = column.total() + _unseen(column)
    return {value: times / known for value, times in column.items()}


def _by_chance(rows: Sequence[Row], counts: Sequence[Counter[str]], compare: Compare) -> list[list[float]]:
    """How often each level comes about between two rows taken at random."""
    draw, size = Random(7), len(rows)
    seen = [[0.0, 8.0, 0.5, 0.1, 0.0] for _ in counts]
    for left, right in _drawn(draw, size):
        for column, level in zip(seen, compare(rows[left], rows[right]), strict=True):
            column[level] += 1
    for column, values in zip(seen, counts, strict=True):
        column[SAME] = 0.0
        known = values.total()
        pairs = known * (known - 1) / 2
        equal = sum(each * (each - 1) / 2 for each in values.values()) + 0.5
        thinned = (known / (known + _unseen(values))) ** 2 if known else 1.0
        column[SAME] = sum(column[1:]) * min(thinned * equal / max(pairs, 1.0), 0.9)
    return [_shares(each) for each in seen]


def _drawn(draw: Random, size: int) -> Iterator[tuple[int, int]]:
    for _ in range(min(_RANDOM_PAIRS, size * (size - 1) // 2)):
        left, right = draw.randrange(size), draw.randrange(size)
        if left != right:
            yield left, right


def _shares(column: Sequence[float]) -> list[float]:
    """The known levels as shares of one."""
    whole = sum(column[1:])
    return [0.0, *(each / whole for each in column[1:])]
