"""How a connection is put together: a trial reaches nothing else, our words stay ours, each loop has its network."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace

import httpx
import pytest

from gangly_tui import linking
from gangly_tui.config import Config
from gangly_tui.connectors import registry
from gangly_tui.connectors.oauth import FixedToken, kept_as
from gangly_tui.connectors.transport import Manners, Reach, Wire, open_client
from gangly_tui.connectors.vendor import HOST, Ask, Setup
from gangly_tui.domain.errors import ConfigError, SignInNeeded
from gangly_tui.domain.hierarchy import Layer, Scope
from gangly_tui.domain.secret import Secret
from tests.connectors import trial_vendor
from tests.connectors.rigs import Kept
from tests.connectors.test_oauth import HERE
from tests.connectors.wires import Asked, Reply, answer, serving

VENDOR = trial_vendor.VENDOR
SCOPE = Scope(system="trial", layer=Layer.RECORD, owner="a", backup="b", runbook="c", read={}, write={})


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = registry.Loaded(name="trial", about=trial_vendor.ABOUT, module=trial_vendor)
    monkeypatch.setattr(registry, "load", lambda _: loaded)


def test_a_trial_on_this_machine_can_reach_nothing_else() -> None:
    config = Config(network=MappingProxyType({"proxy": "http://proxy:3128", "ca_file": "/ca.pem"}))
    trial = linking.reach_of(VENDOR, Setup(loopback="http://127.0.0.1:1"), config)
    assert (trial.hosts, trial.loopback, trial.proxy) == (frozenset(), True, "")
    real = linking.reach_of(VENDOR, Setup(values={HOST: "acme.trial.example"}), config)
    assert (real.hosts, real.loopback) == (VENDOR.hosts, False)
    assert (real.proxy, real.ca_file) == ("http://proxy:3128", "/ca.pem")


def test_a_loopback_stands_in_for_every_address() -> None:
    real = Setup(values={HOST: "acme.trial.example"})
    assert real.host() == "https://acme.trial.example" and real.at("https://login.x") == "https://login.x"
    trial = replace(real, loopback="http://127.0.0.1:1")
    assert trial.host() == trial.at("https://login.x") == "http://127.0.0.1:1"
    assert Setup().host("api.x") == "https://api.x"


def test_a_vendor_that_asks_for_our_own_words_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    asks = (*VENDOR.asks, Ask(name="rotate_by", label="x", why="y"))
    strange = SimpleNamespace(VENDOR=replace(VENDOR, asks=asks))
    loaded = registry.Loaded(name="trial", about=trial_vendor.ABOUT, module=strange)  # type: ignore[arg-type]
    monkeypatch.setattr(registry, "load", lambda _: loaded)
    with pytest.raises(ConfigError, match="rotate_by"):
        linking.vendor_of("trial")


def test_without_what_it_needs_a_link_is_not_opened() -> None:
    kept = Kept()
    for table in ({}, {"way": "token", HOST: "acme.trial.example"}, {"way": "browser", HOST: "acme.trial.example"}):
        with pytest.raises(SignInNeeded) as needed:
            linking.open_link("trial", Config(), kept, scope=SCOPE, table=table)
        assert needed.value.fix == "gangly connect trial"


def test_what_the_vault_may_keep_is_known_by_name() -> None:
    assert set(linking.kept_names(VENDOR)) == {kept_as("trial"), "trial.client_secret", "trial.token"}


async def test_a_new_token_is_taken_up_after_a_401_and_asked_for_once() -> None:
    tokens = ["old"]
    asked_for: list[str] = []

    def token() -> Secret[str]:
        asked_for.append(tokens[-1])
        return Secret(tokens[-1])

    async def reply(asked: Asked, writer: asyncio.StreamWriter) -> None:
        good = asked.headers["x-token"] == "new"
        await _said("200 OK" if good else "401 Unauthorized")(asked, writer)

    async with (
        serving(reply) as server,
        open_client(HERE, auth=FixedToken(token, header="x-token", scheme="")) as client,
    ):
        wire = Wire(system="v", base=server.base, client=client, reach=HERE, manners=Manners())
        with pytest.raises(SignInNeeded):
            await wire.read("/x")
        assert len(server.asked) == 1, "the same token is not tried twice"
        tokens.append("new")
        await wire.write("PATCH", "/x", body={"a": 1}, headers={"If-Match": "7"})
        assert (server.asked[-1].headers["if-match"], server.asked[-1].body) == ("7", b'{"a":1}')
        asked_before = len(asked_for)
        await wire.read("/x")
        assert len(asked_for) == asked_before


def _said(status: str) -> Reply:
    return answer(status, b"{}")


def test_one_client_works_in_two_event_loops_after_another() -> None:
    client = open_client(Reach(hosts=frozenset(), loopback=True))

    async def ask() -> int:
        async with serving(answer()) as server:
            found: httpx.Response = await client.get(f"{server.base}/x")
            found = await client.get(f"{server.base}/x")
            return found.status_code

    assert [asyncio.run(ask()), asyncio.run(ask())] == [200, 200]
