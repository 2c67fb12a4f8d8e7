"""Whom a mail or an invitation would reach, and who of them may not be written to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from email.utils import getaddresses

from gangly_tui.domain.consent import opted_out, stay_elsewhere
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.proposal import Action, Proposal
from gangly_tui.domain.records import Kind, Record, Value
from gangly_tui.domain.safe import one_line

_NAMED = 3
_ADDRESS = re.compile(r"[^\s<>,;:\"()]+@[^\s<>,;:\"()]+")


def addressees(card: Proposal) -> frozenset[str]:
    """The mailboxes that a card's mail or invitation would reach; none where it reaches nobody."""
    if card.kind not in (Kind.MAIL, Kind.INVITATION) or card.action is Action.REMOVE:
        return frozenset()
    return named_in({each.field: each.after for each in card.changes})


def named_in(fields: Mapping[str, Value]) -> frozenset[str]:
    """The mailboxes that the fields of a mail or an invitation name."""
    return mailboxes_in(str(fields.get(each) or "") for each in ("to", "cc"))


def mailboxes_in(headers: Iterable[str]) -> frozenset[str]:
    """The mailboxes that address headers name; of a damaged header every one that could be read out of it."""
    written = list(headers)
    found = [email for _, email in getaddresses(written)]
    found += [each for header in written for each in _ADDRESS.findall(header)]
    return frozenset(filter(None, map(mailbox, found)))


def barred(boxes: Collection[str], contacts: Iterable[Record], regions: Sequence[str]) -> str:
    """Why no mail may go to these mailboxes, naming who; "" where it may. `contacts`: who is known of them."""
    known = [each for each in contacts if mailbox(each.text("email")) in boxes]
    silent, away = opted_out(known), stay_elsewhere(known, regions)
    names: dict[str, str] = {}
    for each in known:
        box = mailbox(each.text("email"))
        if box in silent or box in away:
            names.setdefault(box, one_line(each.title or box, limit=60))
    said = [_listed([name for box, name in names.items() if box in silent], "asked for no mail")]
    for where in dict.fromkeys(away.values()):
        there = [name for box, name in names.items() if away.get(box) == where and box not in silent]
        region = one_line(where, limit=40)
        said.append(_listed(there, f"may have no mail: their data stays in {region}, [processing] mail names others"))
    return "; ".join(filter(None, said))


def _listed(names: Sequence[str], what: str) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more} {what}"
