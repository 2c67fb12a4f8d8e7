"""Pull: bring what changed in the CRM, and what `gather` finds beside it, into the store. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gangly_tui.domain.errors import GanglyError, SignInNeeded
from gangly_tui.domain.hierarchy import in_scope
from gangly_tui.domain.records import RECORD_KINDS
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.gather import gather, sentence
from gangly_tui.store import mirror
from gangly_tui.store.database import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class PullProgress:
    """How far one part of the pull is. `total` is None when the system does not say."""

    what: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReport:
    """What a pull brought. `problems` are sentences for a person; a pull that could not reach a system still ends.

    `sign_in`: the system of record asks for a new sign-in.
    """

    records: int
    removed: int
    meetings: int
    transcripts: int
    problems: tuple[str, ...]
    sign_in: bool = False


Progress = Callable[[PullProgress], None]


async def pull(desk: Desk, progress: Progress | None = None, *, days: int = 14) -> PullReport:
    """Bring in the change feed and the meetings of the next `days` days (and of the last one).

    Resumable: the cursor is stored with each page in one transaction, so a kill costs at most one page.
    """
    tell = progress or (lambda _: None)
    problems: list[str] = []
    records = removed = 0
    sign_in = False
    try:
        records, removed = await _pull_records(desk, tell)
    except GanglyError as error:
        sign_in = isinstance(error, SignInNeeded)
        problems.append(sentence(desk.reader.system, error))
    gathered = await gather(desk, lambda what, done: tell(PullProgress(what=what, done=done, total=None)), days=days)
    return PullReport(
        records=records,
        removed=removed,
        meetings=gathered.meetings,
        transcripts=gathered.transcripts,
        problems=(*problems, *gathered.problems),
        sign_in=sign_in,
    )


async def _pull_records(desk: Desk, tell: Progress) -> tuple[int, int]:
    system = desk.reader.system
    scope = desk.hierarchy.scope(system)
    for kind in RECORD_KINDS:
        schema = await desk.reader.describe(kind)
        mirror.save_schema(desk.db, system, schema, desk.now())
    done = removed = 0
    async for page in desk.reader.changes(mirror.cursor(desk.db, system)):
        with transaction(desk.db):
            done += mirror.save_records(desk.db, (in_scope(each, scope) for each in page.records))
            mirror.remove_records(desk.db, page.deleted)
            mirror.set_cursor(desk.db, system, page.cursor)
            desk.at_point("pull.before-commit")
        desk.at_point("pull.committed")
        removed += len(page.deleted)
        tell(PullProgress(what="records", done=done, total=page.total))
    mirror.pulled(desk.db, system, desk.now())
    return done, removed
