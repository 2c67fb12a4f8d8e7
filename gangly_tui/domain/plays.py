"""Plays: which signal asks for which next step, as a team writes it in plays.toml. Read whole, or refused by line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.records import Record
from gangly_tui.domain.safe import one_line
from gangly_tui.domain.signals import Signal, SignalKind
from gangly_tui.domain.toml_lines import Wrong, check_known, line_of, suggest

_KEYS = ("name", "on", "when", "step", "due_days", "outreach")
_WHEN = ("min_amount", "stage", "silence_days")
_OUTREACH = ("subject", "body")
PLACES = ("who", "account", "deal")
"""What a play's words may name in braces."""
_PLACE = re.compile(r"\{([^{}]*)\}")
_LONGEST_STEP, _LONGEST_BODY, _LONGEST_NAME = 200, 4_000, 80
_MOST_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One play. `step` becomes a task; `subject` and `body` a mail into the rep's drafts, "" for none."""

    name: str
    on: SignalKind
    step: str
    due_days: int = 2
    min_amount: Decimal | None = None
    stages: tuple[str, ...] = ()
    silence_days: int = 0
    subject: str = ""
    body: str = ""

    def fits(self, signal: Signal, deal: Record | None) -> bool:
        """Whether this play is for this signal, with its deal as it stands."""
        amount = deal.fields.get("amount") if deal else None
        stage = deal.text("stage").casefold() if deal else ""
        return (
            self.on is signal.kind
            and (self.min_amount is None or (isinstance(amount, (Decimal, int)) and amount >= self.min_amount))
            and (not self.stages or stage in self.stages)
            and signal.days >= self.silence_days
        )

    def due(self, today: date) -> date:
        """The day the step is due; never a Saturday or Sunday."""
        on = today + timedelta(days=self.due_days)
        return on + timedelta(days=max(7 - on.weekday(), 0)) if on.weekday() > 4 else on


def play_for(plays: Sequence[Play], signal: Signal, deal: Record | None) -> Play | None:
    """The first play of the page that fits; None when none does."""
    return next((each for each in plays if each.fits(signal, deal)), None)


def filled(text: str, places: Mapping[str, str]) -> str:
    """A play's words with the names in them: each on one line, nothing in them taken for a place again."""
    return _PLACE.sub(lambda found: one_line(places.get(found[1], ""), limit=_LONGEST_NAME), text)


def parse_plays(text: str) -> tuple[Play, ...]:
    """Read plays.toml. Raises ConfigError that names the play, the line and a near name."""
    try:
        page = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"plays.toml is not valid TOML: {error}", fix="correct that line") from error
    rows = page.get("play", [])
    for name in page:
        if name != "play":
            raise ConfigError(
                f"plays.toml, line {line_of(text, name)}: {name!r} is nothing it knows", fix="every play is a [[play]]"
            )
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        raise ConfigError("plays.toml has no plays", fix="begin each with [[play]]")
    parts = _parts(text)
    found: list[Play] = []
    for number, row in enumerate(rows):
        start, part = parts[number] if number < len(parts) else (1, text)
        try:
            play = _play(row)
            if any(each.name == play.name for each in found):
                raise Wrong(f"there are two plays called {play.name!r}", ("name",), "give each a name of its own")
        except Wrong as wrong:
            at = start + line_of(part, "play", *wrong.path) - 1
            raise ConfigError(f"plays.toml, line {at}, play {number + 1}: {wrong}", fix=wrong.fix) from None
        found.append(play)
    return tuple(found)


def _parts(text: str) -> list[tuple[int, str]]:
    """Each play's own lines, with the number of the first."""
    lines = text.splitlines()
    starts = [at for at, each in enumerate(lines) if re.match(r"\s*\[\[\s*play\s*\]\]", each)]
    ends = [*starts[1:], len(lines)]
    return [(start + 1, "\n".join(lines[start:end])) for start, end in zip(starts, ends, strict=False)]


def _play(row: Mapping[str, Any]) -> Play:
    check_known(row, _KEYS, (), "a play")
    when, outreach = _table(row, "when"), _table(row, "outreach")
    check_known(when, _WHEN, ("when",), "a play")
    check_known(outreach, _OUTREACH, ("outreach",), "a play")
    kinds = [each.value for each in SignalKind]
    if row.get("on") not in kinds:
        raise Wrong(f"on = {row.get('on')!r} is no kind of signal", ("on",), suggest(str(row.get("on", "")), kinds))
    if outreach and not (outreach.get("subject") and outreach.get("body")):
        raise Wrong("an outreach has a subject and a body", ("outreach",), 'subject = "...", body = """..."""')
    amount = when.get("min_amount")
    if amount is not None and (isinstance(amount, bool) or not isinstance(amount, (int, float))):
        raise Wrong(f"min_amount must be a number, not {amount!r}", ("when", "min_amount"), "min_amount = 20000")
    stages = when.get("stage", [])
    stages = [stages] if isinstance(stages, str) else stages
    if not isinstance(stages, list) or not all(isinstance(each, str) for each in stages):
        raise Wrong("stage must be text or a list of texts", ("when", "stage"), 'stage = ["Proposal", "Negotiation"]')
    return Play(
        name=_text(row, "name", (), _LONGEST_NAME),
        on=SignalKind(row["on"]),
        step=_text(row, "step", (), _LONGEST_STEP),
        due_days=_days(row, "due_days", (), 2),
        min_amount=None if amount is None else Decimal(str(amount)),
        stages=tuple(each.casefold() for each in stages),
        silence_days=_days(when, "silence_days", ("when",), 0),
        subject=_text(outreach, "subject", ("outreach",), _LONGEST_STEP) if outreach else "",
        body=_text(outreach, "body", ("outreach",), _LONGEST_BODY).strip() if outreach else "",
    )


def _text(table: Mapping[str, Any], name: str, where: tuple[str, ...], most: int) -> str:
    value = table.get(name)
    path = (*where, name)
    if not isinstance(value, str) or not value.strip():
        raise Wrong(f"it has no {'.'.join(path)}", path if name in table else where, f'{name} = "..."')
    if len(value) > most:
        raise Wrong(f"{'.'.join(path)} has {len(value):,} characters", path, f"at most {most:,}")
    for place in _PLACE.findall(value):
        if place not in PLACES:
            raise Wrong(f"{'.'.join(path)} names {{{place}}}, which is no place", path, suggest(place, list(PLACES)))
    return value


def _days(table: Mapping[str, Any], name: str, where: tuple[str, ...], usual: int) -> int:
    value = table.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_DAYS:
        raise Wrong(f"{name} must be a number of days, not {value!r}", (*where, name), f"{name} = {usual or 14}")
    return value


def _table(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = row.get(name, {})
    if not isinstance(value, dict):
        raise Wrong(f"{name} must be a table, not {value!r}", (name,), f"write [play.{name}]")
    return value
