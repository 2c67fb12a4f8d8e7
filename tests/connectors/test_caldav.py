"""CalDAV against Radicale, a real server on this machine; and answers that no honest server gives."""

from __future__ import annotations

import asyncio
import base64
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from gangly_tui.config import Config
from gangly_tui.connectors.engagement import caldav
from gangly_tui.connectors.engagement.caldav_xml import multistatus
from gangly_tui.connectors.vendor import Link, Setup
from gangly_tui.domain.errors import ConfigError, ConnectorError, GanglyError, NotFound, SignInNeeded, Unreachable
from gangly_tui.domain.secret import Secret
from gangly_tui.linking import open_link, reach_of, secret_name
from tests.connectors.calendars import calendar
from tests.connectors.rigs import Kept, everything
from tests.connectors.wires import answer, serving
from tests.patience import LONG, computing_at_most

BERLIN = ZoneInfo("Europe/Berlin")
START, END = datetime(2026, 9, 22, tzinfo=BERLIN), datetime(2026, 10, 28, tzinfo=BERLIN)
CALL = "UID:{0}\nDTSTAMP:20260901T000000Z\nSUMMARY:{0}\nDTSTART:20260923T140000Z\nDTEND:20260923T143000Z"
MAKE = (
    '<?xml version="1.0"?><d:mkcol xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop>'
    "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype><d:displayname>{}</d:displayname>"
    '<c:supported-calendar-component-set><c:comp name="{}"/></c:supported-calendar-component-set>'
    "</d:prop></d:set></d:mkcol>"
)


@dataclass
class Server:
    """Radicale, and what a calendar program does with it."""

    base: str

    def ask(self, method: str, path: str, body: str = "", expect: int = 201) -> None:
        reply = httpx.request(
            method, self.base + path, content=body.encode(), auth=("robin", "s3:cret"), trust_env=False
        )
        assert reply.status_code == expect, (method, path, reply.status_code, reply.text)

    def calendar(self, name: str, component: str = "VEVENT") -> None:
        self.ask("MKCOL", f"/robin/{name.lower()}/", MAKE.format(name, component))

    def put(self, where: str, *events: str, head: str = "") -> None:
        self.ask("PUT", f"/robin/{where}.ics", calendar(*events, head=head).replace("\n", "\r\n"))

    def link(self, address: str = "/", *, password: str = "s3:cret", **values: str) -> Link:
        kept = Kept()
        kept.put(secret_name("caldav", "password"), Secret(password))
        table = {"address": address, "user": "robin", "loopback": self.base, "way": "password", **values}
        return open_link("caldav", Config(), kept, scope=everything("caldav"), table=table).link


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "users").write_text("robin:s3:cret\n")
    (tmp_path / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {tmp_path / 'users'}\n"
        f"htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {tmp_path / 'collections'}\n"
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "radicale", "--config", str(tmp_path / "config")], stdout=log, stderr=log
        )
    try:
        _wait_for(port, process, tmp_path / "log")
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(LONG)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + LONG
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("Radicale does not come up: " + log.read_text()[-2_000:])


async def test_all_calendars_are_found_from_the_server_and_read_by_their_changes(server: Server) -> None:
    server.calendar("Calls")
    server.calendar("Team")
    server.calendar("Tasks", "VTODO")
    server.put("calls/a", CALL.format("Acme") + "\nATTENDEE;CN=Ada Lind:mailto:ada@acme.example")
    server.put("team/b", CALL.format("Globex") + "\nCLASS:PRIVATE")
    server.put("calls/far", CALL.format("Far").replace("20260923", "20250101"))
    link = server.link()
    standing = await caldav.check(link)
    assert standing.account.startswith("robin at ") and "Calls" in standing.account and "Tasks" not in standing.account
    door = caldav.open_calendar(link)
    first = await door.meetings(START, END)
    assert first.whole and sorted(each.title for each in first.meetings) == ["Acme", "Private appointment"]
    acme = next(each for each in first.meetings if each.title == "Acme")
    assert acme.system == "caldav" and acme.attendees[0].email == "ada@acme.example"
    same = await door.meetings(START, END, first.cursor)
    assert (same.whole, same.meetings, same.cursor) == (False, (), first.cursor)
    server.put("team/c", CALL.format("Initech"))
    server.ask("DELETE", "/robin/calls/a.ics", expect=200)
    third = await caldav.open_calendar(server.link()).meetings(START, END, same.cursor)
    assert third.whole and sorted(each.title for each in third.meetings) == ["Initech", "Private appointment"]
    other = await door.meetings(START, END - timedelta(days=1), third.cursor)
    assert other.whole, "a cursor is for the days it was given for"


async def test_one_calendar_or_those_that_are_named(server: Server) -> None:
    server.calendar("Calls")
    server.calendar("Team")
    server.put("calls/a", CALL.format("Acme"))
    server.put("team/b", CALL.format("Globex"))
    for link in (
        server.link("/robin/calls/"),
        server.link("/robin/", only="calls , nowhere"),
        server.link("/", only="Calls"),
    ):
        found = await caldav.open_calendar(link).meetings(START, END)
        assert [each.title for each in found.meetings] == ["Acme"]
    with pytest.raises(NotFound, match="of these names") as told:
        await caldav.check(server.link("/", only="nowhere"))
    assert "Team" in told.value.fix and "Calls" in told.value.fix


