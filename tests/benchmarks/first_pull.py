"""One first pull, in a process of its own: `python -m tests.benchmarks.first_pull HOW SYSTEM ADDRESS FOLDER`.

HOW is `gangly` (the app's own verb: reader, store, search index), `sequential` (page after page, as the vendors' own
Python clients do it) or `bare` (decode and insert the same bytes, which were fetched before the clock began).
Prints what it took as JSON: seconds, records, MiB at the end over the start, the longest the event loop stood still.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import httpx

from gangly_tui.connectors.record import hubspot, salesforce
from gangly_tui.connectors.record.salesforce_map import selected
from gangly_tui.connectors.record.salesforce_org import Org
from gangly_tui.connectors.transport import Reach, Wire, open_client
from gangly_tui.connectors.vendor import Link, Setup
from gangly_tui.domain.ports import RecordReader
from gangly_tui.flow.pull import PullReport, pull
from gangly_tui.store.database import Connection, open_database, transaction
from tests.benchmarks.big_store import KEY
from tests.connectors.rigs import Bearer
from tests.domain.made import page as hierarchy
from tests.fakes.hubspot import VERSION
from tests.fakes.hubspot_schema import PROPERTIES
from tests.tui.desks import paper_desk

BATCH = 2_000
"""Rows that the bare insert commits at a time."""
_TABLES = ("Account", "Contact", "Opportunity", "Task", "Event")
_LISTS = tuple(name for name in PROPERTIES)


def link_of(system: str, address: str, inner: httpx.AsyncBaseTransport | None = None) -> Link:
    """A connection to the server in the way the app opens one, with the scope of the page that ships."""
    vendor = {"hubspot": hubspot, "salesforce": salesforce}[system].VENDOR
    reach = Reach(hosts=vendor.hosts, loopback=True)
    client = open_client(reach, auth=Bearer("token-1"), inner=inner)
    wire = Wire(system=system, base=address, client=client, reach=reach, manners=vendor.manners, pace=vendor.pace())
    setup = Setup(values={}, loopback=True)
    return Link(wire=wire, scope=hierarchy().scope(system), setup=setup, user_email="robin@seller.com")


def reader_of(system: str, address: str, inner: httpx.AsyncBaseTransport | None = None) -> RecordReader:
    """The vendor's read door."""
    module = {"hubspot": hubspot, "salesforce": salesforce}[system]
    reader: RecordReader = module.open_reader(link_of(system, address, inner))
    return reader


@asynccontextmanager
async def _watched() -> AsyncIterator[list[tuple[float, float]]]:
    """What a key would have waited: how late a heartbeat was, and how much of it this process computed."""
    beats: list[tuple[float, float]] = []

    async def beat() -> None:
        while True:
            due, worked = perf_counter() + 0.005, process_time()
            await asyncio.sleep(0.005)
            beats.append((perf_counter() - due, process_time() - worked))

    task = asyncio.create_task(beat())
    try:
        yield beats
    finally:
        task.cancel()


def _gangly(system: str, address: str, folder: Path) -> dict[str, Any]:
    desk = replace(paper_desk(folder), calendars=(), now=lambda: datetime.now(UTC))
    desk.db.close()
    desk = replace(desk, db=open_database(folder / "pulled.db", key=KEY), reader=reader_of(system, address))

    async def run() -> tuple[PullReport, list[tuple[float, float]]]:
        async with _watched() as beats:
            return await pull(desk), beats

    report, beats = asyncio.run(run())
    if report.problems:
        raise SystemExit("\n".join(report.problems))
    late, busy = sorted(each[0] for each in beats), sorted(each[1] for each in beats)
    most = int(len(beats) * 0.99)
    return {"records": report.records, "late": late[-1], "late99": late[most], "busy": busy[-1], "busy99": busy[most]}


def _pages(system: str, address: str) -> Iterator[bytes]:
    """Every page of records one after another, over one kept connection, asking for what gangly asks for."""
    import requests

    session = requests.Session()
    session.headers["Authorization"] = "Bearer token-1"
    if system == "hubspot":
        for name in _LISTS:
            params = {"limit": 100, "properties": ",".join(each[0] for each in PROPERTIES[name])}
            params["associations"] = "companies,deals,contacts"
            while True:
                answer = session.get(f"{address}/crm/objects/{VERSION}/{name}", params=params)
                yield answer.content
                after = (answer.json().get("paging") or {}).get("next", {}).get("after")
                if not after:
                    break
                params["after"] = after
        return
    for query in asyncio.run(_queries(address)):
        answer = session.get(f"{address}/services/data/v62.0/query", params={"q": query})
        yield answer.content
        while more := answer.json().get("nextRecordsUrl"):
            answer = session.get(address + more)
            yield answer.content


