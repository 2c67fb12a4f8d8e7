"""The one way out: where a token may go, how long and how much is taken, and what each answer means."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from gangly_tui.connectors.network import tls
from gangly_tui.connectors.pace import Pace, Quota
from gangly_tui.connectors.transport import Call, Manners, Reach, Wire, base_url, open_client, retry_after
from gangly_tui.domain.errors import (
    ConfigError,
    ConnectorError,
    GanglyError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    SignInNeeded,
    Unreachable,
)
from tests.connectors.wires import Asked, Reply, Server, answer, in_turn, serving
from tests.patience import LONG

HERE = Reach(hosts=frozenset({"api.vendor.example", ".my.vendor.example"}), loopback=True)


class Bearer(httpx.Auth):
    """A token on every request, as a connector's sign-in puts it there."""

    def auth_flow(self, request: httpx.Request):  # type: ignore[no-untyped-def]
        request.headers["Authorization"] = "Bearer canary"
        yield request


@asynccontextmanager
async def wired(
    reply: Reply, *, reach: Reach = HERE, observe: Callable[[Call], None] = lambda _: None
) -> AsyncIterator[tuple[Wire, Server]]:
    """A wire to a loopback server, its waits skipped."""

    async def no_wait(_: float) -> None:
        return None

    async with serving(reply) as server, open_client(reach, auth=Bearer()) as client:
        yield (
            Wire(
                system="vendor",
                base=server.base,
                client=client,
                reach=reach,
                manners=Manners(),
                sleep=no_wait,
                observe=observe,
            ),
            server,
        )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'["caf\xc3\xa9", 0.1, 12345678901234567890123, null]', ["café", 0.1, 12345678901234567890123, None]),
        (b'["half of a pair: \\ud83d"]', ["half of a pair: \ud83d"]),
        ('["another coding"]'.encode("utf-16"), ["another coding"]),
        (b'\xef\xbb\xbf["a mark before it"]', ["a mark before it"]),
    ],
)
async def test_whatever_json_a_vendor_writes_is_read(body: bytes, told: object) -> None:
    async with wired(answer(body=body)) as (wire, _):
        assert (await wire.read("/x")).data == told


async def test_json_comes_back_decoded_and_the_exchange_is_observed() -> None:
    calls: list[Call] = []
    async with wired(answer(body=b'{"a": 1}'), observe=calls.append) as (wire, server):
        assert (await wire.read("/x", params={"q": "1"})).data == {"a": 1}
        assert server.asked[0].line == "GET /x?q=1 HTTP/1.1"
        assert server.asked[0].headers["authorization"] == "Bearer canary"
    assert [(each.system, each.write, each.result) for each in calls] == [("vendor", False, "ok")]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "https://evilapi.vendor.example/",
        "https://api.vendor.example.evil.example/",
        "https://evilmy.vendor.example@evil.example/",
        "https://user:pass@api.vendor.example/",
        "http://api.vendor.example/",
        "https://my.vendor.example/",
        "https://10.0.0.1/",
        "ftp://api.vendor.example/",
    ],
)
async def test_no_request_leaves_for_another_host(url: str) -> None:
    sent: list[httpx.Request] = []
    inner = httpx.MockTransport(lambda request: sent.append(request) or httpx.Response(200, json={}))  # type: ignore[func-returns-value]
    async with open_client(HERE, auth=Bearer(), inner=inner) as client:
        wire = Wire(system="vendor", base="https://api.vendor.example", client=client, reach=HERE, manners=Manners())
        with pytest.raises(ConfigError):
            await wire.read(url)
        await wire.read("https://api.vendor.example/next?page=2")
        await wire.read("https://acme.my.vendor.example/next?page=2")
    assert [each.url.host for each in sent] == ["api.vendor.example", "acme.my.vendor.example"]


async def test_a_redirect_takes_the_token_nowhere() -> None:
    async with serving(answer()) as other, wired(answer("302 Found", location=other.base)) as (wire, _):
        with pytest.raises(ConnectorError, match="another address"):
            await wire.read("/x")
        assert other.asked == []