async def test_a_series_with_an_exception_over_the_change_of_clocks(server: Server) -> None:
    server.calendar("Calls")
    series = (
        "UID:weekly\nDTSTAMP:20260901T000000Z\nSUMMARY:Weekly\nDTSTART;TZID=Europe/Berlin:20260914T090000\n"
        "DTEND;TZID=Europe/Berlin:20260914T093000\nRRULE:FREQ=WEEKLY;COUNT=10"
    )
    moved = (
        "UID:weekly\nDTSTAMP:20260901T000000Z\nSUMMARY:Weekly\\, later\n"
        "RECURRENCE-ID;TZID=Europe/Berlin:20261005T090000\n"
        "DTSTART;TZID=Europe/Berlin:20261005T150000\nDTEND;TZID=Europe/Berlin:20261005T153000"
    )
    day = "UID:day\nDTSTAMP:20260901T000000Z\nSUMMARY:Fair\nDTSTART;VALUE=DATE:20261001\nDTEND;VALUE=DATE:20261002"
    server.put("calls/weekly", series, moved)
    server.put("calls/day", day)
    found = (await caldav.open_calendar(server.link()).meetings(START, END)).meetings
    weekly = [each for each in found if each.title.startswith("Weekly")]
    assert [(f"{each.start.astimezone(BERLIN):%m-%d %H:%M}", each.title) for each in weekly] == [
        ("09-28 09:00", "Weekly"), ("10-05 15:00", "Weekly, later"), ("10-12 09:00", "Weekly"),
        ("10-19 09:00", "Weekly"), ("10-26 09:00", "Weekly"),
    ]  # fmt: skip
    assert len({each.series_id for each in weekly}) == 1 and weekly[0].series_id
    (fair,) = [each for each in found if each.all_day]
    assert fair.start == datetime(2026, 10, 1, tzinfo=BERLIN) and fair.end == datetime(2026, 10, 2, tzinfo=BERLIN)


async def test_a_wrong_password_and_an_empty_server_are_said(server: Server) -> None:
    with pytest.raises(SignInNeeded, match="user and password"):
        await caldav.check(server.link(password="wrong"))
    with pytest.raises(NotFound, match="no calendar"):
        await caldav.check(server.link())


def test_the_password_goes_to_the_customers_own_server_alone() -> None:
    setup = Setup(values={"address": "cloud.acme.example/remote.php/dav", "user": "robin"})
    assert reach_of(caldav.VENDOR, setup, Config()).hosts == {"cloud.acme.example"}
    assert caldav.VENDOR.base(setup, {}) == "https://cloud.acme.example"
    apple = Setup(values={"address": "https://caldav.icloud.com"})
    assert reach_of(caldav.VENDOR, apple, Config()).hosts == {"caldav.icloud.com", ".icloud.com"}
    with pytest.raises(ConfigError, match="without encryption"):
        caldav.VENDOR.base(Setup(values={"address": "http://cloud.acme.example"}), {})


GOOD = (
    b'<d:multistatus xmlns:d="DAV:"><d:response><d:href>/x/</d:href><d:propstat><d:prop><d:displayname>X'
    b"</d:displayname></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat><d:propstat><d:prop>"
    b"<d:sync-token>t</d:sync-token>"
    b"</d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat></d:response></d:multistatus>"
)


def test_only_properties_that_are_there_count() -> None:
    (found,) = multistatus(GOOD)
    assert (found.href, found.name, found.mark) == ("/x/", "X", "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<html><p>sign in</html>",
        b'<d:prop xmlns:d="DAV:"/>',
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + GOOD,
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + GOOD.replace(b">X<", b">&a;<"),
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">' + GOOD,
        b'<?xml version="1.0" encoding="no-such"?>' + GOOD,
    ],
)
def test_entity_bombs_and_what_is_no_answer_are_refused(body: bytes) -> None:
    with pytest.raises(Unreachable, match="no CalDAV"):
        multistatus(body)


@pytest.mark.parametrize("where", ["https://evil.example/robin/", "//evil.example/robin/"])
async def test_an_answer_that_points_elsewhere_takes_no_password_along(where: str) -> None:
    body = GOOD.replace(
        b"<d:displayname>X</d:displayname>",
        (f"<d:current-user-principal><d:href>{where}</d:href></d:current-user-principal>").encode(),
    )
    async with serving(answer("207 Multi-Status", body)) as here:
        with pytest.raises(GanglyError, match=r"another host|no calendar"):
            await caldav.check(Server(here.base).link())
        wanted = "Basic " + base64.b64encode(b"robin:s3:cret").decode()
        assert {each.headers["authorization"] for each in here.asked} == {wanted}


async def test_a_redirect_to_another_host_is_not_followed() -> None:
    async with serving(answer("301 Moved", b"", location="https://evil.example/")) as here:
        with pytest.raises(ConnectorError, match="another host"):
            await caldav.check(Server(here.base).link())


async def test_five_thousand_events_of_a_server_that_does_not_choose_are_read_in_seconds() -> None:
    def event(number: int) -> str:
        at = datetime(2026, 9, 23, tzinfo=UTC) + timedelta(minutes=110 * number)
        text = calendar(f"UID:e{number}\nSUMMARY:E{number}\nDTSTART:{at:%Y%m%dT%H%M%SZ}\nDURATION:PT5M")
        return (
            f"<d:response><d:href>/x/{number}.ics</d:href><d:propstat><d:prop><c:calendar-data>{text}</c:calendar-data>"
            "</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
        )

    space = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
    body = f"<d:multistatus {space}>{''.join(map(event, range(5_000)))}</d:multistatus>".encode()
    found = multistatus(body)
    link = Server("http://127.0.0.1:9").link()
    with computing_at_most(LONG):
        meetings = await asyncio.to_thread(caldav._read, [each.data for each in found], START, END, link)
    assert len(meetings) == 458
