"""Signals of deals: stages moved by others, close dates that have passed, deals that stand still."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from gangly_tui.domain.records import Kind, Record
from gangly_tui.domain.signals import STAGE_DAYS, STANDING, DealFacts, Signal, stage_signal, standing_signal
from gangly_tui.flow.desk import Desk
from gangly_tui.store import mirror
from gangly_tui.store import signals as kept

OVERLAP = timedelta(days=1)
"""What came in late is looked at again: a signal is kept once."""
_DEALS = "signals deals at "
_MOST_DEALS = 200
_MOST_STANDING = 50


def of_deals(desk: Desk, since: datetime | None) -> int:
    """Stages moved by others, passed close dates, stalls.

    All deals once a day; when the CRM told something new, those that changed and those that stood out before.
    """
    now = desk.now()
    seen = f"{now.date()} {mirror.cursor(desk.db, desk.reader.system)}"
    before = mirror.cursor(desk.db, _DEALS)
    if before == seen:
        return 0
    me = {each.casefold() for each in (desk.settings.user_email, desk.settings.user_name) if each}
    changed = kept.deals_changed(desk.db, since - OVERLAP) if since else []
    new_day = before.partition(" ")[0] != str(now.date())
    looked = _all_deals(desk, me) if new_day else _some_deals(desk, changed, me)
    standing = [found for each in looked if (found := standing_signal(each, now))]
    moved = _moved(desk, changed, since - OVERLAP, me) if since else []
    new = kept.save_signals(desk.db, [*moved, *standing[:_MOST_STANDING]])
    if len(looked) < _MOST_DEALS:
        kept.over(desk.db, STANDING, [each.id for each in standing])
    mirror.set_cursor(desk.db, _DEALS, seen)
    return new


def _moved(desk: Desk, changed: Sequence[Record], since: datetime, me: Collection[str]) -> list[Signal]:
    ours = kept.stages_we_set(desk.db)
    found = []
    for deal in changed:
        moved = stage_signal(_facts(desk, deal, None), since, desk.now(), me=me)
        if moved is not None and (deal.ref, deal.text("stage")) not in ours:
            found.append(moved)
    return found


def _all_deals(desk: Desk, me: Collection[str]) -> list[DealFacts]:
    today = desk.now().date()
    stood = (today - timedelta(days=STAGE_DAYS)).isoformat()
    looked = kept.deals_to_look_at(desk.db, today.isoformat(), stood, me, limit=_MOST_DEALS)
    return [_facts(desk, deal, last) for deal, last in looked]


def _some_deals(desk: Desk, changed: Sequence[Record], me: Collection[str]) -> list[DealFacts]:
    only_mine = kept.has_deals_of(desk.db, me)
    deals = {each.ref: each for each in changed if not only_mine or each.text("owner").casefold() in me}
    for kind in STANDING:
        for each in kept.open_of(desk.db, kind):
            if each.deal and (deal := mirror.get_record(desk.db, each.deal)):
                deals[deal.ref] = deal
    return [_facts(desk, each, kept.last_done(desk.db, each.ref)) for each in deals.values()]


def _facts(desk: Desk, deal: Record, last: int | None) -> DealFacts:
    done = datetime.fromtimestamp(last / 1_000_000, tz=desk.now().tzinfo) if last is not None else None
    return DealFacts(deal=deal, last_done=done, contact=_first_contact(desk, deal))


def _first_contact(desk: Desk, deal: Record) -> Record | None:
    found = mirror.get_records(desk.db, deal.ref.system, Kind.CONTACT, deal.ids("contacts")[:1])
    return found[0] if found else None
