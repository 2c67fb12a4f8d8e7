"""What the four vendors say of themselves holds together: hosts, scopes, trials on this machine, the admin's page."""

from __future__ import annotations

from dataclasses import fields, replace

import httpx
import pytest

from gangly_tui.connectors import registry
from gangly_tui.connectors.transport import Reach, check_reach
from gangly_tui.connectors.vendor import HOST, Setup, Vendor, Way
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import RECORD_KINDS, Kind
from gangly_tui.domain.secret import Secret
from gangly_tui.linking import vendor_of
from gangly_tui.plans import guide_of
from gangly_tui.profiles import hierarchy_page

NAMES = ("salesforce", "hubspot", "pipedrive", "dynamics")
ADDRESSES = {
    "salesforce": "acme.my.salesforce.com",
    "pipedrive": "acme.pipedrive.com",
    "dynamics": "acme.crm4.dynamics.com",
}
LOOPBACK = "http://127.0.0.1:4711"


@pytest.fixture(params=NAMES)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    return vendor_of(request.param)[1]


def setup(vendor: Vendor) -> Setup:
    """As a customer fills it in."""
    values = {ask.name: "x" for way in vendor.ways for ask in way.asks if not (ask.secret or ask.optional)}
    return Setup(values={**values, HOST: ADDRESSES.get(vendor.name, "")}, secret=lambda _: Secret("s"))


def browser_ways(vendor: Vendor) -> list[Way]:
    return [each for each in vendor.ways if each.provider]


def test_its_addresses_are_within_its_reach(vendor: Vendor) -> None:
    reach = Reach(hosts=vendor.hosts)
    given = setup(vendor)
    check_reach(httpx.URL(vendor.base(given, {})), reach)
    for way in browser_ways(vendor):
        assert way.provider
        provider = way.provider(given)
        assert provider.system == vendor.name
        assert provider.authorize_url.startswith("https://")
        for each in (provider.token_url, provider.revoke_url, provider.device_url):
            if each:
                check_reach(httpx.URL(each), reach)


def test_a_token_answer_cannot_lead_out_of_its_reach(vendor: Vendor) -> None:
    for way in browser_ways(vendor):
        assert way.provider
        more = dict.fromkeys(way.provider(setup(vendor)).keep, "https://evil.example")
        base = vendor.base(setup(vendor), more)
        if base == vendor.base(setup(vendor), {}):
            continue
        with pytest.raises(Exception, match="not a host of this connection"):
            check_reach(httpx.URL(base), Reach(hosts=vendor.hosts))


def test_a_trial_stays_on_this_machine(vendor: Vendor) -> None:
    trial = replace(setup(vendor), loopback=LOOPBACK)
    assert vendor.base(trial, {}).startswith(LOOPBACK)
    for way in browser_ways(vendor):
        assert way.provider
        provider = way.provider(trial)
        for each in (provider.authorize_url, provider.token_url, provider.revoke_url, provider.device_url):
            assert not each or each.startswith(LOOPBACK)
        kept = dict.fromkeys(provider.keep, "https://acme.real.example")
        assert vendor.base(trial, kept).startswith(LOOPBACK)


def test_every_scope_is_explained_and_every_question_too(vendor: Vendor) -> None:
    told = " ".join(each.name for each in vendor.permissions)
    for way in browser_ways(vendor):
        assert way.provider
        for scope in way.provider(setup(vendor)).scopes:
            words = scope.rpartition("/")[2].removesuffix(".read").removesuffix(".write")
            known = words in told or words.rpartition(".")[0] + ".*" in told or "crm.schemas.*" in told
            assert known or scope == "oauth", scope
    assert all(each.why for each in vendor.permissions)
    for way in vendor.ways:
        asks = [*vendor.asks, *way.asks]
        assert len({each.name for each in asks}) == len(asks)
        assert all(each.label and each.why for each in asks)
        assert way.means
        if way.provider is None:
            assert way.token in {each.name for each in asks if each.secret}
            assert "static credential" in way.means.lower(), "what a token made by hand means is said before consent"


def test_the_redirect_that_is_sent_is_the_one_an_administrator_registers(vendor: Vendor) -> None:
    for way in browser_ways(vendor):
        assert way.provider
        provider = way.provider(setup(vendor))
        if provider.port:
            redirect = f"http://{provider.host}:{provider.port}{provider.path}"
            assert any(redirect in each for each in vendor.admin)


def test_the_administrators_page_names_all_that_is_asked_and_made(vendor: Vendor) -> None:
    page = guide_of(vendor.name)
    assert page.startswith("# ") and vendor.admin and vendor.guards
    told = [*(each.name for each in vendor.permissions), *(each.name for each in vendor.audit_fields), vendor.guards]
    told += [each.means for each in vendor.ways]
    assert [each for each in told if each not in page] == []
    assert all(step in page for step in vendor.admin) or vendor.guide.count("\n") > 8


def test_audit_fields_hold_parts_of_a_writes_metadata(vendor: Vendor) -> None:
    parts = {each.name for each in fields(WriteMeta)}
    assert vendor.audit_fields
    assert {each.meta for each in vendor.audit_fields} <= parts
    assert {"op_id", "approved_by", "source"} <= {each.meta for each in vendor.audit_fields}


@pytest.mark.parametrize("name", NAMES)
def test_the_hierarchy_says_what_each_may_touch_and_who_answers_for_it(name: str) -> None:
    scope = hierarchy_page().scope(name)
    assert scope.owner and scope.backup and scope.runbook
    assert set(scope.read) == set(RECORD_KINDS)
    assert "owner" not in scope.write[Kind.OPPORTUNITY] and Kind.ACCOUNT not in scope.write


@pytest.mark.parametrize("name", NAMES)
def test_the_doors_are_apart(name: str) -> None:
    loaded = registry.load(name)
    assert loaded.about.label and callable(loaded.module.open_reader) and callable(loaded.module.open_writer)
    reader = next(
        each for key, each in vars(loaded.module).items() if key.endswith("Reader") and isinstance(each, type)
    )
    assert [each for each in ("update", "create", "remove", "find_op") if hasattr(reader, each)] == []
