"""The deal's amount: the one figure whose role is clear, or none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from gangly_tui.domain.draft import Dropped, Evidence, Side
from gangly_tui.intelligence.offline.amounts import Figure, Role, figures, said_by_us
from gangly_tui.intelligence.offline.modality import Mood
from gangly_tui.intelligence.offline.passages import Block, Sentence, span
from gangly_tui.intelligence.offline.reading import Reading

_YES = re.compile(
    r"\b(?:sounds (?:good|fair|great|reasonable)|send (?:it|that|the contract|the order form|me "
    r"the|us the)|that works|works for (?:us|me)|agreed|deal\b|we(?:'re| are) (?:good|in|on "
    r"board)|comfortable|approv\w+|let's (?:do it|go|move)|"
    r"ready to (?:move|sign)|move forward|perfect|i can live with|we can do that|that(?:'s| is) the one|(?:we|"
    r"we'll|i'll|i) take (?:it|that|this)|one we take|fine with|happy "
    r"with|good price|fair enough|accept\w*)\b"
)
_SPAN = 900
_NO = re.compile(
    r"\b(?:too (?:much|high|expensive)|can't (?:do|afford)|over (?:our )?budget|no way|lower|"
    r"discount|not (?:going to|gonna) work|steep|need to come down|better price)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The amount proposed and the words for its card."""

    value: Decimal
    evidence: Evidence
    confidence: float
    reading: str
    against: Evidence | None = None


def amount(reading: Reading, dropped: list[Dropped]) -> Price | None:
    """The one offered or agreed price, or None with every figure's reason in `dropped`."""
    offers: list[tuple[Figure, float, Evidence | None]] = []
    refused: list[tuple[Figure, str]] = []
    backed: dict[int, Evidence] = {}
    for sentence in reading.live():
        if sentence.block is Block.OUTCOME:
            continue
        for figure in figures(sentence):
            reason = _refusal(reading, figure)
            taken = _taken(reading, figure) if reason == Mood.HYPOTHETICAL.value else None
            if taken:
                offers.append((figure, 0.84, None))
                backed[figure.sentence.index] = span(reading.text, figure.sentence, taken)
                continue
            if reason:
                refused.append((figure, reason))
                continue
            agreed, against = _agreement(reading, figure)
            sure = 0.86 if figure.role is Role.AGREED or agreed else 0.62
            if not said_by_us(figure) and figure.role is not Role.AGREED:
                sure = 0.5
            offers.append((figure, sure, against))
    if offers:
        best = _one(offers)
        if best is None:
            refused.extend((each, "two readings compete") for each, _, _ in offers)
        else:
            figure, sure, against = best
            refused.extend(
                (
                    each,
                    "a smaller part of the agreed price"
                    if each.money.period not in ("", "year")
                    else "a later figure replaced it",
                )
                for each, _, _ in offers
                if each.value != figure.value
            )
            _list(reading, refused, dropped)
            times = sum(each.value == figure.value for each, _, _ in offers)
            words = figure.sentence.text[figure.money.start : figure.money.end]
            return Price(
                value=figure.value,
                evidence=backed.get(figure.sentence.index) or figure.sentence.evidence(reading.text),
                confidence=min(0.93, sure + 0.03 * (times - 1)),
                reading=f'"{words}", read as {figure.role.value}',
                against=against,
            )
    _list(reading, refused, dropped)
    return None


_IF = re.compile(r"\b(?:if|unless|suppose|imagine|what if|hypothetically|maybe|might|perhaps)\b")


def _taken(reading: Reading, figure: Figure) -> Sentence | None:
    """The buyer's yes, within a few turns and without a no before it, to "that would bring you to ..."."""
    if figure.sentence.account or figure.sentence.side is not Side.REP or _IF.search(figure.sentence.low):
        return None
    for each in reading.after(figure.sentence, 10):
        if each.turn - figure.sentence.turn > 4 or each.end - figure.sentence.start > _SPAN:
            return None
        if each.side is Side.BUYER and each.index not in reading.gone:
            if _NO.search(each.low):
                return None
            if says_yes(each):
                return each
    return None


