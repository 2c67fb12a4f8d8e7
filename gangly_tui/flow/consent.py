"""Consent, asked once more right before something leaves: by what is known here, and in the CRM itself."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gangly_tui.domain.errors import ConnectorError, NotFound
from gangly_tui.domain.hierarchy import Scope, in_scope
from gangly_tui.domain.identity import person_key
from gangly_tui.domain.outbox import PATIENCE, Patience
from gangly_tui.domain.ports import RecordReader
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.reach import addressees, barred
from gangly_tui.domain.records import Kind, Record
from gangly_tui.store import mirror
from gangly_tui.store.database import Connection
from gangly_tui.store.left_alone import is_left_alone

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk

NOT_PROCESSED = "the recording of this call is not processed, and this was made from it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Where consent is asked for: the store, and the system of record whose contacts say what they want."""

    db: Connection
    crm: RecordReader
    scope: Scope
    regions: Sequence[str] = ()
    """the countries and regions whose people may get mail; empty restricts nothing"""
    patience: Patience = PATIENCE

    def known(self, card: Proposal) -> str:
        """Why this mail or invitation may reach none of those it names, by what was read of them; "" where it may."""
        return self._barred(addressees(card))

    def _barred(self, boxes: Collection[str]) -> str:
        return barred(boxes, mirror.contacts_of(self.db, boxes), self.regions) if boxes else ""

    async def asked(self, boxes: Collection[str]) -> str:
        """The same of these mailboxes, by what the CRM says now. While it cannot say, what was read last counts."""
        if not boxes:
            return ""
        try:
            async with asyncio.timeout(self.patience.deadline.total_seconds()):
                for box in sorted(boxes):
                    await self._read_anew(box)
        except (ConnectorError, TimeoutError):
            pass
        return self._barred(boxes)

    async def _read_anew(self, box: str) -> None:
        """Their contacts as they stand: read by id where they are known, else found by the CRM's own search."""
        known = [each.ref for each in mirror.contacts_of(self.db, [box]) if each.ref.system == self.crm.system]
        found: list[Record] = []
        for ref in known:
            try:
                found.append(await self.crm.read(ref))
            except NotFound:
                mirror.remove_records(self.db, [ref])
        if not found:
            found = [*await self.crm.find(Kind.CONTACT, person_key(box))]
        mirror.save_records(self.db, [in_scope(each, self.scope) for each in found])


def gate_of(desk: Desk) -> Gate:
    """The gate of a desk."""
    scope = desk.hierarchy.scope(desk.reader.system)
    return Gate(db=desk.db, crm=desk.reader, scope=scope, regions=desk.settings.mail_regions)


def left_alone_since(db: Connection, card: Proposal) -> bool:
    """Whether a card was made of a recording that is not processed any more. What takes a write back may go on."""
    return card.source.startswith("transcript") and not card.undoes and is_left_alone(db, card.meeting_id)
