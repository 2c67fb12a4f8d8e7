"""Connect and disconnect a system: what is asked, the sign-in, a look at the account, and what is kept of it.

Nothing is kept before the vendor has let a first look through: a sign-in that fails leaves everything as it was.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from gangly_tui.config import Config, load_config, paths, private_folder, save_config
from gangly_tui.connectors.oauth import Keeper, Provider, Tokens, ends_on, exchange, kept_as, revoke
from gangly_tui.connectors.transport import Reach, open_client
from gangly_tui.connectors.vendor import HOST, Setup, Signer, Vendor, Way
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.connection import Answers, Connected, Standing, Step
from gangly_tui.domain.errors import InputError
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.secret import Secret
from gangly_tui.keys import keys_of
from gangly_tui.linking import (
    UNFINISHED,
    kept_names,
    open_link,
    provider_of,
    reach_of,
    secret_name,
    setup_of,
    signer_of,
    vendor_of,
)
from gangly_tui.plans import ME, parts_of, scope_of, values_of, way_of
from gangly_tui.profiles import (
    CALENDAR,
    SANDBOX,
    folder,
    login,
    open_store,
    profile_of,
    store_file,
    system_of,
    vendor_profile,
)
from gangly_tui.store.database import Connection

Tell = Callable[[Step], None]
OpenPage = Callable[[str], bool]
"""Shows a page in the person's browser; False when there is none."""
_BROWSER_STARTS = 2.0
"""Seconds after which a browser that has not answered counts as one that shows the page."""


def examine(name: str, answers: Answers) -> None:
    """Look at the answers that are no secret, before anything is opened. Raises InputError, ConfigError."""
    scope_of(name)
    _, vendor = vendor_of(name)
    before = load_config().connections.get(name, {})
    way = vendor.way(answers.way or str(before.get("way", "")))
    values, loopback = values_of(vendor, way, answers, before)
    parts_of(vendor, answers.parts, before)
    for ask in (*vendor.asks, *way.asks):
        there = bool(values.get(ask.name)) or (ask.name == HOST and bool(loopback))
        if not (there or ask.optional or ask.secret):
            fix = "--host ADDRESS" if ask.name == HOST else f"--set {ask.name}=..."
            raise InputError(f"{vendor.title} needs: {ask.label}. {ask.why}", fix=fix)
    if answers.device and not way_of(vendor, way, Setup(values=values, loopback=loopback)).device:
        raise InputError(f"{vendor.title} has no sign-in by device code in this way", fix="leave --device out")


def is_unlocked() -> bool:
    """Whether the vault is open already, so that nothing will be asked."""
    return keys_of(paths().data).is_open


def unlock() -> None:
    """Open the vault, or make it: this may ask for a passphrase on the terminal. Raises VaultError."""
    keys_of(private_folder(paths().data)).vault()


