"""The pipeline as rows: deals by money at risk, one deal's gaps with what would close each, and the pictures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from textual.content import Content

from gangly_tui.domain.brief import Touch
from gangly_tui.domain.draft import spoken
from gangly_tui.domain.hygiene import DealHealth, Gap
from gangly_tui.domain.pictures import Chart, strip, top_of
from gangly_tui.domain.records import FIELDS, FieldType
from gangly_tui.domain.values import show
from gangly_tui.flow.quotes import Quote
from gangly_tui.tui.text import ago, cell, content, join, line
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowsOnDemand
from gangly_tui.tui.widgets.timeline import timeline

_MONEY = (9, 18)
"""Cells for the money at risk: at least, at most."""
_COUNT = 3
_WEIGHT = 5
_LABEL = 18
_QUOTE = 400
_WIDEST = 60


def deal_rows(deals: Sequence[DealHealth], done: Mapping[str, Collection[str]], width: int) -> RowsOnDemand:
    """One row a deal: its name, the money at risk, how many gaps are left."""

    risks = ["no amount" if each.at_risk is None else f"{each.at_risk:,.0f} {each.currency}" for each in deals]
    wide = min(max(map(len, risks), default=0), _MONEY[1])
    wide = max(wide, _MONEY[0])

    def row_at(at: int) -> Row:
        each, risk = deals[at], risks[at]
        left = sum(gap.key not in done.get(str(each.deal.ref), ()) for gap in each.gaps)
        name = cell(each.deal.title, max(width - MARGIN - wide - _COUNT - 1, 8), style="" if left else "$quiet")
        money = cell(risk, wide, right=True, style="$warn" if each.at_risk and left else "$quiet")
        count = cell(str(left) if left else "✓", _COUNT, right=True, style="$quiet" if left else "$good")
        return Row(left=join(name, " ", money), tag=count, item=at)

    return RowsOnDemand(len(deals), row_at)


def gap_rows(
    deal: DealHealth,
    width: int,
    today: date,
    *,
    done: Mapping[str, str],
    quotes: Mapping[str, Quote] | None,
    touches: Sequence[Touch],
) -> list[Row]:
    """The deal in short, its gaps each with the words that would close it, its last weeks. `done`: what came of a gap.

    `quotes` is None while the texts are still read.
    """
    room = max(width - MARGIN, 20)
    rows = [Row(left=each) for each in _head(deal, today, room)]
    for item, gap in enumerate(deal.gaps):
        for at, part in enumerate(_gap_line(gap, deal, done).wrap(room - _WEIGHT)):
            left = join("  ", part) if at else part
            rows.append(Row(left=left, tag=Content("") if at else _weight(gap), item=item))
        if quote := (quotes or {}).get(gap.key):
            rows += [Row(left=each, item=item) for each in _quote(gap, quote, room)]
        elif gap.key not in done and gap.key in deal.asked:
            rows.append(Row(left=join("  ", line("asked in the next brief", style="$quiet")), item=item))
    if not deal.gaps:
        rows.append(Row(left=line("nothing is missing here", style="$good")))
    if deal.paused:
        rows.append(Row(left=line(f"{deal.paused} more not applicable for now", style="$quiet")))
    if quotes is None and deal.gaps:
        rows.append(Row(left=line("reading the calls and mails of this deal…", style="$quiet")))
    if drawn := timeline(touches, today, room):
        rows += [Row(left=Content("")), *(Row(left=each) for each in drawn)]
    return rows


def _head(deal: DealHealth, today: date, room: int) -> list[Content]:
    money = show(deal.amount, FieldType.CURRENCY, currency=deal.currency, empty="no amount")
    stood = f" for {deal.days_in_stage} d" if deal.days_in_stage is not None else ""
    risk = "" if deal.at_risk is None else f" · {deal.at_risk:,.0f} at risk"
    close = deal.deal.fields.get("close_date")
    facts = [f"closes {close}" if isinstance(close, date) else "no close date"]
    facts.append(f"last touch {ago(deal.touched, today)}" if deal.touched else "never touched")
    return [
        *content(deal.deal.title, limit=300, style="bold").wrap(room),
        *content(f"{deal.stage or 'no stage'}{stood} · {money}{risk}", limit=300, style="$quiet").wrap(room),
        *content(" · ".join(facts), style="$quiet").wrap(room),
        Content(""),
    ]


def _gap_line(gap: Gap, deal: DealHealth, done: Mapping[str, str]) -> Content:
    came_of = done.get(gap.key, "")
    if came_of:
        said = line(gap.words, limit=200, style="$quiet")
        return join(Content.styled("✓", "$good"), " ", said, "  ", line(came_of, style="$good"))
    sign = "?" if gap.key in deal.asked else "·"
    return join(Content.styled(sign, "$warn"), " ", line(gap.words, limit=200))


def _weight(gap: Gap) -> Content:
    return line(f" {gap.weight:.0%}", style="$quiet")


def _quote(gap: Gap, quote: Quote, room: int) -> list[Content]:
    change = next(each for each in quote.card.changes if each.field == gap.field)
    value = show(change.after, FIELDS[quote.card.kind][change.field])
    where = f"waits in Review, {quote.reading.source}" if quote.waits else quote.reading.source
    said = quote.mention.evidence
    words = spoken(said.text)
    who = f"{said.speaker}: " if said.speaker else ""
    inner = max(room - 4, 12)
    found = []
    for at, part in enumerate(content(value, limit=_QUOTE, style="$lead").wrap(inner)):
        found.append(join("    " if at else "  → ", part))
    for part in content(f"{who}“{words}”  {where}", limit=_QUOTE, style="$quiet").wrap(inner):
        found.append(join("    ", part))
    return found


def nothing_rows() -> list[Row]:
    """What stands where there is no deal."""
    words = ("no open deals here", "ctrl+r reads the CRM again, ctrl+o connects one")
    return [Row(left=line(each, style="$quiet")) for each in words]


def picture_rows(charts: Sequence[Chart], width: int) -> list[Row]:
    """Each chart as bars with their numbers; every bar is a line that can be moved to."""
    rows: list[Row] = []
    item = 0
    words = max((len(bar.words) for chart in charts for bar in chart.bars), default=0)
    bars = max(min(width - MARGIN - _LABEL - 2 - words, _WIDEST), 8)
    for chart in charts:
        if rows:
            rows.append(Row(left=Content("")))
        rows.append(Row(left=line(chart.title, limit=120, style="bold")))
        top = top_of(chart)
        for bar in chart.bars:
            meant, rest = strip(bar, top, bars)
            drawn = join(line(meant, style="$warn"), line(rest, style="$quiet"))
            pad = Content(" " * max(bars - drawn.cell_length, 0))
            rows.append(Row(left=join(cell(bar.label, _LABEL), drawn, pad, "  ", line(bar.words)), item=item))
            item += 1
    return rows
