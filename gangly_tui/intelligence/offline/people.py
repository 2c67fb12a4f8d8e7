"""The other side's people: header, attendees, introductions, signatures, and the company they work for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gangly_tui.domain.draft import ContactMention, Dropped, Evidence, Side
from gangly_tui.intelligence.offline.company import ORG, find_company, same_company
from gangly_tui.intelligence.offline.lexicon import (
    FIRST_NAME,
    NOT_A_NAME,
    PERSON,
    TITLE_PHRASE,
    TITLE_START,
    TITLE_WORD,
    names_in,
)
from gangly_tui.intelligence.offline.passages import Block, Sentence, span
from gangly_tui.intelligence.offline.people_points import Found, add_points, add_signature, elsewhere
from gangly_tui.intelligence.offline.reading import Reading
from gangly_tui.intelligence.offline.self_named import is_numbered
from gangly_tui.intelligence.offline.sides import Person

_TITLED = re.compile(
    rf"(?P<own>\b(?:our|my|their|the|his|her)\s)?(?P<title>{TITLE_PHRASE}),?\s(?P<name>{PERSON})(?=[\s,.;:?!)'-]|$)"
    rf"|(?P<name2>{PERSON})\s?(?:,\s(?:who(?: is|'s)\s)?|\s\(|\s-\s|\s(?:is|was)\s)(?P<own2>(?:our|"
    rf"my|their|the|his|her|a)\s)?(?P<title2>{TITLE_PHRASE})(?:,?\s(?:at|@|from|of)\s"
    rf"(?P<org>{ORG})|,\s(?P<org2>{ORG}))?"
)
_SHORT_TITLED = re.compile(
    rf"\b(?P<own>our|my|your|their|his|her)\s(?P<title>{TITLE_PHRASE}),?\s(?P<name>{FIRST_NAME})"
    rf"(?=[\s,.;:?!)'-]|$)|\b(?P<name2>{FIRST_NAME})\s?(?:\(|,\s(?:who(?: is|'s)\s)?)(?P<own2>"
    rf"(?:our|my|their|the)\s)?(?P<title2>{TITLE_PHRASE})(?:,?\s(?:at|@)\s(?P<org>{ORG}))?"
    rf"(?=[),.;]|$)"
)
_PRONOUN_TITLED = re.compile(
    rf"\b(?:[Dd]r\.?\s|[Mm][rs]s?\.?\s)?(?P<name>{PERSON}|{FIRST_NAME}),?\s(?:and\s)?(?:she|he|who|they)(?:'s|"
    rf"\sis|'re|\sare)"
    rf"\s(?P<own>our|my|their|the|your|)\s?(?P<title>{TITLE_PHRASE})"
)
_ASIDE = re.compile(
    rf"\b(?P<own>our|my|their)\s(?P<title>{TITLE_PHRASE})(?:\s[\w']+){{1,7}},\s(?P<name>{PERSON})(?=\s?[.?!]|$)"
)
_IN_PARENS = re.compile(
    rf"(?P<name>{PERSON}|{FIRST_NAME}(?:\s[A-Z]\.)?)\s?\((?P<title>[^()]{{2,60}})\)"
    rf"|\b(?P<title2>{TITLE_PHRASE})\s?\((?P<name2>{PERSON}|{FIRST_NAME})\)"
)
_SHE_IS = re.compile(
    rf"^(?:and |so |yes,? |yeah,? )?(?:she|he)(?:'s|\sis)\s(?:our|my|the|their)\s(?P<title>{TITLE_PHRASE})", re.I
)
_SELF = re.compile(
    rf"\b(?:this is|i'm|i am|my name is|my name's|it's)\s(?P<name>{PERSON}|{FIRST_NAME})"
    rf"(?=[\s,.;!?]|$)(?:,?\s(?:and\s)?(?:i'm\s|i am\s)?(?:the\s|a\s)?(?P<title>{TITLE_PHRASE}))?"
    rf"(?:,?\s(?:at|from|with|here at|over at|of)\s(?P<org>{ORG}))?",
    re.I,
)
_MET = re.compile(
    rf"(?i:\b(?:spoke (?:w/|with|to)|talked (?:w/|with|to)|met(?: w/| with)?|call (?:w/|with)|chat"
    rf"(?:ted)? (?:w/|with)|meeting (?:w/|with)|intro(?:duced)? (?:me |us )?to|loop(?:ed|ing)? in|(?<=, )meet|"
    rf"bring(?:ing)? in|cc'?(?:ing|d)?|add(?:ing)?|copy(?:ing)?|on (?:the )?call:?|present:?|attendees:?|"
    rf"you(?:'d| would)? (?:want|need|should talk to)|ask for|that(?:'s| would be| is)|shared (?:it|this|that) "
    rf"with|reports? to|"
    rf"contact is|reach out to|talk to|speak (?:to|with)|connect (?:you |us |me )?(?:with|to)|"
    rf"introduce (?:you |us |me )?to)\s(?:our |my |their |the )?)(?P<name>{PERSON}|{FIRST_NAME}(?=\sfrom\s))"
    rf"(?:\s(?:from|at|of|in)\s(?P<org>{ORG}|[a-z]+))?"
)
_SIGNS = re.compile(
    rf"\b(?!(?:Board|Management|Corporate|Everyone|Everybody|Headquarters|Leadership|Committee|Group|Somebody|"
    rf"Whoever|Neither|"
    rf"Nobody)\b)(?P<name>{PERSON}|{FIRST_NAME})\s(?:signs|approves|decides)\b"
)
_IN_TEAM = re.compile(
    rf"\b(?P<name>{FIRST_NAME}(?:\s{FIRST_NAME})?)\s(?:in|from|over in)\s(?:the\s)?(?:(?i:finance|purchasing|"
    rf"procurement|"
    rf"legal|hr|ops|operations|dispatch|accounting|accounts|security|engineering|marketing|logistics|compliance|"
    rf"facilities|payroll|production|quality|maintenance|planning)|IT)\b"
    rf"|\b(?:called|named)\s(?P<name2>{PERSON}|{FIRST_NAME})(?=\s(?:from|in|at|who)\b|[,.])"
)
_NAME_IS = re.compile(rf"\b(?:[Hh]is|[Hh]er|[Tt]heir) name(?:'s| is) (?P<name>{PERSON})")
_BRINGS_IN = re.compile(
    r"meet|loop|bring|cc|add|copy|connect|introduce|reach|you|ask for|that|shared|report|talk to|speak|contact", re.I
)
"""Said of a colleague; "we met with" and "a call with" may as well be a vendor."""
_PLUS = re.compile(rf"(?:\+|&|\band)\s(?P<name>{FIRST_NAME}(?:\s(?:{FIRST_NAME}|[A-Z]\.))?)\sfrom\s(?P<team>[A-Za-z]+)")


_HONOURS = re.compile(
    r"^(?:Councillor|Cllr\.?|Mayor|Alderman|Mr\.?|Mrs\.?|Ms\.?|Herr|Frau|Señora?|Madame|Monsieur)\s(?=[A-Z])"
)
"""Stand before a name and are no part of it."""


def find_contacts(reading: Reading) -> tuple[list[ContactMention], list[Dropped], str | None]:
    """(the other side's people, refused candidates, the buyer's company)."""
    found: list[Found] = []
    for person in reading.cast.people:
        if person.side is Side.BUYER and person.name and "@" not in person.name and not is_numbered(person.name):
            evidence = _place(reading, person)
            if evidence:
                found.append(
                    Found(
                        person.name,
                        person.title,
                        person.company,
                        evidence,
                        0.95 if person.title or person.email else 0.75,
                        person.email,
                    )
                )
    company = find_company(reading)
    dropped: list[Dropped] = []
    for sentence in reading.live():
        for new in _introduced(reading, sentence, company):
            new.name = _HONOURS.sub("", new.name)
            if _ours(reading, new.name):
                continue
            _add(found, new, dropped)
    for each in reading.sentences:
        add_signature(reading, each, found)
        add_points(reading, each, found)
    company = company or find_company(reading, [each.company for each in found if each.company])
    kept = [
        each
        for each in found
        if each.name.lower() not in {word.lower() for word in (company or "", reading.context.our_company) if word}
    ]
    contacts = [
        ContactMention(
            name=each.name,
            evidence=each.evidence,
            title=each.title,
            company=each.company,
            email=each.email,
            phone=each.phone,
            confidence=round(each.confidence, 2),
            places=elsewhere(each),
        )
        for each in kept
    ]
    return contacts, dropped, company


def _place(reading: Reading, person: Person) -> Evidence | None:
    """The words that name a person: the header's line, or the label of their first turn."""
    text = reading.text
    if person.start >= 0:
        return Evidence(text=text[person.start : person.end], start=person.start, end=person.end)
    label = next(
        (label for label, each in reading.cast.labels.items() if each == person or each.name == person.name), ""
    )
    for passage in reading.source.passages:
        if passage.speaker and passage.speaker in (label, person.name):
            at = text.rfind(passage.speaker, max(0, passage.start - len(passage.speaker) - 60), passage.start)
            if at >= 0:
                return Evidence(
                    text=text[at : at + len(passage.speaker)],
                    start=at,
                    end=at + len(passage.speaker),
                    speaker=passage.speaker,
                    side=passage.side,
                    at=passage.at,
                )
    return None


