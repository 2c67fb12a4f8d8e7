"""What belongs to a person who was found: address and phone, title and company under a mail, and where each is said."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gangly_tui.domain.draft import Evidence, FieldEvidence, Side
from gangly_tui.domain.identity import FREE_MAIL
from gangly_tui.intelligence.offline.contact_points import find_emails, find_phones
from gangly_tui.intelligence.offline.headers import title_and_company
from gangly_tui.intelligence.offline.lexicon import TITLE_WORD
from gangly_tui.intelligence.offline.passages import Block, Sentence
from gangly_tui.intelligence.offline.reading import Reading

_MY_MAIL = re.compile(
    r"\b(?:my|best|reach me|e-?mail (?:me|is|address)|send (?:it|that|them|those|everything) to|"
    r"it's|contact me|me at|number is|call me|cell|mobile|direct)\b",
    re.I,
)


@dataclass(slots=True)
class Found:
    """Somebody on the way to being a ContactMention; `places` says where a field was said, by its name."""

    name: str
    title: str
    company: str
    evidence: Evidence
    confidence: float
    email: str = ""
    phone: str = ""
    places: dict[str, Evidence] = field(default_factory=dict)


def elsewhere(found: Found) -> tuple[FieldEvidence, ...]:
    """The places of what the words that name the person do not say themselves."""
    said = {name: found.places[name] for name in ("title", "email", "phone") if name in found.places}
    return tuple(
        FieldEvidence(field=name, evidence=where)
        for name, where in said.items()
        if not (found.evidence.start <= where.start and where.end <= found.evidence.end)
    )


def add_points(reading: Reading, sentence: Sentence, found: list[Found]) -> None:
    """E-mail addresses and phones of people already found, and of nobody else."""
    text = sentence.text
    if "@" not in text and " at " not in sentence.low and sum(map(str.isdigit, text)) < 7:
        return
    for point in find_emails(text):
        local = re.split(r"[._+-]", point.value.split("@")[0].lower())
        owner = _owner(reading, sentence, found, local, point.value)
        if owner and not owner.email:
            owner.email = point.value
            owner.places["email"] = sentence.evidence(reading.text)
    for phone in find_phones(text):
        owner = _owner(reading, sentence, found, [], "")
        if owner and not owner.phone:
            owner.phone = phone.value
            owner.places["phone"] = sentence.evidence(reading.text)


def add_signature(reading: Reading, sentence: Sentence, found: list[Found]) -> None:
    """The title and company under a mail, for its author."""
    if sentence.block is not Block.SIGNATURE or sentence.side is not Side.BUYER or not TITLE_WORD.search(sentence.text):
        return
    owner = next((each for each in found if each.name == reading.cast.full_name(sentence.speaker)), None)
    if (
        owner is None
        or owner.title
        or "@" in sentence.text
        or len(sentence.text) > 90
        or sentence.text.endswith((".", "?"))
    ):
        return
    title, company = title_and_company(sentence.text.removeprefix(owner.name).strip(" ,|-"))
    if TITLE_WORD.search(title):
        owner.title, owner.company = title, owner.company or company
        owner.places["title"] = sentence.evidence(reading.text)


def _owner(reading: Reading, sentence: Sentence, found: list[Found], local: list[str], address: str) -> Found | None:
    ours = reading.context.rep_email.rpartition("@")[2].lower()
    if address and ours and address.lower().endswith("@" + ours) and ours not in FREE_MAIL:
        return None
    if local:
        fits = [each for each in found if _local_fits(local, each.name)]
        if len(fits) == 1:
            return fits[0]
        if len(fits) > 1:
            return None
    in_line = [each for each in found if re.search(rf"\b{re.escape(each.name.split()[0])}\b", sentence.text)]
    if len(in_line) == 1 and sentence.account:
        return in_line[0]
    if sentence.side is Side.BUYER and (sentence.block is Block.SIGNATURE or _MY_MAIL.search(sentence.text)):
        name = reading.cast.full_name(sentence.speaker)
        return next((each for each in found if each.name in (name, sentence.speaker)), None)
    return None


def _local_fits(local: list[str], name: str) -> bool:
    parts = [re.sub(r"\W", "", part) for part in name.lower().split()]
    whole = "".join(local)
    if len(parts) > 2 and whole in ("".join(parts), parts[0][0] + "".join(parts[1:]), "".join(parts[1:])):
        return True  # "els.devries" is Els de Vries
    if len(parts) == 1:
        return whole == parts[0]
    first, last = parts[0], parts[-1]
    return whole in (first + last, last + first, first[0] + last, first + last[0], last + first[0]) or (
        set(local) in ({first}, {last}, {first, last})
    )
