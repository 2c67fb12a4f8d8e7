"""The numbers of the one way out, each at its edge: how often, how long, how far, how much."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import httpx
import pytest

from gangly_tui.connectors.pace import Pace, Quota
from gangly_tui.connectors.transport import (
    DEADLINE,
    MOST_BYTES,
    Call,
    Manners,
    Reach,
    Wire,
    base_url,
    check_reach,
    open_client,
    retry_after,
)
from gangly_tui.domain.errors import ConfigError, ConnectorError, OutcomeUnknown, RateLimited, Unreachable
from tests.connectors.test_transport import HERE, hang_up, wired
from tests.connectors.wires import Asked, Reply, answer, in_turn, serving

FAR = Reach(hosts=frozenset({"api.vendor.example"}))


async def waits_of(reply: Reply, *, fetched: bool = False) -> tuple[list[float], int, BaseException | None]:
    """The seconds a read waits between its tries, how often it asks, and the error it ends in."""
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    async with serving(reply) as server, open_client(HERE) as client:
        wire = Wire(system="vendor", base=server.base, client=client, reach=HERE, manners=Manners(), sleep=note)
        try:
            await (wire.fetch("/x") if fetched else wire.read("/x"))
        except ConnectorError as error:
            return waits, len(server.asked), error
        return waits, len(server.asked), None


async def test_a_read_is_tried_four_times_and_waits_twice_as_long_each_time() -> None:
    waits, asked, error = await waits_of(answer("503 Busy"))
    assert (waits, asked) == ([0.5, 1.0, 2.0], 4)
    assert isinstance(error, RateLimited)


@pytest.mark.parametrize(("said", "waits"), [("3", [3.0]), ("30", [30.0]), ("0", [0.5])])
async def test_a_read_waits_as_long_as_it_is_asked_to(said: str, waits: list[float]) -> None:
    assert await waits_of(in_turn(answer("429 Slow", retry_after=said), answer())) == (waits, 2, None)


async def test_a_read_that_would_wait_for_more_than_half_a_minute_is_given_up() -> None:
    waits, asked, error = await waits_of(in_turn(answer("429 Slow", retry_after="30.5"), answer()))
    assert (waits, asked) == ([], 1)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 30.5


async def test_a_fetch_that_breaks_is_a_read_and_asked_again() -> None:
    assert await waits_of(in_turn(hang_up, answer()), fetched=True) == ([0.5], 2, None)
    waits, asked, error = await waits_of(hang_up, fetched=True)
    assert (len(waits), asked) == (3, 4)
    assert type(error) is Unreachable


async def test_four_addresses_are_asked_and_no_more() -> None:
    there = answer("302 Found", b"", location="/there")
    async with wired(in_turn(there, there, there, answer(body=b"x"))) as (wire, _):
        assert (await wire.fetch("/here")).data == b"x"
    async with wired(there) as (wire, server):
        with pytest.raises(ConnectorError, match="from one address to the next"):
            await wire.fetch("/here")
        assert len(server.asked) == 4


async def test_a_fetch_of_a_whole_address_asks_that_one() -> None:
    async with wired(answer(body=b"x")) as (wire, server):
        assert (await wire.fetch(f"{server.base}/whole?part=1")).data == b"x"
        assert server.asked[0].line == "GET /whole?part=1 HTTP/1.1"


async def test_a_redirect_that_spells_out_the_same_address_keeps_the_token() -> None:
    places: list[str] = []

    async def spelled(asked: Asked, writer: asyncio.StreamWriter) -> None:
        there = answer("302 Found", b"", location=f"{places[0]}/there")
        await (there if asked.line.startswith("GET /here") else answer())(asked, writer)

    async with wired(spelled) as (wire, server):
        places.append(server.base)
        await wire.fetch("/here")
        assert [each.headers.get("authorization") for each in server.asked] == ["Bearer canary"] * 2


async def test_what_is_said_of_an_exchange() -> None:
    calls: list[Call] = []
    began = datetime.now(UTC)
    async with wired(in_turn(answer(), answer(), answer("404 None")), observe=calls.append) as (wire, _):
        await wire.fetch("/x")
        await wire.write("POST", "/x")
        with pytest.raises(ConnectorError):
            await wire.read("/x")
    assert [(each.write, each.result) for each in calls] == [(False, "ok"), (True, "ok"), (False, "NotFound")]
    assert all(0 <= each.seconds < 10 for each in calls)
    assert all(began <= each.at <= datetime.now(UTC) for each in calls)


async def test_the_limits_a_vendor_tells_slow_the_reads_to_come() -> None:
    told: list[Mapping[str, str]] = []

    def quota(headers: Mapping[str, str]) -> Quota:
        told.append(headers)
        return Quota(left=0, limit=100, resets_in=float(headers["x-resets"]))

    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    pace = Pace(clock=lambda: 0.0, sleep=sleep)
    async with serving(answer(x_resets="7")) as server, open_client(HERE) as client:
        manners = Manners(quota=quota)
        wire = Wire(system="vendor", base=server.base, client=client, reach=HERE, manners=manners, pace=pace)
        await wire.write("POST", "/x")
        assert slept == []
        await wire.read("/x")
    assert slept == [pytest.approx(7.0)]
    assert len(told) == 2


async def test_not_changed_is_an_answer_without_a_body() -> None:
    async with wired(answer("304 Not Modified", b"")) as (wire, _):
        found = await wire.read("/x")
        assert (found.status, found.data) == (304, None)


@pytest.mark.parametrize("status", ["300 Choices", "305 Proxy", "399 Odd"])
async def test_another_address_is_not_an_answer(status: str) -> None:
    async with wired(answer(status, b"[1]", location="/y")) as (wire, server):
        with pytest.raises(ConnectorError, match="points to another address"):
            await wire.read("/x")
        assert len(server.asked) == 1


async def test_an_answer_without_a_body_is_none_whatever_its_status() -> None:
    async with wired(answer("200 OK", b"")) as (wire, _):
        assert (await wire.read("/x")).data is None
        assert (await wire.write("POST", "/x")).data is None


async def test_json_and_bytes_go_out_each_as_what_it_is() -> None:
    async with wired(answer()) as (wire, server):
        await wire.write("POST", "/x", body={"a": [1, None]})
        await wire.write("POST", "/x", body=b"\xff\x00")
        await wire.write("POST", "/x")
        bodies = [(each.headers.get("content-type"), each.body) for each in server.asked]
    assert bodies == [("application/json", b'{"a":[1,null]}'), (None, b"\xff\x00"), (None, b"")]


async def test_a_packed_answer_is_unpacked_once() -> None:
    told = [each * 40 for each in "abcdefg"] * 500
    packed = gzip.compress(json.dumps(told).encode())
    async with wired(answer(body=packed, content_encoding="gzip", x_kept="1")) as (wire, _):
        found = await wire.read("/x")
        assert found.data == told
        assert found.headers["x-kept"] == "1"
        assert "content-encoding" not in found.headers
        assert (await wire.fetch("/x")).data == json.dumps(told).encode()


async def test_an_answer_of_just_the_limit_is_read_and_one_byte_more_is_not() -> None:
    most = 200_000
    reach = Reach(hosts=frozenset(), loopback=True, most_bytes=most)
    body = b'"' + b"x" * (most - 2) + b'"'
    async with wired(answer(body=body), reach=reach) as (wire, _):
        assert (await wire.read("/x")).data == "x" * (most - 2)
    async with wired(answer(body=body + b" "), reach=reach) as (wire, _):
        with pytest.raises(Unreachable, match="answered with more"):
            await wire.read("/x")


async def endless(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        await writer.drain()


async def test_an_answer_without_end_is_cut_at_the_limit_and_not_at_the_deadline() -> None:
    reach = Reach(hosts=frozenset(), loopback=True, most_bytes=1024 * 1024)
    async with wired(endless, reach=reach) as (wire, _):
        with pytest.raises(OutcomeUnknown, match="more than 1 MiB"):
            await wire.write("POST", "/x")


class Body(httpx.AsyncByteStream):
    """A body that knows whether it was let go."""

    def __init__(self) -> None:
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100_000

    async def aclose(self) -> None:
        self.closed += 1


async def test_the_connection_of_an_answer_that_is_too_long_is_let_go() -> None:
    body = Body()
    inner = httpx.MockTransport(lambda _: httpx.Response(200, stream=body))
    reach = Reach(hosts=FAR.hosts, most_bytes=1_000_000)
    async with open_client(reach, inner=inner) as client:
        base = "https://api.vendor.example"
        wire = Wire(system="vendor", base=base, client=client, reach=reach, manners=Manners())
        with pytest.raises(OutcomeUnknown):
            await wire.write("POST", "/x")
        assert body.closed


async def test_the_limits_that_hold_where_none_is_named() -> None:
    assert (FAR.deadline, DEADLINE) == (30.0, 30.0)
    assert FAR.most_bytes == MOST_BYTES == 32 << 20
    async with open_client(FAR) as client, open_client(HERE) as quick:
        assert (client.timeout.connect, client.timeout.read) == (10.0, 30.0)
        assert (quick.timeout.connect, quick.timeout.read) == (10.0, 30.0)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://127.0.0.1", "http://localhost", "https://[::1]/x"])
def test_this_machine_is_out_of_reach_unless_it_is_asked_for(url: str) -> None:
    with pytest.raises(ConfigError):
        check_reach(httpx.URL(url), FAR)
    check_reach(httpx.URL(url), Reach(hosts=FAR.hosts, loopback=True))


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://api.vendor.example/v1/", "https://api.vendor.example/v1"),
        (" api.vendor.example ", "https://api.vendor.example"),
        ("https://api.vendor.example/v1?a=b#c", "https://api.vendor.example/v1"),
    ],
)
def test_an_address_is_taken_with_or_without_its_scheme(text: str, base: str) -> None:
    assert base_url(text, FAR) == base


@pytest.mark.parametrize("text", ["", "https://", "http:///x"])
def test_an_address_without_a_host_is_told_to_be_none(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a web address"):
        base_url(text, FAR)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-24T11:01:00+02:00", 60.0),
        ("2026-11-24T09:01:00", 60.0),
        ("Tue, 24 Nov 2026 09:01:00 -0000", 60.0),
        ("Tue, 24 Nov 2026 08:00:00 GMT", 0.0),
        ("2026-11-24T08:59:59Z", 0.0),
        ("   ", 0.0),
    ],
)
def test_a_moment_to_wait_for_is_read_in_its_zone_and_one_that_is_over_is_none(text: str, seconds: float) -> None:
    assert retry_after({"retry-after": text}, now=datetime(2026, 11, 24, 9, tzinfo=UTC)) == seconds
