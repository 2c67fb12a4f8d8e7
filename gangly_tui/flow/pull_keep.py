"""What a pull read goes into the store: lot by lot, in a thread of its own, over a connection of its own.

Nearly all of it is encrypting, indexing and waiting for the disk, and needs no interpreter: meanwhile the pull reads
on, keys are answered, and the app's connection reads what was kept before. A write from there waits for one lot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

from gangly_tui.domain.hierarchy import in_scope
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import Record, RecordRef
from gangly_tui.flow.desk import Desk
from gangly_tui.store import mirror
from gangly_tui.store.database import Connection, beside, transaction


class Keeper:
    """Keeps lots in the order they come; after one that could not be kept no other is, or what it held would be lost.

    Leaving the block waits for the lot that is being kept.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._scope = desk.hierarchy.scope(desk.reader.system)
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="pull")
        self._db: Connection = None
        self.failed = False

    def __enter__(self) -> Keeper:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._aside.submit(self._close)
        self._aside.shutdown()

    def keep(self, pages: Sequence[ChangePage]) -> asyncio.Future[int]:
        """All these pages with the last one's cursor, or nothing; how many records differed."""
        return asyncio.get_running_loop().run_in_executor(self._aside, self._keep, pages)

    def _keep(self, pages: Sequence[ChangePage]) -> int:
        desk, written = self._desk, 0
        try:
            self._db = self._db or beside(desk.db)
            runs = [
                (mirror.written_out(in_scope(each, self._scope) for each in records), gone)
                for records, gone in _runs(pages)
            ]
            with transaction(self._db):
                for records, gone in runs:
                    written += mirror.save_written(self._db, records)
                    mirror.remove_records(self._db, gone)
                mirror.set_cursor(self._db, desk.reader.system, pages[-1].cursor)
                desk.at_point("pull.before-commit")
        except BaseException:
            self.failed = True
            raise
        desk.at_point("pull.committed")
        return written

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()


def _runs(pages: Sequence[ChangePage]) -> list[tuple[list[Record], list[RecordRef]]]:
    """What to save and then to remove, in their order: what comes after a removal is a run of its own."""
    runs: list[tuple[list[Record], list[RecordRef]]] = [([], [])]
    for page in pages:
        if page.records and runs[-1][1]:
            runs.append(([], []))
        runs[-1][0].extend(page.records)
        runs[-1][1].extend(page.deleted)
    return runs
