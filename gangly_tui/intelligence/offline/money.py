"""Amounts of money in what people say and write: "$2-3M", "40k", "12,34,567.89 rupees", "forty five thousand dollars".

A figure is money when a currency stands beside it, when it carries a scale ("40k", "1.2 mil", "fifty grand") and counts
nothing else, or when the words before it speak of a price and nothing behind it says what else it counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from gangly_tui.intelligence.offline import currencies
from gangly_tui.intelligence.offline import money_words as words
from gangly_tui.intelligence.offline.numbers import SCALES, spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyMention:
    """A stretch of text that names an amount: `text[start:end]`.

    `low` and `high` are equal for one amount. `currency` is an ISO 4217 code, None where the words name none; a bare
    "$" reads as USD. `period` is "", "month", "year", "quarter", "week", "day", "hour", "seat", "unit", or two of them
    ("seat/month"). With `minor` the figures count hundredths ("50 cents" is 50): divide by 100 before use.
    """

    start: int
    end: int
    low: Decimal
    high: Decimal
    currency: str | None = None
    period: str = ""
    approximate: bool = False
    minor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figure:
    start: int
    end: int
    value: Decimal
    scale: int = 1
    currency: str | None = None
    named: bool = False
    """a currency was said, even one without an ISO code"""
    minor: bool = False
    word: bool = False
    """the currency was a word ("dollars"), so that cents may follow without a name"""
    raw: str = ""


_LONGEST_FIGURE = 30


def find_money(text: str) -> list[MoneyMention]:
    """The amounts of money in the text, from left to right and not overlapping."""
    found: list[MoneyMention] = []
    for match in words.LINE.finditer(text):
        line = match.group()
        if words.WORTH.search(line):
            offset = match.start()
            for mention in _in_line(line):
                found.append(replace(mention, start=mention.start + offset, end=mention.end + offset))
    return found


def _in_line(line: str) -> Iterator[MoneyMention]:
    figures = _figures(line)
    index = 0
    behind = 0
    while index < len(figures):
        figure = figures[index]
        if figure.start < behind:
            index += 1
            continue
        pair = _as_range(line, figure, figures[index + 1]) if index + 1 < len(figures) else None
        low, high, used = (*pair, 2) if pair else (figure, figure, 1)
        if pair is None and figure.named:
            low = high = _with_cents(line, figure, figures[index + 1] if index + 1 < len(figures) else None)
        if high.named or low.named or _is_money(line, low, high):
            mention = _mention(line, low, high)
            behind = mention.end
            yield mention
        index += used


def _figures(line: str) -> list[_Figure]:
    found = [figure for match in words.NUMBER.finditer(line) if (figure := _written(line, match))]
    taken = [(figure.start, figure.end) for figure in found]
    behind = 0
    for match in words.SPOKEN_START.finditer(line):
        if match.start() < behind:
            continue
        figure = _said(line, match.start())
        if figure:
            behind = figure.end
            if not any(start < figure.end and figure.start < end for start, end in taken):
                found.append(figure)
    return sorted(found, key=lambda figure: figure.start)


def _written(line: str, match: re.Match[str]) -> _Figure | None:
    raw = match.group()
    if len(raw) > _LONGEST_FIGURE:
        return None
    prefix = currencies.BEFORE.search(line, max(0, match.start() - 8), match.start())
    if prefix and not currencies.shouted(prefix) and not prefix.group().isupper():
        prefix = None
    glued_behind_letters = match.start() > 0 and line[match.start() - 1].isalpha()
    if glued_behind_letters and not prefix:
        return None
    value = _value(
        raw, european=bool(prefix and currencies.code_of(prefix) == "EUR") or "€" in line[match.end() : match.end() + 2]
    )
    if value is None:
        return None
    start, end = prefix.start() if prefix else match.start(), match.end()
    figure = _Figure(start=start, end=end, value=value, raw=raw)
    if prefix:
        figure = replace(figure, currency=currencies.code_of(prefix), named=True)
    return _suffixed(line, figure)


def _said(line: str, start: int) -> _Figure | None:
    pieces: list[re.Match[str]] = []
    at = start
    while len(pieces) < 16:
        match = words.WORD.match(line, at)
        if not match:
            break
        pieces.append(match)
        at = match.end()
        while at < len(line) and line[at] in " \u00a0":
            at += 1
    said = [piece.group().lower() for piece in pieces]
    found = spoken(said, 0)
    if found and found[1] and said[found[1] - 1] == "-":
        found = (found[0], found[1] - 1)
    if found:
        end = pieces[found[1] - 1].end()
        scale = next((SCALES[word] for word in reversed(said[: found[1]]) if word in SCALES), 1)
        figure = _Figure(start=start, end=end, value=found[0] / scale, scale=scale, raw="spoken")
        return _suffixed(line, figure)
    if said and said[0] in ("a", "an") and len(pieces) > 1:
        after = currencies.AFTER.match(line, pieces[0].end())
        if after and after.groupdict()["name"] and said[1] in ("dollar", "euro", "pound", "rupee", "buck"):
            return _Figure(
                start=start,
                end=after.end(),
                value=Decimal(1),
                currency=currencies.code_of(after),
                named=True,
                word=True,
            )
    return None


def _suffixed(line: str, figure: _Figure) -> _Figure | None:
    """Takes in the scale and the currency behind a figure; a percentage is no figure."""
    end = figure.end
    if line[end : end + 1] == "%" or line[end : end + 2] == " %":
        return None
    scale = words.SCALE.match(line, end) if figure.scale == 1 else None
    if scale and not _scale_fits(line, scale, figure):
        scale = None
    if scale:
        name = (scale["word"] or scale["letter"]).lower()
        figure = replace(figure, scale=words.FACTORS[name], end=scale.end())
    if figure.named and line[figure.end : figure.end + 1] in "%" and figure.end < len(line):
        return None
    after = currencies.AFTER.match(line, figure.end)
    if after and _belongs(line, figure, after):
        scaled = after.groupdict().get("scaled")
        figure = replace(
            figure,
            end=after.end(),
            named=True,
            currency=figure.currency if figure.named and figure.currency else currencies.code_of(after),
            scale=figure.scale * (words.FACTORS[scaled.lower()] if scaled else 1),
            word=bool(after["name"]),
        )
        late = words.SCALE.match(line, figure.end)
        if late and late["word"] and figure.scale == 1 and late["word"].lower() not in ("hundred", "cr"):
            figure = replace(figure, scale=words.FACTORS[late["word"].lower()], end=late.end())
        return _decimals_behind_sign(line, figure, after)
    if not figure.named:
        minor = currencies.MINOR_AFTER.match(line, figure.end)
        if minor and (minor["minor"].lower() != "p" or minor.end() == figure.end + 1):
            code = currencies.MINOR[minor["minor"].lower()] or None
            return replace(figure, end=minor.end(), named=True, minor=True, currency=code)
    return figure


def _scale_fits(line: str, scale: re.Match[str], figure: _Figure) -> bool:
    if scale["word"]:
        return True
    letter = scale["letter"]
    if letter in ("b", "t", "g", "T", "G"):
        return figure.named
    if letter == "m":
        return figure.named or bool(words.CUE.search(line, max(0, figure.start - 60), figure.start))
    return True


def _belongs(line: str, figure: _Figure, after: re.Match[str]) -> bool:
    """Whether the currency behind a figure is this figure's and not the next one's."""
    if not currencies.shouted(after) and after.groupdict().get("code"):
        return False
    following = line[after.end() : after.end() + 1]
    spaced = line[figure.end : figure.end + 1].isspace()
    if following.isdigit() and spaced and not after["name"]:
        return False
    if figure.named:
        rest = line[after.end() :].lstrip()[:1]
        return (bool(after["name"]) or bool(after["code"])) and not rest.isdigit() and not after["sign"]
    name = (after["name"] or "").lower()
    if name in ("real", "won", "mark", "marks") and not after["country"]:
        return False
    return not (
        name in ("pound", "pounds")
        and re.match(r"\s(?:of (?!debt|revenue|fund)|per square|lighter|heavier)", line[after.end() :])
    )


def _decimals_behind_sign(line: str, figure: _Figure, after: re.Match[str]) -> _Figure:
    """ "12€50" and "1250€ 60": digits behind the sign are its hundredths."""
    if not after["sign"] or after["sign"] == "$":
        return figure
    match = re.compile(r"(\d{1,3})(?![\d.,])|\s(\d\d)(?![\d.,\s%])").match(line, after.end())
    if not match or "," in figure.raw or "." in figure.raw:
        return figure
    return replace(figure, value=figure.value + Decimal("0." + (match[1] or match[2])), end=match.end())


def _value(raw: str, *, european: bool) -> Decimal | None:
    """The figure's value: the last mark is the decimal one unless what follows it is a group of three."""
    text = re.sub(rf"[{words.GAP}'’]", "", raw)
    marks = [char for char in text if char in ",."]
    if marks:
        last = marks[-1]
        head, _, tail = text.rpartition(last)
        mixed = len(set(marks)) > 1
        grouped = len(tail) == 3 and not mixed and head not in ("", "0") and not head.startswith("0")
        if grouped and last == "." and marks.count(".") == 1:
            grouped = european
        if marks.count(last) > 1 and (len(tail) != 3 or mixed):
            return None
        text = re.sub(r"[,.]", "", text) if grouped else re.sub(r"[,.]", "", head) + "." + tail
        groups = re.split(r"[,.]", head) if len(marks) > 1 else []
        if any(len(group) not in (2, 3) for group in groups[1:]):
            return None
    try:
        return Decimal(text or "0")
    except InvalidOperation:
        return None


