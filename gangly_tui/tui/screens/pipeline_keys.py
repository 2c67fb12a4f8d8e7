"""The keys of Pipeline: lower case acts on the selected gap and goes on to the next."""

from __future__ import annotations

from textual.binding import Binding, BindingType

PIPELINE_KEYS: list[BindingType] = [
    Binding("w", "card", "Card", id="pipeline.card", tooltip="Lay what was said out as a card in Review"),
    Binding("q", "question", "Ask", id="pipeline.question", tooltip="Ask it in this account's next brief"),
    Binding("x", "pause", "Not now", id="pipeline.pause", tooltip="Not applicable for 30 days"),
    Binding("X", "pause_until", "Until", id="pipeline.until", tooltip="Not applicable until a day you type"),
    Binding("u", "undo", "Undo", id="pipeline.undo", tooltip="Take back the last thing done here"),
    Binding("o", "open", "Open", id="pipeline.open", tooltip="The deal in the CRM"),
    Binding("c", "pictures", "Charts", id="pipeline.pictures", tooltip="The pipeline in pictures, and back"),
    Binding("e", "everyone", "Mine/all", id="pipeline.everyone", tooltip="Your own deals, or everybody's"),
    Binding("left", "pane('deals')", "Deals", show=False, id="pipeline.deals", tooltip="To the list of deals"),
    Binding("right", "pane('gaps')", "Gaps", show=False, id="pipeline.gaps", tooltip="To the gaps of the deal"),
    Binding("comma", "deal(-1)", "Deal up", show=False, id="pipeline.deal-up", tooltip="The deal above"),
    Binding("full_stop", "deal(1)", "Deal down", show=False, id="pipeline.deal-down", tooltip="The deal below"),
]
