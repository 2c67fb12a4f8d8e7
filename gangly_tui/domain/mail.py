"""Mail as an engagement fact: who wrote to whom, when, and one line of it. A body is fetched when it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MAIL_DAYS = 180
"""How far back a first look into a mailbox goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Somebody in a mail's header. Raw: clean it before showing it."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message of a mailbox: its headers and a snippet. `at` is aware.

    `id` is the system's own and does not change when the message is moved; `message_id` is the Message-ID header with
    its angle brackets, the same in every mailbox. `folders` are the folders or labels it lies in, as the person sees
    them. `bounced`: the message says that one of the rep's own could not be delivered, to the addresses in `to`.
    """

    id: str
    system: str
    thread_id: str
    message_id: str
    at: datetime
    sender: Address
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    snippet: str = ""
    folders: tuple[str, ...] = ()
    outgoing: bool = False
    """the rep wrote it"""
    bounced: bool = False

    @property
    def people(self) -> tuple[Address, ...]:
        """Everybody in its header, each once, the sender first."""
        return tuple({each.email: each for each in (self.sender, *self.to, *self.cc) if each.email}.values())