def says_yes(sentence: Sentence) -> bool:
    """Whether the buyer agrees to a price here."""
    return bool(_YES.search(sentence.low)) and not _NO.search(sentence.low) and not sentence.low.endswith("?")


def accepted(lines: Iterable[Sentence], figure: Figure) -> bool:
    """Whether one of these lines, behind the figure's, is the buyer's yes to it."""
    return not _IF.search(figure.sentence.low) and any(
        each.side is Side.BUYER and each.start > figure.sentence.start and says_yes(each) for each in lines
    )


def _refusal(reading: Reading, figure: Figure) -> str:
    """Why a figure cannot be the deal's amount, or "" when it can."""
    money, period = figure.money, figure.money.period
    other = money.currency and money.currency != reading.context.currency and reading.context.schemas
    checks = (
        (figure.mood not in (Mood.ASSERTED, Mood.HEDGED, Mood.HYPOTHETICAL), figure.mood.value),
        (figure.role not in (Role.OFFER, Role.AGREED), figure.role.value),
        (not figure.exact, "a range, not one price"),
        (money.minor, "hundredths, not a price"),
        (period not in ("", "year"), f"a price per {period}; the deal's amount needs the whole term"),
        (bool(other), f"in {money.currency}, while the deal is kept in {reading.context.currency}"),
        (figure.value < 100, "too small to be a deal's price"),
        (figure.sentence.side is Side.UNKNOWN and not figure.sentence.account, "nobody can tell who said it"),
        (figure.mood in (Mood.HEDGED, Mood.HYPOTHETICAL), figure.mood.value),
    )
    return next((reason for applies, reason in checks if applies), "")


def _agreement(reading: Reading, figure: Figure) -> tuple[bool, Evidence | None]:
    """Whether the buyer agreed soon after the figure, and the line that speaks against it."""
    if figure.sentence.account:
        behind = figure.sentence.low[figure.money.end :]
        return figure.role is Role.AGREED or bool(_YES.search(behind) and not _NO.search(behind)), None
    for each in reading.after(figure.sentence, 12):
        if each.turn - figure.sentence.turn > 6:
            break
        if each.side is Side.BUYER and each.index not in reading.gone:
            if _NO.search(each.low):
                return False, each.evidence(reading.text)
            if _YES.search(each.low) and not each.low.endswith("?"):
                return True, None
    return figure.role is Role.AGREED, None


def _one(offers: list[tuple[Figure, float, Evidence | None]]) -> tuple[Figure, float, Evidence | None] | None:
    values = {figure.value for figure, _, _ in offers}
    if len(values) == 1:
        return max(offers, key=lambda each: (each[1], each[0].sentence.index))
    agreed = [each for each in offers if each[1] >= 0.8]
    latest = max(offers, key=lambda each: each[0].sentence.index)
    if (
        len({figure.value for figure, _, _ in agreed}) == 1
        and agreed[-1][0].sentence.index >= latest[0].sentence.index - 1
    ):
        return agreed[-1]
    if (
        agreed
        and latest in agreed
        and re.search(
            r"\b(?:agreed|settled|final|signed|came down to|down to|now|instead|revised|updated|new)\b",
            latest[0].sentence.low,
        )
    ):
        return latest
    return None


def _list(reading: Reading, refused: list[tuple[Figure, str]], dropped: list[Dropped]) -> None:
    seen = set()
    for figure, reason in refused:
        key = (figure.value, reason)
        if key not in seen:
            seen.add(key)
            words = figure.sentence.text[figure.money.start : figure.money.end]
            dropped.append(
                Dropped(what="amount", value=words, quote=figure.sentence.evidence(reading.text).text, reason=reason)
            )
