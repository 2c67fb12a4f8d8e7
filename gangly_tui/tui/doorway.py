"""How the connect screens reach what connects: the screens know no vendor, they show what this tells them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from gangly_tui.domain.connection import Answers, Connected, Plan, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorway:
    """`systems` are what can be connected, as (name, title, what it brings); `current` names the one that is.

    `groups` has by name the heading under which a system is listed, `connected` the account of each that is connected.
    `plan` says what will be asked. `examine` looks at the answers that are no secret. `unlock` opens the place for
    secrets and may leave the screen for a passphrase. `connect` signs in; it tells each step, and is cancelled to stop.
    All of them raise GanglyError.
    """

    systems: tuple[tuple[str, str, str], ...]
    current: Callable[[], str]
    plan: Callable[[str], Plan]
    unlock: Callable[[], None]
    connect: Callable[[str, Answers, Callable[[Step], None]], Awaitable[Connected]]
    groups: Mapping[str, str] = field(default_factory=dict)
    examine: Callable[[str, Answers], None] = lambda *_: None
    connected: Callable[[], Mapping[str, str]] = dict
