"""A whole day on own data, in a process of its own: connect, pull, brief, notes, cards, approve, send, back up, crash.

Every word that must never be found in a file is a canary. Prints "round N" after each call it has walked through.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from gangly_tui import keys
from gangly_tui.bootstrap import CALENDAR, crm_file, open_desk, store_file
from gangly_tui.config import Config, paths
from gangly_tui.connectors.record import sandbox_db as crm
from gangly_tui.domain.records import Kind
from gangly_tui.domain.secret import Secret
from gangly_tui.flow.capture import autosave, open_notes, propose
from gangly_tui.flow.decide import approve
from gangly_tui.flow.prepare import prepare
from gangly_tui.flow.pull import pull
from gangly_tui.store.backups import back_up
from gangly_tui.tui.crash import keep

CALL = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
NOTES = """Ada: We can sign on November 15, canarynote {n}, after the board meets.
Ada: The canarynote budget is 60,000 EUR.
"""
TOKEN = "canarytoken-00D-refresh"
CALENDAR_FILE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//test//EN
BEGIN:VEVENT
UID:one@test
DTSTAMP:20260901T000000Z
DTSTART:20260923T140000Z
DTEND:20260923T143000Z
SUMMARY:Acme: canarymeeting
ORGANIZER:mailto:robin@seller.com
ATTENDEE:mailto:ada@acme.de
END:VEVENT
END:VCALENDAR
"""


def fill_crm(key: Secret[bytes]) -> None:
    """The CRM beside the calendar already knows the account and an open deal."""
    db = crm.open_crm(crm.KeyedFile(path=crm_file(CALENDAR), key=keys.derived(key, "sandbox CRM")))
    if not db.execute("SELECT 1 FROM record LIMIT 1").fetchone():
        at = CALL - timedelta(days=50)
        account = crm.insert(db, Kind.ACCOUNT, {"name": "Canarycorp", "domain": "acme.de"}, by="Kim", at=at)
        person = {"first_name": "Ada", "last_name": "Canaryson", "email": "ada@acme.de", "account": account.ref.id}
        crm.insert(db, Kind.CONTACT, person, by="Kim", at=at)
        deal = {"name": "Canarydeal", "account": account.ref.id, "stage": "Demo", "currency": "EUR"}
        crm.insert(db, Kind.OPPORTUNITY, deal, by="Kim", at=at)
    db.close()


async def main(file: Path, rounds: int, point: str) -> None:
    """So many rounds on this calendar file; -1: until somebody ends it. Dies at the point."""
    clock = [CALL + timedelta(hours=1)]
    again = store_file(CALENDAR).exists()
    config = Config(crm="sandbox", calendars=(str(file),), user_email="robin@seller.com", our_company="Seller")
    desk = open_desk(config, profile=CALENDAR, now=lambda: clock[0])
    held = keys.keys_of(paths().data)
    held.vault().put("salesforce", Secret(TOKEN))
    fill_crm(held.of_store(f"store {CALENDAR}", store_file(CALENDAR)))

    def at_point(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    desk = replace(desk, at_point=at_point)
    await pull(desk)
    meeting = (await desk.calendars[0].meetings(CALL - timedelta(days=1), CALL + timedelta(days=1))).meetings[0]
    for number in count(1) if rounds < 0 else range(1, rounds + 1):
        prepare(desk, meeting)
        notes = replace(
            open_notes(desk, meeting.id), text=NOTES.format(n=f"{os.getpid()} {number}"), updated_at=clock[0]
        )
        autosave(desk, notes)
        cards = await propose(desk, notes)
        assert cards or again or number > 1, "the notes gave no card"
        for card in cards:
            if not card.needs_choice:
                approve(desk, card.id, card.digest())
        clock[0] += timedelta(seconds=60)
        outcomes = await desk.courier.deliver_due()
        assert outcomes or not cards
        back_up(desk.db, store_file(CALENDAR), at_point)
        try:
            raise ValueError(f"canaryerror in {notes.text}")
        except ValueError as error:
            keep(error, paths().log / "crash.log")
        print(f"round {number}", flush=True)  # noqa: T201 - what the test waits for
    desk.close()


if __name__ == "__main__":
    keys.answer_from(int(sys.argv[1]))
    asyncio.run(main(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
