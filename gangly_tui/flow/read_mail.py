"""Read a mail: its body is fetched when somebody opens it, kept for a while, and then forgotten again."""

from __future__ import annotations

from gangly_tui.domain.errors import NotFound
from gangly_tui.domain.mail import Mail
from gangly_tui.domain.records import RecordRef
from gangly_tui.flow.desk import Desk
from gangly_tui.store import mail as mails


def mail_of(desk: Desk, ref: RecordRef) -> Mail:
    """The mail's headers. Raises NotFound when the store does not hold it."""
    found = mails.get_mail(desk.db, ref.system, ref.id)
    if found is None:
        raise NotFound("that mail is not here any more", fix="ctrl+r reads the mailbox again")
    return found


async def read_mail(desk: Desk, ref: RecordRef) -> str:
    """The text of a mail, from here or from its mailbox. Raises NotFound, Unreachable, SignInNeeded."""
    mail = mail_of(desk, ref)
    kept = mails.text_of(desk.db, mail)
    if kept is not None:
        return kept
    box = next((each for each in desk.mailboxes if each.system == mail.system), None)
    if box is None:
        raise NotFound(f"the mailbox {mail.system} is not connected", fix=f"gangly connect {mail.system}")
    text = await box.body(mail.id)
    mails.save_text(desk.db, mail, text, desk.now())
    return text
