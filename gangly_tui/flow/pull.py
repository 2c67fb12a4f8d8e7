"""Pull: bring what changed in the CRM, and what `gather` finds beside it, into the store. Reads only."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import cast

from gangly_tui.domain.errors import GanglyError, SignInNeeded
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import RECORD_KINDS
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.gather import Gathered, gather, sentence
from gangly_tui.flow.pull_keep import Keeper
from gangly_tui.store import mirror

KEPT_AT_ONCE = 2_000
"""Records that one transaction keeps at most, and a page: a commit a page would cost more than its rows, and a write
of the rep's that is made meanwhile waits for one transaction."""
KEPT_WITHIN = 0.5
"""Seconds that what was read waits to be kept while more is coming: what a kill costs, and how often one is told."""
COLLECTED_AFTER = 50_000
"""Objects more than at the last look, before the interpreter looks for dead circles while a pull runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullProgress:
    """How far one part of the pull is. `total` is None when the system does not say."""

    what: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReport:
    """What a pull brought. `problems` are sentences for a person; a pull that could not reach a system still ends.

    `sign_in` names the system that asks for a new sign-in.
    """

    records: int
    removed: int
    meetings: int
    transcripts: int
    problems: tuple[str, ...]
    sign_in: str = ""
    mails: int = 0
    asks: tuple[str, ...] = ()
    """what arrived and waits for a person to say which meeting it is of"""


Progress = Callable[[PullProgress], None]


async def pull(desk: Desk, progress: Progress | None = None, *, days: int = 14) -> PullReport:
    """Bring in the change feed and the meetings of the next `days` days (and of the last one).

    Resumable: the cursor is stored with its pages in one transaction, so a kill costs what was read since the last
    one; a pull that is called off, or loses its line, keeps all it has read.
    """
    tell = progress or (lambda _: None)
    problems: list[str] = []
    records = removed = 0
    sign_in = ""
    try:
        records, removed = await _pull_records(desk, tell)
    except GanglyError as error:
        sign_in = desk.reader.system if isinstance(error, SignInNeeded) else ""
        problems.append(sentence(desk.reader.system, error))
    gathered = await gather(desk, lambda what, done: tell(PullProgress(what=what, done=done, total=None)), days=days)
    try:
        from gangly_tui.flow.hygiene import snapshot

        await snapshot(desk)
    except GanglyError as error:
        problems.append(sentence("hygiene", error))
    return report_of(gathered, records=records, removed=removed, problems=problems, sign_in=sign_in)


def report_of(
    found: Gathered, *, records: int = 0, removed: int = 0, problems: Sequence[str] = (), sign_in: str = ""
) -> PullReport:
    """What came in beside the CRM, after what the CRM brought."""
    return PullReport(
        records=records,
        removed=removed,
        meetings=found.meetings,
        transcripts=found.transcripts,
        mails=found.mails,
        asks=tuple(found.asks),
        problems=(*problems, *found.problems),
        sign_in=sign_in or found.sign_in,
    )


async def _pull_records(desk: Desk, tell: Progress) -> tuple[int, int]:
    system = desk.reader.system
    for schema in await asyncio.gather(*(desk.reader.describe(kind) for kind in RECORD_KINDS)):
        mirror.save_schema(desk.db, system, schema, desk.now())
    with _seldom_collecting():
        done, removed = await _keep_all(desk, tell)
    mirror.pulled(desk.db, system, desk.now())
    return done, removed


async def _keep_all(desk: Desk, tell: Progress) -> tuple[int, int]:
    """Read on while a lot is being kept, one further lot ahead at most: so memory stays flat."""
    feed = cast(AsyncGenerator[ChangePage, None], desk.reader.changes(mirror.cursor(desk.db, desk.reader.system)))
    coming: asyncio.Future[ChangePage | None] | None = asyncio.ensure_future(anext(feed, None))
    held, kept = _Held(), _Kept(tell=tell)
    lot: asyncio.Task[None] | None = None
    with Keeper(desk) as keeper:
        try:
            while coming or lot or held.pages:
                if lot is None and (coming is None or held.rest() == 0):
                    lot = kept.lot(keeper, held)
                wanted = coming if held.size < KEPT_AT_ONCE else None
                await asyncio.wait(
                    [each for each in (wanted, lot) if each],
                    timeout=None if lot else held.rest(),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if lot and lot.done():
                    lot.result()
                    lot = None
                if wanted and wanted.done():
                    page = wanted.result()
                    coming = asyncio.ensure_future(anext(feed, None)) if page else None
                    if page:
                        held.take(page)
        finally:
            if coming:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
            await feed.aclose()
            if lot:
                await asyncio.wait((lot,))
                lot.result()
            if held.pages and not keeper.failed:
                await kept.lot(keeper, held)
    return kept.done, kept.removed


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Pages of records hold no circles, and there are many: the collector would look through them again and again."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@dataclass(slots=True, kw_only=True)
class _Held:
    """Pages that were read and are not kept yet."""

    pages: list[ChangePage] = field(default_factory=list)
    size: int = 0
    since: float = 0.0

    def take(self, page: ChangePage) -> None:
        """One page more."""
        if not self.pages:
            self.since = monotonic()
        self.pages.append(page)
        self.size += len(page.records) + len(page.deleted)

    def rest(self) -> float | None:
        """Seconds until it is time to keep them: 0 when it is; None while there are none."""
        if not self.pages:
            return None
        return max(self.since + KEPT_WITHIN - monotonic(), 0.0) if self.size < KEPT_AT_ONCE else 0.0

    def give(self) -> list[ChangePage]:
        """All of them, to be kept."""
        pages, self.pages, self.size = self.pages, [], 0
        return pages


@dataclass(slots=True, kw_only=True)
class _Kept:
    """What was kept so far."""

    tell: Progress
    done: int = 0
    removed: int = 0

    def lot(self, keeper: Keeper, held: _Held) -> asyncio.Task[None]:
        """Keep what is held, count it and tell of it."""
        return asyncio.ensure_future(self._lot(keeper, held.give()))

    async def _lot(self, keeper: Keeper, pages: list[ChangePage]) -> None:
        self.done += await keeper.keep(pages)
        self.removed += sum(len(each.deleted) for each in pages)
        self.tell(PullProgress(what="records", done=self.done, total=pages[-1].total))