async def connect(
    name: str,
    answers: Answers,
    *,
    tell: Tell = lambda _: None,
    open_page: OpenPage = lambda _: False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Connected:
    """Sign in, look at the account, and keep it. A system of record becomes the CRM that gangly works with.

    Raises ConfigError, InputError, SignInNeeded, ConnectorError, VaultError; nothing is kept then.
    """
    examine(name, answers)
    scope = scope_of(name)
    module, vendor = vendor_of(name)
    config = load_config()
    before = config.connections.get(name, {})
    way = vendor.way(answers.way or str(before.get("way", "")))
    values, loopback = values_of(vendor, way, answers, before)
    given = answers.values.get(ME.name, "").strip() or config.user_email
    unlock()
    vault = keys_of(paths().data).vault()
    staged = Staged(vault, {secret_name(name, each): secret for each, secret in answers.secrets.items()})
    table: dict[str, Any] = {**values, "way": way.name, "title": vendor.title}
    beside = module.ABOUT.layer is not Layer.RECORD
    if beside:
        table |= {"layer": module.ABOUT.layer.value, "parts": sorted(parts_of(vendor, answers.parts, before))}
    if loopback:
        table["loopback"] = loopback
    setup = setup_of(name, table, staged)
    _complete(vendor, way, setup)
    provider = provider_of(vendor, way, setup)
    if provider is not None:
        reach = reach_of(vendor, setup, config)
        signer = signer_of(way, setup, provider, reach)
        tokens = await _sign_in(
            vendor, provider, reach, signer=signer, device=answers.device, tell=tell, open_page=open_page, now=now
        )
        staged.put(kept_as(name), tokens.dump())
        table["scopes"] = tokens.scope
        if ends := ends_on(tokens):
            table["ends"] = ends
    tell(Step(text=f"looking at the account in {vendor.title}"))
    linked = open_link(name, config, staged, scope=scope, table=table, user_email=given, now=now)
    try:
        standing = await module.check(linked.link)
    finally:
        await linked.link.wire.close()
    me = given or standing.email
    rotate_by = now().date() + timedelta(days=way.rotate_days) if provider is None else None
    table |= {
        "account": standing.account,
        "since": now().date().isoformat(),
        "audit_fields": sorted(standing.found),
        **({"rotate_by": rotate_by.isoformat()} if rotate_by else {}),
    }
    table["store"] = _home(config) if beside else vendor_profile(name, _organisation(linked.link.wire.base, standing))
    open_store(table["store"]).close()  # it cannot be opened? then nothing is kept
    if before:
        _set(name, {**before, UNFINISHED: "yes"})  # a crash never leaves one account's tokens with another's store
    staged.keep(unused=[each for each in kept_names(vendor) if not _is_used(each, vendor, way)])
    _enter(AuditKind.CONNECTED, table["store"], _sentence(way, standing.account, rotate_by, loopback), now(), me)
    left = () if beside else _left_behind(config, table["store"])
    crm = (load_config().crm or SANDBOX) if beside else name
    _set(name, table, crm=crm, user_email=me, user_name=config.user_name or standing.name)
    facts = {"account", "since", "audit_fields", "rotate_by", "ends", "scopes"}
    return Connected(
        name=name,
        title=vendor.title,
        standing=replace(standing, warnings=(*standing.warnings, *left)),
        rotate_by=rotate_by,
        same_settings={each: table[each] for each in table if each not in facts}
        == {each: before[each] for each in before if each not in facts},
    )


async def disconnect(name: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> tuple[bool, int]:
    """Revoke at the vendor, forget here. Returns whether the vendor took it, and how many approved writes still wait.

    What was read stays, encrypted, with the trail. Raises InputError when it is not connected, VaultError.
    """
    config = load_config()
    table = config.connections.get(name)
    if table is None:
        raise InputError(f"{name} is not connected", fix="gangly doctor says what is")
    _, vendor = vendor_of(name)
    vault = keys_of(private_folder(paths().data)).vault()
    revoked = await _revoke(vendor, table, vault, config)
    for each in kept_names(vendor):
        vault.remove(each)
    words = "revoked at the vendor" if revoked else "forgotten here; the vendor was not told"
    waiting = _enter(AuditKind.DISCONNECTED, str(table.get("store", name)), words, now())
    left = {each: kept for each, kept in config.connections.items() if each != name}
    save_config(replace(config, crm="" if config.crm == name else config.crm, connections=left))
    return revoked, waiting


async def _revoke(vendor: Vendor, table: Mapping[str, Any], vault: Keeper, config: Config) -> bool:
    setup = setup_of(vendor.name, table, vault)
    provider = provider_of(vendor, vendor.way(str(table.get("way", ""))), setup)
    kept = vault.get(kept_as(vendor.name))
    if provider is None or kept is None or not provider.revoke_url:
        return False
    async with open_client(reach_of(vendor, setup, config)) as client:
        return await revoke(client, provider, Tokens.load(kept))


def _set(name: str, table: Mapping[str, Any], **more: Any) -> None:
    """What config.toml says of a system, as it stands now; another window may have written to it meanwhile."""
    config = load_config()
    save_config(replace(config, connections={**config.connections, name: table}, **more))


class Staged:
    """What a sign-in brings, held back from the vault until it is known to work."""

    def __init__(self, vault: Keeper, fresh: Mapping[str, Secret[str]]) -> None:
        self._vault = vault
        self._fresh = dict(fresh)

    def get(self, name: str) -> Secret[str] | None:
        """The fresh one, else what the vault keeps."""
        return self._fresh.get(name) or self._vault.get(name)

    def put(self, name: str, secret: Secret[str]) -> None:
        """Hold it."""
        self._fresh[name] = secret

    def remove(self, name: str) -> None:
        """Let a fresh one go."""
        self._fresh.pop(name, None)

    def keep(self, unused: list[str]) -> None:
        """Everything into the vault; what the way before needed leaves it."""
        for name, secret in self._fresh.items():
            if name not in unused:
                self._vault.put(name, secret)
        for name in unused:
            self._vault.remove(name)


def _is_used(kept: str, vendor: Vendor, way: Way) -> bool:
    asks = {secret_name(vendor.name, ask.name) for ask in (*vendor.asks, *way.asks) if ask.secret}
    own = kept_as(vendor.name) if way.provider else secret_name(vendor.name, way.token)
    return kept in asks or kept == own


def _complete(vendor: Vendor, way: Way, setup: Setup) -> None:
    """Raises InputError when a secret that is needed was never given."""
    for ask in (*vendor.asks, *way.asks):
        if ask.secret and not ask.optional and setup.secret(ask.name) is None:
            raise InputError(f"{vendor.title} needs: {ask.label}. {ask.why}", fix="give it by --secret-fd")


async def _sign_in(
    vendor: Vendor,
    provider: Provider,
    reach: Reach,
    *,
    signer: Signer | None,
    device: bool,
    tell: Tell,
    open_page: OpenPage,
    now: Callable[[], datetime],
) -> Tokens:
    from gangly_tui.connectors.loopback import listening
    from gangly_tui.connectors.oauth import ask_device_code, poll_device

    async with open_client(reach) as client:
        if device:
            begun = await (signer.ask_device_code(now()) if signer else ask_device_code(client, provider, now()))
            tell(Step(text="open this address on any device and type the code", url=begun.url, code=begun.user_code))
            if signer:
                return await signer.poll_device(begun, now=now, sleep=asyncio.sleep)
            return await poll_device(client, provider, begun, now=now, sleep=asyncio.sleep)
        async with listening(provider, signer.ask if signer else None) as listener:
            shown = await _shown(open_page, listener.url)
            words = "your browser asks for your consent" if shown else "open this address in a browser on this machine"
            tell(Step(text=words, url=listener.url))
            code = await listener.code()
            tell(Step(text=f"{vendor.title} agreed"))
            if signer:
                return await signer.exchange(code, now())
            return await exchange(client, provider, listener.asked, code, now())


def _home(config: Config) -> str:
    """The store that a calendar or mailbox is read into: the CRM's, or the one of a rep's own calendar."""
    return CALENDAR if config.crm in ("", SANDBOX) else profile_of(config)


async def _shown(open_page: OpenPage, url: str) -> bool:
    """Whether a page came up. Some browsers hold the call until they are closed: those are not waited for."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bool] = loop.create_future()

    def tell(found: bool) -> None:
        if not answered.done():
            answered.set_result(found)

    def run() -> None:
        found = open_page(url)
        with suppress(RuntimeError):  # the sign-in is over, and its loop closed
            loop.call_soon_threadsafe(tell, found)

    threading.Thread(target=run, daemon=True).start()
    try:
        return await asyncio.wait_for(answered, _BROWSER_STARTS)
    except TimeoutError:
        return True


def _sentence(way: Way, account: str, rotate_by: date | None, loopback: str) -> str:
    words = f"{account}; {way.title}"
    if rotate_by:
        words += f"; static credential, rotate by {rotate_by.isoformat()}"
    return words + (f"; a server on this machine, {loopback}" if loopback else "")


def _organisation(base: str, standing: Standing) -> str:
    """What tells one organisation of a vendor from another: its address and, where all share one, its number."""
    return "-".join(filter(None, (urlsplit(base).netloc, standing.organisation)))


def _enter(kind: AuditKind, profile: str, detail: str, at: datetime, user: str = "") -> int:
    """Put it into the trail of the system's own store. Returns how many approved writes wait in its outbox."""
    from gangly_tui.store import trail
    from gangly_tui.store.database import transaction

    if kind is AuditKind.DISCONNECTED and not store_file(profile).exists():
        return 0
    config = load_config()
    db = open_store(profile)
    try:
        with transaction(db):
            trail.append(
                db,
                at=at,
                kind=kind,
                user=user or config.user_email or config.user_name or login(),
                source="gangly connect" if kind is AuditKind.CONNECTED else "gangly disconnect",
                system=system_of(profile),
                target="",
                target_name=profile,
                changes=(),
                quote="",
                op_id="",
                payload_sha256="",
                detail=detail,
                subjects=(trail.THE_LOG,),
            )
        return _unsent(db)
    finally:
        db.close()


def _left_behind(before: Config, profile: str) -> tuple[str, ...]:
    """What was approved for another CRM and has not left: it does not leave while this one is connected."""
    if before.crm in ("", SANDBOX):
        return ()
    old = profile_of(before)
    if old == profile or not store_file(old).exists():
        return ()
    db = open_store(old)
    try:
        waiting = _unsent(db)
    finally:
        db.close()
    table = before.connections.get(before.crm, {})
    title = f"{table.get('title', before.crm)} ({table.get('account', old)})"
    return (f"{waiting} approved and not sent: they wait until {title} is connected again",) if waiting else ()


def _unsent(db: Connection) -> int:
    from gangly_tui.domain.outbox import SETTLED, DeliveryState
    from gangly_tui.store.decisions import deliveries

    return len(deliveries(db, states=frozenset(DeliveryState) - SETTLED))


def where(name: str) -> str:
    """Where what was read from a system is kept."""
    return str(folder(str(load_config().connections.get(name, {}).get("store", name))))