async def test_a_proxy_of_the_environment_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(answer()) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.base)
        async with wired(answer()) as (wire, server):
            await wire.read("/x")
            assert len(server.asked) == 1
        assert proxy.asked == []


async def test_a_bomb_is_an_error_not_memory() -> None:
    bomb = gzip.compress(b"\0" * (8 * 1024 * 1024))
    reach = Reach(hosts=frozenset(), loopback=True, most_bytes=1024 * 1024)
    async with wired(answer(body=bomb, content_encoding="gzip"), reach=reach) as (wire, server):
        with pytest.raises(Unreachable, match="more than 1 MiB"):
            await wire.read("/x")
        with pytest.raises(OutcomeUnknown):
            await wire.write("POST", "/x", body={})
        assert [each.line.split()[0] for each in server.asked].count("POST") == 1


async def drip(_: Asked, writer: asyncio.StreamWriter) -> None:
    """A slow loris: a byte now and then, for longer than anybody waits."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    for _ in range(100_000):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def test_the_deadline_is_over_the_whole_exchange() -> None:
    reach = Reach(hosts=frozenset(), loopback=True, deadline=0.3)
    async with wired(drip, reach=reach) as (wire, server):
        async with asyncio.timeout(LONG):
            with pytest.raises(OutcomeUnknown, match="did not answer"):
                await wire.write("PATCH", "/x", body={"a": 1})
        assert len(server.asked) == 1


async def hang_up(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize(
    ("reply", "read", "write"),
    [
        (answer("401 Unauthorized"), SignInNeeded, SignInNeeded),
        (answer("403 Forbidden"), Refused, Refused),
        (answer("404 Not Found"), NotFound, NotFound),
        (answer("400 Bad Request"), Refused, Refused),
        (answer("409 Conflict"), Refused, OutcomeUnknown),
        (answer("429 Too Many", retry_after="120"), RateLimited, RateLimited),
        (answer("500 Oops"), RateLimited, OutcomeUnknown),
        (answer("503 Oops", retry_after="900"), RateLimited, OutcomeUnknown),
        (answer(body=b"<html>sign in</html>"), Unreachable, OutcomeUnknown),
        (answer(body=b'{"half": '), Unreachable, OutcomeUnknown),
        (hang_up, Unreachable, OutcomeUnknown),
    ],
    ids="401 403 404 400 409 429 500 503 html half reset".split(),
)
async def test_each_answer_has_its_meaning(reply: Reply, read: type[GanglyError], write: type[GanglyError]) -> None:
    async with wired(reply) as (wire, server):
        with pytest.raises(read) as told:
            await wire.read("/x")
        assert type(told.value) is read
        before = len(server.asked)
        with pytest.raises(write) as told:
            await wire.write("POST", "/x", body={})
        assert type(told.value) is write
        assert len(server.asked) == before + 1, "a write is sent once, whatever comes back"


async def test_a_closed_port_means_nothing_was_applied() -> None:
    async with serving(answer()) as gone:
        base = gone.base
    async with open_client(HERE) as client:
        wire = Wire(system="vendor", base=base, client=client, reach=HERE, manners=Manners())
        with pytest.raises(Unreachable):
            await wire.write("POST", "/x", body={})


async def test_a_read_waits_as_asked_and_comes_back() -> None:
    async with wired(in_turn(answer("429 Slow", retry_after="3"), answer("502 Oops"), answer(body=b"[7]"))) as (
        wire,
        server,
    ):
        assert (await wire.read("/x")).data == [7]
        assert len(server.asked) == 3


async def test_a_vendor_explains_its_own_refusals() -> None:
    manners = Manners(
        explain=lambda response, write: Refused(response.json()["why"], field="stage") if write else None,
        headers={"x-version": "9"},
    )
    async with serving(answer("422 No", body=b'{"why": "not a stage"}')) as server, open_client(HERE) as client:
        wire = Wire(system="vendor", base=server.base, client=client, reach=HERE, manners=manners)
        with pytest.raises(Refused, match="not a stage"):
            await wire.write("PATCH", "/x", body={})
        assert server.asked[0].headers["x-version"] == "9"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("", 0.0),
        ("soon", 0.0),
        ("-3", 0.0),
        ("Tue, 24 Nov 2026 09:00:30 GMT", 30.0),
        ("2026-11-24T09:01:00Z", 60.0),
    ],
)
def test_retry_after_is_read_in_every_form(text: str, seconds: float) -> None:
    assert retry_after({"retry-after": text}, now=datetime(2026, 11, 24, 9, tzinfo=UTC)) == seconds


@pytest.mark.parametrize("text", ["", "not a host", "https://10.1.2.3", "http://api.vendor.example", "https://[::1]x"])
def test_a_base_that_is_no_address_of_the_vendor_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        base_url(text, Reach(hosts=frozenset({"api.vendor.example"})))


def test_a_base_is_taken_without_its_end() -> None:
    assert base_url("acme.my.vendor.example/ ", HERE) == "https://acme.my.vendor.example"


def test_the_floor_is_tls_1_2_with_certificates_checked(tmp_path: Path) -> None:
    context = tls("")
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509_ca"] > 0
    (tmp_path / "ca.pem").write_text("none in here", encoding="ascii")
    with pytest.raises(ConfigError, match="no certificates"):
        tls(str(tmp_path / "ca.pem"))


class Time:
    """A clock that a pace's waits move on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


