"""gangly hygiene: the open deals by money at risk, what each lacks, and the pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gangly_tui.commands.console import as_json, out, out_json, plain, short, tell

if TYPE_CHECKING:
    from gangly_tui.domain.hygiene import DealHealth
    from gangly_tui.domain.pictures import Chart
    from gangly_tui.flow.hygiene import Pipeline

_BARS = 28
_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command()
@as_json
@click.option("--everyone", is_flag=True, help="Everybody's open deals, not yours alone.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="Deals to list; JSON has them all."
)
@click.option("--svg", type=_FILE, metavar="FILE", help="Write the pictures into FILE.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write the pictures and the list of deals into FILE.")
def hygiene(as_json: bool, everyone: bool, limit: int, svg: Path | None, html: Path | None) -> None:
    """List open deals by money at risk with what each lacks, and draw the pipeline.

    From the local store alone. Currencies are listed apart and never added up. What a stage requires is [required] in
    hierarchy.toml. Work through it with the Pipeline screen (3 in the app).

    \b
    Examples:
      gangly hygiene
      gangly hygiene --json | jq '.deals[] | select(.at_risk) | {deal: .name, at_risk, currency}'
      gangly hygiene --html pipeline.html
    """
    from gangly_tui.bootstrap import desk_at_hand
    from gangly_tui.flow.hygiene import charts as drawn_of
    from gangly_tui.flow.hygiene import look

    with desk_at_hand() as desk:
        found, today = look(desk, everyone=everyone), desk.now().date()
    charts = drawn_of(found)
    if svg:
        from gangly_tui.domain.pictures import svg as drawn

        svg.write_text(drawn(charts), encoding="utf-8")
        tell(f"written: {svg}")
    if html:
        html.write_text(_html(found, charts, today.isoformat()), encoding="utf-8")
        tell(f"written: {html}")
    if as_json:
        out_json(_plain(found))
        return
    for each in found.deals[:limit]:
        _deal(each)
    if not found.deals:
        out("no open deals here")
        tell("nothing is open: gangly pull reads the CRM, gangly demo shows a company of fiction")
        return
    for chart in charts:
        _draw(chart)
    whose = "your " if found.mine else ""
    more = f"; the {len(found.deals):,} largest of {found.total:,}" if found.total > len(found.deals) else ""
    tell(f"{found.with_gaps:,} of {whose}{len(found.deals):,} open deals have gaps{more}")


def money(each: DealHealth) -> str:
    """At risk of how much, in the deal's own currency."""
    if each.amount is None:
        return "no amount"
    return f"{each.currency} {each.at_risk:,.0f} of {each.amount:,.0f} at risk"


def _deal(each: DealHealth) -> None:
    out(f"{short(each.deal.title, 60)}  [{short(each.stage, 30)}]  {short(money(each), 60)}")
    for gap in each.gaps:
        mark = "?" if gap.key in each.asked else "-"
        out(f"  {mark} {short(gap.words, 120)}")
    if each.paused:
        out(f"    {each.paused} not applicable for now")


def _draw(chart: Chart) -> None:
    from gangly_tui.domain.pictures import strip, top_of

    out()
    out(short(chart.title, 100))
    top = top_of(chart)
    for bar in chart.bars:
        meant, rest = strip(bar, top, _BARS)
        out(f"  {short(bar.label, 16):<16} {meant + rest:<{_BARS}} {short(bar.words, 60)}")


def _plain(found: Pipeline) -> object:
    return {
        "mine": found.mine,
        "total": found.total,
        "with_gaps": found.with_gaps,
        "deals": [
            {
                "deal": str(each.deal.ref),
                "name": each.deal.title,
                "stage": each.stage,
                "currency": each.currency,
                "amount": plain(each.amount),
                "severity": plain(each.severity),
                "at_risk": plain(each.at_risk),
                "days_in_stage": each.days_in_stage,
                "touched": plain(each.touched),
                "not_applicable": each.paused,
                "gaps": [
                    {**plain(gap), "asked": gap.key in each.asked, "weight": plain(gap.weight)} for gap in each.gaps
                ],
            }
            for each in found.deals
        ],
        "stages": plain(found.stages),
        "weeks": [{**plain(each), "rate": round(each.rate, 4)} for each in found.weeks],
    }


_STYLE = """body{font:14px/1.4 sans-serif;margin:2em auto;max-width:66em}table{border-collapse:collapse;width:100%}
td,th{border:1px solid #999;padding:3px 6px;text-align:left;vertical-align:top}svg{max-width:100%;height:auto}
@media print{body{margin:0}tr{break-inside:avoid}}"""


def _html(found: Pipeline, charts: list[Chart], at: str) -> str:
    """One file without anything from elsewhere; prints on paper."""
    from html import escape

    from gangly_tui.domain.pictures import svg

    def cell(text: str) -> str:
        return f"<td>{escape(short(text, 300))}</td>"

    rows = [
        f"<tr>{cell(each.deal.title)}{cell(each.stage)}{cell(money(each))}"
        f"<td>{'<br>'.join(escape(short(gap.words, 200)) for gap in each.gaps) or '-'}</td></tr>"
        for each in found.deals
    ]
    return "\n".join(
        [
            f"<!doctype html><meta charset=utf-8><title>Pipeline</title><style>{_STYLE}</style>",
            f"<h1>Pipeline, {escape(at)}</h1>",
            svg(charts),
            "<table><tr><th>deal</th><th>stage</th><th>at risk</th><th>gaps</th></tr>",
            *rows,
            "</table>",
        ]
    )