def _introduced(reading: Reading, sentence: Sentence, company: str | None) -> Iterator[Found]:
    """Names with a title, introductions of oneself, people the rep spoke with."""
    if not re.search(r"[A-Z][a-z]", sentence.text) or sentence.block is Block.OUTCOME:
        return
    if TITLE_WORD.search(sentence.text):
        yield from _titled(reading, sentence, company)
    yield from _by_themselves(reading, sentence, company)
    yield from _met(reading, sentence, company)


def _titled(reading: Reading, sentence: Sentence, company: str | None) -> Iterator[Found]:
    """ "our CFO, Susan Park", "Tomasz (ops lead)", "CFO (Pam)", "Maren Holt, she is our CFO"."""
    buyer, text = sentence.buyer_fact, sentence.text
    patterns = [*([_IN_PARENS] if sentence.account else []), _TITLED, _SHORT_TITLED, _PRONOUN_TITLED, _ASIDE]
    for pattern in patterns:
        for hit in pattern.finditer(text):
            groups = hit.groupdict("")
            name = groups["name"] or groups.get("name2", "")
            title = _trim_title(
                groups["title"] or groups.get("title2", ""), led=bool(groups["title"]) != (pattern is _IN_PARENS)
            )
            org = groups.get("org", "") or groups.get("org2", "")
            own = (groups.get("own", "") or groups.get("own2", "")).strip().lower()
            theirs = buyer or own in ("your", "their", "his", "her")
            if (
                not theirs
                or (sentence.account and own in ("our", "my"))
                or (buyer and own == "your")
                or not _is_name(name)
                or not TITLE_WORD.search(title)
                or (org and company and not same_company(org, company))
            ):
                continue
            quote = sentence.evidence(reading.text, hit.start(), hit.end())
            yield Found(name, title, org, quote, 0.85 if " " in name else 0.7)
    said = _SHE_IS.match(text)
    before = reading.sentences[sentence.index - 1] if sentence.index else sentence
    if said and buyer and before is not sentence and before.turn == sentence.turn:
        names = [each for each in names_in(before.text) if _is_name(each)]
        if names:
            quote = span(reading.text, before, sentence)
            yield Found(names[-1], _trim_title(said.group("title")), "", quote, 0.7)


