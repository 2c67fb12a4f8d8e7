"""Hygiene: the pipeline with its gaps, the rep's marks on them, the day's picture. From the store alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from gangly_tui.domain.brief import Touch
from gangly_tui.domain.errors import InputError
from gangly_tui.domain.hygiene import (
    PAUSE_DAYS,
    DealHealth,
    Gap,
    Rules,
    StageSum,
    by_stage,
    judge,
    ranked,
    usual_days,
)
from gangly_tui.domain.pictures import Bar, Chart
from gangly_tui.domain.records import Kind, Record, RecordRef
from gangly_tui.flow.breath import in_steps
from gangly_tui.flow.desk import Desk
from gangly_tui.store import hygiene as kept
from gangly_tui.store import marks, mirror
from gangly_tui.store.database import transaction

WEEKS = 12
_TOUCHES = 40
_AT_ONCE, _KEPT_AT_ONCE = 50, 500
"""Deals that one statement is asked about, and that one transaction keeps, while somebody may be pressing keys."""
_LONGEST_PAUSE = 3 * 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """How many of the open deals had a serious gap when the week's last picture was taken. `day` is that picture's."""

    day: date
    deals: int
    with_gaps: int
    gaps: int

    @property
    def rate(self) -> float:
        """The share of deals with a serious gap."""
        return self.with_gaps / self.deals if self.deals else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The open deals, the most money at risk first in each currency. `total` counts those that are not shown, too.

    `mine`: these are the rep's own; otherwise everybody's.
    """

    deals: tuple[DealHealth, ...]
    total: int
    stages: tuple[StageSum, ...]
    weeks: tuple[Week, ...]
    mine: bool
    rules: Rules = field(repr=False, default_factory=Rules)

    @property
    def with_gaps(self) -> int:
        """How many of the deals lack something."""
        return sum(bool(each.gaps) for each in self.deals)


def look(desk: Desk, *, everyone: bool = False) -> Pipeline:
    """The rep's open deals with their gaps; everybody's when asked for, or when none is the rep's."""
    rules = rules_of(desk)
    deals, total, mine = _deals(desk, everyone=everyone)
    now = desk.now()
    judged = [judge(each, rules, now.date()) for each in kept.facts(desk.db, deals, now)]
    stages = tuple(by_stage(judged, rules.stages))
    return Pipeline(
        deals=tuple(ranked(judged, desk.settings.currency)),
        total=total,
        stages=stages,
        weeks=tuple(_weeks(desk, stages if mine or not everyone else ())),
        mine=mine,
        rules=rules,
    )


def rules_of(desk: Desk) -> Rules:
    """What counts as a gap here: the hierarchy page, the CRM's own stages, how long deals stayed in them so far."""
    schema = mirror.schemas(desk.db, desk.reader.system).get(Kind.OPPORTUNITY)
    stage = schema.field("stage") if schema else None
    options = stage.options if stage else ()
    return Rules(
        required=desk.hierarchy.required,
        stages=tuple(each for each in options if not each.lower().startswith("closed")),
        usual=usual_days(kept.stays(desk.db)),
    )


def _deals(desk: Desk, *, everyone: bool) -> tuple[list[Record], int, bool]:
    who = desk.settings
    names = tuple(filter(None, (who.user_email, who.user_name)))
    if names and not everyone:
        mine, total = kept.open_deals(desk.db, desk.reader.system, names)
        if mine:
            return mine, total, True
    return *kept.open_deals(desk.db, desk.reader.system), False


def deal_now(desk: Desk, ref: RecordRef, rules: Rules) -> DealHealth | None:
    """One deal as the store has it now; None when it is closed or gone."""
    deal = mirror.get_record(desk.db, ref)
    if deal is None or deal.text("stage").lower().startswith("closed"):
        return None
    (facts,) = kept.facts(desk.db, [deal], desk.now())
    return judge(facts, rules, desk.now().date())


def touches(desk: Desk, deal: Record) -> list[Touch]:
    """The newest contacts on a deal, for the picture of its weeks."""
    from gangly_tui.domain.brief import Source

    found = []
    for each in mirror.linked(desk.db, deal.ref, Kind.ACTIVITY, limit=_TOUCHES):
        at = each.fields.get("at")
        moment = at if isinstance(at, datetime) else each.updated_at
        if each.text("type") != "task" and moment <= desk.now():
            source = Source(tag=f"{each.ref.system} {each.text('type')}", ref=each.ref)
            local = moment.astimezone(desk.settings.timezone)
            found.append(Touch(at=local, type=each.text("type"), subject=each.title, source=source))
    return found


# -- marks ------------------------------------------------------------------------------------------------------


def pause(desk: Desk, deal: Record, gap: Gap, until: date | None = None) -> date:
    """The gap is not applicable until a day; it comes back then. Raises InputError for a day that is no use."""
    today = desk.now().date()
    until = until or today + timedelta(days=PAUSE_DAYS)
    if not today < until <= today + timedelta(days=_LONGEST_PAUSE):
        raise InputError(f"{until} is no day to wait for", fix="a day from tomorrow to three years ahead: 2027-01-31")
    marks.mark(desk.db, deal, gap.key, "paused", until)
    return until


def resume(desk: Desk, deal: Record, gap: Gap) -> None:
    """The gap counts again."""
    marks.unmark(desk.db, deal, gap.key, "paused")


