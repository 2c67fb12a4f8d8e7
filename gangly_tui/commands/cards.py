"""A card as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gangly_tui.commands.console import plain, short
from gangly_tui.domain.draft import spoken
from gangly_tui.domain.lookalike import warnings
from gangly_tui.domain.values import show

if TYPE_CHECKING:
    from gangly_tui.domain.proposal import FieldChange, Proposal, ProposalState

_DIGEST = 12


def card_json(card: Proposal, state: ProposalState | None = None) -> dict[str, Any]:
    """Everything of the card, with its digest and heading first."""
    told: dict[str, Any] = {"id": card.id, "digest": card.digest(), "heading": card.heading}
    if state is not None:
        told["state"] = state.value
    rest = {name: value for name, value in plain(card).items() if name not in told}
    return {**told, **rest, "needs_choice": card.needs_choice}


def card_text(card: Proposal) -> str:
    """The card as the review screen words it."""
    lines = [f"{card.id}@{card.digest()[:_DIGEST]}  {short(card.heading)}    risk: {card.risk.value}"]
    for change in card.changes:
        lines += _change(change, alone=len(card.changes) == 1)
    if card.evidence:
        place = " ".join(filter(None, (card.evidence.speaker, card.evidence.at)))
        lines.append(f"  quote   {short(place, 40)}  “{short(spoken(card.evidence.text), 240)}”")
    if card.reading:
        lines.append(f"  read as {short(card.reading, 160)}")
    lines.append(f"  against {short(card.against.text, 240) if card.against else 'none found'}")
    for label, text in (("rule", card.rule), ("note", card.note)):
        if text:
            lines.append(f"  {label:<7} {short(text, 240)}")
    lines += [f"  letters ! {each}" for each in warnings(card)]
    for number, choice in enumerate(card.choices if card.needs_choice else (), start=1):
        lines.append(f"  deal {number}  {choice.ref.id}  {short(choice.label)}")
    return "\n".join(lines)


def _change(change: FieldChange, *, alone: bool) -> list[str]:
    before, after = (short(show(value, change.type), 400) for value in (change.before, change.after))
    if not alone:
        if change.before in (None, "", ()):
            return [f"  + {short(change.label, 30)}: {after}"]
        return [f"  - {short(change.label, 30)}: {before}", f"  + {short(change.label, 30)}: {after}"]
    who = ", ".join(filter(None, (change.before_by, f"{change.before_at:%d %b %Y}" if change.before_at else "")))
    return [f"  before  {before}" + (f"   ({short(who, 60)})" if who else ""), f"  after   {after}"]