def _with_cents(line: str, figure: _Figure, following: _Figure | None) -> _Figure:
    """ "3 dollars 50 cents", "$20 and 43c", "thirteen dollars forty five"."""
    if following is None or figure.minor or figure.scale != 1 or following.value != following.value.to_integral_value():
        return figure
    gap = line[figure.end : following.start].lower()
    if gap not in (" ", " and ", ", ", "  ") or not 0 < following.value * following.scale < 100 or "." in figure.raw:
        return figure
    plain = not following.named and figure.word and _closes(line, following)
    if following.minor or plain:
        return replace(figure, value=figure.value + following.value * following.scale / 100, end=following.end)
    return figure


def _closes(line: str, figure: _Figure) -> bool:
    rest = line[figure.end :].lstrip()
    two_digits = figure.raw == "spoken" or len(figure.raw) == 2
    return two_digits and (not rest or rest[0] in ".,;!?)")


def _as_range(line: str, left: _Figure, right: _Figure) -> tuple[_Figure, _Figure] | None:
    if not words.JOINT.fullmatch(line, left.end, right.start) or (left.minor != right.minor and left.named):
        return None
    joint = line[left.end : right.start].strip().lower()
    if joint in ("and", "or") and not (
        joint == "or" or re.search(r"\bbetween\s+(?:\S{1,3}\s)?\Z", line[max(0, left.start - 14) : left.start], re.I)
    ):
        return None
    if joint == "or" and left.named and right.named:
        return None
    if not (left.named or right.named or left.scale > 1 or right.scale > 1):
        return None
    if left.scale == 1 and right.scale > 1 and left.value < 1000 and not (left.named and left.value > right.value):
        left = replace(left, scale=right.scale)
    if (
        left.raw == right.raw == "spoken"
        and left.value < 20
        and line[: right.end].lower().endswith(("hundred", "hundred dollars"))
    ):
        left = replace(left, value=left.value * 100)
    low, high = left.value * left.scale, right.value * right.scale
    if low > high or (left.named and right.named and left.currency != right.currency):
        return None
    currency = right.currency or left.currency
    named = left.named or right.named
    return replace(left, currency=currency, named=named, minor=right.minor), replace(
        right, currency=currency, named=named
    )