def ask(desk: Desk, deal: Record, gap: Gap) -> None:
    """Put the gap's question into the next brief of the deal's account; it leaves when the gap is closed."""
    marks.mark(desk.db, deal, gap.key, "asked")


def ask_not(desk: Desk, deal: Record, gap: Gap) -> None:
    """Take the question out again."""
    marks.unmark(desk.db, deal, gap.key, "asked")


def questions_for(desk: Desk, account: RecordRef) -> list[str]:
    """The questions that the rep put into the next brief of an account and whose gaps are still open."""
    asked = marks.asked_of(desk.db, str(account))
    if not asked:
        return []
    rules, found = rules_of(desk), []
    for ref in dict.fromkeys(deal for deal, _ in asked):
        deal = deal_now(desk, RecordRef.parse(ref), rules)
        if deal is not None:
            found += [each.question for each in deal.gaps if (ref, each.key) in asked]
    return list(dict.fromkeys(found))


# -- a picture a day --------------------------------------------------------------------------------------------


async def snapshot(desk: Desk) -> bool:
    """Keep the day's picture of the rep's pipeline, once a day: how it stood at the first look. Says whether it did.

    In steps: whoever presses a key meanwhile is not kept waiting.
    """
    now = desk.now()
    if desk.db.read_only or kept.has_day(desk.db, now.date()):
        return False
    await in_steps(_keep_stays(desk))
    deals, _, _ = _deals(desk, everyone=False)
    rules = rules_of(desk)
    judged = await in_steps(_judged(desk, deals, rules))
    stages = by_stage(judged, rules.stages)
    with transaction(desk.db):
        kept.stays_kept(desk.db, now)
        marks.forget_old(desk.db, now.date())
        kept.save_day(desk.db, now.date(), stages)
    return bool(stages)


def _keep_stays(desk: Desk) -> Iterator[None]:
    for rids in kept.deals_to_keep(desk.db):
        for at in range(0, len(rids), _KEPT_AT_ONCE):
            kept.keep_stays(desk.db, desk.reader.system, rids[at : at + _KEPT_AT_ONCE])
            yield


def _judged(desk: Desk, deals: Sequence[Record], rules: Rules) -> Iterator[DealHealth]:
    """The deals with their gaps, a handful of statements for every few of them."""
    now = desk.now()
    for at in range(0, len(deals), _AT_ONCE):
        for each in kept.facts(desk.db, deals[at : at + _AT_ONCE], now):
            yield judge(each, rules, now.date())


def _weeks(desk: Desk, now: tuple[StageSum, ...]) -> list[Week]:
    """The last picture of each week; this week's is what stands there now."""
    today = desk.now().date()
    monday = today - timedelta(days=today.weekday())
    last: dict[date, Week] = {}
    for day, sums in kept.days(desk.db, monday - timedelta(weeks=WEEKS - 1)):
        last[day - timedelta(days=day.weekday())] = week_of(day, sums)
    if now:
        last[monday] = week_of(today, now)
    return [last[each] for each in sorted(last)]


def week_of(day: date, sums: Sequence[StageSum]) -> Week:
    """One picture of the pipeline as a point of the curve."""
    return Week(
        day=day,
        deals=sum(each.deals for each in sums),
        with_gaps=sum(each.with_gaps for each in sums),
        gaps=sum(each.gaps for each in sums),
    )


# -- pictures ---------------------------------------------------------------------------------------------------


def charts(found: Pipeline) -> list[Chart]:
    """Money by stage, a chart a currency, the largest first; deals without an amount by number; gap rates by week."""
    drawn = []
    sums = [each for each in found.stages if each.currency]
    total: dict[str, Decimal] = {}
    for each in sums:
        total[each.currency] = total.get(each.currency, Decimal()) + each.amount
    for currency in sorted(total, key=lambda name: (-total[name], name)):
        bars = tuple(
            Bar(
                label=each.stage or "(no stage)",
                value=float(each.amount),
                part=float(each.at_risk),
                words=f"{each.amount:,.0f}, {each.at_risk:,.0f} at risk, {plural(each.deals, 'deal')}",
            )
            for each in sums
            if each.currency == currency
        )
        drawn.append(Chart(title=f"{currency} by stage; the solid part is at risk", bars=bars))
    bare = tuple(
        Bar(
            label=each.stage or "(no stage)",
            value=each.deals,
            part=each.with_gaps,
            words=f"{plural(each.deals, 'deal')}, {each.with_gaps} with serious gaps",
        )
        for each in found.stages
        if not each.currency
    )
    if bare:
        drawn.append(Chart(title="deals without an amount, by stage; the solid part has serious gaps", bars=bare))
    weeks = tuple(
        Bar(
            label=f"week of {each.day - timedelta(days=each.day.weekday()):%d %b}",
            value=1.0,
            part=each.rate,
            words=f"{each.rate:.0%}, {each.with_gaps} of {each.deals}, {plural(each.gaps, 'gap')}",
        )
        for each in found.weeks
    )
    if weeks:
        drawn.append(
            Chart(title="deals with serious gaps, by week; a missing title or phone alone is none", bars=weeks)
        )
    return drawn


def plural(count: int, word: str) -> str:
    """`1 deal`, `2 deals`."""
    return f"{count:,} {word}" + "s" * (count != 1)
