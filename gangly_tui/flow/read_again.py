"""Read again: the configured model reads a text behind the drafter, where the people of the call allow that."""

from __future__ import annotations

from collections.abc import Callable

from gangly_tui.domain.consent import kept_home
from gangly_tui.domain.draft import Draft, ReadingContext
from gangly_tui.domain.errors import ModelError
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.ports import SecondReading
from gangly_tui.flow.desk import Desk
from gangly_tui.store import mirror


def stays_here(desk: Desk, context: ReadingContext) -> str:
    """Why no text of this call may go to a model, "" where it may: by the residency of those who were in it."""
    boxes = {box for each in context.attendees if (box := mailbox(each.email))}
    if not (desk.settings.processing and boxes):
        return ""
    return kept_home(mirror.contacts_of(desk.db, boxes), desk.settings.processing)


async def read_again(
    desk: Desk, text: str, context: ReadingContext, first: Draft, *, say: Callable[[str], None]
) -> SecondReading:
    """Let the configured model read the text behind the drafter. Raises ModelError: then `first` stands."""
    if desk.model is None:
        return SecondReading(draft=first)
    if reason := stays_here(desk, context):
        raise ModelError(f"not sent to {desk.model.host}: {reason}", fix="[processing] in config.toml says where")
    return await desk.model.read_again(text, context, first, say=say)
