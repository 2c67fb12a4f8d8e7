"""One connection to a vendor, opened: its module, what the customer set, its tokens, its wire."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from gangly_tui.config import Config, paths
from gangly_tui.connectors import registry
from gangly_tui.connectors.oauth import FixedToken, Keeper, Provider, SignedIn, kept_as
from gangly_tui.connectors.transport import Call, Reach, Wire, open_client
from gangly_tui.connectors.vendor import Link, Setup, Signer, Vendor, Way
from gangly_tui.domain.errors import ConfigError, SignInNeeded
from gangly_tui.domain.secret import Secret
from gangly_tui.store.health import Exchange, Limit, Recorder
from gangly_tui.store.locks import refresher_lock

if TYPE_CHECKING:
    import httpx

    from gangly_tui.connectors.pace import Quota
    from gangly_tui.domain.hierarchy import Scope

UNFINISHED: Final = "unfinished"
"""Set while the tokens of a connection that was there are replaced: until that is done, nothing goes through it."""
OURS: Final = frozenset(
    {
        UNFINISHED,
        "way",
        "loopback",
        "account",
        "title",
        "since",
        "scopes",
        "rotate_by",
        "ends",
        "audit_fields",
        "user_email",
        "store",
        "layer",
        "parts",
    }
)
"""What `[connections.NAME]` holds beside the answers of a person, and what is asked for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """An open connection: `module` has the doors and the check, `link` is what they are opened with."""

    module: ModuleType
    vendor: Vendor
    link: Link


def vendor_of(name: str) -> tuple[ModuleType, Vendor]:
    """The module of a vendor and what it says of itself. Raises ConfigError when it cannot be connected."""
    module = registry.load(name).module
    vendor = getattr(module, "VENDOR", None)
    if not isinstance(vendor, Vendor) or vendor.name != name:
        own = {"linkedin": "gangly linkedin import FILE.zip", "files": "gangly connect calendar FILE.ics"}
        raise ConfigError(
            f"{name} is nothing that can be connected", fix=own.get(name, "gangly connect --help lists them")
        )
    asked = {ask.name for ask in (*vendor.asks, *(each for way in vendor.ways for each in way.asks))}
    if asked & OURS:
        raise ConfigError(f"the connector {name} asks for {', '.join(sorted(asked & OURS))}, which are our own words")
    return module, vendor


def setup_of(name: str, kept: Mapping[str, Any], keeper: Keeper) -> Setup:
    """What the customer set, from its table in config.toml and from the vault."""
    texts = {key: each for key, each in kept.items() if isinstance(each, str)}
    return Setup(
        values={key: each for key, each in texts.items() if key not in OURS},
        secret=lambda ask: keeper.get(secret_name(name, ask)),
        loopback=texts.get("loopback", ""),
        parts=frozenset(str(each) for each in kept.get("parts", ())),
    )


def secret_name(system: str, ask: str) -> str:
    """The name the vault keeps a system's secret under."""
    return f"{system}.{ask}"


def reach_of(vendor: Vendor, setup: Setup, config: Config) -> Reach:
    """Where this connection may go: the vendor's hosts or, for a trial on this machine, nowhere but here."""
    return Reach(
        hosts=frozenset() if setup.loopback else vendor.hosts_of(setup) if vendor.hosts_of else vendor.hosts,
        loopback=bool(setup.loopback),
        proxy="" if setup.loopback else config.network.get("proxy", ""),
        ca_file=config.network.get("ca_file", ""),
    )


def provider_of(vendor: Vendor, way: Way, setup: Setup) -> Provider | None:
    """How this way signs in; None when it is a token made by hand."""
    return way.provider(setup) if way.provider else None


def signer_of(way: Way, setup: Setup, provider: Provider, reach: Reach) -> Signer | None:
    """The vendor's own sign-in library; None where ours signs in, as for a server on this machine."""
    return way.signer(provider, reach) if way.signer and not setup.loopback else None


