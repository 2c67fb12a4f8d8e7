"""Where a card stands with the person: apart from the card, so that the day's list needs no card to count them."""

from __future__ import annotations

from enum import StrEnum


class ProposalState(StrEnum):
    """Where a card stands with the person. What happens after an approval is the Delivery's state."""

    OPEN = "open"
    LATER = "later"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    """the notes were drafted again and this card was still undecided"""
