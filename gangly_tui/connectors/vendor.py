"""What a vendor's module gives, so that one connect screen, one doctor and one bootstrap serve them all.

A record connector is one module, `connectors/record/NAME.py`; NAME is the system's name in RecordRefs, in config.toml
(`crm = "NAME"`), in hierarchy.toml (`[connectors.NAME]`) and in the entry-point group `gangly.connectors`. It exposes

    ABOUT: registry.About                 how lists name it
    VENDOR: Vendor                        what connecting asks, and what each thing is for
    def open_reader(link: Link)           -> its RecordReader
    def open_writer(link: Link)           -> its RecordWriter; only bootstrap calls it, for the Courier alone
    async def check(link: Link) -> Standing   who is signed in, and what the customer's system lacks; reads only

A connector of the engagement layer is `connectors/engagement/NAME.py`, with ABOUT, VENDOR and check as above, and those
of these doors that it has; `open_reader` and `open_writer` are then over Kind.MAIL and Kind.INVITATION

    def open_calendar(link: Link)         -> its EngagementReader
    def open_transcripts(link: Link)      -> its TranscriptReader
    def open_mail(link: Link)             -> its MailReader

A door belongs to a part of VENDOR.parts ("calendar", "transcripts", "mail", "drafts" for the last two above); one whose
part was not asked for is not opened.

Importing the module does nothing and reads nothing. `Link.wire` is the one way out: pinned to `VENDOR.hosts`, signed
in, paced, observed, with `VENDOR.manners` as headers and error rules; a path is below `VENDOR.base(...)`. Both doors
of a sitting share one Link. A connector keeps no file, no token and no store; it may keep what `describe` learned for
as long as the reader lives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from gangly_tui.connectors.oauth import Challenge, DeviceCode, Keeper, Provider, Tokens
from gangly_tui.connectors.pace import Pace
from gangly_tui.connectors.transport import Manners, Reach, Wire
from gangly_tui.domain.connection import HOST, Ask, AuditField, Permission, Standing
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.secret import Secret

if TYPE_CHECKING:
    import httpx

__all__ = ["HOST", "Ask", "AuditField", "Link", "Permission", "Setup", "Signer", "Standing", "Vendor", "Way", "lacking"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the customer set. `values` are the answers to the Asks that are not secret; `secret` asks the vault.

    `loopback` is the address of a server on this machine that stands in for every host of the vendor: for tests and
    for trying things; empty otherwise.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    secret: Callable[[str], Secret[str] | None] = lambda _: None
    loopback: str = ""
    parts: frozenset[str] = frozenset()
    """what of VENDOR.parts was asked for: scopes follow it"""

    def get(self, name: str) -> str:
        """The answer of this name, "" when there is none."""
        return self.values.get(name, "")

    def at(self, address: str) -> str:
        """The address ("https://api.vendor.com", no trailing slash), or the server on this machine in its place."""
        return self.loopback or address

    def host(self, default: str = "") -> str:
        """The customer's own address as https://HOST without a trailing slash, or the server on this machine."""
        name = self.get(HOST) or default
        return self.at(name if "://" in name else f"https://{name}")


class Signer(Protocol):
    """A vendor's own sign-in library, where it has to be that one; its tokens are kept like all others."""

    async def ask(self, redirect: str) -> Challenge:
        """Begin in the browser."""
        ...

    async def exchange(self, code: str, now: datetime) -> Tokens:
        """The tokens for the code that came back. Raises SignInNeeded, Unreachable."""
        ...

    async def ask_device_code(self, now: datetime) -> DeviceCode:
        """Begin with a code for another device. Raises ConnectorError when there is none."""
        ...

    async def poll_device(
        self, begun: DeviceCode, *, now: Callable[[], datetime], sleep: Callable[[float], Any]
    ) -> Tokens:
        """Ask until the person has agreed elsewhere. Raises SignInNeeded."""
        ...

    def auth(
        self, vault: Keeper, *, lock: Callable[[], AbstractAsyncContextManager[None]], now: Callable[[], datetime]
    ) -> httpx.Auth:
        """Puts the access token on each request. Raises SignInNeeded when nothing is kept."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to sign in. `means` says in one or two sentences what it means for the customer, before consent.

    With `provider` it is OAuth in the browser, and with a device code too when the Provider has a `device_url`.
    Without, it is a token that somebody made by hand: the secret Ask named `token`, sent in `header` behind `scheme`,
    or, with the Ask that `user` names, as that one's password (RFC 7617);
    `rotate_days` after it was given gangly reminds that it is time for another.
    With a `signer` beside the `provider` the vendor's own library signs in; for a server on this machine ours does.
    """

    name: str
    title: str
    means: str
    asks: tuple[Ask, ...] = ()
    provider: Callable[[Setup], Provider] | None = None
    signer: Callable[[Provider, Reach], Signer] | None = None
    token: str = "token"
    user: str = ""
    header: str = "Authorization"
    scheme: str = "Bearer"
    rotate_days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One vendor. The first of `ways` is offered first; `asks` are common to all of them.

    `hosts` are exact names, or suffixes that begin with a dot; token endpoints included. `base` gives the API's
    address (no trailing slash) from the setup and the parts of the token answer that the Provider keeps
    (`instance_url`, `api_domain`); it begins with `setup.at(...)` or `setup.host()` so that loopback works.
    `admin` is what an administrator must do first, one step a line. `guide` is their page in Markdown, from its heading
    on, where the steps need more words; `gangly connect NAME --guide` adds permissions, fields and ways to it.
    `parts` are what can be asked for one by one, the first of them always; a Permission names the part it is for.
    `guards` says in one sentence how a write is kept from overwriting another's: shown on the connect screen.
    """

    name: str
    title: str
    hosts: frozenset[str]
    ways: tuple[Way, ...]
    permissions: tuple[Permission, ...]
    base: Callable[[Setup, Mapping[str, str]], str]
    manners: Manners
    asks: tuple[Ask, ...] = ()
    admin: tuple[str, ...] = ()
    audit_fields: tuple[AuditField, ...] = ()
    guards: str = ""
    guide: str = ""
    pace: Callable[[], Pace] = Pace
    parts: tuple[str, ...] = ()
    hosts_of: Callable[[Setup], frozenset[str]] | None = None
    """the hosts, where each customer has a server at an address of his own; `hosts` is empty then"""

    def way(self, name: str) -> Way:
        """The way of this name, the first one for ""."""
        return next((each for each in self.ways if each.name == name), self.ways[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One open connection, for both doors. `user_email` is the rep's own, for "my deals" and owners.

    `more` are the parts of the token answer that the Provider keeps. `audit_fields` are the vendor's names, as
    "OBJECT.FIELD", of the audit fields that `check` found when connecting: a write fills those and no others.
    """

    wire: Wire
    scope: Scope
    setup: Setup
    more: Mapping[str, str] = field(default_factory=dict)
    user_email: str = ""
    audit_fields: frozenset[str] = frozenset()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def lacking(system: str, gaps: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What an administrator could still create, by object, for a Standing; the same on several objects is said once."""
    objects: dict[str, list[str]] = {}
    for of, names in gaps.items():
        if names:
            objects.setdefault(", ".join(names), []).append(of)
    fix = f"an administrator can create them: gangly connect {system} --guide"
    return tuple(f"{', '.join(of)}: no {names} that you may fill; {fix}" for names, of in objects.items())
