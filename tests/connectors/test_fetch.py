"""`Wire.fetch`: bytes instead of JSON, redirects within the reach, and no token for another address."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from gangly_tui.connectors.transport import Manners, Reach, Wire, open_client
from gangly_tui.domain.errors import ConfigError, ConnectorError, NotFound, Refused, Unreachable
from tests.connectors.test_transport import HERE, Bearer, wired
from tests.connectors.wires import Asked, Reply, answer, in_turn, serving

NO_JSON = b"WEBVTT\n\n\xff"


def to(address: str, status: str = "302 Found") -> Reply:
    return answer(status, b"", location=address)


async def test_bytes_come_back_as_they_are_and_the_first_request_is_signed() -> None:
    async with wired(answer(body=NO_JSON)) as (wire, server):
        found = await wire.fetch("/file", headers={"Accept": "text/vtt"}, body=b"<ask/>", method="REPORT")
    assert (found.status, found.data) == (200, NO_JSON)
    assert (server.asked[0].line, server.asked[0].body) == ("REPORT /file HTTP/1.1", b"<ask/>")
    assert server.asked[0].headers["authorization"] == "Bearer canary"
    assert server.asked[0].headers["accept"] == "text/vtt"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent", "399 Odd"])
async def test_a_redirect_to_the_same_address_keeps_the_token(status: str) -> None:
    async with wired(in_turn(to("/there", status), answer(body=b"x"))) as (wire, server):
        assert (await wire.fetch("/here")).data == b"x"
    assert [each.line.split()[1] for each in server.asked] == ["/here", "/there"]
    assert [each.headers.get("authorization") for each in server.asked] == ["Bearer canary"] * 2


async def test_another_address_is_asked_without_the_token_and_so_is_what_it_points_back_to() -> None:
    places: list[str] = []

    async def back(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await to(f"{places[0]}/again")(asked, writer)

    async with serving(back) as away, wired(in_turn(to(f"{away.base}/file"), answer(body=b"back"))) as (wire, home):
        places.append(home.base)
        assert (await wire.fetch("/file")).data == b"back"
    assert [each.headers.get("authorization") for each in home.asked] == ["Bearer canary", None]
    assert [each.headers.get("authorization") for each in away.asked] == [None]


async def test_a_redirect_out_of_the_reach_is_refused() -> None:
    async with wired(to("https://evil.example/file")) as (wire, server):
        with pytest.raises(ConfigError):
            await wire.fetch("/file")
    assert len(server.asked) == 1


async def test_redirects_without_end_are_told() -> None:
    async with wired(to("/again")) as (wire, server):
        with pytest.raises(ConnectorError, match="from one address to the next"):
            await wire.fetch("/file")
    assert 2 < len(server.asked) < 20


async def test_what_has_not_changed_is_no_redirect() -> None:
    async with wired(answer("304 Not Modified", b"")) as (wire, server):
        assert (await wire.fetch("/file")).status == 304
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [("300 Choices", ConnectorError), ("400 Bad", Refused), ("403 No", Refused), ("404 None", NotFound)],
)
async def test_an_error_is_an_error_here_too(status: str, error: type[ConnectorError]) -> None:
    async with wired(answer(status, b"no json")) as (wire, server):
        with pytest.raises(error) as caught:
            await wire.fetch("/file")
    assert len(server.asked) == 1
    assert status.startswith("403") == ("does not permit" in str(caught.value))


async def test_a_read_with_a_body_posts_it_as_json_and_each_try_waits_its_turn() -> None:
    turns = 0

    async def no_wait(_: float) -> None:
        return None

    async with (
        serving(in_turn(answer("503 Busy", b""), answer(body=b"[1]"))) as server,
        open_client(HERE, auth=Bearer()) as client,
    ):
        wire = Wire(system="vendor", base=server.base, client=client, reach=HERE, manners=Manners(), sleep=no_wait)
        real = wire.pace.turn

        async def turn() -> None:
            nonlocal turns
            turns += 1
            await real()

        wire.pace.turn = turn  # type: ignore[method-assign]
        assert (await wire.read("/find", body={"q": "x"})).data == [1]
    assert turns == len(server.asked) == 2
    assert all(each.line.startswith("POST") and each.body == b'{"q":"x"}' for each in server.asked)


async def test_a_host_that_does_not_answer_is_tried_again_and_then_told() -> None:
    async with serving(answer()) as gone:
        base = gone.base
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    reach = Reach(hosts=HERE.hosts, loopback=True, deadline=2.0)
    async with open_client(reach) as client:
        wire = Wire(system="vendor", base=base, client=client, reach=reach, manners=Manners(), sleep=note)
        with pytest.raises(Unreachable):
            await wire.fetch("/file")
    assert len(waits) >= 1 and waits == sorted(waits)
    assert all(later == 2 * sooner for sooner, later in itertools.pairwise(waits))


async def test_a_wire_that_is_closed_holds_no_connection_open() -> None:
    ended = asyncio.Event()

    async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (line := await reader.readline()) not in (b"\r\n", b""):
            assert line
        await answer()(Asked(""), writer)
        assert await reader.read(1) == b""
        ended.set()
        writer.close()

    listening = await asyncio.start_server(watch, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    client = open_client(HERE)
    wire = Wire(system="vendor", base=base, client=client, reach=HERE, manners=Manners())
    await wire.read("/x")
    assert not ended.is_set()
    await wire.close()
    await asyncio.wait_for(ended.wait(), 5)
    listening.close()
