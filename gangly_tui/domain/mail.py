"""Mail as an engagement fact: who wrote to whom, when, and one line of it. A body is fetched when it is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gangly_tui.domain.identity import domain_candidates, mailbox

MAIL_DAYS = 180
"""How far back a first look into a mailbox goes."""
MAIL_FILES = "eml"
"""The system that takes approved mails where no mailbox is connected: each becomes a file of the rep's."""
ANSWER_DAYS = 30
"""What has waited longer than this for an answer is no longer waited for."""
PATIENCE = timedelta(days=2)
"""How long the other side may take before a missing answer is worth a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Somebody in a mail's header. Raw: clean it before showing it."""

    email: str
    name: str = ""

    @property
    def shown(self) -> str:
        """The name, or the address of somebody without one."""
        return self.name or self.email


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

    @property
    def boxes(self) -> frozenset[str]:
        """The mailboxes of everybody in its header."""
        return frozenset(filter(None, (mailbox(each.email) for each in self.people)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRules:
    """What is never kept. `folders` are names of folders or labels, `domains` those of people: legal, HR.

    A body that was fetched is forgotten after `body_days` days.
    """

    folders: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    body_days: int = 30

    def keeps(self, mail: Mail) -> bool:
        """Whether a mail may be kept at all: asked before anything of it is."""
        if self.folders & {each.casefold() for each in mail.folders}:
            return False
        hosts = {each.email.lower().rpartition("@")[2] for each in mail.people}
        return not (self.domains & (hosts | {part for each in mail.people for part in domain_candidates(each.email)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """The last mail of a thread when it waits for an answer: ours when they wrote it, theirs when the rep did."""

    mail: Mail
    ours: bool


def last_of_threads(mails: Iterable[Mail]) -> list[Mail]:
    """The newest mail of each thread, the newest thread first."""
    newest: dict[tuple[str, str], Mail] = {}
    for each in sorted(mails, key=lambda mail: mail.at):
        newest[each.system, each.thread_id or each.id] = each
    return sorted(newest.values(), key=lambda mail: mail.at, reverse=True)


def unanswered(mails: Sequence[Mail], now: datetime) -> list[Unanswered]:
    """The threads that wait for somebody, newest first. A bounce, and a mail the rep was only copied on, wait for none.

    Theirs count after PATIENCE, ours at once; none does after ANSWER_DAYS.
    """
    found = []
    for each in last_of_threads(mails):
        age = now - each.at
        if each.bounced or not timedelta() <= age <= timedelta(days=ANSWER_DAYS):
            continue
        if not each.outgoing or age >= PATIENCE:
            found.append(Unanswered(mail=each, ours=not each.outgoing))
    return found