async def test_reads_keep_to_the_window() -> None:
    time = Time()
    pace = Pace(most=5, per=1.0, clock=time, sleep=time.sleep)
    await asyncio.gather(*(pace.turn() for _ in range(23)))
    assert time.now == pytest.approx(4.0)


async def test_a_pull_slows_before_the_limit_and_stops_at_its_last_part() -> None:
    time = Time()
    pace = Pace(clock=time, sleep=time.sleep)
    pace.note(Quota(left=90, limit=100, resets_in=10))
    await pace.turn()
    assert time.slept == []
    pace.note(Quota(left=15, limit=100, resets_in=10))
    await pace.turn()
    assert time.slept == [pytest.approx(1.0)]
    pace.note(Quota(left=5, limit=100, resets_in=10))
    await pace.turn()
    assert time.slept[-1] == pytest.approx(10.0)


async def test_a_write_goes_first() -> None:
    pace = Pace()
    order: list[str] = []

    async def read() -> None:
        await pace.turn()
        order.append("read")

    with pace.first():
        waiting = asyncio.create_task(read())
        await asyncio.sleep(0.01)
        order.append("write")
    await waiting
    assert order == ["write", "read"]


async def test_a_quota_that_has_been_reset_holds_nobody_up() -> None:
    time = Time()
    pace = Pace(clock=time, sleep=time.sleep)
    pace.note(Quota(left=1, limit=100, resets_in=10))
    time.now = 11.0
    await pace.turn()
    pace.note(Quota(left=0, limit=0, resets_in=10))
    await pace.turn()
    assert time.slept == []


async def test_two_writes_at_once_let_reads_go_on_after_both() -> None:
    pace = Pace()
    with pace.first():
        with pace.first():
            pass
        waiting = asyncio.create_task(pace.turn())
        await asyncio.sleep(0.01)
        assert not waiting.done()
    await waiting


async def test_an_empty_answer_is_none_and_a_closed_wire_is_closed() -> None:
    async with wired(answer("204 No Content", body=b"")) as (wire, _):
        assert (await wire.write("DELETE", "/x")).data is None
        await wire.close()
        with pytest.raises(RuntimeError):
            await wire.read("/x")


async def test_bytes_go_out_as_they_are() -> None:
    async with wired(answer()) as (wire, server):
        await wire.write("POST", "/x", body=b"a=1", headers={"content-type": "text/plain"})
        assert server.asked[0].body == b"a=1"
