"""What people said about their data: who asked for no mail, and where somebody's words may be processed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.records import Record
from gangly_tui.domain.safe import one_line

_NAMED = 3
_YES = frozenset("yes given granted agreed accepted allowed consented true ok ja oui si sí sim opt-in".split())
"""What agrees to a recording in any organisation's words."""


def wants_no_mail(contact: Record) -> bool:
    """Whether they asked for no mail, as the system of record holds it. What was not read is no answer."""
    return contact.fields.get("mail_opt_out") is True


def opted_out(contacts: Iterable[Record]) -> frozenset[str]:
    """The mailboxes of those who asked for no mail; of two contacts with one mailbox either says so."""
    return frozenset(box for each in contacts if wants_no_mail(each) and (box := mailbox(each.text("email"))))


def stay_elsewhere(contacts: Iterable[Record], regions: Sequence[str]) -> dict[str, str]:
    """By mailbox, where the data of those has to stay whom no mail may reach: anywhere but in these regions.

    Without any region nothing is restricted; neither is somebody whose residency is not set, or not read.
    """
    allowed = _regions(regions)
    found = {}
    for each in contacts if allowed else ():
        where, box = each.text("residency").strip(), mailbox(each.text("email"))
        if box and where and where.casefold() not in allowed:
            found[box] = where
    return found


def left_out(names: Sequence[str], why: str = "asked for no mail") -> str:
    """For the card: who does not get the mail, and why. "" where nobody is left out."""
    if not names:
        return ""
    shown = [one_line(each, limit=60) for each in names[:_NAMED]]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} left out, {why}: {', '.join(shown)}{more}"


def unrecorded(contacts: Iterable[Record], agreed: Sequence[str]) -> str:
    """Why a recording of these people may not be read, naming who; "" where it may.

    Who has said nothing restricts nothing. What somebody has said is a no unless it is a word for yes that everybody
    knows, or one of `agreed`: a word nobody here knows must not open what it was meant to close.
    """
    known = _YES | {each.strip().casefold() for each in agreed}
    found = [(each, said) for each in contacts if (said := each.text("recording_consent").strip())]
    against = [(each, said) for each, said in found if said.casefold() not in known]
    if not against:
        return ""
    named = [f"{one_line(each.title, limit=60)} ({one_line(said, limit=40)})" for each, said in against[:_NAMED]]
    more = f" and {len(against) - _NAMED} more" if len(against) > _NAMED else ""
    return f"no consent to a recording: {', '.join(named)}{more}"


def _regions(said: Sequence[str]) -> frozenset[str]:
    return frozenset(each.strip().casefold() for each in said)


def kept_home(contacts: Iterable[Record], allow: Sequence[str]) -> str:
    """Why the words of a call may be sent to no model, "" where they may.

    `allow` are the countries and regions of `[processing]`, compared as they are written; without any nothing is
    restricted. Somebody whose residency is not set, or not read, restricts nothing.
    """
    allowed = _regions(allow)
    if not allowed:
        return ""
    found = [(each, where) for each in contacts if (where := each.text("residency").strip())]
    barred = [(each, where) for each, where in found if where.casefold() not in allowed]
    if not barred:
        return ""
    who, where = barred[0]
    more = f" (and of {len(barred) - 1} more)" if len(barred) > 1 else ""
    region = one_line(where, limit=40)
    return f"the data of {one_line(who.title, limit=60)}{more} stays in {region}; [processing] allows " + ", ".join(
        allow
    )