def _by_themselves(reading: Reading, sentence: Sentence, company: str | None) -> Iterator[Found]:
    """ "This is Jen Wu, I'm the head of IT at TechFlow"."""
    hit = _SELF.search(sentence.text)
    if not hit or not sentence.buyer_fact or sentence.block is not Block.SPEECH or not _is_name(hit.group("name")):
        return
    person = reading.cast.labels.get(sentence.speaker)
    same = person is not None and person.first == hit.group("name").split()[0].lower()
    if (same or " " in hit.group("name")) and hit.group("name")[0].isupper():
        org = hit.group("org") or ""
        org = org if not org or not company or same_company(org, company) else ""
        quote = sentence.evidence(reading.text, hit.start(), hit.end())
        yield Found(hit.group("name"), _trim_title(hit.group("title") or ""), org, quote, 0.85)


def _met(reading: Reading, sentence: Sentence, company: str | None) -> Iterator[Found]:
    """People the rep writes of having met, and people the buyer brings in."""
    if not sentence.buyer_fact:
        return
    for hit in (*_NAME_IS.finditer(sentence.text), *_SIGNS.finditer(sentence.text)):
        if _is_name(hit.group("name")):
            yield Found(hit.group("name"), "", "", sentence.evidence(reading.text, hit.start(), hit.end()), 0.72)
    for hit in _IN_TEAM.finditer(sentence.text):
        name = hit.group("name") or hit.group("name2")
        if _is_name(name) and not (hit.group("name") is None and sentence.block is Block.SPEECH):
            yield Found(name, "", "", sentence.evidence(reading.text, hit.start(), hit.end()), 0.66)
    for hit in _MET.finditer(sentence.text):
        name, org = hit.group("name"), hit.group("org") or ""
        vendor = sentence.block is Block.SPEECH and not _BRINGS_IN.match(hit.group())
        if not _is_name(name) or vendor or (org[:1].isupper() and company and not same_company(org, company)):
            continue
        org = org if org[:1].isupper() and not TITLE_WORD.fullmatch(org) else ""
        yield Found(name, "", org, sentence.evidence(reading.text, hit.start(), hit.end()), 0.72)
    if sentence.account:
        for hit in _PLUS.finditer(sentence.text):
            if _is_name(hit.group("name")) and not (company and same_company(hit.group("team"), company)):
                yield Found(hit.group("name"), "", "", sentence.evidence(reading.text, hit.start(), hit.end()), 0.66)


