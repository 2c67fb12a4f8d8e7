"""Signals of deals: stages moved by others, close dates that have passed, deals that stand still."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gangly_tui.domain.records import Kind, Record
from gangly_tui.domain.signals import STAGE_DAYS, STANDING, DealFacts, Signal, stage_signal, standing_signal
from gangly_tui.flow.breath import in_steps
from gangly_tui.flow.desk import Desk
from gangly_tui.store import mirror
from gangly_tui.store import signals as kept

OVERLAP = timedelta(days=1)
"""What came in late is looked at again: a signal is kept once."""
_DEALS = "signals deals at "
_MOST_DEALS = 200
_MOST_STANDING = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found of the deals. `whole`: all that could stand out were looked at, so that the rest does not.

    `mark` says for which day, and up to which word of the CRM.
    """

    moved: tuple[Signal, ...]
    standing: tuple[Signal, ...]
    whole: bool
    mark: str

    @property
    def worth_keeping(self) -> tuple[Signal, ...]:
        """The signals to keep."""
        return (*self.moved, *self.standing[:_MOST_STANDING])


async def of_deals(desk: Desk, since: datetime | None) -> Seen | None:
    """Stages moved by others, passed close dates, stalls; None when nothing is new since the last look. Only reads.

    All deals once a day; when the CRM told something new, those that changed and those that stood out before.
    """
    now = desk.now()
    mark = f"{now.date()} {mirror.cursor(desk.db, desk.reader.system)}"
    before = mirror.cursor(desk.db, _DEALS)
    if before == mark:
        return None
    me = {each.casefold() for each in (desk.settings.user_email, desk.settings.user_name) if each}
    changed = await in_steps(kept.deals_changed(desk.db, since - OVERLAP)) if since else []
    new_day = before.partition(" ")[0] != str(now.date())
    deals = _all_deals(desk, me) if new_day else await in_steps(_some_deals(desk, changed, me))
    standing = await in_steps(
        standing_signal(_facts(desk, each, kept.last_done(desk.db, each.ref)), now) for each in deals
    )
    moved = await in_steps(_moved(desk, changed, since - OVERLAP, me)) if since else []
    return Seen(moved=tuple(moved), standing=tuple(standing), whole=len(deals) < _MOST_DEALS, mark=mark)


def looked(desk: Desk, seen: Seen) -> None:
    """Its signals are kept: what stood out before and does not now is over, and this need not be looked for again."""
    if seen.whole:
        kept.over(desk.db, STANDING, [each.id for each in seen.standing])
    mirror.set_cursor(desk.db, _DEALS, seen.mark)


def _moved(desk: Desk, changed: Sequence[Record], since: datetime, me: Collection[str]) -> Iterator[Signal | None]:
    ours = kept.stages_we_set(desk.db)
    for deal in changed:
        moved = stage_signal(_facts(desk, deal, None), since, desk.now(), me=me)
        yield None if (deal.ref, deal.text("stage")) in ours else moved


def _all_deals(desk: Desk, me: Collection[str]) -> list[Record]:
    today = desk.now().date()
    stood = (today - timedelta(days=STAGE_DAYS)).isoformat()
    return kept.deals_to_look_at(desk.db, desk.reader.system, today.isoformat(), stood, me, limit=_MOST_DEALS)


def _some_deals(desk: Desk, changed: Sequence[Record], me: Collection[str]) -> Iterator[Record]:
    """Those that changed, and those that stood out before as they are now; each once."""
    only_mine = kept.has_deals_of(desk.db, desk.reader.system, me)
    here = {each.ref for each in changed if not only_mine or each.text("owner").casefold() in me}
    yield from (each for each in changed if each.ref in here)
    for kind in STANDING:
        for each in kept.open_of(desk.db, kind):
            if each.deal and each.deal not in here and (deal := mirror.get_record(desk.db, each.deal)):
                here.add(deal.ref)
                yield deal


def _facts(desk: Desk, deal: Record, last: int | None) -> DealFacts:
    done = datetime.fromtimestamp(last / 1_000_000, tz=desk.now().tzinfo) if last is not None else None
    return DealFacts(deal=deal, last_done=done, contact=_first_contact(desk, deal))


def _first_contact(desk: Desk, deal: Record) -> Record | None:
    found = mirror.get_records(desk.db, deal.ref.system, Kind.CONTACT, deal.ids("contacts")[:1])
    return found[0] if found else None
