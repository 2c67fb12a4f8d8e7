"""Whom the rep knows, from the export of their own LinkedIn account: since when, where they work, what changed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from gangly_tui.domain.identity import company_name, mailbox

MIN_LETTERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Somebody the rep is connected with, or has invited. Texts are raw: clean them before showing them.

    `connected_on` is None where the export's date can be read in two ways; `year` stands then all the same. `invited`
    is "sent" or "received" for an invitation that is open, and `connected_on` is its day.
    """

    name: str
    email: str = ""
    company: str = ""
    position: str = ""
    connected_on: date | None = None
    year: int = 0
    url: str = ""
    """their profile, at linkedin.com; "" when the export gives none that is"""
    invited: str = ""
    last_message: date | None = None
    snippet: str = ""

    @property
    def key(self) -> str:
        """The same person in the next export: the profile's address, else the mailbox, else the name."""
        return (urlsplit(self.url).path.rstrip("/").lower() if self.url else "") or mailbox(self.email) or self.named

    @property
    def named(self) -> str:
        """The name to look somebody up by."""
        return name_key(self.name)

    @property
    def words(self) -> str:
        """What a brief says of them."""
        if self.invited:
            since = f" in {self.year}" if self.year else ""
            said = f"{'you invited them' if self.invited == 'sent' else 'they invited you'}{since}, not connected yet"
        else:
            said = f"connected since {self.year}" if self.year else "connected"
        if self.last_message:
            said += f", last message {self.last_message.isoformat()}"
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChange:
    """Somebody works elsewhere, or as something else, than in the export before. `seen_on` is the day it was seen."""

    name: str
    email: str
    url: str
    company_before: str
    position_before: str
    company: str
    position: str
    seen_on: date

    @property
    def moved(self) -> bool:
        """Whether it is another company, and not another position in the same one."""
        return company_name(self.company_before) != company_name(self.company)


def name_key(name: str) -> str:
    """A name without case, accents, titles behind a comma and brackets: "Dr. Zoë Ångström, MBA" -> "zoe angstrom"."""
    plain = unicodedata.normalize("NFKD", name.partition(",")[0].partition("(")[0].casefold())
    letters = "".join(each if each.isalnum() else " " for each in plain if not unicodedata.combining(each))
    return " ".join(each for each in letters.split() if each not in ("dr", "prof", "mr", "mrs", "ms", "ing", "dipl"))


def job_change(before: Relation, now: Relation, seen_on: date) -> JobChange | None:
    """What changed in somebody's work; None when nothing did, or when the export no longer says."""
    was = (company_name(before.company), before.position.strip().casefold())
    is_ = (company_name(now.company), now.position.strip().casefold())
    if before.invited or now.invited or was == is_ or not (before.company and now.company):
        return None
    if was[0] == is_[0] and not (was[1] and is_[1]):
        return None
    return JobChange(
        name=now.name,
        email=now.email or before.email,
        url=now.url,
        company_before=before.company,
        position_before=before.position,
        company=now.company,
        position=now.position,
        seen_on=seen_on,
    )


def find_relation(
    name: str,
    email: str,
    company: str,
    *,
    by_mailbox: Mapping[str, Relation],
    by_name: Mapping[str, Sequence[Relation]],
) -> Relation | None:
    """Who in the export this attendee is: by mailbox, else by a name that only one has who works at this company.

    A name alone says nothing: there are many of it. The company is the account's name, or known from the address.
    """
    box = mailbox(email)
    if box and (found := by_mailbox.get(box)):
        return found
    host = email.rpartition("@")[2]
    fitting = [each for each in by_name.get(name_key(name), ()) if works_at(each.company, company, host)]
    return fitting[0] if len(fitting) == 1 else None


def people_of(relations: Iterable[Relation]) -> tuple[dict[str, Relation], dict[str, list[Relation]]]:
    """The same people by mailbox and by name."""
    by_mailbox: dict[str, Relation] = {}
    by_name: dict[str, list[Relation]] = {}
    for each in relations:
        if box := mailbox(each.email):
            by_mailbox.setdefault(box, each)
        by_name.setdefault(each.named, []).append(each)
    return by_mailbox, by_name


def works_at(theirs: str, company: str, host: str = "") -> bool:
    """Whether two names may mean one company: one begins with the other's words, or the mail's domain is the name."""
    said = company_name(theirs)
    if len(said) < MIN_LETTERS:
        return False
    known = company_name(company)
    if len(known) >= MIN_LETTERS and (f"{said} ".startswith(f"{known} ") or f"{known} ".startswith(f"{said} ")):
        return True
    squeezed = said.replace(" ", "")
    return any(label.replace("-", "") == squeezed for label in host.lower().split(".")[:-1])