def _is_money(line: str, low: _Figure, high: _Figure) -> bool:
    """Whether a figure without a currency is money all the same."""
    following = words.NEXT_WORD.match(line, high.end)
    word = following[1].lower() if following else ""
    period = words.PERIOD.match(line, high.end)
    if word in words.COUNTED and not period:
        return False
    if (
        word.endswith("s")
        and word not in ("is", "was", "as", "this", "has", "so", "yes", "us", "its", "plus", "less")
        and not period
    ):
        return False
    before = line[max(0, low.start - 60) : low.start]
    cued = bool(words.CUE.search(before)) or bool(
        re.match(
            r"\s?(?:budget|deal|contract|quote|discount|arr|mrr|acv|opportunity|pilot|(?:put|set) aside|earmarked|"
            r"over (?:two|three|four|five|\d) years|up ?front|all[ -]in)\b",
            line[high.end : high.end + 18],
            re.I,
        )
    )
    if line[low.start - 1 : low.start] in ("#", "/", ":", "+") and low.start:
        return False
    if high.scale >= 1000 or low.scale >= 1000:
        if high.raw != "spoken":
            return True
        value = high.value * high.scale
        return "grand" in line[high.start : high.end].lower() or cued or bool(period) or (value >= 10**6 and not word)
    value = high.value * high.scale
    grouped = bool(period) and "," in high.raw and high.value >= 1000
    if (high.raw == "spoken" and value < 100) or not (cued or grouped):
        return False
    yearlike = 1900 <= value <= 2100 and high.raw.isdigit()
    if period:
        return not yearlike or words.PERIOD.match(line, high.end) is not None
    if word in ("of", "more", "times", "or", "and", "to") and value < 1000:
        return False
    return value >= 100 and not yearlike and len(high.raw.replace(",", "")) <= 9


def _mention(line: str, low: _Figure, high: _Figure) -> MoneyMention:
    end = high.end
    names: list[str] = []
    while len(names) < 2:
        match = words.PERIOD.match(line, end)
        if not match:
            break
        named = match["name"] or match["whole"]
        names.append(words.PERIOD_NAMES[named.lower()] if named else words.LY[match["ly"].lower().replace(".", "")])
        end = match.end()
    ish = words.ISH.match(line, high.end)
    approximate = bool(ish) or bool(words.ABOUT.search(line, max(0, low.start - 30), low.start))
    if ish and end < ish.end():
        end = ish.end()
    return MoneyMention(
        start=low.start,
        end=end,
        low=_tidy(low.value * low.scale),
        high=_tidy(high.value * high.scale),
        currency=high.currency or low.currency,
        period="/".join(dict.fromkeys(names)),
        approximate=approximate,
        minor=high.minor,
    )


def _tidy(value: Decimal) -> Decimal:
    """Without an exponent and without zeros that say nothing: 45000, 12.5."""
    whole = value.to_integral_value()
    return whole.quantize(Decimal(1)) if whole == value and abs(value) < 10**25 else value.normalize()


__all__ = ["MoneyMention", "find_money"]
