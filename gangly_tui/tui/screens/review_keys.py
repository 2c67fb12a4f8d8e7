"""The keys of Review, in the order in which the footer shows those that mean something now."""

from __future__ import annotations

from textual.binding import Binding, BindingType


def _deal(digit: int) -> Binding:
    said = f"The call was about deal {digit}" if digit else "The call was about none of these deals"
    name = f"Deal {digit}" if digit else "None"
    return Binding(str(digit), f"deal({digit})", name, id=f"review.deal-{digit}", tooltip=said, show=digit in (0, 1, 2))


REVIEW_KEYS: list[BindingType] = [
    *[_deal(digit) for digit in (1, 2, 3, 4, 5, 6, 7, 8, 9, 0)],
    Binding("t", "settle('theirs')", "Theirs", id="review.theirs", tooltip="Conflict: keep theirs, the card ends"),
    Binding("m", "settle('mine')", "Mine", id="review.mine", tooltip="Conflict: send yours over theirs"),
    Binding("b", "settle('both')", "Both", id="review.both", tooltip="Conflict: theirs and yours in one text"),
    Binding("a", "approve", "Approve", id="review.approve", tooltip="Approve this card: it is sent and read back"),
    Binding("S", "send", "Send", id="review.send", tooltip="A follow-up: into your drafts, a second look, then sent"),
    Binding("e", "edit", "Edit", id="review.edit", tooltip="Put another value into this card"),
    Binding("x", "reject", "Reject", id="review.reject", tooltip="Turn this card down, with a reason if you like"),
    Binding("s", "later", "Later", id="review.later", tooltip="Put this card behind the others"),
    Binding("v", "context", "Context", id="review.context", tooltip="The words around the quote"),
    Binding("Y", "copy_mail", "Copy", id="review.copy", tooltip="Copy the text of this mail"),
    Binding("I", "invite", "Invite", id="review.invite", tooltip="Ask for the next meeting: lays out an invitation"),
    Binding("u", "undo", "Undo", id="review.undo", tooltip="Take back the last approval"),
    Binding("A", "low_risk", "Low", id="review.low-risk", tooltip="List this call's low-risk cards to approve them"),
    Binding("o", "source", "Source", id="review.source", tooltip="Open the record this card writes to"),
    Binding("n", "notes", "Notes", id="review.notes", tooltip="The notes of this call"),
    Binding("up,k", "move(-1)", "Card", key_display="↑↓", id="review.up", tooltip="The card above"),
    Binding("down,j", "move(1)", "Card", show=False, id="review.down", tooltip="The card below"),
    Binding("left", "call(-1)", "Call", key_display="←→", id="review.call-before", tooltip="The call before"),
    Binding("right", "call(1)", "Call", show=False, id="review.call-after", tooltip="The next call"),
]