_TITLE_HEADS = frozenset(
    "head director manager vp svp evp ceo cfo cto coo cio cro cmo sales security procurement finance it hr ops "
    "marketing "
    "legal lead account customer team champion".split()
)
_SMALL = frozenset("w/ to of by as for in on re with who which still now also both".split())
_LOWER_HEADS = frozenset("senior ops sales deputy general regional office plant product project program".split())


def _trim_title(title: str, *, led: bool = False) -> str:
    """The title without the words that only led to it: "it to our CRO" is "CRO". `led`: it stood before the name."""
    title = re.sub(r"^.*\b(?:our|my|their|the|his|her|your)\s", "", title.strip(" ,"))
    words = title.split()
    while len(words) > 1 and not TITLE_WORD.fullmatch(words[0]):
        low = words[0].lower()
        loose = low in NOT_A_NAME - _TITLE_HEADS or low in _SMALL
        if not loose and not (led and words[0].islower() and low not in _LOWER_HEADS | TITLE_START):
            break
        words.pop(0)
    return " ".join(words)


def _is_name(name: str) -> bool:
    parts = name.split()
    return (
        bool(parts)
        and not any(part.lower().strip(".") in NOT_A_NAME or TITLE_WORD.fullmatch(part) for part in parts)
        and parts[0][0].isupper()
        and not name.isupper()
    )


def _ours(reading: Reading, name: str) -> bool:
    person = reading.cast.named(name)
    rep = reading.context.rep_name.lower()
    return (person is not None and person.side is Side.REP) or bool(
        rep and (rep == name.lower() or (" " not in name and rep.split()[0] == name.lower()))
    )


def _add(found: list[Found], new: Found, dropped: list[Dropped]) -> None:
    """Join with the same person. Two people who share a first name stay two."""
    parts = new.name.lower().split()
    same = [each for each in found if each.name.lower() == new.name.lower()]
    if not same and len(parts) == 1:
        same = [each for each in found if parts[0] in each.name.lower().split()]
        if len(same) > 1:
            dropped.append(
                Dropped(what="contact", value=new.name, quote=new.evidence.text, reason="several people have this name")
            )
            return
    if not same and len(parts) > 1:
        same = [
            each
            for each in found
            if " " not in each.name
            and each.name.lower() == parts[0]
            and not (each.title and new.title and each.title.lower() != new.title.lower())
        ]
        same = same if len(same) == 1 else []
    if same:
        old = same[0]
        longer = len(new.name) > len(old.name)
        if new.title and not old.title:
            old.places["title"] = new.evidence
        elif old.title and longer:
            old.places.setdefault("title", old.evidence)
        if (new.title and not old.title) or longer:
            old.evidence = new.evidence
        if longer:
            old.name = new.name
        old.title, old.company = old.title or new.title, old.company or new.company
        old.confidence = max(old.confidence, new.confidence)
        return
    found.append(new)