def open_link(
    name: str,
    config: Config,
    keeper: Keeper,
    *,
    scope: Scope,
    table: Mapping[str, Any] | None = None,
    recorder: Recorder | None = None,
    user_email: str = "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Linked:
    """Open the connection as it is configured; `table` is used in place of what config.toml holds of it.

    Raises ConfigError, SignInNeeded when it was never connected. Nothing is sent yet.
    """
    kept = config.connections.get(name, {}) if table is None else table
    if not kept:
        raise SignInNeeded(f"{name} is not connected", fix=f"gangly connect {name}")
    if kept.get(UNFINISHED):
        raise SignInNeeded(f"signing in to {name} again was cut short", fix=f"gangly connect {name}")
    module, vendor = vendor_of(name)
    setup, way = setup_of(name, kept, keeper), vendor.way(str(kept.get("way", "")))
    reach = reach_of(vendor, setup, config)
    auth, more = _auth(vendor, way, setup, keeper, reach=reach, now=now)
    wire = Wire(
        system=name,
        base=vendor.base(setup, more),
        client=open_client(reach, auth=auth),
        reach=reach,
        manners=vendor.manners,
        pace=vendor.pace(),
        observe=lambda call: observe(recorder, wire.pace.quota, call) if recorder else None,
    )
    link = Link(
        wire=wire,
        scope=scope,
        setup=setup,
        more=more,
        user_email=user_email,
        audit_fields=frozenset(kept.get("audit_fields", ())),
        now=now,
    )
    return Linked(module=module, vendor=vendor, link=link)


def lock_of(name: str) -> Callable[[], AbstractAsyncContextManager[None]]:
    """Admits one refresher of this system's tokens at a time, over all windows."""
    return lambda: refresher_lock(paths().data, name)


def _auth(
    vendor: Vendor, way: Way, setup: Setup, keeper: Keeper, *, reach: Reach, now: Callable[[], datetime]
) -> tuple[httpx.Auth, Mapping[str, str]]:
    provider = provider_of(vendor, way, setup)
    if provider is not None:
        if signer := signer_of(way, setup, provider, reach):
            return signer.auth(keeper, lock=lock_of(vendor.name), now=now), {}
        signed_in = SignedIn(provider, keeper, lock=lock_of(vendor.name), now=now)
        return signed_in, signed_in.tokens().more

    def token() -> Secret[str]:
        kept = keeper.get(secret_name(vendor.name, way.token))
        if kept is None:
            raise SignInNeeded(f"{vendor.title} is not connected", fix=f"gangly connect {vendor.name}")
        if way.user:
            return Secret(base64.b64encode(f"{setup.get(way.user)}:{kept.reveal()}".encode()).decode())
        return kept

    token()  # said now, not in the middle of a pull
    return FixedToken(token, header=way.header, scheme=way.scheme), {}


def observe(recorder: Recorder, quota: Quota | None, call: Call) -> None:
    """Hand an exchange to Health, with what its answer said of the limit."""
    recorder.note(
        Exchange(system=call.system, at=call.at, write=call.write, seconds=call.seconds, result=call.result),
        _limit(call, quota),
    )


def _limit(call: Call, quota: Quota | None) -> Limit | None:
    if quota is None:
        return None
    resets = call.at + timedelta(seconds=quota.resets_in) if quota.resets_in else None
    return Limit(system=call.system, name=quota.name, left=quota.left, of=quota.limit, resets_at=resets, at=call.at)


def kept_names(vendor: Vendor) -> tuple[str, ...]:
    """Every name under which the vault may keep something of this vendor."""
    asks = (*vendor.asks, *(each for way in vendor.ways for each in way.asks))
    own = {secret_name(vendor.name, ask.name) for ask in asks if ask.secret}
    return (kept_as(vendor.name), *sorted(own | {secret_name(vendor.name, way.token) for way in vendor.ways}))
