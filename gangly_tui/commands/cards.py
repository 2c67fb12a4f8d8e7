"""A card as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gangly_tui.commands.console import plain
from gangly_tui.domain.draft import spoken
from gangly_tui.domain.lookalike import warnings
from gangly_tui.domain.safe import one_line
from gangly_tui.domain.values import show

if TYPE_CHECKING:
    from collections.abc import Callable

    from gangly_tui.domain.proposal import FieldChange, Proposal, ProposalState

_DIGEST = 12


def card_json(card: Proposal, state: ProposalState | None = None) -> dict[str, Any]:
    """Everything of the card, with its digest and heading first."""
    told: dict[str, Any] = {"id": card.id, "digest": card.digest(), "heading": card.heading}
    if state is not None:
        told["state"] = state.value
    rest = {name: value for name, value in plain(card).items() if name not in told}
    return {**told, **rest, "needs_choice": card.needs_choice}


def card_text(card: Proposal, *, whole: bool = False) -> str:
    """The card as the review screen words it. Long texts are cut, unless `whole`: what is approved is shown in full."""

    def fit(text: str, limit: int) -> str:
        return one_line(text, limit=None if whole else limit)

    lines = [f"{card.id}@{card.digest()[:_DIGEST]}  {fit(card.heading, 100)}    risk: {card.risk.value}"]
    for change in card.changes:
        lines += _change(change, fit, alone=len(card.changes) == 1)
    for label, said in zip(("quote", *("and" for _ in card.more)), (card.evidence, *card.more), strict=True):
        if said:
            place = " ".join(filter(None, (said.speaker, said.at)))
            lines.append(f"  {label:<7} {fit(place, 40)}  “{fit(spoken(said.text), 240)}”")
    if card.reading:
        lines.append(f"  read as {fit(card.reading, 160)}")
    lines.append(f"  against {fit(card.against.text, 240) if card.against else 'none found'}")
    for label, text in (("rule", card.rule), ("note", card.note)):
        if text:
            lines.append(f"  {label:<7} {fit(text, 240)}")
    lines += [f"  letters ! {each}" for each in warnings(card)]
    for number, choice in enumerate(card.choices if card.needs_choice else (), start=1):
        lines.append(f"  deal {number}  {choice.ref.id}  {fit(choice.label, 100)}")
    return "\n".join(lines)


def _change(change: FieldChange, fit: Callable[[str, int], str], *, alone: bool) -> list[str]:
    before, after = (fit(show(value, change.type), 400) for value in (change.before, change.after))
    if not alone:
        if change.before in (None, "", ()):
            return [f"  + {fit(change.label, 30)}: {after}"]
        return [f"  - {fit(change.label, 30)}: {before}", f"  + {fit(change.label, 30)}: {after}"]
    who = ", ".join(filter(None, (change.before_by, f"{change.before_at:%d %b %Y}" if change.before_at else "")))
    return [f"  before  {before}" + (f"   ({fit(who, 60)})" if who else ""), f"  after   {after}"]