async def _queries(address: str) -> list[str]:
    """What gangly asks of each object."""
    org = Org(link_of("salesforce", address))
    shapes = [await org.shape(name) for name in _TABLES]
    return [f"SELECT {selected(each, org.scope)} FROM {each.object} ORDER BY SystemModstamp, Id" for each in shapes]


def _rows(system: str, data: Any) -> list[Any]:
    return list(data["results" if system == "hubspot" else "records"])


def _identifier(system: str, row: Any) -> str:
    return str(row["id" if system == "hubspot" else "Id"])


def _insert(db: Connection, system: str, rows: Iterable[Any], indexed: bool) -> None:
    """Each row as JSON under its id; with `indexed` its words, as many as gangly indexes."""
    with transaction(db):
        rows = list(rows)
        db.executemany(
            "INSERT OR REPLACE INTO bare VALUES (?, ?)",
            [(_identifier(system, each), json.dumps(each)) for each in rows],
        )
        if indexed:
            db.executemany("INSERT INTO words (title, body) VALUES (?, ?)", [_said(system, each) for each in rows])


_TITLES = ("_title", "_subject", "Subject", "name", "Name")
_TEXTS = ("body", "html", "Description", "domain", "Website", "ity", "mail", "title", "Title", "step", "Step")


def _said(system: str, row: Any) -> tuple[str, str]:
    """The words of a row that gangly's search finds it by."""
    values = [each for each in (row["properties"] if system == "hubspot" else row).items() if isinstance(each[1], str)]
    title = " ".join(value for name, value in values if name.endswith(_TITLES))
    return title, "\n".join(value for name, value in values if name.endswith(_TEXTS) and not name.endswith(_TITLES))


def _table(folder: Path) -> Connection:
    db = open_database(folder / "bare.db", key=KEY)
    db.execute("CREATE TABLE bare (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT")
    return db


def _sequential(system: str, address: str, folder: Path) -> dict[str, Any]:
    """Ask for a page, decode it, insert it, ask for the next."""
    db, records = _table(folder), 0
    for content in _pages(system, address):
        rows = _rows(system, json.loads(content))
        _insert(db, system, rows, indexed=False)
        records += len(rows)
    return {"records": records}


def _salesforce_client(address: str, folder: Path) -> dict[str, Any]:
    """simple-salesforce's own `query_all_iter`, each 200 records inserted."""
    import requests
    from simple_salesforce import Salesforce

    class Loopback(requests.Session):
        """It knows no address but https; the server is on this machine."""

        def request(self, method: str, url: str, *args: Any, **more: Any) -> requests.Response:  # type: ignore[override]
            return super().request(method, url.replace("https://", "http://", 1), *args, **more)

    client = Salesforce(instance_url=address, session_id="token-1", version="62.0", session=Loopback())
    client.base_url = f"{address}/services/data/v62.0/"
    db, records = _table(folder), 0
    for query in asyncio.run(_queries(address)):
        batch: list[Any] = []
        for row in client.query_all_iter(query):
            batch.append(row)
            if len(batch) == 200:
                _insert(db, "salesforce", batch, indexed=False)
                batch.clear()
            records += 1
        _insert(db, "salesforce", batch, indexed=False)
    return {"records": records}


def _bare(system: str, address: str, folder: Path, indexed: bool) -> dict[str, Any]:
    """The pages lie in memory; they are decoded and inserted, `BATCH` rows a commit."""
    pages = list(_pages(system, address))
    db, records = _table(folder), 0
    began, worked = perf_counter(), process_time()
    batch: list[Any] = []
    for content in pages:
        batch += _rows(system, json.loads(content))
        if len(batch) >= BATCH:
            _insert(db, system, batch, indexed)
            records += len(batch)
            batch.clear()
    _insert(db, system, batch, indexed)
    records += len(batch)
    return {"records": records, "seconds": perf_counter() - began, "cpu": process_time() - worked,
            "bytes": sum(map(len, pages))}  # fmt: skip


def _mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(how: str, system: str, address: str, folder: Path) -> None:
    """One pull, and what it took."""
    before, began, worked = _mib(), perf_counter(), process_time()
    match how:
        case "gangly":
            told = _gangly(system, address, folder)
        case "sequential":
            told = _sequential(system, address, folder)
        case "own client":
            told = _salesforce_client(address, folder)
        case _:
            told = _bare(system, address, folder, how == "bare, words indexed")
    took = {"seconds": perf_counter() - began, "cpu": process_time() - worked, "grown": _mib() - before, "peak": _mib()}
    sys.stdout.write(json.dumps(took | told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
