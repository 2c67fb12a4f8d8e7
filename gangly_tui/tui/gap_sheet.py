"""A gap in full: what it is, what to ask, the whole quote, and the record it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gangly_tui.tui.screens.source import Entry, Sheet, record_sheet

if TYPE_CHECKING:
    from gangly_tui.domain.hygiene import DealHealth, Gap
    from gangly_tui.flow.desk import Desk
    from gangly_tui.flow.quotes import Quote


def gap_sheet(desk: Desk, deal: DealHealth, gap: Gap | None, quote: Quote | None) -> Sheet:
    """The gap above its record; without a gap the deal alone. Raises NotFound when the record is gone."""
    sheet = record_sheet(desk, gap.ref if gap else deal.deal.ref)
    about: list[Entry] = []
    if gap:
        about.append(Entry(label="Gap", value=gap.words))
        about.append(Entry(label="At risk", value=f"{gap.weight:.0%} of the deal"))
        about.append(Entry(label="Question", value=gap.question))
    if quote:
        about.append(Entry(label="Quote", value=f"{quote.mention.evidence.text}\n{quote.reading.source}"))
    return Sheet(title=sheet.title, kind=sheet.kind, entries=(*about, *sheet.entries))
